/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "proto/mib.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/table.h"
#include "proto/mib_table.h"

#define CHUNK_SIZE  ((size_t)65536)
#define OBJECTS_MAX 500000
#define LINE_BYTES  65536
#define NAME_MAX_   64
#define NO_PARENT   UINT32_MAX

/* Memory that lives as long as the table. */
struct chunk {
	struct chunk *next;
	size_t used;
	_Alignas(8) char data[CHUNK_SIZE];
};

struct node {
	const struct noc_mib_object *o;
	uint32_t parent; /* nearest node whose OID is a prefix of ours */
};

struct noc_mib {
	struct chunk *chunks;
	struct node *nodes; /* sorted by OID, each OID once */
	size_t len, cap;
	struct noc_table names;
};

/* Objects read but not yet in a table. */
struct batch {
	struct noc_mib *mib;
	const struct noc_mib_object **at;
	size_t len, cap;
};

static void *
mib_alloc(struct noc_mib *mib, size_t size)
{
	struct chunk *c = mib->chunks;
	void *p;

	size = (size + 7) & ~(size_t)7;
	NOC_REQUIRE(size <= CHUNK_SIZE);
	if (c == NULL || c->used + size > CHUNK_SIZE) {
		c = noc_malloc(sizeof(*c));
		c->next = mib->chunks;
		c->used = 0;
		mib->chunks = c;
	}
	p = c->data + c->used;
	c->used += size;
	return p;
}

static const char *
mib_string(struct noc_mib *mib, const char *p, size_t len)
{
	char *s = mib_alloc(mib, len + 1);

	memcpy(s, p, len);
	s[len] = '\0';
	return s;
}

static int
oid_compare(const noc_oid *a, size_t alen, const noc_oid *b, size_t blen)
{
	size_t n = alen < blen ? alen : blen;

	for (size_t i = 0; i < n; i++)
		if (a[i] != b[i])
			return a[i] < b[i] ? -1 : 1;
	return alen == blen ? 0 : alen < blen ? -1 : 1;
}

bool
noc_oid_under(const noc_oid *oid, size_t len, const noc_oid *root,
	      size_t root_len)
{
	return len >= root_len &&
	       memcmp(oid, root, root_len * sizeof(*oid)) == 0;
}

/* --- the text format --- */

static bool
name_is_valid(const char *p, size_t len)
{
	if (len == 0 || len > NAME_MAX_)
		return false;
	for (size_t i = 0; i < len; i++) {
		char c = p[i];
		bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
		bool other = (c >= '0' && c <= '9') || c == '-' || c == '_';

		if (!letter && !(i > 0 && other))
			return false;
	}
	return true;
}

static bool
enums_are_valid(const char *p)
{
	for (;;) {
		char *end;

		p += strcspn(p, "=,");
		if (*p != '=')
			return false;
		strtol(p + 1, &end, 10);
		if (end == p + 1)
			return false;
		if (*end == '\0')
			return true;
		if (*end != ',')
			return false;
		p = end + 1;
	}
}

