/* SPDX-License-Identifier: ISC */
#ifndef NOC_BASE_ERR_H
#define NOC_BASE_ERR_H

/*
 * What went wrong, as data.  A fallible function returns 0 or a negative
 * enum noc_kind and fills its last parameter, which is untouched on success.
 * The message is a whole sentence: what, where (file:line, byte) and what to
 * do.  Not a logger: whoever returns an error does not log it.  Any thread.
 */

enum noc_kind {
	NOC_OK = 0,
	NOC_EBUG = -1,	     /* our own mistake */
	NOC_EINPUT = -2,     /* malformed input from outside */
	NOC_ECONFIG = -3,    /* configuration or rule file is wrong */
	NOC_EAGAIN = -4,     /* transient: try again */
	NOC_ETIMEOUT = -5,   /* a deadline passed */
	NOC_EREMOTE = -6,    /* the peer failed (permanent) */
	NOC_EDENIED = -7,    /* not allowed (permanent) */
	NOC_ECONFLICT = -8,  /* already decided, already exists */
	NOC_ERESOURCE = -9,  /* a cap was reached */
	NOC_ESTORE = -10,    /* the database said no */
	NOC_ENOTFOUND = -11, /* no such thing */
	NOC_ECANCELLED = -12,
	NOC_EDOWN = -13,   /* dependency unavailable: nothing was sent */
	NOC_EINDOUBT = -14 /* it may or may not have happened */
};

struct noc_err {
	enum noc_kind kind;
	char msg[512];
};

/* Fill err (may be NULL) and return kind, for `return noc_err_set(...)`. */
int noc_err_set(struct noc_err *err, enum noc_kind kind, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Prefix the message already in err with "<text>: ".  err may be NULL. */
void noc_err_prefix(struct noc_err *err, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* Stable lower-case word of a kind: "timeout", "input", ... */
const char *noc_kind_name(enum noc_kind kind);

/*
 * Assertions in three strengths.  NOC_REQUIRE guards memory safety and the
 * chain and aborts.  NOC_FAILS(x) is true when x is false: it logs once a
 * site, counts, and lets the caller carry on.
 */
#define NOC_REQUIRE(x) \
	((x) ? (void)0 : noc_require_failed(#x, __FILE__, __LINE__))
#define NOC_FAILS(x) \
	(__builtin_expect(!(x), 0) && noc_soft_failed(#x, __FILE__, __LINE__))

_Noreturn void noc_require_failed(const char *expr, const char *file, int line);
int noc_soft_failed(const char *expr, const char *file, int line);
unsigned long noc_soft_failures(void);

#endif
