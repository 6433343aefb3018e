/* SPDX-License-Identifier: MIT */
/* Deep copies between messages and within one. */
#include "base/test.h"
#include "vat/cap/test-caps.h"
#include "vat/message/test-walk.h"

static const size_t firsts[] = {1, 3, 8, 0};
#define for_each_first(i) for (size_t i = 0; i < ARRAY_SIZE(firsts); i++)

static void build_tree(struct vat_ptr_b p, unsigned depth, struct test_cap *cap)
{
	struct vat_struct_b s = vat_init_struct(p, 1, 4);
	vat_w_u32(s, 1, depth, 0);
	vat_set_text(vat_ptr_at_b(s, 0), vat_str("node"));
	if (!depth)
		return;
	vat_set_cap(vat_ptr_at_b(s, 1), test_cap(cap));
	build_tree(vat_ptr_at_b(s, 2), depth - 1, cap);
	struct vat_list_b l = vat_init_struct_list(vat_ptr_at_b(s, 3), 0, 1, 2);
	build_tree(vat_ptr_at_b(vat_list_struct_b(l, 1), 0), depth - 1, cap);
}

TEST(tree_with_capabilities_is_copied_between_messages)
{
	for_each_first(f)
	{
		struct test_cap cap = {1};
		struct vat_message *a = vat_message_new(firsts[f], 0), *b = vat_message_new(500, 0);
		build_tree(vat_root_b(a), 4, &cap);
		uint32_t caps;
		uint64_t words = vat_ptr_total_words(vat_root(a), &caps);
		CHECK_INT(caps, 15);
		CHECK_INT(cap.refs, 16);
		vat_set_ptr(vat_root_b(b), vat_root(a));
		CHECK_INT(cap.refs, 31);
		CHECK(walk(vat_root(a)) == walk(vat_root(b)));
		vat_message_free(a);
		CHECK_INT(cap.refs, 16);
		CHECK_INT(vat_message_words(b), words + 1);
		CHECK_INT(vat_message_error(b), 0);
		vat_message_free(b);
		CHECK_INT(cap.refs, 1);
	}
}

TEST(copy_replaces_what_was_there)
{
	struct test_cap cap = {1};
	struct vat_message *a = vat_message_new(0, 0), *b = vat_message_new(1, 0);
	vat_set_text(vat_root_b(a), vat_str("new"));
	build_tree(vat_root_b(b), 2, &cap);
	vat_set_ptr(vat_root_b(b), vat_root(a));
	CHECK_STR(vat_ptr_text(vat_root(b), NULL).s, "new");
	CHECK_INT(cap.refs, 1);
	vat_set_ptr(vat_root_b(b), (struct vat_ptr_r){0});
	CHECK(vat_ptr_is_null(vat_root(b)));
	vat_message_free(a);
	vat_message_free(b);
}

TEST(object_may_be_copied_over_its_own_parent)
{
	for_each_first(f)
	{
		struct test_cap cap = {1};
		struct vat_message *m = vat_message_new(firsts[f], 0), *ref = vat_message_new(0, 0);
		build_tree(vat_root_b(ref), 2, &cap);
		build_tree(vat_root_b(m), 3, &cap);
		struct vat_struct_r s = vat_ptr_struct(vat_root(m), NULL);
		vat_set_ptr(vat_root_b(m), vat_ptr_at(s, 2));
		CHECK(walk(vat_root(m)) == walk(vat_root(ref)));
		vat_set_struct(vat_root_b(m), vat_ptr_struct(vat_root(m), NULL));
		CHECK(walk(vat_root(m)) == walk(vat_root(ref)));
		CHECK_INT(vat_message_error(m), 0);
		vat_message_free(m);
		vat_message_free(ref);
		CHECK_INT(cap.refs, 1);
	}
}

TEST(object_may_be_copied_into_itself)
{
	for_each_first(f)
	{
		struct test_cap cap = {1};
		struct vat_message *m = vat_message_new(firsts[f], 0), *ref = vat_message_new(0, 0);
		build_tree(vat_root_b(ref), 2, &cap);
		build_tree(vat_root_b(m), 2, &cap);
		struct vat_struct_b s = vat_get_struct_b(vat_root_b(m), 1, 4, NULL);
		vat_set_ptr(vat_ptr_at_b(s, 2), vat_root(m));
		struct vat_struct_r r = vat_ptr_struct(vat_root(m), NULL);
		CHECK(walk(vat_ptr_at(r, 2)) == walk(vat_root(ref)));
		CHECK_INT(vat_message_error(m), 0);
		vat_message_free(m);
		vat_message_free(ref);
		CHECK_INT(cap.refs, 1);
	}
}

TEST(primitive_list_viewed_as_structs_is_copied_as_encoded)
{
	struct words w = WORDS(w_list(0, VAT_ELEM_TWO, 3), 0x0000000300020001);
	struct vat_message *m = VIEW(w), *c = vat_message_new(0, 0);
	struct vat_list_r l = vat_ptr_list(vat_root(m), VAT_ELEM_STRUCT, NULL);
	vat_set_list(vat_root_b(c), l);
	CHECK_INT(vat_ptr_any_list(vat_root(c)).elem, VAT_ELEM_TWO);
	/* An element of it, as a struct of its own, is rounded up to a word. */
	vat_set_struct(vat_root_b(c), vat_list_struct(l, 2));
	struct vat_struct_r s = vat_ptr_struct(vat_root(c), NULL);
	CHECK_INT(s.data_bits, 64);
	CHECK_INT(vat_r_u64(s, 0, 0), 3);
	CHECK_INT(vat_message_error(c), 0);
	vat_message_free(c);
	view_free(m);
}

