/* SPDX-License-Identifier: ISC */
#ifndef NOC_SNMP_PRIVATE_H
#define NOC_SNMP_PRIVATE_H

#include <sys/queue.h>

#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>
#include <net-snmp/library/large_fd_set.h>

#include "base/bucket.h"
#include "base/table.h"
#include "snmp/request.h"
#include "snmp/snmp.h"

/*
 * What the files of this room share; nobody else includes it.  Loop thread.
 */
#define NOC_SNMP_DATAGRAM 65507
#define NOC_SNMP_PADDING  64   /* zeros behind each message */
#define NOC_SNMP_TEXT_MAX 4096 /* bytes kept of one value */

/* A user's master keys (RFC 3414 §A.2); making one hashes a megabyte. */
struct noc_snmp_secret {
	char name[33];
	enum noc_snmp_level level;
	const oid *auth, *priv; /* protocols; NULL: none */
	size_t auth_len, priv_len;
	u_char auth_ku[64], priv_ku[64];
	size_t auth_ku_len, priv_ku_len;
};

/* The same at one engine: an entry in the library's user list. */
struct noc_snmp_local {
	TAILQ_ENTRY(noc_snmp_local) link; /* learned ones, oldest first */
	struct usmUser *user;
	struct noc_snmp_secret secret; /* what user's keys come from */
	int refs;
	bool learned;
};
TAILQ_HEAD(noc_snmp_locals, noc_snmp_local);

struct noc_snmp_trusted { /* somebody we take notifications from */
	struct noc_snmp_secret secret;
	uint8_t engine[32]; /* engine_len 0: any */
	size_t engine_len;
	struct noc_snmp_local *ours; /* at our engine, for INFORMs */
	struct noc_snmp_local *theirs;
};

TAILQ_HEAD(noc_snmp_replies, noc_snmp_reply);

struct noc_snmp_reports {	    /* what may be sent of them */
	struct noc_table addresses; /* text -> struct noc_bucket */
	struct noc_bucket strangers;
};

enum noc_snmp_paid { /* for the Report that a message may bring */
		     REPORT_UNPAID,
		     REPORT_PAID,
		     REPORT_REFUSED /* it was not sent */
};

struct noc_snmp {
	struct noc_loop *loop;
	const struct noc_mib *mib;
	void (*send)(void *arg, const uint8_t *p, size_t len,
		     const struct sockaddr *to, socklen_t to_len);
	void *send_arg;
	bool (*known)(void *arg, const struct sockaddr *from);
	void *known_arg;
	uint8_t engine[32];
	size_t engine_len;
	void *sessp; /* parses what the sensor received */
	netsnmp_transport *transport;
	uint8_t *buffer; /* one datagram and its padding */

	struct noc_table trusted; /* name -> struct noc_snmp_trusted */
	struct noc_table locals;  /* engine, name -> struct noc_snmp_local */
	struct noc_table kus;	  /* digest of a password -> master key */
	struct noc_snmp_locals learned;
	size_t nlearned, learned_max, unproven;
	struct noc_snmp_reports reports;
	enum noc_snmp_paid report; /* of the message being read */
	bool reading;		   /* what the library sends is a Report */
	struct noc_snmp_replies replies;

	struct noc_table peers; /* address, credential -> peer */
	struct noc_table calls; /* id -> struct noc_snmp_call */
	uint64_t call_id;
	struct noc_snmp_stats stats;
};

/* library.c: the library's state is global, so there is one of us. */
extern struct noc_snmp *noc_snmp_current;

/* secret.c */
int noc_snmp_secret_init(struct noc_snmp *snmp, struct noc_snmp_secret *out,
			 const struct noc_snmp_user *user, struct noc_err *err);
int noc_snmp_secret_wrong(struct noc_err *err, const struct noc_snmp_user *u,
			  const char *why);
void noc_snmp_kus_release(struct noc_snmp *snmp);

/* users.c */
/* Takes a reference; NULL when the library has no memory for it. */
struct noc_snmp_local *noc_snmp_local_get(struct noc_snmp *snmp,
					  const struct noc_snmp_secret *secret,
					  const uint8_t *engine, size_t len);
/* See to it that the library has this secret's keys; false: no memory. */
bool noc_snmp_local_use(struct noc_snmp_local *local,
			const struct noc_snmp_secret *secret);
void noc_snmp_local_put(struct noc_snmp *snmp, struct noc_snmp_local *local);
/* See to it that the library knows this user at the sender's engine. */
int noc_snmp_learn(struct noc_snmp *snmp, const struct noc_snmp_trusted *who,
		   const struct noc_snmp_shape *shape, const uint8_t *p,
		   size_t len, struct noc_err *err);
void noc_snmp_users_release(struct noc_snmp *snmp);

struct noc_snmp_peer; /* snmp/peer_private.h */

/* transport.c: takes fd (-1: none) and closes it with the session. */
netsnmp_transport *noc_snmp_transport_new(struct noc_snmp *snmp, int fd,
					  struct noc_snmp_peer *peer);

/* trap.c */
int noc_snmp_trap_fill(const struct noc_snmp *snmp, netsnmp_pdu *pdu,
		       struct noc_snmp_trap *out, struct noc_err *err);

/* varbind.c */
struct noc_value *noc_snmp_varbind(const struct noc_mib *mib,
				   const netsnmp_variable_list *v);
/* Adds an OID and a value to a SET. */
int noc_snmp_varbind_add(netsnmp_pdu *pdu, const struct noc_mib *mib,
			 const noc_oid *oid, size_t len,
			 const struct noc_value *value, struct noc_err *err);

/* reports.c */
void noc_snmp_reports_init(struct noc_snmp_reports *r);
void noc_snmp_reports_release(struct noc_snmp_reports *r);
/* May a Report go there now?  It is counted.  authentic: what it answers is,
 * and came out of time. */
bool noc_snmp_reports_take(struct noc_snmp *snmp, const struct sockaddr *to,
			   bool authentic);

/* receive.c */
void noc_snmp_replies_release(struct noc_snmp *snmp);

/* peer.c */
void noc_snmp_peers_release(struct noc_snmp *snmp);

#endif
