/* SPDX-License-Identifier: MIT */
/*
 * Theory of operation: a slot per tag, the tag being the slot's index.  A slot goes
 *
 *	FREE -> SENT -> FREE                      answered
 *	        SENT -> FLUSHING -> FREE          Rflush came first: -EINTR
 *	                FLUSHING -> ANSWERED -> FREE  the answer came first; the tag stays taken
 *until Rflush, since the server may still look for it
 *
 * Tflush and Tclunk that the client makes by itself have slots as well, from a part of the tag
 *space that ordinary requests cannot use up: a request in flight has at most one Tflush, a fid at
 *most one Tclunk, so 2 * requests + fids tags always suffice and cleaning up never fails.
 *
 * Input collects in one buffer of msize bytes and a bit, so that many small replies come with one
 * read; messages are handled where they lie.
 */
#include "wire/9p/client.h"

enum { IN_SLACK = 64 * 1024, OUT_START = 64 * 1024, SMALL_MESSAGE = 1024, NO_SLOT = 0xffff };

enum slot_state { FREE, SENT, FLUSHING, ANSWERED };

struct slot {
	p9_reply_fn fn;
	void *user;
	uint64_t limit; /* most data, bytes or qids the reply may carry */
	uint32_t fid; /* Tclunk of our own: the number to drop */
	uint16_t other; /* of a Tflush: the slot it is about; of a free one: the next */
	uint8_t type;
	uint8_t state;
	bool own; /* made by the client itself */
};

enum client_state { NEW, ASKED, READY, FAILED };

struct p9_client {
	struct p9_client_config config;
	enum client_state state;
	bool feeding; /* inside input: buffers must stay where they are */
	bool metac; /* offered (ASKED), agreed on (READY) */
	int error; /* FAILED: what requests answer */
	uint32_t msize;

	struct slot *slots;
	uint32_t n_slots, cap_slots;
	uint16_t free_slot;
	uint32_t in_flight, n_requests;

	uint32_t *free_fids; /* numbers handed back, a stack */
	uint32_t n_free_fids, next_fid, n_fids;

	uint8_t *in;
	size_t in_cap, in_start, in_end;
	uint8_t *out;
	size_t out_cap, out_start, out_end;
	bool urgent; /* something in it that is waited for */
};

int p9_client_new(const struct p9_client_config *config, struct p9_client **ret)
{
	struct p9_client_config k = config ? *config : (struct p9_client_config){};
	k.msize = k.msize ? k.msize : P9_MAX_MSIZE;
	k.max_requests = k.max_requests ? k.max_requests : 1024;
	k.max_fids = k.max_fids ? k.max_fids : 16384;
	k.max_output = k.max_output ? k.max_output : 16 * 1024 * 1024;
	if (k.msize < P9_MIN_MSIZE || k.msize > P9_MAX_MSIZE ||
		k.max_requests > P9_CLIENT_MAX_REQUESTS || k.max_fids > P9_CLIENT_MAX_FIDS)
		return -EINVAL;

	AUTO(p9_client_free) struct p9_client *c = calloc(1, sizeof(*c));
	if (!c)
		return -ENOMEM;
	c->config = k;
	c->free_slot = NO_SLOT;
	c->in_cap = k.msize + IN_SLACK;
	c->in = malloc(c->in_cap);
	c->free_fids = calloc(k.max_fids, sizeof(*c->free_fids));
	if (!c->in || !c->free_fids)
		return -ENOMEM;
	*ret = TAKE_PTR(c);
	return 0;
}

void p9_client_free(struct p9_client *c)
{
	if (!c)
		return;
	p9_client_fail(c, -ENOTCONN);
	free(c->slots);
	free(c->free_fids);
	free(c->in);
	free(c->out);
	free(c);
}

/* ---- slots ---- */

static int slots_grow(struct p9_client *c)
{
	uint32_t most = 2 * c->config.max_requests + c->config.max_fids;
	uint32_t cap = c->cap_slots ? MIN(2 * c->cap_slots, most) : MIN(64u, most);
	if (cap == c->cap_slots)
		return -EAGAIN;
	struct slot *slots = realloc(c->slots, cap * sizeof(*slots));
	if (!slots)
		return -ENOMEM;
	c->slots = slots;
	c->cap_slots = cap;
	return 0;
}

