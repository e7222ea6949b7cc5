/* SPDX-License-Identifier: ISC */
/*
 * The rule language, part three: the parameters of actions and who signs a
 * webhook or a request.
 */
#include "config.h"

#include "engine/lang/schema.h"
#include "engine/lang/schema_rows.h"

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

static const struct noc_option exec_options[] = {
	OPT("stdin", ANY, "sent as JSON on standard input"),
	OPT("env", MAP, "environment variables"),
	OPT("cwd", STRING, "directory it runs in"),
	VAL("format", ENUM, "auto json text", "auto", "how its output is read"),
	OPT("exit", MAP,
	    "exit code = error class, as { [\"75\"] = "
	    "\"transient\" }"),
	DEF("mutates", BOOL, "true, false in a poll or verify",
	    "false: it only looks"),
	DEF("idempotent", BOOL, "false", "doing it twice is doing it once"),
	END
};

#define HTTP_OPTIONS                                                      \
	REQ("url", STRING, "secret", "https://..."),                      \
	    OPT("header", MAP, "request headers"),                        \
	    OPT("query", MAP, "added to the URL, encoded"),               \
	    VAL("auth", NODE, "secret bearer basic hmac github standard", \
		NULL, "secret \"x\" is sent as a bearer token"),          \
	    DEF("ok", ANY, "200-299", "status codes that are success"),   \
	    DEF("follow", BOOL, "false", "follow redirects"),             \
	    OPT("ca", LITERAL, "file of CA certificates to trust"),       \
	    DEF("max_bytes", INT, "1048576", "longest answer that is read")

static const struct noc_option http_read_options[] = { HTTP_OPTIONS, END };

static const struct noc_option http_write_options[] = {
	HTTP_OPTIONS,
	OPT("json", ANY, "body as a table"),
	OPT("form", MAP, "or as a form"),
	OPT("body", STRING, "or as text"),
	DEF("idempotent", BOOL, "true for put and delete",
	    "sending it twice is sending it once"),
	OPT("idempotency_key", STRING, "sent as Idempotency-Key"),
	END
};

static const struct noc_option syslog_options[] = {
	DEF("to", STRING, "127.0.0.1:514", "host:port, or a socket path"),
	VAL("transport", ENUM, "udp tcp unix", "udp", "how it is sent"),
	VAL("facility", ENUM,
	    "kern user mail daemon auth syslog lpr news uucp cron authpriv ftp "
	    "local0 local1 local2 local3 local4 local5 local6 local7",
	    "local0", "syslog facility"),
	VAL("severity", STRING, "number", "the event's", "name or 0-7"),
	DEF("app", STRING, "nocturne", "program name"),
	END
};

static const struct noc_option mail_options[] = {
	REQ("to", STRINGS, NULL, "addresses"),
	OPT("cc", STRINGS, "addresses"),
	OPT("from", STRING, "sender"),
	DEF("subject", STRING, "{summary}", "one line"),
	OPT("body", STRING, "text; in a channel, the notice"),
	DEF("server", STRING, "smtp://127.0.0.1:25", "smtp:// or smtps:// URL"),
	VAL("auth", NODE, "secret basic", NULL, "user:password"),
	END
};

static const struct noc_option emit_options[] = {
	OPT("*", ANY, "field = value of the new event"), END
};

static const struct noc_option log_options[] = {
	VAL("level", ENUM, "debug info warn error", "info", "of the line"), END
};

static const struct noc_option notify_options[] = { END };

static const struct noc_option start_options[] = {
	OPT("*", ANY, "input of the flow"), END
};

static const struct noc_option auth_options[] = {
	VAL("secret", STRINGS, "secret", "its name",
	    "name of the secret; a list while it is being changed"),
	DEF("tolerance", DURATION, "5m", "how old a signed timestamp may be"),
	END
};

static const struct noc_option hmac_options[] = {
	REQ("secret", STRINGS, "secret",
	    "name of the secret; a list while it is being changed"),
	END
};

const struct noc_node_schema noc_schema_actions[] = {
	{ "snmp.get", "action", '-', false, NULL, snmp_read_options,
	  "Reads objects of the target." },
	{ "snmp.set", "action", '-', false, NULL, snmp_set_options,
	  "Sets objects of the target." },
	{ "snmp.walk", "action", '-', false, NULL, snmp_read_options,
	  "Reads whole columns of the target." },
	{ "exec", "action", '-', false, "+ string", exec_options,
	  "Runs a program; the words are its arguments, no shell." },
	{ "http.get", "action", '-', false, NULL, http_read_options,
	  "HTTP GET." },
	{ "http.post", "action", '-', false, NULL, http_write_options,
	  "HTTP POST." },
	{ "http.put", "action", '-', false, NULL, http_write_options,
	  "HTTP PUT." },
	{ "http.delete", "action", '-', false, NULL, http_write_options,
	  "HTTP DELETE." },
	{ "http.patch", "action", '-', false, NULL, http_write_options,
	  "HTTP PATCH." },
	{ "syslog", "action", '-', false, "? string", syslog_options,
	  "Sends a syslog message; in a channel, the notice." },
	{ "mail", "action", '-', false, "? string", mail_options,
	  "Sends a mail; in a channel, the notice." },
	{ "emit", "action", 'r', true, NULL, emit_options,
	  "Makes a new event; the name is its kind." },
	{ "log", "action", 'r', true, NULL, log_options,
	  "Writes a line to the daemon's log." },
	{ "notify", "action", 'r', true, "? string", notify_options,
	  "Tells a channel; without a text, the summary." },
	{ "start", "action", 'r', true, NULL, start_options,
	  "Starts a flow of its own." },

	{ "hmac", "auth", '-', false, "2 string", hmac_options,
	  "hmac { \"sha512\", \"X-Header\", secret = \"name\" }: MAC of the "
	  "body." },
	{ "github", "auth", 'o', true, NULL, auth_options,
	  "X-Hub-Signature-256." },
	{ "standard", "auth", 'o', true, NULL, auth_options,
	  "Standard Webhooks." },
	{ "slack", "auth", 'o', true, NULL, auth_options, "Slack's v0." },
	{ "stripe", "auth", 'o', true, NULL, auth_options,
	  "Stripe-Signature." },
	{ "bearer", "auth", 'o', true, NULL, auth_options,
	  "Authorization: Bearer." },
	{ "basic", "auth", 'o', true, NULL, auth_options,
	  "Authorization: Basic; the secret is user:password." },
	{ NULL, NULL, 0, false, NULL, NULL, NULL }
};
