/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * A vat on sockets with nothing but poll(2): all that libvat needs of an event loop.
 */
#include "vat/handoff.h"
#include "vat/rpc.h"

#include <poll.h>

enum { PEER_LINKS = 32 };

struct peer_link {
	int fd; /* -1 = free */
	struct vat_conn *conn;
	const char *addr; /* connected to; borrowed; NULL = accepted */
};

struct peer {
	struct vat *vat;
	int listen_fd; /* -1 = none */
	bool fds; /* Unix sockets pass descriptors */
	struct vat_cap *bootstrap;
	struct peer_link links[PEER_LINKS];
	unsigned accepted, ended;
	uint8_t last_token;
};

int peer_init(struct peer *p);
/* ADDR: unix:PATH or tcp:PORT (loopback; for a server 0 = any). 0 or negative errno; a server
 * prints "ready" and its port. */
int peer_listen(struct peer *p, const char *addr);
int peer_connect(struct peer *p, const char *addr);
/* Takes part in hand-off: the address in an introduction is what a link was connected to. As
 * introducer of everybody to everybody too, if `introduces`; the tokens can be guessed. */
int peer_network(struct peer *p, bool introduces);
/* One turn: runs what is queued, writes, waits for input (at most timeout_ms), reads. */
void peer_turn(struct peer *p, int timeout_ms);
void peer_done(struct peer *p);
