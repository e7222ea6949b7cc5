/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "snmp/peer_private.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/crypto.h"
#include "base/mem.h"
#include "base/strbuf.h"
#include "snmp/snmp.h"

#define PEERS_MAX 4096
#define IDLE_MS	  60000

/* --- finding a peer --- */

static struct noc_snmp_user
credential_user(const struct noc_snmp_credential *c)
{
	return (struct noc_snmp_user){ .name = c->user,
				       .auth = c->auth,
				       .auth_pass = c->auth_pass,
				       .priv = c->priv,
				       .priv_pass = c->priv_pass };
}

static void
key_add(struct noc_strbuf *key, const void *p, size_t len)
{
	noc_strbuf_addf(key, "%zu:", len);
	noc_strbuf_add(key, p, len);
}

static void
peer_key(struct noc_strbuf *key, const struct noc_snmp_request *req,
	 const struct noc_snmp_secret *s)
{
	const struct noc_snmp_credential *c = &req->credential;

	noc_strbuf_addf(key, "%s %u %d ", req->address, req->port, c->version);
	if (c->version != 3) {
		key_add(key, c->community, strlen(c->community));
		return;
	}
	key_add(key, s->name, strlen(s->name));
	key_add(key, s->auth, s->auth_len * sizeof(oid));
	key_add(key, s->priv, s->priv_len * sizeof(oid));
	key_add(key, s->auth_ku, s->auth_ku_len);
	key_add(key, s->priv_ku, s->priv_ku_len);
}

static socklen_t
peer_address(const char *text, uint16_t port, struct sockaddr_storage *ss)
{
	struct sockaddr_in *in4 = (struct sockaddr_in *)ss;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)ss;

	memset(ss, 0, sizeof(*ss));
	if (inet_pton(AF_INET, text, &in4->sin_addr) == 1) {
		in4->sin_family = AF_INET;
		in4->sin_port = htons(port);
		return sizeof(*in4);
	}
	if (inet_pton(AF_INET6, text, &in6->sin6_addr) == 1) {
		in6->sin6_family = AF_INET6;
		in6->sin6_port = htons(port);
		return sizeof(*in6);
	}
	return 0;
}

static void on_peer_readable(int fd, int events, void *arg);
static void on_peer_timer(void *arg);

