/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "cli/client.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/suggest.h"
#include "cli/http.h"

#define CALL_MS 60000

/* ---- options and sub-verbs ---- */

static int
client_open(struct noc_client *c, const struct noc_verb *verb, int argc,
	    char **argv)
{
	const char *env = getenv("NOCTURNE_STATE");
	int status;

	memset(c, 0, sizeof(*c));
	c->verb = verb;
	c->opts = noc_verb_parse(verb, argc, argv, &status);
	if (!c->opts)
		return status ? status : -1;
	status = noc_output_said(verb, c->opts, &c->output);
	if (status) {
		noc_value_free(c->opts);
		return status;
	}
	c->state = noc_client_opt(c, "state");
	if (!c->state)
		c->state = env && *env ? env : "./var";
	c->socket = noc_asprintf("%s/nocturne.sock", c->state);
	return 0;
}

static const struct noc_client_sub *
client_sub(struct noc_client *c, const struct noc_client_sub *subs, int *status)
{
	const struct noc_value *args = noc_value_get(c->opts, "args");
	const struct noc_value *word = noc_value_at(args, 0);
	const char *known[16], *near;
	size_t n = 0;

	if (!*subs->name || !word) {
		c->first = 0;
		return subs;
	}
	c->first = 1;
	for (const struct noc_client_sub *s = subs; s->name; s++) {
		if (!strcmp(s->name, word->u.s.p))
			return s;
		if (n < NOC_COUNT(known))
			known[n++] = s->name;
	}
	near = noc_suggest(word->u.s.p, known, n);
	*status =
	    noc_verb_misuse(c->verb, "there is no '%s %s'%s%s%s", c->verb->name,
			    word->u.s.p, near ? "; did you mean '" : ".",
			    near ? near : "", near ? "'?" : "");
	return NULL;
}

int
noc_client_main(const struct noc_verb *verb, const struct noc_client_sub *subs,
		int argc, char **argv)
{
	const struct noc_client_sub *sub;
	const struct noc_value *args;
	struct noc_client c;
	size_t n;
	int status = client_open(&c, verb, argc, argv);

	if (status)
		return status < 0 ? NOC_EXIT_OK : status;
	sub = client_sub(&c, subs, &status);
	if (sub) {
		args = noc_value_get(c.opts, "args");
		n = noc_value_len(args) - c.first;
		if (n < sub->min)
			status = noc_verb_misuse(
			    verb, "'%s%s%s' needs more arguments.", verb->name,
			    *sub->name ? " " : "", sub->name);
		else if (n > sub->max)
			status = noc_verb_misuse(
			    verb, "'%s%s%s' takes no argument '%s'.",
			    verb->name, *sub->name ? " " : "", sub->name,
			    noc_client_arg(&c, sub->max));
		else if (noc_value_is_str(noc_value_at(args, c.first), ""))
			status = noc_verb_misuse(
			    verb, "'%s%s%s' is given an empty argument.",
			    verb->name, *sub->name ? " " : "", sub->name);
		else
			status = sub->run(&c);
	}
	noc_value_free(c.opts);
	free(c.socket);
	return status;
}

const char *
noc_client_arg(const struct noc_client *c, size_t i)
{
	const struct noc_value *v =
	    noc_value_at(noc_value_get(c->opts, "args"), c->first + i);

	return v ? v->u.s.p : NULL;
}

const char *
noc_client_opt(const struct noc_client *c, const char *name)
{
	return noc_value_get_str(c->opts, name, NULL);
}

bool
noc_client_has(const struct noc_client *c, const char *name)
{
	return noc_value_get(c->opts, name) != NULL;
}

struct noc_value *
noc_client_body(const struct noc_client *c)
{
	struct noc_value *body = noc_value_map();
	const char *why = noc_client_opt(c, "message");
	const char *dur = noc_client_opt(c, "for");

	if (why)
		noc_value_set(body, "why", noc_value_str(why));
	if (dur)
		noc_value_set(body, "for", noc_value_str(dur));
	return body;
}

