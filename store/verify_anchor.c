/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "store/anchor.h"
#include "store/verify_private.h"

static int
on_chunk(const char *p, size_t len, int torn, void *arg)
{
	struct verify *v = arg;
	struct verify_anchor *a;

	if (torn)
		return 0;
	NOC_GROW(v->anchors, v->anchors_cap, v->nanchors + 1);
	a = &v->anchors[v->nanchors++];
	*a = (struct verify_anchor){ .note = noc_malloc(len + 1), .len = len };
	memcpy(a->note, p, len);
	return 0;
}

int
noc_verify_anchor_read(struct verify *v, struct noc_err *err)
{
	if (!v->opt->anchor)
		return 0;
	return noc_anchor_each(v->opt->anchor, on_chunk, v, err);
}

/* One after the other; those of another log are let go. */
static int
anchor_take(struct verify *v, const struct verify_anchor *last,
	    struct verify_anchor *a, bool *ours)
{
	struct noc_note note;
	struct noc_head head;

	if (noc_note_parse(a->note, a->len, &note, NULL) ||
	    noc_head_parse(&note, &head, NULL) || !head.size)
		return noc_verify_say(
		    v, NOC_VERDICT_TAMPERED, 0,
		    "The anchor file holds something that is no "
		    "head.");
	a->size = head.size;
	memcpy(a->root, head.root, NOC_HASH);
	*ours = !strcmp(head.origin, v->out->origin);
	if (!*ours)
		v->anchor_elsewhere |= last != NULL;
	else if (last && (a->size < last->size ||
			  (a->size == last->size &&
			   memcmp(a->root, last->root, NOC_HASH))))
		return noc_verify_say(v, NOC_VERDICT_TAMPERED, a->size,
				      "The anchor file has size %" PRIu64
				      " after size %" PRIu64 ".",
				      a->size, last->size);
	return 0;
}

int
noc_verify_anchor_load(struct verify *v)
{
	const struct verify_anchor *last = NULL;
	size_t kept = 0;
	int rc;

	for (size_t i = 0; i < v->nanchors; i++) {
		struct verify_anchor a = v->anchors[i];
		bool ours;

		rc = anchor_take(v, last, &a, &ours);
		if (rc)
			return rc;
		if (ours) {
			v->anchors[i].note = v->anchors[kept].note;
			v->anchors[kept] = a;
			last = &v->anchors[kept++];
		}
	}
	while (v->nanchors > kept)
		free(v->anchors[--v->nanchors].note);
	return 0;
}

int
noc_verify_anchor_end(struct verify *v)
{
	const struct verify_anchor *last =
	    v->nanchors ? &v->anchors[v->nanchors - 1] : NULL;

	if (v->anchor_elsewhere)
		return noc_verify_say(
		    v, NOC_VERDICT_CUT, 0,
		    "Heads of another log were anchored after those of "
		    "this one, which was put back in its place.");
	if (v->opt->anchor && !last)
		return noc_verify_say(v, NOC_VERDICT_CUT, 0,
				      "The anchor file has no head of this "
				      "log: it was emptied, or is of another, "
				      "in whose place this one was put.");
	if (last && last->size > v->headed)
		return noc_verify_say(
		    v, NOC_VERDICT_CUT, v->headed,
		    "The log ends with a head of %" PRIu64
		    " records, but one of %" PRIu64
		    " was anchored: it was cut or rolled back.",
		    v->headed, last->size);
	return 0;
}
