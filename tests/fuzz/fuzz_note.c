/* SPDX-License-Identifier: ISC */
/* Of: store/note.c */
#include "config.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "store/note.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* First line: a verifier key; the rest: a note that it may have signed. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *p = (const char *)data, *nl = memchr(p, '\n', size);
	char text[NOC_VKEY_TEXT + NOC_VKEY_NAME];
	struct noc_vkey key, again;
	struct noc_note note;
	struct noc_head head;
	struct noc_err err;
	uint64_t when;
	int have;

	if (!nl)
		return 0;
	have = !noc_vkey_parse(&key, p, (size_t)(nl - p), &err);
	if (have) {
		noc_vkey_format(&key, text);
		if (noc_vkey_parse(&again, text, strlen(text), &err) ||
		    memcmp(again.pub, key.pub, sizeof(key.pub)))
			abort();
	}
	if (noc_note_parse(nl + 1, size - (size_t)(nl - p) - 1, &note, &err))
		return 0;
	if (note.text_len > size || !note.nsigs || note.nsigs > NOC_NOTE_SIGS)
		abort();
	if (have)
		(void)noc_note_check(&note, &key, &when);
	(void)noc_head_parse(&note, &head, &err);
	return 0;
}