/* One row; NULL on success, else what is wrong with it. */
static const char *
row_parse(struct batch *b, char *line)
{
	char *save = NULL, *word[6] = { NULL };
	noc_oid oid[NOC_OID_MAX];
	struct noc_mib_object *o;
	size_t oid_len = NOC_OID_MAX;

	for (size_t i = 0; i < NOC_COUNT(word); i++)
		word[i] = strtok_r(i ? NULL : line, " \t\r\n", &save);
	if (word[0] == NULL || word[0][0] == '#')
		return NULL;
	if (strtok_r(NULL, " \t\r\n", &save) != NULL)
		return "it has more than six words";
	if (!name_is_valid(word[0], strlen(word[0])))
		return "its name has characters that MIB names do not have";
	if (word[2] == NULL)
		return "it needs a name, an OID and a kind";
	if (noc_oid_parse(b->mib, word[1], strlen(word[1]), oid, &oid_len, NULL,
			  NULL) < 0)
		return "its OID is neither numbers nor an object named before";
	if (strlen(word[2]) != 1 || strchr("scno", word[2][0]) == NULL)
		return "its kind is not one of s, c, n, o";
	if (word[3] != NULL &&
	    (strlen(word[3]) != 1 || strchr("iusxoatmd-", word[3][0]) == NULL))
		return "its syntax is not one of i, u, s, x, o, a, t, m, d, -";
	if (word[5] != NULL && !enums_are_valid(word[5]))
		return "its enums are not label=number,label=number";
	o = mib_alloc(b->mib, sizeof(*o));
	o->name = mib_string(b->mib, word[0], strlen(word[0]));
	o->oid = memcpy(mib_alloc(b->mib, oid_len * sizeof(*oid)), oid,
			oid_len * sizeof(*oid));
	o->oid_len = (uint16_t)oid_len;
	o->kind = word[2][0];
	o->syntax = word[3] ? word[3][0] : '-';
	o->index = NULL;
	if (word[4] != NULL && strcmp(word[4], "-") != 0)
		o->index = mib_string(b->mib, word[4], strlen(word[4]));
	o->enums = NULL;
	if (word[5] != NULL)
		o->enums = mib_string(b->mib, word[5], strlen(word[5]));
	NOC_GROW(b->at, b->cap, b->len + 1);
	b->at[b->len++] = o;
	noc_table_put(&b->mib->names, o->name, o);
	return NULL;
}

/* --- the table --- */

struct ranked {
	const struct noc_mib_object *o;
	size_t rank;
};

static int
ranked_compare(const void *a, const void *b)
{
	const struct ranked *x = a, *y = b;
	int c = oid_compare(x->o->oid, x->o->oid_len, y->o->oid, y->o->oid_len);

	return c ? c : x->rank < y->rank ? -1 : 1;
}

/* Nodes are in order, so every prefix of one comes before it. */
static void
mib_link(struct noc_mib *mib)
{
	for (size_t i = 0; i < mib->len; i++) {
		const struct noc_mib_object *o = mib->nodes[i].o;
		uint32_t p = i ? (uint32_t)(i - 1) : NO_PARENT;

		while (p != NO_PARENT &&
		       !noc_oid_under(o->oid, o->oid_len, mib->nodes[p].o->oid,
				      mib->nodes[p].o->oid_len))
			p = mib->nodes[p].parent;
		mib->nodes[i].parent = p;
	}
}

/* Of two objects with one OID the later one stays. */
static void
mib_merge(struct noc_mib *mib, const struct batch *b)
{
	size_t n = mib->len + b->len;
	struct ranked *all = noc_calloc(n + 1, sizeof(*all));

	for (size_t i = 0; i < n; i++)
		all[i] = (struct ranked){ i < mib->len ? mib->nodes[i].o
						       : b->at[i - mib->len],
					  i };
	qsort(all, n, sizeof(*all), ranked_compare);
	NOC_GROW(mib->nodes, mib->cap, n);
	mib->len = 0;
	for (size_t i = 0; i < n; i++) {
		if (mib->len > 0) {
			const struct noc_mib_object *last =
			    mib->nodes[mib->len - 1].o;

			if (!oid_compare(last->oid, last->oid_len,
					 all[i].o->oid, all[i].o->oid_len))
				mib->len--;
		}
		mib->nodes[mib->len++].o = all[i].o;
	}
	free(all);
	mib_link(mib);
}

/* Forget names whose objects did not make it into the table. */
static void
mib_rename(struct noc_mib *mib)
{
	noc_table_release(&mib->names);
	memset(&mib->names, 0, sizeof(mib->names));
	for (size_t i = mib->len; i-- > 0;) {
		union {
			const struct noc_mib_object *in;
			void *out;
		} u = { mib->nodes[i].o };

		noc_table_put(&mib->names, u.in->name, u.out);
	}
}

