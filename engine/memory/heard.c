/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "engine/memory/heard.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "base/mem.h"
#include "engine/memory/recall.h"
#include "engine/notify/limit.h"

#define HEARD_ENGINES_MAX 16384 /* that one user signs for */
#define HEARD_MAX	  16384 /* messages of one engine */
#define HEARD_MAX_ALL	  65536
#define HEARD_AGAIN_MS	  (301 * 1000) /* longer than one can be in time */
#define HEARD_WINDOW_S	  150	       /* RFC 3414 §2.2.3 */
#define HEARD_DRIFT_S	  10 /* a row may be so much behind its engine */
#define HEARD_IDLE_MS	  (24 * 3600 * 1000LL)
#define HEARD_IDLE_NS	  (HEARD_IDLE_MS * NOC_NS_PER_MS)
#define HEARD_NAME	  160	     /* engine and user in hex */
#define HEARD_BOOTS_LATCH 2147483647 /* RFC 3414 §2.2.2: never in time */

/* What an engine's clock showed at a time of ours; it goes on as ours does. */
struct reading {
	int64_t boots, time_s, at_ns;
};

struct engine { /* as one user tells of it */
	TAILQ_ENTRY(engine) link;
	struct signer *signer;
	struct reading last, stored; /* the latest; as in its row */
	int64_t heard_ns;
	int64_t doubt_ns; /* its row could not be read: until then */
	/* Messages up to here are forgotten: one that is as old cannot be told
	 * from a replay. */
	int64_t floor_boots, floor_s, stored_floor_boots, stored_floor_s;
	bool ours;
	char name[HEARD_NAME]; /* "ENGINE/USER" */
};

struct signer {
	TAILQ_HEAD(, engine) queue; /* longest unheard first */
	size_t n;
	char user[]; /* hex */
};

struct heard {
	struct noc_core *core;
	struct noc_recall messages;
	struct noc_table engines; /* name -> struct engine */
	struct noc_table signers; /* user in hex -> struct signer */
	uint64_t old, strange;
};

/* ---- engines ---- */

static int64_t
reading_now(const struct reading *r, int64_t now_ns)
{
	int64_t passed = now_ns - r->at_ns;

	return r->time_s + (passed > 0 ? passed / NOC_NS_PER_S : 0);
}

static void
engine_store(struct noc_core *core, struct engine *e)
{
	struct noc_value *data = noc_value_map();

	noc_value_set(data, "boots", noc_value_int(e->last.boots));
	noc_value_set(data, "time", noc_value_int(e->last.time_s));
	noc_value_set(data, "at", noc_value_int(e->last.at_ns));
	if (e->floor_boots >= 0) {
		noc_value_set(data, "floor_boots",
			      noc_value_int(e->floor_boots));
		noc_value_set(data, "floor", noc_value_int(e->floor_s));
	}
	if (e->doubt_ns)
		noc_value_set(data, "doubt", noc_value_int(e->doubt_ns));
	noc_txn_live_put(noc_core_txn(core), "engine", e->name, 0, data);
	noc_value_free(data);
	e->stored = e->last;
	e->stored_floor_boots = e->floor_boots;
	e->stored_floor_s = e->floor_s;
}

static const char *
name_user(const char *name)
{
	const char *slash = strchr(name, '/');

	return slash ? slash + 1 : "";
}

static struct signer *
signer_get(struct heard *p, const char *user)
{
	struct signer *s = noc_table_get(&p->signers, user);

	if (s)
		return s;
	s = noc_calloc(1, sizeof(*s) + strlen(user) + 1);
	strcpy(s->user, user);
	TAILQ_INIT(&s->queue);
	noc_table_put(&p->signers, s->user, s);
	return s;
}

static struct engine *
engine_put(struct heard *p, const char *name)
{
	struct engine *e = noc_calloc(1, sizeof(*e));

	snprintf(e->name, sizeof(e->name), "%s", name);
	e->floor_boots = e->stored_floor_boots = -1;
	e->last.boots = e->stored.boots = -1;
	e->signer = signer_get(p, name_user(e->name));
	e->signer->n++;
	noc_table_put(&p->engines, e->name, e);
	TAILQ_INSERT_TAIL(&e->signer->queue, e, link);
	return e;
}

/* One of this user that was silent for a day makes room; else NULL. */
static struct engine *
engine_new(struct noc_core *core, struct heard *p, const char *name)
{
	struct signer *s = signer_get(p, name_user(name));
	struct engine *first = TAILQ_FIRST(&s->queue);

	if (s->n >= HEARD_ENGINES_MAX) {
		if (first->ours ||
		    noc_steady_now(core) - first->heard_ns < HEARD_IDLE_NS)
			return NULL;
		noc_txn_live_del(noc_core_txn(core), "engine", first->name);
		noc_table_del(&p->engines, first->name);
		TAILQ_REMOVE(&s->queue, first, link);
		s->n--;
		free(first);
	}
	return engine_put(p, name);
}

