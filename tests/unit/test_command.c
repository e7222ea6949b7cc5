/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "engine/core/command.h"

#include <unistd.h>

#include "net/http.h"
#include "engine/parts.h"
#include "api/api.h"
#include "tests/unit/correlate_fixture.h"

/* The table of commands: answered by its parts, held to its rows, and what
 * the API asks for. */

static const char rules[] =
    "rule \"heal\" { mode = \"active\", on = \"link.down\",\n"
    " key = \"{device}\", run = flow {\n"
    "  step \"look\" { snmp.get { admin = \"ifAdminStatus.1\" },\n"
    "    timeout = \"5s\" },\n"
    "  on_fail = escalate { { \"0m\", notify \"noc\" { \"down\" } },\n"
    "   again = \"15m\", stop_on = { \"ack\" }, max = \"8h\" } } }\n"
    "flow \"ask\" { approve \"go\" { timeout = \"1h\" } }\n"
    "flow \"tell\" { input = { role = \"string\" }, log \"{input.role}\" }\n"
    "schedule \"nightly\" { every = \"1m\", run = log \"x\" }\n"
    "schedule \"held\" { every = \"1m\", run = log \"x\" }\n";

/* What some of those below name. */
static const char *const before[] = {
	"{\"verb\":\"silence.add\",\"match\":{\"device\":\"sw9\"},"
	"\"for_ms\":1000,\"why\":\"w\"}",
	"{\"verb\":\"freeze.add\",\"match\":{\"device\":\"sw9\"},"
	"\"for_ms\":1000,\"why\":\"w\"}",
	"{\"verb\":\"breaker.trip\",\"action\":\"snmp\","
	"\"target\":\"sw9\",\"why\":\"w\"}",
	"{\"verb\":\"schedule.pause\",\"schedule\":\"held\",\"why\":\"w\"}",
};

static char asks[NOC_ID_TEXT];

/* One that is carried out, for each row; RUN is a run that escalates, ASK one
 * that asks people. */
static const struct {
	const char *verb, *params;
} valid[] = {
	{ "silence.add", "\"match\":{\"device\":\"sw1\"},\"for_ms\":1,"
			 "\"why\":\"w\"" },
	{ "silence.list", "" },
	{ "silence.del", "\"id\":\"s1\"" },
	{ "freeze.add", "\"match\":{\"device\":\"sw1\"},\"for_ms\":1,"
			"\"why\":\"w\"" },
	{ "freeze.list", "" },
	{ "freeze.del", "\"id\":\"f2\"" },
	{ "kill.on", "\"why\":\"w\"" },
	{ "kill.off", "\"why\":\"w\"" },
	{ "kill.status", "" },
	{ "breaker.list", "" },
	{ "breaker.trip",
	  "\"action\":\"snmp\",\"target\":\"sw1\",\"why\":\"w\"" },
	{ "breaker.disable",
	  "\"action\":\"snmp\",\"target\":\"sw1\",\"why\":\"w\"" },
	{ "breaker.reset",
	  "\"action\":\"snmp\",\"target\":\"sw9\",\"why\":\"w\"" },
	{ "rules.list", "" },
	{ "rules.pause", "\"rule\":\"heal\",\"why\":\"w\"" },
	{ "rules.resume", "\"rule\":\"heal\"" },
	{ "schedule.list", "" },
	{ "schedule.trigger", "\"schedule\":\"nightly\"" },
	{ "schedule.pause", "\"schedule\":\"nightly\",\"why\":\"w\"" },
	{ "schedule.resume", "\"schedule\":\"held\"" },
	{ "schedule.backfill",
	  "\"schedule\":\"nightly\",\"from\":\"2001-01-01\","
	  "\"to\":\"2001-01-01T00:01:00Z\"" },
	{ "run.start", "\"flow\":\"tell\",\"input\":{\"role\":\"x\"}" },
	{ "run.cancel", "\"id\":\"RUN\"" },
	{ "run.pause", "\"id\":\"RUN\",\"why\":\"w\"" },
	{ "run.resume", "\"id\":\"RUN\",\"for_ms\":1000" },
	{ "run.signal", "\"id\":\"RUN\",\"signal\":\"ack\"" },
	{ "run.ack", "\"id\":\"RUN\"" },
	{ "run.fork", "\"id\":\"RUN\",\"failed\":true" },
	{ "run.set", "\"id\":\"RUN\",\"path\":\"all\",\"limit\":2" },
	{ "gate.list", "" },
	{ "gate.show", "\"id\":\"ASK\"" },
	{ "gate.decide", "\"id\":\"ASK\",\"decision\":\"approve\"" },
	{ "delivery.list", "" },
	{ "notify.test", "\"channel\":\"noc\"" },
	{ "sources", "" },
	{ "unmatched", "" },
	{ "unknown", "" },
	{ "recent", "" },
	{ "event", "\"id\":\"last\"" },
	{ "explain", "\"id\":\"last\"" },
};

