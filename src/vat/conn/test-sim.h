/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * A simulator: two to five vats, random calls, deliveries, resolutions, cancellations, revocations
 * and lost connections, all decided by a seed, or by the bytes of a fuzzer.
 *
 * What is checked:
 *  - order: every reference has a number, and every call on it says the number and how many calls
 *    came before.  Whichever object the calls arrive at must see that count rise (E-order).
 *  - identity: where it is known which object a reference leads to, the call says so, and the
 *    object that receives it must be that one.
 *  - every message is within the rules of the protocol, and at rest the tables of both sides agree
 *    with each other and with what was said (test-oracle.h).
 *  - at the end everything is answered and dropped: then every call has come back, all tables are
 *    empty, all objects destroyed, no descriptor is open and nothing is allocated.
 *
 * Promises and calls have ranks, and come only to what is older: otherwise a promise could resolve
 * to itself by way of other vats, which nobody can notice, and its tables would never be empty.
 *
 * Each step draws from a random sequence of its own, made of the seed and its number, so that steps
 * can be left out to find the few that matter.
 */
#include "vat/conn/test-net.h"
#include "vat/cap/test-alloc.h"

enum { REFS = 24, CALLS = 24, HELD = 12, NUMBERS = 4096, WATCHES = 4, STEPS = 600, PARTS = 3 };

enum op {
	OP_NOTHING,
	OP_NEW,
	OP_RELAY,
	OP_ECHO,
	OP_GIVE,
	OP_LATER,
	OP_TAIL,
	OP_PROMISE,
	OP_FAIL,
	OPS,
};

/* How often which. */
static const uint8_t op_weights[OPS] = {1, 4, 2, 4, 3, 4, 2, 3, 1};

struct ref {
	struct vat_cap *cap;
	uint32_t rank; /* of the promise or call it comes from; 0 = an object */
	uint32_t number;
	uint32_t calls;
	uint32_t object; /* which it leads to; 0 = not known */
};

struct sim_call {
	struct vat_call *call;
	struct side *side;
	bool done;
};

struct held {
	struct vat_ctx *ctx;
	struct vat_resolver *resolver;
	uint32_t rank;
};

/* One vat with what it holds. */
struct side {
	struct sim *sim;
	struct vat *vat;
	struct ref refs[REFS];
	struct sim_call calls[CALLS];
	struct held later[HELD]; /* calls to be answered, */
	struct held promises[HELD]; /* promises to be resolved */
	struct vat_watch *watches[WATCHES];
	struct vat_membrane *membrane;
	struct vat_stream *stream;
	struct ref streamed; /* its capability, borrowed */
};

/* Notes each call, or passes them all on. */
struct object {
	struct side *side;
	struct ref to;
	uint32_t id;
};

struct sim {
	struct net net;
	struct side side[NET_VATS];
	uint64_t seed, state;
	const uint8_t *input; /* decides instead of the seed */
	size_t input_size;
	bool input_over;
	bool cuts; /* connections may be lost */
	bool ending;
	uint32_t numbers; /* references given out */
	uint32_t last[NUMBERS]; /* by number: calls seen, all objects together */
	uint32_t object_ids;
	unsigned objects, delivered, lost;
	uint32_t rank; /* of the newest promise or call */
	uint32_t step;
	uint64_t tokens; /* of introductions */
};

static void sim_step_begin(struct sim *s, uint64_t step)
{
	uint64_t x = s->seed * UINT64_C(0x9e3779b97f4a7c15) + step * UINT64_C(0xbf58476d1ce4e5b9);
	x ^= x >> 31;
	x *= UINT64_C(0x94d049bb133111eb);
	x ^= x >> 29;
	s->state = x | 1;
}

static uint32_t rnd(struct sim *s, uint32_t below)
{
	uint32_t v = 0;
	for (unsigned i = 0; s->input && i < (below > 256 ? 2 : 1); i++) {
		s->input_over |= !s->input_size;
		v = v << 8 | (s->input_size ? *s->input : 0);
		s->input += s->input_size != 0;
		s->input_size -= s->input_size != 0;
	}
	if (s->input && !s->input_over)
		return v % below;
	s->state ^= s->state << 13;
	s->state ^= s->state >> 7;
	s->state ^= s->state << 17;
	return (uint32_t)(s->state >> 32) % below;
}

/* ---- references ------------------------------------------------------------------------------ */

/* Takes r's capability; drops something else if there is no room. */
static void keep(struct side *d, struct ref r)
{
	struct sim *s = d->sim;
	if (!r.cap || s->ending || s->numbers == NUMBERS) {
		vat_cap_unref(r.cap);
		return;
	}
	struct ref *at = &d->refs[rnd(s, REFS)];
	struct vat_cap *old = at->cap;
	r.number = s->numbers++;
	r.calls = 0;
	*at = r;
	vat_cap_unref(old);
}

