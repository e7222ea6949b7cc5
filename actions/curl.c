/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "actions/curl.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <curl/curl.h>
#include <sys/socket.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/crypto.h"
#include "base/log.h"
#include "base/mem.h"
#include "net/loop.h"
#include "actions/address.h"

/*
 * The one libcurl multi handle, on the loop.  libcurl resolves a name on a
 * thread of its own, and with CURLOPT_QUICK_EXIT a transfer that ends does not
 * wait for it: a name that does not resolve stalls nobody.  The address a
 * socket is opened to is checked, so a name cannot lead where a rule may not
 * go.  How many are out at once is the engine's business: none waits here.
 */
#define CURL_HEADERS_MAX (64 * 1024)

struct curl {
	struct noc_env *env;
	CURLM *multi;
	struct noc_watch *timer;
};

struct curl_socket {
	struct curl *curl;
	curl_socket_t fd;
	struct noc_watch *watch;
};

struct noc_transfer {
	struct curl *curl;
	CURL *easy;
	struct curl_slist *headers, *recipients;
	struct noc_strbuf body, answer;
	struct noc_value *answer_headers;
	size_t body_at, header_bytes, max;
	bool too_long, denied, opened;
	bool named;
	char denied_text[64];
	void (*done)(const struct noc_transfer_result *result, void *arg);
	void *arg;
	char error[CURL_ERROR_SIZE];
};

/* ---- the multi handle ---- */

static void curl_collect(struct curl *c);

static void
on_curl_fd(int fd, int events, void *arg)
{
	struct curl_socket *s = arg;
	struct curl *c = s->curl;
	int mask = 0, running;

	if (events & NOC_LOOP_READ)
		mask |= CURL_CSELECT_IN;
	if (events & NOC_LOOP_WRITE)
		mask |= CURL_CSELECT_OUT;
	curl_multi_socket_action(c->multi, fd, mask, &running);
	curl_collect(c);
}

static void
on_curl_timer(void *arg)
{
	struct curl *c = arg;
	int running;

	curl_multi_socket_action(c->multi, CURL_SOCKET_TIMEOUT, 0, &running);
	curl_collect(c);
}

static int
on_curl_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *mine)
{
	struct curl *c = arg;
	struct curl_socket *s = mine;
	int events = 0;

	(void)easy;
	if (what == CURL_POLL_REMOVE) {
		if (s) {
			noc_watch_free(s->watch);
			free(s);
		}
		curl_multi_assign(c->multi, fd, NULL);
		return 0;
	}
	if (what & CURL_POLL_IN)
		events |= NOC_LOOP_READ;
	if (what & CURL_POLL_OUT)
		events |= NOC_LOOP_WRITE;
	if (!s) {
		s = noc_calloc(1, sizeof(*s));
		s->curl = c;
		s->fd = fd;
		s->watch = noc_loop_fd(c->env->loop, fd, events, on_curl_fd, s);
		curl_multi_assign(c->multi, fd, s);
	} else {
		noc_watch_events(s->watch, events);
	}
	return 0;
}

static int
on_curl_timeout(CURLM *multi, long ms, void *arg)
{
	struct curl *c = arg;

	(void)multi;
	if (ms < 0)
		noc_timer_disarm(c->timer);
	else
		noc_timer_arm(c->timer, ms);
	return 0;
}

static struct curl *
curl_get(struct noc_env *env)
{
	struct curl *c = env->curl;

	if (c)
		return c;
	curl_global_init(CURL_GLOBAL_DEFAULT);
	c = noc_calloc(1, sizeof(*c));
	c->env = env;
	c->multi = curl_multi_init();
	c->timer = noc_loop_timer(env->loop, on_curl_timer, c);
	curl_multi_setopt(c->multi, CURLMOPT_SOCKETFUNCTION, on_curl_socket);
	curl_multi_setopt(c->multi, CURLMOPT_SOCKETDATA, c);
	curl_multi_setopt(c->multi, CURLMOPT_TIMERFUNCTION, on_curl_timeout);
	curl_multi_setopt(c->multi, CURLMOPT_TIMERDATA, c);
	env->curl = c;
	return c;
}

void
noc_transfer_close(struct noc_env *env)
{
	struct curl *c = env->curl;

	if (!c)
		return;
	curl_multi_cleanup(c->multi);
	noc_watch_free(c->timer);
	free(c);
	env->curl = NULL;
	curl_global_cleanup();
}

/* ---- one transfer ---- */

