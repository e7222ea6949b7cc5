/* SPDX-License-Identifier: ISC */
/*
 * A configuration file of any text: taken or refused with its place, and what
 * was taken is typed: nobody behind the door finds a credential that is
 * something else.  What is shown of it (--dump-config) is taken again.
 *
 * Of: daemon/options.c daemon/options_file.c daemon/options_member.c
 */
#include "config.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "daemon/options.h"
#include "tests/fuzz/tokens.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max,
			       unsigned int seed);

static char path[64];

static int
load(struct noc_value *config, const void *text, size_t len)
{
	static int fd = -1;
	struct noc_err err = { 0 };
	char *errors = NULL, *line, *save = NULL;
	int rc;

	if (fd < 0) {
		fd = memfd_create("config.lua", MFD_CLOEXEC);
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	}
	if (ftruncate(fd, 0) || pwrite(fd, text, len, 0) != (ssize_t)len)
		abort();
	rc = noc_options_load(config, path, &errors, &err);
	NOC_REQUIRE(rc == 0 || (rc == NOC_ECONFIG && err.msg[0]));
	NOC_REQUIRE(rc != 0 || !errors);
	/* Each says where; none can write to a terminal. */
	for (line = errors ? strtok_r(errors, "\n", &save) : NULL; line;
	     line = strtok_r(NULL, "\n", &save))
		NOC_REQUIRE(!strncmp(line, path, strlen(path)));
	free(errors);
	return rc;
}

static void
check_member(const struct noc_value *v)
{
	if (v->type == NOC_STR)
		NOC_REQUIRE(v->u.s.len && !memchr(v->u.s.p, 0, v->u.s.len));
	else
		NOC_REQUIRE(
		    noc_value_is_str(noc_value_get(v, "node"), "secret"));
}

static void
check_tables(const struct noc_value *config, const char *family)
{
	const struct noc_value *all = noc_value_get(config, family);

	NOC_REQUIRE(all && all->type == NOC_MAP);
	for (size_t i = 0; i < noc_value_len(all); i++) {
		const struct noc_value *one = all->u.map.at[i].value;

		NOC_REQUIRE(one->type == NOC_MAP);
		for (size_t j = 0; j < noc_value_len(one); j++)
			check_member(one->u.map.at[j].value);
	}
}

static void
shown_again(const struct noc_value *config)
{
	struct noc_value *again = noc_options_new();
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	noc_options_dump(config, out);
	fclose(out);
	NOC_REQUIRE(load(again, text, len) == 0);
	free(text);
	noc_value_free(again);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct noc_value *config = noc_options_new();
	const uint8_t *nl = memchr(data, '\n', size);
	char *set =
	    noc_strndup((const char *)data, nl ? (size_t)(nl - data) : size);
	struct noc_err err = { 0 };

	if (noc_options_set(config, set, &err))
		NOC_REQUIRE(err.kind == NOC_ECONFIG && err.msg[0]);
	free(set);
	if (load(config, data, size) == 0) {
		check_tables(config, "credentials");
		check_tables(config, "snmp.users");
		shown_again(config);
		if (noc_options_finish(config, path, &err))
			NOC_REQUIRE(err.kind == NOC_ECONFIG && err.msg[0]);
	}
	noc_value_free(config);
	return 0;
}

size_t
LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max,
			unsigned int seed)
{
	static const char *const vocabulary[] = { "tests/fuzz/seeds/options" };

	return tokens_mutate(data, size, max, seed, vocabulary, 1);
}
