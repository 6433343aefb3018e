/* SPDX-License-Identifier: MIT */
/* See arena.h. */
#include "vat/cap/arena.h"
#include "vat/cap/pool.h"

/* Words of the first segment. */
static const uint32_t sizes[ARENA_SIZES] = {64, 160, 320, 640, 1280, 2560, 5120};

enum { SMALLER_IN_A_ROW = 64 };

void arenas_init(struct arenas *a)
{
	*a = (struct arenas){.max_bytes = POOL_KEEP ? ARENA_BYTES : 0};
}

/* ARENA_SIZES: larger than all. */
static unsigned size_for(size_t words)
{
	unsigned i = 0;
	while (i < ARENA_SIZES && sizes[i] < words)
		i++;
	return i;
}

static size_t bytes_of(const struct vat_message *m)
{
	return sizeof(*m) + (size_t)m->first_words * 8;
}

static struct vat_message *pop(struct arenas *a, unsigned size)
{
	struct vat_message *m = a->free[size];
	if (!m)
		return NULL;
	ASAN_UNPOISON_MEMORY_REGION(m, bytes_of(m));
	a->free[size] = m->backing;
	m->backing = NULL;
	a->bytes -= bytes_of(m);
	return m;
}

struct vat_message *arena_get(struct arenas *a, unsigned kind, size_t words, size_t max_words)
{
	unsigned size = words ? size_for(words) : a->usual[kind].size;
	if (size == ARENA_SIZES)
		return vat_message_new(words, max_words);
	struct vat_message *m = pop(a, size);
	if (!m)
		return vat_message_new(sizes[size], max_words);
	if (max_words)
		vat_message_reset(m, max_words);
	return m;
}

void arena_put(struct arenas *a, struct vat_message *m)
{
	unsigned size = size_for(m->first_words);
	bool odd = size == ARENA_SIZES || sizes[size] != m->first_words ||
		   m->segs != m->inline_segs || m->caps != m->inline_caps;
	if (odd || a->bytes + bytes_of(m) > a->max_bytes) {
		vat_message_free(m);
		return;
	}
	vat_message_reset(m, 0);
	m->backing = a->free[size];
	a->free[size] = m;
	a->bytes += bytes_of(m);
	ASAN_POISON_MEMORY_REGION(m + 1, (size_t)m->first_words * 8);
}

void arena_learn(struct arenas *a, unsigned kind, const struct vat_message *m)
{
	unsigned now = a->usual[kind].size;
	if (!now && m->n_segs == 1)
		return; /* small, as usual */
	unsigned size = MIN(size_for(vat_message_words(m)), (unsigned)ARENA_SIZES - 1);
	if (size >= now) {
		a->usual[kind].size = (uint8_t)size;
		a->usual[kind].smaller = 0;
	} else if (++a->usual[kind].smaller == SMALLER_IN_A_ROW) {
		a->usual[kind].size--;
		a->usual[kind].smaller = 0;
	}
}

void arenas_done(struct arenas *a)
{
	a->max_bytes = 0;
	for (unsigned i = 0; i < ARENA_SIZES; i++) {
		struct vat_message *m;
		while ((m = pop(a, i)))
			vat_message_free(m);
	}
}
