/* SPDX-License-Identifier: ISC */
#ifndef NOC_PROTO_IFROW_H
#define NOC_PROTO_IFROW_H

#include <stdbool.h>

#include "proto/mib.h"

/*
 * Is an object one of a port: of a row of ifTable or ifXTable (RFC 2863)?
 * However a rule writes it: "ifAdminStatus.7", "ifAlias[Gi1/0/1]",
 * "IF-MIB::ifAdminStatus.7", "1.3.6.1.2.1.2.2.1.7.7".  Any thread.
 */
struct noc_ifrow {
	bool admin;	/* its ifAdminStatus */
	char text[300]; /* as it stands behind the column: ".7", "[Gi1/0/1]";
			   "": the column alone */
};

bool noc_ifrow_parse(const struct noc_mib *mib, const char *object,
		     struct noc_ifrow *row);

#endif
