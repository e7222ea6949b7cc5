/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "store/anchor.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/mem.h"

#define TAIL_MAX 65536

static int
anchor_err(struct noc_err *err, const char *what, const char *path)
{
	return noc_err_set(err, NOC_ESTORE, "Cannot %s the anchor file %s: %s.",
			   what, path, strerror(errno));
}

static void
anchor_sync_dir(const char *path)
{
	char *copy = noc_strdup(path);
	int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd >= 0) {
		(void)fsync(fd);
		close(fd);
	}
	free(copy);
}

/* What must be written before the next note: the file ends in 1E 0A, or a
 * crash or a full disk cut it short. */
static const char *
anchor_mend(int fd, off_t size)
{
	char end[2] = { 0, 0 };

	if (!size)
		return "";
	if (size == 1)
		return "torn\x1e\n";
	if (pread(fd, end, 2, size - 2) != 2)
		return "torn\x1e\n";
	if (end[0] == 0x1e && end[1] == '\n')
		return "";
	return end[1] == 0x1e ? "\n" : "torn\x1e\n";
}

int
noc_anchor_append(const char *path, const char *note, size_t len,
		  struct noc_err *err)
{
	int fd = open(
	    path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0600);
	struct noc_strbuf sb = NOC_STRBUF_INIT;
	struct stat st;
	ssize_t n;
	int rc = 0;

	if (fd < 0)
		return anchor_err(err, "open", path);
	if (fstat(fd, &st)) {
		rc = anchor_err(err, "read", path);
		goto out;
	}
	noc_strbuf_adds(&sb, anchor_mend(fd, st.st_size));
	noc_strbuf_add(&sb, note, len);
	noc_strbuf_add(&sb, "\x1e\n", 2);
	n = write(fd, sb.p, sb.len);
	if (n != (ssize_t)sb.len) {
		if (n >= 0)
			errno = ENOSPC;
		rc = anchor_err(err, "write", path);
	} else if (fsync(fd)) {
		rc = anchor_err(err, "sync", path);
	} else if (!st.st_size) {
		anchor_sync_dir(path);
	}
out:
	noc_strbuf_release(&sb);
	close(fd);
	return rc;
}

int
noc_anchor_each(const char *path,
		int (*chunk)(const char *p, size_t len, int torn, void *arg),
		void *arg, struct noc_err *err)
{
	FILE *f = fopen(path, "re");
	char *line = NULL, *p;
	size_t cap = 0, len;
	ssize_t n;
	int rc = 0;

	if (!f && errno == ENOENT)
		return noc_err_set(err, NOC_ENOTFOUND,
				   "There is no anchor file at %s.", path);
	if (!f)
		return anchor_err(err, "open", path);
	while (!rc && (n = getdelim(&line, &cap, 0x1e, f)) > 0) {
		p = line;
		len = (size_t)n;
		if (*p == '\n') {
			p++;
			len--;
		}
		if (!len)
			break;
		if (p[len - 1] != 0x1e)
			rc = chunk(p, len, 1, arg);
		else
			rc = chunk(p, len - 1,
				   len > 4 && !memcmp(p + len - 5, "torn", 4),
				   arg);
	}
	if (!rc && ferror(f))
		rc = anchor_err(err, "read", path);
	free(line);
	fclose(f);
	return rc;
}

int
noc_anchor_last(const char *path, struct noc_head *out, struct noc_strbuf *note)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	int rc = NOC_ENOTFOUND;
	struct noc_note parsed;
	struct stat st;
	char *buf, *end, *from;
	ssize_t n;

	if (fd < 0)
		return NOC_ENOTFOUND;
	buf = noc_malloc(TAIL_MAX + 1);
	n = fstat(fd, &st)
		? -1
		: pread(fd, buf, TAIL_MAX,
			st.st_size > TAIL_MAX ? st.st_size - TAIL_MAX : 0);
	close(fd);
	end = n > 0 ? memrchr(buf, 0x1e, (size_t)n) : NULL;
	while (end && rc) {
		char *prev = memrchr(buf, 0x1e, (size_t)(end - buf));

		from = prev ? prev + 1 : buf;
		if (from < end && *from == '\n')
			from++;
		if (!noc_note_parse(from, (size_t)(end - from), &parsed,
				    NULL) &&
		    !noc_head_parse(&parsed, out, NULL)) {
			noc_strbuf_clear(note);
			noc_strbuf_add(note, from, (size_t)(end - from));
			rc = 0;
		}
		end = prev;
	}
	free(buf);
	return rc;
}
