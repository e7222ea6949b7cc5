/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "engine/correlate/keyed.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "base/intern.h"
#include "base/mem.h"
#include "engine/event/identity.h"
#include "engine/event/value.h"
#include "engine/core/due.h"
#include "engine/core/record.h"
#include "engine/notify/limit.h"
#include "engine/policy/ledger.h"

static const struct noc_form *const keyed_forms[] = {
	&noc_form_hold,	 &noc_form_threshold, &noc_form_throttle,
	&noc_form_damp,	 &noc_form_storm,     &noc_form_pair,
	&noc_form_meant, &noc_form_settle,    &noc_form_lost,
};

/* Does this state stand for a candidate that the ledger counts as held? */
static bool
keyed_is_held(const struct noc_keyed *k)
{
	return k->form->held && k->ev != NULL;
}

static struct noc_correlation *
keyed_part(const struct noc_core *core)
{
	return noc_core_part(core, NOC_PART_CORRELATE);
}

static char *
keyed_index(const char *form, const char *name)
{
	return noc_asprintf("%s\x1f%s", form, name);
}

struct noc_keyed *
noc_keyed_get(struct noc_core *core, const struct noc_form *form,
	      const char *rule, const char *key)
{
	const struct noc_table *states = &keyed_part(core)->states;
	const char *parts[] = { form->name, rule, key };
	size_t at = 0,
	       len[3] = { strlen(form->name), strlen(rule), strlen(key) };
	char small[512], *index = small;
	struct noc_keyed *k;

	/* Asked several times an event, and mostly there is none. */
	if (noc_table_len(states) == 0)
		return NULL;
	if (len[0] + len[1] + len[2] + 2 > sizeof(small))
		index = noc_malloc(len[0] + len[1] + len[2] + 2);
	for (int i = 0; i < 3; i++) {
		if (i)
			index[at++] = '\x1f';
		memcpy(index + at, parts[i], len[i]);
		at += len[i];
	}
	k = noc_table_getn(states, index, at);
	if (index != small)
		free(index);
	return k;
}

static void
on_keyed_due(struct noc_due *due, struct noc_core *core)
{
	struct noc_keyed *k = (struct noc_keyed *)due;

	k->form->on_due(core, k);
}

static struct noc_keyed *
keyed_put(struct noc_core *core, const struct noc_form *form, char *name)
{
	struct noc_correlation *p = keyed_part(core);
	struct noc_keyed *k = noc_calloc(1, sizeof(*k));
	char *index = keyed_index(form->name, name);
	const char *sep = strchr(name, '\x1f');
	struct noc_keyed_rule *mine;

	k->form = form;
	k->name = name;
	k->rule =
	    sep ? noc_intern(name, (size_t)(sep - name)) : noc_interns(name);
	k->key = sep ? sep + 1 : "";
	k->count = 1;
	k->since_ns = noc_steady_now(core);
	k->due.on_due = on_keyed_due;
	noc_table_put(&p->states, index, k);
	mine = noc_table_get(&p->by_rule, k->rule);
	if (!mine) {
		mine = noc_calloc(1, sizeof(*mine));
		noc_table_put(&p->by_rule, k->rule, mine);
	}
	noc_table_put(&mine->states, index, k);
	mine->lost += form == &noc_form_lost;
	free(index);
	return k;
}

struct noc_keyed *
noc_keyed_add(struct noc_core *core, const struct noc_form *form,
	      const struct noc_rule *rule, const char *key,
	      struct noc_event *by, bool hold)
{
	struct noc_correlation *p = keyed_part(core);
	struct noc_slice sender = noc_event_sender(by);
	struct noc_keyed *k;

	if (!form->apart &&
	    !noc_keyed_room(core, rule->name, by->trust, sender)) {
		p->refused++;
		return NULL;
	}
	k = keyed_put(core, form, noc_asprintf("%s\x1f%s", rule->name, key));
	memcpy(k->keys_hash, rule->keys_hash, 32);
	k->ev = hold ? noc_event_ref(by) : NULL;
	k->trust = by->trust;
	k->sender = noc_strndup(sender.p ? sender.p : "", sender.len);
	noc_keyed_seat(p, k);
	return k;
}

static void
keyed_free(struct noc_core *core, struct noc_keyed *k)
{
	if (k->form->freed)
		k->form->freed(core, k);
	noc_event_unref(k->ev);
	noc_value_free(k->data);
	free(k->sender);
	free(k->name);
	free(k);
}

