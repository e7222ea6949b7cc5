/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "snmp/private.h"

#include <stdlib.h>
#include <string.h>

#include "base/crypto.h"
#include "base/hex.h"
#include "base/mem.h"

#define UNPROVEN_MAX 4096 /* engines of users without a key, for good */

/* --- users at an engine --- */

static u_char *
key_localize(const struct noc_snmp_secret *s, const uint8_t *engine,
	     size_t engine_len, const u_char *ku, size_t ku_len, size_t *len)
{
	u_char *kul = noc_calloc(1, USM_LENGTH_KU_HASHBLOCK);

	*len = USM_LENGTH_KU_HASHBLOCK;
	if (generate_kul(s->auth, (u_int)s->auth_len, engine, (u_int)engine_len,
			 ku, ku_len, kul, len) != SNMPERR_SUCCESS) {
		free(kul);
		return NULL;
	}
	return kul;
}

/* Longer AES keys are stretched (draft-blumenthal-aes-usm-04). */
static bool
key_fit(struct usmUser *u)
{
	const netsnmp_priv_alg_info *alg =
	    sc_get_priv_alg_byoid(u->privProtocol, (u_int)u->privProtocolLen);

	if (alg == NULL || u->privKey == NULL)
		return false;
	if (netsnmp_extend_kul((u_int)alg->proper_length, u->authProtocol,
			       (u_int)u->authProtocolLen, alg->type,
			       u->engineID, (u_int)u->engineIDLen, &u->privKey,
			       &u->privKeyLen,
			       USM_LENGTH_KU_HASHBLOCK) != SNMPERR_SUCCESS)
		return false;
	/* DES takes the second eight octets for its salt. */
	return u->privKeyLen >= (size_t)alg->proper_length &&
	       u->privKeyLen >= 16;
}

/* Gives `u` the secret's protocols and its keys at the user's engine. */
static bool
user_key(struct usmUser *u, const struct noc_snmp_secret *s)
{
	if (s->auth != NULL) {
		free(u->authProtocol);
		u->authProtocol = snmp_duplicate_objid(s->auth, s->auth_len);
		u->authProtocolLen = s->auth_len;
		free(u->authKey);
		u->authKey =
		    key_localize(s, u->engineID, u->engineIDLen, s->auth_ku,
				 s->auth_ku_len, &u->authKeyLen);
		if (u->authProtocol == NULL || u->authKey == NULL)
			return false;
	}
	if (s->priv != NULL) {
		free(u->privProtocol);
		u->privProtocol = snmp_duplicate_objid(s->priv, s->priv_len);
		u->privProtocolLen = s->priv_len;
		free(u->privKey);
		u->privKey =
		    key_localize(s, u->engineID, u->engineIDLen, s->priv_ku,
				 s->priv_ku_len, &u->privKeyLen);
		if (u->privProtocol == NULL || !key_fit(u))
			return false;
	}
	return true;
}

static struct usmUser *
user_new(const struct noc_snmp_secret *s, const uint8_t *engine, size_t len)
{
	struct usmUser *u = usm_create_user();

	if (u == NULL)
		return NULL;
	u->name = noc_strdup(s->name);
	u->secName = noc_strdup(s->name);
	u->engineID = noc_memdup(engine, len);
	u->engineIDLen = len;
	u->userStorageType = SNMP_STORAGE_VOLATILE;
	if (!user_key(u, s))
		return usm_free_user(u);
	return u;
}

static size_t
local_key(char key[80], const char *name, const uint8_t *engine, size_t len)
{
	size_t n = strlen(name);

	key[0] = (char)len;
	memcpy(key + 1, engine, len);
	memcpy(key + 1 + len, name, n);
	return 1 + len + n;
}

static struct noc_snmp_local *
local_find(struct noc_snmp *snmp, const char *name, const uint8_t *engine,
	   size_t len)
{
	char key[80];

	return noc_table_getn(&snmp->locals, key,
			      local_key(key, name, engine, len));
}

/*
 * One user of one engine has one key in the library.  When two credentials
 * disagree about it, the one that is used now takes over.
 */
