/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "tests/unit/life_fixture.h"

#include "engine/correlate/keyed.h"

/* A flood takes from itself: who shares a table with it keeps what he has, and
 * nothing acts because something was forgotten. */

#define INVENTORY                       \
	"name,address\nsw1,192.0.2.1\n" \
	"sw2,192.0.2.2\nsw3,192.0.2.3\n"
#define STRANGER "203.0.113.66"

/* Notices only: events of low trust reach it. */
#define GUESSING                                                       \
	"rule \"guessing\" { on = \"login.failed\", key = \"{user}\"," \
	" threshold = \"3/10m\", run = log \"{user}\" }\n"
#define ACTS(more)                                                              \
	"rule \"acts\" { on = \"link.down\", mode = \"active\","                \
	" key = \"{link}\", guard = { rate = \"1000/1m\","                      \
	" targets = \"1000/1m\", mass = \"100000/1m\" }, " more                 \
	" run = flow { step \"look\" { snmp.get { a = \"ifAdminStatus.7\" } }," \
	" step \"s\" { snmp.set { [\"ifAdminStatus.7\"] = \"up\" },"            \
	" timeout = \"5s\" } } }\n"

/* What strangers may say a second is not what is tested here. */
static struct noc_value *generous;

/* From this address, about this user. */
static void
login(struct fix *f, const char *origin, const char *user)
{
	cor_tell(f, &(struct tell){ .kind = "login.failed",
				    .origin = origin,
				    .user = user });
}

static void
flood(struct fix *f, const char *origin, int first, int last)
{
	char user[32];

	for (int i = first; i < last; i++) {
		snprintf(user, sizeof(user), "u%d", i);
		login(f, origin, user);
	}
}

/* Within what strangers may say. */
static void
slowly(struct fix *f, const char *origin, int first, int last)
{
	for (int i = first; i < last; i += 50) {
		flood(f, origin, i, i + 50 < last ? i + 50 : last);
		fix_advance(f, 1000);
	}
}

static void
port(struct fix *f, const char *kind, const char *origin, const char *ifname)
{
	cor_tell(f, &(struct tell){ .kind = kind,
				    .origin = origin,
				    .ifname = ifname,
				    .ifindex = 7 });
}

/* As if by the device: ports that it may not even have. */
static void
ports(struct fix *f, const char *origin, int first, int last)
{
	char name[32];

	for (int i = first; i < last; i++) {
		snprintf(name, sizeof(name), "x%d", i);
		port(f, "link.down", origin, name);
		if (i % 500 == 0)
			fix_forget(f);
	}
}

static int64_t
stat_of(struct fix *f, const char *name)
{
	struct noc_value *stats = noc_core_stats(f->core);
	int64_t n = noc_value_get_int(stats, name, -1);

	noc_value_free(stats);
	return n;
}

static int64_t
limit_of(struct fix *f, const char *limit)
{
	struct noc_value *stats = noc_core_stats(f->core);
	int64_t n =
	    noc_value_get_int(noc_value_get(stats, "limits_reached"), limit, 0);

	noc_value_free(stats);
	return n;
}

static struct noc_value *no_budget;

/* What strangers say is not shed at the door: it reaches the tables. */
static void
let_in(struct fix *f)
{
	if (!no_budget) {
		no_budget = noc_value_map();
		noc_value_set(no_budget, "low_trust.events",
			      noc_value_int(1000000));
		noc_value_set(no_budget, "low_trust.bytes",
			      noc_value_int(1000000000));
	}
	f->env.config = no_budget;
}

/* What no test here may lose: two of three, by a device. */
static void
begin(struct fix *f, const char *rules)
{
	f->env.config = generous;
	fix_open(f, rules);
	let_in(f);
	cor_inventory(f, INVENTORY);
}

