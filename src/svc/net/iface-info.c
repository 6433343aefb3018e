/* SPDX-License-Identifier: MIT */
/* What interface objects tell of their interface. */
#include "svc/net/iface.h"

#include <limits.h>

void iface_write_info(
	const struct iface *f, struct place *p, const struct rtnl_link *l, struct net_l2_info_b ret)
{
	char text[PATH_MAX];
	struct segment *s = NULL;
	metac_node_address_set_ip(net_l2_info_init_node(ret), vat_str(f->ns->address_text));
	net_l2_info_set_namespace(ret, vat_str(place_name_text(f->namespace, text, sizeof(text))));
	net_l2_info_set_name(ret, vat_str(l->name));
	net_l2_info_set_mtu(ret, l->mtu);
	net_l2_info_set_routed(ret, f->created && f->created->routed);
	struct net_restrictions_list_b list =
		net_l2_info_init_restrictions(ret, (uint32_t)f->n_restrictions);
	for (size_t i = 0; i < f->n_restrictions; i++)
		restrictions_write(&f->restrictions[i], net_restrictions_at_b(list, (uint32_t)i));
	if (iface_check(l, NULL) < 0 || segment_get(p, l->name, &s, NULL) < 0)
		return;
	unsigned ports = segment_ports(s);
	net_l2_info_set_tunnels(ret, ports);
	if (ports)
		net_l2_info_set_how(ret, vat_str(segment_how_name(segment_how(s))));
	segment_unref(s);
}

static const struct rtnl_link *find(const struct iface_listing *all, int index)
{
	for (size_t i = 0; index && i < all->n_links; i++)
		if (all->links[i].index == index)
			return &all->links[i];
	return NULL;
}

static void write_addresses(const struct iface_listing *all, const struct rtnl_link *l,
	struct net_kernel_interface_info_b ret)
{
	uint32_t n = 0, at = 0;
	for (size_t i = 0; i < all->n_addresses; i++)
		n += all->addresses[i].index == l->index;
	struct vat_list_b list = net_kernel_interface_info_init_addresses(ret, n);
	for (size_t i = 0; i < all->n_addresses; i++) {
		char text[RTNL_ADDRESS_TEXT];
		if (all->addresses[i].index != l->index)
			continue;
		rtnl_address_format(&all->addresses[i], text);
		vat_set_text(vat_list_ptr_b(list, at++), vat_str(text));
	}
}

void iface_write_kernel_info(const struct iface_listing *all, const struct rtnl_link *l,
	struct net_kernel_interface_info_b ret)
{
	char text[PATH_MAX];
	const struct rtnl_link *master = find(all, l->master);
	struct created *c = created_find(all->place, l->index);
	net_kernel_interface_info_set_name(ret, vat_str(l->name));
	net_kernel_interface_info_set_namespace(
		ret, vat_str(place_name_text(all->namespace, text, sizeof(text))));
	net_kernel_interface_info_set_kind(ret, vat_str(l->kind));
	net_kernel_interface_info_set_mac(ret, (struct vat_data){l->mac, sizeof(l->mac)});
	net_kernel_interface_info_set_mtu(ret, l->mtu);
	net_kernel_interface_info_set_up(ret, l->flags & IFF_UP);
	net_kernel_interface_info_set_carrier(ret, l->carrier);
	if (master)
		net_kernel_interface_info_set_master(ret, vat_str(master->name));
	write_addresses(all, l, ret);
	net_kernel_interface_info_set_created(ret, c);
	net_kernel_interface_info_set_ours(
		ret, iface_name_is_ours(l->name) && net_mark_is_any(l->alias));
	created_unref(c);
}
