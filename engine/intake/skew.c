/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "engine/intake/skew.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fair.h"
#include "base/intern.h"
#include "base/mem.h"
#include "base/table.h"
#include "engine/event/identity.h"
#include "engine/notify/limit.h"

/*
 * The clocks of senders: how far the time that a message says is from its
 * arrival.  More than 30 s, three times in a row, makes a clock.skew event; the
 * next that is right, a clock.ok.  A backlog sent late looks the same.  Of whom
 * it was told is a live row: the clock.ok comes after a restart too.
 */
#define SKEW_NS	     (30 * NOC_NS_PER_S)
#define SKEW_ROW     3
#define SKEW_SENDERS 4096 /* then of who has the most one is forgotten */
#define SKEW_ZONE_S  900  /* zones differ by quarters of an hour */

struct skewed { /* a sender that was off the last time */
	unsigned row;
	bool told;
	int64_t behind_ns; /* negative: ahead */
	struct noc_fair_seat seat;
	size_t len;
	char device[];
};

struct skew {
	struct noc_table senders; /* device -> struct skewed */
	struct noc_fair fair;	  /* told ones are of the higher rank */
	struct noc_source *source;
	int64_t told;
};

struct skew_word { /* an event to come */
	struct noc_core *core;
	char *device, *origin;
	int64_t behind_ns;
	enum noc_trust trust;
	bool ok;
};

static struct skew *
skew_part(const struct noc_core *core)
{
	return noc_core_part(core, NOC_PART_SKEW);
}

/*
 * To the nearest: the time of receipt is the turn's, a little before the
 * datagram was sent, and an hour is not to be told as 3599 s.
 */
static int64_t
skew_seconds(int64_t behind_ns)
{
	int64_t s = (llabs(behind_ns) + NOC_NS_PER_S / 2) / NOC_NS_PER_S;

	return behind_ns < 0 ? -s : s;
}

static void
skew_summary(const struct skew_word *w, char *text, size_t size)
{
	int64_t s = llabs(skew_seconds(w->behind_ns));
	int64_t rest = (s + 60) % SKEW_ZONE_S;

	if (w->ok)
		snprintf(text, size, "the clock of %s is right again",
			 w->device);
	else
		snprintf(text, size, "the clock of %s is %lld s %s%s",
			 w->device, (long long)s,
			 w->behind_ns > 0 ? "behind" : "ahead",
			 s > SKEW_ZONE_S && rest < 120
			     ? ", as if of another time zone"
			     : "");
}

static void
on_skew(void *arg)
{
	struct skew_word *w = arg;
	struct skew *p = skew_part(w->core);
	char text[400];
	struct noc_event ev = {
		.kind = noc_interns(w->ok ? "clock.ok" : "clock.skew"),
		.device = noc_slice_str(w->device),
		.origin = noc_slice_str(w->origin),
		.trust = w->trust,
		.severity = w->ok ? 5 : 4,
		.data = noc_value_map(),
	};

	skew_summary(w, text, sizeof(text));
	ev.summary = noc_slice_str(text);
	noc_value_set(ev.data, "behind",
		      noc_value_int(skew_seconds(w->behind_ns)));
	if (!p->source)
		p->source = noc_source_new(w->core, "clock",
					   noc_interns("clock"), true);
	noc_sensor_emit(w->core, p->source, &ev, NULL);
	free(w->device);
	free(w->origin);
	free(w);
}

static void
skew_store(struct noc_core *core, const char *device, int64_t behind_ns,
	   bool ok)
{
	struct noc_value *row;

	if (ok) {
		noc_txn_live_del(noc_core_txn(core), "skew", device);
		return;
	}
	row = noc_value_map();
	noc_value_set(row, "behind", noc_value_int(behind_ns));
	noc_txn_live_put(noc_core_txn(core), "skew", device, 0, row);
	noc_value_free(row);
}

static void
skew_tell(struct noc_core *core, const struct noc_event *ev, int64_t behind_ns,
	  bool ok)
{
	struct skew_word *w = noc_calloc(1, sizeof(*w));

	w->core = core;
	w->device = noc_strndup(ev->device.p, ev->device.len);
	w->origin =
	    noc_strndup(ev->origin.p ? ev->origin.p : "", ev->origin.len);
	w->behind_ns = behind_ns;
	w->trust = ev->trust;
	w->ok = ok;
	skew_part(core)->told += ok ? -1 : 1;
	skew_store(core, w->device, behind_ns, ok);
	noc_core_effect(core, on_skew, NULL, w);
}

static void
skew_forget(struct skew *p, struct skewed *s)
{
	noc_fair_del(&p->fair, &s->seat);
	noc_table_deln(&p->senders, s->device, s->len);
	free(s);
}

