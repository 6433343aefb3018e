/* SPDX-License-Identifier: MIT */
/* The client of the RPC benchmark: see bench.h. */
#include "bench.h"
#include "base/macro.h"

#include <stdio.h>
#include <sys/resource.h>
#include <time.h>

struct client {
	struct vat_loop *loop;
	struct vat *vat;
	struct vat_link *link;
	struct bench_bench_c b;
	unsigned long n, arg; /* operations; size or window */
	unsigned long sent, done; /* window */
	bool answered, failed;
	uint64_t value;
	uint8_t *data;
};

double bench_now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* ---- one call after another ----------------------------------------------------------------- */

static void on_answer(void *user, const struct vat_error *e, struct vat_ptr_r results)
{
	struct client *c = user;
	c->answered = true;
	c->failed |= e != NULL;
	if (e)
		fprintf(stderr, "rpc-bench: %s\n", e->text);
}

static int await(struct client *c, struct vat_call *call)
{
	c->answered = false;
	vat_call_send(call, on_answer, c);
	(void)vat_loop_wait(c->loop, &c->answered, 0);
	return c->answered && !c->failed ? 0 : -EIO;
}

static int ping(struct client *c)
{
	struct bench_bench_ping_req r = bench_bench_ping(c->vat, c->b);
	int e = await(c, r.call);
	vat_call_free(r.call);
	return e;
}

static int add(struct client *c)
{
	struct bench_bench_add_req r = bench_bench_add(c->vat, c->b);
	bench_bench_add_params_set_a(r.params, 2);
	bench_bench_add_params_set_b(r.params, 40);
	int e = await(c, r.call);
	vat_call_free(r.call);
	return e;
}

static int blob(struct client *c)
{
	struct bench_bench_blob_req r = bench_bench_blob(c->vat, c->b);
	struct vat_data d = {c->data, (uint32_t)c->arg};
	bench_bench_blob_params_set_data(r.params, d);
	int e = await(c, r.call);
	vat_call_free(r.call);
	return e;
}

static int capret(struct client *c)
{
	struct bench_bench_counter_req r = bench_bench_counter(c->vat, c->b);
	int e = await(c, r.call);
	vat_call_free(r.call);
	return e;
}

static void on_fd(void *user, const struct vat_error *e, struct vat_ptr_r results)
{
	struct client *c = user;
	struct bench_holder_c h = {0};
	if (!e)
		h = bench_bench_fd_results_get_h(bench_bench_fd_results_from(results));
	c->failed |= e || vat_cap_fd(h.cap) < 0;
	c->answered = true;
}

static int fd(struct client *c)
{
	struct bench_bench_fd_req r = bench_bench_fd(c->vat, c->b);
	c->answered = false;
	bench_bench_fd_send(r, on_fd, c);
	(void)vat_loop_wait(c->loop, &c->answered, 0);
	vat_call_free(r.call);
	return c->answered && !c->failed ? 0 : -EIO;
}

static int repeat(struct client *c, int (*op)(struct client *))
{
	int r = op(c);
	double start = bench_now();
	for (unsigned long i = 0; i < c->n && r == 0; i++)
		r = op(c);
	printf("seconds %.6f\n", bench_now() - start);
	return r;
}

static int mode_seq(struct client *c)
{
	return repeat(c, ping);
}

static int mode_add(struct client *c)
{
	return repeat(c, add);
}

static int mode_blob(struct client *c)
{
	return repeat(c, blob);
}

static int mode_capret(struct client *c)
{
	return repeat(c, capret);
}

static int mode_fd(struct client *c)
{
	return repeat(c, fd);
}

/* ---- many outstanding ----------------------------------------------------------------------- */

static void send_next(struct client *c);

static void on_windowed(void *user, const struct vat_error *e, struct vat_ptr_r results)
{
	struct client *c = user;
	c->done++;
	c->failed |= e != NULL;
	c->answered = c->done == c->n || c->failed;
	send_next(c);
}

static void send_next(struct client *c)
{
	if (c->sent == c->n)
		return;
	c->sent++;
	struct bench_bench_ping_req r = bench_bench_ping(c->vat, c->b);
	bench_bench_ping_send(r, on_windowed, c);
	vat_call_detach(r.call);
}

static int mode_win(struct client *c)
{
	double start = bench_now();
	c->answered = false;
	while (c->sent < c->n && c->sent < c->arg)
		send_next(c);
	(void)vat_loop_wait(c->loop, &c->answered, 0);
	printf("seconds %.6f\n", bench_now() - start);
	return c->done == c->n && !c->failed ? 0 : -EIO;
}

/* ---- streaming ------------------------------------------------------------------------------ */

static void on_sunk(void *user, const struct vat_error *e, struct vat_ptr_r results)
{
	struct client *c = user;
	c->done++;
	c->failed |= e != NULL;
	c->answered = true; /* there is room in the window */
}

static void on_bytes(void *user, const struct vat_error *e, struct vat_ptr_r results)
{
	struct client *c = user;
	on_answer(user, e, results);
	c->value = bench_bench_done_results_get_bytes(bench_bench_done_results_from(results));
}