void
noc_keyed_store(struct noc_core *core, struct noc_keyed *k)
{
	struct noc_value *row = noc_value_map();
	char hex[65];

	k->stored_ns = noc_core_time(core).boot_ns;
	noc_value_set(row, "count", noc_value_int(k->count));
	noc_value_set(row, "since", noc_value_int(k->since_ns));
	noc_value_set(row, "keys",
		      noc_value_str(noc_hex(hex, k->keys_hash, 32)));
	if (k->ev)
		noc_value_set(row, "event", noc_event_value(k->ev));
	noc_value_set(row, "trust", noc_value_int(k->trust));
	noc_value_set(row, "sender", noc_value_str(k->sender));
	if (k->late)
		noc_value_set(row, "late", noc_value_bool(true));
	if (k->data)
		noc_value_set(row, "data", noc_value_copy(k->data));
	noc_txn_live_put(noc_core_txn(core), k->form->name, k->name,
			 noc_due_armed(&k->due)
			     ? noc_steady_of_boot(core, k->due.due_boot_ns)
			     : 0,
			 row);
	noc_value_free(row);
}

void
noc_keyed_store_count(struct noc_core *core, struct noc_keyed *k)
{
	int64_t now = noc_core_time(core).boot_ns;

	if (!k->stored_ns || now - k->stored_ns >= NOC_NS_PER_S)
		noc_keyed_store(core, k);
}

void
noc_keyed_drop(struct noc_core *core, struct noc_keyed *k)
{
	struct noc_correlation *p = keyed_part(core);
	struct noc_keyed_rule *mine = noc_table_get(&p->by_rule, k->rule);
	char *index = keyed_index(k->form->name, k->name);

	noc_due_disarm(core, &k->due);
	if (k->stored_ns)
		noc_txn_live_del(noc_core_txn(core), k->form->name, k->name);
	noc_keyed_unseat(p, k);
	noc_table_del(&p->states, index);
	noc_table_del(&mine->states, index);
	mine->lost -= k->form == &noc_form_lost;
	free(index);
	keyed_free(core, k);
}

void
noc_keyed_each(struct noc_core *core, const struct noc_form *form,
	       const char *rule,
	       void (*fn)(struct noc_core *, struct noc_keyed *, void *),
	       void *arg)
{
	struct noc_correlation *p = keyed_part(core);
	const struct noc_keyed_rule *mine = noc_table_get(&p->by_rule, rule);
	size_t n = 0, len = mine ? noc_table_len(&mine->states) : 0;
	struct noc_keyed **all;
	void *value;

	if (len == 0)
		return;
	all = noc_calloc(len, sizeof(struct noc_keyed *));
	for (size_t it = 0; noc_table_next(&mine->states, &it, NULL, &value);)
		if (((struct noc_keyed *)value)->form == form)
			all[n++] = value;
	p->walks++; /* none of them may go but by fn */
	for (size_t i = 0; i < n; i++)
		fn(core, all[i], arg);
	p->walks--;
	free(all);
}

size_t
noc_keyed_count(struct noc_core *core, const struct noc_form *form,
		const char *rule)
{
	const struct noc_keyed_rule *mine =
	    noc_table_get(&keyed_part(core)->by_rule, rule);
	size_t n = 0;
	void *value;

	for (size_t it = 0;
	     mine && noc_table_next(&mine->states, &it, NULL, &value);)
		n += ((struct noc_keyed *)value)->form == form;
	return n;
}

void
noc_keyed_move(struct noc_core *core, struct noc_keyed *k, const char *key)
{
	struct noc_correlation *p = keyed_part(core);
	char *name = noc_asprintf("%s\x1f%s", k->rule, key);
	char *from = keyed_index(k->form->name, k->name);
	char *to = keyed_index(k->form->name, name);
	struct noc_keyed_rule *mine = noc_table_get(&p->by_rule, k->rule);

	if (k->stored_ns)
		noc_txn_live_del(noc_core_txn(core), k->form->name, k->name);
	noc_table_del(&p->states, from);
	noc_table_del(&mine->states, from);
	noc_table_put(&p->states, to, k);
	noc_table_put(&mine->states, to, k);
	free(k->name);
	k->name = name;
	k->key = strchr(name, '\x1f') + 1;
	if (k->stored_ns)
		noc_keyed_store(core, k);
	free(from);
	free(to);
}

void
noc_keyed_resume(struct noc_core *core, struct noc_keyed *k,
		 const struct noc_correlator_ops *after,
		 const struct noc_value *extra)
{
	struct noc_rule *rule = noc_ruleset_rule(noc_core_rules(core), k->rule);
	struct noc_event *ev = k->ev ? noc_event_ref(k->ev) : NULL;
	char *key = noc_strdup(k->key);
	struct noc_candidate c = {
		.rule = rule,
		.ev = ev,
		.key = key,
		.late = k->late,
		.again = true,
		.count = k->count,
		.extra = extra,
	};

	noc_keyed_drop(core, k);
	if (rule && ev)
		noc_correlate(core, &c, after);
	noc_event_unref(ev);
	free(key);
}

