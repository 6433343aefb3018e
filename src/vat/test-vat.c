/* SPDX-License-Identifier: MIT */
/*
 * A simulator: several vats, random calls, deliveries, resolutions, cancellations, revocations and
 * lost connections, all decided by a seed.
 *
 * Every reference has a number, and every call on it says the number and how many calls came
 * before.  Whichever object the calls arrive at must see that count rise: that is E-order.  At
 * the end everything is answered and dropped; then all tables are empty and all objects destroyed.
 *
 * Promises and calls have ranks, and come only to what is older: otherwise a promise could resolve
 * to itself by way of other vats, which nobody can notice, and its tables would never be empty.
 *
 * VAT_SIM_SEED=n runs one schedule, VAT_SIM_COUNT=n that many (the default takes a second or two).
 */
#include "vat/test-net.h"

#include <signal.h>

enum { REFS = 24, CALLS = 24, HELD = 12, NUMBERS = 4096 };

enum op { OP_NOTHING, OP_NEW, OP_ECHO, OP_GIVE, OP_LATER, OP_TAIL, OP_FAIL, OPS };

struct ref {
	struct vat_cap *cap;
	uint32_t rank; /* of the promise or call it comes from; 0 = an object */
	uint32_t number;
	uint32_t calls;
};

struct sim_call {
	struct vat_call *call;
	struct side *side;
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
	struct vat_membrane *membrane;
};

struct object {
	struct side *side;
};

struct sim {
	struct net net;
	struct side side[NET_VATS];
	uint64_t seed, state;
	uint32_t numbers; /* references given out */
	uint32_t last[NUMBERS]; /* by number: calls seen, all objects together */
	unsigned objects;
	unsigned delivered;
	bool ending;
	uint32_t rank; /* of the newest promise or call */
};

static uint64_t running_seed;

static void say_seed(int sig)
{
	char text[64];
	int n = snprintf(
		text, sizeof(text), "# VAT_SIM_SEED=%llu\n", (unsigned long long)running_seed);
	if (write(1, text, (size_t)n) < 0 || sig)
		_exit(1);
}

static uint32_t rnd(struct sim *s, uint32_t below)
{
	s->state ^= s->state << 13;
	s->state ^= s->state >> 7;
	s->state ^= s->state << 17;
	return (uint32_t)(s->state >> 32) % below;
}

/* ---- references ------------------------------------------------------------------------------ */

/* Takes cap; drops something else if there is no room. */
static void keep(struct side *d, struct vat_cap *cap, uint32_t rank)
{
	struct sim *s = d->sim;
	if (!cap || s->ending || s->numbers == NUMBERS) {
		vat_cap_unref(cap);
		return;
	}
	struct ref *r = &d->refs[rnd(s, REFS)];
	struct vat_cap *old = r->cap;
	*r = (struct ref){.cap = cap, .rank = rank, .number = s->numbers++};
	vat_cap_unref(old);
}

/* Borrowed; may be NULL. */
static struct ref *any_ref(struct side *d)
{
	unsigned at = rnd(d->sim, REFS);
	for (unsigned i = 0; i < REFS; i++)
		if (d->refs[(at + i) % REFS].cap)
			return &d->refs[(at + i) % REFS];
	return NULL;
}

/* Any that a promise or call of this rank may come to without coming to itself, round a corner. */
static struct ref *fit(struct side *d, uint32_t rank)
{
	struct ref *r = any_ref(d);
	return r && r->rank < rank ? r : NULL;
}

/* ---- objects --------------------------------------------------------------------------------- */

static void object_call(void *self, uint64_t interface_id, uint16_t method, struct vat_ctx *ctx);

static void object_destroy(void *self)
{
	struct object *o = self;
	o->side->sim->objects--;
	free(o);
}

static struct vat_cap *new_object(struct side *d)
{
	struct object *o = malloc(sizeof(*o));
	CHECK(o);
	o->side = d;
	d->sim->objects++;
	return vat_serve_any(d->vat, object_call, o, object_destroy);
}

