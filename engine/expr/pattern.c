/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "engine/expr/pattern.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "base/mem.h"
#include "engine/expr/literal.h"

/*
 * PCRE2 counts its match limit anew at every start position, so the text is
 * cut as well: what a message says, it says early.
 */
#define PATTERN_MATCH_LIMIT 8000
#define PATTERN_DEPTH_LIMIT 500
#define PATTERN_HEAP_KIB    1024
#define PATTERN_TEXT_MAX    2048
#define PATTERN_LENGTH_MAX  4096
#define PATTERN_NEST_MAX    32
#define PATTERN_CAPTURES    32

struct noc_pattern {
	pcre2_code *code;
	pcre2_match_data *match; /* made by the first match, like the JIT
				    code: most patterns are never run */
	bool jit;
	char *text;
	char *literal;
	size_t ncaptures;
	struct {
		char *name;
		unsigned group;
	} captures[PATTERN_CAPTURES];
	const char *subject; /* of the last match */
};

/* The limits are everybody's. */
static pthread_once_t pattern_once = PTHREAD_ONCE_INIT;
static pcre2_match_context *pattern_context;
static pcre2_compile_context *pattern_compile_context;

static void
pattern_init(void)
{
	pattern_context = pcre2_match_context_create(NULL);
	pattern_compile_context = pcre2_compile_context_create(NULL);
	if (!pattern_context || !pattern_compile_context)
		abort();
	pcre2_set_match_limit(pattern_context, PATTERN_MATCH_LIMIT);
	pcre2_set_depth_limit(pattern_context, PATTERN_DEPTH_LIMIT);
	pcre2_set_heap_limit(pattern_context, PATTERN_HEAP_KIB);
	pcre2_set_max_pattern_length(pattern_compile_context,
				     PATTERN_LENGTH_MAX);
	pcre2_set_parens_nest_limit(pattern_compile_context, PATTERN_NEST_MAX);
}

static int
pattern_names(struct noc_pattern *p, struct noc_err *err)
{
	PCRE2_SPTR table;
	uint32_t count = 0, size = 0;

	pcre2_pattern_info(p->code, PCRE2_INFO_NAMECOUNT, &count);
	pcre2_pattern_info(p->code, PCRE2_INFO_NAMEENTRYSIZE, &size);
	pcre2_pattern_info(p->code, PCRE2_INFO_NAMETABLE, &table);
	if (count > PATTERN_CAPTURES)
		return noc_err_set(err, NOC_ECONFIG,
				   "a pattern has more than %d named captures.",
				   PATTERN_CAPTURES);
	for (uint32_t i = 0; i < count; i++, table += size) {
		p->captures[i].group = (unsigned)(table[0] << 8 | table[1]);
		p->captures[i].name = noc_strdup((const char *)table + 2);
		p->ncaptures++;
	}
	return 0;
}

static int
pattern_compile(struct noc_pattern *p, struct noc_err *err)
{
	PCRE2_UCHAR why[128];
	PCRE2_SIZE at;
	int code;

	pthread_once(&pattern_once, pattern_init);
	/* \C has no place in a rule. */
	p->code = pcre2_compile((PCRE2_SPTR)p->text, strlen(p->text),
				PCRE2_NEVER_BACKSLASH_C, &code, &at,
				pattern_compile_context);
	if (!p->code) {
		pcre2_get_error_message(code, why, sizeof(why));
		return noc_err_set(err, NOC_ECONFIG,
				   "the pattern '%.120s' is wrong at byte %zu: "
				   "%s.",
				   p->text, (size_t)at, (const char *)why);
	}
	return pattern_names(p, err);
}

int
noc_pattern_new(const char *text, struct noc_pattern **out, struct noc_err *err)
{
	struct noc_pattern *p = noc_calloc(1, sizeof(*p));
	int rc;

	p->text = noc_strdup(text);
	p->literal = noc_literal_required(text);
	rc = pattern_compile(p, err);
	if (rc) {
		noc_pattern_free(p);
		return rc;
	}
	*out = p;
	return 0;
}

void
noc_pattern_free(struct noc_pattern *p)
{
	if (!p)
		return;
	for (size_t i = 0; i < p->ncaptures; i++)
		free(p->captures[i].name);
	pcre2_match_data_free(p->match);
	pcre2_code_free(p->code);
	free(p->literal);
	free(p->text);
	free(p);
}

static void
pattern_prepare(struct noc_pattern *p)
{
	p->jit = !pcre2_jit_compile(p->code, PCRE2_JIT_COMPLETE);
	p->match = pcre2_match_data_create_from_pattern(p->code, NULL);
	if (!p->match)
		abort();
}

bool
noc_pattern_match(const struct noc_pattern *cp, struct noc_slice text)
{
	struct noc_pattern *p;
	PCRE2_SPTR subject = (PCRE2_SPTR)(text.p ? text.p : "");
	size_t len = text.len;
	int rc;

	/* The result of the last match is scratch, not part of the pattern. */
	memcpy(&p, &cp, sizeof(p));
	if (len > PATTERN_TEXT_MAX)
		len = PATTERN_TEXT_MAX;
	if (!p->match)
		pattern_prepare(p);
	p->subject = (const char *)subject;
	if (p->jit)
		rc = pcre2_jit_match(p->code, subject, len, 0, 0, p->match,
				     pattern_context);
	else
		rc = pcre2_match(p->code, subject, len, 0, 0, p->match,
				 pattern_context);
	if (rc < 0)
		p->subject = NULL;
	return rc >= 0;
}

size_t
noc_pattern_ncaptures(const struct noc_pattern *p)
{
	return p->ncaptures;
}

const char *
noc_pattern_capture_name(const struct noc_pattern *p, size_t i)
{
	return i < p->ncaptures ? p->captures[i].name : NULL;
}

struct noc_slice
noc_pattern_capture(const struct noc_pattern *p, size_t i)
{
	const PCRE2_SIZE *v;
	unsigned group;

	if (i >= p->ncaptures || !p->subject)
		return noc_slice(NULL, 0);
	v = pcre2_get_ovector_pointer(p->match);
	group = p->captures[i].group;
	if (group >= pcre2_get_ovector_count(p->match) ||
	    v[2 * group] == PCRE2_UNSET || v[2 * group + 1] < v[2 * group])
		return noc_slice(NULL, 0);
	return noc_slice(p->subject + v[2 * group],
			 v[2 * group + 1] - v[2 * group]);
}

struct noc_slice
noc_pattern_literal(const struct noc_pattern *p)
{
	return noc_slice_str(p->literal);
}
