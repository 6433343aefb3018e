/* SPDX-License-Identifier: MIT */
/*
 * Small messages with every pair of bits of their pointers flipped: whatever comes of it is walked,
 * read as what it is not, measured, and copied.  These are the six cases of the reference
 * implementation's fuzz-test.
 */
#include "base/test.h"
#include "vat/cap/test-caps.h"
#include "vat/message/test-walk.h"

static void survive(struct vat_message *m)
{
	uint64_t budget = m->budget;
	walk(vat_root(m));
	m->budget = budget;
	walk_wrongly(vat_root(m));
	m->budget = budget;
	vat_ptr_total_words(vat_root(m), NULL);
	m->budget = budget;
	struct vat_message *c = vat_message_new(0, 0);
	vat_set_ptr(vat_root_b(c), vat_root(m));
	CHECK_INT(vat_message_error(c), 0);
	walk(vat_root(c));
	CHECK_INT(vat_message_error(c), 0);
	vat_message_free(c);
	m->error = 0;
	m->budget = budget;
}

/* Flips each bit and each pair of bits of the words chosen (segment, index) and reads everything.
 */
static void flip_all(const struct words *segs, size_t n, const unsigned (*at)[2], size_t n_at)
{
	struct vat_message *m =
		view_segments(segs, n, &(struct vat_read_limits){.traversal_words = 4096});
	for (size_t i = 0; i < 64 * n_at; i++) {
		uint64_t *a = (uint64_t *)(void *)m->segs[at[i / 64][0]].base + at[i / 64][1];
		*a ^= UINT64_C(1) << i % 64;
		survive(m);
		for (size_t j = 0; j < i; j++) {
			uint64_t *b =
				(uint64_t *)(void *)m->segs[at[j / 64][0]].base + at[j / 64][1];
			*b ^= UINT64_C(1) << j % 64;
			survive(m);
			*b ^= UINT64_C(1) << j % 64;
		}
		*a ^= UINT64_C(1) << i % 64;
	}
	survive(m);
	view_free(m);
}

#define FLIP(segs, ...)                                                 \
	do {                                                            \
		static const unsigned at_[][2] = {__VA_ARGS__};         \
		flip_all(segs, ARRAY_SIZE(segs), at_, ARRAY_SIZE(at_)); \
	} while (0)

/* Upstream: "fuzz-test struct pointer". */
TEST(every_pair_of_bits_flipped_in_a_struct)
{
	struct words w[] = {WORDS(w_struct(0, 1, 1), 5, w_list(0, VAT_ELEM_BYTE, 4), 0x00636261)};
	FLIP(w, {0, 0}, {0, 2});
}

/* Upstream: "fuzz-test list pointer". */
TEST(every_pair_of_bits_flipped_in_a_list)
{
	struct words w[] = {WORDS(w_list(0, VAT_ELEM_EIGHT, 2), 1, 2)};
	FLIP(w, {0, 0}, {0, 1});
}

/* Upstream: "fuzz-test struct list pointer". */
TEST(every_pair_of_bits_flipped_in_a_struct_list)
{
	struct words w[] = {WORDS(w_list(0, VAT_ELEM_STRUCT, 4), w_struct(2, 1, 1), 1,
		w_list(2, VAT_ELEM_BYTE, 2), 2, w_struct(-1, 0, 0), 'z')};
	FLIP(w, {0, 0}, {0, 1}, {0, 3});
}

/* Upstream: "fuzz-test text pointer". */
TEST(every_pair_of_bits_flipped_in_text)
{
	struct words w[] = {WORDS(w_list(0, VAT_ELEM_BYTE, 7), 0x00666564636261)};
	FLIP(w, {0, 0}, {0, 1});
}

/* Upstream: "fuzz-test far pointer". */
TEST(every_pair_of_bits_flipped_in_a_far_pointer)
{
	struct words w[] = {WORDS(w_far(1, 1)), WORDS(0, w_struct(0, 1, 1), 77, w_far(0, 0))};
	FLIP(w, {0, 0}, {1, 1}, {1, 3});
}

/* Upstream: "fuzz-test double-far pointer". */
TEST(every_pair_of_bits_flipped_in_a_double_far_pointer)
{
	struct words w[] = {WORDS(w_double_far(2, 1)),
		WORDS(0, 78, w_list(0, VAT_ELEM_BYTE, 2), 'x'),
		WORDS(0, w_far(1, 1), w_struct(0, 1, 1))};
	FLIP(w, {0, 0}, {2, 1}, {2, 2});
}
