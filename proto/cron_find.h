/* SPDX-License-Identifier: ISC */
#ifndef NOC_PROTO_CRON_FIND_H
#define NOC_PROTO_CRON_FIND_H

/* What proto/cron.c (text) tells proto/cron_find.c (times) in cron->flags. */
#define NOC_CRON_DOM_ANY     1
#define NOC_CRON_DOW_ANY     2
#define NOC_CRON_DOW_REFINES 4	/* L or '#': and, not or */
#define NOC_CRON_WILD	     8	/* follows the clock through DST changes */
#define NOC_CRON_LEAVE_OUT   16 /* what falls into a gap does not run */
#define NOC_CRON_TWICE	     32 /* what is repeated runs twice */

#endif
