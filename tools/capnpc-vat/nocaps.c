/* SPDX-License-Identifier: MIT */
/*
 * The generator reads and copies messages that hold no capabilities.  These weak definitions keep
 * the RPC half of libvat out of it.
 */
#include "vat/rpc.h"

__attribute__((weak)) struct vat_cap *vat_cap_ref(struct vat_cap *c)
{
	return c;
}

__attribute__((weak)) struct vat_cap *vat_cap_unref(struct vat_cap *c)
{
	(void)c;
	return NULL;
}
