/* SPDX-License-Identifier: MIT */
/* Whatever a damaged database holds: opening and copying a stored description stays in bounds. */
#include "svc/persistence/pack.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO(pack_free) struct pack *p = NULL;
	if (pack_open(data, size, &p) < 0)
		return 0;
	size_t sum = 0;
	for (uint32_t i = 0; i < p->n_caps; i++) {
		struct metac_metac_sturdy_ref_r ref;
		const uint8_t *own = pack_own(p, i);
		sum += own ? own[SECRET_HASH_SIZE - 1] : 0;
		if (!pack_ref(p, i, &ref))
			continue;
		sum += metac_node_address_get_ip(metac_metac_sturdy_ref_get_node(ref)).len;
		sum += metac_metac_sturdy_ref_get_service(ref).len;
		sum += vat_ptr_data(metac_metac_sturdy_ref_get_object_info(ref), NULL).len;
		pack_set_cap(p, i, NULL);
	}
	struct vat_message *copy = vat_message_new(0, PACK_SIZE_MAX / 8);
	if (copy)
		vat_set_ptr(vat_root_b(copy), pack_content(p));
	vat_message_free(copy);
	return sum == SIZE_MAX;
}
