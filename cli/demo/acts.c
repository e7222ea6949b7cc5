/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "cli/demo/private.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"

/*
 * The three acts: a fault that heals, one that a person meant, and one that
 * cannot be healed.  Each ends in an error unless all of it happened.
 */
#define ACT_TRAP_MS 12000
#define ACT_MS	    10000 /* what a machine that stalls may take for a step */

/* ---- pieces of the story ---- */

/* The trap's event, and what the rule decided about it. */
static int
act_trap(struct noc_demo *d, const char *outcome,
	 const struct noc_value **event, const struct noc_value **decision,
	 struct noc_err *err)
{
	const struct noc_demo_want down = { .kind = "EVENT",
					    .event_kind = "link.down",
					    .target = NOC_DEMO_DEVICE };
	struct noc_demo_want decided = { .kind = "DECISION",
					 .outcome = outcome };
	int r = noc_demo_await(d, &down, ACT_TRAP_MS, event, err);

	if (r)
		return r;
	decided.event = noc_value_get_str(*event, "event", "");
	return noc_demo_await(d, &decided, ACT_MS, decision, err);
}

static const char *
act_reason(const struct noc_value *decision)
{
	return noc_value_get_str(noc_value_get(decision, "detail"), "reason",
				 "?");
}

static void
act_tell_trap(struct noc_demo *d, const struct noc_value *event)
{
	const struct noc_value *detail = noc_value_get(event, "detail");
	const struct noc_value *data = noc_value_get(detail, "data");
	const char *ifname = noc_value_get_str(data, "ifname", NULL);
	const struct noc_value *asked = noc_value_get(data, "asked_ms");
	char name[64], how[48];

	snprintf(name, sizeof(name), "%s", ifname ? ifname : "?");
	if (!ifname)
		snprintf(how, sizeof(how), "ifName asked: no answer");
	else if (asked)
		snprintf(how, sizeof(how), "ifName asked: %lld ms",
			 (long long)noc_value_get_int(data, "asked_ms", 0));
	else
		snprintf(how, sizeof(how), "ifName asked: <1 ms");
	noc_demo_tell(
	    d, event, "trap %s if=%lld → %s %s/%s (%s)",
	    noc_value_get_str(noc_value_get(detail, "snmp"), "trap", "?"),
	    (long long)noc_value_get_int(data, "ifindex", 0),
	    noc_value_get_str(detail, "kind", "?"),
	    noc_value_get_str(event, "target", "?"), name, how);
}

/* The operator raises it; the next fault is a new one. */
static int
act_raise(struct noc_demo *d, struct noc_err *err)
{
	const struct noc_demo_want up = { .kind = "EVENT",
					  .event_kind = "link.up" };
	const struct noc_value *rec;
	const char *text;
	int r = noc_demo_act(d, "up again", &text, err);

	if (!r)
		r = d->ops->set(d, true, err);
	return r ? r : noc_demo_await(d, &up, ACT_TRAP_MS, &rec, err);
}

static const struct noc_value *
act_step(const struct noc_value *list, const char *key, const char *name)
{
	for (size_t i = 0; i < noc_value_len(list); i++) {
		const struct noc_value *v = noc_value_at(list, i);

		if (!strcmp(noc_value_get_str(v, key, ""), name))
			return v;
	}
	return NULL;
}

/* ---- 1: shut, healed ---- */

/* "SET ifAdminStatus.7=up" of a step's parameters as they were written. */
static void
act_tell_set(struct noc_demo *d, const struct noc_value *run,
	     const struct noc_value *intent, const struct noc_value *done)
{
	const struct noc_value *step =
	    act_step(noc_value_get(run, "steps"), "path", "raise");
	const struct noc_value *opts = noc_value_path(step, "params.opts");
	struct noc_strbuf value = NOC_STRBUF_INIT;
	int64_t ms = noc_value_get_int(noc_value_get(done, "detail"), "ms", 0);
	const char *name = "?";

	if (noc_value_len(opts) == 1) {
		name = opts->u.map.at[0].key;
		noc_value_text(opts->u.map.at[0].value, &value);
	}
	noc_demo_tell(d, intent, "durable → SET %s=%s → %s ", name,
		      value.p ? value.p : "?",
		      noc_value_get_str(done, "outcome", "?"));
	if (ms)
		noc_demo_tell(d, NULL, "%lld ms", (long long)ms);
	else
		noc_demo_tell(d, NULL, "<1 ms");
	noc_strbuf_release(&value);
}

static void
act_tell_verify(struct noc_demo *d, const struct noc_value *run,
		const struct noc_value *plan, const struct noc_value *end)
{
	const struct noc_value *step =
	    act_step(noc_value_get(run, "steps"), "path", "is_up");
	const struct noc_value *def =
	    act_step(noc_value_get(plan, "steps"), "name", "is_up");

	noc_demo_tell(
	    d, end, "verify %s, stable %s → %s run %.8s…",
	    noc_value_get_str(noc_value_get(step, "output"), "oper", "?"),
	    noc_value_get_str(noc_value_get(def, "opts"), "stable", "?"),
	    noc_value_get_str(end, "outcome", "?"),
	    noc_value_get_str(end, "run", "?"));
}

