/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What the messages consist of: for each type the list of its fields, with their kind and their
 * place in struct p9_msg.  Only for the codec.
 */
#include "wire/9p/9p-codec.h"

enum p9_kind { U8, U16, U32, U64, STR, QID, ATTR, NAMES, QIDS, DATA };

struct p9_field {
	uint8_t kind;
	uint16_t at; /* offset in struct p9_msg */
};

struct p9_layout {
	const char *name;
	const struct p9_field *fields;
	size_t n_fields;
};

extern const struct p9_layout p9_layouts[256]; /* by type; without a name: none of ours */

/* The body of Rgetattr, with places in struct p9_attr: U32, U64 and QID only. */
enum { P9_N_ATTR_FIELDS = 20 };
extern const struct p9_field p9_attr_fields[P9_N_ATTR_FIELDS];
