/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Listings: rows of named values, printed as aligned columns (libsmartcols) or, with --json, as one
 * JSON array of objects.  The caller says each value once and in its own type; the table decides
 * how it looks in either form.
 */
#include "base/err.h"

#include <jansson.h>

struct table;

struct column {
	const char *title; /* heading of the column; NULL = only in JSON */
	const char *key; /* member name in JSON; NULL = only on paper */
	enum column_kind {
		COLUMN_TEXT, /* bytes; escaped when they are no text */
		COLUMN_NUMBER,
		COLUMN_SIZE, /* 4.0K; bytes in JSON */
		COLUMN_TIME, /* seconds since 1970, 0 = never (null in JSON) */
		COLUMN_YES, /* "yes" or nothing; a boolean in JSON */
		COLUMN_MODE, /* drwxr-xr-x; a number in JSON */
	} kind;
};

enum { TABLE_COLUMNS = 16, TABLE_ROWS = 1000000 };

/* Columns end with an entry that has neither title nor key; they are borrowed. NULL when memory is
 * out, which the functions below accept; table_print then reports it. */
struct table *table_new(const struct column *columns, bool json);
void table_free(struct table *t);

/* Begins a row. The setters fill its columns in order, whatever their kind. */
void table_row(struct table *t);
void table_text(struct table *t, const char *s, size_t n);
void table_string(struct table *t, const char *s);
void table_number(struct table *t, int64_t v);

/* Prints on standard output. An empty table prints nothing ([] as JSON). Returns 0 or negative
 * errno. */
int table_print(struct table *t, struct err *err);

/* Prints one JSON value and frees it; NULL is reported as lack of memory. */
int json_print(json_t *takes, struct err *err);

DEFINE_AUTO(struct table *, table_free);
