/* SPDX-License-Identifier: MIT */
/* Streams: the caller's window, its errors and its barrier, over a connection and without. */
#include "vat/stream.h"
#include "vat/conn/test-net.h"

/* A method whose calls take as many bytes as the test says, kept until the test answers them. */
struct sink {
	struct vat_ctx *kept[64];
	unsigned n, answered;
	uint64_t log[64];
	bool destroyed;
};

static bool sink_dispatch(const void *impl, void *self, uint16_t method, struct vat_ctx *ctx)
{
	struct sink *k = self;
	CHECK(k->n < ARRAY_SIZE(k->kept));
	k->log[k->n] = vat_r_u64(vat_ptr_struct(vat_ctx_params(ctx), NULL), 0, 0);
	k->kept[k->n++] = ctx;
	return true;
}

/* Not marked as streaming: so all calls arrive at once, and the window is what is tested. */
static const struct vat_method sink_methods[] = {{.name = "write", .param_data_words = 1}};
static const struct vat_interface sink_interface = {.id = 0x51,
	.name = "test:Sink",
	.methods = sink_methods,
	.n_methods = 1,
	.dispatch = sink_dispatch};

static void sink_destroy(void *self)
{
	((struct sink *)self)->destroyed = true;
}

static const int sink_impl;

struct world {
	struct net n;
	struct net_link *l;
	struct sink sink;
	struct vat *v;
	struct vat_cap *cap;
	struct vat_stream *s;
	unsigned writable, finished;
	bool failed;
	char text[64];
	bool free_in_writable;
};

static void on_writable(void *user)
{
	struct world *w = user;
	CHECK(vat_stream_ready(w->s));
	w->writable++;
	if (w->free_in_writable) {
		vat_stream_free(w->s);
		w->s = NULL;
	}
}

static void on_finished(void *user, const struct vat_error *err)
{
	struct world *w = user;
	w->finished++;
	w->failed = err;
	snprintf(w->text, sizeof(w->text), "%s", err ? err->text : "");
}

static void world_init(struct world *w, const struct vat_stream_config *cfg)
{
	memset(w, 0, sizeof(*w));
	net_init(&w->n, 2);
	struct vat_cap *sink =
		vat_serve(w->n.vat[1], &sink_interface, &sink_impl, &w->sink, sink_destroy);
	w->l = net_serve(&w->n, 0, 1, sink);
	w->v = w->n.vat[0];
	w->cap = vat_conn_bootstrap(w->l->conn[0]);
	net_run(&w->n);
	struct vat_stream_config c = cfg ? *cfg : (struct vat_stream_config){0};
	c.writable = on_writable;
	c.user = w;
	w->s = vat_stream_new(w->v, w->cap, &c);
	CHECK(w->s);
}

static void world_done(struct world *w)
{
	vat_stream_free(w->s);
	vat_cap_unref(w->cap);
	net_check_idle(&w->n);
	net_done(&w->n);
	CHECK(w->sink.destroyed);
}

static struct vat_call *call_of(struct world *w, uint64_t n, uint32_t bytes)
{
	struct vat_call *call = vat_call_for(w->v, w->cap, &sink_interface, 0);
	struct vat_struct_b b = vat_init_struct(vat_call_params(call), 1, 1);
	vat_w_u64(b, 0, n, 0);
	CHECK(vat_init_data(vat_ptr_at_b(b, 0), bytes) || !bytes);
	return call;
}

static int send(struct world *w, uint64_t n, uint32_t bytes)
{
	struct vat_call *call = call_of(w, n, bytes);
	int r = vat_stream_send(w->s, call);
	if (r == -EAGAIN)
		vat_call_free(call);
	return r;
}

/* Until it is refused; how many went. */
static unsigned fill(struct world *w, uint32_t bytes)
{
	unsigned n = 0;
	int r;
	while (!(r = send(w, n, bytes)))
		n++;
	CHECK_INT(r, -EAGAIN);
	net_run(&w->n);
	return n;
}

static void answer(struct world *w)
{
	vat_ctx_return(w->sink.kept[w->sink.answered++]);
	net_run(&w->n);
}

static void answer_all(struct world *w)
{
	while (w->sink.answered < w->sink.n)
		answer(w);
}

static struct vat_stream_counts counts_of(struct world *w)
{
	struct vat_stream_counts k;
	vat_stream_counts(w->s, &k);
	return k;
}

