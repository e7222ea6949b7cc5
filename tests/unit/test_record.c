/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "store/record.h"

#include "base/hex.h"
#include "base/id.h"
#include "store/chain.h"
#include "store/rows.h"
#include "store/txn.h"
#include "store/txn_private.h"
#include "store/wire.h"
#include "tests/unit/store_data.h"

static struct noc_value *vectors;

static int
setup(void **state)
{
	(void)state;
	vectors = data_load("audit/vectors.json");
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	noc_value_free(vectors);
	return 0;
}

static const struct noc_value *
vector(size_t i)
{
	return noc_value_at(noc_value_get(vectors, "records"), i);
}

/* The five published records are read, and said again byte for byte. */
static void
test_vectors_read_and_written(void **state)
{
	size_t n = noc_value_len(noc_value_get(vectors, "records"));

	(void)state;
	assert_int_equal(n, 5);
	for (size_t i = 0; i < n; i++) {
		size_t len;
		uint8_t *p =
		    data_unhex(noc_value_get_str(vector(i), "hex", ""), &len);
		struct noc_record_view v;
		struct noc_txn *txn;
		struct noc_record *r;
		const uint8_t *f;

		assert_int_equal(noc_record_read(p, len, &v, NULL), 0);
		assert_int_equal(v.seq, i);
		txn = noc_txn_new((struct noc_now){ v.wall_ns, v.boot_ns, 0 });
		r = noc_txn_record(txn, v.kind);
		f = v.fields;
		for (unsigned k = 0; k < v.nfields; k++) {
			size_t flen = noc_get32(f + 2);

			noc_record_add(r, noc_get16(f), f + 6, flen);
			f += 6 + flen;
		}
		noc_record_finish(r, v.log_id, v.boot_id, v.seq, v.prev);
		assert_int_equal(r->len, len);
		assert_memory_equal(r->p, p, len);
		noc_txn_free(txn);
		free(p);
	}
}

/* Every way to cut or stretch a record is refused; so are the bytes that the
 * format fixes. */
static void
test_malformed_refused(void **state)
{
	size_t len;
	uint8_t *p = data_unhex(noc_value_get_str(vector(2), "hex", ""), &len);
	uint8_t *q = noc_malloc(len + 1);
	struct noc_record_view v;
	static const size_t fixed[] = { 0, 1, 2, 3, 4, 5, 96, 97 };

	(void)state;
	memcpy(q, p, len);
	q[len] = 0;
	for (size_t n = 0; n < len; n++)
		assert_int_equal(noc_record_read(q, n, &v, NULL), NOC_EINPUT);
	assert_int_equal(noc_record_read(q, len + 1, &v, NULL), NOC_EINPUT);
	for (size_t i = 0; i < NOC_COUNT(fixed); i++) {
		q[fixed[i]] ^= 1;
		assert_int_equal(noc_record_read(q, len, &v, NULL), NOC_EINPUT);
		q[fixed[i]] ^= 1;
	}
	/* The second tag (2) made equal to the first (1), then above the
	 * third (3). */
	q[98 + 6 + 4 + 1] = 1;
	assert_int_equal(noc_record_read(q, len, &v, NULL), NOC_EINPUT);
	q[98 + 6 + 4 + 1] = 4;
	assert_int_equal(noc_record_read(q, len, &v, NULL), NOC_EINPUT);
	free(q);
	free(p);
}

static void
test_fields_found_and_required(void **state)
{
	struct noc_txn *txn = noc_txn_new((struct noc_now){ 1, 2, 0 });
	struct noc_record *r = noc_txn_record(txn, NOC_REC_RUN_END);
	static const uint8_t zero[32];
	struct noc_record_view v;
	struct noc_err err;
	const uint8_t *p;
	size_t len;

	(void)state;
	noc_record_adds(r, NOC_TAG_DETAIL, "{}");
	noc_record_addf(r, NOC_TAG_RUN, "run-%d", 7); /* out of order */
	noc_record_finish(r, zero, zero, 3, zero);
	assert_int_equal(noc_record_read(r->p, r->len, &v, &err), 0);
	assert_int_equal(v.nfields, 2);
	assert_int_equal(noc_record_field(&v, NOC_TAG_RUN, &p, &len), 1);
	assert_int_equal(len, 5);
	assert_memory_equal(p, "run-7", 5);
	assert_int_equal(noc_record_field(&v, NOC_TAG_OUTCOME, &p, &len), 0);
	assert_int_equal(noc_record_complete(v.kind, v.tags, &err), NOC_EINPUT);
	assert_non_null(strstr(err.msg, "outcome"));
	noc_record_adds(r, NOC_TAG_OUTCOME, "ok");
	noc_record_finish(r, zero, zero, 3, zero);
	assert_int_equal(noc_record_read(r->p, r->len, &v, &err), 0);
	assert_int_equal(noc_record_complete(v.kind, v.tags, &err), 0);
	noc_txn_free(txn);
}

