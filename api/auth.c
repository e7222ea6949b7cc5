/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/crypto.h"
#include "base/hex.h"
#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/owner.h"
#include "api/private.h"

/*
 * Bearer tokens: "noct_" and 256 random bits in hex.  The file has only their
 * SHA-256, so who reads it cannot come in; it is read again when it changed.
 */
#define TOKEN_PREFIX	 "noct_"
#define TOKEN_TEXT	 (sizeof(TOKEN_PREFIX) - 1 + 64)
#define TOKENS_MAX	 1000
#define TOKENS_MAX_BYTES (1024 * 1024)
#define TOKEN_FOR_MAX_MS (3660LL * 24 * 3600 * 1000)

struct token {
	char id[9];
	uint8_t hash[32];
	char name[64];
	enum noc_role role;
	char groups[512]; /* "netops,noc" */
	int64_t created_ns, expires_ns;
};

/* Of the one daemon in this process. */
static struct {
	struct token *at;
	size_t n, cap;
	struct timespec changed; /* what it says, whose it is, who may */
	ino_t ino;
	off_t size;
	bool known;
} auth;

static char *
auth_path(const struct noc_env *env, const char *suffix)
{
	return noc_asprintf("%s/tokens%s", env->state_dir, suffix);
}

void
noc_auth_release(void)
{
	free(auth.at);
	memset(&auth, 0, sizeof(auth));
}

/* ---- the file ---- */

static bool
name_usable(const char *name)
{
	size_t n = strlen(name);

	if (n == 0 || n >= sizeof(((struct token *)0)->name))
		return false;
	for (; *name; name++)
		if ((unsigned char)*name <= ' ' || (unsigned char)*name > '~')
			return false;
	return true;
}

/* "netops,noc": names with commas between them; "": of none. */
static bool
groups_usable(const char *groups)
{
	bool name = true;

	if (strlen(groups) >= sizeof(((struct token *)0)->groups))
		return false;
	for (const char *p = groups; *p; p++) {
		name = *p != ',';
		if ((unsigned char)*p <= ' ' || (unsigned char)*p > '~' ||
		    (!name && (p == groups || p[-1] == ',')))
			return false;
	}
	return name;
}

static struct noc_value *
groups_list(const char *groups)
{
	struct noc_value *list = noc_value_list();

	while (*groups) {
		size_t len = strcspn(groups, ",");

		noc_value_push(list, noc_value_strn(groups, len));
		groups += len + (groups[len] == ',');
	}
	return list;
}

static int
auth_read_line(const char *p, size_t len, struct token *t, struct noc_err *err)
{
	struct noc_value *v = NULL;
	const char *hash, *name, *groups;
	size_t n = sizeof(t->hash);
	int r = noc_json_parse(p, len, &v, err);

	if (r)
		return r;
	memset(t, 0, sizeof(*t));
	hash = noc_value_get_str(v, "hash", "");
	name = noc_value_get_str(v, "name", "");
	groups = noc_value_get_str(v, "groups", "");
	if (strlen(hash) != 64 || noc_unhex(hash, 64, t->hash, &n) ||
	    !name_usable(name) || !groups_usable(groups) ||
	    noc_role_parse(noc_value_get_str(v, "role", ""), &t->role))
		r = noc_err_set(err, NOC_EINPUT,
				"it needs hash, name and role");
	snprintf(t->id, sizeof(t->id), "%.8s", hash);
	snprintf(t->name, sizeof(t->name), "%s", name);
	snprintf(t->groups, sizeof(t->groups), "%s", groups);
	t->created_ns = noc_value_get_int(v, "created_ns", 0);
	t->expires_ns = noc_value_get_int(v, "expires_ns", 0);
	noc_value_free(v);
	return r;
}

static int
auth_read_text(const char *path, const char *text, struct noc_err *err)
{
	int line = 1;

	auth.n = 0;
	for (; *text; line++) {
		size_t len = strcspn(text, "\n");
		struct token t;

		if (len) {
			if (auth.n == TOKENS_MAX)
				return noc_err_set(err, NOC_ECONFIG,
						   "%s has more than %d "
						   "tokens.",
						   path, TOKENS_MAX);
			if (auth_read_line(text, len, &t, err)) {
				noc_err_prefix(err, "%s:%d", path, line);
				return err ? (int)(err->kind = NOC_ECONFIG)
					   : NOC_ECONFIG;
			}
			NOC_GROW(auth.at, auth.cap, auth.n + 1);
			auth.at[auth.n++] = t;
		}
		text += len + (text[len] == '\n');
	}
	return 0;
}

