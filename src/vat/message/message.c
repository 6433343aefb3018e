/* SPDX-License-Identifier: MIT */
/*
 * The life of a message: arenas and views, framing, the capability table.
 *
 * Frame (capnproto.org/encoding.html#serialization-over-a-stream): u32 number of segments - 1, u32
 * size in words of each, padding to 8 bytes, the segments.  All counting is done in 64 bits and
 * compared with the limits before anything is allocated.
 */
#include "vat/message/message-internal.h"

/* An empty message. The inline arrays stay as they are: the counts tell what of them is in use.
 * Member by member, as this is done for every message and compilers make something slower of
 * memset. */
static void message_init(struct vat_message *m)
{
	m->segs = m->inline_segs;
	m->budget = 0;
	m->n_segs = 0;
	m->segs_room = VAT_INLINE_SEGMENTS;
	m->caps = m->inline_caps;
	m->n_caps = 0;
	m->caps_room = VAT_INLINE_CAPS;
	m->error = 0;
	m->nesting = 0;
	m->arena = m->heap = false;
	m->words = m->max_words = 0;
	m->first_words = 0;
	m->reserved[0] = m->reserved[1] = m->reserved[2] = 0;
	m->backing = NULL;
	m->frame = m->inline_frame;
}

static uint64_t arena_limit(size_t max_words)
{
	return max_words ? MIN(max_words, (size_t)VAT_MAX_COUNT) : VAT_DEFAULT_WORDS;
}

/* An arena whose first segment is at `words`, zeroed already. */
static void arena_init(struct vat_message *m, void *words, uint32_t n_words, uint64_t limit)
{
	message_init(m);
	m->arena = true;
	m->max_words = limit;
	m->words = m->first_words = n_words;
	m->budget = UINT64_MAX;
	m->nesting = VAT_MAX_NESTING;
	m->n_segs = 1;
	/* The root pointer is there from the start. */
	m->segs[0] = (struct vat_segment){.base = words, .used = 1, .size = n_words};
}

void vat_message_init(struct vat_message *m, uint64_t *words, size_t n_words, size_t max_words)
{
	assert(n_words && n_words <= VAT_MAX_COUNT);
	memset(words, 0, n_words * 8);
	arena_init(m, words, (uint32_t)n_words, MAX(arena_limit(max_words), n_words));
}

struct vat_message *vat_message_new(size_t first_words, size_t max_words)
{
	uint64_t limit = arena_limit(max_words);
	if (!first_words)
		first_words = 128;
	first_words = MIN(first_words, limit);
	struct vat_message *m = calloc(1, sizeof(*m) + first_words * 8);
	if (!m)
		return NULL;
	arena_init(m, m + 1, (uint32_t)first_words, limit);
	m->heap = true;
	return m;
}

static struct vat_read_limits limits_or_default(const struct vat_read_limits *l)
{
	struct vat_read_limits r = l ? *l : (struct vat_read_limits){0};
	if (!r.traversal_words)
		r.traversal_words = VAT_DEFAULT_WORDS;
	if (!r.nesting)
		r.nesting = VAT_DEFAULT_NESTING;
	r.nesting = MIN(r.nesting, (uint32_t)VAT_MAX_NESTING);
	if (!r.segments)
		r.segments = VAT_DEFAULT_SEGMENTS;
	r.segments = MIN(r.segments, (uint32_t)VAT_MAX_SEGMENTS);
	return r;
}

/* An empty view with room for n segments. */
static int view_init(struct vat_message *m, size_t n, const struct vat_read_limits *limits)
{
	message_init(m);
	m->budget = limits->traversal_words;
	m->nesting = (uint16_t)limits->nesting;
	if (n > m->segs_room) {
		struct vat_segment *segs = calloc(n, sizeof(*segs));
		if (!segs)
			return -ENOMEM;
		m->segs = segs;
		m->segs_room = (uint32_t)n;
	}
	return 0;
}

static void view_add(struct vat_message *m, const void *base, uint32_t words)
{
	/* Never written through: `arena` is false. */
	m->segs[m->n_segs++] =
		(struct vat_segment){.base = (uint8_t *)base, .used = words, .size = words};
}

int vat_message_view_into(struct vat_message *m, const void *const *bases, const uint32_t *sizes,
	size_t n, const struct vat_read_limits *limits)
{
	struct vat_read_limits l = limits_or_default(limits);
	if (!n || n > l.segments)
		return -EINVAL;
	for (size_t i = 0; i < n; i++)
		if ((uintptr_t)bases[i] % 8)
			return -EINVAL;
	int r = view_init(m, n, &l);
	if (r < 0)
		return r;
	for (size_t i = 0; i < n; i++)
		view_add(m, bases[i], sizes[i]);
	return 0;
}

