/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "daemon/daemon.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "store/writer.h"
#include "net/http.h"
#include "engine/rule/ruleset.h"

/* What `nocturne serve` says when it listens, every value real. */

/* "./var" for what is below the current directory, else as it is. */
static char *
screen_path(const char *path, const char *here)
{
	char full[PATH_MAX], cwd[PATH_MAX];
	size_t len;

	if (!realpath(path, full) || !getcwd(cwd, sizeof(cwd)))
		return noc_strdup(path);
	len = strlen(cwd);
	if (strcmp(cwd, "/") && !strncmp(full, cwd, len) && full[len] == '/')
		return noc_asprintf("%s%s", here, full + len + 1);
	return noc_strdup(path);
}

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
	char *at, *text, *local;

	if (!len) {
		local = screen_sensor(d, "syslog.unix");
		text = *local ? noc_asprintf("logger -u %.*s",
					     (int)strcspn(local, " "), local)
			      : NULL;
		free(local);
		return text;
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

		if (!strcmp(at, "off") || !strncmp(at, "127.", 4) ||
		    !strncmp(at, "[::1]", 5))
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

void
noc_daemon_screen(struct noc_daemon *d)
{
	char *udp = screen_sensor(d, "syslog.udp");
	char *tcp = screen_sensor(d, "syslog.tcp");
	char *state = screen_path(d->env.state_dir, "./");
	char *rules = screen_path(d->rules_dir, "");
	char *counts = noc_daemon_rules_text(noc_core_rules(d->env.core),
					     NOC_SCREEN_NAMES);
	char *listening = screen_listening(d, udp, tcp);
	char *try = screen_try(d, udp, tcp);
	size_t len = strlen(rules);

	printf("nocturne %s  state %s  rules %s%s (%s)\n", PACKAGE_VERSION,
	       state, rules, len && rules[len - 1] == '/' ? "" : "/", counts);
	printf("listening  %s\n", listening);
	printf("audit key  %s  (pin it off this host)\n",
	       noc_writer_vkey(d->env.writer));
	if (try)
		printf("try it     %s -t '%%LINK-3-UPDOWN' 'Interface Gi1/0/1, "
		       "changed state to down'\n",
		       try);
	puts("           nocturne events          # what came in, which rule, "
	     "why not");
	puts("           nocturne demo            # 30 s: break a link, watch "
	     "it heal");
	puts("real gear  nocturne serve --listen 0.0.0.0   "
	     "(doc/getting-started)");
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
