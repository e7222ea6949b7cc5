/* SPDX-License-Identifier: ISC */
#ifndef NOC_BENCH_MESSAGES_H
#define NOC_BENCH_MESSAGES_H

/* As devices and hosts write them; none matches a rule of
 * make_rules (match_bench.c, run.py). */
static const char *const bench_messages[] = {
	"<189>4711: Oct 11 22:14:15.003: %SYS-5-CONFIG_I: Configured from "
	"console by admin on vty0 (192.0.2.10)",
	"<187>Oct 11 22:14:15 sw17 88: %LINEPROTO-5-UPDOWN: Line protocol on "
	"Interface GigabitEthernet1/0/7, changed state to up",
	"<30>Oct 11 22:14:15 web3 systemd[1]: Started Session 4711 of user "
	"deploy.",
	"<86>Oct 11 22:14:15 web3 sshd[22841]: Accepted publickey for deploy "
	"from 192.0.2.77 port 51122 ssh2",
	"<165>1 2026-10-11T22:14:15.003Z fw1 RT_FLOW - RT_FLOW_SESSION_CREATE "
	"[junos@2636.1.1.1.2.26 source-address=\"192.0.2.5\"] session created",
	"<134>Oct 11 22:14:15 lb2 haproxy[991]: 192.0.2.9:40122 "
	"[11/Oct/2026:22:14:15.003] front back/s1 0/0/1/4/5 200 1532 - -",
	"<14>Oct 11 22:14:15 leaf2 Rib: %BGP-6-NOTICE: peer 192.0.2.33 (AS "
	"65001) keepalive timer adjusted",
	"<13>Oct 11 22:14:15 db1 postgres[2201]: [5-1] LOG:  checkpoint "
	"complete: wrote 4711 buffers (2.9%)",
};

#endif
