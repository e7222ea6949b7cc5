/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/crypto.h"
#include "base/mem.h"
#include "proto/ifname.h"
#include "engine/inventory/inventory.h"
#include "engine/lang/schema_rows.h"
#include "engine/expr/where.h"
#include "engine/edge/secret.h"
#include "engine/core/call.h"
#include "engine/intake/enrich.h"
#include "snmp/request.h"
#include "actions/actions.h"

/*
 * snmp.get, snmp.set, snmp.walk: the options name objects, as "ifOperStatus.7"
 * or "ifOperStatus[Gi1/0/1]" (the row by ifName, asked when not known).  The
 * address and the credential are the target's, from the inventory.
 */
#define SNMP_OIDS_MAX 64

struct snmp_action {
	struct noc_env *env;
	struct noc_call *call;
	enum noc_snmp_op op;
	size_t n;		    /* objects */
	char *names[SNMP_OIDS_MAX]; /* result name, or the OID of a SET */
	char *oids[SNMP_OIDS_MAX];
	const struct noc_value *values[SNMP_OIDS_MAX]; /* SET */
	struct noc_snmp_call *calls[SNMP_OIDS_MAX];
	size_t at;		/* walk: the object being walked */
	struct noc_value *cred; /* filled: wiped when freed */
	struct noc_value *result;
	bool asking; /* for ifName */
};

static void
snmp_free(struct snmp_action *a)
{
	for (size_t i = 0; i < SNMP_OIDS_MAX; i++) {
		free(a->names[i]);
		free(a->oids[i]);
		if (a->calls[i])
			noc_snmp_cancel(a->calls[i]);
	}
	noc_secret_free(a->cred);
	noc_value_free(a->result);
	a->call->impl = NULL;
	free(a);
}

/* ---- the end ---- */

static void
snmp_fail(struct snmp_action *a, const struct noc_err *err)
{
	const struct noc_device *d = a->call->device;
	struct noc_call_error e = { 0 };
	const char *class = noc_class_of_kind(err->kind), *code = "snmp";

	if (err->kind == NOC_ETIMEOUT)
		code = "timeout";
	else if (err->kind == NOC_EDENIED)
		code = "denied";
	else if (err->kind == NOC_ENOTFOUND)
		code = "noSuchObject";
	noc_call_error_set(&e, class, "device", code, "%s (%s): %s",
			   a->call->target, d ? d->addresses[0] : "?",
			   err->msg);
	noc_call_done(a->env, a->call, NULL, &e);
	snmp_free(a);
}

static void
snmp_finish(struct snmp_action *a)
{
	struct noc_value *result = a->result;

	a->result = NULL;
	noc_call_done(a->env, a->call, result, NULL);
	snmp_free(a);
}

static int snmp_send(struct snmp_action *a, struct noc_err *err);

static void
on_snmp_done(struct noc_value *rows, const struct noc_err *err, void *arg)
{
	struct snmp_action *a = arg;

	a->calls[0] = NULL;
	if (err) {
		snmp_fail(a, err);
		noc_value_free(rows);
		return;
	}
	for (size_t i = 0; i < a->n; i++) {
		const struct noc_value *v =
		    noc_value_get(noc_value_at(rows, i), "value");

		if (v && v->type != NOC_NIL)
			noc_value_set(a->result, a->names[i],
				      noc_value_copy(v));
	}
	noc_value_free(rows);
	snmp_finish(a);
}

/* One column after the other: a walk is heavy on small agents. */
static void
on_snmp_walked(struct noc_value *rows, const struct noc_err *err, void *arg)
{
	struct snmp_action *a = arg;
	struct noc_value *map;
	struct noc_err failed;

	a->calls[0] = NULL;
	if (err && err->kind != NOC_ENOTFOUND) {
		snmp_fail(a, err);
		noc_value_free(rows);
		return;
	}
	map = noc_value_map();
	for (size_t i = 0; i < noc_value_len(rows); i++) {
		const struct noc_value *row = noc_value_at(rows, i);
		const struct noc_value *v = noc_value_get(row, "value");
		const struct noc_value *index = noc_value_get(row, "index");
		struct noc_strbuf key = NOC_STRBUF_INIT;

		if (!v || v->type == NOC_NIL)
			continue;
		noc_value_text(index, &key);
		noc_value_set(map, key.p ? key.p : "", noc_value_copy(v));
		noc_strbuf_release(&key);
	}
	noc_value_free(rows);
	noc_value_set(a->result, a->names[a->at], map);
	if (++a->at == a->n) {
		snmp_finish(a);
		return;
	}
	if (snmp_send(a, &failed) < 0)
		snmp_fail(a, &failed);
}

/* ---- rows by name: "ifOperStatus[Gi1/0/1]" ---- */

static void on_snmp_names(struct noc_value *rows, const struct noc_err *err,
			  void *arg);

static struct noc_slice
snmp_bracket(const char *oid)
{
	const char *open = strchr(oid, '['), *end;

	end = open ? strrchr(open, ']') : NULL;
	return end && !end[1] ? noc_slice(open + 1, (size_t)(end - open - 1))
			      : noc_slice(NULL, 0);
}

