/* SPDX-License-Identifier: MIT */
#include "cli/table.h"
#include "base/test.h"

#include <fcntl.h>

static const struct column columns[] = {
	{"NAME", "name", COLUMN_TEXT},
	{NULL, "inode", COLUMN_NUMBER},
	{"SIZE", "size", COLUMN_SIZE},
	{"EXPIRES", "expires", COLUMN_TIME},
	{"RO", "readOnly", COLUMN_YES},
	{},
};

/* Prints a table of two rows; returns what came out on standard output. */
static const char *print(bool json)
{
	static char out[4096];
	int p[2], saved = fcntl(1, F_DUPFD_CLOEXEC, 3);
	CHECK(!pipe2(p, O_CLOEXEC));
	fflush(stdout);
	dup2(p[1], 1);
	close(p[1]);
	AUTO(table_free) struct table *t = table_new(columns, json);
	table_row(t);
	table_text(t, "a\nb", 3);
	table_number(t, 7);
	table_number(t, 2048);
	table_number(t, 0);
	table_number(t, 1);
	table_row(t);
	table_string(t, "longer name");
	table_number(t, 8);
	table_number(t, 5);
	table_number(t, 86400);
	table_number(t, 0);
	struct err e = {};
	CHECK_INT(table_print(t, &e), 0);
	dup2(saved, 1);
	close(saved);
	ssize_t n = read(p[0], out, sizeof(out) - 1);
	CHECK(n >= 0);
	out[n] = 0;
	close(p[0]);
	return out;
}

TEST(rows_are_aligned)
{
	setenv("TZ", "UTC", 1);
	CHECK_STR(print(false), "NAME        SIZE EXPIRES             RO\n"
				"$'a\\nb'     2.0K never               yes\n"
				"longer name    5 1970-01-02 00:00:00 \n");
}

TEST(json_is_an_array_of_objects)
{
	json_error_t error;
	json_t *j = json_loads(print(true), 0, &error);
	CHECK_INT(json_array_size(j), 2);
	json_t *a = json_array_get(j, 0), *b = json_array_get(j, 1);
	CHECK_STR(json_string_value(json_object_get(a, "name")), "a\nb");
	CHECK_INT(json_integer_value(json_object_get(a, "inode")), 7);
	CHECK_INT(json_integer_value(json_object_get(a, "size")), 2048);
	CHECK(json_is_null(json_object_get(a, "expires")));
	CHECK(json_is_true(json_object_get(a, "readOnly")));
	CHECK_INT(json_integer_value(json_object_get(b, "expires")), 86400);
	json_decref(j);
}

TEST(a_full_disk_is_an_error)
{
	int full = open("/dev/full", O_WRONLY | O_CLOEXEC), saved = fcntl(1, F_DUPFD_CLOEXEC, 3);
	CHECK(full >= 0);
	fflush(stdout);
	dup2(full, 1);
	close(full);
	AUTO(table_free) struct table *t = table_new(columns, true);
	struct err e = {};
	int r = table_print(t, &e);
	clearerr(stdout);
	dup2(saved, 1);
	close(saved);
	CHECK(r < 0 && strstr(e.msg, "standard output"));
}
