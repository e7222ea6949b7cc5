/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "engine/run/fork_private.h"

/* Rows of the original: by path, and what can be said of one by what it is in
 * and what is in it. */

/* ---- rows by path ---- */

bool
fork_begins(const char *path, const char *with)
{
	return !strncmp(path, with, strlen(with));
}

size_t
fork_lower(const struct noc_fork *f, const char *path)
{
	size_t lo = 0, hi = f->nrows;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (strcmp(f->by_path[mid]->path, path) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

struct fork_row *
fork_find(const struct noc_fork *f, const char *path)
{
	size_t i = fork_lower(f, path);

	return i < f->nrows && !strcmp(f->by_path[i]->path, path)
		   ? f->by_path[i]
		   : NULL;
}

bool
fork_row_is(const struct fork_row *row, const char *state)
{
	return !strcmp(row->state, state) && !row->gone;
}

/* Is there a row in it? */
bool
fork_holds(const struct noc_fork *f, const struct fork_row *row)
{
	static const char *const inner[] = { "/", "[" };
	bool holds = false;

	for (size_t i = 0; i < NOC_COUNT(inner) && !holds; i++) {
		char *path = noc_asprintf("%s%s", row->path, inner[i]);
		size_t at = fork_lower(f, path);

		holds =
		    at < f->nrows && fork_begins(f->by_path[at]->path, path);
		free(path);
	}
	return holds;
}

/* Is the step to go on from in it? */
bool
fork_is_above(const struct noc_fork *f, const char *path)
{
	size_t len = strlen(path);

	return f->how->from && !strncmp(f->how->from, path, len) &&
	       (f->how->from[len] == '/' || f->how->from[len] == '[');
}

/* "all[sw1]/look" is in "all[sw1]", and that in "all". */
static bool
path_up(char *path)
{
	size_t len = strlen(path);
	char *cut = strrchr(path, len && path[len - 1] == ']' ? '[' : '/');

	if (!cut)
		return false;
	*cut = '\0';
	return true;
}

/* As what holds it. */
enum fork_fate
fork_row_fate(const struct noc_fork *f, const struct fork_row *row)
{
	enum fork_fate fate = FORK_LEFT;
	char *path = noc_strdup(row->path);

	while (path_up(path)) {
		const struct fork_row *up = fork_find(f, path);

		if (!up || up->fate == FORK_UNDECIDED)
			continue;
		fate = up->fate;
		break;
	}
	free(path);
	return fate == FORK_KEPT ? FORK_KEPT : FORK_LEFT;
}

/* An each with items that did not go well, when those are asked for. */
static bool
row_wants(const struct noc_fork *f, const struct fork_row *row)
{
	const struct noc_value *output = noc_value_get(row->json, "output");

	return f->how->failed_items && row->kind == FORK_STEP &&
	       row->node < f->plan->nsteps &&
	       f->plan->steps[row->node].kind == NOC_STEP_EACH &&
	       f->plan->steps[row->node].each->let_finish &&
	       noc_value_get_int(output, "ok", 0) <
		   noc_value_get_int(output, "total", 0);
}

/* What holds something that was taken back, or is asked for, is not done
 * either. */
/* Its row without its end; NULL. */
static struct fork_row *
undo_of_what(const struct noc_fork *f, const struct fork_row *row)
{
	size_t len = strlen(row->path), undo = strlen("!undo");
	char *path = noc_strndup(row->path, len > undo ? len - undo : 0);
	struct fork_row *of = fork_find(f, path);

	free(path);
	return of;
}

/* An undo step of the flow's own steps, which went well. */
static struct fork_row *
undo_by(const struct noc_fork *f, const struct fork_row *row)
{
	const char *path = noc_value_get_str(row->json, "by", NULL);
	struct fork_row *by = path ? fork_find(f, path) : NULL;

	return by && by->kind == FORK_STEP && by->node < f->plan->nsteps &&
		       f->plan->steps[by->node].kind == NOC_STEP_UNDO &&
		       !strcmp(by->state, "Succeeded")
		   ? by
		   : NULL;
}

/* An item is marked as what in it was taken back. */
static void
undone_around(const struct noc_fork *f, const struct fork_row *row)
{
	char *path = noc_strdup(row->path);

	while (path_up(path)) {
		struct fork_row *up = fork_find(f, path);

		if (up && up->kind == FORK_ITEM && up->undone)
			up->by = row->by;
	}
	free(path);
}

void
fork_undone(struct noc_fork *f)
{
	for (size_t i = 0; i < f->nrows; i++)
		f->rows[i].undone =
		    noc_value_get_bool(f->rows[i].json, "undone", false);
	for (size_t i = 0; i < f->nrows; i++) {
		struct fork_row *row = &f->rows[i], *of;

		of = row->kind == FORK_UNDO ? undo_of_what(f, row) : NULL;
		if (!of || !of->undone)
			continue;
		of->by = undo_by(f, row);
		undone_around(f, of);
	}
}

static bool
row_is_gone_now(const struct fork_row *row)
{
	return row->undone && (!row->by || row->by->lost);
}

void
fork_mark(struct noc_fork *f)
{
	for (size_t i = 0; i < f->nrows; i++) {
		f->rows[i].gone = row_is_gone_now(&f->rows[i]);
		f->rows[i].unwell = false;
		f->rows[i].fate = FORK_UNDECIDED;
	}
	for (size_t i = 0; i < f->nrows; i++) {
		struct fork_row *row = &f->rows[i], *up;
		char *path;

		if (row->kind == FORK_UNDO || row->unwell ||
		    (!row->gone && !row_wants(f, row)))
			continue;
		row->unwell = true;
		path = noc_strdup(row->path);
		while (path_up(path)) {
			up = fork_find(f, path);
			if (up)
				up->unwell = true;
		}
		free(path);
	}
}

static int
row_by_path(const void *a, const void *b)
{
	const struct fork_row *const *x = a, *const *y = b;

	return strcmp((*x)->path, (*y)->path);
}

void
fork_sort(struct noc_fork *f)
{
	f->by_path = noc_calloc(f->nrows + 1, sizeof(*f->by_path));
	for (size_t i = 0; i < f->nrows; i++)
		f->by_path[i] = &f->rows[i];
	if (f->nrows)
		qsort(f->by_path, f->nrows, sizeof(*f->by_path), row_by_path);
}
