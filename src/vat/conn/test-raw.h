/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * For tests of what a connection makes of single messages: the peer is the test itself, which
 * writes messages word by word and reads what comes back.
 */
#include "vat/conn/test-net.h"

struct raw {
	struct vat *vat;
	struct vat_conn *c;
	struct thing t; /* the bootstrap object */
	struct vat_cap *boot;
	bool closed, lost;
	uint8_t *out; /* what the connection wrote and nobody has read */
	size_t out_size;
	struct vat_message *msg; /* the message read last */
	struct vat_struct_r body;
};

static void raw_closed(void *user, const struct vat_error *e)
{
	struct raw *w = user;
	w->closed = true;
	w->lost = e;
}

UNUSED_OK static void raw_init(struct raw *w, const struct vat_limits *limits)
{
	memset(w, 0, sizeof(*w));
	w->vat = vat_new(NULL);
	w->boot = thing_serve(w->vat, &w->t);
	struct vat_conn_config cfg = {
		.bootstrap = w->boot, .closed = raw_closed, .user = w, .fds = true};
	if (limits)
		cfg.limits = *limits;
	CHECK_INT(vat_conn_new(w->vat, &cfg, &w->c), 0);
}

static void raw_drop_message(struct raw *w)
{
	vat_message_free(w->msg);
	w->msg = NULL;
}

UNUSED_OK static void raw_done(struct raw *w)
{
	raw_drop_message(w);
	vat_conn_free(w->c);
	vat_cap_unref(w->boot);
	free(w->out);
	vat_free(w->vat);
}

/* Feeds a message; returns what vat_conn_received said. */
static int raw_words(struct raw *w, const uint64_t *words, size_t n)
{
	int r = net_feed(w->c, words, n * 8, SIZE_MAX, NULL, 0);
	while (vat_run(w->vat, 0))
		;
	return r;
}

/* Feeds a message built in an arena, and frees it. */
UNUSED_OK static int raw_message(struct raw *w, struct vat_message *m)
{
	size_t size;
	CHECK_INT(vat_message_error(m), 0);
	uint64_t *flat = vat_message_flatten(m, &size);
	vat_message_free(m);
	int r = raw_words(w, flat, size / 8);
	free(flat);
	return r;
}

static void raw_collect(struct raw *w)
{
	struct iovec iov[16];
	int fds[253];
	size_t n, n_fds;
	while ((n = vat_conn_output(w->c, iov, 16, fds, 253, &n_fds))) {
		size_t size = 0;
		for (size_t i = 0; i < n; i++) {
			w->out = realloc(w->out, w->out_size + iov[i].iov_len);
			memcpy(w->out + w->out_size, iov[i].iov_base, iov[i].iov_len);
			w->out_size += iov[i].iov_len;
			size += iov[i].iov_len;
		}
		vat_conn_sent(w->c, size);
	}
}

/* Reads the next message of the connection: its tag, or -1 if there is none; w->body is its
 * content.
 */
static int raw_next(struct raw *w)
{
	raw_collect(w);
	raw_drop_message(w);
	if (!w->out_size)
		return -1;
	size_t used;
	/* A copy, so that what is left can move. */
	struct vat_message *m;
	CHECK_INT(vat_message_parse(w->out, w->out_size, NULL, &m, &used), 0);
	CHECK_INT(vat_message_keep(m), 0);
	w->out_size -= used;
	memmove(w->out, w->out + used, w->out_size);
	w->msg = m;
	struct vat_struct_r root = vat_ptr_struct(vat_root(m), NULL);
	w->body = vat_ptr_struct(vat_ptr_at(root, 0), NULL);
	return vat_r_u16(root, 0, 0);
}

#define CHECK_NEXT(w, tag) CHECK_INT(raw_next(w), tag)

/* The connection aborted because of what was fed. */
#define CHECK_ABORTED(w)                                                     \
	do {                                                                 \
		int tag_;                                                    \
		while ((tag_ = raw_next(w)) >= 0 && tag_ != MSG_ABORT)       \
			;                                                    \
		CHECK_INT(tag_, MSG_ABORT);                                  \
		CHECK_INT(raw_next(w), -1);                                  \
		CHECK((w)->closed && (w)->lost && vat_conn_is_over((w)->c)); \
	} while (0)

/* A Return of this kind for this question came. */
#define CHECK_RETURN(w, id, what)                            \
	do {                                                 \
		CHECK_NEXT(w, MSG_RETURN);                   \
		CHECK_INT(vat_r_u32((w)->body, 0, 0), id);   \
		CHECK_INT(vat_r_u16((w)->body, 3, 0), what); \
	} while (0)

/* ---- messages ------------------------------------------------------------------------------- */

/* A message with this tag and a body of this size; *ret is the body. */
static struct vat_message *raw_new(
	uint16_t tag, uint16_t data, uint16_t ptrs, struct vat_struct_b *ret)
{
	struct vat_message *m = vat_message_new(0, 0);
	CHECK(m);
	struct vat_struct_b root = vat_init_struct(vat_root_b(m), 1, 1);
	vat_w_u16(root, 0, tag, 0);
	*ret = vat_init_struct(vat_ptr_at_b(root, 0), data, ptrs);
	return m;
}

UNUSED_OK static int raw_bootstrap(struct raw *w, uint32_t id)
{
	uint64_t words[WIRE_WORDS];
	return raw_words(w, words, wire_bootstrap(words, id));
}

