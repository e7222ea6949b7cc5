/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "net/http.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "net/http_impl.h"

struct noc_http_req *
noc_http_req_new(struct noc_conn *c)
{
	struct noc_http_req *req = noc_calloc(1, sizeof(*req));

	req->http = c->http;
	req->conn = c;
	req->uid = c->uid;
	req->is_unix = c->is_unix;
	memcpy(req->peer, c->peer, sizeof(req->peer));
	req->next = c->http->reqs;
	if (req->next != NULL)
		req->next->prev = req;
	c->http->reqs = req;
	c->req = req;
	return req;
}

/* Also takes it off its connection and server, if they still are. */
void
noc_http_req_free(struct noc_http_req *req)
{
	if (req->conn != NULL)
		req->conn->req = NULL;
	if (req->http != NULL) {
		if (req->prev != NULL)
			req->prev->next = req->next;
		else
			req->http->reqs = req->next;
		if (req->next != NULL)
			req->next->prev = req->prev;
		req->http->stats.body_bytes -= req->counted;
		noc_watch_free(req->tell);
	}
	noc_http_head_release(&req->head);
	noc_strbuf_release(&req->body);
	noc_strbuf_release(&req->extra);
	noc_value_free(req->groups);
	free(req->text);
	free(req);
}

/* --- routes --- */

static bool
segment_parse(struct route *r, char *seg)
{
	size_t len = strlen(seg);

	if (r->nsegs == SEGMENTS_MAX || len == 0 || r->rest)
		return false;
	if (*seg == '{') {
		if (len < 3 || seg[len - 1] != '}')
			return false;
		seg[--len] = '\0';
		seg++;
		if (--len > 3 && strcmp(seg + len - 3, "...") == 0) {
			seg[len - 3] = '\0';
			r->rest = true;
		}
		r->named[r->nsegs] = true;
	}
	r->segs[r->nsegs++] = seg;
	return true;
}

/* Cuts off what comes before the next '/'; *p becomes NULL after the last. */
static char *
segment_take(char **p)
{
	char *seg = *p, *slash = strchr(seg, '/');

	if (slash != NULL)
		*slash++ = '\0';
	*p = slash;
	return seg;
}

bool
noc_http_pattern_parse(struct route *r)
{
	char *p;
	size_t names = 0;

	r->block = noc_strdup(r->pattern);
	if (*r->block != '/')
		return false;
	p = r->block[1] == '\0' ? NULL : r->block + 1;
	while (p != NULL) {
		if (!segment_parse(r, segment_take(&p)))
			return false;
		names += r->named[r->nsegs - 1];
	}
	return names <= PARAMS_MAX;
}

/* They would answer the same paths. */
bool
noc_http_routes_equal(const struct route *a, const struct route *b)
{
	if (strcmp(a->method, b->method) != 0 || a->nsegs != b->nsegs ||
	    a->rest != b->rest)
		return false;
	for (size_t i = 0; i < a->nsegs; i++) {
		if (a->named[i] != b->named[i] ||
		    (!a->named[i] && strcmp(a->segs[i], b->segs[i]) != 0))
			return false;
	}
	return true;
}

struct path {
	char *segs[SEGMENTS_MAX + 1];  /* decoded */
	size_t tail[SEGMENTS_MAX + 1]; /* where each began */
	size_t nsegs;
	bool slash; /* one of them has an encoded '/' */
};

/* block: a copy of the encoded path, decoded here piece by piece. */
static int
path_split(struct path *path, char *block, const char **why)
{
	char *p = block[1] == '\0' ? NULL : block + 1;

	*why = "the path cannot be decoded";
	while (p != NULL) {
		size_t at = (size_t)(p - block);
		char *seg = segment_take(&p);

		if (path->nsegs > SEGMENTS_MAX)
			break; /* more than any route has */
		if (!noc_http_decode(seg, false) || strcmp(seg, ".") == 0 ||
		    strcmp(seg, "..") == 0)
			return 400;
		path->slash = path->slash || strchr(seg, '/') != NULL;
		path->tail[path->nsegs] = at;
		path->segs[path->nsegs++] = seg;
	}
	return 0;
}

static bool
route_fits(const struct route *r, const struct path *path)
{
	if (r->rest ? path->nsegs < r->nsegs : path->nsegs != r->nsegs)
		return false;
	if (path->nsegs > SEGMENTS_MAX)
		return false;
	for (size_t i = 0; i < r->nsegs; i++) {
		if (r->named[i] ? *path->segs[i] == '\0'
				: strcmp(r->segs[i], path->segs[i]) != 0)
			return false;
	}
	return true;
}

/* Leftmost literal first, then a name, then the rest. */
static bool
route_beats(const struct route *a, const struct route *b)
{
	if (b == NULL)
		return true;
	for (size_t i = 0; i < a->nsegs && i < b->nsegs; i++) {
		if (a->named[i] != b->named[i])
			return b->named[i];
	}
	return !a->rest && b->rest;
}

static const struct route *
route_best(const struct noc_http *http, const char *method,
	   const struct path *path)
{
	const struct route *best = NULL;

	for (size_t i = 0; i < http->nroutes; i++) {
		const struct route *r = &http->routes[i];

		if (strcmp(r->method, method) == 0 && route_fits(r, path) &&
		    route_beats(r, best))
			best = r;
	}
	return best;
}

