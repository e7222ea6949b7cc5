/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "base/number.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

char *
noc_number_format(char buf[NOC_NUMBER_TEXT], double d)
{
	/* 17 digits identify every double (IEEE 754). */
	for (int digits = 15; digits <= 17; digits++) {
		snprintf(buf, NOC_NUMBER_TEXT, "%.*g", digits, d);
		if (strtod(buf, NULL) == d)
			break;
	}
	buf[strcspn(buf, ",")] = strchr(buf, ',') ? '.' : '\0';
	return buf;
}
