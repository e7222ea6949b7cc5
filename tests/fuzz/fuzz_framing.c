/* SPDX-License-Identifier: ISC */
/* Of: proto/framing.c */
#include "config.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/mem.h"
#include "proto/framing.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The first byte says in which pieces the rest of the stream arrives. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct noc_framer f = { .max_bytes = 64 };
	size_t piece = size ? 1u + data[0] % 40u : 1, at = 0, fill = 0;
	const char *p = (const char *)data + 1;
	bool eof = false;

	if (size < 2)
		return 0;
	size--;
	while (!eof || fill < size) {
		size_t have, used;
		struct noc_slice msg;
		enum noc_frame v;
		char *copy;

		if (fill < size)
			fill += size - fill < piece ? size - fill : piece;
		else
			eof = true;
		do {
			have = fill - at;
			copy = noc_memdup(have ? p + at : "", have ? have : 1);
			v = noc_framer_next(&f, copy, have, eof, &msg, &used);
			if (used > have || msg.len > f.max_bytes ||
			    (msg.p &&
			     (msg.p < copy || msg.p + msg.len > copy + have)))
				abort();
			free(copy);
			at += used;
			if (v == NOC_FRAME_BAD)
				return 0;
			if ((v == NOC_FRAME_OK || v == NOC_FRAME_CUT) && !used)
				abort(); /* would never end */
		} while (v != NOC_FRAME_MORE || used);
		if (fill - at > f.max_bytes + 11)
			abort(); /* more kept than a buffer must hold */
	}
	if (at != size && f.skip == 0)
		abort(); /* at the end nothing is left */
	return 0;
}
