/* SPDX-License-Identifier: ISC */
#ifndef NOC_API_METRICS_H
#define NOC_API_METRICS_H

#include <stdbool.h>

#include "base/strbuf.h"

/*
 * Writes the Prometheus text format 0.0.4 or OpenMetrics 1.0: a family, then
 * its samples.  Names get the prefix nocturne_, counters the suffix _total.
 */
struct noc_metrics {
	struct noc_strbuf out;
	bool open;     /* OpenMetrics */
	char name[96]; /* of the family's samples */
};

void noc_metric(struct noc_metrics *m, const char *name, bool counter,
		const char *help);
void noc_metric_value(struct noc_metrics *m, double value);
void noc_metric_label(struct noc_metrics *m, const char *label,
		      const char *text, double value);
void noc_metric_labels(struct noc_metrics *m, const char *label1,
		       const char *text1, const char *label2, const char *text2,
		       double value);
void noc_metrics_end(struct noc_metrics *m);

#endif
