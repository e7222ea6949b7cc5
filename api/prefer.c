/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "api/private.h"

/*
 * RFC 7240: what who starts a run would like of the answer.  `wait=N`: its
 * result, when it ends within N seconds; `respond-async`: not to wait, which
 * is what is done anyway.  Whatever else is preferred is nobody's business.
 */

/* The value of one preference, up to its parameters; NULL: not this one. */
static char *
prefer_value(const char *p, size_t len, const char *name)
{
	size_t n = strlen(name), i = n;

	if (len < n || strncasecmp(p, name, n) != 0)
		return NULL;
	while (i < len && (p[i] == ' ' || p[i] == '\t'))
		i++;
	if (i < len && p[i] != '=' && p[i] != ';')
		return NULL;
	if (i < len && p[i] == '=')
		i++;
	len = strcspn(p + i, ";") < len - i ? i + strcspn(p + i, ";") : len;
	while (i < len && (p[i] == ' ' || p[i] == '\t' || p[i] == '"'))
		i++;
	while (len > i &&
	       (p[len - 1] == ' ' || p[len - 1] == '\t' || p[len - 1] == '"'))
		len--;
	return noc_strndup(p + i, len - i);
}

/* The first of this name (§2), of all Prefer headers: returned; NULL: none. */
static char *
prefer_get(const struct noc_http_req *req, const char *pref)
{
	const char *name, *p;
	char *value = NULL;

	for (size_t it = 0;
	     !value && noc_http_header_next(req, &it, &name, &p);) {
		if (strcmp(name, "prefer") != 0)
			continue;
		for (; !value && *p; p += *p == ',') {
			size_t len;

			p += strspn(p, " \t");
			len = strcspn(p, ",");
			value = prefer_value(p, len, pref);
			p += len;
		}
	}
	return value;
}

int
noc_api_prefer_wait(const struct noc_http_req *req, int64_t *ms,
		    struct noc_err *err)
{
	char *text = prefer_get(req, "wait");
	size_t digits = text ? strspn(text, "0123456789") : 0;
	int rc = 0;

	*ms = -1;
	if (text && (!digits || text[digits] || digits > 9))
		rc = noc_err_set(err, NOC_EINPUT,
				 "Prefer: wait must be a number of seconds, "
				 "such as wait=25.");
	else if (text)
		*ms = strtoll(text, NULL, 10) * 1000;
	free(text);
	if (*ms > NOC_API_WAIT_MAX_MS)
		*ms = NOC_API_WAIT_MAX_MS;
	return rc;
}

void
noc_api_prefer_applied(struct noc_http_req *req, int64_t wait_ms)
{
	char *async = prefer_get(req, "respond-async"), said[64];

	if (wait_ms >= 0) {
		snprintf(said, sizeof(said), "wait=%lld%s",
			 (long long)wait_ms / 1000,
			 async ? ", respond-async" : "");
		noc_http_header_set(req, "Preference-Applied", said);
	} else if (async) {
		noc_http_header_set(req, "Preference-Applied", "respond-async");
	}
	free(async);
}