static int
peer_open(struct noc_snmp_peer *p, struct noc_err *err)
{
	struct sockaddr_storage ss;
	socklen_t len = peer_address(p->address, p->port, &ss);
	netsnmp_session s;

	p->fd =
	    socket(ss.ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (p->fd < 0 || connect(p->fd, (struct sockaddr *)&ss, len) != 0) {
		noc_err_set(err, NOC_EDOWN,
			    "No socket to %s port %u could be opened: %s.",
			    p->address, p->port, strerror(errno));
		if (p->fd >= 0)
			close(p->fd);
		p->fd = -1;
		return NOC_EDOWN;
	}
	snmp_sess_init(&s);
	s.version = p->version == 1   ? SNMP_VERSION_1
		    : p->version == 2 ? SNMP_VERSION_2c
				      : SNMP_VERSION_3;
	s.community = (u_char *)p->community;
	s.community_len = p->community ? strlen(p->community) : 0;
	s.flags |= SNMP_FLAGS_DONT_PROBE; /* probing would block */
	if (p->version == 3) {
		s.securityName = p->secret.name;
		s.securityNameLen = strlen(p->secret.name);
		s.securityLevel = (int)p->secret.level;
		s.securityModel = SNMP_SEC_MODEL_USM;
	}
	p->sessp = snmp_sess_add(&s, noc_snmp_transport_new(p->snmp, p->fd, p),
				 NULL, NULL);
	if (p->sessp == NULL) {
		p->fd = -1; /* closed with its transport */
		return noc_err_set(err, NOC_EDOWN,
				   "libnetsnmp could not open a session to %s.",
				   p->address);
	}
	snmp_sess_session(p->sessp)->flags |= SNMP_FLAGS_DONT_PROBE;
	p->watch = noc_loop_fd(p->snmp->loop, p->fd, NOC_LOOP_READ,
			       on_peer_readable, p);
	NOC_REQUIRE(p->watch != NULL);
	return 0;
}

/* The library's session and what hangs on it; the peer stays. */
static void
peer_close(struct noc_snmp_peer *p)
{
	noc_watch_free(p->watch);
	p->watch = NULL;
	p->state = PEER_NEW;
	if (p->sessp != NULL)
		snmp_sess_close(p->sessp); /* closes fd; times out the rest */
	p->sessp = NULL;
	p->fd = -1;
	noc_snmp_local_put(p->snmp, p->local);
	p->local = NULL;
	p->engine_len = 0;
}

static void
peer_bury(struct noc_snmp_peer *p)
{
	noc_wipe(&p->secret, sizeof(p->secret));
	free(p->key);
	free(p->address);
	free(p->community);
	free(p);
}

static void
peer_free(struct noc_snmp_peer *p)
{
	peer_close(p);
	noc_watch_free(p->timer);
	noc_table_deln(&p->snmp->peers, p->key, p->key_len);
	p->dead = true;
	if (!p->settling)
		peer_bury(p);
}

static bool
peer_is_idle(const struct noc_snmp_peer *p)
{
	return p->nwaiting == 0 && p->nrunning == 0 && !p->settling;
}

/* Makes room by closing the peer that was idle for longest. */
static bool
peers_trim(struct noc_snmp *snmp)
{
	struct noc_snmp_peer *oldest = NULL;
	const char *key;
	void *v;

	if (noc_table_len(&snmp->peers) < PEERS_MAX)
		return true;
	for (size_t it = 0; noc_table_next(&snmp->peers, &it, &key, &v);) {
		struct noc_snmp_peer *p = v;

		if (peer_is_idle(p) &&
		    (oldest == NULL || p->idle_since < oldest->idle_since))
			oldest = p;
	}
	if (oldest == NULL)
		return false;
	peer_free(oldest);
	return true;
}

int
noc_snmp_peer_get(struct noc_snmp *snmp, const struct noc_snmp_request *req,
		  struct noc_snmp_peer **out, struct noc_err *err)
{
	const struct noc_snmp_credential *c = &req->credential;
	struct noc_snmp_user user = credential_user(c);
	struct noc_snmp_secret secret;
	struct noc_strbuf key = NOC_STRBUF_INIT;
	struct sockaddr_storage ss;
	struct noc_snmp_peer *p;
	int rc;

	memset(&secret, 0, sizeof(secret));
	if (peer_address(req->address, req->port, &ss) == 0)
		return noc_err_set(err, NOC_EINPUT,
				   "'%.100s' is not an IPv4 or IPv6 address.",
				   req->address);
	if (c->version == 3 &&
	    (rc = noc_snmp_secret_init(snmp, &secret, &user, err)) < 0)
		return rc;
	peer_key(&key, req, &secret);
	p = noc_table_getn(&snmp->peers, key.p, key.len);
	if (p == NULL && !peers_trim(snmp)) {
		noc_strbuf_release(&key);
		return noc_err_set(err, NOC_ERESOURCE,
				   "Requests to %d agents are under way "
				   "already.",
				   PEERS_MAX);
	}
	if (p == NULL) {
		p = noc_calloc(1, sizeof(*p));
		p->snmp = snmp;
		p->key = noc_strbuf_detach(&key, &p->key_len);
		p->address = noc_strdup(req->address);
		p->port = req->port;
		p->version = c->version;
		p->secret = secret;
		if (c->version != 3)
			p->community = noc_strdup(c->community);
		p->fd = -1;
		p->timer = noc_loop_timer(snmp->loop, on_peer_timer, p);
		TAILQ_INIT(&p->waiting);
		TAILQ_INIT(&p->ready);
		noc_table_putn(&snmp->peers, p->key, p->key_len, p);
	}
	noc_strbuf_release(&key);
	if (p->sessp == NULL && (rc = peer_open(p, err)) < 0) {
		if (peer_is_idle(p))
			peer_free(p);
		return rc;
	}
	*out = p;
	return 0;
}

/* --- the library's timeouts --- */

static void
peer_arm(struct noc_snmp_peer *p)
{
	netsnmp_large_fd_set fds;
	struct timeval tv = { 0, 0 };
	int nfds = 0, block = 1;

	if (p->sessp == NULL ||
	    (p->nrunning == 0 && p->state != PEER_DISCOVERING)) {
		noc_timer_arm(p->timer, IDLE_MS);
		return;
	}
	netsnmp_large_fd_set_init(&fds, FD_SETSIZE);
	snmp_sess_select_info2(p->sessp, &nfds, &fds, &tv, &block);
	netsnmp_large_fd_set_cleanup(&fds);
	if (!block)
		noc_timer_arm(p->timer,
			      tv.tv_sec * 1000 + tv.tv_usec / 1000 + 1);
	else
		noc_timer_arm(p->timer, IDLE_MS);
}

/* --- v3 discovery: an empty GET without a user; its Report tells --- */

static int
on_probe_answer(int op, netsnmp_session *s, int reqid, netsnmp_pdu *pdu,
		void *magic)
{
	struct noc_snmp_peer *p = magic;

	(void)s;
	(void)reqid;
	if (p->state != PEER_DISCOVERING || op == NETSNMP_CALLBACK_OP_RESEND)
		return 1;
	/* The Report comes as a security error, as a message, or as both. */
	if ((op == NETSNMP_CALLBACK_OP_RECEIVED_MESSAGE ||
	     op == NETSNMP_CALLBACK_OP_SEC_ERROR) &&
	    pdu->command == SNMP_MSG_REPORT && pdu->securityEngineIDLen >= 5 &&
	    pdu->securityEngineIDLen <= sizeof(p->engine)) {
		p->engine_len = pdu->securityEngineIDLen;
		memcpy(p->engine, pdu->securityEngineID, p->engine_len);
		p->state = PEER_READY;
	} else {
		p->state = PEER_NEW;
	}
	noc_snmp_peer_settle_later(p);
	return 1;
}

static void
peer_discover(struct noc_snmp_peer *p)
{
	const struct noc_snmp_call *first = TAILQ_FIRST(&p->waiting);
	netsnmp_session *s = snmp_sess_session(p->sessp);
	netsnmp_pdu *pdu = snmp_pdu_create(SNMP_MSG_GET);

	NOC_REQUIRE(pdu != NULL);
	pdu->version = SNMP_VERSION_3;
	pdu->securityName = noc_strdup("");
	pdu->securityNameLen = 0;
	pdu->securityLevel = SNMP_SEC_LEVEL_NOAUTH;
	pdu->securityModel = SNMP_SEC_MODEL_USM;
	s->timeout = (long)first->try_ms * 1000;
	s->retries = first->tries - 1;
	p->state = PEER_DISCOVERING;
	if (snmp_sess_async_send(p->sessp, pdu, on_probe_answer, p) == 0) {
		snmp_free_pdu(pdu);
		p->state = PEER_NEW;
	}
}

/* The engine is known: its user, and the session's idea of it. */
static bool
peer_engine_ready(struct noc_snmp_peer *p)
{
	netsnmp_session *s = snmp_sess_session(p->sessp);

	if (p->local != NULL)
		return true;
	if (s->securityEngineIDLen == 0) {
		s->securityEngineID = noc_memdup(p->engine, p->engine_len);
		s->securityEngineIDLen = p->engine_len;
	}
	if (s->contextEngineIDLen == 0) {
		s->contextEngineID = noc_memdup(p->engine, p->engine_len);
		s->contextEngineIDLen = p->engine_len;
	}
	p->local =
	    noc_snmp_local_get(p->snmp, &p->secret, p->engine, p->engine_len);
	return p->local != NULL;
}

/* --- moving on --- */

static void
peer_fail_all(struct noc_snmp_peer *p, const struct noc_err *why)
{
	struct noc_snmp_call *c;

	while ((c = TAILQ_FIRST(&p->waiting)) != NULL) {
		c->err = *why;
		noc_snmp_call_finish(c);
	}
}

static void
peer_pump(struct noc_snmp_peer *p)
{
	struct noc_snmp_call *c;

	while ((c = TAILQ_FIRST(&p->ready)) != NULL) {
		TAILQ_REMOVE(&p->ready, c, link);
		c->state = CALL_SENT;
		noc_snmp_call_send(c);
	}
	while ((p->version != 3 || p->state == PEER_READY) && !p->lost_engine &&
	       (c = TAILQ_FIRST(&p->waiting)) != NULL) {
		TAILQ_REMOVE(&p->waiting, c, link);
		p->nwaiting--;
		p->nrunning++;
		c->state = CALL_SENT;
		noc_snmp_call_send(c);
	}
}

/*
 * Opens, discovers, or sends: whatever the peer can do next.  Runs by itself
 * at the end of a turn, never inside a callback of the library.
 */
static void
peer_settle(void *arg)
{
	struct noc_snmp_peer *p = arg;
	struct noc_err err = { 0 };

	p->settling = false;
	if (p->dead) {
		peer_bury(p);
		return;
	}
	if (p->lost_engine && p->nrunning == 0) {
		p->lost_engine = false;
		peer_close(p);
	}
	if (p->sessp == NULL && p->nwaiting > 0 && peer_open(p, &err) < 0)
		peer_fail_all(p, &err);
	if (p->sessp == NULL) {
		peer_arm(p);
		return;
	}
	if (p->version == 3 && p->state == PEER_NEW && p->nwaiting > 0)
		peer_discover(p);
	if (p->version == 3 && p->state == PEER_READY &&
	    !peer_engine_ready(p)) {
		noc_err_set(&err, NOC_EBUG,
			    "The user '%s' could not be added for %s.",
			    p->secret.name, p->address);
		peer_fail_all(p, &err);
	}
	peer_pump(p);
	if (peer_is_idle(p))
		p->idle_since = noc_loop_now(p->snmp->loop).boot_ns;
	peer_arm(p);
}

void
noc_snmp_peer_settle_later(struct noc_snmp_peer *p)
{
	if (p->settling)
		return;
	p->settling = true;
	noc_loop_defer(p->snmp->loop, peer_settle, p);
}

static void
on_peer_readable(int fd, int events, void *arg)
{
	struct noc_snmp_peer *p = arg;
	netsnmp_large_fd_set fds;

	(void)events;
	netsnmp_large_fd_set_init(&fds, FD_SETSIZE);
	netsnmp_large_fd_setfd(fd, &fds);
	errno = 0;
	if (snmp_sess_read2(p->sessp, &fds) != 0 && errno == ECONNREFUSED)
		p->refused = true;
	netsnmp_large_fd_set_cleanup(&fds);
	if (p->stranger)
		noc_snmp_peer_requeue(p);
	p->stranger = false;
	noc_snmp_peer_settle_later(p);
}

static void
on_peer_timer(void *arg)
{
	struct noc_snmp_peer *p = arg;

	if (p->sessp != NULL)
		snmp_sess_timeout(p->sessp);
	if (p->state != PEER_DISCOVERING && peer_is_idle(p)) {
		if (noc_loop_now(p->snmp->loop).boot_ns - p->idle_since >=
		    IDLE_MS * NOC_NS_PER_MS) {
			peer_free(p);
			return;
		}
	}
	noc_snmp_peer_settle_later(p);
}

/* --- all of them --- */

void
noc_snmp_peers_release(struct noc_snmp *snmp)
{
	const char *key;
	void *v;

	noc_snmp_calls_release(snmp);
	for (size_t it = 0; noc_table_next(&snmp->peers, &it, &key, &v);)
		peer_free(v);
	noc_table_release(&snmp->peers);
}
