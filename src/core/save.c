/* SPDX-License-Identifier: MIT */
/*
 * Theory of operation: save.h.
 *
 * The results of both methods are a struct whose only field is the reference, so the one call can
 * be answered with whatever the other one answers.
 */
#include "core/save.h"
#include "schema/persistence.capnp.h"

bool save_may_begin(struct vat_ctx *ctx)
{
	if (vat_ptr_is_null(vat_save_seal_for(ctx)))
		return true;
	vat_ctx_fail(ctx, VAT_FAILED,
		"sealFor: a reference is for whoever knows it, it cannot be sealed for an owner");
	return false;
}

static bool on_unknown(void *user, struct vat_cap *object, uint64_t interface_id, uint16_t method,
	struct vat_ctx *ctx)
{
	if (!vat_is_save(interface_id, method))
		return false;
	if (!save_may_begin(ctx))
		return true;
	struct persistence_persistable_create_sturdy_ref_req q =
		persistence_persistable_create_sturdy_ref(
			vat_ctx_vat(ctx), persistence_persistable_cast(object));
	if (!q.call) {
		vat_ctx_fail(ctx, VAT_OVERLOADED, "out of memory");
		return true;
	}
	persistence_persistable_create_sturdy_ref_params_set_persistent(q.params, true);
	vat_ctx_tail_call(ctx, q.call);
	return true;
}

void save_for_all(struct vat *v)
{
	vat_on_unknown(v, on_unknown, NULL);
}
