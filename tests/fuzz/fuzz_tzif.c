/* SPDX-License-Identifier: ISC */
/* Of: proto/tzif.c proto/tz_footer.c */
#include "config.h"

#include <stdint.h>

#include "base/err.h"
#include "proto/tzif.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Whatever parses answers for any instant, and inversely. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const int64_t instants[] = { INT64_MIN,	-3000000000,
					    0,		1331449199,
					    4102444800, 32503680000,
					    INT64_MAX };
	struct noc_tz *tz;

	if (noc_tz_parse(data, size, &tz, NULL) != 0)
		return 0;
	for (size_t i = 0; i < sizeof(instants) / sizeof(instants[0]); i++) {
		int64_t first, second, at = instants[i], change;
		struct noc_civil c;
		int n;

		noc_tz_civil(tz, at, &c);
		NOC_REQUIRE(c.month >= 1 && c.month <= 12 && c.day >= 1 &&
			    c.day <= 31 && c.weekday >= 0 && c.weekday <= 6);
		n = noc_tz_instant(tz, &c, &first, &second);
		NOC_REQUIRE(n >= 0 && n <= 2 && (n < 2 || first < second));
		if (noc_tz_change(tz, at, &change))
			NOC_REQUIRE(change > at);
	}
	noc_tz_free(tz);
	return 0;
}