static void
transfer_free(struct noc_transfer *t)
{
	curl_multi_remove_handle(t->curl->multi, t->easy);
	curl_easy_cleanup(t->easy);
	for (struct curl_slist *h = t->headers; h; h = h->next)
		noc_wipe(h->data, strlen(h->data));
	curl_slist_free_all(t->headers);
	curl_slist_free_all(t->recipients);
	noc_strbuf_release(&t->body);
	noc_strbuf_release(&t->answer);
	noc_value_free(t->answer_headers);
	free(t);
}

/*
 * What libcurl's code means for a retry.  `sent` decides what a failure of a
 * request that changes something is: nothing happened, or nobody knows.
 */
static const char *
transfer_class(CURLcode code)
{
	switch ((int)code) {
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_RESOLVE_PROXY:
	case CURLE_COULDNT_CONNECT:
		return "transient";
	case CURLE_OPERATION_TIMEDOUT:
		return "timeout";
	case CURLE_URL_MALFORMAT:
	case CURLE_UNSUPPORTED_PROTOCOL:
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_LOGIN_DENIED:
	case CURLE_TOO_MANY_REDIRECTS:
	case CURLE_FILESIZE_EXCEEDED:
	case CURLE_WRITE_ERROR:
		return "permanent";
	default:
		return "transient";
	}
}

static void
transfer_end(struct noc_transfer *t, CURLcode code)
{
	struct noc_transfer_result res = {
		.body = t->answer.p ? t->answer.p : "",
		.len = t->answer.len,
		.headers = t->answer_headers,
	};
	long status = 0, request = 0;
	curl_off_t after = 0;

	curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_getinfo(t->easy, CURLINFO_REQUEST_SIZE, &request);
	res.status = (int)status;
	res.sent = request > 0;
	curl_easy_getinfo(t->easy, CURLINFO_RETRY_AFTER, &after);
	res.retry_after_ms = (int64_t)after * 1000;
	if (code != CURLE_OK) {
		res.error = *t->error ? t->error : curl_easy_strerror(code);
		res.class = transfer_class(code);
	}
	if (code != CURLE_OK && t->denied && !t->opened) {
		res.error = t->denied_text;
		res.class = "permanent";
	} else if (code == CURLE_USE_SSL_FAILED) {
		res.error = "the server offers no TLS, so it was told nothing; "
			    "see mail.tls";
		res.class = "permanent";
	} else if (t->too_long) {
		res.error = "the answer is longer than max_bytes";
		res.class = "permanent";
	}
	t->done(&res, t->arg);
	transfer_free(t);
}

static void
curl_collect(struct curl *c)
{
	CURLMsg *msg;
	int left;

	while ((msg = curl_multi_info_read(c->multi, &left))) {
		struct noc_transfer *t = NULL;
		CURLcode code = msg->data.result;

		if (msg->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE, &t);
		transfer_end(t, code);
	}
}

static size_t
on_curl_body(char *p, size_t size, size_t n, void *arg)
{
	struct noc_transfer *t = arg;

	(void)size;
	if (t->answer.len + n > t->max) {
		t->too_long = true;
		return 0;
	}
	noc_strbuf_add(&t->answer, p, n);
	return n;
}

static size_t
on_curl_header(char *p, size_t size, size_t n, void *arg)
{
	struct noc_transfer *t = arg;
	const char *colon = memchr(p, ':', n);
	size_t len = n;
	char name[128];

	(void)size;
	t->header_bytes += n;
	if (t->header_bytes > CURL_HEADERS_MAX)
		return 0;
	while (len && (p[len - 1] == '\r' || p[len - 1] == '\n'))
		len--;
	if (!colon || colon == p || (size_t)(colon - p) >= sizeof(name))
		return n;
	for (size_t i = 0; i < (size_t)(colon - p); i++)
		name[i] = (char)tolower((unsigned char)p[i]);
	name[colon - p] = '\0';
	colon++;
	while (colon < p + len && (*colon == ' ' || *colon == '\t'))
		colon++;
	noc_value_set(t->answer_headers, name,
		      noc_value_strn(colon, (size_t)(p + len - colon)));
	return n;
}

static size_t
on_curl_upload(char *p, size_t size, size_t n, void *arg)
{
	struct noc_transfer *t = arg;
	size_t left = t->body.len - t->body_at, take = size * n;

	if (take > left)
		take = left;
	if (take)
		memcpy(p, t->body.p + t->body_at, take);
	t->body_at += take;
	return take;
}

/* ---- whom it asks ---- */

