/* SPDX-License-Identifier: ISC */
#ifndef NOC_TESTS_UNIT_READER_FIXTURE_H
#define NOC_TESTS_UNIT_READER_FIXTURE_H

#include "tests/unit/store_state.h"
#include "tests/unit/unit.h"

#include "store/reader.h"

/* What a reader is asked of the state directory of a test. */
static char *dir;

static int
teardown(void **state)
{
	(void)state;
	state_remove(dir);
	return 0;
}

/* Parameters are JSON here, for short. */
static int
try_ask(const char *name, const char *params, struct noc_value **out,
	struct noc_err *err)
{
	struct noc_value *p = unit_json(params);
	int rc;

	*out = NULL;
	rc = noc_reader_query(dir, name, p, out, err);
	noc_value_free(p);
	return rc;
}

static struct noc_value *
ask(const char *name, const char *params)
{
	struct noc_value *v;
	struct noc_err err;

	if (try_ask(name, params, &v, &err))
		fail_msg("%s %s: %s", name, params, err.msg);
	assert_non_null(v);
	return v;
}

#endif
