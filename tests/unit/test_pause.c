/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "engine/core/command.h"
#include "tests/unit/life_fixture.h"

/* A paused rule goes on matching and does nothing, until somebody resumes it:
 * also after a reload and a restart. */

#define RULE(name) \
	"rule \"" name "\" { on = \"login.failed\", run = log \"x\" }\n"
#define OTHER RULE("other")
#define BOTH  RULE("r") OTHER

struct said {
	int kind;
	struct noc_value *answer; /* owned */
	char message[256];
};

static void
on_said(int kind, const struct noc_value *answer, const char *message,
	void *arg)
{
	struct said *s = arg;

	s->kind = kind;
	s->answer = answer ? noc_value_copy(answer) : NULL;
	snprintf(s->message, sizeof(s->message), "%s", message ? message : "");
}

static struct said
rule_say(struct fix *f, const char *verb, const char *rule, const char *why)
{
	struct noc_value *command = noc_value_map();
	struct said said = { .kind = 1 };

	noc_value_set(command, "verb", noc_value_str(verb));
	noc_value_set(command, "rule", noc_value_str(rule));
	noc_value_set(command, "actor", noc_value_str("joe"));
	if (why)
		noc_value_set(command, "why", noc_value_str(why));
	noc_core_command(f->core, command, on_said, &said, f->now);
	fix_pump(f);
	noc_value_free(command);
	return said;
}

static void
rule_do(struct fix *f, const char *verb, const char *rule, const char *why)
{
	struct said said = rule_say(f, verb, rule, why);

	assert_int_equal(said.kind, 0);
	noc_value_free(said.answer);
}

static void
assert_paused(struct fix *f, const char *rule, bool paused)
{
	uint64_t silenced = cor_count(f, rule)->silenced;
	uint64_t fired = cor_count(f, rule)->fired;

	cor_tell(f, &(struct tell){ .kind = "login.failed", .device = "sw1" });
	assert_int_equal(cor_count(f, rule)->silenced - silenced, paused);
	assert_int_equal(cor_count(f, rule)->fired - fired, !paused);
}

static void
test_pause_and_resume(void **state)
{
	struct fix f = { 0 };
	struct said said;

	(void)state;
	fix_open(&f, BOTH);
	said = rule_say(&f, "rules.pause", "r", "it is noisy");
	assert_true(noc_value_get_bool(said.answer, "paused", false));
	assert_string_equal(noc_value_get_str(said.answer, "paused_by", ""),
			    "joe");
	assert_string_equal(noc_value_get_str(said.answer, "why", ""),
			    "it is noisy");
	noc_value_free(said.answer);
	assert_int_equal(fix_said(&f, "rule r paused: it is noisy"), 1);
	assert_paused(&f, "r", true);
	assert_int_equal(
	    fix_count(&f,
		      "DECISION silenced {\"reason\":\"the rule is paused\"}"),
	    1);
	assert_paused(&f, "other", false);
	said = rule_say(&f, "rules.resume", "r", NULL);
	assert_false(noc_value_get_bool(said.answer, "paused", true));
	assert_null(noc_value_get(said.answer, "paused_by"));
	noc_value_free(said.answer);
	assert_int_equal(fix_said(&f, "rule r resumed"), 1);
	assert_int_equal(fix_said(&f, "rule r resumed:"), 0);
	assert_paused(&f, "r", false);
	rule_do(&f, "rules.resume", "r", "again");
	assert_int_equal(fix_said(&f, "rule r resumed: again"), 1);
	cor_close(&f);
}

static void
test_no_such_rule(void **state)
{
	static const char *const verbs[] = { "rules.pause", "rules.resume" };
	struct fix f = { 0 };

	(void)state;
	fix_open(&f, BOTH);
	for (size_t i = 0; i < NOC_COUNT(verbs); i++) {
		struct said said = rule_say(&f, verbs[i], "nobody", "w");

		assert_int_equal(said.kind, NOC_ENOTFOUND);
		assert_string_equal(said.message, "There is no rule 'nobody'; "
						  "see `nocturne rules`.");
	}
	cor_close(&f);
}