/* "https://user@Host/x" -> "host:443". */
void
noc_transfer_peer(const char *url, struct noc_strbuf *out)
{
	static const char *const ports[][2] = {
		{ "http", ":80" },
		{ "https", ":443" },
		{ "smtp", ":25" },
		{ "smtps", ":465" },
	};
	const char *p = strstr(url, "://"), *at, *colon;
	size_t scheme = p ? (size_t)(p - url) : 0, len;

	p = p ? p + 3 : url;
	len = strcspn(p, "/?#");
	at = memrchr(p, '@', len);
	if (at) {
		len -= (size_t)(at + 1 - p);
		p = at + 1;
	}
	len = len < 255 ? len : 255;
	for (size_t i = 0; i < len; i++)
		noc_strbuf_addc(out, (char)tolower((unsigned char)p[i]));
	colon = memrchr(p, ':', len);
	if (colon && !memchr(colon, ']', len - (size_t)(colon - p)))
		return;
	for (size_t i = 0; i < NOC_COUNT(ports); i++)
		if (strlen(ports[i][0]) == scheme &&
		    !strncasecmp(url, ports[i][0], scheme))
			noc_strbuf_adds(out, ports[i][1]);
}

/* ---- start ---- */

static bool
transfer_may(const struct noc_transfer *t, const struct sockaddr *sa)
{
	return t->named ? noc_address_named(t->curl->env, sa)
			: noc_address_allowed(t->curl->env, sa);
}

static curl_socket_t
on_curl_open(void *arg, curlsocktype purpose, struct curl_sockaddr *addr)
{
	struct noc_transfer *t = arg;

	(void)purpose;
	/* The mail server is the administrator's word, and usually local. */
	if (!t->recipients && !transfer_may(t, &addr->addr)) {
		t->denied = true;
		snprintf(t->denied_text, sizeof(t->denied_text),
			 "the address is denied; see http.allow");
		return CURL_SOCKET_BAD;
	}
	t->opened = true; /* another of its addresses would do */
	return socket(addr->family, addr->socktype | SOCK_CLOEXEC,
		      addr->protocol);
}

static void
transfer_headers(struct noc_transfer *t, const struct noc_value *map)
{
	for (size_t i = 0; map && map->type == NOC_MAP && i < map->u.map.len;
	     i++) {
		const struct noc_member *m = &map->u.map.at[i];
		struct noc_strbuf sb = NOC_STRBUF_INIT;

		noc_strbuf_addf(&sb, "%s: ", m->key);
		noc_value_text(m->value, &sb);
		for (size_t j = 0; j < sb.len; j++)
			if (sb.p[j] == '\r' || sb.p[j] == '\n')
				sb.p[j] = ' '; /* no header is smuggled in */
		t->headers = curl_slist_append(t->headers, sb.p);
		noc_strbuf_release(&sb);
	}
	t->headers = curl_slist_append(t->headers, "Expect:");
}

/* Nobody but this machine sits between us and a server on it. */
static bool
transfer_is_local(const char *url)
{
	struct noc_strbuf peer = NOC_STRBUF_INIT;
	struct in_addr v4;
	bool local;

	noc_transfer_peer(url, &peer);
	if (peer.len && peer.p[0] != '[')
		peer.p[strcspn(peer.p, ":")] = '\0';
	local = peer.len &&
		(!strncmp(peer.p, "[::1]", 5) || !strcmp(peer.p, "localhost") ||
		 (inet_pton(AF_INET, peer.p, &v4) == 1 &&
		  ntohl(v4.s_addr) >> 24 == 127));
	noc_strbuf_release(&peer);
	return local;
}

/* The certificate of a server on this machine is usually its own. */
static void
transfer_tls(struct noc_transfer *t, const struct noc_transfer_request *req)
{
	bool local = transfer_is_local(req->url);
	long use = CURLUSESSL_NONE;

	if (req->tls == NOC_TLS_REQUIRED && !local)
		use = CURLUSESSL_ALL;
	else if (req->tls != NOC_TLS_OFF)
		use = CURLUSESSL_TRY;
	curl_easy_setopt(t->easy, CURLOPT_USE_SSL, use);
	curl_easy_setopt(t->easy, CURLOPT_SSL_VERIFYPEER, local ? 0L : 1L);
	curl_easy_setopt(t->easy, CURLOPT_SSL_VERIFYHOST, local ? 0L : 2L);
}

static void
transfer_mail(struct noc_transfer *t, const struct noc_transfer_request *req)
{
	for (size_t i = 0; i < noc_value_len(req->recipients); i++) {
		const struct noc_value *v = noc_value_at(req->recipients, i);

		if (v->type == NOC_STR)
			t->recipients =
			    curl_slist_append(t->recipients, v->u.s.p);
	}
	curl_easy_setopt(t->easy, CURLOPT_MAIL_FROM, req->from);
	curl_easy_setopt(t->easy, CURLOPT_MAIL_RCPT, t->recipients);
	curl_easy_setopt(t->easy, CURLOPT_UPLOAD, 1L);
	curl_easy_setopt(t->easy, CURLOPT_READFUNCTION, on_curl_upload);
	curl_easy_setopt(t->easy, CURLOPT_READDATA, t);
	transfer_tls(t, req);
}

