/* SPDX-License-Identifier: MIT */
/*
 * libvat's side of the interop test: server and client of bench.capnp, on plain poll(2).
 *
 *	vat-peer server ADDR CONNECTIONS     serves until so many connections have ended
 *	vat-peer client ADDR [WITHOUT]...    prints "ok NAME" or "not ok NAME: why" per feature,
 *	                                     except those named
 */
#include "interop/bench.capnp.h"
#include "peer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

/* ---- server --------------------------------------------------------------------------------- */

struct server {
	struct peer peer;
	uint64_t bytes, canceled;
};

struct counter {
	uint64_t n;
};

static void counter_next(void *self, struct bench_counter_next_ctx cx)
{
	struct counter *c = self;
	bench_counter_next_results_set_n(bench_counter_next_results(cx), ++c->n);
	vat_ctx_return(cx.ctx);
}

static const struct bench_counter_impl counter_impl = {.next = counter_next};

static struct bench_counter_c new_counter(struct vat *v)
{
	struct counter *c = calloc(1, sizeof(*c));
	return bench_counter_serve(v, &counter_impl, c, free);
}

static void holder_name(void *self, struct bench_holder_name_ctx cx)
{
	bench_holder_name_results_set_name(bench_holder_name_results(cx), vat_str("holder"));
	vat_ctx_return(cx.ctx);
}

static const struct bench_holder_impl holder_impl = {.name = holder_name};

static void on_ping(void *self, struct bench_bench_ping_ctx cx)
{
	vat_ctx_return(cx.ctx);
}

static void on_add(void *self, struct bench_bench_add_ctx cx)
{
	struct bench_bench_add_params_r p = bench_bench_add_params(cx);
	uint64_t sum = bench_bench_add_params_get_a(p) + bench_bench_add_params_get_b(p);
	bench_bench_add_results_set_sum(bench_bench_add_results(cx), sum);
	vat_ctx_return(cx.ctx);
}

static void on_blob(void *self, struct bench_bench_blob_ctx cx)
{
	struct vat_data d = bench_bench_blob_params_get_data(bench_bench_blob_params(cx));
	bench_bench_blob_results_set_data(bench_bench_blob_results(cx), d);
	vat_ctx_return(cx.ctx);
}

static void on_counter(void *self, struct bench_bench_counter_ctx cx)
{
	struct bench_counter_c c = new_counter(vat_ctx_vat(cx.ctx));
	bench_bench_counter_results_set_c(bench_bench_counter_results(cx), c);
	bench_counter_unref(c);
	vat_ctx_return(cx.ctx);
}

static void on_fd(void *self, struct bench_bench_fd_ctx cx)
{
	int fd = memfd_create("interop", MFD_CLOEXEC);
	if (fd < 0 || write(fd, "hello-fd", 8) != 8) {
		vat_ctx_fail(cx.ctx, VAT_FAILED, "memfd");
		return;
	}
	struct bench_holder_c h = bench_holder_serve(vat_ctx_vat(cx.ctx), &holder_impl, NULL, NULL);
	vat_cap_attach_fd(h.cap, fd);
	bench_bench_fd_results_set_h(bench_bench_fd_results(cx), h);
	bench_holder_unref(h);
	vat_ctx_return(cx.ctx);
}

static void on_sink(void *self, struct bench_bench_sink_ctx cx)
{
	struct server *s = self;
	s->bytes += bench_bench_sink_params_get_data(bench_bench_sink_params(cx)).len;
	vat_ctx_return(cx.ctx);
}

static void on_done(void *self, struct bench_bench_done_ctx cx)
{
	struct server *s = self;
	bench_bench_done_results_set_bytes(bench_bench_done_results(cx), s->bytes);
	s->bytes = 0;
	vat_ctx_return(cx.ctx);
}

struct call_back {
	struct vat_call *call;
	struct bench_bench_call_back_ctx cx;
};

static void called_back(void *user, const struct vat_error *e, struct vat_ptr_r results)
{
	struct call_back *b = user;
	if (e) {
		vat_ctx_fail(b->cx.ctx, e->kind, "%s", e->text);
	} else {
		uint64_t n =
			bench_counter_next_results_get_n(bench_counter_next_results_from(results));
		bench_bench_call_back_results_set_n(bench_bench_call_back_results(b->cx), n);
		vat_ctx_return(b->cx.ctx);
	}
	vat_call_free(b->call);
	free(b);
}

