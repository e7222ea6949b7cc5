/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "actions/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* Where a request may go, whatever name or spelling led there. */

/* The digits after the slash; -1: that is no length of a prefix.  None would
 * be 0, which is every address. */
static int
address_bits(const char *digits, int max)
{
	size_t n = strspn(digits, "0123456789");
	int bits = n > 0 && n <= 3 && !digits[n] ? atoi(digits) : -1;

	return bits <= max ? bits : -1;
}

/* The bits of ADDRESS or ADDRESS/BITS; -1: that is no network of the family. */
static int
address_network(int family, const char *cidr, unsigned char address[16])
{
	char text[64];
	const char *slash = strchr(cidr, '/');
	int max = family == AF_INET ? 32 : 128;

	snprintf(text, sizeof(text), "%.*s",
		 slash ? (int)(slash - cidr) : (int)strlen(cidr), cidr);
	if (inet_pton(family, text, address) != 1)
		return -1;
	return slash ? address_bits(slash + 1, max) : max;
}

bool
noc_address_is_network(const char *cidr)
{
	unsigned char address[16];

	return address_network(AF_INET, cidr, address) >= 0 ||
	       address_network(AF_INET6, cidr, address) >= 0;
}

static bool
address_in(const struct sockaddr *sa, const char *cidr)
{
	unsigned char want[16], have[16];
	int bits = address_network(sa->sa_family, cidr, want);

	if (bits < 0)
		return false;
	if (sa->sa_family == AF_INET) {
		struct sockaddr_in in;

		memcpy(&in, sa, sizeof(in));
		memcpy(have, &in.sin_addr, 4);
	} else {
		struct sockaddr_in6 in6;

		memcpy(&in6, sa, sizeof(in6));
		memcpy(have, &in6.sin6_addr, 16);
	}
	for (int i = 0; i < bits; i++)
		if ((want[i / 8] ^ have[i / 8]) & (0x80 >> (i % 8)))
			return false;
	return true;
}

/*
 * An IPv4 address in IPv6's clothes is judged by what it is: mapped,
 * compatible, NAT64 (RFC 6052) and 6to4 (RFC 3056).
 */
static bool
address_inner(const struct sockaddr *sa, struct sockaddr_in *out)
{
	static const struct {
		const char *cidr;
		int at; /* of the four bytes */
	} forms[] = { { "::ffff:0:0/96", 12 },
		      { "::/96", 12 },
		      { "::ffff:0:0:0/96", 12 },
		      { "64:ff9b::/96", 12 },
		      { "2002::/16", 2 } };
	struct sockaddr_in6 in6;

	if (sa->sa_family != AF_INET6)
		return false;
	memcpy(&in6, sa, sizeof(in6));
	for (size_t i = 0; i < NOC_COUNT(forms); i++) {
		if (!address_in(sa, forms[i].cidr))
			continue;
		memset(out, 0, sizeof(*out));
		out->sin_family = AF_INET;
		memcpy(&out->sin_addr, (char *)&in6.sin6_addr + forms[i].at, 4);
		return true;
	}
	return false;
}

bool
noc_address_named(const struct noc_env *env, const struct sockaddr *sa)
{
	const struct noc_value *allow =
	    noc_value_get(env->config, "http.allow");

	for (size_t i = 0; i < noc_value_len(allow); i++) {
		const struct noc_value *v = noc_value_at(allow, i);

		if (v && v->type == NOC_STR && address_in(sa, v->u.s.p))
			return true;
	}
	return false;
}

/* Loopback, link-local, metadata, "this" network and multicast are denied
 * unless http.allow names them. */
bool
noc_address_allowed(const struct noc_env *env, const struct sockaddr *sa)
{
	static const char *const denied[] = {
		"0.0.0.0/8",   "127.0.0.0/8", "169.254.0.0/16",
		"224.0.0.0/3", "::/128",      "::1/128",
		"fe80::/10",   "ff00::/8",    "fd00:ec2::254/128",
	};
	struct sockaddr_in inner;

	if (noc_address_named(env, sa))
		return true;
	for (size_t i = 0; i < NOC_COUNT(denied); i++)
		if (address_in(sa, denied[i]))
			return false;
	if (address_inner(sa, &inner))
		return noc_address_allowed(env,
					   (const struct sockaddr *)&inner);
	return sa->sa_family == AF_INET || sa->sa_family == AF_INET6;
}
