/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Capabilities for tests of messages: any struct test_cap is one, and counts its references.
 * These definitions replace those of cap.c, so a test that includes this must not use RPC.
 */
#include "vat/rpc.h"

struct test_cap {
	int refs;
};

__attribute__((unused)) static struct vat_cap *test_cap(struct test_cap *c)
{
	return (struct vat_cap *)(void *)c;
}

struct vat_cap *vat_cap_ref(struct vat_cap *c)
{
	if (c)
		((struct test_cap *)(void *)c)->refs++;
	return c;
}

struct vat_cap *vat_cap_unref(struct vat_cap *c)
{
	if (c)
		((struct test_cap *)(void *)c)->refs--;
	return NULL;
}
