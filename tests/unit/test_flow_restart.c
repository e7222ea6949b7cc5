/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "tests/unit/gate_fixture.h"

#include "engine/run/gate_command.h"

/*
 * Flows of every form, killed after each of their inputs: they end the same,
 * the same was said of each step and item, and what changes something was done
 * once.
 */

struct form {
	const char *name, *text, *state;
	const struct flow_says *says;
};

static const struct flow_says graph_says[] = { { "bad", "permanent" }, { 0 } };
#define FOUND                                                                  \
	{                                                                      \
		"find", "{\"l\":[{\"name\":\"a\"},{\"name\":\"b\"},"           \
			"{\"name\":\"c\"},{\"name\":\"d\"},{\"name\":\"e\"}]}" \
	}
static const struct flow_says found_says[] = { FOUND, { 0 } };
static const struct flow_says check_says[] = { FOUND,
					       { "[!2]/again", "permanent" },
					       { 0 } };
static const struct flow_says list_says[] = { FOUND,
					      { "[d]/put", "permanent" },
					      { 0 } };
static const struct flow_says undo_says[] = { { "[b]/put_2!undo", "permanent" },
					      { 0 } };

static const struct form forms[] = {
	{ "graph",
	  "flow 'f' { get 'a', parallel { get 'b', { put 'c', sleep '3s' },"
	  " get 'bad', get('h', { after = { bad = 'failed' } }),"
	  " get('n', { after = 'bad' }) }, put 'd',"
	  " get('e', { after = { d = 'failed' } }),"
	  " get('g', { after = 'e' }), put('z', { after = { e = 'always' } }) }",
	  "Succeeded", graph_says },
	{ "called off",
	  "flow 'g' { put 'p', put 'q' }\n"
	  "flow 'f' { on_fail = { undo = 'run', put 'sorry' }, parallel {"
	  " get 'bad', each 'all' { over = { 'a', 'b', 'c' }, limit = 1,"
	  " put('p', { undo = back() }), put 'q' }, step 'fix' { call 'g' } }"
	  " }",
	  "Failed", graph_says },
	{ "not reached",
	  "flow 'f' { get 'bad', put('n', { after = 'bad' }), get('h', { after"
	  " = { bad = 'failed' } }), put('m', { after = 'n' }), parallel 'p' {"
	  " after = 'h', get 'bad_2', sleep '9s' }, put('o', { after = 'p' }),"
	  " get('i', { after = { p = 'failed' } }), put('q', { after = 'o' }),"
	  " put('z', { after = { q = 'always', i = 'ok' } }) }",
	  "Succeeded", graph_says },
	{ "choose",
	  "flow 'f' { get 'a', choose 'way' { { when = { device = 'sw2' },"
	  " put 'one', put 'uno' }, { when = { device = 'sw1' }, put 'two',"
	  " put 'due' }, otherwise = { put 'three' } },"
	  " choose 'none' { { when = { device = 'sw3' }, put 'no' } },"
	  " put 'last' }",
	  "Succeeded", NULL },
	{ "call",
	  "flow 'g' { input = { x = 'string' }, output = { y = '{steps.p1.k}' },"
	  " get('p1', { output = { k = 'k' } }), put('p2', { undo ="
	  " snmp.set { a = '{input.x} {steps.p1.k}' } }),"
	  " put('p3', { undo = back() }) }\n"
	  "flow 'f' { on_fail = { undo = 'run' }, put('a', { undo = back() }),"
	  " step 'fix' { call 'g' { x = '{device}' } }, get 'b', get 'bad' }",
	  "Failed",
	  (const struct flow_says[]){
	      { "p1", "{\"k\":3}" }, { "bad", "permanent" }, { 0 } } },
	{ "failing in a call",
	  "flow 'g' { parallel 'q' { get 'bad', put 'c', { sleep '3s', put 'd'"
	  " } }, get('h', { after = { q = 'failed' } }), put('z', { after ="
	  " { h = 'ok' } }) }\n"
	  "flow 'f' { call 'g', put 'last' }",
	  "Succeeded", graph_says },
	{ "each",
	  "flow 'f' { get 'find', each 'all' { over = '{steps.find.l}',"
	  " limit = 2, need = 4, collect = { up = 'steps.look.up' },"
	  " get 'look', put 'put', get 'check' },"
	  " put('tell', { when = { ['steps.all.failed'] = 1 } }) }",
	  "Succeeded", list_says },
	{ "failed items",
	  "flow 'f' { get 'find', each 'all' { over = '{steps.find.l}',"
	  " limit = 3, need = 'any', undo = 'failed_items',"
	  " put('a', { undo = back() }), put('put', { undo = back() }) },"
	  " put 'tell' }",
	  "Succeeded", list_says },
	{ "critical items",
	  "flow 'g' { fail 'worse' { severity = 'critical' } }\n"
	  "flow 'f' { each 'all' { over = { 'a', 'b', 'c', 'd' }, limit = 1,"
	  " need = 'any', put 'p', fail 'bad' { when = { item = 'b' }, severity"
	  " = 'critical' }, fail 'so so' { when = { item = 'c' } }, step 'fix'"
	  " { call 'g', when = { item = 'd' } }, sleep '1s' },"
	  " put('two', { when = { ['steps.all.critical'] = 2 } }) }",
	  "Succeeded", NULL },
	{ "batch",
	  "flow 'f' { each 'all' { over = { 'a', 'b', 'c', 'd', 'e' },"
	  " batch = 2, put 'put' }, put 'tell' }",
	  "Succeeded", NULL },
	{ "rate",
	  "flow 'f' { each 'all' { over = { 'a', 'b', 'c', 'd', 'e' },"
	  " rate = '2/10s', put 'put' }, put 'tell' }",
	  "Succeeded", NULL },
	{ "waves",
	  "flow 'f' { get 'find', each 'all' { over = '{steps.find.l}',"
	  " waves = { '1', '40%', 'rest' }, undo = 'wave',"
	  " put('p', { undo = back() }), put('q', { undo = back() }),"
	  " check = { get 'look', get 'again' } }, put 'tell' }",
	  "Failed", check_says },
	{ "waves all",
	  "flow 'f' { get 'find', each 'all' { over = '{steps.find.l}',"
	  " waves = { '1', '40%', 'rest' }, put 'p',"
	  " check = { get 'look', sleep '5s', put 'again' } }, put 'tell' }",
	  "Succeeded", found_says },
	{ "waves by rate",
	  "flow 'f' { each 'all' { over = { 'a', 'b', 'c', 'd', 'e' }, rate ="
	  " '1/10s', waves = { '2', 'rest' }, put 'p', check = { put 'again' }"
	  " }, put 'tell' }",
	  "Succeeded", NULL },
	{ "nested",
	  "flow 'f' { on_fail = { undo = 'run' }, each 'out' { over = { 'a',"
	  " 'b', 'c' }, as = 'o', get 'before', each 'in' { over = { 'x',"
	  " 'y' }, as = 'i', key = '{o}-{i}', put('p', { undo = back(),"
	  " target = '{o}{i}' }) }, put 'after' }, get 'bad' }",
	  "Failed", graph_says },
	{ "calls and items",
	  "flow 'g' { input = { x = 'string' }, get 'p1', put('p2', { undo ="
	  " back() }) }\n"
	  "flow 'h' { each 'in' { over = { 'x', 'y' }, put('p', { undo ="
	  " back() }) }, put 'q' }\n"
	  "flow 'f' { on_fail = { undo = 'run', put 'sorry' },"
	  " finally = { put 'bye', sleep '2s', put 'end' },"
	  " each 'all' { over = { 'a', 'b', 'c' },"
	  " step 'fix' { call 'g' { x = '{item}' } } },"
	  " step 'other' { call 'h' }, get 'bad' }",
	  "Failed", graph_says },
	{ "undo step",
	  "flow 'f' { each 'all' { over = { 'a', 'b', 'c' }, limit = 2,"
	  " put('put_1', { undo = back() }),"
	  " put('put_2', { undo = snmp.set { a = 'old {item} {device}' } }) },"
	  " undo 'back' { step = 'all', items = { 'a', 'b' } },"
	  " put('z', { after = { back = 'failed' } }) }",
	  "Succeeded", undo_says },
	{ "undo step at the end",
	  "flow 'f' { on_fail = { put 'sorry', undo 'back' { step = 'all',"
	  " items = { 'a' } }, undo 'too' { step = 'x' } }, finally = {"
	  " put('y', { undo = back() }), undo 'own' { step = 'y' } },"
	  " put('x', { undo = back() }), each 'all' { over = { 'a', 'b' },"
	  " put('put_1', { undo = back() }), put('put_2', { undo = back() }) },"
	  " get 'bad' }",
	  "Failed", graph_says },
	{ "undo by a call",
	  "flow 'g' { put 'p' }\n"
	  "flow 'r' { input = { x = 'string' }, put 'put_1', sleep '2s',"
	  " each 'two' { over = { 'u', 'v' }, put('put_2', { target ="
	  " '{input.x}{item}' }) }, call 'g' }\n"
	  "flow 'f' { on_fail = { undo = 'run', put 'sorry' }, finally = { put('y', { undo = call 'r' { x = 'y' }"
	  " }), undo 'mine' { step = 'y' } },"
	  " put('a', { undo = call 'r' { x = '{device}' } }),"
	  " each 'all' { over = { 'a', 'b' }, put('p', { undo = call 'r' {"
	  " x = '{item}' } }) }, step 'fix' { call 'g', undo = { call 'r' {"
	  " x = 'f' }, timeout = '1m' } }, undo 'back' { step = 'all', items ="
	  " { 'b' } }, get 'bad' }",
	  "Failed", graph_says },
	{ "undo of many by a call",
	  "flow 'r' { input = { l = 'list', s = 'string' }, each 'one' { over"
	  " = '{input.l}', put('put', { target = '{input.s}{item}' }) } }\n"
	  "flow 'f' { get 'find', put('job', { targets = { 'a', 'b', 'c' },"
	  " target = '{device}', undo = call 'r' { l = '{undo.items}', s ="
	  " '{steps.job.k}' } }), parallel { undo 'back' { step = 'job', items"
	  " = { 'b' } }, { sleep '1s', get 'bad' } } }",
	  "Failed",
	  (const struct flow_says[]){
	      { "job", "{\"k\":\"z\"}" }, { "bad", "permanent" }, { 0 } } },
	{ "stop",
	  "flow 'g' { put 'p1', parallel { { sleep '1s', stop 'enough' { when = { device = 'sw1' } } },"
	  " put 'p2' }, put 'p3' }\n"
	  "flow 'f' { finally = { put 'bye' }, each 'all' { over = { 'a', 'b' },"
	  " parallel { { sleep '1s', stop 'enough' { when = { device = 'sw1' } } }, put 'p2' }, put 'p3' },"
	  " step 'fix' { call 'g' }, stop 'there' { when = { device = 'sw1' } }, put 'never' }",
	  "Succeeded", NULL },
	{ "people",
	  "flow 'g' { confirm 'diff' { show = 'this', timeout = '1h' }, put"
	  " 'p' }\n"
	  "flow 'f' { put 'a', approve 'go' { need = 2, show = '{device}',"
	  " withdraw = 'link.up', timeout = '1h' }, put 'b', step 'fix' { call"
	  " 'g' }, parallel { approve 'x' { timeout = '1h' }, get 'y' },"
	  " each 'all' { over = { 'a', 'b', 'c' }, limit = 2, approve 'it' {"
	  " timeout = '1h' }, put 'c' }, put 'd' }",
	  "Succeeded", NULL },
	{ "silent: a time",
	  "flow 'f' { put 'a', approve 'go' { timeout = '1h', on_timeout ="
	  " 'approve' }, put 'b', confirm 'diff' { show = 'x', timeout = '1h',"
	  " on_timeout = 'skip' }, put 'c', approve 'no' { timeout = '1h' },"
	  " put('d', { after = { no = 'failed' } }), wait_for 'e' { event ="
	  " 'x', timeout = '1h', on_timeout = 'skip' }, put('f', { after ="
	  " 'd' }) }",
	  "Succeeded", NULL },
	{ "the outside",
	  "flow 'f' { put 'a', wait_for 'ok' { event = 'change.ok', where = {"
	  " device = '{device}' }, timeout = '1h' }, put 'b', wait_for 's1' {"
	  " signal = 'go', timeout = '1h' }, each 'all' { over = { 'a', 'b',"
	  " 'c' }, limit = 2, wait_for 's2' { signal = 'go', timeout = '1h' },"
	  " put 'c' }, put 'd' }",
	  "Succeeded", NULL },
	{ "silent: a window",
	  "flow 'f' { put 'a', wait_for 'w' { window = time_in {"
	  " '00:00-24:00' }, timeout = '24h' }, put 'b', wait_for 'n' {"
	  " signal = 'x', timeout = '1m', on_timeout = 'skip' }, put 'c' }",
	  "Succeeded", NULL },
};

