/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * For tests of bindings: everything below them pretends.  Tunnels, joints and segments are what a
 * test can look at; interfaces are there as long as the test says so; the process is the service of
 * two nodes at once, whose only connection is the vat that both are in.
 */
#include "core/test-call.h"
#include "svc/net/binding.h"
#include "svc/net/reaper.h"
#include "svc/net/routed.h"

#include <stdio.h>

struct segment {
	struct place *place;
	struct created *created;
	char name[IFNAMSIZ];
	uint32_t mtu;
	unsigned refs;
	bool missing;
};

struct tunnel {
	struct tunnel_config cfg;
	struct guard_restrictions restrictions[8];
	uint16_t port;
	uint32_t vni;
	bool connected;
	uint32_t mtu;
	struct rtnl_remote remote;
	char device[IFNAMSIZ];
};

struct joint {
	const struct tunnel_config *one;
	struct tunnel_config other;
};

static struct {
	unsigned tunnels, joints, made; /* alive; and ever made (tunnels) */
	struct tunnel *last;
	struct joint *joint;
	uint32_t path_mtu;
	const char *fail_new, *fail_connect, *fail_joint; /* NULL: it works */
	bool persistable;
	unsigned forgotten, described;
	unsigned routed, unrouted;
	unsigned leases;
	bool lease_over;
} fake = {.path_mtu = 1426, .persistable = true};

/* ---- the service --------------------------------------------------------------------------- */

struct service { /* one node's part */
	struct loop *loop;
	const char *address;
	struct metac_node_admin_c node;
};

struct loop *service_loop(struct service *s)
{
	return s->loop;
}

const char *service_address(struct service *s)
{
	return s->address;
}

struct metac_node_admin_c service_node(struct service *s)
{
	return s->node;
}

bool service_is_persistable(struct service *s)
{
	return fake.persistable;
}

void service_forget(struct service *s, const char *runtime_id)
{
	fake.forgotten++;
}

void service_fail(struct vat_ctx *ctx, const struct err *e)
{
	vat_ctx_fail(ctx, (enum vat_error_kind)e->kind, "%s", e->msg);
}

/* The description is what comes back as the reference. */
void service_create_sturdy_ref(struct service *s,
	struct persistence_persistable_create_sturdy_ref_ctx cx, const struct service_object *o)
{
	struct metac_metac_sturdy_ref_b b =
		persistence_persistable_create_sturdy_ref_results_init_id(
			persistence_persistable_create_sturdy_ref_results(cx));
	metac_metac_sturdy_ref_set_service(b, vat_str(o->runtime_id));
	o->describe(o->self, metac_metac_sturdy_ref_get_object_info_b(b));
	vat_ctx_return(cx.ctx);
}

void service_describe_again(struct service *s, const struct service_object *o)
{
	fake.described++;
}

/* ---- segments, created interfaces ---------------------------------------------------------- */

struct segment *segment_ref(struct segment *s)
{
	s->refs++;
	return s;
}

void segment_unref(struct segment *s)
{
	if (s)
		s->refs--;
}

struct place *segment_place(const struct segment *s)
{
	return s->place;
}

int segment_index(const struct segment *s)
{
	return s->missing ? 0 : 7;
}

const char *segment_name(const struct segment *s)
{
	return s->name;
}

uint32_t segment_mtu(const struct segment *s)
{
	return s->mtu;
}

struct created *created_ref(struct created *c)
{
	c->refs++;
	return c;
}

void created_unref(struct created *c)
{
	if (c)
		c->refs--;
}

struct net_create_options_r created_options(const struct created *c)
{
	return net_create_options_root(c->options);
}

/* ---- interfaces ---------------------------------------------------------------------------- */

/* Its namespace is the address of its segment, in text: for bindings, which have a copy of f. */
struct fake_iface {
	struct iface f; /* first: it is what L2Interface is served with */
	struct segment segment;
	struct net_l2_interface_c cap;
};

static void fake_bind_to(void *self, struct net_l2_interface_bind_to_ctx cx)
{
	struct fake_iface *i = self;
	binding_request(&i->f, cx);
}

static const struct net_l2_interface_impl fake_iface_impl = {
	.setup_vxlan = iface_setup_vxlan,
	.bind_to = fake_bind_to,
};

int iface_tunnel_config(struct iface *f, struct tunnel_config *ret, struct err *e)
{
	struct segment *s = NULL;
	CHECK_INT(sscanf(f->namespace, "%p", (void **)&s), 1);
	if (s->missing)
		return err_set(e, -ENODEV, "there is no interface %s", s->name);
	*ret = (struct tunnel_config){.segment = segment_ref(s),
		.created = s->created,
		.restrictions = f->restrictions,
		.n_restrictions = f->n_restrictions};
	return 0;
}

static bool fake_is_ours; /* iface_of finds what is asked for */
static struct fake_iface *fake_restored; /* and what was restored, in any case */

struct iface *iface_of(struct vat_cap *cap)
{
	bool restored = fake_restored && cap == fake_restored->cap.cap;
	return fake_is_ours || restored ? vat_cap_self(cap, &fake_iface_impl) : NULL;
}

void iface_describe(const struct iface *f, struct net_interface_description_b ret)
{
	net_interface_description_set_name(ret, vat_str(f->name));
	net_interface_description_set_namespace(ret, vat_str(f->namespace));
}

int iface_restore(struct net_service *ns, struct net_interface_description_r d, const char *id,
	struct net_kernel_interface_c *ret, struct err *e)
{
	if (!fake_restored)
		return err_set(e, -ENODEV, "there is no such interface");
	*ret = net_kernel_interface_ref((struct net_kernel_interface_c){fake_restored->cap.cap});
	return 0;
}

