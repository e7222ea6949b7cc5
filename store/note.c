/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "store/note.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/hex.h"
#include "base/mem.h"

#define DASH	 "\xe2\x80\x94 " /* em dash, space */
#define DASH_LEN 4

/* ---- keys ---- */

static void
vkey_id(const char *name, uint8_t type, const uint8_t pub[32], uint8_t id[4])
{
	uint8_t hash[NOC_HASH], buf[NOC_VKEY_NAME + 34];
	size_t n = strlen(name);

	memcpy(buf, name, n);
	buf[n++] = '\n';
	buf[n++] = type;
	memcpy(buf + n, pub, 32);
	noc_sha256_once(buf, n + 32, hash);
	memcpy(id, hash, 4);
}

/* Not empty, no control, space or plus; bytes past ASCII are let through
 * (the note as a whole must be UTF-8). */
static int
vkey_name_ok(const char *p, size_t len)
{
	if (!len || len >= NOC_VKEY_NAME)
		return 0;
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)p[i] <= ' ' || p[i] == '+' || p[i] == 0x7f)
			return 0;
	return 1;
}

int
noc_vkey_init(struct noc_vkey *k, const char *name, uint8_t type,
	      const uint8_t pub[32], struct noc_err *err)
{
	size_t len = strlen(name);

	if (!vkey_name_ok(name, len))
		return noc_err_set(err, NOC_EINPUT,
				   "A key name has 1 to %d bytes and no "
				   "spaces, controls or plus signs.",
				   NOC_VKEY_NAME - 1);
	memset(k, 0, sizeof(*k));
	memcpy(k->name, name, len);
	k->type = type;
	memcpy(k->pub, pub, 32);
	vkey_id(k->name, type, pub, k->id);
	return 0;
}

int
noc_vkey_parse(struct noc_vkey *k, const char *text, size_t len,
	       struct noc_err *err)
{
	const char *a, *b, *end = text + len;
	uint8_t raw[64], id[4];
	char name[NOC_VKEY_NAME];
	size_t n = sizeof(id);
	int rc;

	a = memchr(text, '+', len);
	b = a ? memchr(a + 1, '+', (size_t)(end - a - 1)) : NULL;
	if (!b || b - a != 9 || end - b != 45 ||
	    !vkey_name_ok(text, (size_t)(a - text)))
		return noc_err_set(err, NOC_EINPUT,
				   "A verifier key is name+8 hex "
				   "digits+base64 of 33 bytes.");
	if (noc_unhex(a + 1, 8, id, &n) || n != 4)
		return noc_err_set(err, NOC_EINPUT,
				   "The key id of a verifier key must be 8 "
				   "hex digits.");
	n = sizeof(raw);
	if (noc_unbase64(b + 1, (size_t)(end - b - 1), raw, &n) || n != 33)
		return noc_err_set(err, NOC_EINPUT,
				   "The last part of a verifier key must be "
				   "base64 of 33 bytes.");
	if (raw[0] != NOC_SIG_ED25519 && raw[0] != NOC_SIG_COSIGNED)
		return noc_err_set(err, NOC_EINPUT,
				   "Verifier keys of type %u are not "
				   "supported, only 1 and 4.",
				   raw[0]);
	memcpy(name, text, (size_t)(a - text));
	name[a - text] = '\0';
	rc = noc_vkey_init(k, name, raw[0], raw + 1, err);
	if (!rc && memcmp(id, k->id, 4))
		rc = noc_err_set(err, NOC_EINPUT,
				 "The key id of this verifier key does not "
				 "belong to its name and key.");
	return rc;
}

char *
noc_vkey_format(const struct noc_vkey *k, char *buf)
{
	uint8_t raw[33];
	size_t n = strlen(k->name);

	memcpy(buf, k->name, n);
	buf[n++] = '+';
	noc_hex(buf + n, k->id, 4);
	n += 8;
	buf[n++] = '+';
	raw[0] = k->type;
	memcpy(raw + 1, k->pub, 32);
	noc_base64(buf + n, raw, sizeof(raw));
	return buf;
}

