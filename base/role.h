/* SPDX-License-Identifier: ISC */
#ifndef NOC_BASE_ROLE_H
#define NOC_BASE_ROLE_H

/*
 * Who may ask for what: each role may do what those before it may.  A token
 * has one, and a route and a command need one.  Any thread.
 */
enum noc_role {
	NOC_ROLE_UNSET, /* a route left like this is refused at start */
	NOC_ROLE_NONE,	/* public: health; hooks that check signatures */
	NOC_ROLE_VIEWER,
	NOC_ROLE_OPERATOR,
	NOC_ROLE_APPROVER,
	NOC_ROLE_AUTHOR,
	NOC_ROLE_ADMIN
};

const char *noc_role_name(enum noc_role role);
int noc_role_parse(const char *word, enum noc_role *role); /* EINPUT */

#endif
