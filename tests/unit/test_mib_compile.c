/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "tests/unit/unit.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "proto/mib.h"
#include "snmp/mib_compile.h"

static char out_path[] = "/tmp/test_mib_compile.XXXXXX";

/* In a child, as the compiler wants it; returns its exit code. */
static int
compile(const char *path)
{
	pid_t pid;
	int status;

	fflush(NULL);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		struct noc_mib_compiled done;
		struct noc_err err = { 0 };
		FILE *out = fopen(out_path, "w");
		int null = open("/dev/null", O_WRONLY | O_CLOEXEC), rc;

		dup2(null, 2);
		rc = noc_mib_compile(&path, 1, out, &done, &err);
		fclose(out);
		if (rc < 0)
			_exit(err.msg[0] != '\0' ? 1 : 99);
		_exit(done.problems == 0 ? 0 : 2);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int
setup(void **state)
{
	int fd = mkstemp(out_path);

	(void)state;
	close(fd);
	return fd < 0;
}

static int
teardown(void **state)
{
	(void)state;
	return unlink(out_path);
}

static void
test_compiled_rows(void **state)
{
	static const char *const rows[] = {
		"testName 1.3.6.1.4.1.99999.1.1 s s -\n",
		"testSince 1.3.6.1.4.1.99999.1.2 s d -\n",
		"testPortTable 1.3.6.1.4.1.99999.1.3 o - -\n",
		"testPortState 1.3.6.1.4.1.99999.1.3.1.1 c i ifindex "
		"idle=1,busy=2,lost-contact=-1\n",
		"testPortMac 1.3.6.1.4.1.99999.1.3.1.2 c m ifindex\n",
		"testPortLoad 1.3.6.1.4.1.99999.1.3.1.3 c u ifindex\n",
		"testPortUp 1.3.6.1.4.1.99999.1.3.1.4 c i ifindex "
		"true=1,false=2\n",
		"testPortSince 1.3.6.1.4.1.99999.1.3.1.5 c t ifindex\n",
		"testPortGateway 1.3.6.1.4.1.99999.1.3.1.6 c a ifindex\n",
		"testPortOid 1.3.6.1.4.1.99999.1.3.1.7 c o ifindex\n",
		"testPortBits 1.3.6.1.4.1.99999.1.3.1.8 c x ifindex\n",
		"testPortRaw 1.3.6.1.4.1.99999.1.3.1.9 c - ifindex\n",
		"testDoorOpened 1.3.6.1.4.1.99999.0.1 n - -\n",
		"testDoorState 1.3.6.1.4.1.99998.1 s i - open=1,closed=2\n",
		"testAlarm 1.3.6.1.4.1.99998.0.7 n - -\n",
	};
	char *text;

	(void)state;
	assert_int_equal(compile(unit_data("snmp/mibs")), 0);
	text = unit_read(out_path, NULL);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (strstr(text, rows[i]) == NULL)
			fail_msg("missing '%s' in:\n%s", rows[i], text);
	/* Only what the user's files define, and nothing of no use. */
	assert_null(strstr(text, "testGroup "));
	assert_null(strstr(text, "ifIndex "));
	assert_null(strstr(text, "DisplayString"));
	free(text);
}

static void
test_compiled_file_loads(void **state)
{
	struct noc_mib *mib = noc_mib_new();
	struct noc_err err = { 0 };
	noc_oid oid[NOC_OID_MAX];
	const struct noc_mib_object *o;
	size_t len;

	(void)state;
	assert_int_equal(compile(unit_data("snmp/mibs")), 0);
	if (noc_mib_load(mib, out_path, &err) < 0)
		fail_msg("%s", err.msg);
	assert_int_equal(noc_oid_parse(mib, "NOC-TEST-MIB::testPortState.7", 29,
				       oid, &len, &o, NULL),
			 0);
	assert_int_equal(len, 12);
	assert_string_equal(o->index, "ifindex");
	assert_true(noc_slice_is(noc_mib_label(o, -1), "lost-contact"));
	noc_mib_free(mib);
}

static void
test_one_file_finds_its_imports(void **state)
{
	char *text;

	(void)state;
	assert_int_equal(compile(unit_data("snmp/mibs/NOC-TEST-MIB.txt")), 0);
	text = unit_read(out_path, NULL);
	assert_non_null(strstr(text, "testDoorOpened "));
	assert_null(strstr(text, "testAlarm ")); /* the other file's */
	free(text);
}

static void
test_what_is_no_mib(void **state)
{
	(void)state;
	assert_int_equal(compile("/nonexistent"), 1);
	assert_int_equal(compile("/dev/zero"), 1);
	assert_int_equal(compile(unit_data("snmp/NOTICE")), 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_compiled_rows),
		cmocka_unit_test(test_compiled_file_loads),
		cmocka_unit_test(test_one_file_finds_its_imports),
		cmocka_unit_test(test_what_is_no_mib),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
