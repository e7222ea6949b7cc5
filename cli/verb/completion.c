/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "cli/client.h"

/* nocturne completion bash: from the table of verbs, so it is never behind. */

static const struct noc_verb_option completion_options[] = { { 0 } };

/* The first word of each line of a usage that is a word: "[list]", "add". */
static void
completion_subs(const struct noc_verb *verb)
{
	const char *last = "";
	size_t last_n = 0;

	for (const char *line = verb->usage; line && *line;) {
		const char *p = line + (*line == '[');
		size_t n = strspn(p, "abcdefghijklmnopqrstuvwxyz-");

		/* One that takes several lines is said once. */
		if (n > 1 && p[0] != '-' && strchr("] |\n", p[n]) &&
		    (n != last_n || memcmp(p, last, n) != 0)) {
			printf(" %.*s", (int)n, p);
			if (p[n] == '|') /* pause|resume */
				printf(" %.*s", (int)strcspn(p + n + 1, " \n"),
				       p + n + 1);
		}
		last = p;
		last_n = n;
		line = strchr(line, '\n');
		line = line ? line + 1 : NULL;
	}
}

static void
completion_words(const struct noc_verb *verb)
{
	printf("\t%s) words='", verb->name);
	completion_subs(verb);
	for (const struct noc_verb_option *o = verb->options; o && o->name; o++)
		printf(" --%s", o->name);
	puts(" --help' ;;");
}

static int
completion_bash(void)
{
	puts("# bash completion for nocturne, made by 'nocturne completion "
	     "bash'.\n"
	     "_nocturne()\n"
	     "{\n"
	     "\tlocal cur=${COMP_WORDS[COMP_CWORD]} words='' verbs\n"
	     "\tlocal prev=${COMP_WORDS[COMP_CWORD-1]}");
	fputs("\tverbs='help", stdout);
	for (size_t i = 0; noc_verb_at(i); i++)
		printf(" %s", noc_verb_at(i)->name);
	puts("'\n"
	     "\tCOMPREPLY=()\n"
	     "\tif ((COMP_CWORD == 1)) || [[ ${COMP_WORDS[1]} == help ]]; "
	     "then\n"
	     "\t\tCOMPREPLY=($(compgen -W \"$verbs\" -- \"$cur\"))\n"
	     "\t\treturn\n"
	     "\tfi\n"
	     "\tcase $prev in\n"
	     "\t-o|--output)\n"
	     "\t\tCOMPREPLY=($(compgen -W 'table json jsonl' -- \"$cur\"))\n"
	     "\t\treturn ;;\n"
	     "\t--state|--rules)\n"
	     "\t\tCOMPREPLY=($(compgen -d -- \"$cur\"))\n"
	     "\t\treturn ;;\n"
	     "\t--config|--db|--anchor|--vkey)\n"
	     "\t\tCOMPREPLY=($(compgen -f -- \"$cur\"))\n"
	     "\t\treturn ;;\n"
	     "\tesac\n"
	     "\tcase ${COMP_WORDS[1]} in");
	for (size_t i = 0; noc_verb_at(i); i++)
		completion_words(noc_verb_at(i));
	puts("\tesac\n"
	     "\tCOMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
	     "\t[[ ${#COMPREPLY[@]} -gt 0 ]] || "
	     "COMPREPLY=($(compgen -f -- \"$cur\"))\n"
	     "}\n"
	     "complete -F _nocturne nocturne");
	return NOC_EXIT_OK;
}

static int
completion_run(int argc, char **argv)
{
	int status;
	struct noc_value *opts =
	    noc_verb_parse(&noc_verb_completion, argc, argv, &status);
	const struct noc_value *shell;

	if (!opts)
		return status;
	shell = noc_value_at(noc_value_get(opts, "args"), 0);
	if (noc_value_is_str(shell, "bash"))
		status = completion_bash();
	else
		status = noc_verb_misuse(&noc_verb_completion,
					 "the shell must be bash.");
	noc_value_free(opts);
	return status;
}

const struct noc_verb noc_verb_completion = {
	.name = "completion",
	.summary = "prints a completion script for a shell",
	.usage = "bash",
	.options = completion_options,
	.details = "As in: source <(nocturne completion bash)",
	.run = completion_run,
};
