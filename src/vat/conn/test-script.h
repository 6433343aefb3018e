/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * For scripts over two vats: C, the client, and S, the server, each with a bootstrap object that
 * keeps every call until the script answers it.
 *
 * A script is told message by message: step(p, S, "call 1") lets S receive what C has sent until
 * the call with the number 1 has been received, and fails if it does not come.  What comes before
 * (Finish, Release, ...) is received on the way.  So a script says what races with what, and not
 * which housekeeping goes along.  Each script runs a second time with everything delivered at each
 * step: no order of delivery may change what it checks.
 *
 * What a script makes is dropped at its end; then all tables must be empty and every object gone.
 */
#include "vat/conn/test-net.h"

enum { C, S };
enum { SCRIPT_REPLIES = 64, SCRIPT_CAPS = 64, SCRIPT_THINGS = 8, SCRIPT_KINDS = 16 };

struct script_count {
	char kind[32];
	unsigned n;
};

struct script {
	struct net n;
	struct net_link *l;
	bool eager; /* second time: everything is delivered at each step */
	struct thing bs[2]; /* the bootstrap objects, and a capability to each in its own vat */
	struct vat_cap *own[2];
	struct vat_cap *to[2]; /* to[S]: what C has of S's bootstrap; to[C] after meet() */
	struct thing things[SCRIPT_THINGS];
	bool bs_gone[2], gone[SCRIPT_THINGS];
	struct reply replies[SCRIPT_REPLIES];
	struct vat_cap *caps[SCRIPT_CAPS]; /* dropped at the end */
	unsigned n_things, n_replies, n_caps;
	struct script_count delivered[2][SCRIPT_KINDS]; /* [i]: to side i */
};

/* ---- stepping -------------------------------------------------------------------------------- */

static void script_count(struct script *p, int to, const char *kind)
{
	for (unsigned i = 0; i < SCRIPT_KINDS; i++) {
		struct script_count *c = &p->delivered[to][i];
		if (c->n && strcmp(c->kind, kind))
			continue;
		snprintf(c->kind, sizeof(c->kind), "%s", kind);
		c->n++;
		return;
	}
	test_fail(__FILE__, __LINE__, "too many kinds of messages");
}

/* How many messages of this kind `to` has received. */
UNUSED_OK static unsigned received(const struct script *p, int to, const char *kind)
{
	for (unsigned i = 0; i < SCRIPT_KINDS; i++)
		if (p->delivered[to][i].n && !strcmp(p->delivered[to][i].kind, kind))
			return p->delivered[to][i].n;
	return 0;
}

/* Delivers one message to `to`; its name is put in name. False if there is none. */
static bool script_deliver(struct script *p, int to, char name[64])
{
	net_work(&p->n);
	net_collect(p->l, !to);
	if (list_empty(&p->l->queue[!to]))
		return false;
	const struct net_message *m = list_entry(p->l->queue[!to].next, struct net_message, link);
	trace_name(m->trace, name, 64);
	script_count(p, to, trace_kind(m->trace));
	net_step(p->l, !to);
	net_work(&p->n);
	return true;
}

/* Everything, until nothing moves. */
UNUSED_OK static void flush(struct script *p)
{
	char name[64];
	for (bool any = true; any;)
		any = script_deliver(p, C, name) + script_deliver(p, S, name);
}

static void step_at(struct script *p, int to, const char *what, const char *file, int line)
{
	char name[64], seen[1000] = "";
	if (p->eager) {
		flush(p);
		return;
	}
	for (;;) {
		if (!script_deliver(p, to, name))
			test_fail(file, line, "no \"%s\" came, but: %s", what, seen);
		if (!strcmp(name, what))
			return;
		size_t n = strlen(seen);
		snprintf(seen + n, sizeof(seen) - n, "%s; ", name);
	}
}
#define step(p, to, what) step_at(p, to, what, __FILE__, __LINE__)

/* ---- objects and calls ----------------------------------------------------------------------- */

/* Drops cap at the end of the script. */
UNUSED_OK static struct vat_cap *held(struct script *p, struct vat_cap *cap)
{
	CHECK(p->n_caps < SCRIPT_CAPS);
	p->caps[p->n_caps++] = cap;
	return cap;
}

