/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "proto/ifrow.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"

#define IFROW_ADMIN 7 /* ifAdminStatus in ifEntry */

bool
noc_ifrow_parse(const struct noc_mib *mib, const char *object,
		struct noc_ifrow *row)
{
	static const noc_oid if_entry[] = { 1, 3, 6, 1, 2, 1, 2, 2, 1 };
	static const noc_oid ifx_entry[] = { 1, 3, 6, 1, 2, 1, 31, 1, 1, 1 };
	size_t head = strcspn(object, "["), len = 0, n;
	noc_oid oid[NOC_OID_MAX];
	bool whole; /* by number, whatever its module is called */

	memset(row, 0, sizeof(*row));
	whole =
	    !noc_oid_parse(mib, object, strlen(object), oid, &len, NULL, NULL);
	if (!whole && (!object[head] ||
		       noc_oid_parse(mib, object, head, oid, &len, NULL, NULL)))
		return false;
	if (noc_oid_under(oid, len, if_entry, NOC_COUNT(if_entry)))
		n = NOC_COUNT(if_entry);
	else if (noc_oid_under(oid, len, ifx_entry, NOC_COUNT(ifx_entry)))
		n = NOC_COUNT(ifx_entry);
	else
		return false;
	if (len == n)
		return false; /* no column */
	row->admin = n == NOC_COUNT(if_entry) && oid[n] == IFROW_ADMIN;
	if (!whole)
		snprintf(row->text, sizeof(row->text), "%s", object + head);
	else if (len > n + 1)
		snprintf(row->text, sizeof(row->text), ".%u", oid[n + 1]);
	return true;
}
