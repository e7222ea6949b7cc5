/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "base/err.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"

int
noc_err_set(struct noc_err *err, enum noc_kind kind, const char *fmt, ...)
{
	char msg[sizeof(err->msg)];
	va_list ap;

	if (!err)
		return kind;
	/* The arguments may be the old message itself. */
	va_start(ap, fmt);
	vsnprintf(msg, sizeof(msg), fmt, ap);
	va_end(ap);
	memcpy(err->msg, msg, sizeof(msg));
	err->kind = kind;
	return kind;
}

void
noc_err_prefix(struct noc_err *err, const char *fmt, ...)
{
	char text[sizeof(err->msg)];
	va_list ap;
	size_t n, old;

	if (!err)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text) - 2, fmt, ap);
	va_end(ap);
	strcat(text, ": ");
	n = strlen(text);
	old = strlen(err->msg);
	if (old > sizeof(text) - 1 - n)
		old = sizeof(text) - 1 - n;
	memcpy(text + n, err->msg, old);
	text[n + old] = '\0';
	memcpy(err->msg, text, n + old + 1);
}

const char *
noc_kind_name(enum noc_kind kind)
{
	switch (kind) {
	case NOC_OK:
		return "ok";
	case NOC_EBUG:
		return "bug";
	case NOC_EINPUT:
		return "input";
	case NOC_ECONFIG:
		return "config";
	case NOC_EAGAIN:
		return "again";
	case NOC_ETIMEOUT:
		return "timeout";
	case NOC_EREMOTE:
		return "remote";
	case NOC_EDENIED:
		return "denied";
	case NOC_ECONFLICT:
		return "conflict";
	case NOC_ERESOURCE:
		return "resource";
	case NOC_ESTORE:
		return "store";
	case NOC_ENOTFOUND:
		return "notfound";
	case NOC_ECANCELLED:
		return "cancelled";
	case NOC_EDOWN:
		return "down";
	case NOC_EINDOUBT:
		return "indoubt";
	}
	return "unknown";
}

void
noc_require_failed(const char *expr, const char *file, int line)
{
	noc_error("bug", "requirement=\"%s\" at=%s:%d action=abort", expr, file,
		  line);
	abort();
}

/* Sites already reported.  A full list stays silent; the count goes on. */
static pthread_mutex_t soft_lock = PTHREAD_MUTEX_INITIALIZER;
static struct {
	const char *file;
	int line;
} soft_sites[256];
static size_t soft_len;
static atomic_ulong soft_count;

int
noc_soft_failed(const char *expr, const char *file, int line)
{
	bool report = true;

	atomic_fetch_add(&soft_count, 1);
	pthread_mutex_lock(&soft_lock);
	for (size_t i = 0; i < soft_len; i++)
		if (soft_sites[i].line == line &&
		    !strcmp(soft_sites[i].file, file))
			report = false;
	if (soft_len == sizeof(soft_sites) / sizeof(soft_sites[0])) {
		report = false;
	} else if (report) {
		soft_sites[soft_len].file = file;
		soft_sites[soft_len++].line = line;
	}
	pthread_mutex_unlock(&soft_lock);
	if (report)
		noc_error("bug", "expected=\"%s\" at=%s:%d action=continue",
			  expr, file, line);
	return 1;
}

unsigned long
noc_soft_failures(void)
{
	return atomic_load(&soft_count);
}
