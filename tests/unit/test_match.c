/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "tests/unit/unit.h"

#include "base/intern.h"
#include "base/json.h"
#include "engine/expr/pattern.h"
#include "engine/rule/match.h"
#include "engine/rule/normalize.h"
#include "tests/unit/rules_fixture.h"

static void
syslog_event(struct noc_event *ev, struct noc_syslog *m, const char *raw)
{
	memset(ev, 0, sizeof(*ev));
	noc_syslog_parse(raw, strlen(raw), 1760000000000000000, 0, m);
	ev->kind = ev->base = noc_interns("syslog");
	ev->raw = noc_slice_str(raw);
	ev->syslog = m;
	ev->summary = m->message;
	ev->severity = (int8_t)m->severity;
	ev->device = noc_slice_str("sw1");
}

static const char *
data(const struct noc_event *ev, const char *key)
{
	return noc_value_get_str(ev->data, key, "(none)");
}

/* ---- normalizers ---- */

static const char *const normalizers =
    "normalize \"ios\" { from = \"syslog\", tag = \"%LINK-3-UPDOWN\", pattern = "
    "[=[Interface (?<ifname>\\S+), changed state to (?<state>up|down)]=], emit "
    "= \"link.{state}\", kinds = { \"link.up\", \"link.down\" }, map = { layer "
    "= \"link\", who = \"syslog.app\", msg = \"{ifname} is {state:upper}\" }, "
    "severity = \"warning\", summary = \"{device} {ifname} {state}\" }\n"
    "normalize \"ios-rest\" { from = \"syslog\", tag = \"%LINK-3-UPDOWN\", emit "
    "= \"link.flap\" }\n"
    "normalize \"kernel\" { from = \"syslog\", app = \"kernel\", pattern = "
    "\"(?<ifname>\\\\S+): Link is Down\", emit = \"link.down\" }\n"
    "normalize \"anywhere\" { from = \"syslog\", pattern = \"BGP peer "
    "(?<peer>\\\\S+) lost\", emit = \"bgp.down\" }\n"
    "normalize \"trap\" { from = \"snmp.trap\", trap = \"linkDown\", map = { "
    "ifindex = \"ifIndex\", admin = \"ifAdminStatus\", layer = \"link\" }, emit "
    "= \"link.down\" }\n"
    "rule \"any\" { on = \"link.down\", run = log \"x\" }\n";

static const struct noc_normalizer *
normalize(const struct noc_ruleset *rs, const char *raw, struct noc_event *ev,
	  struct noc_syslog *m)
{
	syslog_event(ev, m, raw);
	return noc_normalize(rs, ev);
}

static void
test_syslog_becomes_canonical(void **state)
{
	struct noc_ruleset *rs = rules_load(normalizers);
	struct noc_event ev, *kept;
	struct noc_syslog m;
	const struct noc_normalizer *e;

	(void)state;
	e = normalize(rs,
		      "<187>Oct 9 08:53:20 sw1 45: %LINK-3-UPDOWN: Interface "
		      "Gi1/0/1, changed state to down",
		      &ev, &m);
	assert_string_equal(e->name, "ios");
	assert_string_equal(ev.kind, "link.down");
	assert_ptr_equal(ev.kind, noc_interns("link.down"));
	assert_string_equal(ev.base, "syslog");
	assert_string_equal(data(&ev, "ifname"), "Gi1/0/1");
	assert_string_equal(data(&ev, "layer"), "link");
	assert_string_equal(data(&ev, "msg"), "Gi1/0/1 is DOWN");
	assert_int_equal(ev.severity, 4);
	kept = noc_event_promote(&ev);
	assert_true(noc_slice_is(kept->summary, "sw1 Gi1/0/1 down"));
	noc_event_unref(kept);

	/* The first that matches, in file order. */
	e = normalize(rs, "<187>Oct 9 08:53:20 sw1 %LINK-3-UPDOWN: what?", &ev,
		      &m);
	assert_string_equal(e->name, "ios-rest");
	noc_event_clear(&ev);
	e = normalize(rs, "<6>Oct 9 08:53:20 h kernel: eth0: Link is Down", &ev,
		      &m);
	assert_string_equal(data(&ev, "ifname"), "eth0");
	noc_event_clear(&ev);
	e = normalize(rs, "<6>Oct 9 08:53:20 h x[1]: BGP peer 192.0.2.7 lost",
		      &ev, &m);
	assert_string_equal(ev.kind, "bgp.down");
	noc_event_clear(&ev);

	e = normalize(rs, "<6>Oct 9 08:53:20 h x[1]: all is well", &ev, &m);
	assert_null(e);
	assert_ptr_equal(ev.kind, ev.base);
	assert_null(ev.data);
	noc_ruleset_unref(rs);
}

