/* Made by capnpc-vat from constructs-other.capnp: do not edit. */
#pragma once
#include "vat/message.h"
#include "vat/rpc.h"
#include "vat/schema.h"

#ifdef __cplusplus
extern "C" {
#endif

extern const struct vat_schema_file constructs_other_schema_file;

/* constructs-other.capnp:Foreign */
#define CONSTRUCTS_OTHER_FOREIGN_TYPE_ID UINT64_C(0xa8d3c1028e262f31)
#define CONSTRUCTS_OTHER_FOREIGN_DATA_WORDS 1
#define CONSTRUCTS_OTHER_FOREIGN_PTRS 2
struct constructs_other_foreign_r {
	struct vat_struct_r s;
};
struct constructs_other_foreign_b {
	struct vat_struct_b s;
};
struct constructs_other_foreign_p {
	struct vat_pipe p;
};
struct constructs_other_foreign_list_r {
	struct vat_list_r l;
};
struct constructs_other_foreign_list_b {
	struct vat_list_b l;
};

/* constructs-other.capnp:Foreigner */
#define CONSTRUCTS_OTHER_FOREIGNER_ID UINT64_C(0xf9ea03aa9aee89e9)
struct constructs_other_foreigner_c {
	struct vat_cap *cap;
};
struct constructs_other_foreigner_visit_ctx {
	struct vat_ctx *ctx;
};
extern const struct vat_interface constructs_other_foreigner_interface;

/* constructs-other.capnp:Foreigner.visit$Params */
#define CONSTRUCTS_OTHER_FOREIGNER_VISIT_PARAMS_TYPE_ID UINT64_C(0xb4b5c03403508b70)
#define CONSTRUCTS_OTHER_FOREIGNER_VISIT_PARAMS_DATA_WORDS 0
#define CONSTRUCTS_OTHER_FOREIGNER_VISIT_PARAMS_PTRS 1
struct constructs_other_foreigner_visit_params_r {
	struct vat_struct_r s;
};
struct constructs_other_foreigner_visit_params_b {
	struct vat_struct_b s;
};
struct constructs_other_foreigner_visit_params_p {
	struct vat_pipe p;
};
struct constructs_other_foreigner_visit_params_list_r {
	struct vat_list_r l;
};
struct constructs_other_foreigner_visit_params_list_b {
	struct vat_list_b l;
};

/* constructs-other.capnp:Foreigner.visit$Results */
#define CONSTRUCTS_OTHER_FOREIGNER_VISIT_RESULTS_TYPE_ID UINT64_C(0xb19f7486d5808ef1)
#define CONSTRUCTS_OTHER_FOREIGNER_VISIT_RESULTS_DATA_WORDS 0
#define CONSTRUCTS_OTHER_FOREIGNER_VISIT_RESULTS_PTRS 1
struct constructs_other_foreigner_visit_results_r {
	struct vat_struct_r s;
};
struct constructs_other_foreigner_visit_results_b {
	struct vat_struct_b s;
};
struct constructs_other_foreigner_visit_results_p {
	struct vat_pipe p;
};
struct constructs_other_foreigner_visit_results_list_r {
	struct vat_list_r l;
};
struct constructs_other_foreigner_visit_results_list_b {
	struct vat_list_b l;
};

/* constructs-other.capnp:Twin */
#define CONSTRUCTS_OTHER_TWIN_ID UINT64_C(0xd0c12213968cd980)
struct constructs_other_twin_c {
	struct vat_cap *cap;
};
struct constructs_other_twin_there_ctx {
	struct vat_ctx *ctx;
};
extern const struct vat_interface constructs_other_twin_interface;

/* constructs-other.capnp:Twin.there$Params */
#define CONSTRUCTS_OTHER_TWIN_THERE_PARAMS_TYPE_ID UINT64_C(0xae21026716c08082)
#define CONSTRUCTS_OTHER_TWIN_THERE_PARAMS_DATA_WORDS 0
#define CONSTRUCTS_OTHER_TWIN_THERE_PARAMS_PTRS 0
struct constructs_other_twin_there_params_r {
	struct vat_struct_r s;
};
struct constructs_other_twin_there_params_b {
	struct vat_struct_b s;
};
struct constructs_other_twin_there_params_list_r {
	struct vat_list_r l;
};
struct constructs_other_twin_there_params_list_b {
	struct vat_list_b l;
};

/* constructs-other.capnp:Twin.there$Results */
#define CONSTRUCTS_OTHER_TWIN_THERE_RESULTS_TYPE_ID UINT64_C(0xe7d49aed6862f5e5)
#define CONSTRUCTS_OTHER_TWIN_THERE_RESULTS_DATA_WORDS 0
#define CONSTRUCTS_OTHER_TWIN_THERE_RESULTS_PTRS 0
struct constructs_other_twin_there_results_r {
	struct vat_struct_r s;
};
struct constructs_other_twin_there_results_b {
	struct vat_struct_b s;
};
struct constructs_other_twin_there_results_list_r {
	struct vat_list_r l;
};
struct constructs_other_twin_there_results_list_b {
	struct vat_list_b l;
};

/* constructs-other.capnp:Ping */
#define CONSTRUCTS_OTHER_PING_ID UINT64_C(0xe9dc374f35aecab2)
struct constructs_other_ping_c {
	struct vat_cap *cap;
};
struct constructs_other_ping_ping_ctx {
	struct vat_ctx *ctx;
};
extern const struct vat_interface constructs_other_ping_interface;

/* constructs-other.capnp:Ping.ping$Params */
#define CONSTRUCTS_OTHER_PING_PING_PARAMS_TYPE_ID UINT64_C(0x93b762c7986fe156)
#define CONSTRUCTS_OTHER_PING_PING_PARAMS_DATA_WORDS 0
#define CONSTRUCTS_OTHER_PING_PING_PARAMS_PTRS 0
struct constructs_other_ping_ping_params_r {
	struct vat_struct_r s;
};
struct constructs_other_ping_ping_params_b {
	struct vat_struct_b s;
};
struct constructs_other_ping_ping_params_list_r {
	struct vat_list_r l;
};
struct constructs_other_ping_ping_params_list_b {
	struct vat_list_b l;
};

/* constructs-other.capnp:Ping.ping$Results */
#define CONSTRUCTS_OTHER_PING_PING_RESULTS_TYPE_ID UINT64_C(0xdc7c3302ba62f1e9)
#define CONSTRUCTS_OTHER_PING_PING_RESULTS_DATA_WORDS 0
#define CONSTRUCTS_OTHER_PING_PING_RESULTS_PTRS 0
struct constructs_other_ping_ping_results_r {
	struct vat_struct_r s;
};
struct constructs_other_ping_ping_results_b {
	struct vat_struct_b s;
};
struct constructs_other_ping_ping_results_list_r {
	struct vat_list_r l;
};
struct constructs_other_ping_ping_results_list_b {
	struct vat_list_b l;
};

/* constructs-other.capnp:Bottom */
#define CONSTRUCTS_OTHER_BOTTOM_ID UINT64_C(0x8891db0e94028546)
struct constructs_other_bottom_c {
	struct vat_cap *cap;
};
struct constructs_other_bottom_bottom_ctx {
	struct vat_ctx *ctx;
};
extern const struct vat_interface constructs_other_bottom_interface;

/* constructs-other.capnp:Bottom.bottom$Params */
#define CONSTRUCTS_OTHER_BOTTOM_BOTTOM_PARAMS_TYPE_ID UINT64_C(0xc61ba635adb3815e)
#define CONSTRUCTS_OTHER_BOTTOM_BOTTOM_PARAMS_DATA_WORDS 0
#define CONSTRUCTS_OTHER_BOTTOM_BOTTOM_PARAMS_PTRS 0
struct constructs_other_bottom_bottom_params_r {
	struct vat_struct_r s;
};
struct constructs_other_bottom_bottom_params_b {
	struct vat_struct_b s;
};
struct constructs_other_bottom_bottom_params_list_r {
	struct vat_list_r l;
};
struct constructs_other_bottom_bottom_params_list_b {
	struct vat_list_b l;
};

/* constructs-other.capnp:Bottom.bottom$Results */
#define CONSTRUCTS_OTHER_BOTTOM_BOTTOM_RESULTS_TYPE_ID UINT64_C(0xe76b48b29abfc479)
#define CONSTRUCTS_OTHER_BOTTOM_BOTTOM_RESULTS_DATA_WORDS 0
#define CONSTRUCTS_OTHER_BOTTOM_BOTTOM_RESULTS_PTRS 0
struct constructs_other_bottom_bottom_results_r {
	struct vat_struct_r s;
};
struct constructs_other_bottom_bottom_results_b {
	struct vat_struct_b s;
};
struct constructs_other_bottom_bottom_results_list_r {
	struct vat_list_r l;
};
struct constructs_other_bottom_bottom_results_list_b {
	struct vat_list_b l;
};

/* constructs-other.capnp:Pair */
#define CONSTRUCTS_OTHER_PAIR_TYPE_ID UINT64_C(0xb458b509ab7abbf0)
#define CONSTRUCTS_OTHER_PAIR_DATA_WORDS 0
#define CONSTRUCTS_OTHER_PAIR_PTRS 2
struct constructs_other_pair_r {
	struct vat_struct_r s;
};
struct constructs_other_pair_b {
	struct vat_struct_b s;
};
struct constructs_other_pair_p {
	struct vat_pipe p;
};
struct constructs_other_pair_list_r {
	struct vat_list_r l;
};
struct constructs_other_pair_list_b {
	struct vat_list_b l;
};

#ifdef __cplusplus
}
#endif

