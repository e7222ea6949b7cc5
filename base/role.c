/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "base/role.h"

#include <string.h>

#include "base/err.h"

static const char *const role_names[] = { "unset",    "none",	  "viewer",
					  "operator", "approver", "author",
					  "admin" };

const char *
noc_role_name(enum noc_role role)
{
	return role_names[role];
}

int
noc_role_parse(const char *word, enum noc_role *role)
{
	for (int i = NOC_ROLE_VIEWER; i <= NOC_ROLE_ADMIN; i++) {
		if (strcmp(word, role_names[i]) == 0) {
			*role = (enum noc_role)i;
			return 0;
		}
	}
	return NOC_EINPUT;
}
