/* SPDX-License-Identifier: ISC */
#ifndef NOC_SNMP_SNMP_H
#define NOC_SNMP_SNMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/err.h"
#include "base/value.h"
#include "proto/ber.h"
#include "proto/mib.h"
#include "net/loop.h"

/*
 * The only room that knows libnetsnmp: bytes in, a notification out (this
 * header); a request in, a result out (snmp/request.h).  One noc_snmp a
 * process, as the library's users and engine are global.  It owns no
 * listening socket: the trap sensor has that and lends a way to send.
 * Loop thread only; nothing here blocks.
 */
struct noc_snmp;
struct noc_snmp_reply; /* an INFORM that waits for its answer */

enum noc_snmp_level {
	NOC_SNMP_NOAUTH = 1, /* as in RFC 3411 */
	NOC_SNMP_AUTH,
	NOC_SNMP_PRIV
};

/* A v3 user that notifications may come from (all borrowed). */
struct noc_snmp_user {
	const char *name;
	const char *auth; /* MD5 SHA SHA-224 SHA-256 SHA-384 SHA-512; NULL */
	const char *auth_pass;
	const char *priv; /* DES AES AES-192 AES-256; NULL: none */
	const char *priv_pass;
	const char *engine; /* hex; NULL: any sender's engine is learned */
};

/* Whether it is one of those names, in any case. */
bool noc_snmp_has_auth(const char *name);
bool noc_snmp_has_priv(const char *name);

struct noc_snmp_options {
	const char *state_dir; /* for snmp.engine (engine id and boots);
				  NULL: neither is kept (decode, tests) */
	const char *engine_id; /* hex, 5..32 bytes; NULL: made once, kept */
	const struct noc_snmp_user *users;
	size_t nusers;
	const struct noc_mib *mib; /* borrowed until close; names and enums */
	size_t engines_max; /* engines learned at most (0: 4,096); the one
			       longest unseen goes first */
	/* Sends a Report or an INFORM's answer; NULL: nothing is sent. */
	void (*send)(void *arg, const uint8_t *p, size_t len,
		     const struct sockaddr *to, socklen_t to_len);
	void *send_arg;
	/* Is it somebody we were told of?  Their Reports have shares that no
	 * stranger takes.  NULL: nobody is. */
	bool (*known)(void *arg, const struct sockaddr *from);
	void *known_arg;
};

/* ECONFIG naming the user that is wrong; ESTORE when boots cannot be kept.
 * loop may be NULL when nothing is asked of agents (decode). */
int noc_snmp_open(struct noc_loop *loop, const struct noc_snmp_options *opt,
		  struct noc_snmp **out, struct noc_err *err);
void noc_snmp_close(struct noc_snmp *snmp); /* NULL ok; cancels all calls */
/* All or nothing; what is in flight keeps its own. */
int noc_snmp_set_users(struct noc_snmp *snmp, const struct noc_snmp_user *users,
		       size_t n, struct noc_err *err);

struct noc_snmp_trap {
	int version; /* 1, 2 or 3 */
	bool inform;
	bool malformed; /* read in spite of its tag: noc_snmp_short_tag */
	enum noc_snmp_level level;
	char community[256]; /* v1, v2c; the caller checks it; may hold NULs */
	size_t community_len;
	char user[33]; /* v3 */
	uint8_t engine_id[32];
	size_t engine_id_len;
	bool ours;	       /* that engine is us */
	int32_t boots, time_s; /* of that engine, as the message says */
	char context[256];
	int32_t request_id;	       /* v1: 0 */
	int64_t uptime;		       /* ticks of 10 ms; -1: not said */
	noc_oid trap_oid[NOC_OID_MAX]; /* v1: mapped by RFC 3584 §3.1 */
	size_t trap_oid_len;
	noc_oid enterprise[NOC_OID_MAX]; /* v1, or snmpTrapEnterprise */
	size_t enterprise_len;
	int generic, specific; /* v1; else -1 */
	char agent_addr[46];   /* v1 agent-addr; "" */
	char trap_address[46]; /* snmpTrapAddress.0; "" */
	/*
	 * Owned list, without sysUpTime.0 and snmpTrapOID.0, of maps {oid,
	 * name, type, value, index?, number?}.  `value` is an enum's label
	 * (then number holds the integer), text when it is printable UTF-8,
	 * else hex; `name` is "ifDescr" and `index` "7" when known.  types:
	 * integer octets hex oid ipaddress counter32 unsigned32 timeticks
	 * counter64 opaque float double null nosuchobject ...
	 */
	struct noc_value *varbinds;
	uint8_t content[32]; /* SHA-256 of all varbinds as they came; INFORM */
	struct noc_snmp_reply *reply; /* owned; INFORM only */
};

/*
 * One datagram.  Checked by noc_snmp_check before libnetsnmp sees a byte.
 * 0: *out is filled, freed by noc_snmp_trap_clear.  EINPUT: malformed or not
 * a notification.  EDENIED: unknown user or wrong key, or below the user's
 * level.  ERESOURCE: a Report too many was asked for.  EAGAIN: the sender asked
 * for our engine or clock and was answered; there is no event.
 */
int noc_snmp_receive(struct noc_snmp *snmp, const uint8_t *p, size_t len,
		     const struct sockaddr *from, socklen_t from_len,
		     struct noc_snmp_trap *out, struct noc_err *err);
void noc_snmp_trap_clear(struct noc_snmp_trap *trap);
/* What rules see as `snmp`: {version, trap_oid, trap, inform, level, user,
 * engine, enterprise, agent_addr, uptime, varbinds}.  Returned; the list moves
 * out of the trap. */
struct noc_value *noc_snmp_trap_value(const struct noc_snmp *snmp,
				      struct noc_snmp_trap *trap);

/* Answer an INFORM (through options.send) or forget it; the reply is owned.
 * Safe after noc_snmp_close (nothing is sent then). */
void noc_snmp_reply(struct noc_snmp_reply *reply);
void noc_snmp_reply_drop(struct noc_snmp_reply *reply); /* NULL ok */

struct noc_snmp_stats {
	uint64_t received, malformed, denied, reports, traps, informs;
	uint64_t answered, engines, requests, timeouts, bad_replies;
};
void noc_snmp_stats(const struct noc_snmp *snmp, struct noc_snmp_stats *out);

#endif
