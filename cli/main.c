/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <fcntl.h>
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/suggest.h"
#include "engine/core/command.h"
#include "daemon/options.h"
#include "cli/setup.h"
#include "cli/verb.h"

static void
main_usage(FILE *out)
{
	fputs("usage: nocturne VERB [OPTION...]\n\n", out);
	for (size_t i = 0; noc_verb_at(i); i++)
		fprintf(out, "  %-10s %s\n", noc_verb_at(i)->name,
			noc_verb_at(i)->summary);
	fputs(
	    "\n'nocturne help VERB' says more, 'nocturne help options' lists the "
	    "configuration,\n'nocturne help language' the rule language, "
	    "'nocturne help commands' what\npeople can tell the daemon.\n",
	    out);
}

static int
main_unknown(const char *word)
{
	const char *known[64], *near;
	struct noc_strbuf sb = NOC_STRBUF_INIT;
	size_t n = 0;

	for (; n < NOC_COUNT(known) - 1 && noc_verb_at(n); n++)
		known[n] = noc_verb_at(n)->name;
	known[n++] = "help";
	near = noc_suggest(word, known, n);
	noc_strbuf_add_escaped(&sb, word, strlen(word));
	fprintf(stderr, "nocturne: there is no verb '%s'", sb.p ? sb.p : "");
	noc_strbuf_release(&sb);
	if (near)
		fprintf(stderr, "; did you mean '%s'?\n", near);
	else
		fputs(": 'nocturne help' lists them.\n", stderr);
	return NOC_EXIT_USAGE;
}

static int
main_help(int argc, char **argv)
{
	const struct noc_verb *verb;

	if (argc < 3 || !strcmp(argv[2], "help")) {
		main_usage(stdout);
		return NOC_EXIT_OK;
	}
	if (!strcmp(argv[2], "options")) {
		noc_options_help(stdout);
		return NOC_EXIT_OK;
	}
	if (!strcmp(argv[2], "commands")) {
		noc_command_help(stdout);
		return NOC_EXIT_OK;
	}
	if (!strcmp(argv[2], "language")) {
		noc_setup_language(stdout);
		return NOC_EXIT_OK;
	}
	verb = noc_verb_find(argv[2]);
	if (!verb)
		return main_unknown(argv[2]);
	noc_verb_help(verb);
	return NOC_EXIT_OK;
}

/*
 * What was printed must have been written: `nocturne events >/dev/full`.  Who
 * reads only the beginning (`| head -1`) knows that, and is told nothing.
 */
static int
main_flush(int status)
{
	struct pollfd out = { .fd = STDOUT_FILENO };

	if ((!fflush(stdout) && !ferror(stdout)) || status != NOC_EXIT_OK)
		return status;
	if (poll(&out, 1, 0) != 1 || !(out.revents & POLLERR))
		perror("nocturne: standard output");
	return NOC_EXIT_FAILED;
}

/*
 * A standard descriptor that is closed would become the next file opened, and
 * what is printed would go there.  /dev/null opened for reading keeps its
 * place, and to write there still fails.
 */
static void
main_descriptors(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDONLY);
	while (fd >= STDIN_FILENO && fd <= STDERR_FILENO);
	if (fd > STDERR_FILENO)
		close(fd);
}

int
main(int argc, char **argv)
{
	const struct noc_verb *verb;

	main_descriptors();
	setlocale(LC_CTYPE, "C.UTF-8");
	signal(SIGPIPE, SIG_IGN);
	if (argc < 2) {
		main_usage(stderr);
		return NOC_EXIT_USAGE;
	}
	if (!strcmp(argv[1], "--exec-helper"))
		return noc_setup_exec_helper(argc - 2, argv + 2);
	if (!strcmp(argv[1], "--version") || !strcmp(argv[1], "-V")) {
		printf("nocturne %s\n", PACKAGE_VERSION);
		return main_flush(NOC_EXIT_OK);
	}
	noc_setup_tables();
	if (!strcmp(argv[1], "help") || !strcmp(argv[1], "--help") ||
	    !strcmp(argv[1], "-h"))
		return main_flush(main_help(argc, argv));
	verb = noc_verb_find(argv[1]);
	if (!verb)
		return main_unknown(argv[1]);
	return main_flush(verb->run(argc - 1, argv + 1));
}
