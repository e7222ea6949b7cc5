/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <errno.h>
#include <grp.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "net/http_impl.h"

/* Who asks: a role, and the groups that they are in. */

#define GIDS_MAX       1024
#define GROUP_TEXT_MAX (4 * 1024 * 1024)

void
noc_http_is_of(struct noc_http_req *req, enum noc_role role,
	       struct noc_value *groups)
{
	noc_value_free(req->groups);
	req->role = role;
	req->groups = groups;
}

enum noc_role
noc_http_role(const struct noc_http_req *req)
{
	return req->role;
}

/* A group without a name is its number. */
static struct noc_value *
group_name(gid_t gid)
{
	struct group gr, *found = NULL;
	struct noc_value *name;
	size_t room = 4096;
	char *text = noc_malloc(room);

	/* All its members stand in the text, and are not asked for. */
	while (getgrgid_r(gid, &gr, text, room, &found) == ERANGE &&
	       room < GROUP_TEXT_MAX)
		text = noc_realloc(text, room *= 4);
	name = found ? noc_value_str(found->gr_name)
		     : noc_value_strf("%lld", (long long)gid);
	free(text);
	return name;
}

/* Those of the process at the other end, as the kernel knows them: as they
 * were when it connected. */
static struct noc_value *
groups_of_peer(int fd)
{
	struct noc_value *list = noc_value_list();
	gid_t *gids = noc_calloc(GIDS_MAX, sizeof(*gids));
	socklen_t len = GIDS_MAX * sizeof(*gids), own;
	struct ucred cred;

	own = sizeof(cred);
	if (!getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &own))
		noc_value_push(list, group_name(cred.gid));
	if (!getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, gids, &len))
		for (size_t i = 0; i < len / sizeof(*gids); i++)
			noc_value_push(list, group_name(gids[i]));
	free(gids);
	return list;
}

const struct noc_value *
noc_http_groups(struct noc_http_req *req)
{
	if (!req->groups && req->is_unix && req->conn)
		req->groups = groups_of_peer(req->conn->fd);
	return req->groups;
}
