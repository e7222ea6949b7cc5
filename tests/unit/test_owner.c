/* SPDX-License-Identifier: ISC */
/* Whose files are obeyed: root's and our own, which nobody else may write. */
#include "config.h"

#include "tests/unit/unit.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/owner.h"

static void
owners_and_modes(void **state)
{
	uid_t me = geteuid(), other = me + 4711;
	const struct {
		uid_t uid;
		mode_t mode;
		const char *want; /* NULL: obeyed */
	} cases[] = {
		{ 0, S_IFREG | 0600, NULL },
		{ me, S_IFREG | 0600, NULL },
		{ 0, S_IFDIR | 0750, NULL }, /* root:nocturne */
		{ 0, S_IFREG | 0644, NULL },
		{ other, S_IFREG | 0600, "belongs to user" },
		{ other, S_IFDIR | 0700, "run chown " },
		{ me, S_IFREG | 0602, "Others may write /s/x (mode 0602)" },
		{ me, S_IFREG | 0620, "run chmod go-w '/s/x'" },
		{ 0, S_IFDIR | 01777, "mode 1777" },
	};

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(cases); i++) {
		struct stat st = { .st_uid = cases[i].uid,
				   .st_mode = cases[i].mode };
		struct noc_err err = { 0 };
		int r = noc_owner_check(&st, "/s/x", false, &err);

		assert_int_equal(r, cases[i].want ? NOC_EDENIED : 0);
		if (cases[i].want && !strstr(err.msg, cases[i].want))
			fail_msg("%s", err.msg);
	}
}

static void
what_others_may_not_read(void **state)
{
	const struct {
		mode_t mode;
		const char *want;
	} cases[] = {
		{ S_IFREG | 0600, NULL },
		{ S_IFREG | 0400, NULL },
		{ S_IFREG | 0640, "/s/x is open to others (mode 0640)" },
		{ S_IFREG | 0602, "run chmod 600 '/s/x'" },
	};
	struct stat st = { .st_uid = geteuid() + 4711 };
	struct noc_err err = { 0 };

	(void)state;
	assert_int_equal(noc_owner_check(&st, "/s/x", true, &err), NOC_EDENIED);
	assert_non_null(strstr(err.msg, "belongs to user"));
	st.st_uid = geteuid();
	for (size_t i = 0; i < NOC_COUNT(cases); i++) {
		st.st_mode = cases[i].mode;
		assert_int_equal(noc_owner_check(&st, "/s/x", true, &err),
				 cases[i].want ? NOC_EDENIED : 0);
		if (cases[i].want && !strstr(err.msg, cases[i].want))
			fail_msg("%s", err.msg);
	}
}

static void
what_lies_there(void **state)
{
	char dir[] = "/tmp/noc-owner-XXXXXX", file[64], link[64];
	struct noc_err err = { 0 };
	int fd;

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(file, sizeof(file), "%s/tokens", dir);
	snprintf(link, sizeof(link), "%s/link", dir);
	assert_int_equal(noc_owner_check_path(file, &err), 0); /* nothing */
	fd = open(file, O_CREAT | O_WRONLY, 0600);
	assert_true(fd >= 0);
	assert_int_equal(symlink(file, link), 0);
	assert_int_equal(noc_owner_check_dir(dir, &err), 0);
	/* One file that everybody may write, by its name and by a link. */
	assert_int_equal(fchmod(fd, 0606), 0);
	assert_int_equal(noc_owner_check_path(link, &err), NOC_EDENIED);
	assert_non_null(strstr(err.msg, link));
	assert_int_equal(noc_owner_check_dir(dir, &err), NOC_EDENIED);
	assert_int_equal(fchmod(fd, 0600), 0);
	assert_int_equal(chmod(dir, 0770), 0);
	assert_int_equal(noc_owner_check_dir(dir, &err), NOC_EDENIED);
	assert_int_equal(chmod(dir, 0700), 0);
	/* A link that leads nowhere is only a link. */
	close(fd);
	unlink(file);
	assert_int_equal(noc_owner_check_dir(dir, &err), 0);
	unlink(link);
	rmdir(dir);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(owners_and_modes),
		cmocka_unit_test(what_others_may_not_read),
		cmocka_unit_test(what_lies_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
