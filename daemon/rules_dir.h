/* SPDX-License-Identifier: ISC */
#ifndef NOC_DAEMON_RULES_DIR_H
#define NOC_DAEMON_RULES_DIR_H

/*
 * Where the rules are: what was said, else ./rules when it is there, else the
 * installed ones, else those of the build; valid until the next call.  Main
 * thread.
 */
const char *noc_rules_dir(const char *said);

#endif