static struct skewed *
skew_add(struct skew *p, struct noc_slice device, struct noc_slice sender,
	 bool told)
{
	struct skewed *s = noc_calloc(1, sizeof(*s) + device.len + 1);

	memcpy(s->device, device.p, device.len);
	s->told = told;
	s->len = device.len;
	noc_table_putn(&p->senders, s->device, s->len, s);
	noc_fair_add(&p->fair, &s->seat, told, sender, false);
	return s;
}

/* One more of this sender: one of whoever has the most is forgotten. */
static void
skew_room(struct noc_core *core, struct skew *p, struct noc_slice sender)
{
	struct noc_fair_seat *seat;
	struct skewed *s;
	char *whose;

	if (noc_table_len(&p->senders) < SKEW_SENDERS)
		return;
	seat = noc_fair_yields(&p->fair, 1, sender);
	s = (struct skewed *)((char *)seat - offsetof(struct skewed, seat));
	whose = noc_strndup(sender.p ? sender.p : "", sender.len);
	noc_limit_reached(core, "clocks", whose,
			  "more senders with wrong clocks than are remembered: "
			  "%s is not",
			  s->device);
	free(whose);
	if (s->told) {
		skew_store(core, s->device, 0, true);
		p->told--;
	}
	skew_forget(p, s);
}

static void
skew_right(struct noc_core *core, struct skew *p, const struct noc_event *ev,
	   int64_t behind_ns)
{
	struct skewed *s =
	    noc_table_getn(&p->senders, ev->device.p, ev->device.len);

	if (!s)
		return;
	if (s->told)
		skew_tell(core, ev, behind_ns, true);
	skew_forget(p, s);
}

void
noc_skew_measure(struct noc_core *core, const struct noc_event *ev)
{
	int64_t behind_ns = ev->received_ns - ev->time_ns;
	struct skew *p = skew_part(core);
	struct skewed *s;

	if (llabs(behind_ns) <= SKEW_NS) {
		/* Mostly nobody is off, and this is all there is to do. */
		if (noc_table_len(&p->senders))
			skew_right(core, p, ev, behind_ns);
		return;
	}
	if (ev->trust == NOC_TRUST_LOW)
		return;
	s = noc_table_getn(&p->senders, ev->device.p, ev->device.len);
	if (!s) {
		skew_room(core, p, noc_event_sender(ev));
		s = skew_add(p, ev->device, noc_event_sender(ev), false);
	}
	s->behind_ns = behind_ns;
	if (s->told || ++s->row < SKEW_ROW)
		return;
	s->told = true;
	noc_fair_del(&p->fair, &s->seat);
	noc_fair_add(&p->fair, &s->seat, 1, noc_event_sender(ev), false);
	skew_tell(core, ev, behind_ns, false);
}

/* ---- part ---- */

static void *
skew_open(struct noc_core *core)
{
	(void)core;
	return noc_calloc(1, sizeof(struct skew));
}

static void
skew_close(void *part)
{
	struct skew *p = part;
	void *value;

	for (size_t it = 0; noc_table_next(&p->senders, &it, NULL, &value);)
		free(value);
	noc_table_release(&p->senders);
	noc_fair_release(&p->fair);
	free(p);
}

static bool
skew_load(struct noc_core *core, void *part, const char *kind, const char *key,
	  int64_t due_ns, const struct noc_value *data)
{
	struct skew *p = part;
	struct skewed *s;

	(void)core;
	(void)due_ns;
	if (strcmp(kind, "skew"))
		return false;
	if (noc_table_get(&p->senders, key))
		return true;
	s = skew_add(p, noc_slice_str(key), noc_slice_str(key), true);
	s->behind_ns = noc_value_get_int(data, "behind", 0);
	p->told++;
	return true;
}

static void
skew_store_all(struct noc_core *core, void *part)
{
	const struct skew *p = part;
	const char *device;
	void *value;

	for (size_t it = 0;
	     noc_table_next(&p->senders, &it, &device, &value);) {
		const struct skewed *s = value;

		if (s->told)
			skew_store(core, device, s->behind_ns, false);
	}
}

static void
skew_stats(struct noc_core *core, void *part, struct noc_value *map)
{
	const struct skew *p = part;
	struct noc_value *clocks = noc_value_map();
	int64_t worst = 0;
	void *value;

	(void)core;
	for (size_t it = 0; noc_table_next(&p->senders, &it, NULL, &value);) {
		const struct skewed *s = value;

		if (s->told && llabs(s->behind_ns) > worst)
			worst = llabs(s->behind_ns);
	}
	noc_value_set(clocks, "wrong", noc_value_int(p->told));
	noc_value_set(clocks, "worst", noc_value_int(skew_seconds(worst)));
	noc_value_set(map, "clocks", clocks);
}

const struct noc_part_ops noc_part_skew = {
	.open = skew_open,
	.close = skew_close,
	.load = skew_load,
	.store = skew_store_all,
	.stats = skew_stats,
};
