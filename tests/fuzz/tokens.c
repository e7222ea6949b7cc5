/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "tests/fuzz/tokens.h"

#include <ctype.h>
#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/slice.h"
#include "base/strbuf.h"

#define TOKENS_MAX 4096 /* of one input */

/* Sorted by nothing: what is said often is taken often. */
static struct noc_slice *words;
static size_t nwords, words_cap;

/* ---- Lua in pieces ---- */

static size_t
string_end(const char *p, size_t len)
{
	for (size_t i = 1; i < len && p[i] != '\n'; i++)
		if (p[i] == '\\')
			i++;
		else if (p[i] == p[0])
			return i + 1;
	return 1;
}

/* Length of the token that begins here; blanks are one too. */
static size_t
token_len(const char *p, size_t len)
{
	size_t n = 1;

	if (*p == '"' || *p == '\'')
		return string_end(p, len);
	if (isspace((unsigned char)*p))
		while (n < len && isspace((unsigned char)p[n]))
			n++;
	else if (isalnum((unsigned char)*p) || *p == '_')
		while (n < len && (isalnum((unsigned char)p[n]) || p[n] == '_'))
			n++;
	else if (len > 1 && p[0] == '-' && p[1] == '-')
		while (n < len && p[n] != '\n')
			n++;
	return n;
}

static size_t
tokens_of(const char *p, size_t len, struct noc_slice *out, size_t max)
{
	size_t n = 0;

	for (size_t at = 0; at < len && n < max; n++) {
		size_t l = token_len(p + at, len - at);

		out[n] = noc_slice(p + at, l);
		at += l;
	}
	return n;
}

/* ---- the vocabulary ---- */

static void
words_add(const char *path)
{
	FILE *f = fopen(path, "re");
	struct noc_strbuf text = NOC_STRBUF_INIT;
	char buf[4096];
	size_t n;

	while (f && (n = fread(buf, 1, sizeof(buf), f)) > 0)
		noc_strbuf_add(&text, buf, n);
	if (f)
		fclose(f);
	for (size_t at = 0; at < text.len;) {
		size_t l = token_len(text.p + at, text.len - at);

		if (!isspace((unsigned char)text.p[at]) && l < 200) {
			NOC_GROW(words, words_cap, nwords + 1);
			words[nwords++] =
			    noc_slice(noc_strndup(text.p + at, l), l);
		}
		at += l;
	}
	noc_strbuf_release(&text);
}

static void
words_load(const char *const *folders, size_t nfolders)
{
	static const char *const odd[] = {
		"nil", "-1",	"0",	  "1e308",  "9223372036854775807",
		"0/0", "{}",	"\"\"",	  "{ {} }", "function() end",
		"1.5", "false", "{1,a=2}"
	};
	const char *src = getenv("NOC_SRCDIR");

	for (size_t i = 0; i < NOC_COUNT(odd); i++) {
		NOC_GROW(words, words_cap, nwords + 1);
		words[nwords++] = noc_slice_str(odd[i]);
	}
	for (size_t i = 0; i < nfolders; i++) {
		char *dir = noc_asprintf("%s/%s", src ? src : ".", folders[i]);
		struct dirent **names;
		int n = scandir(dir, &names, NULL, alphasort);

		for (int k = 0; k < n; k++) {
			char *path =
			    noc_asprintf("%s/%s", dir, names[k]->d_name);

			if (names[k]->d_name[0] != '.' &&
			    names[k]->d_type == DT_REG)
				words_add(path);
			free(path);
			free(names[k]);
		}
		if (n >= 0)
			free(names);
		free(dir);
	}
}

/* ---- changes ---- */

static uint32_t
next(uint32_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

static struct noc_slice
any_word(uint32_t *state)
{
	return words[next(state) % nwords];
}

/* Changes the list in place; room for two runs more. */
static size_t
change(struct noc_slice *t, size_t n, uint32_t *state)
{
	size_t a = n ? next(state) % n : 0, b = n ? next(state) % n : 0;
	size_t run = 1 + next(state) % 8;
	struct noc_slice kept;

	if (run > n - b)
		run = n - b;
	switch (next(state) % 6) {
	case 0: /* another word instead */
	case 1:
		if (n)
			t[a] = any_word(state);
		break;
	case 2: /* one more */
		memmove(t + a + 1, t + a, (n - a) * sizeof(*t));
		t[a] = any_word(state);
		n++;
		break;
	case 3: /* some left out */
		memmove(t + b, t + b + run, (n - b - run) * sizeof(*t));
		n -= run;
		break;
	case 4: /* some once more, elsewhere */
		for (size_t i = 0; i < run; i++) {
			kept = t[b + i];
			memmove(t + a + 1, t + a, (n - a) * sizeof(*t));
			t[a] = kept;
			n++;
		}
		break;
	default: /* two change places */
		if (n) {
			kept = t[a];
			t[a] = t[b];
			t[b] = kept;
		}
	}
	return n;
}

size_t
tokens_mutate(uint8_t *data, size_t size, size_t max, unsigned int seed,
	      const char *const *folders, size_t nfolders)
{
	static struct noc_slice t[TOKENS_MAX + 256];
	uint32_t state = seed * 2654435761u + 1;
	char *copy;
	size_t n, at = 0;

	if (!words)
		words_load(folders, nfolders);
	if (next(&state) % 8 == 0)
		return LLVMFuzzerMutate(data, size, max);
	copy = noc_memdup(size ? (void *)data : "", size ? size : 1);
	n = tokens_of(copy, size, t, TOKENS_MAX);
	for (uint32_t i = 0, times = 1 + next(&state) % 4; i < times; i++)
		n = change(t, n, &state);
	for (size_t i = 0; i < n && at + t[i].len <= max; i++) {
		memcpy(data + at, t[i].p, t[i].len);
		at += t[i].len;
	}
	free(copy);
	return at;
}
