/* SPDX-License-Identifier: MIT */
/* Capabilities that connect again. */
#include "vat/reconnect.h"
#include "vat/conn/test-net.h"

enum { DIALS = 6 };

/* Vat 0 dials vat 1, a new object and link each time. */
struct world {
	struct net n;
	struct thing far[DIALS];
	bool gone[DIALS];
	unsigned dials;
	bool refuse; /* NULL */
	bool dead; /* a capability that is broken already */
	bool freed;
	struct vat_cap *cap;
	struct reply r[8];
};

static struct vat_cap *dial(void *user)
{
	struct world *w = user;
	CHECK(w->dials < DIALS);
	unsigned i = w->dials++;
	if (w->refuse)
		return NULL;
	if (w->dead)
		return vat_cap_broken(w->n.vat[0], VAT_DISCONNECTED, "no route");
	w->far[i].destroyed = &w->gone[i];
	struct net_link *l = net_serve(&w->n, 0, 1, thing_serve(w->n.vat[1], &w->far[i]));
	return vat_conn_bootstrap(l->conn[0]);
}

static void on_free(void *user)
{
	((struct world *)user)->freed = true;
}

static void world_init(struct world *w, bool lazy, bool dialled)
{
	memset(w, 0, sizeof(*w));
	net_init(&w->n, 3);
	const struct vat_reconnect_config cfg = {
		.connect = dial, .free = on_free, .user = w, .lazy = lazy};
	w->cap = vat_reconnect(w->n.vat[0], &cfg, dialled ? dial(w) : NULL);
	CHECK(w->cap);
}

static void world_done(struct world *w)
{
	vat_cap_unref(w->cap);
	net_check_idle(&w->n);
	CHECK(w->freed);
	net_done(&w->n);
}

static void call(struct world *w, unsigned i, uint16_t method, uint64_t n)
{
	thing_call(w->n.vat[0], w->cap, method, n, NULL, &w->r[i]);
}

/* The newest connection is lost. */
static void cut(struct world *w)
{
	net_cut(&w->n, &w->n.links[w->n.n_links - 1], 1);
}

TEST(later_calls_go_to_the_new_connection)
{
	struct world w;
	world_init(&w, false, true);
	call(&w, 0, THING_ECHO, 1);
	net_run(&w.n);
	CHECK_REPLY(w.r[0], 1);
	cut(&w);
	net_run(&w.n);
	/* Not lazy: at once. */
	CHECK_INT(w.dials, 2);
	call(&w, 0, THING_ECHO, 2);
	net_run(&w.n);
	CHECK_REPLY(w.r[0], 2);
	CHECK_INT(w.dials, 2);
	CHECK_INT(w.far[0].n_log, 1);
	CHECK_INT(w.far[1].log[0], 2);
	world_done(&w);
}

TEST(calls_under_way_fail)
{
	struct world w;
	world_init(&w, false, true);
	call(&w, 0, THING_WAIT, 1);
	net_run(&w.n);
	/* This one has not even been sent. */
	call(&w, 1, THING_ECHO, 2);
	net_work(&w.n);
	cut(&w);
	/* The break has not been told yet; but it is known. */
	call(&w, 2, THING_ECHO, 3);
	net_run(&w.n);
	CHECK_FAILED(w.r[0], VAT_DISCONNECTED, "");
	CHECK_FAILED(w.r[1], VAT_DISCONNECTED, "");
	CHECK_REPLY(w.r[2], 3);
	vat_ctx_return(w.far[0].waiting[0]);
	CHECK_INT(w.dials, 2);
	world_done(&w);
}

TEST(lazy_reconnect_dials_when_there_is_a_call)
{
	struct world w;
	world_init(&w, true, false);
	net_run(&w.n);
	CHECK_INT(w.dials, 0);
	call(&w, 0, THING_ECHO, 1);
	net_run(&w.n);
	CHECK_REPLY(w.r[0], 1);
	CHECK_INT(w.dials, 1);
	cut(&w);
	net_run(&w.n);
	CHECK_INT(w.dials, 1);
	call(&w, 0, THING_ECHO, 2);
	call(&w, 1, THING_ECHO, 3);
	net_run(&w.n);
	CHECK_REPLY(w.r[0], 2);
	CHECK_REPLY(w.r[1], 3);
	CHECK_INT(w.dials, 2);
	world_done(&w);
}

/* Somebody behind the peer is gone: the connection is not. */
TEST(call_that_fails_as_disconnected)
{
	struct world w;
	world_init(&w, true, true);
	call(&w, 0, THING_FAIL, VAT_DISCONNECTED);
	net_run(&w.n);
	CHECK_FAILED(w.r[0], VAT_DISCONNECTED, "failed with");
	CHECK(!w.n.links[0].closed[0]);
	call(&w, 0, THING_ECHO, 2);
	net_run(&w.n);
	CHECK_REPLY(w.r[0], 2);
	CHECK_INT(w.dials, 2);
	CHECK_INT(w.far[0].n_log, 0);
	world_done(&w);
}

