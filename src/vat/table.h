/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The tables of a connection.
 *
 * idtab: ids that we choose; the lowest free one is given out (a bitmap in two levels, so finding
 * it looks at a handful of words).  idmap: ids that the peer chooses, hence hashed, with a seed the
 * peer does not know.
 */
#include "base/macro.h"

struct idtab {
	void **slots;
	uint64_t *used; /* a bit per slot */
	uint64_t *full; /* a bit per word of used */
	uint32_t room; /* multiple of 64 */
	uint32_t n;
};

/* Gives value (not NULL) the lowest free id below limit. 0, -ENOSPC or -ENOMEM. */
int idtab_add(struct idtab *t, uint32_t limit, void *value, uint32_t *ret_id);
void *idtab_get(const struct idtab *t, uint32_t id);
void idtab_remove(struct idtab *t, uint32_t id);
/* Any value; NULL if the table is empty. */
void *idtab_any(const struct idtab *t);
void idtab_done(struct idtab *t);

struct idmap {
	struct idmap_entry *entries;
	uint32_t room; /* power of two, or 0 */
	uint32_t n;
	uint32_t seed;
};

/* -EEXIST, -ENOMEM or 0. value is not NULL. */
int idmap_add(struct idmap *m, uint32_t id, void *value);
void *idmap_get(const struct idmap *m, uint32_t id);
void idmap_remove(struct idmap *m, uint32_t id);
/* Any value, found from *cursor on (begin with 0, keep it while removing). */
void *idmap_any(const struct idmap *m, uint32_t *cursor);
void idmap_done(struct idmap *m);
