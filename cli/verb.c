/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "cli/verb.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/suggest.h"

#define NOC_VERB(name) extern const struct noc_verb noc_verb_##name;
#include "cli/verbs.def"
#undef NOC_VERB

static const struct noc_verb *const verbs[] = {
#define NOC_VERB(name) &noc_verb_##name,
#include "cli/verbs.def"
#undef NOC_VERB
};

const struct noc_verb *
noc_verb_at(size_t i)
{
	return i < NOC_COUNT(verbs) ? verbs[i] : NULL;
}

const struct noc_verb *
noc_verb_find(const char *name)
{
	for (size_t i = 0; i < NOC_COUNT(verbs); i++)
		if (!strcmp(verbs[i]->name, name))
			return verbs[i];
	return NULL;
}

static enum noc_exit
exit_of_kind(enum noc_kind kind)
{
	switch (kind) {
	case NOC_OK:
		return NOC_EXIT_OK;
	case NOC_EINPUT:
		return NOC_EXIT_USAGE;
	case NOC_ENOTFOUND:
		return NOC_EXIT_NOTFOUND;
	case NOC_EDENIED:
		return NOC_EXIT_DENIED;
	case NOC_ECONFLICT:
		return NOC_EXIT_CONFLICT;
	case NOC_EAGAIN:
	case NOC_ERESOURCE:
	case NOC_EDOWN:
	case NOC_ETIMEOUT:
		return NOC_EXIT_TEMPORARY;
	case NOC_EBUG:
	case NOC_ECONFIG:
	case NOC_EREMOTE:
	case NOC_ESTORE:
	case NOC_ECANCELLED:
	case NOC_EINDOUBT:
		break;
	}
	return NOC_EXIT_FAILED;
}

int
noc_verb_fail(const struct noc_err *err)
{
	struct noc_strbuf sb = NOC_STRBUF_INIT;

	noc_strbuf_add_escaped(&sb, err->msg, strlen(err->msg));
	fprintf(stderr, "nocturne: %s\n", sb.p ? sb.p : "unknown error");
	noc_strbuf_release(&sb);
	return (int)exit_of_kind(err->kind);
}

int
noc_verb_misuse(const struct noc_verb *verb, const char *fmt, ...)
{
	struct noc_strbuf sb = NOC_STRBUF_INIT;
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	noc_strbuf_add_escaped(&sb, text, strlen(text));
	fprintf(stderr, "nocturne %s: %s\nTry 'nocturne help %s'.\n",
		verb->name, sb.p, verb->name);
	noc_strbuf_release(&sb);
	return NOC_EXIT_USAGE;
}

bool
noc_verb_colour(void)
{
	const char *no = getenv("NO_COLOR");

	return isatty(STDOUT_FILENO) && (!no || !*no);
}

/* ---- help ---- */

void
noc_verb_help(const struct noc_verb *verb)
{
	const char *line = verb->usage ? verb->usage : "";
	const char *lead = "usage: ";

	while (line) {
		const char *end = strchr(line, '\n');
		int len = end ? (int)(end - line) : (int)strlen(line);

		printf("%snocturne %s%s%.*s\n", lead, verb->name,
		       len ? " " : "", len, line);
		lead = "       ";
		line = end && end[1] ? end + 1 : NULL;
	}
	printf("\n%s\n", verb->summary);
	if (verb->details)
		printf("\n%s\n", verb->details);
	puts("\nOptions:");
	for (const struct noc_verb_option *o = verb->options; o && o->name;
	     o++) {
		char left[64];

		snprintf(left, sizeof(left), "%s%c%s--%s%s%s",
			 o->letter ? "-" : "  ", o->letter ? o->letter : ' ',
			 o->letter ? ", " : " ", o->name, o->arg ? " " : "",
			 o->arg ? o->arg : "");
		printf("  %-26s %s\n", left, o->help);
	}
	printf("  %-26s %s\n", "-h, --help", "this text");
}

/* ---- options ---- */