static struct noc_value *
pair_value(const char *text, bool guess)
{
	struct noc_value *json;
	struct noc_err err;
	long long n;
	char *end;

	/* What begins so and is no JSON is a text: "[CHG12] new switch". */
	if (guess && (*text == '[' || *text == '{') &&
	    !noc_json_parse(text, strlen(text), &json, &err))
		return json;
	if (guess && (!strcmp(text, "true") || !strcmp(text, "false")))
		return noc_value_bool(*text == 't');
	errno = 0;
	n = strtoll(text, &end, 10);
	/* "007" and "+1" are texts: what is written back must be the same. */
	if (guess && *text && !*end && !errno &&
	    (isdigit((unsigned char)*text) || *text == '-') &&
	    (text[*text == '-'] != '0' || !text[1]))
		return noc_value_int(n);
	return noc_value_str(text);
}

struct noc_value *
noc_client_pairs(const struct noc_client *c, size_t i, bool guess, int *status)
{
	struct noc_value *map = noc_value_map();
	const char *arg;

	for (; (arg = noc_client_arg(c, i)); i++) {
		const char *eq = strchr(arg, '=');
		char *key;

		if (!eq || eq == arg) {
			*status = noc_verb_misuse(
			    c->verb, "'%s' is not of the form key=value.", arg);
			noc_value_free(map);
			return NULL;
		}
		key = noc_strndup(arg, (size_t)(eq - arg));
		noc_value_set(map, key, pair_value(eq + 1, guess));
		free(key);
	}
	return map;
}

/* ---- targets ---- */

static void
url_add(struct noc_strbuf *url, const char *text)
{
	for (; *text; text++) {
		if (isalnum((unsigned char)*text) || strchr("-._~", *text))
			noc_strbuf_addc(url, *text);
		else
			noc_strbuf_addf(url, "%%%02X", (unsigned char)*text);
	}
}

char *
noc_client_path(const char *before, const char *name, const char *after)
{
	struct noc_strbuf url = NOC_STRBUF_INIT;

	noc_strbuf_adds(&url, before);
	url_add(&url, name);
	noc_strbuf_adds(&url, after);
	return noc_strbuf_detach(&url, NULL);
}

void
noc_client_query(struct noc_strbuf *url, const char *key, const char *value)
{
	if (!value)
		return;
	noc_strbuf_addc(url, url->p && strchr(url->p, '?') ? '&' : '?');
	noc_strbuf_adds(url, key);
	noc_strbuf_addc(url, '=');
	url_add(url, value);
}

/* ---- calls ---- */

int
noc_client_try(const struct noc_client *c, const char *method,
	       const char *target, struct noc_value *body,
	       struct noc_value **out, struct noc_err *err)
{
	const struct noc_http_call call = {
		.socket = c->socket,
		.state = c->state,
		.method = method,
		.target = target,
		.body = body,
		.key = strcmp(method, "GET") ? noc_client_opt(c, "key") : NULL,
		.timeout_ms = CALL_MS,
	};
	int r = noc_http_call(&call, out, err);

	if (!r && !*out)
		r = noc_err_set(err, NOC_EREMOTE,
				"The daemon's answer is not JSON.");
	noc_value_free(body);
	return r;
}

struct noc_value *
noc_client_call(const struct noc_client *c, const char *method,
		const char *target, struct noc_value *body, int *status)
{
	struct noc_value *out = NULL;
	struct noc_err err = { 0 };

	*status = 0;
	if (noc_client_try(c, method, target, body, &out, &err)) {
		*status = noc_verb_fail(&err);
		return NULL;
	}
	return out;
}

int
noc_client_list(const struct noc_client *c, const char *target, const char *key,
		const struct noc_column *columns, size_t n, const char *none)
{
	int status;
	struct noc_value *v = noc_client_call(c, "GET", target, NULL, &status);

	if (v)
		noc_rows_output(c->output, v, key, columns, n, none);
	noc_value_free(v);
	return status;
}

int
noc_client_act(const struct noc_client *c, const char *method,
	       const char *target, struct noc_value *body, const char *sentence)
{
	int status;
	struct noc_value *v = noc_client_call(c, method, target, body, &status);

	if (!v)
		return status;
	if (c->output == NOC_OUTPUT_TABLE && sentence)
		puts(sentence);
	else
		noc_rows_fields(c->output, v);
	noc_value_free(v);
	return status;
}
