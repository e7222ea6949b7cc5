/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_FLOW_LABEL_H
#define NOC_ENGINE_FLOW_LABEL_H

#include <stddef.h>

#include "base/strbuf.h"

/*
 * What a node of a plan says of itself when it is drawn, the same in every
 * format: UTF-8 without a byte that steers a terminal.  Any thread.
 */
struct noc_plan;
struct noc_step_def;

/* "raise (changes)", "each precheck", "otherwise". */
void noc_label_title(const struct noc_step_def *s, struct noc_strbuf *out);
/* What it does and within which bounds, a line each. */
void noc_label_text(const struct noc_step_def *s, struct noc_strbuf *out);
/* The same of the flow: what it takes, what becomes of a failure. */
void noc_label_flow(const struct noc_plan *p, struct noc_strbuf *out);

/* The list of an each; what is done when the flow fails, its steps aside:
 * nothing is said when that is nothing. */
struct noc_each_def;
void noc_label_over(const struct noc_each_def *e, struct noc_strbuf *out);
void noc_label_on_fail(const struct noc_plan *p, struct noc_strbuf *out);

/* One line in `width` cells; "…" says that there was more. */
void noc_label_cut(const char *text, int width, struct noc_strbuf *out);
/* The lines of text in rows of `width` cells, at spaces where there are some;
 * of each line four at most.  How many rows. */
int noc_label_wrap(const char *text, int width, struct noc_strbuf *out);

#endif