/* A stranger fills 1,024 and then his own; the device's state is there. */
static void
test_a_stranger_has_his_share(void **state)
{
	struct fix f = { 0 };

	(void)state;
	begin(&f, GUESSING);
	login(&f, "192.0.2.1", "root");
	login(&f, "192.0.2.1", "root");
	flood(&f, STRANGER, 0, 3000);
	assert_int_equal(cor_states(&f, "threshold"), 1 + 1024);
	assert_int_equal(stat_of(&f, "states_evicted"), 3000 - 1024);
	assert_int_equal(stat_of(&f, "states_refused"), 0);
	assert_int_equal(limit_of(&f, "states.sender"), 3000 - 1024);
	assert_int_equal(
	    fix_said(&f,
		     "notify noc: limit states.sender reached by " STRANGER),
	    1);
	/* The latest of his are there, the oldest are not. */
	login(&f, STRANGER, "u2999");
	login(&f, STRANGER, "u2999");
	assert_int_equal(cor_count(&f, "guessing")->fired, 1);
	login(&f, STRANGER, "u0");
	login(&f, STRANGER, "u0");
	assert_int_equal(cor_count(&f, "guessing")->fired, 1);
	login(&f, "192.0.2.1", "root");
	assert_int_equal(cor_count(&f, "guessing")->fired, 2);
	assert_int_equal(cor_count(&f, "guessing")->errored, 0);
	cor_close(&f);
}

/* So many rules, each of an event x0.y, x1.y ... and counting by {user}. */
static void
begin_counting(struct fix *f, int n)
{
	char *rules = noc_strdup("");

	for (int i = 0; i < n; i++) {
		char *more = noc_asprintf(
		    "%srule \"r%d\" { on = \"x%d.y\", key = \"{user}\","
		    " threshold = \"2/10m\", run = log \"x\" }\n",
		    rules, i, i);

		free(rules);
		rules = more;
	}
	begin(f, rules);
	free(rules);
}

/* Many strangers: half of the table, and of a rule what others leave. */
static void
test_strangers_share_half(void **state)
{
	struct fix f = { 0 };
	char origin[32];

	(void)state;
	begin_counting(&f, 4);
	for (int i = 0; i < 36; i++) {
		snprintf(origin, sizeof(origin), "203.0.113.%d", i + 1);
		for (int j = 0; j < 1000; j++) {
			char user[32], kind[16];

			snprintf(user, sizeof(user), "%d.%d", i, j);
			snprintf(kind, sizeof(kind), "x%d.y", i % 4);
			cor_tell(&f, &(struct tell){ .kind = kind,
						     .origin = origin,
						     .user = user });
		}
	}
	assert_int_equal(cor_states(&f, "threshold"), 32768);
	assert_int_equal(limit_of(&f, "states.low"), 36000 - 32768);
	assert_int_equal(limit_of(&f, "states.sender"), 0);
	assert_int_equal(stat_of(&f, "states_refused"), 0);
	cor_close(&f);
}

/* One rule: 16,384; what it is full of is nothing to another one. */
static void
test_a_rule_has_its_share(void **state)
{
	struct fix f = { 0 };
	char origin[32];

	(void)state;
	begin(&f, GUESSING "rule \"other\" { on = \"x.y\", key = \"{user}\","
			   " threshold = \"2/10m\", run = log \"x\" }\n");
	cor_tell(&f, &(struct tell){
			 .kind = "x.y", .origin = STRANGER, .user = "a" });
	for (int i = 0; i < 20; i++) {
		snprintf(origin, sizeof(origin), "203.0.113.%d", i + 1);
		flood(&f, origin, i * 1000, (i + 1) * 1000);
	}
	assert_int_equal(cor_states(&f, "threshold"), 16384 + 1);
	assert_int_equal(limit_of(&f, "states.rule"), 20000 - 16384);
	cor_tell(&f, &(struct tell){
			 .kind = "x.y", .origin = STRANGER, .user = "a" });
	assert_int_equal(cor_count(&f, "other")->fired, 1);
	/* Whoever is trusted more finds room, and keeps it. */
	login(&f, "192.0.2.1", "root");
	flood(&f, STRANGER, 90000, 92000);
	login(&f, "192.0.2.1", "root");
	login(&f, "192.0.2.1", "root");
	assert_int_equal(cor_count(&f, "guessing")->fired, 1);
	cor_close(&f);
}

