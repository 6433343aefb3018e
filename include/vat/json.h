/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * JSON into a message, by its schema: the other direction of vat/print.h, with the same mapping.
 *
 *	struct vat_message *m = vat_message_new(0, 0);
 *	struct vat_json_error e;
 *	if (vat_parse_json(p_foo_schema(), json, strlen(json), 0, m, &e) < 0)
 *		fprintf(stderr, "byte %zu: %s\n", e.offset, e.text);
 *	else
 *		use(p_foo_root(m));
 *
 * Members may come in any order; absent ones, and pointers that are null, are left at their
 * defaults; the last of two with one name counts. Numbers may be written as strings, and 64-bit
 * integers should be. Floats may be null (NaN). Enumerants are names or numbers. Capabilities and
 * AnyPointers cannot be written.
 */
#include "vat/schema.h"

#ifdef __cplusplus
extern "C" {
#endif

enum vat_json_flags {
	VAT_JSON_STRICT = 1, /* members that the schema does not know are an error, not ignored */
};

struct vat_json_error {
	size_t offset; /* of the byte where it was found */
	char text[160];
};

/* Makes the struct the root of `to`, a message to build in. ret_error may be NULL; it is written on
 * failure, and the message is then of no use. Values may be nested 64 deep.
 * Returns 0, -EBADMSG (not JSON, or not of this type), -ELOOP (too deep), -ENOENT (the schema does
 * not hold a type), -ENOMEM, -EMSGSIZE (larger than the message may get). */
VAT_API int vat_parse_json(struct vat_schema schema, const char *json, size_t size, unsigned flags,
	struct vat_message *to, struct vat_json_error *ret_error);
/* The same by a set of schemas. */
VAT_API int vat_schemas_parse_json(const struct vat_schemas *schemas, uint64_t type_id,
	const char *json, size_t size, unsigned flags, struct vat_message *to,
	struct vat_json_error *ret_error);

#ifdef __cplusplus
}
#endif
