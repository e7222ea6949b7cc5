/* SPDX-License-Identifier: ISC */
#ifndef NOC_TESTS_UNIT_HTTP_FIXTURE_H
#define NOC_TESTS_UNIT_HTTP_FIXTURE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "net/http.h"

/*
 * A real server in a thread of its own with a few routes, and blocking
 * clients.  What they wait for comes in its own time: the limit of a minute
 * only ends a hang.
 */
struct fixture {
	struct noc_loop *loop;
	struct noc_http *http;
	struct noc_http_conf conf; /* change before fixture_start */
	pthread_t thread;
	int port;
	char dir[64], path[96];
	struct noc_http_req *kept; /* of GET /keep */
	struct noc_watch *timer, *stopper;
	int stop[2]; /* a byte stops the server */
	atomic_int told_gone, told_ready, flooded, flood_over, released;
};

void fixture_init(struct fixture *f);
void fixture_start(struct fixture *f);
void fixture_stop(struct fixture *f);

/* source: "127.0.0.7", or NULL. */
int dial(const struct fixture *f, const char *source);
int dial_unix(const struct fixture *f);
void say(int fd, const char *text);
void say_bytes(int fd, const void *p, size_t len);
/* One whole answer, by its length, chunks or end; NULL: none.  To be freed. */
char *hear(int fd);
/* Status of an answer, 0 for none; frees it. */
int status_of_answer(char *answer);
/* A new connection, one request, the answer. */
char *ask(const struct fixture *f, const char *request);
int ask_status(const struct fixture *f, const char *request);
bool closed_by_server(int fd, int within_ms);
/* Asks there until the counters say so, or fails. */
void stats_say(int fd, const char *text);
void pause_ms(int ms);
double now_s(void);

#define PATIENCE_MS 60000

#endif
