/* SPDX-License-Identifier: MIT */
#pragma once
/* The checks that connect declarations with each other; load.c calls them as it reads. */
#include "model.h"

int resolve_group(struct model *m, struct node *parent, struct field *f, uint64_t id);
int resolve_slot(struct model *m, struct node *parent, struct field *f);
int resolve_method(struct model *m, struct node *iface, struct method *method);
int resolve_nested(struct model *m, struct node *parent, uint64_t id, struct node **ret);
/* Last: enclosing scopes, files, and the declarations that types name. */
int resolve_scopes(struct model *m);

/* After that: which structs can hold capabilities, to any depth. */
void resolve_reach(struct model *m);

/* Bits that a slot of this kind takes in the data section; 0 for pointers and Void. */
unsigned type_data_bits(enum type_kind kind);
bool type_is_pointer(enum type_kind kind);
