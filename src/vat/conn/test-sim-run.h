/* SPDX-License-Identifier: MIT */
#pragma once
/* The steps of the simulator, and one schedule from beginning to end: see test-sim.h. */
#include "vat/conn/test-sim.h"
#include "vat/handoff.h"
#include "vat/stream.h"

/* ---- steps ----------------------------------------------------------------------------------- */

static void on_done(void *user, const struct vat_error *e, struct vat_ptr_r results)
{
	struct sim_call *c = user;
	struct sim *s = c->side->sim;
	struct vat_struct_r r = vat_ptr_struct(results, NULL);
	CHECK(!c->done);
	c->done = true;
	for (unsigned i = 0; !e && i < PARTS; i++) {
		struct ref ref = get_ref(r, 0, i);
		if (!rnd(s, 2))
			continue;
		vat_cap_ref(ref.cap);
		keep(c->side, ref);
	}
	if (rnd(s, 2))
		vat_call_free(TAKE_PTR(c->call));
}

static void drop_call(struct sim_call *c)
{
	vat_call_free(TAKE_PTR(c->call));
	c->done = false;
}

static void step_call(struct side *d)
{
	struct sim *s = d->sim;
	struct ref *r = any_ref(d), params[PARTS] = {{0}};
	struct sim_call *c = &d->calls[rnd(s, CALLS)];
	if (!r)
		return;
	drop_call(c);
	c->side = d;
	uint32_t rank = ++s->rank;
	for (unsigned i = 0; i < PARTS && (!i || rnd(s, 2)); i++) {
		struct ref *p = any_ref(d);
		params[i] = p ? *p : (struct ref){0};
	}
	c->call = request(d, r, any_op(s), rank, params, PARTS);
	vat_call_send(c->call, on_done, c);
	for (unsigned k = rnd(s, 3); k; k--) {
		uint16_t path[2] = {(uint16_t)(rnd(s, 4) ? 0 : rnd(s, PARTS)), 0};
		struct vat_cap *cap = vat_call_pipeline(c->call, path, path[0] == 2 ? 2 : 1);
		keep(d, (struct ref){.cap = cap, .rank = rank});
	}
	if (!rnd(s, 6))
		drop_call(c);
}

static void resolve(struct side *d, struct held *h)
{
	struct ref *r = fit(d, h->rank);
	if (!h->resolver)
		return;
	if (rnd(d->sim, 8))
		vat_resolve(TAKE_PTR(h->resolver), r ? vat_cap_ref(r->cap) : NULL);
	else
		vat_reject(TAKE_PTR(h->resolver), VAT_FAILED, "rejected");
}

static void step_promise(struct side *d)
{
	struct sim *s = d->sim;
	struct ref r;
	resolve(d, &d->promises[rnd(s, HELD)]);
	if (rnd(s, 2))
		return;
	promise(d, ++s->rank, &r);
	keep(d, r);
}

static void answer_later(struct side *d, struct held *h)
{
	if (!h->ctx)
		return;
	struct vat_ctx *ctx = TAKE_PTR(h->ctx);
	vat_ctx_on_cancel(ctx, NULL, NULL);
	struct ref *to = fit(d, h->rank);
	if (!d->sim->ending && !rnd(d->sim, 4) && to)
		vat_ctx_tail_call(ctx, request(d, to, OP_NEW, h->rank, NULL, 0));
	else
		answer_with(d, ctx, h->rank);
}

static void step_drop(struct side *d)
{
	struct sim *s = d->sim;
	struct sim_call *c = &d->calls[rnd(s, CALLS)];
	struct ref *r = &d->refs[rnd(s, REFS)];
	switch (rnd(s, 4)) {
	case 0:
		vat_cap_unref(TAKE_PTR(r->cap));
		break;
	case 1:
		drop_call(c);
		break;
	default:
		answer_later(d, &d->later[rnd(s, HELD)]);
		break;
	}
}

static struct vat_cap *ask_policy(
	void *user, bool inward, uint64_t interface_id, uint16_t method, struct vat_cap *target)
{
	CHECK(target);
	return NULL;
}

