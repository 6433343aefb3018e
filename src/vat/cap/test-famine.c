/* SPDX-License-Identifier: MIT */
/*
 * Want of memory in everything that a vat can do.  Whatever fails: a call that was made is
 * answered, rightly or with `overloaded` (`disconnected` where the connection was given up, or
 * what the scenario itself brings about); objects go once; a connection that took no part works on.
 */
#include "vat/keyring.h"
#include "vat/cap/membrane.h"
#include "vat/persistent.h"
#include "vat/reconnect.h"
#include "vat/stream.h"
#include "vat/cap/test-famine.h"

#include <sys/mman.h>

enum { CALLS = 16, OBJECTS = 6, LARGE = 200000, STREAMED = 6 };

/* ---- objects that can do without memory ------------------------------------------------------ */

enum { ECHO, LOG, TAIL, GIVE_BACK, HOLD, GIVE, GIVE_FD, WAIT, WRITE, METHODS };

struct obj {
	struct vat *vat;
	struct vat_cap *held;
	struct vat_ctx *waiting;
	uint64_t last; /* logged */
	unsigned logged, written;
	bool disorder;
	bool served, gone;
};

static void obj_gone(void *self)
{
	struct obj *o = self;
	vat_cap_unref(TAKE_PTR(o->held));
	CHECK(!o->gone);
	o->gone = true;
}

static void answer(struct vat_ctx *ctx, uint64_t n, struct vat_data data, struct vat_cap *cap)
{
	struct vat_struct_b b = vat_init_struct(vat_ctx_results(ctx), 1, 2);
	vat_w_u64(b, 0, n, 0);
	vat_set_cap(vat_ptr_at_b(b, 0), cap);
	vat_set_data(vat_ptr_at_b(b, 1), data);
	vat_ctx_return(ctx);
}

static struct vat_call *request(
	struct vat *v, struct vat_cap *to, uint16_t method, uint64_t n, struct vat_cap *cap);

static bool obj_dispatch(const void *impl, void *self, uint16_t method, struct vat_ctx *ctx);

static const struct vat_method obj_methods[METHODS] = {
	[ECHO] = {.name = "echo"},
	[WRITE] = {.name = "write", .flags = VAT_METHOD_STREAM},
};
static const struct vat_interface obj_interface = {.id = 0xfa,
	.name = "test:Obj",
	.methods = obj_methods,
	.n_methods = METHODS,
	.dispatch = obj_dispatch};
static const int obj_impl;

static struct vat_cap *serve(struct vat *v, struct obj *o)
{
	o->vat = v;
	struct vat_cap *c = vat_serve(v, &obj_interface, &obj_impl, o, obj_gone);
	o->served = c != NULL;
	return c;
}

static void give_fd(struct obj *o, struct vat_ctx *ctx)
{
	static int nothing;
	struct vat_cap *c = vat_serve(o->vat, &obj_interface, &obj_impl, o, NULL);
	int fd = memfd_create("famine", MFD_CLOEXEC);
	if (!c || vat_cap_attach_fd(c, fd) < 0) {
		if (!c)
			close(fd);
		vat_ctx_fail(ctx, VAT_OVERLOADED, "no memory for it");
	} else {
		answer(ctx, 0, (struct vat_data){&nothing, 0}, c);
	}
	vat_cap_unref(c);
}

static void on_log(struct obj *o, uint64_t n)
{
	o->disorder |= n <= o->last;
	o->last = n;
	o->logged++;
}

static bool obj_dispatch(const void *impl, void *self, uint16_t method, struct vat_ctx *ctx)
{
	struct obj *o = self;
	struct vat_struct_r p = vat_ptr_struct(vat_ctx_params(ctx), NULL);
	uint64_t n = vat_r_u64(p, 0, 0);
	struct vat_cap *c = vat_ptr_cap(vat_ptr_at(p, 0));
	struct vat_data data = vat_ptr_data(vat_ptr_at(p, 1), NULL);
	switch (method) {
	case LOG:
		on_log(o, n);
		answer(ctx, n, data, NULL);
		break;
	case TAIL:
		vat_ctx_tail_call(ctx, request(o->vat, c, ECHO, n, c));
		break;
	case ECHO:
	case GIVE_BACK:
		answer(ctx, n, data, c);
		break;
	case HOLD:
		vat_cap_unref(o->held);
		o->held = vat_cap_ref(c);
		answer(ctx, n, data, NULL);
		break;
	case GIVE:
		answer(ctx, n, data, o->held);
		break;
	case GIVE_FD:
		give_fd(o, ctx);
		break;
	case WAIT:
		o->waiting = ctx;
		break;
	case WRITE:
		o->written++;
		answer(ctx, n, data, NULL);
		break;
	default:
		return false;
	}
	return true;
}