/* Answers a call of this rank. */
static void answer(struct vat_ctx *ctx, struct vat_cap *takes, uint32_t rank)
{
	struct vat_struct_b b = vat_init_struct(vat_ctx_results(ctx), 1, 1);
	vat_w_u32(b, 0, rank, 0);
	vat_set_cap(vat_ptr_at_b(b, 0), takes);
	vat_cap_unref(takes);
	vat_ctx_return(ctx);
}

static void answer_ref(struct vat_ctx *ctx, const struct ref *r)
{
	answer(ctx, r ? vat_cap_ref(r->cap) : NULL, r ? r->rank : 0);
}

/* A call, of the rank given; param may be NULL. */
static struct vat_call *request(
	struct side *d, struct ref *r, enum op op, uint32_t rank, const struct ref *param)
{
	struct vat_call *call = vat_call_new(d->vat, r->cap, 1, (uint16_t)op, 0);
	struct vat_struct_b b = vat_init_struct(vat_call_params(call), 2, 1);
	vat_w_u32(b, 0, r->number, 0);
	vat_w_u32(b, 1, ++r->calls, 0);
	vat_w_u32(b, 2, rank, 0);
	if (param) {
		vat_w_u32(b, 3, param->rank, 0);
		vat_set_cap(vat_ptr_at_b(b, 0), param->cap);
	}
	return call;
}

/* Keeps a call to be answered later. */
static void later(struct side *d, struct vat_ctx *ctx, uint32_t rank)
{
	struct held *h = &d->later[rnd(d->sim, HELD)];
	if (h->ctx)
		answer_ref(h->ctx, fit(d, h->rank));
	*h = (struct held){.ctx = ctx, .rank = rank};
}

static void check_order(struct sim *s, uint32_t number, uint32_t count)
{
	if (number >= NUMBERS || count <= s->last[number])
		test_fail(__FILE__, __LINE__,
			"seed %llu: call %u on reference %u came after call %u",
			(unsigned long long)s->seed, count, number, s->last[number]);
	s->last[number] = count;
	s->delivered++;
}

static void object_call(void *self, uint64_t interface_id, uint16_t method, struct vat_ctx *ctx)
{
	struct side *d = ((struct object *)self)->side;
	struct sim *s = d->sim;
	struct vat_struct_r p = vat_ptr_struct(vat_ctx_params(ctx), NULL);
	check_order(s, vat_r_u32(p, 0, 0), vat_r_u32(p, 1, 0));
	uint32_t rank = vat_r_u32(p, 2, 0);
	struct ref param = {.cap = vat_ptr_cap(vat_ptr_at(p, 0)), .rank = vat_r_u32(p, 3, 0)};
	if (rnd(s, 3))
		keep(d, vat_cap_ref(param.cap), param.rank);
	struct ref *to = fit(d, rank);
	switch (s->ending ? OP_NOTHING : (enum op)method) {
	case OP_NEW:
		answer(ctx, new_object(d), 0);
		break;
	case OP_ECHO:
		answer_ref(ctx, &param);
		break;
	case OP_GIVE:
		answer_ref(ctx, to);
		break;
	case OP_LATER:
		later(d, ctx, rank);
		break;
	case OP_TAIL:
		if (to)
			vat_ctx_tail_call(ctx, request(d, to, OP_NEW, rank, &param));
		else
			vat_ctx_fail(ctx, VAT_FAILED, "nowhere to go");
		break;
	case OP_FAIL:
		vat_ctx_fail(ctx, VAT_FAILED, "on purpose");
		break;
	case OP_NOTHING:
	case OPS:
		vat_ctx_return(ctx);
		break;
	}
}

/* ---- steps ----------------------------------------------------------------------------------- */

static void on_done(void *user, const struct vat_error *e, struct vat_ptr_r results)
{
	struct sim_call *c = user;
	struct vat_struct_r r = vat_ptr_struct(results, NULL);
	if (!e && rnd(c->side->sim, 2))
		keep(c->side, vat_cap_ref(vat_ptr_cap(vat_ptr_at(r, 0))), vat_r_u32(r, 0, 0));
	vat_call_free(TAKE_PTR(c->call));
}

