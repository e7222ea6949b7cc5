/* SPDX-License-Identifier: ISC */
/* Of: proto/cron.c proto/cron_find.c proto/civil.c */
#include "config.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "proto/cron.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A rule whose clocks move twice a year, as TZif text. */
static struct noc_tz *
zone(void)
{
	static const char file[] =
	    "TZif2\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
	    "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\0\0\0\1"
	    "\0\0\0\0\0\0\0"
	    "TZif2\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
	    "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\0\0\0\1"
	    "\0\0\0\0\0\0\0"
	    "\nEST5EDT,M3.2.0,M11.1.0\n";
	struct noc_tz *tz = NULL;

	NOC_REQUIRE(noc_tz_parse(file, sizeof(file) - 1, &tz, NULL) == 0);
	return tz;
}

/* What parses has times in order, and right before one it is the next. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *expr = noc_strndup((const char *)data, size);
	int64_t at = 1331420400000000000, again;
	struct noc_tz *tz = zone();
	struct noc_cron cron;
	struct noc_err err;

	if (noc_cron_parse(expr, &cron, &err) == 0) {
		/* By its last byte: what `dst` says. */
		if (size)
			noc_cron_dst(&cron, data[size - 1] & 1,
				     data[size - 1] & 2);
		for (int i = 0; i < 8; i++) {
			int64_t next;

			if (noc_cron_next(&cron, tz, at, &next, NULL) != 0)
				break;
			NOC_REQUIRE(next > at);
			NOC_REQUIRE(noc_cron_next(&cron, tz, next - 1, &again,
						  NULL) == 0);
			NOC_REQUIRE(again == next);
			at = next;
		}
	} else {
		NOC_REQUIRE(strlen(err.msg) > 20);
	}
	noc_tz_free(tz);
	free(expr);
	return 0;
}