static void
mib_add_rows(struct noc_mib *mib, const char *const *rows)
{
	struct batch b = { .mib = mib };

	for (; *rows != NULL; rows++) {
		char *line = noc_strdup(*rows);

		NOC_REQUIRE(row_parse(&b, line) == NULL);
		free(line);
	}
	mib_merge(mib, &b);
	free(b.at);
}

struct noc_mib *
noc_mib_new(void)
{
	struct noc_mib *mib = noc_calloc(1, sizeof(*mib));

	mib_add_rows(mib, noc_mib_ietf);
	mib_add_rows(mib, noc_mib_vendor);
	return mib;
}

static struct noc_mib *mib_builtin;

static void
mib_builtin_make(void)
{
	mib_builtin = noc_mib_new();
}

const struct noc_mib *
noc_mib_builtin(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, mib_builtin_make);
	return mib_builtin;
}

void
noc_mib_free(struct noc_mib *mib)
{
	if (mib == NULL)
		return;
	while (mib->chunks != NULL) {
		struct chunk *c = mib->chunks;

		mib->chunks = c->next;
		free(c);
	}
	noc_table_release(&mib->names);
	free(mib->nodes);
	free(mib);
}

size_t
noc_mib_count(const struct noc_mib *mib)
{
	return mib->len;
}

static int
file_read(struct batch *b, FILE *f, const char *path, struct noc_err *err)
{
	char *line = noc_malloc(LINE_BYTES);
	const char *wrong = NULL;
	size_t number = 0;

	while (wrong == NULL && fgets(line, LINE_BYTES, f) != NULL) {
		number++;
		if (strchr(line, '\n') == NULL && !feof(f))
			wrong = "it is too long";
		else if (b->len >= OBJECTS_MAX)
			wrong = "there are more than 500,000 objects";
		else
			wrong = row_parse(b, line);
	}
	free(line);
	if (wrong != NULL)
		return noc_err_set(err, NOC_ECONFIG,
				   "%s:%zu: the MIB row cannot be used: %s.",
				   path, number, wrong);
	if (ferror(f))
		return noc_err_set(err, NOC_ECONFIG,
				   "%s:%zu: the file could not be read on: %s.",
				   path, number, strerror(errno));
	return 0;
}

int
noc_mib_load(struct noc_mib *mib, const char *path, struct noc_err *err)
{
	struct batch b = { .mib = mib };
	FILE *f = fopen(path, "re");
	int rc;

	if (f == NULL)
		return noc_err_set(
		    err, errno == ENOENT ? NOC_ENOTFOUND : NOC_ECONFIG,
		    "The compiled MIB '%s' cannot be opened: "
		    "%s.",
		    path, strerror(errno));
	rc = file_read(&b, f, path, err);
	fclose(f);
	if (rc == 0)
		mib_merge(mib, &b);
	else
		mib_rename(mib);
	free(b.at);
	return rc;
}

const struct noc_mib_object *
noc_mib_find(const struct noc_mib *mib, const noc_oid *oid, size_t len)
{
	size_t low = 0, high = mib->len;
	uint32_t i;

	while (low < high) { /* the first node behind oid */
		size_t mid = low + (high - low) / 2;
		const struct noc_mib_object *o = mib->nodes[mid].o;

		if (oid_compare(o->oid, o->oid_len, oid, len) <= 0)
			low = mid + 1;
		else
			high = mid;
	}
	i = low ? (uint32_t)(low - 1) : NO_PARENT;
	for (; i != NO_PARENT; i = mib->nodes[i].parent) {
		const struct noc_mib_object *o = mib->nodes[i].o;

		if (noc_oid_under(oid, len, o->oid, o->oid_len))
			return o;
	}
	return NULL;
}

const struct noc_mib_object *
noc_mib_by_name(const struct noc_mib *mib, const char *name, size_t len)
{
	return noc_table_getn(&mib->names, name, len);
}

const struct noc_mib_object *
noc_mib_at(const struct noc_mib *mib, size_t i)
{
	return i < mib->len ? mib->nodes[i].o : NULL;
}
