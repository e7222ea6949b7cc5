/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "snmp/private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/crypto.h"
#include "base/hex.h"
#include "base/log.h"
#include "base/mem.h"

#define ENGINES_MAX 4096
#define BOOTS_MAX   2147483647

struct noc_snmp *noc_snmp_current;

static int
on_library_log(int major, int minor, void *server, void *client)
{
	const struct snmp_log_message *m = server;

	(void)major;
	(void)minor;
	(void)client;
	noc_debug("snmp", "library: %s", m->msg);
	return 0;
}

static void
library_init(void)
{
	static const int on[] = {
		NETSNMP_DS_LIB_DONT_PERSIST_STATE,
		NETSNMP_DS_LIB_DISABLE_PERSISTENT_LOAD,
		NETSNMP_DS_LIB_DISABLE_PERSISTENT_SAVE,
		NETSNMP_DS_LIB_DONT_READ_CONFIGS,
		NETSNMP_DS_LIB_ALARM_DONT_USE_SIG,
		NETSNMP_DS_LIB_NO_DISCOVERY,
	};
	static bool done;

	if (done)
		return;
	done = true;
	snmp_disable_log();
	netsnmp_register_loghandler(NETSNMP_LOGHANDLER_CALLBACK, LOG_DEBUG);
	snmp_register_callback(SNMP_CALLBACK_LIBRARY, SNMP_CALLBACK_LOGGING,
			       on_library_log, NULL);
	for (size_t i = 0; i < NOC_COUNT(on); i++)
		netsnmp_ds_set_boolean(NETSNMP_DS_LIBRARY_ID, on[i], 1);
	/* No MIB is read: names are proto/mib's. */
	setenv("MIBS", "", 1);
	netsnmp_ds_set_string(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_MIBDIRS,
			      "");
	/* It would keep a directory of certificates there, unasked. */
	netsnmp_ds_set_string(NETSNMP_DS_LIBRARY_ID,
			      NETSNMP_DS_LIB_PERSISTENT_DIR, "/dev/null");
	init_snmp("nocturne");
}

/* --- our engine: STATE/snmp.engine holds "HEX BOOTS" (RFC 3414 §2.2) --- */

static int
engine_store(const char *dir, const char *hex, long boots, struct noc_err *err)
{
	char *path = noc_asprintf("%s/snmp.engine", dir);
	char *temp = noc_asprintf("%s.new", path);
	int fd = open(temp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	int dfd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), rc = 0;

	if (fd < 0 || dfd < 0 || dprintf(fd, "%s %ld\n", hex, boots) < 0 ||
	    fsync(fd) != 0 || rename(temp, path) != 0 || fsync(dfd) != 0)
		rc = noc_err_set(err, NOC_ESTORE,
				 "The SNMP engine's boot counter cannot be "
				 "kept in '%s': %s.",
				 path, strerror(errno));
	if (fd >= 0)
		close(fd);
	if (dfd >= 0)
		close(dfd);
	free(temp);
	free(path);
	return rc;
}

static long
engine_load(const char *dir, char hex[65])
{
	char *path = noc_asprintf("%s/snmp.engine", dir);
	FILE *f = fopen(path, "re");
	long boots = 0;

	if (f == NULL || fscanf(f, "%64[0-9a-f] %ld", hex, &boots) != 2 ||
	    boots < 0 || boots > BOOTS_MAX) {
		hex[0] = '\0';
		boots = 0;
	}
	if (f != NULL)
		fclose(f);
	free(path);
	return boots;
}

/* RFC 3411 §5, format 5 (octets of our choice) under Net-SNMP's number. */
static void
engine_make(char hex[65])
{
	uint8_t id[17] = { 0x80, 0x00, 0x1f, 0x88, 0x05 };

	noc_random(id + 5, sizeof(id) - 5);
	noc_hex(hex, id, sizeof(id));
}

static int
engine_set(struct noc_snmp *snmp, const char *hex, long boots,
	   struct noc_err *err)
{
	char line[128];

