/* SPDX-License-Identifier: MIT */
/*
 * Theory of operation: a list in the order of happening, and a table that finds an event again by
 * all it says.  Putting one that is there already changes nothing: the client hears it later than
 * both happened, and so knows as much.
 */
#include "svc/fs/server/9p-watch-queue.h"

struct p9_watch_event {
	struct list link;
	struct p9_watch_event *chain;
	uint8_t type;
	uint64_t path;
	uint16_t len;
	char name[];
};

void p9_watch_queue_init(struct p9_watch_queue *q, size_t max, size_t max_bytes)
{
	*q = (struct p9_watch_queue){.max = max, .max_bytes = max_bytes};
	list_init(&q->events);
}

static bool same(const struct p9_watch_event *it, const struct p9_event *e)
{
	return it->type == e->type && it->path == e->path && it->len == e->name.len &&
	       (!it->len || !memcmp(it->name, e->name.s, it->len));
}

static struct p9_watch_event **slot(struct p9_watch_queue *q, const struct p9_event *e)
{
	uint64_t h = (e->path ^ e->type) * UINT64_C(0x9e3779b97f4a7c15);
	for (uint16_t i = 0; i < e->name.len; i++)
		h = (h ^ (uint8_t)e->name.s[i]) * UINT64_C(0x100000001b3);
	struct p9_watch_event **at = &q->buckets[(h ^ h >> 32) % P9_WATCH_QUEUE_BUCKETS];
	while (*at && !same(*at, e))
		at = &(*at)->chain;
	return at;
}

static struct p9_event view(const struct p9_watch_event *it)
{
	return (struct p9_event){
		.type = it->type, .path = it->path, .name = {.s = it->name, .len = it->len}};
}

static void drop(struct p9_watch_queue *q, struct p9_watch_event *it)
{
	struct p9_event e = view(it);
	*slot(q, &e) = it->chain;
	list_unlink(&it->link);
	q->n--;
	q->bytes -= sizeof(*it) + it->len;
	free(it);
}

static void clear(struct p9_watch_queue *q)
{
	list_for_each_safe (it, &q->events)
		drop(q, list_entry(it, struct p9_watch_event, link));
}

void p9_watch_queue_done(struct p9_watch_queue *q)
{
	clear(q);
	q->all = false;
}

void p9_watch_queue_put(struct p9_watch_queue *q, const struct p9_event *e)
{
	if (q->all)
		return;
	if (e->type == P9_EVENT_ALL) {
		clear(q);
		q->all = true;
		return;
	}
	struct p9_watch_event **at = slot(q, e), *it = NULL;
	if (*at)
		return;
	size_t size = sizeof(*it) + e->name.len;
	if (q->n < q->max && q->bytes + size <= q->max_bytes)
		it = malloc(size);
	if (!it) {
		p9_watch_queue_put(q, &(struct p9_event){.type = P9_EVENT_ALL});
		return;
	}
	*it = (struct p9_watch_event){.type = e->type, .path = e->path, .len = e->name.len};
	if (e->name.len)
		memcpy(it->name, e->name.s, e->name.len);
	*at = it;
	list_append(&q->events, &it->link);
	q->n++;
	q->bytes += size;
}

size_t p9_watch_queue_take(struct p9_watch_queue *q, void *buf, size_t cap)
{
	size_t at = 0;
	if (q->all) {
		struct p9_event e = {.type = P9_EVENT_ALL};
		int n = p9_event_encode(&e, buf, cap);
		if (n < 0)
			return 0;
		q->all = false;
		return (size_t)n;
	}
	list_for_each_safe (it, &q->events) {
		struct p9_watch_event *event = list_entry(it, struct p9_watch_event, link);
		struct p9_event e = view(event);
		int n = p9_event_encode(&e, (uint8_t *)buf + at, cap - at);
		if (n < 0)
			break;
		at += (size_t)n;
		drop(q, event);
	}
	return at;
}

bool p9_watch_queue_empty(const struct p9_watch_queue *q)
{
	return !q->all && list_empty(&q->events);
}
