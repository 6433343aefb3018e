/* SPDX-License-Identifier: MIT */
#include "base/test.h"
#include "svc/fs/server/9p-watch-queue.h"

static struct p9_watch_queue q;
static uint8_t buf[4096];

static void put(uint8_t type, uint64_t path, const char *name)
{
	struct p9_event e = {.type = type, .path = path, .name = p9_str(name)};
	p9_watch_queue_put(&q, &e);
}

static int taken(size_t cap)
{
	struct p9_event e;
	size_t n = p9_watch_queue_take(&q, buf, cap), at = 0;
	int count = 0;
	for (int r; (r = p9_event_decode(buf + at, n - at, &e)) > 0; at += (size_t)r)
		count++;
	CHECK_INT(at, n);
	return count;
}

TEST(an_event_that_waits_is_not_put_again)
{
	p9_watch_queue_init(&q, 100, 10000);
	put(P9_EVENT_ENTRY, 1, "a");
	put(P9_EVENT_ENTRY, 1, "a");
	put(P9_EVENT_CHANGED, 1, "a");
	put(P9_EVENT_ENTRY, 2, "a");
	put(P9_EVENT_ENTRY, 1, "b");
	CHECK_INT(q.n, 4);
	CHECK_INT(taken(sizeof(buf)), 4);
	CHECK(p9_watch_queue_empty(&q));
	put(P9_EVENT_ENTRY, 1, "a");
	CHECK_INT(taken(sizeof(buf)), 1);
	CHECK_INT(q.bytes, 0);
	p9_watch_queue_done(&q);
}

TEST(order_is_kept_and_events_are_whole)
{
	struct p9_event e;
	p9_watch_queue_init(&q, 100, 10000);
	put(P9_EVENT_ENTRY, 1, "first");
	put(P9_EVENT_ENTRY, 2, "second");
	CHECK_INT(taken(P9_EVENT_MIN + 5 + 3), 1);
	CHECK(p9_event_decode(buf, sizeof(buf), &e) > 0);
	CHECK_INT(e.path, 1);
	CHECK_INT(taken(3), 0);
	CHECK_INT(taken(sizeof(buf)), 1);
	CHECK(p9_event_decode(buf, sizeof(buf), &e) > 0);
	CHECK_INT(e.path, 2);
	p9_watch_queue_done(&q);
}

static void overflow(size_t max, size_t max_bytes)
{
	struct p9_event e;
	p9_watch_queue_init(&q, max, max_bytes);
	for (unsigned i = 0; i < 1000; i++)
		put(P9_EVENT_ENTRY, i, "name");
	CHECK_INT(taken(2), 0);
	CHECK_INT(taken(sizeof(buf)), 1);
	CHECK(p9_event_decode(buf, sizeof(buf), &e) > 0);
	CHECK_INT(e.type, P9_EVENT_ALL);
	CHECK(p9_watch_queue_empty(&q));
	put(P9_EVENT_ENTRY, 1, "after");
	CHECK_INT(taken(sizeof(buf)), 1);
	p9_watch_queue_done(&q);
}

TEST(too_many_become_one_that_says_all)
{
	overflow(100, 1 << 20);
}

TEST(too_many_bytes_do_too)
{
	overflow(100000, 1000);
}

TEST(all_stands_for_what_comes_after_it)
{
	p9_watch_queue_init(&q, 100, 10000);
	put(P9_EVENT_ENTRY, 1, "before");
	put(P9_EVENT_ALL, 0, "");
	put(P9_EVENT_ENTRY, 1, "behind");
	CHECK_INT(taken(sizeof(buf)), 1);
	CHECK_INT(buf[0], P9_EVENT_ALL);
	p9_watch_queue_done(&q);
}
