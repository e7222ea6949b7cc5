/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/loopback.h"
#include "base/mem.h"
#include "store/writer.h"
#include "engine/expr/template.h"
#include "engine/rule/ruleset.h"
#include "snmp/snmp.h"
#include "api/metrics.h"
#include "api/private.h"

/*
 * GET /metrics.  Labels are names from the rules, the configuration or this
 * program, never from the network.  Free on the unix socket and loopback; a
 * token of a viewer elsewhere.
 */

/* ---- the core ---- */

static const struct {
	const char *path, *name;
	bool counter;
	const char *help;
} core_rows[] = {
	{ "runs.running", "runs_running", false, "Runs that have not ended." },
	{ "runs.blocked", "runs_blocked", false,
	  "Runs that wait for a person to decide." },
	{ "runs.escalating", "runs_escalating", false,
	  "Runs that wait for an acknowledgement." },
	{ "runs.calling", "runs_calling", false,
	  "Runs with an action under way." },
	{ "runs.queued", "runs_queued", false,
	  "Runs whose action waits for a slot." },
	{ "runs.pending", "runs_pending", false,
	  "Runs that wait for their turn to begin." },
	{ "runs.refused", "runs_refused", true,
	  "Starts refused: the same runs or has run, or too many wait." },
	{ "runs.joined", "runs_joined", true,
	  "Starts that were a run that was there." },
	{ "runs.superseded", "runs_superseded", true,
	  "Runs cancelled for one that came after." },
	{ "runs.started", "runs_started", true, "Runs started." },
	{ "runs.forked", "runs_forked", true,
	  "Runs made of one that had ended." },
	{ "runs.retried", "runs_retried", true, "Attempts after the first." },
	{ "runs.unshown", "runs_unshown", true,
	  "Changes not made: nobody signed the event, and the device did not "
	  "show what it says." },
	{ "runs.late", "runs_late", true, "Results that came too late." },
	{ "gates.open", "gates_open", false,
	  "Decisions that people are asked for." },
	{ "gates.decided", "gates_decided", true,
	  "Words of people about what they were asked." },
	{ "awaits.signals", "signals_kept", true,
	  "Signals taken for a wait_for." },
	{ "awaits.looked", "awaits_looked", true,
	  "Times that a run which waits for an event was compared with one." },
	{ "breakers.known", "breakers", false, "Circuit breakers known." },
	{ "breakers.open", "breakers_open", false,
	  "Circuit breakers that are not closed." },
	{ "breakers.trips", "breaker_trips", true,
	  "Times that a circuit breaker opened." },
	{ "breakers.refused", "breaker_refusals", true,
	  "Calls that a circuit breaker refused." },
	{ "breakers.slow", "breaker_slow_calls", true,
	  "Calls that took more than four fifths of their time-out." },
	{ "notify.pending", "notices_pending", false,
	  "Notices not delivered yet." },
	{ "notify.retried", "notices_retried", true,
	  "Attempts at a notice after the first." },
	{ "notify.delivered", "callbacks_delivered", true,
	  "Ends of runs that a URL was told." },
	{ "notify.dead", "callbacks_dead", true,
	  "Ends of runs that a URL could not be told." },
	{ "notify.unreadable", "state_rows_unreadable", false,
	  "Live rows that could not be read at the start." },
	{ "clocks.wrong", "senders_skewed", false,
	  "Senders whose clock is more than 30 s off." },
	{ "clocks.worst", "sender_skew_seconds", false,
	  "The most that one of them is off." },
	{ "enrich_walks", "interface_walks", true,
	  "Walks of a device's interface table." },
	{ "enrich_failed", "interface_walks_failed", true,
	  "Walks that got no answer." },
	{ "enrich_timeouts", "interface_waits_expired", true,
	  "Events that went on without their interface's name." },
	{ "enrich_parked", "interface_waits", true,
	  "Events that waited for their interface's name." },
	{ "enrich_late", "interface_names_wanted", false,
	  "Events to be looked at again when their device answers." },
	{ "seen_keys", "seen_keys", false,
	  "Kinds and devices remembered for unless seen." },
	{ "dedup_keys", "dedup_keys", false, "Keys of hooks remembered." },
	{ "dedup_hits", "dedup_hits", true, "Duplicates found." },
	{ "dedup_full", "dedup_overflows", true,
	  "Keys forgotten early as there were too many." },
	{ "replay_keys", "replay_keys", false,
	  "Signed deliveries remembered." },
	{ "replay_hits", "replay_hits", true,
	  "Deliveries that had been taken before." },
	{ "replay_full", "replay_overflows", true,
	  "Deliveries refused as there were too many to remember." },
	{ "command_keys", "idempotency_keys", false,
	  "Requests with an Idempotency-Key remembered." },
	{ "command_replays", "idempotency_replays", true,
	  "Requests that got the answer of their first." },
	{ "command_keys_refused", "idempotency_refusals", true,
	  "Requests whose key was another one's, in progress, or one too "
	  "many." },
	{ "inform_keys", "inform_keys", false, "INFORMs remembered." },
	{ "inform_hits", "inform_hits", true,
	  "INFORMs that were sent again and answered again." },
	{ "inform_full", "inform_overflows", true,
	  "INFORMs forgotten early as there were too many." },
	{ "heard.engines", "snmp_clocks", false,
	  "SNMPv3 engines whose clock is known." },
	{ "heard.messages", "snmp_messages_kept", false,
	  "Authentic SNMPv3 messages remembered." },
	{ "heard.again", "snmp_replays", true,
	  "Authentic SNMPv3 messages that had been here before." },
	{ "heard.old", "snmp_old", true,
	  "Authentic SNMPv3 messages out of their engine's past." },
	{ "heard.strange", "snmp_engines_refused", true,
	  "Messages of SNMPv3 engines that found no room." },
	{ "low_trust_shed", "low_trust_shed", true,
	  "Events of low trust past low_trust.events and low_trust.bytes." },
	{ "folds_open", "folds_open", false,
	  "Faults that a further witness may join." },
	{ "states_refused", "correlation_states_refused", true,
	  "Correlation states refused as there were too many." },
	{ "states_evicted", "correlation_states_evicted", true,
	  "Correlation states that gave way to newer ones." },
	{ "silences", "silences", false, "Silences in force." },
	{ "freezes", "freezes", false, "Freezes in force." },
	{ "killed", "kill_switch", false, "1 while the kill switch is on." },
	{ "unknown_senders", "unknown_senders", false,
	  "Senders that are not in the inventory." },
	{ "unmatched_sampled_out", "unmatched_not_kept", true,
	  "Unmatched events not kept for explain." },
	{ "clock.steps", "clock_steps", true,
	  "Times that the wall clock was set." },
	{ "schedules", "schedules", false, "Schedules in the rules." },
	{ "schedules_started", "schedule_starts", true,
	  "Runs that schedules started." },
	{ "schedules_missed", "schedule_misses", true,
	  "Times that schedules missed." },
	{ "schedules_skipped", "schedule_skips", true,
	  "Times of schedules that were skipped: overlap, full, refused, "
	  "paused." },
	{ "schedules_filled", "schedule_backfills", true,
	  "Times of schedules that backfills gave a run." },
	{ "schedules_paused", "schedules_paused", false,
	  "Schedules that are paused." },
	{ "schedules_waiting", "schedule_times_waiting", false,
	  "Times of schedules that wait for the run before to end." },
};

