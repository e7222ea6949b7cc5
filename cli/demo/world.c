/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "cli/demo/private.h"

#include <arpa/inet.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "engine/lang/ast.h"
#include "engine/edge/action.h"
#include "engine/edge/env.h"
#include "engine/core/call.h"

/*
 * The device when there is no namespace: two interfaces in memory shared with
 * the daemon's process.  There calls of snmp.* are answered out of it; here
 * its agent looks once a second and sends real trap datagrams.
 */
#define WORLD_LOOK_MS 1000

struct noc_demo_world {
	atomic_bool up;	    /* eth7; eth8 follows it */
	atomic_llong since; /* that it is so: boottime, in ms */
	atomic_bool silent; /* answers are lost */
	/* The agent, which only the parent has. */
	bool was_up;
	int64_t look_boot_ns;
	uint32_t sent;
};

/* ---- traps: BER written from the end ---- */

struct world_ber {
	uint8_t b[512];
	size_t at; /* first byte in use */
};

static void
ber_byte(struct world_ber *w, unsigned byte)
{
	NOC_REQUIRE(w->at > 0);
	w->b[--w->at] = (uint8_t)byte;
}

/* The tag and length of what was written since `end`. */
static void
ber_head(struct world_ber *w, unsigned tag, size_t end)
{
	size_t len = end - w->at;

	ber_byte(w, (unsigned)len & 0xff);
	if (len > 0xff) {
		ber_byte(w, (unsigned)len >> 8);
		ber_byte(w, 0x82);
	} else if (len > 0x7f) {
		ber_byte(w, 0x81);
	}
	ber_byte(w, tag);
}

static void
ber_bytes(struct world_ber *w, unsigned tag, const void *p, size_t len)
{
	const uint8_t *bytes = p;
	size_t end = w->at;

	while (len-- > 0)
		ber_byte(w, bytes[len]);
	ber_head(w, tag, end);
}

static void
ber_number(struct world_ber *w, unsigned tag, uint32_t n)
{
	size_t end = w->at;

	do {
		ber_byte(w, n & 0xff);
		n >>= 8;
	} while (n);
	if (w->b[w->at] & 0x80)
		ber_byte(w, 0);
	ber_head(w, tag, end);
}

/* An OID of small arcs, dotted. */
static void
ber_oid(struct world_ber *w, const char *text)
{
	uint8_t arcs[32] = { 0 };
	size_t n = 0;
	long first = strtol(text, NULL, 10);

	for (const char *p = strchr(text, '.'); p && n < sizeof(arcs);
	     p = strchr(p + 1, '.'))
		arcs[n++] = (uint8_t)strtol(p + 1, NULL, 10);
	arcs[0] = (uint8_t)(arcs[0] + first * 40);
	ber_bytes(w, 0x06, arcs, n);
}

static size_t
world_trap(struct noc_demo *d, bool up, struct world_ber *w)
{
	static const char *const columns[] = { "1.3.6.1.2.1.2.2.1.8.7",
					       "1.3.6.1.2.1.2.2.1.7.7",
					       "1.3.6.1.2.1.2.2.1.1.7" };
	const uint32_t values[] = { up ? 1 : 2, up ? 1 : 2, NOC_DEMO_IFINDEX };
	size_t end, one;
	struct in_addr agent;

	w->at = end = sizeof(w->b);
	inet_pton(AF_INET, d->agent, &agent);
	ber_bytes(w, 0x40, &agent, 4);
	ber_oid(w, "1.3.6.1.6.3.18.1.3.0"); /* snmpTrapAddress.0 */
	ber_head(w, 0x30, end);
	for (size_t i = 0; i < NOC_COUNT(columns); i++) {
		one = w->at;
		ber_number(w, 0x02, values[i]);
		ber_oid(w, columns[i]);
		ber_head(w, 0x30, one);
	}
	one = w->at;
	ber_oid(w, up ? "1.3.6.1.6.3.1.1.5.4" : "1.3.6.1.6.3.1.1.5.3");
	ber_oid(w, "1.3.6.1.6.3.1.1.4.1.0"); /* snmpTrapOID.0 */
	ber_head(w, 0x30, one);
	one = w->at;
	ber_number(w, 0x43, 100 * ++d->world->sent);
	ber_oid(w, "1.3.6.1.2.1.1.3.0"); /* sysUpTime.0 */
	ber_head(w, 0x30, one);
	ber_head(w, 0x30, end);
	ber_number(w, 0x02, 0);
	ber_number(w, 0x02, 0);
	ber_number(w, 0x02, d->world->sent);
	ber_head(w, 0xa7, end);
	ber_bytes(w, 0x04, "public", 6);
	ber_number(w, 0x02, 1); /* v2c */
	ber_head(w, 0x30, end);
	return w->at;
}

