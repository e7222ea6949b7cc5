/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_RULE_MISTAKES_H
#define NOC_ENGINE_RULE_MISTAKES_H

/*
 * Lines that each name a place, "file:line: text" or "text (file:line); hint",
 * as "file:line: text; hint" and in the order of files and lines; those without
 * a place come first.  Returned.  Pure.
 */
char *noc_mistakes_sorted(const char *lines);

#endif
