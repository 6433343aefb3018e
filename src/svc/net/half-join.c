/* SPDX-License-Identifier: MIT */
/*
 * Two interfaces of one host: a binding of this process offers its end (struct joint_offer) before
 * it asks, and who is asked with the node's own address finds that, and joins the two.
 */
#include "svc/net/half.h"

#include <sodium.h>
#include <stdio.h>

enum {
	VNI_MAX = 0xffffff,
	JOINT_MTU = 1500, /* of two that can have any */
};

/* What is an end of a veth, or will be, can have any. */
static uint32_t joint_mtu_limit(const struct tunnel_config *cfg)
{
	const struct created *c = cfg->created;
	bool veth = c && (c->made == CREATED_VXLAN || c->made == CREATED_VETH);
	return veth ? half_created_mtu(c) : segment_mtu(cfg->segment);
}

/* ---- joining ------------------------------------------------------------------------------- */

static struct joint_offer *find_offer(const struct half *h)
{
	list_for_each (it, &h->ns->offers) {
		struct joint_offer *o = list_entry(it, struct joint_offer, link);
		if (o->port == h->remote.port && o->vni == h->remote.vni)
			return o;
	}
	return NULL;
}

static bool is_joined(const struct half *h, const struct segment *other)
{
	list_for_each (it, &h->ns->tunnels) {
		const struct half *j = list_entry(it, struct half, link);
		if (j->joint && j->offer && j->segment == h->segment &&
			j->offer->config->segment == other)
			return true;
	}
	return false;
}

int half_join(struct half *h, const struct tunnel_config *cfg, struct err *e)
{
	struct joint_offer *o = find_offer(h);
	if (!o)
		return err_set(e, -ENOENT, "no binding of this node has offered its end");
	struct segment *other = o->config->segment;
	if (other == h->segment)
		return err_set(e, -EINVAL, "%s cannot be bound to itself", segment_name(other));
	if (is_joined(h, other))
		return err_set(e, -EEXIST, "%s and %s are joined already", segment_name(other),
			segment_name(h->segment));
	list_unlink(&o->link);
	o->taken(o);
	int r = joint_new(h->ns, o->config, cfg, &h->joint, e);
	if (r < 0)
		return r;
	o->joint = h->joint;
	o->taker = h;
	h->offer = o;
	h->mtu = MIN(joint_mtu_limit(cfg), joint_mtu_limit(o->config));
	if (h->mtu == UINT16_MAX)
		h->mtu = JOINT_MTU;
	o->mtu = h->mtu;
	(void)snprintf(o->peer, sizeof(o->peer), "%s", segment_name(h->segment));
	return iface_mtu_set(cfg, h->mtu, e);
}

void joint_offer_new(struct net_service *ns, struct joint_offer *o)
{
	if (!o->port) {
		o->port = (uint16_t)(1024 + randombytes_uniform(UINT16_MAX - 1024));
		o->vni = 1 + randombytes_uniform(VNI_MAX);
	}
	o->joint = NULL;
	o->taker = NULL;
	list_append(&ns->offers, &o->link);
}

void joint_offer_withdraw(struct joint_offer *o)
{
	struct half *h = o->taker;
	if (h)
		half_end(h, "it was unbound");
	else
		list_unlink(&o->link);
}
