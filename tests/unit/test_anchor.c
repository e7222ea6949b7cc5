/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "store/anchor.h"

#include "tests/unit/store_state.h"
#include "tests/unit/unit.h"

static char *dir, *path;

static int
setup(void **state)
{
	(void)state;
	dir = state_make();
	path = noc_asprintf("%s/anchor.log", dir);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	free(path);
	state_remove(dir);
	return 0;
}

/* A signed head of so many records, into note. */
static void
head_of(uint64_t size, struct noc_strbuf *note)
{
	struct noc_ed25519 *key = noc_ed25519_new((const uint8_t[32]){ 1 });
	struct noc_head head = { .origin = "noc.example/audit/0",
				 .size = size };
	struct noc_signer by = { .key = key };
	struct noc_vkey vkey;
	uint8_t pub[32];

	noc_ed25519_pub(key, pub);
	assert_int_equal(
	    noc_vkey_init(&vkey, head.origin, NOC_SIG_ED25519, pub, NULL), 0);
	by.vkey = &vkey;
	noc_strbuf_clear(note);
	noc_head_sign(&head, &by, 1, note);
	noc_ed25519_free(key);
}

static void
append(uint64_t size)
{
	struct noc_strbuf note = NOC_STRBUF_INIT;
	struct noc_err err;

	head_of(size, &note);
	if (noc_anchor_append(path, note.p, note.len, &err))
		fail_msg("%s", err.msg);
	noc_strbuf_release(&note);
}

/* The sizes of the whole notes in order, "torn" for what is none. */
static int
on_chunk(const char *p, size_t len, int torn, void *arg)
{
	struct noc_strbuf *said = arg;
	struct noc_note note;
	struct noc_head head;

	if (torn) {
		noc_strbuf_adds(said, "torn ");
		return 0;
	}
	assert_int_equal(noc_note_parse(p, len, &note, NULL), 0);
	assert_int_equal(noc_head_parse(&note, &head, NULL), 0);
	noc_strbuf_addf(said, "%u ", (unsigned)head.size);
	return head.size == 99 ? 7 : 0;
}

static void
holds(int rc, const char *want)
{
	struct noc_strbuf said = NOC_STRBUF_INIT;
	struct noc_err err;

	assert_int_equal(noc_anchor_each(path, on_chunk, &said, &err), rc);
	assert_string_equal(said.p, want);
	noc_strbuf_release(&said);
}

/* The last head, in place of what the buffer held before. */
static void
last_is(uint64_t size)
{
	struct noc_strbuf want = NOC_STRBUF_INIT, got = NOC_STRBUF_INIT;
	struct noc_head head;

	head_of(size, &want);
	noc_strbuf_adds(&got, "what was there before");
	assert_int_equal(noc_anchor_last(path, &head, &got), 0);
	assert_int_equal(head.size, size);
	assert_string_equal(head.origin, "noc.example/audit/0");
	assert_int_equal(got.len, want.len);
	assert_memory_equal(got.p, want.p, want.len);
	noc_strbuf_release(&want);
	noc_strbuf_release(&got);
}

static void
test_heads_in_their_order(void **state)
{
	struct stat st;

	(void)state;
	append(1);
	last_is(1);
	append(2);
	append(30);
	holds(0, "1 2 30 ");
	last_is(30);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	/* Who has seen enough is asked no more. */
	append(99);
	append(100);
	holds(7, "1 2 30 99 ");
}

/* However many bytes a crash left of two heads, the next one mends it: what was
 * whole stays so, and the new one is whole beside it. */
static void
test_torn_anywhere(void **state)
{
	struct stat one;
	char *bytes;
	size_t size;

	(void)state;
	append(1);
	assert_int_equal(stat(path, &one), 0);
	append(2);
	bytes = unit_read(path, &size);
	for (size_t n = 0; n < size; n++) {
		size_t first = (size_t)one.st_size;
		FILE *f = fopen(path, "wb");

		assert_non_null(f);
		assert_int_equal(fwrite(bytes, 1, n, f), n);
		assert_int_equal(fclose(f), 0);
		append(3);
		if (n == 0)
			holds(0, "3 ");
		else if (n < first - 1)
			holds(0, "torn 3 ");
		else if (n <= first) /* at most its newline was missing */
			holds(0, "1 3 ");
		else if (n < size - 1)
			holds(0, "1 torn 3 ");
		else
			holds(0, "1 2 3 ");
		last_is(3);
	}
	free(bytes);
}

/* Before it is mended, too. */
static void
test_last_before_a_torn_end(void **state)
{
	struct noc_strbuf note = NOC_STRBUF_INIT;
	struct noc_head head;
	struct stat st;

	(void)state;
	append(1);
	append(2);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(truncate(path, st.st_size - 10), 0);
	holds(0, "1 torn ");
	last_is(1);
	assert_int_equal(truncate(path, 10), 0);
	holds(0, "torn ");
	assert_int_equal(noc_anchor_last(path, &head, &note), NOC_ENOTFOUND);
	noc_strbuf_release(&note);
}

/* Somebody wrote on after the last head: it is found within 64 KiB. */
static void
test_last_behind_something_else(void **state)
{
	struct noc_strbuf note = NOC_STRBUF_INIT;
	struct noc_head head;

	(void)state;
	append(5);
	state_run("printf 'no head\\036\\n' >> %s", path);
	last_is(5);
	state_run("head -c 60000 /dev/zero >> %s", path);
	last_is(5);
	state_run("head -c 6000 /dev/zero >> %s", path);
	assert_int_equal(noc_anchor_last(path, &head, &note), NOC_ENOTFOUND);
	noc_strbuf_release(&note);
}

static void
test_what_cannot_be_read_or_written(void **state)
{
	struct noc_strbuf said = NOC_STRBUF_INIT;
	struct noc_head head;
	struct noc_err err;

	(void)state;
	assert_int_equal(noc_anchor_each(path, on_chunk, &said, &err),
			 NOC_ENOTFOUND);
	assert_int_equal(noc_anchor_last(path, &head, &said), NOC_ENOTFOUND);
	assert_int_equal(noc_anchor_each(dir, on_chunk, &said, &err),
			 NOC_ESTORE);
	assert_non_null(strstr(err.msg, "Cannot read the anchor file"));
	assert_int_equal(noc_anchor_append(dir, "x", 1, &err), NOC_ESTORE);
	assert_non_null(strstr(err.msg, "Cannot open the anchor file"));
	assert_int_equal(noc_anchor_append("/dev/full", "x", 1, &err),
			 NOC_ESTORE);
	assert_non_null(strstr(err.msg, "Cannot write the anchor file"));
	noc_strbuf_release(&said);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
		TEST(test_heads_in_their_order),
		TEST(test_torn_anywhere),
		TEST(test_last_before_a_torn_end),
		TEST(test_last_behind_something_else),
		TEST(test_what_cannot_be_read_or_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
