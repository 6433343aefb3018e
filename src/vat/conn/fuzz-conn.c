/* SPDX-License-Identifier: MIT */
/*
 * A hostile peer: any bytes, in any pieces, into a connection whose bootstrap object does a little
 * of everything a handler can do.  The first byte decides the pieces and how the connection ends.
 * Whatever comes, the connection must either go on or end, and leave nothing behind.
 */
#include "vat/handoff.h"
#include "vat/rpc.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { KEPT = 16, CALLS = 300 };

struct world {
	struct vat *vat;
	struct vat_conn *conn;
	struct vat_cap *boot;
	struct vat_ctx *kept[KEPT]; /* calls to answer later */
	struct vat_cap *caps[KEPT]; /* capabilities the peer gave us */
	unsigned n_kept, n_caps;
	unsigned n_closed;
	unsigned n_calls;
};

static const struct vat_method methods[] = {
	{"answer", 0, 1, 1, 1},
	{"fail", 0, 0, 0, 0},
	{"self", 0, 0, 0, 1},
	{"later", 0, 1, 0, 1},
	{"echo", 0, 1, 0, 1},
	{"call", 0, 1, 0, 0},
	{"promise", 0, 0, 0, 1},
	{"forward", 0, 1, 0, 1},
};

static bool dispatch(const void *impl, void *self, uint16_t method, struct vat_ctx *ctx);
static const struct vat_interface iface = {
	.id = 0x1234,
	.name = "fuzz",
	.methods = methods,
	.n_methods = sizeof(methods) / sizeof(methods[0]),
	.dispatch = dispatch,
};

static struct vat_cap *param_cap(struct vat_ctx *ctx)
{
	return vat_ptr_cap(vat_ptr_at(vat_ptr_struct(vat_ctx_params(ctx), NULL), 0));
}

static void return_cap(struct vat_ctx *ctx, struct vat_cap *cap)
{
	vat_set_cap(vat_ptr_at_b(vat_init_struct(vat_ctx_results(ctx), 1, 1), 0), cap);
	vat_ctx_return(ctx);
}

static void keep_cap(struct world *w, struct vat_cap *cap)
{
	if (cap && w->n_caps < KEPT)
		w->caps[w->n_caps++] = vat_cap_ref(cap);
}

/* Calls back into the peer, and uses what is not answered yet. */
static void call_back(struct world *w, struct vat_cap *cap)
{
	static const uint16_t path[] = {0};
	struct vat_call *c = vat_call_new(w->vat, cap, 0x1234, 2, 0);
	vat_set_cap(vat_ptr_at_b(vat_init_struct(vat_call_params(c), 0, 1), 0), w->boot);
	vat_call_send(c, NULL, NULL);
	struct vat_cap *next = vat_call_pipeline(c, path, 1);
	vat_call_detach(c);
	struct vat_call *d = vat_call_new(w->vat, next, 0x1234, 0, 0);
	vat_call_send(d, NULL, NULL);
	vat_cap_unref(next);
	vat_call_free(d);
}

static bool dispatch(const void *impl, void *self, uint16_t method, struct vat_ctx *ctx)
{
	struct world *w = self;
	struct vat_cap *cap;
	struct vat_resolver *resolver;
	/* a peer can make us forward a call to ourselves for ever */
	if (w->n_calls++ > CALLS)
		method = 1;
	switch (method) {
	case 0:
	case 4:
		return_cap(ctx, param_cap(ctx));
		break;
	case 1:
		vat_ctx_fail(ctx, VAT_OVERLOADED, "as asked");
		break;
	case 2:
		return_cap(ctx, w->boot);
		break;
	case 3:
		keep_cap(w, param_cap(ctx));
		if (w->n_kept < KEPT)
			w->kept[w->n_kept++] = ctx;
		else
			vat_ctx_return(ctx);
		break;
	case 5:
		call_back(w, param_cap(ctx));
		vat_ctx_return(ctx);
		break;
	case 6:
		if (vat_promise(w->vat, &cap, &resolver) < 0)
			abort();
		return_cap(ctx, cap);
		vat_cap_unref(cap);
		vat_resolve(resolver, vat_cap_ref(w->n_caps ? w->caps[0] : w->boot));
		break;
	case 7:
		vat_ctx_forward(ctx, param_cap(ctx));
		break;
	default:
		return false;
	}
	return true;
}

