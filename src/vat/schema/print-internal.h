/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What text and JSON have in common: the growing output, numbers, and lists that are first written
 * on one line and broken into several when they turn out long.
 */
#include "vat/print.h"
#include "vat/schema/schema-internal.h"

struct printer {
	const struct vat_schemas *schemas;
	bool pretty;
	const char *separator; /* of items on one line; ", " if pretty */
	unsigned depth, max_depth;
	uint64_t steps, max_steps;
	char *s;
	size_t len, size, max_size;
	size_t *marks; /* where the items of the lists being written begin */
	size_t n_marks, marks_size;
	int error; /* the first; nothing is written after it */
};

void print_bytes(struct printer *p, const char *s, size_t len);
void print_str(struct printer *p, const char *s);
void print_u64(struct printer *p, uint64_t v);
void print_i64(struct printer *p, int64_t v);
/* A bool or an integer, as it is. */
void print_plain(struct printer *p, const struct schema_type *t, uint64_t bits);
/* In as few digits as read back to the same, no + in exponents: "1.5", "1e100", "inf", "nan". */
void print_f32(struct printer *p, float v);
void print_f64(struct printer *p, double v);
/* One step further, and one level deeper unless leave is due: false = stop. */
bool print_enter(struct printer *p);
void print_leave(struct printer *p);
bool print_fail(struct printer *p, int error); /* false */

/* A list: begin, then before each item _item, then _end. Items are separated by p->separator. */
size_t print_list_begin(struct printer *p);
void print_list_item(struct printer *p, size_t list);
struct print_list_size {
	size_t n; /* items */
	size_t longest, total; /* bytes, without separators */
	bool newline; /* in one of them */
};
struct print_list_size print_list_size(const struct printer *p, size_t list);
/* broken: one line for each item, indented by `indent` spaces, the first after `first` ("\n", where
 * indentation is added, or " "), a space after the last. */
void print_list_end(struct printer *p, size_t list, bool broken, const char *first, size_t indent);

void print_text_struct(struct printer *p, uint64_t type_id, struct vat_struct_r s);
void print_json_struct(struct printer *p, uint64_t type_id, struct vat_struct_r s);
