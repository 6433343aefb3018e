/* SPDX-License-Identifier: MIT */
/* The server of the RPC benchmark: see bench.h. */
#include "bench.h"
#include "base/macro.h"

#include <dirent.h>
#include <stdio.h>
#include <sys/mman.h>

struct server {
	struct vat_loop *loop;
	struct vat *vat;
	struct vat_cap *object;
	unsigned n_links;
	uint64_t bytes;
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
static const struct bench_holder_impl holder_impl = {0};

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
	struct counter *n = calloc(1, sizeof(*n));
	struct bench_counter_c c = bench_counter_serve(vat_ctx_vat(cx.ctx), &counter_impl, n, free);
	bench_bench_counter_results_set_c(bench_bench_counter_results(cx), c);
	bench_counter_unref(c);
	vat_ctx_return(cx.ctx);
}

static void on_fd(void *self, struct bench_bench_fd_ctx cx)
{
	int fd = memfd_create("bench", MFD_CLOEXEC);
	if (fd < 0 || write(fd, "hello-fd", 8) != 8) {
		fd_close(fd);
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

static uint64_t rss_kb(void)
{
	FILE *f = fopen("/proc/self/smaps_rollup", "re");
	char line[256];
	unsigned long v = 0;
	while (f && !v && fgets(line, sizeof(line), f))
		sscanf(line, "Rss: %lu", &v);
	if (f)
		fclose(f);
	return v;
}

static unsigned open_fds(void)
{
	unsigned n = 0;
	DIR *d = opendir("/proc/self/fd");
	while (d && readdir(d))
		n++;
	if (d)
		closedir(d);
	return n - 3; /* ".", "..", and the directory itself */
}

static void on_stats(void *self, struct bench_bench_stats_ctx cx)
{
	struct server *s = self;
	struct bench_bench_stats_results_b b = bench_bench_stats_results(cx);
	bench_bench_stats_results_set_conns(b, s->n_links);
	bench_bench_stats_results_set_rss_kb(b, rss_kb());
	bench_bench_stats_results_set_open_fds(b, open_fds());
	vat_ctx_return(cx.ctx);
}

static const struct bench_bench_impl bench_impl = {.ping = on_ping,
	.add = on_add,
	.blob = on_blob,
	.counter = on_counter,
	.fd = on_fd,
	.sink = on_sink,
	.done = on_done,
	.stats = on_stats};

static struct vat_cap *on_connect(void *user, int fd)
{
	struct server *s = user;
	s->n_links++;
	return vat_cap_ref(s->object);
}

static void on_closed(void *user, struct vat_link *link, const struct vat_error *err)
{
	((struct server *)user)->n_links--;
}

int bench_serve(const char *path)
{
	struct server s = {0};
	struct vat_listen_config cfg = {.link = {.closed = on_closed, .user = &s},
		.bootstrap_for = on_connect,
		.user = &s,
		.max_links = UINT32_MAX};
	int r = vat_loop_new(&s.loop);
	if (r < 0)
		return r;
	s.vat = vat_loop_vat(s.loop);
	s.object = bench_bench_serve(s.vat, &bench_impl, &s, NULL).cap;
	r = vat_loop_listen(s.loop, path, &cfg, NULL);
	if (r == 0) {
		printf("ready %d\n", (int)getpid());
		fflush(stdout);
		r = vat_loop_run(s.loop);
	}
	vat_cap_unref(s.object);
	vat_loop_free(s.loop);
	return r;
}