static void
test_traps_by_name_or_oid(void **state)
{
	static const char *const traps[] = {
		"{\"trap\":\"linkDown\",\"varbinds\":{\"ifIndex.7\":7,"
		"\"ifAdminStatus.7\":\"up\"}}",
		"{\"trap_oid\":\"1.3.6.1.6.3.1.1.5.3\",\"varbinds\":[{\"name\":"
		"\"ifIndex.7\",\"value\":7},{\"name\":\"ifAdminStatus.7\","
		"\"value\":\"up\"}]}",
	};
	struct noc_ruleset *rs = rules_load(normalizers);

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(traps); i++) {
		struct noc_event ev = { .kind = noc_interns("snmp.trap"),
					.base = noc_interns("snmp.trap") };

		ev.snmp = unit_json(traps[i]);
		assert_non_null(noc_normalize(rs, &ev));
		assert_string_equal(ev.kind, "link.down");
		assert_int_equal(noc_value_get_int(ev.data, "ifindex", 0), 7);
		assert_string_equal(data(&ev, "admin"), "up");
		assert_string_equal(data(&ev, "layer"), "link");
		noc_event_clear(&ev);
	}
	noc_ruleset_unref(rs);
}

/* ---- hooks ---- */

static void
test_hooks_read_the_body(void **state)
{
	struct noc_ruleset *rs = rules_load(
	    "hook \"netbox\" { auth = bearer \"nb\", emit = \"vlan.updated\", "
	    "where = { [\"body.model\"] = \"vlan\" }, map = { vid = "
	    "\"body.data.vid\", by = \"header.X-User\" }, device = "
	    "\"body.data.device\" }\n"
	    "hook \"am\" { auth = bearer \"am\", split = \"alerts[*]\", emit = "
	    "\"alert.{status}\", kinds = { \"alert.firing\", "
	    "\"alert.resolved\" } }\n");
	struct noc_value *alert =
	    unit_json("{\"status\":\"firing\",\"fingerprint\":\"f1\","
		      "\"labels\":{\"alertname\":\"X\"}}");
	struct noc_event ev = { .kind = "webhook", .base = "webhook" };
	struct noc_err err;

	(void)state;
	ev.http =
	    unit_json("{\"header\":{\"x-user\":\"joe\"},\"body\":{\"model\":"
		      "\"vlan\",\"data\":{\"vid\":100,\"device\":\"sw9\"}}}");
	assert_int_equal(noc_normalize_hook(rs, &rs->hooks[0], &ev,
					    noc_value_get(ev.http, "body"),
					    &err),
			 0);
	assert_string_equal(ev.kind, "vlan.updated");
	assert_int_equal(noc_value_get_int(ev.data, "vid", 0), 100);
	assert_string_equal(data(&ev, "by"), "joe");
	assert_true(noc_slice_is(ev.device, "sw9"));
	noc_event_clear(&ev);

	ev.http = unit_json("{\"body\":{\"model\":\"site\"}}");
	assert_int_equal(noc_normalize_hook(rs, &rs->hooks[0], &ev,
					    noc_value_get(ev.http, "body"),
					    &err),
			 NOC_ENOTFOUND);
	assert_non_null(strstr(err.msg, "body.model: want vlan, got site"));
	noc_event_clear(&ev);

	ev.kind = "webhook";
	assert_int_equal(
	    noc_normalize_hook(rs, &rs->hooks[1], &ev, alert, &err), 0);
	assert_string_equal(ev.kind, "alert.firing");
	assert_string_equal(data(&ev, "fingerprint"), "f1");
	noc_event_clear(&ev);
	noc_value_set(alert, "status", noc_value_str("weird"));
	assert_int_equal(
	    noc_normalize_hook(rs, &rs->hooks[1], &ev, alert, &err),
	    NOC_EINPUT);
	noc_value_free(alert);
	noc_ruleset_unref(rs);
}

/* ---- rules ---- */

static void
assert_matches(const struct noc_ruleset *rs, const struct noc_event *ev,
	       const char *want)
{
	struct noc_rule *out[16];
	size_t n = noc_match_event(rs, ev, out, 16);
	char got[256] = "";

	for (size_t i = 0; i < n; i++) {
		strcat(got, i ? " " : "");
		strcat(got, out[i]->name);
	}
	assert_string_equal(got, want);
}