static int slot_take(struct p9_client *c, uint16_t *ret)
{
	if (c->free_slot != NO_SLOT) {
		*ret = c->free_slot;
		c->free_slot = c->slots[c->free_slot].other;
	} else {
		if (c->n_slots == c->cap_slots) {
			int r = slots_grow(c);
			if (r < 0)
				return r;
		}
		*ret = (uint16_t)c->n_slots++;
	}
	c->slots[*ret] = (struct slot){.state = SENT, .fid = P9_NOFID, .other = NO_SLOT};
	c->in_flight++;
	return 0;
}

static void slot_release(struct p9_client *c, uint16_t tag)
{
	struct slot *s = &c->slots[tag];
	assert(s->state != FREE);
	if (!s->own)
		c->n_requests--;
	*s = (struct slot){.state = FREE, .other = c->free_slot};
	c->free_slot = tag;
	c->in_flight--;
}

/* ---- output ---- */

/* Room for n more bytes at the end. */
static int output_reserve(struct p9_client *c, size_t n)
{
	if (c->out_start == c->out_end)
		c->out_start = c->out_end = 0;
	if (c->out_cap - c->out_end >= n)
		return 0;
	if (c->out_start >= n && c->out_start >= c->out_end - c->out_start) {
		memcpy(c->out, c->out + c->out_start, c->out_end - c->out_start);
		c->out_end -= c->out_start;
		c->out_start = 0;
		return 0;
	}
	size_t cap = MAX(c->out_cap * 2, (size_t)OUT_START);
	while (cap - c->out_end < n)
		cap *= 2;
	uint8_t *out = realloc(c->out, cap);
	if (!out)
		return -ENOMEM;
	c->out = out;
	c->out_cap = cap;
	return 0;
}

static int output_message(struct p9_client *c, const struct p9_msg *m)
{
	size_t most = c->msize ? c->msize : P9_MIN_MSIZE;
	const struct p9_data *d = p9_payload(m);
	size_t room = SMALL_MESSAGE + (d ? (size_t)d->len : 0);
	for (room = MIN(room, most);; room = most) {
		int r = output_reserve(c, room);
		if (r < 0)
			return r;
		r = p9_encode(m, c->out + c->out_end, room);
		if (r > 0)
			c->out_end += (size_t)r;
		if (r != -EMSGSIZE || room == most)
			return r;
	}
}

void p9_client_output(struct p9_client *c, const void **ret_p, size_t *ret_n)
{
	*ret_p = c->out ? c->out + c->out_start : NULL;
	*ret_n = c->state == FAILED ? 0 : c->out_end - c->out_start;
}

void p9_client_output_done(struct p9_client *c, size_t n)
{
	if (c->state == FAILED)
		return;
	assert(n <= c->out_end - c->out_start);
	c->out_start += n;
	c->urgent &= c->out_start < c->out_end;
}

bool p9_client_output_can_wait(const struct p9_client *c)
{
	return !c->urgent;
}

/* ---- requests ---- */

/* What the reply may carry at most, as the request says it. */
static uint64_t reply_limit(const struct p9_msg *m)
{
	switch (m->type) {
	case P9_Tread:
	case P9_Treaddir:
		return m->tread.count;
	case P9_Topenat:
		return m->topenat.count;
	case P9_Treaddirplus:
		return m->treaddirplus.count;
	case P9_Tgetxattr:
		return m->tgetxattr.count;
	case P9_Tlistxattr:
		return m->tlistxattr.count;
	case P9_Tevents:
		return m->tevents.count;
	case P9_Tcopyrange:
		return m->tcopyrange.count;
	case P9_Twrite:
		return m->twrite.data.len;
	case P9_Twalk:
		return m->twalk.nwname;
	default:
		return 0;
	}
}

static int send_message(
	struct p9_client *c, const struct p9_msg *m, bool own, p9_reply_fn fn, void *user)
{
	uint16_t tag;
	int r = slot_take(c, &tag);
	if (r < 0)
		return r;
	struct slot *s = &c->slots[tag];
	s->own = own;
	s->fn = fn;
	s->user = user;
	s->type = m->type;
	s->limit = reply_limit(m);
	c->n_requests += !own;

