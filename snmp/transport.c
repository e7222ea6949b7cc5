/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "snmp/peer_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "proto/ber.h"

/*
 * The library's way to the network is ours: a connected socket for an agent,
 * or none at all for the notifications that a sensor received.
 */
struct carrier {
	netsnmp_transport t; /* first: the library frees it by this address */
	struct noc_snmp *snmp;
	struct noc_snmp_peer *peer; /* NULL: notifications */
};

/*
 * A Report of another engine than the one we talk to: the agent was replaced.
 * The library drops it, as it knows no user there.  Anybody on the path can
 * forge it; all it does is a new discovery.
 */
static bool
peer_is_stranger(const struct noc_snmp_peer *p, const struct noc_snmp_shape *s)
{
	return p != NULL && p->state == PEER_READY && s->version == 3 &&
	       s->pdu == SNMP_MSG_REPORT && s->engine_id_len >= 5 &&
	       (s->engine_id_len != p->engine_len ||
		memcmp(s->engine_id, p->engine, p->engine_len) != 0);
}

/* Only what the strict check lets through reaches the library. */
static int
carrier_recv(netsnmp_transport *t, void *buf, int size, void **opaque,
	     int *olength)
{
	struct carrier *c = (struct carrier *)t;
	struct noc_snmp_shape shape;
	ssize_t n;

	*opaque = NULL;
	*olength = 0;
	if (t->sock < 0 || size <= NOC_SNMP_PADDING)
		return -1;
	n = recv(t->sock, buf, (size_t)size - NOC_SNMP_PADDING,
		 MSG_DONTWAIT | MSG_TRUNC);
	if (n < 0)
		return -1;
	if (n > size - NOC_SNMP_PADDING ||
	    noc_snmp_check(buf, (size_t)n, &shape, NULL) < 0 ||
	    (shape.pdu != 0 && shape.pdu != SNMP_MSG_RESPONSE &&
	     shape.pdu != SNMP_MSG_REPORT)) {
		c->snmp->stats.bad_replies++;
		errno = EBADMSG;
		return -1;
	}
	if (peer_is_stranger(c->peer, &shape))
		c->peer->stranger = true;
	memset((char *)buf + n, 0, NOC_SNMP_PADDING);
	return (int)n;
}

/* A signed Report answers what was signed. */
static bool
report_goes(struct noc_snmp *snmp, const void *buf, size_t size,
	    const struct sockaddr *to)
{
	struct noc_snmp_shape shape;
	bool authentic = noc_snmp_check(buf, size, &shape, NULL) == 0 &&
			 shape.flags & SNMP_MSG_FLAG_AUTH_BIT;

	if (!snmp->reading || snmp->report == REPORT_PAID)
		return true;
	if (noc_snmp_reports_take(snmp, to, authentic))
		return true;
	snmp->report = REPORT_REFUSED;
	return false;
}

static int
carrier_send(netsnmp_transport *t, const void *buf, int size, void **opaque,
	     int *olength)
{
	struct carrier *c = (struct carrier *)t;
	ssize_t n;

	if (t->sock < 0) {
		if (opaque == NULL || *opaque == NULL ||
		    c->snmp->send == NULL || *olength <= 0)
			return -1;
		if (!report_goes(c->snmp, buf, (size_t)size, *opaque))
			return size;
		c->snmp->send(c->snmp->send_arg, buf, (size_t)size, *opaque,
			      (socklen_t)*olength);
		return size;
	}
	n = send(t->sock, buf, (size_t)size, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (n < 0 && errno == ECONNREFUSED) /* news of an earlier packet */
		n = send(t->sock, buf, (size_t)size,
			 MSG_DONTWAIT | MSG_NOSIGNAL);
	/* A full buffer or a refusal is a lost packet: the retry handles it. */
	if (n < 0 &&
	    (errno == EAGAIN || errno == ECONNREFUSED || errno == ENOBUFS))
		return size;
	return (int)n;
}

static int
carrier_close(netsnmp_transport *t)
{
	if (t->sock >= 0)
		close(t->sock);
	t->sock = -1;
	return 0;
}

static char *
carrier_fmtaddr(netsnmp_transport *t, const void *data, int len)
{
	(void)t;
	(void)data;
	(void)len;
	return noc_strdup("peer");
}

netsnmp_transport *
noc_snmp_transport_new(struct noc_snmp *snmp, int fd,
		       struct noc_snmp_peer *peer)
{
	static const oid domain[] = { 1, 3, 6, 1, 6, 1, 1 }; /* UDP */
	/* The library frees it with free(). */
	struct carrier *c = noc_calloc(1, sizeof(*c));

	c->snmp = snmp;
	c->peer = peer;
	c->t.domain = domain;
	c->t.domain_length = (int)NOC_COUNT(domain);
	c->t.sock = fd;
	c->t.msgMaxSize = NOC_SNMP_DATAGRAM;
	c->t.f_recv = carrier_recv;
	c->t.f_send = carrier_send;
	c->t.f_close = carrier_close;
	c->t.f_fmtaddr = carrier_fmtaddr;
	return &c->t;
}
