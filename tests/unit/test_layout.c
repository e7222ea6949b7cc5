/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "engine/flow/layout.h"
#include "tests/unit/layout_fixture.h"

/* ---- shapes ---- */

static void
test_a_list_is_a_column(void **state)
{
	struct made m = { 0 };
	struct noc_layout *l;

	(void)state;
	for (size_t i = 0; i < 3; i++)
		if (made_step(&m, "s"))
			made_after(&m, i, i - 1, NOC_ON_OK);
	l = sound(&m.plan, 80);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(l->nodes[i].layer, i);
		assert_int_equal(l->nodes[i].row, 0);
		assert_int_equal(l->nodes[i].x, 0);
	}
	assert_int_equal(l->nedges, 2);
	assert_true(l->edges[0].drawn && l->edges[1].drawn);
	noc_layout_free(l);
}

static void
test_a_parallel_is_a_row_in_a_box(void **state)
{
	struct made m = { 0 };
	size_t p, a, b, c;
	struct noc_layout *l;

	(void)state;
	p = made_add(&m, NOC_STEP_PARALLEL, "both");
	a = made_step(&m, "a");
	b = made_step(&m, "b");
	made_close(&m, p);
	c = made_step(&m, "c");
	made_after(&m, c, p, NOC_ON_OK);
	l = sound(&m.plan, 80);
	assert_true(l->nodes[p].box && !l->nodes[c].box);
	assert_int_equal(l->nodes[a].up, p);
	assert_int_equal(l->nodes[a].y, l->nodes[b].y);
	assert_true(l->nodes[a].x < l->nodes[b].x);
	assert_int_equal(l->nodes[a].layer, 0);
	assert_int_equal(l->nodes[b].row, 1);
	assert_int_equal(l->nodes[c].layer, 1);
	assert_true(l->nodes[c].y > l->nodes[p].y + l->nodes[p].h);
	noc_layout_free(l);
}

static void
test_a_layer_is_below_all_that_it_waits_for(void **state)
{
	struct made m = { 0 };
	size_t a, b, c, d;
	struct noc_layout *l;

	(void)state;
	a = made_step(&m, "a");
	d = made_step(&m, "d"); /* before b and c in the file */
	b = made_step(&m, "b");
	c = made_step(&m, "c");
	made_after(&m, b, a, NOC_ON_OK);
	made_after(&m, c, b, NOC_ON_OK);
	made_after(&m, d, c, NOC_ON_OK);
	made_after(&m, d, a, NOC_ON_OK);
	l = sound(&m.plan, 80);
	assert_int_equal(l->nodes[d].layer, 3);
	assert_int_equal(l->nodes[c].layer, 2);
	for (size_t i = 0; i < l->nedges; i++)
		assert_true(l->edges[i].drawn);
	assert_string_equal(l->nodes[d].after, "");
	noc_layout_free(l);
}

static void
test_what_goes_on_when_all_is_well_stands_first(void **state)
{
	struct made m = { 0 };
	size_t a, b, c;
	struct noc_layout *l;

	(void)state;
	a = made_step(&m, "a");
	b = made_step(&m, "b");
	c = made_step(&m, "c");
	made_after(&m, b, a, NOC_ON_FAILED);
	made_after(&m, c, a, NOC_ON_OK);
	l = sound(&m.plan, 80);
	assert_int_equal(l->nodes[c].x, l->nodes[a].x);
	assert_int_equal(l->nodes[b].row, 1);
	noc_layout_free(l);
}

static void
test_a_join_goes_on_below_the_first(void **state)
{
	struct made m = { 0 };
	size_t a, b, c;
	struct noc_layout *l;

	(void)state;
	a = made_step(&m, "a");
	b = made_step(&m, "b");
	c = made_step(&m, "joined_from_the_two_of_them");
	made_after(&m, c, a, NOC_ON_OK);
	made_after(&m, c, b, NOC_ON_OK);
	l = sound(&m.plan, 80);
	assert_int_equal(l->narrows, 1);
	assert_int_equal(l->arrows[0].x, l->nodes[a].x + 2);
	noc_layout_free(l);
}

