/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * For tests of RPC: vats in one process, joined by links that carry whole messages.
 *
 * Nothing moves by itself: net_step() delivers one message in one direction, net_run() everything
 * until all is quiet (a paused direction keeps its messages).  Objects are struct thing, whose
 * methods cover what RPC can do; thing_call() makes a call and struct reply collects its answer.
 *
 * What is said on a link is checked against the rules of the protocol (test-oracle.h).
 * VAT_TRACE=1 in the environment prints every message when it is delivered.
 */
#include "vat/conn/test-oracle.h"

#include <fcntl.h>

enum { NET_VATS = 8, NET_LINKS = 16 };

struct net_message {
	struct list link;
	size_t size;
	int fds[16];
	size_t n_fds;
	size_t fed; /* bytes of it that were delivered */
	struct trace *trace;
	struct oracle_question *about;
	_Alignas(8) uint8_t data[];
};

/* Bytes written that are no whole message yet. */
struct net_bytes {
	uint8_t *data;
	size_t size, room;
	int fds[16];
	size_t n_fds;
};

struct net_link {
	struct vat_conn *conn[2];
	struct list queue[2]; /* [i]: sent by conn[i] */
	struct net_bytes written[2];
	struct oracle oracle;
	unsigned vats[2];
	bool paused[2];
	bool closed[2];
	bool lost[2]; /* closed was told of an error */
	char text[2][256];
};

struct net {
	struct vat *vat[NET_VATS];
	unsigned n_vats;
	struct net_link links[NET_LINKS];
	unsigned n_links;
};

UNUSED_OK static void net_init(struct net *n, unsigned n_vats)
{
	memset(n, 0, sizeof(*n));
	for (n->n_vats = 0; n->n_vats < n_vats; n->n_vats++) {
		n->vat[n->n_vats] = vat_new(NULL);
		CHECK(n->vat[n->n_vats]);
	}
}

static void net_closed(struct net_link *l, int side, const struct vat_error *e)
{
	CHECK(!l->closed[side]);
	l->closed[side] = true;
	l->lost[side] = e;
	if (e)
		snprintf(l->text[side], sizeof(l->text[side]), "%s", e->text);
}

static void net_closed0(void *user, const struct vat_error *e)
{
	net_closed(user, 0, e);
}

static void net_closed1(void *user, const struct vat_error *e)
{
	net_closed(user, 1, e);
}

/* Joins two vats; configurations may be NULL (no bootstrap, default limits, descriptors pass). */
UNUSED_OK static struct net_link *net_join(struct net *n, unsigned a,
	const struct vat_conn_config *ca, unsigned b, const struct vat_conn_config *cb)
{
	const struct vat_conn_config *cfg[2] = {ca, cb};
	unsigned vat[2] = {a, b};
	struct net_link *l = &n->links[n->n_links++];
	memset(l, 0, sizeof(*l));
	for (int i = 0; i < 2; i++) {
		struct vat_conn_config c = cfg[i] ? *cfg[i] : (struct vat_conn_config){.fds = true};
		c.closed = i ? net_closed1 : net_closed0;
		c.user = l;
		CHECK_INT(vat_conn_new(n->vat[vat[i]], &c, &l->conn[i]), 0);
		list_init(&l->queue[i]);
		l->vats[i] = vat[i];
	}
	return l;
}

/* As net_join: b offers `bootstrap`, whose reference is taken. */
UNUSED_OK static struct net_link *net_serve(
	struct net *n, unsigned a, unsigned b, struct vat_cap *bootstrap)
{
	struct vat_conn_config cfg = {.fds = true, .bootstrap = bootstrap};
	struct net_link *l = net_join(n, a, NULL, b, &cfg);
	vat_cap_unref(bootstrap);
	return l;
}

/* Whole messages that have been written go into the queue. */
static void net_split(struct net_link *l, int side)
{
	struct net_bytes *b = &l->written[side];
	size_t at = 0, used;
	while ((used = vat_frame_size(b->data + at, b->size - at, NULL)) && used <= b->size - at) {
		struct net_message *m = calloc(1, sizeof(*m) + used);
		CHECK(m);
		memcpy(m->data, b->data + at, used);
		m->size = used;
		memcpy(m->fds, b->fds, sizeof(m->fds));
		m->n_fds = b->n_fds;
		b->n_fds = 0;
		m->trace = trace_new(m->data, m->size);
		m->about = oracle_sent(&l->oracle, side, m->trace);
		list_append(&l->queue[side], &m->link);
		at += used;
	}
	b->size -= at;
	if (b->size)
		memmove(b->data, b->data + at, b->size);
}