static const struct noc_verb_option *
verb_option(const struct noc_verb *verb, const char *name, size_t len)
{
	for (const struct noc_verb_option *o = verb->options; o && o->name; o++)
		if (strlen(o->name) == len && !memcmp(o->name, name, len))
			return o;
	return NULL;
}

static const struct noc_verb_option *
verb_letter(const struct noc_verb *verb, char letter)
{
	for (const struct noc_verb_option *o = verb->options; o && o->name; o++)
		if (o->letter && o->letter == letter)
			return o;
	return NULL;
}

static int
verb_unknown(const struct noc_verb *verb, const char *word, size_t len)
{
	const char *known[64];
	char name[64];
	const char *near;
	size_t n = 0;

	for (const struct noc_verb_option *o = verb->options; o && o->name; o++)
		if (n < NOC_COUNT(known))
			known[n++] = o->name;
	snprintf(name, sizeof(name), "%.*s", (int)len, word);
	near = noc_suggest(name, known, n);
	if (near)
		return noc_verb_misuse(verb,
				       "unknown option --%s; did you mean "
				       "--%s?",
				       name, near);
	return noc_verb_misuse(verb, "unknown option --%s.", name);
}

static void
verb_store(struct noc_value *map, const struct noc_verb_option *o,
	   const char *value)
{
	struct noc_value *v =
	    o->arg ? noc_value_str(value) : noc_value_bool(true);
	struct noc_value *list;

	if (!o->many) {
		noc_value_set(map, o->name, v);
		return;
	}
	list = noc_value_get(map, o->name);
	if (!list) {
		noc_value_set(map, o->name, noc_value_list());
		list = noc_value_get(map, o->name);
	}
	noc_value_push(list, v);
}

/* One argument that begins with '-'.  0, or an exit status. */
static int
verb_one(const struct noc_verb *verb, struct noc_value *map, int argc,
	 char **argv, int *i)
{
	const char *arg = argv[*i], *value = NULL;
	const struct noc_verb_option *o;

	if (arg[1] == '-') {
		size_t len = strcspn(arg + 2, "=");

		o = verb_option(verb, arg + 2, len);
		/* What most tools call it. */
		if (!o && !strcmp(arg, "--json")) {
			o = verb_option(verb, "output", strlen("output"));
			value = "json";
		}
		if (!o)
			return verb_unknown(verb, arg + 2, len);
		if (arg[2 + len] == '=')
			value = arg + 2 + len + 1;
	} else {
		o = verb_letter(verb, arg[1]);
		if (!o)
			return noc_verb_misuse(verb, "unknown option %s.", arg);
		if (arg[2])
			value = arg + 2;
	}
	if (!o->arg && value)
		return noc_verb_misuse(verb, "option --%s takes no value.",
				       o->name);
	if (o->arg && !value) {
		if (*i + 1 >= argc)
			return noc_verb_misuse(verb,
					       "option --%s needs a value: %s.",
					       o->name, o->arg);
		value = argv[++*i];
	}
	verb_store(map, o, value);
	return 0;
}

struct noc_value *
noc_verb_parse(const struct noc_verb *verb, int argc, char **argv, int *status)
{
	struct noc_value *map = noc_value_map(), *args = noc_value_list();
	bool ended = false;

	noc_value_set(map, "args", args);
	*status = 0;
	for (int i = 1; i < argc && !*status; i++) {
		if (ended || argv[i][0] != '-' || !argv[i][1]) {
			noc_value_push(args, noc_value_str(argv[i]));
		} else if (!strcmp(argv[i], "--")) {
			ended = true;
		} else if (!strcmp(argv[i], "--help") ||
			   (!strcmp(argv[i], "-h") &&
			    !verb_letter(verb, 'h'))) {
			noc_verb_help(verb);
			noc_value_free(map);
			return NULL;
		} else {
			*status = verb_one(verb, map, argc, argv, &i);
		}
	}
	if (*status) {
		noc_value_free(map);
		return NULL;
	}
	return map;
}
