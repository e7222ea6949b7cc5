/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "engine/expr/scope.h"

#include <string.h>

#include "base/mem.h"
#include "engine/event/datum.h"
#include "engine/event/field.h"

static const char *const scope_maps[] = { "steps", "input", "item", "error",
					  "run" };

static size_t
path_head(const char *path, size_t len)
{
	size_t n = 0;

	while (n < len && path[n] != '.' && path[n] != '[')
		n++;
	return n;
}

bool
noc_scope_is_own(const char *path, size_t len)
{
	size_t head = path_head(path, len);

	for (size_t i = 0; i < NOC_COUNT(scope_maps); i++)
		if (strlen(scope_maps[i]) == head &&
		    !memcmp(path, scope_maps[i], head))
			return true;
	return false;
}

static const struct noc_value *
scope_map(const struct noc_scope *scope, const char *path, size_t head)
{
	const struct noc_value *const maps[] = { scope->steps, scope->input,
						 scope->item, scope->error,
						 scope->run };

	for (size_t i = 0; i < NOC_COUNT(scope_maps); i++)
		if (strlen(scope_maps[i]) == head &&
		    !memcmp(path, scope_maps[i], head))
			return maps[i];
	return NULL;
}

static bool
scope_says_items(const char *name)
{
	return !strncmp(name, "run.items", 9) &&
	       (!name[9] || name[9] == '.' || name[9] == '[');
}

/* steps.look.oper, input[0]: what only the run knows. */
static void
scope_own(const struct noc_scope *scope, const char *name, size_t len,
	  struct noc_datum *out)
{
	size_t head = path_head(name, len);
	const struct noc_value *map = scope_map(scope, name, head), *found;

	if (scope->items && map == scope->run && scope_says_items(name))
		map = scope->items(scope->items_arg);
	if (head == len)
		found = map;
	else if (name[head] == '.')
		found = noc_value_find(map, name + head + 1);
	else
		found = noc_value_path(map, name + head);
	if (map == scope->steps && name[head] == '.')
		for (size_t i = 0; !found && i < NOC_SCOPE_OUTER; i++)
			found =
			    noc_value_find(scope->outer[i], name + head + 1);
	noc_datum_of(found, out);
}

void
noc_scope_read(const struct noc_scope *scope, const struct noc_field *f,
	       struct noc_datum *out)
{
	const struct noc_value *found = NULL;

	if (scope->extra)
		found = noc_value_find(scope->extra, f->path);
	if (found || !scope->ev)
		noc_datum_of(found, out);
	else if (scope->ifname.len && f->from == NOC_FIELD_DATA &&
		 !strcmp(f->rest, "ifname"))
		*out =
		    (struct noc_datum){ .type = NOC_STR, .s = scope->ifname };
	else
		noc_event_get(scope->ev, f, out);
	/* A hook sees its body, which may be one of several in the post. */
	if (out->type == NOC_NIL && scope->item &&
	    !strncmp(f->path, "body.", 5))
		noc_datum_of(noc_value_find(scope->item, f->path + 5), out);
}

void
noc_scope_get(const struct noc_scope *scope, const char *path, size_t len,
	      struct noc_datum *out)
{
	struct noc_field field;
	char name[256];

	memset(out, 0, sizeof(*out));
	if (!len || len >= sizeof(name))
		return;
	memcpy(name, path, len);
	name[len] = '\0';
	if (noc_scope_is_own(path, len)) {
		scope_own(scope, name, len, out);
		return;
	}
	/* Not a name of any event: still one that the run may know. */
	if (noc_field_resolve(path, len, NULL, &field, NULL)) {
		if (scope->extra)
			noc_datum_of(noc_value_find(scope->extra, name), out);
		return;
	}
	noc_scope_read(scope, &field, out);
}