/* More lines than it has columns: none, and words instead. */
static void
test_a_crowded_node_is_met_by_words(void **state)
{
	struct made m = { 0 };
	size_t all, own;
	struct noc_layout *l;

	(void)state;
	for (size_t i = 0; i < 14; i++)
		made_step(&m, "a");
	all = made_step(&m, "all");
	for (size_t i = 0; i < 14; i++) {
		made_after(&m, all, i, NOC_ON_OK);
		own = made_step(&m, "own");
		made_after(&m, own, i, NOC_ON_OK);
	}
	l = sound(&m.plan, 194);
	for (size_t i = 0; i < l->nedges; i++)
		assert_int_equal(l->edges[i].drawn, l->edges[i].to != all);
	assert_non_null(strstr(l->nodes[all].after, "after a, a, a,"));
	noc_layout_free(l);
}

static void
test_rails_have_room_in_their_box(void **state)
{
	(void)state;
	for (int width = 30; width < 60; width++) {
		struct made m = { 0 };
		size_t box, last;
		struct noc_layout *l;

		box = made_add(&m, NOC_STEP_PARALLEL, NULL);
		for (size_t i = 1; i <= 6; i++) {
			made_step(&m, "a_step_with_a_name");
			if (i > 2)
				made_after(&m, i, i - 2, NOC_ON_OK);
		}
		last = made_step(&m, "last");
		for (size_t i = 1; i < last; i++)
			made_after(&m, last, i, NOC_ON_OK);
		made_close(&m, box);
		l = sound(&m.plan, width);
		assert_int_equal(l->nodes[last].layer, 3);
		for (size_t i = 0; i < l->nlines; i++)
			assert_true(l->lines[i].x2 < l->nodes[box].w - 2);
		noc_layout_free(l);
	}
}

/* A neighbour with many words takes no room from what is in a box. */
static void
test_a_box_is_not_wrapped_for_the_words_beside_it(void **state)
{
	struct made m = { 0 };
	size_t box, a, b, c;
	struct noc_layout *l;

	(void)state;
	box = made_add(&m, NOC_STEP_PARALLEL, NULL);
	a = made_step(&m, "a");
	b = made_step(&m, "b");
	c = made_step(&m, "c");
	made_after(&m, c, b, NOC_ON_OK);
	made_after(&m, made_step(&m, "d"), c, NOC_ON_OK);
	made_after(&m, 4, a, NOC_ON_OK);
	made_close(&m, box);
	made_step(&m, "a_name_that_is_longer_than_any_that_one_would_choose_");
	l = sound(&m.plan, 24 + 2 + 26);
	assert_int_equal(l->nodes[a].y, l->nodes[b].y);
	assert_int_equal(l->nodes[5].y, l->nodes[box].y);
	assert_int_equal(l->nodes[5].w, 24);
	noc_layout_free(l);
}

static void
test_a_check_and_the_ends_of_a_flow_are_last(void **state)
{
	struct made m = { 0 };
	size_t each, check, fail, fin;
	struct noc_layout *l;

	(void)state;
	each = made_add(&m, NOC_STEP_EACH, "e");
	made_step(&m, "one");
	check = made_add(&m, NOC_STEP_CHECK, NULL);
	made_step(&m, "look");
	made_close(&m, check);
	made_close(&m, each);
	fail = made_add(&m, NOC_STEP_ON_FAIL, NULL);
	made_step(&m, "tell");
	made_close(&m, fail);
	fin = made_add(&m, NOC_STEP_FINALLY, NULL);
	made_step(&m, "tidy");
	made_close(&m, fin);
	l = sound(&m.plan, 80);
	assert_int_equal(l->nodes[check].layer, 1);
	assert_int_equal(l->nodes[each].layer, 0);
	assert_int_equal(l->nodes[fail].layer, 1);
	assert_int_equal(l->nodes[fin].layer, 2);
	noc_layout_free(l);
}

