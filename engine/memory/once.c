/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/crypto.h"
#include "base/hex.h"
#include "base/json.h"
#include "base/mem.h"
#include "engine/core/core.h"
#include "engine/memory/recall.h"
#include "engine/notify/limit.h"

/*
 * Commands that came with an idempotency_key, by (actor, verb, key): what was
 * carried out is kept with its answer, in the transaction of what it did, so
 * that there is one or the other of neither.  What was refused has changed
 * nothing and is not kept: it may be asked again.  Nothing is given up early;
 * who has no more room is told so.
 */
#define ONCE_MS	     (24LL * 3600 * 1000)
#define ONCE_MAX     10000 /* of one actor */
#define ONCE_MAX_ALL 40000
#define ONCE_ANSWER  4096 /* bytes of an answer that is kept, as JSON */

struct once {
	struct noc_recall keys;
	struct noc_table busy; /* text -> struct busy: not durable yet */
	uint64_t replays, refused;
};

struct busy { /* freed when its answer is durable */
	struct once *once;
	char *text, sha[65];
};

/* All of it but who says it. */
static void
command_sha(const struct noc_value *command, char hex[65])
{
	struct noc_value *said = noc_value_copy(command);
	uint8_t hash[32];
	char *text;

	noc_value_unset(said, "actor");
	noc_value_unset(said, "who");
	text = noc_json_string(said, NOC_JSON_CANONICAL);
	noc_sha256_once(text, strlen(text), hash);
	noc_hex(hex, hash, 32);
	free(text);
	noc_value_free(said);
}

static const char *
command_actor(const struct noc_value *command)
{
	return noc_value_get_str(command, "actor", "unknown");
}

/* Of this actor: the verb and the key. */
static char *
command_key(const struct noc_value *command)
{
	return noc_asprintf("%s\x1f%s", noc_value_get_str(command, "verb", ""),
			    noc_value_get_str(command, "idempotency_key", ""));
}

static char *
busy_text(const struct noc_value *command)
{
	char *key = command_key(command);
	char *text = noc_asprintf("%s\x1f%s", command_actor(command), key);

	free(key);
	return text;
}

static void
busy_free(struct busy *b)
{
	free(b->text);
	free(b);
}

static void
on_durable(void *arg)
{
	struct busy *b = arg;

	noc_table_del(&b->once->busy, b->text);
	busy_free(b);
}

static int
once_other(const struct noc_value *command, struct noc_err *err)
{
	return noc_err_set(err, NOC_ECONFIG,
			   "The idempotency key '%.80s' was said with another "
			   "%s before; a new request has a new key.",
			   noc_value_get_str(command, "idempotency_key", ""),
			   noc_value_get_str(command, "verb", ""));
}

static int
once_full(struct noc_core *core, struct once *o, const char *actor,
	  struct noc_err *err)
{
	if (noc_recall_count(&o->keys, actor) < ONCE_MAX &&
	    noc_recall_count(&o->keys, NULL) < ONCE_MAX_ALL)
		return 0;
	noc_limit_reached(core, "idempotency", actor,
			  "its requests with an idempotency key are refused "
			  "(503) until one of %d is 24 h old",
			  ONCE_MAX);
	return noc_err_set(err, NOC_ERESOURCE,
			   "'%.60s' has said too many idempotency keys in "
			   "24 h; one more could not be remembered.",
			   actor);
}

/* What was answered when it was here. */
static int
once_again(const struct noc_value *kept, const char *sha,
	   const struct noc_value *command, struct noc_value **answer,
	   struct noc_err *err)
{
	const struct noc_value *said = noc_value_get(kept, "answer");

	if (strcmp(noc_value_get_str(kept, "sha256", ""), sha) != 0)
		return once_other(command, err);
	if (!said)
		return noc_err_set(err, NOC_ECONFLICT,
				   "This %s was carried out before; its answer "
				   "is not known any more: it was too long, or "
				   "the daemon was stopped meanwhile.",
				   noc_value_get_str(command, "verb", ""));
	*answer = noc_value_copy(said);
	return 1;
}

static int
once_new(struct noc_core *core, struct once *o, const struct noc_value *command,
	 const char *sha, struct noc_err *err)
{
	int r = once_full(core, o, command_actor(command), err);
	struct busy *b;

	if (r)
		return r;
	b = noc_calloc(1, sizeof(*b));
	b->once = o;
	b->text = busy_text(command);
	memcpy(b->sha, sha, sizeof(b->sha));
	noc_table_put(&o->busy, b->text, b);
	return 0;
}

static int
once_asked(struct noc_core *core, void *part, const struct noc_value *command,
	   struct noc_value **answer, struct noc_err *err)
{
	struct once *o = part;
	char *text = busy_text(command), *key = command_key(command), sha[65];
	const struct busy *b = noc_table_get(&o->busy, text);
	const struct noc_value *kept = noc_recall_data(
	    &o->keys, command_actor(command), noc_slice_str(key));
	int r;

