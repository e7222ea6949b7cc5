/* SPDX-License-Identifier: ISC */
/*
 * The rule language, part three: who signs a webhook or a request.
 */
#include "config.h"

#include "engine/lang/schema.h"
#include "engine/lang/schema_rows.h"

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

const struct noc_node_schema noc_schema_auth[] = {
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