static void
snmp_index(struct snmp_action *a, size_t i, int64_t index)
{
	const char *open = strchr(a->oids[i], '[');
	char *oid = noc_asprintf("%.*s.%lld", (int)(open - a->oids[i]),
				 a->oids[i], (long long)index);

	free(a->oids[i]);
	a->oids[i] = oid;
}

/* True when every row is known by number. */
static bool
snmp_resolve(struct snmp_action *a)
{
	bool all = true;

	for (size_t i = 0; i < a->n; i++) {
		struct noc_slice name = snmp_bracket(a->oids[i]);
		int64_t index;

		if (!name.p)
			continue;
		index = noc_enrich_ifindex(a->env->core, a->call->target, name);
		if (index > 0)
			snmp_index(a, i, index);
		else
			all = false;
	}
	return all;
}

static void
snmp_request(struct snmp_action *a, struct noc_snmp_request *req)
{
	const struct noc_device *d = a->call->device;
	const char *community =
	    noc_value_get_str(a->cred, "community", "public");
	const char *version = noc_value_get_str(a->cred, "version", "2c");

	if (a->op == NOC_SNMP_SET)
		community =
		    noc_value_get_str(a->cred, "write_community", community);
	req->address = d->addresses[0];
	req->port = d->snmp_port;
	req->credential.version = version[0] == '3'   ? 3
				  : version[0] == '1' ? 1
						      : 2;
	req->credential.community = community;
	req->credential.user = noc_value_get_str(a->cred, "user", NULL);
	req->credential.auth = noc_value_get_str(a->cred, "auth", NULL);
	req->credential.auth_pass =
	    noc_value_get_str(a->cred, "auth_pass", NULL);
	req->credential.priv = noc_value_get_str(a->cred, "priv", NULL);
	req->credential.priv_pass =
	    noc_value_get_str(a->cred, "priv_pass", NULL);
	req->credential.context = noc_value_get_str(a->cred, "context", NULL);
	req->timeout_ms = a->call->timeout_ms;
}

static int
snmp_send(struct snmp_action *a, struct noc_err *err)
{
	const char *if_name = "ifName";
	struct noc_snmp_request req = { .op = a->op };
	bool walk = a->op == NOC_SNMP_WALK;

	snmp_request(a, &req);
	if (!a->asking && !snmp_resolve(a)) {
		a->asking = true;
		req.op = NOC_SNMP_WALK;
		req.oids = &if_name;
		req.noids = 1;
		a->calls[0] =
		    noc_snmp_request(a->env->snmp, &req, on_snmp_names, a, err);
		return a->calls[0] ? 0 : err->kind;
	}
	req.oids = (const char *const *)(walk ? a->oids + a->at : a->oids);
	req.noids = walk ? 1 : a->n;
	req.values = a->op == NOC_SNMP_SET ? a->values : NULL;
	a->calls[0] = noc_snmp_request(
	    a->env->snmp, &req, walk ? on_snmp_walked : on_snmp_done, a, err);
	return a->calls[0] ? 0 : err->kind;
}

static void
on_snmp_names(struct noc_value *rows, const struct noc_err *err, void *arg)
{
	struct snmp_action *a = arg;
	struct noc_err failed = { 0 };

	a->calls[0] = NULL;
	for (size_t i = 0; !err && i < a->n; i++) {
		struct noc_slice name = snmp_bracket(a->oids[i]);
		char want[128], have[128];

		if (!name.p)
			continue;
		name = noc_ifname_canonical(name, want, sizeof(want));
		for (size_t j = 0; j < noc_value_len(rows); j++) {
			const struct noc_value *row = noc_value_at(rows, j);
			const char *text = noc_value_get_str(row, "value", "");
			struct noc_strbuf ix = NOC_STRBUF_INIT;

			if (!noc_slice_eq(
				name, noc_ifname_canonical(noc_slice_str(text),
							   have, sizeof(have))))
				continue;
			noc_value_text(noc_value_get(row, "index"), &ix);
			snmp_index(a, i, strtoll(ix.p ? ix.p : "", NULL, 10));
			noc_strbuf_release(&ix);
			break;
		}
		if (snmp_bracket(a->oids[i]).p)
			noc_err_set(&failed, NOC_ENOTFOUND,
				    "it has no interface %.*s", (int)name.len,
				    name.p);
	}
	noc_value_free(rows);
	if (err)
		snmp_fail(a, err);
	else if (failed.kind || snmp_send(a, &failed) < 0)
		snmp_fail(a, &failed);
}

/* ---- start ---- */

/* The credential by the device's name for it; "default" when it has none. */
static int
snmp_credential(struct snmp_action *a, struct noc_err *err)
{
	const struct noc_device *d = a->call->device;
	const char *name = *d->credential ? d->credential : "default";
	const struct noc_value *all =
	    noc_value_get(a->env->config, "credentials");
	const struct noc_value *cred = noc_value_get(all, name);

	if (!cred && strcmp(name, "default"))
		return noc_err_set(
		    err, NOC_ECONFIG,
		    "%s names the credential '%s', but the configuration has no credentials.%s",
		    d->name, name, name);
	if (!cred) {
		a->cred = noc_value_map();
		return 0;
	}
	return noc_secret_fill(a->env, cred, &a->cred, err);
}

