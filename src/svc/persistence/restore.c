/* SPDX-License-Identifier: MIT */
/*
 * Theory of operation: one restoration of one object.
 *
 * It waits until the object's service is there, opens the stored description, restores each
 * capability in it (all at the same time: our own directly, others by way of the node), and asks
 * the service's restorer.  Every stage has a deadline.  The outcome goes to live_restored() or
 * live_failed(), which free the restoration: nothing is touched after calling them.
 */
#include "svc/persistence/internal.h"

struct part { /* one capability of the description */
	struct restoration *r;
	uint32_t index;
	struct entry entry; /* a reference of ours */
	struct vat_call *call; /* or of another service */
};

struct restoration {
	struct live *live;
	struct pack *pack; /* NULL: still waiting for the service */
	struct part *parts;
	uint32_t n_parts, n_pending;
	bool starting; /* parts are being started: do not conclude yet */
	struct err error; /* that came meanwhile */
	struct vat_call *call; /* restoreFromDescription */
	sd_event_source *timer;
};

static struct persistence *p_of(struct restoration *r)
{
	return r->live->p;
}

static void fail_with(struct restoration *r, struct err *e)
{
	struct ledger_object *o = r->live->object;
	err_wrap(e, e->code, "restore \"%s\" of service %s", o->summary, o->service);
	live_failed(r->live, e);
}

static void fail_vat(struct restoration *r, const struct vat_error *err)
{
	struct err e = {};
	err_set(&e, -EIO, "%s", err->text);
	e.kind = (enum err_kind)err->kind;
	/* A restorer that does not exist is our trouble, not the caller's method that does not. */
	if (e.kind == ERR_UNIMPLEMENTED)
		e.kind = ERR_FAILED;
	fail_with(r, &e);
}

/* ---- the restorer -------------------------------------------------------------------------- */

static void on_restored(void *user, const struct vat_error *err, struct vat_ptr_r results)
{
	struct restoration *r = user;
	struct live *l = r->live;
	if (err) {
		fail_vat(r, err);
		return;
	}
	struct vat_cap *cap =
		vat_ptr_cap(persistence_restorer_restore_from_description_results_get_cap(
			persistence_restorer_restore_from_description_results_from(results)));
	if (!cap) {
		struct err e = {};
		err_set(&e, -EIO, "its service returned nothing");
		fail_with(r, &e);
		return;
	}
	vat_cap_ref(cap); /* the results go with the restoration */
	live_restored(l, cap);
	vat_cap_unref(cap);
}

static void call_restorer(struct restoration *r)
{
	struct ledger_object *o = r->live->object;
	struct client *c = client_find(p_of(r), o->service);
	struct err e = {};
	if (!c || !c->restorer.cap) {
		err_set(&e, -ENOTCONN, "the service has ended");
		fail_with(r, &e);
		return;
	}
	struct persistence_restorer_restore_from_description_req q =
		persistence_restorer_restore_from_description(p_of(r)->vat, c->restorer);
	struct persistence_cap_description_b d =
		persistence_restorer_restore_from_description_params_init_description(q.params);
	persistence_cap_description_set_runtime_id(d, vat_str(o->runtime_id));
	persistence_cap_description_set_category(d, vat_str(o->category));
	persistence_cap_description_set_summary(d, vat_str(o->summary));
	vat_set_ptr(persistence_cap_description_get_description_b(d), pack_content(r->pack));
	r->call = q.call;
	persistence_restorer_restore_from_description_send(q, on_restored, r);
}

/* ---- the parts ----------------------------------------------------------------------------- */

static void conclude(struct restoration *r)
{
	if (r->starting || (r->n_pending && !r->error.code))
		return;
	if (r->error.code) {
		struct err e = r->error;
		fail_with(r, &e);
		return;
	}
	call_restorer(r);
}

static void part_done(struct part *t, struct vat_cap *cap, const struct err *e)
{
	struct restoration *r = t->r;
	r->n_pending--;
	if (cap) {
		pack_set_cap(r->pack, t->index, cap);
	} else if (!r->error.code) {
		r->error = *e;
		err_wrap(&r->error, e->code, "what it is made of (%u of %u)", t->index + 1,
			r->n_parts);
	}
	conclude(r);
}

static void on_own_part(struct entry *en, struct vat_cap *cap, const struct err *e)
{
	part_done(container_of(en, struct part, entry), cap, e);
	vat_cap_unref(cap);
}

static void on_other_part(void *user, const struct vat_error *err, struct vat_ptr_r results)
{
	struct part *t = user;
	struct err e = {};
	struct vat_cap *cap = err ? NULL
				  : vat_ptr_cap(metac_service_restore_results_get_obj(
					    metac_service_restore_results_from(results)));
	if (err) {
		err_set(&e, -EIO, "%s", err->text);
		e.kind = (enum err_kind)err->kind;
	} else if (!cap) {
		err_set(&e, -EIO, "the other service returned nothing");
	}
	part_done(t, cap, &e);
}

