/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "tests/unit/run_fixture.h"

#include "base/mem.h"
#include "store/reader.h"
#include "tests/unit/store_state.h"

/*
 * kill -9 at every commit of a run: the process is dead before or after that
 * txn, a new one resumes from the database, and the run ends the same.
 */

static const char heal[] =
    "channel \"noc\" { mail { to = \"noc@example.net\", subject = \"{text}\" } }\n"
    "rule \"heal\" { mode = \"active\", on = \"link.down\",\n"
    " key = \"{device}/{ifname}\", run = flow {\n"
    "  step \"look\" { snmp.get { admin = \"ifAdminStatus.{ifindex}\",\n"
    "    oper = \"ifOperStatus.{ifindex}\" }, timeout = \"5s\" },\n"
    "  step \"raise\" { when = { [\"steps.look.admin\"] = \"down\" },\n"
    "    snmp.set { [\"ifAdminStatus.{ifindex}\"] = \"up\" }, timeout = \"5s\" },\n"
    "  verify \"is_up\" { snmp.get { oper = \"ifOperStatus.{ifindex}\" },\n"
    "    expect = { oper = \"up\" }, every = \"3s\", within = \"90s\",\n"
    "    stable = \"5s\" },\n"
    "  sleep \"20s\",\n"
    "  notify \"noc\" { \"{device} {ifname} was {steps.look.admin}\" },\n"
    " } }\n"
    "rule \"dead\" { mode = \"active\", on = \"link.down\",\n"
    " key = \"{device}/{ifname}\", run = flow {\n"
    "  step \"look\" { snmp.get { admin = \"ifAdminStatus.{ifindex}\" },\n"
    "    timeout = \"5s\" },\n"
    "  on_fail = escalate { { \"0m\", notify \"noc\" { \"{device} dead\" } },\n"
    "    { \"10m\", notify \"noc\" { \"{device} still dead\" } },\n"
    "    again = \"15m\", stop_on = { \"ack\" }, max = \"1h\" } } }\n"
    "rule \"tells\" { mode = \"active\", on = \"link.down\", run = flow {\n"
    "  emit \"incident.open\" { port = \"{ifname}\" }, start \"note\",\n"
    "  sleep \"20s\", log \"told\" } }\n"
    "rule \"fails\" { mode = \"active\", on = \"link.down\", run = flow {\n"
    "  sleep \"5s\", fail \"no\", on_fail = emit \"incident.open\" } }\n"
    "rule \"incident\" { on = \"incident.open\", run = sleep \"1s\" }\n"
    "flow \"note\" { sleep \"5s\", log \"noted\" }\n"
    "local function look(name) return step(name) { snmp.get { a ="
    " \"sysName.0\" }, timeout = \"5s\" } end\n"
    "flow \"seven\" { look \"a\", look \"b\", look \"c\", look \"d\","
    " look \"e\", look \"f\", look \"g\" }\n"
    "flow \"launch\" { step \"job\" { exec { \"launch\" }, timeout = \"5s\" } }\n"
    "flow \"brief\" { timeout = \"2s\",\n"
    "  step \"job\" { exec { \"launch\" }, timeout = \"5s\" } }\n";

static const char *life_rules = heal;

/* Virtual time begins now: what ended long ago is not kept. */
static struct noc_now
present(void)
{
	struct noc_now now = noc_clock_read();

	now.boot_ns = 1000 * NOC_NS_PER_S;
	return now;
}

/* One port that comes up when it is raised; a mailbox. */
struct world {
	char admin[8];
	unsigned mails, sets;
	bool silent; /* the agent */
	bool slow;   /* the disk, and then the mailbox */
};
static struct world world;

static bool
on_world(struct fix *f, struct noc_call *call, struct noc_value **result,
	 struct noc_call_error *err)
{
	const char *name = call->ops->name;

