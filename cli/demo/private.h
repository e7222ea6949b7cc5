/* SPDX-License-Identifier: ISC */
#ifndef NOC_CLI_DEMO_PRIVATE_H
#define NOC_CLI_DEMO_PRIVATE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/strbuf.h"
#include "base/value.h"
#include "cli/rows.h"

/*
 * `nocturne demo` from the inside, shared by its files only: demo.c (the verb,
 * signals, clean-up), daemon.c (a daemon of its own), lab.c (the
 * real agent), world.c (the simulated one), story.c (reading the
 * journal and telling it) and acts.c.  Main thread; every wait goes
 * through noc_demo_pause, so that ^C always comes to the clean-up.
 */
struct noc_call;
struct noc_env;
struct noc_demo;

#define NOC_DEMO_DEVICE	 "demo1"
#define NOC_DEMO_IF	 "eth7"
#define NOC_DEMO_IFINDEX 7
#define NOC_DEMO_BACK_MS 5000 /* `back` of the rule's unless */

/* The device: a namespace with an agent, or a model of one. */
struct noc_demo_ops {
	const char *where; /* "snmpd in netns noc-demo, eth7–eth8" */
	/* Before the daemon: addresses, ports, interfaces. */
	int (*open)(struct noc_demo *d, struct noc_err *err);
	/* After the daemon listens: the agent. */
	int (*start)(struct noc_demo *d, struct noc_err *err);
	int (*set)(struct noc_demo *d, bool up, struct noc_err *err);
	int (*silence)(struct noc_demo *d, struct noc_err *err);
	bool (*is_up)(struct noc_demo *d);
	void (*tick)(struct noc_demo *d); /* or NULL */
	void (*close)(struct noc_demo *d);
};
extern const struct noc_demo_ops noc_demo_lab, noc_demo_world;

struct noc_demo_world; /* shared with the simulated daemon */

struct noc_demo {
	const struct noc_demo_ops *ops;
	bool keep;
	enum noc_output output;
	char why[512]; /* it is simulated; "" when it is real */
	char *dir, *state, *socket;
	char host[16], agent[16]; /* IPv4: the daemon's side, the device's */
	int trap_port, syslog_port;
	int64_t until_boot_ns;

	pid_t daemon, snmpd;
	int lock;	   /* one namespace, one demo */
	int running;	   /* a lock in dir: it is not left behind */
	bool lab_is_there; /* something to take down */
	struct noc_demo_world *world;

	struct noc_value *records; /* the journal so far, in order */
	int64_t seq;		   /* the last one read */
	size_t mark;		   /* records before are of earlier acts */
	int64_t zero_ns;	   /* when this act began */
	struct noc_value *lines;   /* all that was told */
	struct noc_strbuf row;	   /* of the lines being printed */
	int64_t intent_seq;	   /* of the SET: the byte to be flipped */
	uint64_t verified;
	int64_t tampered_at;
};

/* ---- demo.c ---- */
/* EAGAIN: told to stop; ETIMEOUT: the demo's time is over; EDOWN: the daemon
 * has ended.  Otherwise ms later, and the world has gone on. */
int noc_demo_pause(struct noc_demo *d, int ms, struct noc_err *err);

/* ---- daemon.c ---- */
/* A file below d->dir.  EREMOTE. */
int noc_demo_write(const struct noc_demo *d, const char *name, const char *text,
		   struct noc_err *err);
int noc_demo_daemon_start(struct noc_demo *d, struct noc_err *err);
/* SIGTERM, then SIGKILL; its last words when it went badly. */
void noc_demo_daemon_stop(struct noc_demo *d);
void noc_demo_daemon_log(const struct noc_demo *d);
/* POST to its API; type of the body or NULL for JSON; body owned; *out
 * returned. */
int noc_demo_post(const struct noc_demo *d, const char *target,
		  const char *type, struct noc_value *body,
		  struct noc_value **out, struct noc_err *err);
/* In a child, before it becomes something else: dies with us, does not hear
 * ^C, writes to DIR/NAME.log. */
void noc_demo_child(const struct noc_demo *d, pid_t parent, const char *name);
/* At once when it is no child of ours; else killed after ms. */
void noc_demo_reap(pid_t *pid, int signo, int ms);

/* ---- world.c ---- */
/* env->simulate of the daemon's side. */
int noc_demo_simulate(struct noc_env *env, struct noc_call *call,
		      struct noc_err *err);

/* ---- story.c ---- */
struct noc_demo_want { /* what a record must say; NULL: anything */
	const char *kind, *event, *run, *outcome, *step, *target;
	const char *event_kind; /* detail.kind of an EVENT */
};
/* The first of this act, or NULL.  Borrowed. */
const struct noc_value *noc_demo_find(const struct noc_demo *d,
				      const struct noc_demo_want *want);
size_t noc_demo_count(const struct noc_demo *d,
		      const struct noc_demo_want *want);
/* Reads on until it is there; ETIMEOUT names what did not come. */
int noc_demo_await(struct noc_demo *d, const struct noc_demo_want *want, int ms,
		   const struct noc_value **out, struct noc_err *err);
/* A new act: written to the journal and read back.  *text: borrowed. */
int noc_demo_act(struct noc_demo *d, const char *what, const char **text,
		 struct noc_err *err);
/* The run with its steps and its plan: returned. */
int noc_demo_run(const struct noc_demo *d, const char *id,
		 struct noc_value **run, struct noc_value **plan,
		 struct noc_err *err);
/* One piece of a line, with the time of the record when there is one. */
void noc_demo_tell(struct noc_demo *d, const struct noc_value *record,
		   const char *fmt, ...) __attribute__((format(printf, 3, 4)));
void noc_demo_end_line(struct noc_demo *d);

/* ---- acts.c ---- */
int noc_demo_acts(struct noc_demo *d, struct noc_err *err);
/* ---- audit.c: once the daemon has stopped ---- */
int noc_demo_audit(struct noc_demo *d, struct noc_err *err);

#endif