/* The node that holds it: ours, or another by way of ours. Calls are pipelined: one round trip. */
static struct metac_node_c node_for(struct persistence *p, struct metac_node_address_r address)
{
	struct metac_node_c node;
	if (is_own_address(p, metac_node_address_get_ip(address))) {
		struct metac_node_admin_get_unprivileged_node_req q =
			metac_node_admin_get_unprivileged_node(p->vat, p->node);
		metac_node_admin_get_unprivileged_node_send(q, NULL, NULL);
		node = metac_node_admin_get_unprivileged_node_pipe_node(q.call);
		vat_call_detach(q.call);
	} else {
		struct metac_node_admin_get_node_req q = metac_node_admin_get_node(p->vat, p->node);
		metac_node_admin_get_node_params_set_address(q.params, address);
		metac_node_admin_get_node_send(q, NULL, NULL);
		node = metac_node_admin_get_node_pipe_node(q.call);
		vat_call_detach(q.call);
	}
	return node;
}

static void start_other_part(struct part *t, struct metac_metac_sturdy_ref_r ref)
{
	struct persistence *p = p_of(t->r);
	struct metac_node_c node = node_for(p, metac_metac_sturdy_ref_get_node(ref));
	struct metac_node_get_service_req g = metac_node_get_service(p->vat, node);
	metac_node_get_service_params_set_name(g.params, metac_metac_sturdy_ref_get_service(ref));
	metac_node_get_service_send(g, NULL, NULL);
	struct metac_service_c service = metac_node_get_service_pipe_service(g.call);
	struct metac_service_restore_req q = metac_service_restore(p->vat, service);
	vat_set_ptr(metac_service_restore_params_get_object_info_b(q.params),
		metac_metac_sturdy_ref_get_object_info(ref));
	t->call = q.call;
	metac_service_restore_send(q, on_other_part, t);
	metac_service_unref(service);
	vat_call_detach(g.call);
	metac_node_unref(node);
}

static void start_part(struct part *t)
{
	struct persistence *p = p_of(t->r);
	struct metac_metac_sturdy_ref_r ref;
	const uint8_t *own = pack_own(t->r->pack, t->index);
	if (!own && !pack_ref(t->r->pack, t->index, &ref))
		return;
	t->r->n_pending++;
	if (own) {
		t->entry.done = on_own_part;
		entry_start(&t->entry, p, entry_find_hash(p, own));
	} else {
		start_other_part(t, ref);
	}
}

static void start_parts(struct restoration *r)
{
	r->starting = true;
	for (uint32_t i = 0; i < r->n_parts; i++) {
		r->parts[i].r = r;
		r->parts[i].index = i;
		start_part(&r->parts[i]);
	}
	r->starting = false;
	conclude(r);
}

static int open_description(struct restoration *r)
{
	struct ledger_object *o = r->live->object;
	AUTO_FREE void *data = NULL;
	size_t size = 0;
	int code =
		store_object_description(p_of(r)->store, o->service, o->runtime_id, &data, &size);
	if (code == 0)
		code = pack_open(data, size, &r->pack);
	if (code < 0)
		return code;
	r->n_parts = r->pack->n_caps;
	r->parts = calloc(r->n_parts ? r->n_parts : 1, sizeof(*r->parts));
	return r->parts ? 0 : -ENOMEM;
}

/* ---- stages -------------------------------------------------------------------------------- */

static int on_timeout(sd_event_source *s, uint64_t usec, void *user)
{
	struct restoration *r = user;
	struct err e = {};
	if (!r->pack)
		err_set(&e, -ETIMEDOUT, "the service does not run");
	else
		err_set(&e, -ETIMEDOUT, "no answer in time");
	fail_with(r, &e);
	return 0;
}

int restoration_new(struct live *l, struct restoration **ret)
{
	if (l->p->n_restorations >= RESTORATIONS_MAX)
		return -EDQUOT;
	struct restoration *r = calloc(1, sizeof(*r));
	if (!r)
		return -ENOMEM;
	r->live = l;
	int code = timer_set(l->p, &r->timer, SERVICE_WAIT_US, on_timeout, r);
	if (code < 0) {
		free(r);
		return code;
	}
	l->p->n_restorations++;
	*ret = r;
	return 0;
}

void restoration_go_on(struct restoration *r)
{
	struct client *c = client_find(p_of(r), r->live->object->service);
	if (r->pack || !c || !c->restorer.cap)
		return;
	struct err e = {};
	int code = timer_set(p_of(r), &r->timer, RESTORE_TIMEOUT_US, on_timeout, r);
	if (code == 0)
		code = open_description(r);
	if (code < 0) {
		err_errno(&e, code, "its stored description");
		fail_with(r, &e);
		return;
	}
	start_parts(r);
}

void restoration_free(struct restoration *r)
{
	if (!r)
		return;
	for (uint32_t i = 0; r->parts && i < r->n_parts; i++) {
		entry_cancel(&r->parts[i].entry);
		vat_call_free(r->parts[i].call);
	}
	vat_call_free(r->call);
	sd_event_source_disable_unref(r->timer);
	pack_free(r->pack);
	p_of(r)->n_restorations--;
	free(r->parts);
	free(r);
}