int restrictions_read(struct net_restrictions_r r, struct guard_restrictions *ret, struct err *e)
{
	*ret = (struct guard_restrictions){.rate = net_restrictions_get_rate(r)};
	return ret->rate == 1 ? err_set(e, -EINVAL, "a rate of 1 is too low") : 0;
}

void restrictions_write(const struct guard_restrictions *r, struct net_restrictions_b ret)
{
	net_restrictions_set_rate(ret, r->rate);
}

void reaper_return(struct net_service *ns, struct vat_ctx *ctx)
{
	vat_ctx_return(ctx);
}

bool place_name_is_lasting(const char *name)
{
	return true;
}

bool restrictions_are_any(const struct guard_restrictions *r)
{
	return !r->rate;
}

/* ---- tunnels ------------------------------------------------------------------------------- */

int tunnel_new(
	struct net_service *ns, const struct tunnel_config *cfg, struct tunnel **ret, struct err *e)
{
	if (fake.fail_new)
		return err_set(e, -EIO, "%s", fake.fail_new);
	struct tunnel *t = calloc(1, sizeof(*t));
	t->cfg = *cfg;
	for (size_t i = 0; i < cfg->n_restrictions; i++)
		t->restrictions[i] = cfg->restrictions[i];
	t->port = (uint16_t)(20000 + ++fake.made);
	t->vni = cfg->vni ? cfg->vni : 1000 + fake.made;
	(void)snprintf(t->device, sizeof(t->device), "%s%u", cfg->created && !cfg->vni ? "" : "mcx",
		fake.made);
	if (cfg->created && !cfg->vni)
		(void)snprintf(t->device, sizeof(t->device), "%s", cfg->created->name);
	fake.tunnels++;
	*ret = fake.last = t;
	return 0;
}

uint16_t tunnel_port(const struct tunnel *t)
{
	return t->port;
}

uint32_t tunnel_vni(const struct tunnel *t)
{
	return t->vni;
}

const char *tunnel_device(const struct tunnel *t)
{
	return t->device;
}

int tunnel_connect(struct tunnel *t, const struct rtnl_remote *remote, uint32_t mtu, struct err *e)
{
	if (fake.fail_connect)
		return err_set(e, -EIO, "%s", fake.fail_connect);
	t->connected = true;
	t->remote = *remote;
	t->mtu = mtu;
	return 0;
}

void tunnel_cut(struct tunnel *t)
{
	t->connected = false;
}

int tunnel_stats(struct tunnel *t, struct net_stats_b ret)
{
	net_stats_set_received_packets(ret, t->port);
	return 0;
}

void tunnel_free(struct tunnel *t)
{
	if (!t)
		return;
	fake.tunnels--;
	if (fake.last == t)
		fake.last = NULL;
	free(t);
}

int tunnel_path_mtu(
	struct net_service *ns, const struct rtnl_ip *remote, uint32_t *ret, struct err *e)
{
	*ret = fake.path_mtu;
	return 0;
}

int tunnel_check_mtu(uint32_t asked, uint32_t possible, const struct rtnl_ip *remote, struct err *e)
{
	return asked <= possible ? 0
				 : err_set(e, -EMSGSIZE, "%u is too large: %u", asked, possible);
}

int tunnel_check_remote(const struct rtnl_remote *remote, struct err *e)
{
	return remote->port < 1024 ? err_set(e, -EINVAL, "port %u", remote->port) : 0;
}

int joint_new(struct net_service *ns, const struct tunnel_config *one,
	const struct tunnel_config *other, struct joint **ret, struct err *e)
{
	if (fake.fail_joint)
		return err_set(e, -EIO, "%s", fake.fail_joint);
	struct joint *j = calloc(1, sizeof(*j));
	*j = (struct joint){one, *other};
	fake.joints++;
	*ret = fake.joint = j;
	return 0;
}

const char *joint_transport(const struct joint *j)
{
	return "veth";
}

int joint_stats(struct joint *j, struct net_stats_b ret)
{
	return 0;
}

void joint_free(struct joint *j)
{
	if (!j)
		return;
	fake.joints--;
	fake.joint = NULL;
	free(j);
}

/* ---- routed networks ----------------------------------------------------------------------- */

int routed_lease(
	struct routed *r, const struct routed_request *q, struct routed_lease **ret, struct err *e)
{
	if (q->key.len < LEASES_KEY_MIN)
		return err_set(e, -EINVAL, "not a key");
	fake.leases++;
	*ret = (struct routed_lease *)&fake;
	return 0;
}

void routed_lease_restriction(const struct routed_lease *l, struct guard_restrictions *ret)
{
	*ret = (struct guard_restrictions){.routed = true};
}

void routed_lease_write(const struct routed_lease *l, struct net_routed_config_b ret)
{
	struct vat_list_b a = net_routed_config_init_addresses(ret, 1);
	vat_set_text(vat_list_ptr_b(a, 0), vat_str("10.9.0.2/32"));
}

unsigned routed_lease_text(
	const struct routed_lease *l, char ret[static LEASES_PREFIXES_MAX][RTNL_ADDRESS_TEXT])
{
	strcpy(ret[0], "10.9.0.2/24");
	return 1;
}

void routed_lease_end(struct routed_lease *l, bool over)
{
	if (!l)
		return;
	fake.leases--;
	fake.lease_over = over;
}

int routed_apply(struct place *p, int index, struct net_routed_config_r config,
	struct routed_member **m, struct err *e)
{
	fake.routed++;
	*m = (struct routed_member *)&fake;
	return 0;
}

void routed_unapply(struct routed_member *m)
{
	fake.unrouted += m != NULL;
}

const char *routed_member_address(const struct routed_member *m, unsigned n)
{
	return n ? NULL : "10.9.0.2/24";
}
