/* SPDX-License-Identifier: ISC */
/*
 * A journal that somebody changed.  The input is changes to a good database,
 * six bytes each: how, where (three), what (two).  Whatever they are, a start
 * can look at it and the verifier ends; it says OK only of the same journal.
 *
 * Of: store/verify*.c store/load.c store/load_check.c store/db.c
 * store/chain.c store/anchor.c
 */
#include "config.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "store/load.h"
#include "store/verify.h"
#include "store/writer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHANGES_MAX 16
#define CHANGE	    6
#define ROWS	    12
#define TIME(i)	    (1795515010 * NOC_NS_PER_S + (i)*NOC_NS_PER_MS)

static char *dir, *path, *vkey;
static uint8_t *good, *anchor;
static size_t good_len, anchor_len;
static struct noc_verify_result was;

static void
on_log(enum noc_level level, const char *room, const char *line, void *arg)
{
	(void)level;
	(void)room;
	(void)line;
	(void)arg;
}

/* ---- a state directory, while it is looked at ---- */

static void
dir_make(void)
{
	const char *tmp = getenv("TMPDIR");

	dir = noc_asprintf("%s/noc-fuzz-XXXXXX", tmp ? tmp
						 : !access("/dev/shm", W_OK)
						     ? "/dev/shm"
						     : "/tmp");
	if (!mkdtemp(dir))
		abort();
	path = noc_asprintf("%s/nocturne.db", dir);
}

static void
dir_remove(void)
{
	struct dirent **names;
	int n = scandir(dir, &names, NULL, NULL);

	for (int i = 0; i < n; i++) {
		char *name = noc_asprintf("%s/%s", dir, names[i]->d_name);

		unlink(name);
		free(name);
		free(names[i]);
	}
	if (n >= 0)
		free(names);
	rmdir(dir);
	free(dir);
	free(path);
}

static uint8_t *
slurp(const char *name, size_t *len)
{
	char *full = noc_asprintf("%s/%s", dir, name);
	int fd = open(full, O_RDONLY | O_CLOEXEC);
	struct stat st;
	uint8_t *p;

	if (fd < 0 || fstat(fd, &st))
		abort();
	*len = (size_t)st.st_size;
	p = noc_calloc(1, *len + 1);
	if (read(fd, p, *len) != (ssize_t)*len)
		abort();
	close(fd);
	free(full);
	return p;
}

static void
spill(const char *name, const uint8_t *p, size_t len)
{
	char *full = noc_asprintf("%s/%s", dir, name);
	int fd = open(full, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0 || write(fd, p, len) != (ssize_t)len)
		abort();
	close(fd);
	free(full);
}

/* ---- the good one ---- */

static struct noc_txn *
transaction(unsigned i)
{
	struct noc_now now = { TIME(i), TIME(i), 0 };
	struct noc_txn *txn = noc_txn_new(now);
	struct noc_record *r = noc_txn_record(txn, NOC_REC_EVENT);
	struct noc_value *v = noc_value_map();
	struct noc_event_row event = { .id = { .b = { (uint8_t)i, 1 } },
				       .received_ns = now.wall_ns,
				       .kind = "link.down",
				       .source = "syslog.udp",
				       .origin = noc_slice_str("192.0.2.1"),
				       .device = noc_slice_str("sw1"),
				       .fate = "matched",
				       .json = v };
	struct noc_run_row run = { .id = { .b = { (uint8_t)i, 2 } },
				   .rule = "heal",
				   .key = "sw1",
				   .device = "sw1",
				   .mode = "active",
				   .state = i % 2 ? "Running" : "Succeeded",
				   .phase = "",
				   .outcome = "",
				   .started_ns = now.wall_ns,
				   .ended_ns = i % 2 ? 0 : now.wall_ns,
				   .json = v };
	struct noc_step_row step = { .run = run.id,
				     .path = "look",
				     .item = -1,
				     .attempt = 1,
				     .state = "Running",
				     .json = v };
	char key[16];

	noc_value_set(v, "text", noc_value_str("%LINK-3-UPDOWN: Gi0/1 down"));
	noc_record_add_id(r, NOC_TAG_EVENT, &event.id);
	noc_record_adds(r, NOC_TAG_TARGET, "sw1");
	noc_record_addf(r, NOC_TAG_DETAIL, "{\"i\":%u}", i);
	noc_txn_event(txn, &event);
	noc_txn_run(txn, &run);
	noc_txn_step(txn, &step);
	snprintf(key, sizeof(key), "k%u", i);
	noc_txn_live_put(txn, "counter", key, 0, v);
	noc_value_free(v);
	return txn;
}