static void
test_rules_in_order_each_once(void **state)
{
	struct noc_ruleset *rs = rules_load(
	    "rule \"a\" { on = { \"syslog\", \"link.down\" }, run = log \"x\" "
	    "}\n"
	    "rule \"b\" { on = \"link.down\", where = { ifname = \"Gi1\" }, run "
	    "= log \"x\" }\n"
	    "rule \"c\" { on = \"syslog\", where = { [\"syslog.tag\"] = "
	    "\"%A-1-B\" }, run = log \"x\" }\n"
	    "rule \"d\" { on = \"link.up\", run = log \"x\" }\n"
	    "rule \"e\" { on = \"syslog\", when = function(ev) return ev.device "
	    "== \"sw1\" end, run = log \"x\" }\n"
	    "rule \"g1\" { on = \"link.down\", group = \"g\", first = true, "
	    "where = { ifname = \"Gi9\" }, run = log \"x\" }\n"
	    "rule \"g2\" { on = \"link.down\", group = \"g\", first = true, run "
	    "= log \"x\" }\n"
	    "rule \"g3\" { on = \"link.down\", group = \"g\", first = true, run "
	    "= log \"x\" }\n");
	struct noc_event ev;
	struct noc_syslog m;
	struct noc_rule *out[2];

	(void)state;
	syslog_event(&ev, &m, "<13>Oct 9 08:53:20 sw1 %A-1-B: hello");
	assert_matches(rs, &ev, "a c e");
	/* Made canonical it is still a syslog message. */
	ev.kind = noc_interns("link.down");
	ev.data = unit_json("{\"ifname\":\"Gi1\"}");
	assert_matches(rs, &ev, "a b c e g2");
	ev.device = noc_slice_str("sw2");
	assert_matches(rs, &ev, "a b c g2");
	/* No room: the first ones stay. */
	assert_int_equal(noc_match_event(rs, &ev, out, 2), 2);
	assert_string_equal(out[0]->name, "a");
	assert_string_equal(out[1]->name, "b");
	assert_int_equal(noc_match_event(rs, &ev, out, 0), 0);
	noc_event_clear(&ev);
	noc_ruleset_unref(rs);
}

static void
test_pairs_see_both_ends(void **state)
{
	struct noc_ruleset *rs = rules_load(
	    "pair \"p\" { open = \"bgp.down\", close = \"bgp.up\", within = "
	    "\"5m\", where = { peer = \"x\" } }\n"
	    "pair \"q\" { open = \"bgp.up\", close = \"bgp.up\", within = "
	    "\"5m\" }\n");
	struct noc_event ev = { .kind = noc_interns("bgp.up"),
				.base = noc_interns("syslog") };
	const struct noc_pair *out[4];

	(void)state;
	ev.data = unit_json("{\"peer\":\"x\"}");
	assert_int_equal(noc_match_pairs(rs, &ev, out, 4), 2);
	assert_string_equal(out[0]->name, "p");
	assert_string_equal(out[1]->name, "q");
	ev.kind = noc_interns("bgp.down");
	assert_int_equal(noc_match_pairs(rs, &ev, out, 4), 1);
	noc_event_clear(&ev);
	noc_ruleset_unref(rs);
}

static char explained[1024];

static void
on_explain(const struct noc_rule *rule, bool matched, const char *why,
	   void *arg)
{
	(void)arg;
	snprintf(explained + strlen(explained),
		 sizeof(explained) - strlen(explained), "%s%s[%s]\n",
		 rule->name, matched ? "+" : "-", why);
}

static void
test_explain_says_why_not(void **state)
{
	struct noc_ruleset *rs = rules_load(
	    "rule \"a\" { on = \"link.down\", where = { role = any { "
	    "\"access\", \"distribution\" } }, run = log \"x\" }\n"
	    "rule \"b\" { on = \"link.down\", when = function(ev) return false "
	    "end, run = log \"x\" }\n"
	    "rule \"c\" { on = \"link.down\", group = \"g\", first = true, run "
	    "= log \"x\" }\n"
	    "rule \"d\" { on = \"link.down\", group = \"g\", first = true, run "
	    "= log \"x\" }\n"
	    "rule \"e\" { on = \"link.up\", run = log \"x\" }\n");
	struct noc_event ev = { .kind = noc_interns("link.down"),
				.base = noc_interns("syslog") };

	(void)state;
	ev.device = noc_slice_str("demo9");
	explained[0] = '\0';
	noc_match_explain(rs, &ev, on_explain, NULL);
	assert_string_equal(explained,
			    "a-[role: want any{access,distribution}, got "
			    "unknown (demo9 not in inventory)]\n"
			    "b-[when: the function said no]\n"
			    "c+[]\n"
			    "d-[group 'g': rule 'c' matched first]\n");
	noc_ruleset_unref(rs);
}