/* Reloaded, and away for a while: it is paused until somebody resumes it. */
static void
test_reload(void **state)
{
	struct fix f = { 0 };
	struct said said;

	(void)state;
	fix_open(&f, BOTH);
	rule_do(&f, "rules.pause", "r", "w");
	fix_rules(&f, OTHER RULE("r"));
	assert_paused(&f, "r", true);
	fix_rules(&f, OTHER);
	said =
	    rule_say(&f, "rules.pause", "r", "w"); /* there is none to pause */
	assert_int_equal(said.kind, NOC_ENOTFOUND);
	fix_rules(&f, BOTH);
	assert_paused(&f, "r", true);
	fix_rules(&f, OTHER);
	rule_do(&f, "rules.resume", "r", NULL);
	fix_rules(&f, BOTH);
	assert_paused(&f, "r", false);
	cor_close(&f);
}

static void
test_restart(void **state)
{
	char *dir = state_make();
	struct noc_value *answer;
	struct fix f;

	(void)state;
	life_open(&f, dir, noc_clock_read(), BOTH);
	rule_do(&f, "rules.pause", "r", "it is noisy");
	rule_do(&f, "rules.pause", "other", "w");
	rule_do(&f, "rules.resume", "other", NULL);
	life_again(&f, dir, BOTH);
	life_again(&f, dir, BOTH); /* nor does that lose it */
	assert_int_equal(fix_command(&f, "{\"verb\":\"rules.list\"}", &answer),
			 0);
	assert_int_equal(noc_value_len(answer), 2);
	assert_string_equal(
	    noc_value_get_str(noc_value_at(answer, 0), "paused_by", ""), "joe");
	assert_string_equal(
	    noc_value_get_str(noc_value_at(answer, 0), "why", ""),
	    "it is noisy");
	assert_null(noc_value_get(noc_value_at(answer, 1), "paused_by"));
	noc_value_free(answer);
	assert_paused(&f, "r", true);
	assert_paused(&f, "other", false);
	rule_do(&f, "rules.resume", "r", NULL);
	life_again(&f, dir, BOTH);
	assert_paused(&f, "r", false);
	life_close(&f);
	state_remove(dir);
}

/* A row that nobody can read still holds it back. */
static void
test_a_row_without_words(void **state)
{
	static const char *const rows[] = { "NULL", "'{}'", "'7'" };

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(rows); i++) {
		char *dir = state_make(), *sql;
		struct fix f;

		life_open(&f, dir, noc_clock_read(), BOTH);
		rule_do(&f, "rules.pause", "r", "w");
		life_close(&f);
		sql = noc_asprintf("UPDATE live SET data = %s", rows[i]);
		state_sql(dir, sql);
		free(sql);
		life_open(&f, dir, noc_clock_read(), BOTH);
		assert_paused(&f, "r", true);
		rule_do(&f, "rules.resume", "r", NULL);
		assert_paused(&f, "r", false);
		life_close(&f);
		state_remove(dir);
	}
}

/* What waited when it was paused does nothing at its end. */
static void
test_what_waits(void **state)
{
	struct fix f = { 0 };

	(void)state;
	fix_open(&f, "rule \"r\" { mode = \"active\", on = \"link.down\","
		     " hold = \"15s\", run = flow { step \"set\" { snmp.set {"
		     " [\"ifAdminStatus.7\"] = \"up\" }, timeout = \"5s\" }"
		     " } }\n");
	cor_port(&f, "link.down", "sw1", "eth7");
	rule_do(&f, "rules.pause", "r", "w");
	fix_advance(&f, 20000);
	assert_int_equal(f.sets, 0);
	assert_int_equal(cor_count(&f, "r")->silenced, 1);
	assert_int_equal(cor_count(&f, "r")->held_now, 0);
	cor_close(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pause_and_resume),
		cmocka_unit_test(test_no_such_rule),
		cmocka_unit_test(test_reload),
		cmocka_unit_test(test_restart),
		cmocka_unit_test(test_a_row_without_words),
		cmocka_unit_test(test_what_waits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
