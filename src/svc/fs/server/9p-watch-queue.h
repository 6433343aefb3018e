/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Events on their way to the client: a bounded queue in which an event that waits already is not
 * put a second time.  When it is full everything is replaced by one event of type P9_EVENT_ALL,
 * after which more events mean nothing until that one has been taken.  No locking.
 */
#include "base/list.h"
#include "wire/9p/9p-codec.h"

enum { P9_WATCH_QUEUE_BUCKETS = 4096 };

struct p9_watch_event;

struct p9_watch_queue {
	struct list events; /* struct p9_watch_event, oldest first */
	size_t n, bytes, max, max_bytes;
	bool all; /* the only one is P9_EVENT_ALL */
	struct p9_watch_event *buckets[P9_WATCH_QUEUE_BUCKETS];
};

void p9_watch_queue_init(struct p9_watch_queue *q, size_t max, size_t max_bytes);
void p9_watch_queue_done(struct p9_watch_queue *q);
/* e->name is copied. Without memory it becomes P9_EVENT_ALL, which needs none. */
void p9_watch_queue_put(struct p9_watch_queue *q, const struct p9_event *e);
/* Bytes of whole events put into buf. */
size_t p9_watch_queue_take(struct p9_watch_queue *q, void *buf, size_t cap);
bool p9_watch_queue_empty(const struct p9_watch_queue *q);