/* All rules together: 65,536, of the longest share the oldest. */
static void
test_open_states_have_a_cap(void **state)
{
	struct fix f = { 0 };

	(void)state;
	begin_counting(&f, 5);
	for (int i = 0; i < 5; i++)
		for (int j = 0; j < 16384; j++) {
			char user[32], kind[16];

			snprintf(user, sizeof(user), "%d", j);
			snprintf(kind, sizeof(kind), "x%d.y", i);
			cor_tell(&f,
				 &(struct tell){ .kind = kind, .user = user });
		}
	assert_int_equal(cor_states(&f, "threshold"), 65536);
	assert_int_equal(limit_of(&f, "states"), 16384);
	/* All of it is trusted more than who comes now. */
	cor_tell(&f, &(struct tell){
			 .kind = "x0.y", .origin = "192.0.2.1", .user = "a" });
	assert_int_equal(stat_of(&f, "states_refused"), 1);
	assert_int_equal(cor_count(&f, "r0")->errored, 1);
	assert_int_equal(fix_count(&f, "too many open states"), 1);
	/* What has left its window makes room. */
	fix_advance(&f, 11 * 60 * 1000);
	assert_int_equal(cor_states(&f, "threshold"), 0);
	cor_tell(&f, &(struct tell){
			 .kind = "x0.y", .origin = "192.0.2.1", .user = "a" });
	assert_int_equal(stat_of(&f, "states_refused"), 1);
	cor_close(&f);
}

/* With the address of one device: that device's, and nobody else's. */
static void
test_a_forger_has_one_device(void **state)
{
	struct fix f = { 0 };

	(void)state;
	begin(&f, ACTS("hold = { \"15s\", cancel = { \"link.up\" } },"));
	port(&f, "link.down", "192.0.2.2", "eth7");
	port(&f, "link.down", "192.0.2.1", "eth7");
	ports(&f, "192.0.2.1", 0, 9000);
	assert_int_equal(cor_states(&f, "hold"), 8192 + 1);
	assert_int_equal(limit_of(&f, "states.sender"), 9001 - 8192);
	/* What gave way has its end: nothing happens, and it is said. */
	assert_int_equal(cor_count(&f, "acts")->errored, 9001 - 8192);
	assert_int_equal(cor_count(&f, "acts")->held_now, 8192 + 1);
	assert_true(fix_count(&f, "DECISION errored {\"reason\":\"gave way") >
		    0);
	cor_balance(&f);
	port(&f, "link.up", "192.0.2.1", "x8999");
	assert_int_equal(cor_count(&f, "acts")->cancelled, 1);
	port(&f, "link.up", "192.0.2.2", "eth7");
	assert_int_equal(cor_count(&f, "acts")->cancelled, 2);
	cor_close(&f);
}

/* What holds an acting rule back is not forgotten for a flood: the device that
 * it comes from is left alone, the others are not. */
static void
test_nothing_acts_for_what_was_forgotten(void **state)
{
	static const char *const forms[] = {
		"damp = { suppress = 1500 },",
		"throttle = { once_within = \"10m\" },",
		"threshold = \"1/10m\",",
	};

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(forms); i++) {
		char *rules = noc_asprintf(ACTS("%s"), forms[i]);
		struct fix f = { 0 };

		begin(&f, rules);
		free(rules);
		port(&f, "link.down", "192.0.2.1", "eth7");
		port(&f, "link.up", "192.0.2.1", "eth7");
		fix_advance(&f, 31000); /* no witness of the same */
		assert_int_equal(cor_count(&f, "acts")->fired, 1);
		ports(&f, "192.0.2.1", 0, 8192);
		fix_forget(&f);
		port(&f, "link.down", "192.0.2.1", "eth7");
		if (fix_count(&f, "here is lost") != 1)
			fail_msg("%s acts again", forms[i]);
		assert_true(limit_of(&f, "states.lost") > 0);
		assert_int_equal(cor_states(&f, "lost"), 1);
		port(&f, "link.down", "192.0.2.2", "eth7");
		assert_int_equal(fix_count(&f, "here is lost"), 1);
		cor_close(&f);
	}
}

/* A port that was shut on purpose stays so, though it was forgotten: for a day
 * at most, over a restart as well. */
