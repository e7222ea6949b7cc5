/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "snmp/private.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/crypto.h"
#include "base/mem.h"

#define KUS_MAX	 1024
#define PASS_MIN 8 /* RFC 3414 §11.2 */

struct master_key {
	size_t len;
	u_char bytes[64];
};

struct algorithm {
	const char *name;
	int type;
};

static const struct algorithm auths[] = {
	{ "MD5", NETSNMP_USMAUTH_HMACMD5 },
	{ "SHA", NETSNMP_USMAUTH_HMACSHA1 },
	{ "SHA-1", NETSNMP_USMAUTH_HMACSHA1 },
	{ "SHA1", NETSNMP_USMAUTH_HMACSHA1 },
	{ "SHA-224", NETSNMP_USMAUTH_HMAC128SHA224 },
	{ "SHA224", NETSNMP_USMAUTH_HMAC128SHA224 },
	{ "SHA-256", NETSNMP_USMAUTH_HMAC192SHA256 },
	{ "SHA256", NETSNMP_USMAUTH_HMAC192SHA256 },
	{ "SHA-384", NETSNMP_USMAUTH_HMAC256SHA384 },
	{ "SHA384", NETSNMP_USMAUTH_HMAC256SHA384 },
	{ "SHA-512", NETSNMP_USMAUTH_HMAC384SHA512 },
	{ "SHA512", NETSNMP_USMAUTH_HMAC384SHA512 },
};

static const struct algorithm privs[] = {
	{ "DES", USM_CREATE_USER_PRIV_DES },
	{ "AES", USM_CREATE_USER_PRIV_AES },
	{ "AES-128", USM_CREATE_USER_PRIV_AES },
	{ "AES128", USM_CREATE_USER_PRIV_AES },
	{ "AES-192", USM_CREATE_USER_PRIV_AES192 },
	{ "AES192", USM_CREATE_USER_PRIV_AES192 },
	{ "AES-256", USM_CREATE_USER_PRIV_AES256 },
	{ "AES256", USM_CREATE_USER_PRIV_AES256 },
};

static int
algorithm_find(const struct algorithm *a, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (!strcasecmp(a[i].name, name))
			return a[i].type;
	return -1;
}

bool
noc_snmp_has_auth(const char *name)
{
	return algorithm_find(auths, NOC_COUNT(auths), name) >= 0;
}

bool
noc_snmp_has_priv(const char *name)
{
	return algorithm_find(privs, NOC_COUNT(privs), name) >= 0;
}

/* --- master keys --- */

static int
secret_key(struct noc_snmp *snmp, const struct noc_snmp_secret *s,
	   const char *pass, u_char *out, size_t *len)
{
	struct noc_sha256 *h = noc_sha256_new();
	struct master_key *k;
	uint8_t digest[32];

	noc_sha256_begin(h);
	noc_sha256_add(h, s->auth, s->auth_len * sizeof(*s->auth));
	noc_sha256_add(h, pass, strlen(pass));
	noc_sha256_end(h, digest);
	noc_sha256_free(h);
	k = noc_table_getn(&snmp->kus, digest, sizeof(digest));
	if (k == NULL) {
		k = noc_calloc(1, sizeof(*k));
		k->len = sizeof(k->bytes);
		if (generate_Ku(s->auth, (u_int)s->auth_len,
				(const u_char *)pass, strlen(pass), k->bytes,
				&k->len) != SNMPERR_SUCCESS) {
			free(k);
			return -1;
		}
		if (noc_table_len(&snmp->kus) >= KUS_MAX) {
			memcpy(out, k->bytes, k->len);
			*len = k->len;
			noc_wipe(k, sizeof(*k));
			free(k);
			return 0;
		}
		noc_table_putn(&snmp->kus, digest, sizeof(digest), k);
	}
	memcpy(out, k->bytes, k->len);
	*len = k->len;
	return 0;
}

int
noc_snmp_secret_wrong(struct noc_err *err, const struct noc_snmp_user *u,
		      const char *why)
{
	return noc_err_set(err, NOC_ECONFIG, "The SNMPv3 user '%.32s' %s.",
			   u->name ? u->name : "", why);
}

int
noc_snmp_secret_init(struct noc_snmp *snmp, struct noc_snmp_secret *out,
		     const struct noc_snmp_user *u, struct noc_err *err)
{
	int type;

	memset(out, 0, sizeof(*out));
	out->level = NOC_SNMP_NOAUTH;
	if (u->name == NULL || u->name[0] == '\0' || strlen(u->name) > 32)
		return noc_snmp_secret_wrong(err, u,
					     "needs a name of 1 to 32 bytes");
	strcpy(out->name, u->name);
	if (u->auth == NULL) {
		if (u->priv != NULL)
			return noc_snmp_secret_wrong(err, u,
						     "has privacy but no "
						     "authentication protocol");
		return 0;
	}
	type = algorithm_find(auths, NOC_COUNT(auths), u->auth);
	out->auth = type < 0 ? NULL : sc_get_auth_oid(type, &out->auth_len);
	if (out->auth == NULL)
		return noc_snmp_secret_wrong(
		    err, u,
		    "names an unknown authentication protocol; "
		    "use MD5, SHA, SHA-224, SHA-256, SHA-384 "
		    "or SHA-512");
	if (u->auth_pass == NULL || strlen(u->auth_pass) < PASS_MIN)
		return noc_snmp_secret_wrong(
		    err, u,
		    "needs an authentication password of at "
		    "least 8 characters");
	out->level = NOC_SNMP_AUTH;
	if (secret_key(snmp, out, u->auth_pass, out->auth_ku,
		       &out->auth_ku_len) < 0)
		return noc_snmp_secret_wrong(
		    err, u,
		    "has an authentication protocol that this "
		    "libcrypto does not do");
	if (u->priv == NULL)
		return 0;
	type = algorithm_find(privs, NOC_COUNT(privs), u->priv);
	out->priv = type < 0 ? NULL : sc_get_priv_oid(type, &out->priv_len);
	if (out->priv == NULL)
		return noc_snmp_secret_wrong(
		    err, u,
		    "names an unknown privacy protocol; use "
		    "DES, AES, AES-192 or AES-256");
	if (u->priv_pass == NULL || strlen(u->priv_pass) < PASS_MIN)
		return noc_snmp_secret_wrong(
		    err, u,
		    "needs a privacy password of at least 8 "
		    "characters");
	out->level = NOC_SNMP_PRIV;
	if (secret_key(snmp, out, u->priv_pass, out->priv_ku,
		       &out->priv_ku_len) < 0)
		return noc_snmp_secret_wrong(
		    err, u, "has an unusable privacy password");
	return 0;
}

void
noc_snmp_kus_release(struct noc_snmp *snmp)
{
	const char *key;
	void *v;

	for (size_t it = 0; noc_table_next(&snmp->kus, &it, &key, &v);) {
		noc_wipe(v, sizeof(struct master_key));
		free(v);
	}
	noc_table_release(&snmp->kus);
}
