/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Declarations as printing needs them: Node, Field and Type of schema.capnp, read by the offsets
 * told at each function in schema.c.
 *
 * A schema may have been made by a stranger. Whatever it says, reading by it stays inside the
 * messages; that it ends is for the caller to see to, by counting depth and steps.
 */
#include "vat/schema.h"

enum schema_kind { /* tags of Type and of Value */
	SCHEMA_VOID,
	SCHEMA_BOOL,
	SCHEMA_INT8,
	SCHEMA_INT16,
	SCHEMA_INT32,
	SCHEMA_INT64,
	SCHEMA_UINT8,
	SCHEMA_UINT16,
	SCHEMA_UINT32,
	SCHEMA_UINT64,
	SCHEMA_FLOAT32,
	SCHEMA_FLOAT64,
	SCHEMA_TEXT,
	SCHEMA_DATA,
	SCHEMA_LIST,
	SCHEMA_ENUM,
	SCHEMA_STRUCT,
	SCHEMA_INTERFACE,
	SCHEMA_ANY,
	SCHEMA_UNKNOWN, /* of a later version */
};

enum { SCHEMA_NODE_FILE, SCHEMA_NODE_STRUCT, SCHEMA_NODE_ENUM, SCHEMA_NODE_INTERFACE };

enum { SCHEMA_NO_UNION = 0xffff };

struct vat_schemas {
	size_t n;
	struct schema_part {
		struct vat_message *msg;
		struct vat_list_r nodes; /* sorted by id */
	} parts[];
};

/* What parameters of generic declarations stand for: Brand.scopes, and the brand in which the types
 * in them are to be understood. */
struct schema_brand {
	struct vat_list_r scopes;
	const struct schema_brand *outer; /* NULL: nothing is known */
};

struct schema_struct {
	const struct schema_brand *brand;
	struct vat_list_r fields;
	bool has_union;
	uint32_t discriminant_offset;
};

struct schema_type {
	enum schema_kind kind;
	uint64_t id; /* struct, enum, interface */
	struct vat_struct_r type; /* for what is inside; a null struct for a group */
	const struct schema_brand *brand; /* in which that is to be understood; borrowed */
};

struct schema_field {
	struct vat_text name;
	uint16_t discriminant; /* SCHEMA_NO_UNION */
	bool is_group; /* then type is the group's struct */
	uint32_t offset;
	struct schema_type type;
	struct vat_struct_r dflt; /* Value */
	bool has_default; /* of a pointer */
	struct vat_ptr_r annotations;
};

/* The struct or group that t is. own is made its brand if it has one of its own; it must stay as
 * long as fields of *ret are used. Returns 0, or -ENOENT if there is no such struct. */
int schema_struct(const struct vat_schemas *s, const struct schema_type *t,
	struct schema_brand *own, struct schema_struct *ret);
struct schema_field schema_field_at(const struct schema_struct *s, uint32_t i);
/* A parameter becomes what it stands for. */
struct schema_type schema_type(struct vat_struct_r type, const struct schema_brand *brand);
/* The struct with this id, of no brand. */
struct schema_type schema_type_of(uint64_t id);
/* Of a list. */
struct schema_type schema_element(const struct schema_type *t);
/* Enumerant `value` of enum id; false if it has none of that number. */
bool schema_enumerant(
	const struct vat_schemas *s, uint64_t id, uint16_t value, struct vat_struct_r *ret);
enum vat_elem schema_elem_size(enum schema_kind kind);
/* Bits of a field in the data section; 0 for pointers and Void. */
unsigned schema_bits(enum schema_kind kind);

/* A value wherever it was found. */
struct schema_value {
	uint64_t bits; /* of a scalar, zero-extended */
	struct vat_ptr_r ptr; /* pointers; of a field its default's where it is null */
	struct vat_struct_r s; /* structs and groups */
};
/* Field f of s. *ret_null (may be NULL): it is a null pointer. */
struct schema_value schema_get(struct vat_struct_r s, const struct schema_field *f, bool *ret_null);
/* Element i of a list of t. */
struct schema_value schema_list_at(struct vat_list_r l, const struct schema_type *t, uint32_t i);
