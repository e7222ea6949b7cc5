/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "engine/flow/mode.h"

#include <string.h>

const char *
noc_mode_name(enum noc_mode mode)
{
	switch (mode) {
	case NOC_OBSERVE:
		return "observe";
	case NOC_SHADOW:
		return "shadow";
	case NOC_CANARY:
		return "canary";
	case NOC_ACTIVE:
		return "active";
	}
	return "observe";
}

bool
noc_mode_parse(const char *word, enum noc_mode *out)
{
	for (enum noc_mode m = NOC_OBSERVE; m <= NOC_ACTIVE; m++)
		if (!strcmp(word, noc_mode_name(m))) {
			*out = m;
			return true;
		}
	return false;
}

const char *
noc_mode_mark(enum noc_mode mode)
{
	return mode == NOC_OBSERVE  ? "[observe] "
	       : mode == NOC_SHADOW ? "[shadow] "
				    : "";
}
