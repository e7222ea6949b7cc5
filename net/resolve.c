/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "net/resolve.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <event2/dns.h>
#include <event2/util.h>

#include "base/log.h"
#include "base/mem.h"

#define NAME_MAX_LEN 253
#define LOOK_AGAIN_S 5

struct noc_lookup {
	struct noc_resolver *r;
	struct noc_lookup *next, *prev;
	char name[NAME_MAX_LEN + 1];
	void (*done)(const struct noc_addresses *addresses,
		     const struct noc_err *err, void *arg);
	void *arg;
	struct noc_watch *timer;
	struct evdns_getaddrinfo_request *req; /* NULL: none is under way */
	bool asking; /* evdns will call back, or is about to */
	bool settled;
	struct noc_addresses addresses;
	struct noc_err err;
};

struct noc_resolver {
	struct noc_loop *loop;
	struct evdns_base *dns;
	char *conf, *hosts;
	struct timespec conf_at, hosts_at;
	int64_t looked_ns;
	struct noc_lookup *lookups; /* those not freed yet */
};

static struct timespec
changed_at(const char *path)
{
	struct stat st;

	if (stat(path, &st) != 0)
		return (struct timespec){ 0, 0 };
	return st.st_mtim;
}

static bool
same_time(struct timespec a, struct timespec b)
{
	return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

static void
files_read(struct noc_resolver *r)
{
	r->conf_at = changed_at(r->conf);
	r->hosts_at = changed_at(r->hosts);
	evdns_base_clear_nameservers_and_suspend(r->dns);
	evdns_base_clear_host_addresses(r->dns);
	evdns_base_search_clear(r->dns);
	/* Without name servers the hosts file still serves. */
	(void)evdns_base_resolv_conf_parse(
	    r->dns, DNS_OPTIONS_ALL & ~DNS_OPTION_HOSTSFILE, r->conf);
	(void)evdns_base_load_hosts(r->dns, r->hosts);
	evdns_base_resume(r->dns);
}

static void
files_check(struct noc_resolver *r)
{
	int64_t now_ns = noc_loop_now(r->loop).boot_ns;

	if (now_ns - r->looked_ns < LOOK_AGAIN_S * NOC_NS_PER_S)
		return;
	r->looked_ns = now_ns;
	if (!same_time(r->conf_at, changed_at(r->conf)) ||
	    !same_time(r->hosts_at, changed_at(r->hosts)))
		files_read(r);
}

static void
on_evdns_log(int is_warning, const char *msg)
{
	noc_log(is_warning ? NOC_LOG_WARN : NOC_LOG_DEBUG, "resolve",
		"msg=\"%s\"", msg);
}

int
noc_resolver_new(struct noc_loop *loop, const char *conf, const char *hosts,
		 struct noc_resolver **out, struct noc_err *err)
{
	struct noc_resolver *r = noc_calloc(1, sizeof(*r));

	r->loop = loop;
	r->conf = noc_strdup(conf != NULL ? conf : "/etc/resolv.conf");
	r->hosts = noc_strdup(hosts != NULL ? hosts : "/etc/hosts");
	r->dns = evdns_base_new(noc_loop_base(loop),
				EVDNS_BASE_DISABLE_WHEN_INACTIVE);
	if (r->dns == NULL) {
		noc_resolver_free(r);
		return noc_err_set(err, NOC_ERESOURCE,
				   "The name resolver could not be made.");
	}
	evdns_set_log_fn(on_evdns_log);
	evdns_base_set_option(r->dns, "timeout:", "1.5");
	r->looked_ns = noc_loop_now(loop).boot_ns;
	files_read(r);
	*out = r;
	return 0;
}

static void
lookup_free(struct noc_lookup *l)
{
	if (l->prev != NULL)
		l->prev->next = l->next;
	else if (l->r != NULL)
		l->r->lookups = l->next;
	if (l->next != NULL)
		l->next->prev = l->prev;
	noc_watch_free(l->timer);
	free(l);
}

void
noc_resolver_free(struct noc_resolver *r)
{
	struct noc_lookup *l;

	if (r == NULL)
		return;
	while ((l = r->lookups) != NULL) {
		r->lookups = l->next;
		if (l->next != NULL)
			l->next->prev = NULL;
		l->next = NULL;
		l->r = NULL;
		l->done = NULL;
		noc_watch_free(l->timer);
		l->timer = NULL;
		/* evdns may have an answer for it on the way already. */
		if (!l->asking)
			lookup_free(l);
	}
	if (r->dns != NULL)
		evdns_base_free(r->dns, 0);
	free(r->conf);
	free(r->hosts);
	free(r);
}

/* The result is in l: tell it from the loop. */
static void
lookup_settle(struct noc_lookup *l)
{
	l->settled = true;
	noc_timer_arm(l->timer, 0);
}

static void
on_lookup_timer(void *arg)
{
	struct noc_lookup *l = arg;
	void (*done)(const struct noc_addresses *, const struct noc_err *,
		     void *) = l->done;

	l->done = NULL;
	if (!l->settled)
		noc_err_set(&l->err, NOC_ETIMEOUT,
			    "No name server answered for '%s' in time.",
			    l->name);
	if (done != NULL)
		done(l->err.kind == NOC_OK ? &l->addresses : NULL,
		     l->err.kind == NOC_OK ? NULL : &l->err, l->arg);
	if (l->asking && l->req != NULL)
		evdns_getaddrinfo_cancel(l->req); /* calls back and frees */
	else if (!l->asking)
		lookup_free(l);
}

static void
address_add(struct noc_addresses *a, const struct sockaddr *sa)
{
	const void *from =
	    sa->sa_family == AF_INET
		? (const void *)&((const struct sockaddr_in *)(const void *)sa)
		      ->sin_addr
		: (const void *)&((const struct sockaddr_in6 *)(const void *)sa)
		      ->sin6_addr;

	if (a->n == NOC_ADDRESSES_MAX ||
	    (sa->sa_family != AF_INET && sa->sa_family != AF_INET6) ||
	    inet_ntop(sa->sa_family, from, a->text[a->n], sizeof(a->text[0])) ==
		NULL)
		return;
	for (size_t i = 0; i < a->n; i++) {
		if (strcmp(a->text[i], a->text[a->n]) == 0)
			return;
	}
	a->n++;
}

static void
on_evdns(int result, struct evutil_addrinfo *ai, void *arg)
{
	struct noc_lookup *l = arg;

	l->asking = false;
	l->req = NULL;
	for (const struct evutil_addrinfo *p = ai; p != NULL; p = p->ai_next)
		address_add(&l->addresses, p->ai_addr);
	if (ai != NULL)
		evutil_freeaddrinfo(ai);
	if (l->done == NULL) { /* timed out or cancelled before */
		lookup_free(l);
		return;
	}
	if (l->addresses.n > 0)
		l->err.kind = NOC_OK;
	else if (result == EVUTIL_EAI_AGAIN || result == EVUTIL_EAI_FAIL ||
		 result == EVUTIL_EAI_SYSTEM)
		noc_err_set(&l->err, NOC_EDOWN,
			    "No name server could answer for '%s': %s.",
			    l->name, evutil_gai_strerror(result));
	else
		noc_err_set(&l->err, NOC_ENOTFOUND,
			    "There is no host '%s': %s.", l->name,
			    evutil_gai_strerror(result));
	lookup_settle(l);
}

/* An address already?  Brackets as in URLs are allowed. */
static bool
literal_take(struct noc_lookup *l, const char *name)
{
	size_t len = strlen(name);
	uint8_t bytes[16];
	char text[64];
	int family = AF_INET;

	if (len >= sizeof(text))
		return false;
	memcpy(text, name, len + 1);
	if (len > 2 && name[0] == '[' && name[len - 1] == ']') {
		memcpy(text, name + 1, len - 2);
		text[len - 2] = '\0';
	}
	if (strchr(text, ':') != NULL)
		family = AF_INET6;
	if (inet_pton(family, text, bytes) != 1)
		return false;
	inet_ntop(family, bytes, l->addresses.text[0],
		  sizeof(l->addresses.text[0]));
	l->addresses.n = 1;
	return true;
}

static bool
name_usable(const char *name)
{
	size_t len = strlen(name);

	return len > 0 && len <= NAME_MAX_LEN && name[0] != '.' &&
	       name[0] != '-' && strstr(name, "..") == NULL &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyz"
			    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_") == len;
}

struct noc_lookup *
noc_resolve(struct noc_resolver *r, const char *name, int64_t timeout_ms,
	    void (*done)(const struct noc_addresses *addresses,
			 const struct noc_err *err, void *arg),
	    void *arg)
{
	struct noc_lookup *l = noc_calloc(1, sizeof(*l));
	struct evutil_addrinfo hints = { .ai_family = AF_UNSPEC,
					 .ai_socktype = SOCK_STREAM };
	struct evdns_getaddrinfo_request *req;

	l->r = r;
	l->done = done;
	l->arg = arg;
	l->next = r->lookups;
	if (l->next != NULL)
		l->next->prev = l;
	r->lookups = l;
	l->timer = noc_loop_timer(r->loop, on_lookup_timer, l);
	if (literal_take(l, name)) {
		lookup_settle(l);
		return l;
	}
	if (!name_usable(name)) {
		noc_err_set(&l->err, NOC_EINPUT,
			    "'%.80s' cannot be a host name.", name);
		lookup_settle(l);
		return l;
	}
	memcpy(l->name, name, strlen(name) + 1);
	files_check(r);
	noc_timer_arm(l->timer, timeout_ms > 0 ? timeout_ms : 1);
	l->asking = true;
	req = evdns_getaddrinfo(r->dns, l->name, NULL, &hints, on_evdns, l);
	/* It may have called back already; then req is NULL. */
	if (l->asking)
		l->req = req;
	return l;
}

void
noc_resolve_cancel(struct noc_lookup *l)
{
	l->done = NULL;
	noc_timer_disarm(l->timer);
	if (l->asking && l->req != NULL)
		evdns_getaddrinfo_cancel(l->req);
	else if (!l->asking)
		lookup_free(l);
}
