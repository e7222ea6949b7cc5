/* SPDX-License-Identifier: ISC */
/* Of: snmp/peek.c */
#include "config.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "proto/mib.h"
#include "net/loop.h"
#include "snmp/peek.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What `nocturne decode snmp` does with a packet that nobody vouches for. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct noc_snmp *snmp;
	struct noc_snmp_peek peek;
	struct noc_err err;
	uint8_t *copy;

	if (!snmp) {
		struct noc_snmp_options opt = { 0 };
		struct noc_loop *loop;

		opt.mib = noc_mib_new();
		if (noc_loop_new(&loop, &err) ||
		    noc_snmp_open(loop, &opt, &snmp, &err))
			abort();
	}
	/* Of its very size, so that a read past the end is seen. */
	copy = malloc(size ? size : 1);
	if (!copy)
		return 0;
	if (size)
		memcpy(copy, data, size);
	if (!noc_snmp_peek(snmp, copy, size, &peek, &err)) {
		struct noc_value *v =
		    peek.notification ? noc_snmp_trap_value(snmp, &peek.trap)
				      : NULL;

		noc_value_free(v);
		noc_snmp_peek_clear(&peek);
	}
	free(copy);
	return 0;
}
