/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "engine/edge/sensor.h"

const char *
noc_fate_name(enum noc_fate fate)
{
	switch (fate) {
	case NOC_FATE_SHED:
		return "shed";
	case NOC_FATE_REFUSED:
		return "refused";
	case NOC_FATE_DUPLICATE:
		return "duplicate";
	case NOC_FATE_FOLDED:
		return "folded";
	case NOC_FATE_MATCHED:
		return "matched";
	case NOC_FATE_UNMATCHED:
		return "unmatched";
	case NOC_FATE_IN_PROGRESS:
		return "in_progress";
	}
	return "?";
}