	struct p9_msg copy = *m;
	copy.tag = m->type == P9_Tversion ? P9_NOTAG : tag;
	r = output_message(c, &copy);
	if (r < 0) {
		slot_release(c, tag);
		return r;
	}
	c->urgent |= m->type != P9_Tclunk;
	return tag;
}

/* Whether what is asked for can be answered in one message. */
static bool answer_fits(const struct p9_client *c, const struct p9_msg *m)
{
	switch (m->type) {
	case P9_Tread:
	case P9_Treaddir:
	case P9_Treaddirplus:
	case P9_Tgetxattr:
	case P9_Tlistxattr:
	case P9_Tevents:
		return reply_limit(m) <= p9_client_payload_max(c);
	case P9_Topenat:
		return m->topenat.count <= p9_client_openat_max(c);
	default:
		return true;
	}
}

int p9_client_request(struct p9_client *c, const struct p9_msg *m, p9_reply_fn fn, void *user)
{
	if (c->state != READY)
		return c->state == FAILED ? c->error : -ENOTCONN;
	if (c->n_requests >= c->config.max_requests ||
		c->out_end - c->out_start >= c->config.max_output)
		return -EAGAIN;
	if (!c->metac && (m->type >= P9_Tlookup || m->once.seq))
		return -EOPNOTSUPP;
	if (!answer_fits(c, m))
		return -EMSGSIZE;
	return send_message(c, m, false, fn, user);
}

static int ask_version(struct p9_client *c, bool metac, p9_reply_fn fn, void *user)
{
	struct p9_msg m = {.type = P9_Tversion,
		.tversion = {.msize = c->config.msize,
			.version = p9_str(metac ? P9_VERSION_METAC : P9_VERSION)}};
	int r = send_message(c, &m, false, fn, user);
	if (r < 0)
		return r;
	assert(r == 0); /* the first slot, which is where Rversion looks */
	c->metac = metac;
	c->state = ASKED;
	return 0;
}

int p9_client_start(struct p9_client *c, p9_reply_fn fn, void *user)
{
	if (c->state != NEW)
		return c->state == FAILED ? c->error : -EALREADY;
	return ask_version(c, !c->config.plain, fn, user);
}

int p9_client_flush(struct p9_client *c, uint16_t tag)
{
	if (c->state != READY)
		return c->state == FAILED ? c->error : -ENOTCONN;
	assert(tag < c->n_slots && c->slots[tag].state != FREE);
	if (c->slots[tag].state != SENT)
		return 0;
	struct p9_msg m = {.type = P9_Tflush, .tflush = {.oldtag = tag}};
	int r = send_message(c, &m, true, NULL, NULL);
	if (r < 0)
		return r;
	c->slots[r].other = tag;
	c->slots[tag].state = FLUSHING;
	return 0;
}

/* ---- fids ---- */

int p9_client_fid_new(struct p9_client *c, uint32_t *ret)
{
	if (c->state == FAILED)
		return c->error;
	if (c->n_fids >= c->config.max_fids)
		return -ENFILE;
	*ret = c->n_free_fids ? c->free_fids[--c->n_free_fids] : c->next_fid++;
	c->n_fids++;
	return 0;
}

void p9_client_fid_drop(struct p9_client *c, uint32_t fid)
{
	assert(fid < c->next_fid && c->n_fids > 0);
	c->free_fids[c->n_free_fids++] = fid;
	c->n_fids--;
}

void p9_client_hurry(struct p9_client *c)
{
	c->urgent |= c->out_start < c->out_end;
}

void p9_client_clunk(struct p9_client *c, uint32_t fid)
{
	if (c->state != READY) {
		p9_client_fid_drop(c, fid);
		return;
	}
	struct p9_msg m = {.type = P9_Tclunk, .tclunk = {.fid = fid}};
	int r = send_message(c, &m, true, NULL, NULL);
	if (r >= 0)
		c->slots[r].fid = fid;
	/* Out of memory: the server keeps the fid, so its number stays taken too. */
}