/* Which methods this path has; false: none. */
static bool
allow_set(struct noc_http_req *req, const struct path *path)
{
	static const char *const methods[] = { "GET", "HEAD",	"POST",
					       "PUT", "DELETE", "PATCH" };
	struct noc_strbuf allow = NOC_STRBUF_INIT;
	bool any = false;

	for (size_t i = 0; i < NOC_COUNT(methods); i++) {
		const char *m = i == 1 ? "GET" : methods[i];

		if (route_best(req->http, m, path) != NULL ||
		    (i == 1 && route_best(req->http, "HEAD", path) != NULL)) {
			noc_strbuf_addf(&allow, "%s%s", any ? ", " : "",
					methods[i]);
			any = true;
		}
	}
	if (any) {
		noc_strbuf_adds(&allow, ", OPTIONS");
		noc_http_header_set(req, "Allow", allow.p);
	}
	noc_strbuf_release(&allow);
	return any;
}

static int
query_parse(struct noc_http_req *req, char *p, const char **why)
{
	*why = "the query cannot be decoded, or has over 64 parameters";
	while (p != NULL && *p != '\0') {
		char *name = p, *value;

		p += strcspn(p, "&");
		if (*p != '\0')
			*p++ = '\0';
		if (*name == '\0')
			continue;
		value = name + strcspn(name, "=");
		if (*value != '\0')
			*value++ = '\0';
		if (req->nquery == QUERY_MAX || !noc_http_decode(name, true) ||
		    !noc_http_decode(value, true))
			return 400;
		req->query[req->nquery++] = (struct pair){ name, value };
	}
	return 0;
}

static void
params_fill(struct noc_http_req *req, const struct path *path, char *whole)
{
	const struct route *r = req->route;

	for (size_t i = 0; i < r->nsegs; i++) {
		bool rest = r->rest && i == r->nsegs - 1;

		if (r->named[i])
			req->params[req->nparams++] =
			    (struct pair){ r->segs[i],
					   rest ? whole + path->tail[i]
						: path->segs[i] };
	}
}

int
noc_http_route_find(struct noc_http_req *req, const char **why)
{
	const struct noc_http_head *h = &req->head;
	size_t len = strlen(h->path) + 1;
	size_t qlen = h->query != NULL ? strlen(h->query) + 1 : 0;
	struct path path = { .nsegs = 0 };
	char *whole, *query;
	int status;

	/* Three texts: the path in pieces, in one piece, and the query. */
	req->text = noc_malloc(2 * len + qlen + 1);
	whole = req->text + len;
	query = whole + len;
	memcpy(req->text, h->path, len);
	memcpy(whole, h->path, len);
	if (h->query != NULL)
		memcpy(query, h->query, qlen);
	status = path_split(&path, req->text, why);
	if (status != 0)
		return status;
	status = query_parse(req, h->query != NULL ? query : NULL, why);
	if (status != 0)
		return status;
	req->head_only = strcmp(h->method, "HEAD") == 0;
	req->route = route_best(req->http, h->method, &path);
	if (req->route == NULL && req->head_only)
		req->route = route_best(req->http, "GET", &path);
	if (req->route != NULL) {
		*why = "the path cannot be decoded";
		if (req->route->rest &&
		    (path.slash ||
		     !noc_http_decode(whole + path.tail[req->route->nsegs - 1],
				      false)))
			return 400;
		params_fill(req, &path, whole);
		return 0;
	}
	*why = "nothing is served at this path";
	if (!allow_set(req, &path))
		return 404;
	*why = "this path does not have this method";
	return strcmp(h->method, "OPTIONS") == 0 ? 204 : 405;
}

/* --- accessors --- */

const char *
noc_http_param(const struct noc_http_req *req, const char *name)
{
	for (size_t i = 0; i < req->nparams; i++) {
		if (strcmp(req->params[i].name, name) == 0)
			return req->params[i].value;
	}
	return NULL;
}

const char *
noc_http_query(const struct noc_http_req *req, const char *name)
{
	for (size_t i = 0; i < req->nquery; i++) {
		if (strcmp(req->query[i].name, name) == 0)
			return req->query[i].value;
	}
	return NULL;
}

const char *
noc_http_header(const struct noc_http_req *req, const char *name)
{
	return noc_http_head_get(&req->head, name);
}

bool
noc_http_header_next(const struct noc_http_req *req, size_t *it,
		     const char **name, const char **value)
{
	if (*it >= req->head.nfields)
		return false;
	*name = req->head.fields[*it].name;
	*value = req->head.fields[*it].value;
	(*it)++;
	return true;
}

struct noc_slice
noc_http_body(const struct noc_http_req *req)
{
	return noc_slice(req->body.p != NULL ? req->body.p : "", req->body.len);
}

const char *
noc_http_peer(const struct noc_http_req *req)
{
	return req->peer;
}

bool
noc_http_is_unix(const struct noc_http_req *req)
{
	return req->is_unix;
}

const char *
noc_http_actor(const struct noc_http_req *req)
{
	return req->actor;
}

void
noc_http_verified(struct noc_http_req *req)
{
	if (req->conn != NULL)
		req->conn->verified = true;
}

bool
noc_http_peer_gone(const struct noc_http_req *req)
{
	return req->conn == NULL;
}
