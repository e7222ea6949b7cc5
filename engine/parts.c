/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "engine/parts.h"

const struct noc_part_ops *const noc_parts[NOC_PART_COUNT] = {
	[NOC_PART_SLOTS] = &noc_part_slots,
	[NOC_PART_ADMIT] = &noc_part_admit,
	[NOC_PART_ENRICH] = &noc_part_enrich,
	[NOC_PART_SEEN] = &noc_part_seen,
	[NOC_PART_DEDUP] = &noc_part_dedup,
	[NOC_PART_REPLAY] = &noc_part_replay,
	[NOC_PART_INFORM] = &noc_part_inform,
	[NOC_PART_HEARD] = &noc_part_heard,
	[NOC_PART_CORRELATE] = &noc_part_correlate,
	[NOC_PART_SETTLE] = &noc_part_settle,
	[NOC_PART_OVERRIDE] = &noc_part_override,
	[NOC_PART_RUNS] = &noc_part_runs,
	[NOC_PART_GUARD] = &noc_part_guard,
	[NOC_PART_BREAKERS] = &noc_part_breakers,
	[NOC_PART_NOTIFY] = &noc_part_notify,
	[NOC_PART_TASKS] = &noc_part_tasks,
	[NOC_PART_LEDGER] = &noc_part_ledger,
	[NOC_PART_SKEW] = &noc_part_skew,
	[NOC_PART_UNLIKE] = &noc_part_unlike,
	[NOC_PART_LIMITS] = &noc_part_limits,
	[NOC_PART_ONCE] = &noc_part_once,
};