UNUSED_OK static int raw_finish(struct raw *w, uint32_t id, bool release)
{
	uint64_t words[WIRE_WORDS];
	return raw_words(w, words, wire_finish(words, id, release));
}

UNUSED_OK static int raw_release(struct raw *w, uint32_t id, uint32_t n)
{
	uint64_t words[WIRE_WORDS];
	return raw_words(w, words, wire_release(words, id, n));
}

static void raw_table(struct vat_struct_b payload, const struct descriptor *d, uint32_t n)
{
	struct vat_list_b l = vat_init_struct_list(vat_ptr_at_b(payload, 1), 1, 1, n);
	for (uint32_t i = 0; i < n; i++)
		build_descriptor(vat_list_struct_b(l, i), &d[i]);
}

/* Points to entry 0 of a capability table. */
static void raw_cap_pointer(struct vat_ptr_b at)
{
	uint64_t w = 3;
	memcpy(at.at, &w, sizeof(w));
}

struct raw_call {
	uint32_t id;
	struct target target;
	uint16_t method, send_to;
	uint64_t n;
	const struct descriptor *caps;
	uint32_t n_caps;
	uint16_t target_tag; /* instead of what target says, if set */
	bool no_pipelining, only_pipelining;
};

/* A call of a thing's method. */
UNUSED_OK static int raw_call(struct raw *w, const struct raw_call *c)
{
	struct vat_struct_b b;
	struct vat_message *m = raw_new(MSG_CALL, 3, 3, &b);
	vat_w_u32(b, 0, c->id, 0);
	vat_w_u16(b, 2, c->method, 0);
	vat_w_u16(b, 3, c->send_to, 0);
	vat_w_u64(b, 1, thing_interface.id, 0);
	vat_w_bool(b, 129, c->no_pipelining, false);
	vat_w_bool(b, 130, c->only_pipelining, false);
	build_target(vat_ptr_at_b(b, 0), &c->target);
	if (c->target_tag)
		vat_w_u16(vat_get_struct_b(vat_ptr_at_b(b, 0), 1, 1, NULL), 2, c->target_tag, 0);
	struct vat_struct_b payload = vat_init_struct(vat_ptr_at_b(b, 1), 0, 2);
	struct vat_struct_b params = vat_init_struct(vat_ptr_at_b(payload, 0), 1, 1);
	vat_w_u64(params, 0, c->n, 0);
	if (c->n_caps) {
		raw_cap_pointer(vat_ptr_at_b(params, 0));
		raw_table(payload, c->caps, c->n_caps);
	}
	return raw_message(w, m);
}

/* A Return whose content is capability 0 of the table (as to a Bootstrap), or whatever tag says. */
UNUSED_OK static int raw_return(
	struct raw *w, uint32_t id, uint16_t tag, uint32_t value, const struct descriptor *cap)
{
	struct vat_struct_b b;
	struct vat_message *m = raw_new(MSG_RETURN, 2, 1, &b);
	vat_w_u32(b, 0, id, 0);
	vat_w_bool(b, 32, false, true);
	vat_w_u16(b, 3, tag, 0);
	vat_w_u32(b, 2, value, 0);
	if (cap) {
		struct vat_struct_b payload = vat_init_struct(vat_ptr_at_b(b, 0), 0, 2);
		raw_cap_pointer(vat_ptr_at_b(payload, 0));
		raw_table(payload, cap, 1);
	}
	return raw_message(w, m);
}

UNUSED_OK static int raw_resolve(struct raw *w, uint32_t id, const struct descriptor *d)
{
	uint64_t words[WIRE_WORDS];
	return raw_words(w, words, wire_resolve_cap(words, id, d));
}

UNUSED_OK static int raw_disembargo(
	struct raw *w, const struct target *t, bool receiver, uint32_t id)
{
	uint64_t words[WIRE_WORDS];
	return raw_words(w, words, wire_disembargo(words, t, receiver, id));
}

/* ---- starting points ------------------------------------------------------------------------ */

UNUSED_OK static const struct descriptor hosted = {.tag = DESC_SENDER_HOSTED, .id = 5, .fd = NO_FD};
UNUSED_OK static const struct descriptor promised = {
	.tag = DESC_SENDER_PROMISE, .id = 6, .fd = NO_FD};
UNUSED_OK static const struct target boot = {.promised = true, .id = 0};

/* After a Bootstrap, question 0, whose Return has been read. */
UNUSED_OK static void booted(struct raw *w)
{
	raw_init(w, NULL);
	CHECK_INT(raw_bootstrap(w, 0), 0);
	CHECK_RETURN(w, 0, RETURN_RESULTS);
}

/* We asked for the peer's bootstrap: our question 0. */
UNUSED_OK static struct vat_cap *asking(struct raw *w)
{
	raw_init(w, NULL);
	struct vat_cap *c = vat_conn_bootstrap(w->c);
	CHECK_NEXT(w, MSG_BOOTSTRAP);
	CHECK_INT(vat_r_u32(w->body, 0, 1), 1);
	return c;
}

UNUSED_OK static struct vat_conn_counts counts(struct raw *w)
{
	struct vat_conn_counts k;
	vat_conn_counts(w->c, &k);
	return k;
}

UNUSED_OK static void check_empty(struct raw *w)
{
	CHECK(vat_conn_idle(w->c));
	CHECK(!w->closed);
}
