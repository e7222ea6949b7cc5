/* SPDX-License-Identifier: ISC */
/* Who gives way when there are too many states, and what that means. */
#include "config.h"

#include "engine/correlate/keyed.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "engine/core/record.h"
#include "engine/event/identity.h"
#include "engine/notify/limit.h"
#include "engine/rule/ruleset.h"

static struct noc_correlation *
room_part(const struct noc_core *core)
{
	return noc_core_part(core, NOC_PART_CORRELATE);
}

static struct noc_slice
room_sender(const struct noc_keyed *k)
{
	return noc_slice_str(k->sender);
}

/* ---- seats ---- */

void
noc_keyed_seat(struct noc_correlation *p, struct noc_keyed *k)
{
	struct noc_keyed_rule *mine = noc_table_get(&p->by_rule, k->rule);

	if (k->form->apart)
		return;
	noc_fair_add(&p->fair, &k->in_all, k->trust, room_sender(k),
		     k->form->lasting);
	noc_fair_add(&mine->fair, &k->in_rule, k->trust, room_sender(k),
		     k->form->lasting);
}

void
noc_keyed_unseat(struct noc_correlation *p, struct noc_keyed *k)
{
	struct noc_keyed_rule *mine = noc_table_get(&p->by_rule, k->rule);

	noc_fair_del(&p->fair, &k->in_all);
	noc_fair_del(&mine->fair, &k->in_rule);
}

static int
on_seat_order(const void *a, const void *b)
{
	const struct noc_keyed *x = *(struct noc_keyed *const *)a;
	const struct noc_keyed *y = *(struct noc_keyed *const *)b;

	return (x->since_ns > y->since_ns) - (x->since_ns < y->since_ns);
}

void
noc_keyed_seat_all(struct noc_correlation *p)
{
	size_t n = 0, len = noc_table_len(&p->states);
	struct noc_keyed **all = noc_calloc(len + 1, sizeof(*all));
	void *value;

	for (size_t it = 0; noc_table_next(&p->states, &it, NULL, &value);)
		all[n++] = value;
	qsort(all, n, sizeof(struct noc_keyed *), on_seat_order);
	for (size_t i = 0; i < n; i++) {
		noc_keyed_unseat(p, all[i]);
		noc_keyed_seat(p, all[i]);
	}
	free(all);
}

/* ---- what held a rule back, and is forgotten ---- */

static void
on_key_path(const char *path, size_t len, void *arg)
{
	const struct noc_slice s = { path, len };

	*(bool *)arg |= noc_slice_is(s, "device") || noc_slice_is(s, "link");
}

/* Its keys are of one device (or of a cable, which has two ends). */
static bool
rule_is_by_device(const struct noc_rule *rule)
{
	bool is = rule->key == NULL;

	if (rule->key)
		noc_template_paths(rule->key, on_key_path, &is);
	return is;
}

void
noc_keyed_lost(struct noc_core *core, const struct noc_rule *rule,
	       struct noc_slice sender, int64_t until_boot_ns)
{
	struct noc_keyed_rule *mine =
	    noc_table_get(&room_part(core)->by_rule, rule->name);
	int64_t most =
	    noc_ns_after(noc_core_time(core).boot_ns, NOC_KEYED_LOST_MS);
	struct noc_event by = { .origin = sender, .trust = NOC_TRUST_HIGH };
	struct noc_keyed *k;
	char *key;

	if (!rule->acting)
		return;
	key = noc_strndup(sender.p ? sender.p : "", sender.len);
	k = noc_keyed_get(core, &noc_form_lost, rule->name, key);
	if (!k && mine && mine->lost >= NOC_KEYED_LOST_MAX) {
		key[0] = '\0'; /* from all */
		k = noc_keyed_get(core, &noc_form_lost, rule->name, key);
	}
	noc_limit_reached(core, "states.lost", *key ? key : rule->name,
			  "rule %s is held back from %s for now: what held it "
			  "back there is lost",
			  rule->name, *key ? key : "all");
	if (!k)
		k = noc_keyed_add(core, &noc_form_lost, rule, key, &by, false);
	free(key);
	if (until_boot_ns > most)
		until_boot_ns = most;
	if (until_boot_ns <= k->due.due_boot_ns)
		return;
	noc_due_arm(core, &k->due, until_boot_ns);
	noc_keyed_store(core, k);
}

