/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The worker's loop: descriptors and what to do when they are ready, on one epoll.
 *
 * A watch is embedded in what it belongs to. It may be taken off at any time, also by the callback
 * of another one in the same turn; its memory must stay until the turn is over
 * (watch_loop_wait() has returned).
 */
#include "base/macro.h"

struct watch_loop {
	int epoll_fd;
};

struct watch {
	int fd; /* borrowed; -EBADF: not watched */
	uint32_t events; /* EPOLL*, level-triggered */
	void (*ready)(struct watch *w, uint32_t revents);
	struct watch_loop *loop;
};

int watch_loop_init(struct watch_loop *l);
void watch_loop_done(struct watch_loop *l);
/* Waits for at most timeout_ms (-1: as long as it takes) and calls what is ready. 0 or negative
 * errno. */
int watch_loop_wait(struct watch_loop *l, int timeout_ms);

/* Begins; EPOLLERR and EPOLLHUP come in any case. 0 or negative errno. */
int watch_add(struct watch_loop *l, struct watch *w, int fd, uint32_t events,
	void (*ready)(struct watch *, uint32_t));
/* Waits for these from now on; costs nothing if they are the same. */
void watch_want(struct watch *w, uint32_t events);
void watch_remove(struct watch *w);

/* Milliseconds of a clock that only goes forward. */
uint64_t watch_now_ms(void);
/* The earlier of two timeouts; -1 is never. */
int watch_earlier(int a, int b);