static double
number_of(const struct noc_value *v)
{
	if (!v)
		return 0;
	switch (v->type) {
	case NOC_BOOL:
		return v->u.b;
	case NOC_INT:
		return (double)v->u.i;
	case NOC_REAL:
		return v->u.d;
	case NOC_NIL:
	case NOC_STR:
	case NOC_LIST:
	case NOC_MAP:
		break;
	}
	return 0;
}

/* One family, one sample for each member of a map. */
static void
metrics_words(struct noc_metrics *m, const struct noc_value *map,
	      const char *const *words, const char *name, const char *label,
	      const char *help)
{
	noc_metric(m, name, true, help);
	for (; *words; words++)
		noc_metric_label(m, label, *words,
				 number_of(noc_value_get(map, *words)));
}

static void
metrics_sources(struct noc_metrics *m, const struct noc_value *list)
{
	static const char *const fates[] = { "shed",   "refused", "duplicate",
					     "folded", "matched", "unmatched" };
	static const char *const plain[][3] = {
		{ "received", "events_received", "Events received." },
		{ "kernel_dropped", "events_kernel_dropped",
		  "Datagrams that the kernel dropped." },
		{ "malformed", "events_malformed",
		  "Events that were not well formed." },
		{ "unwanted", "events_unwanted",
		  "Posts that were not what their hook's where asks for." },
	};

	for (size_t k = 0; k < NOC_COUNT(plain); k++) {
		noc_metric(m, plain[k][1], true, plain[k][2]);
		for (size_t i = 0; i < noc_value_len(list); i++) {
			const struct noc_value *s = noc_value_at(list, i);

			noc_metric_label(
			    m, "source", noc_value_get_str(s, "source", ""),
			    number_of(noc_value_get(s, plain[k][0])));
		}
	}
	noc_metric(m, "events_in_progress", false,
		   "Events that wait for their interface's name.");
	for (size_t i = 0; i < noc_value_len(list); i++) {
		const struct noc_value *s = noc_value_at(list, i);

		noc_metric_label(m, "source",
				 noc_value_get_str(s, "source", ""),
				 number_of(noc_value_get(s, "in_progress")));
	}
	noc_metric(m, "events", true, "Events by what became of them.");
	for (size_t i = 0; i < noc_value_len(list); i++) {
		const struct noc_value *s = noc_value_at(list, i);

		for (size_t k = 0; k < NOC_COUNT(fates); k++)
			noc_metric_labels(
			    m, "source", noc_value_get_str(s, "source", ""),
			    "fate", fates[k],
			    number_of(noc_value_get(s, fates[k])));
	}
}

