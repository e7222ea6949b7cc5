/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "engine/run/token.h"

#include <stdio.h>
#include <string.h>

#include "base/crypto.h"
#include "base/hex.h"
#include "engine/run/live.h"

#define TOKEN_PATH 16 /* bytes of the hash */

static const char *
token_of(const struct noc_live *l, int number, char out[NOC_TOKEN_TEXT])
{
	char path[2 * TOKEN_PATH + 1];
	uint8_t hash[32];

	noc_sha256_once(l->path, strlen(l->path), hash);
	snprintf(out, NOC_TOKEN_TEXT, "%s/%s/%d", l->run->text,
		 noc_hex(path, hash, TOKEN_PATH), number);
	return out;
}

const char *
noc_token(const struct noc_live *l, char out[NOC_TOKEN_TEXT])
{
	const struct noc_step_def *def = noc_live_step(l);
	bool asks = l->probing || (def && def->kind == NOC_STEP_VERIFY);

	return token_of(l, asks ? l->attempt : 1, out);
}

const char *
noc_step_token(const struct noc_live *l, char out[NOC_TOKEN_TEXT])
{
	return token_of(l, 1, out);
}