static void step_membrane(struct side *d)
{
	static const struct vat_membrane_policy asks = {.call = ask_policy};
	struct sim *s = d->sim;
	if (!d->membrane)
		d->membrane = vat_membrane_new(d->vat, rnd(s, 3) ? NULL : &asks);
	if (rnd(s, 12)) {
		struct ref *r = any_ref(d), w;
		if (!r)
			return;
		w = *r;
		w.cap = vat_membrane_wrap(d->membrane, r->cap);
		keep(d, w);
		return;
	}
	vat_membrane_revoke(d->membrane, VAT_DISCONNECTED, "revoked");
	vat_membrane_free(TAKE_PTR(d->membrane));
}

static void on_watch(void *user, const struct vat_error *err)
{
	struct vat_watch **w = user;
	CHECK(*w);
	vat_watch_free(TAKE_PTR(*w));
}

static void step_watch(struct side *d)
{
	struct sim *s = d->sim;
	struct vat_watch **w = &d->watches[rnd(s, WATCHES)];
	struct ref *r = any_ref(d);
	vat_watch_free(TAKE_PTR(*w));
	if (r && rnd(s, 2))
		*w = vat_cap_on_settled(r->cap, on_watch, w);
	else if (r)
		*w = vat_cap_on_broken(r->cap, on_watch, w);
}

static void step_deliver(struct sim *s)
{
	unsigned n = 2 * s->net.n_links, at = rnd(s, n);
	uint32_t how = rnd(s, 32);
	size_t size = how ? SIZE_MAX : 1 + rnd(s, 100);
	if (how == 1) {
		net_write(&s->net.links[at / 2], (int)(at % 2), 1 + rnd(s, 100));
		return;
	}
	for (unsigned i = 0; i < n; i++, at = (at + 1) % n)
		if (net_step_part(&s->net.links[at / 2], (int)(at % 2), size))
			return;
}

static void step_run(struct sim *s)
{
	unsigned n = s->net.n_vats, at = rnd(s, n), budget = 1 + rnd(s, 4);
	for (unsigned i = 0; i < n && list_empty(&s->side[at].vat->tasks); i++)
		at = (at + 1) % n;
	vat_run(s->side[at].vat, budget);
}

static void check_rest(struct sim *s)
{
	net_run(&s->net);
	for (unsigned i = 0; i < 2 * s->net.n_links; i++)
		oracle_agrees(
			&s->net.links[i / 2].oracle, (int)(i % 2), s->net.links[i / 2].conn[i % 2]);
}

static void join(struct sim *s, unsigned a, unsigned b)
{
	struct ref ra = new_object(&s->side[a], NULL), rb = new_object(&s->side[b], NULL);
	struct vat_conn_config ca = {.bootstrap = ra.cap, .fds = true};
	struct vat_conn_config cb = {.bootstrap = rb.cap, .fds = true};
	struct net_link *l = net_join(&s->net, a, &ca, b, &cb);
	vat_cap_unref(ra.cap);
	vat_cap_unref(rb.cap);
	ra.cap = vat_conn_bootstrap(l->conn[1]);
	rb.cap = vat_conn_bootstrap(l->conn[0]);
	keep(&s->side[a], rb);
	keep(&s->side[b], ra);
}

/* ---- hand-offs: the address in an introduction is the number of the host's vat ----------------
 */

static int sim_introduce(
	void *user, struct vat_conn *host, struct vat_conn *recipient, struct vat_introduction *ret)
{
	struct side *d = user;
	struct sim *s = d->sim;
	if (!rnd(s, 4))
		return -EOPNOTSUPP;
	for (unsigned i = 0; i < 2 * s->net.n_links; i++) {
		const struct net_link *l = &s->net.links[i / 2];
		if (l->conn[i % 2] != host)
			continue;
		memcpy(ret->token, &s->tokens, sizeof(s->tokens));
		ret->token[8] = 1; /* a token is not nothing */
		s->tokens++;
		ret->token[15] = (uint8_t)(d - s->side);
		ret->address[0] = (uint8_t)l->vats[!(i % 2)];
		ret->address_size = 1;
		return 0;
	}
	return -EOPNOTSUPP;
}

/* A link between two vats, if there is one that lives. */
static struct vat_conn *sim_link(struct sim *s, unsigned from, unsigned to)
{
	for (unsigned i = 0; i < 2 * s->net.n_links; i++) {
		const struct net_link *l = &s->net.links[i / 2];
		struct vat_conn *c = l->conn[i % 2], *there = l->conn[!(i % 2)];
		if (c && there && !c->over && !there->over && l->vats[i % 2] == from &&
			l->vats[!(i % 2)] == to)
			return c;
	}
	return NULL;
}