TEST(cve_2022_46149_list_of_lists_downgraded_from_structs_is_copied)
{
	/* List(List(UInt8)), the inner lists found in a list of structs. */
	struct words w = WORDS(w_list(0, VAT_ELEM_STRUCT, 6), w_struct(2, 1, 2), 1,
		w_list(4, VAT_ELEM_BYTE, 2), 0, 2, w_list(2, VAT_ELEM_BYTE, 3), 0, 0x0201,
		0x030201);
	struct vat_message *m = VIEW(w), *c = vat_message_new(0, 0);
	struct vat_list_r l = vat_ptr_list(vat_root(m), VAT_ELEM_POINTER, NULL);
	CHECK_INT(l.count, 2);
	vat_set_list(vat_root_b(c), l);
	l = vat_ptr_list(vat_root(c), VAT_ELEM_POINTER, NULL);
	CHECK_INT(vat_ptr_list(vat_list_ptr(l, 0), VAT_ELEM_BYTE, NULL).count, 2);
	struct vat_list_r k = vat_ptr_list(vat_list_ptr(l, 1), VAT_ELEM_BYTE, NULL);
	CHECK_INT(k.count, 3);
	CHECK_INT(vat_list_u8(k, 2), 3);
	CHECK_INT(vat_message_error(m) + vat_message_error(c), 0);
	vat_message_free(c);
	view_free(m);
}

TEST(spare_bits_of_a_bit_list_are_not_copied)
{
	struct words w = WORDS(w_list(0, VAT_ELEM_BIT, 11), UINT64_MAX);
	struct vat_message *m = VIEW(w), *c = vat_message_new(0, 0);
	vat_set_ptr(vat_root_b(c), vat_root(m));
	CHECK_INT(vat_load(c->segs[0].base + 8), 0x7ff);
	vat_message_free(c);
	view_free(m);
}

TEST(slack_of_a_struct_list_is_not_copied)
{
	struct words w = WORDS(w_list(0, VAT_ELEM_STRUCT, 4), w_struct(1, 1, 0), 1, 2, 3, 4);
	struct vat_message *m = VIEW(w), *c = vat_message_new(0, 0);
	vat_set_ptr(vat_root_b(c), vat_root(m));
	CHECK_INT(vat_message_words(c), 3);
	CHECK_INT(vat_r_u64(vat_list_struct(vat_ptr_any_list(vat_root(c)), 0), 0, 0), 1);
	vat_message_free(c);
	view_free(m);
}

TEST(bad_pointers_are_copied_as_null_and_the_source_remembers)
{
	struct words w = WORDS(
		w_struct(0, 0, 3), w_struct(50, 1, 0), w_list(1, VAT_ELEM_BYTE, 2), w_cap(9), 'k');
	struct vat_message *m = VIEW(w), *c = vat_message_new(0, 0);
	vat_set_ptr(vat_root_b(c), vat_root(m));
	CHECK_INT(vat_message_error(m), VAT_FAULT_BOUNDS);
	CHECK_INT(vat_message_error(c), 0);
	struct vat_struct_r s = vat_ptr_struct(vat_root(c), NULL);
	CHECK(vat_ptr_is_null(vat_ptr_at(s, 0)));
	CHECK_STR(vat_ptr_text(vat_ptr_at(s, 1), NULL).s, "k");
	CHECK(vat_ptr_is_null(vat_ptr_at(s, 2)));
	vat_message_free(c);
	view_free(m);
}

TEST(copy_of_null_handles_is_an_empty_object)
{
	struct vat_message *c = vat_message_new(0, 0);
	struct vat_struct_b s = vat_init_struct(vat_root_b(c), 0, 2);
	vat_set_struct(vat_ptr_at_b(s, 0), (struct vat_struct_r){0});
	vat_set_list(vat_ptr_at_b(s, 1), (struct vat_list_r){.elem = VAT_ELEM_FOUR});
	struct vat_struct_r r = vat_struct_b_r(s);
	CHECK_INT(vat_ptr_kind(vat_ptr_at(r, 0)), VAT_PTR_STRUCT);
	CHECK_INT(vat_ptr_any_list(vat_ptr_at(r, 1)).elem, VAT_ELEM_FOUR);
	vat_message_free(c);
}

TEST(copy_stops_at_the_limit_of_the_destination)
{
	struct test_cap cap = {1};
	struct vat_message *a = vat_message_new(0, 0), *b = vat_message_new(8, 100);
	build_tree(vat_root_b(a), 6, &cap);
	vat_set_ptr(vat_root_b(b), vat_root(a));
	CHECK_INT(vat_message_error(b), -EMSGSIZE);
	CHECK(vat_message_words(b) <= 100);
	vat_message_free(a);
	vat_message_free(b);
	CHECK_INT(cap.refs, 1);
}
