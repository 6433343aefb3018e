/* SPDX-License-Identifier: MIT */
/*
 * Generics in use: accessors of brands, generic interfaces, AnyStruct and AnyList; and pipelining
 * through several structs. One vat: what a connection adds is test-rpc.c's business.
 */
#include "base/test.h"

#include "gen/constructs.capnp.h"
#include "gen/constructs-other.capnp.h"

static struct vat_message *new_message(void)
{
	struct vat_message *m = vat_message_new(0, 0);
	CHECK(m);
	return m;
}

#define CHECK_TEXT(text, s) CHECK(vat_text_is(text, s))

TEST(a_parameter_is_read_and_written_as_what_it_stands_for)
{
	struct vat_message *m = new_message();
	struct con_brands_b b = con_brands_init_root(m);
	con_tree_of_text_set_leaf(con_brands_init_texts(b), vat_str("leaf"));
	struct con_tree_branch_b branch = con_tree_init_branch(con_brands_init_scalars(b));
	con_scalars_set_u8(con_tree_branch_of_scalars_init_label(branch), 7);
	con_scalars_set_u8(con_tree_of_scalars_init_leaf(con_tree_branch_init_right(branch)), 8);
	struct vat_list_b list = con_tree_of_list_u16_init_leaf(con_brands_init_lists(b), 2);
	vat_list_set_u16(list, 1, 500);

	struct con_brands_r r = con_brands_root(m);
	struct con_tree_r tree = con_brands_get_texts(r);
	CHECK_TEXT(con_tree_of_text_get_leaf(tree), "leaf");
	CHECK_TEXT(vat_ptr_text(con_tree_get_leaf(tree), NULL), "leaf");
	tree = con_brands_get_scalars(r);
	struct con_scalars_r label =
		con_tree_branch_of_scalars_get_label(con_tree_get_branch(tree));
	CHECK_INT(con_scalars_get_u8(label), 7);
	tree = con_tree_branch_get_right(con_tree_get_branch(tree));
	CHECK_INT(con_scalars_get_u8(con_tree_of_scalars_get_leaf(tree)), 8);
	struct vat_list_r back = con_tree_of_list_u16_get_leaf(con_brands_get_lists(r));
	CHECK(back.count == 2 && vat_list_u16(back, 1) == 500);
	CHECK_INT(vat_message_error(m), 0);
	vat_message_free(m);
}

TEST(an_inactive_member_of_a_branded_union_reads_as_nothing)
{
	struct vat_message *m = new_message();
	struct con_tree_b b = con_tree_init_root(m);
	con_tree_of_text_set_leaf(b, vat_str("x"));
	con_tree_init_branch(b);
	CHECK_TEXT(con_tree_of_text_get_leaf(con_tree_root(m)), "");
	CHECK(con_tree_which(con_tree_root(m)) == CON_TREE_WHICH_BRANCH);
	/* Editing switches back, to an empty struct. */
	struct con_scalars_b s = con_tree_of_scalars_edit_leaf(b);
	CHECK_INT(con_scalars_get_u32(con_scalars_b_r(s)), 0);
	CHECK(con_tree_which(con_tree_root(m)) == CON_TREE_WHICH_LEAF);
	vat_message_free(m);
}

TEST(brands_nest)
{
	struct vat_message *m = new_message();
	struct con_brands_b b = con_brands_init_root(m);
	struct constructs_other_pair_b pair =
		constructs_other_pair_at_b(con_brands_init_pairs(b, 1), 0);
	con_scalars_set_i8(
		constructs_other_pair_of_con_scalars_con_tree_of_data_init_first(pair), -1);
	struct con_tree_b tree =
		constructs_other_pair_of_con_scalars_con_tree_of_data_init_second(pair);
	con_tree_of_data_set_leaf(tree, (struct vat_data){"\0\1", 2});
	struct constructs_other_pair_r r =
		constructs_other_pair_at(con_brands_get_pairs(con_brands_root(m)), 0);
	struct con_tree_r back =
		constructs_other_pair_of_con_scalars_con_tree_of_data_get_second(r);
	CHECK_INT(con_tree_of_data_get_leaf(back).len, 2);
	vat_message_free(m);
}

