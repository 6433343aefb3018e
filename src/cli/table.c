/* SPDX-License-Identifier: MIT */
/*
 * See table.h.  The first failure (memory, too many rows) is remembered and told by table_print, so
 * that commands can fill a table without looking.
 */
#include "cli/table.h"
#include "cli/show.h"

#include <libsmartcols/libsmartcols.h>
#include <stdio.h>

struct table {
	const struct column *columns;
	struct libscols_table *cols; /* NULL with --json */
	struct libscols_line *line;
	json_t *rows, *row; /* row is owned by rows */
	size_t at, n_rows;
	int error;
};

static void fail(struct table *t, int code)
{
	if (!t->error)
		t->error = code;
}

static int add_columns(struct table *t)
{
	for (const struct column *c = t->columns; c->title || c->key; c++) {
		bool right = c->kind == COLUMN_NUMBER || c->kind == COLUMN_SIZE;
		if (c->title &&
			!scols_table_new_column(t->cols, c->title, 0, right ? SCOLS_FL_RIGHT : 0))
			return -ENOMEM;
	}
	return 0;
}

struct table *table_new(const struct column *columns, bool json)
{
	struct table *t = calloc(1, sizeof(*t));
	if (!t)
		return NULL;
	t->columns = columns;
	if (json) {
		t->rows = json_array();
		if (!t->rows)
			fail(t, -ENOMEM);
		return t;
	}
	t->cols = scols_new_table();
	if (!t->cols || add_columns(t) < 0)
		fail(t, -ENOMEM);
	return t;
}

void table_free(struct table *t)
{
	if (!t)
		return;
	if (t->cols)
		scols_unref_table(t->cols);
	json_decref(t->rows);
	free(t);
}

void table_row(struct table *t)
{
	if (!t || t->error)
		return;
	t->at = 0;
	if (t->n_rows++ >= TABLE_ROWS) {
		fail(t, -E2BIG);
		return;
	}
	if (t->cols) {
		t->line = scols_table_new_line(t->cols, NULL);
		if (!t->line)
			fail(t, -ENOMEM);
		return;
	}
	t->row = json_object();
	if (json_array_append_new(t->rows, t->row) < 0)
		fail(t, -ENOMEM);
}

/* Number of the current column among those with a title. */
static size_t paper_column(const struct table *t)
{
	size_t n = 0;
	for (size_t i = 0; i < t->at; i++)
		n += t->columns[i].title != NULL;
	return n;
}

/* The column to fill next. */
static const struct column *next(struct table *t)
{
	const struct column *c = &t->columns[t->at];
	assert(c->title || c->key);
	return c;
}

void table_text(struct table *t, const char *s, size_t n)
{
	if (!t || t->error)
		return;
	const struct column *c = next(t);
	if (t->cols && c->title) {
		AUTO_FREE char *text = show_quoted(s, n);
		if (!text || scols_line_set_data(t->line, paper_column(t), text) < 0)
			fail(t, -ENOMEM);
	} else if (!t->cols && c->key && show_json_set(t->row, c->key, s, n) < 0) {
		fail(t, -ENOMEM);
	}
	t->at++;
}

void table_string(struct table *t, const char *s)
{
	table_text(t, s, strlen(s));
}

static void format(const struct column *c, int64_t v, char *buf, size_t size)
{
	switch (c->kind) {
	case COLUMN_SIZE:
		show_size((uint64_t)v, buf, size);
		break;
	case COLUMN_TIME:
		show_time(v, buf, size);
		break;
	case COLUMN_MODE:
		assert(size >= 11);
		show_mode((unsigned)v, buf);
		break;
	case COLUMN_YES:
		(void)snprintf(buf, size, "%s", v ? "yes" : "");
		break;
	default:
		(void)snprintf(buf, size, "%lld", (long long)v);
	}
}

static json_t *number_json(const struct column *c, int64_t v)
{
	if (c->kind == COLUMN_YES)
		return json_boolean(v);
	if (c->kind == COLUMN_TIME && !v)
		return json_null();
	return json_integer(v);
}

void table_number(struct table *t, int64_t v)
{
	char buf[32];
	if (!t || t->error)
		return;
	const struct column *c = next(t);
	if (t->cols && c->title) {
		format(c, v, buf, sizeof(buf));
		if (scols_line_set_data(t->line, paper_column(t), buf) < 0)
			fail(t, -ENOMEM);
	} else if (!t->cols && c->key &&
		   json_object_set_new(t->row, c->key, number_json(c, v)) < 0) {
		fail(t, -ENOMEM);
	}
	t->at++;
}

static int flush_output(struct err *err)
{
	if (fflush(stdout) || ferror(stdout))
		return err_errno(err, errno ? -errno : -EIO, "standard output");
	return 0;
}

int json_print(json_t *takes, struct err *err)
{
	if (!takes)
		return err_set(err, -ENOMEM, "out of memory");
	errno = 0;
	int r = json_dumpf(
		takes, stdout, JSON_INDENT(2) | JSON_ENCODE_ANY | JSON_REAL_PRECISION(15));
	json_decref(takes);
	if (r < 0 || putchar('\n') < 0)
		return err_errno(err, errno ? -errno : -EIO, "standard output");
	return flush_output(err);
}

int table_print(struct table *t, struct err *err)
{
	if (!t || t->error == -ENOMEM)
		return err_set(err, -ENOMEM, "out of memory");
	if (t->error)
		return err_set(err, t->error, "more than %d rows", TABLE_ROWS);
	if (!t->cols)
		return json_print(json_incref(t->rows), err);
	if (t->n_rows && scols_print_table(t->cols) < 0)
		return err_errno(err, errno ? -errno : -EIO, "standard output");
	return flush_output(err);
}
