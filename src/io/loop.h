/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Inside of a struct vat_loop.
 *
 * A turn is: work (timers that ran out, the vat, then each link that has something to say), wait
 * for events, dispatch them, work again.  Whatever needs attention is marked, and only what is
 * marked is looked at: `woken` for the vat, the list `dirty` for links.  So a turn costs what
 * happened in it, however many connections there are.
 *
 * Everything on the epoll instance is a struct watch.  One may be freed while events for it have
 * been fetched already: watch_remove() strikes it out of the fetched ones.
 */
#include "base/list.h"
#include "io/io.h"
#include "vat/loop.h"

#include <sys/epoll.h>

enum {
	LOOP_EVENTS = 64, /* fetched at a time */
	LOOP_DELIVERIES = 256, /* of the vat before sockets and timers are looked at again */
	LOOP_PASSES = 4, /* over vat and links in one go */
	LOOP_LINKS = 4096, /* of one listener */
	LOOP_BACKLOG = 1024,
	LOOP_RETRY_US = 100 * 1000, /* accepting failed for want of resources */
};

/* ---- what is waited for --------------------------------------------------------------------- */

struct watch {
	int fd;
	uint32_t events;
	void (*ready)(struct watch *w, uint32_t revents);
};

int watch_add(struct vat_loop *l, struct watch *w);
int watch_set(struct vat_loop *l, struct watch *w, uint32_t events);
void watch_remove(struct vat_loop *l, struct watch *w);

/* ---- timers: a heap, room for all of which is made when they are ---------------------------- */

struct timer {
	uint64_t at;
	uint32_t place; /* in the heap, from 1; 0: does not run */
	void (*fn)(struct timer *t);
};

struct timers {
	struct timer **heap;
	uint32_t n, n_made, room;
};

/* Makes room for one more. -ENOMEM. */
int timers_add(struct timers *ts, struct timer *t, void (*fn)(struct timer *t));
void timers_remove(struct timers *ts, struct timer *t);
/* UINT64_MAX stops it. */
void timers_set(struct timers *ts, struct timer *t, uint64_t at);
/* Takes out one whose time has come; NULL: none. */
struct timer *timers_due(struct timers *ts, uint64_t now);
/* When the next is due. */
static inline uint64_t timers_next(const struct timers *ts)
{
	return ts->n ? ts->heap[0]->at : UINT64_MAX;
}

/* ---- the loop ------------------------------------------------------------------------------- */

struct vat_loop {
	struct vat *vat;
	int epoll;
	struct watch stopper; /* an eventfd: stopped from elsewhere */
	int stop; /* atomic */
	bool woken; /* the vat has work */
	bool running; /* a turn is under way: its functions are not to be called */
	uint32_t n_watches; /* without the stopper */
	struct list links, dirty, ended; /* of struct vat_link; ended: the user is to be told */
	struct list listeners, fds, user_timers;
	struct timers timers;
	char *error_text; /* of the last wait that failed */
	uint64_t now; /* of this turn; 0: not asked yet */
	uint32_t n_events, next_event;
	struct epoll_event events[LOOP_EVENTS];
};

uint64_t loop_now(struct vat_loop *l);
/* True if there is something to do without waiting. */
static inline bool loop_pending(const struct vat_loop *l)
{
	return l->woken || !list_empty(&l->dirty) || !list_empty(&l->ended);
}
bool loop_stopped(struct vat_loop *l);
/* Timers, vat, links; does not wait. */
void loop_work(struct vat_loop *l);

/* ---- links, listeners, and what the user adds ----------------------------------------------- */

struct vat_link {
	struct vat_io io;
	struct watch watch;
	struct timer timer;
	struct list list; /* in links */
	struct list queue; /* in dirty or ended */
	struct vat_loop *loop;
	struct vat_listener *listener; /* counted there; NULL: none */
	bool owned; /* somebody is going to free it */
	bool telling; /* its user is being told of the end */
	bool told;
	void (*closed)(void *user, struct vat_link *link, const struct vat_error *err);
	void *user;
};

/* kind as for io_init; takes fd. ret may be NULL. */
int loop_link_new(struct vat_loop *l, int fd, int kind, const struct vat_link_config *cfg,
	struct vat_cap *bootstrap, struct vat_link **ret);
/* Writes; puts it among the ended ones when it has. */
void loop_link_flush(struct vat_link *k);
/* Tells its user that it has ended; frees it if nobody else will. */
void loop_link_tell(struct vat_link *k);

struct vat_listener {
	struct watch watch;
	struct timer retry;
	struct list list; /* in listeners */
	struct vat_loop *loop;
	struct vat_listen_config cfg; /* its bootstrap: referenced */
	uint32_t n_links;
	char *path; /* of a Unix socket file, to be removed */
	int kind; /* of its connections, for io_init */
};

/* A link made by this listener is gone. */
void listener_leave(struct vat_listener *s);

struct vat_fd {
	struct watch watch;
	struct list list; /* in fds */
	struct vat_loop *loop;
	void (*fn)(void *user, uint32_t revents);
	void *user;
};

struct vat_timer {
	struct timer timer;
	struct list list; /* in user_timers */
	struct vat_loop *loop;
	void (*fn)(void *user);
	void *user;
};
