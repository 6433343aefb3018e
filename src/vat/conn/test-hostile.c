/* SPDX-License-Identifier: MIT */
/*
 * Peers that want to exhaust us: each does one thing again and again.  What they make us hold stops
 * growing, the limits hold, and another connection of the same vat is served as before.
 */
#include "vat/conn/test-peer.h"

enum { OFTEN = 3000, SLACK = 16 * 1024 };

static struct peer peer;
static struct net_link *friend_link;

static struct peer *hostile(void)
{
	alloc_counts = true;
	memset(&peer, 0, sizeof(peer));
	friend_link = peer_begin(&peer);
	while (raw_next(&peer.w) >= 0)
		;
	return &peer;
}

static void part_ways(struct peer *p)
{
	peer_check_limits(p);
	peer_check_friend(p, friend_link);
	peer_end(p, friend_link);
}

/* Does it OFTEN; in the second half nothing more is held than in the first. */
static void flood(struct peer *p, void (*fn)(struct peer *p, unsigned i))
{
	long half = 0;
	for (unsigned i = 0; i < OFTEN && !p->w.closed; i++) {
		fn(p, i);
		peer_run(p);
		raw_collect(&p->w);
		p->w.out_size = 0;
		peer_check_limits(p);
		if (i == OFTEN / 2)
			half = alloc_bytes;
	}
	if (half && alloc_bytes > half + SLACK)
		test_fail(__FILE__, __LINE__, "%ld bytes held, %ld half-way", alloc_bytes, half);
}

static void call_export_0(struct peer *p, uint32_t id, uint16_t method, uint64_t n)
{
	struct raw_call c = {.id = id, .target = {.id = 0}, .method = method, .n = n};
	raw_call(&p->w, &c);
}

/* ---- what is never given back ---------------------------------------------------------------- */

static void call_once_more(struct peer *p, unsigned i)
{
	call_export_0(p, 100 + i, THING_MAKE, i);
}

TEST(peer_that_never_finishes)
{
	struct peer *p = hostile();
	flood(p, call_once_more);
	CHECK(!p->w.closed);
	part_ways(p);
}

static void make_and_finish(struct peer *p, unsigned i)
{
	call_export_0(p, 100, THING_MAKE, i);
	raw_finish(&p->w, 100, false);
}

TEST(peer_that_never_releases)
{
	struct peer *p = hostile();
	flood(p, make_and_finish);
	CHECK(!p->w.closed);
	CHECK_INT(counts(&p->w).exports, peer_limits.exports);
	part_ways(p);
}

static void ask_the_peer(struct peer *p, unsigned i)
{
	struct reply *r = &p->replies[i % PEER_CALLS];
	if (!r->call)
		thing_call(p->w.vat, p->caps[1], THING_ECHO, i, NULL, r);
	else if (r->done)
		reply_free(r);
}

TEST(peer_that_never_returns)
{
	struct peer *p = hostile();
	flood(p, ask_the_peer);
	CHECK(!p->w.closed);
	part_ways(p);
}

static void ask_and_forget(struct peer *p, unsigned i)
{
	struct reply r;
	thing_call(p->w.vat, p->caps[1], THING_ECHO, i, NULL, &r);
	reply_free(&r);
}

/* Canceled questions are open until Return comes, and count. */
TEST(peer_that_never_returns_what_is_canceled)
{
	struct peer *p = hostile();
	struct reply r;
	flood(p, ask_and_forget);
	thing_call(p->w.vat, p->caps[1], THING_ECHO, 0, NULL, &r);
	peer_run(p);
	CHECK_FAILED(r, VAT_OVERLOADED, "too many calls outstanding");
	part_ways(p);
}

static void wait_for_ever(struct peer *p, unsigned i)
{
	call_export_0(p, 100 + i, THING_WAIT, i);
	raw_finish(&p->w, 100 + i, true);
}

TEST(peer_that_cancels_what_runs_on)
{
	struct peer *p = hostile();
	flood(p, wait_for_ever);
	CHECK(!p->w.closed);
	part_ways(p);
}

static void send_capability(struct peer *p, unsigned i)
{
	struct descriptor d = {.tag = i % 2 ? DESC_SENDER_HOSTED : DESC_SENDER_PROMISE,
		.id = 1000 + i,
		.fd = NO_FD};
	struct raw_call c = {
		.id = 100, .target = {.id = 0}, .method = THING_WAIT, .caps = &d, .n_caps = 1};
	raw_call(&p->w, &c);
	raw_finish(&p->w, 100, true);
}

TEST(peer_that_fills_the_table_of_imports)
{
	struct peer *p = hostile();
	flood(p, send_capability);
	part_ways(p);
}

/* ---- promises and embargoes ------------------------------------------------------------------ */

static void ask_for_a_mark(struct peer *p, unsigned i)
{
	struct target t = {.promised = true, .id = 100, .n_path = 1, .path = (uint16_t[]){0}};
	if (!i)
		call_export_0(p, 100, THING_WAIT, 0);
	raw_disembargo(&p->w, &t, false, i);
}

