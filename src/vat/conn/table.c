/* SPDX-License-Identifier: MIT */
/* See table.h. */
#include "vat/conn/table.h"

/* ---- ids that we choose --------------------------------------------------------------------- */

static void set_bit(uint64_t *words, uint32_t i, bool on)
{
	if (on)
		words[i / 64] |= UINT64_C(1) << i % 64;
	else
		words[i / 64] &= ~(UINT64_C(1) << i % 64);
}

/* Words of `used` and of `full` for so many slots. */
static uint32_t used_words(uint32_t room)
{
	return (room + 63) / 64;
}

static uint32_t full_words(uint32_t room)
{
	return (used_words(room) + 63) / 64;
}

static int grow_words(uint64_t **words, uint32_t old, uint32_t n)
{
	uint64_t *w = realloc(*words, n * sizeof(*w));
	if (!w)
		return -ENOMEM;
	*words = w;
	memset(w + old, 0, (n - old) * sizeof(*w));
	return 0;
}

/* Most tables stay small: up to 64 slots, `first` does for bitmaps. */
static int grow_bitmaps(struct idtab *t, uint32_t room)
{
	if (room <= 64)
		return 0;
	bool first = t->room <= 64;
	int r = grow_words(&t->used, first ? 0 : used_words(t->room), used_words(room));
	if (r < 0)
		return r;
	if (first)
		t->used[0] = t->first;
	r = grow_words(&t->full, first ? 0 : full_words(t->room), full_words(room));
	if (r < 0)
		return r;
	set_bit(t->full, 0, !~t->used[0]);
	return 0;
}

static int tab_grow(struct idtab *t)
{
	uint32_t room = t->room ? t->room * 2 : 4;
	void **slots = realloc(t->slots, room * sizeof(*slots));
	if (!slots)
		return -ENOMEM;
	t->slots = slots;
	int r = grow_bitmaps(t, room);
	if (r < 0)
		return r;
	memset(slots + t->room, 0, (room - t->room) * sizeof(*slots));
	t->room = room;
	return 0;
}

/* room, or more, if there is none. */
static uint32_t lowest_free(const struct idtab *t)
{
	if (t->room <= 64)
		return ~t->first ? (uint32_t)__builtin_ctzll(~t->first) : 64;
	for (uint32_t i = 0; i < full_words(t->room); i++) {
		if (!~t->full[i])
			continue;
		uint32_t word = i * 64 + (uint32_t)__builtin_ctzll(~t->full[i]);
		if (word >= used_words(t->room))
			break;
		return word * 64 + (uint32_t)__builtin_ctzll(~t->used[word]);
	}
	return t->room;
}

static void mark(struct idtab *t, uint32_t id, bool on)
{
	if (t->room <= 64) {
		set_bit(&t->first, id, on);
		return;
	}
	set_bit(t->used, id, on);
	set_bit(t->full, id / 64, !~t->used[id / 64]);
}

int idtab_add(struct idtab *t, uint32_t limit, void *value, uint32_t *ret_id)
{
	uint32_t id = lowest_free(t);
	if (id >= limit)
		return -ENOSPC;
	if (id >= t->room) {
		int r = tab_grow(t);
		if (r < 0)
			return r;
	}
	t->slots[id] = value;
	mark(t, id, true);
	t->n++;
	*ret_id = id;
	return 0;
}

void idtab_remove(struct idtab *t, uint32_t id)
{
	assert(idtab_get(t, id));
	t->slots[id] = NULL;
	mark(t, id, false);
	t->n--;
}

void *idtab_any(const struct idtab *t)
{
	if (t->n && t->room <= 64)
		return t->slots[__builtin_ctzll(t->first)];
	for (uint32_t i = 0; t->n && i < used_words(t->room); i++)
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

/* Room for this id in `low`, if it is one of those that go there. */
static int low_grow(struct idmap *m, uint32_t id)
{
	uint32_t n = m->n_low ? m->n_low : 4;
	while (n <= id)
		n *= 2;
	void **low = realloc(m->low, n * sizeof(*low));
	if (!low)
		return -ENOMEM;
	memset(low + m->n_low, 0, (n - m->n_low) * sizeof(*low));
	m->low = low;
	m->n_low = n;
	return 0;
}

int idmap_add(struct idmap *m, uint32_t id, void *value)
{
	int r = 0;
	if (id < IDMAP_LOW) {
		if (id >= m->n_low)
			r = low_grow(m, id);
		if (r < 0)
			return r;
		if (m->low[id])
			return -EEXIST;
		m->low[id] = value;
		m->n++;
		return 0;
	}
	if (m->n_high + 1 > m->room / 4 * 3)
		r = map_grow(m);
	if (r < 0)
		return r;
	uint32_t i = find(m, id);
	if (m->entries[i].value)
		return -EEXIST;
	m->entries[i] = (struct idmap_entry){.id = id, .value = value};
	m->n++;
	m->n_high++;
	return 0;
}

void *idmap_get_high(const struct idmap *m, uint32_t id)
{
	return m->n_high ? m->entries[find(m, id)].value : NULL;
}

static void remove_high(struct idmap *m, uint32_t id)
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
	m->n_high--;
}

void idmap_remove(struct idmap *m, uint32_t id)
{
	m->n--;
	if (id >= IDMAP_LOW) {
		remove_high(m, id);
		return;
	}
	assert(idmap_get(m, id));
	m->low[id] = NULL;
}

/* The cursor counts the low ids first, then goes round the hash table. */
void *idmap_any(const struct idmap *m, uint32_t *cursor)
{
	if (!m->n)
		return NULL;
	for (; *cursor < m->n_low; ++*cursor)
		if (m->low[*cursor])
			return m->low[*cursor];
	if (!m->n_high) {
		*cursor = 0;
		return idmap_any(m, cursor);
	}
	uint32_t i = (*cursor - m->n_low) & (m->room - 1);
	while (!m->entries[i].value)
		i = (i + 1) & (m->room - 1);
	*cursor = m->n_low + i;
	return m->entries[i].value;
}

void idmap_done(struct idmap *m)
{
	free(m->low);
	free(m->entries);
	*m = (struct idmap){0};
}