/* ---- calls ----------------------------------------------------------------------------------- */

static struct vat_call *request(
	struct vat *v, struct vat_cap *to, uint16_t method, uint64_t n, struct vat_cap *cap)
{
	struct vat_call *call = vat_call_new(v, to, obj_interface.id, method, 0);
	struct vat_struct_b b = vat_init_struct(vat_call_params(call), 1, 3);
	vat_w_u64(b, 0, n, 0);
	vat_set_cap(vat_ptr_at_b(b, 0), cap);
	return call;
}

/* Vats 0 and 1 are joined, and 0 and 2 by a connection that takes no part. */
struct scene {
	struct net net;
	struct net_link *l, *friend;
	struct obj obj[OBJECTS];
	struct vat_cap *own, *far; /* 0's obj[0], its own view of 1's obj[1] */
	struct vat_cap *caps[CALLS]; /* of use until the end */
	unsigned n_caps;
	struct reply replies[CALLS];
	uint64_t numbers[CALLS];
	unsigned n;
	bool disconnects; /* calls may fail for that, too */
	bool lacks; /* something failed that gives capabilities to go on with */
};

static struct vat_cap *keep(struct scene *s, struct vat_cap *takes)
{
	CHECK(s->n_caps < CALLS);
	s->caps[s->n_caps++] = takes;
	return takes;
}

/* Takes the request (memory for it may have run out). Returns the capability in the results. */
static struct vat_cap *send(struct scene *s, struct vat_call *call, uint64_t n)
{
	struct reply *r = &s->replies[s->n];
	uint16_t path = 0;
	CHECK(s->n < CALLS);
	r->call = call;
	if (call)
		s->numbers[s->n++] = n;
	else
		s->lacks = true;
	vat_call_send(call, reply_done, r);
	return vat_call_pipeline(call, &path, 1);
}

/* The pipelined capability is kept too. */
static struct vat_cap *call(
	struct scene *s, struct vat_cap *to, uint16_t method, uint64_t n, struct vat_cap *cap)
{
	begin();
	struct vat_cap *c = send(s, request(s->net.vat[0], to, method, n, cap), n);
	end();
	return keep(s, c);
}

static void scene_begin(struct scene *s)
{
	memset(s, 0, sizeof(*s));
	net_init(&s->net, 3);
	s->own = serve(s->net.vat[0], &s->obj[0]);
	s->l = net_serve(&s->net, 0, 1, serve(s->net.vat[1], &s->obj[1]));
	s->friend = net_serve(&s->net, 0, 2, serve(s->net.vat[2], &s->obj[2]));
	begin();
	s->far = vat_conn_bootstrap(s->l->conn[0]);
	end();
}

static bool may_fail_so(const struct scene *s, const struct reply *r)
{
	if (s->lacks && strstr(r->text, "null capability"))
		return true;
	if (r->kind == VAT_DISCONNECTED)
		return s->disconnects || vat_conn_is_over(s->l->conn[0]);
	return r->kind == VAT_OVERLOADED;
}

static void check_replies(struct scene *s)
{
	for (unsigned i = 0; i < s->n; i++) {
		struct reply *r = &s->replies[i];
		CHECK(r->done);
		if (!r->failed) {
			CHECK_INT(r->n, s->numbers[i]);
		} else if (may_fail_so(s, r)) {
			s->lacks = true;
		} else {
			test_fail(__FILE__, __LINE__, "allocation %ld, call %u: kind %d, %s",
				fail_at, i, r->kind, r->text);
		}
		reply_free(r);
	}
}

static void check_friend(struct scene *s)
{
	struct vat_cap *f = vat_conn_bootstrap(s->friend->conn[0]);
	s->n = 0;
	struct reply *r = &s->replies[0];
	vat_cap_unref(send(s, request(s->net.vat[0], f, ECHO, 7, NULL), 7));
	vat_cap_unref(f);
	play(&s->net);
	CHECK_REPLY(*r, 7);
}

