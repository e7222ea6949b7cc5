/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "daemon/lines.h"

#include <stdio.h>
#include <string.h>

#include "base/strbuf.h"

size_t
noc_print_lines(const char *lines)
{
	struct noc_strbuf sb = NOC_STRBUF_INIT;
	size_t n = 0;

	while (lines && *lines) {
		size_t len = strcspn(lines, "\n");

		noc_strbuf_add_escaped(&sb, lines, len);
		noc_strbuf_addc(&sb, '\n');
		lines += len + (lines[len] == '\n');
		n++;
	}
	if (sb.p)
		fputs(sb.p, stderr);
	noc_strbuf_release(&sb);
	return n;
}
