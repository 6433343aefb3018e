/* SPDX-License-Identifier: MIT */
/* Theory of operation: pack.h. */
#include "svc/persistence/pack.h"

static const struct vat_read_limits stored_limits = {
	.traversal_words = 4 * PACK_SIZE_MAX / 8,
	.nesting = 64,
	.segments = 64,
};

void pack_free(struct pack *p)
{
	if (!p)
		return;
	vat_message_free(p->msg);
	free(p->bytes);
	free(p);
}

static int check_content(struct vat_ptr_r content, struct err *e)
{
	enum vat_ptr_kind kind = vat_ptr_kind(content);
	if (kind == VAT_PTR_NULL)
		return 0;
	if (kind != VAT_PTR_STRUCT)
		return err_set(e, -EINVAL, "a description must be a struct");
	uint32_t caps = 0;
	uint64_t words = vat_ptr_total_words(content, &caps);
	if (words > PACK_CONTENT_MAX / 8)
		return err_set(e, -E2BIG, "the description has %llu bytes, more than %d",
			(unsigned long long)words * 8, PACK_CONTENT_MAX);
	if (caps > PACK_CAPS_MAX)
		return err_set(e, -E2BIG, "the description holds %u capabilities, more than %d",
			caps, PACK_CAPS_MAX);
	return 0;
}

int pack_new(struct vat_ptr_r content, struct err *e, struct pack **ret)
{
	int r = check_content(content, e);
	if (r < 0)
		return r;
	AUTO(pack_free) struct pack *p = calloc(1, sizeof(*p));
	if (p)
		p->msg = vat_message_new(0, PACK_SIZE_MAX / 8);
	if (!p || !p->msg)
		return err_errno(e, -ENOMEM, "description");
	struct persistence_stored_description_b b =
		persistence_stored_description_init_root(p->msg);
	vat_set_ptr(persistence_stored_description_get_content_b(b), content);
	if (vat_message_error(p->msg) || (content.msg && vat_message_error(content.msg)))
		return err_set(e, -EBADMSG, "the description is malformed");
	p->n_caps = vat_message_n_caps(p->msg);
	p->slots = persistence_stored_description_init_cap_table(b, p->n_caps);
	for (uint32_t i = 0; i < p->n_caps; i++)
		persistence_stored_capability_set_is_null(
			persistence_stored_capability_at_b(p->slots, i), !pack_cap(p, i));
	*ret = TAKE_PTR(p);
	return 0;
}

struct vat_cap *pack_cap(const struct pack *p, uint32_t i)
{
	return vat_message_cap(p->msg, i);
}

int pack_set_ref(struct pack *p, uint32_t i, struct metac_metac_sturdy_ref_r ref, struct err *e)
{
	uint32_t caps = 0;
	struct vat_ptr_r info = metac_metac_sturdy_ref_get_object_info(ref);
	uint64_t words = vat_ptr_total_words(info, &caps);
	if (caps || words > PACK_OBJECT_INFO_MAX / 8)
		return err_set(e, -E2BIG, "its sturdy reference is too large");
	struct metac_node_address_r node = metac_metac_sturdy_ref_get_node(ref);
	struct vat_text ip = metac_node_address_get_ip(node);
	struct vat_text service = metac_metac_sturdy_ref_get_service(ref);
	if (!ip.len || ip.len > 64 || !service.len || service.len > 64)
		return err_set(e, -EINVAL, "its sturdy reference is malformed");
	persistence_stored_capability_set_ref(persistence_stored_capability_at_b(p->slots, i), ref);
	return 0;
}

void pack_set_own(struct pack *p, uint32_t i, const uint8_t *hash)
{
	struct vat_data d = {hash, SECRET_HASH_SIZE};
	persistence_stored_capability_set_own(persistence_stored_capability_at_b(p->slots, i), d);
}

int pack_finish(struct pack *p, struct err *e, void **ret, size_t *ret_size)
{
	size_t size;
	if (vat_message_error(p->msg))
		return err_set(e, -E2BIG, "the description is too large to store");
	void *data = vat_message_flatten(p->msg, &size);
	if (!data)
		return err_errno(e, -ENOMEM, "description");
	*ret = data;
	*ret_size = size;
	return 0;
}

/* ---- back ---------------------------------------------------------------------------------- */

int pack_open(const void *data, size_t size, struct pack **ret)
{
	if (size > PACK_SIZE_MAX + 4096)
		return -EBADMSG;
	AUTO(pack_free) struct pack *p = calloc(1, sizeof(*p));
	if (!p)
		return -ENOMEM;
	p->size = size;
	p->bytes = malloc(size ? size : 1);
	if (!p->bytes)
		return -ENOMEM;
	if (size)
		memcpy(p->bytes, data, size);
	size_t used;
	int r = vat_message_parse(p->bytes, size, &stored_limits, &p->msg, &used);
	if (r < 0)
		return r == -ENOMEM ? r : -EBADMSG;
	p->stored = persistence_stored_description_root(p->msg);
	struct persistence_stored_capability_list_r table =
		persistence_stored_description_get_cap_table(p->stored);
	enum vat_ptr_kind kind = vat_ptr_kind(pack_content(p));
	if (vat_message_error(p->msg) || table.l.count > PACK_CAPS_MAX ||
		(kind != VAT_PTR_STRUCT && kind != VAT_PTR_NULL))
		return -EBADMSG;
	p->n_caps = table.l.count;
	for (uint32_t i = 0; i < p->n_caps; i++)
		if (vat_message_add_cap(p->msg, NULL) < 0)
			return -ENOMEM;
	*ret = TAKE_PTR(p);
	return 0;
}

bool pack_ref(const struct pack *p, uint32_t i, struct metac_metac_sturdy_ref_r *ret)
{
	struct persistence_stored_capability_r c = persistence_stored_capability_at(
		persistence_stored_description_get_cap_table(p->stored), i);
	if (persistence_stored_capability_get_is_null(c))
		return false;
	*ret = persistence_stored_capability_get_ref(c);
	return true;
}

const uint8_t *pack_own(const struct pack *p, uint32_t i)
{
	struct vat_data d = persistence_stored_capability_get_own(persistence_stored_capability_at(
		persistence_stored_description_get_cap_table(p->stored), i));
	return d.len == SECRET_HASH_SIZE ? d.p : NULL;
}

void pack_set_cap(struct pack *p, uint32_t i, struct vat_cap *cap)
{
	vat_message_set_cap(p->msg, i, vat_cap_ref(cap));
}

struct vat_ptr_r pack_content(const struct pack *p)
{
	return persistence_stored_description_get_content(p->stored);
}
