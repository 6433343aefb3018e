/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * C names for declarations: snake_case with the file's prefix and the enclosing scopes in front,
 * and the register of names in use, which finds collisions before the C compiler does.
 */
#include "model.h"

enum { NAME_MAX_PART = 200, NAME_MAX_FULL = 900 };

/* "getFTPUrl" -> "get_ftp_url". NULL if s is not an identifier of at most NAME_MAX_PART letters. */
char *name_snake(struct arena *a, const char *s);
/* Prefix for a file without annotation: its base name, made to fit. */
char *name_of_file(struct arena *a, const char *base);
/* Whether s may be given by annotation: lower-case letters, digits and _, a letter first. */
bool name_is_plain(const char *s);
char *name_upper(struct arena *a, const char *s);
/* A name that stands alone (a member of a struct): keywords and well-known macros of C and C++ get
 * a trailing _. */
const char *name_member(struct arena *a, const char *s);

/* Notes that a scope holds a declaration of this name, whether or not the request holds it too. */
void names_note_nested(struct model *m, uint64_t scope_id, const char *name);
/* Gives every node with a known scope its full C name. */
int names_assign(struct model *m);

/* Names in use. Zeroed = empty; lives in the arena it was given. */
struct name_set {
	struct arena *arena;
	struct name_entry *entries;
	size_t n, size; /* size is a power of two, at most half full */
};
bool name_set_has(const struct name_set *s, const char *name);
/* Enters a name on behalf of owner; both must live as long as the set. Returns NULL, or the owner
 * that has the name already. */
const char *name_set_add(struct name_set *s, const char *name, const char *owner);