static void
test_a_layer_too_wide_goes_on_below_in_words(void **state)
{
	struct made m = { 0 };
	size_t first, join;
	struct noc_layout *l;

	(void)state;
	first = made_step(&m, "first_of_all_the_steps");
	for (size_t i = 1; i < 9; i++) {
		made_step(&m, "quite_a_long_name_here");
		made_after(&m, i, first, NOC_ON_OK);
	}
	join = made_step(&m, "join");
	for (size_t i = 1; i < 9; i++)
		made_after(&m, join, i, NOC_ON_OK);
	l = sound(&m.plan, 80);
	assert_true(l->w <= 80);
	assert_int_equal(l->nodes[8].layer, 1);
	assert_true(l->nodes[8].y > l->nodes[1].y);
	assert_int_equal(l->nlines, 0);
	assert_string_equal(l->nodes[1].after,
			    "after first_of_all_t\nhe_steps");
	assert_non_null(strstr(l->nodes[join].after, "and 2 more"));
	noc_layout_free(l);
	l = sound(&m.plan, 400);
	assert_int_equal(l->nodes[8].y, l->nodes[1].y);
	for (size_t i = 0; i < l->nedges; i++)
		assert_true(l->edges[i].drawn);
	noc_layout_free(l);
}

/* ---- what no rule file says ---- */

static void
test_a_cycle_ends(void **state)
{
	struct made m = { 0 };
	struct noc_layout *l;
	size_t up = 0;

	(void)state;
	for (size_t i = 0; i < 4; i++)
		made_step(&m, "s");
	for (size_t i = 0; i < 4; i++)
		made_after(&m, i, (i + 3) % 4, NOC_ON_OK);
	made_after(&m, 2, 2, NOC_ON_OK);
	l = sound(&m.plan, 80);
	assert_int_equal(l->nedges, 4); /* not that of itself */
	for (size_t i = 0; i < 4; i++)
		up += !l->edges[i].drawn;
	assert_int_equal(up, 1);
	assert_string_equal(l->nodes[0].after, "after s");
	noc_layout_free(l);
}

static void
test_places_that_make_no_tree(void **state)
{
	static const size_t ends[] = { 9, 0, 5, 99, 1, 7, 6, (size_t)-1 };
	struct made m = { 0 };
	size_t n = NOC_COUNT(ends);

	(void)state;
	for (size_t i = 0; i < n; i++) {
		made_step(&m, "s");
		m.steps[i].end = ends[i];
		m.steps[i].up = i * 7 % 5;
		made_after(&m, i, i * 5 % 11, NOC_ON_OK | 8);
		made_after(&m, i, 65535, 0);
	}
	noc_layout_free(sound(&m.plan, 80));
	m.plan.nsteps = m.plan.undo_from = 0;
	noc_layout_free(sound(&m.plan, 80));
}

static void
test_boxes_in_boxes_have_an_end(void **state)
{
	struct made m = { 0 };
	struct noc_layout *l;

	(void)state;
	for (size_t i = 0; i < 60; i++)
		made_add(&m, NOC_STEP_PARALLEL, "p");
	for (size_t i = 0; i < 60; i++)
		m.steps[i].end = 60;
	l = sound(&m.plan, 80);
	assert_true(l->w < 130);
	assert_false(l->nodes[59].box);
	noc_layout_free(l);
}

static uint64_t
dice(uint64_t *seed, uint64_t n)
{
	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	return (*seed >> 33) % n;
}