static void net_bytes_add(struct net_bytes *b, const void *data, size_t n)
{
	if (b->size + n > b->room) {
		b->room = (b->size + n) * 2;
		b->data = realloc(b->data, b->room);
		CHECK(b->data);
	}
	memcpy(b->data + b->size, data, n);
	b->size += n;
}

/* Writes at most max bytes of what a side has to write: false if there was nothing. */
UNUSED_OK static bool net_write(struct net_link *l, int side, size_t max)
{
	struct iovec iov[32];
	int fds[253];
	size_t n_fds = 0, k = 0;
	struct net_bytes *b = &l->written[side];
	if (!l->conn[side])
		return false;
	size_t n = vat_conn_output(l->conn[side], iov, ARRAY_SIZE(iov), fds, 253, &n_fds);
	CHECK(n_fds <= ARRAY_SIZE(b->fds));
	/* Descriptors come with the first byte of their message. */
	CHECK(!n_fds || !b->size);
	for (size_t i = 0; i < n_fds; i++)
		b->fds[b->n_fds++] = fcntl(fds[i], F_DUPFD_CLOEXEC, 3);
	for (size_t i = 0; i < n && k < max; i++) {
		size_t part = MIN(iov[i].iov_len, max - k);
		net_bytes_add(b, iov[i].iov_base, part);
		k += part;
	}
	if (n)
		vat_conn_sent(l->conn[side], k);
	net_split(l, side);
	return n;
}

/* Takes all output of one side into its queue. */
UNUSED_OK static void net_collect(struct net_link *l, int side)
{
	while (net_write(l, side, SIZE_MAX))
		;
}

/* Feeds bytes as they would be read, in pieces of at most `piece`. */
UNUSED_OK static int net_feed(struct vat_conn *c, const void *data, size_t size, size_t piece,
	const int *fds, size_t n_fds)
{
	int r = 0;
	const uint8_t *at = data;
	do {
		void *to;
		size_t room;
		CHECK_INT(vat_conn_input(c, &to, &room), 0);
		size_t n = MIN(MIN(size, room), piece);
		memcpy(to, at, n);
		r = vat_conn_received(c, n, fds, n_fds);
		n_fds = 0;
		at += n;
		size -= n;
	} while (size && r == 0);
	return r;
}

static void net_drop(struct net_message *m)
{
	for (size_t i = 0; i < m->n_fds; i++)
		close(m->fds[i]);
	oracle_unref(m->about);
	free(m->trace);
	free(m);
}

/* Whether to print what happens. */
UNUSED_OK static bool net_traces(void)
{
	static int print = -1;
	if (print < 0)
		print = getenv("VAT_TRACE") != NULL;
	return print;
}

/* The oracle hears that a message is delivered, before it is. */
UNUSED_OK static void net_heard(struct net_link *l, int side, struct net_message *m)
{
	if (net_traces()) {
		fprintf(stderr, "# vat %u -> vat %u: ", l->vats[side], l->vats[!side]);
		trace_print(stderr, m->trace);
	}
	oracle_delivered(&l->oracle, !side, m->trace, m->about);
	m->about = NULL;
}

/* Delivers at most max bytes of the oldest message sent by `side`. False if there is none. */
UNUSED_OK static bool net_step_part(struct net_link *l, int side, size_t max)
{
	net_collect(l, side);
	net_collect(l, !side);
	struct list *head = list_pop(&l->queue[side]);
	if (!head)
		return false;
	struct net_message *m = list_entry(head, struct net_message, link);
	struct vat_conn *to = l->conn[!side];
	if (!to || !vat_conn_wants_input(to)) {
		l->oracle.off = true;
		net_drop(m);
		return true;
	}
	size_t n = MIN(max, m->size - m->fed), n_fds = m->n_fds;
	m->n_fds = 0;
	if (m->fed + n == m->size)
		net_heard(l, side, m);
	net_feed(to, m->data + m->fed, n, SIZE_MAX, m->fds, n_fds);
	m->fed += n;
	if (m->fed < m->size)
		list_insert_before(l->queue[side].next, &m->link);
	else
		net_drop(m);
	return true;
}

