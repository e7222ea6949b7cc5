/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "cli/verb.h"

#include <stdio.h>

#include "base/mem.h"
#include "daemon/options.h"
#include "daemon/serve.h"

/* nocturne serve: what was said, for the daemon. */

static const struct noc_verb_option serve_options[] = {
	{ "config", 'c', "FILE", "configuration file", false },
	{ "state", 0, "DIR", "state directory (./var)", false },
	{ "rules", 0, "DIR",
	  "rules (./rules when it is there, else the installed ones)", false },
	{ "listen", 0, "ADDRESS", "where sensors and HTTP listen (127.0.0.1)",
	  false },
	{ "set", 0, "KEY=VALUE", "one option of the configuration", true },
	{ "dump-config", 0, NULL, "print the effective configuration and end",
	  false },
	{ 0 }
};

static int serve_run(int argc, char **argv);

const struct noc_verb noc_verb_serve = {
	.name = "serve",
	.summary = "runs the daemon",
	.usage = "[--config FILE] [--state DIR] [--rules DIR] "
		 "[--listen ADDRESS] [--set KEY=VALUE]...",
	.options = serve_options,
	.details =
	    "Needs no configuration: it listens on unprivileged ports of the "
	    "loopback\ninterface (syslog 5514, traps 1162, HTTP 8080) and "
	    "keeps its state in ./var.\nSIGHUP reads configuration, rules and "
	    "inventory again, all or nothing; SIGTERM\nfinishes what is under "
	    "way, a second one leaves at once.",
	.run = serve_run,
};

static struct noc_value *
serve_sets(const struct noc_value *opts)
{
	static const char *const names[] = { "state", "rules", "listen" };
	const struct noc_value *given = noc_value_get(opts, "set");
	struct noc_value *sets = noc_value_list();

	for (size_t i = 0; i < noc_value_len(given); i++)
		noc_value_push(sets, noc_value_copy(noc_value_at(given, i)));
	for (size_t i = 0; i < NOC_COUNT(names); i++) {
		const char *v = noc_value_get_str(opts, names[i], NULL);

		if (v)
			noc_value_push(sets,
				       noc_value_strf("%s=%s", names[i], v));
	}
	return sets;
}

/* An option that is wrong is misuse, a file that is wrong is a failure. */
static int
serve_misuse(const struct noc_value *sets)
{
	struct noc_value *probe = noc_options_new();
	struct noc_err err;
	int r = 0;

	for (size_t i = 0; !r && i < noc_value_len(sets); i++)
		r = noc_options_set(probe, noc_value_at(sets, i)->u.s.p, &err);
	noc_value_free(probe);
	return r ? noc_verb_misuse(&noc_verb_serve, "%s", err.msg) : 0;
}

static int
serve_run(int argc, char **argv)
{
	struct noc_value *opts, *sets;
	struct noc_daemon_options opt = { 0 };
	struct noc_err err;
	int status, r;

	opts = noc_verb_parse(&noc_verb_serve, argc, argv, &status);
	if (!opts)
		return status;
	sets = serve_sets(opts);
	opt.sets = sets;
	opt.config_path = noc_value_get_str(opts, "config", NULL);
	opt.colour = noc_verb_colour();
	if (noc_value_len(noc_value_get(opts, "args")))
		status =
		    noc_verb_misuse(&noc_verb_serve, "takes no arguments.");
	if (!status)
		status = serve_misuse(sets);
	if (!status) {
		r = noc_value_get_bool(opts, "dump-config", false)
			? noc_daemon_dump(&opt, stdout, &err)
			: noc_daemon_run(&opt, &err);
		status = r ? noc_verb_fail(&err) : NOC_EXIT_OK;
	}
	noc_value_free(sets);
	noc_value_free(opts);
	return status;
}