static enum op any_op(struct sim *s)
{
	unsigned sum = 0, op = 0;
	for (unsigned i = 0; i < OPS; i++)
		sum += op_weights[i];
	for (unsigned at = rnd(s, sum); at >= op_weights[op]; op++)
		at -= op_weights[op];
	return (enum op)op;
}

/* Borrowed; may be NULL. What is broken already is seldom interesting. */
static struct ref *any_ref(struct side *d)
{
	unsigned at = rnd(d->sim, REFS);
	struct ref *broken = NULL;
	for (unsigned i = 0; i < REFS; i++) {
		struct ref *r = &d->refs[(at + i) % REFS];
		if (!r->cap)
			continue;
		if (!vat_cap_is_broken(r->cap, NULL) || !rnd(d->sim, 8))
			return r;
		broken = r;
	}
	return broken;
}

/* One that a promise or call of this rank may come to without coming to itself, round a corner;
 * borrowed. May be NULL. */
static struct ref *fit(struct side *d, uint32_t rank)
{
	unsigned at = rnd(d->sim, REFS);
	for (unsigned i = 0; i < REFS; i++) {
		struct ref *r = &d->refs[(at + i) % REFS];
		if (r->cap && r->rank < rank && !vat_cap_is_broken(r->cap, NULL))
			return r;
	}
	return NULL;
}

/* ---- objects --------------------------------------------------------------------------------- */

static void object_call(void *self, uint64_t interface_id, uint16_t method, struct vat_ctx *ctx);

static void object_destroy(void *self)
{
	struct object *o = self;
	o->side->sim->objects--;
	vat_cap_unref(o->to.cap);
	free(o);
}

/* A new object; one that passes calls on if `to` is set (copied). */
static struct ref new_object(struct side *d, const struct ref *to)
{
	struct sim *s = d->sim;
	struct object *o = calloc(1, sizeof(*o));
	CHECK(o);
	o->side = d;
	o->id = ++s->object_ids;
	if (to) {
		o->to = *to;
		vat_cap_ref(o->to.cap);
	}
	s->objects++;
	struct vat_cap *c = vat_serve_any(d->vat, object_call, o, object_destroy);
	CHECK(c);
	if (!rnd(s, 8))
		CHECK_INT(vat_cap_attach_fd(c, fcntl(0, F_DUPFD_CLOEXEC, 3)), 0);
	return (struct ref){.cap = c, .rank = to ? to->rank : 0, .object = to ? to->object : o->id};
}

/* ---- messages: up to three references in parameters and results -------------------------------
 */

/* Pointers 0 and 1, and 2.0; the ranks and objects of all. */
static void put_refs(struct vat_struct_b b, unsigned word, const struct ref *refs, unsigned n)
{
	for (unsigned i = 0; i < n && i < PARTS; i++) {
		struct vat_ptr_b at = vat_ptr_at_b(b, (uint16_t)i);
		if (i == 2)
			at = vat_ptr_at_b(vat_init_struct(at, 0, 1), 0);
		vat_w_u32(b, (word + i) * 2, refs[i].rank, 0);
		vat_w_u32(b, (word + i) * 2 + 1, refs[i].object, 0);
		vat_set_cap(at, refs[i].cap);
	}
}

/* Borrowed. */
static struct ref get_ref(struct vat_struct_r r, unsigned word, unsigned i)
{
	struct vat_ptr_r at = vat_ptr_at(r, (uint16_t)i);
	if (i == 2)
		at = vat_ptr_at(vat_ptr_struct(at, NULL), 0);
	return (struct ref){.cap = vat_ptr_cap(at),
		.rank = vat_r_u32(r, (word + i) * 2, 0),
		.object = vat_r_u32(r, (word + i) * 2 + 1, 0)};
}

static void answer(struct vat_ctx *ctx, const struct ref *refs, unsigned n)
{
	put_refs(vat_init_struct(vat_ctx_results(ctx), PARTS, PARTS), 0, refs, n);
	vat_ctx_return(ctx);
}

/* A call, of the rank given. */
static struct vat_call *request(struct side *d, struct ref *r, enum op op, uint32_t rank,
	const struct ref *params, unsigned n)
{
	struct vat_call *call = vat_call_new(d->vat, r->cap, 1, (uint16_t)op, 0);
	struct vat_struct_b b = vat_init_struct(vat_call_params(call), 2 + PARTS, PARTS);
	if (net_traces())
		fprintf(stderr, "# vat %u calls: op %u, %u on reference %u\n",
			(unsigned)(d - d->sim->side), op, r->calls + 1, r->number);
	vat_w_u32(b, 0, r->number, 0);
	vat_w_u32(b, 1, ++r->calls, 0);
	vat_w_u32(b, 2, rank, 0);
	vat_w_u32(b, 3, r->object, 0);
	put_refs(b, 2, params, n);
	return call;
}

/* ---- what objects do ------------------------------------------------------------------------- */