/* Delivers the oldest message sent by `side`. False if there is none. */
UNUSED_OK static bool net_step(struct net_link *l, int side)
{
	return net_step_part(l, side, SIZE_MAX);
}

/* Runs the vats' tasks. */
UNUSED_OK static bool net_work(struct net *n)
{
	bool any = false;
	for (unsigned i = 0; i < n->n_vats; i++) {
		if (!n->vat[i])
			continue;
		any |= !list_empty(&n->vat[i]->tasks);
		while (vat_run(n->vat[i], 0))
			;
	}
	return any;
}

/* Until nothing moves. */
UNUSED_OK static void net_run(struct net *n)
{
	bool any = true;
	while (any) {
		any = net_work(n);
		for (unsigned i = 0; i < n->n_links; i++)
			for (int side = 0; side < 2; side++)
				if (!n->links[i].paused[side])
					any |= net_step(&n->links[i], side);
	}
}

/* One side goes away without a word; the other side reads its end after what was sent. */
UNUSED_OK static void net_cut(struct net *n, struct net_link *l, int side)
{
	net_collect(l, side);
	vat_conn_free(l->conn[side]);
	l->conn[side] = NULL;
	while (net_step(l, side))
		;
	if (l->conn[!side])
		vat_conn_eof(l->conn[!side], 0);
}

UNUSED_OK static void net_done(struct net *n)
{
	for (unsigned i = 0; i < n->n_links; i++) {
		struct net_link *l = &n->links[i];
		for (int side = 0; side < 2; side++) {
			struct list *m;
			vat_conn_free(l->conn[side]);
			l->conn[side] = NULL;
			while ((m = list_pop(&l->queue[side])))
				net_drop(list_entry(m, struct net_message, link));
			for (size_t k = 0; k < l->written[side].n_fds; k++)
				close(l->written[side].fds[k]);
			free(l->written[side].data);
		}
		oracle_done(&l->oracle);
	}
	for (unsigned i = 0; i < n->n_vats; i++) {
		if (n->vat[i])
			CHECK_INT(n->vat[i]->n_conns, 0);
		vat_free(n->vat[i]);
	}
}

/* Runs everything and checks that every connection's tables are empty. */
UNUSED_OK static void net_check_idle(struct net *n)
{
	net_run(n);
	for (unsigned i = 0; i < n->n_links; i++)
		for (int side = 0; side < 2; side++) {
			struct vat_conn_counts k;
			if (!n->links[i].conn[side])
				continue;
			oracle_agrees(&n->links[i].oracle, side, n->links[i].conn[side]);
			vat_conn_counts(n->links[i].conn[side], &k);
			if (k.questions || k.answers || k.imports || k.exports || k.embargoes)
				test_fail(__FILE__, __LINE__,
					"link %u side %d: %u questions, %u answers, %u imports, %u "
					"exports, %u embargoes left",
					i, side, k.questions, k.answers, k.imports, k.exports,
					k.embargoes);
		}
}

/* ---- things ---------------------------------------------------------------------------------- */

enum thing_method {
	THING_ECHO, /* n -> n, logged */
	THING_MAKE, /* -> a new thing */
	THING_HOLD, /* c: kept */
	THING_GIVE, /* -> c: what is held, a reference stays */
	THING_ECHO_CAP, /* c -> c */
	THING_CALL_BACK, /* c, n -> n: what c.echo(n) says */
	THING_WAIT, /* n, c: kept until the test answers it; logged */
	THING_FAIL, /* n: kind of exception */
	THING_FORWARD, /* n, c: c.echo(n) answers */
	THING_METHODS,
};

struct thing {
	struct vat *vat;
	uint64_t log[1024];
	unsigned n_log;
	struct vat_cap *held;
	struct vat_ctx *waiting[64];
	unsigned n_waiting;
	unsigned canceled; /* of those waiting */
	bool *destroyed;
	bool heap;
	struct list back; /* struct thing_callback: calls back that are not answered */
	struct thing *maker; /* keeps what is held and waits at what it has made */
};

UNUSED_OK static struct vat_cap *thing_serve(struct vat *v, struct thing *t);