bool
noc_keyed_is_lost(struct noc_core *core, const struct noc_rule *rule,
		  const struct noc_event *ev)
{
	const struct noc_keyed_rule *mine =
	    noc_table_get(&room_part(core)->by_rule, rule->name);
	struct noc_slice sender = noc_event_sender(ev);
	const char *far = noc_value_get_str(ev->far, "device", "");
	bool lost;
	char *key;

	if (!mine || mine->lost == 0)
		return false;
	key = noc_strndup(sender.p ? sender.p : "", sender.len);
	lost = noc_keyed_get(core, &noc_form_lost, rule->name, key) ||
	       noc_keyed_get(core, &noc_form_lost, rule->name, far) ||
	       noc_keyed_get(core, &noc_form_lost, rule->name, "");
	free(key);
	return lost;
}

/*
 * A row cannot be read that may have held an acting rule back.  Of what is
 * lost of a sender the key says whose it was; else it is held back from all.
 * The rule's own row says so from now on.
 */
void
noc_keyed_unreadable(struct noc_core *core, const struct noc_form *form,
		     const char *name)
{
	const char *end = strchr(name, '\x1f');
	bool lost = form == &noc_form_lost;
	const struct noc_rule *rule;
	char *text;

	if (!end || !(lost || form->brakes) || !noc_core_rules(core))
		return;
	text = noc_strndup(name, (size_t)(end - name));
	rule = noc_ruleset_rule(noc_core_rules(core), text);
	free(text);
	if (!rule || !rule->acting)
		return;
	if (!lost)
		noc_txn_live_del(noc_core_txn(core), form->name, name);
	noc_keyed_lost(
	    core, rule, noc_slice_str(lost ? end + 1 : ""),
	    noc_ns_after(noc_core_time(core).boot_ns, NOC_KEYED_LOST_MS));
}

static void
on_lost_due(struct noc_core *core, struct noc_keyed *k)
{
	noc_keyed_drop(core, k);
}

const struct noc_form noc_form_lost = {
	.name = "lost",
	.on_due = on_lost_due,
	.apart = true,
};

/* ---- giving way ---- */

static void
room_pair(struct noc_core *core, const struct noc_keyed *k, const char *why)
{
	const struct noc_ruleset *rs = noc_core_rules(core);

	for (size_t i = 0; rs && i < rs->npairs; i++)
		if (!strcmp(rs->pairs[i].name, k->rule))
			noc_core_decide(core, k->ev, k->rule,
					rs->pairs[i].definition, "errored",
					NULL, "%s", why);
}

static void
room_evict(struct noc_core *core, struct noc_keyed *k, const char *limit)
{
	struct noc_rule *rule = noc_ruleset_rule(noc_core_rules(core), k->rule);
	struct noc_candidate c = {
		.rule = rule,
		.ev = k->ev ? noc_event_ref(k->ev) : NULL,
		.key = k->key,
		.again = true,
		.count = k->count,
	};
	char why[200];

	snprintf(why, sizeof(why),
		 "gave way to a newer one: too many open states (limit %s) of "
		 "%.100s",
		 limit, k->sender);
	room_part(core)->evicted++;
	noc_limit_reached(core, limit, k->sender,
			  "rule %s: the oldest state gives way, and what it "
			  "stood for ends as errored",
			  k->rule);
	if (rule && k->form->brakes && k->form->brakes(rule, k))
		noc_keyed_lost(core, rule, room_sender(k), k->due.due_boot_ns);
	if (k->form->pair && c.ev)
		room_pair(core, k, why);
	else if (k->form->held && c.ev && rule)
		noc_outcome(core, &c, "errored", "%s", why);
	noc_event_unref(c.ev);
	noc_keyed_drop(core, k);
}

#define SEAT_OF(seat, member)                                           \
	((struct noc_keyed *)((char *)(seat)-offsetof(struct noc_keyed, \
						      member)))

