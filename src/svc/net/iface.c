/* SPDX-License-Identifier: MIT */
/*
 * Interface objects: their methods, and what they lead to.  See iface.h.
 */
#include "svc/net/iface.h"
#include "base/log.h"
#include "svc/net/binding.h"
#include "svc/net/routed.h"

#include <linux/if_arp.h>
#include <stdio.h>

struct wait {
	struct list link; /* in iface.waits */
	struct iface *iface;
	struct vat_ctx *ctx;
};

/* ---- which interface ----------------------------------------------------------------------- */

static int find_created(
	const struct iface *f, struct place **ret_place, struct rtnl_link *ret, struct err *e)
{
	const struct created *c = f->created;
	int r = c->index && !c->place->lost ? rtnl_link_by_index(c->place->rtnl, c->index, ret, e)
					    : -ENODEV;
	if (r == -ENODEV)
		return err_set(e, r, "the interface %s was made here, and deleted", c->name);
	if (r >= 0)
		*ret_place = place_ref(c->place);
	return r;
}

static int find_link(
	const struct iface *f, const struct place *p, struct rtnl_link *ret, struct err *e)
{
	int r = -ENODEV;
	if (f->index && f->network && f->network == p->id)
		r = rtnl_link_by_index(p->rtnl, f->index, ret, NULL);
	if (r < 0)
		r = rtnl_link_by_name(p->rtnl, f->name, ret, e);
	if (r != -ENODEV)
		return r;
	char text[300];
	return err_set(e, r, "there is no interface %s%s%s", f->name,
		*f->namespace ? " in the network namespace " : "",
		place_name_text(f->namespace, text, sizeof(text)));
}

int iface_find(
	const struct iface *f, struct place **ret_place, struct rtnl_link *ret, struct err *e)
{
	struct place *p = NULL;
	if (f->created)
		return find_created(f, ret_place, ret, e);
	int r = place_get(f->ns, f->namespace, &p, e);
	if (r >= 0)
		r = find_link(f, p, ret, e);
	if (r < 0)
		place_unref(p);
	else
		*ret_place = p;
	return r;
}

/* It is called that now. */
static void learn_name(struct iface *f, const char *name)
{
	if (!strcmp(f->name, name))
		return;
	(void)snprintf(f->name, sizeof(f->name), "%s", name);
	iface_describe_again(f);
}

int iface_look(struct iface *f, struct place **ret_place, struct rtnl_link *ret, struct err *e)
{
	int r = iface_find(f, ret_place, ret, e);
	if (r < 0)
		return r;
	f->index = ret->index;
	f->network = (*ret_place)->id;
	learn_name(f, ret->name);
	return 0;
}

bool iface_name_is_ours(const char *name)
{
	return !strncmp(name, "mc", 2) && name[2] && strchr("xbl", name[2]) && strlen(name) == 11 &&
	       strspn(name + 3, "0123456789abcdef") == 8;
}

int iface_check_new_name(const char *name, struct err *e)
{
	if (!strcmp(name, "all") || !strcmp(name, "default"))
		return err_set(e, -EINVAL,
			"%s cannot be an interface's name: the kernel has settings of that name",
			name);
	if (iface_name_is_ours(name))
		return err_set(e, -EINVAL, "%s: parts of tunnels have such names", name);
	return 0;
}

int iface_check(const struct rtnl_link *l, struct err *e)
{
	if (iface_name_is_ours(l->name) && net_mark_is_any(l->alias))
		return err_set(e, -EBUSY, "%s is a part of a tunnel", l->name);
	if (l->type == ARPHRD_LOOPBACK)
		return err_set(e, -EINVAL,
			"%s is this host's loopback interface: nothing else is on it", l->name);
	if (l->type != ARPHRD_ETHER)
		return err_set(e, -EINVAL, "%s carries no Ethernet%s%s%s", l->name,
			*l->kind ? " (it is of kind " : "", l->kind, *l->kind ? ")" : "");
	return 0;
}

