/* SPDX-License-Identifier: ISC */
/* One table of a damaged file, around what cannot be read. */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "store/salvage_private.h"

#define PROBES_MAX 2000000 /* a table; each is one search */
#define GAPS_MAX   4096

static void
key_set(struct salvage_key *k, bool text, sqlite3_stmt *st, int at)
{
	if (!text) {
		k->n = sqlite3_column_int64(st, at);
		return;
	}
	noc_strbuf_clear(&k->kind);
	noc_strbuf_add(&k->kind, sqlite3_column_text(st, at),
		       (size_t)sqlite3_column_bytes(st, at));
	noc_strbuf_clear(&k->key);
	noc_strbuf_add(&k->key, sqlite3_column_text(st, at + 1),
		       (size_t)sqlite3_column_bytes(st, at + 1));
}

static void
key_bind(const struct salvage_key *k, bool text, sqlite3_stmt *st, int at)
{
	if (!text) {
		sqlite3_bind_int64(st, at, k->n);
		return;
	}
	sqlite3_bind_text(st, at, k->kind.len ? k->kind.p : "",
			  (int)k->kind.len, SQLITE_TRANSIENT);
	sqlite3_bind_text(st, at + 1, k->key.len ? k->key.p : "",
			  (int)k->key.len, SQLITE_TRANSIENT);
}

static void
key_copy(struct salvage_key *to, const struct salvage_key *from)
{
	to->n = from->n;
	noc_strbuf_clear(&to->kind);
	noc_strbuf_add(&to->kind, from->kind.p, from->kind.len);
	noc_strbuf_clear(&to->key);
	noc_strbuf_add(&to->key, from->key.p, from->key.len);
}

static void
key_release(struct salvage_key *k)
{
	noc_strbuf_release(&k->kind);
	noc_strbuf_release(&k->key);
}

static int
salvage_prepare_of(struct salvage *s, const char *select)
{
	const struct salvage_table *t = s->t;
	const char *low = t->text ? "(?1,?2)" : "?1";
	const char *high = t->text ? "(?3,?4)" : "?3";
	char sql[768];
	int rc;

	snprintf(sql, sizeof(sql),
		 "SELECT %s WHERE (%s) AND (%s) > %s ORDER BY %s", select,
		 t->where, t->by, low, t->by);
	rc = sqlite3_prepare_v2(s->old, sql, -1, &s->up, NULL);
	if (rc != SQLITE_OK)
		return rc;
	snprintf(sql, sizeof(sql),
		 "SELECT %s WHERE (%s) AND (%s) > %s AND (%s) < %s ORDER BY %s",
		 select, t->where, t->by, low, t->by, high, t->down);
	return sqlite3_prepare_v2(s->old, sql, -1, &s->between, NULL);
}

/* A file of an older version is known by what it lacks: its number may be what
 * is damaged. */
static int
salvage_prepare(struct salvage *s)
{
	int rc = salvage_prepare_of(s, s->t->select);

	if (rc == SQLITE_OK || !s->t->before)
		return rc;
	sqlite3_finalize(s->up);
	return salvage_prepare_of(s, s->t->before);
}

/* ---- rows ---- */

/* Into the new file.  A row whose shape it refuses is one of the lost. */
bool
noc_salvage_row(struct salvage *s, sqlite3_stmt *from)
{
	for (int i = 0; i < s->t->n; i++)
		sqlite3_bind_value(s->to, i + 1, sqlite3_column_value(from, i));
	s->rc = sqlite3_step(s->to);
	sqlite3_reset(s->to);
	if (s->rc == SQLITE_DONE)
		*s->count += (uint64_t)sqlite3_changes(s->new);
	if (s->rc == SQLITE_DONE || (s->rc & 0xff) == SQLITE_CONSTRAINT)
		s->rc = SQLITE_OK;
	return s->rc == SQLITE_OK;
}

static void
salvage_bind(struct salvage *s, sqlite3_stmt *st, const struct salvage_key *low)
{
	sqlite3_reset(st);
	key_bind(low, s->t->text, st, 1);
	if (sqlite3_bind_parameter_count(st) >= 9)
		sqlite3_bind_int64(st, 9, s->since_ns);
}

static int
key_compare(const struct noc_strbuf *a, sqlite3_stmt *st, int at)
{
	size_t n = (size_t)sqlite3_column_bytes(st, at);
	int r = a->len && n ? memcmp(a->p, sqlite3_column_text(st, at),
				     a->len < n ? a->len : n)
			    : 0;

	return r ? r : (a->len > n) - (a->len < n);
}

/* A page of elsewhere may lie here: then its rows are not behind low. */
static bool
key_follows(const struct salvage_key *low, bool text, sqlite3_stmt *st, int at)
{
	int r;

	if (!text)
		return sqlite3_column_int64(st, at) > low->n;
	if (sqlite3_column_type(st, at) != SQLITE_TEXT ||
	    sqlite3_column_type(st, at + 1) != SQLITE_TEXT)
		return false;
	r = key_compare(&low->kind, st, at);
	return (r ? r : key_compare(&low->key, st, at + 1)) < 0;
}

/* From low on; true when the end was reached, else low is where it broke. */
static bool
salvage_up(struct salvage *s)
{
	int step;

	salvage_bind(s, s->up, &s->low);
	while ((step = sqlite3_step(s->up)) == SQLITE_ROW) {
		s->gap |= !key_follows(&s->low, s->t->text, s->up, s->t->n);
		if (!noc_salvage_row(s, s->up))
			break;
		key_set(&s->low, s->t->text, s->up, s->t->n);
	}
	sqlite3_reset(s->up);
	return step == SQLITE_DONE;
}

