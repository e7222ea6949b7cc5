/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "store/crash.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static pthread_once_t crash_once = PTHREAD_ONCE_INIT;
static const char *crash_name; /* NULL: never */
static size_t crash_len;
static atomic_long crash_left;

static void
crash_read(void)
{
	const char *env = getenv("NOCTURNE_CRASH"), *colon;

	if (!env || !*env)
		return;
	colon = strchr(env, ':');
	crash_len = colon ? (size_t)(colon - env) : strlen(env);
	atomic_store(&crash_left, colon ? strtol(colon + 1, NULL, 10) : 1);
	crash_name = env;
}

void
noc_crash_point(const char *name)
{
	pthread_once(&crash_once, crash_read);
	if (!crash_name || strlen(name) != crash_len ||
	    memcmp(name, crash_name, crash_len))
		return;
	if (atomic_fetch_sub(&crash_left, 1) == 1)
		kill(getpid(), SIGKILL);
}
