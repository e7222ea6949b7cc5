/* SPDX-License-Identifier: ISC */
#ifndef NOC_SENSORS_SYSLOG_COMMON_H
#define NOC_SENSORS_SYSLOG_COMMON_H

#include "base/slice.h"
#include "engine/edge/env.h"
#include "engine/edge/sensor.h"
#include "engine/core/core.h"

/*
 * What the three ways in for syslog share: from the bytes of one message to
 * an event.  Nothing is dropped for being ugly: what cannot be read is an
 * event marked malformed.  Loop thread.
 */
struct noc_tz;

struct noc_syslog_in {
	struct noc_env *env;
	struct noc_source *source;
	struct noc_tz *tz; /* NULL: local time */
	int32_t tz_offset_s;
	int64_t tz_until_s;  /* the offset holds until then */
	const char *tz_name; /* what tz was made from */
	char host[256];	     /* our own name */
};

int noc_syslog_in_open(struct noc_syslog_in *in, struct noc_env *env,
		       const char *name, struct noc_err *err);
void noc_syslog_in_close(struct noc_syslog_in *in);
/* The configuration or the rules changed. */
void noc_syslog_in_reload(struct noc_syslog_in *in);

/* One message; p is borrowed.  cut: it was longer than what is kept. */
void noc_syslog_in_message(struct noc_syslog_in *in, struct noc_slice message,
			   struct noc_slice origin, enum noc_trust trust,
			   bool cut);

#endif
