/* SPDX-License-Identifier: ISC */
#ifndef NOC_SENSORS_LISTEN_H
#define NOC_SENSORS_LISTEN_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/strbuf.h"

/*
 * Sockets that sensors listen on: bound here, or inherited from systemd.  A
 * taken port names who has it and the option that moves it.  At start, main
 * thread.
 */
struct noc_address { /* IPv4 or IPv6, with port */
	struct sockaddr_storage ss;
	socklen_t len;
};

/* "127.0.0.1:5514", "[::1]:5514"; literals only.  ECONFIG. */
int noc_address_parse(const char *text, struct noc_address *out,
		      struct noc_err *err);
/* "192.0.2.1" or "2001:db8::1"; IPv4 within IPv6 is shown as IPv4.  buf >=
 * INET6_ADDRSTRLEN.  Returns its length. */
size_t noc_address_host(const struct sockaddr *sa, char *buf);
int noc_address_port(const struct sockaddr *sa);

/*
 * Bound, non-blocking socket of SOCK_DGRAM or SOCK_STREAM (listening); option
 * is the key that configures it ("syslog.udp") and names an inherited one.
 * ECONFLICT: taken; EDENIED: not allowed; ECONFIG: no such address.
 */
int noc_listen_inet(const char *option, const char *address, int type, int *fd,
		    struct noc_err *err);
/* The receive buffer asked for, forced when allowed; warns when smaller. */
void noc_listen_buffer(int fd, const char *option, int64_t bytes);
void noc_listen_resize(int fd, int bytes); /* the same, silently */

/* "127.0.0.1:5514 udp" of a bound socket. */
void noc_listen_describe(int fd, const char *proto, struct noc_strbuf *out);

/* What the kernel dropped of a UDP socket since *seen; also counts what no
 * later datagram will tell of. */
uint32_t noc_listen_drops(int fd, uint32_t *seen);

/*
 * Who holds a port: "rsyslogd (pid 312)" into buf; false when /proc does not
 * tell.  The same for text as /proc/net/udp has it, for tests: the inode of
 * the first row bound to port, or 0.
 */
bool noc_listen_owner(int type, int port, char *buf, size_t size);
unsigned long noc_listen_owner_inode(const char *text, int port,
				     bool listening);

/* Sockets that systemd passed (sd_listen_fds(3)): read once; then each is
 * taken by its option, told by its name or by type and port.  -1: none. */
void noc_listen_inherit(void);
int noc_listen_take(const char *option);
/* Warns of those that nobody took, and closes them. */
void noc_listen_leftover(void);

#endif
