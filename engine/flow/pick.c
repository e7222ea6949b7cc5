/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "engine/flow/pick.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/table.h"

#define NAMED_MAX 5 /* in a message */

struct pick {
	const struct noc_value *all;
	uint8_t *chosen;
	struct noc_table whole; /* its JSON -> place + 1 */
	struct noc_table named; /* what it is called -> place + 1, the last */
	size_t *before;		/* by place: the one before of its name, + 1 */
};

/* A text, a number, or what it is called; else all of it. */
static void
pick_word(const struct noc_value *v, struct noc_strbuf *out)
{
	static const char *const names[] = { "name", "id" };
	const struct noc_value *word = v->type == NOC_MAP ? NULL : v;

	for (size_t i = 0; i < NOC_COUNT(names) && !word; i++) {
		word = noc_value_get(v, names[i]);
		if (word && word->type != NOC_STR && word->type != NOC_INT)
			word = NULL;
	}
	noc_strbuf_clear(out);
	if (word && (word->type == NOC_STR || word->type == NOC_INT))
		noc_value_text(word, out);
	else
		noc_json_write(v, NOC_JSON_CANONICAL, out);
}

static void
pick_begin(struct pick *p)
{
	struct noc_strbuf sb = NOC_STRBUF_INIT;

	p->before = noc_calloc(noc_value_len(p->all) + 1, sizeof(*p->before));
	for (size_t i = 0; i < noc_value_len(p->all); i++) {
		const struct noc_value *v = noc_value_at(p->all, i);

		noc_strbuf_clear(&sb);
		noc_json_write(v, NOC_JSON_CANONICAL, &sb);
		noc_table_putn(&p->whole, sb.p, sb.len, (void *)(i + 1));
		pick_word(v, &sb);
		p->before[i] = (size_t)(uintptr_t)noc_table_putn(
		    &p->named, sb.p, sb.len, (void *)(i + 1));
	}
	noc_strbuf_release(&sb);
}

/* False: it means none of them. */
static bool
pick_one(struct pick *p, const struct noc_value *wanted, struct noc_strbuf *sb)
{
	size_t at;

	noc_strbuf_clear(sb);
	noc_json_write(wanted, NOC_JSON_CANONICAL, sb);
	at = (size_t)(uintptr_t)noc_table_getn(&p->whole, sb->p, sb->len);
	if (at) {
		p->chosen[at - 1] = 1;
		return true;
	}
	pick_word(wanted, sb);
	at = (size_t)(uintptr_t)noc_table_getn(&p->named, sb->p, sb->len);
	for (size_t i = at; i; i = p->before[i - 1])
		p->chosen[i - 1] = 1;
	return at != 0;
}

size_t
noc_pick(const struct noc_value *all, const struct noc_value *wanted,
	 uint8_t *chosen, struct noc_strbuf *none)
{
	struct pick p = { .all = all, .chosen = chosen };
	struct noc_strbuf sb = NOC_STRBUF_INIT;
	size_t n = 0;

	pick_begin(&p);
	for (size_t i = 0; i < noc_value_len(wanted); i++) {
		if (pick_one(&p, noc_value_at(wanted, i), &sb))
			continue;
		if (n++ < NAMED_MAX)
			noc_strbuf_addf(none, "%s'%.40s'", n > 1 ? ", " : "",
					sb.p);
	}
	if (n > NAMED_MAX)
		noc_strbuf_addf(none, " and %zu more", n - NAMED_MAX);
	noc_strbuf_release(&sb);
	noc_table_release(&p.whole);
	noc_table_release(&p.named);
	free(p.before);
	return n;
}

static bool
pick_is_open(const struct noc_value *v)
{
	char *text = noc_json_string(v, NOC_JSON_CANONICAL);
	bool open = v->type == NOC_STR ? strpbrk(v->u.s.p, "{}") != NULL
				       : strchr(text + 1, '{') != NULL;

	free(text);
	return open;
}

size_t
noc_pick_literal(const struct noc_value *all, const struct noc_value *wanted,
		 struct noc_strbuf *none)
{
	struct noc_value *said;
	uint8_t *chosen;
	size_t n;

	if (!all || all->type != NOC_LIST || !wanted ||
	    wanted->type != NOC_LIST)
		return 0;
	for (size_t i = 0; i < noc_value_len(all); i++)
		if (pick_is_open(noc_value_at(all, i)))
			return 0;
	said = noc_value_list();
	for (size_t i = 0; i < noc_value_len(wanted); i++)
		if (!pick_is_open(noc_value_at(wanted, i)))
			noc_value_push(said,
				       noc_value_copy(noc_value_at(wanted, i)));
	chosen = noc_calloc(noc_value_len(all) + 1, 1);
	n = noc_pick(all, said, chosen, none);
	free(chosen);
	noc_value_free(said);
	return n;
}
