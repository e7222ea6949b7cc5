/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "base/log.h"

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/hex.h"
#include "base/mem.h"
#include "base/utf8.h"

static const struct {
	const char *word;
	int priority; /* of syslog(3), for the journal */
} log_levels[] = {
	[NOC_LOG_DEBUG] = { "debug", 7 },
	[NOC_LOG_INFO] = { "info", 6 },
	[NOC_LOG_WARN] = { "warn", 4 },
	[NOC_LOG_ERROR] = { "error", 3 },
};

static atomic_int log_threshold = NOC_LOG_INFO;
static pthread_once_t log_once = PTHREAD_ONCE_INIT;
static bool log_journal;

/* Guards the sink and its calls, so that a sink needs no lock itself. */
static pthread_mutex_t log_lock = PTHREAD_MUTEX_INITIALIZER;
static void (*log_sink)(enum noc_level, const char *, const char *, void *);
static void *log_sink_arg;

static void
log_init(void)
{
	log_journal = getenv("JOURNAL_STREAM") != NULL;
}

static void
log_write(const char *p, size_t len)
{
	while (len) {
		ssize_t n = write(STDERR_FILENO, p, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return; /* nobody is left to tell */
		p += n;
		len -= (size_t)n;
	}
}

void
noc_log(enum noc_level level, const char *room, const char *fmt, ...)
{
	char raw[4096], text[8192], line[sizeof(text) + 128], hms[16];
	int saved = errno;
	va_list ap;
	int n;

	if ((int)level <
	    atomic_load_explicit(&log_threshold, memory_order_relaxed))
		return;
	va_start(ap, fmt);
	n = vsnprintf(raw, sizeof(raw), fmt, ap);
	va_end(ap);
	if (n < 0)
		n = 0;
	if ((size_t)n >= sizeof(raw))
		n = sizeof(raw) - 1;
	noc_escape(text, sizeof(text), raw, (size_t)n);

	pthread_mutex_lock(&log_lock);
	if (log_sink) {
		log_sink(level, room, text, log_sink_arg);
		pthread_mutex_unlock(&log_lock);
		errno = saved;
		return;
	}
	pthread_mutex_unlock(&log_lock);

	pthread_once(&log_once, log_init);
	if (log_journal)
		n = snprintf(line, sizeof(line), "<%d>%s: %s\n",
			     log_levels[level].priority, room, text);
	else
		n = snprintf(line, sizeof(line), "%s %-5s %s: %s\n",
			     noc_time_hms(hms, noc_clock_read().wall_ns),
			     log_levels[level].word, room, text);
	/* One write a line: lines of two threads never mix. */
	if ((size_t)n >= sizeof(line)) {
		n = sizeof(line) - 1;
		line[n - 1] = '\n';
	}
	log_write(line, (size_t)n);
	errno = saved;
}

void
noc_log_level_set(enum noc_level level)
{
	atomic_store(&log_threshold, (int)level);
}

int
noc_log_level_parse(const char *word, enum noc_level *level)
{
	for (size_t i = 0; i < NOC_COUNT(log_levels); i++) {
		if (!strcmp(word, log_levels[i].word)) {
			*level = (enum noc_level)i;
			return 0;
		}
	}
	return NOC_EINPUT;
}

void
noc_log_sink_set(void (*sink)(enum noc_level, const char *room,
			      const char *line, void *arg),
		 void *arg)
{
	pthread_mutex_lock(&log_lock);
	log_sink = sink;
	log_sink_arg = arg;
	pthread_mutex_unlock(&log_lock);
}

size_t
noc_escape(char *dst, size_t size, const char *p, size_t len)
{
	size_t at = 0;

	for (size_t i = 0, n; i < len; i += n) {
		uint8_t code[4];
		char esc[11];
		const char *src = p + i;
		size_t out;
		uint32_t cp;

		n = noc_utf8_decode(p + i, len - i, &cp);
		if (n && !noc_utf8_steers(cp) && !noc_utf8_hides(cp)) {
			out = n;
		} else if (n && cp > 0xff) {
			size_t bytes = cp > 0xffff ? 4 : 2;

			esc[0] = '\\';
			esc[1] = cp > 0xffff ? 'U' : 'u';
			for (size_t k = 0; k < bytes; k++)
				code[k] = (uint8_t)(cp >> 8 * (bytes - 1 - k));
			noc_hex(esc + 2, code, bytes);
			src = esc;
			out = 2 + 2 * bytes;
		} else {
			/* A C1 control is two bytes of UTF-8 but one code. */
			if (!n) {
				cp = (unsigned char)p[i];
				n = 1;
			}
			esc[0] = '\\';
			esc[1] = 'x';
			code[0] = (uint8_t)cp;
			noc_hex(esc + 2, code, 1);
			src = esc;
			out = 4;
		}
		if (at + out >= size)
			break;
		memcpy(dst + at, src, out);
		at += out;
	}
	dst[at] = '\0';
	return at;
}
