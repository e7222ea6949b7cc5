/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "sensors/syslog_common.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/intern.h"
#include "base/log.h"
#include "base/mem.h"
#include "proto/syslog.h"
#include "proto/tzif.h"

/* An offset is looked up again so often: zones change on whole minutes. */
#define SYSLOG_TZ_S 60

static int
syslog_tz_open(struct noc_syslog_in *in, struct noc_err *err)
{
	const char *name =
	    noc_value_get_str(in->env->config, "syslog.tz", "local");
	struct noc_tz *tz = NULL;
	int r = 0;

	if (in->tz_name && !strcmp(in->tz_name, name))
		return 0;
	if (strcmp(name, "local"))
		r = noc_tz_open(name, &tz, err);
	if (r) {
		noc_err_prefix(err, "option syslog.tz");
		return r;
	}
	noc_tz_free(in->tz);
	in->tz = tz;
	in->tz_name = noc_interns(name);
	in->tz_until_s = 0;
	return 0;
}

int
noc_syslog_in_open(struct noc_syslog_in *in, struct noc_env *env,
		   const char *name, struct noc_err *err)
{
	in->env = env;
	in->source = noc_source_new(env->core, name, "syslog", false);
	if (gethostname(in->host, sizeof(in->host) - 1))
		strcpy(in->host, "localhost");
	return syslog_tz_open(in, err);
}

void
noc_syslog_in_close(struct noc_syslog_in *in)
{
	noc_tz_free(in->tz);
	in->tz = NULL;
}

void
noc_syslog_in_reload(struct noc_syslog_in *in)
{
	struct noc_err err;

	if (syslog_tz_open(in, &err))
		noc_warn("syslog", "source=%s %s The zone stays as it was.",
			 in->source->name, err.msg);
}

static int32_t
syslog_offset(struct noc_syslog_in *in, int64_t now_s)
{
	struct tm tm;
	time_t t = now_s;

	if (now_s < in->tz_until_s && now_s >= in->tz_until_s - SYSLOG_TZ_S)
		return in->tz_offset_s;
	if (in->tz)
		in->tz_offset_s = noc_tz_offset(in->tz, now_s);
	else if (localtime_r(&t, &tm))
		in->tz_offset_s = (int32_t)tm.tm_gmtoff;
	in->tz_until_s = now_s - now_s % SYSLOG_TZ_S + SYSLOG_TZ_S;
	return in->tz_offset_s;
}

void
noc_syslog_in_message(struct noc_syslog_in *in, struct noc_slice message,
		      struct noc_slice origin, enum noc_trust trust, bool cut)
{
	struct noc_now now = noc_core_turn(in->env->core);
	struct noc_syslog m;
	struct noc_event ev;

	while (message.len && (message.p[message.len - 1] == '\n' ||
			       message.p[message.len - 1] == '\r' ||
			       message.p[message.len - 1] == '\0'))
		message.len--;
	noc_syslog_parse(message.p, message.len, now.wall_ns,
			 syslog_offset(in, now.wall_ns / NOC_NS_PER_S), &m);
	memset(&ev, 0, sizeof(ev));
	ev.origin = origin;
	ev.raw = message;
	ev.syslog = &m;
	ev.severity = (int8_t)m.severity;
	ev.summary = m.message;
	ev.malformed = m.malformed || cut;
	ev.trust = trust;
	ev.received_ns = now.wall_ns;
	ev.received_boot_ns = now.boot_ns;
	if (m.has_time)
		ev.time_ns = m.time_ns;
	/* A local program that gives no host speaks for this one. */
	if (!m.host.len && noc_slice_is(origin, "local"))
		ev.device = noc_slice_str(in->host);
	noc_sensor_emit(in->env->core, in->source, &ev, NULL);
}