static void on_call_back(void *self, struct bench_bench_call_back_ctx cx)
{
	struct call_back *b = calloc(1, sizeof(*b));
	struct bench_counter_c c =
		bench_bench_call_back_params_get_c(bench_bench_call_back_params(cx));
	struct bench_counter_next_req r = bench_counter_next(vat_ctx_vat(cx.ctx), c);
	*b = (struct call_back){.call = r.call, .cx = cx};
	bench_counter_next_send(r, called_back, b);
}

static void on_fail(void *self, struct bench_bench_fail_ctx cx)
{
	static const char *const text[] = {"failed", "overloaded", "disconnected", "unimplemented"};
	uint16_t kind = bench_bench_fail_params_get_kind(bench_bench_fail_params(cx)) & 3;
	vat_ctx_fail(cx.ctx, (enum vat_error_kind)kind, "%s on purpose", text[kind]);
}

static void on_stats(void *self, struct bench_bench_stats_ctx cx)
{
	struct server *s = self;
	struct bench_bench_stats_results_b b = bench_bench_stats_results(cx);
	bench_bench_stats_results_set_conns(b, s->peer.accepted - s->peer.ended);
	vat_ctx_return(cx.ctx);
}

struct never {
	struct server *s;
	struct vat_ctx *ctx;
};

static void never_canceled(void *user)
{
	struct never *n = user;
	n->s->canceled++;
	vat_ctx_fail(n->ctx, VAT_FAILED, "canceled");
	free(n);
}

static void on_never(void *self, struct bench_bench_never_ctx cx)
{
	struct never *n = calloc(1, sizeof(*n));
	*n = (struct never){.s = self, .ctx = cx.ctx};
	vat_ctx_on_cancel(cx.ctx, never_canceled, n);
}

static void on_canceled(void *self, struct bench_bench_canceled_ctx cx)
{
	struct server *s = self;
	bench_bench_canceled_results_set_n(bench_bench_canceled_results(cx), s->canceled);
	vat_ctx_return(cx.ctx);
}

static void on_echo_cap(void *self, struct bench_bench_echo_cap_ctx cx)
{
	struct bench_counter_c c =
		bench_bench_echo_cap_params_get_c(bench_bench_echo_cap_params(cx));
	bench_bench_echo_cap_results_set_c(bench_bench_echo_cap_results(cx), c);
	vat_ctx_return(cx.ctx);
}

static void on_forward(void *self, struct bench_bench_forward_ctx cx)
{
	struct bench_counter_c c = bench_bench_forward_params_get_c(bench_bench_forward_params(cx));
	vat_ctx_tail_call(cx.ctx, bench_counter_next(vat_ctx_vat(cx.ctx), c).call);
}

static const struct bench_bench_impl bench_impl = {.ping = on_ping,
	.add = on_add,
	.blob = on_blob,
	.counter = on_counter,
	.fd = on_fd,
	.sink = on_sink,
	.done = on_done,
	.call_back = on_call_back,
	.fail = on_fail,
	.stats = on_stats,
	.never = on_never,
	.canceled = on_canceled,
	.echo_cap = on_echo_cap,
	.forward = on_forward};

static int serve(const char *addr, unsigned connections)
{
	struct server s = {0};
	int r = peer_init(&s.peer);
	if (r < 0)
		return r;
	s.peer.bootstrap = bench_bench_serve(s.peer.vat, &bench_impl, &s, NULL).cap;
	r = peer_network(&s.peer, false);
	if (r == 0)
		r = peer_listen(&s.peer, addr);
	while (r == 0 && s.peer.ended < connections)
		peer_turn(&s.peer, -1);
	peer_done(&s.peer);
	return r;
}

/* ---- between two --------------------------------------------------------------------------------
 */

/* Serves one client what the server at `to` has, and introduces whoever lets himself be introduced;
 * tells how many calls had to be relayed. */
