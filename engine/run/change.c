/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "engine/run/change.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "proto/ifrow.h"
#include "engine/lang/ast.h"
#include "engine/expr/template.h"
#include "engine/edge/env.h"
#include "engine/core/steady.h"
#include "engine/run/attempt.h"
#include "engine/run/clearance.h"
#include "engine/run/live.h"
#include "engine/run/code.h"

/*
 * A row of the interface tables is kept as it stands behind its column: ".7",
 * "[Gi1/0/1]".  What is asked has names that no rule can write in a template.
 */
#define CHANGE_MARK   "noc:"
#define CHANGE_UP     CHANGE_MARK "sysUpTime"
#define CHANGE_LAST   CHANGE_MARK "ifLastChange"
#define CHANGE_ADMIN  CHANGE_MARK "ifAdminStatus"
#define CHANGE_PORT   72
#define CHANGE_ROWS   16 /* asked of one target */
#define CHANGE_OBJECT 64 /* that one snmp.get may name, actions/snmp.c */

/* An INFORM that is sent again, a relay that is slow: so long before its event
 * a change may have been. */
#define CHANGE_RECENT_MS (300 * 1000LL)
/* What a port is when its agent has started is no change; option agent.boot. */
#define CHANGE_BOOT_MS (300 * 1000LL)
#define CHANGE_TICK_MS 10

static const char *const change_words[] = {
	[NOC_CHANGE_SHOWN] = "shown",
	[NOC_CHANGE_OLD] = "old",
	[NOC_CHANGE_UNSAID] = "unsaid",
};

/* ---- which ports ---- */

/* Down is what no forged message opens. */
static bool
change_shuts(const struct noc_value *v)
{
	return noc_value_is_str(v, "down") || noc_value_is_str(v, "2") ||
	       (v && v->type == NOC_INT && v->u.i == 2);
}

static bool
change_is_link(const struct noc_run *r)
{
	return !strncmp(r->ev->kind, "link.", 5);
}

/* The event's own port, by each name that it has for it. */
static void
change_of_event(const struct noc_run *r, struct noc_value *rows)
{
	const char *name = noc_value_get_str(r->ev->data, "ifname", NULL);
	const struct noc_value *index = noc_value_get(r->ev->data, "ifindex");
	char row[sizeof(((struct noc_ifrow *)0)->text)];

	if (name) {
		snprintf(row, sizeof(row), "[%s]", name);
		noc_value_set(rows, row, noc_value_bool(true));
	}
	if (index && index->type == NOC_INT) {
		snprintf(row, sizeof(row), ".%lld", (long long)index->u.i);
		noc_value_set(rows, row, noc_value_bool(true));
	}
}

/*
 * Which ports of the target must have changed before these objects may be set,
 * and whether one that is up anyway does as well.  An event of a link says that
 * a port changed: whatever is set because of it.  Any other says something that
 * no column shows; still it opens no port that is shut.
 */
static void
change_rows(const struct noc_run *r, const char *target,
	    const struct noc_value *objects, struct noc_value *rows)
{
	const struct noc_env *env = noc_core_env(r->core);
	const struct noc_mib *mib =
	    env && env->mib ? env->mib : noc_mib_builtin();
	bool link = change_is_link(r), ports = false;

	for (size_t i = 0; i < noc_value_len(objects); i++) {
		const struct noc_member *m = &objects->u.map.at[i];
		struct noc_ifrow row;

		if (!noc_ifrow_parse(mib, m->key, &row))
			continue;
		ports = true;
		if (link || (row.admin && !change_shuts(m->value)))
			noc_value_set(rows, row.text, noc_value_bool(link));
	}
	if (link && !ports &&
	    noc_slice_eq(r->ev->device, noc_slice_str(target)))
		change_of_event(r, rows);
}

static bool
change_is_set(const struct noc_step_def *def)
{
	return def->mutates && def->action && !strcmp(def->action, "snmp.set");
}

/* What of a step to come can be said by now. */
static void
change_coming(const struct noc_lane *lane, const struct noc_step_def *def,
	      const char *target, struct noc_value *rows)
{
	const struct noc_run *r = lane->run;
	const struct noc_value *said = noc_ast_opts(def->params);
	struct noc_value *objects = noc_value_map();
	struct noc_scope scope;
	char *whom = NULL;

	noc_lane_scope(lane, &scope);
	if (noc_attempt_target(lane, def, &whom, NULL) || strcmp(whom, target))
		said = NULL;
	for (size_t i = 0; i < noc_value_len(said); i++) {
		struct noc_value *one = noc_value_map(), *filled = NULL;
		const struct noc_member *m = &said->u.map.at[i];

		noc_value_set(one, m->key, noc_value_copy(m->value));
		if (!noc_template_tree(one, &scope, NOC_MISSING_FAIL, &filled,
				       NULL) &&
		    noc_value_len(filled))
			noc_value_set(
			    objects, filled->u.map.at[0].key,
			    noc_value_copy(filled->u.map.at[0].value));
		noc_value_free(filled);
		noc_value_free(one);
	}
	if (said)
		change_rows(r, target, objects, rows);
	noc_value_free(objects);
	free(whom);
}