static int
auth_read(const char *path, int fd, const struct stat *st, struct noc_err *err)
{
	char *text;
	ssize_t n;
	int r;

	if (!S_ISREG(st->st_mode))
		return noc_err_set(err, NOC_ECONFIG, "%s is no regular file.",
				   path);
	if (noc_owner_check(st, path, true, err))
		return NOC_ECONFIG;
	if (st->st_size > TOKENS_MAX_BYTES)
		return noc_err_set(err, NOC_ECONFIG, "%s is too long.", path);
	text = noc_malloc((size_t)st->st_size + 1);
	n = read(fd, text, (size_t)st->st_size);
	text[n > 0 ? n : 0] = '\0';
	r = n < 0 ? noc_err_set(err, NOC_ECONFIG, "%s: %s.", path,
				strerror(errno))
		  : auth_read_text(path, text, err);
	noc_wipe(text, (size_t)st->st_size);
	free(text);
	return r;
}

/* What is on disk now; fails closed: nobody gets in by a broken file. */
int
noc_auth_load(const struct noc_env *env, struct noc_err *err)
{
	char *path = auth_path(env, "");
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW), r = 0;

	if (fd < 0 || fstat(fd, &st)) {
		auth.n = 0;
		auth.known = false;
		if (errno != ENOENT)
			r = noc_err_set(err, NOC_ECONFIG, "%s: %s.", path,
					strerror(errno));
	} else if (!auth.known || st.st_ino != auth.ino ||
		   st.st_size != auth.size ||
		   st.st_ctim.tv_sec != auth.changed.tv_sec ||
		   st.st_ctim.tv_nsec != auth.changed.tv_nsec) {
		r = auth_read(path, fd, &st, err);
		if (r)
			auth.n = 0;
		auth.known = r == 0;
		auth.ino = st.st_ino;
		auth.size = st.st_size;
		auth.changed = st.st_ctim;
	}
	if (fd >= 0)
		close(fd);
	free(path);
	return r;
}

static struct noc_value *
token_line(const struct token *t)
{
	struct noc_value *v = noc_value_map();
	char hex[65];

	noc_value_set(v, "hash", noc_value_str(noc_hex(hex, t->hash, 32)));
	noc_value_set(v, "name", noc_value_str(t->name));
	noc_value_set(v, "role", noc_value_str(noc_role_name(t->role)));
	if (*t->groups)
		noc_value_set(v, "groups", noc_value_str(t->groups));
	noc_value_set(v, "created_ns", noc_value_int(t->created_ns));
	noc_value_set(v, "expires_ns", noc_value_int(t->expires_ns));
	return v;
}

static int
file_replace(const char *path, const char *temp, const struct noc_strbuf *text,
	     struct noc_err *err)
{
	int fd = open(
	    temp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	ssize_t n = -1;

	if (fd >= 0)
		n = text->len ? write(fd, text->p, text->len) : 0;
	if (fd < 0 || n != (ssize_t)text->len || fsync(fd) ||
	    rename(temp, path)) {
		int saved = errno;

		if (fd >= 0)
			close(fd);
		unlink(temp);
		return noc_err_set(err, NOC_ESTORE, "%s: %s.", temp,
				   strerror(saved));
	}
	close(fd);
	return 0;
}

static int
auth_save(const struct noc_env *env, struct noc_err *err)
{
	char *path = auth_path(env, ""), *temp = auth_path(env, ".new");
	struct noc_strbuf text = NOC_STRBUF_INIT;
	int r, dir;

	for (size_t i = 0; i < auth.n; i++) {
		struct noc_value *v = token_line(&auth.at[i]);

		noc_json_write(v, NOC_JSON_COMPACT, &text);
		noc_strbuf_addc(&text, '\n');
		noc_value_free(v);
	}
	r = file_replace(path, temp, &text, err);
	dir = open(env->state_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir >= 0) {
		fsync(dir);
		close(dir);
	}
	auth.known = false; /* what is on disk holds, whatever happened */
	noc_strbuf_release(&text);
	free(path);
	free(temp);
	return r;
}

/* ---- who comes in ---- */

static const struct token *
auth_find(const char *text)
{
	const struct token *found = NULL;
	uint8_t hash[32];

	noc_sha256_once(text, strlen(text), hash);
	for (size_t i = 0; i < auth.n; i++)
		if (noc_equal_ct(auth.at[i].hash, hash, sizeof(hash)))
			found = &auth.at[i];
	return found;
}

int
noc_auth_check(void *arg, struct noc_http_req *req, enum noc_role needed,
	       char *actor, size_t size, struct noc_err *err)
{
	const struct noc_env *env = arg;
	const char *header = noc_http_header(req, "authorization");
	const struct token *t;
	struct noc_err why;

	if (!header || strncasecmp(header, "bearer ", 7))
		return noc_err_set(err, NOC_EINPUT,
				   "This needs a bearer token.");
	header += 7;
	header += strspn(header, " ");
	if (noc_auth_load(env, &why)) {
		noc_warn("api", "tokens=unusable %s", why.msg);
		return noc_err_set(err, NOC_ESTORE,
				   "Tokens cannot be read at the moment.");
	}
	if (strncmp(header, TOKEN_PREFIX, sizeof(TOKEN_PREFIX) - 1) ||
	    strlen(header) != TOKEN_TEXT || !(t = auth_find(header)))
		return noc_err_set(err, NOC_EINPUT, "The token is not known.");
	if (t->expires_ns <= noc_loop_now(env->loop).wall_ns)
		return noc_err_set(err, NOC_EINPUT, "The token has expired.");
	if (t->role < needed)
		return noc_err_set(err, NOC_EDENIED,
				   "This needs the role %s; the token has %s.",
				   noc_role_name(needed),
				   noc_role_name(t->role));
	snprintf(actor, size, "token:%s", t->name);
	noc_http_is_of(req, t->role, groups_list(t->groups));
	return 0;
}

/* ---- administration ---- */

static struct noc_value *
token_row(const struct token *t, int64_t now_ns)
{
	struct noc_value *v = noc_value_map();
	char iso[32];

	noc_value_set(v, "id", noc_value_str(t->id));
	noc_value_set(v, "name", noc_value_str(t->name));
	noc_value_set(v, "role", noc_value_str(noc_role_name(t->role)));
	noc_value_set(v, "groups", noc_value_str(t->groups));
	noc_value_set(v, "created",
		      noc_value_str(noc_time_iso(iso, t->created_ns)));
	noc_value_set(v, "expires",
		      noc_value_str(noc_time_iso(iso, t->expires_ns)));
	noc_value_set(v, "expired", noc_value_bool(t->expires_ns <= now_ns));
	return v;
}

int
noc_auth_list(const struct noc_env *env, struct noc_value **out,
	      struct noc_err *err)
{
	int r = noc_auth_load(env, err);

