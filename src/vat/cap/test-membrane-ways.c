/* SPDX-License-Identifier: MIT */
/*
 * Calls through a membrane on everything that can be inside or outside: objects and promises, of
 * this vat and of another, alone, pipelined, and cut off by revoking.
 */
#include "vat/conn/test-net.h"

enum what { OBJECT, PROMISE, REMOTE_OBJECT, REMOTE_PROMISE };

/* Vat 0 has the membrane; vat 1 is where remote things are. */
struct world {
	struct net n;
	struct net_link *l;
	struct vat *v;
	struct thing target, giver, other;
	struct vat_cap *c; /* what is to be called, as vat 0 sees it */
	struct vat_cap *to_giver; /* gives remote promises */
	struct vat_cap *object; /* what the promise comes to */
	struct vat_resolver *r; /* of the promise */
	struct vat_cap *promise; /* where it was made */
	struct vat_membrane *m;
	unsigned inward, outward; /* calls that the policy was asked about */
};

static struct vat_cap *note_call(
	void *user, bool inward, uint64_t interface_id, uint16_t method, struct vat_cap *target)
{
	struct world *w = user;
	(void)interface_id;
	(void)method;
	(void)target;
	if (inward)
		w->inward++;
	else
		w->outward++;
	return NULL;
}

static void world_init(struct world *w, enum what what)
{
	memset(w, 0, sizeof(*w));
	net_init(&w->n, 2);
	w->v = w->n.vat[0];
	bool remote = what >= REMOTE_OBJECT, promise = what == PROMISE || what == REMOTE_PROMISE;
	struct vat *home = w->n.vat[remote];
	w->object = thing_serve(home, &w->target);
	struct vat_cap *c = vat_cap_ref(w->object);
	if (promise) {
		vat_cap_unref(c);
		CHECK_INT(vat_promise(home, &w->promise, &w->r), 0);
		c = vat_cap_ref(w->promise);
	}
	if (remote) {
		struct reply r;
		w->giver.held = c;
		w->l = net_serve(&w->n, 0, 1, thing_serve(w->n.vat[1], &w->giver));
		w->to_giver = vat_conn_bootstrap(w->l->conn[0]);
		thing_call(w->v, w->to_giver, THING_GIVE, 0, NULL, &r);
		net_run(&w->n);
		c = vat_cap_ref(r.cap);
		reply_free(&r);
	}
	w->c = c;
	const struct vat_membrane_policy policy = {.call = note_call, .user = w};
	w->m = vat_membrane_new(w->v, &policy);
	CHECK(w->c && w->m);
}

/* The promise, if it is one, is kept. */
static void settle(struct world *w)
{
	if (w->r)
		vat_resolve(TAKE_PTR(w->r), vat_cap_ref(w->object));
	net_run(&w->n);
}

static void world_done(struct world *w)
{
	settle(w);
	vat_cap_unref(w->c);
	vat_cap_unref(w->promise);
	vat_cap_unref(w->object);
	vat_cap_unref(w->to_giver);
	w->giver.held = vat_cap_unref(w->giver.held);
	vat_membrane_free(w->m);
	net_check_idle(&w->n);
	net_done(&w->n);
}

static void call(struct world *w, struct vat_cap *to, uint16_t method, uint64_t n, struct reply *r)
{
	thing_call(w->v, to, method, n, NULL, r);
}

/* From outside to something inside. */
static void call_inside(enum what what)
{
	struct world w;
	struct reply r[4];
	world_init(&w, what);
	struct vat_cap *c = vat_membrane_wrap(w.m, w.c);
	call(&w, c, THING_ECHO, 1, &r[0]);
	call(&w, c, THING_MAKE, 0, &r[1]);
	struct vat_cap *part = reply_pipeline(&r[1]);
	call(&w, part, THING_ECHO, 2, &r[2]);
	net_run(&w.n);
	settle(&w);
	call(&w, c, THING_ECHO, 3, &r[3]);
	net_run(&w.n);
	CHECK_REPLY(r[0], 1);
	CHECK_REPLY(r[2], 2);
	CHECK_REPLY(r[3], 3);
	CHECK(w.target.log[0] == 1 && w.target.log[1] == 3);
	CHECK_INT(w.inward, 4);
	CHECK_INT(w.outward, 0);
	/* What came out of it belongs to the membrane too. */
	vat_membrane_revoke(w.m, VAT_FAILED, "revoked");
	struct vat_cap *made = vat_cap_ref(r[1].cap);
	reply_free(&r[1]);
	struct vat_cap *all[] = {c, part, made};
	for (unsigned i = 0; i < 3; i++) {
		call(&w, all[i], THING_ECHO, 4, &r[0]);
		net_run(&w.n);
		CHECK_FAILED(r[0], VAT_FAILED, "revoked");
		vat_cap_unref(all[i]);
	}
	/* The thing itself is as it was. */
	call(&w, w.c, THING_ECHO, 5, &r[0]);
	net_run(&w.n);
	CHECK_REPLY(r[0], 5);
	world_done(&w);
}

