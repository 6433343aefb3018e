/* SPDX-License-Identifier: MIT */
/* How interface objects are stored, and made again.  See iface.h. */
#include "svc/net/iface.h"
#include "svc/net/routed.h"

#include <limits.h>
#include <sodium.h>
#include <stdio.h>

enum { SUMMARY_SIZE = 1000 };

/* ---- identity ------------------------------------------------------------------------------ */

static void add(crypto_generichash_state *st, const void *p, size_t n)
{
	crypto_generichash_update(st, p, n);
}

static void add_text(crypto_generichash_state *st, const char *s)
{
	add(st, s, strlen(s) + 1);
}

void iface_id(const struct iface *f, char ret[static 33])
{
	unsigned char hash[16];
	crypto_generichash_state st;
	crypto_generichash_init(&st, NULL, 0, sizeof(hash));
	add_text(&st, f->kernel ? "kernel" : "l2");
	/* By this it is found: one that goes with a process is not one that stays. */
	add_text(&st, f->namespace);
	if (f->created) {
		add_text(&st, "created");
		add_text(&st, f->created->id);
	} else if (f->network && f->index) {
		add_text(&st, "index");
		add(&st, &f->network, sizeof(f->network));
		add(&st, &f->index, sizeof(f->index));
	} else {
		add_text(&st, f->name);
	}
	for (size_t i = 0; i < f->n_restrictions; i++) {
		const struct guard_restrictions *r = &f->restrictions[i];
		add(&st, &r->rate, sizeof(r->rate));
		add(&st, &r->protocols, sizeof(r->protocols));
		add(&st, &r->n_macs, sizeof(r->n_macs));
		add(&st, r->macs, r->n_macs * sizeof(r->macs[0]));
	}
	crypto_generichash_final(&st, hash, sizeof(hash));
	sodium_bin2hex(ret, 33, hash, sizeof(hash));
}

void iface_summary(const struct iface *f, char *ret, size_t size)
{
	char text[PATH_MAX], limits[300];
	int n = snprintf(ret, size, "interface %s%s%s", f->name,
		*f->namespace ? " of the network namespace " : "",
		place_name_text(f->namespace, text, sizeof(text)));
	for (size_t i = 0; i < f->n_restrictions && n >= 0 && (size_t)n < size; i++) {
		restrictions_text(&f->restrictions[i], limits, sizeof(limits));
		n += snprintf(ret + n, size - (size_t)n, "%s%s", *limits ? ", " : "", limits);
	}
}

/* ---- describing ---------------------------------------------------------------------------- */

void iface_describe(const struct iface *f, struct net_interface_description_b ret)
{
	net_interface_description_set_namespace(ret, vat_str(f->namespace));
	net_interface_description_set_name(ret, vat_str(f->name));
	net_interface_description_set_kernel(ret, f->kernel);
	struct net_restrictions_list_b list =
		net_interface_description_init_restrictions(ret, (uint32_t)f->n_restrictions);
	for (size_t i = 0; i < f->n_restrictions; i++)
		restrictions_write(&f->restrictions[i], net_restrictions_at_b(list, (uint32_t)i));
	if (!f->created) {
		net_interface_description_set_index(ret, (uint32_t)f->index);
		net_interface_description_set_network_id(ret, f->network);
		return;
	}
	net_interface_description_set_created(ret, true);
	net_interface_description_set_created_id(ret, vat_str(f->created->id));
	net_interface_description_set_options(ret, created_options(f->created));
	if (f->created->routed)
		routed_describe(f->created->routed, ret);
}

static void describe(void *self, struct vat_ptr_b description)
{
	iface_describe(self, net_interface_description_init(description));
}

static struct service_object object_of(struct iface *f, const char *summary)
{
	return (struct service_object){
		.category = NET_INTERFACE_CATEGORY,
		.runtime_id = f->id,
		.summary = summary,
		.cap = f->cap,
		.describe = describe,
		.self = f,
	};
}

