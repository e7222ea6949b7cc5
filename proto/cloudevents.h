/* SPDX-License-Identifier: ISC */
#ifndef NOC_PROTO_CLOUDEVENTS_H
#define NOC_PROTO_CLOUDEVENTS_H

#include "base/err.h"
#include "base/slice.h"
#include "base/value.h"
#include "proto/signature.h"

/*
 * CloudEvents 1.0 over HTTP: structured, batched and binary content mode to
 * plain data: a list of maps {id, source, type, subject?, time?, data?, and
 * extensions}.  0.3 is accepted as 1.0 says.  Pure.
 */
int noc_cloudevents_read(const char *content_type, struct noc_slice body,
			 noc_header_fn header, void *arg,
			 struct noc_value **list, struct noc_err *err);

#endif
