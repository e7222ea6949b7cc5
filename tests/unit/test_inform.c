/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "tests/unit/correlate_fixture.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/loop.h"
#include "engine/memory/dedup.h"
#include "engine/memory/inform.h"
#include "snmp/snmp.h"
#include "sensors/sensors.h"

/* INFORMs at the sensor's own socket: how many wait for the disk. */

#define WAITING_MAX 4096

static unsigned answered;

static void
on_send(void *arg, const uint8_t *p, size_t len, const struct sockaddr *to,
	socklen_t to_len)
{
	(void)arg;
	(void)p;
	(void)len;
	(void)to;
	(void)to_len;
	answered++;
}

static const struct noc_sensor_ops *
sensor(const char *name)
{
	const struct noc_sensor_ops *ops;
	size_t i = 0;

	while ((ops = noc_sensor_at(i)) && strcmp(ops->name, name))
		i++;
	NOC_REQUIRE(ops != NULL);
	return ops;
}

/* A notification of the community public: its request id is `id`, and its last
 * arc is n. */
static void
inform_of(int fd, uint32_t id, uint8_t n)
{
	static uint8_t p[] = { 0x30, 0x4a, 0x02, 0x01, 0x01, 0x04, 0x06, 'p',
			       'u',  'b',  'l',	 'i',  'c',  0xa6, 0x3d, 0x02,
			       0x04, 0,	   0,	 0,    0,    0x02, 0x01, 0x00,
			       0x02, 0x01, 0x00, 0x30, 0x2f, 0x30, 0x0f, 0x06,
			       0x08, 0x2b, 0x06, 0x01, 0x02, 0x01, 0x01, 0x03,
			       0x00, 0x43, 0x03, 0x02, 0x30, 0x39, 0x30, 0x1c,
			       0x06, 0x0a, 0x2b, 0x06, 0x01, 0x06, 0x03, 0x01,
			       0x01, 0x04, 0x01, 0x00, 0x06, 0x0e, 0x2b, 0x06,
			       0x01, 0x04, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01,
			       0x01, 0x01, 0x01, 0x01 };

	id |= 0x10000000; /* four bytes, whatever it is */
	for (int i = 0; i < 4; i++)
		p[17 + i] = (uint8_t)(id >> (24 - 8 * i));
	p[sizeof(p) - 1] = n;
	assert_int_equal(send(fd, p, sizeof(p), 0), sizeof(p));
}

static void
inform(int fd, uint32_t id)
{
	inform_of(fd, id, 1);
}

static void
on_stop(void *arg)
{
	noc_loop_stop(arg);
}

/* Until so many were received, a turn of the loop after the other. */
static void
receive(struct fix *f, const struct noc_source *source, uint64_t n)
{
	struct noc_watch *w = noc_loop_timer(f->env.loop, on_stop, f->env.loop);

	for (int i = 0; i < 60000 && source->received < n; i++) {
		noc_timer_arm(w, 1);
		noc_loop_run(f->env.loop);
	}
	noc_watch_free(w);
	assert_int_equal(source->received, n);
}

static int
dial(const char *address)
{
	struct sockaddr_in to = { .sin_family = AF_INET };
	const char *colon = strrchr(address, ':');
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	to.sin_port = htons((uint16_t)atoi(colon ? colon + 1 : "0"));
	assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	return fd;
}

struct bench {
	struct fix f;
	struct noc_value *config;
	struct noc_mib *mib;
	const struct noc_sensor_ops *ops;
	void *instance;
	struct noc_source *source;
	int fd;
};

