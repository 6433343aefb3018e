/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Any message as text, by its schema: for debugging, logs and --json.
 *
 *	char *s;
 *	if (vat_print(p_foo_schema(), foo.s, NULL, &s, NULL) == 0)
 *		puts(s), free(s);
 *
 * Text is that of the schema language, as `capnp decode` prints it; JSON is that of `capnp convert
 * binary:json`, its annotations (capnp/compat/json.capnp) included. The same message prints the
 * same here and there, but for two things: a Float32 that needs nine digits gets them, and
 * capabilities and AnyPointers in JSON, which the command refuses, are strings: "<capability>",
 * "<pointer>".
 *
 *	text	(id = 7, name = "x", color = green, tags = [1, 2], file = <external capability>)
 *	JSON	{"id":7,"name":"x","color":"green","tags":[1,2],"file":"<capability>"}
 *
 * JSON in short: 64-bit integers are strings, unknown enumerants numbers, infinities and NaN the
 * strings "Infinity", "-Infinity", "NaN"; Void is null; Data is an array of numbers, or a string
 * with $Json.base64 or $Json.hex; a union's active member is a member of the struct's object;
 * absent pointers are left out.
 */
#include "vat/schema.h"

#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

enum vat_print_flags {
	VAT_PRINT_PRETTY = 1, /* several lines, where they get long */
	VAT_PRINT_JSON = 2,
};

struct vat_print_config {
	unsigned flags; /* enum vat_print_flags */
	unsigned depth; /* of structs, groups and lists in each other; 0 = 64, at most 256 */
	size_t max_size; /* bytes of output; 0 = 16 MiB */
};

/* Prints a struct. cfg may be NULL: short text. *ret is malloc'ed and NUL-terminated (it may hold
 * further NULs: text is printed as it is but for control characters); *ret_len may be NULL.
 * Damage in the message prints as default values, as it reads (see vat_message_error).
 * Returns 0, -EMSGSIZE (larger than max_size), -ELOOP (deeper than depth), -ENOENT (the schema does
 * not hold a type), -EINVAL (it contradicts itself), -ENOMEM. */
VAT_API int vat_print(struct vat_schema schema, struct vat_struct_r s,
	const struct vat_print_config *cfg, char **ret, size_t *ret_len);
/* The same to a stream, with a newline; errors of writing are the stream's business. */
VAT_API int vat_print_file(struct vat_schema schema, struct vat_struct_r s,
	const struct vat_print_config *cfg, FILE *f);
/* The same by a set of schemas. */
VAT_API int vat_schemas_print(const struct vat_schemas *schemas, uint64_t type_id,
	struct vat_struct_r s, const struct vat_print_config *cfg, char **ret, size_t *ret_len);

#ifdef __cplusplus
}
#endif
