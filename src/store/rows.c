/* SPDX-License-Identifier: MIT */
/*
 * Theory of operation: one prepared statement per thing that is done to the tables, in the table
 * below; each function binds, runs and resets its statement.  What SQL can keep true it keeps:
 * keys, the cascade from parents to children and from objects to references.
 */
#include "store/store-internal.h"

static const char *const sql[STMT_N] = {
	[STMT_BEGIN] = "BEGIN IMMEDIATE",
	[STMT_COMMIT] = "COMMIT",
	[STMT_ROLLBACK] = "ROLLBACK",
	[STMT_OBJECT_PUT] =
		"INSERT INTO objects(service, runtime_id, category, summary, description, created, "
		"waits)"
		" VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT(service, runtime_id) DO NOTHING",
	[STMT_OBJECT_WAITS] = "UPDATE objects SET waits = ?3 WHERE service = ?1 AND runtime_id = "
			      "?2 AND waits <> ?3",
	[STMT_OBJECT_DESCRIBE] = "UPDATE objects SET summary = ?3, description = ?4"
				 " WHERE service = ?1 AND runtime_id = ?2",
	[STMT_OBJECT_DESCRIPTION] =
		"SELECT description FROM objects WHERE service = ?1 AND runtime_id = ?2",
	[STMT_OBJECT_EACH] =
		"SELECT service, runtime_id, category, summary, created, waits FROM objects"
		" ORDER BY created",
	[STMT_ORPHAN_EACH] =
		"SELECT service, runtime_id, category, summary, created, waits, description"
		" FROM objects WHERE NOT EXISTS(SELECT 1 FROM refs r"
		" WHERE r.service = objects.service AND r.runtime_id = objects.runtime_id)",
	[STMT_REF_PUT] = "INSERT INTO refs(hash, service, runtime_id, parent, created, expires)"
			 " VALUES(?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT(hash) DO NOTHING",
	[STMT_REF_PARENT] = "UPDATE refs SET parent = ?2 WHERE hash = ?1",
	[STMT_REF_REMOVE] = "DELETE FROM refs WHERE hash = ?1",
	[STMT_REF_EACH] = "SELECT hash, service, runtime_id, parent, created, expires FROM refs "
			  "ORDER BY created",
	[STMT_TIDY_REFS] = "DELETE FROM refs WHERE runtime_id IS NULL"
			   " AND NOT EXISTS(SELECT 1 FROM refs c WHERE c.parent = refs.hash)",
	[STMT_TIDY_OBJECTS] =
		"DELETE FROM objects WHERE NOT EXISTS(SELECT 1 FROM refs r"
		" WHERE r.service = objects.service AND r.runtime_id = objects.runtime_id)",
};

int store_prepare(struct store *s)
{
	for (size_t i = 0; i < STMT_N; i++) {
		int rc = sqlite3_prepare_v3(
			s->db, sql[i], -1, SQLITE_PREPARE_PERSISTENT, &s->stmt[i], NULL);
		if (rc != SQLITE_OK)
			return store_errno(s->db, rc);
	}
	return 0;
}

static void reset(sqlite3_stmt *st)
{
	sqlite3_reset(st);
	sqlite3_clear_bindings(st);
}

int store_run(struct store *s, sqlite3_stmt *st)
{
	int r = store_errno(s->db, sqlite3_step(st));
	reset(st);
	return r;
}

/* Parameters live until the statement is reset, so nothing is copied. A failed binding (out of
 * memory) leaves NULL, which the tables' NOT NULL refuses. */
static void bind_text(sqlite3_stmt *st, int i, const char *t)
{
	(void)sqlite3_bind_text(st, i, t, -1, SQLITE_STATIC);
}

static void bind_blob(sqlite3_stmt *st, int i, const void *p, size_t size)
{
	(void)sqlite3_bind_blob64(st, i, size ? p : "", size, SQLITE_STATIC);
}

static void bind_key(sqlite3_stmt *st, const char *service, const char *runtime_id)
{
	bind_text(st, 1, service);
	bind_text(st, 2, runtime_id);
}

int store_begin(struct store *s)
{
	return store_run(s, s->stmt[STMT_BEGIN]);
}

int store_commit(struct store *s)
{
	int r = store_run(s, s->stmt[STMT_COMMIT]);
	if (r < 0)
		store_rollback(s);
	return r;
}

void store_rollback(struct store *s)
{
	if (!sqlite3_get_autocommit(s->db))
		(void)store_run(s, s->stmt[STMT_ROLLBACK]);
}

int store_object_put(struct store *s, const struct store_object *o)
{
	sqlite3_stmt *st = s->stmt[STMT_OBJECT_PUT];
	bind_key(st, o->service, o->runtime_id);
	bind_text(st, 3, o->category);
	bind_text(st, 4, o->summary);
	bind_blob(st, 5, o->description, o->description_size);
	sqlite3_bind_int64(st, 6, o->created);
	sqlite3_bind_int(st, 7, o->waits);
	return store_run(s, st);
}

int store_object_set_waits(struct store *s, const char *service, const char *runtime_id, bool waits)
{
	sqlite3_stmt *st = s->stmt[STMT_OBJECT_WAITS];
	bind_key(st, service, runtime_id);
	sqlite3_bind_int(st, 3, waits);
	return store_run(s, st);
}

