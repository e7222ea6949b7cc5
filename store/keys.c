/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/crypto.h"
#include "base/hex.h"
#include "base/mem.h"
#include "store/journal_private.h"

int
noc_keys_sync(const char *dir, struct noc_err *err)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), rc = 0;

	if (fd < 0 || fsync(fd))
		rc = noc_err_set(err, NOC_ESTORE, "Cannot sync %s: %s.", dir,
				 strerror(errno));
	if (fd >= 0)
		close(fd);
	return rc;
}

int
noc_keys_rename(const char *dir, const char *from, const char *to,
		struct noc_err *err)
{
	if (rename(from, to))
		return noc_err_set(err, NOC_ESTORE,
				   "Cannot rename %s to %s: %s.", from, to,
				   strerror(errno));
	return noc_keys_sync(dir, err);
}

/* Whole or not at all: a new file beside it, synced, renamed, and the
 * directory synced. */
int
noc_keys_write_file(const char *dir, const char *name, const char *text,
		    unsigned mode, struct noc_err *err)
{
	char *path = noc_asprintf("%s/%s", dir, name);
	char *tmp = noc_asprintf("%s.new", path);
	size_t len = strlen(text);
	int fd, rc;

	unlink(tmp);
	fd = open(tmp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
		  mode);
	if (fd < 0 || write(fd, text, len) != (ssize_t)len || fsync(fd)) {
		rc = noc_err_set(err, NOC_ESTORE, "Cannot write %s: %s.", path,
				 strerror(errno));
		unlink(tmp);
	} else {
		rc = noc_keys_rename(dir, tmp, path, err);
	}
	if (fd >= 0)
		close(fd);
	free(tmp);
	free(path);
	return rc;
}

/* The file's text without its newline; bytes read, or -1.  A pipe that lies
 * in its place is not waited for. */
static ssize_t
keys_read(const char *path, char *buf, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	ssize_t n;

	if (fd < 0)
		return -1;
	n = read(fd, buf, size - 1);
	close(fd);
	if (n < 0)
		return -1;
	while (n && (buf[n - 1] == '\n' || buf[n - 1] == '\r'))
		n--;
	buf[n] = '\0';
	return n;
}

int
noc_keys_read_file(const char *dir, const char *name, struct noc_strbuf *out)
{
	char *path = noc_asprintf("%s/%s", dir, name), buf[4096];
	ssize_t n = keys_read(path, buf, sizeof(buf));

	free(path);
	if (n < 0)
		return NOC_ENOTFOUND;
	noc_strbuf_add(out, buf, (size_t)n);
	noc_wipe(buf, sizeof(buf));
	return 0;
}

static int
keys_create(const char *dir, uint8_t seed[32], struct noc_err *err)
{
	char hex[66];
	int rc;

	noc_random(seed, 32);
	noc_hex(hex, seed, 32);
	hex[64] = '\n';
	hex[65] = '\0';
	rc = noc_keys_write_file(dir, "audit.key", hex, 0600, err);
	noc_wipe(hex, sizeof(hex));
	return rc;
}

int
noc_keys_load(const char *dir, bool create, uint8_t seed[32],
	      struct noc_err *err)
{
	char *path = noc_asprintf("%s/audit.key", dir), hex[128];
	struct stat st;
	size_t n = 32;
	ssize_t len;
	int rc = 0;

	len = keys_read(path, hex, sizeof(hex));
	if (len < 0 && errno == ENOENT && create) {
		rc = keys_create(dir, seed, err);
	} else if (len < 0) {
		rc = noc_err_set(err, NOC_ECONFIG,
				 "Cannot read the journal's key %s (%s): "
				 "restore it, or move nocturne.db away to "
				 "begin a new journal.",
				 path, strerror(errno));
	} else if (len != 64 || noc_unhex(hex, 64, seed, &n) || n != 32) {
		rc = noc_err_set(err, NOC_ECONFIG,
				 "%s must hold 64 hex digits: restore it from "
				 "a backup.",
				 path);
	} else if (!stat(path, &st) && (st.st_mode & 077)) {
		rc = noc_err_set(err, NOC_ECONFIG,
				 "%s may be read by others (mode %03o): make "
				 "it 600, and rotate the key if somebody did.",
				 path, (unsigned)st.st_mode & 0777);
	}
	noc_wipe(hex, sizeof(hex));
	free(path);
	return rc;
}

int
noc_keys_publish(const char *dir, const char *vkey, struct noc_err *err)
{
	char *path = noc_asprintf("%s/audit.vkey", dir), *line;
	char have[NOC_VKEY_TEXT + NOC_VKEY_NAME];
	int rc = 0;

	if (keys_read(path, have, sizeof(have)) < 0 || strcmp(have, vkey)) {
		line = noc_asprintf("%s\n", vkey);
		rc = noc_keys_write_file(dir, "audit.vkey", line, 0644, err);
		free(line);
	}
	free(path);
	return rc;
}
