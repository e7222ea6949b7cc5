/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "tests/unit/unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "net/loop.h"
#include "snmp/request.h"
#include "snmp/snmp.h"

/*
 * Against Debian's snmpd, snmptrap and snmpinform on loopback.  Without them
 * the tests are skipped, visibly.
 */
#define OUR_ENGINE "80001f8805aabbccddeeff"

/* For what is going to be answered; it only ends a hang. */
#define PATIENCE_MS 60000

extern char **environ;

static const char *snmpd_path;
static char dir[] = "/tmp/test_snmp_live.XXXXXX";
static uint16_t agent_port, trap_port;
static pid_t agent;
static int trap_fd = -1;
static struct noc_mib *mib;
static struct noc_loop *loop;
static struct noc_snmp *snmp;

#define NEEDS_SNMPD                                       \
	do {                                              \
		if (snmpd_path == NULL) {                 \
			print_message("no snmpd here\n"); \
			skip();                           \
		}                                         \
	} while (0)

/* --- processes --- */

static uint16_t
free_port(int *keep)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(a);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&a, len), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &len), 0);
	if (keep != NULL)
		*keep = fd;
	else
		close(fd);
	return ntohs(a.sin_port);
}

static pid_t
spawn(char *const argv[])
{
	posix_spawn_file_actions_t fa;
	pid_t pid = -1;

	posix_spawn_file_actions_init(&fa);
	posix_spawn_file_actions_addopen(&fa, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_addopen(&fa, 1, "/dev/null", O_WRONLY, 0);
	posix_spawn_file_actions_addopen(&fa, 2, "/dev/null", O_WRONLY, 0);
	assert_int_equal(posix_spawnp(&pid, argv[0], &fa, NULL, argv, environ),
			 0);
	posix_spawn_file_actions_destroy(&fa);
	return pid;
}

static void
agent_stop(void)
{
	if (agent <= 0)
		return;
	kill(agent, SIGKILL);
	waitpid(agent, NULL, 0);
	agent = 0;
}

static void
agent_start(const char *engine)
{
	char conf[128], listen[64];
	char *argv[] = { (char *)(uintptr_t)snmpd_path,
			 (char[]){ "-f" },
			 (char[]){ "-Ln" },
			 (char[]){ "-C" },
			 (char[]){ "-c" },
			 conf,
			 (char[]){ "-I" },
			 (char[]){ "-smux,mteTrigger,mteTriggerConf" },
			 listen,
			 NULL };
	FILE *f;

	snprintf(conf, sizeof(conf), "%s/snmpd.conf", dir);
	snprintf(listen, sizeof(listen), "udp:127.0.0.1:%u", agent_port);
	f = fopen(conf, "w");
	assert_non_null(f);
	fprintf(f,
		"exactEngineID 0x%s\n"
		"rocommunity public\nrwcommunity secret\n"
		"sysServices 76\n"
		"createUser none\n"
		"createUser sha SHA authpass1234 AES privpass1234\n"
		"createUser sha256 SHA-256 authpass1234 AES privpass1234\n"
		"createUser reader SHA authpass1234\n"
		"rouser none noauth\nrwuser sha priv\nrwuser sha256 auth\n"
		"rouser reader auth\n",
		engine);
	fclose(f);
	agent = spawn(argv);
}

/* --- one request, waited for --- */

static struct noc_value *got;
static struct noc_err got_err;
static int got_count;

static void
on_done(struct noc_value *result, const struct noc_err *err, void *arg)
{
	(void)arg;
	noc_value_free(got);
	got = result;
	got_err = (struct noc_err){ 0 };
	if (err != NULL)
		got_err = *err;
	if (--got_count == 0)
		noc_loop_stop(loop);
}

static const struct noc_snmp_credential v2 = { .version = 2,
					       .community = "secret" };
static const struct noc_snmp_credential v3 = { .version = 3,
					       .user = "sha",
					       .auth = "SHA",
					       .auth_pass = "authpass1234",
					       .priv = "AES",
					       .priv_pass = "privpass1234" };

static struct noc_snmp_request
request(enum noc_snmp_op op, const struct noc_snmp_credential *c,
	const char *const *oids, size_t n)
{
	return (struct noc_snmp_request){ .op = op,
					  .address = "127.0.0.1",
					  .port = agent_port,
					  .credential = *c,
					  .oids = oids,
					  .noids = n,
					  .timeout_ms = PATIENCE_MS };
}

static enum noc_kind
run(const struct noc_snmp_request *req)
{
	struct noc_err err = { 0 };

	got_count = 1;
	if (noc_snmp_request(snmp, req, on_done, NULL, &err) == NULL)
		fail_msg("%s", err.msg);
	noc_loop_run(loop);
	return got_err.kind;
}

static enum noc_kind
run_one(enum noc_snmp_op op, const struct noc_snmp_credential *c,
	const char *oid)
{
	struct noc_snmp_request req = request(op, c, &oid, 1);

	return run(&req);
}

static enum noc_kind
set_one(const struct noc_snmp_credential *c, const char *oid,
	struct noc_value *value)
{
	struct noc_snmp_request req = request(NOC_SNMP_SET, c, &oid, 1);
	const struct noc_value *values[] = { value };
	enum noc_kind kind;

	req.values = values;
	kind = run(&req);
	noc_value_free(value);
	return kind;
}

static const char *
field(size_t i, const char *key)
{
	return noc_value_get_str(noc_value_at(got, i), key, "");
}

/* --- set up --- */

static const struct noc_snmp_user users[] = {
	{ "none", NULL, NULL, NULL, NULL, NULL },
	{ "md5", "MD5", "authpass1234", NULL, NULL, NULL },
	{ "md5des", "MD5", "authpass1234", "DES", "privpass1234", NULL },
	{ "md5aes", "MD5", "authpass1234", "AES", "privpass1234", NULL },
	{ "sha", "SHA", "authpass1234", NULL, NULL, NULL },
	{ "shades", "SHA", "authpass1234", "DES", "privpass1234", NULL },
	{ "shaaes", "SHA", "authpass1234", "AES", "privpass1234", NULL },
	{ "sha224aes", "SHA-224", "authpass1234", "AES", "privpass1234", NULL },
	{ "sha256aes", "SHA-256", "authpass1234", "AES", "privpass1234", NULL },
	{ "sha384aes", "SHA-384", "authpass1234", "AES", "privpass1234", NULL },
	{ "sha512aes", "SHA-512", "authpass1234", "AES", "privpass1234", NULL },
	{ "sha512des", "SHA-512", "authpass1234", "DES", "privpass1234", NULL },
	{ "shaaes256", "SHA", "authpass1234", "AES-256", "privpass1234", NULL },
	{ "sha256aes192", "SHA-256", "authpass1234", "AES-192", "privpass1234",
	  NULL },
};

static void
on_send(void *arg, const uint8_t *p, size_t len, const struct sockaddr *to,
	socklen_t to_len)
{
	(void)arg;
	assert_int_equal(sendto(trap_fd, p, len, 0, to, to_len), len);
}

static void
open_snmp(void)
{
	struct noc_snmp_options opt = { .users = users,
					.nusers =
					    sizeof(users) / sizeof(users[0]),
					.mib = mib,
					.engine_id = OUR_ENGINE,
					.send = on_send };
	struct noc_err err = { 0 };

	if (noc_snmp_open(loop, &opt, &snmp, &err) < 0)
		fail_msg("%s", err.msg);
}

/* Asks often until it answers; false: it ended, as another program took its
 * port meanwhile. */
static bool
agent_answers(void)
{
	const char *oid = "sysUpTime.0";
	struct noc_snmp_request req = request(NOC_SNMP_GET, &v2, &oid, 1);

	req.timeout_ms = 200;
	req.tries = 1;
	for (int i = 0; i < PATIENCE_MS / 200; i++) {
		struct timespec ts = { 0, 50000000 };

		if (run(&req) == NOC_OK)
			return true;
		if (waitpid(agent, NULL, WNOHANG) == agent) {
			agent = 0;
			return false;
		}
		nanosleep(&ts, NULL);
	}
	fail_msg("snmpd does not answer: %s", got_err.msg);
	return false;
}

static int
group_setup(void **state)
{
	static const char *const paths[] = { "/usr/sbin/snmpd",
					     "/usr/local/sbin/snmpd" };

	(void)state;
	for (size_t i = 0; i < 2 && snmpd_path == NULL; i++)
		if (access(paths[i], X_OK) == 0 &&
		    access("/usr/bin/snmptrap", X_OK) == 0)
			snmpd_path = paths[i];
	mib = noc_mib_new();
	assert_int_equal(noc_loop_new(&loop, NULL), 0);
	if (snmpd_path == NULL)
		return 0;
	assert_non_null(mkdtemp(dir));
	setenv("SNMP_PERSISTENT_DIR", dir, 1);
	setenv("SNMPCONFPATH", dir, 1);
	trap_port = free_port(&trap_fd);
	open_snmp();
	for (int i = 0; i < 10; i++) {
		agent_port = free_port(NULL);
		agent_start("80001f880401020304");
		if (agent_answers())
			return 0;
	}
	fail_msg("snmpd ends at once");
	return -1;
}

static void
stop_loop(void *arg)
{
	(void)arg;
	noc_loop_stop(loop);
}

static int
group_teardown(void **state)
{
	char command[128];

	(void)state;
	noc_value_free(got);
	noc_snmp_close(snmp);
	noc_loop_defer(loop, stop_loop, NULL);
	noc_loop_run(loop); /* what the close deferred */
	noc_loop_free(loop);
	noc_mib_free(mib);
	agent_stop();
	if (trap_fd >= 0)
		close(trap_fd);
	snprintf(command, sizeof(command), "rm -rf '%s'", dir);
	if (snmpd_path != NULL && system(command) != 0)
		return -1;
	return 0;
}

/* --- requests --- */

static void
test_get_in_every_version(void **state)
{
	static const struct noc_snmp_credential creds[] = {
		{ .version = 1, .community = "public" },
		{ .version = 2, .community = "public" },
		{ .version = 3, .user = "none" },
		{ .version = 3,
		  .user = "reader",
		  .auth = "sha",
		  .auth_pass = "authpass1234" },
		{ .version = 3,
		  .user = "sha",
		  .auth = "SHA",
		  .auth_pass = "authpass1234",
		  .priv = "AES",
		  .priv_pass = "privpass1234" },
		{ .version = 3,
		  .user = "sha256",
		  .auth = "SHA-256",
		  .auth_pass = "authpass1234",
		  .priv = "AES",
		  .priv_pass = "privpass1234" },
	};
	static const char *const oids[] = { "sysServices.0", "ifDescr.1",
					    "IF-MIB::ifAdminStatus.1" };

	(void)state;
	NEEDS_SNMPD;
	for (size_t i = 0; i < sizeof(creds) / sizeof(creds[0]); i++) {
		struct noc_snmp_request req =
		    request(NOC_SNMP_GET, &creds[i], oids, 3);

		if (run(&req) != NOC_OK)
			fail_msg("%zu: %s", i, got_err.msg);
		assert_int_equal(noc_value_len(got), 3);
		assert_int_equal(
		    noc_value_get_int(noc_value_at(got, 0), "value", 0), 76);
		assert_string_equal(field(1, "value"), "lo");
		assert_string_equal(field(1, "name"), "ifDescr");
		assert_string_equal(field(1, "index"), "1");
		assert_string_equal(field(2, "value"), "up");
	}
}

static void
test_missing_objects_are_nil(void **state)
{
	static const char *const oids[] = { "ifDescr.99999", "sysServices.0",
					    "enterprises.99999.1" };
	static const struct noc_snmp_credential v1 = { .version = 1,
						       .community = "public" };
	const struct noc_snmp_credential *creds[] = { &v1, &v2, &v3 };

	(void)state;
	NEEDS_SNMPD;
	for (size_t i = 0; i < 3; i++) {
		struct noc_snmp_request req =
		    request(NOC_SNMP_GET, creds[i], oids, 3);

		assert_int_equal(run(&req), NOC_OK);
		assert_int_equal(noc_value_len(got), 3);
		assert_int_equal(noc_value_path(got, "[0].value")->type,
				 NOC_NIL);
		assert_int_equal(
		    noc_value_get_int(noc_value_at(got, 1), "value", 0), 76);
		assert_non_null(strstr(field(2, "type"), "nosuch"));
		assert_int_equal(
		    run_one(NOC_SNMP_GET, creds[i], "ifDescr.99999"),
		    NOC_ENOTFOUND);
		assert_int_equal(noc_value_len(got), 1);
	}
}

static void
test_walk(void **state)
{
	static const struct noc_snmp_credential v1 = { .version = 1,
						       .community = "public" };
	const struct noc_snmp_credential *creds[] = { &v1, &v2, &v3 };
	static const char *const oids[] = { "ifDescr", "ifOperStatus" };

	(void)state;
	NEEDS_SNMPD;
	for (size_t i = 0; i < 3; i++) {
		struct noc_snmp_request req =
		    request(NOC_SNMP_WALK, creds[i], oids, 2);
		size_t n;

		assert_int_equal(run(&req), NOC_OK);
		n = noc_value_len(got);
		assert_true(n >= 2 && n % 2 == 0);
		assert_string_equal(field(0, "name"), "ifDescr");
		assert_string_equal(field(n / 2 - 1, "name"), "ifDescr");
		assert_string_equal(field(n / 2, "name"), "ifOperStatus");
	}
	{
		const char *all = "1.3.6.1.2.1";
		struct noc_snmp_request req =
		    request(NOC_SNMP_WALK, &v2, &all, 1);

		req.max_rows = 60;
		assert_int_equal(run(&req), NOC_OK);
		assert_int_equal(noc_value_len(got), 61);
		assert_string_equal(field(60, "type"), "truncated");
	}
	assert_int_equal(run_one(NOC_SNMP_WALK, &v2, "enterprises.99999"),
			 NOC_OK);
	assert_int_equal(noc_value_len(got), 0);
	assert_int_equal(run_one(NOC_SNMP_GETNEXT, &v2, "sysDescr"), NOC_OK);
	assert_string_equal(field(0, "oid"), "1.3.6.1.2.1.1.1.0");
}

static void
test_set_and_its_refusals(void **state)
{
	static const struct noc_snmp_credential ro = { .version = 2,
						       .community = "public" };
	static const struct noc_snmp_credential reader = { .version = 3,
							   .user = "reader",
							   .auth = "SHA",
							   .auth_pass =
							       "authpass1234" };

	(void)state;
	NEEDS_SNMPD;
	/* sysLocation is writable as the configuration does not fix it. */
	assert_int_equal(set_one(&v2, "sysLocation.0", noc_value_str("rack 7")),
			 NOC_OK);
	assert_int_equal(run_one(NOC_SNMP_GET, &v3, "sysLocation.0"), NOC_OK);
	assert_string_equal(field(0, "value"), "rack 7");
	assert_int_equal(set_one(&v3, "sysLocation.0", noc_value_str("rack 8")),
			 NOC_OK);
	assert_int_equal(run_one(NOC_SNMP_GET, &ro, "sysLocation.0"), NOC_OK);
	assert_string_equal(field(0, "value"), "rack 8");
	/* Not with these credentials; not this object; not this type. */
	assert_int_equal(set_one(&ro, "sysLocation.0", noc_value_str("x")),
			 NOC_EDENIED);
	assert_int_equal(set_one(&reader, "sysLocation.0", noc_value_str("x")),
			 NOC_EDENIED);
	assert_non_null(strstr(got_err.msg, "sysLocation.0"));
	assert_int_equal(set_one(&v2, "sysDescr.0", noc_value_str("x")),
			 NOC_EDENIED);
	assert_int_equal(
	    set_one(&v2, "1.3.6.1.2.1.11.30.0", noc_value_str("text")),
	    NOC_EREMOTE);
	assert_int_equal(set_one(&v2, "1.3.6.1.2.1.11.30.0", noc_value_int(7)),
			 NOC_EREMOTE);
	/* What the MIB forbids is not even sent. */
	{
		const char *oid = "ifAdminStatus.1";
		struct noc_snmp_request req =
		    request(NOC_SNMP_SET, &v2, &oid, 1);
		struct noc_value *bad = noc_value_str("sideways");
		const struct noc_value *values[] = { bad };
		struct noc_err err = { 0 };

		req.values = values;
		assert_null(noc_snmp_request(snmp, &req, on_done, NULL, &err));
		assert_int_equal(err.kind, NOC_EINPUT);
		assert_non_null(strstr(err.msg, "ifAdminStatus"));
		noc_value_free(bad);
	}
}

static void
test_timeout_and_wrong_community(void **state)
{
	static const struct noc_snmp_credential wrong = { .version = 2,
							  .community =
							      "nonsense" };
	const char *oid = "sysUpTime.0";
	struct noc_snmp_request req = request(NOC_SNMP_GET, &wrong, &oid, 1);
	int64_t before = noc_clock_read().boot_ns, took;

	(void)state;
	NEEDS_SNMPD;
	req.timeout_ms = 300;
	assert_int_equal(run(&req), NOC_ETIMEOUT);
	took = (noc_clock_read().boot_ns - before) / NOC_NS_PER_MS;
	assert_true(took >= 290);
	assert_non_null(strstr(got_err.msg, "community"));
	/* A silent v3 agent must not block the loop either; the library's own
	 * discovery would, for seconds. */
	req.credential = v3;
	req.port = trap_port;
	before = noc_clock_read().boot_ns;
	assert_int_equal(run(&req), NOC_ETIMEOUT);
	took = (noc_clock_read().boot_ns - before) / NOC_NS_PER_MS;
	assert_in_range(took, 290, 5500);
	while (recv(trap_fd, (char[2048]){ 0 }, 2048, 0) > 0)
		;
	req.port = free_port(NULL);
	req.credential = v2;
	/* Again if we stalled until the host's word came too late. */
	for (int i = 0; i < 20; i++) {
		assert_int_equal(run(&req), NOC_ETIMEOUT);
		if (strstr(got_err.msg, "nothing listens"))
			break;
	}
	assert_non_null(strstr(got_err.msg, "nothing listens"));
}

static void
test_v3_refusals(void **state)
{
	struct noc_snmp_credential c = v3;

	(void)state;
	NEEDS_SNMPD;
	c.user = "nobody";
	assert_int_equal(run_one(NOC_SNMP_GET, &c, "sysUpTime.0"), NOC_EDENIED);
	c = v3;
	c.auth_pass = "otherpass1234";
	assert_int_equal(run_one(NOC_SNMP_GET, &c, "sysUpTime.0"), NOC_EDENIED);
	/* The right one still works after the wrong one. */
	assert_int_equal(run_one(NOC_SNMP_GET, &v3, "sysUpTime.0"), NOC_OK);
}

static void
test_many_at_once_and_cancel(void **state)
{
	const char *oid = "sysUpTime.0";
	struct noc_snmp_request req = request(NOC_SNMP_GET, &v3, &oid, 1);
	struct noc_snmp_call *c[50];
	struct noc_snmp_stats stats;

	(void)state;
	NEEDS_SNMPD;
	for (size_t i = 0; i < 50; i++) {
		c[i] = noc_snmp_request(snmp, &req, on_done, NULL, NULL);
		assert_non_null(c[i]);
	}
	for (size_t i = 0; i < 50; i += 2)
		noc_snmp_cancel(c[i]);
	got_count = 25;
	noc_loop_run(loop);
	assert_int_equal(got_err.kind, NOC_OK);
	noc_snmp_stats(snmp, &stats);
	assert_int_equal(stats.bad_replies, 0);
	/* None waits for another, not even for the engine's first answer. */
	for (size_t i = 0; i < 300; i++)
		assert_non_null(
		    noc_snmp_request(snmp, &req, on_done, NULL, NULL));
	got_count = 300;
	noc_loop_run(loop);
	assert_int_equal(got_err.kind, NOC_OK);
}

static void
test_agent_replaced_by_another(void **state)
{
	(void)state;
	NEEDS_SNMPD;
	assert_int_equal(run_one(NOC_SNMP_GET, &v3, "sysUpTime.0"), NOC_OK);
	agent_stop();
	agent_start("80001f880405060708");
	assert_true(agent_answers());
	/* Another engine id behind the same address: met anew. */
	if (run_one(NOC_SNMP_GET, &v3, "sysUpTime.0") != NOC_OK)
		fail_msg("%s", got_err.msg);
}

/* --- an agent that means harm: ourselves --- */

enum mischief { GARBAGE, ECHO, ANSWER_NULL, OTHER_ID, CUT };

static void
on_mischief(int fd, int events, void *arg)
{
	enum mischief how = *(const enum mischief *)arg;
	struct sockaddr_in from;
	socklen_t len = sizeof(from);
	uint8_t p[2048];
	ssize_t n =
	    recvfrom(fd, p, sizeof(p), 0, (struct sockaddr *)&from, &len);
	/* Behind version and community; a byte of the id may look like it. */
	uint8_t *pdu = p + 7 + p[6];

	(void)events;
	assert_true(n > 30 && p[1] < 0x80);
	assert_true(*pdu == 0xa0 || *pdu == 0xa1 || *pdu == 0xa5);
	switch (how) {
	case GARBAGE:
		memset(p, 0xff, (size_t)n);
		break;
	case ECHO:
		break;
	case OTHER_ID:
		pdu[5] ^= 1;
		/* fallthrough */
	case ANSWER_NULL:
		pdu[0] = 0xa2;
		break;
	case CUT:
		pdu[0] = 0xa2;
		n -= 3;
		break;
	}
	sendto(fd, p, (size_t)n, 0, (struct sockaddr *)&from, len);
}

static void
test_hostile_agent(void **state)
{
	static const struct {
		enum mischief how;
		enum noc_snmp_op op;
		enum noc_kind kind;
		bool bad;
	} c[] = {
		{ GARBAGE, NOC_SNMP_GET, NOC_ETIMEOUT, true },
		{ ECHO, NOC_SNMP_GET, NOC_ETIMEOUT, true },
		{ CUT, NOC_SNMP_GET, NOC_ETIMEOUT, true },
		{ OTHER_ID, NOC_SNMP_GET, NOC_ETIMEOUT, false },
		{ ANSWER_NULL, NOC_SNMP_GET, NOC_OK, false },
		{ ANSWER_NULL, NOC_SNMP_WALK, NOC_EREMOTE, false },
	};
	int fd;
	uint16_t port = free_port(&fd);

	(void)state;
	NEEDS_SNMPD;
	for (size_t i = 0; i < sizeof(c) / sizeof(c[0]); i++) {
		enum mischief how = c[i].how;
		struct noc_watch *w =
		    noc_loop_fd(loop, fd, NOC_LOOP_READ, on_mischief, &how);
		const char *oid = "ifDescr";
		struct noc_snmp_request req = request(c[i].op, &v2, &oid, 1);
		struct noc_snmp_stats before, after;

		req.port = port;
		req.tries = 2;
		/* Behind a good answer no bad one is left of the last case. */
		how = ANSWER_NULL;
		req.op = NOC_SNMP_GET;
		assert_int_equal(run(&req), NOC_OK);
		how = c[i].how;
		req.op = c[i].op;
		if (c[i].kind == NOC_ETIMEOUT)
			req.timeout_ms = 200;
		noc_snmp_stats(snmp, &before);
		/* Once more if we stalled until the harm came too late. */
		for (int n = 0; n < 20; n++) {
			if (run(&req) != c[i].kind)
				fail_msg("%zu: %s", i, got_err.msg);
			noc_snmp_stats(snmp, &after);
			if (after.bad_replies > before.bad_replies || !c[i].bad)
				break;
		}
		assert_int_equal(after.bad_replies > before.bad_replies,
				 c[i].bad);
		noc_watch_free(w);
		while (recv(fd, (char[2048]){ 0 }, 2048, 0) > 0)
			;
	}
	close(fd);
}

static void
test_bad_requests(void **state)
{
	static const struct {
		const char *address, *oid;
		struct noc_snmp_credential c;
		enum noc_kind kind;
	} c[] = {
		{ "host.example",
		  "sysUpTime.0",
		  { .version = 2, .community = "x" },
		  NOC_EINPUT },
		{ "127.0.0.1",
		  "sysUptim.0",
		  { .version = 2, .community = "x" },
		  NOC_EINPUT },
		{ "127.0.0.1", "sysUpTime.0", { .version = 2 }, NOC_ECONFIG },
		{ "127.0.0.1", "sysUpTime.0", { .version = 4 }, NOC_ECONFIG },
		{ "127.0.0.1", "sysUpTime.0", { .version = 3 }, NOC_ECONFIG },
	};

	(void)state;
	NEEDS_SNMPD;
	for (size_t i = 0; i < sizeof(c) / sizeof(c[0]); i++) {
		struct noc_snmp_request req =
		    request(NOC_SNMP_GET, &c[i].c, &c[i].oid, 1);
		struct noc_err err = { 0 };

		req.address = c[i].address;
		assert_null(noc_snmp_request(snmp, &req, on_done, NULL, &err));
		assert_int_equal(err.kind, c[i].kind);
	}
}

/* --- notifications from the real tools --- */

/* Feeds what arrives to the library until a notification comes out. */
static int
receive(struct noc_snmp_trap *t, struct noc_err *err)
{
	for (int i = 0; i < 8; i++) {
		struct pollfd pfd = { .fd = trap_fd, .events = POLLIN };
		struct sockaddr_in from;
		socklen_t len = sizeof(from);
		uint8_t p[65536];
		ssize_t n;
		int rc;

		if (poll(&pfd, 1, PATIENCE_MS) != 1)
			return noc_err_set(err, NOC_ETIMEOUT, "nothing came");
		n = recvfrom(trap_fd, p, sizeof(p), 0, (struct sockaddr *)&from,
			     &len);
		assert_true(n > 0);
		rc = noc_snmp_receive(snmp, p, (size_t)n,
				      (struct sockaddr *)&from, len, t, err);
		if (rc != NOC_EAGAIN)
			return rc;
	}
	return noc_err_set(err, NOC_ETIMEOUT, "only questions came");
}

static int
tool_ends(pid_t pid)
{
	int status = -1;

	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static pid_t
send_v3(const struct noc_snmp_user *u, bool inform, const char *pass)
{
	char to[64], level[] = "noAuthNoPriv";
	char *argv[40];
	size_t n = 0;

#define ARG(s) (argv[n++] = (char *)(uintptr_t)(s))
	snprintf(to, sizeof(to), "udp:127.0.0.1:%u", trap_port);
	if (u->auth != NULL)
		strcpy(level, u->priv ? "authPriv" : "authNoPriv");
	ARG(inform ? "snmpinform" : "snmptrap");
	ARG("-v3");
	/* No second copy, which would be the next test's first. */
	ARG("-t60");
	ARG("-r0");
	if (!inform) {
		ARG("-e");
		ARG("0x8000000001020304");
	}
	ARG("-u");
	ARG(u->name);
	ARG("-l");
	ARG(level);
	if (u->auth != NULL) {
		ARG("-a");
		ARG(u->auth);
		ARG("-A");
		ARG(pass ? pass : u->auth_pass);
	}
	if (u->priv != NULL) {
		ARG("-x");
		ARG(u->priv);
		ARG("-X");
		ARG(u->priv_pass);
	}
	ARG(to);
	ARG("4242");
	ARG("1.3.6.1.6.3.1.1.5.3");
	ARG("1.3.6.1.2.1.2.2.1.8.7");
	ARG("i");
	ARG("2");
	ARG(NULL);
	return spawn(argv);
}

static void
check_link_down(struct noc_snmp_trap *t)
{
	struct noc_value *v = noc_snmp_trap_value(snmp, t);
	const struct noc_value *vb =
	    noc_value_at(noc_value_get(v, "varbinds"), 0);

	assert_string_equal(noc_value_get_str(v, "trap", ""), "linkDown");
	assert_string_equal(noc_value_get_str(vb, "name", ""), "ifOperStatus");
	assert_string_equal(noc_value_get_str(vb, "value", ""), "down");
	assert_int_equal(t->uptime, 4242);
	noc_value_free(v);
}

static void
test_v1_and_v2c_tools(void **state)
{
	char to[64];
	static char v1[] = "-v1", v2c[] = "-v2c";
	struct noc_snmp_trap t;
	struct noc_err err = { 0 };

	(void)state;
	NEEDS_SNMPD;
	snprintf(to, sizeof(to), "udp:127.0.0.1:%u", trap_port);
	{
		char *argv[] = { (char[]){ "snmptrap" },
				 v1,
				 (char[]){ "-c" },
				 (char[]){ "trapper" },
				 to,
				 (char[]){ "1.3.6.1.2.1.15.7" },
				 (char[]){ "192.0.2.7" },
				 (char[]){ "6" },
				 (char[]){ "2" },
				 (char[]){ "99" },
				 NULL };
		pid_t pid = spawn(argv);

		if (receive(&t, &err) < 0)
			fail_msg("%s", err.msg);
		assert_int_equal(tool_ends(pid), 0);
	}
	{
		struct noc_value *v = noc_snmp_trap_value(snmp, &t);

		assert_int_equal(t.version, 1);
		assert_string_equal(t.community, "trapper");
		assert_string_equal(t.agent_addr, "192.0.2.7");
		assert_string_equal(noc_value_get_str(v, "trap_oid", ""),
				    "1.3.6.1.2.1.15.7.0.2");
		assert_string_equal(noc_value_get_str(v, "trap", ""),
				    "bgpBackwardTransition");
		noc_value_free(v);
		noc_snmp_trap_clear(&t);
	}
	for (int inform = 0; inform < 2; inform++) {
		char *argv[] = { inform ? (char[]){ "snmpinform" }
					: (char[]){ "snmptrap" },
				 v2c,
				 (char[]){ "-t60" },
				 (char[]){ "-r0" },
				 (char[]){ "-c" },
				 (char[]){ "trapper" },
				 to,
				 (char[]){ "4242" },
				 (char[]){ "1.3.6.1.6.3.1.1.5.3" },
				 (char[]){ "1.3.6.1.2.1.2.2.1.8.7" },
				 (char[]){ "i" },
				 (char[]){ "2" },
				 NULL };
		pid_t pid = spawn(argv);

		if (receive(&t, &err) < 0)
			fail_msg("%s", err.msg);
		assert_int_equal(t.inform, inform);
		check_link_down(&t);
		noc_snmp_reply(t.reply);
		t.reply = NULL;
		noc_snmp_trap_clear(&t);
		/* snmpinform ends with 0 only when it was answered. */
		assert_int_equal(tool_ends(pid), 0);
	}
}

static void
test_v3_tools(void **state)
{
	(void)state;
	NEEDS_SNMPD;
	for (size_t i = 0; i < sizeof(users) / sizeof(users[0]); i++) {
		for (int inform = 0; inform < 2; inform++) {
			struct noc_snmp_trap t;
			struct noc_err err = { 0 };
			pid_t pid = send_v3(&users[i], inform, NULL);

			if (receive(&t, &err) < 0)
				fail_msg("%s %d: %s", users[i].name, inform,
					 err.msg);
			assert_string_equal(t.user, users[i].name);
			assert_int_equal(t.level, users[i].priv ? NOC_SNMP_PRIV
						  : users[i].auth
						      ? NOC_SNMP_AUTH
						      : NOC_SNMP_NOAUTH);
			assert_int_equal(t.inform, inform);
			check_link_down(&t);
			noc_snmp_reply(t.reply);
			t.reply = NULL;
			noc_snmp_trap_clear(&t);
			if (tool_ends(pid) != 0)
				fail_msg("%s was not answered", users[i].name);
		}
	}
}

static void
test_v3_tools_with_a_wrong_key(void **state)
{
	(void)state;
	NEEDS_SNMPD;
	for (int inform = 0; inform < 2; inform++) {
		struct noc_snmp_trap t;
		struct noc_err err = { 0 };
		pid_t pid = send_v3(&users[6], inform, "wrongpass1234");

		assert_int_equal(receive(&t, &err), NOC_EDENIED);
		if (inform)
			assert_int_not_equal(tool_ends(pid), 0);
		else
			tool_ends(pid);
		while (recv(trap_fd, (char[2048]){ 0 }, 2048, 0) > 0)
			;
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_get_in_every_version),
		cmocka_unit_test(test_missing_objects_are_nil),
		cmocka_unit_test(test_walk),
		cmocka_unit_test(test_set_and_its_refusals),
		cmocka_unit_test(test_timeout_and_wrong_community),
		cmocka_unit_test(test_v3_refusals),
		cmocka_unit_test(test_many_at_once_and_cancel),
		cmocka_unit_test(test_agent_replaced_by_another),
		cmocka_unit_test(test_hostile_agent),
		cmocka_unit_test(test_bad_requests),
		cmocka_unit_test(test_v1_and_v2c_tools),
		cmocka_unit_test(test_v3_tools),
		cmocka_unit_test(test_v3_tools_with_a_wrong_key),
	};

	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
