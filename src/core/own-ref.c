/* SPDX-License-Identifier: MIT */
/* Theory of operation: own-ref.h. */
#include "core/own-ref.h"

struct own_ref { /* being made; lives until cx is answered */
	struct own_ref_config cfg;
	struct persistence_persistable_create_sturdy_ref_ctx cx;
	struct vat_call *call;
	sd_event_source *timer;
};

static void own_ref_free(struct own_ref *o)
{
	vat_call_free(o->call);
	sd_event_source_disable_unref(o->timer);
	free(o);
}

static void on_made(void *user, const struct vat_error *err, struct vat_ptr_r results)
{
	struct own_ref *o = user;
	const struct own_ref_config cfg = o->cfg;
	struct persistence_persistable_create_sturdy_ref_ctx cx = o->cx;
	struct ref *ref = NULL;
	struct err e = {};
	int r = err ? err_set(&e, -EREMOTEIO, "%s", err->text)
		    : ref_from_sturdy(
			      persistence_persistable_create_sturdy_ref_results_get_id(
				      persistence_persistable_create_sturdy_ref_results_from(
					      results)),
			      &ref, &e);
	own_ref_free(o);
	if (r < 0) {
		err_wrap(&e, r, "a persistent reference to %s", cfg.what);
		service_fail(cx.ctx, &e);
		return;
	}
	if (cfg.set_ref)
		cfg.set_ref(cfg.user, ref);
	else
		way_set_ref(cfg.way, ref);
	cfg.create(cfg.user, cx);
}

static int on_timeout(sd_event_source *source, uint64_t usec, void *user)
{
	struct vat_error e = {VAT_DISCONNECTED, "no answer in time"};
	on_made(user, &e, (struct vat_ptr_r){});
	return 0;
}

static int make(
	const struct own_ref_config *cfg, struct persistence_persistable_create_sturdy_ref_ctx cx)
{
	struct own_ref *o = calloc(1, sizeof(*o));
	if (!o)
		return -ENOMEM;
	*o = (struct own_ref){.cfg = *cfg, .cx = cx};
	struct loop *l = service_loop(cfg->service);
	struct persistence_persistable_create_sturdy_ref_req q =
		persistence_persistable_create_sturdy_ref(
			l->vat, persistence_persistable_cast(way_object(cfg->way)));
	o->call = q.call;
	int r = sd_event_add_time_relative(l->event, &o->timer, CLOCK_MONOTONIC,
		OWN_REF_SECONDS * UINT64_C(1000000), 0, on_timeout, o);
	if (!q.call || r < 0) {
		own_ref_free(o);
		return -ENOMEM;
	}
	persistence_persistable_create_sturdy_ref_params_set_persistent(q.params, true);
	persistence_persistable_create_sturdy_ref_send(q, on_made, o);
	return 0;
}

const struct ref *own_ref_of(struct service *s, const struct way *w)
{
	const struct ref *ref = way_ref(w);
	return ref && strcmp(ref->node, service_address(s)) != 0 ? ref : NULL;
}

void own_ref_create_sturdy_ref(
	const struct own_ref_config *cfg, struct persistence_persistable_create_sturdy_ref_ctx cx)
{
	bool persistent = persistence_persistable_create_sturdy_ref_params_get_persistent(
		persistence_persistable_create_sturdy_ref_params(cx));
	if (!persistent || cfg->persistent || !own_ref_of(cfg->service, cfg->way))
		cfg->create(cfg->user, cx);
	else if (!way_object(cfg->way))
		vat_ctx_fail(cx.ctx, VAT_DISCONNECTED, "it is not connected yet");
	else if (make(cfg, cx) < 0)
		vat_ctx_fail(cx.ctx, VAT_OVERLOADED, "out of memory");
}
