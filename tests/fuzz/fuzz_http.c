/* SPDX-License-Identifier: ISC */
/* Of: proto/http_parse.c proto/http_parse_chunks.c */
#include "config.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "proto/http_parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_head(const struct noc_http_head *h)
{
	char *path = noc_strdup(h->path);

	NOC_REQUIRE(h->path[0] == '/' && strchr(h->path, '?') == NULL);
	NOC_REQUIRE(!(h->chunked && h->length >= 0));
	NOC_REQUIRE(h->minor == 0 || noc_http_head_get(h, "host") != NULL);
	for (size_t i = 0; i < h->nfields; i++) {
		NOC_REQUIRE(h->fields[i].name[0] != '\0');
		NOC_REQUIRE(strpbrk(h->fields[i].value, "\r\n") == NULL);
	}
	if (noc_http_decode(path, false))
		NOC_REQUIRE(strpbrk(path, "\r\n") == NULL);
	free(path);
}

/* The same bytes at once or in two pieces are the same request. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct noc_slice in = noc_slice((const char *)data, size);
	struct noc_strbuf once = NOC_STRBUF_INIT, twice = NOC_STRBUF_INIT;
	struct noc_http_chunks a = { 0 }, b = { 0 };
	size_t scan = 0, half = size / 2;
	struct noc_http_head head;
	const char *why;
	ssize_t n = noc_http_head_end(in, 16384, &scan), m, used, first;

	scan = 0;
	m = noc_http_head_end(noc_slice(in.p, half), 16384, &scan);
	if (m == 0)
		m = noc_http_head_end(in, 16384, &scan);
	NOC_REQUIRE(m == n);
	if (n <= 0)
		return 0;
	if (noc_http_head_parse(noc_slice(in.p, (size_t)n), &head, &why) == 0)
		check_head(&head);
	else
		NOC_REQUIRE(strlen(why) > 10);
	noc_http_head_release(&head);
	in.p += n;
	in.len -= (size_t)n;
	half = in.len / 2;
	used = noc_http_chunks_feed(&a, in.p, in.len, &once, 65536);
	first = noc_http_chunks_feed(&b, in.p, half, &twice, 65536);
	if (first == (ssize_t)half && !b.done) {
		ssize_t second = noc_http_chunks_feed(
		    &b, in.p + half, in.len - half, &twice, 65536);

		first = second < 0 ? second : first + second;
	}
	NOC_REQUIRE(first == used);
	NOC_REQUIRE(used < 0 || (a.done == b.done && once.len == twice.len));
	NOC_REQUIRE(used < 0 || once.len <= 65536);
	noc_strbuf_release(&once);
	noc_strbuf_release(&twice);
	return 0;
}
