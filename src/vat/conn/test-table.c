/* SPDX-License-Identifier: MIT */
/* The id tables. */
#include "base/test.h"
#include "vat/conn/table.h"

static int things[70000];

TEST(lowest_free_id_is_given_out)
{
	struct idtab t = {0};
	uint32_t id;
	for (uint32_t i = 0; i < 70000; i++) {
		CHECK_INT(idtab_add(&t, UINT32_MAX, &things[i], &id), 0);
		CHECK_INT(id, i);
	}
	static const uint32_t holes[] = {65000, 3, 64, 4095, 4096, 63};
	for (unsigned i = 0; i < ARRAY_SIZE(holes); i++)
		idtab_remove(&t, holes[i]);
	static const uint32_t order[] = {3, 63, 64, 4095, 4096, 65000, 70000};
	for (unsigned i = 0; i < ARRAY_SIZE(order); i++) {
		CHECK_INT(idtab_add(&t, UINT32_MAX, &things[0], &id), 0);
		CHECK_INT(id, order[i]);
	}
	CHECK_INT(t.n, 70001);
	idtab_done(&t);
}

TEST(ids_stay_below_the_limit)
{
	struct idtab t = {0};
	uint32_t id;
	CHECK(!idtab_get(&t, 0) && !idtab_any(&t));
	for (uint32_t i = 0; i < 5; i++)
		CHECK_INT(idtab_add(&t, 5, &things[i], &id), 0);
	CHECK_INT(idtab_add(&t, 5, &things[5], &id), -ENOSPC);
	idtab_remove(&t, 2);
	CHECK(!idtab_get(&t, 2));
	CHECK(idtab_get(&t, 4) == &things[4]);
	CHECK(!idtab_get(&t, 5) && !idtab_get(&t, UINT32_MAX));
	CHECK_INT(idtab_add(&t, 5, &things[5], &id), 0);
	CHECK_INT(id, 2);
	for (unsigned n = 5; n; n--) {
		int *any = idtab_any(&t);
		for (uint32_t i = 0; i < 5; i++)
			if (idtab_get(&t, i) == any) {
				idtab_remove(&t, i);
				break;
			}
		CHECK_INT(t.n, n - 1);
	}
	idtab_done(&t);
}

/* Against a plain array, with keys that lie close together and far apart. */
TEST(map_agrees_with_an_array)
{
	enum { KEYS = 512 };
	struct idmap m = {0};
	uint32_t keys[KEYS], state = 7;
	bool in[KEYS] = {0};
	unsigned n = 0;
	for (uint32_t i = 0; i < KEYS; i++)
		keys[i] = i % 3 ? i : i * UINT32_C(0x01000193);
	for (unsigned step = 0; step < 200000; step++) {
		state = state * 1664525 + 1013904223;
		uint32_t k = state >> 16 & (KEYS - 1);
		if (!in[k]) {
			CHECK_INT(idmap_add(&m, keys[k], &things[k]), 0);
			n++;
		} else if (state & 1) {
			CHECK_INT(idmap_add(&m, keys[k], &things[k]), -EEXIST);
			continue;
		} else {
			idmap_remove(&m, keys[k]);
			n--;
		}
		in[k] = !in[k];
		CHECK_INT(m.n, n);
		k = state >> 7 & (KEYS - 1);
		CHECK(idmap_get(&m, keys[k]) == (in[k] ? &things[k] : NULL));
	}
	for (uint32_t k = 0; k < KEYS; k++)
		CHECK(idmap_get(&m, keys[k]) == (in[k] ? &things[k] : NULL));
	uint32_t cursor = 0;
	for (int *any; (any = idmap_any(&m, &cursor)); n--)
		idmap_remove(&m, keys[any - things]);
	CHECK_INT(n, 0);
	idmap_done(&m);
}
