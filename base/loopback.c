/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "base/loopback.h"

#include <arpa/inet.h>
#include <string.h>

bool
noc_is_loopback(struct noc_slice address)
{
	char text[INET6_ADDRSTRLEN];
	struct in6_addr in6;
	struct in_addr in;

	if (address.len == 0 || address.len >= sizeof(text))
		return false;
	memcpy(text, address.p, address.len);
	text[address.len] = '\0';
	if (strlen(text) != address.len)
		return false;
	if (inet_pton(AF_INET, text, &in) == 1)
		return ntohl(in.s_addr) >> 24 == 127;
	return inet_pton(AF_INET6, text, &in6) == 1 &&
	       (IN6_IS_ADDR_LOOPBACK(&in6) ||
		(IN6_IS_ADDR_V4MAPPED(&in6) && in6.s6_addr[12] == 127));
}
