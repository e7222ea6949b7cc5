/* SPDX-License-Identifier: ISC */
/*
 * The least that a webhook can be: libevent's own HTTP server, the body
 * parsed by jansson, 202.  Nothing is checked, kept or decided.
 *
 *	bench_http PORT [DELAY_MS]
 *
 * With a delay it is the other side of a call instead: every request is
 * answered 200, so much later.
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

struct later {
	struct event_base *base;
	struct timeval delay;
};

static void
on_delay(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	evhttp_send_reply(arg, 200, "OK", NULL);
}

static void
on_call(struct evhttp_request *req, void *arg)
{
	const struct later *later = arg;

	event_base_once(later->base, -1, EV_TIMEOUT, on_delay, req,
			&later->delay);
}

int
main(int argc, char **argv)
{
	struct event_base *base = event_base_new();
	struct evhttp *http = base ? evhttp_new(base) : NULL;
	struct later later = { .base = base };

	if (argc < 2 || argc > 3 || !http)
		return 2;
	if (argc == 3) {
		later.delay.tv_sec = atoi(argv[2]) / 1000;
		later.delay.tv_usec = atoi(argv[2]) % 1000 * 1000;
		evhttp_set_gencb(http, on_call, &later);
	} else {
		evhttp_set_gencb(http, on_request, NULL);
	}
	if (evhttp_bind_socket(http, "127.0.0.1", (uint16_t)atoi(argv[1]))) {
		fprintf(stderr, "bench_http: port %s is taken\n", argv[1]);
		return 1;
	}
	return event_base_dispatch(base);
}
