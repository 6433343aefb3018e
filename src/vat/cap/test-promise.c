/* SPDX-License-Identifier: MIT */
/* Watches, descriptors, and the lives of vats and connections. */
#include "vat/stream.h"
#include "vat/conn/test-net.h"

#include <sys/mman.h>

struct seen {
	unsigned n;
	bool failed;
	char text[128];
	struct vat_watch *free_it;
};

static void on_event(void *user, const struct vat_error *e)
{
	struct seen *s = user;
	s->n++;
	s->failed = e;
	if (e)
		snprintf(s->text, sizeof(s->text), "%s", e->text);
	vat_watch_free(s->free_it);
	s->free_it = NULL;
}

TEST(watch_tells_when_a_promise_settles)
{
	struct net n;
	struct thing t = {0};
	struct seen settled = {0}, broken = {0};
	struct vat_cap *p;
	struct vat_resolver *r;
	net_init(&n, 1);
	CHECK_INT(vat_promise(n.vat[0], &p, &r), 0);
	struct vat_watch *w = vat_cap_on_settled(p, on_event, &settled);
	struct vat_watch *b = vat_cap_on_broken(p, on_event, &broken);
	net_run(&n);
	CHECK_INT(settled.n, 0);
	vat_resolve(r, thing_serve(n.vat[0], &t));
	CHECK_INT(settled.n, 0); /* not before vat_run */
	net_run(&n);
	CHECK_INT(settled.n, 1);
	CHECK(!settled.failed);
	CHECK_INT(broken.n, 0);
	vat_watch_free(w);
	vat_watch_free(b);
	vat_cap_unref(p);
	net_done(&n);
}

TEST(watch_follows_promise_to_promise)
{
	struct net n;
	struct seen settled = {0};
	struct vat_cap *p, *q;
	struct vat_resolver *rp, *rq;
	net_init(&n, 1);
	CHECK_INT(vat_promise(n.vat[0], &p, &rp), 0);
	CHECK_INT(vat_promise(n.vat[0], &q, &rq), 0);
	settled.free_it = vat_cap_on_settled(p, on_event, &settled);
	vat_resolve(rp, q);
	net_run(&n);
	CHECK_INT(settled.n, 0);
	vat_reject(rq, VAT_FAILED, "no");
	net_run(&n);
	CHECK_INT(settled.n, 1);
	CHECK(settled.failed);
	CHECK_STR(settled.text, "no");
	vat_cap_unref(p);
	net_done(&n);
}

TEST(watch_of_an_import_tells_of_its_connection)
{
	struct net n;
	struct thing t = {0};
	struct seen broken = {0}, stopped = {0};
	net_init(&n, 2);
	struct net_link *l = net_serve(&n, 0, 1, thing_serve(n.vat[1], &t));
	struct vat_cap *c = vat_conn_bootstrap(l->conn[0]);
	struct vat_watch *w = vat_cap_on_broken(c, on_event, &broken);
	struct vat_watch *x = vat_cap_on_broken(c, on_event, &stopped);
	net_run(&n);
	CHECK_INT(broken.n, 0);
	vat_watch_free(x);
	net_cut(&n, l, 1);
	net_run(&n);
	CHECK_INT(broken.n, 1);
	CHECK_INT(stopped.n, 0);
	CHECK(broken.failed);
	vat_watch_free(w);
	vat_cap_unref(c);
	net_done(&n);
}

static int make_fd(const char *content)
{
	int fd = memfd_create("test", MFD_CLOEXEC);
	CHECK(fd >= 0);
	CHECK_INT(write(fd, content, strlen(content)), strlen(content));
	return fd;
}

static void check_fd(int fd, const char *content)
{
	char buf[64] = {0};
	CHECK(fd >= 0);
	CHECK_INT(pread(fd, buf, sizeof(buf), 0), strlen(content));
	CHECK_STR(buf, content);
}

TEST(attached_descriptor_arrives)
{
	struct net n;
	struct thing t = {0}, with = {0};
	struct reply r;
	net_init(&n, 2);
	struct net_link *l = net_serve(&n, 0, 1, thing_serve(n.vat[1], &t));
	struct vat_cap *c = vat_conn_bootstrap(l->conn[0]);
	t.held = thing_serve(n.vat[1], &with);
	CHECK_INT(vat_cap_attach_fd(t.held, make_fd("attached")), 0);
	CHECK_INT(vat_cap_attach_fd(t.held, make_fd("second")), -EBUSY);
	thing_call(n.vat[0], c, THING_GIVE, 0, NULL, &r);
	struct vat_cap *p = reply_pipeline(&r);
	CHECK_INT(vat_cap_fd(p), -ENOENT);
	net_run(&n);
	check_fd(vat_cap_fd(p), "attached");
	CHECK(vat_cap_fd(p) != vat_cap_fd(t.held));
	CHECK_INT(vat_cap_attach_fd(p, make_fd("x")), -EINVAL);
	CHECK_INT(vat_cap_fd(c), -ENOENT);
	reply_free(&r);
	vat_cap_unref(p);
	vat_cap_unref(c);
	net_check_idle(&n);
	net_done(&n);
}