int vat_message_view(const void *const *bases, const uint32_t *sizes, size_t n,
	const struct vat_read_limits *limits, struct vat_message **ret)
{
	AUTO_FREE struct vat_message *m = malloc(sizeof(*m));
	if (!m)
		return -ENOMEM;
	int r = vat_message_view_into(m, bases, sizes, n, limits);
	if (r < 0)
		return r;
	m->heap = true;
	*ret = TAKE_PTR(m);
	return 0;
}

static uint32_t load32(const void *at)
{
	uint32_t v;
	memcpy(&v, at, sizeof(v));
	return v;
}

static inline size_t header_bytes(uint64_t n_segs)
{
	return (size_t)((4 * (n_segs + 1) + 7) & ~UINT64_C(7));
}

static size_t frame_size(const void *data, size_t size, const struct vat_read_limits *l)
{
	if (size < 4)
		return 0;
	uint64_t n = (uint64_t)load32(data) + 1;
	if (n > l->segments)
		return SIZE_MAX;
	if (size < 4 * (n + 1))
		return 0;
	uint64_t words = 0;
	for (size_t i = 1; i <= n; i++)
		words += load32((const uint8_t *)data + 4 * i);
	if (words > l->traversal_words)
		return SIZE_MAX;
	return header_bytes(n) + words * 8;
}

size_t vat_frame_size(const void *data, size_t size, const struct vat_read_limits *limits)
{
	struct vat_read_limits l = limits_or_default(limits);
	return frame_size(data, size, &l);
}

int vat_message_parse_into(struct vat_message *m, const void *data, size_t size,
	const struct vat_read_limits *limits, size_t *ret_used)
{
	struct vat_read_limits l = limits_or_default(limits);
	size_t whole = frame_size(data, size, &l);
	if (whole == SIZE_MAX)
		return -EBADMSG;
	if (!whole || whole > size)
		return -EAGAIN;
	AUTO_FREE void *copy = NULL;
	if ((uintptr_t)data % 8) {
		copy = malloc(whole);
		if (!copy)
			return -ENOMEM;
		data = memcpy(copy, data, whole);
	}
	uint32_t n = load32(data) + 1;
	int r = view_init(m, n, &l);
	if (r < 0)
		return r;
	m->backing = TAKE_PTR(copy);
	const uint8_t *at = (const uint8_t *)data + header_bytes(n);
	for (size_t i = 1; i <= n; i++) {
		uint32_t words = load32((const uint8_t *)data + 4 * i);
		view_add(m, at, words);
		at += (size_t)words * 8;
	}
	*ret_used = whole;
	return 0;
}

int vat_message_parse(const void *data, size_t size, const struct vat_read_limits *limits,
	struct vat_message **ret, size_t *ret_used)
{
	AUTO_FREE struct vat_message *m = malloc(sizeof(*m));
	if (!m)
		return -ENOMEM;
	int r = vat_message_parse_into(m, data, size, limits, ret_used);
	if (r < 0)
		return r;
	m->heap = true;
	*ret = TAKE_PTR(m);
	return 0;
}

static void drop_caps(struct vat_message *m)
{
	for (uint32_t i = 0; i < m->n_caps; i++)
		vat_cap_unref(m->caps[i]);
	m->n_caps = 0;
}

/* Frees what did not fit into the struct. */
static void free_blocks(struct vat_message *m)
{
	if (m->caps != m->inline_caps)
		free(m->caps);
	/* An arena's first segment lies behind the struct, or is the caller's. */
	if (m->arena)
		for (uint32_t i = 1; i < m->n_segs; i++)
			free(m->segs[i].base);
	if (m->segs != m->inline_segs)
		free(m->segs);
	if (m->frame != m->inline_frame)
		free(m->frame);
	free(m->backing);
}

void vat_message_done(struct vat_message *m)
{
	drop_caps(m);
	free_blocks(m);
	message_init(m);
}

void vat_message_free(struct vat_message *m)
{
	if (!m)
		return;
	assert(m->heap);
	vat_message_done(m);
	free(m);
}

int vat_message_keep(struct vat_message *m)
{
	if (m->arena || m->backing)
		return 0;
	size_t words = vat_message_words(m);
	uint8_t *copy = malloc(words ? words * 8 : 1);
	if (!copy)
		return -ENOMEM;
	m->backing = copy;
	for (uint32_t i = 0; i < m->n_segs; i++) {
		size_t n = (size_t)m->segs[i].used * 8;
		if (n)
			memcpy(copy, m->segs[i].base, n);
		m->segs[i].base = copy;
		copy += n;
	}
	return 0;
}