static const struct noc_row *
find_row(const struct noc_txn *txn, enum noc_row_kind kind)
{
	const struct noc_row *row = txn->first_row;

	assert_non_null(row);
	for (; row->kind != kind; row = row->next)
		assert_non_null(row->next);
	return row;
}

/* Whatever is put in, a record stays within its limit and reads back. */
static void
test_long_values_become_blobs(void **state)
{
	struct noc_txn *txn = noc_txn_new((struct noc_now){ 1, 2, 0 });
	struct noc_record *r = noc_txn_record(txn, NOC_REC_EVENT);
	char *big = noc_malloc(200001);
	static const uint8_t zero[32];
	const struct noc_row *row;
	struct noc_record_view v;
	const uint8_t *p;
	uint8_t hash[32];
	size_t len;
	char hex[65];

	(void)state;
	memset(big, 'x', 200000);
	big[200000] = '\0';
	for (int tag = 1; tag <= 14; tag++) {
		if (tag == NOC_TAG_RAW)
			noc_txn_add_raw(txn, r, big, 32 * 1024);
		else
			noc_record_add(r, (enum noc_tag)tag, big,
				       tag == NOC_TAG_DETAIL ? 200000 : 1024);
	}
	noc_record_finish(r, zero, zero, 0, zero);
	assert_true(r->len <= NOC_RECORD_MAX);
	assert_int_equal(noc_record_read(r->p, r->len, &v, NULL), 0);
	assert_int_equal(v.nfields, 14);
	assert_int_equal(noc_record_field(&v, NOC_TAG_RAW, &p, &len), 1);
	assert_int_equal(len, 32 * 1024);
	assert_int_equal(noc_record_field(&v, NOC_TAG_DETAIL, &p, &len), 1);
	row = find_row(txn, NOC_ROW_BLOB);
	assert_int_equal(row->cells[1].len, 200000);
	noc_sha256_once(big, 200000, hash);
	noc_hex(hex, hash, 32);
	assert_int_equal(len, 75);
	assert_memory_equal(p + 9, hex, 64);

	r = noc_txn_record(txn, NOC_REC_EVENT);
	noc_txn_add_raw(txn, r, big, 32 * 1024 + 1);
	noc_record_finish(r, zero, zero, 1, zero);
	assert_int_equal(noc_record_read(r->p, r->len, &v, NULL), 0);
	assert_int_equal(noc_record_field(&v, NOC_TAG_RAW, &p, &len), 1);
	assert_int_equal(len, 32);
	noc_txn_free(txn);
	free(big);
}

/* Up to its limit a value is in the record itself, however little else is. */
static void
test_how_long_a_field_may_be(void **state)
{
	static const struct {
		enum noc_tag tag;
		size_t most;
	} cases[] = {
		{ NOC_TAG_TARGET, 1024 },
		{ NOC_TAG_OUTCOME, 1024 },
		{ NOC_TAG_CAUSE, 1024 },
		{ NOC_TAG_DETAIL, 30713 }, /* the longest raw fits, too */
	};
	char *big = noc_malloc(40000);

	(void)state;
	memset(big, 'x', 40000);
	for (size_t i = 0; i < NOC_COUNT(cases); i++)
		for (size_t more = 0; more < 2; more++) {
			struct noc_txn *txn =
			    noc_txn_new((struct noc_now){ 1, 2, 0 });
			struct noc_record *r =
			    noc_txn_record(txn, NOC_REC_EVENT);
			size_t len = cases[i].most + more;

			noc_record_add(r, cases[i].tag, big, len);
			assert_int_equal(txn->first_row != NULL, more);
			if (more)
				assert_int_equal(
				    find_row(txn, NOC_ROW_BLOB)->cells[1].len,
				    len);
			else
				assert_int_equal(r->len,
						 NOC_RECORD_HEAD + 6 + len);
			noc_txn_free(txn);
		}
	free(big);
}

