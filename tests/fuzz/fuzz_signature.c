/* SPDX-License-Identifier: ISC */
/* Of: proto/signature.c proto/cloudevents.c */
#include "config.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "proto/cloudevents.h"
#include "proto/signature.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* "Name: value" lines, an empty line, the body: a request. */
static struct noc_slice request;

static struct noc_slice
header(const char *name, void *arg)
{
	const char *p = request.p, *end = p + request.len;
	size_t n = strlen(name);

	(void)arg;
	while (p < end && *p != '\n') {
		const char *nl = memchr(p, '\n', (size_t)(end - p));

		nl = nl ? nl : end;
		if ((size_t)(nl - p) > n && p[n] == ':' &&
		    !strncasecmp(p, name, n))
			return noc_slice(p + n + 1, (size_t)(nl - p) - n - 1);
		p = nl + (nl < end);
	}
	return noc_slice(NULL, 0);
}

/* The lines of the request. */
static size_t
headers_of(struct noc_cloudevents_header *out, size_t max)
{
	const char *p = request.p, *end = p + request.len;
	size_t n = 0;

	while (p < end && *p != '\n' && n < max) {
		const char *nl = memchr(p, '\n', (size_t)(end - p)), *colon;

		nl = nl ? nl : end;
		colon = memchr(p, ':', (size_t)(nl - p));
		if (colon)
			out[n++] = (struct noc_cloudevents_header){
				noc_slice(p, (size_t)(colon - p)),
				noc_slice(colon + 1, (size_t)(nl - colon - 1))
			};
		p = nl + (nl < end);
	}
	return n;
}

/* Nobody can forge a MAC of this secret: all that is not refused is a bug. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const secrets[] = {
		"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSx", "user:p4ss-0f-fuzz"
	};
	char *p = noc_memdup(size ? (const char *)data : "", size ? size : 1);
	struct noc_cloudevents_header headers[64];
	struct noc_slice body, type;
	struct noc_value *list;
	struct noc_err err;
	const char *gap;
	char *text;

	request = noc_slice(p, size);
	gap = memmem(p, size, "\n\n", 2);
	body = gap ? noc_slice(gap + 2, (size_t)(p + size - gap - 2))
		   : noc_slice(NULL, 0);
	for (int s = NOC_SIG_HMAC; s <= NOC_SIG_BASIC; s++) {
		struct noc_signature sig = { .scheme =
						 (enum noc_signature_scheme)s,
					     .md = "sha512",
					     .header = "X-Hook-Signature",
					     .secrets = secrets,
					     .nsecrets = 2 };

		if (noc_signature_check(&sig, body, header, NULL,
					1700000000000000000,
					&err) != NOC_EDENIED)
			abort();
		noc_signature_delivery(&sig, header, NULL);
	}
	type = header("Content-Type", NULL);
	while (type.len && *type.p == ' ')
		type = noc_slice(type.p + 1, type.len - 1);
	text = noc_strndup(type.len ? type.p : "", type.len);
	if (!noc_cloudevents_read(type.p ? text : NULL, body, headers,
				  headers_of(headers, NOC_COUNT(headers)),
				  &list, &err)) {
		for (size_t i = 0; i < noc_value_len(list); i++)
			if (!noc_value_get_str(noc_value_at(list, i), "id",
					       NULL))
				abort();
		noc_value_free(list);
	}
	free(text);
	free(p);
	return 0;
}
