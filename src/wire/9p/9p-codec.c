/* SPDX-License-Identifier: MIT */
/*
 * Theory of operation: every message type has a list of fields (9p-layout.h).  Decoding and
 * encoding walk that list with a cursor that goes bad once and stays bad, so that bounds are
 * checked in one place (take, room) and nowhere else.
 */
#include "wire/9p/9p-layout.h"

#include <endian.h>
#include <limits.h>

/* --- little-endian loads and stores --- */

static uint64_t load(const uint8_t *p, size_t n)
{
	uint64_t v = 0;
	memcpy(&v, p, n);
	return le64toh(v);
}

static void store(uint8_t *p, size_t n, uint64_t v)
{
	v = htole64(v);
	memcpy(p, &v, n);
}

/* --- decoding --- */

struct reader {
	const uint8_t *p;
	size_t left;
	size_t outside; /* bytes of the frame that follow elsewhere (p9_decode_head) */
	bool bad;
};

/* The next n bytes, or NULL once and for ever when there are not so many. */
static const uint8_t *take(struct reader *r, size_t n)
{
	if (r->bad || r->left < n) {
		r->bad = true;
		return NULL;
	}
	const uint8_t *p = r->p;
	r->p += n;
	r->left -= n;
	return p;
}

static uint64_t take_int(struct reader *r, size_t n)
{
	const uint8_t *p = take(r, n);
	return p ? load(p, n) : 0;
}

static struct p9_str take_str(struct reader *r)
{
	uint16_t len = (uint16_t)take_int(r, 2);
	const uint8_t *p = take(r, len);
	return (struct p9_str){.s = (const char *)p, .len = p ? len : 0};
}

static struct p9_qid take_qid(struct reader *r)
{
	struct p9_qid q;
	q.type = (uint8_t)take_int(r, 1);
	q.version = (uint32_t)take_int(r, 4);
	q.path = take_int(r, 8);
	return q;
}

static struct p9_data take_data(struct reader *r)
{
	uint32_t len = (uint32_t)take_int(r, 4);
	if (!r->bad && r->outside && !r->left) {
		r->bad = len != r->outside;
		r->outside = 0;
		return (struct p9_data){.len = len};
	}
	const uint8_t *p = take(r, len);
	return (struct p9_data){.p = p, .len = p ? len : 0};
}

static void take_names(struct reader *r, struct p9_msg *m)
{
	uint16_t n = (uint16_t)take_int(r, 2);
	if (n > P9_MAX_WALK)
		r->bad = true;
	for (uint16_t i = 0; i < n && !r->bad; i++)
		m->twalk.wname[i] = take_str(r);
	m->twalk.nwname = r->bad ? 0 : n;
}

static void take_qids(struct reader *r, struct p9_msg *m)
{
	uint16_t n = (uint16_t)take_int(r, 2);
	if (n > P9_MAX_WALK)
		r->bad = true;
	for (uint16_t i = 0; i < n && !r->bad; i++)
		m->rwalk.wqid[i] = take_qid(r);
	m->rwalk.nwqid = r->bad ? 0 : n;
}

static void take_attr(struct reader *r, struct p9_attr *a)
{
	struct reader at = {.p = take(r, P9_ATTR_SIZE), .left = P9_ATTR_SIZE};
	if (!at.p)
		return;
	for (size_t i = 0; i < P9_N_ATTR_FIELDS; i++) {
		void *to = (char *)a + p9_attr_fields[i].at;
		if (p9_attr_fields[i].kind == QID)
			*(struct p9_qid *)to = take_qid(&at);
		else if (p9_attr_fields[i].kind == U32)
			*(uint32_t *)to = (uint32_t)take_int(&at, 4);
		else
			*(uint64_t *)to = take_int(&at, 8);
	}
}

static void take_field(struct reader *r, const struct p9_field *f, struct p9_msg *m)
{
	void *at = (char *)m + f->at;
	switch ((enum p9_kind)f->kind) {
	case U8:
		*(uint8_t *)at = (uint8_t)take_int(r, 1);
		break;
	case U16:
		*(uint16_t *)at = (uint16_t)take_int(r, 2);
		break;
	case U32:
		*(uint32_t *)at = (uint32_t)take_int(r, 4);
		break;
	case U64:
		*(uint64_t *)at = take_int(r, 8);
		break;
	case STR:
		*(struct p9_str *)at = take_str(r);
		break;
	case QID:
		*(struct p9_qid *)at = take_qid(r);
		break;
	case ATTR:
		take_attr(r, at);
		break;
	case NAMES:
		take_names(r, m);
		break;
	case QIDS:
		take_qids(r, m);
		break;
	case DATA:
		*(struct p9_data *)at = take_data(r);
		break;
	}
}

int p9_frame_size(const void *buf, size_t len, uint32_t max)
{
	if (len < 4)
		return 0;
	uint64_t size = load(buf, 4);
	if (size < P9_HEADER)
		return -EBADMSG;
	if (size > max || size > INT_MAX)
		return -EMSGSIZE;
	return (int)size;
}

