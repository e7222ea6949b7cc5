/* SPDX-License-Identifier: ISC */
#ifndef NOC_BASE_BUCKET_H
#define NOC_BASE_BUCKET_H

#include <stdbool.h>
#include <stdint.h>

/* Token bucket: `rate` tokens a second, at most `burst` kept.  One thread. */
struct noc_bucket {
	double rate, burst, tokens;
	int64_t at_ns; /* boottime of the last refill */
};

void noc_bucket_init(struct noc_bucket *b, double rate, double burst);
bool noc_bucket_take(struct noc_bucket *b, int64_t now_boot_ns);
/* n at once, while any is left: what is owed is earned before the next. */
bool noc_bucket_spend(struct noc_bucket *b, double n, int64_t now_boot_ns);

#endif
