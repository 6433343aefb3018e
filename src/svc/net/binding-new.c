/* SPDX-License-Identifier: MIT */
/*
 * Requests to bind: whether that is possible, and what is there already.
 */
#include "base/log.h"
#include "svc/net/binding-parts.h"

#include <sodium.h>
#include <stdio.h>

struct request { /* borrowed, for the time of the call */
	const struct iface *iface; /* created: a reference is taken of it */
	struct vat_cap *other;
	struct net_bind_options_r options;
	struct vat_text id; /* of a stored one; else empty */
	struct vat_data key; /* the same */
};

/* ---- the same two -------------------------------------------------------------------------- */

static bool same_ref(const struct ref *a, const struct ref *b)
{
	return a && b && !strcmp(a->node, b->node) && !strcmp(a->service, b->service) &&
	       vat_ptr_equal(vat_root(a->info), vat_root(b->info)) == VAT_EQUAL;
}

static bool same_iface(const struct iface *a, const struct iface *b)
{
	if (a->created || b->created)
		return a->created == b->created;
	return !strcmp(a->namespace, b->namespace) && !strcmp(a->name, b->name);
}

/* Two tunnels between the same two interfaces would be a loop.  By the same reference or capability
 * that is known at once, else when the other side has said which interface it is; and by its frames
 * (loop.h) if all else fails. */
static int check_others(const struct binding *b, struct err *e)
{
	unsigned n = 0;
	list_for_each (it, &b->ns->bindings) {
		const struct binding *o = list_entry(it, struct binding, link);
		if (o == b || o->state == BINDING_ENDED || !same_iface(&o->iface, &b->iface))
			continue;
		if (++n >= BINDING_IFACE_MAX)
			return err_set(e, -EDQUOT, "too many bindings of this interface (limit %d)",
				BINDING_IFACE_MAX);
		struct vat_cap *one = way_object(o->way), *other = way_object(b->way);
		if (same_ref(way_ref(o->way), way_ref(b->way)) || (one && one == other))
			return err_set(e, -EEXIST, "it is bound to that already");
	}
	return 0;
}

bool binding_is_second(const struct binding *b)
{
	const struct binding_answer *a = &b->answer;
	if (sodium_is_zero(a->segment, sizeof(a->segment)))
		return false;
	list_for_each (it, &b->ns->bindings) {
		const struct binding *o = list_entry(it, struct binding, link);
		bool there = o->state == BINDING_UP || o->state == BINDING_WAITING;
		if (o != b && there && same_iface(&o->iface, &b->iface) &&
			rtnl_ip_equal(&o->answer.remote.address, &a->remote.address) &&
			!memcmp(o->answer.segment, a->segment, sizeof(a->segment)))
			return true;
	}
	return false;
}

/* ---- a new one ----------------------------------------------------------------------------- */

static bool has_ref(struct net_bind_options_r o)
{
	struct metac_metac_sturdy_ref_r r = net_bind_options_get_reference(o);
	return metac_node_address_get_ip(metac_metac_sturdy_ref_get_node(r)).len > 0;
}

static void set_id(struct binding *b, const struct request *q)
{
	unsigned char id[(BINDING_ID_SIZE - 1) / 2];
	randombytes_buf(id, sizeof(id));
	sodium_bin2hex(b->id, sizeof(b->id), id, sizeof(id));
	randombytes_buf(b->key, sizeof(b->key));
	if (q->id.len == sizeof(b->id) - 1)
		memcpy(b->id, q->id.s, sizeof(b->id));
	if (q->key.len == sizeof(b->key))
		memcpy(b->key, q->key.p, sizeof(b->key));
}