/* A record of so many bytes, most of them of one field. */
static uint8_t *
record_of(size_t len)
{
	uint8_t *p = noc_calloc(1, len);

	memcpy(p, "NOC1\1\0", 6);
	noc_put16(p + 6, NOC_REC_EVENT);
	noc_put16(p + 96, 1);
	noc_put16(p + 98, NOC_TAG_RAW);
	noc_put32(p + 100, (uint32_t)(len - 104));
	return p;
}

static void
test_a_record_has_65535_bytes(void **state)
{
	static const uint8_t zero[32];
	char *big = noc_malloc(32768);

	(void)state;
	for (size_t len = 65534; len <= 65536; len++) {
		uint8_t *p = record_of(len);
		struct noc_record_view v;

		assert_int_equal(noc_record_read(p, len, &v, NULL),
				 len <= 65535 ? 0 : NOC_EINPUT);
		free(p);
	}
	/* As long as its fields may be. */
	memset(big, 'x', 32768);
	for (size_t detail = 20000; detail <= 32768; detail++) {
		struct noc_txn *txn = noc_txn_new((struct noc_now){ 1, 2, 0 });
		struct noc_record *r = noc_txn_record(txn, NOC_REC_EVENT);
		struct noc_record_view v;
		const uint8_t *p;
		size_t len;

		for (int tag = 1; tag <= 14; tag++)
			if (tag == NOC_TAG_RAW)
				noc_txn_add_raw(txn, r, big, 32768);
			else
				noc_record_add(r, (enum noc_tag)tag, big,
					       tag == NOC_TAG_DETAIL ? detail
								     : 1024);
		noc_record_finish(r, zero, zero, 0, zero);
		if (r->len > 65535)
			fail_msg("%zu bytes with %zu of detail", r->len,
				 detail);
		assert_int_equal(noc_record_read(r->p, r->len, &v, NULL), 0);
		/* What may be as it is stays so: no blob was told of. */
		assert_true(noc_record_field(&v, NOC_TAG_RAW, &p, &len));
		assert_int_equal(len, 32768);
		noc_txn_free(txn);
	}
	free(big);
}

/* The commitment in the record is the hash of salt and value in the side
 * table, and the value itself is nowhere in the record. */
static void
test_commitment_hides_value(void **state)
{
	struct noc_txn *txn = noc_txn_new((struct noc_now){ 1, 2, 0 });
	struct noc_record *r = noc_txn_record(txn, NOC_REC_STEP_START);
	struct noc_value *v = noc_value_map();
	const struct noc_row *row;
	uint8_t buf[256], hash[32];

	(void)state;
	noc_value_set(v, "password", noc_value_str("hunter2"));
	noc_txn_add_commitment(txn, r, v, NULL);
	noc_value_free(v);
	row = find_row(txn, NOC_ROW_SECRET);
	assert_int_equal(row->cells[1].len, 16);
	memcpy(buf, row->cells[1].u.p, 16);
	memcpy(buf + 16, row->cells[2].u.p, row->cells[2].len);
	noc_sha256_once(buf, 16 + row->cells[2].len, hash);
	assert_memory_equal(hash, row->cells[0].u.p, 32);
	assert_memory_equal(r->p + NOC_RECORD_HEAD + 6, hash, 32);
	assert_null(memmem(r->p, r->len, "hunter2", 7));
	noc_txn_free(txn);
}

static void
test_names(void **state)
{
	(void)state;
	assert_string_equal(noc_record_kind_name(14), "DECISION");
	assert_string_equal(noc_record_kind_name(0), "UNKNOWN");
	assert_string_equal(noc_record_kind_name(19), "UNKNOWN");
	assert_string_equal(noc_tag_name(14), "cause");
	assert_string_equal(noc_tag_name(15), "?");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vectors_read_and_written),
		cmocka_unit_test(test_malformed_refused),
		cmocka_unit_test(test_fields_found_and_required),
		cmocka_unit_test(test_long_values_become_blobs),
		cmocka_unit_test(test_how_long_a_field_may_be),
		cmocka_unit_test(test_a_record_has_65535_bytes),
		cmocka_unit_test(test_commitment_hides_value),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
