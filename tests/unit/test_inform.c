/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "tests/unit/correlate_fixture.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/loop.h"
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

/* A linkDown of the community public; its request id is `id`. */
static void
inform(int fd, uint32_t id)
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
	assert_int_equal(send(fd, p, sizeof(p), 0), sizeof(p));
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

/* At the cap one more is not taken, nor answered: it is sent again. */
static void
test_4096_informs_wait_for_the_disk(void **state)
{
	struct noc_snmp_options opt = { .engine_id = "80001f8805aabbccddeeff",
					.send = on_send };
	const struct noc_sensor_ops *ops = sensor("snmp.trap");
	struct noc_value *config = noc_value_map(), *list = noc_value_list();
	struct noc_strbuf where = NOC_STRBUF_INIT;
	struct noc_mib *mib = noc_mib_new();
	struct noc_source *source;
	struct fix f = { 0 };
	struct noc_err err;
	void *instance;
	int fd;

	(void)state;
	opt.mib = mib;
	noc_value_push(list, noc_value_str("public"));
	noc_value_set(config, "traps", noc_value_str("127.0.0.1:0"));
	noc_value_set(config, "traps.communities", list);
	assert_int_equal(noc_loop_new(&f.env.loop, &err), 0);
	assert_int_equal(noc_snmp_open(f.env.loop, &opt, &f.env.snmp, &err), 0);
	f.env.config = config;
	fix_open(&f, "rule \"r\" { on = \"x.y\", run = log \"x\" }");
	if (ops->open(&f.env, &instance, &err))
		fail_msg("%s", err.msg);
	ops->describe(instance, &where);
	fd = dial(where.p);
	source = noc_source_new(f.core, "snmp.inform", "snmp.trap", true);

	f.hold_durable = true;
	for (unsigned i = 1; i <= WAITING_MAX; i++) {
		inform(fd, i);
		if (i % 64 == 0)
			receive(&f, source, i);
	}
	assert_int_equal(source->shed, 0);
	inform(fd, WAITING_MAX + 1);
	inform(fd, 7); /* sent again: it waits with the first */
	receive(&f, source, WAITING_MAX + 2);
	assert_int_equal(source->shed, 1);
	assert_int_equal(source->duplicate, 1);
	assert_int_equal(answered, 0);
	f.hold_durable = false;
	fix_pump(&f);
	assert_int_equal(answered, WAITING_MAX + 1);
	/* What was shed comes again, and is taken now. */
	inform(fd, WAITING_MAX + 1);
	receive(&f, source, WAITING_MAX + 3);
	fix_pump(&f);
	assert_int_equal(source->shed, 1);
	assert_int_equal(answered, WAITING_MAX + 2);

	close(fd);
	ops->close(instance);
	cor_close(&f);
	noc_snmp_close(f.env.snmp);
	noc_loop_free(f.env.loop);
	noc_mib_free(mib);
	noc_strbuf_release(&where);
	noc_value_free(config);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_4096_informs_wait_for_the_disk),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
