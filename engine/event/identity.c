/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "engine/event/identity.h"

#include <arpa/inet.h>
#include <string.h>

#include "base/loopback.h"

/*
 * Who says it?  The origin address by inventory; for a relay (loopback is
 * one) the address or name the message itself carries.  Trust never comes
 * from what a message says of itself.
 */

static bool
identity_is_local(struct noc_slice origin)
{
	return noc_slice_is(origin, "local") || noc_is_loopback(origin);
}

/* The name inside: syslog HOSTNAME, snmpTrapAddress, v1 agent-addr. */
static struct noc_slice
identity_inner(const struct noc_event *ev)
{
	static const char *const keys[] = { "trap_address", "agent_addr" };

	if (ev->syslog)
		return ev->syslog->host;
	for (size_t i = 0; ev->snmp && i < 2; i++) {
		const char *s = noc_value_get_str(ev->snmp, keys[i], "");

		if (*s && strcmp(s, "0.0.0.0") &&
		    !noc_is_loopback(noc_slice_str(s)))
			return noc_slice_str(s);
	}
	return noc_slice(NULL, 0);
}

static bool
identity_is_name(struct noc_slice s)
{
	if (s.len == 0 || s.len > 255)
		return false;
	for (size_t i = 0; i < s.len; i++)
		if ((unsigned char)s.p[i] <= ' ' || s.p[i] == 0x7f)
			return false;
	return true;
}

/* An event that is counted holds the inventory that it points into. */
static void
identity_set(struct noc_event *ev, const struct noc_device *d)
{
	if (ev->refs > 0) {
		noc_inventory_ref(d->owner);
		if (ev->inventory)
			noc_inventory_unref(ev->inventory->owner);
	}
	ev->inventory = d;
	ev->device = noc_slice_str(d->name);
	if (d->naddresses)
		ev->address = noc_slice_str(d->addresses[0]);
}

void
noc_identify(const struct noc_inventory *inv, struct noc_event *ev)
{
	const struct noc_device *d = NULL;
	bool local = identity_is_local(ev->origin), relay = local;
	struct noc_slice inner;

	if (inv)
		d = noc_inventory_by_address(inv, ev->origin);
	if (d && d->relay)
		relay = true;
	if (ev->trust == NOC_TRUST_LOW && (d || local))
		ev->trust = NOC_TRUST_NORMAL;
	if (ev->device.len && inv) { /* a hook, poll or child said it */
		const struct noc_device *named =
		    noc_inventory_by_name(inv, ev->device);

		if (!named)
			named = noc_inventory_by_address(inv, ev->device);
		if (named)
			identity_set(ev, named);
		return;
	}
	if (ev->device.len)
		return;
	if (d && !d->relay) {
		identity_set(ev, d);
		return;
	}
	inner = relay ? identity_inner(ev) : noc_slice(NULL, 0);
	if (identity_is_name(inner)) {
		const struct noc_device *named = NULL;

		if (inv) {
			named = noc_inventory_by_name(inv, inner);
			if (!named)
				named = noc_inventory_by_address(inv, inner);
		}
		if (named)
			identity_set(ev, named);
		else
			ev->device = inner;
		return;
	}
	if (d)
		identity_set(ev, d);
	else
		ev->device =
		    ev->origin.len ? ev->origin : noc_slice_str("local");
}

bool
noc_identity_is_known(const struct noc_inventory *inv, struct noc_slice origin)
{
	return noc_slice_is(origin, "127.0.0.1") ||
	       noc_slice_is(origin, "::1") ||
	       (inv && noc_inventory_by_address(inv, origin));
}

void
noc_identify_again(const struct noc_inventory *inv, struct noc_event *ev)
{

	NOC_REQUIRE(ev->refs > 0);
	if (ev->inventory || !inv)
		return;
	ev->inventory = noc_inventory_by_name(inv, ev->device);
	if (ev->inventory)
		noc_inventory_ref(ev->inventory->owner);
}

const char *
noc_event_unsigned(const struct noc_event *ev)
{
	return ev->trust < NOC_TRUST_HIGH ? ", not authenticated" : "";
}

struct noc_slice
noc_event_sender(const struct noc_event *ev)
{
	if (ev->inventory && ev->trust != NOC_TRUST_LOW)
		return ev->device;
	return ev->origin;
}