/* Drops it now. */
UNUSED_OK static void drop(struct script *p, struct vat_cap *cap)
{
	for (unsigned i = 0; i < p->n_caps; i++) {
		if (p->caps[i] != cap)
			continue;
		p->caps[i] = NULL;
		vat_cap_unref(cap);
		return;
	}
	test_fail(__FILE__, __LINE__, "not held");
}

/* A new object in a vat; *ret is the thing, until the end of the script. */
UNUSED_OK static struct vat_cap *object(struct script *p, int side, struct thing **ret)
{
	CHECK(p->n_things < SCRIPT_THINGS);
	struct thing *t = &p->things[p->n_things];
	t->destroyed = &p->gone[p->n_things++];
	if (ret)
		*ret = t;
	return held(p, thing_serve(p->n.vat[side], t));
}

static struct reply *script_call(struct script *p, int side, struct vat_cap *to, uint16_t method,
	uint64_t n, struct vat_cap *c)
{
	CHECK(p->n_replies < SCRIPT_REPLIES);
	struct reply *r = &p->replies[p->n_replies++];
	thing_call(p->n.vat[side], to, method, n, c, r);
	return r;
}

/* A call that the object keeps until the script answers it. */
UNUSED_OK static struct reply *ask(
	struct script *p, int side, struct vat_cap *to, uint64_t n, struct vat_cap *cap)
{
	return script_call(p, side, to, THING_WAIT, n, cap);
}

/* A call that the object notes, and answers at once. */
UNUSED_OK static struct reply *say(struct script *p, int side, struct vat_cap *to, uint64_t n)
{
	return script_call(p, side, to, THING_ECHO, n, NULL);
}

/* Pointer i of the results, before they are there; dropped at the end. */
UNUSED_OK static struct vat_cap *part(struct script *p, struct reply *r, uint16_t i)
{
	return held(p, vat_call_pipeline(r->call, &i, 1));
}

/* Cancels the call, or gives its results back. */
UNUSED_OK static void forget(struct reply *r)
{
	reply_free(r);
}

/* As ask, with the capability in the results instead of the call. */
UNUSED_OK static struct vat_cap *ask_for(
	struct script *p, int side, struct vat_cap *to, uint64_t n, struct vat_cap *cap)
{
	struct reply *r = ask(p, side, to, n, cap);
	struct vat_cap *c = part(p, r, 0);
	forget(r);
	return c;
}

/* The call with number n, which must have come and be the oldest that waits; *ret_cap (may be NULL)
 * gets its parameter, dropped at the end. */
static struct vat_ctx *pop_at(struct script *p, struct thing *t, uint64_t n,
	struct vat_cap **ret_cap, const char *file, int line)
{
	net_work(&p->n);
	if (!t->n_waiting)
		test_fail(file, line, "call %llu has not come", (unsigned long long)n);
	struct vat_ctx *ctx = t->waiting[0];
	uint64_t is = vat_r_u64(thing_params(ctx), 0, 0);
	if (is != n)
		test_fail(file, line, "call %llu came instead of %llu", (unsigned long long)is,
			(unsigned long long)n);
	memmove(t->waiting, t->waiting + 1, --t->n_waiting * sizeof(t->waiting[0]));
	if (ret_cap)
		*ret_cap = held(p, vat_cap_ref(vat_ptr_cap(vat_ptr_at(thing_params(ctx), 0))));
	return ctx;
}
#define pop(p, t, n, ret_cap) pop_at(p, t, n, ret_cap, __FILE__, __LINE__)

/* Answers with a number and these capabilities (borrowed). */
UNUSED_OK static void answer(
	struct vat_ctx *ctx, uint64_t n, uint16_t n_caps, struct vat_cap *const *caps)
{
	struct vat_struct_b b = vat_init_struct(vat_ctx_results(ctx), 1, n_caps);
	vat_w_u64(b, 0, n, 0);
	for (uint16_t i = 0; i < n_caps; i++)
		vat_set_cap(vat_ptr_at_b(b, i), caps[i]);
	vat_ctx_return(ctx);
}