	command_sha(command, sha);
	if (b && strcmp(b->sha, sha) != 0)
		r = once_other(command, err);
	else if (b)
		r = noc_err_set(err, NOC_ECONFLICT,
				"The first request with this idempotency key "
				"is in progress; ask again in a moment.");
	else if (kept)
		r = once_again(kept, sha, command, answer, err);
	else
		r = once_new(core, o, command, sha, err);
	o->replays += r > 0;
	o->refused += r < 0;
	free(text);
	free(key);
	return r;
}

/* answer: as JSON, borrowed; NULL: not known (yet). */
static void
once_keep(struct noc_core *core, struct once *o,
	  const struct noc_value *command, const char *sha,
	  const struct noc_value *answer)
{
	char *key = command_key(command);
	struct noc_value *data = noc_value_map();
	const struct noc_recall_key k = {
		.owner = command_actor(command),
		.key = noc_slice_str(key),
		.within_ms = ONCE_MS,
		.data = data,
	};

	noc_value_set(data, "sha256", noc_value_str(sha));
	if (answer)
		noc_value_set(data, "answer", noc_value_copy(answer));
	noc_recall_forget(core, &o->keys, k.owner, k.key);
	noc_recall_add(core, &o->keys, &k);
	noc_value_free(data);
	free(key);
}

/* Killed before its answer it has been carried out all the same. */
static void
once_taken(struct noc_core *core, void *part, const struct noc_value *command)
{
	struct once *o = part;
	char *text = busy_text(command);
	const struct busy *b = noc_table_get(&o->busy, text);

	if (!NOC_FAILS(b != NULL))
		once_keep(core, o, command, b->sha, NULL);
	free(text);
}

static bool
answer_is_long(const struct noc_value *answer)
{
	char *text = noc_json_string(answer, NOC_JSON_COMPACT);
	bool is_long = strlen(text) > ONCE_ANSWER;

	free(text);
	return is_long;
}

static void
once_refused(struct noc_core *core, struct once *o,
	     const struct noc_value *command)
{
	char *key = command_key(command);

	noc_recall_forget(core, &o->keys, command_actor(command),
			  noc_slice_str(key));
	free(key);
}

static void
once_answered(struct noc_core *core, void *part,
	      const struct noc_value *command, int kind,
	      const struct noc_value *answer)
{
	struct once *o = part;
	char *text = busy_text(command);
	struct busy *b = noc_table_get(&o->busy, text);
	struct noc_value *none = noc_value_nil();

	free(text);
	if (NOC_FAILS(b != NULL))
		goto out;
	if (kind) {
		once_refused(core, o, command);
		on_durable(b);
		goto out;
	}
	if (!answer)
		answer = none;
	once_keep(core, o, command, b->sha,
		  answer_is_long(answer) ? NULL : answer);
	noc_core_effect(core, on_durable, NULL, b);
out:
	noc_value_free(none);
}

/* ---- part ---- */

static void *
once_open(struct noc_core *core)
{
	static const struct noc_recall_conf conf = {
		.kind = "once",
		.each = SIZE_MAX,
		.all = SIZE_MAX,
	};
	struct once *o = noc_calloc(1, sizeof(*o));

	(void)core;
	noc_recall_init(&o->keys, &conf, o);
	return o;
}

static void
once_close(void *part)
{
	struct once *o = part;
	void *busy;

	for (size_t it = 0; noc_table_next(&o->busy, &it, NULL, &busy);)
		busy_free(busy);
	noc_table_release(&o->busy);
	noc_recall_release(&o->keys);
	free(o);
}

static bool
once_load(struct noc_core *core, void *part, const char *kind, const char *key,
	  int64_t due_ns, const struct noc_value *data)
{
	struct once *o = part;

	if (strcmp(kind, "once"))
		return false;
	if (!noc_value_get_str(noc_value_get(data, "data"), "sha256", NULL))
		noc_core_unreadable(core, kind, key);
	else
		noc_recall_load(core, &o->keys, key, due_ns, data);
	return true;
}

static void
once_store(struct noc_core *core, void *part)
{
	noc_recall_store(core, &((struct once *)part)->keys);
}

static void
once_stats(struct noc_core *core, void *part, struct noc_value *map)
{
	const struct once *o = part;

	(void)core;
	noc_value_set(map, "command_keys",
		      noc_value_int((int64_t)noc_recall_count(&o->keys, NULL)));
	noc_value_set(map, "command_replays",
		      noc_value_int((int64_t)o->replays));
	noc_value_set(map, "command_keys_refused",
		      noc_value_int((int64_t)o->refused));
}

const struct noc_part_ops noc_part_once = {
	.open = once_open,
	.close = once_close,
	.load = once_load,
	.store = once_store,
	.stats = once_stats,
	.asked = once_asked,
	.answered = once_answered,
	.taken = once_taken,
};