static void answer_with(struct side *d, struct vat_ctx *ctx, uint32_t rank)
{
	struct ref refs[PARTS] = {{0}};
	unsigned n = rnd(d->sim, 8) ? 1 + rnd(d->sim, PARTS) : 0;
	for (unsigned i = 0; i < n; i++) {
		struct ref *r = fit(d, rank);
		refs[i] = r ? *r : (struct ref){0};
	}
	answer(ctx, refs, n);
}

static void on_cancel(void *user)
{
	struct held *h = user;
	if (h->ctx)
		vat_ctx_fail(TAKE_PTR(h->ctx), VAT_FAILED, "canceled");
}

/* Keeps a call to be answered later, or when it is canceled. */
static void later(struct side *d, struct vat_ctx *ctx, uint32_t rank)
{
	struct held *h = &d->later[rnd(d->sim, HELD)];
	struct vat_ctx *old = h->ctx;
	uint32_t old_rank = h->rank;
	*h = (struct held){.ctx = ctx, .rank = rank};
	if (rnd(d->sim, 2))
		vat_ctx_on_cancel(ctx, on_cancel, h);
	if (old) {
		vat_ctx_on_cancel(old, NULL, NULL);
		answer_with(d, old, old_rank);
	}
}

/* A promise, to be resolved some time; *ret is a new reference. */
static void promise(struct side *d, uint32_t rank, struct ref *ret)
{
	struct held *h = &d->promises[rnd(d->sim, HELD)];
	struct vat_resolver *old = h->resolver;
	*ret = (struct ref){.rank = rank};
	CHECK_INT(vat_promise(d->vat, &ret->cap, &h->resolver), 0);
	h->rank = rank;
	vat_resolver_free(old);
}

static void check_arrival(struct object *o, struct vat_struct_r p)
{
	struct sim *s = o->side->sim;
	uint32_t number = vat_r_u32(p, 0, 0), count = vat_r_u32(p, 1, 0);
	uint32_t object = vat_r_u32(p, 3, 0);
	if (number >= NUMBERS || count <= s->last[number])
		test_fail(__FILE__, __LINE__,
			"seed %llu: call %u on reference %u came after call %u",
			(unsigned long long)s->seed, count, number, s->last[number % NUMBERS]);
	if (object && object != o->id)
		test_fail(__FILE__, __LINE__, "seed %llu: call for object %u came to object %u",
			(unsigned long long)s->seed, object, o->id);
	if (net_traces())
		fprintf(stderr, "# object %u: call %u on reference %u\n", o->id, count, number);
	s->last[number] = count;
	s->delivered++;
}

static void tail(struct side *d, struct vat_ctx *ctx, uint32_t rank, const struct ref *params)
{
	struct ref *to = fit(d, rank);
	if (to)
		vat_ctx_tail_call(ctx, request(d, to, any_op(d->sim), rank, params, PARTS));
	else
		vat_ctx_fail(ctx, VAT_FAILED, "nowhere to go");
}

static void do_op(
	struct side *d, enum op op, struct vat_ctx *ctx, uint32_t rank, const struct ref *params)
{
	struct ref r = {0};
	switch (op) {
	case OP_NEW:
		r = new_object(d, NULL);
		answer(ctx, &r, 1);
		break;
	case OP_RELAY:
		r = new_object(d, &params[0]);
		answer(ctx, &r, params[0].cap ? 1 : 0);
		break;
	case OP_ECHO:
		answer(ctx, params, PARTS);
		break;
	case OP_GIVE:
		answer_with(d, ctx, rank);
		break;
	case OP_LATER:
		later(d, ctx, rank);
		break;
	case OP_TAIL:
		tail(d, ctx, rank, params);
		break;
	case OP_PROMISE:
		promise(d, rank, &r);
		answer(ctx, &r, 1);
		break;
	case OP_FAIL:
		vat_ctx_fail(ctx, VAT_FAILED, "on purpose");
		break;
	case OP_NOTHING:
	case OPS:
		vat_ctx_return(ctx);
		break;
	}
	vat_cap_unref(r.cap);
}

static void object_call(void *self, uint64_t interface_id, uint16_t method, struct vat_ctx *ctx)
{
	struct object *o = self;
	struct side *d = o->side;
	struct sim *s = d->sim;
	struct vat_struct_r p = vat_ptr_struct(vat_ctx_params(ctx), NULL);
	struct ref params[PARTS];
	if (o->to.cap) {
		vat_ctx_forward(ctx, o->to.cap);
		return;
	}
	check_arrival(o, p);
	for (unsigned i = 0; i < PARTS; i++) {
		params[i] = get_ref(p, 2, i);
		if (!rnd(s, 3))
			continue;
		struct ref kept = params[i];
		vat_cap_ref(kept.cap);
		keep(d, kept);
	}
	do_op(d, s->ending ? OP_NOTHING : (enum op)method, ctx, vat_r_u32(p, 2, 0), params);
}