/*
 * RFC 3414 section 3.2 (7) b: only what is later than all before it moves our
 * notion of the engine's clock.  Its row follows at once when it would take
 * what is too old, else when its messages are forgotten.
 */
static void
engine_advance(struct noc_core *core, struct engine *e,
	       const struct noc_heard *h)
{
	int64_t now = noc_steady_now(core);

	e->heard_ns = now;
	if (h->boots < e->last.boots ||
	    (h->boots == e->last.boots && h->time_s <= e->last.time_s))
		return;
	e->last = (struct reading){ h->boots, h->time_s, now };
	if (!e->ours &&
	    (e->stored.boots != h->boots ||
	     h->time_s - reading_now(&e->stored, now) > HEARD_DRIFT_S))
		engine_store(core, e);
}

static bool
engine_is_past(struct noc_core *core, const struct engine *e,
	       const struct noc_heard *h)
{
	if (h->boots < e->floor_boots ||
	    (h->boots == e->floor_boots && h->time_s <= e->floor_s))
		return true;
	if (h->ours)
		return false;
	return h->boots < e->last.boots ||
	       (h->boots == e->last.boots &&
		h->time_s < reading_now(&e->last, noc_steady_now(core)) -
				HEARD_WINDOW_S);
}

/* ---- messages: "ENGINE/USER\x1fBOOTS/TIME/DIGEST" ---- */

static void
heard_name(const struct noc_heard *h, char name[HEARD_NAME])
{
	char engine[65], user[2 * sizeof(h->user) + 1];

	snprintf(name, HEARD_NAME, "%s/%s",
		 noc_hex(engine, h->engine, h->engine_len),
		 noc_hex(user, (const uint8_t *)h->user,
			 strnlen(h->user, sizeof(h->user))));
}

static void
message_key(const struct noc_heard *h, char key[112])
{
	char hex[65];

	snprintf(key, 112, "%lld/%lld/%s", (long long)h->boots,
		 (long long)h->time_s, noc_hex(hex, h->digest, 32));
}

/*
 * What is forgotten could be sent again: from now on neither it nor what is
 * older is in time.  So it does not matter how far somebody who holds messages
 * back can hold back our notion of the engine's clock.
 */
static void
on_message_gone(struct noc_core *core, void *arg, const char *text,
		int64_t mark, bool early)
{
	struct heard *p = arg;
	const char *at = strchr(text, '\x1f');
	struct engine *e;
	long long boots, time_s;
	char name[HEARD_NAME];

	(void)mark;
	if (!at || (size_t)(at - text) >= sizeof(name) ||
	    sscanf(at + 1, "%lld/%lld/", &boots, &time_s) != 2)
		return;
	snprintf(name, sizeof(name), "%.*s", (int)(at - text), text);
	e = noc_table_get(&p->engines, name);
	if (!e || boots < e->floor_boots ||
	    (boots == e->floor_boots && time_s <= e->floor_s))
		return;
	e->floor_boots = boots;
	e->floor_s = time_s;
	/* Ours boots anew when we do. */
	if (!e->ours && (early || boots != e->stored_floor_boots ||
			 time_s - e->stored_floor_s > HEARD_DRIFT_S))
		engine_store(core, e);
}

enum noc_heard_as
noc_heard(struct noc_core *core, const struct noc_heard *h)
{
	struct heard *p = noc_core_part(core, NOC_PART_HEARD);
	struct noc_recall_key k = { .within_ms = HEARD_AGAIN_MS };
	char name[HEARD_NAME], key[112];
	struct engine *e;

	heard_name(h, name);
	k.owner = name;
	message_key(h, key);
	k.key = noc_slice_str(key);
	e = noc_table_get(&p->engines, name);
	if (noc_recall_repeats(&p->messages, name, k.key))
		return NOC_HEARD_AGAIN;
	if ((e && engine_is_past(core, e, h)) ||
	    (!h->ours && h->boots == HEARD_BOOTS_LATCH)) {
		p->old++;
		return NOC_HEARD_OLD;
	}
	if (!e && !(e = engine_new(core, p, name))) {
		p->strange++;
		noc_limit_reached(
		    core, "engines", name,
		    "%d SNMPv3 engines of one user were heard in a "
		    "day; what others of it send is of low trust",
		    HEARD_ENGINES_MAX);
		return NOC_HEARD_STRANGE;
	}
	e->ours = h->ours;
	TAILQ_REMOVE(&e->signer->queue, e, link);
	TAILQ_INSERT_TAIL(&e->signer->queue, e, link);
	engine_advance(core, e, h);
	if (noc_recall_add(core, &p->messages, &k) != NOC_RECALL_NEW)
		noc_limit_reached(
		    core, "messages", name,
		    "of more than %d SNMPv3 messages in 5 min the "
		    "oldest are forgotten; what is as old is "
		    "refused",
		    HEARD_MAX);
	if (noc_steady_now(core) < e->doubt_ns) {
		p->strange++;
		return NOC_HEARD_STRANGE;
	}
	return NOC_HEARD_NEW;
}

