/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "proto/mib.h"
#include "snmp/mib_compile.h"
#include "cli/client.h"

/* nocturne mib: a user's MIB files compiled; names looked up. */

static const struct noc_verb_option mib_options[] = {
	NOC_CLIENT_OPTIONS,
	{ "name", 0, "NAME", "compile: of the result (the first file's)",
	  false },
	{ 0 },
};

static const struct noc_column mib_columns[] = {
	{ "file", "FILE", 'l', 0 },
	{ "objects", "OBJECTS", 'r', 0 },
	{ "size", "BYTES", 'r', 0 },
};

/* A file of list, and what compile made. */
static int
on_mib_row(const char *path, void *arg, struct noc_err *err)
{
	struct noc_mib *mib = noc_mib_new();
	size_t before = noc_mib_count(mib);
	struct noc_value *row = noc_value_map();
	struct stat st;
	int r = noc_mib_load(mib, path, err);

	noc_value_set(row, "file", noc_value_str(path));
	noc_value_set(row, "objects",
		      noc_value_int((int64_t)(noc_mib_count(mib) - before)));
	noc_value_set(row, "size",
		      noc_value_int(stat(path, &st) ? 0 : (int64_t)st.st_size));
	noc_mib_free(mib);
	if (r)
		noc_value_free(row);
	else
		noc_value_push(arg, row);
	return r;
}

/* ---- compile ---- */

/* "…/CISCO-SMI.my" -> "CISCO-SMI", only what a file name may have. */
static char *
mib_name(const char *path)
{
	const char *base = strrchr(path, '/');
	char *name, *dot;

	base = base && base[1] ? base + 1 : path;
	name = noc_strdup(base);
	dot = strrchr(name, '.');
	if (dot && dot != name)
		*dot = '\0';
	for (char *c = name; *c; c++)
		if (*c == '/' || (unsigned char)*c <= ' ' || *c == 0x7f ||
		    (c == name && *c == '.'))
			*c = '_';
	return name;
}

/* The parser exits on some input and keeps global state: in a child. */
static int
compile_child(struct noc_client *c, const char *temp)
{
	struct noc_mib_compiled done;
	const char *paths[256];
	struct noc_err err;
	size_t n = 0;
	FILE *out;
	int status = NOC_EXIT_OK;

	while (n < NOC_COUNT(paths) && (paths[n] = noc_client_arg(c, n)))
		n++;
	out = fopen(temp, "we");
	if (!out) {
		perror(temp);
		return NOC_EXIT_FAILED;
	}
	memset(&done, 0, sizeof(done));
	if (noc_mib_compile(paths, n, out, &done, &err))
		status = noc_verb_fail(&err);
	if (fflush(out) || fsync(fileno(out)) || fclose(out)) {
		perror(temp);
		status = NOC_EXIT_FAILED;
	}
	if (!status)
		fprintf(stderr,
			"%zu modules: %zu objects, %zu notifications, %zu "
			"problems\n",
			done.modules, done.objects, done.notifications,
			done.problems);
	return status;
}

static int
compile_wait(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return NOC_EXIT_FAILED;
	if (WIFEXITED(status))
		return WEXITSTATUS(status);
	fputs("nocturne: the MIB parser died on these files.\n", stderr);
	return NOC_EXIT_FAILED;
}

/* What was written must be readable by the daemon. */
static int
compile_keep(struct noc_client *c, const char *temp, const char *path)
{
	struct noc_value *rows = noc_value_list();
	struct noc_err err;
	int status = NOC_EXIT_OK;

	if (on_mib_row(temp, rows, &err)) {
		status = noc_verb_fail(&err);
	} else if (rename(temp, path)) {
		perror(path);
		status = NOC_EXIT_FAILED;
	} else if (c->output == NOC_OUTPUT_TABLE) {
		puts(path);
	} else {
		noc_value_set(noc_value_at(rows, 0), "file",
			      noc_value_str(path));
		noc_rows_fields(c->output, noc_value_at(rows, 0));
	}
	noc_value_free(rows);
	return status;
}

static int
mib_compile(struct noc_client *c)
{
	const char *said = noc_client_opt(c, "name");
	char *dir = noc_asprintf("%s/mib", c->state);
	char *name = mib_name(said ? said : noc_client_arg(c, 0));
	char *path = noc_asprintf("%s/%s.txt", dir, name);
	char *temp = noc_asprintf("%s/.%s.new", dir, name);
	int status = NOC_EXIT_FAILED;
	pid_t pid;

	mkdir(c->state, 0700);
	if (mkdir(dir, 0755) && errno != EEXIST) {
		perror(dir);
		goto out;
	}
	fflush(NULL);
	pid = fork();
	if (pid == 0)
		_exit(compile_child(c, temp));
	if (pid < 0)
		perror("fork");
	else
		status = compile_wait(pid);
	if (status == NOC_EXIT_OK)
		status = compile_keep(c, temp, path);
	if (status != NOC_EXIT_OK)
		unlink(temp);
out:
	free(dir);
	free(name);
	free(path);
	free(temp);
	return status;
}

