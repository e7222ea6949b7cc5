/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "engine/expr/template.h"
#include "engine/core/due.h"
#include "engine/core/record.h"
#include "engine/memory/rule_clock.h"
#include "engine/correlate/correlate.h"
#include "engine/correlate/keyed.h"

/*
 * threshold: so many (distinct) events within a sliding window.  It fires
 * once, and again when the count has fallen below meanwhile (below `clear`,
 * when that is said) and a window has passed since: a rate that hovers about
 * the threshold is told once a window.  By the sender's clock an event may be
 * older than the newest: it counts where it belongs.  throttle: once_within,
 * once_after, accumulate.  Counts change a row at most once a second.
 */

/*
 * data: {"times": [ms...] in order, "words": [text...], "fired": ms or 0}, by
 * the sender's clock also "came": [ms...], the arrivals.
 */
static struct noc_value *
count_list(struct noc_keyed *k, const char *name)
{
	struct noc_value *list;

	if (!k->data)
		k->data = noc_value_map();
	list = noc_value_get(k->data, name);
	if (!list || list->type != NOC_LIST) {
		list = noc_value_list();
		noc_value_set(k->data, name, list);
	}
	return list;
}

static void
count_cut(struct noc_value *list, size_t at, size_t n)
{
	if (n == 0 || list->u.list.len < at + n)
		return;
	for (size_t i = at; i < at + n; i++)
		noc_value_free(list->u.list.at[i]);
	memmove(list->u.list.at + at, list->u.list.at + at + n,
		(list->u.list.len - at - n) * sizeof(list->u.list.at[0]));
	list->u.list.len -= n;
}

/*
 * Drop what has left the window.  Of a backlog that comes after what is newer
 * the rest may still follow: it stays as long as it is new here.
 */
static void
count_slide(struct noc_keyed *k, int64_t since_ms, int64_t came_ms)
{
	struct noc_value *times = count_list(k, "times");
	struct noc_value *words = count_list(k, "words");
	struct noc_value *came = noc_value_get(k->data, "came");

	if (words->u.list.len && words->u.list.len != times->u.list.len)
		count_cut(words, 0, words->u.list.len);
	if (came && noc_value_len(came) != times->u.list.len)
		came = NULL; /* a row of an older version */
	for (size_t at = 0, n; at < times->u.list.len; at++) {
		for (n = 0; at + n < times->u.list.len &&
			    times->u.list.at[at + n]->u.i <= since_ms &&
			    (!came || came->u.list.at[at + n]->u.i <= came_ms);)
			n++;
		count_cut(times, at, n);
		count_cut(words, at, n);
		if (!came)
			break;
		count_cut(came, at, n);
	}
}

/* How many (distinct) have come since then. */
static int64_t
count_since(struct noc_keyed *k, const struct noc_threshold *t,
	    int64_t since_ms)
{
	const struct noc_value *times = count_list(k, "times");
	const struct noc_value *words = count_list(k, "words");
	size_t len = times->u.list.len, from = len;
	struct noc_table seen = { 0 };
	int64_t n;

	while (from > 0 && times->u.list.at[from - 1]->u.i > since_ms)
		from--;
	if (!t->distinct)
		return (int64_t)(len - from);
	for (size_t i = from; i < len && i < words->u.list.len; i++)
		noc_table_put(&seen, words->u.list.at[i]->u.s.p, &seen);
	n = (int64_t)noc_table_len(&seen);
	noc_table_release(&seen);
	return n;
}

static void
count_put(struct noc_value *list, size_t pos, struct noc_value *v)
{
	noc_value_push(list, v);
	memmove(list->u.list.at + pos + 1, list->u.list.at + pos,
		(list->u.list.len - 1 - pos) * sizeof(list->u.list.at[0]));
	list->u.list.at[pos] = v;
}

/* How often each word is in the window at hand: in as `by` 1, out as -1. */
static void
count_tally(struct noc_table *seen, const struct noc_value *words, size_t at,
	    intptr_t by)
{
	const char *word = words->u.list.at[at]->u.s.p;
	intptr_t n = (intptr_t)noc_table_get(seen, word) + by;

	if (n)
		noc_table_put(seen, word, (void *)n);
	else
		noc_table_del(seen, word);
}

