/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * For tests: a node that plays all parts, NodeAdmin, Node and Service, so that a reference leads to
 * an object of the test, or to what the test says.
 */
#include "base/test.h"
#include "core/ref.h"
#include "loop/link.h"
#include "schema/metac.capnp.h"

enum manner { GIVES, FAILS, SILENT };

struct parts {
	struct metac_node_admin_c admin;
	struct metac_node_c node;
	struct metac_service_c service;
	struct vat_cap *object; /* what a reference stands for; borrowed */
	enum manner restores;
	enum vat_error_kind kind; /* FAILS with */
	const char *text;
	bool verified; /* a link that was verified was asked for */
	unsigned restored;
	struct vat_ctx *waiting; /* SILENT */
};

static inline void parts_restore(void *self, struct metac_service_restore_ctx cx)
{
	struct parts *p = self;
	p->restored++;
	if (p->restores == SILENT) {
		p->waiting = cx.ctx;
	} else if (p->restores == FAILS) {
		vat_ctx_fail(cx.ctx, p->kind, "%s", p->text);
	} else {
		vat_set_cap(
			metac_service_restore_results_get_obj_b(metac_service_restore_results(cx)),
			p->object);
		vat_ctx_return(cx.ctx);
	}
}

static inline void parts_get_service(void *self, struct metac_node_get_service_ctx cx)
{
	struct parts *p = self;
	metac_node_get_service_results_set_service(metac_node_get_service_results(cx), p->service);
	vat_ctx_return(cx.ctx);
}

static inline void parts_get_node(void *self, struct metac_node_admin_get_node_ctx cx)
{
	struct parts *p = self;
	p->verified =
		metac_node_admin_get_node_params_get_verify(metac_node_admin_get_node_params(cx));
	metac_node_admin_get_node_results_set_node(metac_node_admin_get_node_results(cx), p->node);
	vat_ctx_return(cx.ctx);
}

static inline void parts_init(struct parts *p, struct vat *v)
{
	static const struct metac_service_impl service_impl = {.restore = parts_restore};
	static const struct metac_node_impl node_impl = {.get_service = parts_get_service};
	static const struct metac_node_admin_impl admin_impl = {.get_node = parts_get_node};
	p->service = metac_service_serve(v, &service_impl, p, NULL);
	p->node = metac_node_serve(v, &node_impl, p, NULL);
	p->admin = metac_node_admin_serve(v, &admin_impl, p, NULL);
}

static inline void answer_silent(struct vat_ctx **ctx)
{
	struct vat_ctx *c = TAKE_PTR(*ctx);
	if (c)
		vat_ctx_fail(c, VAT_FAILED, "at last");
}

static inline void parts_done(struct parts *p)
{
	p->restores = GIVES; /* calls that are still to come */
	answer_silent(&p->waiting);
	metac_node_admin_unref(p->admin);
	metac_node_unref(p->node);
	metac_service_unref(p->service);
}

/* Some reference that leads there. */
static inline struct ref *parts_ref(void)
{
	struct err e = {};
	struct ref *ref = NULL;
	struct vat_message *m = vat_message_new(0, 0);
	struct metac_metac_sturdy_ref_b b = metac_metac_sturdy_ref_init(vat_root_b(m));
	metac_node_address_set_ip(metac_metac_sturdy_ref_init_node(b), vat_str("127.0.0.2"));
	metac_metac_sturdy_ref_set_service(b, vat_str("persistence"));
	vat_set_data(metac_metac_sturdy_ref_get_object_info_b(b), (struct vat_data){"secret", 6});
	CHECK_INT(ref_from_sturdy(metac_metac_sturdy_ref_from(vat_root(m)), &ref, &e), 0);
	vat_message_free(m);
	return ref;
}
