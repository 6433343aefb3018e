/* SPDX-License-Identifier: MIT */
/*
 * Persistent.save, by hand: the interface is generic, and both its structs are one pointer of a
 * type that only the application knows.
 */
#include "vat/persistent.h"

enum { SEAL_FOR = 0, STURDY_REF = 0 }; /* pointers of SaveParams, SaveResults */

static bool dispatch(const void *impl, void *self, uint16_t method, struct vat_ctx *ctx)
{
	const struct vat_persistent_impl *p = impl;
	if (method != VAT_PERSISTENT_SAVE || !p->save)
		return false;
	p->save(self, ctx);
	return true;
}

static const struct vat_method methods[] = {
	[VAT_PERSISTENT_SAVE] = {.name = "save", .param_ptrs = 1, .result_ptrs = 1},
};

const struct vat_interface vat_persistent_interface = {
	.id = VAT_PERSISTENT_ID,
	.name = "persistent.capnp:Persistent",
	.methods = methods,
	.n_methods = 1,
	.dispatch = dispatch,
};

struct vat_ptr_r vat_save_seal_for(struct vat_ctx *ctx)
{
	return vat_ptr_at(vat_ptr_struct(vat_ctx_params(ctx), NULL), SEAL_FOR);
}

struct vat_ptr_b vat_save_sturdy_ref(struct vat_ctx *ctx)
{
	return vat_ptr_at_b(vat_get_struct_b(vat_ctx_results(ctx), 0, 1, NULL), STURDY_REF);
}

struct vat_call *vat_save(struct vat *v, struct vat_cap *cap, struct vat_ptr_b *ret_seal_for)
{
	struct vat_call *call =
		vat_call_for(v, cap, &vat_persistent_interface, VAT_PERSISTENT_SAVE);
	if (ret_seal_for)
		*ret_seal_for =
			vat_ptr_at_b(vat_get_struct_b(vat_call_params(call), 0, 1, NULL), SEAL_FOR);
	return call;
}

struct vat_ptr_r vat_saved(struct vat_ptr_r results)
{
	return vat_ptr_at(vat_ptr_struct(results, NULL), STURDY_REF);
}