/* The most (distinct) ones in any window that the one at `pos` is in. */
static int64_t
count_best(struct noc_keyed *k, const struct noc_threshold *t, size_t pos)
{
	const struct noc_value *times = count_list(k, "times");
	const struct noc_value *words = count_list(k, "words");
	struct noc_value *const *at = times->u.list.at;
	size_t len = times->u.list.len, low = pos;
	struct noc_table seen = { 0 };
	int64_t n, best = 0;

	while (low > 0 && at[low - 1]->u.i > at[pos]->u.i - t->window_ms)
		low--;
	for (size_t i = low; t->distinct && i < pos; i++)
		count_tally(&seen, words, i, 1);
	for (size_t end = pos;
	     end < len && at[end]->u.i - t->window_ms < at[pos]->u.i; end++) {
		if (t->distinct)
			count_tally(&seen, words, end, 1);
		for (; at[low]->u.i <= at[end]->u.i - t->window_ms; low++)
			if (t->distinct)
				count_tally(&seen, words, low, -1);
		n = t->distinct ? (int64_t)noc_table_len(&seen)
				: (int64_t)(end - low + 1);
		best = n > best ? n : best;
	}
	noc_table_release(&seen);
	return best;
}

static int64_t
count_kept_ms(const struct noc_threshold *t)
{
	return t->clear_window_ms > t->window_ms ? t->clear_window_ms
						 : t->window_ms;
}

/* Has it been quiet enough since it fired? */
static void
count_rearm(struct noc_keyed *k, const struct noc_threshold *t, int64_t now)
{
	int64_t fired = noc_value_get_int(k->data, "fired", 0);
	int64_t window = t->clear_count ? t->clear_window_ms : t->window_ms;
	int64_t below = t->clear_count ? t->clear_count : t->count;

	if (fired && now - fired >= t->window_ms &&
	    count_since(k, t, now - window) < below)
		noc_value_unset(k->data, "fired");
}

static void
count_word(struct noc_keyed *k, const struct noc_threshold *t,
	   const struct noc_event *ev, size_t pos)
{
	struct noc_scope scope = { .ev = ev };
	struct noc_strbuf sb = NOC_STRBUF_INIT;
	struct noc_err err;

	if (!t->distinct)
		return;
	noc_template_text(t->distinct, &scope, NOC_MISSING_MARK, &sb, &err);
	count_put(count_list(k, "words"), pos,
		  noc_value_strn(sb.p ? sb.p : "", sb.len));
	noc_strbuf_release(&sb);
}

static struct noc_keyed *
count_state(struct noc_core *core, const struct noc_form *form,
	    struct noc_candidate *c)
{
	struct noc_keyed *k = noc_keyed_get(core, form, c->rule->name, c->key);
	const struct noc_threshold *t = c->rule->threshold;

	/* A row that lost its words: what it counted cannot be told apart. */
	if (k && t && t->distinct &&
	    noc_value_len(noc_value_get(k->data, "words")) !=
		noc_value_len(noc_value_get(k->data, "times")))
		noc_value_unset(k->data, "times");
	if (!k) {
		k = noc_keyed_add(core, form, c->rule, c->key, c->ev, false);
		if (k)
			k->count = 0;
	} else {
		noc_keyed_heard(core, k, c->ev);
	}
	return k;
}

static void
count_due_in(struct noc_core *core, struct noc_keyed *k, int64_t ms)
{
	noc_due_arm(core, &k->due,
		    noc_core_time(core).boot_ns + ms * NOC_NS_PER_MS);
}

static const struct noc_value *
count_extra(int64_t count, struct noc_value **owner)
{
	*owner = noc_value_map();
	noc_value_set(*owner, "count", noc_value_int(count));
	return *owner;
}

static void
count_came(struct noc_keyed *k, size_t pos, int64_t now)
{
	struct noc_value *came = count_list(k, "came");

	while (came->u.list.len + 1 < count_list(k, "times")->u.list.len)
		noc_value_push(came, noc_value_int(now));
	count_put(came, pos, noc_value_int(now));
}

static enum noc_form_result
threshold_event(struct noc_core *core, struct noc_candidate *c)
{
	const struct noc_threshold *t = c->rule->threshold;
	struct noc_value *times, *extra;
	struct noc_keyed *k;
	int64_t at, newest, n, now = noc_steady_now(core) / NOC_NS_PER_MS;
	size_t pos;

	if (!t)
		return NOC_PASS;
	at = noc_rule_clock(core, c->rule, c->ev) / NOC_NS_PER_MS;
	k = count_state(core, &noc_form_threshold, c);
	if (!k) {
		noc_outcome(core, c, "errored", "too many open states");
		return NOC_TAKEN;
	}
	times = count_list(k, "times");
	newest = at;
	if (times->u.list.len &&
	    times->u.list.at[times->u.list.len - 1]->u.i > newest)
		newest = times->u.list.at[times->u.list.len - 1]->u.i;
	count_slide(k, newest - count_kept_ms(t), now - count_kept_ms(t));
	count_rearm(k, t, newest);
	if ((int64_t)times->u.list.len >= NOC_THRESHOLD_MAX)
		count_slide(k, times->u.list.at[0]->u.i, INT64_MAX);
	for (pos = times->u.list.len;
	     pos && times->u.list.at[pos - 1]->u.i > at;)
		pos--;
	count_put(times, pos, noc_value_int(at));
	if (c->rule->event_time)
		count_came(k, pos, now);
	count_word(k, t, c->ev, pos);
	n = pos + 1 == times->u.list.len ? count_since(k, t, at - t->window_ms)
					 : count_best(k, t, pos);
	count_due_in(core, k, count_kept_ms(t) + 1);
	if (n < t->count || noc_value_get(k->data, "fired")) {
		noc_keyed_store_count(core, k);
		noc_outcome_counted(core, c);
		noc_core_story(core, "%s counts %lld/%lld", c->rule->name,
			       (long long)n, (long long)t->count);
		return NOC_TAKEN;
	}
	noc_value_set(k->data, "fired", noc_value_int(newest));
	noc_keyed_store(core, k);
	c->count = n;
	c->extra = count_extra(n, &extra);
	noc_correlate(core, c, &noc_correlate_threshold);
	noc_value_free(extra);
	return NOC_TAKEN;
}