/* ---- asking ---- */

static void
change_add(struct noc_value *opts, const char *name, const char *object,
	   const char *row)
{
	char *key = noc_asprintf("%s%s", name, row);

	noc_value_set(opts, key, noc_value_strf("%s%s", object, row));
	free(key);
}

void
noc_change_ask(const struct noc_live *l, const char *target,
	       struct noc_value *params)
{
	const struct noc_run *r = l->run;
	const struct noc_value *have = noc_value_get(r->changed, target);
	struct noc_value *opts = noc_value_get(params, "opts");
	struct noc_value *rows;
	size_t n = 0;

	if (!noc_run_untrusted(r) || !r->plan->acting || !opts ||
	    !noc_ast_is(params, "snmp.get"))
		return;
	rows = noc_value_map();
	for (size_t i = l->node + 1; i < r->plan->undo_from; i++)
		if (change_is_set(&r->plan->steps[i]))
			change_coming(l->lane, &r->plan->steps[i], target,
				      rows);
	for (size_t i = 0; i < noc_value_len(rows) && n < CHANGE_ROWS; i++) {
		const struct noc_member *m = &rows->u.map.at[i];

		if (noc_value_get(have, m->key) ||
		    noc_value_len(opts) + 3 > CHANGE_OBJECT)
			continue;
		if (!n++)
			change_add(opts, CHANGE_UP, "sysUpTime.0", "");
		change_add(opts, CHANGE_LAST, "ifLastChange", m->key);
		if (!m->value->u.b)
			change_add(opts, CHANGE_ADMIN, "ifAdminStatus", m->key);
	}
	noc_value_free(rows);
}

/* ---- the answer ---- */

static const struct noc_value *
change_said(const struct noc_value *result, const char *name, const char *row)
{
	char *key = noc_asprintf("%s%s", name, row);
	const struct noc_value *v = noc_value_get(result, key);

	free(key);
	return v;
}

static int64_t
change_boot_ms(const struct noc_run *r)
{
	const struct noc_env *env = noc_core_env(r->core);

	return noc_value_get_int(env ? env->config : NULL, "agent.boot",
				 CHANGE_BOOT_MS);
}

/* How old it may be: as old as its event, and a little more. */
static int64_t
change_window_ms(const struct noc_run *r)
{
	int64_t ns =
	    noc_steady_now(r->core) - noc_steady_of_event(r->core, r->ev);

	return (ns > 0 ? ns / NOC_NS_PER_MS : 0) + CHANGE_RECENT_MS;
}

static enum noc_change
change_verdict(const struct noc_run *r, const struct noc_value *result,
	       const char *row, char why[128])
{
	const struct noc_value *up = noc_value_get(result, CHANGE_UP);
	const struct noc_value *last = change_said(result, CHANGE_LAST, row);
	const struct noc_value *admin = change_said(result, CHANGE_ADMIN, row);
	int64_t age_ms;
	char ago[32];

	if (noc_value_is_str(admin, "up") ||
	    (admin && admin->type == NOC_INT && admin->u.i == 1)) {
		snprintf(why, 128, "it was not shut");
		return NOC_CHANGE_SHOWN;
	}
	if (!up || up->type != NOC_INT) {
		snprintf(why, 128, "it has no sysUpTime");
		return NOC_CHANGE_UNSAID;
	}
	if (!last || last->type != NOC_INT) {
		snprintf(why, 128, "it has no ifLastChange");
		return NOC_CHANGE_UNSAID;
	}
	/* 0: before the agent started, or one that never says it. */
	if (!(uint32_t)last->u.i) {
		snprintf(why, 128, "its ifLastChange is 0");
		return NOC_CHANGE_UNSAID;
	}
	/* TimeTicks: both wrap after 497 days. */
	age_ms =
	    (int64_t)((uint32_t)up->u.i - (uint32_t)last->u.i) * CHANGE_TICK_MS;
	noc_duration_format(ago, age_ms / 1000 * 1000);
	if (age_ms > change_window_ms(r)) {
		snprintf(why, 128, "it has been like that for %s", ago);
		return NOC_CHANGE_OLD;
	}
	if ((int64_t)(uint32_t)last->u.i * CHANGE_TICK_MS < change_boot_ms(r)) {
		snprintf(why, 128, "its agent had started just before");
		return NOC_CHANGE_UNSAID;
	}
	snprintf(why, 128, "it changed %s before", ago);
	return NOC_CHANGE_SHOWN;
}