/* ---- replies ---- */

/* Whether the reply is one that this request can get. */
static bool reply_fits(const struct slot *s, const struct p9_msg *m)
{
	if (m->type == P9_Rlerror || m->type == P9_Rerror)
		return true;
	if (m->type != s->type + 1)
		return false;
	switch (m->type) {
	case P9_Rread:
	case P9_Rreaddir:
	case P9_Revents:
		return m->rread.data.len <= s->limit;
	case P9_Ropenat:
		return m->ropenat.data.len <= s->limit;
	case P9_Rreaddirplus:
		return m->rreaddirplus.data.len <= s->limit;
	case P9_Rgetxattr:
	case P9_Rlistxattr: /* either the size was asked for or the value */
		return m->rgetxattr.data.len <= s->limit &&
		       (s->limit == 0 || m->rgetxattr.data.len == m->rgetxattr.size);
	case P9_Rcopyrange:
		return m->rcopyrange.count <= s->limit;
	case P9_Rwrite:
		return m->rwrite.count <= s->limit;
	case P9_Rwalk: /* a walk that found nothing is an error, not an empty walk */
		return m->rwalk.nwqid <= s->limit && (m->rwalk.nwqid > 0 || s->limit == 0);
	default:
		return true;
	}
}

/* The server's word for what went wrong; what is no errno, or not for it to say, becomes EIO. */
static int reply_error(const struct p9_msg *m)
{
	if (m->type != P9_Rlerror)
		return m->type == P9_Rerror ? -EIO : 0;
	uint32_t e = m->rlerror.ecode;
	return e > 0 && e < 512 && e != ENOTCONN ? -(int)e : -EIO;
}

/* 0: agreed, and c->metac says on what; -EPROTONOSUPPORT: the server speaks something else. */
static int agree(struct p9_client *c, const struct p9_msg *m)
{
	if (reply_error(m))
		return -EPROTONOSUPPORT;
	if (m->type != P9_Rversion)
		return -EPROTO;
	bool metac = c->metac && p9_str_eq(m->rversion.version, P9_VERSION_METAC);
	if (!metac && !p9_str_eq(m->rversion.version, P9_VERSION))
		return -EPROTONOSUPPORT;
	if (m->rversion.msize < P9_MIN_MSIZE || m->rversion.msize > c->config.msize)
		return -EPROTO;
	c->metac = metac;
	return 0;
}

static int version_reply(struct p9_client *c, const struct p9_msg *m)
{
	if (c->state != ASKED)
		return -EPROTO;
	int r = agree(c, m);
	if (r == -EPROTO)
		return r;
	struct slot s = c->slots[0];
	slot_release(c, 0);
	if (r && c->metac)
		return ask_version(c, false, s.fn, s.user);
	if (!r) {
		c->msize = m->rversion.msize;
		c->state = READY;
	}
	s.fn(s.user, r, r ? NULL : m);
	return r;
}

static void flush_reply(struct p9_client *c, uint16_t tag, bool flushed)
{
	uint16_t old = c->slots[tag].other;
	slot_release(c, tag);
	struct slot s = c->slots[old];
	if (s.state == ANSWERED) {
		slot_release(c, old);
	} else if (flushed) {
		slot_release(c, old);
		s.fn(s.user, -EINTR, NULL);
	} else {
		c->slots[old].state = SENT;
	}
}

static int reply(struct p9_client *c, const struct p9_msg *m)
{
	if (c->state == ASKED || m->type == P9_Rversion)
		return version_reply(c, m);
	if (m->tag >= c->n_slots)
		return -EPROTO;
	struct slot s = c->slots[m->tag];
	if ((s.state != SENT && s.state != FLUSHING) || !reply_fits(&s, m))
		return -EPROTO;
	int error = reply_error(m);
	if (s.type == P9_Tflush) {
		flush_reply(c, m->tag, !error);
		return 0;
	}
	if (s.own) {
		slot_release(c, m->tag);
		p9_client_fid_drop(c, s.fid);
		return 0;
	}
	if (s.state == FLUSHING)
		c->slots[m->tag].state = ANSWERED;
	else
		slot_release(c, m->tag);
	s.fn(s.user, error, error ? NULL : m);
	return 0;
}