/* ---- notes ---- */

/* Valid UTF-8 (RFC 3629) with no ASCII control but newline. */
static int
note_text_ok(const unsigned char *p, size_t len)
{
	for (size_t i = 0; i < len;) {
		unsigned c = p[i];
		uint32_t v;
		size_t n;

		if (c < 0x80) {
			if (c < ' ' && c != '\n')
				return 0;
			i++;
			continue;
		}
		if (c < 0xc2 || c > 0xf4)
			return 0;
		n = c >= 0xf0 ? 3 : c >= 0xe0 ? 2 : 1;
		v = c & (0x3fu >> n);
		if (len - i <= n)
			return 0;
		for (size_t j = 1; j <= n; j++) {
			if ((p[i + j] & 0xc0) != 0x80)
				return 0;
			v = v << 6 | (p[i + j] & 0x3f);
		}
		if ((n == 2 && v < 0x800) || (n == 3 && v < 0x10000) ||
		    v > 0x10ffff || (v >= 0xd800 && v <= 0xdfff))
			return 0;
		i += n + 1;
	}
	return 1;
}

/* One signature line without its newline. */
static int
note_parse_sig(const char *p, size_t len, struct noc_note_sig *sig)
{
	uint8_t raw[NOC_NOTE_MAX];
	const char *sp;
	size_t n = sizeof(raw);

	if (len < DASH_LEN || memcmp(p, DASH, DASH_LEN))
		return -1;
	p += DASH_LEN;
	len -= DASH_LEN;
	sp = memchr(p, ' ', len);
	if (!sp || !vkey_name_ok(p, (size_t)(sp - p)))
		return -1;
	sig->name = p;
	sig->name_len = (size_t)(sp - p);
	len -= sig->name_len + 1;
	if (noc_unbase64(sp + 1, len, raw, &n) || n < 5)
		return -1;
	memcpy(sig->id, raw, 4);
	sig->len = n - 4;
	memset(sig->sig, 0, sizeof(sig->sig));
	if (sig->len <= sizeof(sig->sig))
		memcpy(sig->sig, raw + 4, sig->len);
	return 0;
}

int
noc_note_parse(const char *p, size_t len, struct noc_note *out,
	       struct noc_err *err)
{
	const char *end = p + len, *at, *nl;

	if (len > NOC_NOTE_MAX || len < 2 || end[-1] != '\n' ||
	    !note_text_ok((const unsigned char *)p, len))
		return noc_err_set(err, NOC_EINPUT,
				   "A signed note is at most %d bytes of "
				   "UTF-8 lines without control characters.",
				   NOC_NOTE_MAX);
	/* The text ends at the last empty line. */
	for (at = end - 2; at > p && !(at[0] == '\n' && at[-1] == '\n'); at--)
		;
	if (at <= p)
		return noc_err_set(err, NOC_EINPUT,
				   "The note has no empty line before its "
				   "signatures.");
	out->text = p;
	out->text_len = (size_t)(at - p);
	out->nsigs = 0;
	for (at++; at < end; at = nl + 1) {
		nl = memchr(at, '\n', (size_t)(end - at));
		if (!nl || out->nsigs == NOC_NOTE_SIGS ||
		    note_parse_sig(at, (size_t)(nl - at),
				   &out->sigs[out->nsigs]))
			return noc_err_set(err, NOC_EINPUT,
					   "Signature line %u of the note is "
					   "malformed, or above the %d "
					   "allowed.",
					   out->nsigs + 1, NOC_NOTE_SIGS);
		out->nsigs++;
	}
	if (!out->nsigs)
		return noc_err_set(err, NOC_EINPUT,
				   "The note carries no signature.");
	return 0;
}