/* What is known of the run in the end. */
struct story {
	char *rows, *ends, *order;
	unsigned inputs;
	struct noc_table made;
};

static const struct form *form;
static char *form_rules;
static struct noc_id form_run;

static struct noc_now
present(void)
{
	struct noc_now now = noc_clock_read();

	now.boot_ns = 1000 * NOC_NS_PER_S;
	return now;
}

static char *
story_text(const char *dir, const char *sql)
{
	char *path = noc_asprintf("%s/nocturne.db", dir);
	struct noc_strbuf sb = NOC_STRBUF_INIT;
	sqlite3_stmt *st;
	sqlite3 *db;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	sqlite3_busy_timeout(db, PATIENCE_MS);
	if (sqlite3_prepare_v2(db, sql, -1, &st, NULL) != SQLITE_OK)
		fail_msg("%s", sqlite3_errmsg(db));
	while (sqlite3_step(st) == SQLITE_ROW)
		noc_strbuf_addf(&sb, "%s\n", sqlite3_column_text(st, 0));
	sqlite3_finalize(st);
	sqlite3_close(db);
	free(path);
	noc_strbuf_addc(&sb, '.');
	return noc_strbuf_detach(&sb, NULL);
}

/* But when something was said, or came, and the ids that were given then. */
#define OUTPUT                                                            \
	"iif(path GLOB '*!undo' OR coalesce(json_type(json, '$.output')," \
	" '') <> 'object', json_extract(json, '$.output'),"               \
	" json_remove(json_extract(json, '$.output'), '$.votes', '$.id'," \
	" '$.time', '$.received',"                                        \
	" '$.time_ns', '$.received_ns'))"

