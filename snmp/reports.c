/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "snmp/private.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/*
 * Reports answer addresses that anybody can forge, so they are counted out:
 * so many a second to each address, and so many to all together who are not
 * known.  A message that is authentic and in time asks for none, and takes
 * none; one that is authentic and out of time has a share beside that of its
 * address, which nobody takes without the key.  Past REPORTS_ADDRESSES the one
 * that came first is forgotten: its share is then whole again.
 */
#define REPORTS_ADDRESS	  40
#define REPORTS_STRANGERS 200
#define REPORTS_ADDRESSES 4096
#define REPORTS_MS	  2000 /* and all may be sent again */
#define REPORTS_KEY	  (INET6_ADDRSTRLEN + 1)

void
noc_snmp_reports_init(struct noc_snmp_reports *r)
{
	noc_bucket_init(&r->strangers, REPORTS_STRANGERS * 1e3 / REPORTS_MS,
			REPORTS_STRANGERS);
}

void
noc_snmp_reports_release(struct noc_snmp_reports *r)
{
	void *v;

	for (size_t it = 0; noc_table_next(&r->addresses, &it, NULL, &v);)
		free(v);
	noc_table_release(&r->addresses);
}

/* A stranger has a whole network of IPv6. */
static void
address_text(const struct sockaddr *sa, bool whole, char text[])
{
	const struct sockaddr_in *in4 = (const void *)sa;
	struct in6_addr in6;

	if (sa->sa_family != AF_INET6) {
		inet_ntop(AF_INET, &in4->sin_addr, text, INET6_ADDRSTRLEN);
		return;
	}
	in6 = ((const struct sockaddr_in6 *)(const void *)sa)->sin6_addr;
	if (!whole && !IN6_IS_ADDR_V4MAPPED(&in6))
		memset(in6.s6_addr + 8, 0, 8);
	inet_ntop(AF_INET6, &in6, text, INET6_ADDRSTRLEN);
}

static struct noc_bucket *
address_bucket(struct noc_snmp_reports *r, const char *address)
{
	struct noc_bucket *b = noc_table_get(&r->addresses, address);
	char first[REPORTS_KEY];
	const char *key;
	size_t it = 0;

	if (b != NULL)
		return b;
	if (noc_table_len(&r->addresses) >= REPORTS_ADDRESSES &&
	    noc_table_next(&r->addresses, &it, &key, NULL)) {
		snprintf(first, sizeof(first), "%s", key);
		free(noc_table_del(&r->addresses, first));
	}
	b = noc_calloc(1, sizeof(*b));
	noc_bucket_init(b, REPORTS_ADDRESS * 1e3 / REPORTS_MS, REPORTS_ADDRESS);
	noc_table_put(&r->addresses, address, b);
	return b;
}

bool
noc_snmp_reports_take(struct noc_snmp *snmp, const struct sockaddr *to,
		      bool authentic)
{
	struct noc_snmp_reports *r = &snmp->reports;
	char key[REPORTS_KEY] = "!", *address = key + authentic;
	int64_t now_ns;
	bool known;

	if (snmp->loop == NULL || to == NULL)
		return true; /* decode: nothing is sent */
	now_ns = noc_loop_now(snmp->loop).boot_ns;
	known = authentic ||
		(snmp->known != NULL && snmp->known(snmp->known_arg, to));
	address_text(to, known, address);
	return noc_bucket_take(address_bucket(r, key), now_ns) &&
	       (known || noc_bucket_take(&r->strangers, now_ns));
}