int store_object_describe(struct store *s, const struct store_object *o)
{
	sqlite3_stmt *st = s->stmt[STMT_OBJECT_DESCRIBE];
	bind_key(st, o->service, o->runtime_id);
	bind_text(st, 3, o->summary);
	bind_blob(st, 4, o->description, o->description_size);
	return store_run(s, st);
}

int store_object_description(
	struct store *s, const char *service, const char *runtime_id, void **ret, size_t *ret_size)
{
	sqlite3_stmt *st = s->stmt[STMT_OBJECT_DESCRIPTION];
	bind_key(st, service, runtime_id);
	int rc = sqlite3_step(st);
	int r = rc == SQLITE_ROW ? 0 : rc == SQLITE_DONE ? -ENOENT : store_errno(s->db, rc);
	if (r == 0) {
		const void *p = sqlite3_column_blob(st, 0);
		size_t n = (size_t)sqlite3_column_bytes(st, 0);
		void *copy = malloc(n ? n : 1);
		if (copy) {
			if (n)
				memcpy(copy, p, n);
			*ret = copy;
			*ret_size = n;
		} else {
			r = -ENOMEM;
		}
	}
	reset(st);
	return r;
}

int store_ref_put(struct store *s, const struct store_ref *r)
{
	sqlite3_stmt *st = s->stmt[STMT_REF_PUT];
	bind_blob(st, 1, r->hash, STORE_HASH_SIZE);
	bind_text(st, 2, r->service);
	bind_text(st, 3, r->runtime_id);
	if (r->has_parent)
		bind_blob(st, 4, r->parent, STORE_HASH_SIZE);
	sqlite3_bind_int64(st, 5, r->created);
	sqlite3_bind_int64(st, 6, r->expires);
	return store_run(s, st);
}

int store_ref_set_parent(struct store *s, const uint8_t *hash, const uint8_t *parent)
{
	sqlite3_stmt *st = s->stmt[STMT_REF_PARENT];
	bind_blob(st, 1, hash, STORE_HASH_SIZE);
	bind_blob(st, 2, parent, STORE_HASH_SIZE);
	return store_run(s, st);
}

int store_ref_remove(struct store *s, const uint8_t *hash)
{
	sqlite3_stmt *st = s->stmt[STMT_REF_REMOVE];
	bind_blob(st, 1, hash, STORE_HASH_SIZE);
	return store_run(s, st);
}

int store_tidy(struct store *s)
{
	int r;
	do { /* a parent may itself become childless */
		r = store_run(s, s->stmt[STMT_TIDY_REFS]);
	} while (r == 0 && sqlite3_changes(s->db) > 0);
	return r < 0 ? r : store_run(s, s->stmt[STMT_TIDY_OBJECTS]);
}

static const char *column_text(sqlite3_stmt *st, int i)
{
	return (const char *)sqlite3_column_text(st, i);
}

static int each_object(struct store *s, enum store_stmt which,
	int (*fn)(void *user, const struct store_object *o), void *user)
{
	sqlite3_stmt *st = s->stmt[which];
	int rc, r = 0;
	while (r == 0 && (rc = sqlite3_step(st)) == SQLITE_ROW) {
		struct store_object o = {
			.service = column_text(st, 0),
			.runtime_id = column_text(st, 1),
			.category = column_text(st, 2),
			.summary = column_text(st, 3),
			.created = sqlite3_column_int64(st, 4),
			.waits = sqlite3_column_int(st, 5),
		};
		if (which == STMT_ORPHAN_EACH) {
			o.description = sqlite3_column_blob(st, 6);
			o.description_size = (size_t)sqlite3_column_bytes(st, 6);
		}
		bool whole = o.service && o.runtime_id && o.category && o.summary;
		r = whole ? fn(user, &o) : -ENOMEM;
	}
	if (r == 0)
		r = store_errno(s->db, rc);
	reset(st);
	return r;
}

int store_object_each(
	struct store *s, int (*fn)(void *user, const struct store_object *o), void *user)
{
	return each_object(s, STMT_OBJECT_EACH, fn, user);
}

int store_orphan_each(
	struct store *s, int (*fn)(void *user, const struct store_object *o), void *user)
{
	return each_object(s, STMT_ORPHAN_EACH, fn, user);
}

/* A hash column; the tables' CHECK makes any other length impossible short of damage. */
static bool column_hash(sqlite3_stmt *st, int i, uint8_t *ret)
{
	const void *p = sqlite3_column_blob(st, i);
	if (!p || sqlite3_column_bytes(st, i) != STORE_HASH_SIZE)
		return false;
	memcpy(ret, p, STORE_HASH_SIZE);
	return true;
}

int store_ref_each(struct store *s, int (*fn)(void *user, const struct store_ref *r), void *user)
{
	sqlite3_stmt *st = s->stmt[STMT_REF_EACH];
	int rc, r = 0;
	while (r == 0 && (rc = sqlite3_step(st)) == SQLITE_ROW) {
		struct store_ref ref = {
			.service = column_text(st, 1),
			.runtime_id = column_text(st, 2),
			.has_parent = sqlite3_column_type(st, 3) != SQLITE_NULL,
			.created = sqlite3_column_int64(st, 4),
			.expires = sqlite3_column_int64(st, 5),
		};
		bool whole = ref.service && column_hash(st, 0, ref.hash) &&
			     (!ref.has_parent || column_hash(st, 3, ref.parent));
		r = whole ? fn(user, &ref) : -EUCLEAN;
	}
	if (r == 0)
		r = store_errno(s->db, rc);
	reset(st);
	return r;
}