static void scene_end(struct scene *s)
{
	play(&s->net);
	check_replies(s);
	for (unsigned i = 0; i < s->n_caps; i++)
		vat_cap_unref(s->caps[i]);
	for (unsigned i = 0; i < OBJECTS; i++) /* one may hold itself */
		vat_cap_unref(TAKE_PTR(s->obj[i].held));
	vat_cap_unref(s->own);
	vat_cap_unref(s->far);
	play(&s->net);
	long at = fail_at;
	fail_at = 0;
	check_friend(s);
	fail_at = at;
	net_done(&s->net);
	for (unsigned i = 0; i < OBJECTS; i++)
		CHECK_INT(s->obj[i].gone, s->obj[i].served);
}

/* ---- scenarios ------------------------------------------------------------------------------- */

static void tail_calls(void)
{
	struct scene s;
	scene_begin(&s);
	struct vat_cap *back = call(&s, s.far, TAIL, 1, s.own);
	call(&s, back, ECHO, 2, NULL);
	struct vat_cap *there = call(&s, s.far, TAIL, 3, s.far);
	call(&s, s.far, TAIL, 4, back);
	play(&s.net);
	call(&s, s.far, TAIL, 5, there);
	call(&s, back, TAIL, 6, s.far);
	scene_end(&s);
}

static void embargoes(void)
{
	struct scene s;
	scene_begin(&s);
	struct vat_cap *back = call(&s, s.far, GIVE_BACK, 1, s.own);
	call(&s, back, LOG, 2, NULL);
	call(&s, back, LOG, 3, NULL);
	begin();
	vat_run(s.net.vat[0], 0);
	end();
	for (unsigned i = 0; i < 3; i++) {
		for (int side = 0; side < 2; side++)
			play_link(s.l, side);
		call(&s, back, LOG, 4 + i, NULL);
		begin();
		vat_run(s.net.vat[i % 2], 0);
		end();
	}
	struct vat_cap *again = call(&s, s.far, GIVE_BACK, 7, back);
	call(&s, again, LOG, 8, NULL);
	play(&s.net);
	call(&s, back, LOG, 9, NULL);
	play(&s.net);
	CHECK(!s.obj[0].disorder);
	scene_end(&s);
}

static void note(void *user, const struct vat_error *err)
{
	*(bool *)user = true;
}

static void membranes(void)
{
	struct scene s;
	bool broken = false;
	scene_begin(&s);
	s.disconnects = true;
	begin();
	struct vat_membrane *m = vat_membrane_new(s.net.vat[0], NULL);
	struct vat_cap *out = keep(&s, m ? vat_membrane_wrap(m, s.far) : NULL);
	struct vat_watch *w = out ? vat_cap_on_broken(out, note, &broken) : NULL;
	end();
	if (!out) { /* not even that */
		vat_membrane_free(m);
		scene_end(&s);
		return;
	}
	struct vat_cap *back = call(&s, out, GIVE_BACK, 1, s.own);
	call(&s, back, ECHO, 2, out);
	call(&s, out, HOLD, 3, s.own);
	struct vat_cap *given = call(&s, out, GIVE, 4, NULL);
	call(&s, given, LOG, 5, NULL);
	call(&s, out, TAIL, 6, s.own);
	play(&s.net);
	call(&s, out, WAIT, 7, s.own);
	call(&s, s.own, ECHO, 8, out);
	play(&s.net);
	begin();
	vat_membrane_revoke(m, VAT_DISCONNECTED, "revoked");
	end();
	play(&s.net);
	CHECK(!w || broken);
	call(&s, out, ECHO, 9, NULL);
	if (s.obj[1].waiting)
		answer(s.obj[1].waiting, 7, (struct vat_data){0}, NULL);
	vat_watch_free(w);
	vat_membrane_free(m);
	scene_end(&s);
}

static void released_and_sent_again(void)
{
	struct scene s;
	scene_begin(&s);
	call(&s, s.far, HOLD, 1, s.own);
	play(&s.net);
	call(&s, s.far, HOLD, 2, NULL);
	call(&s, s.far, HOLD, 3, s.own);
	play(&s.net);
	struct vat_cap *a = call(&s, s.far, GIVE, 4, NULL);
	struct vat_cap *b = call(&s, s.far, GIVE, 5, NULL);
	begin();
	struct vat_call *q = request(s.net.vat[0], s.far, GIVE_BACK, 6, a);
	vat_set_cap(vat_ptr_at_b(vat_get_struct_b(vat_call_params(q), 1, 3, NULL), 2), s.own);
	vat_cap_unref(send(&s, q, 6));
	end();
	play(&s.net);
	call(&s, s.far, HOLD, 7, b);
	call(&s, s.far, HOLD, 8, s.far);
	call(&s, s.far, HOLD, 9, NULL);
	scene_end(&s);
}