static void step_call(struct side *d)
{
	struct sim *s = d->sim;
	struct ref *r = any_ref(d);
	struct sim_call *c = &d->calls[rnd(s, CALLS)];
	if (!r)
		return;
	vat_call_free(TAKE_PTR(c->call));
	c->side = d;
	uint32_t rank = ++s->rank;
	c->call = request(d, r, (enum op)rnd(s, OPS), rank, rnd(s, 2) ? any_ref(d) : NULL);
	vat_call_send(c->call, on_done, c);
	if (rnd(s, 2)) {
		uint16_t path = 0;
		keep(d, vat_call_pipeline(c->call, &path, 1), rank);
	}
}

static void resolve(struct side *d, struct held *h)
{
	struct ref *r = fit(d, h->rank);
	if (!h->resolver)
		return;
	if (rnd(d->sim, 6))
		vat_resolve(TAKE_PTR(h->resolver), r ? vat_cap_ref(r->cap) : NULL);
	else
		vat_reject(TAKE_PTR(h->resolver), VAT_FAILED, "rejected");
}

static void step_promise(struct side *d)
{
	struct sim *s = d->sim;
	struct held *h = &d->promises[rnd(s, HELD)];
	resolve(d, h);
	if (rnd(s, 2))
		return;
	struct vat_cap *p;
	CHECK_INT(vat_promise(d->vat, &p, &h->resolver), 0);
	h->rank = ++s->rank;
	keep(d, p, h->rank);
}

static void step_drop(struct side *d)
{
	struct sim *s = d->sim;
	struct sim_call *c = &d->calls[rnd(s, CALLS)];
	struct held *h = &d->later[rnd(s, HELD)];
	struct ref *r = &d->refs[rnd(s, REFS)];
	switch (rnd(s, 4)) {
	case 0:
		vat_cap_unref(TAKE_PTR(r->cap));
		break;
	case 1:
		vat_call_free(TAKE_PTR(c->call));
		break;
	default:
		if (h->ctx)
			answer_ref(TAKE_PTR(h->ctx), fit(d, h->rank));
		break;
	}
}

static void step_membrane(struct side *d)
{
	struct sim *s = d->sim;
	if (!d->membrane)
		d->membrane = vat_membrane_new(d->vat, NULL);
	if (rnd(s, 12)) {
		struct ref *r = any_ref(d);
		if (r)
			keep(d, vat_membrane_wrap(d->membrane, r->cap), r->rank);
		return;
	}
	vat_membrane_revoke(d->membrane, VAT_DISCONNECTED, "revoked");
	vat_membrane_free(TAKE_PTR(d->membrane));
}

static void step_deliver(struct sim *s)
{
	struct net_link *l = &s->net.links[rnd(s, s->net.n_links)];
	net_step(l, (int)rnd(s, 2));
}

static void step(struct sim *s)
{
	struct side *d = &s->side[rnd(s, s->net.n_vats)];
	uint32_t what = rnd(s, 1000);
	if (what < 450)
		step_deliver(s);
	else if (what < 650)
		vat_run(d->vat, 1 + rnd(s, 4));
	else if (what < 880)
		step_call(d);
	else if (what < 930)
		step_promise(d);
	else if (what < 980)
		step_drop(d);
	else if (what < 998)
		step_membrane(d);
	else if (s->seed % 3 == 0)
		net_cut(&s->net, &s->net.links[rnd(s, s->net.n_links)], (int)rnd(s, 2));
}

/* ---- a schedule ------------------------------------------------------------------------------ */

static void connect_all(struct sim *s)
{
	unsigned n = s->net.n_vats;
	for (unsigned a = 0; a < n; a++)
		for (unsigned b = a + 1; b < n; b++) {
			/* A row, sometimes closed to a ring or more. */
			if (b != a + 1 && rnd(s, 2))
				continue;
			struct vat_conn_config ca = {.bootstrap = new_object(&s->side[a])};
			struct vat_conn_config cb = {.bootstrap = new_object(&s->side[b])};
			struct net_link *l = net_join(&s->net, a, &ca, b, &cb);
			vat_cap_unref(ca.bootstrap);
			vat_cap_unref(cb.bootstrap);
			keep(&s->side[a], vat_conn_bootstrap(l->conn[0]), 0);
			keep(&s->side[b], vat_conn_bootstrap(l->conn[1]), 0);
		}
}

