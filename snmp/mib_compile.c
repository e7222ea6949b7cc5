/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "snmp/mib_compile.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>
#include <net-snmp/mib_api.h>

#include "base/mem.h"
#include "proto/mib.h"
#include "snmp/mib_base.h"

/* Roots like "iso" and "enterprises" are in the built-in table already. */
#define DEPTH_MIN 7

struct compiler {
	FILE *out;
	struct noc_mib_compiled *done;
	char temp[64]; /* the fallback modules are written here */
	char **files;
	size_t nfiles, files_cap;
	u_long arcs[NOC_OID_MAX];
};

static int
on_problem(int major, int minor, void *server, void *client)
{
	const struct snmp_log_message *m = server;
	struct noc_mib_compiled *done = client;

	(void)major;
	(void)minor;
	fputs(m->msg, stderr);
	done->problems++;
	return 0;
}

/* --- what a node is --- */

static bool
node_is_column(const struct tree *tp)
{
	const struct tree *entry = tp->parent;

	return entry != NULL &&
	       (entry->indexes != NULL || entry->augments != NULL);
}

/* The 0 between a v1 enterprise and its traps: "enterprise#". */
static bool
node_is_enterprise(const struct tree *tp)
{
	size_t len = tp != NULL ? strlen(tp->label) : 0;

	return len > 0 && tp->label[len - 1] == '#';
}

static char
node_kind(const struct tree *tp)
{
	if (node_is_enterprise(tp->parent) || tp->type == TYPE_NOTIFTYPE ||
	    tp->type == TYPE_TRAPTYPE)
		return 'n';
	if (tp->type > TYPE_SIMPLE_LAST || tp->type == TYPE_OTHER)
		return 'o';
	return node_is_column(tp) ? 'c' : 's';
}

static char
octets_syntax(const struct tree *tp)
{
	static const struct {
		const char *tc;
		char syntax;
	} known[] = {
		{ "DateAndTime", 'd' },	    { "MacAddress", 'm' },
		{ "PhysAddress", 'm' },	    { "DisplayString", 's' },
		{ "SnmpAdminString", 's' },
	};
	const char *tc = get_tc_descriptor(tp->tc_index);

	for (size_t i = 0; tc != NULL && i < NOC_COUNT(known); i++)
		if (!strcmp(tc, known[i].tc))
			return known[i].syntax;
	if (tp->hint == NULL)
		return tc == NULL ? '-' : 'x';
	if (strstr(tp->hint, "255a") != NULL || strstr(tp->hint, "255t") ||
	    !strcmp(tp->hint, "a") || !strcmp(tp->hint, "t"))
		return 's';
	if (!strcmp(tp->hint, "1x:"))
		return 'm';
	return 'x';
}

static char
node_syntax(const struct tree *tp)
{
	switch (tp->type) {
	case TYPE_INTEGER:
	case TYPE_INTEGER32:
		return 'i';
	case TYPE_COUNTER:
	case TYPE_GAUGE:
	case TYPE_COUNTER64:
	case TYPE_UINTEGER:
	case TYPE_UNSIGNED32:
		return 'u';
	case TYPE_TIMETICKS:
		return 't';
	case TYPE_OBJID:
		return 'o';
	case TYPE_IPADDR:
	case TYPE_NETADDR:
		return 'a';
	case TYPE_OCTETSTR:
		return octets_syntax(tp);
	case TYPE_OPAQUE:
	case TYPE_BITSTRING:
	case TYPE_NSAPADDRESS:
		return 'x';
	default:
		return '-';
	}
}

/* A row is named by ifIndex when that is its table's only index. */
static const char *
node_index(const struct tree *tp)
{
	const struct tree *entry = tp->parent;
	const struct index_list *ix = entry->indexes;

	if (entry->augments != NULL)
		return !strcmp(entry->augments, "ifEntry") ? "ifindex" : "-";
	if (ix != NULL && ix->next == NULL && !strcmp(ix->ilabel, "ifIndex"))
		return "ifindex";
	return "-";
}

static bool
word_is_plain(const char *s)
{
	if (*s == '\0')
		return false;
	for (; *s != '\0'; s++)
		if ((unsigned char)*s <= ' ' || *s == ',' || *s == '=' ||
		    (unsigned char)*s >= 0x7f)
			return false;
	return true;
}

static void
node_write(struct compiler *c, const struct tree *tp, size_t depth)
{
	char kind = node_kind(tp);
	const char *sep = " ";

	fprintf(c->out, "%s ", tp->label);
	for (size_t i = 0; i < depth; i++)
		fprintf(c->out, i ? ".%lu" : "%lu", c->arcs[i]);
	fprintf(c->out, " %c %c %s", kind,
		kind == 'n' || kind == 'o' ? '-' : node_syntax(tp),
		kind == 'c' ? node_index(tp) : "-");
	for (const struct enum_list *e = tp->enums; e != NULL; e = e->next) {
		if (tp->type != TYPE_INTEGER && tp->type != TYPE_INTEGER32)
			break;
		if (!word_is_plain(e->label))
			continue;
		fprintf(c->out, "%s%s=%d", sep, e->label, e->value);
		sep = ",";
	}
	fputc('\n', c->out);
	c->done->objects += kind != 'n';
	c->done->notifications += kind == 'n';
}

static bool
node_is_ours(const struct compiler *c, const struct tree *tp)
{
	const struct module *m = find_module(tp->modid);

	if (m == NULL || m->file == NULL ||
	    !strncmp(m->file, c->temp, strlen(c->temp)))
		return false;
	for (size_t i = 0; i < c->nfiles; i++)
		if (!strcmp(c->files[i], m->file))
			return true;
	return false;
}