/* ---- outcomes ---- */

void
noc_outcome(struct noc_core *core, struct noc_candidate *c, const char *outcome,
	    const char *fmt, ...)
{
	char why[400];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	c->ev = noc_core_write_event(core, c->ev, "matched");
	noc_core_decide(core, c->ev, c->rule->name, c->rule->definition,
			outcome, NULL, "%s%s", why, c->late ? " (late)" : "");
	noc_ledger_outcome(core, c->rule->name, outcome, c->again);
	if (c->again)
		noc_core_say(core, "%s %s %s: %s", c->rule->name, c->key,
			     outcome, why);
	else
		noc_core_story(core, "%s %s: %s", c->rule->name, outcome, why);
}

void
noc_outcome_counted(struct noc_core *core, struct noc_candidate *c)
{
	noc_ledger_outcome(core, c->rule->name, "counted", c->again);
}

/* ---- part ---- */

static void *
keyed_open(struct noc_core *core)
{
	(void)core;
	return noc_calloc(1, sizeof(struct noc_correlation));
}

static void
keyed_close(void *part)
{
	struct noc_correlation *p = part;
	void *value;

	for (size_t it = 0; noc_table_next(&p->states, &it, NULL, &value);)
		keyed_free(NULL, value);
	noc_table_release(&p->states);
	for (size_t it = 0; noc_table_next(&p->by_rule, &it, NULL, &value);) {
		struct noc_keyed_rule *mine = value;

		noc_table_release(&mine->states);
		noc_fair_release(&mine->fair);
		free(mine);
	}
	noc_table_release(&p->by_rule);
	noc_fair_release(&p->fair);
	free(p);
}

bool
noc_keyed_all(const struct noc_value *v, enum noc_type type)
{
	bool all = true;

	if (v && v->type == NOC_LIST)
		for (size_t i = 0; i < v->u.list.len; i++)
			all &= v->u.list.at[i]->type == type;
	if (v && v->type == NOC_MAP)
		for (size_t i = 0; i < v->u.map.len; i++)
			all &= v->u.map.at[i].value->type == type;
	return all;
}

/* JSON, and none of ours: the disk, or a hand. */
static bool
keyed_is_sound(const struct noc_form *form, const char *key,
	       const struct noc_value *row)
{
	const struct noc_value *data = noc_value_get(row, "data");

	if (!strchr(key, '\x1f'))
		return false;
	return !data ||
	       (data->type == NOC_MAP && (!form->sound || form->sound(data)));
}

/* A row of before this was kept: as its event, or as most are. */
static void
keyed_load_sender(struct noc_keyed *k, const struct noc_value *row)
{
	struct noc_slice sender =
	    k->ev ? noc_event_sender(k->ev) : noc_slice("", 0);
	int64_t trust = noc_value_get_int(
	    row, "trust", k->ev ? k->ev->trust : NOC_TRUST_NORMAL);
	const char *said = noc_value_get_str(row, "sender", NULL);

	k->trust = trust < NOC_TRUST_LOW    ? NOC_TRUST_LOW
		   : trust > NOC_TRUST_HIGH ? NOC_TRUST_HIGH
					    : (enum noc_trust)trust;
	k->sender = said ? noc_strdup(said)
			 : noc_strndup(sender.p ? sender.p : "", sender.len);
}