TEST(any_struct_and_any_list_are_read_as_structs_and_lists)
{
	struct vat_message *m = new_message();
	struct con_pointers_b b = con_pointers_init_root(m);
	struct vat_struct_b s = con_pointers_init_any_struct(b, 2, 1);
	vat_w_u32(s, 1, 99, 0);
	struct vat_list_b list = vat_init_list(con_pointers_get_any_list_b(b), VAT_ELEM_TWO, 3);
	vat_list_set_u16(list, 2, 12);
	struct con_pointers_r r = con_pointers_root(m);
	CHECK_INT(vat_r_u32(con_pointers_get_any_struct(r), 1, 0), 99);
	CHECK_INT(con_pointers_get_any_struct(r).n_ptrs, 1);
	CHECK_INT(con_pointers_get_any_list(r).count, 3);
	CHECK_INT(con_pointers_get_any_list(r).elem, VAT_ELEM_TWO);
	/* As what they are known to be; an edit makes room for more. */
	s = con_pointers_edit_any_struct(b, 4, 1);
	CHECK_INT(s.data_bits, 4 * 64);
	CHECK_INT(vat_r_u32(con_pointers_get_any_struct(r), 1, 0), 99);
	/* Copies. */
	struct vat_message *other = new_message();
	struct con_pointers_b copy = con_pointers_init_root(other);
	con_pointers_set_any_struct(copy, con_pointers_get_any_struct(r));
	con_pointers_set_any_list(copy, con_pointers_get_any_list(r));
	r = con_pointers_root(other);
	CHECK_INT(vat_r_u32(con_pointers_get_any_struct(r), 1, 0), 99);
	CHECK_INT(vat_list_u16(con_pointers_get_any_list(r), 2), 12);
	CHECK_INT(vat_message_error(m) | vat_message_error(other), 0);
	vat_message_free(m);
	vat_message_free(other);
}

TEST(nan_defaults_are_kept_bit_by_bit)
{
	struct vat_message *m = new_message();
	struct con_nan_defaults_b b = con_nan_defaults_init_root(m);
	struct con_nan_defaults_r r = con_nan_defaults_root(m);
	CHECK(con_nan_defaults_get_f32(r) != con_nan_defaults_get_f32(r));
	CHECK(con_nan_defaults_get_f64(r) != con_nan_defaults_get_f64(r));
	CHECK(con_nan_defaults_get_minus(r) < -1e38f);
	con_nan_defaults_set_f64(b, 1.5);
	con_nan_defaults_set_f32(b, 0);
	CHECK(con_nan_defaults_get_f64(r) == 1.5 && con_nan_defaults_get_f32(r) == 0);
	CHECK(vat_r_u64(r.s, 1, 0) != 0);
	vat_message_free(m);
}

/* ---- calls ------------------------------------------------------------------------------------
 */

struct world {
	struct vat *v;
	unsigned calls[8]; /* per tag of a base object */
	struct con_base_c first, second;
	struct con_cell_base_c cell;
	struct con_dive_c dive;
};

struct base {
	struct world *w;
	unsigned tag;
};

static void base_ping(void *self, struct con_base_ping_ctx cx)
{
	struct base *b = self;
	b->w->calls[b->tag]++;
	con_base_ping_results_set_b(con_base_ping_results(cx), vat_str("pong"));
	vat_ctx_return(cx.ctx);
}

static const struct con_base_impl base_impl = {.ping = base_ping};

static void cell_read(void *self, struct con_cell_read_ctx cx)
{
	struct world *w = self;
	struct con_cell_read_results_b r = con_cell_read_results(cx);
	con_cell_read_results_of_base_set_value(r, w->first);
	con_tree_of_base_set_leaf(con_cell_read_results_init_hint(r), w->second);
	vat_ctx_return(cx.ctx);
}

static void cell_write(void *self, struct con_cell_write_ctx cx)
{
	struct world *w = self;
	struct con_base_c c = con_cell_write_params_of_base_get_value(con_cell_write_params(cx));
	con_base_unref(w->first);
	w->first = con_base_ref(c);
	vat_ctx_return(cx.ctx);
}

/* Answers with what reading another cell, itself, answers. */
static void cell_named(void *self, struct con_cell_named_ctx cx)
{
	struct world *w = self;
	con_base_ping_tail(cx.ctx, con_base_ping(w->v, w->first));
}

static const struct con_cell_base_impl cell_impl = {
	.cell = {.read = cell_read, .write = cell_write, .named = cell_named}};

static void dive_dive(void *self, struct con_dive_dive_ctx cx)
{
	struct world *w = self;
	struct con_deep_b d = con_dive_dive_results_init_deep(con_dive_dive_results(cx));
	con_deep_set_either(d, w->first);
	for (unsigned i = 0; i < 3; i++)
		d = con_deep_one_init_next(con_deep_edit_one(d));
	con_deep_one_set_base(con_deep_edit_one(d), w->first);
	con_deep_one_set_base(con_deep_edit_one(con_deep_init_or(d)), w->second);
	vat_ctx_return(cx.ctx);
}

static const struct con_dive_impl dive_impl = {.dive = dive_dive};

static struct base bases[2];

static void world_init(struct world *w)
{
	*w = (struct world){.v = vat_new(NULL)};
	CHECK(w->v);
	bases[0] = (struct base){w, 0};
	bases[1] = (struct base){w, 1};
	w->first = con_base_serve(w->v, &base_impl, &bases[0], NULL);
	w->second = con_base_serve(w->v, &base_impl, &bases[1], NULL);
	w->cell = con_cell_base_serve(w->v, &cell_impl, w, NULL);
	w->dive = con_dive_serve(w->v, &dive_impl, w, NULL);
}

static void settle(struct world *w)
{
	while (vat_run(w->v, 0))
		;
}

static void world_done(struct world *w)
{
	con_cell_base_unref(w->cell);
	con_dive_unref(w->dive);
	con_base_unref(w->first);
	con_base_unref(w->second);
	settle(w);
	vat_free(w->v);
}