TEST(other_failures_are_answers)
{
	struct world w;
	world_init(&w, false, true);
	for (uint16_t kind = 0; kind < 4; kind++) {
		if (kind == VAT_DISCONNECTED)
			continue;
		call(&w, 0, THING_FAIL, kind);
		net_run(&w.n);
		CHECK_FAILED(w.r[0], kind, "failed with");
	}
	CHECK_INT(w.dials, 1);
	world_done(&w);
}

/* Several calls of one connection fail: one is made anew, not one for each. */
TEST(late_failures_do_not_blame_the_new_connection)
{
	struct world w;
	world_init(&w, false, true);
	for (unsigned i = 0; i < 3; i++)
		call(&w, i, THING_WAIT, i);
	net_run(&w.n);
	vat_ctx_fail(w.far[0].waiting[0], VAT_DISCONNECTED, "lost");
	net_run(&w.n);
	CHECK_INT(w.dials, 2);
	call(&w, 3, THING_ECHO, 7);
	net_run(&w.n);
	CHECK_REPLY(w.r[3], 7);
	vat_ctx_fail(w.far[0].waiting[1], VAT_DISCONNECTED, "lost");
	vat_ctx_return(w.far[0].waiting[2]);
	net_run(&w.n);
	CHECK_INT(w.dials, 2);
	CHECK_FAILED(w.r[0], VAT_DISCONNECTED, "lost");
	CHECK_FAILED(w.r[1], VAT_DISCONNECTED, "lost");
	CHECK_REPLY(w.r[2], 0);
	world_done(&w);
}

TEST(dialling_that_fails_is_tried_by_the_next_call)
{
	struct world w;
	world_init(&w, false, false);
	w.refuse = true;
	call(&w, 0, THING_ECHO, 1);
	net_run(&w.n);
	CHECK_FAILED(w.r[0], VAT_DISCONNECTED, "not connected");
	w.refuse = false;
	w.dead = true;
	call(&w, 0, THING_ECHO, 1);
	net_run(&w.n);
	CHECK_FAILED(w.r[0], VAT_DISCONNECTED, "no route");
	/* Once more of itself, as a call had been made; then no more. */
	CHECK_INT(w.dials, 3);
	w.dead = false;
	call(&w, 0, THING_ECHO, 2);
	net_run(&w.n);
	CHECK_REPLY(w.r[0], 2);
	CHECK_INT(w.dials, 4);
	world_done(&w);
}

TEST(reconnect_through_rpc)
{
	struct world w;
	struct reply r;
	world_init(&w, true, false);
	struct net_link *l = net_serve(&w.n, 2, 0, vat_cap_ref(w.cap));
	struct vat_cap *c = vat_conn_bootstrap(l->conn[0]);
	for (unsigned i = 0; i < 3; i++) {
		thing_call(w.n.vat[2], c, THING_ECHO, i, NULL, &r);
		net_run(&w.n);
		CHECK_REPLY(r, i);
		CHECK_INT(w.dials, i + 1);
		cut(&w);
		net_run(&w.n);
		/* It is the same object for others, whole. */
		CHECK(!vat_cap_is_broken(c, NULL));
	}
	vat_cap_unref(c);
	net_cut(&w.n, l, 0);
	world_done(&w);
}

TEST(pipelined_calls_go_where_the_call_went)
{
	struct world w;
	world_init(&w, true, false);
	call(&w, 0, THING_MAKE, 0);
	struct vat_cap *part = reply_pipeline(&w.r[0]);
	thing_call(w.n.vat[0], part, THING_ECHO, 4, NULL, &w.r[1]);
	net_run(&w.n);
	CHECK_REPLY(w.r[1], 4);
	cut(&w);
	thing_call(w.n.vat[0], part, THING_ECHO, 5, NULL, &w.r[1]);
	net_run(&w.n);
	CHECK_FAILED(w.r[1], VAT_DISCONNECTED, "");
	CHECK_INT(w.dials, 1);
	reply_free(&w.r[0]);
	vat_cap_unref(part);
	world_done(&w);
}

TEST(reconnect_of_a_freed_vat)
{
	struct thing t = {0};
	struct world w = {0};
	struct vat *v = vat_new(NULL);
	const struct vat_reconnect_config cfg = {.connect = dial, .free = on_free, .user = &w};
	w.cap = vat_reconnect(v, &cfg, thing_serve(v, &t));
	thing_call(v, w.cap, THING_WAIT, 0, NULL, &w.r[0]);
	thing_call(v, w.cap, THING_ECHO, 0, NULL, &w.r[1]);
	vat_run(v, 3);
	CHECK_INT(t.n_waiting, 1);
	vat_free(v);
	vat_ctx_fail(t.waiting[0], VAT_DISCONNECTED, "late");
	reply_free(&w.r[0]);
	reply_free(&w.r[1]);
	vat_cap_unref(w.cap);
	CHECK(w.freed);
}
