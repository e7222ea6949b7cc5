/* SPDX-License-Identifier: ISC */
/* Of: sensors/webhook_body.c */
#include "config.h"

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "sensors/webhook_body.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A content type, a NUL, a body. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *nul = memchr(data, 0, size);
	struct noc_value *v = NULL;
	struct noc_err err = { 0 };
	char *type;
	size_t len;

	if (!nul)
		return 0;
	len = (size_t)(nul - data);
	type = noc_strndup((const char *)data, len);
	if (noc_webhook_body(type,
			     noc_slice((const char *)nul + 1, size - len - 1),
			     &v, &err) == 0)
		NOC_REQUIRE(v != NULL);
	else
		NOC_REQUIRE(err.kind == NOC_EINPUT && err.msg[0]);
	noc_value_free(v);
	free(type);
	return 0;
}