bool
noc_snmp_local_use(struct noc_snmp_local *l, const struct noc_snmp_secret *s)
{
	struct usmUser *u;

	if (memcmp(&l->secret, s, sizeof(*s)) == 0)
		return true;
	u = user_new(s, l->user->engineID, l->user->engineIDLen);
	if (u == NULL)
		return false;
	usm_remove_user(l->user);
	usm_free_user(l->user);
	l->user = u;
	l->secret = *s;
	usm_add_user(u);
	return true;
}

struct noc_snmp_local *
noc_snmp_local_get(struct noc_snmp *snmp, const struct noc_snmp_secret *s,
		   const uint8_t *engine, size_t len)
{
	struct noc_snmp_local *l = local_find(snmp, s->name, engine, len);
	struct usmUser *u;
	char key[80];

	if (l != NULL) {
		if (!noc_snmp_local_use(l, s))
			return NULL;
		l->refs++;
		return l;
	}
	u = user_new(s, engine, len);
	if (u == NULL)
		return NULL;
	l = noc_calloc(1, sizeof(*l));
	l->refs = 1;
	l->user = u;
	l->secret = *s;
	noc_table_putn(&snmp->locals, key, local_key(key, s->name, engine, len),
		       l);
	usm_add_user(u);
	return l;
}

void
noc_snmp_local_put(struct noc_snmp *snmp, struct noc_snmp_local *l)
{
	char key[80];

	if (l == NULL || --l->refs > 0)
		return;
	noc_table_deln(&snmp->locals, key,
		       local_key(key, l->user->name, l->user->engineID,
				 l->user->engineIDLen));
	usm_remove_user(l->user);
	usm_free_user(l->user);
	noc_wipe(&l->secret, sizeof(l->secret));
	free(l);
}

/* --- senders' engines --- */

static void
learned_forget(struct noc_snmp *snmp, struct noc_snmp_local *l)
{
	TAILQ_REMOVE(&snmp->learned, l, link);
	snmp->nlearned--;
	l->learned = false;
	noc_snmp_local_put(snmp, l);
}

/*
 * Is this message really from the user?  Asked before libnetsnmp sees it: the
 * library keeps a record of each engine it hears of, authentic or not.
 */
static bool
message_is_authentic(struct noc_snmp *snmp, const struct usmUser *u,
		     const struct noc_snmp_shape *shape, const uint8_t *p,
		     size_t len)
{
	size_t at = (size_t)(shape->auth - p);

	if (!(shape->flags & SNMP_MSG_FLAG_AUTH_BIT) || u->authKey == NULL)
		return false;
	memcpy(snmp->buffer, p, len);
	memset(snmp->buffer + at, 0, shape->auth_len);
	return sc_check_keyed_hash(u->authProtocol, u->authProtocolLen,
				   u->authKey, (u_int)u->authKeyLen,
				   snmp->buffer, (u_int)len, shape->auth,
				   (u_int)shape->auth_len) == SNMPERR_SUCCESS;
}

int
noc_snmp_learn(struct noc_snmp *snmp, const struct noc_snmp_trusted *who,
	       const struct noc_snmp_shape *shape, const uint8_t *p, size_t len,
	       struct noc_err *err)
{
	const struct noc_snmp_secret *s = &who->secret;
	struct noc_snmp_local *l =
	    local_find(snmp, s->name, shape->engine_id, shape->engine_id_len);
	struct usmUser *u;

