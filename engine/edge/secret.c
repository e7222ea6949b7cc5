/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "engine/edge/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/crypto.h"
#include "base/mem.h"
#include "base/owner.h"

#define SECRET_MAX_BYTES (64 * 1024)

/* A name becomes part of a path: letters, digits and "._-" only. */
static bool
secret_name_ok(const char *name)
{
	size_t len = strlen(name);

	if (len == 0 || len > 64 || name[0] == '.')
		return false;
	return strspn(name, "abcdefghijklmnopqrstuvwxyz"
			    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") == len;
}

static int
secret_slurp(int fd, off_t size, const char *path, char **out,
	     struct noc_err *err)
{
	size_t max = size < SECRET_MAX_BYTES ? (size_t)size : SECRET_MAX_BYTES;
	char *buf = noc_malloc(max + 1);
	size_t len = 0;
	ssize_t n;

	while (len < max && (n = read(fd, buf + len, max - len)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			noc_wipe(buf, len);
			free(buf);
			return noc_err_set(err, NOC_EDENIED,
					   "The secret file %s cannot be "
					   "read: %s.",
					   path, strerror(errno));
		}
		len += (size_t)n;
	}
	if (len > 0 && buf[len - 1] == '\n')
		len--;
	if (len > 0 && buf[len - 1] == '\r')
		len--;
	*out = noc_strndup(buf, len);
	noc_wipe(buf, max);
	free(buf);
	return 0;
}

/* systemd sets the mode of its credentials itself, under a read-only mount. */
static int
secret_file(const char *dir, const char *sub, const char *name, bool private,
	    char **out, struct noc_err *err)
{
	char *where = noc_asprintf("%s%s", dir, sub);
	char *path = noc_asprintf("%s/%s", where, name);
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	int r = NOC_ENOTFOUND;

	if (fd < 0) {
		if (errno != ENOENT && errno != ENOTDIR)
			r = noc_err_set(err, NOC_EDENIED,
					"The secret file %s cannot be opened: "
					"%s.",
					path, strerror(errno));
		goto out;
	}
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		r = noc_err_set(err, NOC_EDENIED,
				"The secret %s is no regular file.", path);
	else if (private && (noc_owner_check_path(where, err) ||
			     noc_owner_check(&st, path, true, err)))
		r = NOC_EDENIED;
	else
		r = secret_slurp(fd, st.st_size, path, out, err);
	close(fd);
out:
	free(where);
	free(path);
	return r;
}

int
noc_secret_read(const struct noc_env *env, const char *name, char **out,
		struct noc_err *err)
{
	const char *credentials = getenv("CREDENTIALS_DIRECTORY");
	const char *config_dir =
	    noc_value_get_str(env->config, "config_dir", NULL);
	char option[80];
	const char *plain;
	int r = NOC_ENOTFOUND;

	if (!secret_name_ok(name))
		return noc_err_set(err, NOC_ECONFIG,
				   "'%.64s' cannot be the name of a secret: "
				   "use letters, digits, '.', '_' and '-'.",
				   name);
	if (credentials)
		r = secret_file(credentials, "", name, false, out, err);
	if (r == NOC_ENOTFOUND && env->state_dir)
		r = secret_file(env->state_dir, "/secrets", name, true, out,
				err);
	if (r == NOC_ENOTFOUND && config_dir)
		r = secret_file(config_dir, "/secrets", name, true, out, err);
	if (r != NOC_ENOTFOUND)
		return r;
	snprintf(option, sizeof(option), "secrets.%s", name);
	plain = noc_value_get_str(env->config, option, NULL);
	if (!plain)
		plain = noc_value_get_str(noc_value_get(env->config, "secrets"),
					  name, NULL);
	if (plain) {
		*out = noc_strdup(plain);
		return 0;
	}
	return noc_err_set(err, NOC_ENOTFOUND,
			   "There is no secret '%s': write it to "
			   "%s/secrets/%s (mode 0600), give it as a systemd "
			   "credential, or set %s.",
			   name, env->state_dir ? env->state_dir : "STATE",
			   name, option);
}

static int
secret_walk(const struct noc_env *env, struct noc_value **at,
	    struct noc_err *err)
{
	struct noc_value *v = *at;
	char *text;
	int r = 0;

	if (v->type == NOC_LIST) {
		for (size_t i = 0; !r && i < v->u.list.len; i++)
			r = secret_walk(env, &v->u.list.at[i], err);
		return r;
	}
	if (v->type != NOC_MAP)
		return 0;
	if (!noc_value_is_str(noc_value_get(v, "node"), "secret")) {
		for (size_t i = 0; !r && i < v->u.map.len; i++)
			r = secret_walk(env, &v->u.map.at[i].value, err);
		return r;
	}
	r = noc_secret_read(env, noc_value_get_str(v, "name", ""), &text, err);
	if (r)
		return r;
	*at = noc_value_str(text);
	noc_value_free(v);
	noc_wipe(text, strlen(text));
	free(text);
	return 0;
}

int
noc_secret_fill(const struct noc_env *env, const struct noc_value *params,
		struct noc_value **out, struct noc_err *err)
{
	struct noc_value *copy = noc_value_copy(params);
	int r = secret_walk(env, &copy, err);

	if (r)
		noc_secret_free(copy);
	else
		*out = copy;
	return r;
}

static void
secret_wipe(struct noc_value *v)
{
	if (v->type == NOC_STR)
		noc_wipe(v->u.s.p, v->u.s.len);
	for (size_t i = 0; v->type == NOC_LIST && i < v->u.list.len; i++)
		secret_wipe(v->u.list.at[i]);
	for (size_t i = 0; v->type == NOC_MAP && i < v->u.map.len; i++)
		secret_wipe(v->u.map.at[i].value);
}

void
noc_secret_free(struct noc_value *filled)
{
	if (!filled)
		return;
	secret_wipe(filled);
	noc_value_free(filled);
}
