/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "tests/unit/correlate_fixture.h"
#include "tests/unit/life_fixture.h"

#include "base/json.h"

/* Another tool has changed what it posts: who is told, and how often. */

#define RULES                                                               \
	"hook \"h\" { auth = bearer \"s\", emit = \"vlan.{what}\","         \
	" kinds = { \"vlan.made\", \"vlan.gone\" },"                        \
	" where = { [\"body.model\"] = \"vlan\", [\"body.n\"] = lt (5) } }" \
	"rule \"r\" { on = { \"vlan.made\", \"vlan.gone\" },"               \
	" run = log \"{kind}\" }"

#define VLAN	"{\"model\":\"vlan\",\"n\":1,\"what\":\"made\"}"
#define SITE	"{\"model\":\"site\",\"n\":1,\"what\":\"made\"}"
#define RENAMED "{\"type\":\"vlan\",\"n\":1,\"what\":\"made\"}"
#define OTHER	"{\"model\":\"vlan\",\"n\":1,\"what\":\"moved\"}"

static void
posts(struct fix *f, const char *text, int times)
{
	const struct noc_ruleset *rs = noc_core_rules(f->core);
	struct noc_source *source =
	    noc_source_new(f->core, "hook/h", "webhook", true);
	struct noc_value *body = NULL;
	struct noc_err err;

	assert_int_equal(noc_json_parse(text, strlen(text), &body, &err), 0);
	while (times-- > 0) {
		struct noc_event ev = { .severity = 5,
					.trust = NOC_TRUST_HIGH };

		ev.kind = ev.base = source->base;
		ev.origin = noc_slice_str("local");
		ev.http = noc_value_map();
		noc_value_set(ev.http, "body", noc_value_copy(body));
		noc_core_now(f->core, f->now);
		noc_sensor_emit_hook(f->core, source, &rs->hooks[0], &ev, body,
				     NULL);
		fix_pump(f);
	}
	noc_value_free(body);
}

static size_t
told(struct fix *f)
{
	return fix_said(f, "notify noc: hook 'h'");
}

/* The first that lacks what is asked for is told, once; what is for somebody
 * else is not; and it counts. */
static void
test_another_shape(void **state)
{
	struct fix f = { 0 };

	(void)state;
	fix_open(&f, RULES);
	posts(&f, RENAMED, 3); /* it never was what it is for */
	assert_int_equal(told(&f), 0);
	posts(&f, VLAN, 2);
	posts(&f, SITE, 90);
	assert_int_equal(told(&f), 0);
	posts(&f, VLAN, 1);
	assert_int_equal(fix_said(&f, "log r: vlan.made"), 3);
	assert_int_equal(
	    noc_source_new(f.core, "hook/h", "webhook", true)->unwanted, 93);
	fix_close(&f);
	memset(&f, 0, sizeof(f));

	fix_open(&f, RULES);
	posts(&f, VLAN, 1);
	posts(&f, RENAMED, 1);
	assert_int_equal(told(&f), 1);
	assert_int_equal(fix_said(&f, "is not for this post: body.model: "), 1);
	assert_int_equal(fix_said(&f, "(1 in a row)"), 1);
	posts(&f, RENAMED, 300);
	assert_int_equal(told(&f), 1);
	fix_close(&f);
}

/* No kind comes of it any more; a word that was renamed, after many. */
static void
test_other_words(void **state)
{
	struct fix f = { 0 };

	(void)state;
	fix_open(&f, RULES);
	posts(&f, VLAN, 1);
	posts(&f, OTHER, 1);
	assert_int_equal(told(&f), 1);
	posts(&f, VLAN, 1);
	posts(&f, SITE, 99);
	assert_int_equal(told(&f), 1);
	posts(&f, SITE, 1);
	assert_int_equal(told(&f), 2);
	assert_int_equal(fix_said(&f, "(100 in a row)"), 1);
	fix_close(&f);
}

/* Who sends both gets told of twice as many in a row as were usual. */
static void
test_what_is_usual(void **state)
{
	struct fix f = { 0 };

	(void)state;
	fix_open(&f, RULES);
	posts(&f, VLAN, 1);
	posts(&f, RENAMED, 4);
	assert_int_equal(told(&f), 1);
	for (int i = 0; i < 5; i++) {
		posts(&f, VLAN, 1);
		posts(&f, RENAMED, 8);
	}
	assert_int_equal(told(&f), 1);
	posts(&f, VLAN, 1);
	posts(&f, RENAMED, 16);
	assert_int_equal(told(&f), 1);
	posts(&f, RENAMED, 1);
	assert_int_equal(told(&f), 2);
	fix_close(&f);
}

/* Over a kill: it is known that there were some, and that it was told. */
static void
test_over_a_restart(void **state)
{
	char *dir = state_make();
	struct fix f;

	(void)state;
	life_open(&f, dir, noc_clock_read(), RULES);
	posts(&f, VLAN, 1);
	life_again(&f, dir, RULES);
	posts(&f, RENAMED, 1);
	assert_int_equal(told(&f), 1);
	life_again(&f, dir, RULES);
	posts(&f, RENAMED, 3);
	assert_int_equal(told(&f), 0);
	posts(&f, VLAN, 1);
	posts(&f, RENAMED, 6);
	assert_int_equal(told(&f), 0);
	life_again(&f, dir, RULES);
	posts(&f, VLAN, 1);
	posts(&f, RENAMED, 7);
	assert_int_equal(told(&f), 1);
	life_close(&f);
	state_remove(dir);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_another_shape),
		cmocka_unit_test(test_other_words),
		cmocka_unit_test(test_what_is_usual),
		cmocka_unit_test(test_over_a_restart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
