/* SPDX-License-Identifier: ISC */
#ifndef NOC_DAEMON_SD_H
#define NOC_DAEMON_SD_H

#include <stdint.h>

/* sd_notify(3) without the library: one datagram to $NOTIFY_SOCKET, nothing
 * when there is none.  Loop thread. */
void noc_sd_notify(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* How often the watchdog wants to hear of us, halved; 0: it does not. */
int64_t noc_sd_watchdog_ms(void);

#endif
