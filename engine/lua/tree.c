/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "engine/lua/tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/crypto.h"
#include "base/hex.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/utf8.h"

#define TREE_FILES_MAX 20000
#define TREE_FILE_MAX  (8u << 20)
#define TREE_BYTES_MAX (64u << 20)
#define TREE_DEPTH_MAX 16

int
lua_tree_read_file(const char *path, size_t max, char **text, size_t *len,
		   struct noc_err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), rc = 0;
	struct stat st;
	size_t got = 0;
	char *p = NULL;

	if (fd < 0)
		return noc_err_set(err, NOC_ECONFIG, "Cannot read %s: %s.",
				   path, strerror(errno));
	if (fstat(fd, &st) || !S_ISREG(st.st_mode)) {
		rc = noc_err_set(err, NOC_ECONFIG, "%s is no regular file.",
				 path);
		goto out;
	}
	if (st.st_size < 0 || (size_t)st.st_size > max) {
		rc = noc_err_set(err, NOC_ECONFIG, "%s is larger than %zu MiB.",
				 path, max >> 20);
		goto out;
	}
	p = noc_malloc((size_t)st.st_size + 1);
	while (got < (size_t)st.st_size) {
		ssize_t n = read(fd, p + got, (size_t)st.st_size - got);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			rc =
			    noc_err_set(err, NOC_ECONFIG, "Cannot read %s: %s.",
					path, strerror(errno));
			goto out;
		}
		if (n == 0)
			break;
		got += (size_t)n;
	}
	p[got] = 0;
	*text = p;
	*len = got;
	p = NULL;
out:
	free(p);
	close(fd);
	return rc;
}

static bool
ends_with(const char *s, const char *suffix)
{
	size_t n = strlen(s), m = strlen(suffix);

	return n > m && !strcmp(s + n - m, suffix);
}

/* "rules" of "/etc/nocturne/rules/"; NULL when there is no such word. */
static char *
dir_name(const char *dir)
{
	size_t end = strlen(dir), start;

	while (end > 0 && dir[end - 1] == '/')
		end--;
	for (start = end; start > 0 && dir[start - 1] != '/';)
		start--;
	if (start == end || dir[start] == '.')
		return NULL;
	return noc_strndup(dir + start, end - start);
}

struct walk {
	struct lua_tree *tree;
	const char *name; /* prefix of paths, or NULL */
	size_t dir;
	bool tests;
	int depth;
};

static int
walk_file(struct walk *w, const char *path, const char *rel,
	  struct noc_err *err)
{
	struct lua_tree *t = w->tree;
	struct lua_tree_file *f;
	char *text;
	size_t len;
	int rc;

	if (t->nfiles >= TREE_FILES_MAX)
		return noc_err_set(err, NOC_ECONFIG,
				   "There are more than %d rule files.",
				   TREE_FILES_MAX);
	rc = lua_tree_read_file(path, TREE_FILE_MAX, &text, &len, err);
	if (rc)
		return rc;
	t->bytes += len;
	NOC_GROW(t->files, t->cap, t->nfiles + 1);
	f = &t->files[t->nfiles++];
	f->rel = noc_strdup(rel);
	f->dir = w->dir;
	f->source.path =
	    w->name ? noc_asprintf("%s/%s", w->name, rel) : noc_strdup(rel);
	f->source.text = text;
	f->source.len = len;
	if (t->bytes > TREE_BYTES_MAX)
		return noc_err_set(err, NOC_ECONFIG,
				   "The rule files are larger than %d MiB "
				   "together.",
				   TREE_BYTES_MAX >> 20);
	return 0;
}

static int walk_dir(struct walk *w, const char *path, const char *rel,
		    struct noc_err *err);

static int
walk_entry(struct walk *w, const char *dir, const char *rel, const char *name,
	   struct noc_err *err)
{
	char *path, *below;
	struct stat st;
	int rc = 0;

	if (name[0] == '.' || !strcmp(name, "meta") ||
	    !strcmp(name, "examples"))
		return 0;
	path = noc_asprintf("%s/%s", dir, name);
	below = *rel ? noc_asprintf("%s/%s", rel, name) : noc_strdup(name);
	if (stat(path, &st))
		rc = noc_err_set(err, NOC_ECONFIG, "Cannot read %s: %s.", path,
				 strerror(errno));
	else if (S_ISDIR(st.st_mode))
		rc = walk_dir(w, path, below, err);
	else if (ends_with(name, ".lua") &&
		 (w->tests || !ends_with(name, ".test.lua")))
		rc = walk_file(w, path, below, err);
	free(path);
	free(below);
	return rc;
}

static int
walk_dir(struct walk *w, const char *path, const char *rel, struct noc_err *err)
{
	struct dirent **names;
	int n, rc = 0;

	if (w->depth >= TREE_DEPTH_MAX)
		return noc_err_set(err, NOC_ECONFIG,
				   "%s is nested more than %d deep.", path,
				   TREE_DEPTH_MAX);
	n = scandir(path, &names, NULL, NULL);
	if (n < 0)
		return noc_err_set(err, NOC_ECONFIG,
				   "Cannot read the rule directory %s: %s.",
				   path, strerror(errno));
	w->depth++;
	for (int i = 0; i < n; i++) {
		if (!rc)
			rc = walk_entry(w, path, rel, names[i]->d_name, err);
		free(names[i]);
	}
	w->depth--;
	free(names);
	return rc;
}