static int relay(const char *addr, const char *to)
{
	struct peer p;
	struct vat_handoff_counts n = {0};
	int r = peer_init(&p);
	if (r < 0)
		return r;
	r = peer_network(&p, true);
	if (r == 0)
		r = peer_connect(&p, to);
	struct vat_conn *server = p.links[0].conn;
	if (r == 0)
		p.bootstrap = vat_conn_bootstrap(server);
	if (r == 0)
		r = peer_listen(&p, addr);
	while (r == 0 && p.ended < 1) {
		vat_handoff_counts(server, &n);
		peer_turn(&p, -1);
	}
	if (r == 0 && p.links[0].conn != server)
		r = -ECONNRESET; /* the server went first */
	printf("relayed %llu\n", (unsigned long long)n.calls_out);
	peer_done(&p);
	return r;
}

/* ---- client --------------------------------------------------------------------------------- */

enum { WAIT_S = 20 }; /* for an answer, before it counts as lost */

struct client {
	struct peer peer;
	struct bench_bench_c b;
	bool descriptors; /* are expected to arrive */
	unsigned failures;
};

/* A call being waited for. */
struct wait {
	struct vat_call *call;
	bool done, failed;
	enum vat_error_kind kind;
	char text[200];
	uint64_t n; /* first word of the results */
	struct vat_ptr_r results;
};

static void on_wait(void *user, const struct vat_error *e, struct vat_ptr_r results)
{
	struct wait *w = user;
	w->done = true;
	w->results = results;
	w->failed = e;
	if (e) {
		w->kind = e->kind;
		snprintf(w->text, sizeof(w->text), "%s", e->text);
	} else {
		w->n = vat_r_u64(vat_ptr_struct(results, NULL), 0, 0);
	}
}

static bool finish(struct client *c, struct wait *w)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	for (time_t end = t.tv_sec + WAIT_S; !w->done && t.tv_sec < end;) {
		peer_turn(&c->peer, 100);
		clock_gettime(CLOCK_MONOTONIC, &t);
	}
	return w->done && !w->failed;
}

static void drop(struct wait *w)
{
	vat_call_free(w->call);
	*w = (struct wait){0};
}

#define SEND(w, method, req)                      \
	do {                                      \
		(w)->call = (req).call;           \
		method##_send(req, on_wait, (w)); \
	} while (0)

static void report(struct client *c, const char *name, bool ok, const struct wait *w)
{
	if (ok)
		printf("ok %s\n", name);
	else
		printf("not ok %s: done %d failed %d n %llu %s\n", name, w->done, w->failed,
			(unsigned long long)w->n, w->text);
	c->failures += !ok;
}

static void next(struct client *c, struct bench_counter_c counter, struct wait *w)
{
	struct bench_counter_next_req r = bench_counter_next(c->peer.vat, counter);
	SEND(w, bench_counter_next, r);
}

static void check_add(struct client *c)
{
	struct wait w = {0};
	struct bench_bench_add_req add = bench_bench_add(c->peer.vat, c->b);
	bench_bench_add_params_set_a(add.params, 2);
	bench_bench_add_params_set_b(add.params, 40);
	SEND(&w, bench_bench_add, add);
	report(c, "add", finish(c, &w) && w.n == 42, &w);
	drop(&w);
}

static void check_blob(struct client *c)
{
	struct wait w = {0};
	enum { SIZE = 300000 };
	struct bench_bench_blob_req blob = bench_bench_blob(c->peer.vat, c->b);
	memset(bench_bench_blob_params_init_data(blob.params, SIZE), 0x5a, SIZE);
	SEND(&w, bench_bench_blob, blob);
	bool ok = finish(c, &w);
	struct vat_data d =
		bench_bench_blob_results_get_data(bench_bench_blob_results_from(w.results));
	ok = ok && d.len == SIZE && ((const uint8_t *)d.p)[SIZE - 1] == 0x5a;
	report(c, "blob", ok, &w);
	drop(&w);
}

