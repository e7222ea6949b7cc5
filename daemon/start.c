/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "daemon/private.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/owner.h"
#include "proto/mib.h"
#include "store/reader.h"
#include "store/writer.h"
#include "net/http.h"
#include "engine/inventory/load.h"
#include "engine/lua/lua.h"
#include "engine/edge/secret.h"
#include "engine/parts.h"
#include "snmp/snmp.h"
#include "sensors/listen.h"
#include "sensors/sensors.h"
#include "sensors/snmp_trap.h"
#include "actions/curl.h"
#include "api/api.h"
#include "daemon/lines.h"
#include "daemon/options.h"
#include "daemon/rules_dir.h"

#define START_USERS_MAX 256

/* ---- configuration ---- */

int
noc_daemon_config(const struct noc_daemon *d, struct noc_value **config,
		  struct noc_value **said, struct noc_err *err)
{
	struct noc_value *c = noc_options_new();
	char *errors = NULL;
	int r = 0;

	if (d->config_path)
		r = noc_owner_check_path(d->config_path, err);
	if (d->config_path && !r)
		r = noc_options_load(c, d->config_path, &errors, err);
	if (errors)
		noc_print_lines(errors);
	free(errors);
	for (size_t i = 0; !r && i < noc_value_len(d->sets); i++)
		r = noc_options_set(c, noc_value_at(d->sets, i)->u.s.p, err);
	*said = r ? NULL : noc_value_copy(c);
	if (!r)
		r = noc_options_finish(c, d->config_path, err);
	if (r) {
		noc_value_free(c);
		noc_value_free(*said);
		return r;
	}
	*config = c;
	return 0;
}

static void
start_log_level(const struct noc_value *config)
{
	enum noc_level level = NOC_LOG_INFO;

	noc_log_level_parse(noc_value_get_str(config, "log.level", "info"),
			    &level);
	noc_log_level_set(level);
}

/* ---- SNMP ---- */

static void
start_user(struct noc_snmp_user *u, const char *name,
	   const struct noc_value *map)
{
	*u = (struct noc_snmp_user){
		.name = name,
		.auth = noc_value_get_str(map, "auth", NULL),
		.auth_pass = noc_value_get_str(map, "auth_pass", NULL),
		.priv = noc_value_get_str(map, "priv", NULL),
		.priv_pass = noc_value_get_str(map, "priv_pass", NULL),
		.engine = noc_value_get_str(map, "engine", NULL),
	};
}

/* Secrets filled in: *filled holds what the users point into. */
static int
start_users(const struct noc_env *env, const struct noc_value *config,
	    struct noc_value **filled, struct noc_snmp_user *users, size_t *n,
	    struct noc_err *err)
{
	int r = noc_secret_fill(env, noc_value_get(config, "snmp.users"),
				filled, err);

	*n = 0;
	for (size_t i = 0; !r && i < noc_value_len(*filled); i++) {
		if (*n == START_USERS_MAX)
			return noc_err_set(err, NOC_ECONFIG,
					   "snmp.users has more than %d "
					   "members.",
					   START_USERS_MAX);
		start_user(&users[(*n)++], (*filled)->u.map.at[i].key,
			   (*filled)->u.map.at[i].value);
	}
	return r;
}

int
noc_daemon_users(struct noc_daemon *d, const struct noc_value *config,
		 struct noc_err *err)
{
	struct noc_snmp_user users[START_USERS_MAX];
	struct noc_value *filled = NULL;
	struct noc_env env = d->env;
	size_t n;
	int r;

	env.config = config;
	r = start_users(&env, config, &filled, users, &n, err);
	if (!r)
		r = noc_snmp_set_users(d->env.snmp, users, n, err);
	noc_secret_free(filled);
	return r;
}

static int
on_mib_file(const struct dirent *entry)
{
	size_t n = strlen(entry->d_name);

	return entry->d_name[0] != '.' && n > 4 &&
	       !strcmp(entry->d_name + n - 4, ".txt");
}

/* What `nocturne mib compile` left; one that is broken is said and skipped. */
static void
start_mibs(struct noc_daemon *d)
{
	char *dir = noc_asprintf("%s/mib", d->env.state_dir);
	struct dirent **names = NULL;
	int n = scandir(dir, &names, on_mib_file, alphasort);

	for (int i = 0; i < n; i++) {
		char *path = noc_asprintf("%s/%s", dir, names[i]->d_name);
		struct noc_err err;

		if (noc_mib_load(d->env.mib, path, &err))
			noc_warn("snmp", "mib=%s %s", path, err.msg);
		free(path);
		free(names[i]);
	}
	free(names);
	free(dir);
}

