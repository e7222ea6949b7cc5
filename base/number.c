/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "base/number.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

char *
noc_number_format(char buf[NOC_NUMBER_TEXT], double d)
{
	double thousandths = d * 1000;
	int64_t n = fabs(thousandths) < 1e12 ? (int64_t)thousandths : 0;

	/* Few decimals, as most numbers have: division rounds as reading does.
	 */
	if (n % 1000 && (double)n / 1000 == d) {
		int at = snprintf(buf, NOC_NUMBER_TEXT, "%s%lld.%03d",
				  n < 0 ? "-" : "", llabs(n / 1000),
				  abs((int)(n % 1000)));

		while (buf[at - 1] == '0')
			buf[--at] = '\0';
		return buf;
	}
	/* 17 digits identify every double (IEEE 754). */
	for (int digits = 15; digits <= 17; digits++) {
		snprintf(buf, NOC_NUMBER_TEXT, "%.*g", digits, d);
		if (strtod(buf, NULL) == d)
			break;
	}
	buf[strcspn(buf, ",")] = strchr(buf, ',') ? '.' : '\0';
	return buf;
}
