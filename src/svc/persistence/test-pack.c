/* SPDX-License-Identifier: MIT */
/* Stored descriptions: capabilities anywhere in any tree, limits, what is damaged. */
#include "svc/persistence/pack.h"

#include "base/test.h"
#include "schema/fs.capnp.h"

static struct vat_cap *some_cap(struct vat *v)
{
	struct vat_cap *c = vat_cap_broken(v, VAT_FAILED, "for the test");
	CHECK(c);
	return c;
}

/* What the capability numbered i is stored as. */
static void set_ref(struct pack *p, uint32_t i)
{
	struct vat_message *m = vat_message_new(0, 0);
	struct metac_metac_sturdy_ref_b b = metac_metac_sturdy_ref_init_root(m);
	uint8_t secret[4] = {1, 2, 3, (uint8_t)i};
	struct vat_data d = {secret, sizeof(secret)};
	metac_node_address_set_ip(metac_metac_sturdy_ref_init_node(b), vat_str("fd00::1"));
	metac_metac_sturdy_ref_set_service(b, vat_str("persistence"));
	vat_set_data(metac_metac_sturdy_ref_get_object_info_b(b), d);
	struct err e = {};
	CHECK_INT(pack_set_ref(p, i, metac_metac_sturdy_ref_root(m), &e), 0);
	vat_message_free(m);
}

TEST(capabilities_anywhere_in_a_tree_come_back_in_place)
{
	struct vat *v = vat_new(NULL);
	struct vat_cap *caps[3] = {some_cap(v), some_cap(v), some_cap(v)};
	struct vat_message *m = vat_message_new(0, 0);
	/* A struct with a capability, a list of capabilities, and a list of structs with one each.
	 */
	struct vat_struct_b root = vat_init_struct(vat_root_b(m), 1, 3);
	vat_w_u64(root, 0, 77, 0);
	vat_set_cap(vat_ptr_at_b(root, 0), caps[0]);
	struct vat_list_b list = vat_init_list(vat_ptr_at_b(root, 1), VAT_ELEM_POINTER, 2);
	vat_set_cap(vat_list_ptr_b(list, 1), caps[1]);
	struct vat_list_b structs = vat_init_struct_list(vat_ptr_at_b(root, 2), 0, 1, 2);
	vat_set_cap(vat_ptr_at_b(vat_list_struct_b(structs, 1), 0), caps[2]);

	struct err e = {};
	struct pack *p = NULL;
	CHECK_INT(pack_new(vat_root(m), &e, &p), 0);
	CHECK_INT(p->n_caps, 3);
	for (uint32_t i = 0; i < 3; i++)
		set_ref(p, i);
	void *bytes;
	size_t size;
	CHECK_INT(pack_finish(p, &e, &bytes, &size), 0);
	pack_free(p);
	vat_message_free(m);

	CHECK_INT(pack_open(bytes, size, &p), 0);
	memset(bytes, 0xee, size); /* it has its own copy */
	CHECK_INT(p->n_caps, 3);
	struct vat_cap *fresh[3];
	for (uint32_t i = 0; i < 3; i++) {
		struct metac_metac_sturdy_ref_r ref;
		CHECK(pack_ref(p, i, &ref));
		struct vat_data d = vat_ptr_data(metac_metac_sturdy_ref_get_object_info(ref), NULL);
		CHECK_INT(d.len, 4);
		fresh[i] = some_cap(v);
		pack_set_cap(p, ((const uint8_t *)d.p)[3], fresh[i]);
	}
	struct vat_struct_r r = vat_ptr_struct(pack_content(p), NULL);
	CHECK_INT(vat_r_u64(r, 0, 0), 77);
	CHECK(vat_ptr_cap(vat_ptr_at(r, 0)) == fresh[0]);
	struct vat_list_r lr = vat_ptr_list(vat_ptr_at(r, 1), VAT_ELEM_POINTER, NULL);
	CHECK(!vat_ptr_cap(vat_list_ptr(lr, 0)));
	CHECK(vat_ptr_cap(vat_list_ptr(lr, 1)) == fresh[1]);
	struct vat_list_r sr = vat_ptr_list(vat_ptr_at(r, 2), VAT_ELEM_STRUCT, NULL);
	CHECK(vat_ptr_cap(vat_ptr_at(vat_list_struct(sr, 1), 0)) == fresh[2]);
	pack_free(p);
	free(bytes);
	for (int i = 0; i < 3; i++) {
		vat_cap_unref(caps[i]);
		vat_cap_unref(fresh[i]);
	}
	while (vat_run(v, 0))
		;
	vat_free(v);
}