static void
test_meant_is_not_forgotten(void **state)
{
	static const char rules[] =
	    ACTS("unless = seen { \"config.change\", back = \"10m\" },");
	char *dir = state_make();
	struct fix f;

	(void)state;
	life_open(&f, dir, noc_clock_read(), rules);
	cor_inventory(&f, INVENTORY);
	port(&f, "config.change", "192.0.2.1", "eth7");
	port(&f, "link.down", "192.0.2.1", "eth7");
	assert_int_equal(cor_states(&f, "meant"), 1);
	ports(&f, "192.0.2.1", 0, 8192);
	assert_int_equal(cor_states(&f, "meant"), 8192);
	assert_int_equal(cor_states(&f, "lost"), 1);
	assert_int_equal(cor_count(&f, "acts")->cancelled, 8193);
	assert_int_equal(cor_count(&f, "acts")->errored, 0);
	life_again(&f, dir, rules);
	cor_inventory(&f, INVENTORY);
	fix_advance(&f, 20 * 3600 * 1000);
	port(&f, "link.down", "192.0.2.1", "eth7");
	port(&f, "link.down", "192.0.2.2", "eth7");
	assert_int_equal(cor_count(&f, "acts")->guarded, 1);
	assert_int_equal(cor_count(&f, "acts")->fired, 1);
	fix_advance(&f, 5 * 3600 * 1000);
	assert_int_equal(cor_states(&f, "lost"), 0);
	life_close(&f);
	state_remove(dir);
}

/* What held it back is in a row that cannot be read: it acts on nobody, told,
 * for a day, whatever is read at the next start. */
static void
test_nothing_acts_for_what_cannot_be_read(void **state)
{
	static const char *const forms[] = {
		"damp = { suppress = 1500 },",
		"throttle = { once_within = \"10m\" },",
		"threshold = \"1/10m\",",
		"unless = seen { \"config.change\", back = \"10m\" },",
	};

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(forms); i++) {
		char *rules = noc_asprintf(ACTS("%s"), forms[i]);
		char *dir = state_make();
		struct fix f;

		life_open(&f, dir, noc_clock_read(), rules);
		cor_inventory(&f, INVENTORY);
		if (i == 3)
			port(&f, "config.change", "192.0.2.1", "eth9");
		port(&f, "link.down", "192.0.2.1", "eth9");
		life_written(&f);
		life_close(&f);
		state_sql(dir, "UPDATE live SET data = '{' WHERE kind IN"
			       " ('damp','throttle','threshold','meant')");
		for (int n = 0; n < 2; n++) {
			life_open(&f, dir, f.now, rules);
			cor_inventory(&f, INVENTORY);
			port(&f, "link.down", "192.0.2.2", n ? "eth1" : "eth2");
			assert_int_equal(cor_count(&f, "acts")->fired, 0);
			assert_int_equal(cor_count(&f, "acts")->guarded, 1);
			life_close(&f);
			f.now.boot_ns += 60 * NOC_NS_PER_S;
			f.now.wall_ns += 60 * NOC_NS_PER_S;
		}
		f.now.boot_ns += 24 * 3600 * NOC_NS_PER_S;
		f.now.wall_ns += 24 * 3600 * NOC_NS_PER_S;
		life_open(&f, dir, f.now, rules);
		cor_inventory(&f, INVENTORY);
		fix_advance(&f, 1000);
		port(&f, "link.down", "192.0.2.3", "eth7");
		assert_int_equal(cor_count(&f, "acts")->fired, 1);
		life_close(&f);
		free(rules);
		state_remove(dir);
	}
}

/* Forgotten of 1,024 devices: then the rule as a whole acts on nobody. */
static void
test_a_thousand_losses_are_one(void **state)
{
	const struct noc_rule *rule;
	struct fix f = { 0 };
	char name[16];

	(void)state;
	begin(&f, ACTS("damp = { suppress = 1500 },"));
	noc_core_begin(f.core, f.now);
	rule = noc_ruleset_rule(noc_core_rules(f.core), "acts");
	for (int i = 0; i < 1024; i++) {
		snprintf(name, sizeof(name), "x%d", i);
		noc_keyed_lost(f.core, rule, noc_slice_str(name),
			       f.now.boot_ns + 60 * NOC_NS_PER_S);
	}
	noc_core_end(f.core);
	fix_pump(&f);
	fix_forget(&f);
	port(&f, "link.down", "192.0.2.1", "eth7");
	assert_int_equal(cor_count(&f, "acts")->fired, 1);
	noc_core_begin(f.core, f.now);
	noc_keyed_lost(f.core, rule, noc_slice_str("another"),
		       f.now.boot_ns + 60 * NOC_NS_PER_S);
	noc_core_end(f.core);
	fix_pump(&f);
	assert_int_equal(cor_states(&f, "lost"), 1025);
	port(&f, "link.down", "192.0.2.2", "eth7");
	assert_int_equal(cor_count(&f, "acts")->guarded, 1);
	fix_advance(&f, 61 * 1000);
	assert_int_equal(cor_states(&f, "lost"), 0);
	port(&f, "link.down", "192.0.2.3", "eth7");
	assert_int_equal(cor_count(&f, "acts")->fired, 2);
	cor_close(&f);
}

