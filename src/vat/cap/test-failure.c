/* SPDX-License-Identifier: MIT */
/*
 * Memory that runs out: a scenario is played again and again, failing at the first allocation of
 * the library, the second, and so on (and, the other way, at one alone), until it comes through.
 * Every call is answered somehow, nothing leaks, nothing crashes.
 */
#include "vat/cap/test-famine.h"

enum { CALLS = 8 };

/* ---- objects that can do without memory ------------------------------------------------------ */

enum { GIVE_BACK, GIVE_NEW, PASS_ON, GIVE_PROMISE, REFUSE };

struct maker {
	struct vat *vat;
	unsigned made, gone;
};

static void make_call(void *self, uint64_t interface_id, uint16_t method, struct vat_ctx *ctx);

static void made_gone(void *self)
{
	((struct maker *)self)->gone++;
}

static struct vat_cap *make(struct maker *m)
{
	struct vat_cap *c = vat_serve_any(m->vat, make_call, m, made_gone);
	m->made += c != NULL;
	return c;
}

static void give(struct vat_ctx *ctx, struct vat_cap *takes)
{
	struct vat_struct_b b = vat_init_struct(vat_ctx_results(ctx), 0, 1);
	vat_set_cap(vat_ptr_at_b(b, 0), takes);
	vat_cap_unref(takes);
	vat_ctx_return(ctx);
}

static void make_call(void *self, uint64_t interface_id, uint16_t method, struct vat_ctx *ctx)
{
	struct maker *m = self;
	struct vat_ptr_r params = vat_ctx_params(ctx);
	struct vat_cap *cap = vat_ptr_cap(vat_ptr_at(vat_ptr_struct(params, NULL), 0));
	struct vat_cap *promise = NULL;
	struct vat_resolver *resolver;
	switch (method) {
	case GIVE_BACK:
		give(ctx, vat_cap_ref(cap));
		break;
	case GIVE_NEW:
		give(ctx, make(m));
		break;
	case PASS_ON:
		/* Once, not to itself for ever. */
		if (cap_inner(cap) == ctx->target)
			give(ctx, make(m));
		else
			vat_ctx_forward(ctx, cap);
		break;
	case GIVE_PROMISE:
		if (vat_promise(m->vat, &promise, &resolver) < 0) {
			vat_ctx_fail(ctx, VAT_OVERLOADED, "no memory");
			break;
		}
		vat_cap_ref(cap);
		give(ctx, promise);
		vat_resolve(resolver, cap);
		break;
	default:
		vat_ctx_fail(ctx, VAT_FAILED, "refused");
	}
}

/* ---- the scenario ---------------------------------------------------------------------------- */

struct scene {
	struct net net;
	struct maker makers[3];
	struct reply replies[CALLS];
	unsigned n;
};

/* Calls, if there is memory; the pipelined capability of the result in *ret_pipe. */
static void call(struct scene *s, struct vat_cap *to, uint16_t method, struct vat_cap *cap,
	struct vat_cap **ret_pipe)
{
	struct reply *r = &s->replies[s->n];
	uint16_t path = 0;
	begin();
	r->call = vat_call_new(s->net.vat[0], to, 1, method, 0);
	if (r->call) {
		struct vat_struct_b b = vat_init_struct(vat_call_params(r->call), 0, 1);
		vat_set_cap(vat_ptr_at_b(b, 0), cap);
		vat_call_send(r->call, reply_done, r);
		s->n++;
	}
	if (ret_pipe)
		*ret_pipe = vat_call_pipeline(r->call, &path, 1);
	end();
}

/* 0 calls 2 through 1, in every way. */
static void scenario(void)
{
	struct scene s = {0};
	net_init(&s.net, 3);
	struct vat_cap *boot[3];
	for (unsigned i = 0; i < 3; i++) {
		s.makers[i].vat = s.net.vat[i];
		boot[i] = make(&s.makers[i]);
	}
	struct net_link *bc = net_serve(&s.net, 1, 2, vat_cap_ref(boot[2]));
	begin();
	struct vat_cap *middle = vat_conn_bootstrap(bc->conn[0]);
	end();
	struct net_link *ab = net_serve(&s.net, 0, 1, middle);
	begin();
	struct vat_cap *c = vat_conn_bootstrap(ab->conn[0]);
	end();
	struct vat_cap *back, *made, *promise;
	call(&s, c, GIVE_BACK, boot[0], &back);
	call(&s, back, GIVE_NEW, NULL, &made);
	call(&s, c, GIVE_PROMISE, made, &promise);
	call(&s, promise, GIVE_BACK, promise, NULL);
	call(&s, c, PASS_ON, back, NULL);
	call(&s, c, REFUSE, NULL, NULL);
	play(&s.net);
	begin();
	struct vat_membrane *m = vat_membrane_new(s.net.vat[0], NULL);
	struct vat_cap *outside = m ? vat_membrane_wrap(m, c) : NULL;
	end();
	call(&s, outside, GIVE_BACK, boot[0], NULL);
	call(&s, back, GIVE_BACK, made, NULL);
	play(&s.net);
	if (m) {
		begin();
		vat_membrane_revoke(m, VAT_DISCONNECTED, "revoked");
		end();
	}
	vat_membrane_free(m);
	struct vat_cap *all[] = {boot[0], boot[1], boot[2], c, back, made, promise, outside};
	for (unsigned i = 0; i < ARRAY_SIZE(all); i++)
		vat_cap_unref(all[i]);
	for (unsigned i = 0; i < s.n; i++) {
		CHECK(s.replies[i].done);
		reply_free(&s.replies[i]);
	}
	play(&s.net);
	net_done(&s.net);
	for (unsigned i = 0; i < 3; i++)
		CHECK_INT(s.makers[i].made, s.makers[i].gone);
}

TEST(memory_runs_out_from_each_allocation_on)
{
	every_allocation(scenario, false);
}

TEST(each_allocation_fails_alone)
{
	every_allocation(scenario, true);
}

TEST(failure_texts_are_cut)
{
	static char text[5000];
	memset(text, 'x', sizeof(text));
	struct failure *f = failure_new_text(VAT_FAILED, text, sizeof(text));
	CHECK_INT(strlen(f->text), FAILURE_TEXT_MAX);
	failure_unref(f);
	alloc_fail_from(1);
	f = failure_new(VAT_FAILED, "no memory for %s", "this");
	alloc_fail_from(0);
	CHECK(f == failure_oom());
	failure_unref(f);
}
