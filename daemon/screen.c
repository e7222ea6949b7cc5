/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "daemon/screen.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/loopback.h"
#include "base/mem.h"
#include "store/writer.h"
#include "net/http.h"
#include "engine/rule/ruleset.h"
#include "sensors/listen.h"
#include "daemon/hint.h"
#include "daemon/private.h"
#include "daemon/rules_dir.h"

/* What `nocturne serve` says when it listens, every value real. */

char *
noc_daemon_rules_text(const struct noc_ruleset *rs, size_t names)
{
	static const enum noc_mode quiet[] = { NOC_OBSERVE, NOC_SHADOW };
	struct noc_strbuf sb = NOC_STRBUF_INIT;
	size_t n[NOC_COUNT(quiet)] = { 0 };

	for (size_t i = 0; i < rs->nrules; i++)
		for (size_t q = 0; q < NOC_COUNT(quiet); q++)
			n[q] += rs->rules[i].mode == quiet[q];
	noc_strbuf_addf(&sb, "%zu rule%s: %zu live", rs->nrules,
			rs->nrules == 1 ? "" : "s", rs->nrules - n[0] - n[1]);
	for (size_t q = 0; q < NOC_COUNT(quiet); q++) {
		size_t said = 0;

		if (n[q])
			noc_strbuf_addf(&sb, ", %zu %s:", n[q],
					noc_mode_name(quiet[q]));
		for (size_t i = 0; i < rs->nrules && said < names; i++)
			if (rs->rules[i].mode == quiet[q])
				noc_strbuf_addf(&sb, "%s %s", said++ ? "," : "",
						rs->rules[i].name);
		if (n[q] > said)
			noc_strbuf_addf(&sb, " and %zu more", n[q] - said);
	}
	return noc_strbuf_detach(&sb, NULL);
}

/* "127.0.0.1:5514 udp" of the sensor, "" when it is off. */
static char *
screen_sensor(const struct noc_daemon *d, const char *name)
{
	struct noc_strbuf sb = NOC_STRBUF_INIT;

	for (size_t i = 0; i < d->nsensors; i++) {
		const struct noc_daemon_sensor *s = &d->sensors[i];

		if (s->instance && s->ops->describe &&
		    !strcmp(s->ops->name, name))
			s->ops->describe(s->instance, &sb);
	}
	return sb.p ? noc_strbuf_detach(&sb, NULL) : noc_strdup("");
}

static char *
screen_syslog(const char *udp, const char *tcp)
{
	size_t len = strcspn(udp, " ");

	if (*udp && *tcp && len == strcspn(tcp, " ") && !memcmp(udp, tcp, len))
		return noc_asprintf("syslog %.*s udp+tcp", (int)len, udp);
	if (*udp && *tcp)
		return noc_asprintf("syslog %s %s", udp, tcp);
	return *udp || *tcp ? noc_asprintf("syslog %s%s", udp, tcp)
			    : noc_strdup("");
}

static char *
screen_listening(struct noc_daemon *d, const char *udp, const char *tcp)
{
	const char *http = noc_value_get_str(d->config, "http", "off");
	char *trap = screen_sensor(d, "snmp.trap");
	char *syslog = screen_syslog(udp, tcp);
	struct noc_strbuf sb = NOC_STRBUF_INIT;

	noc_strbuf_adds(&sb, syslog);
	if (*trap)
		noc_strbuf_addf(&sb, "%straps %.*s", sb.len ? "   " : "",
				(int)strcspn(trap, " "), trap);
	if (strcmp(http, "off"))
		noc_strbuf_addf(&sb, "%shttp://%.*s:%d", sb.len ? "   " : "",
				(int)(strrchr(http, ':') - http), http,
				noc_http_port(d->env.http));
	if (!sb.len)
		noc_strbuf_adds(&sb, "nothing but its own sockets");
	free(trap);
	free(syslog);
	return noc_strbuf_detach(&sb, NULL);
}

/* A logger command that reaches us and is a link.down of Cisco's. */
static char *
screen_try(struct noc_daemon *d, const char *udp, const char *tcp)
{
	const char *how = *udp ? udp : tcp;
	size_t len = strcspn(how, " "), host;
	struct noc_strbuf sb = NOC_STRBUF_INIT;
	char *at, *text, *local;

	if (!len) {
		local = screen_sensor(d, "syslog.unix");
		if (*local) {
			*strrchr(local, ' ') = '\0'; /* "PATH unix" */
			noc_strbuf_adds(&sb, "logger -u");
			noc_hint_add(&sb, local);
		}
		free(local);
		return sb.p ? noc_strbuf_detach(&sb, NULL) : NULL;
	}
	at = noc_strndup(how, len);
	host = (size_t)(strrchr(at, ':') - at);
	text = noc_asprintf("logger -n %.*s -P %s -%c",
			    !strncmp(at, "0.0.0.0:", 8) ? 9
			    : at[0] == '['		? (int)host - 2
							: (int)host,
			    !strncmp(at, "0.0.0.0:", 8) ? "127.0.0.1"
			    : !strncmp(at, "[::]:", 5)	? "::1"
			    : at[0] == '['		? at + 1
							: at,
			    at + host + 1, *udp ? 'd' : 'T');
	free(at);
	return text;
}

