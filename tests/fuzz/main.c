/* SPDX-License-Identifier: ISC */
/*
 * Replays the seeds of a fuzz target as an ordinary test: each file of
 * $NOC_SRCDIR/tests/fuzz/seeds/<x>/ for the program fuzz_<x>, or the files
 * and directories named as arguments; with a mutator of its own, what that
 * makes of each, always the same.  Not linked when libFuzzer is.
 */
#include "config.h"

#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define MUTANTS	    4	 /* of a seed */
#define MUTANT_MORE 4096 /* bytes that it may grow by */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max,
			       unsigned int seed) __attribute__((weak));
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max);

static unsigned long replayed;

/* As good as libFuzzer's where its targets call it: some byte is another. */
size_t
LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max)
{
	(void)max;
	if (size)
		data[size * 5 / 7] ^= 0x24;
	return size;
}

static void
run_mutants(const uint8_t *data, size_t len)
{
	for (unsigned seed = 1; seed <= MUTANTS; seed++) {
		size_t n, max = len + MUTANT_MORE;
		uint8_t *grown = calloc(1, max), *exact;

		if (!grown)
			abort();
		memcpy(grown, data, len);
		n = LLVMFuzzerCustomMutator(grown, len, max, seed);
		exact = malloc(n ? n : 1);
		if (!exact)
			abort();
		memcpy(exact, grown, n);
		free(grown);
		LLVMFuzzerTestOneInput(exact, n);
		free(exact);
	}
}

static int
replay_file(const char *path)
{
	FILE *f = fopen(path, "rb");
	uint8_t *data = NULL;
	size_t len = 0, cap = 0, got;

	if (!f) {
		printf("not ok - cannot open %s\n", path);
		return -1;
	}
	do {
		if (cap - len < 65536) {
			cap = cap * 2 + 65536;
			data = realloc(data, cap);
			if (!data)
				abort();
		}
		got = fread(data + len, 1, cap - len, f);
		len += got;
	} while (got);
	fclose(f);
	/* An exact block, so that a sanitizer sees the first byte past it. */
	data = realloc(data, len ? len : 1);
	if (!data)
		abort();
	fprintf(stderr, "# %s\n", path);
	LLVMFuzzerTestOneInput(data, len);
	if (LLVMFuzzerCustomMutator)
		run_mutants(data, len);
	free(data);
	replayed++;
	return 0;
}

static int
replay(const char *path)
{
	struct dirent **names;
	struct stat st;
	int n, rc = 0;

	if (stat(path, &st)) {
		printf("not ok - cannot find %s\n", path);
		return -1;
	}
	if (!S_ISDIR(st.st_mode))
		return replay_file(path);
	n = scandir(path, &names, NULL, alphasort);
	for (int i = 0; i < n; i++) {
		char child[4096];

		snprintf(child, sizeof(child), "%s/%s", path, names[i]->d_name);
		if (names[i]->d_name[0] != '.' && replay(child))
			rc = -1;
		free(names[i]);
	}
	if (n >= 0)
		free(names);
	return rc;
}

int
main(int argc, char **argv)
{
	const char *name = strrchr(argv[0], '/');
	const char *src = getenv("NOC_SRCDIR");
	char dir[4096];
	int rc = 0;

	name = name ? name + 1 : argv[0];
	if (argc > 1) {
		for (int i = 1; i < argc; i++)
			rc |= replay(argv[i]);
	} else {
		const char *x = strncmp(name, "fuzz_", 5) ? name : name + 5;

		snprintf(dir, sizeof(dir), "%s/tests/fuzz/seeds/%s",
			 src ? src : ".", x);
		rc = replay(dir);
	}
	if (!replayed) {
		printf("not ok - %s has no seeds\n", name);
		rc = -1;
	}
	if (!rc)
		printf("ok - %s survives %lu seeds\n", name, replayed);
	return rc ? 1 : 0;
}
