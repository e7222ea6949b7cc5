/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "base/suggest.h"

#include <string.h>

/*
 * Optimal string alignment distance (a swap of neighbours counts one), given
 * up past `max`.  Case counts half as it were nothing: names are compared
 * folded.
 */
static size_t
suggest_distance(const char *a, size_t na, const char *b, size_t nb, size_t max)
{
	unsigned char row[3][65];
	size_t d = 0;

	if (na > 64 || nb > 64 || (na > nb ? na - nb : nb - na) > max)
		return max + 1;
	for (size_t j = 0; j <= nb; j++)
		row[1][j] = (unsigned char)j;
	for (size_t i = 1; i <= na; i++) {
		memcpy(row[2], row[0], sizeof(row[0]));
		memcpy(row[0], row[1], sizeof(row[0])); /* previous */
		row[1][0] = (unsigned char)i;
		for (size_t j = 1; j <= nb; j++) {
			int ca = a[i - 1] | 0x20, cb = b[j - 1] | 0x20;

			d = row[0][j - 1] + (ca != cb);
			if ((size_t)row[0][j] + 1 < d)
				d = (size_t)row[0][j] + 1;
			if ((size_t)row[1][j - 1] + 1 < d)
				d = (size_t)row[1][j - 1] + 1;
			if (i > 1 && j > 1 && ca == (b[j - 2] | 0x20) &&
			    cb == (a[i - 2] | 0x20) &&
			    (size_t)row[2][j - 2] + 1 < d)
				d = (size_t)row[2][j - 2] + 1;
			row[1][j] = (unsigned char)d;
		}
	}
	return row[1][nb];
}

const char *
noc_suggest(const char *word, const char *const *known, size_t n)
{
	size_t len = strlen(word), best = len <= 3 ? 1 : len <= 6 ? 2 : 3;
	const char *found = NULL;

	for (size_t i = 0; i < n; i++) {
		size_t d, nlen;

		if (!known[i])
			continue;
		nlen = strlen(known[i]);
		d = suggest_distance(word, len, known[i], nlen, best);
		/* "dev" is as good a slip of "device" as a typing error. */
		if (d > best && len >= 3 && nlen > len &&
		    !strncmp(word, known[i], len) && !found) {
			found = known[i];
			continue;
		}
		if (d < best || (d == best && !found)) {
			best = d;
			found = known[i];
		}
	}
	return found;
}
