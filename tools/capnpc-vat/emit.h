/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What the emitting modules share: the output of one file, and the phrases of which generated code
 * is made.
 *
 * A header has six parts, in this order, so that files may import each other in circles: own value
 * types (which need only libvat's), headers of superclasses' files, method tables, the other
 * headers, requests, functions.
 */
#include "names.h"

struct gen {
	struct model *m;
	struct arena *arena;
	const struct file *file;
	struct node **list; /* declarations of the file, outer before inner */
	size_t n_list;
	struct text h, c;
	unsigned long steps;
	struct name_set names; /* of all files of the run: they may end in one program */
	struct name_set brands, file_brands; /* done in the run, in this file */
	const char *of; /* "_of_text" while accessors of a brand are emitted, else "" */
	bool repeated; /* an earlier file of the run defines the same, and claimed the names */
	struct touched {
		const struct node *node;
		struct touched *next;
	} * touched; /* what brands need of other files */
};

/* arena_printf, short because it is everywhere. */
#define S(g, ...) arena_printf((g)->arena, __VA_ARGS__)
#define H(g, ...) text_printf(&(g)->h, __VA_ARGS__)
#define C(g, ...) text_printf(&(g)->c, __VA_ARGS__)

/* Enters an identifier that the output defines. Two owners of one name end the run. */
void emit_claim(struct gen *g, const struct node *owner, const char *name);
/* Begins `static inline ret name(args)` in the header, up to and including the opening brace. */
void emit_fn(struct gen *g, const struct node *owner, const char *ret, const char *name,
	const char *args_fmt, ...) PRINTF(5, 6);
void emit_end(struct gen *g);
/* The schema's comment before what is emitted next, each line indented. doc may be NULL. */
void emit_doc(struct gen *g, const char *indent, const char *doc);
/* The same for a declaration, headed by its name in the schema. */
void emit_heading(struct gen *g, const struct node *n);
/* Asked by loops that a hostile request could make very long: false = stop, an error is set. */
bool emit_may(struct gen *g);

/* Library's short name of a scalar ("u32") and its C type; enums are u16. */
const char *scalar_tag(enum type_kind kind);
const char *scalar_type(enum type_kind kind);
/* C type that reads ('r') or builds ('b') a pointer kind: "struct fs_file_c", "struct vat_text". */
const char *pointer_type(struct gen *g, const struct node *user, const struct type *t, char rb);
/* "P_FOO_DATA_WORDS, P_FOO_PTRS" */
const char *size_expr(struct gen *g, const struct node *n);
/* VAT_ELEM_... of a list of t. */
const char *elem_name(const struct type *t);
/* Expression that reads t from the pointer `ptr`, dflt an expression for its default ("NULL"). */
const char *pointer_read(struct gen *g, const struct type *t, const char *ptr, const char *dflt);
/* The same for builders: what is there already, or a new one of `n` elements. */
const char *pointer_edit(struct gen *g, const struct type *t, const char *ptr, const char *dflt);
const char *pointer_init(struct gen *g, const struct type *t, const char *ptr);
/* Emits `return expr` in the wrapper type that belongs to it. */
void emit_return(struct gen *g, const char *type, const char *expr);
/* Whether the C type wraps one of libvat's in a struct of its own. */
bool type_is_wrapped(const struct type *t);
/* The declaration a type names; ends the run if the request does not hold it. */
const struct node *need(struct gen *g, const struct node *user, const struct node *n, uint64_t id);

/* value.c: defaults and constants */
const char *scalar_literal(struct gen *g, enum type_kind kind, uint64_t bits);
/* The bits as an unsigned literal (of a Bool: true or false): what defaults are XORed with. */
const char *scalar_raw(struct gen *g, enum type_kind kind, uint64_t bits);
/* The expression for a field's pointer default: "NULL" or the address of an object, which is
 * declared in the header and defined in the source. */
const char *emit_default(struct gen *g, const struct node *n, const struct field *f);
void emit_const(struct gen *g, const struct node *n);
void emit_const_function(struct gen *g, const struct node *n);

/* brand.c: typed accessors for the brands that a declaration uses */
void emit_brands(struct gen *g, const struct node *n);
/* Notes that a brand needs the header of n's file. */
void emit_touch(struct gen *g, const struct node *n);

/* schema.c: the schema at run time */
void emit_schema_types(struct gen *g);
void emit_schema_function(struct gen *g, const struct node *n);
void emit_schema(struct gen *g);

/* struct.c */
void emit_struct_types(struct gen *g, const struct node *n);
void emit_struct_functions(struct gen *g, const struct node *n);
/* field.c */
void emit_field(struct gen *g, const struct node *n, const struct field *f);
/* pipe.c: the step from a struct still to come to what its field f holds */
void emit_pipe_field(struct gen *g, const struct node *n, const struct field *f);
/* interface.c, client.c */
void emit_interface_types(struct gen *g, const struct node *n);
void emit_interface_table(struct gen *g, const struct node *n);
void emit_interface_source(struct gen *g, const struct node *n);
void emit_client_requests(struct gen *g, const struct node *n);
void emit_client_functions(struct gen *g, const struct node *n);
void emit_server_functions(struct gen *g, const struct node *n);
/* Member of a method table that holds the table of superclass i. */
const char *super_member(struct gen *g, const struct node *n, size_t i);

/* One file; the output is left in g->h and g->c. 0 or -EBADMSG with g->m->error set. */
int emit_file(struct gen *g, const struct file *f);