TEST(peer_that_floods_with_disembargoes)
{
	struct peer *p = hostile();
	flood(p, ask_for_a_mark);
	/* More marks wait than calls may: that is no honest peer's. */
	CHECK(p->w.closed);
	part_ways(p);
}

/* A row of promises, each resolved to the next. */
static void resolve_to_the_next(struct peer *p, unsigned i)
{
	struct descriptor d = {.tag = DESC_SENDER_PROMISE, .id = i, .fd = NO_FD};
	struct raw_call c = {
		.id = 100, .target = {.id = 0}, .method = THING_HOLD, .caps = &d, .n_caps = 1};
	if (!i) {
		raw_call(&p->w, &c);
		raw_finish(&p->w, 100, true);
	}
	d.id = i + 1;
	raw_resolve(&p->w, i, &d);
}

TEST(peer_that_resolves_promises_to_promises_for_ever)
{
	struct peer *p = hostile();
	flood(p, resolve_to_the_next);
	CHECK(!p->w.closed);
	part_ways(p);
}

static void resolve_what_is_wrapped(struct peer *p, unsigned i)
{
	resolve_to_the_next(p, i);
	if (i)
		return;
	p->membrane = vat_membrane_new(p->w.vat, NULL);
	p->caps[2] = vat_membrane_wrap(p->membrane, p->w.t.held);
}

TEST(peer_that_resolves_for_ever_what_is_wrapped)
{
	struct peer *p = hostile();
	flood(p, resolve_what_is_wrapped);
	CHECK(!p->w.closed);
	part_ways(p);
}

/* Two promises of the peer are resolved to promises of ours that lead back to them. */
TEST(peer_that_resolves_in_a_circle)
{
	struct peer *p = hostile();
	struct vat_cap *mine;
	struct vat_resolver *r;
	struct reply seen;
	struct descriptor theirs = {.tag = DESC_SENDER_PROMISE, .id = 7, .fd = NO_FD};
	struct raw_call c = {
		.id = 100, .target = {.id = 0}, .method = THING_HOLD, .caps = &theirs, .n_caps = 1};
	CHECK_INT(vat_promise(p->w.vat, &mine, &r), 0);
	raw_call(&p->w, &c);
	thing_call(p->w.vat, p->caps[1], THING_ECHO, 0, mine, &seen);
	peer_run(p);
	uint32_t id = 0;
	for (uint32_t i = 0; i < 24; i++) {
		struct exported *e = idtab_get(&p->w.c->exports, i);
		if (e && e->cap == mine)
			id = i;
	}
	CHECK(id);
	vat_resolve(r, vat_cap_ref(p->w.t.held));
	raw_resolve(
		&p->w, 7, &(struct descriptor){.tag = DESC_RECEIVER_HOSTED, .id = id, .fd = NO_FD});
	peer_run(p);
	struct reply call;
	thing_call(p->w.vat, mine, THING_ECHO, 1, NULL, &call);
	peer_run(p);
	CHECK(call.done ? call.failed : !p->w.closed);
	part_ways(p);
	reply_free(&call);
	reply_free(&seen);
	vat_cap_unref(mine);
}

/* ---- one answer, many calls ------------------------------------------------------------------ */

static void call_ahead(struct peer *p, unsigned i)
{
	uint16_t path = (uint16_t)(i % 100);
	struct raw_call c = {.id = 101 + i,
		.target = {.promised = true, .id = 100, .path = &path, .n_path = 1},
		.method = THING_ECHO,
		.n = i};
	if (!i)
		call_export_0(p, 100, THING_WAIT, 0);
	raw_call(&p->w, &c);
}

TEST(peer_that_pipelines_by_the_thousand_on_one_answer)
{
	struct peer *p = hostile();
	flood(p, call_ahead);
	CHECK(!p->w.closed);
	part_ways(p);
}

static void redirect(struct peer *p, unsigned i)
{
	struct raw_call c = {.id = 100 + i,
		.target = {.id = 0},
		.method = THING_MAKE,
		.send_to = SEND_TO_YOURSELF};
	raw_call(&p->w, &c);
}

TEST(peer_that_redirects_and_never_takes)
{
	struct peer *p = hostile();
	flood(p, redirect);
	part_ways(p);
}

/* ---- sheer numbers --------------------------------------------------------------------------- */

static void come_and_go(struct peer *p, unsigned i)
{
	raw_bootstrap(&p->w, 100);
	raw_finish(&p->w, 100, true);
}

TEST(peer_that_asks_for_the_bootstrap_for_ever)
{
	struct peer *p = hostile();
	flood(p, come_and_go);
	CHECK(!p->w.closed);
	part_ways(p);
}

static void finish_unknown(struct peer *p, unsigned i)
{
	raw_finish(&p->w, 1000 + i, i % 2);
}

