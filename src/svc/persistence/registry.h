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
enum registry_state { REGISTRY_STORED, REGISTRY_ALIVE, REGISTRY_RESTORING, REGISTRY_BROKEN };

struct registry;

struct registry_limits { /* 0 = the default named */
	uint32_t objects; /* 65536 */
	uint32_t refs; /* 262144 */
	uint32_t refs_per_object; /* 4096 */
};

struct registry_object {
	char *service, *runtime_id, *category, *summary; /* never NULL */
	int64_t created;
	bool persistent; /* it is in the store */
	enum registry_state state;
	char *error; /* why it is broken; may be NULL */
	struct list refs; /* registry_ref.of_object */
	uint32_t n_refs;
	struct list all; /* registry_objects(); after removal registry_removed.objects */
	struct list bucket;
	void *live; /* the caller's */
};

struct registry_ref {
	uint8_t hash[SECRET_HASH_SIZE];
	struct registry_object *object; /* NULL: only kept as a parent */
	struct registry_ref *parent; /* NULL: none */
	bool persistent;
	int64_t created, expires; /* microseconds since 1970; expires: 0 = never */
	struct list of_object;
	struct list children, sibling;
	struct list by_expiry;
	struct list all; /* registry_refs(); after removal registry_removed.refs */
	struct list bucket;
	void *gate; /* the caller's */
};

struct registry_removed {
	struct list refs, objects;
};
#define REGISTRY_REMOVED_INIT(r)                            \
	{                                                   \
		LIST_INIT((r).refs), LIST_INIT((r).objects) \
	}

/* limits may be NULL. NULL when memory is out. */
struct registry *registry_new(const struct registry_limits *limits);
void registry_free(struct registry *g);
DEFINE_AUTO(struct registry *, registry_free);

struct registry_object_spec {
	const char *service, *runtime_id, *category, *summary;
	int64_t created;
	bool persistent;
	enum registry_state state;
};

/* A new object, still without reference: add one, or remove the object again. -EEXIST, -EDQUOT (too
 * many), -ENOMEM. */
int registry_object_add(
	struct registry *g, const struct registry_object_spec *spec, struct registry_object **ret);
struct registry_object *registry_object_find(
	struct registry *g, const char *service, const char *runtime_id);
/* Removes it with all its references and what was made through them. */
void registry_object_remove(
	struct registry *g, struct registry_object *o, struct registry_removed *removed);
/* text NULL or "" clears. Out of memory: no text. */
void registry_object_set_error(struct registry_object *o, const char *text);

struct registry_ref_spec {
	const uint8_t *hash;
	struct registry_object *object; /* may be NULL */
	struct registry_ref *parent; /* may be NULL */
	bool persistent;
	int64_t created, expires;
};

/* -EEXIST, -EDQUOT, -ENOMEM. */
int registry_ref_add(
	struct registry *g, const struct registry_ref_spec *spec, struct registry_ref **ret);
/* NULL if there is none. The comparison takes constant time. */
struct registry_ref *registry_ref_find(struct registry *g, const uint8_t *hash);
/* By the first hexadecimal digits of the hash, at least 4. -EINVAL, -ENOENT, -ENOTUNIQ. */
int registry_ref_find_id(struct registry *g, const char *digits, struct registry_ref **ret);
/* -ELOOP: parent was itself made through r. -EEXIST: it has another parent. */
int registry_ref_set_parent(struct registry_ref *r, struct registry_ref *parent);
/* True if r is `other` or was made through it, however indirectly. */
bool registry_ref_is_within(const struct registry_ref *r, const struct registry_ref *other);
void registry_ref_remove(
	struct registry *g, struct registry_ref *r, struct registry_removed *removed);

/* When the next reference expires, 0 = none does; and one that has at `now`, NULL = none. */
int64_t registry_next_expiry(const struct registry *g);
struct registry_ref *registry_expired(struct registry *g, int64_t now);

/* All, oldest first; entries are linked by their member `all`. */
struct list *registry_objects(struct registry *g);
struct list *registry_refs(struct registry *g);

/* Of what was removed. */
void registry_object_free(struct registry_object *o);
void registry_ref_free(struct registry_ref *r);