/* Nothing came for so long that all has left the window. */
static void
on_threshold_due(struct noc_core *core, struct noc_keyed *k)
{
	noc_keyed_drop(core, k);
}

static enum noc_form_result
throttle_event(struct noc_core *core, struct noc_candidate *c)
{
	struct noc_value *extra;
	struct noc_keyed *k;
	bool fresh;

	if (c->rule->throttle == NOC_THROTTLE_NONE)
		return NOC_PASS;
	k = count_state(core, &noc_form_throttle, c);
	if (!k) {
		noc_outcome(core, c, "errored", "too many open states");
		return NOC_TAKEN;
	}
	fresh = k->count == 0;
	k->count += c->count;
	if (fresh)
		count_due_in(core, k, c->rule->throttle_ms);
	if (c->rule->throttle == NOC_ONCE_AFTER && !k->ev) {
		c->ev = noc_core_write_event(core, c->ev, "matched");
		k->ev = noc_event_ref(c->ev);
	}
	if ((c->rule->throttle == NOC_ONCE_WITHIN && fresh) ||
	    (c->rule->throttle == NOC_ACCUMULATE &&
	     k->count >= c->rule->throttle_count)) {
		c->count = k->count;
		if (c->rule->throttle == NOC_ACCUMULATE)
			noc_keyed_drop(core, k);
		else
			noc_keyed_store(core, k);
		c->extra = count_extra(c->count, &extra);
		noc_correlate(core, c, &noc_correlate_throttle);
		noc_value_free(extra);
		return NOC_TAKEN;
	}
	if (fresh)
		noc_keyed_store(core, k);
	else
		noc_keyed_store_count(core, k);
	if (c->rule->throttle == NOC_ONCE_AFTER && fresh)
		noc_outcome(core, c, "held", "batched");
	else
		noc_outcome_counted(core, c);
	return NOC_TAKEN;
}

static void
on_throttle_due(struct noc_core *core, struct noc_keyed *k)
{
	struct noc_value *extra;

	if (!k->ev) {
		noc_keyed_drop(core, k);
		return;
	}
	count_extra(k->count, &extra);
	noc_keyed_resume(core, k, &noc_correlate_throttle, extra);
	noc_value_free(extra);
}

const struct noc_correlator_ops noc_correlate_threshold = {
	.name = "threshold",
	.event = threshold_event,
};

const struct noc_correlator_ops noc_correlate_throttle = {
	.name = "throttle",
	.event = throttle_event,
};

/* As many words as times, or none. */
static bool
count_sound(const struct noc_value *data)
{
	const struct noc_value *times = noc_value_get(data, "times");
	const struct noc_value *words = noc_value_get(data, "words");
	const struct noc_value *came = noc_value_get(data, "came");

	if ((times && times->type != NOC_LIST) ||
	    (words && words->type != NOC_LIST) ||
	    (came && came->type != NOC_LIST) ||
	    (noc_value_len(words) &&
	     noc_value_len(words) != noc_value_len(times)))
		return false;
	return noc_keyed_all(times, NOC_INT) && noc_keyed_all(came, NOC_INT) &&
	       noc_keyed_all(words, NOC_STR);
}

/* Forgotten, it would fire again before it may. */
static bool
threshold_brakes(const struct noc_rule *rule, const struct noc_keyed *k)
{
	return rule->acting && noc_value_get(k->data, "fired") != NULL;
}

static bool
throttle_brakes(const struct noc_rule *rule, const struct noc_keyed *k)
{
	(void)k;
	return rule->acting && rule->throttle == NOC_ONCE_WITHIN;
}

const struct noc_form noc_form_threshold = {
	.name = "threshold",
	.brakes = threshold_brakes,
	.sound = count_sound,
	.on_due = on_threshold_due,
};

const struct noc_form noc_form_throttle = {
	.name = "throttle",
	.brakes = throttle_brakes,
	.on_due = on_throttle_due,
	.held = true, /* a batch of once_after stands for its first */
};
