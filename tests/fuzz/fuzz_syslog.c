/* SPDX-License-Identifier: ISC */
/* Of: proto/syslog*.c */
#include "config.h"

#include <stdint.h>
#include <stdlib.h>

#include "base/mem.h"
#include "proto/syslog.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
inside(struct noc_slice s, const char *p, size_t len)
{
	if (s.p && (s.p < p || s.len > len || s.p > p + (len - s.len)))
		abort();
}

/* One message: every field lies inside of it and can be said as JSON. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *p = noc_memdup(size ? (const char *)data : "", size ? size : 1);
	struct noc_syslog m;
	char buf[16];

	noc_syslog_parse(p, size, 1795413600000000000, 3600, &m);
	inside(m.host, p, size);
	inside(m.app, p, size);
	inside(m.procid, p, size);
	inside(m.msgid, p, size);
	inside(m.sd, p, size);
	inside(m.tag, p, size);
	inside(m.message, p, size);
	if (m.facility > 23 || m.severity > 7 || m.malformed != (m.why != NULL))
		abort();
	noc_syslog_sd_get(m.sd, "meta", "a", buf, sizeof(buf));
	free(p);
	return 0;
}
