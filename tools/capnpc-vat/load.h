/* SPDX-License-Identifier: MIT */
#pragma once
/* Reading a request, as load.c and load-type.c share it. `of` names the declaration in messages. */
#include "model.h"

struct loader {
	struct model *m;
	size_t items; /* of the budget that bounds what a request makes us do */
};

/* Counts n things against the budget: 0 or -EBADMSG. */
int load_count(struct loader *l, size_t n);
/* Pointer i of s as a list of structs. */
struct vat_list_r load_list(struct vat_struct_r s, uint16_t i);
/* depth: how many types are around this one; 0 at the top. */
int load_type(
	struct loader *l, const char *of, struct vat_struct_r s, unsigned depth, struct type *ret);
/* *ret is NULL for a brand that binds nothing. */
int load_brand(
	struct loader *l, const char *of, struct vat_ptr_r p, unsigned depth, struct brand **ret);
int load_value(struct loader *l, const char *of, struct vat_struct_r s, enum type_kind kind,
	struct value *ret);
