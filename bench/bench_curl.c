/* SPDX-License-Identifier: ISC */
/*
 * The least that a fan-out can be: one libcurl multi handle, so many GETs of
 * one address, never more than a limit of them at once.
 *
 *	bench_curl URL COUNT LIMIT
 *
 * Every answer must be a 200.  Prints one JSON line: the ms that it took.
 */
#include "config.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <curl/curl.h>

static int64_t
now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static size_t
on_body(char *p, size_t size, size_t n, void *arg)
{
	(void)p;
	(void)arg;
	return size * n;
}

static void
begin(CURLM *multi, const char *url)
{
	CURL *easy = curl_easy_init();

	curl_easy_setopt(easy, CURLOPT_URL, url);
	curl_easy_setopt(easy, CURLOPT_PROXY, "");
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
	curl_multi_add_handle(multi, easy);
}

/* How many have ended. */
static size_t
collect(CURLM *multi)
{
	const CURLMsg *msg;
	size_t n = 0;
	int left;

	while ((msg = curl_multi_info_read(multi, &left))) {
		CURL *easy = msg->easy_handle;
		long status = 0;

		curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
		if (msg->data.result || status != 200) {
			fprintf(stderr, "bench_curl: %s, status %ld\n",
				curl_easy_strerror(msg->data.result), status);
			exit(1);
		}
		curl_multi_remove_handle(multi, easy);
		curl_easy_cleanup(easy);
		n++;
	}
	return n;
}

int
main(int argc, char **argv)
{
	size_t count, limit, begun = 0, ended = 0, done;
	CURLM *multi = curl_multi_init();
	int64_t began = now_ns();
	int running;

	if (argc != 4 || !multi)
		return 2;
	count = strtoul(argv[2], NULL, 10);
	limit = strtoul(argv[3], NULL, 10);
	if (!limit)
		return 2;
	while (ended < count) {
		while (begun < count && begun - ended < limit) {
			begin(multi, argv[1]);
			begun++;
		}
		curl_multi_perform(multi, &running);
		done = collect(multi);
		ended += done;
		if (!done)
			curl_multi_poll(multi, NULL, 0, 1000, NULL);
	}
	curl_multi_cleanup(multi);
	printf("{\"count\":%zu,\"ms\":%.3f}\n", count,
	       (double)(now_ns() - began) / 1e6);
	return 0;
}
