/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "proto/ifname.h"

#include <string.h>
#include <strings.h>

#include "base/mem.h"

/*
 * The short and other spellings of interface types on Cisco IOS, IOS-XR and
 * NX-OS, Arista EOS and Huawei VRP.  Juniper's ge-0/0/0 has no other form.
 * IOS-XR's TenGigE and IOS's TenGigabitEthernet share the short Te, so all of
 * them become one.
 */
static const struct {
	const char *alias, *name;
} ifname_types[] = {
	{ "gi", "GigabitEthernet" },
	{ "gig", "GigabitEthernet" },
	{ "gige", "GigabitEthernet" },
	{ "ge", "GigabitEthernet" },
	{ "gigabitethernet", "GigabitEthernet" },
	{ "fa", "FastEthernet" },
	{ "fas", "FastEthernet" },
	{ "fastethernet", "FastEthernet" },
	{ "te", "TenGigabitEthernet" },
	{ "ten", "TenGigabitEthernet" },
	{ "tengige", "TenGigabitEthernet" },
	{ "tengigabitethernet", "TenGigabitEthernet" },
	{ "tw", "TwoGigabitEthernet" },
	{ "twogigabitethernet", "TwoGigabitEthernet" },
	{ "fi", "FiveGigabitEthernet" },
	{ "fivegigabitethernet", "FiveGigabitEthernet" },
	{ "twe", "TwentyFiveGigE" },
	{ "tf", "TwentyFiveGigE" },
	{ "twentyfivegige", "TwentyFiveGigE" },
	{ "twentyfivegigabitethernet", "TwentyFiveGigE" },
	{ "fo", "FortyGigabitEthernet" },
	{ "fortygige", "FortyGigabitEthernet" },
	{ "fortygigabitethernet", "FortyGigabitEthernet" },
	{ "fiftygige", "FiftyGigE" },
	{ "hu", "HundredGigE" },
	{ "hundredgige", "HundredGigE" },
	{ "hundredgigabitethernet", "HundredGigE" },
	{ "th", "TwoHundredGigE" },
	{ "twohundredgige", "TwoHundredGigE" },
	{ "fh", "FourHundredGigE" },
	{ "fourhundredgige", "FourHundredGigE" },
	{ "ap", "AppGigabitEthernet" },
	{ "appgigabitethernet", "AppGigabitEthernet" },
	{ "et", "Ethernet" },
	{ "eth", "Ethernet" },
	{ "ethernet", "Ethernet" },
	{ "po", "Port-channel" },
	{ "port-channel", "Port-channel" },
	{ "portchannel", "Port-channel" },
	{ "be", "Bundle-Ether" },
	{ "bundle-ether", "Bundle-Ether" },
	{ "eth-trunk", "Eth-Trunk" },
	{ "vl", "Vlan" },
	{ "vlan", "Vlan" },
	{ "vlanif", "Vlanif" },
	{ "lo", "Loopback" },
	{ "loop", "Loopback" },
	{ "loopback", "Loopback" },
	{ "tu", "Tunnel" },
	{ "tunnel", "Tunnel" },
	{ "se", "Serial" },
	{ "serial", "Serial" },
	{ "mu", "Multilink" },
	{ "multilink", "Multilink" },
	{ "di", "Dialer" },
	{ "dialer", "Dialer" },
	{ "bv", "BVI" },
	{ "bvi", "BVI" },
	{ "bdi", "BDI" },
	{ "nv", "nve" },
	{ "nve", "nve" },
	{ "vx", "Vxlan" },
	{ "vxlan", "Vxlan" },
	{ "ma", "Management" },
	{ "management", "Management" },
	{ "mg", "MgmtEth" },
	{ "mgmteth", "MgmtEth" },
	{ "xge", "XGigabitEthernet" },
	{ "xgigabitethernet", "XGigabitEthernet" },
	{ "meth", "MEth" },
};

/* Letters and inner hyphens before the first digit. */
static size_t
ifname_type_len(struct noc_slice name)
{
	size_t n = 0;

	while (n < name.len && (name.p[n] < '0' || name.p[n] > '9') &&
	       name.p[n] != ' ')
		n++;
	return n;
}

static const char *
ifname_type(struct noc_slice name, size_t len)
{
	for (size_t i = 0; i < NOC_COUNT(ifname_types); i++)
		if (strlen(ifname_types[i].alias) == len &&
		    !strncasecmp(ifname_types[i].alias, name.p, len))
			return ifname_types[i].name;
	return NULL;
}

struct noc_slice
noc_ifname_canonical(struct noc_slice name, char *buf, size_t size)
{
	size_t len = name.len ? ifname_type_len(name) : 0, used = 0, rest = len;
	const char *type = NULL;

	/*
	 * A type that is not followed by a number is a name of its own; so is
	 * Linux's eth0, which no vendor writes so.
	 */
	if (len && len < name.len &&
	    !(len == 3 && !memcmp(name.p, "eth", 3) &&
	      !memchr(name.p, '/', name.len)))
		type = ifname_type(name, len);
	if (type) {
		while (rest < name.len && name.p[rest] == ' ')
			rest++;
		for (; *type && used < size; type++)
			buf[used++] = *type;
	} else {
		rest = 0;
	}
	for (; rest < name.len && used < size; rest++) {
		char c = name.p[rest];

		buf[used++] = (char)(type || c < 'A' || c > 'Z' ? c : c + 32);
	}
	return noc_slice(buf, used);
}