/* A cable has two ends: what the one is held back from, the other is too. */
static void
test_a_loss_is_of_both_ends(void **state)
{
	struct fix f = { 0 };

	(void)state;
	fix_open(&f, ACTS("damp = { suppress = 1500 },"));
	cor_inventory(&f, "name,address,cables\nsw1,192.0.2.1,eth7=sw2/eth8\n"
			  "sw2,192.0.2.2,\nsw3,192.0.2.3,\n");
	noc_core_begin(f.core, f.now);
	noc_keyed_lost(f.core, noc_ruleset_rule(noc_core_rules(f.core), "acts"),
		       noc_slice_str("sw1"), f.now.boot_ns + 60 * NOC_NS_PER_S);
	noc_core_end(f.core);
	port(&f, "link.down", "192.0.2.2", "eth8");
	assert_int_equal(cor_count(&f, "acts")->guarded, 1);
	port(&f, "link.down", "192.0.2.2", "eth9");
	port(&f, "link.down", "192.0.2.3", "eth8");
	assert_int_equal(cor_count(&f, "acts")->guarded, 1);
	assert_int_equal(cor_count(&f, "acts")->fired, 2);
	cor_close(&f);
}

/* The key names no device: what holds it back gives way to nobody. */
static void
test_keys_of_no_device_are_not_forgotten(void **state)
{
	struct fix f = { 0 };

	(void)state;
	begin(&f, "rule \"acts\" { on = \"login.failed\", mode = \"active\","
		  " key = \"{user}\", guard = { rate = \"1000/1m\" },"
		  " throttle = { once_within = \"10m\" }, run = flow {"
		  " step \"s\" { snmp.set { [\"ifAdminStatus.7\"] = \"up\" },"
		  " timeout = \"5s\" } } }");
	login(&f, "192.0.2.2", "root");
	for (int i = 0; i < 17; i++) {
		flood(&f, "192.0.2.1", i * 500, (i + 1) * 500);
		fix_forget(&f);
	}
	assert_int_equal(cor_states(&f, "throttle"), 8192 + 1);
	assert_int_equal(cor_states(&f, "lost"), 0);
	assert_int_equal(cor_count(&f, "acts")->errored, 8500 - 8192);
	login(&f, "192.0.2.1", "u0");
	assert_int_equal(cor_count(&f, "acts")->counted, 1);
	login(&f, "192.0.2.3", "root");
	assert_int_equal(cor_count(&f, "acts")->counted, 2);
	cor_close(&f);
}

/* Who had it, how far he was trusted and since when: of the rows. */
static void
test_shares_survive_a_restart(void **state)
{
	char *dir = state_make();
	struct fix f;

	(void)state;
	life_open(&f, dir, noc_clock_read(), GUESSING);
	let_in(&f);
	cor_inventory(&f, INVENTORY);
	login(&f, STRANGER, "zz"); /* his first, though not by name */
	fix_advance(&f, 1000);
	slowly(&f, STRANGER, 0, 1023);
	login(&f, "192.0.2.1", "root");
	fix_advance(&f, 1000);
	login(&f, "192.0.2.1", "root"); /* a row a second */
	life_again(&f, dir, GUESSING);
	cor_inventory(&f, INVENTORY);
	assert_int_equal(cor_states(&f, "threshold"), 1025);
	login(&f, STRANGER, "new");
	assert_int_equal(limit_of(&f, "states.sender"), 1);
	login(&f, STRANGER, "u0");
	login(&f, STRANGER, "u0");
	assert_int_equal(cor_count(&f, "guessing")->fired, 1);
	login(&f, STRANGER, "zz");
	login(&f, STRANGER, "zz");
	assert_int_equal(cor_count(&f, "guessing")->fired, 1);
	slowly(&f, STRANGER, 5000, 7000);
	login(&f, "192.0.2.1", "root");
	assert_int_equal(cor_count(&f, "guessing")->fired, 2);
	life_close(&f);
	state_remove(dir);
}

