/* SPDX-License-Identifier: MIT */
/*
 * Annotations that shape JSON.
 *
 * Source: capnp/compat/json.capnp of Cap'n Proto.
 */
#include "vat/schema/json-internal.h"

#define JSON_NAME UINT64_C(0xfa5b1fd61c2e7c3d)
#define JSON_FLATTEN UINT64_C(0x82d3e852af0336bf)
#define JSON_DISCRIMINATOR UINT64_C(0xcfa794e8d19a0162)
#define JSON_BASE64 UINT64_C(0xd7d879450a253e4b)
#define JSON_HEX UINT64_C(0xf061e22f0ae5c7b5)

/* What an annotation's Value holds: {ptr 0} */
static struct vat_ptr_r content(struct vat_ptr_r value)
{
	return vat_ptr_at(vat_ptr_struct(value, NULL), 0);
}

struct vat_text vat_json_name(struct vat_ptr_r annotations, struct vat_text name)
{
	struct vat_ptr_r value = vat_schema_annotation(annotations, JSON_NAME);
	return vat_ptr_is_null(value) ? name : vat_ptr_text(content(value), NULL);
}

bool vat_json_is_base64(const struct schema_field *f)
{
	return !vat_ptr_is_null(vat_schema_annotation(f->annotations, JSON_BASE64));
}

bool vat_json_is_hex(const struct schema_field *f)
{
	return !vat_ptr_is_null(vat_schema_annotation(f->annotations, JSON_HEX));
}

/* FlattenOptions {prefix ptr 0} */
bool vat_json_is_flat(const struct schema_field *f, struct vat_text *ret_prefix)
{
	if (f->type.kind != SCHEMA_STRUCT)
		return false;
	struct vat_ptr_r value = vat_schema_annotation(f->annotations, JSON_FLATTEN);
	if (vat_ptr_is_null(value))
		return false;
	*ret_prefix = vat_ptr_text(vat_ptr_at(vat_ptr_struct(content(value), NULL), 0), NULL);
	return true;
}

/* DiscriminatorOptions {name ptr 0; valueName ptr 1}; the annotation is on the struct, or on the
 * field of a group, which then can lend its name. Node {annotations ptr 2} */
struct json_discriminator vat_json_discriminator(const struct vat_schemas *s,
	const struct schema_type *t, const struct schema_field *group, bool flat)
{
	struct json_discriminator ret = {0};
	struct vat_ptr_r annotations =
		group ? group->annotations : vat_ptr_at(vat_schemas_node(s, t->id), 2);
	struct vat_ptr_r value = vat_schema_annotation(annotations, JSON_DISCRIMINATOR);
	if (vat_ptr_is_null(value))
		return ret;
	struct vat_struct_r options = vat_ptr_struct(content(value), NULL);
	ret.name = vat_ptr_text(vat_ptr_at(options, 0), NULL);
	ret.value_name = vat_ptr_text(vat_ptr_at(options, 1), NULL);
	if (vat_ptr_is_null(vat_ptr_at(options, 0)) && group && flat)
		ret.name = group->name;
	ret.known = ret.name.len;
	return ret;
}