static void
bench_open(struct bench *b)
{
	struct noc_snmp_options opt = { .engine_id = "80001f8805aabbccddeeff",
					.send = on_send };
	struct noc_value *list = noc_value_list();
	struct noc_strbuf where = NOC_STRBUF_INIT;
	struct noc_err err;

	memset(b, 0, sizeof(*b));
	answered = 0;
	b->ops = sensor("snmp.trap");
	b->config = noc_value_map();
	b->mib = noc_mib_new();
	opt.mib = b->mib;
	noc_value_push(list, noc_value_str("public"));
	noc_value_set(b->config, "traps", noc_value_str("127.0.0.1:0"));
	noc_value_set(b->config, "traps.communities", list);
	assert_int_equal(noc_loop_new(&b->f.env.loop, &err), 0);
	assert_int_equal(
	    noc_snmp_open(b->f.env.loop, &opt, &b->f.env.snmp, &err), 0);
	b->f.env.config = b->config;
	fix_open(&b->f, "rule \"r\" { on = \"x.y\", run = log \"x\" }");
	if (b->ops->open(&b->f.env, &b->instance, &err))
		fail_msg("%s", err.msg);
	b->ops->describe(b->instance, &where);
	b->fd = dial(where.p);
	b->source = noc_source_new(b->f.core, "snmp.inform", "snmp.trap", true);
	noc_strbuf_release(&where);
}

static void
bench_close(struct bench *b)
{
	close(b->fd);
	b->ops->close(b->instance);
	cor_close(&b->f);
	noc_snmp_close(b->f.env.snmp);
	noc_loop_free(b->f.env.loop);
	noc_mib_free(b->mib);
	noc_value_free(b->config);
}

/* At the cap one more is not taken, nor answered: it is sent again. */
static void
test_4096_informs_wait_for_the_disk(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b);
	b.f.hold_durable = true;
	for (unsigned i = 1; i <= WAITING_MAX; i++) {
		inform(b.fd, i);
		if (i % 64 == 0)
			receive(&b.f, b.source, i);
	}
	assert_int_equal(b.source->shed, 0);
	inform(b.fd, WAITING_MAX + 1);
	inform(b.fd, 7); /* sent again: it waits with the first */
	receive(&b.f, b.source, WAITING_MAX + 2);
	assert_int_equal(b.source->shed, 1);
	assert_int_equal(b.source->duplicate, 1);
	assert_int_equal(answered, 0);
	b.f.hold_durable = false;
	fix_pump(&b.f);
	assert_int_equal(answered, WAITING_MAX + 1);
	/* What was shed comes again, and is taken now. */
	inform(b.fd, WAITING_MAX + 1);
	receive(&b.f, b.source, WAITING_MAX + 3);
	fix_pump(&b.f);
	assert_int_equal(b.source->shed, 1);
	assert_int_equal(answered, WAITING_MAX + 2);
	bench_close(&b);
}

/* One request id twice is one INFORM only when it says the same: while the
 * first waits for the disk, and after it was answered. */
static void
test_what_it_says_tells_it_apart(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b);
	b.f.hold_durable = true;
	for (uint8_t n = 1; n <= 4; n++)
		inform_of(b.fd, 7, n);
	inform_of(b.fd, 7, 2);
	receive(&b.f, b.source, 5);
	assert_int_equal(b.source->duplicate, 1);
	b.f.hold_durable = false;
	fix_pump(&b.f);
	assert_int_equal(answered, 5);
	assert_int_equal(fix_count(&b.f, "EVENT"), 4);
	for (uint8_t n = 1; n <= 5; n++)
		inform_of(b.fd, 7, n);
	receive(&b.f, b.source, 10);
	fix_pump(&b.f);
	assert_int_equal(b.source->duplicate, 5);
	assert_int_equal(answered, 10);
	assert_int_equal(fix_count(&b.f, "EVENT"), 5);
	/* Five minutes later nobody sends it again: it is a new one. */
	fix_advance(&b.f, 5 * 60 * 1000);
	inform_of(b.fd, 7, 1);
	receive(&b.f, b.source, 11);
	fix_pump(&b.f);
	assert_int_equal(b.source->duplicate, 5);
	bench_close(&b);
}

/* Rows of earlier versions do not say what it said: what they name is no
 * news. */