TEST(a_reference_of_our_own_is_kept_as_its_hash)
{
	struct vat *v = vat_new(NULL);
	struct vat_cap *c = some_cap(v);
	struct vat_message *m = vat_message_new(0, 0);
	vat_set_cap(vat_ptr_at_b(vat_init_struct(vat_root_b(m), 0, 1), 0), c);
	struct err e = {};
	struct pack *p = NULL;
	CHECK_INT(pack_new(vat_root(m), &e, &p), 0);
	uint8_t hash[SECRET_HASH_SIZE];
	memset(hash, 7, sizeof(hash));
	pack_set_own(p, 0, hash);
	void *bytes;
	size_t size;
	CHECK_INT(pack_finish(p, &e, &bytes, &size), 0);
	pack_free(p);
	CHECK_INT(pack_open(bytes, size, &p), 0);
	CHECK(pack_own(p, 0) && !memcmp(pack_own(p, 0), hash, sizeof(hash)));
	CHECK(!pack_own(p, 1));
	pack_free(p);
	free(bytes);
	vat_message_free(m);
	vat_cap_unref(c);
	while (vat_run(v, 0))
		;
	vat_free(v);
}

TEST(nothing_to_store_is_a_description_too)
{
	struct vat_message *m = vat_message_new(0, 0);
	struct err e = {};
	struct pack *p = NULL;
	CHECK_INT(pack_new(vat_root(m), &e, &p), 0);
	CHECK_INT(p->n_caps, 0);
	void *bytes;
	size_t size;
	CHECK_INT(pack_finish(p, &e, &bytes, &size), 0);
	pack_free(p);
	CHECK_INT(pack_open(bytes, size, &p), 0);
	CHECK(vat_ptr_is_null(pack_content(p)));
	pack_free(p);
	free(bytes);
	vat_message_free(m);
}

TEST(what_is_no_struct_or_too_large_is_refused)
{
	struct vat_message *m = vat_message_new(0, 0);
	struct err e = {};
	struct pack *p = NULL;
	vat_set_text(vat_root_b(m), vat_str("text"));
	CHECK_INT(pack_new(vat_root(m), &e, &p), -EINVAL);
	vat_message_free(m);
	m = vat_message_new(0, 0);
	struct vat_struct_b b = vat_init_struct(vat_root_b(m), 0, 1);
	CHECK(vat_init_data(vat_ptr_at_b(b, 0), PACK_CONTENT_MAX + 1));
	CHECK_INT(pack_new(vat_root(m), &e, &p), -E2BIG);
	CHECK(strstr(e.msg, "65536"));
	vat_message_free(m);
}

TEST(too_many_capabilities_are_refused)
{
	struct vat *v = vat_new(NULL);
	struct vat_cap *c = some_cap(v);
	struct vat_message *m = vat_message_new(0, 0);
	struct vat_struct_b b = vat_init_struct(vat_root_b(m), 0, 1);
	struct vat_list_b l =
		vat_init_list(vat_ptr_at_b(b, 0), VAT_ELEM_POINTER, PACK_CAPS_MAX + 1);
	for (uint32_t i = 0; i <= PACK_CAPS_MAX; i++)
		vat_set_cap(vat_list_ptr_b(l, i), c);
	struct err e = {};
	struct pack *p = NULL;
	CHECK_INT(pack_new(vat_root(m), &e, &p), -E2BIG);
	vat_message_free(m);
	vat_cap_unref(c);
	while (vat_run(v, 0))
		;
	vat_free(v);
}

TEST(damaged_bytes_are_refused_or_read_in_bounds)
{
	struct pack *p = NULL;
	CHECK_INT(pack_open(NULL, 0, &p), -EBADMSG);
	CHECK_INT(pack_open("\1\2\3", 3, &p), -EBADMSG);
	static const char junk[64] = {0, 0, 0, 0, 7, 0, 0, 0, 1, 2, 3, 4, 5};
	if (pack_open(junk, sizeof(junk), &p) == 0)
		pack_free(p);
}