#include "constructs.capnp.h"
#ifdef __cplusplus
extern "C" {
#endif

#ifndef CONSTRUCTS_OTHER_FOREIGNER_IMPL_
#define CONSTRUCTS_OTHER_FOREIGNER_IMPL_
struct constructs_other_foreigner_impl {
	void (*visit)(void *self, struct constructs_other_foreigner_visit_ctx cx);
};
#endif

#ifndef CONSTRUCTS_OTHER_TWIN_IMPL_
#define CONSTRUCTS_OTHER_TWIN_IMPL_
struct constructs_other_twin_impl {
	void (*there)(void *self, struct constructs_other_twin_there_ctx cx);
};
#endif

#ifndef CONSTRUCTS_OTHER_BOTTOM_IMPL_
#define CONSTRUCTS_OTHER_BOTTOM_IMPL_
struct constructs_other_bottom_impl {
	void (*bottom)(void *self, struct constructs_other_bottom_bottom_ctx cx);
};
#endif

#ifndef CON_PONG_IMPL_
#define CON_PONG_IMPL_
struct con_pong_pong_ctx;
struct con_pong_impl {
	struct constructs_other_bottom_impl bottom;
	void (*pong)(void *self, struct con_pong_pong_ctx cx);
};
#endif

#ifndef CONSTRUCTS_OTHER_PING_IMPL_
#define CONSTRUCTS_OTHER_PING_IMPL_
struct constructs_other_ping_impl {
	struct con_pong_impl pong;
	void (*ping)(void *self, struct constructs_other_ping_ping_ctx cx);
};
#endif

#ifdef __cplusplus
}
#endif

