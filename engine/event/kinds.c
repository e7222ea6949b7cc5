/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "engine/event/kinds.h"

#include <stdio.h>
#include <string.h>

#include "base/intern.h"
#include "base/mem.h"

#define IFACE "ifname ifindex admin oper layer iftype parent state reason"
#define BGP   "peer peer_as vrf afi state was reason"
#define OSPF  "neighbor ifname area state reason"
#define LOGIN "user from method reason"
#define UNIT  "unit state reason"
#define ALERT                                                              \
	"alertname status labels annotations fingerprint startsAt endsAt " \
	"generatorURL receiver externalURL"

static const struct noc_kind_def kind_table[] = {
	{ "link.down", IFACE, "An interface or its protocol went down." },
	{ "link.up", IFACE, "An interface or its protocol came up." },
	{ "link.flap", IFACE, "The device says that an interface flaps." },
	{ "bgp.down", BGP,
	  "A BGP session is not Established; `was` says what it was." },
	{ "bgp.up", BGP, "A BGP session is Established." },
	{ "bgp.error", BGP,
	  "A BGP session was refused or is in danger; others may be up." },
	{ "ospf.down", OSPF, "An OSPF neighbour was lost." },
	{ "ospf.up", OSPF, "An OSPF neighbour is full." },
	{ "isis.down", OSPF, "An IS-IS adjacency was lost." },
	{ "isis.up", OSPF, "An IS-IS adjacency is up." },
	{ "bfd.down", BGP " ifname", "A BFD session is down." },
	{ "bfd.up", BGP " ifname", "A BFD session is up." },
	{ "config.change", "user command line from method",
	  "Somebody changed the configuration." },
	{ "port.errdisable", "ifname ifindex reason vlan",
	  "The device itself shut a port." },
	{ "login.failed", LOGIN, "Somebody could not log in." },
	{ "login.ok", LOGIN, "Somebody logged in." },
	{ "device.restart", "reason uptime", "The device started again." },
	{ "agent.restart", "reason uptime",
	  "The SNMP agent of a host started again, not the host." },
	{ "device.reload", "user reason", "Somebody asked it to restart." },
	{ "power.fail", UNIT, "A power supply failed." },
	{ "power.ok", UNIT, "A power supply works again." },
	{ "fan.fail", UNIT, "A fan failed." },
	{ "fan.ok", UNIT, "A fan works again." },
	{ "temperature.high", UNIT " celsius threshold", "Too warm." },
	{ "temperature.ok", UNIT " celsius threshold", "No longer too warm." },
	{ "module.down", UNIT, "A line card or module went away." },
	{ "module.up", UNIT, "A line card or module is in service." },
	{ "optic.low", "ifname ifindex rx tx lane", "Too little light." },
	{ "optic.ok", "ifname ifindex rx tx lane", "Enough light again." },
	{ "stp.change", "ifname vlan state reason",
	  "Spanning tree has a new topology." },
	{ "mac.move", "mac vlan ifname", "A MAC address moves about." },
	{ "ntp.lost", "peer reason", "The device lost its time source." },
	{ "clock.skew", "behind",
	  "What it says of the time is more than 30 s off (behind: seconds, "
	  "negative when ahead)." },
	{ "clock.ok", "behind", "Its clock is right again." },
	{ "limit.reached", "limit whose count",
	  "A limit of the engine was reached (whose: who filled it)." },
	{ "alert.firing", ALERT, "Alertmanager: the alert fires." },
	{ "alert.resolved", ALERT, "Alertmanager: the alert is over." },
	{ "schedule", "task nominal late", "A schedule's time has come." },
	{ "schedule.missed", "task nominal count",
	  "A schedule's time has passed by." },
	{ "schedule.skipped", "task reason nominal count why",
	  "Times of a schedule have no run: the one before was not over, too "
	  "many waited, it was refused, or the schedule was paused." },
	{ "schedule.failed", "task reason", "A schedule's run failed." },
	{ "poll", "poll index", "A row that a poll's condition holds for." },
	{ "poll.breach", "task ok failed unreachable",
	  "Too few devices answered a poll." },
	{ "poll.error", "task fails reason",
	  "A device did not answer a poll." },
	{ "poll.missed", "task reason", "A poll could not run." },
	{ "dependency.unavailable", "run step block message",
	  "A run failed as what it needs was away." },
	{ "run.started", "run rule mode actor key", "A run has begun." },
	{ "run.ended",
	  "run rule mode actor key state outcome took_ms step class block "
	  "message",
	  "A run has ended: `state` is Succeeded, Failed or Cancelled." },
	{ "gate.opened", "run rule mode actor key path",
	  "A run asks people to decide." },
	{ "gate.decided", "run rule mode actor key path decision by",
	  "It is decided: approved, confirmed, rejected, skipped, "
	  "withdrawn." },
	{ "sensor.ended", "task", "A sensor's child has ended." },
	{ "syslog", "", "A message that no normalizer knew." },
	{ "snmp.trap", "", "A notification that no normalizer knew." },
	{ "webhook", "", "A post that no hook mapped." },
};

const struct noc_kind_def *
noc_kind_at(size_t i)
{
	return i < NOC_COUNT(kind_table) ? &kind_table[i] : NULL;
}

bool
noc_kind_defines(const char *field)
{
	size_t len = strlen(field);

	for (size_t i = 0; i < NOC_COUNT(kind_table); i++)
		for (const char *p = kind_table[i].fields; *p;) {
			size_t n = strcspn(p, " ");

			if (n == len && !memcmp(p, field, n))
				return true;
			p += n;
			p += strspn(p, " ");
		}
	return false;
}

const char *
noc_kind_opposite(const char *kind)
{
	static const char *const ends[][2] = {
		{ ".down", ".up" },
		{ ".fail", ".ok" },
		{ ".firing", ".resolved" },
	};
	const char *dot = strrchr(kind, '.');
	char text[128];

	for (size_t i = 0; dot && i < NOC_COUNT(ends); i++) {
		const char *to = !strcmp(dot, ends[i][0])   ? ends[i][1]
				 : !strcmp(dot, ends[i][1]) ? ends[i][0]
							    : NULL;

		if (!to)
			continue;
		snprintf(text, sizeof(text), "%.*s%s", (int)(dot - kind), kind,
			 to);
		return noc_intern_input(text, strlen(text));
	}
	return NULL;
}
