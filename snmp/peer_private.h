/* SPDX-License-Identifier: ISC */
#ifndef NOC_SNMP_PEER_PRIVATE_H
#define NOC_SNMP_PEER_PRIVATE_H

#include "snmp/private.h"

/*
 * An agent under one credential (peer.c), and a request to it (request.c).
 * Nothing here calls back into its caller: the library's callbacks only note
 * what came; noc_snmp_peer_settle acts on it afterwards.  Loop thread.
 */
enum peer_state { PEER_NEW, PEER_DISCOVERING, PEER_READY };

struct noc_snmp_call {
	TAILQ_ENTRY(noc_snmp_call) link; /* in peer->waiting or ->ready */
	struct noc_snmp *snmp;		 /* NULL: finished or cancelled */
	struct noc_snmp_peer *peer;
	uint64_t id;
	enum { CALL_WAITING, CALL_READY, CALL_SENT, CALL_FINISHED } state;
	enum noc_snmp_op op;
	bool cancelled, rediscovered;
	int tries;
	int64_t try_ms;
	size_t max_rows;
	char *context;
	noc_oid (*oids)[NOC_OID_MAX];
	size_t *oid_lens;
	size_t noids;
	struct noc_value **values; /* SET */
	bool *missing;		   /* v1: OIDs the agent has not */
	size_t root;		   /* WALK: which OID; at: where */
	noc_oid at[NOC_OID_MAX];
	size_t at_len;
	struct noc_value *result;
	struct noc_err err;
	struct noc_watch *deadline;
	void (*done)(struct noc_value *result, const struct noc_err *err,
		     void *arg);
	void *arg;
};
TAILQ_HEAD(noc_snmp_calls, noc_snmp_call);

struct noc_snmp_peer {
	struct noc_snmp *snmp;
	char *key;
	size_t key_len;
	char *address; /* "192.0.2.1" */
	uint16_t port;
	int version;
	char *community;
	struct noc_snmp_secret secret;
	struct noc_snmp_local *local;
	enum peer_state state;
	bool lost_engine; /* the agent is another one now */
	bool stranger;	  /* another engine reported: see transport.c */
	bool refused;	  /* the port answered "unreachable" */
	bool settling;	  /* noc_snmp_peer_settle is due */
	bool dead;	  /* only its memory is left, for settle */
	uint8_t engine[32];
	size_t engine_len;
	void *sessp;
	int fd;
	struct noc_watch *watch, *timer;
	struct noc_snmp_calls waiting; /* for the engine */
	struct noc_snmp_calls ready;   /* next packet of a running call */
	size_t nwaiting, nrunning;
	int64_t idle_since;
};

/* peer.c */
int noc_snmp_peer_get(struct noc_snmp *snmp, const struct noc_snmp_request *req,
		      struct noc_snmp_peer **out, struct noc_err *err);
/* Act at the end of this turn on what changed. */
void noc_snmp_peer_settle_later(struct noc_snmp_peer *p);

/* request.c: the two ends of the library's asynchronous send. */
void noc_snmp_call_send(struct noc_snmp_call *c);
void noc_snmp_call_finish(struct noc_snmp_call *c);
void noc_snmp_call_fail(struct noc_snmp_call *c, enum noc_kind kind,
			const char *what);
void noc_snmp_call_timeout(struct noc_snmp_call *c);
void noc_snmp_call_again(struct noc_snmp_call *c); /* send one more packet */
void noc_snmp_walk_root(struct noc_snmp_call *c);  /* start at this root */

/* answer.c */
/* Another agent answers there now: its calls wait until we have met it. */
void noc_snmp_peer_requeue(struct noc_snmp_peer *p);
int noc_snmp_on_answer(int op, netsnmp_session *s, int reqid, netsnmp_pdu *pdu,
		       void *magic);
void noc_snmp_calls_release(struct noc_snmp *snmp);
#endif