struct vat_message *vat_message_move(struct vat_message *m)
{
	assert(!m->arena && !m->heap);
	struct vat_message *to = malloc(sizeof(*to));
	if (!to)
		return NULL;
	if (vat_message_keep(m) < 0) {
		free(to);
		return NULL;
	}
	*to = *m;
	if (m->segs == m->inline_segs)
		to->segs = to->inline_segs;
	if (m->caps == m->inline_caps)
		to->caps = to->inline_caps;
	if (m->frame == m->inline_frame)
		to->frame = to->inline_frame;
	to->heap = true;
	message_init(m);
	return to;
}

void vat_message_reset(struct vat_message *m, size_t max_words)
{
	assert(m->arena);
	drop_caps(m);
	for (uint32_t i = 1; i < m->n_segs; i++)
		free(m->segs[i].base);
	m->n_segs = 1;
	m->words = m->first_words;
	m->max_words = MAX(arena_limit(max_words), m->words);
	m->error = 0;
	memset(m->segs[0].base, 0, (size_t)m->segs[0].used * 8);
	m->segs[0].used = 1;
}

int vat_message_error(const struct vat_message *m)
{
	return m->error;
}

size_t vat_message_segments(const struct vat_message *m)
{
	return m->n_segs;
}

size_t vat_message_words(const struct vat_message *m)
{
	size_t words = 0;
	for (uint32_t i = 0; i < m->n_segs; i++)
		words += m->segs[i].used;
	return words;
}

static void store32(uint8_t *at, uint32_t v)
{
	memcpy(at, &v, sizeof(v));
}

/* m->segs[] as a segment table; `to` holds header_bytes(m->n_segs), of any alignment. */
static void write_header(const struct vat_message *m, void *to)
{
	uint8_t *at = to;
	store32(at, m->n_segs - 1);
	for (uint32_t i = 0; i < m->n_segs; i++)
		store32(at += 4, m->segs[i].used);
	if (m->n_segs % 2 == 0)
		store32(at + 4, 0);
}

int vat_message_iov(struct vat_message *m, struct iovec *iov, size_t n)
{
	if (n < (size_t)m->n_segs + 1)
		return -ENOBUFS;
	size_t header = header_bytes(m->n_segs);
	if (header > sizeof(m->inline_frame)) {
		uint32_t *frame = realloc(m->frame == m->inline_frame ? NULL : m->frame, header);
		if (!frame)
			return -ENOMEM;
		m->frame = frame;
	}
	write_header(m, m->frame);
	iov[0] = (struct iovec){.iov_base = m->frame, .iov_len = header};
	for (uint32_t i = 0; i < m->n_segs; i++)
		iov[i + 1] = (struct iovec){
			.iov_base = m->segs[i].base, .iov_len = (size_t)m->segs[i].used * 8};
	return (int)m->n_segs + 1;
}

size_t vat_message_flat_size(const struct vat_message *m)
{
	return header_bytes(m->n_segs) + vat_message_words(m) * 8;
}

size_t vat_message_flatten_into(const struct vat_message *m, void *to, size_t room)
{
	size_t size = vat_message_flat_size(m);
	if (size > room)
		return 0;
	write_header(m, to);
	uint8_t *at = (uint8_t *)to + header_bytes(m->n_segs);
	for (uint32_t i = 0; i < m->n_segs; i++) {
		size_t n = (size_t)m->segs[i].used * 8;
		if (n)
			memcpy(at, m->segs[i].base, n);
		at += n;
	}
	return size;
}

void *vat_message_flatten(struct vat_message *m, size_t *ret_size)
{
	size_t size = vat_message_flat_size(m);
	void *to = malloc(size);
	if (!to)
		return NULL;
	*ret_size = vat_message_flatten_into(m, to, size);
	return to;
}

static int grow_caps(struct vat_message *m)
{
	uint32_t room = m->caps_room * 2;
	bool inl = m->caps == m->inline_caps;
	if (room > VAT_MAX_CAPS)
		return -ENOMEM;
	struct vat_cap **caps = realloc(inl ? NULL : m->caps, room * sizeof(struct vat_cap *));
	if (!caps)
		return -ENOMEM;
	if (inl)
		memcpy(caps, m->inline_caps, sizeof(m->inline_caps));
	m->caps = caps;
	m->caps_room = room;
	return 0;
}

int vat_message_add_cap(struct vat_message *m, struct vat_cap *takes)
{
	if (m->n_caps == m->caps_room && grow_caps(m) < 0) {
		vat_cap_unref(takes);
		return -ENOMEM;
	}
	m->caps[m->n_caps] = takes;
	return (int)m->n_caps++;
}

struct vat_cap *vat_message_cap(const struct vat_message *m, uint32_t index)
{
	return index < m->n_caps ? m->caps[index] : NULL;
}

uint32_t vat_message_n_caps(const struct vat_message *m)
{
	return m->n_caps;
}

void vat_message_set_cap(struct vat_message *m, uint32_t index, struct vat_cap *takes)
{
	assert(index < m->n_caps);
	vat_cap_unref(m->caps[index]);
	m->caps[index] = takes;
}
