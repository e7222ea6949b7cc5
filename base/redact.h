/* SPDX-License-Identifier: ISC */
#ifndef NOC_BASE_REDACT_H
#define NOC_BASE_REDACT_H

#include <stdbool.h>

#include "base/strbuf.h"
#include "base/value.h"

/*
 * What lets somebody in does not belong in a record: here it is known by its
 * name, and "(redacted)" stands for it.  Any thread.
 */
#define NOC_REDACTED "(redacted)"

/*
 * A header, parameter or variable of this name holds what lets in:
 * "Authorization", "Cookie", "X-Api-Key", "X-Auth-Token", "api_key",
 * "X-Hub-Signature-256"; not "Idempotency-Key", "key".
 */
bool noc_redact_name(const char *name);
/* Appends a URL without its user, and without what parameters of such names
 * say. */
void noc_redact_url(const char *url, struct noc_strbuf *out);
/* Returned: a copy in which the texts under such names, and all URLs, are
 * without it. */
struct noc_value *noc_redact_value(const struct noc_value *v);

#endif