	snmp->engine_len = sizeof(snmp->engine);
	if (noc_unhex(hex, strlen(hex), snmp->engine, &snmp->engine_len) < 0 ||
	    snmp->engine_len < 5)
		return noc_err_set(err, NOC_ECONFIG,
				   "The SNMP engine id '%.70s' is not 5 to 32 "
				   "bytes of hex.",
				   hex);
	if (set_exact_engineID(snmp->engine, snmp->engine_len) != 0)
		return noc_err_set(err, NOC_EBUG,
				   "libnetsnmp did not take the engine id "
				   "'%.70s'.",
				   hex);
	/* The library counts one up. */
	snprintf(line, sizeof(line), "engineBoots %ld", boots - 1);
	netsnmp_config(line);
	set_enginetime(snmp->engine, (u_int)snmp->engine_len,
		       (u_int)snmpv3_local_snmpEngineBoots(),
		       (u_int)snmpv3_local_snmpEngineTime(), TRUE);
	return 0;
}

static int
engine_init(struct noc_snmp *snmp, const struct noc_snmp_options *opt,
	    struct noc_err *err)
{
	char hex[65] = "", known[65] = "";
	const char *want = opt->engine_id;
	long boots = 0;
	int rc;

	if (opt->state_dir != NULL)
		boots = engine_load(opt->state_dir, known);
	if (want != NULL && want[0] == '0' && (want[1] | 32) == 'x')
		want += 2;
	if (want != NULL)
		snprintf(hex, sizeof(hex), "%s", want);
	else if (known[0] != '\0')
		strcpy(hex, known);
	else
		engine_make(hex);
	/* Another engine starts to count anew; the last boot stays. */
	if (strcmp(hex, known) != 0)
		boots = 0;
	if (boots < BOOTS_MAX)
		boots++;
	if ((rc = engine_set(snmp, hex, boots, err)) < 0)
		return rc;
	if (opt->state_dir != NULL)
		return engine_store(opt->state_dir, hex, boots, err);
	return 0;
}

/* --- open and close --- */

static int
session_init(struct noc_snmp *snmp, struct noc_err *err)
{
	netsnmp_session s;

	snmp_sess_init(&s);
	s.version = SNMP_DEFAULT_VERSION;
	s.isAuthoritative = SNMP_SESS_UNKNOWNAUTH;
	snmp->transport = noc_snmp_transport_new(snmp, -1, NULL);
	snmp->sessp = snmp_sess_add(&s, snmp->transport, NULL, NULL);
	if (snmp->sessp == NULL)
		return noc_err_set(err, NOC_ERESOURCE,
				   "libnetsnmp could not make the session that "
				   "reads notifications.");
	return 0;
}

int
noc_snmp_open(struct noc_loop *loop, const struct noc_snmp_options *opt,
	      struct noc_snmp **out, struct noc_err *err)
{
	struct noc_snmp *snmp;
	int rc;

	NOC_REQUIRE(noc_snmp_current == NULL);
	snmp = noc_calloc(1, sizeof(*snmp));
	snmp->loop = loop;
	snmp->mib = opt->mib;
	snmp->send = opt->send;
	snmp->send_arg = opt->send_arg;
	snmp->known = opt->known;
	snmp->known_arg = opt->known_arg;
	snmp->learned_max = opt->engines_max ? opt->engines_max : ENGINES_MAX;
	snmp->buffer = noc_calloc(1, NOC_SNMP_DATAGRAM + NOC_SNMP_PADDING);
	noc_snmp_reports_init(&snmp->reports);
	TAILQ_INIT(&snmp->learned);
	TAILQ_INIT(&snmp->replies);
	noc_snmp_current = snmp;
	library_init();
	if ((rc = engine_init(snmp, opt, err)) < 0 ||
	    (rc = session_init(snmp, err)) < 0 ||
	    (rc = noc_snmp_set_users(snmp, opt->users, opt->nusers, err)) < 0) {
		noc_snmp_close(snmp);
		return rc;
	}
	*out = snmp;
	return 0;
}

void
noc_snmp_close(struct noc_snmp *snmp)
{
	if (snmp == NULL)
		return;
	noc_snmp_peers_release(snmp);
	noc_snmp_replies_release(snmp);
	noc_snmp_reports_release(&snmp->reports);
	noc_snmp_users_release(snmp);
	if (snmp->sessp != NULL)
		snmp_sess_close(snmp->sessp);
	free(snmp->buffer);
	free(snmp);
	noc_snmp_current = NULL;
}

void
noc_snmp_stats(const struct noc_snmp *snmp, struct noc_snmp_stats *out)
{
	*out = snmp->stats;
}
