/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "base/intern.h"

#include <pthread.h>
#include <string.h>

#include "base/mem.h"
#include "base/table.h"

/* What senders say has a pool of its own: it is full one day, and then it is
 * theirs alone that is. */
#define INTERN_INPUT_MAX 65536

static pthread_mutex_t intern_lock = PTHREAD_MUTEX_INITIALIZER;
static struct noc_table intern_ours, intern_input;

static const char *
intern_add(struct noc_table *pool, const char *p, size_t len)
{
	char *text = noc_strndup(p, len);

	noc_table_putn(pool, p, len, text);
	return text;
}

/* A text of the other pool is not a second one: rules may come later. */
static const char *
intern_find(const char *p, size_t len)
{
	const char *text = noc_table_getn(&intern_ours, p, len);

	return text ? text : noc_table_getn(&intern_input, p, len);
}

const char *
noc_intern(const char *p, size_t len)
{
	const char *text;

	pthread_mutex_lock(&intern_lock);
	text = intern_find(p, len);
	if (!text)
		text = intern_add(&intern_ours, p, len);
	pthread_mutex_unlock(&intern_lock);
	return text;
}

const char *
noc_interns(const char *s)
{
	return noc_intern(s, strlen(s));
}

const char *
noc_intern_input(const char *p, size_t len)
{
	const char *text;

	pthread_mutex_lock(&intern_lock);
	text = intern_find(p, len);
	if (!text)
		text = noc_table_len(&intern_input) < INTERN_INPUT_MAX
			   ? intern_add(&intern_input, p, len)
			   : NOC_INTERN_OTHER;
	pthread_mutex_unlock(&intern_lock);
	return text;
}