static void on_closed(void *user, const struct vat_error *err)
{
	((struct world *)user)->n_closed++;
}

/* Takes what is to be written off the connection's hands. */
static void drain(struct world *w)
{
	struct iovec iov[16];
	int fds[253];
	size_t n_fds, n;
	for (int i = 0; i < 4096 && (n = vat_conn_output(w->conn, iov, 16, fds, 253, &n_fds));
		i++) {
		size_t bytes = 0;
		for (size_t k = 0; k < n; k++)
			bytes += iov[k].iov_len;
		vat_conn_sent(w->conn, bytes);
	}
}

static void run(struct world *w)
{
	for (int i = 0; i < 64 && vat_run(w->vat, 0); i++)
		;
	drain(w);
}

static bool feed(struct world *w, const uint8_t *data, size_t size)
{
	while (size) {
		void *to;
		size_t room;
		if (vat_conn_input(w->conn, &to, &room) < 0)
			return false;
		size_t n = size < room ? size : room;
		memcpy(to, data, n);
		if (vat_conn_received(w->conn, n, NULL, 0) < 0)
			return false;
		data += n;
		size -= n;
	}
	return true;
}

static void answer_kept(struct world *w)
{
	while (w->n_kept) {
		struct vat_ctx *ctx = w->kept[--w->n_kept];
		if (w->n_kept % 2)
			return_cap(ctx, w->n_caps ? w->caps[w->n_kept % w->n_caps] : NULL);
		else
			vat_ctx_fail(ctx, VAT_FAILED, "late");
	}
}

/* Whoever is hosted by a third party is at the peer again. */
static struct vat_conn *reach(
	void *user, struct vat_conn *introducer, const struct vat_contact *contact, int fd)
{
	return introducer;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct world w = {0};
	struct vat_limits limits = {.answers = 64,
		.exports = 64,
		.imports = 64,
		.questions = 64,
		.message_words = 4096,
		.call_words = 8192,
		.result_words = 8192};
	if (!size)
		return 0;
	uint8_t how = data[0];
	size_t piece = how & 0x80 ? 1 + (how & 0x3f) : 65536;
	w.vat = vat_new(NULL);
	w.boot = vat_serve(w.vat, &iface, &iface, &w, NULL);
	const struct vat_network network = {.connect = reach, .max_accepts = 16};
	if (how & 0x20 && vat_set_network(w.vat, &network) < 0)
		abort();
	struct vat_conn_config cfg = {
		.limits = limits, .bootstrap = w.boot, .closed = on_closed, .user = &w};
	if (vat_conn_new(w.vat, &cfg, &w.conn) < 0)
		abort();
	struct vat_cap *theirs = vat_conn_bootstrap(w.conn);
	call_back(&w, theirs);
	bool ok = true;
	for (size_t at = 1; ok && at < size; at += piece) {
		ok = feed(&w, data + at, size - at < piece ? size - at : piece);
		run(&w);
		if (how & 0x40 && w.n_kept > 2)
			answer_kept(&w);
	}
	if (how & 1)
		answer_kept(&w);
	run(&w);
	if (ok)
		vat_conn_eof(w.conn, how & 2 ? -ECONNRESET : 0);
	run(&w);
	assert(w.n_closed == 1);
	answer_kept(&w);
	vat_cap_unref(theirs);
	while (w.n_caps)
		vat_cap_unref(w.caps[--w.n_caps]);
	vat_cap_unref(w.boot);
	vat_conn_free(w.conn);
	while (vat_run(w.vat, 0))
		;
	vat_free(w.vat);
	return 0;
}
