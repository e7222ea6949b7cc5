/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "sensors/listen.h"
#include "sensors/syslog_common.h"
#include "sensors/udp.h"

/* Syslog over UDP (RFC 5426). */
struct syslog_udp {
	struct noc_syslog_in in;
	struct noc_udp *udp;
	struct sockaddr_storage last; /* origin's text is kept for it */
	char host[INET6_ADDRSTRLEN];
	size_t host_len;
};

static struct noc_slice
udp_origin(struct syslog_udp *u, const struct sockaddr_storage *from)
{
	/* The port differs, but IPv4 and IPv6 addresses follow it. */
	if (!u->host_len || from->ss_family != u->last.ss_family ||
	    memcmp((const char *)from + 4, (const char *)&u->last + 4, 20)) {
		u->host_len =
		    noc_address_host((const struct sockaddr *)from, u->host);
		u->last = *from;
	}
	return noc_slice(u->host, u->host_len);
}

static void
on_syslog_udp(const struct noc_udp_datagram *d, void *arg)
{
	struct syslog_udp *u = arg;

	noc_syslog_in_message(&u->in, d->bytes, udp_origin(u, d->from),
			      NOC_TRUST_LOW, d->cut);
}

static void
syslog_udp_close(void *instance)
{
	struct syslog_udp *u = instance;

	noc_udp_close(u->udp);
	noc_syslog_in_close(&u->in);
	free(u);
}

static int
syslog_udp_open(struct noc_env *env, void **instance, struct noc_err *err)
{
	struct syslog_udp *u;
	int r;

	if (!strcmp(noc_value_get_str(env->config, "syslog.udp", "off"), "off"))
		return 0;
	u = noc_calloc(1, sizeof(*u));
	r = noc_syslog_in_open(&u->in, env, "syslog.udp", err);
	if (!r)
		r = noc_udp_open(env, "syslog.udp", u->in.source, on_syslog_udp,
				 u, &u->udp, err);
	if (r) {
		syslog_udp_close(u);
		return r;
	}
	*instance = u;
	return 0;
}

static void
syslog_udp_reload(void *instance)
{
	noc_syslog_in_reload(&((struct syslog_udp *)instance)->in);
}

static void
syslog_udp_describe(void *instance, struct noc_strbuf *out)
{
	struct syslog_udp *u = instance;

	noc_listen_describe(noc_udp_fd(u->udp), "udp", out);
}

const struct noc_sensor_ops noc_sensor_syslog_udp = {
	.name = "syslog.udp",
	.summary = "syslog over UDP",
	.open = syslog_udp_open,
	.close = syslog_udp_close,
	.reload = syslog_udp_reload,
	.describe = syslog_udp_describe,
};