/* What is shown to people, whatever it was that they were sent. */
static char *copy_source(struct vat_text t)
{
	char *s = t.len ? strndup(t.s, BINDING_SOURCE_MAX) : strdup("somebody's interface");
	for (char *c = s; c && *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = '?';
	return s;
}

static int set_iface(struct binding *b, const struct iface *f, struct err *e)
{
	b->iface = *f;
	b->iface.created = f->created ? created_ref(f->created) : NULL;
	b->iface.namespace = strdup(f->namespace);
	return b->iface.namespace ? 0 : err_errno(e, -ENOMEM, "new binding");
}

static int set_up(struct binding *b, const struct request *q, struct err *e)
{
	struct net_bind_options_r o = q->options;
	AUTO(ref_free) struct ref *ref = NULL;
	int r = set_iface(b, q->iface, e);
	if (r >= 0 && b->iface.created && b->iface.created->routed)
		r = err_set(e, -EINVAL,
			"it is a routed network, which has to be the other one: bind an interface "
			"of its own (newlocal:NAME) to it");
	if (r >= 0 && !q->other && !has_ref(o))
		r = err_set(e, -EINVAL, "nothing to bind it to");
	if (r >= 0 && has_ref(o))
		r = ref_from_sturdy(net_bind_options_get_reference(o), &ref, e);
	if (r >= 0)
		r = restrictions_read(net_bind_options_get_restrictions(o), &b->extra, e);
	if (r < 0)
		return r;
	set_id(b, q);
	b->mtu_wanted = net_bind_options_get_mtu(o);
	if (b->mtu_wanted && b->mtu_wanted < TUNNEL_MTU_MIN)
		return err_set(e, -EINVAL, "an MTU of %u is too small: at least %d", b->mtu_wanted,
			TUNNEL_MTU_MIN);
	b->local =
		(ref && !strcmp(ref->node, service_address(b->ns->service))) || iface_of(q->other);
	b->source = copy_source(net_bind_options_get_source(o));
	r = b->source ? binding_way_new(b, q->other, TAKE_PTR(ref)) : -ENOMEM;
	return r < 0 ? err_errno(e, r, "new binding") : check_others(b, e);
}

static int binding_new(
	struct net_service *ns, const struct request *q, struct binding **ret, struct err *e)
{
	if (ns->n_bindings >= NET_BINDINGS_MAX)
		return err_set(e, -EDQUOT, "too many bindings (limit %d)", NET_BINDINGS_MAX);
	struct binding *b = calloc(1, sizeof(*b));
	if (!b)
		return err_errno(e, -ENOMEM, "new binding");
	b->ns = ns;
	list_init(&b->offer.link);
	list_append(&ns->bindings, &b->link);
	ns->n_bindings++;
	int r = set_up(b, q, e);
	if (r < 0)
		binding_free(b);
	else
		*ret = b;
	return r;
}

static void request_new(struct net_service *ns, const struct request *q, struct vat_ctx *ctx)
{
	struct err e = {};
	struct binding *b = NULL;
	int r = binding_new(ns, q, &b, &e);
	if (r < 0) {
		err_wrap(&e, r, "bind %s", q->iface->name);
		service_fail(ctx, &e);
		return;
	}
	b->ctx = ctx;
	b->persistent = q->id.len > 0;
	if (!b->persistent) {
		/* What is wrong here is told without asking anybody. */
		if (binding_end_prepare(b, &e) < 0)
			binding_fail(b, &e);
		else
			way_open(b->way, false);
		return;
	}
	/* The other host may not be there now, and that is no reason to fail. */
	binding_set_state(b, BINDING_WAITING, "not connected yet");
	if (binding_serve(b))
		way_open(b->way, false);
}

void binding_request(const struct iface *f, struct net_l2_interface_bind_to_ctx cx)
{
	struct net_l2_interface_bind_to_params_r p = net_l2_interface_bind_to_params(cx);
	struct request q = {
		.iface = f,
		.other = net_l2_interface_bind_to_params_get_other(p).cap,
		.options = net_l2_interface_bind_to_params_get_options(p),
	};
	request_new(f->ns, &q, cx.ctx);
}

/* ---- restoring ----------------------------------------------------------------------------- */

/* What has come with the request is as good as what was lost, or better. */
static void revive(struct binding *b, struct vat_cap *other)
{
	if (!other || way_ref(b->way))
		return;
	way_set_object(b->way, other);
	if (b->state == BINDING_WAITING)
		way_open(b->way, false);
}

/* The persistence service wants back what it has lost, or brings what we have lost: answers ctx,
 * true if that is still there. */
static bool reclaim(struct net_service *ns, struct net_binding_description_r d, const char *id,
	struct vat_ctx *ctx)
{
	list_for_each (it, &ns->bindings) {
		struct binding *b = list_entry(it, struct binding, link);
		if (strcmp(b->id, id) != 0 || b->ctx || b->state == BINDING_ENDED)
			continue;
		struct net_binding_c c = binding_object(b);
		if (!c.cap)
			return false;
		struct net_l2_interface_bind_to_ctx cx = {ctx};
		net_l2_interface_bind_to_results_set_holder(
			net_l2_interface_bind_to_results(cx), metac_holder_cast(c.cap));
		revive(b, net_binding_description_get_other(d).cap);
		net_binding_unref(c);
		vat_ctx_return(ctx);
		return true;
	}
	return false;
}

void binding_restore(struct net_service *ns, struct net_binding_description_r d, const char *id,
	struct vat_ctx *ctx)
{
	struct err e = {};
	struct net_kernel_interface_c c = {};
	if (reclaim(ns, d, id, ctx))
		return;
	int r = iface_restore(ns, net_binding_description_get_iface(d), "", &c, &e);
	if (r < 0) {
		service_fail(ctx, &e);
		return;
	}
	struct iface *f = iface_of(c.cap);
	assert(f);
	struct request q = {
		.iface = f,
		.other = net_binding_description_get_other(d).cap,
		.options = net_binding_description_get_options(d),
		.id = vat_str(id),
		.key = net_binding_description_get_key(d),
	};
	request_new(ns, &q, ctx);
	net_kernel_interface_unref(c);
}
