/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "net/loop.h"
#include "net/wall.h"

static struct noc_loop *loop;
static char trace[256];

static int
setup(void **state)
{
	(void)state;
	trace[0] = '\0';
	return noc_loop_new(&loop, NULL);
}

static int
teardown(void **state)
{
	(void)state;
	noc_loop_free(loop);
	return 0;
}

static void
note(void *arg)
{
	strcat(trace, arg);
}

static void
on_stop(void *arg)
{
	if (arg != NULL)
		note(arg);
	noc_loop_stop(loop);
}

static void
test_timers_fire_by_due_then_arming(void **state)
{
	static const char *names[] = { "a", "b", "c", "d" };
	static const int64_t ms[] = { 20, 5, 20, 1 };
	struct noc_watch *w[5];
	int64_t before = noc_clock_read().boot_ns;

	(void)state;
	for (int i = 0; i < 4; i++) {
		w[i] = noc_loop_timer(loop, note, (char *)(uintptr_t)names[i]);
		noc_timer_arm(w[i], ms[i]);
	}
	w[4] = noc_loop_timer(loop, on_stop, NULL);
	noc_timer_arm(w[4], 30);
	assert_true(noc_timer_armed(w[4]));
	assert_int_equal(noc_loop_run(loop), 0);
	assert_string_equal(trace, "dbac");
	assert_false(noc_timer_armed(w[4]));
	assert_true(noc_clock_read().boot_ns - before >= 30 * NOC_NS_PER_MS);
	for (int i = 0; i < 5; i++)
		noc_watch_free(w[i]);
}

static void
test_timer_disarm_and_rearm(void **state)
{
	struct noc_watch *a = noc_loop_timer(loop, note, (char[]){ "a" });
	struct noc_watch *b = noc_loop_timer(loop, note, (char[]){ "b" });
	struct noc_watch *stop = noc_loop_timer(loop, on_stop, NULL);

	(void)state;
	noc_timer_arm(a, 1);
	noc_timer_arm(b, 5000);
	noc_timer_arm(b, 2); /* moved, not added */
	noc_timer_disarm(a);
	noc_timer_arm(stop, 20);
	noc_loop_run(loop);
	assert_string_equal(trace, "b");
	noc_watch_free(a);
	noc_watch_free(b);
	noc_watch_free(stop);
}

#define MANY 2000

struct many {
	struct noc_watch *w[MANY];
	int64_t due[MANY];
	int64_t last;
	int fired, wrong;
};

struct one {
	struct many *m;
	int i;
};

static void
on_many(void *arg)
{
	struct one *o = arg;

	if (o->m->due[o->i] < o->m->last)
		o->m->wrong++;
	o->m->last = o->m->due[o->i];
	if (++o->m->fired == MANY / 2)
		noc_loop_stop(loop);
}

static void
test_many_timers_keep_order(void **state)
{
	struct many *m = calloc(1, sizeof(*m));
	struct one *o = calloc(MANY, sizeof(*o));

	(void)state;
	srand(7);
	for (int i = 0; i < MANY; i++) {
		o[i] = (struct one){ m, i };
		m->w[i] = noc_loop_timer(loop, on_many, &o[i]);
		m->due[i] = rand() % 40;
		noc_timer_arm(m->w[i], m->due[i]);
	}
	for (int i = 0; i < MANY; i += 2) /* from anywhere in the heap */
		noc_timer_disarm(m->w[i]);
	noc_loop_run(loop);
	assert_int_equal(m->fired, MANY / 2);
	assert_int_equal(m->wrong, 0);
	for (int i = 0; i < MANY; i++)
		noc_watch_free(m->w[i]);
	free(o);
	free(m);
}

static struct noc_watch *again;

static void
on_again(void *arg)
{
	(void)arg;
	if (strlen(trace) < 200) {
		strcat(trace, "t");
		noc_timer_arm(again, 0);
	}
}

static void
on_read(int fd, int events, void *arg)
{
	char c;

	(void)arg;
	assert_int_equal(events, NOC_LOOP_READ);
	assert_int_equal(read(fd, &c, 1), 1);
	strcat(trace, "r");
	noc_loop_stop(loop);
}

static void
test_timer_at_once_does_not_starve_descriptors(void **state)
{
	int p[2];
	struct noc_watch *w;

	(void)state;
	assert_int_equal(pipe(p), 0);
	again = noc_loop_timer(loop, on_again, NULL);
	noc_timer_arm(again, 0);
	w = noc_loop_fd(loop, p[0], NOC_LOOP_READ, on_read, NULL);
	assert_int_equal(write(p[1], "x", 1), 1);
	noc_loop_run(loop);
	assert_true(strlen(trace) < 10);
	noc_watch_free(again);
	noc_watch_free(w);
	close(p[0]);
	close(p[1]);
}

static void
defer_more(void *arg)
{
	static char third[] = "3", fourth[] = "4";

	(void)arg;
	strcat(trace, "1");
	noc_loop_defer(loop, on_stop, third);
	noc_loop_defer(loop, note, fourth);
	strcat(trace, "2");
}

static void
test_deferred_run_in_order_and_never_nested(void **state)
{
	static char last[] = "x";

	(void)state;
	noc_loop_defer(loop, defer_more, NULL);
	noc_loop_defer(loop, note, last);
	noc_loop_run(loop);
	assert_string_equal(trace, "12x34");
}