/* ---- input ---- */

void p9_client_input_buffer(struct p9_client *c, void **ret_p, size_t *ret_n)
{
	size_t have = c->in_end - c->in_start;
	if (have == 0) {
		c->in_start = c->in_end = 0;
	} else if (c->in_start > 0 && c->in_cap - c->in_end < IN_SLACK) {
		memmove(c->in, c->in + c->in_start, have);
		c->in_start = 0;
		c->in_end = have;
	}
	*ret_p = c->in + c->in_end;
	*ret_n = c->in_cap - c->in_end;
}

static int input_frames(struct p9_client *c)
{
	while (c->state != FAILED) {
		const uint8_t *frame = c->in + c->in_start;
		size_t have = c->in_end - c->in_start;
		int size = p9_frame_size(frame, have, c->msize ? c->msize : P9_MIN_MSIZE);
		if (size < 0)
			return size;
		if (size == 0 || have < (size_t)size)
			return 0;
		struct p9_msg m;
		int r = p9_decode(frame, (size_t)size, &m);
		if (r < 0)
			return r == -EOPNOTSUPP ? -EPROTO : r;
		c->in_start += (size_t)size;
		r = reply(c, &m);
		if (r < 0)
			return r;
	}
	return c->error;
}

int p9_client_input(struct p9_client *c, size_t n)
{
	assert(n <= c->in_cap - c->in_end && !c->feeding);
	if (c->state == FAILED)
		return c->error;
	c->in_end += n;
	c->feeding = true;
	int r = input_frames(c);
	c->feeding = false;
	if (r < 0)
		p9_client_fail(c, -ENOTCONN);
	return r;
}

/* ---- the end, and a new beginning ---- */

void p9_client_fail(struct p9_client *c, int error)
{
	assert(error < 0);
	c->error = error;
	if (c->state == FAILED)
		return;
	c->state = FAILED;
	/* Callbacks cannot make requests any more, so the table only shrinks meanwhile. */
	for (uint32_t i = 0; i < c->n_slots; i++) {
		struct slot s = c->slots[i];
		if (s.state == FREE)
			continue;
		slot_release(c, (uint16_t)i);
		if (s.own && s.fid != P9_NOFID)
			p9_client_fid_drop(c, s.fid);
		if (s.fn && s.state != ANSWERED)
			s.fn(s.user, error, NULL);
	}
	c->out_start = c->out_end = 0;
}

void p9_client_reset(struct p9_client *c)
{
	assert(!c->feeding);
	p9_client_fail(c, -ENOTCONN);
	assert(c->in_flight == 0 && c->n_requests == 0);
	c->state = NEW;
	c->error = 0;
	c->metac = false;
	c->msize = 0;
	c->n_slots = 0;
	c->free_slot = NO_SLOT;
	c->in_start = c->in_end = 0;
}

/* ---- state ---- */

bool p9_client_failed(const struct p9_client *c)
{
	return c->state == FAILED;
}

bool p9_client_ready(const struct p9_client *c)
{
	return c->state == READY;
}

bool p9_client_is_metac(const struct p9_client *c)
{
	return c->state == READY && c->metac;
}

bool p9_client_congested(const struct p9_client *c)
{
	return c->n_requests >= c->config.max_requests / 2 ||
	       c->out_end - c->out_start >= c->config.max_output / 4;
}

uint32_t p9_client_msize(const struct p9_client *c)
{
	return c->msize;
}

uint32_t p9_client_payload_max(const struct p9_client *c)
{
	return c->msize > P9_IO_HEADER ? c->msize - P9_IO_HEADER : 0;
}

uint32_t p9_client_openat_max(const struct p9_client *c)
{
	return c->msize > P9_OPENAT_HEADER ? c->msize - P9_OPENAT_HEADER : 0;
}

uint32_t p9_client_in_flight(const struct p9_client *c)
{
	return c->in_flight;
}

uint32_t p9_client_fids(const struct p9_client *c)
{
	return c->n_fids;
}