TEST(descriptor_passes_a_relay_and_a_membrane)
{
	struct net n;
	struct thing t = {0}, with = {0};
	struct reply r;
	net_init(&n, 3);
	struct net_link *bc = net_serve(&n, 1, 2, thing_serve(n.vat[2], &t));
	struct vat_membrane *m = vat_membrane_new(n.vat[1], NULL);
	struct vat_cap *far = vat_conn_bootstrap(bc->conn[0]);
	struct net_link *ab = net_serve(&n, 0, 1, vat_membrane_wrap(m, far));
	vat_cap_unref(far);
	struct vat_cap *c = vat_conn_bootstrap(ab->conn[0]);
	t.held = thing_serve(n.vat[2], &with);
	CHECK_INT(vat_cap_attach_fd(t.held, make_fd("relayed")), 0);
	thing_call(n.vat[0], c, THING_GIVE, 0, NULL, &r);
	net_run(&n);
	check_fd(vat_cap_fd(r.cap), "relayed");
	/* Revoking while it is written must not let another file take its place. */
	struct reply again;
	thing_call(n.vat[0], c, THING_GIVE, 0, NULL, &again);
	ab->paused[1] = true;
	net_run(&n);
	vat_membrane_revoke(m, VAT_DISCONNECTED, "revoked");
	ab->paused[1] = false;
	net_run(&n);
	reply_free(&again);
	reply_free(&r);
	vat_membrane_free(m);
	vat_cap_unref(c);
	net_run(&n);
	net_done(&n);
}

TEST(descriptor_does_not_travel_where_it_cannot)
{
	struct net n;
	struct thing t = {0}, with = {0};
	struct reply r;
	net_init(&n, 2);
	struct vat_cap *boot = thing_serve(n.vat[1], &t);
	struct vat_conn_config without = {.bootstrap = boot};
	struct net_link *l = net_join(&n, 0, NULL, 1, &without);
	vat_cap_unref(boot);
	struct vat_cap *c = vat_conn_bootstrap(l->conn[0]);
	t.held = thing_serve(n.vat[1], &with);
	CHECK_INT(vat_cap_attach_fd(t.held, make_fd("attached")), 0);
	thing_call(n.vat[0], c, THING_GIVE, 0, NULL, &r);
	net_run(&n);
	CHECK(r.cap);
	CHECK_INT(vat_cap_fd(r.cap), -ENOENT);
	reply_free(&r);
	vat_cap_unref(c);
	net_check_idle(&n);
	net_done(&n);
}

TEST(descriptors_held_of_one_peer_are_limited)
{
	struct net n;
	struct thing t = {0}, with[3] = {0};
	struct reply r[3];
	net_init(&n, 2);
	struct vat_cap *boot = thing_serve(n.vat[1], &t);
	struct vat_conn_config cfg = {.fds = true, .bootstrap = boot, .limits = {.pending_fds = 2}};
	struct net_link *l = net_join(&n, 0, NULL, 1, &cfg);
	vat_cap_unref(boot);
	struct vat_cap *c = vat_conn_bootstrap(l->conn[0]);
	for (unsigned i = 0; i < 3; i++) {
		struct vat_cap *own = thing_serve(n.vat[0], &with[i]);
		CHECK_INT(vat_cap_attach_fd(own, make_fd("mine")), 0);
		thing_call(n.vat[0], c, THING_WAIT, i, own, &r[i]);
		vat_cap_unref(own);
	}
	net_run(&n);
	for (unsigned i = 0; i < 3; i++) {
		struct vat_cap *got = vat_ptr_cap(vat_ptr_at(thing_params(t.waiting[i]), 0));
		/* The capability itself is as good as the others. */
		CHECK(got);
		if (i < 2)
			check_fd(vat_cap_fd(got), "mine");
		else
			CHECK_INT(vat_cap_fd(got), -ENOENT);
		vat_ctx_return(t.waiting[i]);
	}
	net_run(&n);
	for (unsigned i = 0; i < 3; i++)
		CHECK_REPLY(r[i], 0);
	vat_cap_unref(c);
	net_check_idle(&n);
	net_done(&n);
}

