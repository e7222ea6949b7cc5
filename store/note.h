/* SPDX-License-Identifier: ISC */
#ifndef NOC_STORE_NOTE_H
#define NOC_STORE_NOTE_H

#include <stddef.h>
#include <stdint.h>

#include "base/crypto.h"
#include "base/err.h"
#include "base/strbuf.h"
#include "store/chain.h"

/*
 * Signed notes and checkpoints (C2SP signed-note, tlog-checkpoint and
 * tlog-cosignature): how a journal head is written and checked.  Pure
 * computation; any thread.
 */

#define NOC_NOTE_MAX	 16384
#define NOC_NOTE_SIGS	 16
#define NOC_VKEY_NAME	 256
#define NOC_VKEY_TEXT	 320
#define NOC_SIG_ED25519	 1
#define NOC_SIG_COSIGNED 4 /* timestamped checkpoint cosignature */

/* name+hex(key id)+base64(type ‖ public key) */
struct noc_vkey {
	char name[NOC_VKEY_NAME];
	uint8_t id[4];
	uint8_t type;
	uint8_t pub[32];
};

/* EINPUT when the name is empty, too long, or has a space or plus. */
int noc_vkey_init(struct noc_vkey *k, const char *name, uint8_t type,
		  const uint8_t pub[32], struct noc_err *err);
int noc_vkey_parse(struct noc_vkey *k, const char *text, size_t len,
		   struct noc_err *err);
/* buf >= NOC_VKEY_TEXT + NOC_VKEY_NAME.  Returns buf. */
char *noc_vkey_format(const struct noc_vkey *k, char *buf);

struct noc_note_sig {
	const char *name; /* slice of the note */
	size_t name_len;
	uint8_t id[4];
	uint8_t sig[72]; /* longer ones are kept as len only */
	size_t len;
};

struct noc_note {
	const char *text; /* slice, final newline included */
	size_t text_len;
	unsigned nsigs;
	struct noc_note_sig sigs[NOC_NOTE_SIGS];
};

/* Borrows p for as long as the note is used.  EINPUT when malformed. */
int noc_note_parse(const char *p, size_t len, struct noc_note *out,
		   struct noc_err *err);
/*
 * 0 when the key signed it; ENOTFOUND when it carries no signature of that
 * key; EDENIED when it does and the signature is wrong.  *when (may be NULL):
 * seconds since 1970 of a cosignature, else 0.
 */
int noc_note_check(const struct noc_note *note, const struct noc_vkey *key,
		   uint64_t *when);

/* What a checkpoint says. */
struct noc_head {
	char origin[NOC_VKEY_NAME];
	uint64_t size;
	uint8_t root[NOC_HASH];
};
/* EINPUT unless the text is exactly origin, size, root: no extensions. */
int noc_head_parse(const struct noc_note *note, struct noc_head *out,
		   struct noc_err *err);

struct noc_signer {
	const struct noc_ed25519 *key;
	const struct noc_vkey *vkey;
};
/* Appends the note of a head, signed by each of n keys in turn. */
void noc_head_sign(const struct noc_head *head, const struct noc_signer *by,
		   unsigned n, struct noc_strbuf *out);

#endif
