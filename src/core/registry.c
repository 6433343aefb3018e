/* SPDX-License-Identifier: MIT */
/*
 * Theory of operation: registry.h.
 *
 * An entry is the Holder's object.  A service registered again under its name is a new entry, so
 * the end of an old holder can never take the new registration away.
 */
#include "core/registry.h"
#include "base/log.h"
#include "core/ref.h"

struct entry {
	struct registry *registry; /* NULL once the registry is done */
	struct list link;
	char name[REF_SERVICE_MAX + 1];
	struct metac_service_c service;
	struct metac_service_admin_c admin;
};

struct waiter {
	struct registry *registry;
	struct list link;
	char name[REF_SERVICE_MAX + 1];
	struct vat_ctx *ctx;
};

void registry_init(struct registry *r, struct vat *v)
{
	*r = (struct registry){.vat = v};
	list_init(&r->entries);
	list_init(&r->waiters);
}

static void waiter_free(struct waiter *w)
{
	list_unlink(&w->link);
	w->registry->n_waiters--;
	free(w);
}

static void waiter_fail(struct waiter *w, const char *why)
{
	struct vat_ctx *ctx = w->ctx;
	waiter_free(w);
	vat_ctx_fail(ctx, VAT_DISCONNECTED, "%s", why);
}

static void on_waiter_canceled(void *user)
{
	waiter_fail(user, "canceled");
}

void registry_done(struct registry *r)
{
	list_for_each_safe (it, &r->waiters)
		waiter_fail(list_entry(it, struct waiter, link), "the node is ending");
	list_for_each_safe (it, &r->entries) {
		struct entry *e = list_entry(it, struct entry, link);
		list_unlink(&e->link);
		e->registry = NULL;
	}
}

static struct entry *find(struct registry *r, struct vat_text name)
{
	list_for_each (it, &r->entries) {
		struct entry *e = list_entry(it, struct entry, link);
		if (vat_text_is(name, e->name))
			return e;
	}
	return NULL;
}

static void entry_free(void *self)
{
	struct entry *e = self;
	if (e->registry) {
		log_info("service \"%s\" is gone", e->name);
		list_unlink(&e->link);
		e->registry->n_entries--;
	}
	metac_service_unref(e->service);
	metac_service_admin_unref(e->admin);
	free(e);
}

static const struct metac_holder_impl holder_impl = {};

static void wake_waiters(struct registry *r, const char *name)
{
	list_for_each_safe (it, &r->waiters) {
		struct waiter *w = list_entry(it, struct waiter, link);
		if (strcmp(w->name, name))
			continue;
		struct vat_ctx *ctx = w->ctx;
		waiter_free(w);
		vat_ctx_return(ctx);
	}
}

int registry_add(struct registry *r, struct vat_text name, struct metac_service_c service,
	struct metac_service_admin_c admin, struct metac_holder_c *ret)
{
	if (!service_name_valid(name))
		return -EINVAL;
	if (find(r, name))
		return -EEXIST;
	if (r->n_entries >= REGISTRY_SERVICES_MAX)
		return -EDQUOT;
	struct entry *e = calloc(1, sizeof(*e));
	if (!e)
		return -ENOMEM;
	struct metac_holder_c holder = metac_holder_serve(r->vat, &holder_impl, e, entry_free);
	if (!holder.cap) {
		free(e);
		return -ENOMEM;
	}
	e->registry = r;
	memcpy(e->name, name.s, name.len);
	e->service = metac_service_ref(service);
	e->admin = metac_service_admin_ref(admin);
	list_append(&r->entries, &e->link);
	r->n_entries++;
	log_info("service \"%s\" is registered", e->name);
	wake_waiters(r, e->name);
	*ret = holder;
	return 0;
}

struct metac_service_c registry_service(struct registry *r, struct vat_text name)
{
	struct entry *e = find(r, name);
	return e ? e->service : (struct metac_service_c){};
}

struct metac_service_admin_c registry_admin(struct registry *r, struct vat_text name)
{
	struct entry *e = find(r, name);
	return e ? e->admin : (struct metac_service_admin_c){};
}

void registry_wait(struct registry *r, struct metac_node_wait_for_service_ctx cx)
{
	struct vat_text name =
		metac_node_wait_for_service_params_get_name(metac_node_wait_for_service_params(cx));
	if (!service_name_valid(name)) {
		vat_ctx_fail(cx.ctx, VAT_FAILED, "malformed service name");
		return;
	}
	if (find(r, name)) {
		vat_ctx_return(cx.ctx);
		return;
	}
	struct waiter *w = r->n_waiters < REGISTRY_WAITERS_MAX ? calloc(1, sizeof(*w)) : NULL;
	if (!w) {
		vat_ctx_fail(cx.ctx, VAT_OVERLOADED, "too many wait for services");
		return;
	}
	w->registry = r;
	memcpy(w->name, name.s, name.len);
	w->ctx = cx.ctx;
	list_append(&r->waiters, &w->link);
	r->n_waiters++;
	vat_ctx_on_cancel(cx.ctx, on_waiter_canceled, w);
}

void registry_each(struct registry *r, void (*fn)(void *user, const char *name), void *user)
{
	list_for_each (it, &r->entries)
		fn(user, list_entry(it, struct entry, link)->name);
}