static int
act_heal_run(struct noc_demo *d, const char *event, struct noc_err *err)
{
	struct noc_demo_want want = { .kind = "RUN_START", .event = event };
	const struct noc_value *start, *intent, *done, *end;
	struct noc_value *run = NULL, *plan = NULL;
	int r = noc_demo_await(d, &want, ACT_MS, &start, err);

	if (r)
		return r;
	want = (struct noc_demo_want){
		.kind = "STEP_DONE",
		.run = noc_value_get_str(start, "run", ""),
		.step = "raise",
	};
	r = noc_demo_await(d, &want, ACT_MS, &done, err);
	if (r)
		return r;
	want.kind = "STEP_START";
	intent = noc_demo_find(d, &want);
	if (!intent)
		return noc_err_set(err, NOC_ESTORE,
				   "A SET went out without a durable intent.");
	d->intent_seq = noc_value_get_int(intent, "seq", 0);
	r = noc_demo_run(d, want.run, &run, &plan, err);
	if (r)
		return r;
	act_tell_set(d, run, intent, done);
	noc_value_free(run);
	noc_value_free(plan);
	want.kind = "RUN_END";
	want.step = NULL;
	r = noc_demo_await(d, &want, 22000, &end, err);
	if (!r)
		r = noc_demo_run(d, want.run, &run, &plan, err);
	if (r)
		return r;
	act_tell_verify(d, run, plan, end);
	noc_demo_end_line(d);
	noc_value_free(run);
	noc_value_free(plan);
	if (strcmp(noc_value_get_str(end, "outcome", ""), "Succeeded"))
		return noc_err_set(err, NOC_EREMOTE,
				   "The run did not succeed: %s.",
				   act_reason(end));
	return 0;
}

static int
act_heals(struct noc_demo *d, struct noc_err *err)
{
	const struct noc_demo_want up = { .kind = "EVENT",
					  .event_kind = "link.up" };
	const struct noc_value *event, *decision, *rec;
	const char *text, *rule;
	int r = noc_demo_act(d, NOC_DEMO_IF " shut", &text, err);

	if (r)
		return r;
	noc_demo_tell(d, NULL, "+0.0 %s", text);
	r = d->ops->set(d, false, err);
	if (!r)
		r = act_trap(d, "held", &event, &decision, err);
	if (r)
		return r;
	act_tell_trap(d, event);
	rule = noc_value_get_str(decision, "rule", "?");
	noc_demo_tell(d, decision, "%.*s %s", (int)strcspn(rule, "@"), rule,
		      act_reason(decision));
	noc_demo_end_line(d);
	r = act_heal_run(d, noc_value_get_str(event, "event", ""), err);
	if (!r && !d->ops->is_up(d))
		r = noc_err_set(err, NOC_EREMOTE,
				"The run succeeded and %s is down.",
				NOC_DEMO_IF);
	return r ? r : noc_demo_await(d, &up, ACT_TRAP_MS, &rec, err);
}

/* ---- 2: a person meant it ---- */

static int
act_operator(struct noc_demo *d, struct noc_err *err)
{
	static const char line[] =
	    "<189>Nov 23 02:13:07 " NOC_DEMO_DEVICE " %SYS-5-CONFIG_I: "
	    "Configured from console by joe on vty0 (192.0.2.9)";
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_port = htons((uint16_t)d->syslog_port) };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool sent;

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	sent = fd >= 0 && sendto(fd, line, sizeof(line) - 1, 0,
				 (struct sockaddr *)&to, sizeof(to)) > 0;
	if (fd >= 0)
		close(fd);
	return sent ? 0
		    : noc_err_set(err, NOC_EREMOTE,
				  "The config message was not sent: %s.",
				  strerror(errno));
}

static int
act_left_alone(struct noc_demo *d, int64_t *changed_ns, struct noc_err *err)
{
	const struct noc_demo_want change = { .kind = "EVENT",
					      .event_kind = "config.change",
					      .target = NOC_DEMO_DEVICE };
	const struct noc_value *event, *decision, *rec;
	struct noc_demo_want started = { .kind = "RUN_START" };
	const char *text;
	int r = noc_demo_act(d, "shut + operator's config message", &text, err);

	if (!r)
		r = act_operator(d, err);
	if (!r)
		r = noc_demo_await(d, &change, ACT_MS, &rec, err);
	if (r)
		return r;
	*changed_ns = noc_value_get_int(rec, "at", 0);
	r = d->ops->set(d, false, err);
	if (!r)
		r = act_trap(d, "cancelled", &event, &decision, err);
	if (r)
		return r;
	noc_demo_tell(d, NULL, "2nd: %s → %s", text, act_reason(decision));
	noc_demo_end_line(d);
	started.event = noc_value_get_str(event, "event", "");
	if (noc_demo_find(d, &started) || d->ops->is_up(d))
		return noc_err_set(err, NOC_EREMOTE,
				   "A port that a person shut was touched.");
	return 0;
}