	if (l != NULL && noc_snmp_local_use(l, s)) {
		if (l->learned) {
			TAILQ_REMOVE(&snmp->learned, l, link);
			TAILQ_INSERT_TAIL(&snmp->learned, l, link);
		}
		return 0;
	}
	if (s->level == NOC_SNMP_NOAUTH) {
		/* Anybody can say this name with any engine. */
		if (snmp->unproven >= UNPROVEN_MAX)
			return noc_err_set(err, NOC_ERESOURCE,
					   "More than %d engines sent as the "
					   "SNMPv3 user '%s', who has no key; "
					   "give this user a key.",
					   UNPROVEN_MAX, s->name);
		snmp->unproven++;
	} else {
		bool authentic;

		u = user_new(s, shape->engine_id, shape->engine_id_len);
		authentic =
		    u != NULL && message_is_authentic(snmp, u, shape, p, len);
		usm_free_user(u);
		if (!authentic)
			return noc_err_set(err, NOC_EDENIED,
					   "The message is not signed with the "
					   "key of the SNMPv3 user '%s'.",
					   s->name);
	}
	while (snmp->nlearned >= snmp->learned_max)
		learned_forget(snmp, TAILQ_FIRST(&snmp->learned));
	l = noc_snmp_local_get(snmp, s, shape->engine_id, shape->engine_id_len);
	if (l == NULL)
		return noc_err_set(err, NOC_ERESOURCE,
				   "The SNMPv3 user '%s' could not be added.",
				   s->name);
	l->learned = true;
	TAILQ_INSERT_TAIL(&snmp->learned, l, link);
	snmp->nlearned++;
	snmp->stats.engines++;
	return 0;
}

/* --- the configured users --- */

static void
trusted_free(struct noc_snmp *snmp, struct noc_table *t)
{
	const char *key;
	void *v;

	for (size_t it = 0; noc_table_next(t, &it, &key, &v);) {
		struct noc_snmp_trusted *u = v;

		noc_snmp_local_put(snmp, u->ours);
		noc_snmp_local_put(snmp, u->theirs);
		noc_wipe(u, sizeof(*u));
		free(u);
	}
	noc_table_release(t);
}

static int
trusted_init(struct noc_snmp *snmp, struct noc_snmp_trusted *u,
	     const struct noc_snmp_user *from, struct noc_err *err)
{
	const char *hex = from->engine;
	int rc = noc_snmp_secret_init(snmp, &u->secret, from, err);

	if (rc < 0)
		return rc;
	if (hex != NULL && hex[0] == '0' && (hex[1] | 32) == 'x')
		hex += 2;
	u->engine_len = hex != NULL ? sizeof(u->engine) : 0;
	if (hex != NULL &&
	    (noc_unhex(hex, strlen(hex), u->engine, &u->engine_len) < 0 ||
	     u->engine_len < 5))
		return noc_snmp_secret_wrong(
		    err, from,
		    "has an engine that is not 5 to 32 bytes "
		    "of hex");
	u->ours = noc_snmp_local_get(snmp, &u->secret, snmp->engine,
				     snmp->engine_len);
	if (u->engine_len > 0)
		u->theirs = noc_snmp_local_get(snmp, &u->secret, u->engine,
					       u->engine_len);
	if (u->ours == NULL || (u->engine_len > 0 && u->theirs == NULL))
		return noc_snmp_secret_wrong(
		    err, from,
		    "has protocols that this libnetsnmp does "
		    "not do");
	return 0;
}

int
noc_snmp_set_users(struct noc_snmp *snmp, const struct noc_snmp_user *users,
		   size_t n, struct noc_err *err)
{
	struct noc_table all = { 0 };
	int rc = 0;

	for (size_t i = 0; i < n && rc == 0; i++) {
		struct noc_snmp_trusted *u = noc_calloc(1, sizeof(*u));

		rc = trusted_init(snmp, u, &users[i], err);
		if (rc == 0 && noc_table_get(&all, u->secret.name) != NULL)
			rc = noc_snmp_secret_wrong(err, &users[i],
						   "is configured twice");
		if (rc < 0) {
			noc_snmp_local_put(snmp, u->ours);
			noc_snmp_local_put(snmp, u->theirs);
			free(u);
		} else {
			noc_table_put(&all, u->secret.name, u);
		}
	}
	if (rc < 0) {
		trusted_free(snmp, &all);
		return rc;
	}
	while (snmp->nlearned > 0)
		learned_forget(snmp, TAILQ_FIRST(&snmp->learned));
	trusted_free(snmp, &snmp->trusted);
	snmp->trusted = all;
	return 0;
}

void
noc_snmp_users_release(struct noc_snmp *snmp)
{
	while (snmp->nlearned > 0)
		learned_forget(snmp, TAILQ_FIRST(&snmp->learned));
	trusted_free(snmp, &snmp->trusted);
	noc_snmp_kus_release(snmp);
	noc_table_release(&snmp->locals);
}