static int
file_cmp(const void *va, const void *vb)
{
	const struct lua_tree_file *a = va, *b = vb;
	bool a_lib = !strncmp(a->rel, "lib/", 4);
	bool b_lib = !strncmp(b->rel, "lib/", 4);

	if (a_lib != b_lib)
		return a_lib ? -1 : 1;
	if (a->dir != b->dir)
		return a->dir < b->dir ? -1 : 1;
	return strcmp(a->rel, b->rel);
}

int
lua_tree_read(struct lua_tree *t, const char *const *dirs, size_t ndirs,
	      bool tests, struct noc_err *err)
{
	int rc = 0;

	for (size_t i = 0; i < ndirs && !rc; i++) {
		char *name = dir_name(dirs[i]);
		struct walk w = {
			.tree = t, .name = name, .dir = i, .tests = tests
		};

		rc = walk_dir(&w, dirs[i], "", err);
		free(name);
	}
	if (t->nfiles)
		qsort(t->files, t->nfiles, sizeof(*t->files), file_cmp);
	return rc;
}

void
lua_tree_release(struct lua_tree *t)
{
	for (size_t i = 0; i < t->nfiles; i++) {
		free(t->files[i].source.path);
		free(t->files[i].source.text);
		free(t->files[i].rel);
	}
	free(t->files);
	memset(t, 0, sizeof(*t));
}

void
lua_tree_hash(const struct noc_lua_source *sources, size_t n, uint8_t hash[32])
{
	struct noc_sha256 *h = noc_sha256_new();

	noc_sha256_begin(h);
	for (size_t i = 0; i < n; i++) {
		uint64_t len = sources[i].len;
		uint8_t be[8];

		for (int k = 0; k < 8; k++)
			be[k] = (uint8_t)(len >> (56 - 8 * k));
		noc_sha256_add(h, sources[i].path, strlen(sources[i].path) + 1);
		noc_sha256_add(h, be, sizeof(be));
		noc_sha256_add(h, sources[i].text, sources[i].len);
	}
	noc_sha256_end(h, hash);
	noc_sha256_free(h);
}

/* ---- as they are stored ---- */

static struct noc_value *
stored_text(const struct noc_lua_source *s)
{
	struct noc_value *v;
	char *hex;

	if (noc_utf8_valid(s->text, s->len) && !memchr(s->text, 0, s->len))
		return noc_value_strn(s->text, s->len);
	hex = noc_malloc(2 * s->len + 1);
	v = noc_value_map();
	noc_value_set(v, "hex", noc_value_str(noc_hex(hex, s->text, s->len)));
	free(hex);
	return v;
}

char *
lua_tree_json(const struct noc_lua_source *sources, size_t n)
{
	struct noc_value *map = noc_value_map();
	size_t bytes = 0;
	char *json = NULL;

	for (size_t i = 0; i < n && bytes <= NOC_LUA_STORED_MAX; i++) {
		bytes += sources[i].len;
		noc_value_set(map, sources[i].path, stored_text(&sources[i]));
	}
	if (bytes <= NOC_LUA_STORED_MAX)
		json = noc_json_string(map, NOC_JSON_CANONICAL);
	noc_value_free(map);
	return json;
}

static int
stored_read(const struct noc_value *v, struct noc_lua_source *s)
{
	const char *hex = noc_value_get_str(v, "hex", "");

	if (v->type == NOC_STR) {
		s->text = noc_strndup(v->u.s.p, v->u.s.len);
		s->len = v->u.s.len;
		return 0;
	}
	s->len = strlen(hex) / 2;
	s->text = noc_calloc(s->len + 1, 1);
	return noc_unhex(hex, strlen(hex), (uint8_t *)s->text, &s->len);
}

/* The name of its directory, when all paths begin with one. */
static size_t
stored_prefix(const struct noc_value *map)
{
	const char *first = map->u.map.len ? map->u.map.at[0].key : "";
	const char *slash = strchr(first, '/');
	size_t n = slash ? (size_t)(slash + 1 - first) : 0;

	for (size_t i = 1; i < map->u.map.len; i++)
		if (strncmp(map->u.map.at[i].key, first, n))
			return 0;
	return n;
}

static int
stored_files(struct lua_tree *t, const struct noc_value *map, size_t prefix,
	     const uint8_t want[32])
{
	struct noc_lua_source *sources;
	uint8_t hash[32];
	int rc = 0;

	t->nfiles = map->u.map.len;
	t->files = noc_calloc(t->nfiles + 1, sizeof(*t->files));
	for (size_t i = 0; i < t->nfiles; i++) {
		const struct noc_member *m = &map->u.map.at[i];

		t->files[i].source.path = noc_strdup(m->key);
		t->files[i].rel = noc_strdup(m->key + prefix);
		rc |= stored_read(m->value, &t->files[i].source);
	}
	qsort(t->files, t->nfiles, sizeof(*t->files), file_cmp);
	sources = noc_calloc(t->nfiles + 1, sizeof(*sources));
	for (size_t i = 0; i < t->nfiles; i++)
		sources[i] = t->files[i].source;
	lua_tree_hash(sources, t->nfiles, hash);
	free(sources);
	return rc || memcmp(hash, want, sizeof(hash)) ? NOC_EINPUT : 0;
}

int
lua_tree_read_json(struct lua_tree *t, const char *json, const uint8_t hash[32],
		   struct noc_err *err)
{
	struct noc_value *map;
	int rc = noc_json_parse_own(json, strlen(json), &map, err);

	if (rc)
		return rc;
	rc = map->type == NOC_MAP
		 ? stored_files(t, map, stored_prefix(map), hash)
		 : NOC_EINPUT;
	noc_value_free(map);
	return rc ? noc_err_set(err, rc,
				"The stored rules are not those of their "
				"hash.")
		  : 0;
}