/* As the C++ library's flow control does: a window of bytes as large as the socket's buffer. */
static int mode_stream(struct client *c)
{
	enum { WINDOW = 212992 };
	struct vat_data d = {c->data, (uint32_t)c->arg};
	double start = bench_now();
	while (c->sent < c->n && !c->failed) {
		while (c->sent < c->n && (c->sent - c->done) * c->arg < WINDOW) {
			struct bench_bench_sink_req r = bench_bench_sink(c->vat, c->b);
			bench_bench_sink_params_set_data(r.params, d);
			vat_call_send(r.call, on_sunk, c);
			vat_call_detach(r.call);
			c->sent++;
		}
		c->answered = false;
		(void)vat_loop_wait(c->loop, &c->answered, 0);
	}
	struct bench_bench_done_req r = bench_bench_done(c->vat, c->b);
	c->answered = false;
	bench_bench_done_send(r, on_bytes, c);
	(void)vat_loop_wait(c->loop, &c->answered, 0);
	printf("seconds %.6f\n", bench_now() - start);
	vat_call_free(r.call);
	return c->value == c->n * c->arg ? 0 : -EIO;
}

/* ---- connections ---------------------------------------------------------------------------- */

static int dial(struct client *c, const char *path)
{
	int r = vat_loop_connect(c->loop, path, NULL, &c->link);
	if (r == 0)
		c->b = bench_bench_cast(vat_link_bootstrap(c->link));
	return r;
}

static void hang_up(struct client *c)
{
	bench_bench_unref(c->b);
	vat_link_free(c->link);
	c->b = (struct bench_bench_c){0};
	c->link = NULL;
}

static int bench_conn(struct client *c, const char *path)
{
	int r = 0;
	double start = bench_now();
	for (unsigned long i = 0; i < c->n && r == 0; i++) {
		hang_up(c);
		r = dial(c, path);
		if (r == 0)
			r = ping(c);
	}
	printf("seconds %.6f\n", bench_now() - start);
	return r;
}

static void on_rss(void *user, const struct vat_error *e, struct vat_ptr_r results)
{
	struct client *c = user;
	on_answer(user, e, results);
	c->value = bench_bench_stats_results_get_rss_kb(bench_bench_stats_results_from(results));
}

static int stats(struct client *c)
{
	struct bench_bench_stats_req r = bench_bench_stats(c->vat, c->b);
	c->answered = false;
	bench_bench_stats_send(r, on_rss, c);
	(void)vat_loop_wait(c->loop, &c->answered, 0);
	vat_call_free(r.call);
	return c->answered && !c->failed ? 0 : -EIO;
}

/* What a connection on which one call was made costs the server while it does nothing. */
static int bench_idle(struct client *c, const char *path)
{
	struct client first = *c;
	struct client *all = calloc(c->n, sizeof(*all));
	int r = all ? stats(c) : -ENOMEM;
	uint64_t before = c->value;
	unsigned long n = 0;
	for (; n < c->n && r == 0; n++) {
		r = dial(c, path);
		if (r == 0)
			r = ping(c);
		all[n] = *c;
	}
	*c = first;
	if (r == 0)
		r = stats(c);
	printf("bytes %.1f\n", (double)(c->value - before) * 1024 / (double)c->n);
	for (unsigned long i = 0; i < n; i++) {
		c->b = all[i].b;
		c->link = all[i].link;
		hang_up(c);
	}
	free(all);
	c->b = first.b;
	c->link = first.link;
	return r;
}

/* ---- */

static const struct {
	const char *name;
	int (*run)(struct client *);
	int (*dial)(struct client *, const char *path);
} modes[] = {
	{"seq", mode_seq, NULL}, /* ping() */
	{"add", mode_add, NULL}, /* add() */
	{"blob", mode_blob, NULL}, /* blob() of ARG bytes */
	{"capret", mode_capret, NULL}, /* counter(), which returns a capability */
	{"fd", mode_fd, NULL}, /* fd(), one with a descriptor */
	{"win", mode_win, NULL}, /* ping(), ARG of them outstanding */
	{"stream", mode_stream, NULL}, /* sink() of ARG bytes */
	{"conn", NULL, bench_conn}, /* connect, bootstrap, ping(), close */
	{"idle", NULL, bench_idle}, /* N connections that do nothing: prints "bytes B" for each */
};

static int run_mode(struct client *c, const char *path, const char *mode)
{
	for (size_t i = 0; i < ARRAY_SIZE(modes); i++)
		if (!strcmp(modes[i].name, mode))
			return modes[i].run ? modes[i].run(c) : modes[i].dial(c, path);
	return -EINVAL;
}

int bench_client(const char *path, const char *mode, unsigned long n, unsigned long arg)
{
	struct client c = {.n = n, .arg = arg};
	struct rlimit l;
	if (getrlimit(RLIMIT_NOFILE, &l) == 0) {
		l.rlim_cur = l.rlim_max;
		setrlimit(RLIMIT_NOFILE, &l);
	}
	c.data = malloc(arg + 1);
	if (!c.data)
		return -ENOMEM;
	memset(c.data, 0x5a, arg);
	int r = vat_loop_new(&c.loop);
	if (r == 0) {
		c.vat = vat_loop_vat(c.loop);
		r = dial(&c, path);
	}
	if (r == 0)
		r = ping(&c);
	if (r == 0)
		r = run_mode(&c, path, mode);
	hang_up(&c);
	vat_loop_free(c.loop);
	free(c.data);
	return r;
}