static void
test_an_inform_of_before(void **state)
{
	struct noc_inform i = { "sw1", "sw1/7075//7/ab12", false };
	struct fix f = { 0 };

	(void)state;
	fix_open(&f, "rule \"r\" { on = \"x.y\", run = log \"x\" }");
	noc_core_begin(f.core, f.now);
	assert_false(noc_inform_repeats(f.core, &i));
	assert_false(noc_dedup_repeats(f.core, "inform",
				       noc_slice_str("sw1/7075//7"), 300000));
	assert_true(noc_inform_repeats(f.core, &i));
	i.key = "sw1/7075//8/ab12";
	assert_false(noc_inform_repeats(f.core, &i));
	noc_core_end(f.core);
	fix_close(&f);
}

static bool
repeats(struct fix *f, const char *host, unsigned n, bool low)
{
	char key[16];
	struct noc_inform i = { host, key, low };
	bool was;

	snprintf(key, sizeof(key), "%u", n);
	noc_core_begin(f->core, f->now);
	was = noc_inform_repeats(f->core, &i);
	if (!was)
		noc_inform_keep(f->core, &i);
	noc_core_end(f->core);
	fix_pump(f);
	return was;
}

/* 4,096 of one sender and 65,536 of all: a sender gives up its own oldest, and
 * who is not in the inventory makes room for who is, never the other way. */
static void
test_each_sender_has_its_share(void **state)
{
	struct fix f = { 0 };
	char host[32];

	(void)state;
	fix_open(&f, "rule \"r\" { on = \"x.y\", run = log \"x\" }");
	assert_false(repeats(&f, "sw1", 0, false));
	noc_core_begin(f.core, f.now);
	for (unsigned i = 0; i < 4097; i++)
		assert_false(repeats(&f, "sw2", i, false));
	assert_true(repeats(&f, "sw2", 1, false));
	assert_false(repeats(&f, "sw2", 0, false)); /* for which 1 goes */
	for (unsigned i = 0; i < 70000; i++) {
		snprintf(host, sizeof(host), "10.0.%u.%u", i >> 8, i & 255);
		assert_false(repeats(&f, host, 1, true));
	}
	noc_core_end(f.core);
	fix_pump(&f);
	assert_true(repeats(&f, "sw1", 0, false));
	assert_true(repeats(&f, "sw2", 4096, false));
	assert_false(repeats(&f, "10.0.0.0", 1, true));
	assert_true(repeats(&f, host, 1, true));
	assert_int_equal(fix_said(&f, "notify noc: limit informs reached"), 1);
	fix_close(&f);
}

/* All 65,536 of devices: a stranger's is not remembered, and pushes none out.
 */
static void
test_a_stranger_makes_no_room(void **state)
{
	struct fix f = { 0 };
	char host[32];

	(void)state;
	fix_open(&f, "rule \"r\" { on = \"x.y\", run = log \"x\" }");
	noc_core_begin(f.core, f.now);
	for (unsigned i = 0; i < 65536; i++) {
		snprintf(host, sizeof(host), "sw%u", i / 4096);
		assert_false(repeats(&f, host, i, false));
	}
	assert_false(repeats(&f, "10.0.0.1", 1, true));
	assert_false(repeats(&f, "10.0.0.1", 1, true));
	assert_true(repeats(&f, "sw0", 0, false));
	/* A device's takes the place of the oldest. */
	assert_false(repeats(&f, "sw99", 1, false));
	assert_true(repeats(&f, "sw99", 1, false));
	assert_false(repeats(&f, "sw0", 0, false));
	noc_core_end(f.core);
	fix_close(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_4096_informs_wait_for_the_disk),
		cmocka_unit_test(test_what_it_says_tells_it_apart),
		cmocka_unit_test(test_an_inform_of_before),
		cmocka_unit_test(test_each_sender_has_its_share),
		cmocka_unit_test(test_a_stranger_makes_no_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
