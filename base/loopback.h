/* SPDX-License-Identifier: ISC */
#ifndef NOC_BASE_LOOPBACK_H
#define NOC_BASE_LOOPBACK_H

#include <stdbool.h>

#include "base/slice.h"

/*
 * The text of an address of this host itself: 127.0.0.0/8, ::1, and the
 * former within IPv6.  No other text is one: not "local", no name, no port.
 * Pure; any thread.
 */
bool noc_is_loopback(struct noc_slice address);

#endif