static void
test_level_triggered_pause_and_write(void **state)
{
	int p[2];
	struct noc_watch *w, *t;

	(void)state;
	assert_int_equal(pipe(p), 0);
	assert_int_equal(write(p[1], "xy", 2), 2);
	w = noc_loop_fd(loop, p[0], NOC_LOOP_READ, on_read, NULL);
	noc_loop_run(loop); /* one byte is left: it must fire again */
	assert_string_equal(trace, "r");
	noc_watch_events(w, 0);
	t = noc_loop_timer(loop, on_stop, (char[]){ "-" });
	noc_timer_arm(t, 10);
	noc_loop_run(loop);
	noc_watch_events(w, NOC_LOOP_READ);
	noc_loop_run(loop);
	assert_string_equal(trace, "r-r");
	noc_watch_free(w);
	noc_watch_free(t);
	close(p[0]);
	close(p[1]);
}

static struct noc_watch *pair[2];
static int pair_fired;

static void
on_pair(int fd, int events, void *arg)
{
	(void)fd;
	(void)events;
	(void)arg;
	pair_fired++;
	/* Both are readable in this turn; each frees itself and the other. */
	noc_watch_free(pair[0]);
	noc_watch_free(pair[1]);
	noc_loop_defer(loop, on_stop, NULL);
}

static void
test_freed_inside_a_callback(void **state)
{
	int p[2];

	(void)state;
	pair_fired = 0;
	assert_int_equal(pipe(p), 0);
	assert_int_equal(write(p[1], "x", 1), 1);
	pair[0] = noc_loop_fd(loop, p[0], NOC_LOOP_READ, on_pair, NULL);
	pair[1] = noc_loop_fd(loop, p[1], NOC_LOOP_WRITE, on_pair, NULL);
	noc_loop_run(loop);
	assert_int_equal(pair_fired, 1);
	noc_watch_free(NULL);
	close(p[0]);
	close(p[1]);
}

static struct noc_now seen[2];
static int nseen;

static void
on_look(void *arg)
{
	struct timespec ts = { 0, 2000000 };

	(void)arg;
	seen[nseen++] = noc_loop_now(loop);
	nanosleep(&ts, NULL);
	if (nseen == 2)
		noc_loop_stop(loop);
}

static void
test_now_stands_still_within_a_turn(void **state)
{
	struct noc_now after;

	(void)state;
	nseen = 0;
	noc_loop_defer(loop, on_look, NULL);
	noc_loop_defer(loop, on_look, NULL);
	noc_loop_run(loop);
	assert_int_equal(seen[0].boot_ns, seen[1].boot_ns);
	assert_int_equal(seen[0].wall_ns, seen[1].wall_ns);
	after = noc_loop_now(loop);
	assert_true(after.boot_ns >= seen[0].boot_ns + 4 * NOC_NS_PER_MS);
	assert_true(noc_loop_turn_max(loop, true) >= 4 * NOC_NS_PER_MS);
	assert_int_equal(noc_loop_turn_max(loop, false), 0);
}

static void
on_signal(int signo, void *arg)
{
	assert_int_equal(signo, SIGUSR1);
	on_stop(arg);
}

static void
raise_it(void *arg)
{
	(void)arg;
	raise(SIGUSR1);
}

static void
test_signal(void **state)
{
	struct noc_watch *w =
	    noc_loop_signal(loop, SIGUSR1, on_signal, (char[]){ "s" });

	(void)state;
	noc_loop_defer(loop, raise_it, NULL);
	noc_loop_run(loop);
	assert_string_equal(trace, "s");
	noc_watch_free(w);
}

/* Nobody sets the clock here; the kernel does not say so either. */
static void
test_the_wall_clock_was_not_set(void **state)
{
	struct noc_wall *wall = noc_wall_new(loop, on_stop, (char[]){ "w" });
	struct noc_watch *end = noc_loop_timer(loop, on_stop, (char[]){ "t" });

	(void)state;
	assert_non_null(wall);
	noc_timer_arm(end, 20);
	noc_loop_run(loop);
	assert_string_equal(trace, "t");
	noc_watch_free(end);
	noc_wall_free(wall);
	noc_wall_free(NULL);
}

static void
on_stand(void *arg)
{
	(void)arg;
	assert_int_equal(noc_loop_now(loop).stood_ns, 0);
	usleep(1000 * (NOC_LOOP_STOOD_NS / NOC_NS_PER_MS + 50));
}

static void
on_gone_on(void *arg)
{
	*(struct noc_now *)arg = noc_loop_now(loop);
	noc_loop_stop(loop);
}

/* So long between two turns is said with each `now` from then on. */
static void
test_it_knows_that_it_stood_still(void **state)
{
	struct noc_now now = { 0 };
	struct noc_watch *stand, *gone_on;

	(void)state;
	stand = noc_loop_timer(loop, on_stand, NULL);
	gone_on = noc_loop_timer(loop, on_gone_on, &now);
	noc_timer_arm(stand, 1);
	noc_timer_arm(gone_on, 100);
	noc_loop_run(loop);
	assert_true(now.stood_ns > 0 && now.stood_ns == now.boot_ns);
	noc_watch_free(stand);
	noc_watch_free(gone_on);
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_timers_fire_by_due_then_arming),
		T(test_timer_disarm_and_rearm),
		T(test_it_knows_that_it_stood_still),
		T(test_many_timers_keep_order),
		T(test_timer_at_once_does_not_starve_descriptors),
		T(test_deferred_run_in_order_and_never_nested),
		T(test_level_triggered_pause_and_write),
		T(test_freed_inside_a_callback),
		T(test_now_stands_still_within_a_turn),
		T(test_signal),
		T(test_the_wall_clock_was_not_set),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
