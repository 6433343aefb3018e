/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Schemas at run time: what a message is made of, for programs that do not know its type when they
 * are compiled.
 *
 * Source: schema.capnp of Cap'n Proto, whose Node, Field, Type ... the handles here read.
 *
 * capnpc-vat puts the declarations of each file, and those that they need of others, into the
 * generated source, as one constant message: nothing is allocated or registered, and a linker that
 * drops unreferenced sections (--gc-sections) drops it where no schema is asked for. Compiling the
 * source with -DVAT_NO_SCHEMAS leaves it out.
 */
#include "vat/message.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Made by capnpc-vat, one constant per file: p_schema_file. */
struct vat_schema_file {
	const char *name; /* "fs.capnp" */
	/* A message of one segment as a CodeGeneratorRequest, of which only `nodes` is there,
	 * sorted by id. */
	const uint64_t *words;
	uint32_t n_words;
};

/* A type: what generated p_foo_schema() returns. */
struct vat_schema {
	const struct vat_schema_file *file;
	uint64_t id; /* of the struct */
};

/* A set of declarations that can be looked up by id. */
struct vat_schemas;

/* Of n files, borrowed for the life of the set. Where two files have the same declaration, one is
 * as good as the other. Returns 0, -EINVAL (no files, or damaged ones), -ENOMEM. */
VAT_API int vat_schemas_new(
	const struct vat_schema_file *const *files, size_t n, struct vat_schemas **ret);
/* Of a CodeGeneratorRequest as `capnp compile -o-` writes it, framed, borrowed. It is not trusted.
 * Returns 0, -EBADMSG, -ENOMEM. */
VAT_API int vat_schemas_parse(const void *data, size_t size, struct vat_schemas **ret);
/* NULL is accepted. */
VAT_API void vat_schemas_free(struct vat_schemas *s);

/* The Node with this id, valid as long as the set; a null struct (msg == NULL) if it is not there.
 * The accessors generated from schema.capnp, or the offsets told there, read it. */
VAT_API struct vat_struct_r vat_schemas_node(const struct vat_schemas *s, uint64_t id);
/* The first struct of this name, as it stands after the colon of the display name
 * ("Filesystem.Entry"); 0 if there is none. */
VAT_API uint64_t vat_schemas_struct_named(const struct vat_schemas *s, const char *name);

/* The value of annotation `id` on a Node, Field, Enumerant or Method, as a pointer to its Value; a
 * null pointer if it is not annotated so. Where the list of annotations is differs:
 * pass it as vat_ptr_at(node, 2), vat_ptr_at(field, 1), vat_ptr_at(enumerant, 1),
 * vat_ptr_at(method, 1). */
VAT_API struct vat_ptr_r vat_schema_annotation(struct vat_ptr_r annotations, uint64_t id);

#ifdef __cplusplus
}
#endif
