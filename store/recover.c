/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "store/recover_private.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "store/crash.h"

/*
 * STATE/recovering says where the file goes and why, from before it is moved
 * until the new log is in its place:
 *
 *   the marker is there, its file is not   what lies in our place is moved
 *   both are, and nothing lies in our place   a new log is made
 *   both are, and a log lies in our place     the marker goes
 */
#define MARKER "recovering"

/* ---- the marker ---- */

/* Its first line is the name of the file put aside, its second says why. */
static bool
marker_read(const struct noc_journal *j, struct noc_before *b)
{
	struct noc_strbuf sb = NOC_STRBUF_INIT;
	const char *name, *why;
	char *line;

	if (noc_keys_read_file(j->dir, MARKER, &sb) < 0 || !sb.len) {
		noc_strbuf_release(&sb);
		return false;
	}
	line = strchr(sb.p, '\n');
	why = line ? line + 1 : "the recovery before was interrupted";
	if (line)
		*line = '\0';
	name = strrchr(sb.p, '/');
	b->file = noc_asprintf("%s/%s", j->dir, name ? name + 1 : sb.p);
	b->why = noc_strdup(why);
	noc_strbuf_release(&sb);
	return true;
}

static int
marker_write(struct noc_journal *j, struct noc_before *b, const char *why,
	     struct noc_err *err)
{
	char *text;
	int rc;

	b->file = noc_quarantine_name(j->path);
	b->why = noc_strdup(why);
	text = noc_asprintf("%s\n%s\n", strrchr(b->file, '/') + 1, why);
	rc = noc_keys_write_file(j->dir, MARKER, text, 0600, err);
	free(text);
	noc_crash_point("recover.after_marker");
	return rc;
}

bool
noc_journal_recovering(const struct noc_journal *j)
{
	struct noc_before b = { .why = NULL };
	bool begun = marker_read(j, &b);

	if (begun && noc_quarantined(b.file) && !access(j->path, F_OK))
		begun = false;
	free(b.file);
	free(b.why);
	return begun;
}

int
noc_journal_recovered(struct noc_journal *j, struct noc_err *err)
{
	char *path = noc_asprintf("%s/" MARKER, j->dir);
	int rc = 0;

	if (!unlink(path))
		rc = noc_keys_sync(j->dir, err);
	else if (errno != ENOENT)
		rc = noc_err_set(err, NOC_ESTORE, "Cannot remove %s: %s.", path,
				 strerror(errno));
	noc_crash_point("recover.done");
	free(path);
	return rc;
}

/* ---- from beginning to end ---- */

static char *
recover_say(const struct noc_before *b)
{
	struct noc_strbuf sb = NOC_STRBUF_INIT;

	if (!b->file)
		return b->s.head ? noc_strdup("The journal's file was missing: "
					      "a new log has begun, and names "
					      "the last anchored head of the "
					      "old one.")
				 : NULL;
	noc_strbuf_addf(&sb,
			"The journal was put aside as %s because %s; a new one "
			"has begun, with %" PRIu64 " live rows and %" PRIu64
			" unfinished runs (blocked).",
			b->file, b->why, b->s.live, b->s.runs);
	for (size_t i = 0; i < noc_value_len(b->s.lost); i++)
		noc_strbuf_addf(&sb, "%s%s",
				i ? ", " : " Not all could be read of: ",
				noc_value_at(b->s.lost, i)->u.s.p);
	if (noc_value_len(b->s.lost))
		noc_strbuf_addc(&sb, '.');
	if (b->s.killed)
		noc_strbuf_adds(&sb, " The kill switch is on: " NOC_LOST_RULES);
	return noc_strbuf_detach(&sb, NULL);
}

int
noc_journal_recover(struct noc_journal *j, const char *why, char **said,
		    struct noc_err *err)
{
	struct noc_before b = { .why = NULL };
	int rc = 0;

	noc_journal_disconnect(j);
	if (!marker_read(j, &b) && why)
		rc = marker_write(j, &b, why, err);
	if (!rc && b.file)
		rc = noc_quarantine(j->dir, j->path, b.file, err);
	if (!rc)
		rc = noc_journal_create(j, &b, err);
	if (!rc)
		rc = noc_journal_recovered(j, err);
	if (rc)
		noc_journal_disconnect(j);
	else
		*said = recover_say(&b);
	noc_salvage_release(&b.s);
	free(b.file);
	free(b.why);
	return rc;
}
