/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "proto/tzif.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/suggest.h"
#include "proto/tz_footer.h"

#define ZONEINFO  "/usr/share/zoneinfo"
#define FILE_MAX  65536
#define TIMES_MAX 4096
#define NAMES_MAX 2048 /* there are 600 */

struct noc_tz {
	size_t ntimes;
	int64_t *times;		     /* rising */
	int32_t *offset;	     /* from times[i] on */
	int32_t first;		     /* before times[0] */
	struct noc_tz_footer footer; /* times after the last */
};

/* --- what callers ask --- */

/* How many of the file's changes lie at or before utc_s. */
static size_t
times_until(const struct noc_tz *tz, int64_t utc_s)
{
	size_t lo = 0, hi = tz->ntimes;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (tz->times[mid] <= utc_s)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

int32_t
noc_tz_offset(const struct noc_tz *tz, int64_t utc_s)
{
	size_t n;

	utc_s = noc_utc_clamp(utc_s);
	n = times_until(tz, utc_s);
	if (tz->footer.set && n == tz->ntimes)
		return noc_tz_footer_offset(&tz->footer, utc_s);
	return n == 0 ? tz->first : tz->offset[n - 1];
}

void
noc_tz_civil(const struct noc_tz *tz, int64_t utc_s, struct noc_civil *out)
{
	utc_s = noc_utc_clamp(utc_s);
	noc_civil_set(utc_s + noc_tz_offset(tz, utc_s), out);
}

bool
noc_tz_change(const struct noc_tz *tz, int64_t utc_s, int64_t *at_s)
{
	struct noc_tz_change_at changes[NOC_TZ_FOOTER_CHANGES];
	int64_t last;
	size_t n;
	int m = 0;

	if (utc_s != noc_utc_clamp(utc_s))
		return false;
	n = times_until(tz, utc_s);
	if (n < tz->ntimes) {
		*at_s = tz->times[n];
		return true;
	}
	last = n > 0 ? tz->times[n - 1] : INT64_MIN;
	if (tz->footer.dst)
		m = noc_tz_footer_changes(&tz->footer, utc_s, changes);
	for (int i = 0; i < m; i++) {
		if (changes[i].at <= last || changes[i].at <= utc_s)
			continue;
		*at_s = changes[i].at;
		return true;
	}
	return false;
}

int
noc_tz_instant(const struct noc_tz *tz, const struct noc_civil *civil,
	       int64_t *first, int64_t *second)
{
	int64_t local = noc_utc_clamp(noc_civil_seconds(civil)), at, next;
	int64_t from = noc_utc_clamp(local - NOC_TZ_OFFSET_MAX);
	int32_t offset = noc_tz_offset(tz, from);
	int found = 0;

	*first = local - offset;
	/* Every stretch of one offset that could hold this local time. */
	for (;; from = next) {
		bool more = noc_tz_change(tz, from, &next);

		offset = noc_tz_offset(tz, from);
		at = local - offset;
		if (at >= from && (!more || at < next)) {
			*(found == 0 ? first : second) = at;
			if (++found == 2)
				return 2;
		} else if (found == 0 && at < from) {
			*first = from; /* the gap ended here */
			return 0;
		}
		if (!more || next > local + NOC_TZ_OFFSET_MAX)
			break;
	}
	return found;
}

/* --- reading --- */

struct reader {
	const uint8_t *p;
	size_t len;
};

static uint32_t
be32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
	       (uint32_t)p[2] << 8 | p[3];
}

static int64_t
be64(const uint8_t *p)
{
	return (int64_t)((uint64_t)be32(p) << 32 | be32(p + 4));
}

struct header {
	uint8_t version;
	uint32_t isut, isstd, leap, time, type, chars;
};

static size_t
block_size(const struct header *h, size_t word)
{
	return (size_t)h->time * (word + 1) + (size_t)h->type * 6 + h->chars +
	       (size_t)h->leap * (word + 4) + h->isstd + h->isut;
}

static const char *
header_read(struct reader *r, struct header *h)
{
	if (r->len < 44 || memcmp(r->p, "TZif", 4) != 0)
		return "it does not begin with a TZif header";
	h->version = r->p[4];
	h->isut = be32(r->p + 20);
	h->isstd = be32(r->p + 24);
	h->leap = be32(r->p + 28);
	h->time = be32(r->p + 32);
	h->type = be32(r->p + 36);
	h->chars = be32(r->p + 40);
	if (h->time > TIMES_MAX || h->type == 0 || h->type > 256 ||
	    h->chars > 4096 || h->leap > 4096 || h->isstd > 256 ||
	    h->isut > 256)
		return "its header counts are out of bounds";
	r->p += 44;
	r->len -= 44;
	return NULL;
}

static const char *
block_read(struct reader *r, const struct header *h, size_t word,
	   struct noc_tz *tz)
{
	const uint8_t *times = r->p, *index, *types;

	if (r->len < block_size(h, word))
		return "it ends too early";
	if (h->leap > 0)
		return "it counts leap seconds (a 'right/' zone)";
	index = times + h->time * word;
	types = index + h->time;
	for (uint32_t i = 0; i < h->type; i++) {
		int32_t offset = (int32_t)be32(types + 6 * (size_t)i);

		if (offset > NOC_TZ_OFFSET_MAX || offset < -NOC_TZ_OFFSET_MAX)
			return "an offset is over 26 hours";
	}
	tz->ntimes = h->time;
	tz->times = noc_calloc(h->time + 1, sizeof(*tz->times));
	tz->offset = noc_calloc(h->time + 1, sizeof(*tz->offset));
	tz->first = (int32_t)be32(types);
	for (uint32_t i = 0; i < h->time; i++) {
		const uint8_t *at = times + i * word;

		if (index[i] >= h->type)
			return "a change names a type that is not there";
		tz->times[i] = word == 8 ? be64(at) : (int32_t)be32(at);
		tz->offset[i] = (int32_t)be32(types + 6 * (size_t)index[i]);
		if (i > 0 && tz->times[i] <= tz->times[i - 1])
			return "its changes are not in order";
	}
	r->p += block_size(h, word);
	r->len -= block_size(h, word);
	return NULL;
}