static struct vat_struct_r thing_params(struct vat_ctx *ctx)
{
	return vat_ptr_struct(vat_ctx_params(ctx), NULL);
}

static struct vat_struct_b thing_results(struct vat_ctx *ctx)
{
	return vat_get_struct_b(vat_ctx_results(ctx), 1, 1, NULL);
}

UNUSED_OK static void thing_answer(struct vat_ctx *ctx, uint64_t n, struct vat_cap *cap)
{
	struct vat_struct_b b = thing_results(ctx);
	vat_w_u64(b, 0, n, 0);
	vat_set_cap(vat_ptr_at_b(b, 0), cap);
	vat_ctx_return(ctx);
}

static struct vat_call *thing_request(
	struct vat *v, struct vat_cap *to, uint16_t method, uint64_t n, struct vat_cap *cap);

struct thing_callback {
	struct list link;
	struct vat_ctx *ctx;
	struct vat_call *call;
};

static void thing_called_back(void *user, const struct vat_error *e, struct vat_ptr_r results)
{
	struct thing_callback *cb = user;
	if (e)
		vat_ctx_fail(cb->ctx, e->kind, "%s", e->text);
	else
		thing_answer(cb->ctx, vat_r_u64(vat_ptr_struct(results, NULL), 0, 0), NULL);
	vat_call_free(cb->call);
	list_unlink(&cb->link);
	free(cb);
}

static void thing_call_back(struct thing *t, struct vat_ctx *ctx, uint64_t n, struct vat_cap *to)
{
	struct thing_callback *cb = calloc(1, sizeof(*cb));
	CHECK(cb);
	cb->ctx = ctx;
	list_append(&(t->maker ? t->maker : t)->back, &cb->link);
	cb->call = thing_request(t->vat, to, THING_ECHO, n, NULL);
	vat_call_send(cb->call, thing_called_back, cb);
}

/* Gives up calling back. */
UNUSED_OK static void thing_stop_calling(struct thing *t)
{
	struct list *l;
	while ((l = list_pop(&t->back))) {
		struct thing_callback *cb = list_entry(l, struct thing_callback, link);
		vat_call_free(cb->call);
		vat_ctx_fail(cb->ctx, VAT_FAILED, "given up");
		free(cb);
	}
}

static void thing_on_cancel(void *user)
{
	((struct thing *)user)->canceled++;
}

static void thing_wait(struct thing *t, uint64_t n, struct vat_ctx *ctx)
{
	t->log[t->n_log++ % ARRAY_SIZE(t->log)] = n;
	if (t->maker)
		t = t->maker;
	CHECK(t->n_waiting < ARRAY_SIZE(t->waiting));
	t->waiting[t->n_waiting++] = ctx;
	vat_ctx_on_cancel(ctx, thing_on_cancel, t);
}

static void thing_make(struct thing *t, struct vat_ctx *ctx)
{
	struct thing *child = calloc(1, sizeof(*child));
	CHECK(child);
	child->heap = true;
	child->maker = t->maker ? t->maker : t;
	struct vat_cap *c = thing_serve(t->vat, child);
	thing_answer(ctx, 0, c);
	vat_cap_unref(c);
}

static bool thing_dispatch(const void *impl, void *self, uint16_t method, struct vat_ctx *ctx)
{
	struct thing *t = self;
	struct vat_struct_r p = thing_params(ctx);
	uint64_t n = vat_r_u64(p, 0, 0);
	struct vat_cap *c = vat_ptr_cap(vat_ptr_at(p, 0));
	switch ((enum thing_method)method) {
	case THING_ECHO:
		t->log[t->n_log++ % ARRAY_SIZE(t->log)] = n;
		thing_answer(ctx, n, NULL);
		return true;
	case THING_MAKE:
		thing_make(t, ctx);
		return true;
	case THING_HOLD:
		if (t->maker)
			t = t->maker;
		vat_cap_unref(t->held);
		t->held = vat_cap_ref(c);
		vat_ctx_return(ctx);
		return true;
	case THING_GIVE:
		thing_answer(ctx, 0, t->maker ? t->maker->held : t->held);
		return true;
	case THING_ECHO_CAP:
		thing_answer(ctx, 0, c);
		return true;
	case THING_CALL_BACK:
		thing_call_back(t, ctx, n, c);
		return true;
	case THING_WAIT:
		thing_wait(t, n, ctx);
		return true;
	case THING_FAIL:
		vat_ctx_fail(ctx, (enum vat_error_kind)n, "failed with %u", (unsigned)n);
		return true;
	case THING_FORWARD:
		vat_ctx_tail_call(ctx, thing_request(t->vat, c, THING_ECHO, n, NULL));
		return true;
	case THING_METHODS:
		break;
	}
	return false;
}