static struct vat_conn *sim_connect(
	void *user, struct vat_conn *introducer, const struct vat_contact *contact, int fd)
{
	struct side *d = user;
	struct sim *s = d->sim;
	unsigned from = (unsigned)(d - s->side), to = contact->address[0];
	CHECK(fd < 0 && contact->address_size == 1);
	struct vat_conn *c = rnd(s, 8) ? sim_link(s, from, to) : NULL;
	if (c || !rnd(s, 8) || s->net.n_links == NET_LINKS || s->ending)
		return c;
	join(s, from, to);
	return s->net.links[s->net.n_links - 1].conn[0];
}

static void sim_network(struct side *d)
{
	const struct vat_network n = {
		.introduce = sim_introduce, .connect = sim_connect, .user = d};
	CHECK_INT(vat_set_network(d->vat, &n), 0);
}

/* ---- streams --------------------------------------------------------------------------------- */

static void on_stream_done(void *user, const struct vat_error *err)
{
	struct side *d = user;
	vat_stream_free(TAKE_PTR(d->stream));
}

static void step_stream(struct side *d)
{
	struct sim *s = d->sim;
	struct ref *r = any_ref(d);
	if (!d->stream && r) {
		const struct vat_stream_config cfg = {.window = 1 + rnd(s, 1000)};
		d->stream = vat_stream_new(d->vat, r->cap, &cfg);
		/* Its calls have their own order. */
		d->streamed = *r;
		d->streamed.cap = vat_stream_cap(d->stream);
		d->streamed.number = s->numbers < NUMBERS ? s->numbers++ : 0;
		d->streamed.calls = 0;
		if (!d->streamed.number)
			vat_stream_free(TAKE_PTR(d->stream));
	}
	for (unsigned n = rnd(s, 5); d->stream && n && vat_stream_ready(d->stream); n--) {
		enum op op = rnd(s, 20) ? OP_NOTHING : OP_LATER;
		CHECK(vat_stream_send(d->stream,
			      request(d, &d->streamed, op, ++s->rank, NULL, 0)) != -EAGAIN);
	}
	if (d->stream && !rnd(s, 4))
		vat_stream_finish(d->stream, on_stream_done, d);
	else if (!rnd(s, 8))
		vat_stream_free(TAKE_PTR(d->stream));
}

/* A connection goes, sometimes with all that was under way, and sometimes comes again. */
static void step_cut(struct sim *s)
{
	struct net_link *l = &s->net.links[rnd(s, s->net.n_links)];
	int side = (int)rnd(s, 2);
	if (!s->cuts)
		return;
	s->lost++;
	switch (rnd(s, 3)) {
	case 0:
		net_cut(&s->net, l, side);
		break;
	case 1:
		for (int i = 0; i < 2; i++)
			if (l->conn[i])
				vat_conn_eof(l->conn[i], -ECONNRESET);
		break;
	default:
		vat_conn_free(TAKE_PTR(l->conn[side]));
		if (l->conn[!side])
			vat_conn_eof(l->conn[!side], -EPIPE);
		break;
	}
	if (s->net.n_links < NET_LINKS && rnd(s, 2))
		join(s, l->vats[0], l->vats[1]);
}

static void step(struct sim *s)
{
	struct side *d = &s->side[rnd(s, s->net.n_vats)];
	uint32_t what = rnd(s, 1000);
	if (net_traces())
		fprintf(stderr, "# step %u: vat %u, %u\n", s->step, (unsigned)(d - s->side), what);
	if (what < 450)
		step_deliver(s);
	else if (what < 650)
		step_run(s);
	else if (what < 870)
		step_call(d);
	else if (what < 920)
		step_promise(d);
	else if (what < 970)
		step_drop(d);
	else if (what < 980)
		step_membrane(d);
	else if (what < 986)
		step_stream(d);
	else if (what < 992)
		step_watch(d);
	else if (what < 997)
		step_cut(s);
	else
		check_rest(s);
}

/* ---- a schedule ------------------------------------------------------------------------------ */

static void connect_all(struct sim *s)
{
	unsigned n = s->net.n_vats;
	for (unsigned a = 0; a < n; a++)
		for (unsigned b = a + 1; b < n; b++)
			/* A row, sometimes closed to a ring or more. */
			if (b == a + 1 || !rnd(s, 2))
				join(s, a, b);
}