static const char *
footer_read(struct reader *r, struct noc_tz *tz)
{
	char text[256];
	const uint8_t *end;
	size_t len;

	if (r->len < 2 || r->p[0] != '\n')
		return "its footer is missing";
	end = memchr(r->p + 1, '\n', r->len - 1);
	if (end == NULL || (len = (size_t)(end - r->p) - 1) >= sizeof(text))
		return "its footer does not end";
	memcpy(text, r->p + 1, len);
	text[len] = '\0';
	if (strlen(text) != len || !noc_tz_footer_parse(text, &tz->footer))
		return "its footer is not a POSIX TZ string";
	return NULL;
}

static const char *
file_read(struct reader *r, struct noc_tz *tz)
{
	struct header h;
	const char *wrong = header_read(r, &h);

	if (wrong != NULL || h.version == 0)
		return wrong != NULL ? wrong : block_read(r, &h, 4, tz);
	/* Version 2 and later: the 32-bit block is there for old readers. */
	if (r->len < block_size(&h, 4))
		return "it ends too early";
	r->p += block_size(&h, 4);
	r->len -= block_size(&h, 4);
	wrong = header_read(r, &h);
	if (wrong == NULL)
		wrong = block_read(r, &h, 8, tz);
	return wrong != NULL ? wrong : footer_read(r, tz);
}

int
noc_tz_parse(const void *p, size_t len, struct noc_tz **out,
	     struct noc_err *err)
{
	struct noc_tz *tz = noc_calloc(1, sizeof(*tz));
	struct reader r = { p, len };
	const char *wrong = file_read(&r, tz);

	if (wrong != NULL) {
		noc_tz_free(tz);
		return noc_err_set(err, NOC_EINPUT,
				   "This is no usable time zone file: %s.",
				   wrong);
	}
	*out = tz;
	return 0;
}

/* The name of a line of tzdata.zi: "Z Europe/Zurich ...", "L TARGET NAME";
 * owned by the caller, NULL. */
static char *
zone_of_line(char *line)
{
	char *kind = strsep(&line, " \n"), *name = strsep(&line, " \n");

	if (kind && !strcmp(kind, "L"))
		name = strsep(&line, " \n");
	else if (!kind || strcmp(kind, "Z") != 0)
		return NULL;
	return name ? noc_strdup(name) : NULL;
}

/* Which zone was meant; returned, NULL. */
static char *
zone_meant(const char *name)
{
	FILE *f = fopen(ZONEINFO "/tzdata.zi", "re");
	char *line = NULL, **names = NULL, *found = NULL;
	size_t size = 0, n = 0, cap = 0;
	const char *meant;

	while (f && n < NAMES_MAX && getline(&line, &size, f) > 0) {
		NOC_GROW(names, cap, n + 1);
		names[n] = zone_of_line(line);
		n += names[n] != NULL;
	}
	meant = n ? noc_suggest(name, (const char *const *)names, n) : NULL;
	if (meant)
		found = noc_strdup(meant);
	while (n > 0)
		free(names[--n]);
	free(names);
	free(line);
	if (f)
		fclose(f);
	return found;
}

static int
zone_unknown(const char *name, struct noc_err *err)
{
	char *meant = zone_meant(name);

	if (meant)
		noc_err_set(err, NOC_ENOTFOUND,
			    "There is no time zone '%s'; did you mean '%s'?",
			    name, meant);
	else
		noc_err_set(err, NOC_ENOTFOUND,
			    "There is no time zone '%s' in " ZONEINFO
			    "; names look like 'Europe/Zurich' (is the package "
			    "tzdata installed?).",
			    name);
	free(meant);
	return NOC_ENOTFOUND;
}

static bool
name_usable(const char *name)
{
	size_t len = strlen(name);

	return len > 0 && len < 64 && name[0] != '/' &&
	       strstr(name, "..") == NULL &&
	       strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
			    "abcdefghijklmnopqrstuvwxyz"
			    "0123456789_+-/") == len;
}

int
noc_tz_open(const char *name, struct noc_tz **out, struct noc_err *err)
{
	char path[128];
	struct stat st;
	uint8_t *bytes;
	ssize_t got;
	int fd, rc;

	if (strcmp(name, "UTC") == 0) {
		*out = noc_calloc(1, sizeof(**out));
		return 0;
	}
	if (!name_usable(name))
		return noc_err_set(err, NOC_EINPUT,
				   "'%.64s' cannot be a time zone name; write "
				   "one like 'Europe/Zurich' or 'UTC'.",
				   name);
	snprintf(path, sizeof(path), ZONEINFO "/%s", name);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
		if (fd >= 0)
			close(fd);
		return zone_unknown(name, err);
	}
	bytes = noc_malloc(FILE_MAX);
	got = read(fd, bytes, FILE_MAX);
	close(fd);
	rc = got < 0 ? noc_err_set(err, NOC_ERESOURCE, "%s.", strerror(errno))
		     : noc_tz_parse(bytes, (size_t)got, out, err);
	if (rc != 0)
		noc_err_prefix(err, "%s", path);
	free(bytes);
	return rc;
}

void
noc_tz_free(struct noc_tz *tz)
{
	if (tz == NULL)
		return;
	free(tz->times);
	free(tz->offset);
	free(tz);
}
