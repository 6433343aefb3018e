/* SPDX-License-Identifier: MIT */
#pragma once
/* For tests of calls within one vat: an object that keeps what it is asked until the test answers
 * it. */
#include "base/test.h"
#include "vat/rpc.h"

enum { KEEPER_MAX = 128 };

struct keeper { /* the object */
	struct vat *v;
	struct vat_cap *cap;
	struct vat_ctx *kept[KEEPER_MAX];
	unsigned n, destroyed, canceled;
};

static inline void keeper_call(
	void *self, uint64_t interface_id, uint16_t method, struct vat_ctx *ctx)
{
	struct keeper *k = self;
	CHECK(k->n < KEEPER_MAX);
	k->kept[k->n++] = ctx;
}

static inline void keeper_destroyed(void *self)
{
	((struct keeper *)self)->destroyed++;
}

static inline void on_canceled(void *user)
{
	((struct keeper *)user)->canceled++;
}

static inline void keeper_init(struct keeper *k)
{
	*k = (struct keeper){.v = vat_new(NULL)};
	k->cap = vat_serve_any(k->v, keeper_call, k, keeper_destroyed);
	CHECK(k->cap);
}

static inline void keeper_done(struct keeper *k)
{
	vat_cap_unref(k->cap);
	while (vat_run(k->v, 1000))
		;
	CHECK_INT(k->destroyed, 1);
	vat_free(k->v);
}

struct told { /* of an answer */
	unsigned n;
	bool failed;
	enum vat_error_kind kind;
	char text[2000];
	uint64_t number;
};

static inline void on_told(void *user, const struct vat_error *err, struct vat_ptr_r results)
{
	struct told *t = user;
	t->n++;
	t->failed = err;
	if (err) {
		t->kind = err->kind;
		(void)snprintf(t->text, sizeof(t->text), "%s", err->text);
	} else {
		t->number = vat_r_u64(vat_ptr_struct(results, NULL), 0, 0);
	}
}

static inline struct vat_call *ask(struct keeper *k, struct vat_cap *to, struct told *t)
{
	struct vat_call *c = vat_call_new(k->v, to, 0x1234, 1, 0);
	CHECK(c);
	vat_call_send(c, on_told, t);
	return c;
}

static inline void answer(struct vat_ctx *ctx, uint64_t number)
{
	vat_w_u64(vat_init_struct(vat_ctx_results(ctx), 1, 1), 0, number, 0);
	vat_ctx_return(ctx);
}
