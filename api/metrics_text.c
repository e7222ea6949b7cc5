/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "api/metrics.h"

#include <stdio.h>
#include <string.h>

#include "base/number.h"
#include "base/utf8.h"

void
noc_metric(struct noc_metrics *m, const char *name, bool counter,
	   const char *help)
{
	/* OpenMetrics names a counter's family without the suffix. */
	const char *family = counter && !m->open ? "_total" : "";

	snprintf(m->name, sizeof(m->name), "nocturne_%s%s", name,
		 counter ? "_total" : "");
	noc_strbuf_addf(&m->out, "# HELP nocturne_%s%s %s\n", name, family,
			help);
	noc_strbuf_addf(&m->out, "# TYPE nocturne_%s%s %s\n", name, family,
			counter ? "counter" : "gauge");
}

static void
label_text(struct noc_strbuf *out, const char *text)
{
	size_t len = strlen(text), n;
	uint32_t cp;

	for (size_t i = 0; i < len; i += n ? n : 1) {
		n = noc_utf8_decode(text + i, len - i, &cp);
		if (!n)
			noc_strbuf_addc(out, '?');
		else if (cp == '\n')
			noc_strbuf_adds(out, "\\n");
		else if (cp == '"' || cp == '\\')
			noc_strbuf_addf(out, "\\%c", (char)cp);
		else
			noc_strbuf_add(out, text + i, n);
	}
}

static void
sample_end(struct noc_metrics *m, double value)
{
	char text[NOC_NUMBER_TEXT];

	noc_strbuf_addf(&m->out, " %s\n", noc_number_format(text, value));
}

void
noc_metric_value(struct noc_metrics *m, double value)
{
	noc_strbuf_adds(&m->out, m->name);
	sample_end(m, value);
}

void
noc_metric_label(struct noc_metrics *m, const char *label, const char *text,
		 double value)
{
	noc_metric_labels(m, label, text, NULL, NULL, value);
}

void
noc_metric_labels(struct noc_metrics *m, const char *label1, const char *text1,
		  const char *label2, const char *text2, double value)
{
	noc_strbuf_addf(&m->out, "%s{%s=\"", m->name, label1);
	label_text(&m->out, text1);
	if (label2) {
		noc_strbuf_addf(&m->out, "\",%s=\"", label2);
		label_text(&m->out, text2);
	}
	noc_strbuf_adds(&m->out, "\"}");
	sample_end(m, value);
}

void
noc_metrics_end(struct noc_metrics *m)
{
	if (m->open)
		noc_strbuf_adds(&m->out, "# EOF\n");
}
