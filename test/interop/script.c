/* SPDX-License-Identifier: MIT */
/*
 * Scripts of two vats in which the other one is that of the C++ library (cxx-script.c++), at the
 * other end of a socket pair: promises that are kept in several ways while calls on them are under
 * way, cancelling, releasing, tail calls, the end of the connection.  A line of output each.
 *
 *	script CXX-SCRIPT
 */
#include "vat/loop.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* As in script.capnp: all methods have the same parameters and results. */
#define PLAYER_ID UINT64_C(0xbb8c0476fa1cebda)
enum { LOG, GIVE_BACK, TAIL, PROMISE, RESOLVE, REJECT, WAIT, GO, MAKE, COUNT, SUM, EMBARGO };
enum { ASK_TAIL = EMBARGO + 1, QUIT };
enum { DESTROYED, CANCELED, WAITING };
enum { ASKED = 12, CAPS = 12, WAIT_US = 20 * 1000 * 1000 };

struct player {
	uint64_t last, logged;
	bool disorder, gone;
};

struct asked {
	struct vat_call *call;
	bool done, failed;
	enum vat_error_kind kind;
	uint64_t n;
	struct vat_cap *c; /* in the results; borrowed from the call */
};

struct script {
	struct vat_loop *loop;
	struct vat *vat;
	struct vat_link *link;
	struct player player;
	struct vat_cap *far, *own;
	struct asked asked[ASKED];
	struct vat_cap *caps[CAPS]; /* pipelined, of the call with the same number */
	unsigned n;
	bool ok;
};

/* ---- our player ------------------------------------------------------------------------------ */

static struct vat_call *request(
	struct vat *v, struct vat_cap *to, uint16_t method, uint64_t n, struct vat_cap *c)
{
	struct vat_call *call = vat_call_new(v, to, PLAYER_ID, method, 0);
	struct vat_struct_b b = vat_init_struct(vat_call_params(call), 1, 1);
	vat_w_u64(b, 0, n, 0);
	vat_set_cap(vat_ptr_at_b(b, 0), c);
	return call;
}

static bool player_call(const void *impl, void *self, uint16_t method, struct vat_ctx *ctx)
{
	struct player *p = self;
	struct vat_struct_r params = vat_ptr_struct(vat_ctx_params(ctx), NULL);
	uint64_t n = vat_r_u64(params, 0, 0);
	struct vat_cap *c = vat_ptr_cap(vat_ptr_at(params, 0));
	if (method == TAIL) {
		vat_ctx_tail_call(ctx, request(vat_ctx_vat(ctx), c, LOG, n, NULL));
		return true;
	}
	if (method == LOG) {
		p->disorder |= n <= p->last;
		p->last = n;
		p->logged++;
	}
	struct vat_struct_b b = vat_init_struct(vat_ctx_results(ctx), 1, 1);
	vat_w_u64(b, 0, n, 0);
	if (method == GIVE_BACK)
		vat_set_cap(vat_ptr_at_b(b, 0), c);
	vat_ctx_return(ctx);
	return true;
}

static const struct vat_method player_methods[] = {
	[LOG] = {.name = "log"}, [GIVE_BACK] = {.name = "giveBack"}, [TAIL] = {.name = "tail"}};
static const struct vat_interface player_interface = {.id = PLAYER_ID,
	.name = "Player",
	.methods = player_methods,
	.n_methods = sizeof(player_methods) / sizeof(player_methods[0]),
	.dispatch = player_call};
static const int player_impl;

static void player_gone(void *self)
{
	((struct player *)self)->gone = true;
}

/* ---- calls ----------------------------------------------------------------------------------- */

static void on_answer(void *user, const struct vat_error *err, struct vat_ptr_r results)
{
	struct asked *a = user;
	struct vat_struct_r s = vat_ptr_struct(results, NULL);
	a->done = true;
	a->failed = err;
	if (err)
		a->kind = err->kind;
	a->n = err ? 0 : vat_r_u64(s, 0, 0);
	a->c = err ? NULL : vat_ptr_cap(vat_ptr_at(s, 0));
}

/* Sends; returns the number of the call. */
static unsigned ask(
	struct script *s, struct vat_cap *to, uint16_t method, uint64_t n, struct vat_cap *c)
{
	uint16_t path = 0;
	unsigned i = s->n++;
	if (i >= ASKED)
		abort();
	struct asked *a = &s->asked[i];
	*a = (struct asked){.call = request(s->vat, to, method, n, c)};
	vat_call_send(a->call, on_answer, a);
	s->caps[i] = method == LOG ? NULL : vat_call_pipeline(a->call, &path, 1);
	return i;
}

static void expect(struct script *s, bool truth)
{
	s->ok = s->ok && truth;
}

static struct asked *answered(struct script *s, unsigned i)
{
	expect(s, vat_loop_wait(s->loop, &s->asked[i].done, WAIT_US) == 0);
	return &s->asked[i];
}

static void succeeds(struct script *s, unsigned i, uint64_t n)
{
	const struct asked *a = answered(s, i);
	expect(s, a->done && !a->failed && a->n == n);
}