static void
metrics_rules(struct noc_metrics *m, const struct noc_value *stats,
	      const struct noc_ruleset *rs)
{
	static const char *const outcomes[] = { "fired",    "cancelled",
						"damped",   "guarded",
						"silenced", "observed",
						"counted",  "errored" };
	const struct noc_value *rules = noc_value_get(stats, "rules");

	noc_metric(m, "rule_matches", true, "Events that a rule matched.");
	for (size_t i = 0; rs && i < rs->nrules; i++)
		noc_metric_label(
		    m, "rule", rs->rules[i].name,
		    number_of(noc_value_get(
			noc_value_get(rules, rs->rules[i].name), "matched")));
	noc_metric(m, "rule_held", false, "Events that a rule holds now.");
	for (size_t i = 0; rs && i < rs->nrules; i++)
		noc_metric_label(
		    m, "rule", rs->rules[i].name,
		    number_of(noc_value_get(
			noc_value_get(rules, rs->rules[i].name), "held_now")));
	noc_metric(m, "rule_outcomes", true,
		   "Where the events that a rule matched went.");
	for (size_t i = 0; rs && i < rs->nrules; i++)
		for (size_t k = 0; k < NOC_COUNT(outcomes); k++)
			noc_metric_labels(
			    m, "rule", rs->rules[i].name, "outcome",
			    outcomes[k],
			    number_of(noc_value_get(
				noc_value_get(rules, rs->rules[i].name),
				outcomes[k])));
}

struct metric_row {
	const char *key, *name;
	bool counter;
	const char *help;
};

static void
metrics_by(struct noc_metrics *m, const char *label,
	   const struct metric_row *rows, size_t n,
	   const struct noc_value *families)
{
	for (size_t k = 0; k < n; k++) {
		noc_metric(m, rows[k].name, rows[k].counter, rows[k].help);
		for (size_t i = 0; families && i < noc_value_len(families); i++)
			noc_metric_label(
			    m, label, families->u.map.at[i].key,
			    number_of(noc_value_get(families->u.map.at[i].value,
						    rows[k].key)));
	}
}

/* Calls by the family of their action; what flows named, by its kind. */
static void
metrics_calls(struct noc_metrics *m, const struct noc_value *calls)
{
	static const struct metric_row rows[] = {
		{ "out", "calls_out", false, "Calls under way." },
		{ "queued", "calls_queued", false,
		  "Calls that wait for a slot (limits.*)." },
		{ "oldest_s", "calls_queue_oldest_seconds", false,
		  "How long the first of them has waited." },
		{ "waited", "calls_waited", true,
		  "Calls that had to wait for a slot." },
		{ "waited_s", "calls_wait_seconds", true,
		  "How long they waited, together." },
	};

	static const struct metric_row named[] = {
		{ "out", "names_held", false,
		  "Limits of steps, limits of flows, locks and dedup keys that "
		  "are held." },
		{ "queued", "names_queued", false,
		  "Calls and runs that wait for one." },
		{ "oldest_s", "names_queue_oldest_seconds", false,
		  "How long the first of them has waited." },
		{ "waited", "names_waited", true,
		  "Calls and runs that had to wait for one." },
		{ "waited_s", "names_wait_seconds", true,
		  "How long they waited, together." },
	};

	metrics_by(m, "family", rows, NOC_COUNT(rows),
		   noc_value_get(calls, "families"));
	metrics_by(m, "kind", named, NOC_COUNT(named),
		   noc_value_get(calls, "names"));
}