/* ---- what there is ---- */

static int
on_mib_file(const struct dirent *d)
{
	size_t n = strlen(d->d_name);

	return d->d_name[0] != '.' && n > 4 &&
	       !strcmp(d->d_name + n - 4, ".txt");
}

/* Calls fn with each compiled file, by name. */
static int
mib_files(struct noc_client *c,
	  int (*fn)(const char *path, void *arg, struct noc_err *err),
	  void *arg)
{
	char *dir = noc_asprintf("%s/mib", c->state);
	struct dirent **names = NULL;
	int n = scandir(dir, &names, on_mib_file, alphasort), status = 0;

	for (int i = 0; i < n; i++) {
		char *path = noc_asprintf("%s/%s", dir, names[i]->d_name);
		struct noc_err err;

		if (fn(path, arg, &err))
			status = noc_verb_fail(&err);
		free(path);
		free(names[i]);
	}
	free(names);
	free(dir);
	return status;
}

static int
on_mib_load(const char *path, void *arg, struct noc_err *err)
{
	return noc_mib_load(arg, path, err);
}

static int
mib_list(struct noc_client *c)
{
	struct noc_value *answer = noc_value_map(), *list = noc_value_list();
	int status;

	noc_value_set(answer, "mibs", list);
	status = mib_files(c, on_mib_row, list);
	noc_rows_output(c->output, answer, "mibs", mib_columns,
			NOC_COUNT(mib_columns),
			"Only the built-in objects: compile your MIBs with "
			"'nocturne mib compile FILE...'.");
	noc_value_free(answer);
	return status;
}

/* ---- look-up ---- */

static const char *
mib_syntax(char syntax)
{
	static const struct {
		char syntax;
		const char *word;
	} words[] = {
		{ 'i', "integer" }, { 'u', "unsigned" },  { 's', "text" },
		{ 'x', "octets" },  { 'o', "oid" },	  { 'a', "address" },
		{ 'm', "mac" },	    { 't', "timeticks" }, { 'd', "date" },
	};

	for (size_t i = 0; i < NOC_COUNT(words); i++)
		if (words[i].syntax == syntax)
			return words[i].word;
	return NULL;
}

static struct noc_value *
mib_object(const struct noc_mib *mib, const noc_oid *oid, size_t len,
	   const struct noc_mib_object *o)
{
	static const struct {
		char kind;
		const char *word;
	} kinds[] = { { 's', "scalar" },
		      { 'c', "column" },
		      { 'n', "notification" } };
	struct noc_value *v = noc_value_map();
	char text[NOC_OID_MAX * 16];

	noc_oid_format_name(mib, text, sizeof(text), oid, len);
	noc_value_set(v, "name", noc_value_str(text));
	noc_oid_format(text, sizeof(text), oid, len);
	noc_value_set(v, "oid", noc_value_str(text));
	if (!o)
		return v;
	for (size_t i = 0; i < NOC_COUNT(kinds); i++)
		if (kinds[i].kind == o->kind)
			noc_value_set(v, "kind", noc_value_str(kinds[i].word));
	if (mib_syntax(o->syntax))
		noc_value_set(v, "syntax",
			      noc_value_str(mib_syntax(o->syntax)));
	if (o->enums)
		noc_value_set(v, "enums", noc_value_str(o->enums));
	if (o->index)
		noc_value_set(v, "index", noc_value_str(o->index));
	return v;
}

static int
mib_translate(struct noc_client *c)
{
	struct noc_mib *mib = noc_mib_new();
	const struct noc_mib_object *o = NULL;
	noc_oid oid[NOC_OID_MAX];
	struct noc_err err;
	const char *arg;
	size_t len;
	int status = mib_files(c, on_mib_load, mib);

	for (size_t i = 0; (arg = noc_client_arg(c, i)); i++) {
		struct noc_value *v;

		if (noc_oid_parse(mib, arg, strlen(arg), oid, &len, &o, &err)) {
			status = noc_verb_fail(&err);
			continue;
		}
		v = mib_object(mib, oid, len,
			       o ? o : noc_mib_find(mib, oid, len));
		noc_rows_fields(c->output, v);
		noc_value_free(v);
	}
	noc_mib_free(mib);
	return status;
}

static int
mib_run(int argc, char **argv)
{
	static const struct noc_client_sub subs[] = {
		{ "list", 0, 0, mib_list },
		{ "compile", 1, 256, mib_compile },
		{ "translate", 1, 256, mib_translate },
		{ 0 },
	};

	return noc_client_main(&noc_verb_mib, subs, argc, argv);
}

const struct noc_verb noc_verb_mib = {
	.name = "mib",
	.summary = "compiles MIB files, translates OIDs and names",
	.usage = "[list]\ncompile FILE|DIRECTORY... [--name NAME]\n"
		 "translate OID|NAME...",
	.options = mib_options,
	.details = "Nothing is fetched: give it your vendor's files.  The "
		   "result goes to mib/ in the\nstate directory, which the "
		   "daemon reads when it starts.",
	.run = mib_run,
};