/* A stranger's state that a device has added to is the device's. */
static void
test_a_state_is_as_trusted_as_its_best(void **state)
{
	struct fix f = { 0 };

	(void)state;
	begin(&f, GUESSING);
	login(&f, STRANGER, "root");
	login(&f, "192.0.2.1", "root");
	flood(&f, STRANGER, 0, 2000);
	login(&f, "192.0.2.1", "root");
	assert_int_equal(cor_count(&f, "guessing")->fired, 1);
	cor_close(&f);
}

/* And it is one of the device's share, then. */
static void
test_it_counts_as_of_its_best(void **state)
{
	struct fix f = { 0 };

	(void)state;
	begin(&f, GUESSING);
	login(&f, STRANGER, "root");
	login(&f, "192.0.2.1", "root");
	flood(&f, "192.0.2.1", 0, NOC_KEYED_SENDER_NORMAL);
	assert_int_equal(cor_states(&f, "threshold"), NOC_KEYED_SENDER_NORMAL);
	login(&f, "192.0.2.1", "root");
	assert_int_equal(cor_count(&f, "guessing")->fired, 0);
	cor_close(&f);
}

/* What gives way has its end: in the ledger, in the journal, without a row. */
static void
test_each_form_gives_way(void **state)
{
	static const struct {
		const char *name, *more;
		uint64_t errored;
	} cases[] = {
		{ "hold", "hold = \"15s\"", 1 },
		{ "throttle", "throttle = { once_after = \"10m\" }", 1 },
		{ "throttle", "throttle = { once_within = \"10m\" }", 0 },
		{ "threshold", "threshold = \"9/10m\"", 0 },
		{ "storm", "storm = { over = \"5/10s\" }", 0 },
		{ "damp", "damp = { suppress = 1500 }", 0 },
	};

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(cases); i++) {
		char *rules =
		    noc_asprintf("rule \"r\" { on = \"login.failed\","
				 " key = \"{user}\", %s, run = log \"x\" }",
				 cases[i].more);
		struct fix f = { 0 };

		begin(&f, rules);
		flood(&f, STRANGER, 0, 1024);
		assert_int_equal(cor_states(&f, cases[i].name), 1024);
		fix_forget(&f);
		flood(&f, STRANGER, 1024, 1025);
		if (cor_states(&f, cases[i].name) != 1024 ||
		    cor_count(&f, "r")->errored != cases[i].errored ||
		    fix_count(&f,
			      "errored {\"reason\":\"gave way to a newer") !=
			cases[i].errored)
			fail_msg("%s", cases[i].more);
		cor_close(&f);
		free(rules);
	}
}

/* A pair has no ledger: its DECISION says it, and nothing is missing. */
static void
test_a_pair_gives_way(void **state)
{
	struct fix f = { 0 };

	(void)state;
	begin(&f, "pair \"p\" { open = \"link.down\", close = \"link.up\","
		  " key = \"{link}\", within = \"5m\","
		  " missing = log \"missing {link}\" }\n");
	ports(&f, "192.0.2.1", 0, 8193);
	assert_int_equal(cor_states(&f, "pair"), 8192);
	assert_int_equal(
	    fix_count(&f, "DECISION errored {\"reason\":\"gave way"), 1);
	cor_close(&f);
}

/* mass counts what a sender chooses: 1,024 of them, then what is new of it is
 * held back, and nothing of the others. */
static void
test_mass_counts_have_shares(void **state)
{
	struct fix f = { 0 };

	(void)state;
	begin(&f, "rule \"r\" { on = \"login.failed\", key = \"{user}\","
		  " guard = { mass = \"5/30s by user\" },"
		  " hold = \"1m\", run = log \"x\" }");
	flood(&f, "192.0.2.1", 0, 1030);
	assert_int_equal(cor_count(&f, "r")->guarded, 6);
	assert_int_equal(limit_of(&f, "guards"), 6);
	login(&f, "192.0.2.1", "u0");
	login(&f, "192.0.2.2", "root");
	assert_int_equal(cor_count(&f, "r")->guarded, 6);
	fix_advance(&f, 31 * 1000);
	login(&f, "192.0.2.1", "u2000");
	assert_int_equal(cor_count(&f, "r")->guarded, 6);
	cor_close(&f);
}