UNUSED_OK static void answer1(struct vat_ctx *ctx, uint64_t n, struct vat_cap *cap)
{
	answer(ctx, n, 1, &cap);
}

/* A promise of this vat, dropped at the end. */
UNUSED_OK static struct vat_cap *promise(struct script *p, int side, struct vat_resolver **ret)
{
	struct vat_cap *c;
	CHECK_INT(vat_promise(p->n.vat[side], &c, ret), 0);
	return held(p, c);
}

UNUSED_OK static void resolve(struct vat_resolver *r, struct vat_cap *cap)
{
	vat_resolve(r, vat_cap_ref(cap));
}

/* What the thing has been called with, in this order. */
UNUSED_OK static void check_log_at(
	const struct thing *t, unsigned n, const uint64_t *expect, const char *file, int line)
{
	for (unsigned i = 0; i < n; i++)
		if (i >= t->n_log || t->log[i] != expect[i])
			test_fail(file, line, "call %u of %u (expected %u) is %lld, not %llu", i,
				t->n_log, n, i < t->n_log ? (long long)t->log[i] : -1,
				(unsigned long long)expect[i]);
	if (t->n_log != n)
		test_fail(file, line, "%u calls came, not %u", t->n_log, n);
}
#define CHECK_LOG(t, ...)                                                                 \
	check_log_at(t, sizeof((uint64_t[]){__VA_ARGS__}) / 8, (uint64_t[]){__VA_ARGS__}, \
		__FILE__, __LINE__)

/* ---- the frame ------------------------------------------------------------------------------- */

/* C asks for S's bootstrap. */
UNUSED_OK static void script_begin(struct script *p, bool eager)
{
	memset(p, 0, sizeof(*p));
	p->eager = eager;
	net_init(&p->n, 2);
	struct vat_conn_config cfg[2];
	for (int i = 0; i < 2; i++) {
		p->bs[i].destroyed = &p->bs_gone[i];
		p->own[i] = thing_serve(p->n.vat[i], &p->bs[i]);
		cfg[i] = (struct vat_conn_config){.fds = true, .bootstrap = p->own[i]};
	}
	p->l = net_join(&p->n, C, &cfg[C], S, &cfg[S]);
	p->to[S] = vat_conn_bootstrap(p->l->conn[C]);
}

/* The usual beginning: the bootstrap has been answered. */
UNUSED_OK static void boot_up(struct script *p)
{
	flush(p);
}

/* Both have the other's bootstrap. */
UNUSED_OK static void meet(struct script *p)
{
	p->to[C] = vat_conn_bootstrap(p->l->conn[S]);
	flush(p);
}

static void answer_waiting(struct thing *t)
{
	while (t->n_waiting)
		thing_answer(t->waiting[--t->n_waiting], 0, NULL);
}

static void script_end(struct script *p)
{
	for (unsigned i = 0; i < p->n_replies; i++)
		reply_free(&p->replies[i]);
	for (unsigned i = 0; i < p->n_caps; i++)
		vat_cap_unref(p->caps[i]);
	flush(p);
	for (unsigned i = 0; i < p->n_things; i++)
		answer_waiting(&p->things[i]);
	for (int i = 0; i < 2; i++) {
		answer_waiting(&p->bs[i]);
		vat_cap_unref(p->to[i]);
	}
	flush(p);
	net_check_idle(&p->n);
	for (int i = 0; i < 2; i++) {
		CHECK(!p->l->closed[i]);
		vat_cap_unref(p->own[i]);
	}
	net_done(&p->n);
	for (unsigned i = 0; i < p->n_things; i++)
		CHECK(p->gone[i]);
	CHECK(p->bs_gone[C] && p->bs_gone[S]);
}

#define SCRIPT(name)                                      \
	static void script_##name(struct script *p);      \
	TEST(name)                                        \
	{                                                 \
		static struct script p;                   \
		for (int eager = 0; eager < 2; eager++) { \
			script_begin(&p, eager);          \
			script_##name(&p);                \
			script_end(&p);                   \
		}                                         \
	}                                                 \
	static void script_##name(struct script *p)