static char *
story_rows(const char *dir)
{
	return story_text(
	    dir,
	    "SELECT 'run ' || state || ' ' || phase || ' ' || outcome FROM runs"
	    " UNION ALL SELECT * FROM (SELECT path || ' ' || item || ' ' ||"
	    " state || ' ' || replace(coalesce(json_extract(json, '$.outcome'), ''), "
	    "': it had happened', '') ||"
	    " coalesce(json_extract(json, '$.error.message'), '') || ' ' ||"
	    " coalesce(" OUTPUT ", '') ||"
	    " coalesce(json_extract(json, '$.collected'), '') ||"
	    " coalesce(json_extract(json, '$.live.table'), '')"
	    " FROM steps ORDER BY node, path)");
}

/* What a file made anew has of steps that had ended. */
static char *
story_ends(const char *dir)
{
	return story_text(
	    dir, "SELECT 'run ' || state || ' ' || phase || ' ' || outcome FROM"
		 " runs UNION ALL SELECT * FROM (SELECT path || ' ' || item ||"
		 " ' ' || state || ' ' || iif(path GLOB '*!undo', '',"
		 " coalesce(" OUTPUT ", '')) || coalesce(json_extract(json,"
		 " '$.live.table'), '') || ' ' || coalesce(json_extract(json,"
		 " '$.undone'), '') FROM steps ORDER BY node, path)");
}

