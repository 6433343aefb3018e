/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What the persistence service knows: objects by (service, runtime id), references by hash, which
 * reference was made through which, when they expire.  Pure bookkeeping: no clock, no disk, no RPC.
 *
 * Every object has at least one reference; when the last goes, so does the object.  A reference
 * whose object is gone may stay because others were made through it (a parent that is not
 * persistent, after a restart): it cannot be used, but removing it removes those.
 *
 * Removing hands what was removed to the caller, unlinked from everything, so that effects (cutting
 * off, releasing) happen when the bookkeeping is consistent again.
 */
#include "base/list.h"
#include "svc/persistence/secret.h"

/* In the order of ObjectInfo.State. */
enum ledger_state { LEDGER_STORED, LEDGER_ALIVE, LEDGER_RESTORING, LEDGER_BROKEN };

struct ledger;

struct ledger_limits { /* 0 = the default named */
	uint32_t objects; /* 32768 */
	uint32_t refs; /* 65536 */
	uint32_t refs_per_object; /* 4096 */
	uint32_t refs_within; /* made through one reference, however indirectly; 4096 */
};

struct ledger_object {
	char *service, *runtime_id, *category, *summary; /* never NULL */
	int64_t created;
	bool persistent; /* it is in the store */
	enum ledger_state state;
	char *error; /* why it is broken; may be NULL */
	struct list refs; /* ledger_ref.of_object */
	uint32_t n_refs;
	struct list all; /* ledger_objects(); after removal ledger_removed.objects */
	struct list bucket;
	void *live; /* the caller's */
};

struct ledger_ref {
	uint8_t hash[SECRET_HASH_SIZE];
	struct ledger_object *object; /* NULL: only kept as a parent */
	struct ledger_ref *parent; /* NULL: none */
	bool persistent;
	int64_t created, expires; /* microseconds since 1970; expires: 0 = never */
	struct list of_object;
	struct list children, sibling;
	uint32_t n_within; /* of one without parent: how many were made through it */
	struct list by_expiry;
	struct list all; /* ledger_refs(); after removal ledger_removed.refs */
	struct list bucket;
	void *gate; /* the caller's */
};

struct ledger_removed {
	struct list refs, objects;
};
#define LEDGER_REMOVED_INIT(r)                              \
	{                                                   \
		LIST_INIT((r).refs), LIST_INIT((r).objects) \
	}

/* limits may be NULL. NULL when memory is out. */
struct ledger *ledger_new(const struct ledger_limits *limits);
void ledger_free(struct ledger *g);
DEFINE_AUTO(struct ledger *, ledger_free);

/* -ENOMEM: it keeps the one it has. */
int ledger_object_set_summary(struct ledger_object *o, const char *summary);

struct ledger_object_spec {
	const char *service, *runtime_id, *category, *summary;
	int64_t created;
	bool persistent;
	enum ledger_state state;
};

/* A new object, still without reference: add one, or remove the object again. -EEXIST, -EDQUOT (too
 * many), -ENOMEM. */
int ledger_object_add(
	struct ledger *g, const struct ledger_object_spec *spec, struct ledger_object **ret);
struct ledger_object *ledger_object_find(
	struct ledger *g, const char *service, const char *runtime_id);
/* Removes it with all its references and what was made through them. */
void ledger_object_remove(
	struct ledger *g, struct ledger_object *o, struct ledger_removed *removed);
/* text NULL or "" clears. Out of memory: no text. */
void ledger_object_set_error(struct ledger_object *o, const char *text);

struct ledger_ref_spec {
	const uint8_t *hash;
	struct ledger_object *object; /* may be NULL */
	struct ledger_ref *parent; /* may be NULL */
	bool persistent;
	int64_t created, expires;
};

/* -EEXIST, -EDQUOT, -ENOMEM. */
int ledger_ref_add(struct ledger *g, const struct ledger_ref_spec *spec, struct ledger_ref **ret);
/* NULL if there is none. The comparison takes constant time. */
struct ledger_ref *ledger_ref_find(struct ledger *g, const uint8_t *hash);
/* By the first hexadecimal digits of the hash, at least 4. -EINVAL, -ENOENT, -ENOTUNIQ. */
int ledger_ref_find_id(struct ledger *g, const char *digits, struct ledger_ref **ret);
/* -ELOOP: parent was itself made through r. -EEXIST: it has another parent. -EDQUOT. */
int ledger_ref_set_parent(struct ledger *g, struct ledger_ref *r, struct ledger_ref *parent);
/* True if r is `other` or was made through it, however indirectly. */
bool ledger_ref_is_within(const struct ledger_ref *r, const struct ledger_ref *other);
void ledger_ref_remove(struct ledger *g, struct ledger_ref *r, struct ledger_removed *removed);

/* When the next reference expires, 0 = none does; and one that has at `now`, NULL = none. */
int64_t ledger_next_expiry(const struct ledger *g);
struct ledger_ref *ledger_expired(struct ledger *g, int64_t now);

/* All, oldest first; entries are linked by their member `all`. */
struct list *ledger_objects(struct ledger *g);
struct list *ledger_refs(struct ledger *g);

/* Of what was removed. */
void ledger_object_free(struct ledger_object *o);
void ledger_ref_free(struct ledger_ref *r);