static int
note_check_one(const struct noc_note *note, const struct noc_note_sig *sig,
	       const struct noc_vkey *key, uint64_t *when)
{
	struct noc_strbuf sb = NOC_STRBUF_INIT;
	uint64_t t = 0;
	int ok;

	if (key->type == NOC_SIG_ED25519)
		return sig->len == 64 &&
		       noc_ed25519_verify(key->pub, note->text, note->text_len,
					  sig->sig);
	if (key->type != NOC_SIG_COSIGNED || sig->len != 72)
		return 0;
	for (int i = 0; i < 8; i++)
		t = t << 8 | sig->sig[i];
	noc_strbuf_addf(&sb, "cosignature/v1\ntime %" PRIu64 "\n", t);
	noc_strbuf_add(&sb, note->text, note->text_len);
	ok = noc_ed25519_verify(key->pub, sb.p, sb.len, sig->sig + 8);
	noc_strbuf_release(&sb);
	if (ok && when)
		*when = t;
	return ok;
}

int
noc_note_check(const struct noc_note *note, const struct noc_vkey *key,
	       uint64_t *when)
{
	size_t n = strlen(key->name);
	int found = 0;

	if (when)
		*when = 0;
	for (unsigned i = 0; i < note->nsigs; i++) {
		const struct noc_note_sig *s = &note->sigs[i];

		if (s->name_len != n || memcmp(s->name, key->name, n) ||
		    memcmp(s->id, key->id, 4))
			continue;
		if (!note_check_one(note, s, key, when))
			return NOC_EDENIED;
		found = 1;
	}
	return found ? 0 : NOC_ENOTFOUND;
}

/* ---- heads ---- */

static int
head_parse_size(const char *p, size_t len, uint64_t *out)
{
	uint64_t v = 0;

	if (!len || len > 19 || (len > 1 && *p == '0'))
		return -1;
	for (size_t i = 0; i < len; i++) {
		if (p[i] < '0' || p[i] > '9')
			return -1;
		v = v * 10 + (uint64_t)(p[i] - '0');
	}
	*out = v;
	return v > INT64_MAX ? -1 : 0;
}

int
noc_head_parse(const struct noc_note *note, struct noc_head *out,
	       struct noc_err *err)
{
	const char *p = note->text, *end = p + note->text_len, *line[3];
	size_t len[3], n;
	uint8_t raw[64];

	for (int i = 0; i < 3; i++) {
		const char *nl = memchr(p, '\n', (size_t)(end - p));

		if (!nl)
			goto bad;
		line[i] = p;
		len[i] = (size_t)(nl - p);
		p = nl + 1;
	}
	n = sizeof(raw);
	if (p != end || !vkey_name_ok(line[0], len[0]) || len[2] != 44 ||
	    head_parse_size(line[1], len[1], &out->size) ||
	    noc_unbase64(line[2], len[2], raw, &n) || n != NOC_HASH)
		goto bad;
	memcpy(out->origin, line[0], len[0]);
	out->origin[len[0]] = '\0';
	memcpy(out->root, raw, NOC_HASH);
	return 0;
bad:
	return noc_err_set(err, NOC_EINPUT,
			   "A head is exactly three lines: origin, size and "
			   "base64 of a 32-byte root.");
}

void
noc_head_sign(const struct noc_head *head, const struct noc_signer *by,
	      unsigned n, struct noc_strbuf *out)
{
	size_t from = out->len, text_len;
	uint8_t sig[68];
	char b64[96];

	noc_base64(b64, head->root, NOC_HASH);
	noc_strbuf_addf(out, "%s\n%" PRIu64 "\n%s\n", head->origin, head->size,
			b64);
	text_len = out->len - from;
	noc_strbuf_addc(out, '\n');
	for (unsigned i = 0; i < n; i++) {
		memcpy(sig, by[i].vkey->id, 4);
		noc_ed25519_sign(by[i].key, out->p + from, text_len, sig + 4);
		noc_base64(b64, sig, sizeof(sig));
		noc_strbuf_addf(out, DASH "%s %s\n", by[i].vkey->name, b64);
	}
}