static void promises(void)
{
	struct scene s;
	struct vat_cap *p = NULL, *broken = NULL;
	struct vat_resolver *r = NULL, *rb = NULL;
	scene_begin(&s);
	begin();
	vat_promise(s.net.vat[0], &p, &r);
	vat_promise(s.net.vat[0], &broken, &rb);
	end();
	keep(&s, p);
	keep(&s, broken);
	s.lacks = !p;
	struct vat_cap *back = call(&s, s.far, GIVE_BACK, 1, p);
	call(&s, s.far, HOLD, 2, p);
	call(&s, back, LOG, 3, NULL);
	call(&s, s.far, TAIL, 4, p);
	play(&s.net);
	begin();
	if (r)
		vat_resolve(r, vat_cap_ref(s.own));
	if (rb)
		vat_reject(rb, VAT_OVERLOADED, "no");
	end();
	call(&s, back, LOG, 5, NULL);
	call(&s, broken ? broken : s.own, ECHO, 6, NULL);
	play(&s.net);
	call(&s, s.far, GIVE, 7, NULL);
	play(&s.net);
	CHECK(!s.obj[0].disorder);
	scene_end(&s);
}

static void descriptors(void)
{
	struct scene s;
	int fd;
	scene_begin(&s);
	struct vat_cap *h = call(&s, s.far, GIVE_FD, 0, NULL);
	call(&s, s.far, HOLD, 1, h);
	play(&s.net);
	if (!s.replies[0].failed && h && !vat_cap_is_broken(h, NULL)) {
		fd = vat_cap_fd(h);
		CHECK(fd >= 0 && (fcntl(fd, F_GETFD) & FD_CLOEXEC));
	}
	call(&s, s.far, GIVE_FD, 0, NULL);
	scene_end(&s);
}

static void streams(void)
{
	struct scene s;
	bool finished = false;
	unsigned sent = 0;
	scene_begin(&s);
	begin();
	struct vat_stream *st =
		vat_stream_new(s.net.vat[0], s.far, &(struct vat_stream_config){.window = 64});
	for (unsigned i = 0; st && i < STREAMED; i++) {
		struct vat_call *q = request(s.net.vat[0], s.far, WRITE, i, NULL);
		int r = vat_stream_send(st, q);
		sent += r == 0;
		if (r == -EAGAIN)
			vat_call_free(q);
		end();
		play(&s.net);
		begin();
	}
	int waits = st ? vat_stream_finish(st, note, &finished) : -ENOMEM;
	end();
	play(&s.net);
	CHECK(waits < 0 || finished);
	CHECK(s.obj[1].written <= sent);
	if (st && !vat_stream_failed(st, NULL))
		CHECK_INT(s.obj[1].written, sent);
	vat_stream_free(st);
	scene_end(&s);
}

/* A new connection each time. */
static struct vat_cap *dial(void *user)
{
	struct scene *s = user;
	end();
	if (s->net.n_links == 4)
		return NULL;
	struct obj *o = &s->obj[s->net.n_links + 1];
	struct net_link *l = net_serve(&s->net, 0, 1, serve(s->net.vat[1], o));
	begin();
	return vat_conn_bootstrap(l->conn[0]);
}

static void reconnects(void)
{
	struct scene s;
	scene_begin(&s);
	s.disconnects = true;
	const struct vat_reconnect_config cfg = {.connect = dial, .user = &s};
	begin();
	struct vat_cap *c = keep(&s, vat_reconnect(s.net.vat[0], &cfg, vat_cap_ref(s.far)));
	end();
	if (c) {
		call(&s, c, ECHO, 1, s.own);
		play(&s.net);
		begin();
		vat_conn_eof(s.l->conn[0], 0);
		end();
		call(&s, c, ECHO, 2, s.own);
		play(&s.net);
		call(&s, c, ECHO, 3, NULL);
	}
	scene_end(&s);
}

/* ---- saving ---------------------------------------------------------------------------------- */

static bool on_save(void *user, struct vat_cap *object, uint64_t interface_id, uint16_t method,
	struct vat_ctx *ctx)
{
	struct vat_keyring *k = user;
	uint8_t secret[VAT_SECRET_SIZE] = {1}, hash[VAT_SECRET_HASH_SIZE];
	if (!vat_is_save(interface_id, method))
		return false;
	secret[1] = (uint8_t)vat_keyring_count(k);
	vat_secret_hash(secret, hash);
	int r = vat_keyring_add(k, hash, object);
	if (r < 0) {
		CHECK_INT(r, -ENOMEM);
		vat_ctx_fail(ctx, VAT_OVERLOADED, "not saved");
		return true;
	}
	vat_set_data(vat_save_sturdy_ref(ctx), (struct vat_data){secret, sizeof(secret)});
	vat_ctx_return(ctx);
	return true;
}

