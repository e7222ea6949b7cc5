/* SPDX-License-Identifier: ISC */
#ifndef NOC_PROTO_MIB_H
#define NOC_PROTO_MIB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"

/*
 * Names for OIDs: our own table of common IETF and vendor objects,
 * notifications and enums (built in, facts only), plus files that `nocturne
 * mib` compiled from the user's MIBs.  Their text is one object a line, `#`
 * starts a comment:
 *   NAME OID KIND [SYNTAX|- [INDEX|- [LABEL=NUMBER,...]]]
 * where OID is dotted numbers, or the name of an object before it and dotted
 * numbers ("ifEntry.7").  Immutable after load; any thread.
 */
typedef uint32_t noc_oid;
#define NOC_OID_MAX 128

struct noc_mib_object {
	const char *name; /* "ifAdminStatus" */
	const noc_oid *oid;
	uint16_t oid_len;
	char kind;	   /* 's' scalar, 'c' column, 'n' notification,
			      'o' other */
	char syntax;	   /* 'i' int, 'u' unsigned/counter/gauge, 's'
			      text, 'x' octets, 'o' oid, 'a' address,
			      't' timeticks, 'm' MAC, 'd' DateAndTime,
			      '-' unknown or none */
	const char *enums; /* "up=1,down=2,testing=3" or NULL */
	const char *index; /* column whose index names the row: "ifindex"
			      or NULL */
};

struct noc_mib;
struct noc_mib *noc_mib_new(void); /* the built-in table, to be added to */
/* The built-in table alone, made once: what names in rule files mean. */
const struct noc_mib *noc_mib_builtin(void);
void noc_mib_free(struct noc_mib *mib);
/* All or nothing; what it names replaces what was known.  ECONFIG with
 * file:line; ENOTFOUND when there is no such file. */
int noc_mib_load(struct noc_mib *mib, const char *path, struct noc_err *err);
size_t noc_mib_count(const struct noc_mib *mib);
/* The i-th object in the order of OIDs; NULL behind the last. */
const struct noc_mib_object *noc_mib_at(const struct noc_mib *mib, size_t i);

/* Longest registered prefix of an OID; the rest is the instance. */
const struct noc_mib_object *noc_mib_find(const struct noc_mib *mib,
					  const noc_oid *oid, size_t len);
const struct noc_mib_object *noc_mib_by_name(const struct noc_mib *mib,
					     const char *name, size_t len);
/*
 * "ifAdminStatus.7", "IF-MIB::ifDescr.1", "1.3.6.1.2.1.1.3.0", ".1.3..." ->
 * arcs; *object may be NULL.  EINPUT with did-you-mean for unknown names.
 */
int noc_oid_parse(const struct noc_mib *mib, const char *text, size_t len,
		  noc_oid *out, size_t *out_len,
		  const struct noc_mib_object **object, struct noc_err *err);
/* Dotted text without leading dot; buf >= 16 a arc.  Returns length. */
size_t noc_oid_format(char *buf, size_t size, const noc_oid *oid, size_t len);
/* "ifDescr.7" or dotted when unknown. */
size_t noc_oid_format_name(const struct noc_mib *mib, char *buf, size_t size,
			   const noc_oid *oid, size_t len);
bool noc_oid_under(const noc_oid *oid, size_t len, const noc_oid *root,
		   size_t root_len);

/* Enum label of a number ("up"), or NULL; and back (false: no such label). */
struct noc_slice noc_mib_label(const struct noc_mib_object *o, int64_t n);
bool noc_mib_number(const struct noc_mib_object *o, struct noc_slice label,
		    int64_t *n);

#endif