static void
test_any_plan_is_drawn_soundly(void **state)
{
	static const char *const names[] = { "a", "look", "a_longer_name",
					     "check_all_of_the_interfaces" };
	uint64_t seed = 8;

	(void)state;
	for (int round = 0; round < 3000; round++) {
		struct made *m = noc_calloc(1, sizeof(*m));
		size_t n = 2 + dice(&seed, 40);
		uint64_t many = 1 + dice(&seed, 4);

		for (size_t i = 0; i < n; i++) {
			made_step(m, names[dice(&seed, NOC_COUNT(names))]);
			m->steps[i].timeout_ms = (int64_t)dice(&seed, 2);
			if (!dice(&seed, 6))
				m->steps[i].end = i + dice(&seed, 8);
			for (uint64_t k = dice(&seed, many); k > 0; k--)
				made_after(m, i,
					   dice(&seed, 2)
					       ? dice(&seed, i + 2)
					       : i - 1 - dice(&seed, 4),
					   (unsigned)dice(&seed, 5));
		}
		noc_layout_free(sound(&m->plan, 30 + (int)dice(&seed, 200)));
		free(m);
	}
}

/* ---- large ---- */

/* n steps, each waits for up to `most` of those before it. */
static void
large(size_t n, size_t most, struct noc_plan *p)
{
	*p = (struct noc_plan){ .name = "large", .nsteps = n, .undo_from = n };
	p->steps = noc_calloc(n, sizeof(*p->steps));
	for (size_t i = 0; i < n; i++) {
		struct noc_step_def *s = &p->steps[i];

		s->kind = NOC_STEP_ACTION;
		s->name = "a_step";
		s->end = i + 1;
		s->nin = i < most ? i : most;
		s->in = noc_calloc(s->nin + 1, sizeof(*s->in));
		for (size_t k = 0; k < s->nin; k++)
			s->in[k] = (struct noc_edge){ (uint16_t)(i - 1 - k),
						      NOC_ON_OK };
	}
}

static void
large_free(struct noc_plan *p)
{
	for (size_t i = 0; i < p->nsteps; i++)
		free(p->steps[i].in);
	free(p->steps);
}

/* How much there is to draw: lines, arrows, characters. */
static size_t
drawing_size(size_t n, size_t most)
{
	struct noc_plan p;
	struct noc_layout *l;
	size_t size;
	char *text;

	large(n, most, &p);
	l = noc_layout_new(&p, 80);
	text = made_text(&p, 80, false, false);
	size = l->nlines + l->narrows + strlen(text);
	noc_layout_free(l);
	free(text);
	large_free(&p);
	return size;
}

static void
test_a_drawing_grows_with_its_nodes(void **state)
{
	static const size_t most[] = { 0, 1, 2, 30, 2000 };

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(most); i++) {
		size_t some = drawing_size(256, most[i]);
		size_t more = drawing_size(1024, most[i]);

		if (more > 5 * some)
			fail_msg("%zu edges a step: %zu, then %zu", most[i],
				 some, more);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_list_is_a_column),
		cmocka_unit_test(test_a_parallel_is_a_row_in_a_box),
		cmocka_unit_test(test_a_layer_is_below_all_that_it_waits_for),
		cmocka_unit_test(
		    test_what_goes_on_when_all_is_well_stands_first),
		cmocka_unit_test(test_a_join_goes_on_below_the_first),
		cmocka_unit_test(test_a_crowded_node_is_met_by_words),
		cmocka_unit_test(test_rails_have_room_in_their_box),
		cmocka_unit_test(
		    test_a_box_is_not_wrapped_for_the_words_beside_it),
		cmocka_unit_test(test_a_check_and_the_ends_of_a_flow_are_last),
		cmocka_unit_test(test_a_layer_too_wide_goes_on_below_in_words),
		cmocka_unit_test(test_a_cycle_ends),
		cmocka_unit_test(test_places_that_make_no_tree),
		cmocka_unit_test(test_boxes_in_boxes_have_an_end),
		cmocka_unit_test(test_any_plan_is_drawn_soundly),
		cmocka_unit_test(test_a_drawing_grows_with_its_nodes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