/* What this world has nothing for: this is said. */
static const struct {
	const char *verb, *says;
} lacks[] = {
	{ "run.fork", "There is no database" }, /* test_fork.c */
	{ "run.set", "it has none" },		/* test_each_set.c */
};

static bool
is_lacking(const char *verb, const char *message)
{
	for (size_t i = 0; i < NOC_COUNT(lacks); i++)
		if (!strcmp(lacks[i].verb, verb))
			return strstr(message, lacks[i].says) != NULL;
	return false;
}

/* ---- a core with something of everything in it ---- */

struct told {
	int kind;
	bool answered;
	char message[512];
};

static void
on_told(int kind, const struct noc_value *answer, const char *message,
	void *arg)
{
	struct told *t = arg;

	t->kind = kind;
	t->answered = answer != NULL;
	snprintf(t->message, sizeof(t->message), "%s", message ? message : "");
}

static struct told
tell(struct fix *f, const struct noc_value *command)
{
	struct told t = { .kind = 1 };

	noc_core_command(f->core, command, on_told, &t, f->now);
	fix_pump(f);
	assert_int_not_equal(t.kind, 1);
	return t;
}

static void
world_open(struct fix *f, char run[NOC_ID_TEXT])
{
	struct noc_id id, ask;

	memset(f, 0, sizeof(*f));
	fix_open(f, rules);
	noc_core_begin(f->core, f->now);
	noc_part_tasks.ready(f->core, noc_core_part(f->core, NOC_PART_TASKS));
	noc_core_end(f->core);
	cor_port(f, "link.up", "sw1", "Gi1");
	id = fix_start(f, "heal", NOC_ACTIVE, NOC_TRUST_NORMAL);
	fix_refuse(f, "snmp.get", "permanent", 0);
	noc_id_format(run, &id);
	ask = fix_start_flow(f, "ask");
	noc_id_format(asks, &ask);
	for (size_t i = 0; i < NOC_COUNT(before); i++)
		assert_int_equal(fix_command(f, before[i], NULL), 0);
}

/* valid[i] as a value. */
static struct noc_value *
world_command(size_t i, const char *run)
{
	struct noc_value *command;
	char *json;

	json = noc_asprintf("{\"verb\":\"%s\",\"actor\":\"joe\"%s%s}",
			    valid[i].verb, *valid[i].params ? "," : "",
			    valid[i].params);
	command = unit_json(json);
	free(json);
	if (noc_value_is_str(noc_value_get(command, "id"), "RUN"))
		noc_value_set(command, "id", noc_value_str(run));
	if (noc_value_is_str(noc_value_get(command, "id"), "ASK"))
		noc_value_set(command, "id", noc_value_str(asks));
	return command;
}

/* ---- what is right ---- */

static void
test_each_is_answered(void **state)
{
	char run[NOC_ID_TEXT];
	struct fix f;

	(void)state;
	for (size_t i = 0; noc_command_at(i); i++) {
		const struct noc_command *row = noc_command_at(i);
		struct noc_value *command;
		struct told t;
		char *json, *admin;
		size_t seen;

		if (i >= NOC_COUNT(valid) || strcmp(valid[i].verb, row->verb))
			fail_msg("%s is not tried here", row->verb);
		world_open(&f, run);
		command = world_command(i, run);
		seen = f.njournal;
		t = tell(&f, command);
		if (is_lacking(row->verb, t.message)) {
			assert_int_equal(t.kind, NOC_ENOTFOUND);
			noc_value_free(command);
			fix_close(&f);
			continue;
		}
		if (t.kind || !t.answered)
			fail_msg("%s: %d, %s", row->verb, t.kind, t.message);
		noc_value_unset(command, "actor");
		json = noc_json_string(command, NOC_JSON_CANONICAL);
		admin = noc_asprintf("ADMIN %s joe", json);
		if (row->record == NOC_COMMAND_READS)
			assert_int_equal(f.njournal, seen);
		else if (row->record == NOC_COMMAND_ADMIN)
			assert_string_equal(f.journal[f.njournal - 1], admin);
		else
			assert_int_equal(fix_count(&f, admin) +
					     fix_count(&f, "SIGNAL") +
					     fix_count(&f, "GATE"),
					 1);
		free(admin);
		free(json);
		noc_value_free(command);
		fix_close(&f);
	}
	assert_null(noc_command_at(NOC_COUNT(valid)));
}