uint8_t p9_frame_type(const void *frame)
{
	return ((const uint8_t *)frame)[4];
}

uint16_t p9_frame_tag(const void *frame)
{
	return (uint16_t)load((const uint8_t *)frame + 5, 2);
}

/* A request wrapped in Tonce. Replies are not, nor is Tonce itself. */
static void take_once(struct reader *r, struct p9_msg *m)
{
	m->once.slot = (uint16_t)take_int(r, 2);
	m->once.seq = (uint32_t)take_int(r, 4);
	m->type = (uint8_t)take_int(r, 1);
	if (m->once.slot >= P9_ONCE_SLOTS || !m->once.seq || m->type & 1)
		r->bad = true;
}

static int decode(struct reader *r, struct p9_msg *m)
{
	m->once = (struct p9_once){};
	if (m->type == P9_Tonce)
		take_once(r, m);
	if (r->bad)
		return -EBADMSG;
	const struct p9_layout *l = &p9_layouts[m->type];
	if (!l->name)
		return -EOPNOTSUPP;
	for (size_t i = 0; i < l->n_fields; i++)
		take_field(r, &l->fields[i], m);
	return r->bad || r->left || r->outside ? -EBADMSG : 0;
}

static void decode_header(const void *frame, struct p9_msg *ret)
{
	ret->type = p9_frame_type(frame);
	ret->tag = p9_frame_tag(frame);
}

int p9_decode(const void *frame, size_t len, struct p9_msg *ret)
{
	if (len < P9_HEADER)
		return -EBADMSG;
	decode_header(frame, ret);
	if (load(frame, 4) != len)
		return -EBADMSG;
	struct reader r = {.p = (const uint8_t *)frame + P9_HEADER, .left = len - P9_HEADER};
	return decode(&r, ret);
}

int p9_decode_head(const void *frame, size_t len, struct p9_msg *ret)
{
	if (len < P9_HEADER)
		return -EBADMSG;
	decode_header(frame, ret);
	uint64_t size = load(frame, 4);
	if (size < len)
		return -EBADMSG;
	struct reader r = {.p = (const uint8_t *)frame + P9_HEADER,
		.left = len - P9_HEADER,
		.outside = size - len};
	return decode(&r, ret);
}

/* --- encoding --- */

struct writer {
	uint8_t *p;
	size_t left;
	size_t outside; /* payload bytes that are counted but not written */
	bool head_only;
	int error;
};

static uint8_t *room(struct writer *w, size_t n)
{
	if (w->error || w->left < n) {
		if (!w->error)
			w->error = -EMSGSIZE;
		return NULL;
	}
	uint8_t *p = w->p;
	w->p += n;
	w->left -= n;
	return p;
}

static void put_int(struct writer *w, size_t n, uint64_t v)
{
	uint8_t *p = room(w, n);
	if (p)
		store(p, n, v);
}

static void put_bytes(struct writer *w, const void *bytes, size_t n)
{
	uint8_t *p = room(w, n);
	if (p && n)
		memcpy(p, bytes, n);
}

static void put_str(struct writer *w, const struct p9_str *s)
{
	put_int(w, 2, s->len);
	put_bytes(w, s->s, s->len);
}

static void put_qid(struct writer *w, const struct p9_qid *q)
{
	put_int(w, 1, q->type);
	put_int(w, 4, q->version);
	put_int(w, 8, q->path);
}

static void put_data(struct writer *w, const struct p9_data *d)
{
	put_int(w, 4, d->len);
	if (w->head_only)
		w->outside = d->len;
	else
		put_bytes(w, d->p, d->len);
}

static void put_names(struct writer *w, const struct p9_msg *m)
{
	uint16_t n = m->twalk.nwname;
	if (n > P9_MAX_WALK)
		w->error = -EINVAL;
	put_int(w, 2, n);
	for (uint16_t i = 0; i < n && !w->error; i++)
		put_str(w, &m->twalk.wname[i]);
}

static void put_qids(struct writer *w, const struct p9_msg *m)
{
	uint16_t n = m->rwalk.nwqid;
	if (n > P9_MAX_WALK)
		w->error = -EINVAL;
	put_int(w, 2, n);
	for (uint16_t i = 0; i < n && !w->error; i++)
		put_qid(w, &m->rwalk.wqid[i]);
}

static void put_attr(struct writer *w, const struct p9_attr *a)
{
	for (size_t i = 0; i < P9_N_ATTR_FIELDS; i++) {
		const void *from = (const char *)a + p9_attr_fields[i].at;
		if (p9_attr_fields[i].kind == QID)
			put_qid(w, from);
		else if (p9_attr_fields[i].kind == U32)
			put_int(w, 4, *(const uint32_t *)from);
		else
			put_int(w, 8, *(const uint64_t *)from);
	}
}

