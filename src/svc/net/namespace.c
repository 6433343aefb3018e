/* SPDX-License-Identifier: MIT */
/*
 * KernelNetworkNamespace: a network namespace by its name, opened anew at each use, so that the
 * object keeps none alive.
 */
#include "svc/net/iface.h"

#include <stdio.h>

struct namespace
{
	struct net_service *ns;
	char *name;
};

/* ---- listing ------------------------------------------------------------------------------- */

static bool is_listed(const struct rtnl_link *l, bool all)
{
	struct err e = {};
	int r = iface_check(l, &e);
	return r >= 0 || (all && r == -EBUSY);
}

static struct net_kernel_interface_c serve_link(
	struct namespace *n, struct place *p, const struct rtnl_link *l)
{
	struct iface f = {
		.namespace = n->name,
		.kernel = true,
		.index = l->index,
		.network = p->id,
		.created = created_find(p, l->index),
	};
	memcpy(f.name, l->name, sizeof(f.name));
	return iface_serve(n->ns, &f, "");
}

static void write_list(struct namespace *n, const struct iface_listing *list, bool all,
	struct net_kernel_network_namespace_list_interfaces_results_b ret)
{
	uint32_t count = 0, at = 0;
	for (size_t i = 0; i < list->n_links; i++)
		count += is_listed(&list->links[i], all);
	count = MIN(count, (uint32_t)IFACE_LIST_MAX);
	struct vat_list_b caps =
		net_kernel_network_namespace_list_interfaces_results_init_interfaces(ret, count);
	struct net_kernel_interface_info_list_b infos =
		net_kernel_network_namespace_list_interfaces_results_init_infos(ret, count);
	for (size_t i = 0; i < list->n_links && at < count; i++) {
		const struct rtnl_link *l = &list->links[i];
		if (!is_listed(l, all))
			continue;
		/* What is a part of a tunnel is told of, and is nobody's to have. */
		if (iface_check(l, NULL) >= 0) {
			struct net_kernel_interface_c c = serve_link(n, list->place, l);
			vat_set_cap(vat_list_ptr_b(caps, at), c.cap);
			net_kernel_interface_unref(c);
		}
		iface_write_kernel_info(list, l, net_kernel_interface_info_at_b(infos, at));
		at++;
	}
}

static void namespace_list_interfaces(
	void *self, struct net_kernel_network_namespace_list_interfaces_ctx cx)
{
	struct namespace *n = self;
	struct place *p = NULL;
	struct rtnl_link *links = NULL;
	struct rtnl_address *addresses = NULL;
	struct err e = {};
	struct iface_listing list = {.namespace = n->name};
	int r = place_get(n->ns, n->name, &p, &e);
	if (r >= 0)
		r = rtnl_link_list(p->rtnl, &links, &list.n_links, &e);
	if (r >= 0)
		r = rtnl_address_list(p->rtnl, 0, &addresses, &list.n_addresses, &e);
	if (r >= 0) {
		list.place = p;
		list.links = links;
		list.addresses = addresses;
		write_list(n, &list,
			net_kernel_network_namespace_list_interfaces_params_get_all(
				net_kernel_network_namespace_list_interfaces_params(cx)),
			net_kernel_network_namespace_list_interfaces_results(cx));
		vat_ctx_return(cx.ctx);
	} else {
		service_fail(cx.ctx, &e);
	}
	free(links);
	free(addresses);
	place_unref(p);
}

/* ---- one interface ------------------------------------------------------------------------- */

static int check_name(struct vat_text name, struct err *e)
{
	if (strlen(name.s) == name.len && rtnl_name_is_valid(name.s))
		return 0;
	return err_set(e, -EINVAL,
		"\"%.40s\" cannot be an interface's name: 1 to 15 bytes, without \"/\", \":\" and "
		"white space",
		name.s);
}

static void namespace_get_interface(
	void *self, struct net_kernel_network_namespace_get_interface_ctx cx)
{
	struct namespace *n = self;
	struct vat_text name = net_kernel_network_namespace_get_interface_params_get_name(
		net_kernel_network_namespace_get_interface_params(cx));
	char text[300];
	struct place *p = NULL;
	struct rtnl_link l;
	struct err e = {};
	int r = check_name(name, &e);
	if (r >= 0)
		r = place_get(n->ns, n->name, &p, &e);
	if (r >= 0)
		r = rtnl_link_by_name(p->rtnl, name.s, &l, &e);
	if (r == -ENODEV)
		err_set(&e, r, "there is no interface %s%s%s", name.s,
			*n->name ? " in the network namespace " : "",
			place_name_text(n->name, text, sizeof(text)));
	if (r >= 0)
		r = iface_check(&l, &e);
	if (r < 0) {
		place_unref(p);
		service_fail(cx.ctx, &e);
		return;
	}
	struct net_kernel_interface_c c = serve_link(n, p, &l);
	place_unref(p);
	net_kernel_network_namespace_get_interface_results_set_iface(
		net_kernel_network_namespace_get_interface_results(cx), c);
	net_kernel_interface_unref(c);
	vat_ctx_return(cx.ctx);
}

static int create(struct namespace *n, struct vat_text name, struct net_create_options_r options,
	struct net_kernel_interface_c *ret, struct err *e)
{
	struct iface f = {.namespace = n->name, .kernel = true};
	struct place *p = NULL;
	int r = check_name(name, e);
	if (r >= 0)
		r = iface_check_new_name(name.s, e);
	if (r >= 0)
		r = place_get(n->ns, n->name, &p, e);
	if (r >= 0)
		r = created_new(p, name.s, "", options, &f.created, e);
	if (r >= 0) {
		f.index = f.created->index;
		f.network = p->id;
		memcpy(f.name, f.created->name, sizeof(f.name));
		*ret = iface_serve(n->ns, &f, "");
		r = ret->cap ? 0 : err_errno(e, -ENOMEM, "create %s", name.s);
	}
	place_unref(p);
	return r;
}

static void namespace_create_interface(
	void *self, struct net_kernel_network_namespace_create_interface_ctx cx)
{
	struct net_kernel_network_namespace_create_interface_params_r q =
		net_kernel_network_namespace_create_interface_params(cx);
	struct net_kernel_interface_c c = {};
	struct err e = {};
	int r = create(self, net_kernel_network_namespace_create_interface_params_get_name(q),
		net_kernel_network_namespace_create_interface_params_get_options(q), &c, &e);
	if (r < 0) {
		service_fail(cx.ctx, &e);
		return;
	}
	net_kernel_network_namespace_create_interface_results_set_iface(
		net_kernel_network_namespace_create_interface_results(cx), c);
	net_kernel_interface_unref(c);
	vat_ctx_return(cx.ctx);
}

/* ---- life ---------------------------------------------------------------------------------- */

static const struct net_kernel_network_namespace_impl namespace_impl = {
	.list_interfaces = namespace_list_interfaces,
	.get_interface = namespace_get_interface,
	.create_interface = namespace_create_interface,
};

static void namespace_free(void *self)
{
	struct namespace *n = self;
	free(n->name);
	free(n);
}

struct net_kernel_network_namespace_c namespace_serve(struct net_service *ns, const char *name)
{
	struct net_kernel_network_namespace_c c = {};
	struct namespace *n = calloc(1, sizeof(*n));
	if (!n)
		return c;
	n->ns = ns;
	n->name = strdup(name);
	if (n->name)
		c = net_kernel_network_namespace_serve(
			ns->streams.loop->vat, &namespace_impl, n, namespace_free);
	if (!c.cap)
		namespace_free(n);
	return c;
}
