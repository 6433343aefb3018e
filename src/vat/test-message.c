/* SPDX-License-Identifier: MIT */
/* Messages as a whole: framing, arenas, the capability table. */
#include "base/test.h"
#include "vat/message-internal.h"
#include "vat/test-caps.h"

TEST(new_message_has_a_null_root)
{
	struct vat_message *m = vat_message_new(0, 0);
	CHECK(vat_ptr_is_null(vat_root(m)));
	CHECK_INT(vat_message_words(m), 1);
	CHECK_INT(vat_message_error(m), 0);
	vat_message_free(m);
}

TEST(struct_survives_flatten_and_parse)
{
	struct vat_message *m = vat_message_new(0, 0), *v;
	struct vat_struct_b s = vat_init_struct(vat_root_b(m), 2, 1);
	vat_w_u32(s, 1, 0xdeadbeef, 0);
	vat_w_i64(s, 1, -5, 7);
	vat_set_text(vat_ptr_at_b(s, 0), vat_str("hello"));
	size_t size, used;
	uint8_t *flat = vat_message_flatten(m, &size);
	CHECK_INT(vat_message_parse(flat, size, NULL, &v, &used), 0);
	CHECK_INT(used, size);
	struct vat_struct_r r = vat_ptr_struct(vat_root(v), NULL);
	CHECK_INT(vat_r_u32(r, 1, 0), 0xdeadbeef);
	CHECK_INT(vat_r_i64(r, 1, 7), -5);
	CHECK(vat_text_is(vat_ptr_text(vat_ptr_at(r, 0), NULL), "hello"));
	CHECK_INT(vat_message_error(v), 0);
	vat_message_free(v);
	vat_message_free(m);
	free(flat);
}

TEST(deep_message_of_one_word_segments_reads_back)
{
	struct vat_message *m = vat_message_new(1, 0), *c = vat_message_new(0, 0);
	struct vat_ptr_b p = vat_root_b(m);
	for (uint32_t i = 0; i < 30; i++) {
		struct vat_struct_b s = vat_init_struct(p, 1, 2);
		vat_w_u32(s, 0, i, 0);
		vat_set_text(vat_ptr_at_b(s, 1), vat_str("x"));
		p = vat_ptr_at_b(s, 0);
	}
	CHECK(vat_message_segments(m) > 30);
	vat_set_ptr(vat_root_b(c), vat_root(m));
	CHECK_INT(vat_message_segments(c), 1);
	CHECK_INT(vat_ptr_total_words(vat_root(c), NULL), 30 * 4);
	CHECK_INT(vat_message_words(c), 1 + 30 * 4);
	struct vat_ptr_r r = vat_root(c);
	for (uint32_t i = 0; i < 30; i++) {
		struct vat_struct_r s = vat_ptr_struct(r, NULL);
		CHECK_INT(vat_r_u32(s, 0, 0), i);
		r = vat_ptr_at(s, 0);
	}
	CHECK(vat_ptr_is_null(r));
	vat_message_free(m);
	vat_message_free(c);
}