static void release_side(struct side *d)
{
	for (unsigned i = 0; i < HELD; i++) {
		vat_resolver_free(TAKE_PTR(d->promises[i].resolver));
		if (d->later[i].ctx) {
			vat_ctx_on_cancel(d->later[i].ctx, NULL, NULL);
			answer(TAKE_PTR(d->later[i].ctx), NULL, 0);
		}
	}
	for (unsigned i = 0; i < REFS; i++)
		vat_cap_unref(TAKE_PTR(d->refs[i].cap));
	for (unsigned i = 0; i < WATCHES; i++)
		vat_watch_free(TAKE_PTR(d->watches[i]));
	for (unsigned i = 0; i < CALLS; i++)
		if (!rnd(d->sim, 4))
			drop_call(&d->calls[i]);
	vat_membrane_free(TAKE_PTR(d->membrane));
	vat_stream_free(TAKE_PTR(d->stream));
}

/* Calls that nobody has given up have been answered. */
static void end_calls(struct side *d)
{
	for (unsigned i = 0; i < CALLS; i++) {
		if (d->calls[i].call && !d->calls[i].done)
			test_fail(__FILE__, __LINE__, "seed %llu: a call was never answered",
				(unsigned long long)d->sim->seed);
		drop_call(&d->calls[i]);
	}
}

/* Nothing is left on either side of any link; unless some were cut, none has broken. */
static void check_empty_links(struct sim *s)
{
	for (unsigned i = 0; i < 2 * s->net.n_links; i++) {
		struct vat_conn *c = s->net.links[i / 2].conn[i % 2];
		struct vat_conn_counts k = {0};
		if (!c)
			continue;
		vat_conn_counts(c, &k);
		bool left = k.questions || k.answers || k.imports || k.exports || k.embargoes;
		if (left || (c->over && !s->lost))
			test_fail(__FILE__, __LINE__,
				"seed %llu: link %u.%u has %u questions, %u answers, %u imports, "
				"%u exports, %u embargoes; %s",
				(unsigned long long)s->seed, i / 2, i % 2, k.questions, k.answers,
				k.imports, k.exports, k.embargoes,
				c->failure ? c->failure->text : "alive");
	}
}

static void sim_begin(struct sim *s)
{
	sim_step_begin(s, UINT32_MAX);
	s->cuts = !rnd(s, 3);
	net_init(&s->net, 2 + rnd(s, 4));
	bool networks = rnd(s, 2);
	for (unsigned i = 0; i < s->net.n_vats; i++) {
		s->side[i] = (struct side){.sim = s, .vat = s->net.vat[i]};
		if (networks && rnd(s, 8))
			sim_network(&s->side[i]);
	}
	connect_all(s);
}

static void sim_end(struct sim *s)
{
	s->input = NULL;
	sim_step_begin(s, UINT64_C(1) << 33);
	s->ending = true;
	for (unsigned round = 0; round < 3; round++) {
		for (unsigned i = 0; i < s->net.n_vats; i++)
			release_side(&s->side[i]);
		check_rest(s);
	}
	for (unsigned i = 0; i < s->net.n_vats; i++)
		end_calls(&s->side[i]);
	check_rest(s);
	check_empty_links(s);
	net_done(&s->net);
	if (s->objects)
		test_fail(__FILE__, __LINE__, "seed %llu: %u objects left",
			(unsigned long long)s->seed, s->objects);
}

static int lowest_fd(void)
{
	int fd = fcntl(0, F_DUPFD_CLOEXEC, 3);
	close(fd);
	return fd;
}

/* A whole schedule in *s, which its caller has zeroed but for seed and input. skip[i] leaves step i
 * out; may be NULL. */
static void sim_run(struct sim *s, const bool *skip)
{
	alloc_counts = true;
	long live = alloc_live;
	int fd = lowest_fd();
	sim_begin(s);
	uint32_t steps = s->input ? STEPS : 50 + rnd(s, STEPS - 200);
	for (uint32_t i = 0; i < steps && !s->input_over; i++) {
		if (skip && skip[i])
			continue;
		sim_step_begin(s, s->step = i);
		step(s);
	}
	sim_end(s);
	if (alloc_live != live || lowest_fd() != fd)
		test_fail(__FILE__, __LINE__,
			"seed %llu: %ld allocations left, descriptor %d, not %d",
			(unsigned long long)s->seed, alloc_live - live, lowest_fd(), fd);
}