/* RFC 9110 9.2.2 */
static bool
curl_twice_is_once(const char *method)
{
	return strcmp(method, "POST") && strcmp(method, "PATCH");
}

static void
transfer_http(struct noc_transfer *t, const struct noc_transfer_request *req)
{
	curl_easy_setopt(t->easy, CURLOPT_CUSTOMREQUEST, req->method);
	if (req->body) {
		curl_easy_setopt(t->easy, CURLOPT_POSTFIELDSIZE_LARGE,
				 (curl_off_t)t->body.len);
		curl_easy_setopt(t->easy, CURLOPT_POSTFIELDS,
				 t->body.p ? t->body.p : "");
	} else if (strcmp(req->method, "GET")) { /* Content-Length: 0 */
		curl_easy_setopt(t->easy, CURLOPT_POSTFIELDSIZE, 0L);
		curl_easy_setopt(t->easy, CURLOPT_POSTFIELDS, "");
	}
	/* One that is open already was not asked where it goes. */
	t->named = req->named;
	/* A connection that was kept and dies under a request is no error to
	 * libcurl: it sends the request once more, and nobody knows. */
	curl_easy_setopt(t->easy, CURLOPT_FRESH_CONNECT,
			 req->named || !curl_twice_is_once(req->method) ? 1L
									: 0L);
	transfer_headers(t, req->headers);
	curl_easy_setopt(t->easy, CURLOPT_HTTPHEADER, t->headers);
	curl_easy_setopt(t->easy, CURLOPT_FOLLOWLOCATION,
			 req->follow ? 1L : 0L);
	curl_easy_setopt(t->easy, CURLOPT_MAXREDIRS, 3L);
	curl_easy_setopt(t->easy, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
}

int
noc_transfer_start(struct noc_env *env, const struct noc_transfer_request *req,
		   void (*done)(const struct noc_transfer_result *, void *),
		   void *arg, struct noc_transfer **out, struct noc_err *err)
{
	struct curl *c = curl_get(env);
	struct noc_transfer *t = noc_calloc(1, sizeof(*t));
	CURLMcode mc;

	t->curl = c;
	t->easy = curl_easy_init();
	t->done = done;
	t->arg = arg;
	t->max = req->max_bytes ? req->max_bytes : 1024 * 1024;
	t->answer_headers = noc_value_map();
	if (req->body)
		noc_strbuf_add(&t->body, req->body, req->body_len);
	curl_easy_setopt(t->easy, CURLOPT_PRIVATE, t);
	curl_easy_setopt(t->easy, CURLOPT_ERRORBUFFER, t->error);
	curl_easy_setopt(t->easy, CURLOPT_URL, req->url);
	curl_easy_setopt(t->easy, CURLOPT_PROTOCOLS_STR,
			 req->recipients ? "smtp,smtps" : "http,https");
	curl_easy_setopt(t->easy, CURLOPT_TIMEOUT_MS, (long)req->timeout_ms);
	curl_easy_setopt(t->easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(t->easy, CURLOPT_QUICK_EXIT, 1L);
	curl_easy_setopt(t->easy, CURLOPT_PROXY, "");
	curl_easy_setopt(t->easy, CURLOPT_USERAGENT,
			 "nocturne/" PACKAGE_VERSION);
	curl_easy_setopt(t->easy, CURLOPT_WRITEFUNCTION, on_curl_body);
	curl_easy_setopt(t->easy, CURLOPT_WRITEDATA, t);
	curl_easy_setopt(t->easy, CURLOPT_HEADERFUNCTION, on_curl_header);
	curl_easy_setopt(t->easy, CURLOPT_HEADERDATA, t);
	curl_easy_setopt(t->easy, CURLOPT_OPENSOCKETFUNCTION, on_curl_open);
	curl_easy_setopt(t->easy, CURLOPT_OPENSOCKETDATA, t);
	if (req->ca)
		curl_easy_setopt(t->easy, CURLOPT_CAINFO, req->ca);
	if (req->userpwd)
		curl_easy_setopt(t->easy, CURLOPT_USERPWD, req->userpwd);
	if (req->recipients)
		transfer_mail(t, req);
	else
		transfer_http(t, req);
	mc = curl_multi_add_handle(c->multi, t->easy);
	if (mc != CURLM_OK) {
		transfer_free(t);
		return noc_err_set(err, NOC_ERESOURCE,
				   "The request cannot be started: %s.",
				   curl_multi_strerror(mc));
	}
	*out = t;
	return 0;
}

void
noc_transfer_cancel(struct noc_transfer *t)
{
	if (t)
		transfer_free(t);
}