/* A person says their word: who has not yet. */
static void
story_decides(struct fix *f, const char *path, const char *word)
{
	static const char *const people[] = { "unix:bob", "unix:dan" };
	struct noc_value *page = gate_page(f, 1000, ""), *gates;
	size_t said = 0;
	char *more;

	gates = noc_value_get(page, "gates");
	for (size_t i = 0; i < noc_value_len(gates); i++)
		if (noc_value_is_str(
			noc_value_get(noc_value_at(gates, i), "path"), path)) {
			const struct noc_value *g = noc_value_at(gates, i);

			said = noc_value_len(noc_value_get(g, "votes"));
			more = noc_asprintf(
			    ",\"path\":\"%s\",\"sha256\":\"%s\"", path,
			    noc_value_get_str(g, "sha256", ""));
			gate_say(f, &form_run, people[said], "null", word, more,
				 NULL);
			free(more);
			break;
		}
	noc_value_free(page);
}

/* What is waited for happens: a word, an event, a signal.  False: it is a
 * time that comes, as in those whose name says that all are silent. */
static bool
story_outside(struct fix *f)
{
	char text[NOC_ID_TEXT];
	struct noc_value *waits =
	    noc_run_waits(f->core, noc_id_format(text, &form_run));
	const struct noc_value *one = noc_value_at(waits, 0);
	const char *what = noc_value_get_str(one, "what", "");
	const char *path = noc_value_get_str(one, "path", "");
	bool said = *what && strncmp(form->name, "silent", 6);

	if (!said)
		;
	else if (!strncmp(what, "approve", 7))
		story_decides(f, path, "approve");
	else if (!strncmp(what, "confirm", 7))
		story_decides(f, path, "confirm");
	else if (strstr(what, "event"))
		cor_tell(
		    f, &(struct tell){ .kind = "change.ok", .device = "sw1" });
	else
		assert_int_equal(
		    fix_say(f,
			    "{\"verb\":\"run.signal\",\"id\":\"%s\","
			    "\"signal\":\"go\",\"path\":\"%s\",\"actor\":"
			    "\"x\"}",
			    text, path)
			.kind,
		    0);
	noc_value_free(waits);
	return said;
}