/* From inside to something outside, given as a parameter. */
static void call_outside(enum what what)
{
	struct world w;
	struct reply r[2];
	world_init(&w, what);
	struct vat_cap *inside = thing_serve(w.v, &w.other);
	struct vat_cap *c = vat_membrane_wrap(w.m, inside);
	thing_call(w.v, c, THING_CALL_BACK, 6, w.c, &r[0]);
	thing_call(w.v, c, THING_HOLD, 0, w.c, &r[1]);
	net_run(&w.n);
	settle(&w);
	CHECK_REPLY(r[0], 6);
	CHECK_REPLY(r[1], 0);
	CHECK_INT(w.target.log[0], 6);
	CHECK_INT(w.inward, 2);
	CHECK_INT(w.outward, 1);
	/* It comes back as what it was. */
	call(&w, c, THING_GIVE, 0, &r[0]);
	net_run(&w.n);
	CHECK(cap_inner(r[0].cap) == cap_inner(w.c));
	reply_free(&r[0]);
	vat_membrane_revoke(w.m, VAT_FAILED, "revoked");
	call(&w, w.other.held, THING_ECHO, 7, &r[0]);
	net_run(&w.n);
	CHECK_FAILED(r[0], VAT_FAILED, "revoked");
	vat_cap_unref(c);
	vat_cap_unref(inside);
	world_done(&w);
}

/* Calls under way when it is revoked. */
static void revoke_under_way(enum what what)
{
	struct world w;
	struct reply r;
	world_init(&w, what);
	struct vat_cap *c = vat_membrane_wrap(w.m, w.c);
	call(&w, c, THING_WAIT, 1, &r);
	struct vat_cap *part = reply_pipeline(&r);
	net_run(&w.n);
	vat_membrane_revoke(w.m, VAT_DISCONNECTED, "cut");
	net_run(&w.n);
	CHECK(vat_cap_is_broken(c, NULL) && vat_cap_is_broken(part, NULL));
	CHECK_FAILED(r, VAT_DISCONNECTED, "cut");
	settle(&w);
	/* A promise let go of the call; an object had it. */
	CHECK_INT(w.target.n_waiting, what == OBJECT || what == REMOTE_OBJECT);
	CHECK_INT(w.target.canceled, w.target.n_waiting);
	if (w.target.n_waiting)
		vat_ctx_return(w.target.waiting[0]);
	vat_cap_unref(c);
	vat_cap_unref(part);
	world_done(&w);
}

TEST(call_local_object_inside_membrane)
{
	call_inside(OBJECT);
}

TEST(call_local_promise_inside_membrane)
{
	call_inside(PROMISE);
}

TEST(call_remote_object_inside_membrane)
{
	call_inside(REMOTE_OBJECT);
}

TEST(call_remote_promise_inside_membrane)
{
	call_inside(REMOTE_PROMISE);
}

TEST(call_local_object_outside_membrane)
{
	call_outside(OBJECT);
}

TEST(call_local_promise_outside_membrane)
{
	call_outside(PROMISE);
}

TEST(call_remote_object_outside_membrane)
{
	call_outside(REMOTE_OBJECT);
}

TEST(call_remote_promise_outside_membrane)
{
	call_outside(REMOTE_PROMISE);
}

TEST(revoke_with_a_call_at_a_local_object)
{
	revoke_under_way(OBJECT);
}

TEST(revoke_with_a_call_at_a_local_promise)
{
	revoke_under_way(PROMISE);
}

TEST(revoke_with_a_call_at_a_remote_object)
{
	revoke_under_way(REMOTE_OBJECT);
}

TEST(revoke_with_a_call_at_a_remote_promise)
{
	revoke_under_way(REMOTE_PROMISE);
}