static void fails(struct script *s, unsigned i, enum vat_error_kind kind)
{
	const struct asked *a = answered(s, i);
	expect(s, a->done && a->failed && a->kind == kind);
}

static void forget(struct script *s, unsigned i)
{
	vat_call_free(s->asked[i].call);
	s->asked[i].call = NULL;
	vat_cap_unref(s->caps[i]);
	s->caps[i] = NULL;
}

/* What the other side counts comes to n: as often asked as needed. */
static void comes_to(struct script *s, uint64_t what, uint64_t n)
{
	uint64_t now = n + 1;
	for (unsigned i = 0; i < 100 && now != n; i++) {
		unsigned q = ask(s, s->far, COUNT, what, NULL);
		now = answered(s, q)->n;
		forget(s, q);
		s->n--;
	}
	expect(s, now == n);
}

static void in_order(struct script *s, unsigned calls)
{
	expect(s, !s->player.disorder && s->player.logged == calls);
}

/* ---- scripts --------------------------------------------------------------------------------- */

static void resolved_before_calls(struct script *s)
{
	unsigned p = ask(s, s->far, PROMISE, 1, NULL);
	succeeds(s, p, 0);
	succeeds(s, ask(s, s->far, RESOLVE, 1, s->own), 0);
	for (unsigned i = 1; i <= 3; i++)
		succeeds(s, ask(s, s->caps[p], LOG, i, NULL), i);
	in_order(s, 3);
	expect(s, vat_loop_settle(s->loop, s->caps[p], WAIT_US, NULL) == 0);
	expect(s, vat_cap_self(s->caps[p], &player_impl) == &s->player);
}

static void resolved_after_calls(struct script *s)
{
	unsigned p = ask(s, s->far, PROMISE, 1, NULL), q[4];
	q[0] = ask(s, s->caps[p], LOG, 1, NULL);
	succeeds(s, p, 0);
	q[1] = ask(s, s->caps[p], LOG, 2, NULL);
	unsigned r = ask(s, s->far, RESOLVE, 1, s->own);
	q[2] = ask(s, s->caps[p], LOG, 3, NULL);
	succeeds(s, r, 0);
	q[3] = ask(s, s->caps[p], LOG, 4, NULL);
	for (unsigned i = 0; i < 4; i++)
		succeeds(s, q[i], i + 1);
	in_order(s, 4);
}

static void resolved_twice(struct script *s)
{
	unsigned p = ask(s, s->far, PROMISE, 1, NULL), o = ask(s, s->far, PROMISE, 2, NULL), q[4];
	q[0] = ask(s, s->caps[p], LOG, 1, NULL);
	succeeds(s, ask(s, s->far, RESOLVE, 1, s->caps[o]), 0);
	q[1] = ask(s, s->caps[p], LOG, 2, NULL);
	unsigned r = ask(s, s->far, RESOLVE, 2, s->own);
	q[2] = ask(s, s->caps[p], LOG, 3, NULL);
	succeeds(s, r, 0);
	q[3] = ask(s, s->caps[p], LOG, 4, NULL);
	for (unsigned i = 0; i < 4; i++)
		succeeds(s, q[i], i + 1);
	in_order(s, 4);
}

static void resolved_to_remote(struct script *s)
{
	unsigned p = ask(s, s->far, PROMISE, 1, NULL), m = ask(s, s->far, MAKE, 0, NULL), q[3];
	q[0] = ask(s, s->caps[p], LOG, 1, NULL);
	unsigned r = ask(s, s->far, RESOLVE, 1, s->caps[m]);
	q[1] = ask(s, s->caps[p], LOG, 2, NULL);
	succeeds(s, r, 0);
	q[2] = ask(s, s->caps[p], LOG, 3, NULL);
	for (unsigned i = 0; i < 3; i++)
		succeeds(s, q[i], i + 1);
	succeeds(s, ask(s, s->caps[m], SUM, 0, NULL), 3);
}

static void resolved_to_broken(struct script *s)
{
	unsigned p = ask(s, s->far, PROMISE, 1, NULL);
	unsigned q = ask(s, s->caps[p], LOG, 1, NULL);
	succeeds(s, ask(s, s->far, REJECT, 1, NULL), 0);
	fails(s, q, VAT_FAILED);
	fails(s, ask(s, s->caps[p], LOG, 2, NULL), VAT_FAILED);
	succeeds(s, ask(s, s->far, LOG, 3, NULL), 3);
}

static void cancelled_before_delivery(struct script *s)
{
	forget(s, ask(s, s->far, WAIT, 0, NULL));
	comes_to(s, WAITING, 0);
	succeeds(s, ask(s, s->far, LOG, 1, NULL), 1);
}

static void cancelled_after_delivery(struct script *s)
{
	unsigned w = ask(s, s->far, WAIT, 0, s->own);
	comes_to(s, WAITING, 1);
	forget(s, w);
	comes_to(s, CANCELED, 1);
	comes_to(s, WAITING, 0);
}