#ifdef __cplusplus
extern "C" {
#endif

struct constructs_other_foreigner_visit_req {
	struct vat_call *call;
	struct constructs_other_foreigner_visit_params_b params;
};

struct constructs_other_twin_there_req {
	struct vat_call *call;
	struct constructs_other_twin_there_params_b params;
};

struct constructs_other_ping_ping_req {
	struct vat_call *call;
	struct constructs_other_ping_ping_params_b params;
};

struct constructs_other_bottom_bottom_req {
	struct vat_call *call;
	struct constructs_other_bottom_bottom_params_b params;
};

/* ---- constructs-other.capnp:Foreign */

static inline struct constructs_other_foreign_r constructs_other_foreign_from(struct vat_ptr_r p)
{
	struct constructs_other_foreign_r ret = {vat_ptr_struct(p, NULL)};
	return ret;
}

static inline struct constructs_other_foreign_b constructs_other_foreign_init(struct vat_ptr_b p)
{
	struct constructs_other_foreign_b ret = {
		vat_init_struct(p, CONSTRUCTS_OTHER_FOREIGN_DATA_WORDS, CONSTRUCTS_OTHER_FOREIGN_PTRS)};
	return ret;
}

static inline struct constructs_other_foreign_r constructs_other_foreign_root(struct vat_message *m)
{
	struct constructs_other_foreign_r ret = {vat_ptr_struct(vat_root(m), NULL)};
	return ret;
}

static inline struct constructs_other_foreign_b constructs_other_foreign_init_root(
	struct vat_message *m)
{
	struct constructs_other_foreign_b ret = {
		vat_init_struct(vat_root_b(m), CONSTRUCTS_OTHER_FOREIGN_DATA_WORDS, CONSTRUCTS_OTHER_FOREIGN_PTRS)};
	return ret;
}

static inline struct constructs_other_foreign_b constructs_other_foreign_edit_root(
	struct vat_message *m)
{
	struct constructs_other_foreign_b ret = {
		vat_get_struct_b(vat_root_b(m), CONSTRUCTS_OTHER_FOREIGN_DATA_WORDS, CONSTRUCTS_OTHER_FOREIGN_PTRS, NULL)};
	return ret;
}

static inline void constructs_other_foreign_set_root(
	struct vat_message *m, struct constructs_other_foreign_r v)
{
	vat_set_struct(vat_root_b(m), v.s);
}

static inline struct constructs_other_foreign_r constructs_other_foreign_at(
	struct constructs_other_foreign_list_r list, uint32_t i)
{
	struct constructs_other_foreign_r ret = {vat_list_struct(list.l, i)};
	return ret;
}

static inline struct constructs_other_foreign_b constructs_other_foreign_at_b(
	struct constructs_other_foreign_list_b list, uint32_t i)
{
	struct constructs_other_foreign_b ret = {vat_list_struct_b(list.l, i)};
	return ret;
}

static inline struct constructs_other_foreign_list_r constructs_other_foreign_list_b_r(
	struct constructs_other_foreign_list_b list)
{
	struct constructs_other_foreign_list_r ret = {vat_list_b_r(list.l)};
	return ret;
}

static inline struct vat_schema constructs_other_foreign_schema(void)
{
	struct vat_schema ret = {&constructs_other_schema_file, CONSTRUCTS_OTHER_FOREIGN_TYPE_ID};
	return ret;
}

static inline struct constructs_other_foreign_r constructs_other_foreign_b_r(
	struct constructs_other_foreign_b b)
{
	struct constructs_other_foreign_r ret = {vat_struct_b_r(b.s)};
	return ret;
}

static inline int32_t constructs_other_foreign_get_number(struct constructs_other_foreign_r r)
{
	return vat_r_i32(r.s, 0, 0);
}

static inline void constructs_other_foreign_set_number(
	struct constructs_other_foreign_b b, int32_t v)
{
	vat_w_i32(b.s, 0, v, 0);
}

static inline struct con_scalars_r constructs_other_foreign_get_back(
	struct constructs_other_foreign_r r)
{
	struct con_scalars_r ret = {vat_ptr_struct(vat_ptr_at(r.s, 0), NULL)};
	return ret;
}

static inline bool constructs_other_foreign_has_back(struct constructs_other_foreign_r r)
{
	return !vat_ptr_is_null(vat_ptr_at(r.s, 0));
}

static inline void constructs_other_foreign_set_back(
	struct constructs_other_foreign_b b, struct con_scalars_r v)
{
	vat_set_struct(vat_ptr_at_b(b.s, 0), v.s);
}

static inline struct con_scalars_b constructs_other_foreign_init_back(
	struct constructs_other_foreign_b b)
{
	struct con_scalars_b ret = {
		vat_init_struct(vat_ptr_at_b(b.s, 0), CON_SCALARS_DATA_WORDS, CON_SCALARS_PTRS)};
	return ret;
}

static inline struct con_scalars_b constructs_other_foreign_edit_back(
	struct constructs_other_foreign_b b)
{
	struct con_scalars_b ret = {
		vat_get_struct_b(vat_ptr_at_b(b.s, 0), CON_SCALARS_DATA_WORDS, CON_SCALARS_PTRS, NULL)};
	return ret;
}

static inline struct con_base_c constructs_other_foreign_get_base(
	struct constructs_other_foreign_r r)
{
	struct con_base_c ret = {vat_ptr_cap(vat_ptr_at(r.s, 1))};
	return ret;
}

static inline bool constructs_other_foreign_has_base(struct constructs_other_foreign_r r)
{
	return !vat_ptr_is_null(vat_ptr_at(r.s, 1));
}

static inline void constructs_other_foreign_set_base(
	struct constructs_other_foreign_b b, struct con_base_c v)
{
	vat_set_cap(vat_ptr_at_b(b.s, 1), v.cap);
}

static inline uint16_t constructs_other_foreign_get_color(struct constructs_other_foreign_r r)
{
	return vat_r_u16(r.s, 2, 0);
}

static inline void constructs_other_foreign_set_color(
	struct constructs_other_foreign_b b, uint16_t v)
{
	vat_w_u16(b.s, 2, v, 0);
}

static inline struct con_base_c constructs_other_foreign_pipe_base(
	struct constructs_other_foreign_p p)
{
	struct con_base_c ret = {vat_pipe_cap(p.p, 1)};
	return ret;
}

/* ---- constructs-other.capnp:Foreigner */

static inline struct constructs_other_foreigner_c constructs_other_foreigner_cast(
	struct vat_cap *cap)
{
	struct constructs_other_foreigner_c ret = {cap};
	return ret;
}

static inline struct constructs_other_foreigner_c constructs_other_foreigner_ref(
	struct constructs_other_foreigner_c c)
{
	struct constructs_other_foreigner_c ret = {vat_cap_ref(c.cap)};
	return ret;
}

static inline void constructs_other_foreigner_unref(struct constructs_other_foreigner_c c)
{
	vat_cap_unref(c.cap);
}

static inline struct constructs_other_foreigner_c constructs_other_foreigner_from(
	struct vat_ptr_r p)
{
	struct constructs_other_foreigner_c ret = {vat_ptr_cap(p)};
	return ret;
}

static inline struct constructs_other_foreigner_c constructs_other_foreigner_list_at(
	struct vat_list_r list, uint32_t i)
{
	struct constructs_other_foreigner_c ret = {vat_ptr_cap(vat_list_ptr(list, i))};
	return ret;
}

static inline void constructs_other_foreigner_list_set_at(
	struct vat_list_b list, uint32_t i, struct constructs_other_foreigner_c c)
{
	vat_set_cap(vat_list_ptr_b(list, i), c.cap);
}

static inline struct constructs_other_foreigner_visit_req constructs_other_foreigner_visit(
	struct vat *v, struct constructs_other_foreigner_c c)
{
	struct constructs_other_foreigner_visit_req req;
	req.call = vat_call_for(v, c.cap, &constructs_other_foreigner_interface, 0);
	req.params.s = vat_init_struct(vat_call_params(req.call),
		CONSTRUCTS_OTHER_FOREIGNER_VISIT_PARAMS_DATA_WORDS,
			CONSTRUCTS_OTHER_FOREIGNER_VISIT_PARAMS_PTRS);
	return req;
}

static inline void constructs_other_foreigner_visit_send(
	struct constructs_other_foreigner_visit_req req, vat_done done, void *user)
{
	vat_call_send(req.call, done, user);
}

static inline void constructs_other_foreigner_visit_tail(
	struct vat_ctx *ctx, struct constructs_other_foreigner_visit_req req)
{
	vat_ctx_tail_call(ctx, req.call);
}

static inline struct constructs_other_foreigner_visit_results_p constructs_other_foreigner_visit_pipe(
	struct vat_call *call)
{
	struct constructs_other_foreigner_visit_results_p ret = {vat_pipe_results(call)};
	return ret;
}

static inline struct con_diamond_c constructs_other_foreigner_visit_pipe_back(struct vat_call *call)
{
	static const uint16_t path[] = {0};
	struct con_diamond_c ret = {vat_call_pipeline(call, path, 1)};
	return ret;
}

static inline struct constructs_other_foreigner_visit_params_r constructs_other_foreigner_visit_params(
	struct constructs_other_foreigner_visit_ctx cx)
{
	struct constructs_other_foreigner_visit_params_r ret = {
		vat_ptr_struct(vat_ctx_params(cx.ctx), NULL)};
	return ret;
}

static inline struct constructs_other_foreigner_visit_results_b constructs_other_foreigner_visit_results(
	struct constructs_other_foreigner_visit_ctx cx)
{
	struct constructs_other_foreigner_visit_results_b ret = {
		vat_get_struct_b(vat_ctx_results(cx.ctx), CONSTRUCTS_OTHER_FOREIGNER_VISIT_RESULTS_DATA_WORDS,
			CONSTRUCTS_OTHER_FOREIGNER_VISIT_RESULTS_PTRS, NULL)};
	return ret;
}

static inline struct constructs_other_foreigner_c constructs_other_foreigner_serve(
	struct vat *v, const struct constructs_other_foreigner_impl *impl, void *self, void (*destroy)(void *self))
{
	struct constructs_other_foreigner_c ret = {
		vat_serve(v, &constructs_other_foreigner_interface, impl, self, destroy)};
	return ret;
}

/* ---- constructs-other.capnp:Foreigner.visit$Params */

static inline struct constructs_other_foreigner_visit_params_r constructs_other_foreigner_visit_params_from(
	struct vat_ptr_r p)
{
	struct constructs_other_foreigner_visit_params_r ret = {vat_ptr_struct(p, NULL)};
	return ret;
}

static inline struct constructs_other_foreigner_visit_params_b constructs_other_foreigner_visit_params_init(
	struct vat_ptr_b p)
{
	struct constructs_other_foreigner_visit_params_b ret = {
		vat_init_struct(p, CONSTRUCTS_OTHER_FOREIGNER_VISIT_PARAMS_DATA_WORDS,
			CONSTRUCTS_OTHER_FOREIGNER_VISIT_PARAMS_PTRS)};
	return ret;
}

static inline struct constructs_other_foreigner_visit_params_r constructs_other_foreigner_visit_params_root(
	struct vat_message *m)
{
	struct constructs_other_foreigner_visit_params_r ret = {vat_ptr_struct(vat_root(m), NULL)};
	return ret;
}

static inline struct constructs_other_foreigner_visit_params_b constructs_other_foreigner_visit_params_init_root(
	struct vat_message *m)
{
	struct constructs_other_foreigner_visit_params_b ret = {
		vat_init_struct(vat_root_b(m), CONSTRUCTS_OTHER_FOREIGNER_VISIT_PARAMS_DATA_WORDS,
			CONSTRUCTS_OTHER_FOREIGNER_VISIT_PARAMS_PTRS)};
	return ret;
}

static inline struct constructs_other_foreigner_visit_params_b constructs_other_foreigner_visit_params_edit_root(
	struct vat_message *m)
{
	struct constructs_other_foreigner_visit_params_b ret = {
		vat_get_struct_b(vat_root_b(m), CONSTRUCTS_OTHER_FOREIGNER_VISIT_PARAMS_DATA_WORDS,
			CONSTRUCTS_OTHER_FOREIGNER_VISIT_PARAMS_PTRS, NULL)};
	return ret;
}

static inline void constructs_other_foreigner_visit_params_set_root(
	struct vat_message *m, struct constructs_other_foreigner_visit_params_r v)
{
	vat_set_struct(vat_root_b(m), v.s);
}

static inline struct constructs_other_foreigner_visit_params_r constructs_other_foreigner_visit_params_at(
	struct constructs_other_foreigner_visit_params_list_r list, uint32_t i)
{
	struct constructs_other_foreigner_visit_params_r ret = {vat_list_struct(list.l, i)};
	return ret;
}

static inline struct constructs_other_foreigner_visit_params_b constructs_other_foreigner_visit_params_at_b(
	struct constructs_other_foreigner_visit_params_list_b list, uint32_t i)
{
	struct constructs_other_foreigner_visit_params_b ret = {vat_list_struct_b(list.l, i)};
	return ret;
}

static inline struct constructs_other_foreigner_visit_params_list_r constructs_other_foreigner_visit_params_list_b_r(
	struct constructs_other_foreigner_visit_params_list_b list)
{
	struct constructs_other_foreigner_visit_params_list_r ret = {vat_list_b_r(list.l)};
	return ret;
}

static inline struct vat_schema constructs_other_foreigner_visit_params_schema(void)
{
	struct vat_schema ret = {&constructs_other_schema_file, CONSTRUCTS_OTHER_FOREIGNER_VISIT_PARAMS_TYPE_ID};
	return ret;
}

static inline struct constructs_other_foreigner_visit_params_r constructs_other_foreigner_visit_params_b_r(
	struct constructs_other_foreigner_visit_params_b b)
{
	struct constructs_other_foreigner_visit_params_r ret = {vat_struct_b_r(b.s)};
	return ret;
}

static inline struct con_holding_r constructs_other_foreigner_visit_params_get_who(
	struct constructs_other_foreigner_visit_params_r r)
{
	struct con_holding_r ret = {vat_ptr_struct(vat_ptr_at(r.s, 0), NULL)};
	return ret;
}

static inline bool constructs_other_foreigner_visit_params_has_who(
	struct constructs_other_foreigner_visit_params_r r)
{
	return !vat_ptr_is_null(vat_ptr_at(r.s, 0));
}

static inline void constructs_other_foreigner_visit_params_set_who(
	struct constructs_other_foreigner_visit_params_b b, struct con_holding_r v)
{
	vat_set_struct(vat_ptr_at_b(b.s, 0), v.s);
}

static inline struct con_holding_b constructs_other_foreigner_visit_params_init_who(
	struct constructs_other_foreigner_visit_params_b b)
{
	struct con_holding_b ret = {
		vat_init_struct(vat_ptr_at_b(b.s, 0), CON_HOLDING_DATA_WORDS, CON_HOLDING_PTRS)};
	return ret;
}

static inline struct con_holding_b constructs_other_foreigner_visit_params_edit_who(
	struct constructs_other_foreigner_visit_params_b b)
{
	struct con_holding_b ret = {
		vat_get_struct_b(vat_ptr_at_b(b.s, 0), CON_HOLDING_DATA_WORDS, CON_HOLDING_PTRS, NULL)};
	return ret;
}

static inline struct con_holding_p constructs_other_foreigner_visit_params_pipe_who(
	struct constructs_other_foreigner_visit_params_p p)
{
	struct con_holding_p ret = {vat_pipe_at(p.p, 0)};
	return ret;
}

/* ---- constructs-other.capnp:Foreigner.visit$Results */

static inline struct constructs_other_foreigner_visit_results_r constructs_other_foreigner_visit_results_from(
	struct vat_ptr_r p)
{
	struct constructs_other_foreigner_visit_results_r ret = {vat_ptr_struct(p, NULL)};
	return ret;
}

static inline struct constructs_other_foreigner_visit_results_b constructs_other_foreigner_visit_results_init(
	struct vat_ptr_b p)
{
	struct constructs_other_foreigner_visit_results_b ret = {
		vat_init_struct(p, CONSTRUCTS_OTHER_FOREIGNER_VISIT_RESULTS_DATA_WORDS,
			CONSTRUCTS_OTHER_FOREIGNER_VISIT_RESULTS_PTRS)};
	return ret;
}

static inline struct constructs_other_foreigner_visit_results_r constructs_other_foreigner_visit_results_root(
	struct vat_message *m)
{
	struct constructs_other_foreigner_visit_results_r ret = {vat_ptr_struct(vat_root(m), NULL)};
	return ret;
}

static inline struct constructs_other_foreigner_visit_results_b constructs_other_foreigner_visit_results_init_root(
	struct vat_message *m)
{
	struct constructs_other_foreigner_visit_results_b ret = {
		vat_init_struct(vat_root_b(m), CONSTRUCTS_OTHER_FOREIGNER_VISIT_RESULTS_DATA_WORDS,
			CONSTRUCTS_OTHER_FOREIGNER_VISIT_RESULTS_PTRS)};
	return ret;
}

static inline struct constructs_other_foreigner_visit_results_b constructs_other_foreigner_visit_results_edit_root(
	struct vat_message *m)
{
	struct constructs_other_foreigner_visit_results_b ret = {
		vat_get_struct_b(vat_root_b(m), CONSTRUCTS_OTHER_FOREIGNER_VISIT_RESULTS_DATA_WORDS,
			CONSTRUCTS_OTHER_FOREIGNER_VISIT_RESULTS_PTRS, NULL)};
	return ret;
}

static inline void constructs_other_foreigner_visit_results_set_root(
	struct vat_message *m, struct constructs_other_foreigner_visit_results_r v)
{
	vat_set_struct(vat_root_b(m), v.s);
}

static inline struct constructs_other_foreigner_visit_results_r constructs_other_foreigner_visit_results_at(
	struct constructs_other_foreigner_visit_results_list_r list, uint32_t i)
{
	struct constructs_other_foreigner_visit_results_r ret = {vat_list_struct(list.l, i)};
	return ret;
}

static inline struct constructs_other_foreigner_visit_results_b constructs_other_foreigner_visit_results_at_b(
	struct constructs_other_foreigner_visit_results_list_b list, uint32_t i)
{
	struct constructs_other_foreigner_visit_results_b ret = {vat_list_struct_b(list.l, i)};
	return ret;
}

static inline struct constructs_other_foreigner_visit_results_list_r constructs_other_foreigner_visit_results_list_b_r(
	struct constructs_other_foreigner_visit_results_list_b list)
{
	struct constructs_other_foreigner_visit_results_list_r ret = {vat_list_b_r(list.l)};
	return ret;
}

static inline struct vat_schema constructs_other_foreigner_visit_results_schema(void)
{
	struct vat_schema ret = {&constructs_other_schema_file, CONSTRUCTS_OTHER_FOREIGNER_VISIT_RESULTS_TYPE_ID};
	return ret;
}

static inline struct constructs_other_foreigner_visit_results_r constructs_other_foreigner_visit_results_b_r(
	struct constructs_other_foreigner_visit_results_b b)
{
	struct constructs_other_foreigner_visit_results_r ret = {vat_struct_b_r(b.s)};
	return ret;
}

static inline struct con_diamond_c constructs_other_foreigner_visit_results_get_back(
	struct constructs_other_foreigner_visit_results_r r)
{
	struct con_diamond_c ret = {vat_ptr_cap(vat_ptr_at(r.s, 0))};
	return ret;
}

static inline bool constructs_other_foreigner_visit_results_has_back(
	struct constructs_other_foreigner_visit_results_r r)
{
	return !vat_ptr_is_null(vat_ptr_at(r.s, 0));
}

static inline void constructs_other_foreigner_visit_results_set_back(
	struct constructs_other_foreigner_visit_results_b b, struct con_diamond_c v)
{
	vat_set_cap(vat_ptr_at_b(b.s, 0), v.cap);
}

static inline struct con_diamond_c constructs_other_foreigner_visit_results_pipe_back(
	struct constructs_other_foreigner_visit_results_p p)
{
	struct con_diamond_c ret = {vat_pipe_cap(p.p, 0)};
	return ret;
}

/* ---- constructs-other.capnp:Twin */

static inline struct constructs_other_twin_c constructs_other_twin_cast(struct vat_cap *cap)
{
	struct constructs_other_twin_c ret = {cap};
	return ret;
}

static inline struct constructs_other_twin_c constructs_other_twin_ref(
	struct constructs_other_twin_c c)
{
	struct constructs_other_twin_c ret = {vat_cap_ref(c.cap)};
	return ret;
}

static inline void constructs_other_twin_unref(struct constructs_other_twin_c c)
{
	vat_cap_unref(c.cap);
}

static inline struct constructs_other_twin_c constructs_other_twin_from(struct vat_ptr_r p)
{
	struct constructs_other_twin_c ret = {vat_ptr_cap(p)};
	return ret;
}

static inline struct constructs_other_twin_c constructs_other_twin_list_at(
	struct vat_list_r list, uint32_t i)
{
	struct constructs_other_twin_c ret = {vat_ptr_cap(vat_list_ptr(list, i))};
	return ret;
}

static inline void constructs_other_twin_list_set_at(
	struct vat_list_b list, uint32_t i, struct constructs_other_twin_c c)
{
	vat_set_cap(vat_list_ptr_b(list, i), c.cap);
}

static inline struct constructs_other_twin_there_req constructs_other_twin_there(
	struct vat *v, struct constructs_other_twin_c c)
{
	struct constructs_other_twin_there_req req;
	req.call = vat_call_for(v, c.cap, &constructs_other_twin_interface, 0);
	req.params.s = vat_init_struct(vat_call_params(req.call),
		CONSTRUCTS_OTHER_TWIN_THERE_PARAMS_DATA_WORDS,
			CONSTRUCTS_OTHER_TWIN_THERE_PARAMS_PTRS);
	return req;
}

static inline void constructs_other_twin_there_send(
	struct constructs_other_twin_there_req req, vat_done done, void *user)
{
	vat_call_send(req.call, done, user);
}

static inline void constructs_other_twin_there_tail(
	struct vat_ctx *ctx, struct constructs_other_twin_there_req req)
{
	vat_ctx_tail_call(ctx, req.call);
}

static inline struct constructs_other_twin_there_params_r constructs_other_twin_there_params(
	struct constructs_other_twin_there_ctx cx)
{
	struct constructs_other_twin_there_params_r ret = {
		vat_ptr_struct(vat_ctx_params(cx.ctx), NULL)};
	return ret;
}

static inline struct constructs_other_twin_there_results_b constructs_other_twin_there_results(
	struct constructs_other_twin_there_ctx cx)
{
	struct constructs_other_twin_there_results_b ret = {
		vat_get_struct_b(vat_ctx_results(cx.ctx), CONSTRUCTS_OTHER_TWIN_THERE_RESULTS_DATA_WORDS,
			CONSTRUCTS_OTHER_TWIN_THERE_RESULTS_PTRS, NULL)};
	return ret;
}

static inline struct constructs_other_twin_c constructs_other_twin_serve(
	struct vat *v, const struct constructs_other_twin_impl *impl, void *self, void (*destroy)(void *self))
{
	struct constructs_other_twin_c ret = {
		vat_serve(v, &constructs_other_twin_interface, impl, self, destroy)};
	return ret;
}

/* ---- constructs-other.capnp:Twin.there$Params */

static inline struct constructs_other_twin_there_params_r constructs_other_twin_there_params_from(
	struct vat_ptr_r p)
{
	struct constructs_other_twin_there_params_r ret = {vat_ptr_struct(p, NULL)};
	return ret;
}

static inline struct constructs_other_twin_there_params_b constructs_other_twin_there_params_init(
	struct vat_ptr_b p)
{
	struct constructs_other_twin_there_params_b ret = {
		vat_init_struct(p, CONSTRUCTS_OTHER_TWIN_THERE_PARAMS_DATA_WORDS,
			CONSTRUCTS_OTHER_TWIN_THERE_PARAMS_PTRS)};
	return ret;
}

static inline struct constructs_other_twin_there_params_r constructs_other_twin_there_params_root(
	struct vat_message *m)
{
	struct constructs_other_twin_there_params_r ret = {vat_ptr_struct(vat_root(m), NULL)};
	return ret;
}

static inline struct constructs_other_twin_there_params_b constructs_other_twin_there_params_init_root(
	struct vat_message *m)
{
	struct constructs_other_twin_there_params_b ret = {
		vat_init_struct(vat_root_b(m), CONSTRUCTS_OTHER_TWIN_THERE_PARAMS_DATA_WORDS,
			CONSTRUCTS_OTHER_TWIN_THERE_PARAMS_PTRS)};
	return ret;
}

static inline struct constructs_other_twin_there_params_b constructs_other_twin_there_params_edit_root(
	struct vat_message *m)
{
	struct constructs_other_twin_there_params_b ret = {
		vat_get_struct_b(vat_root_b(m), CONSTRUCTS_OTHER_TWIN_THERE_PARAMS_DATA_WORDS,
			CONSTRUCTS_OTHER_TWIN_THERE_PARAMS_PTRS, NULL)};
	return ret;
}

static inline void constructs_other_twin_there_params_set_root(
	struct vat_message *m, struct constructs_other_twin_there_params_r v)
{
	vat_set_struct(vat_root_b(m), v.s);
}

static inline struct constructs_other_twin_there_params_r constructs_other_twin_there_params_at(
	struct constructs_other_twin_there_params_list_r list, uint32_t i)
{
	struct constructs_other_twin_there_params_r ret = {vat_list_struct(list.l, i)};
	return ret;
}

static inline struct constructs_other_twin_there_params_b constructs_other_twin_there_params_at_b(
	struct constructs_other_twin_there_params_list_b list, uint32_t i)
{
	struct constructs_other_twin_there_params_b ret = {vat_list_struct_b(list.l, i)};
	return ret;
}

static inline struct constructs_other_twin_there_params_list_r constructs_other_twin_there_params_list_b_r(
	struct constructs_other_twin_there_params_list_b list)
{
	struct constructs_other_twin_there_params_list_r ret = {vat_list_b_r(list.l)};
	return ret;
}

static inline struct vat_schema constructs_other_twin_there_params_schema(void)
{
	struct vat_schema ret = {&constructs_other_schema_file, CONSTRUCTS_OTHER_TWIN_THERE_PARAMS_TYPE_ID};
	return ret;
}

static inline struct constructs_other_twin_there_params_r constructs_other_twin_there_params_b_r(
	struct constructs_other_twin_there_params_b b)
{
	struct constructs_other_twin_there_params_r ret = {vat_struct_b_r(b.s)};
	return ret;
}

/* ---- constructs-other.capnp:Twin.there$Results */

static inline struct constructs_other_twin_there_results_r constructs_other_twin_there_results_from(
	struct vat_ptr_r p)
{
	struct constructs_other_twin_there_results_r ret = {vat_ptr_struct(p, NULL)};
	return ret;
}

static inline struct constructs_other_twin_there_results_b constructs_other_twin_there_results_init(
	struct vat_ptr_b p)
{
	struct constructs_other_twin_there_results_b ret = {
		vat_init_struct(p, CONSTRUCTS_OTHER_TWIN_THERE_RESULTS_DATA_WORDS,
			CONSTRUCTS_OTHER_TWIN_THERE_RESULTS_PTRS)};
	return ret;
}

static inline struct constructs_other_twin_there_results_r constructs_other_twin_there_results_root(
	struct vat_message *m)
{
	struct constructs_other_twin_there_results_r ret = {vat_ptr_struct(vat_root(m), NULL)};
	return ret;
}

static inline struct constructs_other_twin_there_results_b constructs_other_twin_there_results_init_root(
	struct vat_message *m)
{
	struct constructs_other_twin_there_results_b ret = {
		vat_init_struct(vat_root_b(m), CONSTRUCTS_OTHER_TWIN_THERE_RESULTS_DATA_WORDS,
			CONSTRUCTS_OTHER_TWIN_THERE_RESULTS_PTRS)};
	return ret;
}

static inline struct constructs_other_twin_there_results_b constructs_other_twin_there_results_edit_root(
	struct vat_message *m)
{
	struct constructs_other_twin_there_results_b ret = {
		vat_get_struct_b(vat_root_b(m), CONSTRUCTS_OTHER_TWIN_THERE_RESULTS_DATA_WORDS,
			CONSTRUCTS_OTHER_TWIN_THERE_RESULTS_PTRS, NULL)};
	return ret;
}

static inline void constructs_other_twin_there_results_set_root(
	struct vat_message *m, struct constructs_other_twin_there_results_r v)
{
	vat_set_struct(vat_root_b(m), v.s);
}

static inline struct constructs_other_twin_there_results_r constructs_other_twin_there_results_at(
	struct constructs_other_twin_there_results_list_r list, uint32_t i)
{
	struct constructs_other_twin_there_results_r ret = {vat_list_struct(list.l, i)};
	return ret;
}

static inline struct constructs_other_twin_there_results_b constructs_other_twin_there_results_at_b(
	struct constructs_other_twin_there_results_list_b list, uint32_t i)
{
	struct constructs_other_twin_there_results_b ret = {vat_list_struct_b(list.l, i)};
	return ret;
}

static inline struct constructs_other_twin_there_results_list_r constructs_other_twin_there_results_list_b_r(
	struct constructs_other_twin_there_results_list_b list)
{
	struct constructs_other_twin_there_results_list_r ret = {vat_list_b_r(list.l)};
	return ret;
}

static inline struct vat_schema constructs_other_twin_there_results_schema(void)
{
	struct vat_schema ret = {&constructs_other_schema_file, CONSTRUCTS_OTHER_TWIN_THERE_RESULTS_TYPE_ID};
	return ret;
}

static inline struct constructs_other_twin_there_results_r constructs_other_twin_there_results_b_r(
	struct constructs_other_twin_there_results_b b)
{
	struct constructs_other_twin_there_results_r ret = {vat_struct_b_r(b.s)};
	return ret;
}

/* ---- constructs-other.capnp:Ping */

static inline struct constructs_other_ping_c constructs_other_ping_cast(struct vat_cap *cap)
{
	struct constructs_other_ping_c ret = {cap};
	return ret;
}

static inline struct constructs_other_ping_c constructs_other_ping_ref(
	struct constructs_other_ping_c c)
{
	struct constructs_other_ping_c ret = {vat_cap_ref(c.cap)};
	return ret;
}

static inline void constructs_other_ping_unref(struct constructs_other_ping_c c)
{
	vat_cap_unref(c.cap);
}

static inline struct constructs_other_ping_c constructs_other_ping_from(struct vat_ptr_r p)
{
	struct constructs_other_ping_c ret = {vat_ptr_cap(p)};
	return ret;
}

static inline struct constructs_other_ping_c constructs_other_ping_list_at(
	struct vat_list_r list, uint32_t i)
{
	struct constructs_other_ping_c ret = {vat_ptr_cap(vat_list_ptr(list, i))};
	return ret;
}

static inline void constructs_other_ping_list_set_at(
	struct vat_list_b list, uint32_t i, struct constructs_other_ping_c c)
{
	vat_set_cap(vat_list_ptr_b(list, i), c.cap);
}

static inline struct con_pong_c constructs_other_ping_as_pong(struct constructs_other_ping_c c)
{
	struct con_pong_c ret = {c.cap};
	return ret;
}

static inline struct constructs_other_ping_ping_req constructs_other_ping_ping(
	struct vat *v, struct constructs_other_ping_c c)
{
	struct constructs_other_ping_ping_req req;
	req.call = vat_call_for(v, c.cap, &constructs_other_ping_interface, 0);
	req.params.s = vat_init_struct(vat_call_params(req.call),
		CONSTRUCTS_OTHER_PING_PING_PARAMS_DATA_WORDS,
			CONSTRUCTS_OTHER_PING_PING_PARAMS_PTRS);
	return req;
}

static inline void constructs_other_ping_ping_send(
	struct constructs_other_ping_ping_req req, vat_done done, void *user)
{
	vat_call_send(req.call, done, user);
}

static inline void constructs_other_ping_ping_tail(
	struct vat_ctx *ctx, struct constructs_other_ping_ping_req req)
{
	vat_ctx_tail_call(ctx, req.call);
}

static inline struct constructs_other_ping_ping_params_r constructs_other_ping_ping_params(
	struct constructs_other_ping_ping_ctx cx)
{
	struct constructs_other_ping_ping_params_r ret = {
		vat_ptr_struct(vat_ctx_params(cx.ctx), NULL)};
	return ret;
}

static inline struct constructs_other_ping_ping_results_b constructs_other_ping_ping_results(
	struct constructs_other_ping_ping_ctx cx)
{
	struct constructs_other_ping_ping_results_b ret = {
		vat_get_struct_b(vat_ctx_results(cx.ctx), CONSTRUCTS_OTHER_PING_PING_RESULTS_DATA_WORDS,
			CONSTRUCTS_OTHER_PING_PING_RESULTS_PTRS, NULL)};
	return ret;
}

static inline struct constructs_other_ping_c constructs_other_ping_serve(
	struct vat *v, const struct constructs_other_ping_impl *impl, void *self, void (*destroy)(void *self))
{
	struct constructs_other_ping_c ret = {
		vat_serve(v, &constructs_other_ping_interface, impl, self, destroy)};
	return ret;
}

/* ---- constructs-other.capnp:Ping.ping$Params */

static inline struct constructs_other_ping_ping_params_r constructs_other_ping_ping_params_from(
	struct vat_ptr_r p)
{
	struct constructs_other_ping_ping_params_r ret = {vat_ptr_struct(p, NULL)};
	return ret;
}

static inline struct constructs_other_ping_ping_params_b constructs_other_ping_ping_params_init(
	struct vat_ptr_b p)
{
	struct constructs_other_ping_ping_params_b ret = {
		vat_init_struct(p, CONSTRUCTS_OTHER_PING_PING_PARAMS_DATA_WORDS,
			CONSTRUCTS_OTHER_PING_PING_PARAMS_PTRS)};
	return ret;
}

static inline struct constructs_other_ping_ping_params_r constructs_other_ping_ping_params_root(
	struct vat_message *m)
{
	struct constructs_other_ping_ping_params_r ret = {vat_ptr_struct(vat_root(m), NULL)};
	return ret;
}

static inline struct constructs_other_ping_ping_params_b constructs_other_ping_ping_params_init_root(
	struct vat_message *m)
{
	struct constructs_other_ping_ping_params_b ret = {
		vat_init_struct(vat_root_b(m), CONSTRUCTS_OTHER_PING_PING_PARAMS_DATA_WORDS,
			CONSTRUCTS_OTHER_PING_PING_PARAMS_PTRS)};
	return ret;
}

static inline struct constructs_other_ping_ping_params_b constructs_other_ping_ping_params_edit_root(
	struct vat_message *m)
{
	struct constructs_other_ping_ping_params_b ret = {
		vat_get_struct_b(vat_root_b(m), CONSTRUCTS_OTHER_PING_PING_PARAMS_DATA_WORDS,
			CONSTRUCTS_OTHER_PING_PING_PARAMS_PTRS, NULL)};
	return ret;
}

static inline void constructs_other_ping_ping_params_set_root(
	struct vat_message *m, struct constructs_other_ping_ping_params_r v)
{
	vat_set_struct(vat_root_b(m), v.s);
}

static inline struct constructs_other_ping_ping_params_r constructs_other_ping_ping_params_at(
	struct constructs_other_ping_ping_params_list_r list, uint32_t i)
{
	struct constructs_other_ping_ping_params_r ret = {vat_list_struct(list.l, i)};
	return ret;
}

static inline struct constructs_other_ping_ping_params_b constructs_other_ping_ping_params_at_b(
	struct constructs_other_ping_ping_params_list_b list, uint32_t i)
{
	struct constructs_other_ping_ping_params_b ret = {vat_list_struct_b(list.l, i)};
	return ret;
}

static inline struct constructs_other_ping_ping_params_list_r constructs_other_ping_ping_params_list_b_r(
	struct constructs_other_ping_ping_params_list_b list)
{
	struct constructs_other_ping_ping_params_list_r ret = {vat_list_b_r(list.l)};
	return ret;
}

static inline struct vat_schema constructs_other_ping_ping_params_schema(void)
{
	struct vat_schema ret = {&constructs_other_schema_file, CONSTRUCTS_OTHER_PING_PING_PARAMS_TYPE_ID};
	return ret;
}

static inline struct constructs_other_ping_ping_params_r constructs_other_ping_ping_params_b_r(
	struct constructs_other_ping_ping_params_b b)
{
	struct constructs_other_ping_ping_params_r ret = {vat_struct_b_r(b.s)};
	return ret;
}

/* ---- constructs-other.capnp:Ping.ping$Results */

static inline struct constructs_other_ping_ping_results_r constructs_other_ping_ping_results_from(
	struct vat_ptr_r p)
{
	struct constructs_other_ping_ping_results_r ret = {vat_ptr_struct(p, NULL)};
	return ret;
}

static inline struct constructs_other_ping_ping_results_b constructs_other_ping_ping_results_init(
	struct vat_ptr_b p)
{
	struct constructs_other_ping_ping_results_b ret = {
		vat_init_struct(p, CONSTRUCTS_OTHER_PING_PING_RESULTS_DATA_WORDS,
			CONSTRUCTS_OTHER_PING_PING_RESULTS_PTRS)};
	return ret;
}

static inline struct constructs_other_ping_ping_results_r constructs_other_ping_ping_results_root(
	struct vat_message *m)
{
	struct constructs_other_ping_ping_results_r ret = {vat_ptr_struct(vat_root(m), NULL)};
	return ret;
}

static inline struct constructs_other_ping_ping_results_b constructs_other_ping_ping_results_init_root(
	struct vat_message *m)
{
	struct constructs_other_ping_ping_results_b ret = {
		vat_init_struct(vat_root_b(m), CONSTRUCTS_OTHER_PING_PING_RESULTS_DATA_WORDS,
			CONSTRUCTS_OTHER_PING_PING_RESULTS_PTRS)};
	return ret;
}

static inline struct constructs_other_ping_ping_results_b constructs_other_ping_ping_results_edit_root(
	struct vat_message *m)
{
	struct constructs_other_ping_ping_results_b ret = {
		vat_get_struct_b(vat_root_b(m), CONSTRUCTS_OTHER_PING_PING_RESULTS_DATA_WORDS,
			CONSTRUCTS_OTHER_PING_PING_RESULTS_PTRS, NULL)};
	return ret;
}

static inline void constructs_other_ping_ping_results_set_root(
	struct vat_message *m, struct constructs_other_ping_ping_results_r v)
{
	vat_set_struct(vat_root_b(m), v.s);
}

static inline struct constructs_other_ping_ping_results_r constructs_other_ping_ping_results_at(
	struct constructs_other_ping_ping_results_list_r list, uint32_t i)
{
	struct constructs_other_ping_ping_results_r ret = {vat_list_struct(list.l, i)};
	return ret;
}

static inline struct constructs_other_ping_ping_results_b constructs_other_ping_ping_results_at_b(
	struct constructs_other_ping_ping_results_list_b list, uint32_t i)
{
	struct constructs_other_ping_ping_results_b ret = {vat_list_struct_b(list.l, i)};
	return ret;
}

static inline struct constructs_other_ping_ping_results_list_r constructs_other_ping_ping_results_list_b_r(
	struct constructs_other_ping_ping_results_list_b list)
{
	struct constructs_other_ping_ping_results_list_r ret = {vat_list_b_r(list.l)};
	return ret;
}

static inline struct vat_schema constructs_other_ping_ping_results_schema(void)
{
	struct vat_schema ret = {&constructs_other_schema_file, CONSTRUCTS_OTHER_PING_PING_RESULTS_TYPE_ID};
	return ret;
}

static inline struct constructs_other_ping_ping_results_r constructs_other_ping_ping_results_b_r(
	struct constructs_other_ping_ping_results_b b)
{
	struct constructs_other_ping_ping_results_r ret = {vat_struct_b_r(b.s)};
	return ret;
}

/* ---- constructs-other.capnp:Bottom */

static inline struct constructs_other_bottom_c constructs_other_bottom_cast(struct vat_cap *cap)
{
	struct constructs_other_bottom_c ret = {cap};
	return ret;
}

static inline struct constructs_other_bottom_c constructs_other_bottom_ref(
	struct constructs_other_bottom_c c)
{
	struct constructs_other_bottom_c ret = {vat_cap_ref(c.cap)};
	return ret;
}

static inline void constructs_other_bottom_unref(struct constructs_other_bottom_c c)
{
	vat_cap_unref(c.cap);
}

static inline struct constructs_other_bottom_c constructs_other_bottom_from(struct vat_ptr_r p)
{
	struct constructs_other_bottom_c ret = {vat_ptr_cap(p)};
	return ret;
}

static inline struct constructs_other_bottom_c constructs_other_bottom_list_at(
	struct vat_list_r list, uint32_t i)
{
	struct constructs_other_bottom_c ret = {vat_ptr_cap(vat_list_ptr(list, i))};
	return ret;
}

static inline void constructs_other_bottom_list_set_at(
	struct vat_list_b list, uint32_t i, struct constructs_other_bottom_c c)
{
	vat_set_cap(vat_list_ptr_b(list, i), c.cap);
}

static inline struct constructs_other_bottom_bottom_req constructs_other_bottom_bottom(
	struct vat *v, struct constructs_other_bottom_c c)
{
	struct constructs_other_bottom_bottom_req req;
	req.call = vat_call_for(v, c.cap, &constructs_other_bottom_interface, 0);
	req.params.s = vat_init_struct(vat_call_params(req.call),
		CONSTRUCTS_OTHER_BOTTOM_BOTTOM_PARAMS_DATA_WORDS,
			CONSTRUCTS_OTHER_BOTTOM_BOTTOM_PARAMS_PTRS);
	return req;
}

static inline void constructs_other_bottom_bottom_send(
	struct constructs_other_bottom_bottom_req req, vat_done done, void *user)
{
	vat_call_send(req.call, done, user);
}

static inline void constructs_other_bottom_bottom_tail(
	struct vat_ctx *ctx, struct constructs_other_bottom_bottom_req req)
{
	vat_ctx_tail_call(ctx, req.call);
}

static inline struct constructs_other_bottom_bottom_params_r constructs_other_bottom_bottom_params(
	struct constructs_other_bottom_bottom_ctx cx)
{
	struct constructs_other_bottom_bottom_params_r ret = {
		vat_ptr_struct(vat_ctx_params(cx.ctx), NULL)};
	return ret;
}

static inline struct constructs_other_bottom_bottom_results_b constructs_other_bottom_bottom_results(
	struct constructs_other_bottom_bottom_ctx cx)
{
	struct constructs_other_bottom_bottom_results_b ret = {
		vat_get_struct_b(vat_ctx_results(cx.ctx), CONSTRUCTS_OTHER_BOTTOM_BOTTOM_RESULTS_DATA_WORDS,
			CONSTRUCTS_OTHER_BOTTOM_BOTTOM_RESULTS_PTRS, NULL)};
	return ret;
}

static inline struct constructs_other_bottom_c constructs_other_bottom_serve(
	struct vat *v, const struct constructs_other_bottom_impl *impl, void *self, void (*destroy)(void *self))
{
	struct constructs_other_bottom_c ret = {
		vat_serve(v, &constructs_other_bottom_interface, impl, self, destroy)};
	return ret;
}

/* ---- constructs-other.capnp:Bottom.bottom$Params */

static inline struct constructs_other_bottom_bottom_params_r constructs_other_bottom_bottom_params_from(
	struct vat_ptr_r p)
{
	struct constructs_other_bottom_bottom_params_r ret = {vat_ptr_struct(p, NULL)};
	return ret;
}

static inline struct constructs_other_bottom_bottom_params_b constructs_other_bottom_bottom_params_init(
	struct vat_ptr_b p)
{
	struct constructs_other_bottom_bottom_params_b ret = {
		vat_init_struct(p, CONSTRUCTS_OTHER_BOTTOM_BOTTOM_PARAMS_DATA_WORDS,
			CONSTRUCTS_OTHER_BOTTOM_BOTTOM_PARAMS_PTRS)};
	return ret;
}

static inline struct constructs_other_bottom_bottom_params_r constructs_other_bottom_bottom_params_root(
	struct vat_message *m)
{
	struct constructs_other_bottom_bottom_params_r ret = {vat_ptr_struct(vat_root(m), NULL)};
	return ret;
}

static inline struct constructs_other_bottom_bottom_params_b constructs_other_bottom_bottom_params_init_root(
	struct vat_message *m)
{
	struct constructs_other_bottom_bottom_params_b ret = {
		vat_init_struct(vat_root_b(m), CONSTRUCTS_OTHER_BOTTOM_BOTTOM_PARAMS_DATA_WORDS,
			CONSTRUCTS_OTHER_BOTTOM_BOTTOM_PARAMS_PTRS)};
	return ret;
}

static inline struct constructs_other_bottom_bottom_params_b constructs_other_bottom_bottom_params_edit_root(
	struct vat_message *m)
{
	struct constructs_other_bottom_bottom_params_b ret = {
		vat_get_struct_b(vat_root_b(m), CONSTRUCTS_OTHER_BOTTOM_BOTTOM_PARAMS_DATA_WORDS,
			CONSTRUCTS_OTHER_BOTTOM_BOTTOM_PARAMS_PTRS, NULL)};
	return ret;
}

static inline void constructs_other_bottom_bottom_params_set_root(
	struct vat_message *m, struct constructs_other_bottom_bottom_params_r v)
{
	vat_set_struct(vat_root_b(m), v.s);
}

static inline struct constructs_other_bottom_bottom_params_r constructs_other_bottom_bottom_params_at(
	struct constructs_other_bottom_bottom_params_list_r list, uint32_t i)
{
	struct constructs_other_bottom_bottom_params_r ret = {vat_list_struct(list.l, i)};
	return ret;
}

static inline struct constructs_other_bottom_bottom_params_b constructs_other_bottom_bottom_params_at_b(
	struct constructs_other_bottom_bottom_params_list_b list, uint32_t i)
{
	struct constructs_other_bottom_bottom_params_b ret = {vat_list_struct_b(list.l, i)};
	return ret;
}

static inline struct constructs_other_bottom_bottom_params_list_r constructs_other_bottom_bottom_params_list_b_r(
	struct constructs_other_bottom_bottom_params_list_b list)
{
	struct constructs_other_bottom_bottom_params_list_r ret = {vat_list_b_r(list.l)};
	return ret;
}

static inline struct vat_schema constructs_other_bottom_bottom_params_schema(void)
{
	struct vat_schema ret = {&constructs_other_schema_file, CONSTRUCTS_OTHER_BOTTOM_BOTTOM_PARAMS_TYPE_ID};
	return ret;
}

static inline struct constructs_other_bottom_bottom_params_r constructs_other_bottom_bottom_params_b_r(
	struct constructs_other_bottom_bottom_params_b b)
{
	struct constructs_other_bottom_bottom_params_r ret = {vat_struct_b_r(b.s)};
	return ret;
}

/* ---- constructs-other.capnp:Bottom.bottom$Results */

static inline struct constructs_other_bottom_bottom_results_r constructs_other_bottom_bottom_results_from(
	struct vat_ptr_r p)
{
	struct constructs_other_bottom_bottom_results_r ret = {vat_ptr_struct(p, NULL)};
	return ret;
}

static inline struct constructs_other_bottom_bottom_results_b constructs_other_bottom_bottom_results_init(
	struct vat_ptr_b p)
{
	struct constructs_other_bottom_bottom_results_b ret = {
		vat_init_struct(p, CONSTRUCTS_OTHER_BOTTOM_BOTTOM_RESULTS_DATA_WORDS,
			CONSTRUCTS_OTHER_BOTTOM_BOTTOM_RESULTS_PTRS)};
	return ret;
}

static inline struct constructs_other_bottom_bottom_results_r constructs_other_bottom_bottom_results_root(
	struct vat_message *m)
{
	struct constructs_other_bottom_bottom_results_r ret = {vat_ptr_struct(vat_root(m), NULL)};
	return ret;
}

static inline struct constructs_other_bottom_bottom_results_b constructs_other_bottom_bottom_results_init_root(
	struct vat_message *m)
{
	struct constructs_other_bottom_bottom_results_b ret = {
		vat_init_struct(vat_root_b(m), CONSTRUCTS_OTHER_BOTTOM_BOTTOM_RESULTS_DATA_WORDS,
			CONSTRUCTS_OTHER_BOTTOM_BOTTOM_RESULTS_PTRS)};
	return ret;
}

static inline struct constructs_other_bottom_bottom_results_b constructs_other_bottom_bottom_results_edit_root(
	struct vat_message *m)
{
	struct constructs_other_bottom_bottom_results_b ret = {
		vat_get_struct_b(vat_root_b(m), CONSTRUCTS_OTHER_BOTTOM_BOTTOM_RESULTS_DATA_WORDS,
			CONSTRUCTS_OTHER_BOTTOM_BOTTOM_RESULTS_PTRS, NULL)};
	return ret;
}

static inline void constructs_other_bottom_bottom_results_set_root(
	struct vat_message *m, struct constructs_other_bottom_bottom_results_r v)
{
	vat_set_struct(vat_root_b(m), v.s);
}

static inline struct constructs_other_bottom_bottom_results_r constructs_other_bottom_bottom_results_at(
	struct constructs_other_bottom_bottom_results_list_r list, uint32_t i)
{
	struct constructs_other_bottom_bottom_results_r ret = {vat_list_struct(list.l, i)};
	return ret;
}

static inline struct constructs_other_bottom_bottom_results_b constructs_other_bottom_bottom_results_at_b(
	struct constructs_other_bottom_bottom_results_list_b list, uint32_t i)
{
	struct constructs_other_bottom_bottom_results_b ret = {vat_list_struct_b(list.l, i)};
	return ret;
}

static inline struct constructs_other_bottom_bottom_results_list_r constructs_other_bottom_bottom_results_list_b_r(
	struct constructs_other_bottom_bottom_results_list_b list)
{
	struct constructs_other_bottom_bottom_results_list_r ret = {vat_list_b_r(list.l)};
	return ret;
}

static inline struct vat_schema constructs_other_bottom_bottom_results_schema(void)
{
	struct vat_schema ret = {&constructs_other_schema_file, CONSTRUCTS_OTHER_BOTTOM_BOTTOM_RESULTS_TYPE_ID};
	return ret;
}

static inline struct constructs_other_bottom_bottom_results_r constructs_other_bottom_bottom_results_b_r(
	struct constructs_other_bottom_bottom_results_b b)
{
	struct constructs_other_bottom_bottom_results_r ret = {vat_struct_b_r(b.s)};
	return ret;
}

/* ---- constructs-other.capnp:Pair */

static inline struct constructs_other_pair_r constructs_other_pair_from(struct vat_ptr_r p)
{
	struct constructs_other_pair_r ret = {vat_ptr_struct(p, NULL)};
	return ret;
}

static inline struct constructs_other_pair_b constructs_other_pair_init(struct vat_ptr_b p)
{
	struct constructs_other_pair_b ret = {
		vat_init_struct(p, CONSTRUCTS_OTHER_PAIR_DATA_WORDS, CONSTRUCTS_OTHER_PAIR_PTRS)};
	return ret;
}

static inline struct constructs_other_pair_r constructs_other_pair_root(struct vat_message *m)
{
	struct constructs_other_pair_r ret = {vat_ptr_struct(vat_root(m), NULL)};
	return ret;
}

static inline struct constructs_other_pair_b constructs_other_pair_init_root(struct vat_message *m)
{
	struct constructs_other_pair_b ret = {
		vat_init_struct(vat_root_b(m), CONSTRUCTS_OTHER_PAIR_DATA_WORDS, CONSTRUCTS_OTHER_PAIR_PTRS)};
	return ret;
}

static inline struct constructs_other_pair_b constructs_other_pair_edit_root(struct vat_message *m)
{
	struct constructs_other_pair_b ret = {
		vat_get_struct_b(vat_root_b(m), CONSTRUCTS_OTHER_PAIR_DATA_WORDS, CONSTRUCTS_OTHER_PAIR_PTRS, NULL)};
	return ret;
}

static inline void constructs_other_pair_set_root(
	struct vat_message *m, struct constructs_other_pair_r v)
{
	vat_set_struct(vat_root_b(m), v.s);
}

static inline struct constructs_other_pair_r constructs_other_pair_at(
	struct constructs_other_pair_list_r list, uint32_t i)
{
	struct constructs_other_pair_r ret = {vat_list_struct(list.l, i)};
	return ret;
}

static inline struct constructs_other_pair_b constructs_other_pair_at_b(
	struct constructs_other_pair_list_b list, uint32_t i)
{
	struct constructs_other_pair_b ret = {vat_list_struct_b(list.l, i)};
	return ret;
}

static inline struct constructs_other_pair_list_r constructs_other_pair_list_b_r(
	struct constructs_other_pair_list_b list)
{
	struct constructs_other_pair_list_r ret = {vat_list_b_r(list.l)};
	return ret;
}

static inline struct vat_schema constructs_other_pair_schema(void)
{
	struct vat_schema ret = {&constructs_other_schema_file, CONSTRUCTS_OTHER_PAIR_TYPE_ID};
	return ret;
}

static inline struct constructs_other_pair_r constructs_other_pair_b_r(
	struct constructs_other_pair_b b)
{
	struct constructs_other_pair_r ret = {vat_struct_b_r(b.s)};
	return ret;
}

static inline struct vat_ptr_r constructs_other_pair_get_first(struct constructs_other_pair_r r)
{
	return vat_ptr_at(r.s, 0);
}

static inline bool constructs_other_pair_has_first(struct constructs_other_pair_r r)
{
	return !vat_ptr_is_null(vat_ptr_at(r.s, 0));
}

static inline void constructs_other_pair_set_first(
	struct constructs_other_pair_b b, struct vat_ptr_r v)
{
	vat_set_ptr(vat_ptr_at_b(b.s, 0), v);
}

static inline struct vat_ptr_b constructs_other_pair_get_first_b(struct constructs_other_pair_b b)
{
	return vat_ptr_at_b(b.s, 0);
}

static inline struct vat_ptr_r constructs_other_pair_get_second(struct constructs_other_pair_r r)
{
	return vat_ptr_at(r.s, 1);
}

static inline bool constructs_other_pair_has_second(struct constructs_other_pair_r r)
{
	return !vat_ptr_is_null(vat_ptr_at(r.s, 1));
}

static inline void constructs_other_pair_set_second(
	struct constructs_other_pair_b b, struct vat_ptr_r v)
{
	vat_set_ptr(vat_ptr_at_b(b.s, 1), v);
}

static inline struct vat_ptr_b constructs_other_pair_get_second_b(struct constructs_other_pair_b b)
{
	return vat_ptr_at_b(b.s, 1);
}

static inline struct vat_cap *constructs_other_pair_pipe_first(struct constructs_other_pair_p p)
{
	return vat_pipe_cap(p.p, 0);
}

static inline struct vat_cap *constructs_other_pair_pipe_second(struct constructs_other_pair_p p)
{
	return vat_pipe_cap(p.p, 1);
}

#ifdef __cplusplus
}
#endif
