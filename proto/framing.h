/* SPDX-License-Identifier: ISC */
#ifndef NOC_PROTO_FRAMING_H
#define NOC_PROTO_FRAMING_H

#include <stdbool.h>
#include <stddef.h>

#include "base/slice.h"

/*
 * Stream framing, RFC 6587: octet counting ("LEN SP MSG") and newline (or
 * NUL), decided per frame by a leading digit.  Feed bytes as they arrive, in
 * a buffer that can hold max_bytes + 11 of them.
 */
struct noc_framer {
	size_t max_bytes; /* longest message kept; the rest is cut, counted */
	size_t skip;	  /* bytes still to be thrown away of a cut frame */
	bool skip_line;	  /* until newline instead */
};
enum noc_frame { NOC_FRAME_MORE, NOC_FRAME_OK, NOC_FRAME_CUT, NOC_FRAME_BAD };
/*
 * Looks at buf[0..len).  OK/CUT: *msg is the message, *used the bytes to
 * consume.  MORE: *used may be > 0 (skipped).  BAD: the stream cannot be
 * followed any further (digits run away, > 9 of them); close it.
 */
enum noc_frame noc_framer_next(struct noc_framer *f, const char *buf,
			       size_t len, bool eof, struct noc_slice *msg,
			       size_t *used);

#endif