static void
verify(struct noc_verify_result *out, int *rc)
{
	char *file = noc_asprintf("%s/anchor.log", dir);
	const struct noc_verify_options opt = { .db = path,
						.anchor = file,
						.vkey = vkey };
	struct noc_err err = { 0 };

	*rc = noc_verify(&opt, out, &err);
	NOC_REQUIRE(*rc == 0 ? out->message[0] : err.msg[0]);
	free(file);
}

static void
open_once(void)
{
	struct noc_writer_options opt = { .site = "noc.example",
					  .anchor = true };
	struct noc_writer *w;
	struct noc_err err;
	char *said = NULL;
	size_t len;
	int rc;

	noc_log_sink_set(on_log, NULL);
	dir_make();
	opt.state_dir = dir;
	if (noc_writer_open(&opt, &w, &said, &err))
		abort();
	for (unsigned i = 0; i < ROWS; i++)
		noc_writer_submit(w, transaction(i));
	noc_writer_close(w, 60000);
	good = slurp("nocturne.db", &good_len);
	anchor = slurp("anchor.log", &anchor_len);
	vkey = (char *)slurp("audit.vkey", &len);
	vkey[strcspn(vkey, "\n")] = '\0';
	verify(&was, &rc);
	NOC_REQUIRE(rc == 0 && was.verdict == NOC_VERDICT_OK);
	dir_remove();
}

/* ---- the changed one ---- */

/* The new length. */
static size_t
change(uint8_t *p, size_t len, const uint8_t c[CHANGE])
{
	size_t at = (size_t)(c[1] << 16 | c[2] << 8 | c[3]) % len;
	size_t from = (size_t)(c[4] << 8 | c[5]) * 8 % len, n = 1;

	switch (c[0] % 5) {
	case 0:
		p[at] = c[4];
		break;
	case 1:
		p[at] ^= (uint8_t)(1 << c[4] % 8);
		break;
	case 2: /* some of elsewhere */
		n = 1u + c[0] / 5;
		n = n < len - at ? n : len - at;
		memmove(p + at, p + from, n < len - from ? n : len - from);
		break;
	case 3: /* a page of zeros */
		at -= at % 4096;
		memset(p + at, 0, len - at < 4096 ? len - at : 4096);
		break;
	default: /* its end is missing */
		len = at + 1;
	}
	return len;
}

static void
on_live(const char *kind, const char *key, int64_t due_ns,
	const struct noc_value *data, void *arg)
{
	(void)due_ns;
	(void)data;
	(void)arg;
	NOC_REQUIRE(kind && key);
}

static void
on_run(const struct noc_run_row *row, void *arg)
{
	(void)arg;
	NOC_REQUIRE(row->rule && row->state && row->phase);
}

static void
on_ended(const struct noc_run_row *row, void *arg)
{
	(void)arg;
	NOC_REQUIRE(row->state);
}

static void
on_step(const struct noc_step_row *row, void *arg)
{
	(void)arg;
	NOC_REQUIRE(row->path && row->state);
}

static void
on_event(const struct noc_event_row *row, void *arg)
{
	(void)arg;
	NOC_REQUIRE(row->kind && row->source && row->fate);
}

static void
look(void)
{
	const struct noc_load load = { .live = on_live,
				       .run = on_run,
				       .ended = on_ended,
				       .step = on_step,
				       .event = on_event };
	struct noc_now now = { TIME(ROWS), TIME(ROWS), 0 };
	struct noc_err err = { 0 };
	char why[256] = "";

	if (noc_load_check(dir, now, why, &err) == 1)
		NOC_REQUIRE(why[0]);
	noc_load_state(dir, &load, &err);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct noc_verify_result is = { 0 };
	size_t len;
	uint8_t *p;
	int rc;

	if (!good)
		open_once();
	p = noc_memdup(good, good_len);
	len = good_len;
	for (size_t i = 0; i < CHANGES_MAX && (i + 1) * CHANGE <= size; i++)
		len = change(p, len, data + i * CHANGE);
	dir_make();
	spill("nocturne.db", p, len);
	spill("anchor.log", anchor, anchor_len);
	verify(&is, &rc);
	NOC_REQUIRE(rc || is.verdict != NOC_VERDICT_OK ||
		    (is.size == was.size && !strcmp(is.root, was.root)));
	look();
	dir_remove();
	free(p);
	return 0;
}