TEST(surplus_descriptors_are_closed)
{
	struct net n;
	net_init(&n, 1);
	struct vat_conn_config cfg = {.fds = true, .limits = {.fds_per_message = 2}};
	struct vat_conn *c;
	CHECK_INT(vat_conn_new(n.vat[0], &cfg, &c), 0);
	int fds[4] = {make_fd("1"), make_fd("2"), make_fd("3"), make_fd("4")};
	void *to;
	size_t room;
	CHECK_INT(vat_conn_input(c, &to, &room), 0);
	memset(to, 0, 4); /* half a header */
	CHECK_INT(vat_conn_received(c, 4, fds, 4), 0);
	CHECK(fcntl(fds[1], F_GETFD) >= 0);
	CHECK_INT(fcntl(fds[2], F_GETFD), -1);
	CHECK_INT(vat_conn_partial(c), 4);
	vat_conn_free(c);
	net_done(&n);
}

/* ---- lives ---------------------------------------------------------------------------------- */

struct freeing {
	struct net_link *l;
	bool called;
};

static void free_connection(void *user, const struct vat_error *e, struct vat_ptr_r results)
{
	struct freeing *f = user;
	f->called = true;
	vat_conn_free(f->l->conn[0]);
	f->l->conn[0] = NULL;
}

TEST(connection_may_be_freed_from_a_callback)
{
	struct net n;
	struct thing t = {0};
	struct reply r;
	net_init(&n, 2);
	struct net_link *l = net_serve(&n, 0, 1, thing_serve(n.vat[1], &t));
	struct vat_cap *c = vat_conn_bootstrap(l->conn[0]);
	struct freeing f = {.l = l};
	struct vat_call *call = thing_request(n.vat[0], c, THING_ECHO, 1, NULL);
	vat_call_send(call, free_connection, &f);
	vat_call_detach(call);
	thing_call(n.vat[0], c, THING_WAIT, 2, NULL, &r);
	net_run(&n);
	CHECK(f.called);
	CHECK_FAILED(r, VAT_DISCONNECTED, "closed");
	CHECK(!l->closed[0]);
	vat_ctx_return(t.waiting[0]);
	vat_cap_unref(c);
	net_done(&n);
}

static void free_call(void *user, const struct vat_error *e, struct vat_ptr_r results)
{
	struct vat_call **call = user;
	vat_call_free(*call);
	*call = NULL;
}

TEST(call_may_be_freed_from_its_callback)
{
	struct net n;
	struct thing t = {0};
	net_init(&n, 1);
	struct vat_cap *c = thing_serve(n.vat[0], &t);
	struct vat_call *call = thing_request(n.vat[0], c, THING_ECHO, 1, NULL);
	vat_call_send(call, free_call, &call);
	net_run(&n);
	CHECK(!call);
	vat_cap_unref(c);
	net_done(&n);
}

TEST(unsent_call_may_be_freed)
{
	struct net n;
	struct thing t = {0};
	struct reply r;
	net_init(&n, 1);
	struct vat_cap *c = thing_serve(n.vat[0], &t);
	struct vat_call *call = thing_request(n.vat[0], c, THING_ECHO, 1, c);
	uint16_t path = 0;
	struct vat_cap *p = vat_call_pipeline(call, &path, 1);
	thing_call(n.vat[0], p, THING_ECHO, 2, NULL, &r);
	vat_call_free(call);
	net_run(&n);
	CHECK(r.done && r.failed);
	reply_free(&r);
	vat_cap_unref(p);
	vat_cap_unref(c);
	net_done(&n);
}

TEST(references_outlive_the_vat)
{
	struct net n;
	struct thing t = {0}, other = {0};
	struct reply r;
	bool destroyed = false;
	t.destroyed = &destroyed;
	net_init(&n, 1);
	struct vat_cap *c = thing_serve(n.vat[0], &t);
	struct vat_cap *o = thing_serve(n.vat[0], &other);
	thing_call(n.vat[0], o, THING_WAIT, 0, c, &r);
	net_run(&n);
	struct vat_ctx *kept = other.waiting[0];
	vat_cap_unref(o);
	net_done(&n);
	vat_cap_unref(c);
	CHECK(!destroyed);
	vat_ctx_return(kept);
	CHECK(destroyed);
	CHECK(!r.done);
	reply_free(&r);
}

static void count_wakeup(void *user)
{
	++*(unsigned *)user;
}