	if (f->dead)
		return false; /* nobody hears it any more */
	if (world.slow && !strcmp(name, "mail"))
		return false;
	*result = noc_value_map();
	if (!strcmp(name, "mail")) {
		world.mails++;
	} else if (!strcmp(name, "snmp.set")) {
		world.sets++;
		strcpy(world.admin, "up");
	} else if (world.silent) {
		noc_value_free(*result);
		*result = NULL;
		noc_call_error_set(err, "timeout", "device", "timeout",
				   "no answer");
	} else {
		noc_value_set(*result, "admin", noc_value_str(world.admin));
		noc_value_set(*result, "oper", noc_value_str(world.admin));
	}
	return true;
}

static void
life_open(struct fix *f, char *dir, struct noc_now now)
{
	struct noc_err err;

	memset(f, 0, sizeof(*f));
	f->now = now;
	f->state_dir = dir;
	f->writer = state_open(dir, NULL);
	f->world = on_world;
	f->hold_durable = world.slow;
	fix_open(f, life_rules);
	if (noc_core_resume(f->core, dir, f->now, &err))
		fail_msg("resume: %s", err.msg);
	fix_pump(f);
}

static void
life_close(struct fix *f)
{
	noc_writer_close(f->writer, 5000);
	fix_close(f);
}

static struct noc_value *
run_row(const char *dir, const struct noc_id *id)
{
	struct noc_value *params = noc_value_map(), *row = NULL;
	char text[NOC_ID_TEXT];
	struct noc_err err;

	noc_value_set(params, "id", noc_value_str(noc_id_format(text, id)));
	if (noc_reader_query(dir, "run", params, &row, &err))
		fail_msg("query: %s", err.msg);
	noc_value_free(params);
	return row;
}

struct ending {
	char state[16], outcome[256];
	uint64_t submits;
	unsigned mails, sets;
	int64_t others; /* runs that came of it */
	bool known;	/* the run was started at all */
};

/*
 * The whole story once, dead at submit `at` (0: never), the txn of that
 * submit lost or not.  Two virtual seconds pass before the next start.
 */
static void
story(const char *rule, uint64_t at, bool before, struct ending *out)
{
	char *dir = state_make();
	struct noc_now now = present();
	struct noc_value *row;
	struct noc_id id;
	struct fix f;

	memset(out, 0, sizeof(*out));
	life_open(&f, dir, now);
	f.die_at = at ? f.ticket + at : 0;
	f.die_before = before;
	out->submits = f.ticket;
	id = fix_start(&f, rule, NOC_ACTIVE, NOC_TRUST_NORMAL);
	fix_advance(&f, 2 * 3600 * 1000);
	out->submits = f.ticket - out->submits;
	now = f.now;
	life_close(&f);
	if (at) {
		now.wall_ns += 2 * NOC_NS_PER_S;
		now.boot_ns = 5 * NOC_NS_PER_S; /* another boot */
		life_open(&f, dir, now);
		fix_advance(&f, 2 * 3600 * 1000);
		assert_int_equal(fix_runs(&f), 0);
		life_close(&f);
	}
	row = run_row(dir, &id);
	out->known = row && row->type == NOC_MAP;
	snprintf(out->state, sizeof(out->state), "%s",
		 noc_value_get_str(row, "state", ""));
	snprintf(out->outcome, sizeof(out->outcome), "%s",
		 noc_value_get_str(row, "outcome", ""));
	out->others = state_int(dir, "SELECT count(*) FROM runs") - out->known;
	out->mails = world.mails;
	out->sets = world.sets;
	noc_value_free(row);
	state_assert_whole(dir, 0);
	state_remove(dir);
}

static void
world_reset(bool silent)
{
	memset(&world, 0, sizeof(world));
	strcpy(world.admin, "down");
	world.silent = silent;
}

