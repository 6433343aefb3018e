/* SPDX-License-Identifier: MIT */
/* Halves of tunnels and joints: the Tunnel object they live with, their end, and who has them. */
#include "svc/net/half.h"

#include <stdio.h>

/* ---- ending -------------------------------------------------------------------------------- */

static void forget_offer(struct half *h)
{
	struct joint_offer *o = TAKE_PTR(h->offer);
	if (o) {
		o->joint = NULL;
		o->taker = NULL;
	}
}

void half_end(struct half *h, const char *why)
{
	if (h->ended)
		return;
	h->ended = true;
	(void)snprintf(h->why, sizeof(h->why), "%s", why);
	list_unlink(&h->link);
	h->ns->n_tunnels--;
	forget_offer(h);
	tunnel_free(TAKE_PTR(h->tunnel));
	joint_free(TAKE_PTR(h->joint));
	routed_lease_end(TAKE_PTR(h->lease), h->over);
	segment_unref(TAKE_PTR(h->segment));
	created_unref(TAKE_PTR(h->created));
	for (size_t i = 0; i < HALF_WAITERS_MAX; i++) {
		struct vat_ctx *ctx = TAKE_PTR(h->waiters[i].ctx);
		if (ctx)
			vat_ctx_fail(ctx, VAT_DISCONNECTED, "%s", h->why);
	}
}

void half_free(void *self)
{
	struct half *h = self;
	half_end(h, "nobody holds it");
	free(h);
}

void half_on_gone(void *user, const char *why)
{
	half_end(user, why);
}

void half_on_lease_taken(void *user)
{
	struct half *h = user;
	h->lease = NULL;
	half_end(h, "another member of the network has taken its place");
}

void half_on_looped(void *user, bool looped)
{
	struct half *h = user;
	h->looped = looped;
}

/* ---- the Tunnel object --------------------------------------------------------------------- */

static void on_wait_canceled(void *user)
{
	struct half_slot *w = user;
	vat_ctx_fail(TAKE_PTR(w->ctx), VAT_FAILED, "canceled");
}

static void tunnel_wait(void *self, struct metac_waitable_wait_ctx cx)
{
	struct half *h = self;
	if (h->ended) {
		vat_ctx_fail(cx.ctx, VAT_DISCONNECTED, "%s", h->why);
		return;
	}
	for (size_t i = 0; i < HALF_WAITERS_MAX; i++) {
		if (h->waiters[i].ctx)
			continue;
		h->waiters[i].ctx = cx.ctx;
		vat_ctx_on_cancel(cx.ctx, on_wait_canceled, &h->waiters[i]);
		return;
	}
	vat_ctx_fail(cx.ctx, VAT_OVERLOADED, "too many wait for this tunnel");
}

static void tunnel_leave(void *self, struct net_tunnel_leave_ctx cx)
{
	struct half *h = self;
	h->over = true;
	vat_ctx_return(cx.ctx);
}

static const struct net_tunnel_impl tunnel_impl = {
	.waitable = {.wait = tunnel_wait},
	.leave = tunnel_leave,
};

struct net_tunnel_c half_serve(struct half *h)
{
	return net_tunnel_serve(service_loop(h->ns->service)->vat, &tunnel_impl, h, half_free);
}

/* ---- listing ------------------------------------------------------------------------------- */

/* A joint is listed as the Binding that it is. */
static bool is_listed(const struct half *h)
{
	return h->tunnel;
}

unsigned iface_tunnel_count(const struct net_service *ns)
{
	unsigned n = 0;
	list_for_each (it, &ns->tunnels)
		n += is_listed(list_entry(it, struct half, link));
	return n;
}

static void write_addresses(const struct half *h, struct net_binding_info_b b)
{
	char text[LEASES_PREFIXES_MAX][RTNL_ADDRESS_TEXT];
	unsigned n = routed_lease_text(h->lease, text);
	struct vat_list_b l = net_binding_info_init_addresses(b, n);
	for (unsigned i = 0; i < n; i++)
		vat_set_text(vat_list_ptr_b(l, i), vat_str(text[i]));
}

static void write_info(struct half *h, struct net_binding_info_b b)
{
	net_binding_info_set_id(b, vat_str(tunnel_device(h->tunnel)));
	net_binding_info_set_name(b, vat_str(segment_name(h->segment)));
	net_binding_info_set_namespace(b, vat_str(segment_place(h->segment)->name));
	net_binding_info_set_source(b, vat_str(*h->client ? h->client : h->remote_text));
	net_binding_info_set_transport(b, vat_str("vxlan"));
	net_binding_info_set_state(
		b, h->looped ? NET_BINDING_INFO_STATE_LOOP : NET_BINDING_INFO_STATE_CONNECTED);
	net_binding_info_set_error(b, vat_str(h->looped ? IFACE_LOOP_TEXT : ""));
	net_binding_info_set_since(b, h->since);
	net_binding_info_set_mtu(b, h->mtu);
	net_binding_info_set_remote(b, vat_str(h->remote_text));
	net_binding_info_set_created(b, h->created != NULL);
	net_binding_info_set_exported(b, true);
	if (h->lease)
		write_addresses(h, b);
	(void)tunnel_stats(h->tunnel, net_binding_info_init_stats(b));
}

void iface_tunnel_infos(struct net_service *ns, struct net_binding_info_list_b list, uint32_t at)
{
	list_for_each (it, &ns->tunnels) {
		struct half *h = list_entry(it, struct half, link);
		if (is_listed(h))
			write_info(h, net_binding_info_at_b(list, at++));
	}
}
