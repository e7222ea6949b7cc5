/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "base/id.h"

#include <pthread.h>
#include <stddef.h>
#include <string.h>

#include "base/clock.h"
#include "base/crypto.h"
#include "base/err.h"
#include "base/hex.h"

/*
 * The 74 bits of a UUIDv7 after the time are kept as hi (12) and lo (62).  A
 * new millisecond draws them anew, the same millisecond adds a random step
 * (RFC 9562 §6.2 method 2), so that ids of one process always rise.
 */
#define ID_LO_BITS 62

static pthread_mutex_t id_lock = PTHREAD_MUTEX_INITIALIZER;
static uint64_t id_ms, id_lo;
static uint32_t id_hi;
static bool id_seeded;
static uint8_t id_pool[512];
static size_t id_pool_left;

static uint64_t
id_random(void)
{
	uint64_t r;

	if (id_pool_left < sizeof(r)) {
		noc_random(id_pool, sizeof(id_pool));
		id_pool_left = sizeof(id_pool);
	}
	id_pool_left -= sizeof(r);
	memcpy(&r, id_pool + id_pool_left, sizeof(r));
	return r;
}

static void
id_put_time(struct noc_id *id, uint64_t ms)
{
	for (int i = 0; i < 6; i++)
		id->b[i] = (uint8_t)(ms >> (40 - 8 * i));
}

static void
id_put_version(struct noc_id *id, unsigned version)
{
	id->b[6] = (uint8_t)(version << 4 | (id->b[6] & 0x0f));
	id->b[8] = (uint8_t)(0x80 | (id->b[8] & 0x3f));
}

/* Called with the lock held: the state becomes that of the next id. */
static void
id_advance(uint64_t ms)
{
	uint64_t step = id_seeded ? 1 : 1 + (id_random() & 0xffffffff);

	if (ms > id_ms) {
		id_ms = ms;
		if (!id_seeded) {
			/* The top bit is left clear as room to count. */
			id_hi = (uint32_t)id_random() & 0x7ff;
			id_lo = id_random() >> (64 - ID_LO_BITS);
			return;
		}
	}
	id_lo += step;
	if (id_lo >> ID_LO_BITS) {
		id_lo &= (1ULL << ID_LO_BITS) - 1;
		if (++id_hi > 0xfff) {
			id_hi = 0;
			id_ms++;
		}
	}
}

struct noc_id
noc_id_new(int64_t wall_ns)
{
	uint64_t ms = wall_ns > 0 ? (uint64_t)(wall_ns / NOC_NS_PER_MS) : 0;
	struct noc_id id;

	pthread_mutex_lock(&id_lock);
	id_advance(ms);
	id_put_time(&id, id_ms);
	id.b[6] = (uint8_t)(id_hi >> 8);
	id.b[7] = (uint8_t)id_hi;
	for (int i = 0; i < 8; i++)
		id.b[8 + i] = (uint8_t)(id_lo >> (56 - 8 * i));
	pthread_mutex_unlock(&id_lock);
	id_put_version(&id, 7);
	return id;
}

struct noc_id
noc_id_run(int64_t event_wall_ns, const struct noc_id *event, const char *rule,
	   const uint8_t definition[32])
{
	struct noc_sha256 *h = noc_sha256_new();
	uint8_t digest[32];
	struct noc_id id;

	/* The NUL after the rule's name keeps the three parts apart. */
	noc_sha256_begin(h);
	noc_sha256_add(h, event->b, sizeof(event->b));
	noc_sha256_add(h, rule, strlen(rule) + 1);
	noc_sha256_add(h, definition, 32);
	noc_sha256_end(h, digest);
	noc_sha256_free(h);

	id_put_time(&id, event_wall_ns > 0
			     ? (uint64_t)(event_wall_ns / NOC_NS_PER_MS)
			     : 0);
	memcpy(id.b + 6, digest, 10);
	id_put_version(&id, 8); /* RFC 9562 §5.8: our own layout */
	return id;
}

char *
noc_id_format(char buf[NOC_ID_TEXT], const struct noc_id *id)
{
	char *p = buf;

	for (int i = 0; i < 16; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			*p++ = '-';
		noc_hex(p, id->b + i, 1);
		p += 2;
	}
	return buf;
}

int
noc_id_parse(const char *text, struct noc_id *id)
{
	struct noc_id out;
	size_t at = 0;

	if (strnlen(text, NOC_ID_TEXT) != NOC_ID_TEXT - 1)
		return NOC_EINPUT;
	for (size_t i = 0; i < 16; i++) {
		size_t one = 1;

		if ((i == 4 || i == 6 || i == 8 || i == 10) &&
		    text[at++] != '-')
			return NOC_EINPUT;
		if (noc_unhex(text + at, 2, out.b + i, &one))
			return NOC_EINPUT;
		at += 2;
	}
	*id = out;
	return 0;
}

int
noc_id_range(const char *text, uint8_t lo[16], uint8_t hi[16])
{
	unsigned n = 0;

	memset(lo, 0, 16);
	memset(hi, 0xff, 16);
	for (; *text; text++) {
		int digit = noc_hex_digit(*text);
		unsigned v, shift = n & 1 ? 0 : 4;

		if (*text == '-')
			continue;
		if (digit < 0 || n == 32)
			return NOC_EINPUT;
		v = (unsigned)digit;
		lo[n / 2] = (uint8_t)(lo[n / 2] | v << shift);
		hi[n / 2] =
		    (uint8_t)((hi[n / 2] & ~(15u << shift)) | v << shift);
		n++;
	}
	return n >= 4 ? 0 : NOC_EINPUT;
}

bool
noc_id_is_zero(const struct noc_id *id)
{
	static const struct noc_id zero;

	return !memcmp(id, &zero, sizeof(zero));
}

void
noc_id_seed(uint64_t seed)
{
	uint64_t z = seed + 0x9e3779b97f4a7c15ULL;

	/* splitmix64's finisher: near seeds give far ids. */
	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
	z ^= z >> 31;
	pthread_mutex_lock(&id_lock);
	id_seeded = true;
	id_ms = 0;
	id_hi = (uint32_t)(z >> 52) & 0x7ff;
	id_lo = (z & 0x3fffffff) << 32;
	pthread_mutex_unlock(&id_lock);
}
