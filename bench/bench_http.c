/* SPDX-License-Identifier: ISC */
/*
 * The least that a webhook can be: libevent's own HTTP server, the body
 * parsed by jansson, 202.  Nothing is checked, kept or decided.
 *
 *	bench_http PORT
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>

#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>
#include <jansson.h>

static void
on_request(struct evhttp_request *req, void *arg)
{
	struct evbuffer *in = evhttp_request_get_input_buffer(req);
	size_t len = evbuffer_get_length(in);
	const char *p = (const char *)evbuffer_pullup(in, -1);
	json_t *body = p ? json_loadb(p, len, 0, NULL) : NULL;

	(void)arg;
	if (body)
		evhttp_send_reply(req, 202, "Accepted", NULL);
	else
		evhttp_send_error(req, 400, NULL);
	json_decref(body);
}

int
main(int argc, char **argv)
{
	struct event_base *base = event_base_new();
	struct evhttp *http = base ? evhttp_new(base) : NULL;

	if (argc != 2 || !http)
		return 2;
	evhttp_set_gencb(http, on_request, NULL);
	if (evhttp_bind_socket(http, "127.0.0.1", (uint16_t)atoi(argv[1]))) {
		fprintf(stderr, "bench_http: port %s is taken\n", argv[1]);
		return 1;
	}
	return event_base_dispatch(base);
}
