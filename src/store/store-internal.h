/* SPDX-License-Identifier: MIT */
#pragma once
/* Shared by the files of this layer only: the statements and the mapping of results. */
#include "store/store.h"

#include <sqlite3.h>

enum store_stmt {
	STMT_BEGIN,
	STMT_COMMIT,
	STMT_ROLLBACK,
	STMT_OBJECT_PUT,
	STMT_OBJECT_WAITS,
	STMT_OBJECT_DESCRIBE,
	STMT_OBJECT_DESCRIPTION,
	STMT_OBJECT_EACH,
	STMT_ORPHAN_EACH,
	STMT_REF_PUT,
	STMT_REF_PARENT,
	STMT_REF_REMOVE,
	STMT_REF_EACH,
	STMT_TIDY_REFS,
	STMT_TIDY_OBJECTS,
	STMT_N,
};

struct store {
	sqlite3 *db;
	sqlite3_stmt *stmt[STMT_N];
};

/* Negative errno for the last result of db (rc: what the call returned). */
int store_errno(sqlite3 *db, int rc);
/* Prepares all statements. */
int store_prepare(struct store *s);
/* Runs to the end a statement without result, then resets it. */
int store_run(struct store *s, sqlite3_stmt *st);