static void check_pipeline(struct client *c)
{
	struct wait w = {0}, n[2] = {0};
	struct bench_bench_counter_req r = bench_bench_counter(c->peer.vat, c->b);
	SEND(&w, bench_bench_counter, r);
	struct bench_counter_c counter = bench_bench_counter_pipe_c(w.call);
	next(c, counter, &n[0]);
	next(c, counter, &n[1]);
	drop(&w); /* the call itself is of no interest */
	bool ok = finish(c, &n[0]) && finish(c, &n[1]) && n[0].n == 1 && n[1].n == 2;
	report(c, "pipelining", ok, &n[0]);
	bench_counter_unref(counter);
	drop(&n[0]);
	drop(&n[1]);
}

/* The same when the first call is made for nothing else: there may be no answer to it. */
static void check_for_pipeline(struct client *c)
{
	struct wait n[4] = {0};
	for (unsigned i = 0; i < 4; i += 2) {
		struct bench_bench_counter_req r = bench_bench_counter(c->peer.vat, c->b);
		vat_call_send_for_pipeline(r.call);
		struct bench_counter_c counter = bench_bench_counter_pipe_c(r.call);
		vat_call_free(r.call);
		next(c, counter, &n[i]);
		finish(c, &n[i]);
		next(c, counter, &n[i + 1]);
		bench_counter_unref(counter);
		finish(c, &n[i + 1]);
	}
	bool ok = n[0].n == 1 && n[1].n == 2 && n[2].n == 1 && n[3].n == 2;
	report(c, "for its pipeline", ok, &n[1]);
	for (unsigned i = 0; i < 4; i++)
		drop(&n[i]);
}

/* The server's tail call: to what it has itself, and back to us. */
static void check_forward(struct client *c)
{
	struct wait w = {0}, n[2] = {0};
	struct bench_counter_c counters[2] = {{NULL}, new_counter(c->peer.vat)};
	struct bench_bench_counter_req r = bench_bench_counter(c->peer.vat, c->b);
	SEND(&w, bench_bench_counter, r);
	counters[0] = bench_bench_counter_pipe_c(w.call);
	bool ok = true;
	for (unsigned i = 0; i < 2; i++) {
		struct bench_bench_forward_req f = bench_bench_forward(c->peer.vat, c->b);
		bench_bench_forward_params_set_c(f.params, counters[i]);
		SEND(&n[i], bench_bench_forward, f);
		ok = finish(c, &n[i]) && n[i].n == 1 && ok;
		drop(&n[i]);
		next(c, counters[i], &n[i]);
		ok = finish(c, &n[i]) && n[i].n == 2 && ok;
		bench_counter_unref(counters[i]);
	}
	report(c, "tail call", ok, &n[ok ? 0 : 1]);
	drop(&w);
	drop(&n[0]);
	drop(&n[1]);
}

static void check_callback(struct client *c)
{
	struct wait w = {0};
	struct bench_counter_c mine = new_counter(c->peer.vat);
	struct bench_bench_call_back_req r = bench_bench_call_back(c->peer.vat, c->b);
	bench_bench_call_back_params_set_c(r.params, mine);
	SEND(&w, bench_bench_call_back, r);
	bench_counter_unref(mine);
	report(c, "callback", finish(c, &w) && w.n == 1, &w);
	drop(&w);
}

static const char *const kind_text[] = {"failed", "overloaded", "disconnected", "unimplemented"};

/* Lets the server fail in one of four ways. */
static bool fail_call(struct client *c, uint16_t kind, struct wait *w)
{
	char want[64];
	struct bench_bench_fail_req r = bench_bench_fail(c->peer.vat, c->b);
	bench_bench_fail_params_set_kind(r.params, kind);
	drop(w);
	SEND(w, bench_bench_fail, r);
	finish(c, w);
	snprintf(want, sizeof(want), "%s on purpose", kind_text[kind]);
	return w->failed && strstr(w->text, want);
}

static void check_exceptions(struct client *c)
{
	struct wait w = {0};
	bool ok = true;
	for (uint16_t kind = 0; ok && kind < 4; kind++)
		ok = fail_call(c, kind, &w);
	report(c, "exceptions", ok, &w);
	drop(&w);
}

static void check_kinds(struct client *c)
{
	struct wait w = {0};
	bool ok = true;
	for (uint16_t kind = 0; ok && kind < 4; kind++)
		ok = fail_call(c, kind, &w) && w.kind == (enum vat_error_kind)kind;
	report(c, "exception kinds", ok, &w);
	drop(&w);
}

