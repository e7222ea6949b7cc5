/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_MEMORY_HEARD_H
#define NOC_ENGINE_MEMORY_HEARD_H

#include "engine/core/core.h"

/*
 * SNMPv3 engines that have sent something authentic: how far their clocks
 * were (RFC 3414 §2.2), over restarts, and each message of the last minutes.
 * So what somebody has recorded and sends again is seen for what it is.  Each
 * user has a notion of its own: who has one key may say any engine and any
 * clock with it, and that is then nothing to those who have another.  Only
 * what was authenticated comes here.  Loop thread, inside an input.
 */
struct noc_heard {
	uint8_t engine[32]; /* the authoritative one */
	size_t engine_len;
	char user[40]; /* who signed it */
	bool ours;     /* that is us (INFORMs): the library knows our clock */
	int64_t boots, time_s;
	uint8_t digest[32]; /* SHA-256 of the whole message */
};

enum noc_heard_as {
	NOC_HEARD_NEW,
	NOC_HEARD_AGAIN,  /* this very message was here */
	NOC_HEARD_OLD,	  /* the engine was further 150 s ago, or it is older
			     than what is remembered of it */
	NOC_HEARD_STRANGE /* new, and its engine finds no room: what it sends
			     cannot be told from a replay later */
};

enum noc_heard_as noc_heard(struct noc_core *core, const struct noc_heard *h);
/* It was not taken after all: it may come again. */
void noc_heard_forget(struct noc_core *core, const struct noc_heard *h);

#endif
