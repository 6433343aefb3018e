/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The tables of a connection.
 *
 * idtab: ids that we choose; the lowest free one is given out (a bitmap in two levels, so finding
 * it looks at a handful of words).  idmap: ids that the peer chooses.  Peers choose low ones, which
 * index an array; any others are hashed, with a seed the peer does not know.
 */
#include "base/macro.h"

struct idtab {
	void **slots;
	uint64_t first; /* a bit per slot, while there are 64 at most */
	uint64_t *used; /* the same when there are more */
	uint64_t *full; /* a bit per word of used */
	uint32_t room; /* power of two, or 0 */
	uint32_t n;
};

/* Gives value (not NULL) the lowest free id below limit. 0, -ENOSPC or -ENOMEM. */
int idtab_add(struct idtab *t, uint32_t limit, void *value, uint32_t *ret_id);
static inline void *idtab_get(const struct idtab *t, uint32_t id)
{
	return id < t->room ? t->slots[id] : NULL;
}
void idtab_remove(struct idtab *t, uint32_t id);
/* Any value; NULL if the table is empty. */
void *idtab_any(const struct idtab *t);
void idtab_done(struct idtab *t);

enum { IDMAP_LOW = 1024 };

struct idmap {
	void **low; /* ids below n_low, which is at most IDMAP_LOW */
	uint32_t n_low;
	uint32_t n; /* in all */
	struct idmap_entry *entries; /* the others */
	uint32_t room; /* power of two, or 0 */
	uint32_t n_high;
	uint32_t seed;
};

/* -EEXIST, -ENOMEM or 0. value is not NULL. */
int idmap_add(struct idmap *m, uint32_t id, void *value);
void *idmap_get_high(const struct idmap *m, uint32_t id);
static inline void *idmap_get(const struct idmap *m, uint32_t id)
{
	if (id < m->n_low)
		return m->low[id];
	return id < IDMAP_LOW ? NULL : idmap_get_high(m, id);
}
void idmap_remove(struct idmap *m, uint32_t id);
/* Any value, found from *cursor on (begin with 0, keep it while removing). */
void *idmap_any(const struct idmap *m, uint32_t *cursor);
void idmap_done(struct idmap *m);
