/* SPDX-License-Identifier: MIT */
/*
 * Theory of operation: internal.h tells the parts.  Here: loading the store into the ledger,
 * beginning and end.
 */
#include "svc/persistence/internal.h"

#include "base/log.h"

#include <stdio.h>
#include <time.h>

int64_t now_us(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_REALTIME, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

int timer_set(struct persistence *p, sd_event_source **s, uint64_t usec, sd_event_time_handler_t fn,
	void *user)
{
	*s = sd_event_source_disable_unref(*s);
	int r = sd_event_add_time_relative(p->loop->event, s, CLOCK_BOOTTIME, usec, 1000, fn, user);
	return r < 0 ? r : 0;
}

void fail(struct vat_ctx *ctx, const struct err *e)
{
	vat_ctx_fail(ctx, (enum vat_error_kind)e->kind, "%s", e->msg);
}

bool text_ok(struct vat_text t, size_t max)
{
	return t.len <= max && strlen(t.s) == t.len;
}

/* ---- loading ------------------------------------------------------------------------------- */

static int load_object(void *user, const struct store_object *row)
{
	struct persistence *p = user;
	struct ledger_object *o = NULL;
	struct ledger_object_spec spec = {
		.service = row->service,
		.runtime_id = row->runtime_id,
		.category = row->category,
		.summary = row->summary,
		.created = row->created,
		.persistent = true,
		.state = LEDGER_STORED,
	};
	int r = ledger_object_add(p->ledger, &spec, &o);
	if (r == 0)
		r = live_new(p, o);
	if (r == 0)
		((struct live *)o->live)->waits = row->waits;
	return r;
}

static int load_ref(void *user, const struct store_ref *row)
{
	struct persistence *p = user;
	struct ledger_ref *ref = NULL;
	struct ledger_ref_spec spec = {
		.hash = row->hash,
		.persistent = row->runtime_id != NULL,
		.created = row->created,
		.expires = row->expires,
	};
	if (row->runtime_id)
		spec.object = ledger_object_find(p->ledger, row->service, row->runtime_id);
	if (row->runtime_id && !spec.object)
		return -EUCLEAN;
	return ledger_ref_add(p->ledger, &spec, &ref);
}

static int load_parent(void *user, const struct store_ref *row)
{
	struct persistence *p = user;
	if (!row->has_parent)
		return 0;
	struct ledger_ref *ref = ledger_ref_find(p->ledger, row->hash);
	struct ledger_ref *parent = ledger_ref_find(p->ledger, row->parent);
	return ref && parent ? ledger_ref_set_parent(p->ledger, ref, parent) : -EUCLEAN;
}

static int load(struct persistence *p, struct err *e)
{
	int r = store_tidy(p->store);
	if (r == -ENOSPC) {
		log_warning("the disk is full: nothing persistent can be made or removed");
		r = 0;
	}
	if (r == 0)
		r = store_object_each(p->store, load_object, p);
	if (r == 0)
		r = store_ref_each(p->store, load_ref, p);
	if (r == 0)
		r = store_ref_each(p->store, load_parent, p);
	if (r < 0)
		return err_errno(e, r, "load the stored references");
	/* Such an object has no reference: one that could not be tidied away. */
	list_for_each_safe (i, ledger_objects(p->ledger)) {
		struct ledger_object *o = list_entry(i, struct ledger_object, all);
		struct ledger_removed removed = LEDGER_REMOVED_INIT(removed);
		if (list_empty(&o->refs))
			ledger_object_remove(p->ledger, o, &removed);
		removed_free(&removed, "revoked");
	}
	return 0;
}

/* ---- life ---------------------------------------------------------------------------------- */

static int set_up(struct persistence *p, const struct persistence_config *cfg, struct err *e)
{
	struct client *own = NULL;
	int r = secret_init();
	if (r < 0)
		return err_errno(e, r, "random numbers");
	p->ledger = ledger_new(NULL);
	struct persistence_restorer_c restorer = forward_restorer(p);
	if (p->ledger && restorer.cap)
		r = client_get(p, OWN_SERVICE, &own);
	else
		r = -ENOMEM;
	if (r == 0)
		r = client_set_restorer(own, restorer);
	persistence_restorer_unref(restorer);
	if (r < 0)
		return err_errno(e, r, "persistence service");
	r = load(p, e);
	if (r < 0)
		return r;
	remove_expired(p);
	list_for_each_safe (i, ledger_objects(p->ledger)) {
		struct ledger_object *o = list_entry(i, struct ledger_object, all);
		if (!strcmp(o->service, OWN_SERVICE))
			live_wake(o->live);
	}
	return 0;
}

int persistence_new(const struct persistence_config *cfg, struct err *e, struct persistence **ret)
{
	AUTO(persistence_free) struct persistence *p = calloc(1, sizeof(*p));
	if (!p)
		return err_errno(e, -ENOMEM, "persistence service");
	list_init(&p->clients);
	list_init(&p->creations);
	list_init(&p->passes);
	list_init(&p->destroys);
	p->loop = cfg->loop;
	p->vat = cfg->loop->vat;
	p->store = cfg->store;
	p->node = metac_node_admin_ref(cfg->node);
	(void)snprintf(p->address, sizeof(p->address), "%s", cfg->address);
	int r = set_up(p, cfg, e);
	if (r == 0)
		*ret = TAKE_PTR(p);
	return r;
}

/* Everything out of the ledger, with its effects. */
static void let_all_go(struct persistence *p)
{
	struct ledger_removed removed = LEDGER_REMOVED_INIT(removed);
	while (!list_empty(ledger_refs(p->ledger)))
		ledger_ref_remove(p->ledger,
			list_entry(ledger_refs(p->ledger)->next, struct ledger_ref, all), &removed);
	while (!list_empty(ledger_objects(p->ledger)))
		ledger_object_remove(p->ledger,
			list_entry(ledger_objects(p->ledger)->next, struct ledger_object, all),
			&removed);
	removed_free(&removed, "the persistence service ends");
}

void persistence_free(struct persistence *p)
{
	if (!p)
		return;
	creations_free(p);
	passes_free(p);
	destroys_free(p);
	if (p->ledger)
		let_all_go(p);
	ledger_free(p->ledger);
	clients_free(p);
	hashes_clear(&p->unsaved);
	sd_event_source_disable_unref(p->expiry);
	sd_event_source_disable_unref(p->removal_retry);
	metac_node_admin_unref(p->node);
	free(p);
}

struct metac_service_c persistence_service(struct persistence *p)
{
	return metac_service_serve(p->vat, &persistence_service_impl, p, NULL);
}

struct metac_service_admin_c persistence_admin(struct persistence *p)
{
	return metac_service_admin_cast(persistence_persistence_service_admin_serve(
		p->vat, &persistence_admin_impl, p, NULL)
						.cap);
}
