/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "engine/flow/retry.h"

#include <stdio.h>
#include <string.h>

#include "base/table.h"

#define RETRY_AFTER_MAX_MS (60 * 60 * 1000LL)

/* in_doubt has its own way (on_crash); everything else is a verdict. */
bool
noc_retry_class(const char *class)
{
	return !strcmp(class, "transient") || !strcmp(class, "timeout");
}

/* 0..1 from bytes; FNV's high bits are weak for short input, so mix them. */
static double
retry_fraction(const void *p, size_t len)
{
	uint64_t h = noc_hash_stable(p, len);

	h ^= h >> 30;
	h *= 0xbf58476d1ce4e5b9ULL;
	h ^= h >> 27;
	h *= 0x94d049bb133111ebULL;
	h ^= h >> 31;
	return (double)(h >> 11) / 9007199254740992.0;
}

int64_t
noc_retry_delay_ms(const struct noc_retry_policy *p, const struct noc_id *run,
		   const char *step, int attempt, int64_t retry_after_ms)
{
	char text[NOC_ID_TEXT], seed[160];
	double base = (double)p->initial_ms;
	int64_t ms;
	int n;

	for (int i = 1; i < attempt && base < (double)p->max_ms; i++)
		base *= p->factor;
	if (base > (double)p->max_ms)
		base = (double)p->max_ms;
	if (p->jitter) {
		n = snprintf(seed, sizeof(seed), "%s/%s/%d",
			     noc_id_format(text, run), step, attempt);
		base *= retry_fraction(
		    seed, n < (int)sizeof(seed) ? (size_t)n : sizeof(seed) - 1);
	}
	ms = (int64_t)base;
	if (retry_after_ms > RETRY_AFTER_MAX_MS)
		retry_after_ms = RETRY_AFTER_MAX_MS;
	return ms > retry_after_ms ? ms : retry_after_ms;
}
