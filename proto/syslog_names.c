/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "proto/syslog.h"

#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/mem.h"

static const char *const facilities[24] = {
	"kern",	  "user",   "mail",   "daemon", "auth",	    "syslog",
	"lpr",	  "news",   "uucp",   "cron",	"authpriv", "ftp",
	"ntp",	  "audit",  "alert",  "clock",	"local0",   "local1",
	"local2", "local3", "local4", "local5", "local6",   "local7",
};

static const char *const severities[8] = {
	"emerg", "alert", "crit", "err", "warning", "notice", "info", "debug",
};

static const struct {
	const char *name;
	int severity;
} severity_aliases[] = {
	{ "emergency", 0 },	{ "panic", 0 },	    { "critical", 2 },
	{ "error", 3 },		{ "warn", 4 },	    { "notification", 5 },
	{ "informational", 6 }, { "debugging", 7 },
};

const char *
noc_severity_name(int severity)
{
	return severity < 0 || severity > 7 ? "unknown" : severities[severity];
}

static bool
severity_is(const char *name, const char *p, size_t len)
{
	return strlen(name) == len && !strncasecmp(name, p, len);
}

int
noc_severity_parse(const char *p, size_t len)
{
	if (len == 1 && *p >= '0' && *p <= '7')
		return *p - '0';
	for (int i = 0; i < 8; i++)
		if (severity_is(severities[i], p, len))
			return i;
	for (size_t i = 0; i < NOC_COUNT(severity_aliases); i++)
		if (severity_is(severity_aliases[i].name, p, len))
			return severity_aliases[i].severity;
	return -1;
}

const char *
noc_facility_name(int facility)
{
	return facility < 0 || facility > 23 ? "unknown" : facilities[facility];
}

static void
value_add(struct noc_value *map, const char *key, struct noc_slice s)
{
	if (s.p)
		noc_value_set(map, key, noc_value_strn(s.p, s.len));
}

struct noc_value *
noc_syslog_value(const struct noc_syslog *m)
{
	static const char *const forms[] = {
		[NOC_SYSLOG_RFC5424] = "rfc5424",
		[NOC_SYSLOG_RFC3164] = "rfc3164",
		[NOC_SYSLOG_BARE] = "bare",
	};
	struct noc_value *v = noc_value_map();
	char time[32];

	noc_value_set(v, "form", noc_value_str(forms[m->form]));
	noc_value_set(v, "facility",
		      noc_value_str(noc_facility_name(m->facility)));
	noc_value_set(v, "severity",
		      noc_value_str(noc_severity_name(m->severity)));
	if (m->has_time)
		noc_value_set(v, "time",
			      noc_value_str(noc_time_iso(time, m->time_ns)));
	value_add(v, "host", m->host);
	value_add(v, "app", m->app);
	value_add(v, "procid", m->procid);
	value_add(v, "msgid", m->msgid);
	value_add(v, "tag", m->tag);
	value_add(v, "message", m->message);
	if (m->sd.p)
		noc_value_set(v, "sd", noc_syslog_sd_value(m->sd));
	if (m->malformed) {
		noc_value_set(v, "malformed", noc_value_bool(true));
		noc_value_set(v, "why",
			      noc_value_strf("%s (byte %u)", m->why,
					     (unsigned)m->why_at));
	}
	return v;
}