/* What lies between low and high, from above. */
static void
salvage_between(struct salvage *s)
{
	salvage_bind(s, s->between, &s->low);
	key_bind(&s->high, s->t->text, s->between, 3);
	while (sqlite3_step(s->between) == SQLITE_ROW)
		if (!noc_salvage_row(s, s->between))
			break;
	sqlite3_reset(s->between);
}

/* ---- gaps ---- */

/* Can it be read behind this key?  Then high is the first row there, or, when
 * there is none, the key. */
static bool
salvage_probe(struct salvage *s, const struct salvage_key *at)
{
	int step;

	if (++s->probes > PROBES_MAX)
		return false;
	salvage_bind(s, s->up, at);
	step = sqlite3_step(s->up);
	if (step == SQLITE_ROW && noc_salvage_row(s, s->up))
		key_set(&s->high, s->t->text, s->up, s->t->n);
	else if (step == SQLITE_DONE)
		key_copy(&s->high, at);
	sqlite3_reset(s->up);
	return step == SQLITE_ROW || step == SQLITE_DONE;
}

static bool
salvage_past_number(struct salvage *s)
{
	struct salvage_key at = { .n = s->low.n };

	while (at.n < INT64_MAX && s->probes < PROBES_MAX) {
		int64_t more = 1 + (at.n - s->low.n) / 8;

		at.n = at.n > INT64_MAX - more ? INT64_MAX : at.n + more;
		if (salvage_probe(s, &at))
			return true;
	}
	return false;
}

/* The bytes that keys are made of, in their order, and one after them all. */
static unsigned
salvage_next_byte(unsigned c)
{
	return c < 0x1f ? 0x1f : c < 0x7e ? c + 1 : c < 0xff ? 0xff : 0x100;
}

/* sb and one byte more, sb and two. */
static bool
salvage_longer(struct salvage *s, struct salvage_key *at, struct noc_strbuf *sb,
	       unsigned c)
{
	bool found;

	noc_strbuf_addc(sb, (char)c);
	found = salvage_probe(s, at);
	for (c = salvage_next_byte(0); !found && c < 0x100;
	     c = salvage_next_byte(c)) {
		noc_strbuf_addc(sb, (char)c);
		found = salvage_probe(s, at);
		sb->len--;
	}
	sb->len--;
	return found;
}

/* Texts in their order, in ever longer steps: those that begin with all of
 * it, then with all but its last byte, which is raised, and so on. */
static bool
salvage_raise(struct salvage *s, struct salvage_key *at, struct noc_strbuf *sb)
{
	for (size_t len = sb->len + 1; len-- > 0;) {
		unsigned c = len < sb->len ? (unsigned char)sb->p[len] : 0;

		sb->len = len;
		while ((c = salvage_next_byte(c)) < 0x100 &&
		       s->probes < PROBES_MAX)
			if (salvage_longer(s, at, sb, c))
				return true;
	}
	return false;
}

static bool
salvage_past_text(struct salvage *s)
{
	struct salvage_key at = { .n = 0 };
	bool found;

	key_copy(&at, &s->low);
	found = salvage_raise(s, &at, &at.key);
	if (!found) {
		key_copy(&at, &s->low);
		noc_strbuf_clear(&at.key);
		found = salvage_raise(s, &at, &at.kind);
	}
	key_release(&at);
	return found;
}

void
noc_salvage_lost(struct noc_salvage *out, const char *name)
{
	if (!out->lost)
		out->lost = noc_value_list();
	noc_value_push(out->lost, noc_value_str(name));
}

void
noc_salvage_done(struct salvage *s)
{
	sqlite3_finalize(s->up);
	sqlite3_finalize(s->between);
	sqlite3_finalize(s->to);
	s->up = s->between = s->to = NULL;
}

/* Those that are not copied tell as well whether each page is where it
 * belongs. */
static void
salvage_check(struct salvage *s)
{
	const struct salvage_table *t = s->t;
	struct salvage_key last = { .n = INT64_MIN };
	sqlite3_stmt *st = NULL;
	char sql[512];
	int step = SQLITE_ERROR;

	snprintf(sql, sizeof(sql), "SELECT %s,%s FROM %s %s ORDER BY %s",
		 t->sane, t->by, t->name, t->text ? "" : "NOT INDEXED", t->by);
	if (sqlite3_prepare_v2(s->old, sql, -1, &st, NULL) == SQLITE_OK)
		while (!s->gap && (step = sqlite3_step(st)) == SQLITE_ROW) {
			s->gap = !sqlite3_column_int(st, 0) ||
				 !key_follows(&last, t->text, st, 1);
			key_set(&last, t->text, st, 1);
		}
	s->gap |= step != SQLITE_DONE;
	sqlite3_finalize(st);
	key_release(&last);
}

int
noc_salvage_table(struct salvage *s, struct noc_salvage *out)
{
	unsigned gaps = 0;

	noc_db_budget(s->old, s->old_path, &s->budget);
	s->gap = salvage_prepare(s) != SQLITE_OK;
	s->probes = 0;
	s->rc = sqlite3_prepare_v2(s->new, s->t->insert, -1, &s->to, NULL);
	while (s->rc == SQLITE_OK && s->between && !salvage_up(s) &&
	       s->rc == SQLITE_OK) {
		s->gap = true;
		if (++gaps > GAPS_MAX || !(s->t->text ? salvage_past_text(s)
						      : salvage_past_number(s)))
			break;
		salvage_between(s);
		key_copy(&s->low, &s->high);
	}
	if (!s->gap && s->t->sane)
		salvage_check(s);
	if (s->gap)
		noc_salvage_lost(out, s->t->name);
	noc_salvage_done(s);
	return s->rc;
}