/* Whoever must, but for what holds an acting rule back and could not be said
 * for his device as a whole. */
static bool
room_gives(struct noc_core *core, struct noc_keyed *k, const char *limit)
{
	const struct noc_rule *rule =
	    k ? noc_ruleset_rule(noc_core_rules(core), k->rule) : NULL;

	if (!k || (rule && rule->acting && k->form->brakes &&
		   k->form->brakes(rule, k) && !rule_is_by_device(rule)))
		return false;
	room_evict(core, k, limit);
	return true;
}

static struct noc_keyed *
room_of_sender(const struct noc_correlation *p,
	       const struct noc_keyed_rule *mine, enum noc_trust trust,
	       struct noc_slice sender)
{
	struct noc_fair_seat *s =
	    mine ? noc_fair_oldest(&mine->fair, trust, sender) : NULL;

	if (s)
		return SEAT_OF(s, in_rule);
	s = noc_fair_oldest(&p->fair, trust, sender);
	return s ? SEAT_OF(s, in_all) : NULL;
}

static struct noc_keyed *
room_of_rule(const struct noc_keyed_rule *mine, enum noc_trust trust,
	     struct noc_slice sender)
{
	struct noc_fair_seat *s = noc_fair_yields(&mine->fair, trust, sender);

	return s ? SEAT_OF(s, in_rule) : NULL;
}

static struct noc_keyed *
room_of_all(const struct noc_correlation *p, enum noc_trust trust,
	    struct noc_slice sender)
{
	struct noc_fair_seat *s = noc_fair_yields(&p->fair, trust, sender);

	return s ? SEAT_OF(s, in_all) : NULL;
}

/* At most one gives way to each limit, however many there are too many. */
bool
noc_keyed_room(struct noc_core *core, const char *rule, enum noc_trust trust,
	       struct noc_slice sender)
{
	static const size_t share[] = {
		[NOC_TRUST_LOW] = NOC_KEYED_SENDER_LOW,
		[NOC_TRUST_NORMAL] = NOC_KEYED_SENDER_NORMAL,
		[NOC_TRUST_HIGH] = SIZE_MAX, /* its rule's */
	};
	struct noc_correlation *p = room_part(core);
	const struct noc_keyed_rule *mine = noc_table_get(&p->by_rule, rule);
	const char *limit = NULL;

	if (p->walks)
		return true;
	if (noc_fair_len_owner(&p->fair, trust, sender) >= share[trust] &&
	    !room_gives(core, room_of_sender(p, mine, trust, sender),
			"states.sender"))
		limit = "states.sender";
	else if (mine && noc_fair_len(&mine->fair) >= NOC_KEYED_RULE_MAX &&
		 !room_gives(core, room_of_rule(mine, trust, sender),
			     "states.rule"))
		limit = "states.rule";
	else if (trust == NOC_TRUST_LOW &&
		 noc_fair_len_rank(&p->fair, trust) >= NOC_KEYED_LOW_MAX &&
		 !room_gives(core, room_of_all(p, trust, sender), "states.low"))
		limit = "states.low";
	else if (noc_fair_len(&p->fair) >= NOC_KEYED_MAX &&
		 !room_gives(core, room_of_all(p, trust, sender), "states"))
		limit = "states";
	if (!limit)
		return true;
	noc_limit_reached(core, limit, rule,
			  "all others are more trusted or hold it back: what "
			  "is new ends as errored");
	return false;
}

void
noc_keyed_heard(struct noc_core *core, struct noc_keyed *k,
		const struct noc_event *ev)
{
	struct noc_correlation *p = room_part(core);
	struct noc_slice sender = noc_event_sender(ev);

	if (ev->trust <= k->trust || k->form->apart)
		return;
	noc_keyed_unseat(p, k);
	if (noc_keyed_room(core, k->rule, ev->trust, sender)) {
		free(k->sender);
		k->sender = noc_strndup(sender.p ? sender.p : "", sender.len);
		k->trust = ev->trust;
	}
	noc_keyed_seat(p, k);
	if (k->stored_ns)
		noc_keyed_store(core, k);
}