static int
start_snmp(struct noc_daemon *d, struct noc_err *err)
{
	const struct noc_value *mibs = noc_value_get(d->config, "snmp.mibs");
	const char *engine = noc_value_get_str(d->config, "snmp.engine_id", "");
	struct noc_snmp_user users[START_USERS_MAX];
	struct noc_value *filled = NULL;
	struct noc_snmp_options opt = {
		.state_dir = d->env.state_dir,
		.engine_id = *engine ? engine : NULL,
		.users = users,
		.engines_max = (size_t)noc_value_get_int(
		    d->config, "snmp.engines_max", 4096),
		.send = noc_snmp_trap_send,
		.known = noc_snmp_trap_known,
		.known_arg = d->env.core,
	};
	int r = 0;

	d->env.mib = noc_mib_new();
	start_mibs(d);
	for (size_t i = 0; !r && i < noc_value_len(mibs); i++)
		r = noc_mib_load(d->env.mib, noc_value_at(mibs, i)->u.s.p, err);
	opt.mib = d->env.mib;
	if (!r)
		r = start_users(&d->env, d->config, &filled, users, &opt.nusers,
				err);
	if (!r)
		r = noc_snmp_open(d->env.loop, &opt, &d->env.snmp, err);
	noc_secret_free(filled);
	return r;
}

/* ---- rules and inventory ---- */

static char *
start_rules_dir(const struct noc_value *config)
{
	return noc_strdup(
	    noc_rules_dir(noc_value_get_str(config, "rules", "")));
}

static int
start_rules(struct noc_daemon *d, struct noc_err *err)
{
	const char *dirs[] = { d->rules_dir };
	struct noc_ruleset *rs = NULL;
	char *errors = NULL;
	int r = noc_ruleset_load(dirs, 1, false, &rs, &errors, err);

	if (r) {
		size_t n = noc_print_lines(errors);

		free(errors);
		return n == 0 ? r
			      : noc_err_set(err, NOC_ECONFIG,
					    "%zu error%s in the rules of %s.",
					    n, n == 1 ? "" : "s", d->rules_dir);
	}
	if (rs->warnings[0])
		noc_print_lines(rs->warnings);
	noc_core_ruleset(d->env.core, rs, "start", noc_loop_now(d->env.loop));
	return 0;
}

int
noc_daemon_inventory(const struct noc_value *config, struct noc_inventory **out,
		     struct noc_err *err)
{
	const char *path = noc_value_get_str(config, "inventory.path", "");

	*out = NULL;
	if (!*path && access("inventory.csv", R_OK) == 0)
		path = "inventory.csv";
	return *path ? noc_inventory_load(path, noc_lua_data, out, err) : 0;
}

/* ---- HTTP and sensors ---- */

static int
start_http(struct noc_daemon *d, struct noc_err *err)
{
	struct noc_http_conf conf;
	int64_t body_max =
	    noc_value_get_int(d->config, "http.body_max", 1 << 20);
	int r;

	noc_http_conf_default(&conf);
	conf.limits.body_max = (size_t)body_max;
	noc_api_http_conf(&conf, &d->env);
	r = noc_http_new(d->env.loop, &conf, &d->env.http, err);
	if (!r)
		r = noc_api_open(&d->env, &d->api, err);
	return r;
}

static int
start_http_listen(struct noc_daemon *d, struct noc_err *err)
{
	const char *tcp = noc_value_get_str(d->config, "http", "off");
	const char *path = noc_value_get_str(d->config, "http.unix", "off");
	const char *colon = strrchr(tcp, ':');
	char owner[128];
	int fd, r = 0;

	fd = noc_listen_take("http");
	if (fd >= 0)
		r = noc_http_listen_fd(d->env.http, fd, err);
	else if (strcmp(tcp, "off"))
		r = noc_http_listen_tcp(d->env.http, tcp, err);
	if (r == NOC_ECONFLICT && colon) {
		int port = atoi(colon + 1);
		bool known =
		    noc_listen_owner(SOCK_STREAM, port, owner, sizeof(owner));

		return noc_err_set(err, r,
				   "TCP port %s is taken%s%s; choose another "
				   "with --set http=%d (or --set http=off).",
				   tcp, known ? " by " : "", known ? owner : "",
				   port < 55000 ? port + 10000 : port - 10000);
	}
	if (r)
		return r;
	fd = noc_listen_take("http.unix");
	if (fd >= 0)
		r = noc_http_listen_fd(d->env.http, fd, err);
	else if (strcmp(path, "off"))
		r = noc_http_listen_unix(d->env.http, path, err);
	return r ? r : noc_http_start(d->env.http, err);
}

