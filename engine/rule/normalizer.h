/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_RULE_NORMALIZER_H
#define NOC_ENGINE_RULE_NORMALIZER_H

#include "engine/expr/pattern.h"
#include "engine/rule/rule.h"

/*
 * One normalizer and one hook, compiled.  Parts of a rule set: as immutable,
 * and for as long as it (engine/rule/ruleset.h).
 */

struct noc_emit_more { /* what else `map` would take for a field */
	const char *key;
	const struct noc_value *value;
	struct noc_template *template; /* NULL: a path */
};

/* normalize and hook: from what a sensor saw to canonical events. */
struct noc_normalizer {
	const char *name, *file;
	int line;
	const char *from;	     /* "syslog" "snmp.trap" "webhook" … */
	struct noc_strings tags;     /* syslog tags, exact; or trap names */
	struct noc_strings apps;     /* syslog app names */
	struct noc_pattern *pattern; /* captures become data */
	struct noc_where *where;
	struct noc_template *kind;	     /* emit */
	struct noc_strings kinds;	     /* what it may emit */
	struct noc_value *map;		     /* data name -> path or constant */
	struct noc_template **map_templates; /* parallel to map; NULL: path */
	struct noc_emit_more *more; /* tried in order where map gave nothing */
	size_t nmore;
	int map_fn;			    /* lua function + 1, or 0 */
	int when_fn;			    /* the same; asked last */
	int severity;			    /* -1: keep */
	struct noc_template *severity_text; /* said by a template, or NULL */
	struct noc_template *summary;	    /* NULL: keep */
	unsigned order;
};

struct noc_hook {
	struct noc_normalizer emit;
	const struct noc_value *auth; /* AST: hmac github standard … */
	const char *split;	      /* "alerts[*]" or NULL */
	struct noc_template *dedup;
	const char *device_path; /* path in body naming the device */
	int64_t dedup_ms;
	int64_t replay_ms; /* what was signed is taken once in so long; 0: as
			      often as it comes; -1: as the scheme has it */
};

#endif
