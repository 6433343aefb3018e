/* SPDX-License-Identifier: MIT */
/*
 * The Binding object, and what NetworkServiceAdmin tells of all of them.
 */
#include "base/log.h"
#include "svc/net/binding-parts.h"
#include "svc/net/reaper.h"

enum { ADDRESSES_MAX = 8 };

static const struct net_binding_impl binding_impl;

/* ---- info ---------------------------------------------------------------------------------- */

static uint16_t public_state(const struct binding *b)
{
	switch (b->state) {
	case BINDING_UP:
		return b->looped ? NET_BINDING_INFO_STATE_LOOP : NET_BINDING_INFO_STATE_CONNECTED;
	case BINDING_OPENING:
	case BINDING_WAITING:
		return NET_BINDING_INFO_STATE_WAITING;
	case BINDING_GONE:
	case BINDING_ENDED:
		break;
	}
	return NET_BINDING_INFO_STATE_GONE;
}

static const char *transport(const struct binding *b)
{
	if (b->offer.joint)
		return joint_transport(b->offer.joint);
	return b->local ? "" : "vxlan";
}

static void write_addresses(const struct binding *b, struct net_binding_info_b i)
{
	unsigned n = 0;
	while (b->member && n < ADDRESSES_MAX && routed_member_address(b->member, n))
		n++;
	if (!n)
		return;
	struct vat_list_b l = net_binding_info_init_addresses(i, n);
	for (unsigned k = 0; k < n; k++)
		vat_set_text(vat_list_ptr_b(l, k), vat_str(routed_member_address(b->member, k)));
}

static void write_info(struct binding *b, struct net_binding_info_b i)
{
	net_binding_info_set_id(i, vat_str(b->id));
	net_binding_info_set_name(i, vat_str(binding_title(b)));
	net_binding_info_set_namespace(i, vat_str(b->iface.namespace));
	net_binding_info_set_source(i, vat_str(b->source));
	net_binding_info_set_transport(i, vat_str(transport(b)));
	net_binding_info_set_state(i, public_state(b));
	net_binding_info_set_since(i, b->since);
	net_binding_info_set_error(i, vat_str(b->error));
	net_binding_info_set_persistent(i, b->persistent);
	net_binding_info_set_mtu(i, b->mtu);
	if (!b->answer.joined)
		net_binding_info_set_remote(i, vat_str(b->answer.remote_text));
	net_binding_info_set_created(i, b->iface.created != NULL);
	write_addresses(b, i);
	struct net_stats_b stats = net_binding_info_init_stats(i);
	if (b->offer.joint)
		(void)joint_stats(b->offer.joint, stats);
	else if (b->tunnel)
		(void)tunnel_stats(b->tunnel, stats);
}

static void binding_info(void *self, struct net_binding_info_ctx cx)
{
	write_info(self, net_binding_info_results_init_info(net_binding_info_results(cx)));
	vat_ctx_return(cx.ctx);
}

/* ---- its end ------------------------------------------------------------------------------- */

static void binding_destroy(void *self, struct metac_destroyable_destroy_ctx cx)
{
	struct binding *b = self;
	if (b->state != BINDING_ENDED)
		log_info("%s: unbound", binding_title(b));
	binding_undo(b, true);
	/* In this order: who waits must not take it for one to be restored. */
	service_forget(b->ns->service, b->id);
	binding_answer_waiters(b, NULL);
	reaper_return(b->ns, cx.ctx);
}

/* A call that nobody waits for any more would keep the binding alive. */
static void on_wait_canceled(void *user)
{
	struct binding_slot *w = user;
	vat_ctx_fail(TAKE_PTR(w->ctx), VAT_FAILED, "canceled");
}

static void binding_wait(void *self, struct metac_waitable_wait_ctx cx)
{
	struct binding *b = self;
	if (b->state == BINDING_ENDED) {
		vat_ctx_return(cx.ctx);
		return;
	}
	if (b->state == BINDING_WAITING && b->persistent && way_is_idle(b->way) && !b->holder) {
		vat_ctx_fail(cx.ctx, VAT_DISCONNECTED, "%s", b->error);
		return;
	}
	for (size_t i = 0; i < BINDING_WAITERS_MAX; i++) {
		if (b->waiters[i].ctx)
			continue;
		b->waiters[i].ctx = cx.ctx;
		vat_ctx_on_cancel(cx.ctx, on_wait_canceled, &b->waiters[i]);
		return;
	}
	vat_ctx_fail(cx.ctx, VAT_OVERLOADED, "too many wait for this binding");
}

static const struct net_binding_impl binding_impl = {
	.persistable =
		{
			.create_sturdy_ref = binding_create_sturdy_ref,
			.summary = binding_summary,
		},
	.waitable = {.wait = binding_wait},
	.destroyable = {.destroy = binding_destroy},
	.info = binding_info,
};

/* ---- life ---------------------------------------------------------------------------------- */

struct net_binding_c binding_object(struct binding *b)
{
	if (b->cap)
		return (struct net_binding_c){vat_cap_ref(b->cap)};
	struct net_binding_c c = net_binding_serve(
		service_loop(b->ns->service)->vat, &binding_impl, b, binding_released);
	if (c.cap)
		b->linger = sd_event_source_disable_unref(b->linger);
	b->orphan = b->orphan && !c.cap;
	b->cap = c.cap;
	return c;
}

bool binding_serve(struct binding *b)
{
	struct net_binding_c c = binding_object(b);
	if (!c.cap) {
		struct err e = {};
		err_errno(&e, -ENOMEM, "answer");
		binding_fail(b, &e);
		return false;
	}
	char text[BINDING_SOURCE_MAX + 64];
	binding_text(b, text, sizeof(text));
	log_info("bound %s", text);
	struct net_l2_interface_bind_to_ctx cx = {TAKE_PTR(b->ctx)};
	net_l2_interface_bind_to_results_set_holder(
		net_l2_interface_bind_to_results(cx), metac_holder_cast(c.cap));
	net_binding_unref(c);
	vat_ctx_return(cx.ctx);
	return true;
}

/* ---- all of them --------------------------------------------------------------------------- */

static bool is_listed(const struct binding *b)
{
	return b->cap && b->state != BINDING_ENDED;
}

unsigned binding_count(const struct net_service *ns)
{
	unsigned n = 0;
	list_for_each (it, &ns->bindings)
		n += is_listed(list_entry(it, struct binding, link));
	return n;
}

void binding_list(struct net_service *ns, struct net_network_service_admin_list_bindings_ctx cx)
{
	struct net_network_service_admin_list_bindings_results_b b =
		net_network_service_admin_list_bindings_results(cx);
	unsigned n = binding_count(ns), i = 0;
	struct vat_list_b caps =
		net_network_service_admin_list_bindings_results_init_bindings(b, n);
	struct net_binding_info_list_b infos =
		net_network_service_admin_list_bindings_results_init_infos(
			b, n + iface_tunnel_count(ns));
	list_for_each (it, &ns->bindings) {
		struct binding *k = list_entry(it, struct binding, link);
		if (!is_listed(k))
			continue;
		vat_set_cap(vat_list_ptr_b(caps, i), k->cap);
		write_info(k, net_binding_info_at_b(infos, i++));
	}
	iface_tunnel_infos(ns, infos, i);
	vat_ctx_return(cx.ctx);
}
