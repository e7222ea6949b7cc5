/* SPDX-License-Identifier: ISC */
#ifndef NOC_BASE_ID_H
#define NOC_BASE_ID_H

#include <stdbool.h>
#include <stdint.h>

/*
 * 128-bit identifiers in UUID text form.  Events: UUIDv7 (RFC 9562 §5.7),
 * monotonic within the process.  Runs: UUIDv8, 48-bit event time (ms) then the
 * first 80 bits of SHA-256(event id, rule, NUL, definition hash) with version
 * and variant set over them, so that one cause can only ever be one run.
 */
struct noc_id {
	uint8_t b[16];
};

#define NOC_ID_TEXT 37 /* with the NUL */

struct noc_id noc_id_new(int64_t wall_ns);
struct noc_id noc_id_run(int64_t event_wall_ns, const struct noc_id *event,
			 const char *rule, const uint8_t definition[32]);
char *noc_id_format(char buf[NOC_ID_TEXT], const struct noc_id *id);
int noc_id_parse(const char *text, struct noc_id *id); /* EINPUT */
/* The ids that a text begins, or is: at least 4 digits, dashes anywhere; else
 * EINPUT. */
int noc_id_range(const char *text, uint8_t lo[16], uint8_t hi[16]);
bool noc_id_is_zero(const struct noc_id *id);

/* Tests and `nocturne test`: ids come from a counter under this seed. */
void noc_id_seed(uint64_t seed);

#endif