/* ---- the index finds what looking at every rule finds ---- */

static uint64_t seed = 42;

static unsigned
draw(unsigned n)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(seed >> 33) % n;
}

static const char *const words[] = {
	"alpha",    "bravo",	"charlie",   "deltadelta", "echo",
	"foxtrot",  "Link is",	"BGP-5-ADJ", "%LINK-3",	   "1234",
	"abcdabcd", "bcdabcda", "xyz",	     "down",	   "up",
};
#define WORD words[draw(NOC_COUNT(words))]

static const char *const fields[] = {
	"syslog.tag", "syslog.app", "syslog.message", "summary", "ifname",
	"peer",	      "role",	    "tags",	      "device",	 "severity"
};

/* One random condition in the rule language. */
static void
random_test(struct noc_strbuf *sb)
{
	static const char *const ops[] = { "prefix", "suffix", "contains",
					   "glob",   "isnt",   "re" };

	switch (draw(6)) {
	case 0:
	case 1:
		noc_strbuf_addf(sb, "\"%s\"", WORD);
		break;
	case 2:
		noc_strbuf_addf(sb, "any { \"%s\", \"%s\" }", WORD, WORD);
		break;
	case 3:
		noc_strbuf_addf(sb, "any { contains \"%s\", re \"%s.*%s\" }",
				WORD, WORD, WORD);
		break;
	case 4:
		noc_strbuf_addf(sb, "none { \"%s\" }", WORD);
		break;
	default:
		noc_strbuf_addf(sb, "%s \"%s\"", ops[draw(NOC_COUNT(ops))],
				WORD);
	}
}

static void
random_where(struct noc_strbuf *sb)
{
	unsigned n = draw(4), first = draw(NOC_COUNT(fields) - 4);

	if (draw(8) == 0) {
		noc_strbuf_addf(sb,
				"either { { ifname = \"%s\" }, { peer = "
				"\"%s\" } }",
				WORD, WORD);
		return;
	}
	noc_strbuf_adds(sb, "{ ");
	for (unsigned i = 0; i < n; i++) {
		const char *field = fields[first + i];

		noc_strbuf_addf(sb, "[\"%s\"] = ", field);
		if (!strcmp(field, "severity"))
			noc_strbuf_addf(sb, "%u", draw(8));
		else
			random_test(sb);
		noc_strbuf_adds(sb, ", ");
	}
	noc_strbuf_adds(sb, "}");
}

static struct noc_ruleset *
random_rules(size_t n)
{
	static const char *const kinds[] = { "\"syslog\"", "\"link.down\"",
					     "{ \"syslog\", \"link.down\" }" };
	struct noc_strbuf sb = NOC_STRBUF_INIT;
	struct noc_ruleset *rs;

	for (size_t i = 0; i < n; i++) {
		noc_strbuf_addf(&sb, "rule \"r%zu\" { on = %s, where = ", i,
				kinds[draw(3)]);
		random_where(&sb);
		noc_strbuf_adds(&sb, ", run = log \"x\" }\n");
	}
	rs = rules_load(sb.p);
	noc_strbuf_release(&sb);
	return rs;
}

static void
random_event(struct noc_event *ev, struct noc_syslog *m, char text[512])
{
	static const char *const tags[] = { "alpha", "down" };
	static struct noc_device d = { .name = "sw1",
				       .site = "",
				       .vendor = "" };
	size_t n = draw(8), len = 0;

	for (size_t i = 0; i < n; i++)
		len += (size_t)snprintf(text + len, 512 - len, "%s%s", WORD,
					draw(2) ? " " : "");
	text[len] = '\0';
	memset(ev, 0, sizeof(*ev));
	memset(m, 0, sizeof(*m));
	ev->base = noc_interns("syslog");
	ev->kind = draw(2) ? ev->base : noc_interns("link.down");
	ev->device = noc_slice_str(draw(3) ? "sw1" : WORD);
	ev->severity = (int8_t)draw(8);
	if (draw(4)) {
		m->message = noc_slice(text, len);
		m->tag = draw(3) ? noc_slice_str(WORD) : noc_slice(NULL, 0);
		m->app = noc_slice_str(WORD);
		ev->syslog = m;
	}
	ev->summary = draw(5) ? noc_slice(text, len) : noc_slice_str(WORD);
	ev->data = noc_value_map();
	if (draw(2))
		noc_value_set(ev->data, "ifname", noc_value_str(WORD));
	if (draw(3))
		noc_value_set(ev->data, "peer",
			      draw(2) ? noc_value_int(1234)
				      : noc_value_str(WORD));
	d.role = WORD;
	memcpy(&d.tags, &(const char *const *){ tags }, sizeof(void *));
	d.ntags = draw(3);
	ev->inventory = draw(2) ? &d : NULL;
}