static void
change_keep(struct noc_run *r, const char *target, const char *row,
	    const struct noc_value *result)
{
	struct noc_value *rows = noc_value_get(r->changed, target);
	struct noc_value *v = noc_value_map();
	char why[128];
	enum noc_change change = change_verdict(r, result, row, why);

	if (!rows) {
		rows = noc_value_map();
		if (!r->changed)
			r->changed = noc_value_map();
		noc_value_set(r->changed, target, rows);
	}
	noc_value_set(v, "says", noc_value_str(change_words[change]));
	noc_value_set(v, "why", noc_value_str(why));
	noc_value_set(rows, row, v);
}

const struct noc_value *
noc_change_answer(struct noc_run *r, const char *target,
		  const struct noc_value *params, struct noc_value *result)
{
	const struct noc_value *opts = noc_ast_opts(params);
	const size_t mark = strlen(CHANGE_MARK), last = strlen(CHANGE_LAST);
	bool asked = noc_value_get(opts, CHANGE_UP) != NULL;

	if (!asked || !result)
		return NULL;
	for (size_t i = 0; i < noc_value_len(opts); i++)
		if (!strncmp(opts->u.map.at[i].key, CHANGE_LAST, last))
			change_keep(r, target, opts->u.map.at[i].key + last,
				    result);
	for (size_t i = 0; i < noc_value_len(opts); i++)
		if (!strncmp(opts->u.map.at[i].key, CHANGE_MARK, mark))
			noc_value_unset(result, opts->u.map.at[i].key);
	return noc_value_get(r->changed, target);
}

/* ---- judging ---- */

/* ".7" -> "port 7", "[Gi1/0/1]" -> "port Gi1/0/1" */
static const char *
change_port(const char *row, char out[CHANGE_PORT])
{
	size_t len = *row ? strcspn(row + 1, "]") : 0;

	snprintf(out, CHANGE_PORT, "port %.*s", len < 64 ? (int)len : 64,
		 *row ? row + 1 : "");
	return out;
}

enum noc_change
noc_change_judge(const struct noc_run *r, const struct noc_step_def *def,
		 const char *target, const struct noc_value *params,
		 char why[256])
{
	const struct noc_value *have = noc_value_get(r->changed, target);
	enum noc_change worst = NOC_CHANGE_SHOWN;
	struct noc_value *rows;

	if (!noc_run_untrusted(r) || !change_is_set(def))
		return worst;
	rows = noc_value_map();
	change_rows(r, target, noc_ast_opts(params), rows);
	for (size_t i = 0; i < noc_value_len(rows); i++) {
		const char *row = rows->u.map.at[i].key;
		const struct noc_value *said = noc_value_get(have, row);
		const char *word = noc_value_get_str(said, "says", "unsaid");
		char port[CHANGE_PORT];

		if (!strcmp(word, change_words[NOC_CHANGE_SHOWN]))
			continue;
		worst = strcmp(word, change_words[NOC_CHANGE_OLD])
			    ? NOC_CHANGE_UNSAID
			    : NOC_CHANGE_OLD;
		snprintf(
		    why, 256, "%s of %.64s: %.100s", change_port(row, port),
		    target,
		    noc_value_get_str(said, "why", "no snmp.get of it asked"));
		if (worst == NOC_CHANGE_UNSAID)
			break;
	}
	noc_value_free(rows);
	return worst;
}

/* ---- standing in for a device ---- */

void
noc_change_stand_in(const struct noc_value *params, struct noc_value *result,
		    int64_t ago_ms)
{
	const struct noc_value *opts = noc_ast_opts(params);
	const size_t last = strlen(CHANGE_LAST);
	const uint32_t up = UINT32_MAX / 2;

	if (!noc_value_get(opts, CHANGE_UP) || result->type != NOC_MAP ||
	    noc_value_get(result, CHANGE_UP))
		return;
	noc_value_set(result, CHANGE_UP, noc_value_int(up));
	for (size_t i = 0; i < noc_value_len(opts); i++)
		if (!strncmp(opts->u.map.at[i].key, CHANGE_LAST, last))
			noc_value_set(
			    result, opts->u.map.at[i].key,
			    noc_value_int(
				ago_ms < 0 ? 0 : up - ago_ms / CHANGE_TICK_MS));
}
