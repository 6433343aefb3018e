/* SPDX-License-Identifier: MIT */
/*
 * Generated clients and servers in use, in one vat and over a connection between two: typed calls,
 * dispatch to superclasses, empty slots, pipelining, streaming, capabilities in every place.
 */
#include "base/test.h"

#include "gen/constructs.capnp.h"
#include "gen/constructs-other.capnp.h"

struct object { /* one server; its handlers count and answer at once */
	unsigned calls, pushed, destroyed;
	uint32_t last;
	struct con_base_c base; /* given away in results */
};

static void destroy(void *self)
{
	((struct object *)self)->destroyed++;
}

static void on_ping(void *self, struct con_base_ping_ctx cx)
{
	struct object *o = self;
	o->calls++;
	o->last = con_base_ping_params_get_a(con_base_ping_params(cx));
	struct con_base_ping_results_b r = con_base_ping_results(cx);
	con_base_ping_results_set_b(r, vat_str("pong"));
	con_base_ping_results_set_c(con_base_ping_results(cx), o->base);
	vat_ctx_return(cx.ctx);
}

static void on_left(void *self, struct con_left_left_ctx cx)
{
	((struct object *)self)->calls += 100;
	vat_ctx_return(cx.ctx);
}

static void on_named(void *self, struct con_diamond_named_ctx cx)
{
	struct object *o = self;
	o->last = con_scalars_get_u32(con_diamond_named_params(cx));
	struct con_pointers_b r = con_diamond_named_results(cx);
	con_pointers_set_interface(r, o->base);
	con_pointers_set_capability(con_pointers_init_self(r), o->base.cap);
	vat_set_cap(con_pointers_get_any_b(r), o->base.cap);
	vat_ctx_return(cx.ctx);
}

static void on_push(void *self, struct con_diamond_push_ctx cx)
{
	((struct object *)self)->pushed +=
		con_diamond_push_params_get_bytes(con_diamond_push_params(cx)).len;
	vat_ctx_return(cx.ctx);
}

static void on_default(void *self, struct con_diamond_default_ctx cx)
{
	vat_ctx_fail(cx.ctx, VAT_OVERLOADED, "class %s",
		con_diamond_default_params_get_class(con_diamond_default_params(cx)).s);
}

static void on_holder(void *self, struct con_diamond_holder_ctx cx)
{
	struct object *o = self;
	struct con_diamond_holder_results_b r = con_diamond_holder_results(cx);
	struct con_holding_b h = con_diamond_holder_results_init_info(r);
	con_holding_set_base(h, o->base);
	con_holding_in_set_right(con_holding_edit_in(h), con_right_cast(o->base.cap));
	con_diamond_holder_results_set_cap(r, o->base.cap);
	vat_set_cap(con_diamond_holder_results_get_any_b(r), o->base.cap);
	con_diamond_holder_results_set_plain(r, 7);
	vat_ctx_return(cx.ctx);
}

static void on_visit(void *self, struct constructs_other_foreigner_visit_ctx cx)
{
	((struct object *)self)->calls += 1000;
	vat_ctx_return(cx.ctx);
}

static const struct con_base_impl base_impl = {.ping = on_ping};
static const struct con_diamond_impl diamond_impl = {
	.left = {.base = {.ping = on_ping}, .left = on_left},
	.foreigner = {.visit = on_visit},
	.named = on_named,
	.push = on_push,
	.default_ = on_default,
	.holder = on_holder,
};

struct answer {
	unsigned n;
	enum vat_error_kind kind;
	char error[100], text[100];
	uint32_t number;
};

static void note(struct answer *a, const struct vat_error *err)
{
	a->n++;
	if (err) {
		a->kind = err->kind;
		snprintf(a->error, sizeof(a->error), "%s", err->text);
	}
}

static void on_done(void *user, const struct vat_error *err, struct vat_ptr_r results)
{
	note(user, err);
}

static void on_pong(void *user, const struct vat_error *err, struct vat_ptr_r results)
{
	struct answer *a = user;
	note(a, err);
	struct con_base_ping_results_r r = con_base_ping_results_from(results);
	snprintf(a->text, sizeof(a->text), "%s", con_base_ping_results_get_b(r).s);
}

/* A world: the client's vat and the server's, one and the same unless connected is set. */
struct world {
	struct vat *client, *server;
	struct vat_conn *to_server, *to_client;
	struct object base, diamond;
	struct con_base_c base_c, diamond_base;
	struct con_diamond_c diamond_c;
};