static void
metrics_core(struct noc_metrics *m, struct noc_env *env)
{
	static const char *const ends[] = { "succeeded", "failed", "cancelled",
					    NULL };
	static const char *const notices[] = { "sent",	   "printed",  "failed",
					       "digested", "silenced", NULL };
	struct noc_value *stats = noc_core_stats(env->core);
	const struct noc_value *states = noc_value_get(stats, "states");
	const struct noc_value *limits = noc_value_get(stats, "limits_reached");

	metrics_sources(m, noc_value_get(stats, "sources"));
	metrics_rules(m, stats, noc_core_rules(env->core));
	metrics_words(m, noc_value_get(stats, "runs"), ends, "runs_ended",
		      "state", "Runs that ended, by state.");
	metrics_words(m, noc_value_get(stats, "notify"), notices, "notices",
		      "outcome", "Notices by what became of them.");
	metrics_calls(m, noc_value_get(stats, "calls"));
	noc_metric(m, "limit_reached", true, "Times that a limit was reached.");
	for (size_t i = 0; limits && i < noc_value_len(limits); i++)
		noc_metric_label(m, "limit", limits->u.map.at[i].key,
				 number_of(limits->u.map.at[i].value));
	noc_metric(m, "correlation_states", false,
		   "Open correlation states by form.");
	for (size_t i = 0; states && i < noc_value_len(states); i++)
		noc_metric_label(m, "form", states->u.map.at[i].key,
				 number_of(states->u.map.at[i].value));
	for (size_t i = 0; i < NOC_COUNT(core_rows); i++) {
		noc_metric(m, core_rows[i].name, core_rows[i].counter,
			   core_rows[i].help);
		noc_metric_value(
		    m, number_of(noc_value_path(stats, core_rows[i].path)));
	}
	noc_value_free(stats);
}

/* ---- the rest ---- */

#define METRIC(m, name, counter, help, value)               \
	do {                                                \
		noc_metric((m), (name), (counter), (help)); \
		noc_metric_value((m), (double)(value));     \
	} while (0)

static void
metrics_journal(struct noc_metrics *m, struct noc_env *env)
{
	struct noc_writer_stats w;

	memset(&w, 0, sizeof(w));
	noc_writer_stats(env->writer, &w);
	METRIC(m, "journal_records", true, "Records in the journal.", w.size);
	METRIC(m, "journal_commits", true, "Commits since the start.",
	       w.commits);
	METRIC(m, "journal_failures", true, "Commits that failed.", w.failures);
	METRIC(m, "journal_failing", false,
	       "1 while the journal cannot be written.", w.failing);
	METRIC(m, "journal_queue_transactions", false,
	       "Transactions that wait to be committed.", w.queue_txns);
	METRIC(m, "journal_queue_bytes", false,
	       "Bytes that wait to be committed.", w.queue_bytes);
	METRIC(m, "journal_lag_seconds", false,
	       "Age of the oldest transaction that waits.",
	       (double)w.lag_ns / 1e9);
	METRIC(m, "journal_wal_pages", false, "Pages in the write-ahead log.",
	       w.wal_pages);
}

static void
metrics_http(struct noc_metrics *m, struct noc_env *env)
{
	static const char *const classes[] = { "none", "1xx", "2xx",
					       "3xx",  "4xx", "5xx" };
	struct noc_http_stats h;

	memset(&h, 0, sizeof(h));
	noc_http_stats(env->http, &h);
	noc_metric(m, "http_responses", true, "HTTP answers by class.");
	for (size_t i = 0; i < NOC_COUNT(classes); i++)
		noc_metric_label(m, "class", classes[i], (double)h.by_class[i]);
	METRIC(m, "http_connections_accepted", true, "Connections accepted.",
	       h.accepted);
	METRIC(m, "http_connections_refused", true,
	       "Connections refused by a cap.", h.refused);
	METRIC(m, "http_connections", false, "Connections open.", h.conns);
	METRIC(m, "http_streams", false, "Long answers under way.", h.streams);
	METRIC(m, "http_timeouts", true, "Connections that ran out of time.",
	       h.timeouts);
	METRIC(m, "http_malformed", true, "Requests that were malformed.",
	       h.malformed);
	METRIC(m, "http_received_bytes", true, "Bytes received.", h.bytes_in);
	METRIC(m, "http_sent_bytes", true, "Bytes sent.", h.bytes_out);
}

