/* SPDX-License-Identifier: ISC */
#ifndef NOC_CLI_CLIENT_H
#define NOC_CLI_CLIENT_H

#include "base/strbuf.h"
#include "cli/rows.h"
#include "cli/verb.h"

/*
 * A verb that asks the daemon: options, sub-verbs, calls over the unix
 * socket, errors and exit codes.  Main thread.
 */
#define NOC_CLIENT_OPTIONS                                             \
	{ "state", 0, "DIR",                                           \
	  "the daemon's state directory (NOCTURNE_STATE, else ./var)", \
	  false },                                                     \
	    NOC_OUTPUT_OPTION
#define NOC_CLIENT_WHY                                                     \
	{                                                                  \
		"message", 'm', "WHY", "the reason; it is recorded", false \
	}
#define NOC_CLIENT_FOR                                               \
	{                                                            \
		"for", 0, "DURATION", "how long: 30m, 2h, 7d", false \
	}

#define NOC_VERB(name) extern const struct noc_verb noc_verb_##name;
#include "cli/verbs.def"
#undef NOC_VERB

struct noc_client {
	const struct noc_verb *verb;
	struct noc_value *opts;
	const char *state;
	char *socket;
	enum noc_output output;
	size_t first; /* where the arguments of the sub-verb begin */
};

struct noc_client_sub {
	const char *name; /* the first is also meant when none is said */
	size_t min, max;  /* arguments */
	int (*run)(struct noc_client *c);
};

/* Parses, finds the sub-verb and runs it; subs end with a NULL name.  When
 * subs has one without a name ("") it takes all arguments. */
int noc_client_main(const struct noc_verb *verb,
		    const struct noc_client_sub *subs, int argc, char **argv);

const char *noc_client_arg(const struct noc_client *c, size_t i); /* NULL */
const char *noc_client_opt(const struct noc_client *c, const char *name);
bool noc_client_has(const struct noc_client *c, const char *name);
/* {"why": -m, "for": --for} as far as they were said; returned. */
struct noc_value *noc_client_body(const struct noc_client *c);
/* Arguments from the i-th: "key=value" into a map.  Guessed values become
 * numbers, booleans and, from [ or {, lists and tables.  NULL: *status is set,
 * all is said. */
struct noc_value *noc_client_pairs(const struct noc_client *c, size_t i,
				   bool guess, int *status);

/* "/api/v1/runs/" + encoded name + "/cancel"; returned. */
char *noc_client_path(const char *before, const char *name, const char *after);
/* ?key=value or &key=value, encoded; nothing when value is NULL. */
void noc_client_query(struct noc_strbuf *url, const char *key,
		      const char *value);

/* The JSON of a good answer: returned.  NULL: *status is the exit code and
 * the error is printed.  body is owned, may be NULL. */
struct noc_value *noc_client_call(const struct noc_client *c,
				  const char *method, const char *target,
				  struct noc_value *body, int *status);
/* The same without a word: the kind of the error, for those who try two
 * things. */
int noc_client_try(const struct noc_client *c, const char *method,
		   const char *target, struct noc_value *body,
		   struct noc_value **out, struct noc_err *err);
/* GET target and print {key: rows}. */
int noc_client_list(const struct noc_client *c, const char *target,
		    const char *key, const struct noc_column *columns, size_t n,
		    const char *none);
/* Call and print the fields of the answer, or the sentence on a table. */
int noc_client_act(const struct noc_client *c, const char *method,
		   const char *target, struct noc_value *body,
		   const char *sentence);

#endif