/* The next thing happens: an answer, a word, a timer.  False: it is all over.
 */
static bool
story_input(struct fix *f, unsigned seed)
{
	if (!fix_runs(f))
		return false;
	if (f->ncalls)
		flow_reply(f, seed % f->ncalls);
	else if (story_outside(f))
		return true;
	else if (f->wake != INT64_MAX)
		fix_advance(f, (f->wake - f->now.boot_ns) / NOC_NS_PER_MS + 1);
	else
		fail_msg("%s: it is stuck", form->name);
	return true;
}

/* All that is in the file is what the process wrote into a new one. */
static void
story_anew(struct fix *f, const char *dir)
{
	life_written(f);
	state_sql(dir, "DELETE FROM steps; DELETE FROM runs WHERE ended = 0;"
		       " DELETE FROM definitions; DELETE FROM live");
	noc_core_store(f->core, f->now);
	life_written(f);
}

static void
story_dies(struct fix *f, char *dir, bool anew)
{
	if (anew)
		story_anew(f, dir);
	for (size_t i = 0; i < f->ncalls; i++)
		if (!flow_is_probe(f->calls[i]))
			noc_table_put(&flow_world.flight,
				      flow_path(f->calls[i]), f);
	life_dies(f, dir, form_rules);
}

/* Killed after `at` inputs; 0: never. */
static void
story(unsigned at, unsigned seed, bool anew, struct story *out)
{
	char *dir = state_make();
	struct fix f;

	memset(out, 0, sizeof(*out));
	flow_forget();
	flow_world.says = form->says;
	flow_world.holds = true;
	life_world = on_flow_world;
	life_open(&f, dir, present(), form_rules);
	form_run = fix_start_flow(&f, "f");
	while (story_input(&f, seed * out->inputs)) {
		if (++out->inputs > 500)
			fail_msg("%s: it does not end", form->name);
		if (out->inputs == at)
			story_dies(&f, dir, anew);
	}
	life_written(&f);
	out->rows = story_rows(dir);
	out->ends = story_ends(dir);
	out->made = flow_world.made;
	out->order = noc_strdup(flow_order());
	memset(&flow_world.made, 0, sizeof(flow_world.made));
	if (state_int(dir, "SELECT count(*) FROM steps WHERE state IN"
			   " ('Pending', 'Running')"))
		fail_msg("%s cut at %u leaves: %s", form->name, at, out->rows);
	life_done(&f, dir);
}

static void
story_free(struct story *s)
{
	free(s->rows);
	free(s->order);
	free(s->ends);
	noc_table_release(&s->made);
}

/* Each as often as without a death, but what was out then and has no probe, or
 * did not happen: that is tried again. */
