/* SPDX-License-Identifier: MIT */
#pragma once
/* JSON: what the annotations of capnp/compat/json.capnp say, and the words of JSON itself. */
#include "base/macro.h"
#include "vat/json.h"
#include "vat/schema/schema-internal.h"

/* ---- annotations: json-schema.c ------------------------------------------------------------- */

/* A field's, an enumerant's name in JSON. */
struct vat_text vat_json_name(struct vat_ptr_r annotations, struct vat_text name);
/* Data as a string? */
bool vat_json_is_base64(const struct schema_field *f);
bool vat_json_is_hex(const struct schema_field *f);
/* Whether the members of struct or group f are members of the object around it, with a prefix. */
bool vat_json_is_flat(const struct schema_field *f, struct vat_text *ret_prefix);

/* How the active member of a struct's union is told by a member of its own. */
struct json_discriminator {
	bool known; /* else by which member is there */
	struct vat_text name;
	struct vat_text value_name; /* of the active member; empty = its own */
};
/* group: the field that t is the group of, or NULL. */
struct json_discriminator vat_json_discriminator(const struct vat_schemas *s,
	const struct schema_type *t, const struct schema_field *group, bool flat);

/* ---- words: json-lex.c ---------------------------------------------------------------------- */

struct json_in {
	const char *s;
	size_t at, size;
	unsigned depth;
	int error; /* the first; reading stops */
	struct vat_json_error *detail; /* may be NULL */
};

/* Records the first error, always returns false. */
bool PRINTF(3, 4) vat_json_fail(struct json_in *in, int error, const char *fmt, ...);
/* The first byte of what comes after white space; 0 at the end. */
char vat_json_peek(struct json_in *in);
/* Takes this punctuation mark, if it is next. */
bool vat_json_take(struct json_in *in, char c);
bool vat_json_expect(struct json_in *in, char c);
/* A string, unescaped, malloc'ed and NUL-terminated. */
bool vat_json_string(struct json_in *in, char **ret, size_t *ret_len);
/* true, false, null or a number, or a string in their place: cut after the last letter of it. */
bool vat_json_word(struct json_in *in, char buf[64]);
/* Goes past any value. */
bool vat_json_skip(struct json_in *in);
/* Elements of the array that begins here, without moving. */
bool vat_json_count(struct json_in *in, uint32_t *ret);
/* One level deeper. */
bool vat_json_enter(struct json_in *in);
void vat_json_leave(struct json_in *in);