static void put_field(struct writer *w, const struct p9_field *f, const struct p9_msg *m)
{
	const void *at = (const char *)m + f->at;
	switch ((enum p9_kind)f->kind) {
	case U8:
		put_int(w, 1, *(const uint8_t *)at);
		break;
	case U16:
		put_int(w, 2, *(const uint16_t *)at);
		break;
	case U32:
		put_int(w, 4, *(const uint32_t *)at);
		break;
	case U64:
		put_int(w, 8, *(const uint64_t *)at);
		break;
	case STR:
		put_str(w, at);
		break;
	case QID:
		put_qid(w, at);
		break;
	case ATTR:
		put_attr(w, at);
		break;
	case NAMES:
		put_names(w, m);
		break;
	case QIDS:
		put_qids(w, m);
		break;
	case DATA:
		put_data(w, at);
		break;
	}
}

/* Returns the bytes written, the size field holds those and the ones left outside. */
static int encode(const struct p9_msg *m, void *buf, size_t cap, bool head_only)
{
	const struct p9_layout *l = &p9_layouts[m->type];
	struct writer w = {.p = buf, .left = cap, .head_only = head_only};
	if (!l->name)
		return -EINVAL;
	bool once = m->once.seq && !(m->type & 1);
	put_int(&w, 4, 0);
	put_int(&w, 1, once ? P9_Tonce : m->type);
	put_int(&w, 2, m->tag);
	if (once) {
		if (m->once.slot >= P9_ONCE_SLOTS)
			w.error = -EINVAL;
		put_int(&w, 2, m->once.slot);
		put_int(&w, 4, m->once.seq);
		put_int(&w, 1, m->type);
	}
	for (size_t i = 0; i < l->n_fields; i++)
		put_field(&w, &l->fields[i], m);
	if (w.error)
		return w.error;
	size_t written = cap - w.left;
	if (written + w.outside > INT_MAX)
		return -EMSGSIZE;
	store(buf, 4, written + w.outside);
	return (int)written;
}

int p9_encode(const struct p9_msg *m, void *buf, size_t cap)
{
	return encode(m, buf, cap, false);
}

int p9_encode_head(const struct p9_msg *m, void *buf, size_t cap)
{
	return encode(m, buf, cap, true);
}

/* --- directory entries and names --- */

int p9_dirent_encode(const struct p9_dirent *d, void *buf, size_t cap)
{
	struct writer w = {.p = buf, .left = cap};
	put_qid(&w, &d->qid);
	put_int(&w, 8, d->offset);
	put_int(&w, 1, d->type);
	put_str(&w, &d->name);
	return w.error ? w.error : (int)(cap - w.left);
}

int p9_dirent_decode(const void *buf, size_t len, struct p9_dirent *ret)
{
	struct reader r = {.p = buf, .left = len};
	struct p9_dirent d;
	if (!len)
		return 0;
	d.qid = take_qid(&r);
	d.offset = take_int(&r, 8);
	d.type = (uint8_t)take_int(&r, 1);
	d.name = take_str(&r);
	if (r.bad)
		return -EBADMSG;
	*ret = d;
	return (int)(len - r.left);
}

int p9_direntplus_encode(const struct p9_direntplus *d, void *buf, size_t cap)
{
	struct writer w = {.p = buf, .left = cap};
	put_int(&w, 8, d->offset);
	put_int(&w, 1, d->type);
	put_str(&w, &d->name);
	put_attr(&w, &d->attr);
	return w.error ? w.error : (int)(cap - w.left);
}

int p9_direntplus_decode(const void *buf, size_t len, struct p9_direntplus *ret)
{
	struct reader r = {.p = buf, .left = len};
	struct p9_direntplus d = {};
	if (!len)
		return 0;
	d.offset = take_int(&r, 8);
	d.type = (uint8_t)take_int(&r, 1);
	d.name = take_str(&r);
	take_attr(&r, &d.attr);
	if (r.bad)
		return -EBADMSG;
	*ret = d;
	return (int)(len - r.left);
}

int p9_event_encode(const struct p9_event *e, void *buf, size_t cap)
{
	struct writer w = {.p = buf, .left = cap};
	put_int(&w, 1, e->type);
	put_int(&w, 8, e->path);
	put_str(&w, &e->name);
	return w.error ? w.error : (int)(cap - w.left);
}

int p9_event_decode(const void *buf, size_t len, struct p9_event *ret)
{
	struct reader r = {.p = buf, .left = len};
	struct p9_event e = {};
	if (!len)
		return 0;
	e.type = (uint8_t)take_int(&r, 1);
	e.path = take_int(&r, 8);
	e.name = take_str(&r);
	if (r.bad || e.type < P9_EVENT_ENTRY || e.type > P9_EVENT_ALL)
		return -EBADMSG;
	*ret = e;
	return (int)(len - r.left);
}

bool p9_name_valid(struct p9_str name)
{
	if (name.len < 1 || name.len > P9_MAX_NAME)
		return false;
	if (memchr(name.s, '/', name.len) || memchr(name.s, 0, name.len))
		return false;
	return !p9_str_eq(name, ".") && !p9_str_eq(name, "..");
}
