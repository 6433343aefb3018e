/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The schemas of a CodeGeneratorRequest as the generator sees them.
 *
 * load.c makes this from the request and checks all that the emitting half relies on: names are
 * identifiers, tags are known, groups and nested declarations form a tree, counts are sane.  A
 * reference to a declaration that the request does not hold stays NULL: the compiler leaves out
 * what the requested files do not need; whoever needs it reports that.
 */
#include "text.h"

#include "vat/message.h"

#define ID_PREFIX UINT64_C(0xb5f1c3b0a9d1a7e1) /* annotation prefix of vat.capnp */
#define ID_NAME UINT64_C(0xf1a5d7c94f0c6f2b) /* annotation name of vat.capnp */
#define ID_STREAM_RESULT UINT64_C(0x995f9a3377c0b16e) /* StreamResult of capnp/stream.capnp */

enum { NO_DISCRIMINANT = 0xffff };

enum type_kind { /* tags of Type and of Value */
	T_VOID,
	T_BOOL,
	T_INT8,
	T_INT16,
	T_INT32,
	T_INT64,
	T_UINT8,
	T_UINT16,
	T_UINT32,
	T_UINT64,
	T_FLOAT32,
	T_FLOAT64,
	T_TEXT,
	T_DATA,
	T_LIST,
	T_ENUM,
	T_STRUCT,
	T_INTERFACE,
	T_ANY,
	/* Not on the wire: AnyPointer constrained to a capability, a struct, a list. */
	T_CAPABILITY,
	T_ANY_STRUCT,
	T_ANY_LIST,
};

struct type {
	enum type_kind kind;
	uint64_t id; /* enum, struct, interface */
	struct node *node; /* the same; NULL = not in the request */
	struct type *elem; /* list */
	struct brand *brand; /* struct, interface: what its parameters are; NULL = nothing known */
	uint64_t param_scope; /* T_ANY that is a parameter: of which declaration; 0 = none */
	uint16_t param_index;
};

/* What the parameters of generic declarations stand for. */
struct brand {
	struct brand_scope {
		uint64_t id; /* of the generic declaration */
		bool inherit; /* the same as where the brand is used */
		struct type *types; /* T_ANY = unbound */
		size_t n_types;
	} * scopes;
	size_t n_scopes;
};

struct value {
	uint64_t bits; /* of any kind but pointers, zero-extended */
	struct vat_ptr_r ptr; /* pointer kinds; at == NULL = none */
};

struct field {
	const char *name; /* snake_case or as annotated */
	const char *doc; /* comment of the schema, as here in the others; NULL = none */
	uint16_t discriminant;
	struct node *group; /* NULL = slot */
	uint32_t offset;
	struct type type;
	struct value dflt;
};

struct enumerant {
	const char *name, *doc;
};

struct method {
	const char *name, *schema_name, *doc;
	uint64_t params_id, results_id;
	struct node *params, *results; /* results NULL when streaming */
	struct brand *params_brand, *results_brand;
	bool streaming;
};

struct super {
	uint64_t id;
	struct brand *brand;
	struct node *node;
};

enum node_kind { N_FILE, N_STRUCT, N_ENUM, N_INTERFACE, N_CONST, N_ANNOTATION };

struct node {
	uint64_t id, scope_id;
	enum node_kind kind;
	const char *display; /* "fs.capnp:Filesystem" */
	const char *doc;
	const char *local_name; /* snake_case, without scope; of a file its base name */
	const char *annotated; /* $Vat.name, of a file $Vat.prefix; else NULL */
	struct node *scope; /* NULL: a file, or parameters nobody claimed, or not in the request */
	struct node *file; /* NULL: unknown */
	const char *c, *C; /* full C name in lower and upper case; set by names.c */
	struct vat_struct_r body; /* in the request */
	size_t n_params; /* of its own, when generic */
	struct node **nested; /* NULL where not in the request */
	size_t n_nested;
	const void *mark; /* file whose method tables it went into last */
	const void *schema_of; /* file whose schema it went into last */
	bool visiting; /* its superclasses are being looked at */
	bool attached; /* a group or parameter struct that has its owner already */
	bool reaches; /* a struct in which, or in whose structs, a capability can be */

	/* struct */
	uint16_t data_words, n_ptrs, n_discriminants;
	uint32_t discriminant_offset;
	bool is_group;
	struct field *fields;
	size_t n_fields;
	/* enum */
	struct enumerant *enumerants;
	size_t n_enumerants;
	/* interface */
	struct method *methods;
	size_t n_methods;
	struct super *supers;
	size_t n_supers;
	/* const */
	struct type type;
	struct value value;
};

struct import {
	uint64_t id;
	const char *name;
};

struct file {
	struct node *node;
	const char *name; /* as given to the compiler, without source prefix */
	struct import *imports;
	size_t n_imports;
};

struct model {
	struct arena *arena;
	struct vat_message *msg;
	struct node *nodes; /* sorted by id */
	size_t n_nodes;
	struct file *files;
	size_t n_files;
	struct name_set *nested_names; /* "scope id/name" of every nested declaration */
	char error[1000]; /* first fault found, "" = none */
};

/* Reads the request in msg, which must outlive the model. Returns 0, or -EBADMSG with m->error set.
 */
int model_load(struct model *m, struct arena *a, struct vat_message *msg);
struct node *model_find(const struct model *m, uint64_t id);
/* Records the first error; always returns -EBADMSG. */
int model_fail(struct model *m, const char *fmt, ...) PRINTF(2, 3);