static int
snmp_objects(struct snmp_action *a, struct noc_err *err)
{
	const struct noc_value *opts = noc_params_opts(a->call->params);

	for (size_t i = 0; i < opts->u.map.len; i++) {
		const struct noc_member *m = &opts->u.map.at[i];

		if (a->n == SNMP_OIDS_MAX)
			return noc_err_set(
			    err, NOC_EINPUT,
			    "One SNMP step names at most %d objects.",
			    SNMP_OIDS_MAX);
		if (a->op == NOC_SNMP_SET) {
			a->oids[a->n] = noc_strdup(m->key);
			a->values[a->n] = m->value;
		} else if (m->value->type == NOC_STR) {
			a->oids[a->n] = noc_strdup(m->value->u.s.p);
		} else {
			return noc_err_set(err, NOC_EINPUT,
					   "The object '%s' is no text.",
					   m->key);
		}
		a->names[a->n++] = noc_strdup(m->key);
	}
	if (a->n == 0)
		return noc_err_set(err, NOC_EINPUT,
				   "The SNMP step names no object.");
	return 0;
}

static int
snmp_start(struct noc_env *env, struct noc_call *call, enum noc_snmp_op op,
	   struct noc_err *err)
{
	struct snmp_action *a;
	int r;

	if (!call->device)
		return noc_err_set(
		    err, NOC_EINPUT,
		    "'%s' is not in the inventory, so there is no address or credential to ask it with.",
		    call->target);
	if (call->device->naddresses == 0)
		return noc_err_set(err, NOC_EINPUT,
				   "'%s' has no address in the inventory.",
				   call->target);
	a = noc_calloc(1, sizeof(*a));
	a->env = env;
	a->call = call;
	a->op = op;
	a->result = noc_value_map();
	call->impl = a;
	r = snmp_objects(a, err);
	if (r == 0)
		r = snmp_credential(a, err);
	if (r == 0)
		r = snmp_send(a, err);
	if (r < 0)
		snmp_free(a);
	return r;
}

static int
get_start(struct noc_env *env, struct noc_call *call, struct noc_err *err)
{
	return snmp_start(env, call, NOC_SNMP_GET, err);
}

static int
set_start(struct noc_env *env, struct noc_call *call, struct noc_err *err)
{
	return snmp_start(env, call, NOC_SNMP_SET, err);
}

static int
walk_start(struct noc_env *env, struct noc_call *call, struct noc_err *err)
{
	return snmp_start(env, call, NOC_SNMP_WALK, err);
}

static void
snmp_cancel(struct noc_env *env, struct noc_call *call)
{
	(void)env;
	if (call->impl)
		snmp_free(call->impl);
}

static void
snmp_peer(const struct noc_env *env, const struct noc_value *params,
	  const char *target, struct noc_strbuf *out)
{
	(void)env;
	(void)params;
	noc_strbuf_adds(out, target);
}

static void
set_plan(const struct noc_value *params, struct noc_strbuf *out)
{
	const struct noc_value *opts = noc_params_opts(params);

	noc_strbuf_adds(out, "snmp.set");
	for (size_t i = 0; i < opts->u.map.len; i++) {
		noc_strbuf_addf(out, " %s=", opts->u.map.at[i].key);
		noc_value_text(opts->u.map.at[i].value, out);
	}
}

static const struct noc_option snmp_read_options[] = {
	OPT("*", STRING,
	    "result name = object, as \"ifOperStatus.{ifindex}\" or "
	    "\"ifOperStatus[{ifname}]\""),
	END
};

static const struct noc_option snmp_set_options[] = {
	VAL("*", STRING, "number", NULL,
	    "object = value; enumerated values by label"),
	END
};

const struct noc_action_ops noc_action_snmp_get = {
	.name = "snmp.get",
	.flags = NOC_ACTION_READS | NOC_ACTION_IDEMPOTENT,
	.help = "Reads objects of the target.",
	.options = snmp_read_options,
	.start = get_start,
	.cancel = snmp_cancel,
	.peer = snmp_peer,
};

const struct noc_action_ops noc_action_snmp_walk = {
	.name = "snmp.walk",
	.flags = NOC_ACTION_READS | NOC_ACTION_IDEMPOTENT,
	.help = "Reads whole columns of the target.",
	.options = snmp_read_options,
	.start = walk_start,
	.cancel = snmp_cancel,
	.peer = snmp_peer,
};

/* Setting a state is idempotent: the same SET twice leaves the same state. */
const struct noc_action_ops noc_action_snmp_set = {
	.name = "snmp.set",
	.flags = NOC_ACTION_MUTATES | NOC_ACTION_IDEMPOTENT,
	.help = "Sets objects of the target.",
	.options = snmp_set_options,
	.start = set_start,
	.cancel = snmp_cancel,
	.peer = snmp_peer,
	.plan = set_plan,
};
