/* SPDX-License-Identifier: MIT */
#include "base/test.h"
#include "vat/cap/pool.h"

struct pool_block {
	char bytes[2 * POOL_STEP];
};

struct small {
	uint64_t a[5];
};

TEST(a_block_comes_back_zeroed)
{
	struct pool p;
	pool_init(&p);
	p.keep = 4 * sizeof(struct pool_block);
	struct small *s = pool_get(&p, sizeof(*s));
	CHECK(s);
	memset(s, 0xff, sizeof(*s));
	pool_put(&p, s, sizeof(*s));
	CHECK_INT(p.n[pool_class(sizeof(*s))], 1);
	struct small *again = pool_get(&p, sizeof(*again));
	CHECK(again == s);
	for (size_t i = 0; i < ARRAY_SIZE(s->a); i++)
		CHECK_INT(again->a[i], 0);
	pool_put(&p, again, sizeof(*again));
	pool_done(&p);
}

TEST(no_more_than_the_bound_is_kept)
{
	struct pool p;
	struct small *s[8];
	pool_init(&p);
	p.keep = 3 * sizeof(struct pool_block);
	for (size_t i = 0; i < ARRAY_SIZE(s); i++)
		s[i] = pool_get(&p, sizeof(*s[i]));
	for (size_t i = 0; i < ARRAY_SIZE(s); i++)
		pool_put(&p, s[i], sizeof(*s[i]));
	CHECK_INT(p.n[pool_class(sizeof(*s[0]))], 3);
	pool_done(&p);
	pool_put(&p, malloc(sizeof(struct small)), sizeof(struct small));
	CHECK_INT(p.n[pool_class(sizeof(*s[0]))], 0);
}

#ifdef POOL_ASAN
TEST(what_is_kept_must_not_be_touched)
{
	struct pool p;
	pool_init(&p);
	p.keep = sizeof(struct pool_block);
	struct small *s = pool_get(&p, sizeof(*s));
	pool_put(&p, s, sizeof(*s));
	CHECK(__asan_region_is_poisoned(s, sizeof(*s)) == s);
	pool_done(&p);
}
#endif
