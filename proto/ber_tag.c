/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <string.h>

#include "proto/ber.h"

/* Past the header of an element (lengths of up to four octets), or NULL. */
static const uint8_t *
tag_enter(const uint8_t *p, const uint8_t *end, uint8_t tag, size_t *len)
{
	size_t octets;

	if (end - p < 2 || *p++ != tag)
		return NULL;
	*len = *p++;
	if (*len & 0x80) {
		octets = *len & 0x7f;
		if (octets == 0 || octets > 4 || (size_t)(end - p) < octets)
			return NULL;
		for (*len = 0; octets > 0; octets--)
			*len = *len << 8 | *p++;
	}
	return *len <= (size_t)(end - p) ? p : NULL;
}

size_t
noc_snmp_short_tag(const uint8_t *p, size_t len, uint8_t *out)
{
	const uint8_t *end = p + len, *body, *at, *tag;
	size_t n, outer, more;

	body = tag_enter(p, end, 0x30, &outer);
	if (!body || outer != (size_t)(end - body))
		return 0;
	at = tag_enter(body, end, 0x02, &n); /* version */
	if (!at || !(at = tag_enter(at + n, end, 0x04, &n)))
		return 0;
	at += n; /* community */
	if (end - at < 2 || *at != 0xbf)
		return 0;
	for (tag = at + 1; tag < end && *tag & 0x80; tag++)
		;
	if (tag == end || *tag > 8)
		return 0;
	more = (size_t)(tag - at);
	n = (size_t)(at - p);
	memcpy(out, p, n);
	out[n] = (uint8_t)(0xa0 | *tag);
	memcpy(out + n + 1, tag + 1, (size_t)(end - tag - 1));
	/* The outer length keeps its octets, and says less. */
	outer -= more;
	for (uint8_t *o = out + (body - p); o-- > out + 1;) {
		if (o == out + 1 && body - p > 2)
			break; /* how many octets the length has */
		*o = (uint8_t)(outer & (body - p > 2 ? 0xff : 0x7f));
		outer >>= 8;
	}
	return len - more;
}