static bool
wants(const struct noc_rule *r, const struct noc_event *ev)
{
	for (size_t i = 0; i < r->on.len; i++)
		if (!strcmp(r->on.at[i], ev->kind) ||
		    !strcmp(r->on.at[i], ev->base))
			return noc_where_match_event(r->where, ev);
	return false;
}

static void
test_index_equals_looking_at_all(void **state)
{
	static const size_t sizes[] = { 1, 3, 20, 100, 400, 1000 };
	size_t matched = 0, events = 0;

	(void)state;
	for (size_t s = 0; s < NOC_COUNT(sizes) * 3; s++) {
		size_t n = sizes[s / 3];
		struct noc_ruleset *rs = random_rules(n);
		struct noc_rule **out = calloc(n, sizeof(*out));

		for (size_t k = 0; k < 300; k++) {
			struct noc_event ev;
			struct noc_syslog m;
			char text[512];
			size_t got, want = 0;

			random_event(&ev, &m, text);
			got = noc_match_event(rs, &ev, out, n);
			for (size_t i = 0; i < n; i++) {
				if (!wants(&rs->rules[i], &ev))
					continue;
				if (want >= got || out[want] != &rs->rules[i])
					fail_msg("rule %s of %zu missed '%s' "
						 "(seed step %zu)",
						 rs->rules[i].name, n, text, k);
				want++;
			}
			assert_int_equal(got, want);
			matched += want;
			events++;
			noc_event_clear(&ev);
		}
		free(out);
		noc_ruleset_unref(rs);
	}
	/* The draw must make matches and misses, else it proves nothing. */
	assert_true(matched > events);
}

/* Normalizers too: the first in file order, found by index. */
static void
test_normalizers_equal_looking_at_all(void **state)
{
	struct noc_strbuf sb = NOC_STRBUF_INIT;
	struct noc_ruleset *rs;
	size_t found = 0;

	(void)state;
	for (size_t i = 0; i < 300; i++) {
		noc_strbuf_addf(&sb, "normalize \"n%zu\" { from = \"syslog\"",
				i);
		if (draw(3) == 0)
			noc_strbuf_addf(&sb, ", tag = { \"%s\", \"t%zu\" }",
					WORD, i);
		if (draw(3) == 0)
			noc_strbuf_addf(&sb, ", app = \"%s\"", WORD);
		noc_strbuf_addf(&sb,
				", pattern = \"%s.*%s\", emit = \"k.x%zu\" "
				"}\n",
				WORD, WORD, i);
	}
	rs = rules_load(sb.p);
	for (size_t k = 0; k < 2000; k++) {
		const struct noc_normalizer *got, *want = NULL;
		struct noc_event ev;
		struct noc_syslog m;
		char text[512];

		random_event(&ev, &m, text);
		ev.kind = ev.base;
		for (size_t i = 0; i < rs->nemits && !want; i++) {
			const struct noc_normalizer *e = &rs->emits[i];
			bool tag = !e->tags.len, app = !e->apps.len;

			if (!ev.syslog && !(tag && app))
				continue;
			for (size_t t = 0; t < e->tags.len; t++)
				tag = tag || noc_slice_is(m.tag, e->tags.at[t]);
			for (size_t t = 0; t < e->apps.len; t++)
				app = app || noc_slice_is(m.app, e->apps.at[t]);
			if (tag && app && ev.syslog &&
			    noc_pattern_match(e->pattern, m.message))
				want = e;
		}
		if (!ev.syslog) { /* never so from a syslog sensor */
			noc_event_clear(&ev);
			continue;
		}
		got = noc_normalize(rs, &ev);
		assert_ptr_equal(got, want);
		found += got != NULL;
		noc_event_clear(&ev);
	}
	assert_in_range(found, 100, 1900);
	noc_strbuf_release(&sb);
	noc_ruleset_unref(rs);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_syslog_becomes_canonical),
		cmocka_unit_test(test_traps_by_name_or_oid),
		cmocka_unit_test(test_hooks_read_the_body),
		cmocka_unit_test(test_rules_in_order_each_once),
		cmocka_unit_test(test_pairs_see_both_ends),
		cmocka_unit_test(test_explain_says_why_not),
		cmocka_unit_test(test_index_equals_looking_at_all),
		cmocka_unit_test(test_normalizers_equal_looking_at_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