static void released_while_called(struct script *s)
{
	unsigned m = ask(s, s->far, MAKE, 0, NULL);
	succeeds(s, m, 0);
	unsigned w = ask(s, s->caps[m], WAIT, 0, NULL);
	forget(s, m);
	comes_to(s, WAITING, 1);
	comes_to(s, DESTROYED, 0);
	succeeds(s, ask(s, s->far, GO, 0, NULL), 0);
	succeeds(s, w, 0);
	forget(s, w);
	comes_to(s, DESTROYED, 1);
}

static void sent_twice(struct script *s)
{
	unsigned a = ask(s, s->far, GIVE_BACK, 0, s->own), b = ask(s, s->far, GIVE_BACK, 0, s->own);
	expect(s, answered(s, a)->c && vat_cap_self(s->asked[a].c, &player_impl) == &s->player);
	expect(s, answered(s, b)->c && vat_cap_self(s->asked[b].c, &player_impl) == &s->player);
	forget(s, a);
	succeeds(s, ask(s, s->far, TAIL, 1, s->own), 1);
	forget(s, b);
	in_order(s, 1);
}

static void tail_calls_by_cxx(struct script *s)
{
	unsigned m = ask(s, s->far, MAKE, 0, NULL);
	succeeds(s, ask(s, s->far, TAIL, 5, s->own), 5);
	succeeds(s, ask(s, s->far, TAIL, 6, s->caps[m]), 6);
	in_order(s, 1);
}

static void tail_call_by_us(struct script *s)
{
	succeeds(s, ask(s, s->far, ASK_TAIL, 9, s->own), 9);
	in_order(s, 0); /* it was its own object that was called */
}

static void embargo_by_cxx(struct script *s)
{
	succeeds(s, ask(s, s->far, EMBARGO, 0, s->own), 4);
}

static void calls_after_disconnect(struct script *s)
{
	unsigned w = ask(s, s->far, WAIT, 0, NULL);
	fails(s, ask(s, s->far, QUIT, 0, NULL), VAT_DISCONNECTED);
	fails(s, w, VAT_DISCONNECTED);
	for (unsigned i = 0; i < 3; i++)
		fails(s, ask(s, s->far, LOG, i, NULL), VAT_DISCONNECTED);
}

/* ---- the frame ------------------------------------------------------------------------------- */

static pid_t begin(struct script *s, char *cxx)
{
	int sv[2];
	char fd[12];
	*s = (struct script){.ok = true};
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv) < 0)
		abort();
	pid_t pid = fork();
	if (pid == 0) {
		int copy = dup(sv[1]); /* not close-on-exec */
		snprintf(fd, sizeof(fd), "%d", copy);
		execl(cxx, cxx, fd, (char *)NULL);
		_exit(127);
	}
	close(sv[1]);
	if (pid < 0 || vat_loop_new(&s->loop) < 0 ||
		vat_loop_add(s->loop, sv[0], NULL, &s->link) < 0)
		abort();
	s->vat = vat_loop_vat(s->loop);
	s->own = vat_serve(s->vat, &player_interface, &player_impl, &s->player, player_gone);
	s->far = vat_link_bootstrap(s->link);
	return pid;
}

/* Drops everything. While connected, the other side drops our object too. */
static void finish(struct script *s, pid_t pid)
{
	int status;
	for (unsigned i = 0; i < s->n; i++)
		forget(s, i);
	vat_cap_unref(s->own);
	vat_cap_unref(s->far);
	expect(s, vat_loop_wait(s->loop, &s->player.gone, WAIT_US) == 0);
	vat_loop_free(s->loop);
	expect(s, waitpid(pid, &status, 0) == pid && status == 0);
}

static const struct {
	const char *name;
	void (*run)(struct script *s);
} scripts[] = {
	{"promise resolved to the caller before calls", resolved_before_calls},
	{"promise resolved to the caller between calls", resolved_after_calls},
	{"promise resolved twice", resolved_twice},
	{"promise resolved to a remote object", resolved_to_remote},
	{"promise rejected", resolved_to_broken},
	{"cancel before delivery", cancelled_before_delivery},
	{"cancel after delivery", cancelled_after_delivery},
	{"last reference released during a call", released_while_called},
	{"same capability sent twice", sent_twice},
	{"tail calls by C++", tail_calls_by_cxx},
	{"tail call by us", tail_call_by_us},
	{"embargo by C++", embargo_by_cxx},
	{"third call after disconnect", calls_after_disconnect},
};

int main(int argc, char **argv)
{
	unsigned n = sizeof(scripts) / sizeof(scripts[0]);
	int bad = 0;
	if (argc != 2)
		return 2;
	printf("1..%u\n", n);
	for (unsigned i = 0; i < n; i++) {
		struct script s;
		fflush(stdout);
		pid_t pid = begin(&s, argv[1]);
		scripts[i].run(&s);
		bool played = s.ok;
		finish(&s, pid);
		printf("%sok %u - %s%s\n", s.ok ? "" : "not ", i + 1, scripts[i].name,
			played && !s.ok ? ": the end" : "");
		bad |= !s.ok;
	}
	return bad;
}