static void check_cancel(struct client *c)
{
	struct wait w = {0}, n = {0};
	struct bench_bench_never_req r = bench_bench_never(c->peer.vat, c->b);
	SEND(&w, bench_bench_never, r);
	peer_turn(&c->peer, 0);
	drop(&w);
	for (unsigned i = 0; i < 50 && n.n != 1; i++) {
		drop(&n);
		struct bench_bench_canceled_req q = bench_bench_canceled(c->peer.vat, c->b);
		SEND(&n, bench_bench_canceled, q);
		finish(c, &n);
	}
	report(c, "cancel", n.n >= 1, &n);
	drop(&n);
}

/* The server gives back our own object while calls on the promise for it are under way. */
static void check_embargo(struct client *c)
{
	struct wait w = {0}, n[6] = {0};
	struct bench_counter_c mine = new_counter(c->peer.vat);
	struct bench_bench_echo_cap_req r = bench_bench_echo_cap(c->peer.vat, c->b);
	bench_bench_echo_cap_params_set_c(r.params, mine);
	SEND(&w, bench_bench_echo_cap, r);
	struct bench_counter_c back = bench_bench_echo_cap_pipe_c(w.call);
	bool ok = true;
	next(c, back, &n[0]);
	next(c, back, &n[1]);
	ok = finish(c, &w) && ok;
	next(c, back, &n[2]);
	next(c, back, &n[3]);
	peer_turn(&c->peer, 1);
	next(c, back, &n[4]);
	ok = finish(c, &n[4]) && ok;
	next(c, back, &n[5]);
	for (unsigned i = 0; i < 6; i++)
		ok = finish(c, &n[i]) && n[i].n == i + 1 && ok;
	ok = ok && vat_cap_self(back.cap, &counter_impl);
	report(c, "embargo order", ok, &n[5]);
	bench_counter_unref(back);
	bench_counter_unref(mine);
	drop(&w);
	for (unsigned i = 0; i < 6; i++)
		drop(&n[i]);
}

static void check_stream(struct client *c)
{
	enum { CALLS = 200, SIZE = 8192 };
	static struct wait w[CALLS];
	bool ok = true;
	for (unsigned i = 0; i < CALLS; i++) {
		struct bench_bench_sink_req r = bench_bench_sink(c->peer.vat, c->b);
		bench_bench_sink_params_init_data(r.params, SIZE);
		SEND(&w[i], bench_bench_sink, r);
	}
	struct wait done = {0};
	struct bench_bench_done_req r = bench_bench_done(c->peer.vat, c->b);
	SEND(&done, bench_bench_done, r);
	ok = finish(c, &done) && done.n == CALLS * SIZE;
	for (unsigned i = 0; i < CALLS; i++) {
		ok = ok && w[i].done && !w[i].failed;
		drop(&w[i]);
	}
	report(c, "stream", ok, &done);
	drop(&done);
}

/* The descriptor comes behind an answer of `fill` bytes, asked for in one go: wherever the stream
 * is cut, it has to arrive with its own message. */
static void fd_after(struct client *c, const char *what, uint32_t fill)
{
	struct wait before = {0}, w = {0}, name = {0};
	struct bench_bench_blob_req b = bench_bench_blob(c->peer.vat, c->b);
	bench_bench_blob_params_init_data(b.params, fill);
	SEND(&before, bench_bench_blob, b);
	struct bench_bench_fd_req r = bench_bench_fd(c->peer.vat, c->b);
	SEND(&w, bench_bench_fd, r);
	struct bench_holder_c h = bench_bench_fd_pipe_h(w.call);
	struct bench_holder_name_req q = bench_holder_name(c->peer.vat, h);
	SEND(&name, bench_holder_name, q);
	char buf[16] = "";
	bool ok = finish(c, &before) && finish(c, &w) && finish(c, &name);
	int fd = vat_cap_fd(h.cap);
	if (c->descriptors)
		ok = ok && fd >= 0 && pread(fd, buf, 8, 0) == 8 && !strcmp(buf, "hello-fd");
	else
		ok = ok && fd == -ENOENT;
	report(c, what, ok, &w);
	bench_holder_unref(h);
	drop(&before);
	drop(&w);
	drop(&name);
}

