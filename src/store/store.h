/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The database of the persistence service: objects that can be made again, and references to them.
 *
 * Only what must outlive the process is here; a row is the promise that an object comes back.
 * A reference is its hash: its secret never enters.  Descriptions do hold secrets, those of other
 * nodes' references that an object's parts are restored from, so the file is its owner's alone.
 *
 * A reference that is not persistent itself may be in the table without an object, because
 * persistent references were made through it: revoking it must still reach them after a restart.
 *
 * Functions return 0 or negative errno: -ENOSPC disk full, -EUCLEAN damaged database, -EBUSY in use
 * by another process, -EROFS, -EIO, -ENOMEM, -ENOENT no such row.  Only opening gives words,
 * because only there a person has to do something.  Times are microseconds since 1970.
 */
#include "base/err.h"

enum { STORE_HASH_SIZE = 32 };

struct store;

struct store_object {
	const char *service, *runtime_id; /* together the key */
	const char *category, *summary;
	const void *description; /* NULL in store_object_each */
	size_t description_size;
	int64_t created;
	bool waits; /* its liveness matters: to be restored at start */
};

struct store_ref {
	uint8_t hash[STORE_HASH_SIZE]; /* the key */
	const char *service;
	const char *runtime_id; /* NULL: without object, kept as a parent of others */
	bool has_parent;
	uint8_t parent[STORE_HASH_SIZE];
	int64_t created, expires; /* expires: 0 = never */
};

/* Opens DIR/persistence.db, creating it (mode 0600) if there is none, checks and migrates it. A
 * file that is damaged, foreign or from a newer version is left exactly as it is. e tells what to
 * do. */
int store_open(const char *dir, struct err *e, struct store **ret);
void store_free(struct store *s);
DEFINE_AUTO(struct store *, store_free);

/* Transactions; without one each call commits by itself. A commit that fails has rolled back.
 * Rolling back outside a transaction does nothing. */
int store_begin(struct store *s);
int store_commit(struct store *s);
void store_rollback(struct store *s);

/* Adds; a row with the same key stays as it was. */
int store_object_put(struct store *s, const struct store_object *o);
int store_object_set_waits(
	struct store *s, const char *service, const char *runtime_id, bool waits);
/* Another summary and description for an object that is there. No error if there is none. */
int store_object_describe(struct store *s, const struct store_object *o);
/* The description as one malloc'ed block. -ENOENT if there is no such object. */
int store_object_description(
	struct store *s, const char *service, const char *runtime_id, void **ret, size_t *ret_size);

/* Adds; a row with the same hash stays as it was. The object (unless runtime_id is NULL) and the
 * parent must be there already (-EINVAL). */
int store_ref_put(struct store *s, const struct store_ref *r);
int store_ref_set_parent(struct store *s, const uint8_t *hash, const uint8_t *parent);
/* Removes the reference and everything made through it. No error if there is none. */
int store_ref_remove(struct store *s, const uint8_t *hash);

/* Removes objects without references, and references without object that are nobody's parent. */
int store_tidy(struct store *s);

/* Calls fn for each row until it returns non-zero, which is passed on. fn must not use the store.
 * Rows' pointers are valid during the call. References come in no particular order. */
int store_object_each(
	struct store *s, int (*fn)(void *user, const struct store_object *o), void *user);
int store_ref_each(struct store *s, int (*fn)(void *user, const struct store_ref *r), void *user);

/* Objects no reference leads to (any more), with their descriptions: what store_tidy would remove.
 */
int store_orphan_each(
	struct store *s, int (*fn)(void *user, const struct store_object *o), void *user);
