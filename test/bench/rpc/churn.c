/* SPDX-License-Identifier: MIT */
/*
 * The client of the RPC benchmark as a nuisance: `rpc-bench client PATH churn N WINDOW`.
 *
 * WINDOW calls are under way at any time.  Of each, a random number decides what is called, whether
 * something is pipelined on it, whether it is cancelled before its answer, and now and then whether
 * the connection is dropped with all of them.  After each twentieth of the N calls both sides'
 * resident memory and open descriptors are printed: what does not grow from line to line does not
 * leak.
 */
#include "bench.h"
#include "base/macro.h"

#include <dirent.h>
#include <stdio.h>

struct churn;

struct slot {
	struct churn *churn;
	struct vat_call *call, *piped;
};

struct churn {
	struct vat_loop *loop;
	struct vat_link *link;
	struct bench_bench_c b;
	struct slot *slots;
	unsigned long window;
	uint64_t random;
	uint64_t sent, answered, failed, canceled, dropped; /* calls; connections */
	uint64_t goal;
	bool stop; /* for the loop: the goal is reached, or the connection is to be dropped */
};

static uint32_t draw(struct churn *c, uint32_t below)
{
	c->random ^= c->random << 13; /* xorshift64 */
	c->random ^= c->random >> 7;
	c->random ^= c->random << 17;
	return (uint32_t)(c->random >> 32) % below;
}

static void start(struct slot *s);

static void end(struct slot *s)
{
	vat_call_free(s->piped);
	vat_call_free(s->call);
	s->piped = s->call = NULL;
}

static void on_answer(void *user, const struct vat_error *err, struct vat_ptr_r results)
{
	struct slot *s = user;
	struct churn *c = s->churn;
	c->answered++;
	c->failed += err != NULL;
	end(s);
	if (!draw(c, 1 << 16) || c->sent >= c->goal)
		c->stop = true;
	if (c->stop)
		return;
	start(s);
	struct slot *other = &c->slots[draw(c, (uint32_t)c->window)];
	if (other->call && !draw(c, 8)) {
		c->canceled++;
		end(other);
		start(other);
	}
}

/* counter().next(), and now and then neither answer is waited for before it is dropped. */
static struct vat_call *counter(struct slot *s, struct vat *v)
{
	struct bench_bench_counter_req r = bench_bench_counter(v, s->churn->b);
	bench_bench_counter_send(r, on_answer, s);
	struct bench_counter_c k = bench_bench_counter_pipe_c(r.call);
	struct bench_counter_next_req next = bench_counter_next(v, k);
	bench_counter_next_send(next, NULL, NULL);
	bench_counter_unref(k);
	if (draw(s->churn, 2))
		s->piped = next.call;
	else
		vat_call_free(next.call);
	return r.call;
}

static void start(struct slot *s)
{
	static const uint8_t bytes[4096];
	struct churn *c = s->churn;
	struct vat *v = vat_loop_vat(c->loop);
	uint32_t what = draw(c, 64);
	c->sent++;
	if (what < 40) {
		s->call = bench_bench_ping(v, c->b).call;
	} else if (what < 48) {
		struct bench_bench_blob_req r = bench_bench_blob(v, c->b);
		struct vat_data d = {bytes, draw(c, sizeof(bytes))};
		bench_bench_blob_params_set_data(r.params, d);
		s->call = r.call;
	} else if (what == 48) {
		s->call = bench_bench_fd(v, c->b).call;
	} else if (what < 52) {
		s->call = bench_bench_fail(v, c->b).call; /* which the server does not have */
	} else {
		s->call = counter(s, v);
		return;
	}
	vat_call_send(s->call, on_answer, s);
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

static unsigned long rss_kb(void)
{
	unsigned long pages = 0;
	FILE *f = fopen("/proc/self/statm", "re");
	if (f && fscanf(f, "%*u %lu", &pages) != 1)
		pages = 0;
	if (f)
		fclose(f);
	return pages * 4;
}

static int report(struct churn *c)
{
	struct vat_ptr_r p;
	struct bench_bench_stats_req r = bench_bench_stats(vat_loop_vat(c->loop), c->b);
	int e = vat_loop_call(c->loop, r.call, 0, &p, NULL);
	if (e == 0) {
		struct bench_bench_stats_results_r s = bench_bench_stats_results_from(p);
		printf("calls %llu failed %llu canceled %llu connections %llu; "
		       "client %lu KiB %u fds; server %llu KiB %llu fds %llu connections\n",
			(unsigned long long)c->sent, (unsigned long long)c->failed,
			(unsigned long long)c->canceled, (unsigned long long)c->dropped + 1,
			rss_kb(), open_fds(),
			(unsigned long long)bench_bench_stats_results_get_rss_kb(s),
			(unsigned long long)bench_bench_stats_results_get_open_fds(s),
			(unsigned long long)bench_bench_stats_results_get_conns(s));
		fflush(stdout);
	}
	vat_call_free(r.call);
	return e;
}

static void hang_up(struct churn *c)
{
	bench_bench_unref(c->b);
	c->b = (struct bench_bench_c){0};
	vat_link_free(c->link);
	c->link = NULL;
}

/* Until the goal is reached; what is under way then is cancelled. */
static int run(struct churn *c, const char *address)
{
	int r = 0;
	while (r == 0 && c->sent < c->goal) {
		if (!c->link) {
			r = vat_loop_connect(c->loop, address, NULL, &c->link);
			if (r == 0)
				c->b = bench_bench_cast(vat_link_bootstrap(c->link));
		}
		c->stop = false;
		for (size_t i = 0; i < c->window && r == 0; i++)
			start(&c->slots[i]);
		if (r == 0)
			r = vat_loop_wait(c->loop, &c->stop, 0);
		if (c->sent < c->goal) { /* the calls are cancelled by the end, or before it */
			c->dropped++;
			if (draw(c, 2))
				hang_up(c);
		}
		for (size_t i = 0; i < c->window; i++)
			end(&c->slots[i]);
		if (c->sent < c->goal && c->link)
			hang_up(c);
	}
	return r;
}

int bench_churn(const char *address, unsigned long n, unsigned long window)
{
	enum { REPORTS = 20 };
	struct churn c = {.window = window ? window : 1, .random = 0x9e3779b97f4a7c15};
	c.slots = calloc(c.window, sizeof(*c.slots));
	if (!c.slots)
		return -ENOMEM;
	for (size_t i = 0; i < c.window; i++)
		c.slots[i].churn = &c;
	double begin = bench_now();
	int r = vat_loop_new(&c.loop);
	for (unsigned i = 1; i <= REPORTS && r == 0; i++) {
		c.goal = (uint64_t)n * i / REPORTS;
		r = run(&c, address);
		if (r == 0 && c.link)
			r = report(&c);
	}
	printf("seconds %.6f\n", bench_now() - begin);
	hang_up(&c);
	vat_loop_free(c.loop);
	free(c.slots);
	return r;
}