static const struct vat_method thing_methods[THING_METHODS] = {{.name = "echo"}, {.name = "make"},
	{.name = "hold"}, {.name = "give"}, {.name = "echoCap"}, {.name = "callBack"},
	{.name = "wait"}, {.name = "fail"}, {.name = "forward"}};

static const struct vat_interface thing_interface = {.id = UINT64_C(0xdeadbeefcafe0001),
	.name = "test:Thing",
	.methods = thing_methods,
	.n_methods = THING_METHODS,
	.dispatch = thing_dispatch};

static const int thing_impl;

static void thing_destroy(void *self)
{
	struct thing *t = self;
	vat_cap_unref(t->held);
	if (t->destroyed)
		*t->destroyed = true;
	if (t->heap)
		free(t);
}

/* A capability on t, which must live until it is destroyed. */
UNUSED_OK static struct vat_cap *thing_serve(struct vat *v, struct thing *t)
{
	t->vat = v;
	list_init(&t->back);
	struct vat_cap *c = vat_serve(v, &thing_interface, &thing_impl, t, thing_destroy);
	CHECK(c);
	return c;
}

/* ---- calls ----------------------------------------------------------------------------------- */

struct reply {
	struct vat_call *call;
	bool done, failed;
	enum vat_error_kind kind;
	char text[256];
	uint64_t n;
	struct vat_cap *cap; /* referenced */
};

static struct vat_call *thing_request(
	struct vat *v, struct vat_cap *to, uint16_t method, uint64_t n, struct vat_cap *cap)
{
	struct vat_call *call = vat_call_new(v, to, thing_interface.id, method, 0);
	CHECK(call);
	struct vat_struct_b b = vat_init_struct(vat_call_params(call), 1, 1);
	vat_w_u64(b, 0, n, 0);
	vat_set_cap(vat_ptr_at_b(b, 0), cap);
	return call;
}

static void reply_done(void *user, const struct vat_error *e, struct vat_ptr_r results)
{
	struct reply *r = user;
	CHECK(!r->done);
	r->done = true;
	if (e) {
		r->failed = true;
		r->kind = e->kind;
		snprintf(r->text, sizeof(r->text), "%s", e->text);
		return;
	}
	struct vat_struct_r s = vat_ptr_struct(results, NULL);
	r->n = vat_r_u64(s, 0, 0);
	r->cap = vat_cap_ref(vat_ptr_cap(vat_ptr_at(s, 0)));
}

UNUSED_OK static void thing_call(struct vat *v, struct vat_cap *to, uint16_t method, uint64_t n,
	struct vat_cap *cap, struct reply *r)
{
	memset(r, 0, sizeof(*r));
	r->call = thing_request(v, to, method, n, cap);
	vat_call_send(r->call, reply_done, r);
}

/* The capability in the results, before they are there. */
UNUSED_OK static struct vat_cap *reply_pipeline(struct reply *r)
{
	uint16_t path = 0;
	return vat_call_pipeline(r->call, &path, 1);
}

UNUSED_OK static void reply_free(struct reply *r)
{
	vat_call_free(r->call);
	vat_cap_unref(r->cap);
	memset(r, 0, sizeof(*r));
}

/* Checks that the call succeeded with n, and frees it. */
#define CHECK_REPLY(r, value)                                                       \
	do {                                                                        \
		CHECK((r).done);                                                    \
		if ((r).failed)                                                     \
			test_fail(__FILE__, __LINE__, "call failed: %s", (r).text); \
		CHECK_INT((r).n, value);                                            \
		reply_free(&(r));                                                   \
	} while (0)
#define CHECK_FAILED(r, with_kind, with_text)           \
	do {                                            \
		CHECK((r).done && (r).failed);          \
		CHECK_INT((r).kind, with_kind);         \
		if (!strstr((r).text, with_text))       \
			CHECK_STR((r).text, with_text); \
		reply_free(&(r));                       \
	} while (0)