int iface_tunnel_config(struct iface *f, struct tunnel_config *ret, struct err *e)
{
	struct place *p = NULL;
	struct rtnl_link l;
	struct segment *s = NULL;
	int r = iface_look(f, &p, &l, e);
	if (r >= 0)
		r = iface_check(&l, e);
	if (r >= 0)
		r = segment_get(p, l.name, &s, e);
	place_unref(p);
	if (r < 0)
		return r;
	*ret = (struct tunnel_config){
		.segment = s,
		.created = f->created,
		.restrictions = f->restrictions,
		.n_restrictions = f->n_restrictions,
		.isolated = f->created && f->created->routed,
	};
	return 0;
}

/* ---- waiting ------------------------------------------------------------------------------- */

static void wait_end(struct wait *w)
{
	list_unlink(&w->link);
	w->iface->n_waits--;
	free(w);
}

static void on_wait_canceled(void *user)
{
	struct wait *w = user;
	struct vat_ctx *ctx = w->ctx;
	wait_end(w);
	vat_ctx_fail(ctx, VAT_FAILED, "canceled");
}

static void iface_wait(void *self, struct metac_waitable_wait_ctx cx)
{
	struct iface *f = self;
	if (!f->created) {
		vat_ctx_fail(cx.ctx, VAT_UNIMPLEMENTED, "this interface was not made here");
		return;
	}
	if (!f->created->index) {
		vat_ctx_fail(cx.ctx, VAT_FAILED, "the interface %s was deleted", f->name);
		return;
	}
	struct wait *w = f->n_waits < IFACE_WAITS_MAX ? calloc(1, sizeof(*w)) : NULL;
	if (!w) {
		vat_ctx_fail(cx.ctx, VAT_OVERLOADED, "too many wait for this interface");
		return;
	}
	*w = (struct wait){.iface = f, .ctx = cx.ctx};
	list_append(&f->waits, &w->link);
	f->n_waits++;
	vat_ctx_on_cancel(cx.ctx, on_wait_canceled, w);
}

static void fail_waits(struct iface *f, const char *why)
{
	while (!list_empty(&f->waits)) {
		struct wait *w = list_entry(f->waits.next, struct wait, link);
		struct vat_ctx *ctx = w->ctx;
		wait_end(w);
		vat_ctx_fail(ctx, VAT_FAILED, "%s", why);
	}
}

/* Comes before created.c hears of it. */
static void on_gone(struct iface *f, const struct place *p, const struct rtnl_event *event)
{
	struct rtnl_link l;
	const struct created *c = f->created;
	if (!c || c->place != p || !c->index)
		return;
	bool gone = event->kind == RTNL_LOST
			    ? rtnl_link_by_index(p->rtnl, c->index, &l, NULL) == -ENODEV
			    : c->index == event->link.index;
	if (gone)
		fail_waits(f, "the interface was deleted");
}

static void on_changed(struct iface *f, const struct place *p, const struct rtnl_link *l)
{
	if (f->created ? f->created->place == p && f->created->index == l->index
		       : f->index == l->index && f->network && f->network == p->id)
		learn_name(f, l->name);
}

void iface_on_event(struct place *p, const struct rtnl_event *event)
{
	list_for_each (it, &p->ns->ifaces) {
		struct iface *f = list_entry(it, struct iface, link);
		if (event->kind == RTNL_LINK_CHANGED)
			on_changed(f, p, &event->link);
		else if (event->kind == RTNL_LINK_GONE || event->kind == RTNL_LOST)
			on_gone(f, p, event);
	}
}

/* ---- L2Interface --------------------------------------------------------------------------- */

static void iface_bind_to(void *self, struct net_l2_interface_bind_to_ctx cx)
{
	binding_request(self, cx);
}

static void iface_info(void *self, struct net_l2_interface_info_ctx cx)
{
	struct iface *f = self;
	struct place *p = NULL;
	struct rtnl_link l;
	struct err e = {};
	if (iface_look(f, &p, &l, &e) < 0) {
		service_fail(cx.ctx, &e);
		return;
	}
	iface_write_info(f, p, &l,
		net_l2_interface_info_results_init_info(net_l2_interface_info_results(cx)));
	place_unref(p);
	vat_ctx_return(cx.ctx);
}

struct net_kernel_interface_c iface_serve_like(struct iface *f, const struct iface *like)
{
	if (like->created)
		created_ref(like->created);
	return iface_serve(f->ns, like, "");
}