TEST(window_blocks_and_answers_open_it)
{
	struct world w;
	world_init(&w, &(struct vat_stream_config){.window = 4000});
	/* A call more than fits: so that the pipe never runs dry. */
	CHECK_INT(fill(&w, 1000), 5);
	CHECK(!vat_stream_ready(w.s));
	CHECK_INT(w.writable, 0);
	CHECK_INT(counts_of(&w).calls, 5);
	answer(&w);
	CHECK_INT(w.writable, 1);
	CHECK_INT(fill(&w, 1000), 1);
	answer_all(&w);
	CHECK_INT(w.writable, 2);
	CHECK_INT(counts_of(&w).in_flight, 0);
	for (unsigned i = 0; i < 5; i++)
		CHECK_INT(w.sink.log[i], i);
	world_done(&w);
}

TEST(window_smaller_than_a_call)
{
	struct world w;
	world_init(&w, &(struct vat_stream_config){.window = 1});
	CHECK_INT(fill(&w, 8000), 2);
	answer(&w);
	CHECK_INT(fill(&w, 8000), 1);
	/* A small one may follow large ones, not overtake the rule. */
	CHECK_INT(send(&w, 0, 8), -EAGAIN);
	answer_all(&w);
	world_done(&w);
}

TEST(default_window)
{
	struct world w;
	world_init(&w, NULL);
	CHECK_INT(counts_of(&w).window, 64 * 1024);
	CHECK_INT(fill(&w, 8 * 1024), 9);
	answer_all(&w);
	world_done(&w);
}

TEST(window_grows_while_it_is_what_limits)
{
	struct world w;
	world_init(&w, &(struct vat_stream_config){.window = 2000, .max_window = 5000});
	/* The application is slow: nothing grows. */
	for (unsigned i = 0; i < 6; i++) {
		CHECK_INT(send(&w, 0, 900), 0);
		net_run(&w.n);
		answer_all(&w);
	}
	CHECK_INT(counts_of(&w).window, 2000);
	fill(&w, 900);
	answer_all(&w);
	CHECK_INT(counts_of(&w).window, 4000);
	for (unsigned i = 0; i < 2; i++) {
		fill(&w, 900);
		answer_all(&w);
	}
	CHECK_INT(counts_of(&w).window, 5000);
	world_done(&w);
}

struct policy {
	size_t window, sent, answered;
	unsigned full, freed;
};

static size_t policy_size(void *user)
{
	return ((struct policy *)user)->window;
}

static void policy_sent(void *user, size_t bytes)
{
	((struct policy *)user)->sent += bytes;
}

static void policy_answered(void *user, size_t bytes, bool full)
{
	struct policy *p = user;
	p->answered += bytes;
	p->full += full;
}

static void policy_free(void *user)
{
	((struct policy *)user)->freed++;
}

TEST(window_is_decided_by_a_policy)
{
	struct world w;
	struct policy p = {.window = 1000};
	const struct vat_stream_window policy = {.size = policy_size,
		.sent = policy_sent,
		.answered = policy_answered,
		.free = policy_free,
		.user = &p};
	world_init(&w, &(struct vat_stream_config){.policy = &policy, .window = 1 << 20});
	CHECK_INT(send(&w, 0, 500), 0);
	net_run(&w.n);
	answer(&w);
	CHECK_INT(p.full, 0);
	unsigned n = fill(&w, 500);
	p.window = 3000;
	CHECK(fill(&w, 500) >= 2);
	answer_all(&w);
	CHECK(p.full > 0 && n > 0);
	CHECK_INT(p.answered, p.sent);
	CHECK_INT(p.freed, 0);
	world_done(&w);
	CHECK_INT(p.freed, 1);
}

TEST(first_failure_fails_all_later_sends)
{
	struct world w;
	struct vat_error e;
	world_init(&w, &(struct vat_stream_config){.window = 3000});
	fill(&w, 1000);
	CHECK(!vat_stream_failed(w.s, NULL));
	vat_ctx_fail(w.sink.kept[1], VAT_OVERLOADED, "disk full");
	vat_ctx_fail(w.sink.kept[2], VAT_FAILED, "something else");
	net_run(&w.n);
	/* The sender who waits is let go on, and then told. */
	CHECK_INT(w.writable, 1);
	CHECK(vat_stream_failed(w.s, &e));
	CHECK_INT(e.kind, VAT_OVERLOADED);
	CHECK_STR(e.text, "disk full");
	CHECK_INT(send(&w, 9, 10), -EPIPE);
	CHECK_INT(vat_stream_finish(w.s, on_finished, &w), 0);
	net_run(&w.n);
	/* The rest is still under way. */
	CHECK_INT(w.finished, 0);
	vat_ctx_return(w.sink.kept[0]);
	vat_ctx_return(w.sink.kept[3]);
	net_run(&w.n);
	CHECK_INT(w.finished, 1);
	CHECK(w.failed);
	CHECK_STR(w.text, "disk full");
	world_done(&w);
}

