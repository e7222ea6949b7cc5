/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "cli/demo/private.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "store/record.h"
#include "store/verify.h"
#include "store/wire.h"
#include "engine/run/verify.h"

/*
 * The end: the journal is whole, and one byte of the SET's intent flipped in a
 * copy is found where it is.
 */
#define AUDIT_DB_MAX (256 * 1024 * 1024)

static int
audit_read(const char *path, char **out, size_t *len, struct noc_err *err)
{
	FILE *f = fopen(path, "re");
	long size = -1;

	*out = NULL;
	if (f && !fseek(f, 0, SEEK_END))
		size = ftell(f);
	if (size > 0 && size < AUDIT_DB_MAX) {
		rewind(f);
		*out = noc_malloc((size_t)size);
		*len = fread(*out, 1, (size_t)size, f);
	}
	if (f)
		fclose(f);
	if (*out && *len == (size_t)size)
		return 0;
	free(*out);
	*out = NULL;
	return noc_err_set(err, NOC_ESTORE, "%s cannot be copied: %s.", path,
			   strerror(errno));
}

/* Where the record lies in the file: its head is unlike anything else. */
static char *
audit_find(char *p, size_t len, uint64_t seq)
{
	static const char magic[] = "NOC1\1";
	char *end = p + len, *at = p;

	while ((at = memmem(at, (size_t)(end - at), magic, 5))) {
		if ((size_t)(end - at) > NOC_RECORD_HEAD &&
		    noc_get64((const uint8_t *)at + 24) == seq)
			return at;
		at++;
	}
	return NULL;
}

static int
audit_flip(const struct noc_demo *d, const char *db, struct noc_err *err)
{
	char *path = noc_asprintf("%s/flipped.db", d->dir), *bytes = NULL;
	struct noc_verify_options opt = { .db = path };
	struct noc_verify_result res;
	size_t len = 0;
	char *at = NULL;
	FILE *f = NULL;
	int r = audit_read(db, &bytes, &len, err);

	if (!r)
		at = audit_find(bytes, len, (uint64_t)d->intent_seq);
	if (at) {
		at[NOC_RECORD_HEAD + 8] ^= 1; /* in its first field */
		f = fopen(path, "wex");
	}
	if (!r && (!f || fwrite(bytes, 1, len, f) != len || fclose(f)))
		r = noc_err_set(err, NOC_ESTORE, "%s: %s.", path,
				at ? strerror(errno)
				   : "the record was not found");
	free(bytes);
	if (!r)
		r = noc_verify(&opt, &res, err);
	free(path);
	if (r)
		return r;
	if (res.verdict != NOC_VERDICT_TAMPERED ||
	    res.at_seq != (uint64_t)d->intent_seq)
		return noc_err_set(err, NOC_ESTORE,
				   "A flipped byte in record %lld was not "
				   "found: %s",
				   (long long)d->intent_seq, res.message);
	return 0;
}

int
noc_demo_audit(struct noc_demo *d, struct noc_err *err)
{
	char *db = noc_asprintf("%s/nocturne.db", d->state);
	char *anchor = noc_asprintf("%s/anchor.log", d->state);
	struct noc_verify_options opt = { .db = db, .anchor = anchor };
	struct noc_verify_result res;
	int r = noc_verify(&opt, &res, err);

	if (!r && res.verdict != NOC_VERDICT_OK)
		r = noc_err_set(err, NOC_ESTORE, "audit verify: %s",
				res.message);
	if (!r) {
		d->verified = res.records;
		noc_demo_tell(d, NULL, "audit verify: %llu records OK",
			      (unsigned long long)res.records);
		r = audit_flip(d, db, err);
	}
	if (!r) {
		d->tampered_at = d->intent_seq;
		noc_demo_tell(d, NULL,
			      "; one byte flipped in a copy → TAMPERED at seq "
			      "%lld",
			      (long long)d->intent_seq);
	}
	noc_demo_end_line(d);
	free(anchor);
	free(db);
	return r;
}
