/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "tests/unit/unit.h"

#include "engine/rule/match_private.h"

/* Literals in texts: what is found is what memmem finds. */
#define LITERALS 200

static uint64_t state = 88172645463325252u;

static size_t
upto(size_t n)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state % n;
}

/* Few letters: much is shared, much nearly matches. */
static size_t
words(char *p, size_t len, size_t letters)
{
	for (size_t i = 0; i < len; i++)
		p[i] = (char)('a' + upto(letters));
	p[len] = '\0';
	return len;
}

static void
on_id(uint32_t id, void *arg)
{
	((bool *)arg)[id] = true;
}

static void
scan_agrees(size_t n, size_t shortest, const char *prefix, size_t letters)
{
	static char texts[LITERALS][64];
	struct noc_literals *l = noc_literals_new();
	char text[160];

	for (uint32_t i = 0; i < n; i++) {
		strcpy(texts[i], prefix);
		words(texts[i] + strlen(prefix), shortest + upto(6), letters);
		noc_literals_add(l, texts[i], strlen(texts[i]), i);
	}
	noc_literals_seal(l);
	for (int round = 0; round < 400; round++) {
		size_t len = words(text, upto(120), letters);
		const char *put = texts[upto(n)];
		bool found[LITERALS] = { false };

		/* One of them somewhere, also at the very end. */
		if (round % 2) {
			size_t at = upto(len + 1);

			len = at + strlen(put);
			memcpy(text + at, put, strlen(put));
		}
		noc_literals_scan(l, noc_slice(text, len), on_id, found);
		for (size_t i = 0; i < n; i++)
			assert_int_equal(found[i],
					 memmem(text, len, texts[i],
						strlen(texts[i])) != NULL);
	}
	noc_literals_free(l);
}

static void
finds_long_ones(void **s)
{
	(void)s;
	scan_agrees(LITERALS, 7, "", 20);
	scan_agrees(LITERALS, 9, "", 3);
	scan_agrees(1, 7, "", 2);
}

static void
finds_short_ones(void **s)
{
	(void)s;
	for (size_t shortest = 4; shortest < 7; shortest++) {
		scan_agrees(LITERALS, shortest, "", 20);
		scan_agrees(LITERALS, shortest, "", 4);
	}
}

/* All of them share their grams but the last. */
static void
finds_crowded_ones(void **s)
{
	(void)s;
	scan_agrees(LITERALS, 1, "interface ", 20);
	scan_agrees(LITERALS, 3, "aaaaaaaa", 2);
}

static void
finds_none_in_none(void **s)
{
	struct noc_literals *l = noc_literals_new();
	bool found[1] = { false };

	(void)s;
	noc_literals_seal(l);
	noc_literals_scan(l, noc_slice("interface", 9), on_id, found);
	noc_literals_free(l);
	l = noc_literals_new();
	noc_literals_add(l, "interface", 9, 0);
	noc_literals_seal(l);
	noc_literals_scan(l, noc_slice(NULL, 0), on_id, found);
	noc_literals_scan(l, noc_slice("int", 3), on_id, found);
	assert_false(found[0]);
	noc_literals_scan(l, noc_slice("interface", 9), on_id, found);
	assert_true(found[0]);
	noc_literals_free(l);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_long_ones),
		cmocka_unit_test(finds_short_ones),
		cmocka_unit_test(finds_crowded_ones),
		cmocka_unit_test(finds_none_in_none),
	};

	return cmocka_run_group_tests_name("literal", tests, NULL, NULL);
}
