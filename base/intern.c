/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "base/intern.h"

#include <pthread.h>
#include <string.h>

#include "base/mem.h"
#include "base/table.h"

/*
 * The loader thread and the loop both intern.  Names of devices and ports are
 * many and have a pool of their own: a large network must not take the place
 * of kinds and rules.
 */
#define INTERN_MAX	 65536
#define INTERN_NAMES_MAX 2000000

static pthread_mutex_t intern_lock = PTHREAD_MUTEX_INITIALIZER;
static struct noc_table intern_texts, intern_names;

static const char *
intern_in(struct noc_table *pool, size_t max, const char *p, size_t len)
{
	char *text;

	pthread_mutex_lock(&intern_lock);
	text = noc_table_getn(pool, p, len);
	if (!text && noc_table_len(pool) >= max) {
		p = "other";
		len = 5;
		text = noc_table_getn(pool, p, len);
	}
	if (!text) {
		text = noc_strndup(p, len);
		noc_table_putn(pool, p, len, text);
	}
	pthread_mutex_unlock(&intern_lock);
	return text;
}

const char *
noc_intern(const char *p, size_t len)
{
	return intern_in(&intern_texts, INTERN_MAX, p, len);
}

const char *
noc_intern_name(const char *p, size_t len)
{
	return intern_in(&intern_names, INTERN_NAMES_MAX, p, len);
}

const char *
noc_interns(const char *s)
{
	return noc_intern(s, strlen(s));
}