static void
test_parts_answer_no_other(void **state)
{
	size_t n = 0;

	(void)state;
	for (int part = 0; part < NOC_PART_COUNT; part++) {
		const struct noc_part_answer *a = noc_parts[part]->answers;

		for (; a && a->verb; a++, n++) {
			const struct noc_command *row =
			    noc_command_find(a->verb);

			if (!row || (int)row->part != part)
				fail_msg("%s is not of part %d in the table",
					 a->verb, part);
		}
	}
	/* With the test before: each verb once. */
	assert_int_equal(n, NOC_COUNT(valid));
}

static void
test_rows_are_whole(void **state)
{
	(void)state;
	for (size_t i = 0; noc_command_at(i); i++) {
		const struct noc_command *row = noc_command_at(i);

		assert_ptr_equal(noc_command_find(row->verb), row);
		assert_in_range(row->role, NOC_ROLE_VIEWER, NOC_ROLE_ADMIN);
		/* Who may only look changes nothing. */
		assert_false(row->role == NOC_ROLE_VIEWER &&
			     (row->record != NOC_COMMAND_READS));
		assert_int_equal(row->help[strlen(row->help) - 1], '.');
	}
}

/* ---- what is not ---- */

/* Refused with this, and nothing has happened. */
static void
refused(struct fix *f, const struct noc_value *command, int kind,
	const char *message)
{
	size_t seen = f->njournal;
	struct told t = tell(f, command);

	assert_string_equal(t.message, message);
	assert_int_equal(t.kind, kind);
	assert_false(t.answered);
	assert_int_equal(f->njournal, seen);
}

static const char *
type_text(enum noc_type type)
{
	return type == NOC_STR	  ? "a text"
	       : type == NOC_INT  ? "a whole number"
	       : type == NOC_BOOL ? "true or false"
	       : type == NOC_LIST ? "a list"
				  : "a map";
}

static void
test_each_parameter(void **state)
{
	char run[NOC_ID_TEXT], *want;
	struct fix f;

	(void)state;
	world_open(&f, run);
	for (size_t i = 0; noc_command_at(i); i++) {
		const struct noc_command *row = noc_command_at(i);
		struct noc_value *good = world_command(i, run);

		for (size_t k = 0; row->params[k].name; k++) {
			const struct noc_command_param *p = &row->params[k];
			struct noc_value *bad = noc_value_copy(good);

			bool list = p->type == NOC_LIST;

			noc_value_set(bad, p->name,
				      list ? noc_value_map()
					   : noc_value_list());
			want = noc_asprintf(
			    "'%s' of %s is %s, not a %s.", p->name, row->verb,
			    type_text(p->type), list ? "map" : "list");
			refused(&f, bad, NOC_EINPUT, want);
			free(want);
			noc_value_unset(bad, p->name);
			if (p->required) {
				want = noc_asprintf("%s needs %s.", row->verb,
						    p->meant);
				refused(&f, bad, NOC_EINPUT, want);
				if (p->type != NOC_INT) {
					noc_value_set(bad, p->name,
						      p->type == NOC_STR
							  ? noc_value_str("")
							  : noc_value_map());
					refused(&f, bad, NOC_EINPUT, want);
				}
				free(want);
			}
			noc_value_free(bad);
		}
		noc_value_free(good);
	}
	fix_close(&f);
}