static void carry(struct vat_conn *from, struct vat_conn *to)
{
	struct iovec iov[16];
	int fds[253];
	size_t n_fds, n;
	while ((n = vat_conn_output(from, iov, ARRAY_SIZE(iov), fds, ARRAY_SIZE(fds), &n_fds))) {
		size_t sent = 0;
		for (size_t i = 0; i < n; i++) {
			for (size_t off = 0; off < iov[i].iov_len;) {
				void *space;
				size_t len;
				CHECK_INT(vat_conn_input(to, &space, &len), 0);
				len = MIN(len, iov[i].iov_len - off);
				memcpy(space, (char *)iov[i].iov_base + off, len);
				CHECK_INT(vat_conn_received(to, len, NULL, 0), 0);
				off += len;
			}
			sent += iov[i].iov_len;
		}
		vat_conn_sent(from, sent);
	}
}

static void settle(struct world *w)
{
	for (unsigned i = 0; i < 100; i++) {
		while (vat_run(w->client, 0))
			;
		if (!w->to_server)
			break;
		while (vat_run(w->server, 0))
			;
		carry(w->to_server, w->to_client);
		carry(w->to_client, w->to_server);
	}
}

static void world_init(struct world *w, bool connected)
{
	*w = (struct world){0};
	w->client = vat_new(NULL);
	w->server = connected ? vat_new(NULL) : w->client;
	CHECK(w->client && w->server);
	w->base_c = con_base_serve(w->server, &base_impl, &w->base, destroy);
	w->diamond.base = con_base_ref(w->base_c);
	w->diamond_c = con_diamond_serve(w->server, &diamond_impl, &w->diamond, destroy);
	if (!connected)
		return;
	struct vat_conn_config config = {.bootstrap = w->diamond_c.cap};
	CHECK_INT(vat_conn_new(w->server, &config, &w->to_client), 0);
	config.bootstrap = NULL;
	CHECK_INT(vat_conn_new(w->client, &config, &w->to_server), 0);
	con_diamond_unref(w->diamond_c);
	w->diamond_c = con_diamond_cast(vat_conn_bootstrap(w->to_server));
}

static void world_done(struct world *w)
{
	con_diamond_unref(w->diamond_c);
	con_base_unref(w->base_c);
	settle(w);
	vat_conn_free(w->to_server);
	vat_conn_free(w->to_client);
	w->to_server = NULL;
	while (vat_run(w->server, 0) || vat_run(w->client, 0))
		;
	CHECK_INT(w->diamond.destroyed, 1);
	con_base_unref(w->diamond.base);
	vat_run(w->server, 0);
	CHECK_INT(w->base.destroyed, 1);
	if (w->server != w->client)
		vat_free(w->server);
	vat_free(w->client);
}

/* Runs a check in one vat and again between two. */
static void in_both_worlds(void (*check)(struct world *w))
{
	for (int connected = 0; connected < 2; connected++) {
		struct world w;
		world_init(&w, connected);
		check(&w);
		world_done(&w);
	}
}

static void check_call(struct world *w)
{
	struct answer a = {0};
	struct con_base_ping_req req =
		con_base_ping(w->client, con_left_as_base(con_diamond_as_left(w->diamond_c)));
	con_base_ping_params_set_a(req.params, 42);
	con_base_ping_send(req, on_pong, &a);
	settle(w);
	CHECK_INT(a.n, 1);
	CHECK_STR(a.error, "");
	CHECK_STR(a.text, "pong");
	CHECK_INT(w->diamond.last, 42);
	vat_call_free(req.call);
}

TEST(a_call_of_a_superclass_of_a_superclass_reaches_its_handler)
{
	in_both_worlds(check_call);
}

static void check_supers(struct world *w)
{
	struct answer a = {0};
	struct con_left_left_req left = con_left_left(w->client, con_diamond_as_left(w->diamond_c));
	con_left_left_send(left, on_done, &a);
	struct constructs_other_foreigner_visit_req visit =
		constructs_other_foreigner_visit(w->client, con_diamond_as_foreigner(w->diamond_c));
	constructs_other_foreigner_visit_send(visit, on_done, &a);
	settle(w);
	CHECK_INT(a.n, 2);
	CHECK_STR(a.error, "");
	CHECK_INT(w->diamond.calls, 1100);
	vat_call_free(left.call);
	vat_call_free(visit.call);
}

TEST(superclasses_of_this_and_other_files_have_their_own_tables)
{
	in_both_worlds(check_supers);
}

