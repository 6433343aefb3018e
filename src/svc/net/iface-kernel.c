/* SPDX-License-Identifier: MIT */
/*
 * What a KernelInterface has beyond an L2Interface: it is for who administers the host.
 */
#include "svc/net/binding.h"
#include "svc/net/iface.h"
#include "svc/net/reaper.h"
#include "base/log.h"

#include <stdio.h>

void iface_kernel_get_name(void *self, struct net_kernel_interface_get_name_ctx cx)
{
	struct iface *f = self;
	struct place *p = NULL;
	struct rtnl_link l;
	struct err e = {};
	if (iface_look(f, &p, &l, &e) < 0) {
		service_fail(cx.ctx, &e);
		return;
	}
	place_unref(p);
	net_kernel_interface_get_name_results_set_name(
		net_kernel_interface_get_name_results(cx), vat_str(l.name));
	vat_ctx_return(cx.ctx);
}

static int check_new_name(struct place *p, struct vat_text name, struct err *e)
{
	struct rtnl_link there;
	if (strlen(name.s) != name.len || !rtnl_name_is_valid(name.s))
		return err_set(e, -EINVAL,
			"\"%.40s\" cannot be a name: 1 to 15 bytes, without \"/\", \":\" and white "
			"space",
			name.s);
	int r = iface_check_new_name(name.s, e);
	if (r < 0)
		return r;
	if (rtnl_link_by_name(p->rtnl, name.s, &there, NULL) == 0)
		return err_set(e, -EEXIST, "there is an interface %s already", name.s);
	return 0;
}

static int rename_link(struct iface *f, struct vat_text name, struct err *e)
{
	struct place *p = NULL;
	struct rtnl_link l;
	int r = iface_look(f, &p, &l, e);
	if (r < 0 || vat_text_is(name, l.name)) {
		place_unref(p);
		return r;
	}
	r = check_new_name(p, name, e);
	if (r >= 0) {
		struct rtnl_change c = {.what = RTNL_SET_NAME, .name = name.s};
		r = rtnl_link_set(p->rtnl, l.index, &c, e);
	}
	if (r == -EBUSY)
		err_set(e, r, "%s is up, and this kernel renames only what is down", l.name);
	uint64_t network = p->id;
	place_unref(p);
	if (r < 0)
		return r;
	(void)snprintf(f->name, sizeof(f->name), "%s", name.s);
	binding_renamed(f->ns, f);
	list_for_each (it, &f->ns->ifaces) {
		struct iface *other = list_entry(it, struct iface, link);
		bool same = f->created ? other->created == f->created
				       : other->index == l.index && other->network == network;
		if (!same)
			continue;
		(void)snprintf(other->name, sizeof(other->name), "%s", name.s);
		iface_describe_again(other);
	}
	return 0;
}

void iface_kernel_rename(void *self, struct net_kernel_interface_rename_ctx cx)
{
	struct iface *f = self;
	struct err e = {};
	int r = rename_link(f,
		net_kernel_interface_rename_params_get_newname(
			net_kernel_interface_rename_params(cx)),
		&e);
	if (r < 0) {
		err_wrap(&e, r, "rename %s", f->name);
		service_fail(cx.ctx, &e);
	} else {
		vat_ctx_return(cx.ctx);
	}
}

static int destroy_link(struct iface *f, struct err *e)
{
	struct place *p = NULL;
	struct rtnl_link l;
	int r = iface_look(f, &p, &l, e);
	if (r < 0)
		return r;
	if (l.hardware || !*l.kind)
		r = err_set(e, -EOPNOTSUPP, "%s is hardware: there is nothing to delete", l.name);
	else if (f->created) /* many at once are quicker; and it has nothing that could refuse */
		reaper_add(f->ns, &(struct reap){.place = p, .index = l.index});
	else
		r = rtnl_link_delete(p->rtnl, l.index, e);
	place_unref(p);
	/* What is stored would make it again. */
	list_for_each (it, &f->ns->ifaces) {
		struct iface *other = list_entry(it, struct iface, link);
		if (r >= 0 && f->created && other->created == f->created && f->ns->service)
			service_forget(f->ns->service, other->id);
	}
	return r;
}

void iface_kernel_destroy(void *self, struct net_kernel_interface_destroy_ctx cx)
{
	struct iface *f = self;
	struct err e = {};
	int r = destroy_link(f, &e);
	if (r < 0) {
		err_wrap(&e, r, "delete %s", f->name);
		service_fail(cx.ctx, &e);
	} else {
		log_info("the interface %s was deleted, as asked for", f->name);
		reaper_return(f->ns, cx.ctx);
	}
}

void iface_kernel_as_l2(void *self, struct net_kernel_interface_as_l2_ctx cx)
{
	struct iface *f = self, plain = *f;
	plain.kernel = false;
	struct net_kernel_interface_c c = iface_serve_like(f, &plain);
	net_kernel_interface_as_l2_results_set_iface(
		net_kernel_interface_as_l2_results(cx), net_l2_interface_cast(c.cap));
	net_kernel_interface_unref(c);
	vat_ctx_return(cx.ctx);
}

void iface_kernel_info(void *self, struct net_kernel_interface_kernel_info_ctx cx)
{
	struct iface *f = self;
	struct place *p = NULL;
	struct rtnl_link l;
	struct err e = {};
	int r = iface_look(f, &p, &l, &e);
	struct rtnl_address *addresses = NULL;
	size_t n = 0;
	if (r >= 0)
		r = rtnl_address_list(p->rtnl, l.index, &addresses, &n, &e);
	if (r < 0) {
		place_unref(p);
		service_fail(cx.ctx, &e);
		return;
	}
	struct rtnl_link links[2] = {l};
	struct iface_listing all = {
		.place = p,
		.namespace = f->namespace,
		.links = links,
		.n_links = 1,
		.addresses = addresses,
		.n_addresses = n,
	};
	if (l.master && rtnl_link_by_index(p->rtnl, l.master, &links[1], NULL) == 0)
		all.n_links = 2;
	iface_write_kernel_info(&all, &l,
		net_kernel_interface_kernel_info_results_init_info(
			net_kernel_interface_kernel_info_results(cx)));
	free(addresses);
	place_unref(p);
	vat_ctx_return(cx.ctx);
}