static void
test_refused(void **state)
{
	static const struct {
		const char *json;
		int kind;
		const char *message;
	} wrong[] = {
		{ "{}", NOC_ENOTFOUND, "There is no command ''." },
		{ "[1]", NOC_ENOTFOUND, "There is no command ''." },
		{ "{\"verb\":5}", NOC_ENOTFOUND, "There is no command ''." },
		{ "{\"verb\":\"xyzzy\"}", NOC_ENOTFOUND,
		  "There is no command 'xyzzy'." },
		{ "{\"verb\":\"silense.add\"}", NOC_ENOTFOUND,
		  "There is no command 'silense.add'; did you mean "
		  "'silence.add'?" },
		{ "{\"verb\":\"kill.on \",\"why\":\"w\"}", NOC_ENOTFOUND,
		  "There is no command 'kill.on '; did you mean 'kill.on'?" },
		{ "{\"verb\":\"kill.on\",\"wy\":\"w\"}", NOC_EINPUT,
		  "kill.on does not take 'wy'; did you mean 'why'?" },
		{ "{\"verb\":\"breaker.reset\",\"action\":\"snmp\","
		  "\"target\":\"sw1\",\"why\":\"w\",\"for_ms\":5}",
		  NOC_EINPUT,
		  "breaker.reset does not take 'for_ms'; it takes action, "
		  "target, why." },
		{ "{\"verb\":\"sources\",\"limit\":5}", NOC_EINPUT,
		  "sources does not take 'limit'; it takes nothing." },
		{ "{\"verb\":\"kill.on\",\"why\":null}", NOC_EINPUT,
		  "'why' of kill.on is a text, not nothing." },
		{ "{\"verb\":\"silence.add\",\"match\":{\"device\":\"a\"},"
		  "\"for_ms\":1.5,\"why\":\"w\"}",
		  NOC_EINPUT,
		  "'for_ms' of silence.add is a whole number, not a "
		  "fraction." },
		/* The ranges are the part's. */
		{ "{\"verb\":\"freeze.add\",\"match\":{\"device\":\"a\"},"
		  "\"for_ms\":0,\"why\":\"w\"}",
		  NOC_EINPUT,
		  "A freeze needs an end: --for 2h, at most 366 days." },
		{ "{\"verb\":\"breaker.trip\",\"action\":\"smnp\","
		  "\"target\":\"sw1\",\"why\":\"w\"}",
		  NOC_EINPUT,
		  "No action begins with 'smnp'; did you mean 'snmp'?" },
	};
	char run[NOC_ID_TEXT];
	struct fix f;

	(void)state;
	world_open(&f, run);
	for (size_t i = 0; i < NOC_COUNT(wrong); i++) {
		struct noc_value *command = unit_json(wrong[i].json);

		refused(&f, command, wrong[i].kind, wrong[i].message);
		noc_value_free(command);
	}
	fix_close(&f);
}

/* What people say is journaled, so it has a length. */
static void
test_texts_have_a_length(void **state)
{
	char text[4098], run[NOC_ID_TEXT];
	struct noc_value *command;
	struct fix f;

	(void)state;
	world_open(&f, run);
	memset(text, 'x', sizeof(text));
	text[4097] = '\0';
	command = unit_json("{\"verb\":\"kill.on\",\"actor\":\"joe\"}");
	noc_value_set(command, "why", noc_value_str(text));
	refused(&f, command, NOC_EINPUT,
		"'why' of kill.on has 4097 bytes, more than 4096.");
	text[4096] = '\0';
	noc_value_set(command, "why", noc_value_str(text));
	assert_int_equal(tell(&f, command).kind, 0);
	noc_value_free(command);
	fix_close(&f);
}

/* ---- the API ---- */