struct answer {
	unsigned n;
	bool failed;
	char text[100];
};

static void on_done(void *user, const struct vat_error *err, struct vat_ptr_r results)
{
	struct answer *a = user;
	a->n++;
	a->failed = err;
	snprintf(a->text, sizeof(a->text), "%s", err ? err->text : "");
}

/* Calls ping, drops the reference; true if it was answered. */
static bool ping(struct world *w, struct con_base_c takes)
{
	struct answer a = {0};
	struct con_base_ping_req req = con_base_ping(w->v, takes);
	con_base_ping_send(req, on_done, &a);
	settle(w);
	CHECK_INT(a.n, 1);
	vat_call_free(req.call);
	con_base_unref(takes);
	return !a.failed;
}

TEST(a_generic_interface_is_called_with_its_brands_types)
{
	struct world w;
	world_init(&w);
	struct con_cell_write_req write = con_cell_write(w.v, con_cell_base_as_cell(w.cell));
	con_cell_write_params_of_base_set_value(write.params, w.second);
	con_cell_write_send(write, NULL, NULL);
	struct con_cell_read_req read = con_cell_read(w.v, con_cell_base_as_cell(w.cell));
	con_cell_read_send(read, NULL, NULL);
	struct con_cell_read_results_p p = con_cell_read_pipe(read.call);
	CHECK(ping(&w, con_cell_read_results_of_base_pipe_value(p)));
	CHECK_INT(w.calls[1], 1);
	CHECK(ping(&w, con_tree_of_base_pipe_leaf(con_cell_read_results_pipe_hint(p))));
	CHECK_INT(w.calls[1], 2);
	vat_call_free(write.call);
	vat_call_free(read.call);
	world_done(&w);
}

TEST(capabilities_are_pipelined_through_any_number_of_structs)
{
	struct world w;
	world_init(&w);
	struct con_dive_dive_req req = con_dive_dive(w.v, w.dive);
	con_dive_dive_send(req, NULL, NULL);
	struct con_deep_p d = con_dive_dive_results_pipe_deep(con_dive_dive_pipe(req.call));
	CHECK(ping(&w, con_deep_pipe_either(d)));
	CHECK_INT(w.calls[0], 1);
	for (unsigned i = 0; i < 3; i++)
		d = con_deep_one_pipe_next(con_deep_pipe_one(d));
	CHECK(ping(&w, con_deep_one_pipe_base(con_deep_pipe_one(d))));
	CHECK_INT(w.calls[0], 2);
	CHECK(ping(&w, con_deep_one_pipe_base(con_deep_pipe_one(con_deep_pipe_or(d)))));
	CHECK_INT(w.calls[1], 1);
	/* Nothing there; a struct there; too deep. */
	CHECK(!ping(&w, con_base_cast(con_deep_pipe_any(d))));
	CHECK(!ping(&w, con_deep_pipe_either(d)));
	for (unsigned i = 0; i < VAT_PIPE_DEPTH; i++)
		d = con_deep_pipe_or(d);
	CHECK(!ping(&w, con_deep_one_pipe_base(con_deep_pipe_one(d))));
	CHECK_INT(w.calls[0] + w.calls[1], 3);
	vat_call_free(req.call);
	world_done(&w);
}

TEST(a_pipeline_of_no_call_leads_nowhere)
{
	struct con_deep_p d = con_dive_dive_results_pipe_deep(con_dive_dive_pipe(NULL));
	CHECK(con_deep_pipe_either(d).cap == NULL);
}

TEST(a_handler_answers_with_another_call)
{
	struct world w;
	world_init(&w);
	struct con_cell_named_req req = con_cell_named(w.v, con_cell_base_as_cell(w.cell));
	struct answer a = {0};
	con_cell_named_send(req, on_done, &a);
	settle(&w);
	CHECK(a.n == 1 && !a.failed);
	CHECK_INT(w.calls[0], 1);
	vat_call_free(req.call);
	world_done(&w);
}

/* ---- files whose interfaces extend each other's ------------------------------------------------
 */

static void on_bottom(void *self, struct constructs_other_bottom_bottom_ctx cx)
{
	*(unsigned *)self += 1;
	vat_ctx_return(cx.ctx);
}

TEST(two_files_extend_each_others_interfaces)
{
	static const struct constructs_other_ping_impl impl = {
		.pong = {.bottom = {.bottom = on_bottom}}};
	struct vat *v = vat_new(NULL);
	unsigned n = 0;
	struct constructs_other_ping_c c = constructs_other_ping_serve(v, &impl, &n, NULL);
	struct con_pong_c pong = constructs_other_ping_as_pong(c);
	struct constructs_other_bottom_bottom_req req =
		constructs_other_bottom_bottom(v, con_pong_as_bottom(pong));
	constructs_other_bottom_bottom_send(req, NULL, NULL);
	while (vat_run(v, 0))
		;
	CHECK_INT(n, 1);
	vat_call_free(req.call);
	constructs_other_ping_unref(c);
	vat_run(v, 0);
	vat_free(v);
}
