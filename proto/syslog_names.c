/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "proto/syslog.h"

#include <string.h>
#include <strings.h>

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
