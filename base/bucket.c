/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "base/bucket.h"

#include "base/clock.h"

void
noc_bucket_init(struct noc_bucket *b, double rate, double burst)
{
	b->rate = rate;
	b->burst = burst;
	b->tokens = burst;
	b->at_ns = 0;
}

static void
bucket_refill(struct noc_bucket *b, int64_t now_boot_ns)
{
	if (b->at_ns && now_boot_ns > b->at_ns) {
		double passed_ns = (double)(now_boot_ns - b->at_ns);

		b->tokens += passed_ns / (double)NOC_NS_PER_S * b->rate;
		if (b->tokens > b->burst)
			b->tokens = b->burst;
	}
	if (!b->at_ns || now_boot_ns > b->at_ns)
		b->at_ns = now_boot_ns;
}

bool
noc_bucket_take(struct noc_bucket *b, int64_t now_boot_ns)
{
	bucket_refill(b, now_boot_ns);
	/* Ten tenths of a token make one, whatever the rounding. */
	if (b->tokens < 1.0 - 1e-9)
		return false;
	b->tokens -= 1.0;
	return true;
}

bool
noc_bucket_spend(struct noc_bucket *b, double n, int64_t now_boot_ns)
{
	bucket_refill(b, now_boot_ns);
	if (b->tokens <= 0)
		return false;
	b->tokens -= n;
	return true;
}