TEST(wakeup_tells_of_work_and_output)
{
	unsigned n = 0;
	struct thing t = {0};
	struct reply r;
	struct vat_config cfg = {.wakeup = count_wakeup, .user = &n};
	struct vat *v = vat_new(&cfg);
	struct vat_cap *c = thing_serve(v, &t);
	thing_call(v, c, THING_ECHO, 1, NULL, &r);
	CHECK_INT(n, 1);
	CHECK(!vat_run(v, 0));
	CHECK_REPLY(r, 1);
	struct vat_conn_config cc = {0};
	struct vat_conn *conn;
	CHECK_INT(vat_conn_new(v, &cc, &conn), 0);
	n = 0;
	vat_cap_unref(vat_conn_bootstrap(conn));
	CHECK_INT(n, 1);
	vat_conn_free(conn);
	vat_cap_unref(c);
	vat_free(v);
}

TEST(budget_bounds_a_run)
{
	struct net n;
	struct thing t = {0};
	struct reply r[8];
	net_init(&n, 1);
	struct vat_cap *c = thing_serve(n.vat[0], &t);
	for (unsigned i = 0; i < 8; i++)
		thing_call(n.vat[0], c, THING_ECHO, i, NULL, &r[i]);
	CHECK(vat_run(n.vat[0], 3));
	CHECK_INT(t.n_log, 3);
	net_run(&n);
	for (unsigned i = 0; i < 8; i++)
		CHECK_REPLY(r[i], i);
	vat_cap_unref(c);
	net_done(&n);
}

/* Objects that refer to each other's promises are freed without recursion. */
TEST(long_chain_of_references_is_freed)
{
	enum { DEPTH = 100000 };
	struct net n;
	net_init(&n, 1);
	struct vat_cap *last = NULL;
	for (unsigned i = 0; i < DEPTH; i++) {
		struct thing *t =
			calloc(1, sizeof(*t) - sizeof(t->log) - sizeof(t->waiting) + 9216);
		CHECK(t);
		t->heap = true;
		t->held = last;
		last = thing_serve(n.vat[0], t);
		if (i == 2000)
			break;
	}
	struct vat_cap *p = last;
	for (unsigned i = 0; i < DEPTH; i++) {
		struct vat_call *call = thing_request(n.vat[0], NULL, THING_ECHO, 0, p);
		uint16_t path = 0;
		vat_cap_unref(p);
		p = vat_call_pipeline(call, &path, 1);
		struct vat_cap *wait;
		struct vat_resolver *r;
		CHECK_INT(vat_promise(n.vat[0], &wait, &r), 0);
		vat_cap_unref(wait);
		vat_resolver_free(r);
		vat_call_free(call);
		if (i == 2000)
			break;
	}
	vat_cap_unref(p);
	net_run(&n);
	net_done(&n);
}

/* ---- what a callback was told, when it has freed what told it -------------------------------- */

struct farewell {
	struct vat_call *call;
	struct vat_watch *watch;
	struct vat_stream *stream;
	struct vat_conn *conn;
	unsigned heard;
};

static void say_farewell(void *user, const struct vat_error *e)
{
	struct farewell *f = user;
	vat_call_free(TAKE_PTR(f->call));
	vat_watch_free(TAKE_PTR(f->watch));
	vat_stream_free(TAKE_PTR(f->stream));
	vat_conn_free(TAKE_PTR(f->conn));
	CHECK(e && strstr(e->text, "broke"));
	f->heard++;
}

static void say_farewell_done(void *user, const struct vat_error *e, struct vat_ptr_r results)
{
	CHECK(vat_ptr_is_null(results));
	say_farewell(user, e);
}

TEST(text_of_an_error_outlives_what_it_is_about)
{
	struct vat *v = vat_new(NULL);
	struct vat_resolver *res;
	struct vat_cap *c;
	struct farewell by_call = {0}, by_watch = {0}, by_stream = {0}, by_conn = {0};
	CHECK_INT(vat_promise(v, &c, &res), 0);
	by_call.call = vat_call_new(v, c, 1, 0, 0);
	vat_call_send(by_call.call, say_farewell_done, &by_call);
	by_watch.watch = vat_cap_on_broken(c, say_farewell, &by_watch);
	by_stream.stream = vat_stream_new(v, c, NULL);
	CHECK_INT(vat_stream_send(by_stream.stream, vat_call_new(v, c, 1, 0, 0)), 0);
	CHECK_INT(vat_stream_finish(by_stream.stream, say_farewell, &by_stream), 0);
	vat_cap_unref(c);
	vat_reject(res, VAT_FAILED, "it broke");
	const struct vat_conn_config cfg = {.closed = say_farewell, .user = &by_conn};
	CHECK_INT(vat_conn_new(v, &cfg, &by_conn.conn), 0);
	CHECK_INT(conn_abort(by_conn.conn, "who broke it?"), -EPROTO);
	while (vat_run(v, 0))
		;
	CHECK_INT(by_call.heard + by_watch.heard + by_stream.heard + by_conn.heard, 4);
	vat_free(v);
}