TEST(finish_waits_for_what_was_sent)
{
	struct world w;
	world_init(&w, NULL);
	/* Nothing was: it is told from vat_run() all the same. */
	CHECK_INT(vat_stream_finish(w.s, on_finished, &w), 0);
	CHECK_INT(w.finished, 0);
	net_run(&w.n);
	CHECK_INT(w.finished, 1);
	CHECK_INT(w.writable, 1);
	CHECK_INT(send(&w, 1, 10), 0);
	CHECK_INT(send(&w, 2, 10), 0);
	CHECK_INT(vat_stream_finish(w.s, on_finished, &w), 0);
	CHECK_INT(vat_stream_finish(w.s, on_finished, &w), -EBUSY);
	CHECK_INT(send(&w, 3, 10), -EAGAIN);
	net_run(&w.n);
	answer(&w);
	CHECK_INT(w.finished, 1);
	answer(&w);
	CHECK_INT(w.finished, 2);
	CHECK(!w.failed);
	CHECK_INT(w.writable, 2);
	CHECK_INT(send(&w, 3, 10), 0);
	net_run(&w.n);
	answer(&w);
	world_done(&w);
}

TEST(lost_connection_releases_the_sender)
{
	struct world w;
	world_init(&w, &(struct vat_stream_config){.window = 3000});
	fill(&w, 1000);
	CHECK_INT(vat_stream_finish(w.s, on_finished, &w), 0);
	vat_conn_eof(w.l->conn[0], -ECONNRESET);
	net_run(&w.n);
	CHECK_INT(w.writable, 1);
	CHECK_INT(w.finished, 1);
	CHECK(w.failed);
	CHECK_INT(send(&w, 0, 1), -EPIPE);
	vat_stream_free(TAKE_PTR(w.s));
	vat_cap_unref(TAKE_PTR(w.cap));
	net_cut(&w.n, w.l, 0);
	answer_all(&w);
	world_done(&w);
}

TEST(freeing_a_stream_stops_nothing)
{
	struct world w;
	world_init(&w, NULL);
	for (unsigned i = 0; i < 3; i++)
		CHECK_INT(send(&w, i, 100), 0);
	vat_stream_free(TAKE_PTR(w.s));
	w.cap = vat_cap_unref(w.cap);
	net_run(&w.n);
	CHECK_INT(w.sink.n, 3);
	for (unsigned i = 0; i < 3; i++)
		CHECK(!vat_ctx_canceled(w.sink.kept[i]));
	answer_all(&w);
	CHECK_INT(w.finished, 0);
	world_done(&w);
}

TEST(stream_freed_by_its_own_callback)
{
	struct world w;
	world_init(&w, &(struct vat_stream_config){.window = 1});
	fill(&w, 100);
	w.free_in_writable = true;
	answer_all(&w);
	CHECK(!w.s);
	CHECK_INT(w.writable, 1);
	world_done(&w);
}

TEST(stream_of_a_freed_vat)
{
	struct sink sink = {0};
	struct vat *v = vat_new(NULL);
	struct vat_cap *c = vat_serve(v, &sink_interface, &sink_impl, &sink, sink_destroy);
	struct world w = {.v = v, .cap = c, .s = vat_stream_new(v, c, NULL)};
	CHECK_INT(send(&w, 1, 10), 0);
	CHECK_INT(send(&w, 2, 10), 0);
	vat_run(v, 1);
	CHECK_INT(vat_stream_finish(w.s, on_finished, &w), 0);
	vat_free(v);
	CHECK_INT(sink.n, 1);
	vat_ctx_return(sink.kept[0]);
	CHECK(vat_stream_cap(w.s) == c);
	vat_stream_free(w.s);
	vat_cap_unref(c);
	CHECK_INT(w.finished, 0);
	CHECK(sink.destroyed);
}

TEST(stream_of_calls_that_could_not_be_made)
{
	struct world w;
	world_init(&w, NULL);
	CHECK_INT(vat_stream_send(w.s, NULL), -ENOMEM);
	CHECK(!vat_stream_failed(w.s, NULL));
	vat_stream_free(NULL);
	world_done(&w);
}

TEST(stream_on_a_broken_capability)
{
	struct world w;
	world_init(&w, NULL);
	struct vat_cap *good = w.cap;
	w.cap = vat_cap_broken(w.v, VAT_DISCONNECTED, "gone");
	CHECK_INT(send(&w, 0, 10), 0);
	net_run(&w.n);
	CHECK_INT(send(&w, 0, 10), -EPIPE);
	vat_cap_unref(w.cap);
	w.cap = good;
	world_done(&w);
}