TEST(peer_that_finishes_what_was_never_asked)
{
	struct peer *p = hostile();
	flood(p, finish_unknown);
	CHECK(!p->w.closed);
	part_ways(p);
}

/* It never reads: what we would say back does not grow over the limit, as we stop reading. */
TEST(peer_that_sends_nonsense_and_reads_nothing)
{
	struct peer *p = hostile();
	struct vat_struct_b b;
	unsigned taken = 0;
	p->w.c->limits.output_bytes = 10000;
	while (taken < OFTEN && vat_conn_wants_input(p->w.c)) {
		CHECK_INT(raw_message(&p->w, raw_new(99, 1, 0, &b)), 0);
		taken++;
	}
	CHECK(taken < OFTEN);
	CHECK(counts(&p->w).output_bytes < 12000);
	part_ways(p);
}

TEST(huge_counts_allocate_nothing)
{
	static const uint64_t frames[][2] = {
		{UINT64_C(0xffffffff), 0}, /* 2^32 segments */
		{UINT64_C(0xffffffff) << 32, 0}, /* one of 2^32 - 1 words */
		{UINT64_C(512) | UINT64_C(1) << 32, 0}, /* 513 segments */
		{UINT64_C(0x200001) << 32, 0}, /* just over the limit */
	};
	for (unsigned i = 0; i < ARRAY_SIZE(frames); i++) {
		struct peer *p = hostile();
		alloc_peak = alloc_bytes;
		CHECK_INT(raw_words(&p->w, frames[i], 2), -EPROTO);
		CHECK(alloc_peak < alloc_bytes + 200 * 1024);
		part_ways(p);
	}
}

TEST(huge_release_count_aborts)
{
	struct peer *p = hostile();
	CHECK_INT(raw_release(&p->w, 0, UINT32_MAX), -EPROTO);
	CHECK(p->w.closed);
	part_ways(p);
}

/* A struct list of nothing, 2^29 times. */
TEST(amplified_lists_abort)
{
	struct peer *p = hostile();
	struct vat_struct_b b;
	struct vat_message *m = raw_new(MSG_CALL, 3, 3, &b);
	build_target(vat_ptr_at_b(b, 0), &(struct target){.id = 0});
	struct vat_struct_b payload = vat_init_struct(vat_ptr_at_b(b, 1), 0, 2);
	uint64_t *at = (uint64_t *)(void *)vat_ptr_at_b(payload, 1).at;
	struct vat_list_b l = vat_init_struct_list(vat_ptr_at_b(payload, 1), 0, 0, 1);
	(void)l;
	/* The tag word, right behind the pointer that was just written. */
	uint64_t tag = UINT64_C(0x1fffffff) << 2;
	memcpy(at + 1, &tag, sizeof(tag));
	vat_w_u32(b, 0, 100, 0);
	alloc_peak = alloc_bytes;
	long before = alloc_bytes;
	CHECK_INT(raw_message(&p->w, m), -EPROTO);
	CHECK(alloc_peak < before + 200 * 1024);
	part_ways(p);
}

/* ---- slow, and with descriptors -------------------------------------------------------------- */

TEST(peer_that_sends_one_byte_at_a_time)
{
	struct peer *p = hostile();
	uint64_t words[WIRE_WORDS];
	size_t n = wire_bootstrap(words, 100);
	size_t held = 0;
	for (size_t i = 0; i < n * 8; i++) {
		CHECK_INT(net_feed(p->w.c, (const uint8_t *)words + i, 1, 1, NULL, 0), 0);
		size_t partial = vat_conn_partial(p->w.c);
		CHECK_INT(partial, (i + 1) % (n * 8));
		held = MAX(held, partial);
		/* Others are served between any two bytes. */
		if (i % 16 == 0)
			peer_check_friend(p, friend_link);
	}
	CHECK_INT(held, n * 8 - 1);
	CHECK_RETURN(&p->w, 100, RETURN_RESULTS);
	part_ways(p);
}

TEST(peer_that_sends_a_thousand_descriptors)
{
	struct peer *p = hostile();
	uint64_t words[WIRE_WORDS];
	int before = fcntl(0, F_DUPFD_CLOEXEC, 3);
	close(before);
	for (unsigned i = 0; i < 20; i++) {
		int fds[50];
		for (unsigned k = 0; k < 50; k++)
			fds[k] = fcntl(0, F_DUPFD_CLOEXEC, 3);
		size_t n = wire_finish(words, 5000, true);
		CHECK_INT(net_feed(p->w.c, words, n * 8 - (i % 3), SIZE_MAX, fds, 50), 0);
		CHECK(p->w.c->n_in_fds <= 16);
		if (i % 3)
			CHECK_INT(net_feed(p->w.c, (uint8_t *)words + n * 8 - (i % 3), i % 3,
					  SIZE_MAX, NULL, 0),
				0);
	}
	int after = fcntl(0, F_DUPFD_CLOEXEC, 3);
	close(after);
	CHECK_INT(after, before);
	part_ways(p);
}
