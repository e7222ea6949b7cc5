/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "proto/http_parse.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/hex.h"
#include "base/mem.h"

#define TARGET_MAX 8192
#define FIELD_MAX  8190

bool
noc_http_is_token(unsigned char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
	       (c >= 'A' && c <= 'Z') ||
	       (c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

ssize_t
noc_http_head_end(struct noc_slice in, size_t max, size_t *scan)
{
	size_t i = *scan;

	for (; i < in.len && i < max; i++) {
		unsigned char c = (unsigned char)in.p[i];

		if (c == '\n') {
			if (i == 0 || in.p[i - 1] != '\r')
				return -400;
			if (i >= 3 && in.p[i - 2] == '\n')
				return (ssize_t)i + 1;
		} else if ((i > 0 && in.p[i - 1] == '\r') ||
			   (c < 0x20 && c != '\r' && c != '\t') || c == 0x7f) {
			return -400;
		}
	}
	*scan = i;
	return i >= max ? -431 : 0;
}

static bool
is_method(const char *s)
{
	static const char *const methods[] = { "GET",	 "HEAD",   "POST",
					       "PUT",	 "DELETE", "PATCH",
					       "OPTIONS" };

	for (size_t i = 0; i < NOC_COUNT(methods); i++) {
		if (strcmp(s, methods[i]) == 0)
			return true;
	}
	return false;
}

/* "GET /x HTTP/1.1", terminated; cut into its words. */
static int
request_line(char *line, struct noc_http_head *h, const char **why)
{
	char *target = strchr(line, ' '), *version, *p;

	*why = "the request line is not 'METHOD target HTTP/1.1'";
	if (target == NULL)
		return -400;
	*target++ = '\0';
	version = strchr(target, ' ');
	if (version == NULL || *line == '\0')
		return -400;
	*version++ = '\0';
	for (p = line; *p != '\0'; p++) {
		if (!noc_http_is_token((unsigned char)*p))
			return -400;
	}
	for (p = target; *p != '\0'; p++) {
		if ((unsigned char)*p <= 0x20 || (unsigned char)*p >= 0x7f)
			return -400;
	}
	if (strncmp(version, "HTTP/", 5) != 0 || strlen(version) != 8)
		return -400;
	if (strcmp(version, "HTTP/1.1") != 0 &&
	    strcmp(version, "HTTP/1.0") != 0) {
		*why = "only HTTP/1.1 and HTTP/1.0 are spoken here";
		return -505;
	}
	if (strlen(target) > TARGET_MAX) {
		*why = "the target is too long";
		return -414;
	}
	h->minor = version[7] - '0';
	h->method = line;
	h->target = target;
	if (!is_method(line)) {
		*why = "this method is not served";
		return -501;
	}
	return 0;
}

/* Fields that two readers would disagree about if they came twice. */
static bool
is_single(const char *name)
{
	static const char *const names[] = {
		"host",	    "content-length",	"transfer-encoding",
		"expect",   "authorization",	"content-type",
		"origin",   "content-encoding", "idempotency-key",
		"x-api-key"
	};

	for (size_t i = 0; i < NOC_COUNT(names); i++) {
		if (strcmp(name, names[i]) == 0)
			return true;
	}
	return false;
}

static int
field_line(char *line, struct noc_http_head *h, const char **why)
{
	char *name = line, *value, *end;

	while (noc_http_is_token((unsigned char)*line)) {
		if (*line >= 'A' && *line <= 'Z')
			*line |= 0x20;
		line++;
	}
	*why = "a header is too long";
	if (strlen(name) > FIELD_MAX)
		return -431;
	*why = "a header line is not 'Name: value'";
	if (line == name || *line != ':')
		return -400;
	*line++ = '\0';
	/* Not tabs: of these not all agree that they are not of the value. */
	value = line + strspn(line, " ");
	end = value + strlen(value);
	while (end > value && end[-1] == ' ')
		end--;
	*end = '\0';
	*why = "a header that may come once came twice";
	if (is_single(name) && noc_http_head_get(h, name) != NULL)
		return -400;
	*why = "there are more than 100 headers";
	if (h->nfields == NOC_HTTP_HEADERS_MAX)
		return -431;
	h->fields[h->nfields++] = (struct noc_http_field){ name, value };
	return 0;
}

static bool
port_usable(const char *s)
{
	size_t digits = *s == ':' ? strspn(s + 1, "0123456789") : 0;

	return *s == '\0' || (digits > 0 && digits <= 5 &&
			      s[1 + digits] == '\0' && atoi(s + 1) <= 65535);
}

/* reg-name, IPv4 or [IPv6], and a port: nothing that could be a path. */
static bool
host_usable(const char *s)
{
	char literal[INET6_ADDRSTRLEN];
	struct in6_addr in6;
	size_t len;

	if (strlen(s) > 255)
		return false;
	if (*s == '[') {
		len = strcspn(++s, "]");
		if (s[len] == '\0' || len >= sizeof(literal))
			return false;
		memcpy(literal, s, len);
		literal[len] = '\0';
		return inet_pton(AF_INET6, literal, &in6) == 1 &&
		       port_usable(s + len + 1);
	}
	len = strspn(s, "abcdefghijklmnopqrstuvwxyz"
			"ABCDEFGHIJKLMNOPQRSTUVWXYZ"
			"0123456789.-_");
	return len > 0 && *s != '.' && strstr(s, "..") == NULL &&
	       port_usable(s + len);
}

/* Origin form, or absolute form (RFC 9112 §3.2.2) for our own Host. */
static int
target_check(struct noc_http_head *h, const char *host, const char **why)
{
	char *path = h->block + (h->target - h->block), *query;

	*why = "the target is not a path";
	if (strncasecmp(path, "http://", 7) == 0) {
		char *slash = path + 7 + strcspn(path + 7, "/?");
		size_t len = (size_t)(slash - path) - 7;

		*why = "the target and Host name different hosts";
		if (host == NULL || strlen(host) != len ||
		    strncasecmp(host, path + 7, len) != 0)
			return -400;
		path = slash;
	}
	if (*path != '/' || strchr(path, '#') != NULL)
		return -400;
	h->target = path;
	/* Two texts of one: the path needs its own end. */
	query = strchr(path, '?');
	if (query != NULL)
		h->query = query + 1;
	return 0;
}

static int
length_check(struct noc_http_head *h, const char **why)
{
	const char *length = noc_http_head_get(h, "content-length");
	const char *coding = noc_http_head_get(h, "transfer-encoding");
	size_t digits;

	h->length = -1;
	if (coding != NULL) {
		*why = "Transfer-Encoding and Content-Length came together, "
		       "or in HTTP/1.0";
		if (length != NULL || h->minor == 0)
			return -400;
		*why = "no other Transfer-Encoding than chunked is known";
		if (strcasecmp(coding, "chunked") != 0)
			return -501;
		h->chunked = true;
	}
	if (length != NULL) {
		digits = strspn(length, "0123456789");
		*why = "Content-Length is not one number";
		if (digits == 0 || digits > 15 || length[digits] != '\0')
			return -400;
		h->length = strtoll(length, NULL, 10);
	}
	return 0;
}

/* Is `word` an element of the comma-separated list? */
static bool
list_has(const char *list, const char *word)
{
	size_t len = strlen(word);

	while (list != NULL && *list != '\0') {
		size_t n;

		list += strspn(list, " \t,");
		n = strcspn(list, " \t,");
		if (n == len && strncasecmp(list, word, n) == 0)
			return true;
		list += n;
	}
	return false;
}

static int
head_check(struct noc_http_head *h, const char **why)
{
	const char *host = noc_http_head_get(h, "host");
	const char *expect = noc_http_head_get(h, "expect");
	const char *connection = noc_http_head_get(h, "connection");
	int rc;

	*why = "Host is missing or not a host name";
	if (host == NULL ? h->minor > 0 : !host_usable(host))
		return -400;
	rc = target_check(h, host, why);
	if (rc == 0)
		rc = length_check(h, why);
	if (rc != 0)
		return rc;
	if (expect != NULL) {
		*why = "only '100-continue' can be expected";
		if (strcasecmp(expect, "100-continue") != 0)
			return -417;
		h->expect_continue = h->minor > 0;
	}
	h->keep_alive = h->minor > 0 && !list_has(connection, "close");
	return 0;
}

int
noc_http_head_parse(struct noc_slice in, struct noc_http_head *out,
		    const char **why)
{
	char *line, *end, *path;
	size_t len;
	int rc;

	memset(out, 0, sizeof(*out));
	/* One empty line before a request is forgiven (RFC 9112 §2.2). */
	if (in.len > 2 && in.p[0] == '\r')
		in = noc_slice(in.p + 2, in.len - 2);
	/* Room behind the head for a copy of the path. */
	out->block = noc_malloc(2 * in.len + 2);
	memcpy(out->block, in.p, in.len);
	out->block[in.len] = '\0';
	line = out->block;
	*why = "the head is not made of CRLF lines";
	for (bool first = true; *line != '\r' || first; first = false) {
		end = strstr(line, "\r\n");
		if (end == NULL)
			return -400;
		*end = '\0';
		rc = first ? request_line(line, out, why)
			   : field_line(line, out, why);
		if (rc != 0)
			return rc;
		line = end + 2;
		*why = "the head is not made of CRLF lines";
	}
	rc = head_check(out, why);
	if (rc != 0)
		return rc;
	len = strcspn(out->target, "?");
	path = out->block + in.len + 1;
	memcpy(path, out->target, len);
	path[len] = '\0';
	out->path = path;
	return 0;
}

void
noc_http_head_release(struct noc_http_head *head)
{
	free(head->block);
	head->block = NULL;
	head->nfields = 0;
}

const char *
noc_http_head_get(const struct noc_http_head *head, const char *name)
{
	for (size_t i = 0; i < head->nfields; i++) {
		if (strcasecmp(head->fields[i].name, name) == 0)
			return head->fields[i].value;
	}
	return NULL;
}

bool
noc_http_decode(char *text, bool plus)
{
	char *to = text;

	for (const char *p = text; *p != '\0'; p++) {
		unsigned char c = (unsigned char)*p;

		if (c == '%') {
			int hi = noc_hex_digit(p[1]);
			int lo = hi < 0 ? -1 : noc_hex_digit(p[2]);

			if (lo < 0)
				return false;
			c = (unsigned char)(hi << 4 | lo);
			p += 2;
		} else if (c == '+' && plus) {
			c = ' ';
		}
		if (c < 0x20 || c == 0x7f)
			return false;
		*to++ = (char)c;
	}
	*to = '\0';
	return true;
}

const char *
noc_http_reason(int status)
{
	static const struct {
		int status;
		const char *phrase;
	} reasons[] = {
		{ 200, "OK" },
		{ 201, "Created" },
		{ 202, "Accepted" },
		{ 204, "No Content" },
		{ 206, "Partial Content" },
		{ 301, "Moved Permanently" },
		{ 302, "Found" },
		{ 303, "See Other" },
		{ 304, "Not Modified" },
		{ 307, "Temporary Redirect" },
		{ 308, "Permanent Redirect" },
		{ 400, "Bad Request" },
		{ 401, "Unauthorized" },
		{ 403, "Forbidden" },
		{ 404, "Not Found" },
		{ 405, "Method Not Allowed" },
		{ 406, "Not Acceptable" },
		{ 408, "Request Timeout" },
		{ 409, "Conflict" },
		{ 410, "Gone" },
		{ 412, "Precondition Failed" },
		{ 413, "Content Too Large" },
		{ 414, "URI Too Long" },
		{ 415, "Unsupported Media Type" },
		{ 417, "Expectation Failed" },
		{ 422, "Unprocessable Content" },
		{ 428, "Precondition Required" },
		{ 429, "Too Many Requests" },
		{ 431, "Request Header Fields Too Large" },
		{ 500, "Internal Server Error" },
		{ 501, "Not Implemented" },
		{ 502, "Bad Gateway" },
		{ 503, "Service Unavailable" },
		{ 504, "Gateway Timeout" },
		{ 505, "HTTP Version Not Supported" },
		{ 507, "Insufficient Storage" },
	};

	for (size_t i = 0; i < NOC_COUNT(reasons); i++) {
		if (reasons[i].status == status)
			return reasons[i].phrase;
	}
	return "Unassigned";
}