static void check_unimplemented(struct world *w)
{
	struct answer own = {0}, inherited = {0}, foreign = {0};
	struct con_diamond_foreign_req a = con_diamond_foreign(w->client, w->diamond_c);
	con_diamond_foreign_send(a, on_done, &own);
	struct con_right_right_req b =
		con_right_right(w->client, con_diamond_as_right(w->diamond_c));
	con_right_right_send(b, on_done, &inherited);
	struct con_twin_here_req c =
		con_twin_here(w->client, con_twin_cast(w->diamond_c.cap)); /* not its interface */
	con_twin_here_send(c, on_done, &foreign);
	settle(w);
	CHECK(own.n == 1 && own.kind == VAT_UNIMPLEMENTED);
	CHECK(inherited.n == 1 && inherited.kind == VAT_UNIMPLEMENTED);
	CHECK(foreign.n == 1 && foreign.kind == VAT_UNIMPLEMENTED);
	vat_call_free(a.call);
	vat_call_free(b.call);
	vat_call_free(c.call);
}

TEST(an_empty_slot_answers_unimplemented)
{
	in_both_worlds(check_unimplemented);
}

static void check_failure(struct world *w)
{
	struct answer a = {0};
	struct con_diamond_default_req req = con_diamond_default(w->client, w->diamond_c);
	con_diamond_default_params_set_class(req.params, vat_str("first"));
	con_diamond_default_send(req, on_done, &a);
	settle(w);
	CHECK(a.n == 1 && a.kind == VAT_OVERLOADED);
	CHECK(strstr(a.error, "class first") != NULL);
	vat_call_free(req.call);
}

TEST(names_of_c_serve_as_method_and_field)
{
	in_both_worlds(check_failure);
}

static void on_pointers(void *user, const struct vat_error *err, struct vat_ptr_r results)
{
	struct answer *a = user;
	note(a, err);
	struct con_pointers_r r = con_diamond_named_results_from(results);
	a->number = con_pointers_get_interface(r).cap != NULL;
	a->number += vat_ptr_cap(con_pointers_get_any(r)) != NULL;
	a->number += con_pointers_get_capability(con_pointers_get_self(r)) != NULL;
	a->number += con_pointers_get_capability(r) == NULL;
}

static void check_named(struct world *w)
{
	struct answer a = {0};
	struct con_diamond_named_req req = con_diamond_named(w->client, w->diamond_c);
	con_scalars_set_u32(req.params, 77);
	con_diamond_named_send(req, on_pointers, &a);
	settle(w);
	CHECK_INT(a.n, 1);
	CHECK_STR(a.error, "");
	CHECK_INT(a.number, 4);
	CHECK_INT(w->diamond.last, 77);
	vat_call_free(req.call);
}

TEST(named_structs_are_parameters_and_results)
{
	in_both_worlds(check_named);
}

static void ping(struct world *w, struct vat_cap *takes, uint32_t number)
{
	struct answer a = {0};
	struct con_base_c c = con_base_cast(takes);
	struct con_base_ping_req req = con_base_ping(w->client, c);
	con_base_ping_params_set_a(req.params, number);
	con_base_ping_send(req, on_pong, &a);
	settle(w);
	CHECK_STR(a.error, "");
	CHECK_STR(a.text, "pong");
	CHECK_INT(w->base.last, number);
	vat_call_free(req.call);
	con_base_unref(c);
}

static void check_pipelines(struct world *w)
{
	struct con_diamond_holder_req req = con_diamond_holder(w->client, w->diamond_c);
	con_diamond_holder_send(req, NULL, NULL);
	/* All of these before any answer can be here. */
	struct vat_cap *caps[] = {
		con_diamond_holder_pipe_info_base(req.call).cap,
		con_diamond_holder_pipe_info_in_right(req.call).cap,
		con_diamond_holder_pipe_any(req.call),
		con_diamond_holder_pipe_cap(req.call),
	};
	vat_call_free(req.call);
	for (uint32_t i = 0; i < ARRAY_SIZE(caps); i++)
		ping(w, caps[i], 10 + i);
	CHECK_INT(w->base.calls, ARRAY_SIZE(caps));
}

TEST(results_are_pipelined_from_groups_and_structs)
{
	in_both_worlds(check_pipelines);
}

static void check_pipelined_failure(struct world *w)
{
	struct con_diamond_default_req req = con_diamond_default(w->client, w->diamond_c);
	con_diamond_default_send(req, NULL, NULL);
	struct con_base_c c = con_diamond_default_pipe_new(req.call);
	struct answer a = {0};
	struct con_base_nothing_req nothing = con_base_nothing(w->client, c);
	con_base_nothing_send(nothing, on_done, &a);
	settle(w);
	CHECK(a.n == 1 && a.error[0]);
	vat_call_free(nothing.call);
	vat_call_free(req.call);
	con_base_unref(c);
}

TEST(a_pipelined_call_fails_as_the_first_one_failed)
{
	in_both_worlds(check_pipelined_failure);
}

