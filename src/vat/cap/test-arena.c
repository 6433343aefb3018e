/* SPDX-License-Identifier: MIT */
#include "base/test.h"
#include "vat/cap/arena.h"

static void ready(struct arenas *a)
{
	arenas_init(a);
	a->max_bytes = ARENA_BYTES; /* under sanitizers too */
}

static void fill(struct vat_message *m, uint32_t bytes)
{
	void *p = vat_init_data(vat_root_b(m), bytes);
	CHECK(p);
	memset(p, 0xff, bytes);
}

/* One message of this size, from and back to the arenas; returns its first segment's words. */
static uint32_t build(struct arenas *a, uint32_t bytes)
{
	struct vat_message *m = arena_get(a, 1, 0, 0);
	CHECK(m);
	uint32_t words = m->first_words;
	fill(m, bytes);
	arena_learn(a, 1, m);
	arena_put(a, m);
	return words;
}

TEST(an_arena_comes_back_empty)
{
	struct arenas a;
	ready(&a);
	struct vat_message *m = arena_get(&a, 0, 10, 0);
	fill(m, 300);
	vat_message_fault(m, -ENOMEM);
	arena_put(&a, m);
	struct vat_message *again = arena_get(&a, 0, 20, 0);
	CHECK(again == m);
	CHECK_INT(vat_message_error(m), 0);
	CHECK_INT(vat_message_words(m), 1);
	const uint8_t *p = vat_init_data(vat_root_b(m), 300);
	for (unsigned i = 0; i < 300; i++)
		CHECK_INT(p[i], 0);
	arena_put(&a, m);
	arenas_done(&a);
}

TEST(a_kind_gets_the_size_that_is_usual_for_it)
{
	struct arenas a;
	ready(&a);
	CHECK(build(&a, 8192) < 1024);
	CHECK(build(&a, 8192) > 1024);
	/* Other kinds learn nothing from it. */
	struct vat_message *m = arena_get(&a, 2, 0, 0);
	CHECK(m->first_words < 1024);
	arena_put(&a, m);
	/* A few small ones in between change nothing; many do. */
	for (unsigned i = 0; i < 20; i++)
		build(&a, 8);
	CHECK(build(&a, 8192) > 1024);
	for (unsigned i = 0; i < 1000; i++)
		build(&a, 8);
	CHECK(build(&a, 8) < 128);
	arenas_done(&a);
}

TEST(what_is_kept_is_bounded)
{
	struct arenas a;
	struct vat_message *m[64];
	ready(&a);
	a.max_bytes = 64 * 1024;
	for (unsigned i = 0; i < ARRAY_SIZE(m); i++)
		m[i] = arena_get(&a, 0, 1000, 0);
	for (unsigned i = 0; i < ARRAY_SIZE(m); i++)
		arena_put(&a, m[i]);
	CHECK(a.bytes > 32 * 1024 && a.bytes <= a.max_bytes);
	/* One that has grown tables of its own is not kept. */
	struct vat_message *many = arena_get(&a, 0, 1000, 0);
	size_t bytes = a.bytes;
	for (unsigned i = 0; i < 100; i++)
		vat_message_add_cap(many, NULL);
	arena_put(&a, many);
	CHECK_INT(a.bytes, bytes);
	arenas_done(&a);
	CHECK_INT(a.bytes, 0);
}