static void
world_tick(struct noc_demo *d)
{
	struct noc_demo_world *world = d->world;
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_port = htons((uint16_t)d->trap_port) };
	int64_t now = noc_clock_read().boot_ns;
	struct world_ber w;
	size_t at;
	bool up;
	int fd;

	if (now < world->look_boot_ns)
		return;
	world->look_boot_ns = now + WORLD_LOOK_MS * NOC_NS_PER_MS;
	up = atomic_load(&world->up);
	if (up == world->was_up)
		return;
	world->was_up = up;
	at = world_trap(d, up, &w);
	inet_pton(AF_INET, d->host, &to.sin_addr);
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	if (sendto(fd, w.b + at, sizeof(w.b) - at, 0, (struct sockaddr *)&to,
		   sizeof(to)) < 0)
		world->was_up = !up; /* the next look tries again */
	close(fd);
}

/* ---- the daemon's side ---- */

/* Its agent is as old as the machine. */
static int64_t
world_ms(void)
{
	return noc_clock_read().boot_ns / NOC_NS_PER_MS;
}

static void
world_be(struct noc_demo_world *world, bool up)
{
	atomic_store(&world->up, up);
	atomic_store(&world->since, world_ms());
}

/* One object of a GET, or a column of a walk. */
static struct noc_value *
world_object(struct noc_demo_world *world, const char *object, bool walk)
{
	static const char *const names[] = { "eth7", "eth8" };
	const char *state = atomic_load(&world->up) ? "up" : "down";
	struct noc_value *column;
	char index[16];

	if (!walk) {
		if (!strcmp(object, "ifAdminStatus.7") ||
		    !strcmp(object, "ifOperStatus.7"))
			return noc_value_str(state);
		if (!strcmp(object, "sysUpTime.0"))
			return noc_value_int(world_ms() / 10);
		if (!strcmp(object, "ifLastChange.7"))
			return noc_value_int(atomic_load(&world->since) / 10);
		return NULL;
	}
	column = noc_value_map();
	for (int i = 0; i < 2; i++) {
		snprintf(index, sizeof(index), "%d", NOC_DEMO_IFINDEX + i);
		if (!strcmp(object, "ifName") || !strcmp(object, "ifDescr"))
			noc_value_set(column, index, noc_value_str(names[i]));
		else if (!strcmp(object, "ifType"))
			noc_value_set(column, index,
				      noc_value_str("ethernetCsmacd"));
	}
	return column;
}

static void
world_set(struct noc_demo_world *world, const struct noc_member *m)
{
	struct noc_strbuf text = NOC_STRBUF_INIT;

	noc_value_text(m->value, &text);
	if (!strcmp(m->key, "ifAdminStatus.7") && text.p)
		world_be(world, !strcmp(text.p, "up") || !strcmp(text.p, "1"));
	noc_strbuf_release(&text);
}

int
noc_demo_simulate(struct noc_env *env, struct noc_call *call,
		  struct noc_err *err)
{
	struct noc_demo_world *world = env->simulate_arg;
	const char *name = call->ops->name;
	const struct noc_value *opts = noc_ast_opts(call->params);
	bool walk = !strcmp(name, "snmp.walk"), set = !strcmp(name, "snmp.set");
	struct noc_value *result;

	if (!walk && !set && strcmp(name, "snmp.get"))
		return noc_err_set(err, NOC_EDOWN,
				   "The simulated device knows no %s.", name);
	if (atomic_load(&world->silent))
		return 0; /* its time runs out */
	result = noc_value_map();
	for (size_t i = 0; i < noc_value_len(opts); i++) {
		const struct noc_member *m = &opts->u.map.at[i];
		struct noc_value *v = NULL;

		if (set)
			world_set(world, m);
		else if (m->value->type == NOC_STR)
			v = world_object(world, m->value->u.s.p, walk);
		if (v)
			noc_value_set(result, m->key, v);
	}
	noc_call_done(env, call, result, NULL);
	return 0;
}

/* ---- the parent's side ---- */

static int
world_open(struct noc_demo *d, struct noc_err *err)
{
	void *p = mmap(NULL, sizeof(*d->world), PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return noc_err_set(err, NOC_ERESOURCE, "No shared memory.");
	d->world = p;
	atomic_store(&d->world->up, true);
	d->world->was_up = true;
	snprintf(d->host, sizeof(d->host), "127.0.0.1");
	snprintf(d->agent, sizeof(d->agent), "198.51.100.2");
	return 0;
}

static int
world_start(struct noc_demo *d, struct noc_err *err)
{
	(void)d;
	(void)err;
	return 0;
}

static int
world_change(struct noc_demo *d, bool up, struct noc_err *err)
{
	(void)err;
	world_be(d->world, up);
	return 0;
}

static int
world_silence(struct noc_demo *d, struct noc_err *err)
{
	(void)err;
	atomic_store(&d->world->silent, true);
	return 0;
}

static bool
world_is_up(struct noc_demo *d)
{
	return atomic_load(&d->world->up);
}

static void
world_close(struct noc_demo *d)
{
	if (d->world)
		munmap(d->world, sizeof(*d->world));
	d->world = NULL;
}

const struct noc_demo_ops noc_demo_world = {
	.where = "an agent inside nocturne, eth7–eth8",
	.open = world_open,
	.start = world_start,
	.set = world_change,
	.silence = world_silence,
	.is_up = world_is_up,
	.tick = world_tick,
	.close = world_close,
};