static void iface_restrict(void *self, struct net_l2_interface_restrict_ctx cx)
{
	struct iface *f = self, less = *f;
	struct err e = {};
	struct guard_restrictions more = {};
	int r = restrictions_read(net_l2_interface_restrict_params_get_restrictions(
					  net_l2_interface_restrict_params(cx)),
		&more, &e);
	if (r >= 0 && f->n_restrictions == IFACE_RESTRICTIONS_MAX)
		r = err_set(&e, -E2BIG, "it was restricted %d times already: that is the limit",
			IFACE_RESTRICTIONS_MAX);
	if (r < 0) {
		err_wrap(&e, r, "restrict %s", f->name);
		service_fail(cx.ctx, &e);
		return;
	}
	less.kernel = false;
	if (!restrictions_are_any(&more))
		less.restrictions[less.n_restrictions++] = more;
	struct net_kernel_interface_c c = iface_serve_like(f, &less);
	net_l2_interface_restrict_results_set_iface(
		net_l2_interface_restrict_results(cx), net_l2_interface_cast(c.cap));
	net_kernel_interface_unref(c);
	vat_ctx_return(cx.ctx);
}

static void iface_summary_method(void *self, struct persistence_persistable_summary_ctx cx)
{
	char text[1000];
	iface_summary(self, text, sizeof(text));
	persistence_persistable_summary_results_set_info(
		persistence_persistable_summary_results(cx), vat_str(text));
	vat_ctx_return(cx.ctx);
}

#define L2_METHODS                                                                         \
	{                                                                                  \
		.persistable =                                                             \
			{                                                                  \
				.create_sturdy_ref = create_sturdy_ref,                    \
				.summary = iface_summary_method,                           \
			},                                                                 \
		.waitable = {.wait = iface_wait}, .setup_vxlan = iface_setup_vxlan,        \
		.bind_to = iface_bind_to, .info = iface_info, .restrict_ = iface_restrict, \
		.trace = trace_start,                                                      \
	}

static void create_sturdy_ref(void *self, struct persistence_persistable_create_sturdy_ref_ctx cx)
{
	struct place *p = NULL;
	struct rtnl_link l;
	/* Its index is stored, if it is there. */
	if (iface_look(self, &p, &l, NULL) >= 0)
		place_unref(p);
	iface_create_sturdy_ref(self, cx);
}

static const struct net_l2_interface_impl l2_impl = L2_METHODS;

static const struct net_kernel_interface_impl kernel_impl = {
	.l2_interface = L2_METHODS,
	.get_name = iface_kernel_get_name,
	.rename = iface_kernel_rename,
	.destroy = iface_kernel_destroy,
	.as_l2 = iface_kernel_as_l2,
	.kernel_info = iface_kernel_info,
};

/* ---- life ---------------------------------------------------------------------------------- */

static void iface_free(void *self)
{
	struct iface *f = self;
	fail_waits(f, "the interface is not held any more");
	list_unlink(&f->link);
	created_unref(f->created);
	free(f->namespace);
	free(f);
}

struct net_kernel_interface_c iface_serve(
	struct net_service *ns, const struct iface *like, const char *id)
{
	struct net_kernel_interface_c c = {};
	struct iface *f = malloc(sizeof(*f));
	if (!f) {
		created_unref(like->created);
		return c;
	}
	*f = *like;
	f->ns = ns;
	f->cap = NULL;
	f->n_waits = 0;
	list_init(&f->waits);
	list_append(&ns->ifaces, &f->link);
	f->namespace = strdup(like->namespace);
	if (f->created && f->created->routed)
		routed_on_change(f->created->routed, iface_leases_changed, f->created);
	if (*id)
		(void)snprintf(f->id, sizeof(f->id), "%s", id);
	else if (f->namespace)
		iface_id(f, f->id);
	struct vat *v = ns->streams.loop->vat;
	if (f->namespace && f->kernel)
		c = net_kernel_interface_serve(v, &kernel_impl, f, iface_free);
	else if (f->namespace)
		c.cap = net_l2_interface_serve(v, &l2_impl, f, iface_free).cap;
	if (c.cap)
		f->cap = c.cap;
	else
		iface_free(f);
	return c;
}

struct iface *iface_of(struct vat_cap *cap)
{
	struct iface *f = cap ? vat_cap_self(cap, &kernel_impl) : NULL;
	return f || !cap ? f : vat_cap_self(cap, &l2_impl);
}
