/* SPDX-License-Identifier: MIT */
/* See table.h. */
#include "vat/table.h"

/* ---- ids that we choose --------------------------------------------------------------------- */

static void set_bit(uint64_t *words, uint32_t i, bool on)
{
	if (on)
		words[i / 64] |= UINT64_C(1) << i % 64;
	else
		words[i / 64] &= ~(UINT64_C(1) << i % 64);
}

static int tab_grow(struct idtab *t)
{
	uint32_t room = t->room ? t->room * 2 : 64;
	uint32_t full_words = (room / 64 + 63) / 64;
	void **slots = realloc(t->slots, room * sizeof(*slots));
	if (!slots)
		return -ENOMEM;
	t->slots = slots;
	uint64_t *used = realloc(t->used, room / 64 * sizeof(*used));
	if (!used)
		return -ENOMEM;
	t->used = used;
	uint64_t *full = realloc(t->full, full_words * sizeof(*full));
	if (!full)
		return -ENOMEM;
	t->full = full;
	memset(slots + t->room, 0, (room - t->room) * sizeof(*slots));
	memset(used + t->room / 64, 0, (room - t->room) / 64 * sizeof(*used));
	uint32_t old_full = (t->room / 64 + 63) / 64;
	memset(full + old_full, 0, (full_words - old_full) * sizeof(*full));
	t->room = room;
	return 0;
}

/* room if there is none. */
static uint32_t lowest_free(const struct idtab *t)
{
	for (uint32_t i = 0; i < (t->room / 64 + 63) / 64; i++) {
		if (!~t->full[i])
			continue;
		uint32_t word = i * 64 + (uint32_t)__builtin_ctzll(~t->full[i]);
		if (word >= t->room / 64)
			break;
		return word * 64 + (uint32_t)__builtin_ctzll(~t->used[word]);
	}
	return t->room;
}

int idtab_add(struct idtab *t, uint32_t limit, void *value, uint32_t *ret_id)
{
	uint32_t id = lowest_free(t);
	if (id >= limit)
		return -ENOSPC;
	if (id == t->room) {
		int r = tab_grow(t);
		if (r < 0)
			return r;
	}
	t->slots[id] = value;
	set_bit(t->used, id, true);
	set_bit(t->full, id / 64, !~t->used[id / 64]);
	t->n++;
	*ret_id = id;
	return 0;
}

void *idtab_get(const struct idtab *t, uint32_t id)
{
	return id < t->room ? t->slots[id] : NULL;
}

void idtab_remove(struct idtab *t, uint32_t id)
{
	assert(idtab_get(t, id));
	t->slots[id] = NULL;
	set_bit(t->used, id, false);
	set_bit(t->full, id / 64, false);
	t->n--;
}

void *idtab_any(const struct idtab *t)
{
	for (uint32_t i = 0; t->n && i < t->room / 64; i++)
		if (t->used[i])
			return t->slots[i * 64 + (uint32_t)__builtin_ctzll(t->used[i])];
	return NULL;
}

void idtab_done(struct idtab *t)
{
	free(t->slots);
	free(t->used);
	free(t->full);
	*t = (struct idtab){0};
}

/* ---- ids that the peer chooses -------------------------------------------------------------- */

struct idmap_entry {
	uint32_t id;
	void *value; /* NULL = empty */
};

static uint32_t home(const struct idmap *m, uint32_t id)
{
	uint32_t h = (id ^ m->seed) * UINT32_C(0x9e3779b1);
	h ^= h >> 15;
	h *= UINT32_C(0x85ebca77);
	h ^= h >> 13;
	return h & (m->room - 1);
}

static uint32_t find(const struct idmap *m, uint32_t id)
{
	uint32_t i = home(m, id);
	while (m->entries[i].value && m->entries[i].id != id)
		i = (i + 1) & (m->room - 1);
	return i;
}

static int map_grow(struct idmap *m)
{
	struct idmap old = *m;
	m->room = old.room ? old.room * 2 : 16;
	m->entries = calloc(m->room, sizeof(*m->entries));
	if (!m->entries) {
		*m = old;
		return -ENOMEM;
	}
	/* Where the block lies is not known to the peer. */
	m->seed = (uint32_t)((uintptr_t)m->entries >> 4) * UINT32_C(0xc2b2ae3d);
	for (uint32_t i = 0; i < old.room; i++)
		if (old.entries[i].value)
			m->entries[find(m, old.entries[i].id)] = old.entries[i];
	free(old.entries);
	return 0;
}

int idmap_add(struct idmap *m, uint32_t id, void *value)
{
	if (m->n + 1 > m->room / 4 * 3) {
		int r = map_grow(m);
		if (r < 0)
			return r;
	}
	uint32_t i = find(m, id);
	if (m->entries[i].value)
		return -EEXIST;
	m->entries[i] = (struct idmap_entry){.id = id, .value = value};
	m->n++;
	return 0;
}

void *idmap_get(const struct idmap *m, uint32_t id)
{
	return m->n ? m->entries[find(m, id)].value : NULL;
}

void idmap_remove(struct idmap *m, uint32_t id)
{
	uint32_t mask = m->room - 1, hole = find(m, id);
	assert(m->entries[hole].value);
	/* Move back what was pushed away from its home by the removed entry. */
	for (uint32_t i = (hole + 1) & mask; m->entries[i].value; i = (i + 1) & mask) {
		uint32_t h = home(m, m->entries[i].id);
		if (((i - h) & mask) >= ((i - hole) & mask)) {
			m->entries[hole] = m->entries[i];
			hole = i;
		}
	}
	m->entries[hole].value = NULL;
	m->n--;
}

void *idmap_any(const struct idmap *m, uint32_t *cursor)
{
	if (!m->n)
		return NULL;
	uint32_t i = *cursor & (m->room - 1);
	while (!m->entries[i].value)
		i = (i + 1) & (m->room - 1);
	*cursor = i;
	return m->entries[i].value;
}

void idmap_done(struct idmap *m)
{
	free(m->entries);
	*m = (struct idmap){0};
}
