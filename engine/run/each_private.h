/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_RUN_EACH_PRIVATE_H
#define NOC_ENGINE_RUN_EACH_PRIVATE_H

#include "engine/run/each.h"

/* Between the files each*.c only. */

#define NOC_EACH_KEY_MAX  96  /* bytes of a key in a path */
#define NOC_EACH_KEPT_MAX 256 /* bytes of what `collect` keeps of an item */

enum noc_item_fate {
	NOC_ITEM_WAITS, /* not begun */
	NOC_ITEM_OPEN,
	NOC_ITEM_OK,
	NOC_ITEM_WOULD, /* well, but for what its mode left undone */
	NOC_ITEM_FAILED,
	NOC_ITEM_SKIPPED,
	NOC_ITEM_CANCELLED
};

struct noc_each {
	struct noc_live *live;
	const struct noc_each_def *def;
	char *list;	   /* frozen: JSON as it is hashed; NULL: lost */
	uint32_t *list_at; /* where in it an item begins, one more at its end */
	size_t n;
	char *keys;		 /* as in paths, one behind the other */
	uint32_t *key_at;	 /* where in them that of an item is */
	uint32_t *by_key;	 /* places, sorted */
	uint8_t *fate;		 /* enum noc_item_fate */
	struct noc_value **said; /* of those that ended: their row's JSON */
	size_t count[NOC_ITEM_CANCELLED + 1];
	size_t critical;     /* of those that failed */
	int64_t limit, need; /* need: a number or per cent, -1: all */
	bool percent;	     /* need is */
	bool set;	     /* by people, whatever the plan says */
	size_t next;	     /* the first that was not begun */
	size_t begun;	     /* so many had, when its row was written last */
	size_t wave, wave_end;
	size_t batch_end;
	int64_t rate_since_ns, rate_n;
	int64_t end_ns; /* its timeout, steady; 0: none */
	/* Of items that are open, or have ended and can be undone; NULL. */
	struct noc_lane **lanes;
	struct noc_lane *check;	  /* after a wave */
	struct noc_lane *checked; /* the last that is over */
	bool closing;		  /* nothing new begins: it is decided */
	char *why;		  /* it is: told to what is still open */
	size_t hushed;		  /* before this one all have been told */
	bool cancelled;
	struct noc_value *check_error; /* why a check failed; NULL */
	bool undoing, undone;
	int64_t undo_ns; /* steady, since it is; 0 */
	char hash[65];	 /* of the frozen list, when it is a blob; "" */
	bool stored;	 /* the blob is in the file at hand */
};

/* ---- each.c ---- */

struct noc_each *each_new(struct noc_live *l);
struct noc_lane *each_lane_new(struct noc_each *e, size_t i);
struct noc_lane *each_open_item(struct noc_each *e, size_t i);
void each_check(struct noc_each *e);
/* It is closing: what is open is cancelled, a slice of it. */
void each_hush(struct noc_each *e);
/* Something has ended, or may begin. */
void each_advance(struct noc_each *e);

/* ---- each_end.c ---- */

/* It cannot be had any more. */
bool each_is_lost(const struct noc_each *e);
bool each_is_won(const struct noc_each *e);
/* True: it goes on in noc_each_undone, and e may be gone. */
bool each_undo(struct noc_each *e);
void each_end(struct noc_each *e);

/* ---- each_list.c ---- */

/* Evaluates over, key, limit and need.  EINPUT: said in err. */
int each_list(struct noc_each *e, struct noc_err *err);
/* As it was frozen; err says of its items what each_list would. */
int each_list_is(struct noc_each *e, const struct noc_value *items,
		 struct noc_err *err);
const char *each_key(const struct noc_each *e, size_t i);
/* Its place + 1; 0: none has this key. */
size_t each_find(const struct noc_each *e, const char *key);
/* Where this wave ends; 0 is the first. */
size_t each_wave_end(const struct noc_each *e, size_t wave);
/* One of the list; returned. */
struct noc_value *each_value(const struct noc_each *e, size_t i);
/* All of it; returned. */
struct noc_value *each_values(const struct noc_each *e);
void each_hash(const struct noc_each *e, char hex[65]);
/* "all", 5, "95%": returned. */
struct noc_value *each_need_said(const struct noc_each *e);

/* ---- each_row.c ---- */

/* It has begun, and no row of it is left: it has failed, in doubt. */
void each_lose_item(struct noc_each *e, size_t i);
/* The row of an item that has ended; what it says is kept. */
void each_write_item(struct noc_each *e, struct noc_lane *lane,
		     enum noc_item_fate fate);
/* total, ok, failed, ...; with whole: the table and the lists. */
struct noc_value *each_output(const struct noc_each *e, bool whole);
/* What its record says: how many, and which failed, up to 100. */
struct noc_value *each_counts(const struct noc_each *e);
/* "37 of 800 failed (need 95%): 30 timeout device, 7 permanent executor" */
void each_failure(const struct noc_each *e, struct noc_failure *f);

#endif
