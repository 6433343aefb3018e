/* SPDX-License-Identifier: MIT */
/*
 * Theory of operation: fetch.h.  One burst of pipelined calls, of which the last one's answer
 * counts.
 */
#include "core/fetch.h"

#include <stdio.h>

struct fetch {
	fetch_done done;
	void *user;
	char node[REF_NODE_MAX + 1];
	struct vat_call *call;
	sd_event_source *timer;
};

static void stop(struct fetch *f)
{
	vat_call_free(TAKE_PTR(f->call));
	f->timer = sd_event_source_disable_unref(f->timer);
}

void fetch_free(struct fetch *f)
{
	if (!f)
		return;
	stop(f);
	free(f);
}

/* What all services answer to an unknown, expired or revoked reference begins so (metac.capnp). It
 * may come with words of those it was passed on by before it. */
static bool says_revoked(const struct vat_error *err)
{
	static const char text[] = ": no such reference";
	return err->kind == VAT_FAILED &&
	       (!strncmp(err->text, text + 2, sizeof(text) - 3) || strstr(err->text, text));
}

static void on_restored(void *user, const struct vat_error *err, struct vat_ptr_r results)
{
	struct fetch *f = user;
	struct err e = {};
	struct vat_cap *cap = err ? NULL
				  : vat_cap_ref(vat_ptr_cap(metac_service_restore_results_get_obj(
					    metac_service_restore_results_from(results))));
	if (err) {
		err_set(&e, says_revoked(err) ? FETCH_REVOKED : -EREMOTEIO, "%s", err->text);
		e.kind = (enum err_kind)err->kind;
	} else if (!cap) {
		err_set(&e, -EREMOTEIO, "node %s returned nothing", f->node);
	}
	stop(f);
	f->done(f->user, cap, &e);
}

static int on_timeout(sd_event_source *source, uint64_t usec, void *user)
{
	struct fetch *f = user;
	struct err e = {};
	err_set(&e, -ETIMEDOUT, "node %s does not answer", f->node);
	stop(f);
	f->done(f->user, NULL, &e);
	return 0;
}

static void ask(struct fetch *f, struct vat *v, struct metac_node_admin_c node, const struct ref *r)
{
	struct metac_node_admin_get_node_req n = metac_node_admin_get_node(v, node);
	metac_node_address_set_ip(
		metac_node_admin_get_node_params_init_address(n.params), vat_str(r->node));
	metac_node_admin_get_node_params_set_verify(n.params, true);
	metac_node_admin_get_node_send(n, NULL, NULL);
	struct metac_node_c there = metac_node_admin_get_node_pipe_node(n.call);
	vat_call_detach(n.call);
	struct metac_node_get_service_req g = metac_node_get_service(v, there);
	metac_node_get_service_params_set_name(g.params, vat_str(r->service));
	metac_node_get_service_send(g, NULL, NULL);
	struct metac_service_c service = metac_node_get_service_pipe_service(g.call);
	vat_call_detach(g.call);
	struct metac_service_restore_req q = metac_service_restore(v, service);
	vat_set_ptr(metac_service_restore_params_get_object_info_b(q.params), vat_root(r->info));
	f->call = q.call;
	metac_service_restore_send(q, on_restored, f);
	metac_service_unref(service);
	metac_node_unref(there);
}

int fetch_new(struct loop *l, struct metac_node_admin_c node, const struct ref *r,
	uint64_t timeout_us, fetch_done done, void *user, struct fetch **ret)
{
	struct fetch *f = calloc(1, sizeof(*f));
	if (!f)
		return -ENOMEM;
	f->done = done;
	f->user = user;
	(void)snprintf(f->node, sizeof(f->node), "%s", r->node);
	int k = sd_event_add_time_relative(
		l->event, &f->timer, CLOCK_MONOTONIC, timeout_us, 0, on_timeout, f);
	if (k >= 0)
		ask(f, l->vat, node, r);
	if (k < 0 || !f->call) {
		fetch_free(f);
		return -ENOMEM;
	}
	*ret = f;
	return 0;
}
