/* SPDX-License-Identifier: ISC */
/* Of: proto/ber.c proto/ber_tag.c */
#include "config.h"

#include <stdint.h>
#include <stdlib.h>

#include "proto/ber.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int
inside(const uint8_t *p, size_t len, const uint8_t *data, size_t size)
{
	return len == 0 || (p >= data && p + len <= data + size);
}

/* What is accepted points into the message; what is refused says why. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct noc_snmp_shape s;
	struct noc_err err = { 0 };
	uint8_t *copy = malloc(size + 1);
	size_t n;

	if (!copy)
		abort();
	copy[size] = 0x5a;
	n = noc_snmp_short_tag(data, size, copy);
	if (copy[size] != 0x5a || (n && (n >= size || copy[0] != 0x30)) ||
	    (n && noc_snmp_short_tag(copy, n, copy)))
		abort();
	free(copy);
	if (noc_snmp_check(data, size, &s, &err) < 0) {
		if (err.kind != NOC_EINPUT || err.msg[0] == '\0')
			abort();
		return 0;
	}
	if (s.varbinds > 256 || s.engine_id_len > 32 || s.user_len > 32 ||
	    s.community_len > 255 ||
	    !inside(s.community, s.community_len, data, size) ||
	    !inside(s.engine_id, s.engine_id_len, data, size) ||
	    !inside(s.user, s.user_len, data, size))
		abort();
	return 0;
}