/* The tree is as deep as an OID is long, which bounds the recursion. */
static void
tree_write(struct compiler *c, const struct tree *tp, size_t depth)
{
	for (; tp != NULL && depth < NOC_OID_MAX; tp = tp->next_peer) {
		c->arcs[depth] = tp->subid;
		if (depth + 1 >= DEPTH_MIN && word_is_plain(tp->label) &&
		    strncmp(tp->label, ANON, ANON_LEN) != 0 &&
		    node_is_ours(c, tp) && tp->type != TYPE_OBJGROUP &&
		    tp->type != TYPE_NOTIFGROUP && tp->type != TYPE_MODCOMP &&
		    tp->type != TYPE_AGENTCAP && !node_is_enterprise(tp))
			node_write(c, tp, depth + 1);
		tree_write(c, tp->child_list, depth + 1);
	}
}

/* --- reading --- */

static void
compiler_add_file(struct compiler *c, const char *path)
{
	NOC_GROW(c->files, c->files_cap, c->nfiles + 1);
	c->files[c->nfiles++] = noc_strdup(path);
}

static int
compiler_add_dir(struct compiler *c, const char *path, struct noc_err *err)
{
	struct dirent *e;
	DIR *d = opendir(path);

	if (d == NULL)
		return noc_err_set(err, NOC_EINPUT,
				   "The directory '%s' cannot be read: %s.",
				   path, strerror(errno));
	while ((e = readdir(d)) != NULL) {
		struct stat st;
		char *file = noc_asprintf("%s/%s", path, e->d_name);

		if (e->d_name[0] != '.' && stat(file, &st) == 0 &&
		    S_ISREG(st.st_mode))
			compiler_add_file(c, file);
		free(file);
	}
	closedir(d);
	add_mibdir(path);
	return 0;
}

static int
compiler_add(struct compiler *c, const char *path, struct noc_err *err)
{
	struct stat st;
	char *parent, *slash;

	if (stat(path, &st) != 0)
		return noc_err_set(err, NOC_EINPUT,
				   "The MIB '%s' cannot be read: %s.", path,
				   strerror(errno));
	if (S_ISDIR(st.st_mode))
		return compiler_add_dir(c, path, err);
	if (!S_ISREG(st.st_mode))
		return noc_err_set(err, NOC_EINPUT,
				   "The MIB '%s' is no regular file.", path);
	compiler_add_file(c, path);
	/* Imports usually lie beside it. */
	parent = noc_strdup(path);
	slash = strrchr(parent, '/');
	if (slash != NULL) {
		*slash = '\0';
		add_mibdir(slash == parent ? "/" : parent);
	} else {
		add_mibdir(".");
	}
	free(parent);
	return 0;
}

/* The modules that every other one imports, for machines without them. */
static int
compiler_write_base(struct compiler *c, struct noc_err *err)
{
	const struct noc_mib_base *m = noc_mib_base;
	char path[128];
	FILE *f;

	strcpy(c->temp, "/tmp/nocturne-mib.XXXXXX");
	if (mkdtemp(c->temp) == NULL) {
		c->temp[0] = '\0';
		return noc_err_set(err, NOC_ERESOURCE,
				   "A temporary directory could not be made: "
				   "%s.",
				   strerror(errno));
	}
	for (; m->name != NULL; m++) {
		snprintf(path, sizeof(path), "%s/%s", c->temp, m->name);
		f = fopen(path, "we");
		if (f == NULL || fputs(m->text, f) < 0 || fclose(f) != 0)
			return noc_err_set(err, NOC_ERESOURCE,
					   "'%s' could not be written: %s.",
					   path, strerror(errno));
	}
	add_mibdir(c->temp);
	return 0;
}

static void
compiler_release(struct compiler *c)
{
	char path[128];

	for (const struct noc_mib_base *m = noc_mib_base;
	     c->temp[0] != '\0' && m->name != NULL; m++) {
		snprintf(path, sizeof(path), "%s/%s", c->temp, m->name);
		unlink(path);
	}
	if (c->temp[0] != '\0')
		rmdir(c->temp);
	for (size_t i = 0; i < c->nfiles; i++)
		free(c->files[i]);
	free(c->files);
}

int
noc_mib_compile(const char *const *paths, size_t n, FILE *out,
		struct noc_mib_compiled *done, struct noc_err *err)
{
	struct compiler c = { .out = out, .done = done };
	int rc;

	memset(done, 0, sizeof(*done));
	snmp_disable_log();
	netsnmp_register_loghandler(NETSNMP_LOGHANDLER_CALLBACK, LOG_DEBUG);
	snmp_register_callback(SNMP_CALLBACK_LIBRARY, SNMP_CALLBACK_LOGGING,
			       on_problem, done);
	netsnmp_ds_set_boolean(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_MIB_ERRORS,
			       1);
	netsnmp_init_mib_internals();
	if ((rc = compiler_write_base(&c, err)) < 0)
		goto out;
	for (size_t i = 0; i < n; i++)
		if ((rc = compiler_add(&c, paths[i], err)) < 0)
			goto out;
	for (size_t i = 0; i < c.nfiles; i++)
		if (read_mib(c.files[i]) != NULL)
			done->modules++;
	adopt_orphans();
	fputs("# name oid kind syntax index enums\n", out);
	tree_write(&c, get_tree_head(), 0);
	if (done->objects + done->notifications == 0)
		rc = noc_err_set(err, NOC_EINPUT,
				 "No MIB object was found in the %zu file(s) "
				 "given.",
				 c.nfiles);
	if (rc == 0 && fflush(out) != 0)
		rc = noc_err_set(err, NOC_ERESOURCE,
				 "The compiled MIB could not be written: %s.",
				 strerror(errno));
out:
	compiler_release(&c);
	return rc;
}