static void
assert_made(const struct story *cut, const struct story *whole, unsigned at)
{
	const char *path;
	void *n;

	assert_int_equal(noc_table_len(&cut->made),
			 noc_table_len(&whole->made));
	for (size_t it = 0; noc_table_next(&cut->made, &it, &path, &n);) {
		size_t want =
		    (size_t)(uintptr_t)noc_table_get(&whole->made, path);
		size_t got = (size_t)(uintptr_t)n;
		bool again = noc_table_get(&flow_world.flight, path);

		if (got != want && !(again && got == want + 1))
			fail_msg("%s cut at %u: %s was done %zu times, not %zu",
				 form->name, at, path, got, want);
		if (got != want && !strstr(path, "!undo") &&
		    strstr(path, "put") && *flow_says(path) == '{')
			fail_msg("%s cut at %u: %s was done again", form->name,
				 at, path);
	}
}

/* Those steps of an order that are beside this one, in the same item. */
static char *
order_beside(const char *order, const char *path)
{
	struct noc_strbuf sb = NOC_STRBUF_INIT;
	const char *last = strrchr(path, '/');
	size_t len = last ? (size_t)(last - path) : 0;
	char *words = noc_strdup(order), *save = NULL;

	for (char *w = strtok_r(words, " ", &save); w;
	     w = strtok_r(NULL, " ", &save)) {
		const char *end = strrchr(w, '/');

		if ((end ? (size_t)(end - w) : 0) == len &&
		    !strncmp(w, path, len))
			noc_strbuf_addf(&sb, "%s ", w);
	}
	free(words);
	return noc_strbuf_detach(&sb, NULL);
}

/* The same was done in each item, in the same order. */
static void
assert_order(const struct story *anew, const struct story *cut, unsigned at)
{
	char *words = noc_strdup(cut->order), *save = NULL;

	for (char *w = strtok_r(words, " ", &save); w;
	     w = strtok_r(NULL, " ", &save)) {
		char *did = order_beside(anew->order, w);
		char *want = order_beside(cut->order, w);

		if (!did || strcmp(did, want) != 0)
			fail_msg("%s made anew at %u did: %s\nnot: %s",
				 form->name, at, did, want);
		free(did);
		free(want);
	}
	free(words);
}

/* Each line of it is one of the other: rows that nothing needs are not there.
 */
static void
assert_ends(const struct story *anew, const struct story *cut, unsigned at)
{
	char *lines = noc_strdup(anew->ends), *save = NULL;

	for (char *one = strtok_r(lines, "\n", &save); one;
	     one = strtok_r(NULL, "\n", &save))
		if (!strstr(cut->ends, one))
			fail_msg("%s made anew at %u has: %s\nnot one of:\n%s",
				 form->name, at, one, cut->ends);
	free(lines);
	assert_order(anew, cut, at);
}

static void
every_input(unsigned seed)
{
	struct story whole, cut, anew;
	char *want;

	form_rules = noc_asprintf(FLOW_WORDS "%s", form->text);
	story(0, seed, false, &whole);
	want = noc_asprintf("run %s ", form->state);
	if (strncmp(whole.rows, want, strlen(want)) != 0)
		fail_msg("%s: %s", form->name, whole.rows);
	for (unsigned at = 1; at <= whole.inputs; at++) {
		story(at, seed, false, &cut);
		if (strcmp(cut.rows, whole.rows)) {
			print_message("# %s cut at %u:\n%s\nwhole:\n%s\n",
				      form->name, at, cut.rows, whole.rows);
			fail_msg("%s cut at %u ended otherwise", form->name,
				 at);
		}
		assert_made(&cut, &whole, at);
		story(at, seed, true, &anew);
		assert_ends(&anew, &cut, at);
		assert_made(&anew, &whole, at);
		story_free(&anew);
		story_free(&cut);
	}
	print_message("# %s: %u deaths\n", form->name, whole.inputs);
	story_free(&whole);
	flow_forget();
	free(want);
	free(form_rules);
}

static void
test_form(void **state)
{
	form = *state;
	every_input(0); /* the oldest call is answered first */
	every_input(7); /* in no order */
}

int
main(void)
{
	struct CMUnitTest tests[NOC_COUNT(forms)];

	memset(tests, 0, sizeof(tests));
	for (size_t i = 0; i < NOC_COUNT(forms); i++)
		tests[i] = (struct CMUnitTest){
			.name = forms[i].name,
			.test_func = test_form,
			.initial_state = (void *)(uintptr_t)&forms[i],
		};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
