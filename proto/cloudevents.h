/* SPDX-License-Identifier: ISC */
#ifndef NOC_PROTO_CLOUDEVENTS_H
#define NOC_PROTO_CLOUDEVENTS_H

#include <stddef.h>

#include "base/err.h"
#include "base/slice.h"
#include "base/value.h"

/*
 * CloudEvents 1.0 over HTTP: structured, batched and binary content mode to
 * plain data: a list of maps {specversion, id, source, type, subject?, time?,
 * datacontenttype?, dataschema?, data?, and extensions}.  Data that is neither
 * JSON nor text stays as data_base64.  0.3 is accepted as 1.0 says.  EINPUT
 * names the attribute that is missing or wrong.  Pure.
 */

/* Binary mode takes the attributes from the headers. */
struct noc_cloudevents_header {
	struct noc_slice name, value;
};
int noc_cloudevents_read(const char *content_type, struct noc_slice body,
			 const struct noc_cloudevents_header *headers,
			 size_t nheaders, struct noc_value **list,
			 struct noc_err *err);

#endif