static bool
keyed_load(struct noc_core *core, void *part, const char *kind, const char *key,
	   int64_t due_ns, const struct noc_value *data)
{
	const struct noc_form *form = NULL;
	const char *hex = noc_value_get_str(data, "keys", "");
	struct noc_keyed *k;
	size_t hash_len = sizeof(k->keys_hash);

	for (size_t i = 0; i < NOC_COUNT(keyed_forms) && !form; i++)
		if (!strcmp(keyed_forms[i]->name, kind))
			form = keyed_forms[i];
	if (!form)
		return false;
	if (!keyed_is_sound(form, key, data)) {
		noc_core_unreadable(core, kind, key);
		return true;
	}
	k = keyed_put(core, form, noc_strdup(key));
	k->stored_ns = 1; /* long ago */
	k->count = noc_value_get_int(data, "count", 1);
	k->since_ns =
	    noc_ns_sane(noc_value_get_int(data, "since", k->since_ns));
	if (strlen(hex) == 64)
		(void)noc_unhex(hex, 64, k->keys_hash, &hash_len);
	if (noc_value_get(data, "event"))
		k->ev = noc_event_from_value(noc_value_get(data, "event"));
	if (k->ev) {
		k->ev->journaled = true;
		noc_identify_again(noc_core_inv(core), k->ev);
	}
	if (noc_value_get(data, "data"))
		k->data = noc_value_copy(noc_value_get(data, "data"));
	keyed_load_sender(k, data);
	noc_keyed_seat(part, k);
	if (due_ns) {
		k->late = noc_value_get_bool(data, "late", false) ||
			  due_ns < noc_steady_now(core) - NOC_NS_PER_S;
		noc_due_arm_steady(core, &k->due, due_ns);
	}
	if (keyed_is_held(k)) { /* counts that were in memory */
		noc_ledger_matched(core, k->rule);
		noc_ledger_outcome(core, k->rule, "held", false);
	}
	if (form->loaded)
		form->loaded(core, k);
	return true;
}

static void
keyed_unreadable(struct noc_core *core, void *part, const char *kind,
		 const char *key)
{
	(void)part;
	for (size_t i = 0; i < NOC_COUNT(keyed_forms); i++)
		if (!strcmp(keyed_forms[i]->name, kind))
			noc_keyed_unreadable(core, keyed_forms[i], key);
}

/* After a reload: kept by (rule name, hash of its correlation keys). */
static void
keyed_sweep(struct noc_core *core, void *part)
{
	struct noc_correlation *p = part;
	const struct noc_ruleset *rs = noc_core_rules(core);
	struct noc_value *dropped = noc_value_map();
	void *value;

	for (size_t it = 0; noc_table_next(&p->states, &it, NULL, &value);) {
		struct noc_keyed *k = value;
		const struct noc_rule *rule = noc_ruleset_rule(rs, k->rule);
		bool keep = rule && !memcmp(rule->keys_hash, k->keys_hash, 32);

		for (size_t i = 0; k->form->pair && i < rs->npairs; i++)
			keep |=
			    !strcmp(rs->pairs[i].name, k->rule) &&
			    !memcmp(rs->pairs[i].keys_hash, k->keys_hash, 32);
		if (keep)
			continue;
		noc_value_set(
		    dropped, k->rule,
		    noc_value_int(noc_value_get_int(dropped, k->rule, 0) + 1));
		if (keyed_is_held(k))
			noc_ledger_outcome(core, k->rule, "cancelled", true);
		noc_keyed_drop(core, k);
	}
	if (noc_value_len(dropped)) {
		struct noc_value *cmd = noc_value_map();

		noc_value_set(cmd, "verb", noc_value_str("state.dropped"));
		noc_value_set(cmd, "actor", noc_value_str("reload"));
		noc_value_set(cmd, "states", noc_value_copy(dropped));
		noc_core_admin(core, cmd);
		noc_value_free(cmd);
	}
	noc_value_free(dropped);
}

/* Keys as this version makes them, whichever wrote the rows. */
static void
keyed_ready(struct noc_core *core, void *part)
{
	keyed_sweep(core, part);
	noc_keyed_seat_all(part);
	noc_keyed_named(core, NULL, NULL, NULL);
}

static void
keyed_store_all(struct noc_core *core, void *part)
{
	struct noc_correlation *p = part;
	void *value;

	for (size_t it = 0; noc_table_next(&p->states, &it, NULL, &value);)
		if (((struct noc_keyed *)value)->stored_ns)
			noc_keyed_store(core, value);
}

static void
keyed_stats(struct noc_core *core, void *part, struct noc_value *map)
{
	struct noc_correlation *p = part;
	struct noc_value *forms = noc_value_map();
	void *value;

	(void)core;
	for (size_t it = 0; noc_table_next(&p->states, &it, NULL, &value);) {
		const char *name = ((struct noc_keyed *)value)->form->name;

		noc_value_set(
		    forms, name,
		    noc_value_int(noc_value_get_int(forms, name, 0) + 1));
	}
	noc_value_set(map, "states", forms);
	noc_value_set(map, "states_refused",
		      noc_value_int((int64_t)p->refused));
	noc_value_set(map, "states_evicted",
		      noc_value_int((int64_t)p->evicted));
}

const struct noc_part_ops noc_part_correlate = {
	.open = keyed_open,
	.close = keyed_close,
	.load = keyed_load,
	.unreadable = keyed_unreadable,
	.ready = keyed_ready,
	.reload = keyed_sweep,
	.store = keyed_store_all,
	.stats = keyed_stats,
};