static void
every_boundary(const char *rule, bool silent, unsigned mails)
{
	struct ending whole, cut;
	unsigned started = 0;

	world_reset(silent);
	story(rule, 0, false, &whole);
	assert_true(whole.known);
	assert_int_equal(whole.mails, mails);
	assert_in_range(whole.submits, 3, 60);
	for (uint64_t at = 1; at <= whole.submits; at++)
		for (int before = 0; before <= 1; before++) {
			world_reset(silent);
			story(rule, at, before, &cut);
			if (at == 1 && before) {
				assert_false(cut.known); /* never durable */
				continue;
			}
			started++;
			if (strcmp(cut.state, whole.state) ||
			    strcmp(cut.outcome, whole.outcome))
				fail_msg("known %d cut at %d%s: %s %s",
					 cut.known, (int)at,
					 before ? " before" : "", cut.state,
					 cut.outcome);
			/* Events and flows of its own: each once. */
			assert_int_equal(cut.others, whole.others);
			/* Twice rather than never, and that only of what was
			 * out at that moment (breaker and failure leave
			 * together).  The breaker's own may be missing: its
			 * counts die with the process. */
			assert_in_range(cut.mails, whole.mails - silent,
					whole.mails + 1 + silent);
			assert_in_range(cut.sets, whole.sets, whole.sets + 1);
		}
	print_message("# %s: %u deaths\n", rule, started);
}

static void
test_heal_at_every_commit(void **state)
{
	(void)state;
	every_boundary("heal", false, 1);
}

static void
test_escalation_at_every_commit(void **state)
{
	(void)state;
	/* noc hears: breaker, dead, still dead, again x3, given up */
	every_boundary("dead", true, 7);
}

/* Its event has a rule of its own, its flow is another run. */
static void
test_emit_and_start_at_every_commit(void **state)
{
	(void)state;
	every_boundary("tells", false, 0);
}

/* What a handler emits, too. */
static void
test_emit_aside_at_every_commit(void **state)
{
	(void)state;
	every_boundary("fails", false, 0);
}

/* Killed now; when that was. */
static struct noc_now
life_killed(struct fix *f)
{
	struct noc_now now = f->now;

	f->dead = true;
	life_close(f);
	return now;
}

/* An exec that was out when it died is not run again by itself. */
static void
in_doubt_asks(const char *flow, int64_t down_ms)
{
	char *dir = state_make();
	struct noc_now now = present();
	struct noc_id id;
	struct fix f;

	world_reset(false);
	life_open(&f, dir, now);
	f.world = NULL;
	id = fix_start_flow(&f, flow);
	fix_call(&f, "exec");
	now = life_killed(&f);
	now.wall_ns += down_ms * NOC_NS_PER_MS;
	now.boot_ns += down_ms * NOC_NS_PER_MS;

	world.slow = true;
	life_open(&f, dir, now);
	assert_true(fix_running(&f, &id));
	fix_advance(&f, 1000);
	f.hold_durable = false;
	fix_pump(&f);
	fix_answer(&f, "mail", "{}");
	fix_advance(&f, 3600 * 1000);
	assert_int_equal(f.sets, 0);
	assert_int_equal(fix_count(&f, "STEP_START job"), 0);
	assert_int_equal(fix_count(&f, "exec in_doubt"), 1);
	/* People are asked once. */
	assert_int_equal(fix_count(&f, "STEP_START notify:noc"), 1);
	assert_int_equal(fix_signal(&f, &id, "done"), 0);
	assert_false(fix_running(&f, &id));
	life_close(&f);
	state_remove(dir);
}

static void
test_in_doubt_asks(void **state)
{
	(void)state;
	in_doubt_asks("launch", 0);
}

/* Also when the flow's timeout was over before the daemon was back. */
static void
test_in_doubt_asks_when_late(void **state)
{
	(void)state;
	in_doubt_asks("brief", 60000);
}

/* The daemon dies in the same step over and over: it is parked. */
static void
test_parked_after_five(void **state)
{
	char *dir = state_make();
	struct noc_now now = present();
	struct noc_value *row;
	struct noc_id id;
	struct fix f;

	(void)state;
	world_reset(false);
	life_open(&f, dir, now);
	f.world = NULL;
	id = fix_start(&f, "heal", NOC_ACTIVE, NOC_TRUST_NORMAL);
	for (int i = 0; i < 6; i++) {
		fix_call(&f, "snmp.get");
		now = life_killed(&f);
		life_open(&f, dir, now);
		f.world = NULL;
		fix_advance(&f, 100);
	}
	assert_int_equal(f.ncalls, 0); /* blocked: the mail went out at once */
	assert_int_equal(world.mails, 1);
	assert_int_equal(fix_signal(&f, &id, "fail"), 0);
	assert_false(fix_running(&f, &id));
	life_close(&f);
	row = run_row(dir, &id);
	assert_string_equal(noc_value_get_str(row, "state", ""), "Failed");
	noc_value_free(row);
	state_remove(dir);
}