/* ---- 3: nobody there ---- */

/* "noc, oncall": the channels this run told, in order. */
static void
act_channels(const struct noc_demo *d, const char *run, struct noc_strbuf *out)
{
	for (size_t i = d->mark; i < noc_value_len(d->records); i++) {
		const struct noc_value *rec = noc_value_at(d->records, i);
		const char *step = noc_value_get_str(rec, "step", "");
		const char *channel = noc_value_get_str(rec, "target", "");

		if (strcmp(noc_value_get_str(rec, "run", ""), run) ||
		    strncmp(step, "notify:", 7) ||
		    (out->len && strstr(out->p, channel)))
			continue;
		noc_strbuf_addf(out, "%s%s", out->len ? ", " : "", channel);
	}
}

static int
act_acknowledge(struct noc_demo *d, const char *run, struct noc_err *err)
{
	struct noc_demo_want ack = { .kind = "SIGNAL",
				     .run = run,
				     .outcome = "ack" };
	struct noc_demo_want end = { .kind = "RUN_END",
				     .run = run,
				     .outcome = "Failed" };
	struct noc_value *body = noc_value_map(), *answer;
	char *target = noc_asprintf("/api/v1/runs/%s/signal/ack", run);
	const struct noc_value *rec;
	int r;

	noc_value_set(body, "why", noc_value_str("seen; the demo is over"));
	r = noc_demo_post(d, target, NULL, body, &answer, err);
	free(target);
	if (r)
		return r;
	noc_value_free(answer);
	r = noc_demo_await(d, &ack, ACT_MS, &rec, err);
	if (!r)
		noc_demo_tell(d, NULL, "; acknowledged");
	noc_demo_end_line(d);
	return r ? r : noc_demo_await(d, &end, ACT_MS, &rec, err);
}

static int
act_escalates(struct noc_demo *d, const char *text, const char *run,
	      struct noc_err *err)
{
	struct noc_demo_want want = { .kind = "BREAKER",
				      .target = NOC_DEMO_DEVICE,
				      .outcome = "OPEN" };
	struct noc_demo_want tries = { .kind = "STEP_START",
				       .run = run,
				       .step = "look" };
	struct noc_strbuf channels = NOC_STRBUF_INIT;
	const struct noc_value *breaker, *rec;
	size_t n;
	int r = noc_demo_await(d, &want, 12000, &breaker, err);

	if (r)
		return r;
	n = noc_demo_count(d, &tries);
	noc_demo_tell(d, NULL, "3rd: %s → %zu attempts, breaker %s %s", text, n,
		      noc_value_get_str(breaker, "outcome", "?"),
		      noc_value_get_str(breaker, "target", "?"));
	want = (struct noc_demo_want){ .kind = "STEP_DONE",
				       .run = run,
				       .step = "notify:oncall" };
	r = noc_demo_await(d, &want, ACT_MS, &rec, err);
	if (r)
		return r;
	act_channels(d, run, &channels);
	noc_demo_tell(d, NULL, ", notify %s", channels.p ? channels.p : "");
	noc_strbuf_release(&channels);
	r = act_acknowledge(d, run, err);
	if (!r && n != 3)
		r = noc_err_set(err, NOC_EREMOTE,
				"It was asked %zu times, not 3.", n);
	return r;
}

static int
act_silent(struct noc_demo *d, struct noc_err *err)
{
	struct noc_demo_want started = { .kind = "RUN_START" };
	const struct noc_value *event, *decision, *start;
	const char *text;
	int r = noc_demo_act(d, "agent silent", &text, err);

	/* First, or a slow machine asks before it is silent. */
	if (!r)
		r = d->ops->silence(d, err);
	if (!r)
		r = d->ops->set(d, false, err);
	if (!r)
		r = act_trap(d, "held", &event, &decision, err);
	if (r)
		return r;
	started.event = noc_value_get_str(event, "event", "");
	r = noc_demo_await(d, &started, ACT_MS, &start, err);
	if (r)
		return r;
	return act_escalates(d, text, noc_value_get_str(start, "run", ""), err);
}

int
noc_demo_acts(struct noc_demo *d, struct noc_err *err)
{
	int64_t changed_ns = 0;
	int r = act_heals(d, err);

	if (!r)
		r = act_left_alone(d, &changed_ns, err);
	if (!r)
		r = act_raise(d, err);
	/* Until the message of the second act excuses nothing any more. */
	while (!r && noc_clock_read().wall_ns <
			 changed_ns + NOC_DEMO_BACK_MS * NOC_NS_PER_MS)
		r = noc_demo_pause(d, 50, err);
	return r ? r : act_silent(d, err);
}