struct saved {
	bool done, failed;
	enum vat_error_kind kind;
	struct vat_data secret;
};

static void on_saved(void *user, const struct vat_error *err, struct vat_ptr_r results)
{
	struct saved *s = user;
	s->done = true;
	s->failed = err;
	if (err)
		s->kind = err->kind;
	else
		s->secret = vat_ptr_data(vat_saved(results), NULL);
}

static void save_one(struct scene *s, struct vat_keyring *k)
{
	struct saved saved = {0};
	begin();
	struct vat_call *q = vat_save(s->net.vat[0], s->far, NULL);
	vat_call_send(q, on_saved, &saved);
	end();
	play(&s->net);
	CHECK_INT(saved.done, q != NULL);
	if (saved.failed) {
		CHECK(saved.kind == VAT_OVERLOADED || vat_conn_is_over(s->l->conn[0]));
	} else if (saved.done) {
		CHECK_INT(saved.secret.len, VAT_SECRET_SIZE);
		struct vat_cap *c = vat_keyring_get(k, saved.secret.p, saved.secret.len);
		CHECK(c && vat_cap_self(c, &obj_impl) == &s->obj[1]);
		vat_cap_unref(c);
	}
	vat_call_free(q);
}

static void saving(void)
{
	struct scene s;
	scene_begin(&s);
	begin();
	struct vat_keyring *k = vat_keyring_new(20);
	end();
	if (k) {
		vat_on_unknown(s.net.vat[1], on_save, k);
		for (unsigned i = 0; i < 12; i++)
			save_one(&s, k);
	}
	vat_keyring_free(k);
	scene_end(&s);
}

/* ---- size ------------------------------------------------------------------------------------ */

static void large_messages(void)
{
	static const uint8_t bytes[LARGE];
	struct scene s;
	scene_begin(&s);
	for (unsigned i = 1; i <= 2; i++) {
		begin();
		struct vat_call *q = request(s.net.vat[0], s.far, ECHO, i, s.own);
		struct vat_struct_b b = vat_get_struct_b(vat_call_params(q), 1, 3, NULL);
		vat_set_data(vat_ptr_at_b(b, 1), (struct vat_data){bytes, sizeof(bytes)});
		vat_cap_unref(send(&s, q, i));
		end();
		play(&s.net);
	}
	scene_end(&s);
}

/* A handler that has nothing to build results with; memory is back when it returns. */
static void starved_handler(void *self, uint64_t interface_id, uint16_t method, struct vat_ctx *ctx)
{
	alloc_fail_from(1);
	struct vat_struct_b b = vat_init_struct(vat_ctx_results(ctx), 1, 0);
	alloc_fail_from(0);
	vat_w_u64(b, 0, 5, 0);
	if (*(bool *)self)
		vat_w_u64(vat_init_struct(vat_ctx_results(ctx), 1, 0), 0, 5, 0);
	vat_ctx_return(ctx);
}

TEST(results_without_memory_are_no_success)
{
	for (unsigned again = 0; again < 2; again++) {
		bool flag = again;
		struct net n;
		struct reply r;
		net_init(&n, 2);
		struct vat_cap *o = vat_serve_any(n.vat[1], starved_handler, &flag, NULL);
		struct net_link *l = net_serve(&n, 0, 1, o);
		struct vat_cap *c = vat_conn_bootstrap(l->conn[0]);
		thing_call(n.vat[0], c, 0, 1, NULL, &r);
		net_run(&n);
		CHECK_FAILED(r, VAT_OVERLOADED, "memory");
		vat_cap_unref(c);
		net_check_idle(&n);
		net_done(&n);
	}
}

#define FAMINE(scenario)                           \
	TEST(famine_in_##scenario)                 \
	{                                          \
		every_allocation(scenario, false); \
	}                                          \
	TEST(one_allocation_fails_in_##scenario)   \
	{                                          \
		every_allocation(scenario, true);  \
	}

FAMINE(tail_calls)
FAMINE(embargoes)
FAMINE(membranes)
FAMINE(released_and_sent_again)
FAMINE(promises)
FAMINE(descriptors)
FAMINE(streams)
FAMINE(reconnects)
FAMINE(saving)
FAMINE(large_messages)