static int
start_sensors(struct noc_daemon *d, struct noc_err *err)
{
	for (size_t i = 0; noc_sensor_at(i); i++) {
		struct noc_daemon_sensor *s = &d->sensors[d->nsensors];
		int r;

		NOC_REQUIRE(d->nsensors < NOC_DAEMON_SENSORS);
		s->ops = noc_sensor_at(i);
		r = s->ops->open(&d->env, &s->instance, err);
		if (r)
			return r;
		d->nsensors++;
	}
	return 0;
}

/* ---- in order ---- */

static void
start_limits(void)
{
	struct rlimit rl;

	if (getrlimit(RLIMIT_NOFILE, &rl))
		return;
	rl.rlim_cur = rl.rlim_max < 65536 ? rl.rlim_max : 65536;
	setrlimit(RLIMIT_NOFILE, &rl);
}

static int
start_store(struct noc_daemon *d, struct noc_err *err)
{
	static const char *const tables[] = { "events", "decisions", "runs" };
	const struct noc_writer_options opt = {
		.state_dir = d->env.state_dir,
		.site = noc_value_get_str(d->config, "site", "nocturne"),
		.anchor = noc_value_get_bool(d->config, "anchor", true),
		.wait = true,
	};
	char *recovered = NULL;
	int r = noc_owner_check_dir(opt.state_dir, err);

	if (!r)
		r = noc_writer_open(&opt, &d->env.writer, &recovered, err);
	if (recovered)
		noc_error("journal", "%s", recovered);
	free(recovered);
	for (size_t i = 0; !r && i < NOC_COUNT(tables); i++) {
		char key[32];
		int64_t ms;

		snprintf(key, sizeof(key), "retain.%s", tables[i]);
		ms = noc_value_get_int(d->config, key, 0);
		r = noc_writer_retain(
		    d->env.writer, tables[i],
		    ms < INT64_MAX / NOC_NS_PER_MS ? ms * NOC_NS_PER_MS : 0);
	}
	return r ? r : noc_reader_open(d->env.state_dir, &d->env.reader, err);
}

int
noc_daemon_start(struct noc_daemon *d, struct noc_err *err)
{
	struct noc_core_options opt = { .env = &d->env,
					.host = &d->host,
					.parts = noc_parts };
	struct noc_inventory *inv = NULL;
	int r;

	noc_clock_boot_id(opt.boot_id);
	start_limits();
	start_log_level(d->config);
	noc_listen_inherit();
	d->env.config = d->config;
	d->env.state_dir = noc_value_get_str(d->config, "state", "./var");
	d->rules_dir = start_rules_dir(d->config);
	d->env.rules_dir = d->rules_dir;
	r = noc_daemon_inventory(d->config, &inv, err);
	if (!r)
		r = noc_loop_new(&d->env.loop, err);
	if (!r)
		r = start_store(d, err);
	if (r) {
		noc_inventory_unref(inv);
		return r;
	}
	noc_daemon_host(d);
	noc_daemon_watch(d);
	noc_core_new(&opt); /* sets env.core */
	if (inv)
		noc_core_inventory(d->env.core, inv, noc_loop_now(d->env.loop));
	r = start_rules(d, err);
	if (!r)
		r = start_snmp(d, err);
	if (!r)
		r = start_http(d, err);
	if (!r)
		r = noc_core_resume(d->env.core, d->env.state_dir,
				    noc_loop_now(d->env.loop), err);
	if (!r)
		noc_writer_go(d->env.writer);
	if (!r)
		r = start_sensors(d, err);
	if (!r)
		r = start_http_listen(d, err);
	if (!r)
		noc_listen_leftover();
	return r;
}

void
noc_daemon_stop(struct noc_daemon *d)
{
	noc_daemon_reload_free(d);
	noc_feed_free(d);
	for (size_t i = d->nsensors; i-- > 0;)
		if (d->sensors[i].instance)
			d->sensors[i].ops->close(d->sensors[i].instance);
	noc_api_close(d->api);
	if (d->env.http)
		noc_http_free(d->env.http);
	if (d->env.loop)
		noc_daemon_unwatch(d);
	noc_snmp_close(d->env.snmp);
	if (d->env.loop)
		noc_transfer_close(&d->env);
	noc_core_free(d->env.core);
	noc_reader_close(d->env.reader);
	if (d->env.writer)
		noc_writer_close(d->env.writer, 5000);
	noc_mib_free(d->env.mib);
	if (d->env.loop)
		noc_loop_free(d->env.loop);
	noc_value_free(d->config);
	noc_value_free(d->said);
	noc_value_free(d->old);
	noc_value_free(d->sets);
	free(d->config_path);
	free(d->rules_dir);
}