static void check_streaming(struct world *w)
{
	struct answer a = {0};
	for (unsigned i = 0; i < 10; i++) {
		struct con_diamond_push_req req = con_diamond_push(w->client, w->diamond_c);
		memset(con_diamond_push_params_init_bytes(req.params, 100), 'x', 100);
		con_diamond_push_send(req, on_done, &a);
		vat_call_detach(req.call);
	}
	settle(w);
	CHECK_INT(a.n, 10);
	CHECK_STR(a.error, "");
	CHECK_INT(w->diamond.pushed, 1000);
}

TEST(streaming_methods_are_called_like_others)
{
	in_both_worlds(check_streaming);
}

static void on_finished(void *user, const struct vat_error *err)
{
	note(user, err);
}

static void check_stream(struct world *w)
{
	struct answer a = {0};
	struct vat_stream *s = vat_stream_new(w->client, w->diamond_c.cap, NULL);
	for (unsigned i = 0; i < 10; i++) {
		struct con_diamond_push_req req = con_diamond_push(w->client, w->diamond_c);
		memset(con_diamond_push_params_init_bytes(req.params, 100), 'x', 100);
		CHECK_INT(con_diamond_push_stream(s, req), 0);
	}
	CHECK_INT(vat_stream_finish(s, on_finished, &a), 0);
	settle(w);
	CHECK_INT(a.n, 1);
	CHECK_STR(a.error, "");
	CHECK_INT(w->diamond.pushed, 1000);
	vat_stream_free(s);
}

TEST(a_request_of_a_streaming_method_goes_into_a_stream)
{
	in_both_worlds(check_stream);
}

static void check_null(struct world *w)
{
	struct answer a = {0};
	struct con_base_ping_req req = con_base_ping(w->client, con_base_cast(NULL));
	con_base_ping_params_set_a(req.params, 1);
	con_base_ping_send(req, on_done, &a);
	settle(w);
	CHECK(a.n == 1 && a.error[0]);
	vat_call_free(req.call);
	/* As when memory is out: no call at all. */
	memset(&req, 0, sizeof(req));
	con_base_ping_params_set_a(req.params, 1);
	con_base_ping_send(req, on_done, &a);
	CHECK(con_base_ping_pipe_c(req.call).cap == NULL);
	settle(w);
	CHECK_INT(a.n, 1);
	con_base_unref(con_base_ref(con_base_cast(NULL)));
}

TEST(null_references_and_requests_are_harmless)
{
	in_both_worlds(check_null);
}

TEST(lists_of_capabilities_hold_typed_references)
{
	struct world w;
	world_init(&w, false);
	struct vat_message *m = vat_message_new(0, 0);
	struct con_lists_b b = con_lists_init_root(m);
	struct vat_list_b list = con_lists_init_interfaces(b, 2);
	con_base_list_set_at(list, 1, w.base_c);
	struct vat_list_r r = con_lists_get_interfaces(con_lists_root(m));
	CHECK(con_base_list_at(r, 0).cap == NULL && con_base_list_at(r, 1).cap == w.base_c.cap);
	struct con_unions_b u = con_unions_init(vat_root_b(m));
	con_unions_set_base(u, w.base_c);
	CHECK(con_unions_get_base(con_unions_root(m)).cap == w.base_c.cap);
	CHECK(con_base_from(vat_ptr_at(con_unions_root(m).s, 0)).cap == w.base_c.cap);
	vat_message_free(m);
	world_done(&w);
}

TEST(descriptors_of_interfaces_tell_what_the_schema_says)
{
	const struct vat_interface *i = &con_diamond_interface;
	CHECK(i->id == CON_DIAMOND_ID);
	CHECK_STR(i->name, "constructs.capnp:Diamond");
	CHECK_INT(i->n_methods, 6);
	CHECK_STR(i->methods[2].name, "push");
	CHECK_INT(i->methods[2].flags, VAT_METHOD_STREAM);
	CHECK_INT(i->methods[1].flags, 0);
	CHECK_STR(i->methods[5].name, "renamedMethod");
	CHECK_INT(i->methods[0].param_data_words, CON_SCALARS_DATA_WORDS);
	CHECK_INT(i->methods[0].result_ptrs, CON_POINTERS_PTRS);
	CHECK_INT(i->n_supers, 4);
	CHECK(i->supers[3].interface == &constructs_other_foreigner_interface);
	CHECK_INT(i->supers[3].offset, offsetof(struct con_diamond_impl, foreigner));
	CHECK_INT(con_marker_interface.n_methods, 0);
	CHECK(!con_marker_interface.dispatch(NULL, NULL, 0, NULL));
	CHECK(!i->dispatch(&diamond_impl, NULL, 6, NULL));
}
