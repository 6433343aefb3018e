/* SPDX-License-Identifier: MIT */
/*
 * The end of a binding that is here.  A tunnel is made before the other side is asked, because it
 * has to be told our port; and is offered besides, for who is asked may be of this very node: then
 * the two interfaces are joined, and the tunnel goes.
 */
#include "svc/net/binding-parts.h"

/* ---- before it is asked -------------------------------------------------------------------- */

static void withdraw(struct binding *b)
{
	if (b->offered)
		joint_offer_withdraw(&b->offer);
	b->offered = false;
	b->offer.joint = NULL;
}

/* A created interface that was joined on its own host has become another link. */
static bool is_stale(const struct binding *b)
{
	int index = segment_index(b->cfg.segment);
	return !b->tunnel && (!index || (b->iface.created && b->iface.created->index != index));
}

static int take_segment(struct binding *b, struct err *e)
{
	struct tunnel_config *cfg = &b->cfg;
	if (cfg->segment && !is_stale(b))
		return 0;
	withdraw(b);
	segment_unref(cfg->segment);
	*cfg = (struct tunnel_config){};
	int r = iface_tunnel_config(&b->iface, cfg, e);
	if (r < 0)
		return r;
	/* That one from now on, whatever it is called later (iface.h). */
	b->iface.index = segment_index(cfg->segment);
	b->iface.network = segment_place(cfg->segment)->id;
	assert(cfg->n_restrictions < BINDING_RESTRICTIONS_MAX);
	if (cfg->n_restrictions)
		memcpy(b->restrictions, cfg->restrictions,
			cfg->n_restrictions * sizeof(b->restrictions[0]));
	if (!restrictions_are_any(&b->extra))
		b->restrictions[cfg->n_restrictions++] = b->extra;
	cfg->restrictions = b->restrictions;
	cfg->gone = binding_on_gone;
	cfg->looped = binding_on_looped;
	cfg->user = b;
	return 0;
}

/* Somebody of this node takes our end: it must be free. */
static void on_taken(struct joint_offer *o)
{
	struct binding *b = container_of(o, struct binding, offer);
	tunnel_free(TAKE_PTR(b->tunnel));
}

static void offer(struct binding *b)
{
	withdraw(b);
	b->offer = (struct joint_offer){.config = &b->cfg, .taken = on_taken};
	if (b->tunnel) {
		b->offer.port = tunnel_port(b->tunnel);
		b->offer.vni = tunnel_vni(b->tunnel);
	}
	joint_offer_new(b->ns, &b->offer);
	b->offered = true;
}

int binding_end_prepare(struct binding *b, struct err *e)
{
	int r = take_segment(b, e);
	if (r >= 0 && !b->local && !b->tunnel)
		r = tunnel_new(b->ns, &b->cfg, &b->tunnel, e);
	if (r < 0) {
		binding_end_drop(b);
		return r;
	}
	offer(b);
	return 0;
}

uint32_t binding_end_mtu(const struct binding *b)
{
	uint32_t limit = b->tunnel ? iface_mtu_limit(&b->cfg, b->tunnel) : 0;
	if (!b->mtu_wanted)
		return limit < UINT16_MAX ? limit : 0;
	return limit ? MIN(limit, b->mtu_wanted) : b->mtu_wanted;
}

/* ---- the answer is there ------------------------------------------------------------------- */

/* What the other side configures here: only for an interface that is there for that. */
static int set_routed(struct binding *b, struct err *e)
{
	struct vat_message *m = b->answer.routed;
	if (!m) {
		routed_unapply(TAKE_PTR(b->member));
		return 0;
	}
	struct created *c = b->iface.created; /* by which it may have become another link */
	if (!c)
		return err_set(e, -EINVAL,
			"the other one is a routed network: that takes an interface of its own "
			"(newlocal:NAME)");
	if (!b->iface.kernel)
		return err_set(e, -EPERM,
			"the other one is a routed network, which gives %s addresses and this "
			"host routes: only who administers the host may do that",
			c->name);
	return routed_apply(c->place, c->index, net_routed_config_root(m), &b->member, e);
}

static int connect_tunnel(struct binding *b, struct err *e)
{
	const struct binding_answer *a = &b->answer;
	uint32_t path = 0;
	int r = tunnel_path_mtu(b->ns, &a->remote.address, &path, e);
	if (r < 0)
		return r;
	uint32_t possible = MIN(MIN(path, a->mtu), iface_mtu_limit(&b->cfg, b->tunnel));
	if (b->mtu_wanted) {
		bool by_way = path <= a->mtu;
		r = tunnel_check_mtu(
			b->mtu_wanted, possible, by_way ? &a->remote.address : NULL, e);
		if (r < 0)
			return r;
	}
	uint32_t mtu = b->mtu_wanted ? b->mtu_wanted : possible;
	r = tunnel_connect(b->tunnel, &a->remote, mtu, e);
	if (r >= 0)
		r = iface_mtu_set(&b->cfg, mtu, e);
	if (r >= 0)
		b->mtu = mtu;
	return r;
}

static int connect_joint(struct binding *b, struct err *e)
{
	if (!b->offer.joint)
		return err_set(e, -ENOTCONN, "the other interface has gone");
	int r = b->mtu_wanted ? tunnel_check_mtu(b->mtu_wanted, b->offer.mtu, NULL, e) : 0;
	if (r < 0)
		return r;
	b->mtu = b->mtu_wanted ? b->mtu_wanted : b->offer.mtu;
	return iface_mtu_set(&b->cfg, b->mtu, e);
}

int binding_end_connect(struct binding *b, struct err *e)
{
	int r = 0;
	if (b->answer.joined) {
		r = connect_joint(b, e);
	} else {
		withdraw(b);
		r = b->tunnel ? connect_tunnel(b, e)
			      : err_set(e, -ENOTCONN, "the interface has gone");
	}
	if (r >= 0)
		r = set_routed(b, e);
	return r;
}

/* ---- the end of it ------------------------------------------------------------------------- */

void binding_end_cut(struct binding *b)
{
	withdraw(b);
	if (b->tunnel)
		tunnel_cut(b->tunnel);
}

void binding_end_drop(struct binding *b)
{
	withdraw(b);
	routed_unapply(TAKE_PTR(b->member));
	tunnel_free(TAKE_PTR(b->tunnel));
	b->looped = false;
	segment_unref(TAKE_PTR(b->cfg.segment));
}
