/* SPDX-License-Identifier: ISC */
#ifndef NOC_SNMP_MIB_BASE_H
#define NOC_SNMP_MIB_BASE_H

/*
 * Stand-ins, written for this project, for the few modules that every MIB
 * imports: just their names, numbers and display hints.  A user's own copies
 * take their place.  Ended by a NULL name.
 */
struct noc_mib_base {
	const char *name, *text;
};
extern const struct noc_mib_base noc_mib_base[];

#endif
