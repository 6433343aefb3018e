/* SPDX-License-Identifier: MIT */
/*
 * How a Binding is kept: its interface described, with a reference of its own to the other one
 * (core/own-ref.h).
 */
#include "core/own-ref.h"
#include "svc/net/binding-parts.h"

#include <stdio.h>

enum { SUMMARY_SIZE = 700 };

void binding_text(const struct binding *b, char *ret, size_t size)
{
	(void)snprintf(ret, size, "%s%s%s to %s", b->iface.namespace,
		*b->iface.namespace ? ":" : "", binding_title(b), b->source);
}

static void describe_options(const struct binding *b, struct net_bind_options_b o)
{
	net_bind_options_set_mtu(o, b->mtu_wanted);
	net_bind_options_set_source(o, vat_str(b->source));
	if (!restrictions_are_any(&b->extra))
		restrictions_write(&b->extra, net_bind_options_init_restrictions(o));
}

static void describe(void *self, struct vat_ptr_b description)
{
	struct binding *b = self;
	const struct ref *ref = own_ref_of(b->ns->service, b->way);
	struct net_binding_description_b d = net_binding_description_init(description);
	struct net_bind_options_b o = net_binding_description_init_options(d);
	iface_describe(&b->iface, net_binding_description_init_iface(d));
	net_binding_description_set_key(d, (struct vat_data){b->key, sizeof(b->key)});
	describe_options(b, o);
	if (ref)
		ref_to_sturdy(ref, net_bind_options_init_reference(o));
	else
		net_binding_description_set_other(d, net_l2_interface_cast(way_object(b->way)));
}

static struct service_object object_of(struct binding *b, char summary[static SUMMARY_SIZE])
{
	char text[SUMMARY_SIZE - 32];
	binding_text(b, text, sizeof(text));
	(void)snprintf(summary, SUMMARY_SIZE, "binding of %s", text);
	return (struct service_object){
		.category = NET_BINDING_CATEGORY,
		.runtime_id = b->id,
		.summary = summary,
		.cap = b->cap,
		.describe = describe,
		.self = b,
	};
}

static void create(void *user, struct persistence_persistable_create_sturdy_ref_ctx cx)
{
	struct binding *b = user;
	char summary[SUMMARY_SIZE];
	b->persistent =
		b->persistent || persistence_persistable_create_sturdy_ref_params_get_persistent(
					 persistence_persistable_create_sturdy_ref_params(cx));
	if (binding_title(b) != b->iface.name) /* it may have been renamed */
		(void)snprintf(b->iface.name, sizeof(b->iface.name), "%s", binding_title(b));
	struct service_object o = object_of(b, summary);
	service_create_sturdy_ref(b->ns->service, cx, &o);
}

/* One that is described with a capability cannot be described again; its interface is found by its
 * index, or its mark, as long as the host runs. */
static void describe_again(struct binding *b)
{
	char summary[SUMMARY_SIZE];
	if (!b->persistent || !own_ref_of(b->ns->service, b->way))
		return;
	struct service_object o = object_of(b, summary);
	service_describe_again(b->ns->service, &o);
}

void binding_renamed(struct net_service *ns, const struct iface *f)
{
	list_for_each (it, &ns->bindings) {
		struct binding *b = list_entry(it, struct binding, link);
		bool same = f->created
				    ? b->iface.created == f->created
				    : f->index && b->iface.index == f->index &&
					      b->iface.network == f->network && !b->iface.created;
		if (!same || b->state == BINDING_ENDED)
			continue;
		memcpy(b->iface.name, f->name, sizeof(b->iface.name));
		describe_again(b);
	}
}

void binding_create_sturdy_ref(void *self, struct persistence_persistable_create_sturdy_ref_ctx cx)
{
	struct binding *b = self;
	struct own_ref_config cfg = {
		.service = b->ns->service,
		.way = b->way,
		.persistent = b->persistent,
		.what = "what it is bound to",
		.create = create,
		.user = b,
	};
	bool persistent = persistence_persistable_create_sturdy_ref_params_get_persistent(
		persistence_persistable_create_sturdy_ref_params(cx));
	if (b->state == BINDING_ENDED)
		vat_ctx_fail(cx.ctx, VAT_FAILED, "it was unbound");
	else if (persistent && !place_name_is_lasting(b->iface.namespace))
		vat_ctx_fail(cx.ctx, VAT_FAILED,
			"the network namespace of %s goes with its process: to stay bound it needs "
			"a name (ip netns attach)",
			binding_title(b));
	else
		own_ref_create_sturdy_ref(&cfg, cx);
}

void binding_summary(void *self, struct persistence_persistable_summary_ctx cx)
{
	char summary[SUMMARY_SIZE];
	binding_text(self, summary, sizeof(summary));
	persistence_persistable_summary_results_set_info(
		persistence_persistable_summary_results(cx), vat_str(summary));
	vat_ctx_return(cx.ctx);
}