static void
test_api_roles(void **state)
{
	static const struct {
		const char *method, *path, *verb;
	} routes[] = {
		{ "GET", "/api/v1/events", "recent" },
		{ "GET", "/api/v1/events/{id}", "event" },
		{ "GET", "/api/v1/events/{id}/explain", "explain" },
		{ "GET", "/api/v1/sources", "sources" },
		{ "GET", "/api/v1/unmatched", "unmatched" },
		{ "GET", "/api/v1/unknown", "unknown" },
		{ "POST", "/api/v1/runs/{id}/cancel", "run.cancel" },
		{ "POST", "/api/v1/runs/{id}/fork", "run.fork" },
		{ "POST", "/api/v1/runs/{id}/set", "run.set" },
		{ "POST", "/api/v1/runs/{id}/pause", "run.pause" },
		{ "POST", "/api/v1/runs/{id}/resume", "run.resume" },
		{ "POST", "/api/v1/runs/{id}/signal/{signal}", "run.signal" },
		{ "POST", "/api/v1/runs/{id}/signal/{signal}", "run.ack" },
		{ "POST", "/api/v1/flows/{name}/runs", "run.start" },
		{ "GET", "/api/v1/rules", "rules.list" },
		{ "POST", "/api/v1/rules/{rule}/pause", "rules.pause" },
		{ "POST", "/api/v1/rules/{rule}/resume", "rules.resume" },
		{ "GET", "/api/v1/schedules", "schedule.list" },
		{ "POST", "/api/v1/schedules/{schedule}/trigger",
		  "schedule.trigger" },
		{ "POST", "/api/v1/schedules/{schedule}/pause",
		  "schedule.pause" },
		{ "POST", "/api/v1/schedules/{schedule}/resume",
		  "schedule.resume" },
		{ "POST", "/api/v1/schedules/{schedule}/backfill",
		  "schedule.backfill" },
		{ "POST", "/api/v1/channels/{channel}/test", "notify.test" },
		{ "GET", "/api/v1/deliveries", "delivery.list" },
		{ "GET", "/api/v1/breakers", "breaker.list" },
		{ "POST", "/api/v1/breakers/trip", "breaker.trip" },
		{ "POST", "/api/v1/breakers/reset", "breaker.reset" },
		{ "POST", "/api/v1/breakers/disable", "breaker.disable" },
		{ "GET", "/api/v1/silences", "silence.list" },
		{ "POST", "/api/v1/silences", "silence.add" },
		{ "DELETE", "/api/v1/silences/{id}", "silence.del" },
		{ "GET", "/api/v1/freezes", "freeze.list" },
		{ "POST", "/api/v1/freezes", "freeze.add" },
		{ "DELETE", "/api/v1/freezes/{id}", "freeze.del" },
		{ "GET", "/api/v1/kill", "kill.status" },
		{ "GET", "/api/v1/gates", "gate.list" },
		{ "GET", "/api/v1/gates/{id}", "gate.show" },
		{ "POST", "/api/v1/gates/{id}", "gate.decide" },
		{ "POST", "/api/v1/kill/on", "kill.on" },
		{ "POST", "/api/v1/kill/off", "kill.off" },
	};
	char dir[] = "/tmp/noc-command-XXXXXX";
	struct noc_http_conf conf;
	struct noc_loop *loop;
	struct noc_api *api;
	struct noc_err err;
	struct fix f = { .state_dir = mkdtemp(dir) };

	(void)state;
	assert_non_null(f.state_dir);
	fix_open(&f, rules);
	assert_int_equal(noc_loop_new(&loop, &err), 0);
	noc_http_conf_default(&conf);
	assert_int_equal(noc_http_new(loop, &conf, &f.env.http, &err), 0);
	if (noc_api_open(&f.env, &api, &err) ||
	    noc_http_start(f.env.http, &err))
		fail_msg("%s", err.msg);
	assert_int_equal(NOC_COUNT(routes), NOC_COUNT(valid));
	for (size_t i = 0; i < NOC_COUNT(routes); i++) {
		const struct noc_command *row =
		    noc_command_find(routes[i].verb);
		const char *method, *path;
		enum noc_role role;
		size_t k = 0;

		assert_non_null(row);
		while (
		    noc_http_route_at(f.env.http, k, &method, &path, &role) &&
		    (strcmp(method, routes[i].method) != 0 ||
		     strcmp(path, routes[i].path) != 0))
			k++;
		if (!noc_http_route_at(f.env.http, k, &method, &path, &role))
			fail_msg("no %s %s", routes[i].method, routes[i].path);
		if (role != row->role)
			fail_msg("%s %s asks for %s, %s for %s", method, path,
				 noc_role_name(role), row->verb,
				 noc_role_name(row->role));
		assert_int_equal((row->record != NOC_COMMAND_READS),
				 strcmp(method, "GET") != 0);
	}
	noc_api_close(api);
	noc_http_free(f.env.http);
	noc_loop_free(loop);
	fix_close(&f);
	assert_int_equal(rmdir(dir), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_is_answered),
		cmocka_unit_test(test_parts_answer_no_other),
		cmocka_unit_test(test_rows_are_whole),
		cmocka_unit_test(test_each_parameter),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_texts_have_a_length),
		cmocka_unit_test(test_api_roles),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