/* Names that one relay makes up: those of the devices are measured. */
static void
test_clocks_have_shares(void **state)
{
	struct fix f = { 0 };
	struct tell t = { .kind = "x.y",
			  .origin = "192.0.2.9",
			  .trust = NOC_TRUST_NORMAL,
			  .ago_ms = 60 * 1000 };
	char name[16];

	(void)state;
	begin(&f,
	      "rule \"c\" { on = \"clock.skew\", where = { device = any {"
	      " \"sw1\", \"sw2\" } }, run = log \"{device} off\" }\n"
	      "rule \"k\" { on = \"clock.ok\", run = log \"{device} ok\" }");
	for (int n = 0; n < 3; n++)
		cor_tell(&f, &(struct tell){ .kind = "x.y",
					     .origin = "192.0.2.2",
					     .ago_ms = 60 * 1000 });
	t.device = name;
	for (int i = 0; i < 5000; i++) {
		snprintf(name, sizeof(name), "y%d", i);
		for (int n = 0; n < 3; n++)
			cor_tell(&f, &t);
	}
	assert_int_equal(
	    fix_said(&f, "notify noc: limit clocks reached by 192.0.2.9"), 1);
	fix_forget(&f);
	for (int n = 0; n < 3; n++)
		cor_tell(&f, &(struct tell){ .kind = "x.y",
					     .origin = "192.0.2.1",
					     .ago_ms = 60 * 1000 });
	assert_int_equal(fix_said(&f, "log c: sw1 off"), 1);
	cor_tell(&f, &(struct tell){ .kind = "x.y", .origin = "192.0.2.2" });
	cor_tell(&f, &(struct tell){
			 .kind = "x.y", .origin = "192.0.2.2", .ago_ms = 1 });
	assert_int_equal(fix_said(&f, "log k: sw2 ok"), 1);
	cor_close(&f);
}

/* Ten a second are about strangers: a device's line is printed. */
static void
test_strangers_have_half_of_the_lines(void **state)
{
	struct fix f = { 0 };

	(void)state;
	begin(&f, GUESSING);
	flood(&f, STRANGER, 0, 100);
	assert_int_equal(fix_said(&f, "login.failed " STRANGER), 10);
	for (int i = 0; i < 20; i++)
		login(&f, "192.0.2.1", "root");
	assert_int_equal(fix_said(&f, "login.failed sw1"), 10);
	cor_close(&f);
}

int
main(void)
{
	int failed;

	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_stranger_has_his_share),
		cmocka_unit_test(test_strangers_share_half),
		cmocka_unit_test(test_a_rule_has_its_share),
		cmocka_unit_test(test_open_states_have_a_cap),
		cmocka_unit_test(test_a_forger_has_one_device),
		cmocka_unit_test(test_nothing_acts_for_what_was_forgotten),
		cmocka_unit_test(test_nothing_acts_for_what_cannot_be_read),
		cmocka_unit_test(test_meant_is_not_forgotten),
		cmocka_unit_test(test_a_thousand_losses_are_one),
		cmocka_unit_test(test_a_loss_is_of_both_ends),
		cmocka_unit_test(test_keys_of_no_device_are_not_forgotten),
		cmocka_unit_test(test_shares_survive_a_restart),
		cmocka_unit_test(test_a_state_is_as_trusted_as_its_best),
		cmocka_unit_test(test_it_counts_as_of_its_best),
		cmocka_unit_test(test_each_form_gives_way),
		cmocka_unit_test(test_a_pair_gives_way),
		cmocka_unit_test(test_mass_counts_have_shares),
		cmocka_unit_test(test_clocks_have_shares),
		cmocka_unit_test(test_strangers_have_half_of_the_lines),
	};

	generous = noc_value_map();
	noc_value_set(generous, "low_trust.events", noc_value_int(1000000));
	noc_value_set(generous, "low_trust.bytes", noc_value_int(1LL << 40));
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	noc_value_free(generous);
	return failed;
}
