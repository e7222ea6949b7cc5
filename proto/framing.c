/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "proto/framing.h"

#include <string.h>

#define DIGITS_MAX 9

/* The first LF or NUL: the trailers of RFC 6587 §3.4.2 that exist. */
static const char *
frame_trailer(const char *p, size_t len)
{
	const char *lf = memchr(p, '\n', len);
	const char *nul = memchr(p, '\0', lf ? (size_t)(lf - p) : len);

	return nul ? nul : lf;
}

static enum noc_frame
frame_line(struct noc_framer *f, const char *p, size_t len, bool eof,
	   struct noc_slice *msg, size_t *used)
{
	const char *e = frame_trailer(p, len);
	size_t n = e ? (size_t)(e - p) : len;
	enum noc_frame verdict = NOC_FRAME_OK;

	if (!e && n <= f->max_bytes && !eof)
		return NOC_FRAME_MORE;
	*used += n + (e != NULL);
	if (n > f->max_bytes) {
		verdict = NOC_FRAME_CUT;
		n = f->max_bytes;
		f->skip_line = !e;
	} else if (n && p[n - 1] == '\r') {
		n--;
	}
	*msg = noc_slice(p, n);
	return verdict;
}

/* p..len is behind "LEN SP". */
static enum noc_frame
frame_octets(struct noc_framer *f, const char *p, size_t len, size_t octets,
	     bool eof, struct noc_slice *msg, size_t *used)
{
	size_t want = octets > f->max_bytes ? f->max_bytes : octets;
	size_t have = len < octets ? len : octets;

	if (len < want && !eof)
		return NOC_FRAME_MORE;
	*used += have;
	f->skip = octets - have;
	*msg = noc_slice(p, have < want ? have : want);
	return have < octets || octets > f->max_bytes ? NOC_FRAME_CUT
						      : NOC_FRAME_OK;
}

/* What is left of a frame that was cut.  False: more of it is to come. */
static bool
frame_skip(struct noc_framer *f, const char *buf, size_t len, size_t *used)
{
	size_t n = f->skip < len ? f->skip : len;
	const char *e;

	f->skip -= n;
	*used = n;
	if (f->skip)
		return false;
	if (f->skip_line) {
		e = frame_trailer(buf + n, len - n);
		*used = e ? (size_t)(e - buf) + 1 : len;
		f->skip_line = !e;
	}
	return !f->skip_line;
}

enum noc_frame
noc_framer_next(struct noc_framer *f, const char *buf, size_t len, bool eof,
		struct noc_slice *msg, size_t *used)
{
	size_t at, digits = 0, octets = 0, more = 0;
	enum noc_frame verdict;

	*msg = noc_slice(NULL, 0);
	*used = 0;
	if (!len || !frame_skip(f, buf, len, used))
		return NOC_FRAME_MORE;
	/* Empty frames: senders end octet-counted frames with LF, too. */
	while (*used < len &&
	       (buf[*used] == '\n' || buf[*used] == '\r' || buf[*used] == '\0'))
		++*used;
	at = *used;
	while (at + digits < len && digits <= DIGITS_MAX &&
	       buf[at + digits] >= '0' && buf[at + digits] <= '9') {
		octets = octets * 10 + (size_t)(buf[at + digits] - '0');
		digits++;
	}
	if (digits > DIGITS_MAX)
		return NOC_FRAME_BAD;
	if (at == len || (at + digits == len && !eof))
		return NOC_FRAME_MORE;
	if (digits && buf[at] != '0' && at + digits < len &&
	    buf[at + digits] == ' ') {
		more = digits + 1;
		verdict = frame_octets(f, buf + at + more, len - at - more,
				       octets, eof, msg, &more);
	} else {
		verdict = frame_line(f, buf + at, len - at, eof, msg, &more);
	}
	if (verdict != NOC_FRAME_MORE)
		*used = at + more;
	return verdict;
}