	if (r)
		return r;
	*out = noc_value_list();
	for (size_t i = 0; i < auth.n; i++)
		noc_value_push(
		    *out,
		    token_row(&auth.at[i], noc_loop_now(env->loop).wall_ns));
	return 0;
}

int
noc_auth_create(const struct noc_env *env, const char *name, enum noc_role role,
		const char *groups, int64_t for_ms, char **token,
		struct noc_value **row, struct noc_err *err)
{
	struct token t = { .role = role };
	uint8_t bits[32];
	char hex[65], *text;
	int r = noc_auth_load(env, err);

	if (r)
		return r;
	if (!name_usable(name))
		return noc_err_set(err, NOC_EINPUT,
				   "A token needs a name of 1 to 63 visible "
				   "ASCII characters without spaces.");
	if (!groups_usable(groups))
		return noc_err_set(err, NOC_EINPUT,
				   "Groups are names with commas between them, "
				   "together up to %zu characters.",
				   sizeof(t.groups) - 1);
	if (for_ms <= 0 || for_ms > TOKEN_FOR_MAX_MS)
		return noc_err_set(err, NOC_EINPUT,
				   "A token must expire: within 3660 days.");
	if (auth.n == TOKENS_MAX)
		return noc_err_set(err, NOC_ERESOURCE,
				   "There are %d tokens already; revoke some.",
				   TOKENS_MAX);
	for (size_t i = 0; i < auth.n; i++)
		if (!strcmp(auth.at[i].name, name))
			return noc_err_set(err, NOC_ECONFLICT,
					   "There is a token '%s' already.",
					   name);
	noc_random(bits, sizeof(bits));
	text = noc_asprintf(TOKEN_PREFIX "%s", noc_hex(hex, bits, 32));
	noc_wipe(bits, sizeof(bits));
	noc_wipe(hex, sizeof(hex));
	noc_sha256_once(text, strlen(text), t.hash);
	noc_hex(hex, t.hash, 32);
	snprintf(t.id, sizeof(t.id), "%.8s", hex);
	snprintf(t.name, sizeof(t.name), "%s", name);
	snprintf(t.groups, sizeof(t.groups), "%s", groups);
	t.created_ns = noc_loop_now(env->loop).wall_ns;
	t.expires_ns = t.created_ns + for_ms * NOC_NS_PER_MS;
	NOC_GROW(auth.at, auth.cap, auth.n + 1);
	auth.at[auth.n++] = t;
	r = auth_save(env, err);
	if (r) {
		noc_wipe(text, strlen(text));
		free(text);
		return r;
	}
	*token = text;
	*row = token_row(&t, t.created_ns);
	return 0;
}

int
noc_auth_revoke(const struct noc_env *env, const char *id,
		struct noc_value **row, struct noc_err *err)
{
	int r = noc_auth_load(env, err);

	if (r)
		return r;
	for (size_t i = 0; i < auth.n; i++) {
		struct noc_value *v;

		if (strcmp(auth.at[i].id, id) && strcmp(auth.at[i].name, id))
			continue;
		v = token_row(&auth.at[i], noc_loop_now(env->loop).wall_ns);
		memmove(auth.at + i, auth.at + i + 1,
			(auth.n - i - 1) * sizeof(*auth.at));
		auth.n--;
		r = auth_save(env, err);
		if (r)
			noc_value_free(v);
		else
			*row = v;
		return r;
	}
	return noc_err_set(err, NOC_ENOTFOUND, "There is no token '%.60s'.",
			   id);
}