void
noc_heard_forget(struct noc_core *core, const struct noc_heard *h)
{
	struct heard *p = noc_core_part(core, NOC_PART_HEARD);
	char name[HEARD_NAME], key[112];

	heard_name(h, name);
	message_key(h, key);
	noc_recall_forget(core, &p->messages, name, noc_slice_str(key));
}

/* ---- part ---- */

static void *
heard_open(struct noc_core *core)
{
	static const struct noc_recall_conf conf = {
		.kind = "heard",
		.each = HEARD_MAX,
		.all = HEARD_MAX_ALL,
		.gone = on_message_gone,
	};
	struct heard *p = noc_calloc(1, sizeof(*p));

	(void)core;
	noc_recall_init(&p->messages, &conf, p);
	return p;
}

static void
heard_close(void *part)
{
	struct heard *p = part;
	void *value;

	noc_recall_release(&p->messages);
	for (size_t it = 0; noc_table_next(&p->engines, &it, NULL, &value);)
		free(value);
	for (size_t it = 0; noc_table_next(&p->signers, &it, NULL, &value);)
		free(value);
	noc_table_release(&p->engines);
	noc_table_release(&p->signers);
	free(p);
}

static bool
heard_load(struct noc_core *core, void *part, const char *kind, const char *key,
	   int64_t due_ns, const struct noc_value *data)
{
	struct heard *p = part;
	struct engine *e;

	if (!strcmp(kind, "heard")) {
		noc_recall_load(core, &p->messages, key, due_ns, data);
		return true;
	}
	if (strcmp(kind, "engine"))
		return false;
	e = engine_put(p, key);
	e->last.boots = noc_value_get_int(data, "boots", 0);
	e->last.time_s = noc_value_get_int(data, "time", 0);
	e->last.at_ns = noc_value_get_int(data, "at", noc_steady_now(core));
	e->floor_boots = noc_value_get_int(data, "floor_boots", -1);
	e->floor_s = noc_value_get_int(data, "floor", 0);
	e->stored = e->last;
	e->stored_floor_boots = e->floor_boots;
	e->stored_floor_s = e->floor_s;
	e->heard_ns = e->last.at_ns;
	e->doubt_ns = noc_value_get_int(data, "doubt", 0);
	return true;
}

/* How far its clock was is lost: what it sends is of low trust for a day, in
 * which it says so again. */
static void
heard_unreadable(struct noc_core *core, void *part, const char *kind,
		 const char *key)
{
	struct heard *p = part;
	struct engine *e;

	if (strcmp(kind, "engine") != 0 || strlen(key) >= HEARD_NAME ||
	    noc_table_get(&p->engines, key))
		return;
	e = engine_put(p, key);
	e->heard_ns = noc_steady_now(core);
	e->doubt_ns = noc_ns_after(e->heard_ns, HEARD_IDLE_MS);
	engine_store(core, e);
}

static void
heard_ready(struct noc_core *core, void *part)
{
	(void)core;
	noc_recall_ready(&((struct heard *)part)->messages);
}

static void
heard_store(struct noc_core *core, void *part)
{
	struct heard *p = part;
	void *value;

	for (size_t it = 0; noc_table_next(&p->engines, &it, NULL, &value);)
		if (!((struct engine *)value)->ours)
			engine_store(core, value);
	noc_recall_store(core, &p->messages);
}

static void
heard_stats(struct noc_core *core, void *part, struct noc_value *map)
{
	const struct heard *p = part;
	struct noc_value *v = noc_value_map();

	(void)core;
	noc_value_set(v, "engines",
		      noc_value_int((int64_t)noc_table_len(&p->engines)));
	noc_value_set(v, "messages",
		      noc_value_int((int64_t)noc_table_len(&p->messages.keys)));
	noc_value_set(v, "again", noc_value_int((int64_t)p->messages.hits));
	noc_value_set(v, "old", noc_value_int((int64_t)p->old));
	noc_value_set(v, "strange", noc_value_int((int64_t)p->strange));
	noc_value_set(map, "heard", v);
}

const struct noc_part_ops noc_part_heard = {
	.open = heard_open,
	.close = heard_close,
	.load = heard_load,
	.unreadable = heard_unreadable,
	.ready = heard_ready,
	.store = heard_store,
	.stats = heard_stats,
};
