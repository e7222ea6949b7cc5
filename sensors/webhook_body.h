/* SPDX-License-Identifier: ISC */
#ifndef NOC_SENSORS_WEBHOOK_BODY_H
#define NOC_SENSORS_WEBHOOK_BODY_H

#include "base/err.h"
#include "base/slice.h"
#include "base/value.h"

/*
 * The body of a POST as a value: JSON; a form (fields as a map; GitHub's and
 * Slack's field `payload` is JSON and then the whole body); other text as a
 * string.  *out is returned.  EINPUT: it says JSON and is not, or is no
 * UTF-8.  Pure; any thread.
 */
int noc_webhook_body(const char *content_type, struct noc_slice body,
		     struct noc_value **out, struct noc_err *err);

#endif