static void
metrics_snmp(struct noc_metrics *m, struct noc_env *env)
{
	struct noc_snmp_stats s;

	if (!env->snmp)
		return;
	memset(&s, 0, sizeof(s));
	noc_snmp_stats(env->snmp, &s);
	METRIC(m, "snmp_received", true, "SNMP datagrams received.",
	       s.received);
	METRIC(m, "snmp_malformed", true, "SNMP datagrams malformed.",
	       s.malformed);
	METRIC(m, "snmp_denied", true, "Notifications with wrong credentials.",
	       s.denied);
	METRIC(m, "snmp_traps", true, "Traps accepted.", s.traps);
	METRIC(m, "snmp_informs", true, "Informs accepted.", s.informs);
	METRIC(m, "snmp_informs_answered", true, "Informs answered.",
	       s.answered);
	METRIC(m, "snmp_engines", false, "Foreign engines known.", s.engines);
	METRIC(m, "snmp_requests", true, "Requests sent to agents.",
	       s.requests);
	METRIC(m, "snmp_timeouts", true, "Requests that got no answer.",
	       s.timeouts);
	METRIC(m, "snmp_bad_replies", true, "Answers that were not valid.",
	       s.bad_replies);
}

static void
metrics_process(struct noc_metrics *m, struct noc_env *env)
{
	unsigned long size = 0, rss = 0;
	FILE *f = fopen("/proc/self/statm", "re");

	if (f) {
		if (fscanf(f, "%lu %lu", &size, &rss) != 2)
			rss = 0;
		fclose(f);
	}
	METRIC(m, "resident_memory_bytes", false, "Resident memory.",
	       (double)rss * (double)sysconf(_SC_PAGESIZE));
	METRIC(m, "loop_turn_max_seconds", false,
	       "Longest turn of the event loop since the last scrape.",
	       (double)noc_loop_turn_max(env->loop, true) / 1e9);
	METRIC(m, "soft_failures", true, "Assertions that did not hold.",
	       noc_soft_failures());
	METRIC(m, "template_missing", true,
	       "Names without a value, printed as ?name?.",
	       noc_template_missing());
	noc_metric(m, "build_info", false, "The version, as a label.");
	noc_metric_label(m, "version", PACKAGE_VERSION, 1);
}

static bool
peer_is_local(const struct noc_http_req *req)
{
	return noc_http_is_unix(req) ||
	       noc_is_loopback(noc_slice_str(noc_http_peer(req)));
}

static void
on_metrics(struct noc_http_req *req, void *arg)
{
	struct noc_api *api = arg;
	const char *accept = noc_http_header(req, "accept");
	struct noc_metrics m = {
		.open = accept && strstr(accept, "application/openmetrics-"
						 "text")
	};
	struct noc_err err;
	char actor[128];
	int r = peer_is_local(req)
		    ? 0
		    : noc_auth_check(api->env, req, NOC_ROLE_VIEWER, actor,
				     sizeof(actor), &err);

	if (r) {
		noc_http_reply_problem(req,
				       r == NOC_EINPUT	  ? 401
				       : r == NOC_EDENIED ? 403
							  : 503,
				       NULL, err.msg);
		return;
	}
	metrics_core(&m, api->env);
	metrics_journal(&m, api->env);
	metrics_http(&m, api->env);
	metrics_snmp(&m, api->env);
	metrics_process(&m, api->env);
	noc_metrics_end(&m);
	noc_http_reply(req, 200,
		       m.open ? "application/openmetrics-text; version=1.0.0; "
				"charset=utf-8"
			      : "text/plain; version=0.0.4; charset=utf-8",
		       m.out.p, m.out.len);
	noc_strbuf_release(&m.out);
}

void
noc_api_metrics(struct noc_api *api)
{
	noc_http_route(api->env->http, "GET", "/metrics", NOC_ROLE_NONE,
		       on_metrics, api);
}
