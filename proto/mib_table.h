/* SPDX-License-Identifier: ISC */
#ifndef NOC_PROTO_MIB_TABLE_H
#define NOC_PROTO_MIB_TABLE_H

/* The built-in rows for proto/mib.c, each array ended by NULL. */
extern const char *const noc_mib_ietf[];
extern const char *const noc_mib_vendor[];

#endif