static void release_side(struct side *d)
{
	for (unsigned i = 0; i < HELD; i++) {
		vat_resolver_free(TAKE_PTR(d->promises[i].resolver));
		if (d->later[i].ctx)
			answer(TAKE_PTR(d->later[i].ctx), NULL, 0);
	}
	for (unsigned i = 0; i < REFS; i++)
		vat_cap_unref(TAKE_PTR(d->refs[i].cap));
	for (unsigned i = 0; i < CALLS; i++)
		if (rnd(d->sim, 2))
			vat_call_free(TAKE_PTR(d->calls[i].call));
	vat_membrane_free(TAKE_PTR(d->membrane));
}

/* Nothing is left on either side of any link; unless cut, none has broken. */
static void check_empty(struct sim *s)
{
	for (unsigned i = 0; i < 2 * s->net.n_links; i++) {
		struct vat_conn *c = s->net.links[i / 2].conn[i % 2];
		struct vat_conn_counts k = {0};
		if (!c)
			continue;
		vat_conn_counts(c, &k);
		bool left = k.questions || k.answers || k.imports || k.exports || k.embargoes;
		if (left || (c->over && s->seed % 3))
			test_fail(__FILE__, __LINE__,
				"seed %llu: link %u.%u has %u questions, %u answers, %u imports, "
				"%u exports, %u embargoes; %s",
				(unsigned long long)s->seed, i / 2, i % 2, k.questions, k.answers,
				k.imports, k.exports, k.embargoes,
				c->failure ? c->failure->text : "alive");
	}
}

static unsigned simulate(uint64_t seed)
{
	static struct sim sim;
	struct sim *s = &sim;
	memset(s, 0, sizeof(*s));
	running_seed = s->seed = seed;
	s->state = (seed + 1) * UINT64_C(0x9e3779b97f4a7c15);
	net_init(&s->net, 2 + rnd(s, 3));
	for (unsigned i = 0; i < s->net.n_vats; i++)
		s->side[i] = (struct side){.sim = s, .vat = s->net.vat[i]};
	connect_all(s);
	unsigned steps = 50 + rnd(s, 400);
	for (unsigned i = 0; i < steps; i++)
		step(s);
	s->ending = true;
	for (unsigned round = 0; round < 3; round++) {
		for (unsigned i = 0; i < s->net.n_vats; i++)
			release_side(&s->side[i]);
		net_run(&s->net);
	}
	for (unsigned i = 0; i < s->net.n_vats; i++)
		for (unsigned k = 0; k < CALLS; k++)
			vat_call_free(TAKE_PTR(s->side[i].calls[k].call));
	net_run(&s->net);
	check_empty(s);
	net_done(&s->net);
	if (s->objects)
		test_fail(__FILE__, __LINE__, "seed %llu: %u objects left",
			(unsigned long long)seed, s->objects);
	return s->delivered;
}

extern void __sanitizer_set_death_callback(void (*fn)(void)) __attribute__((weak));

static void on_death(void)
{
	say_seed(0);
}

TEST(random_schedules)
{
	const char *seed = getenv("VAT_SIM_SEED"), *count = getenv("VAT_SIM_COUNT");
	uint64_t first = seed ? strtoull(seed, NULL, 0) : 1;
	uint64_t n = count ? strtoull(count, NULL, 0) : seed ? 1 : 2000;
	unsigned long long delivered = 0;
	signal(SIGABRT, say_seed);
	if (__sanitizer_set_death_callback)
		__sanitizer_set_death_callback(on_death);
	for (uint64_t i = 0; i < n; i++)
		delivered += simulate(first + i);
	printf("# %llu schedules, %llu calls delivered\n", (unsigned long long)n, delivered);
	CHECK(seed || delivered > n * 5);
}