void iface_create_sturdy_ref(void *self, struct persistence_persistable_create_sturdy_ref_ctx cx)
{
	struct iface *f = self;
	char summary[SUMMARY_SIZE], text[PATH_MAX];
	bool persistent = persistence_persistable_create_sturdy_ref_params_get_persistent(
		persistence_persistable_create_sturdy_ref_params(cx));
	if (persistent && !place_name_is_lasting(f->namespace)) {
		vat_ctx_fail(cx.ctx, VAT_FAILED,
			"%s goes with its process: for a persistent reference the network "
			"namespace needs a name (ip netns attach)",
			place_name_text(f->namespace, text, sizeof(text)));
		return;
	}
	iface_summary(f, summary, sizeof(summary));
	struct service_object o = object_of(f, summary);
	service_create_sturdy_ref(f->ns->service, cx, &o);
}

void iface_describe_again(struct iface *f)
{
	char summary[SUMMARY_SIZE];
	if (!f->ns->service)
		return;
	iface_summary(f, summary, sizeof(summary));
	struct service_object o = object_of(f, summary);
	service_describe_again(f->ns->service, &o);
}

void iface_leases_changed(void *created)
{
	const struct created *c = created;
	list_for_each (it, &c->place->ns->ifaces) {
		struct iface *f = list_entry(it, struct iface, link);
		if (f->created == c)
			iface_describe_again(f);
	}
}

/* ---- restoring ----------------------------------------------------------------------------- */

static bool plain(struct vat_text t, size_t max)
{
	return t.len <= max && strlen(t.s) == t.len;
}

static int read_restrictions(struct net_interface_description_r d, struct iface *f, struct err *e)
{
	struct net_restrictions_list_r list = net_interface_description_get_restrictions(d);
	uint32_t n = list.l.count;
	if (n > IFACE_RESTRICTIONS_MAX)
		return err_set(e, -EINVAL, "restricted %u times", n);
	for (uint32_t i = 0; i < n; i++) {
		int r = restrictions_read(net_restrictions_at(list, i), &f->restrictions[i], e);
		if (r < 0)
			return r;
	}
	f->n_restrictions = n;
	return 0;
}

static int make_again(struct net_service *ns, struct net_interface_description_r d, struct iface *f,
	struct err *e)
{
	struct vat_text id = net_interface_description_get_created_id(d);
	struct place *p = NULL;
	if (!id.len || !plain(id, 32) || strspn(id.s, "0123456789abcdef") != id.len)
		return err_set(e, -EINVAL, "no id");
	int r = place_get(ns, f->namespace, &p, e);
	if (r < 0)
		return r;
	r = created_new(p, f->name, id.s, net_interface_description_get_options(d), &f->created, e);
	place_unref(p);
	if (r >= 0 && f->created->routed)
		routed_restore(f->created->routed, d);
	return r;
}

int iface_restore(struct net_service *ns, struct net_interface_description_r d, const char *id,
	struct net_kernel_interface_c *ret, struct err *e)
{
	struct vat_text namespace = net_interface_description_get_namespace(d);
	struct vat_text name = net_interface_description_get_name(d);
	struct iface f = {
		.namespace = (char *)namespace.s,
		.kernel = net_interface_description_get_kernel(d),
		.index = (int)net_interface_description_get_index(d),
		.network = net_interface_description_get_network_id(d),
	};
	if (!plain(namespace, PATH_MAX - 1) || !plain(name, IFNAMSIZ - 1) ||
		!rtnl_name_is_valid(name.s) || f.index < 0 || strlen(id) >= sizeof(f.id))
		return err_set(e, -EINVAL, "the stored description is damaged");
	memcpy(f.name, name.s, name.len);
	int r = read_restrictions(d, &f, e);
	if (r >= 0 && net_interface_description_get_created(d))
		r = make_again(ns, d, &f, e);
	if (r < 0)
		return err_wrap(e, r, "interface %s", name.s);
	struct net_kernel_interface_c c = iface_serve(ns, &f, id);
	if (!c.cap)
		return err_errno(e, -ENOMEM, "interface %s", name.s);
	*ret = c;
	return 0;
}
