/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Level 2 of Cap'n Proto RPC: capabilities that outlive their connection.
 *
 * Source: persistent.capnp of Cap'n Proto, interface Persistent(SturdyRef, Owner).
 *
 * Level 2 is no part of the protocol but one ordinary method: save() turns a capability into a
 * sturdy reference, which can be stored.  What a reference looks like, and how one is turned into a
 * capability again, each application ("realm") decides for itself; the latter is usually a method
 * of its bootstrap interface.  So references are pointers of any type here.
 *
 * An interface does not extend Persistent: whether an object can be saved is a matter of the
 * object, not of its type.  A caller just tries (vat_save() on a capability of any type); an object
 * that cannot be saved answers `unimplemented`.
 *
 * Two ways to answer: an object of its own that has only this method (vat_persistent_interface as
 * the interface given to vat_serve()), or one function for all objects of the vat:
 *
 *	static bool unknown(void *user, struct vat_cap *object, uint64_t interface_id,
 *		uint16_t method, struct vat_ctx *ctx)
 *	{
 *		if (!vat_is_save(interface_id, method))
 *			return false;
 *		... fill vat_save_sturdy_ref(ctx), vat_ctx_return(ctx) ...
 *		return true;
 *	}
 *	vat_on_unknown(vat, unknown, NULL);
 *
 * vat/keyring.h has what a realm needs whose references are secrets.
 */
#include "vat/rpc.h"

#ifdef __cplusplus
extern "C" {
#endif

#define VAT_PERSISTENT_ID UINT64_C(0xc8cb212fcd9f5691)

enum { VAT_PERSISTENT_SAVE = 0 }; /* its only method */

/* For vat_serve(); impl is a struct vat_persistent_impl. */
VAT_API extern const struct vat_interface vat_persistent_interface;

struct vat_persistent_impl {
	/* Answers ctx like any handler. NULL: unimplemented. */
	void (*save)(void *self, struct vat_ctx *ctx);
};

static inline bool vat_is_save(uint64_t interface_id, uint16_t method)
{
	return interface_id == VAT_PERSISTENT_ID && method == VAT_PERSISTENT_SAVE;
}

/* ---- handling save() ------------------------------------------------------------------------ */

/* The owner whom the reference is to be sealed for: nobody else may then restore it. Null = anybody
 * who knows the reference may. A realm that has no owners must refuse any other value: a reference
 * that is not sealed is not what was asked for. */
VAT_API struct vat_ptr_r vat_save_seal_for(struct vat_ctx *ctx);
/* The place for the reference. */
VAT_API struct vat_ptr_b vat_save_sturdy_ref(struct vat_ctx *ctx);

/* ---- calling it ----------------------------------------------------------------------------- */

/* A request to save cap (of any type), to be sent with vat_call_send() and freed with
 * vat_call_free(). ret_seal_for (may be NULL): the place for the owner, null until it is filled.
 * NULL when memory is out, which vat_call_send() accepts. */
VAT_API struct vat_call *vat_save(
	struct vat *v, struct vat_cap *cap, struct vat_ptr_b *ret_seal_for);
/* The reference among the results of that call, valid as long as they are. */
VAT_API struct vat_ptr_r vat_saved(struct vat_ptr_r results);

#ifdef __cplusplus
}
#endif