static void check_fd(struct client *c)
{
	fd_after(c, "descriptor", 0);
}

static void check_fd_8k(struct client *c)
{
	fd_after(c, "descriptor after 8 KiB", 8 << 10);
}

static void check_fd_64k(struct client *c)
{
	fd_after(c, "descriptor after 64 KiB", 64 << 10);
}

static void check_fd_1m(struct client *c)
{
	fd_after(c, "descriptor after 1 MiB", 1 << 20);
}

/* Our own object comes back in an answer that was waited for, so nothing is to be kept in order. */
static void check_own_back(struct client *c)
{
	struct wait w = {0}, n = {0};
	struct bench_counter_c mine = new_counter(c->peer.vat);
	struct bench_bench_echo_cap_req r = bench_bench_echo_cap(c->peer.vat, c->b);
	bench_bench_echo_cap_params_set_c(r.params, mine);
	SEND(&w, bench_bench_echo_cap, r);
	bool ok = finish(c, &w);
	struct bench_counter_c back =
		bench_bench_echo_cap_results_get_c(bench_bench_echo_cap_results_from(w.results));
	ok = ok && vat_cap_self(back.cap, &counter_impl);
	next(c, back, &n);
	ok = finish(c, &n) && n.n == 1 && ok;
	report(c, "own object back", ok, &w);
	bench_counter_unref(mine);
	drop(&w);
	drop(&n);
}

/* When everything is dropped the connection has nothing left to say. */
static void check_idle(struct client *c)
{
	struct wait w = {0};
	struct peer_link *l = &c->peer.links[0];
	bench_bench_unref(c->b);
	c->b.cap = NULL;
	for (unsigned i = 0; i < 20 && l->conn && !vat_conn_idle(l->conn); i++)
		peer_turn(&c->peer, 50);
	report(c, "idle at the end", l->conn && vat_conn_idle(l->conn), &w);
}

static const struct {
	const char *name;
	void (*run)(struct client *c);
} checks[] = {
	{"add", check_add}, {"blob", check_blob}, {"pipelining", check_pipeline},
	{"for its pipeline", check_for_pipeline}, {"callback", check_callback},
	{"tail call", check_forward}, {"exceptions", check_exceptions},
	{"exception kinds", check_kinds}, {"cancel", check_cancel},
	{"own object back", check_own_back}, {"embargo order", check_embargo},
	{"stream", check_stream}, {"descriptor", check_fd}, {"descriptor after 8 KiB", check_fd_8k},
	{"descriptor after 64 KiB", check_fd_64k}, {"descriptor after 1 MiB", check_fd_1m},
	{"idle at the end", check_idle}, /* drops the bootstrap capability */
};

static bool is_among(const char *name, char **names)
{
	while (*names)
		if (!strcmp(name, *names++))
			return true;
	return false;
}

static int run_client(const char *addr, char **without)
{
	struct client c = {0};
	int r = peer_init(&c.peer);
	if (r == 0)
		r = peer_network(&c.peer, false);
	if (r == 0)
		r = peer_connect(&c.peer, addr);
	if (r < 0) {
		peer_done(&c.peer);
		return r;
	}
	c.b = bench_bench_cast(vat_conn_bootstrap(c.peer.links[0].conn));
	c.descriptors = c.peer.fds && !is_among("descriptors", without);
	for (unsigned i = 0; i < sizeof(checks) / sizeof(checks[0]); i++)
		if (!is_among(checks[i].name, without))
			checks[i].run(&c);
	bench_bench_unref(c.b);
	peer_done(&c.peer);
	return c.failures ? -EIO : 0;
}

int main(int argc, char **argv)
{
	int r = -EINVAL;
	if (argc == 4 && !strcmp(argv[1], "server"))
		r = serve(argv[2], (unsigned)atoi(argv[3]));
	else if (argc == 4 && !strcmp(argv[1], "relay"))
		r = relay(argv[2], argv[3]);
	else if (argc >= 3 && !strcmp(argv[1], "client"))
		r = run_client(argv[2], argv + 3);
	if (r < 0)
		fprintf(stderr, "vat-peer: %s\n", strerror(-r));
	return r < 0;
}
