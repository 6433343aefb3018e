/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * A vat on Unix sockets with epoll(7): per turn one wait, and for each connection that has input
 * one read and one write.
 */
#include "vat/rpc.h"

struct pump_link {
	int fd;
	struct vat_conn *conn;
	bool full; /* the socket takes no more: waits for EPOLLOUT */
	bool touched; /* in pump->touched */
};

enum { PUMP_EVENTS = 64 };

struct pump {
	struct vat *vat;
	int epoll_fd, listen_fd;
	struct vat_cap *bootstrap; /* for whoever connects; owned */
	struct pump_link *touched[PUMP_EVENTS]; /* had input: may have output */
	unsigned n_touched;
	uint64_t n_links;
};

/* 0 or negative errno, as all below. */
int pump_init(struct pump *p);
/* Also after a failed pump_init. Connections that pump_connect made are the caller's to end first.
 */
void pump_done(struct pump *p);
int pump_listen(struct pump *p, const char *path);
int pump_connect(struct pump *p, const char *path, struct pump_link **ret);
void pump_end(struct pump *p, struct pump_link *l);
/* Runs what is queued, writes what `own` (may be NULL) and those read from have, waits and reads,
 * and runs what that queued. */
void pump_turn(struct pump *p, struct pump_link *own);