/* "127.0.0.1:5514", "[::1]:5514". */
static bool
screen_is_loopback(const char *at)
{
	char host[INET6_ADDRSTRLEN];
	struct noc_address a;

	if (noc_address_parse(at, &a, NULL))
		return false;
	noc_address_host((struct sockaddr *)&a.ss, host);
	return noc_is_loopback(noc_slice_str(host));
}

/* Open to the network, and nobody has to say who he is. */
static void
screen_warn(const struct noc_daemon *d)
{
	static const struct {
		const char *option, *text;
	} open[] = { { "syslog.udp", "syslog over UDP (syslog.udp)" },
		     { "syslog.tcp", "syslog over TCP (syslog.tcp)" },
		     { "traps", "SNMP v1 and v2c traps (traps)" } };
	struct noc_strbuf sb = NOC_STRBUF_INIT;

	for (size_t i = 0; i < NOC_COUNT(open); i++) {
		const char *at =
		    noc_value_get_str(d->config, open[i].option, "off");

		if (!strcmp(at, "off") || screen_is_loopback(at))
			continue;
		noc_strbuf_addf(&sb, "%s%s", sb.len ? ", " : "", open[i].text);
	}
	if (sb.len)
		printf("warning    open to the network without authentication: "
		       "%s.\n           Who is not in the inventory is "
		       "recorded and never acted upon; UDP senders can be "
		       "forged: SNMPv3 authPriv cannot.\n",
		       sb.p);
	noc_strbuf_release(&sb);
}

/* Whose word is acted upon; daemon/feed.c asks the same sources. */
static void
screen_inventory(const struct noc_daemon *d)
{
	const struct noc_inventory *inv = noc_core_inv(d->env.core);
	const struct noc_value *command =
	    noc_value_get(d->config, "inventory.command");
	const char *url = noc_value_get_str(d->config, "inventory.url", "");
	char *path;

	if (noc_value_len(command) || *url) {
		printf("inventory  what inventory.%s gives\n",
		       noc_value_len(command) ? "command" : "url");
	} else if (inv) {
		path = noc_hint_path(inv->origin, "./");
		printf("inventory  %s (%zu device%s)\n", path, inv->ndevices,
		       inv->ndevices == 1 ? "" : "s");
		free(path);
	} else {
		puts("inventory  none: ./inventory.csv is read when it is "
		     "there   (doc/getting-started.md)");
	}
}

/* A verb of ours, and what it would not find by itself from here. */
static void
screen_command(struct noc_strbuf *sb, const char *verb, const char *state)
{
	const char *env = getenv("NOCTURNE_STATE");
	char *program = noc_hint_program();

	noc_strbuf_clear(sb);
	noc_hint_add(sb, program);
	noc_hint_add(sb, verb);
	if (state && (strcmp(state, "./var") || (env && *env))) {
		noc_hint_add(sb, "--state");
		noc_hint_add(sb, state);
	}
	free(program);
}

static void
screen_commands(const struct noc_daemon *d, const char *state,
		const char *rules)
{
	char *found = noc_hint_path(noc_rules_dir(""), "");
	char *socket = noc_asprintf("%s/nocturne.sock", d->env.state_dir);
	struct noc_strbuf sb = NOC_STRBUF_INIT;

	if (noc_value_is_str(noc_value_get(d->config, "http.unix"), socket)) {
		screen_command(&sb, "events", state);
		printf("           %-24s # what came in, which rule, why not\n",
		       sb.p);
	}
	screen_command(&sb, "demo", NULL);
	printf("           %-24s # 30 s: break a link, watch it heal\n", sb.p);
	screen_command(&sb, "serve", state);
	if (d->config_path) {
		noc_hint_add(&sb, "--config");
		noc_hint_add(&sb, d->config_path);
	}
	if (strcmp(rules, found)) {
		noc_hint_add(&sb, "--rules");
		noc_hint_add(&sb, rules);
	}
	printf("real gear  %s --listen 0.0.0.0   # instead of this one: "
	       "doc/getting-started.md\n",
	       sb.p);
	noc_strbuf_release(&sb);
	free(socket);
	free(found);
}

void
noc_daemon_screen(struct noc_daemon *d)
{
	char *udp = screen_sensor(d, "syslog.udp");
	char *tcp = screen_sensor(d, "syslog.tcp");
	char *state = noc_hint_path(d->env.state_dir, "./");
	char *rules = noc_hint_path(d->rules_dir, "");
	char *counts = noc_daemon_rules_text(noc_core_rules(d->env.core),
					     NOC_SCREEN_NAMES);
	char *listening = screen_listening(d, udp, tcp);
	char *try = screen_try(d, udp, tcp);
	size_t len = strlen(rules);

	printf("nocturne %s  state %s  rules %s%s (%s)\n", PACKAGE_VERSION,
	       state, rules, len && rules[len - 1] == '/' ? "" : "/", counts);
	screen_inventory(d);
	printf("listening  %s\n", listening);
	printf("audit key  %s  (pin it off this host)\n",
	       noc_writer_vkey(d->env.writer));
	if (try)
		printf("try it     %s -t '%%LINK-3-UPDOWN' 'Interface Gi1/0/1, "
		       "changed state to down'\n",
		       try);
	screen_commands(d, state, rules);
	screen_warn(d);
	fflush(stdout);
	free(udp);
	free(tcp);
	free(state);
	free(rules);
	free(counts);
	free(listening);
	free(try);
}
