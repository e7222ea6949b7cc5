/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "tests/unit/unit.h"

#include <sys/stat.h>
#include <unistd.h>

#include "base/json.h"
#include "base/mem.h"
#include "engine/edge/env.h"
#include "engine/edge/secret.h"

/* Secrets: where they are looked for, who may read them, how they get in. */

static char dir[64];

static void
put(const char *name, const char *text, mode_t mode)
{
	char *path = noc_asprintf("%s/secrets/%s", dir, name);
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
	assert_int_equal(chmod(path, mode), 0);
	free(path);
}

static int
setup(void **state)
{
	char *sub;

	(void)state;
	strcpy(dir, "/tmp/noc-secret-XXXXXX");
	assert_non_null(mkdtemp(dir));
	sub = noc_asprintf("%s/secrets", dir);
	assert_int_equal(mkdir(sub, 0700), 0);
	free(sub);
	put("pager", "https://pager.example/x\n", 0600);
	put("open", "seen by all\n", 0644);
	unsetenv("CREDENTIALS_DIRECTORY");
	return 0;
}

static int
teardown(void **state)
{
	char *cmd = noc_asprintf("rm -rf '%s'", dir);

	(void)state;
	assert_int_equal(system(cmd), 0);
	free(cmd);
	return 0;
}

static void
test_file(void **state)
{
	struct noc_env env = { .state_dir = dir };
	struct noc_err err;
	char *text;

	(void)state;
	assert_int_equal(noc_secret_read(&env, "pager", &text, &err), 0);
	assert_string_equal(text, "https://pager.example/x");
	free(text);
	assert_int_equal(noc_secret_read(&env, "open", &text, &err),
			 NOC_EDENIED);
	assert_non_null(strstr(err.msg, "chmod 600"));
	assert_null(strstr(err.msg, "seen by all"));
	assert_int_equal(noc_secret_read(&env, "nosuch", &text, &err),
			 NOC_ENOTFOUND);
	assert_non_null(strstr(err.msg, dir));
}

/* A name never leaves its directory. */
static void
test_names(void **state)
{
	static const char *const bad[] = { "",	      "../pager", "a/b",
					   ".hidden", "a b",	  "x\n" };
	struct noc_env env = { .state_dir = dir };
	struct noc_err err;
	char *text;

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(bad); i++)
		assert_int_equal(noc_secret_read(&env, bad[i], &text, &err),
				 NOC_ECONFIG);
}

static void
test_credential_first(void **state)
{
	struct noc_value *config = noc_value_map();
	struct noc_env env = { .state_dir = "/nonexistent", .config = config };
	char *sub = noc_asprintf("%s/secrets", dir);
	struct noc_err err;
	char *text;

	(void)state;
	noc_value_set(config, "secrets.pager", noc_value_str("from config"));
	assert_int_equal(noc_secret_read(&env, "pager", &text, &err), 0);
	assert_string_equal(text, "from config");
	free(text);
	setenv("CREDENTIALS_DIRECTORY", sub, 1);
	assert_int_equal(noc_secret_read(&env, "pager", &text, &err), 0);
	assert_string_equal(text, "https://pager.example/x");
	free(text);
	unsetenv("CREDENTIALS_DIRECTORY");
	noc_value_free(config);
	free(sub);
}

static void
test_fill(void **state)
{
	static const char json[] =
	    "{\"node\":\"http.post\",\"opts\":{\"url\":{\"node\":\"secret\","
	    "\"name\":\"pager\"},\"json\":[1,{\"node\":\"secret\",\"name\":"
	    "\"pager\"}]}}";
	struct noc_env env = { .state_dir = dir };
	struct noc_value *params, *out = NULL;
	struct noc_err err;
	char *text;

	(void)state;
	assert_int_equal(noc_json_parse(json, strlen(json), &params, &err), 0);
	assert_int_equal(noc_secret_fill(&env, params, &out, &err), 0);
	text = noc_json_string(out, NOC_JSON_CANONICAL);
	assert_string_equal(text,
			    "{\"node\":\"http.post\",\"opts\":{\"json\":[1,"
			    "\"https://pager.example/x\"],\"url\":"
			    "\"https://pager.example/x\"}}");
	free(text);
	noc_value_free(out);
	/* The tree that is journaled still has names only. */
	text = noc_json_string(params, NOC_JSON_COMPACT);
	assert_null(strstr(text, "pager.example"));
	free(text);
	noc_value_free(params);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_file),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_credential_first),
		cmocka_unit_test(test_fill),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