/* Each of many steps lives through one death: none of them kills it. */
static void
test_not_parked_while_it_gets_on(void **state)
{
	char *dir = state_make();
	struct noc_now now = present();
	struct noc_id id;
	struct fix f;

	(void)state;
	world_reset(false);
	life_open(&f, dir, now);
	f.world = NULL;
	id = fix_start_flow(&f, "seven");
	for (int i = 0; i < 7; i++) {
		fix_call(&f, "snmp.get");
		now = life_killed(&f);
		life_open(&f, dir, now);
		f.world = NULL;
		fix_advance(&f, 100);
		assert_true(fix_running(&f, &id));
		fix_answer(&f, "snmp.get", "{\"a\":1}");
	}
	assert_false(fix_running(&f, &id));
	assert_int_equal(fix_count(&f, "RUN_END Succeeded"), 1);
	assert_int_equal(world.mails, 0);
	life_close(&f);
	state_remove(dir);
}

/* Nobody can say any more what its rule would have left alone. */
static void
test_rule_is_gone(void **state)
{
	char *dir = state_make();
	struct noc_now now = present();
	struct noc_id id;
	struct fix f;

	(void)state;
	world_reset(false);
	life_open(&f, dir, now);
	fix_command(&f, "{\"verb\":\"kill.on\",\"why\":\"x\"}", NULL);
	id = fix_start(&f, "heal", NOC_ACTIVE, NOC_TRUST_HIGH);
	assert_true(fix_running(&f, &id));
	now = life_killed(&f);
	life_rules = "rule \"other\" { on = \"link.down\", run = log \"x\" }\n";
	life_open(&f, dir, now);
	life_rules = heal;
	fix_command(&f, "{\"verb\":\"kill.off\",\"why\":\"x\"}", NULL);
	assert_true(fix_running(&f, &id));
	fix_advance(&f, 10 * 1000);
	assert_false(fix_running(&f, &id));
	assert_int_equal(world.sets, 0);
	/* In the line of its run, and told to noc. */
	assert_int_equal(fix_said(&f, "is not in the rules any more"), 2);
	life_close(&f);
	state_remove(dir);
}

/* An open breaker and a limit window are still there after a restart. */
static void
test_breaker_persists(void **state)
{
	char *dir = state_make();
	struct noc_now now = present();
	struct noc_id id;
	struct fix f;

	(void)state;
	world_reset(true);
	life_open(&f, dir, now);
	id = fix_start(&f, "dead", NOC_ACTIVE, NOC_TRUST_NORMAL);
	fix_advance(&f, 10 * 1000);
	assert_true(fix_running(&f, &id));
	assert_int_equal(fix_count(&f, "BREAKER sw1 snmp OPEN"), 1);
	now = f.now;
	life_close(&f);
	life_open(&f, dir, now);
	f.now.wall_ns++;
	id = fix_start(&f, "dead", NOC_ACTIVE, NOC_TRUST_HIGH);
	assert_int_equal(fix_count(&f, "STEP_DONE look sw1 snmp.get failed: "
				       "dependency_unavailable"),
			 1);
	assert_true(fix_running(&f, &id)); /* escalating */
	life_close(&f);
	state_remove(dir);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_heal_at_every_commit),
		cmocka_unit_test(test_escalation_at_every_commit),
		cmocka_unit_test(test_emit_and_start_at_every_commit),
		cmocka_unit_test(test_emit_aside_at_every_commit),
		cmocka_unit_test(test_in_doubt_asks),
		cmocka_unit_test(test_in_doubt_asks_when_late),
		cmocka_unit_test(test_parked_after_five),
		cmocka_unit_test(test_not_parked_while_it_gets_on),
		cmocka_unit_test(test_rule_is_gone),
		cmocka_unit_test(test_breaker_persists),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
