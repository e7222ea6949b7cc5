/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "tests/unit/unit.h"

#include "base/clock.h"
#include "base/crypto.h"
#include "base/err.h"
#include "base/id.h"
#include "base/mem.h"

#define WALL_NS (1645557742000LL * NOC_NS_PER_MS) /* of RFC 9562 A.6 */

static void
event_ids_rise(void **state)
{
	struct noc_id before = noc_id_new(WALL_NS), id = before;
	char text[NOC_ID_TEXT];

	(void)state;
	noc_id_format(text, &before);
	assert_memory_equal(text, "017f22e2-79b0-7", 15);
	assert_non_null(strchr("89ab", text[19]));
	for (int i = 0; i < 100000; i++) {
		/* The same millisecond, and now and then a step backwards. */
		id = noc_id_new(WALL_NS - (i % 1000 ? 0 : NOC_NS_PER_S));
		assert_true(memcmp(&before, &id, sizeof(id)) < 0);
		assert_int_equal(id.b[6] >> 4, 7);
		assert_int_equal(id.b[8] >> 6, 2);
		before = id;
	}
	id = noc_id_new(WALL_NS + 5 * NOC_NS_PER_MS);
	assert_true(memcmp(&before, &id, sizeof(id)) < 0);
}

static void
run_ids_follow_the_cause(void **state)
{
	struct noc_id event, other, a, b;
	uint8_t def[32], sum[32], input[16 + 4 + 32];
	char text[NOC_ID_TEXT];

	(void)state;
	memset(&event, 0x11, sizeof(event));
	memset(&other, 0x12, sizeof(other));
	memset(def, 0x22, sizeof(def));
	a = noc_id_run(WALL_NS, &event, "r.1", def);
	b = noc_id_run(WALL_NS, &event, "r.1", def);
	assert_memory_equal(&a, &b, sizeof(a));
	/* The layout the header promises, built by hand. */
	memcpy(input, event.b, 16);
	memcpy(input + 16, "r.1", 4);
	memcpy(input + 20, def, 32);
	noc_sha256_once(input, sizeof(input), sum);
	assert_memory_equal(a.b, "\x01\x7f\x22\xe2\x79\xb0", 6);
	assert_int_equal(a.b[6], 0x80 | (sum[0] & 0x0f));
	assert_int_equal(a.b[7], sum[1]);
	assert_int_equal(a.b[8], 0x80 | (sum[2] & 0x3f));
	assert_memory_equal(a.b + 9, sum + 3, 7);
	assert_int_equal(noc_id_format(text, &a)[14], '8');
	b = noc_id_run(WALL_NS, &event, "r.2", def);
	assert_memory_not_equal(&a, &b, sizeof(a));
	b = noc_id_run(WALL_NS, &other, "r.1", def);
	assert_memory_not_equal(&a, &b, sizeof(a));
	def[31] ^= 1;
	b = noc_id_run(WALL_NS, &event, "r.1", def);
	assert_memory_not_equal(&a, &b, sizeof(a));
}

static void
text_form(void **state)
{
	static const char *const bad[] = {
		"",
		"017f22e279b07cc398c4dc0c0c07398f",
		"017f22e2-79b0-7cc3-98c4-dc0c0c07398",
		"017f22e2-79b0-7cc3-98c4-dc0c0c07398f0",
		"017f22e2-79b0-7cc3-98c4-dc0c0c07398g",
		"{17f22e2-79b0-7cc3-98c4-dc0c0c07398f",
		"017f22e2079b0-7cc3-98c4-dc0c0c07398f",
	};
	struct noc_id id = { { 0 } };
	char text[NOC_ID_TEXT];

	(void)state;
	assert_true(noc_id_is_zero(&id));
	for (size_t i = 0; i < NOC_COUNT(bad); i++)
		if (!noc_id_parse(bad[i], &id))
			fail_msg("accepted: %s", bad[i]);
	assert_true(noc_id_is_zero(&id)); /* a refusal changes nothing */
	assert_int_equal(
	    noc_id_parse("017F22E2-79b0-7cc3-98c4-dc0c0c07398f", &id), 0);
	assert_false(noc_id_is_zero(&id));
	assert_string_equal(noc_id_format(text, &id),
			    "017f22e2-79b0-7cc3-98c4-dc0c0c07398f");
}

/* Last: a seed cannot be taken back. */
static void
seeded_ids_repeat(void **state)
{
	struct noc_id first[50], id;

	(void)state;
	noc_id_seed(7);
	for (int i = 0; i < 50; i++)
		first[i] = noc_id_new(WALL_NS + i / 10 * NOC_NS_PER_MS);
	noc_id_seed(7);
	for (int i = 0; i < 50; i++) {
		id = noc_id_new(WALL_NS + i / 10 * NOC_NS_PER_MS);
		assert_memory_equal(&id, &first[i], sizeof(id));
		if (i)
			assert_true(memcmp(&first[i - 1], &id, 16) < 0);
	}
	noc_id_seed(8);
	id = noc_id_new(WALL_NS);
	assert_memory_not_equal(&id, &first[0], sizeof(id));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(event_ids_rise),
		cmocka_unit_test(run_ids_follow_the_cause),
		cmocka_unit_test(text_form),
		cmocka_unit_test(seeded_ids_repeat),
	};

	return cmocka_run_group_tests_name("id", tests, NULL, NULL);
}
