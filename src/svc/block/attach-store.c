/* SPDX-License-Identifier: MIT */
/*
 * How an Attachment is kept.  A persistent one must be made again without what it was made with, so
 * its description has a reference to what is attached, one of its own, made through the one it was
 * attached by: persistent, and revoked with that.  What this node's own persistence service keeps
 * is described by the capability itself, so that no secret of this node is written down.
 */
#include "svc/block/attach.h"

#include <stdio.h>

enum { SUMMARY_SIZE = 700, CREATE_SECONDS = 30 };

static bool is_own_node(const struct attachment *a, const struct ref *ref)
{
	return !strcmp(ref->node, service_address(a->bs->service));
}

static void describe(void *self, struct vat_ptr_b description)
{
	struct attachment *a = self;
	const struct ref *ref = way_ref(a->way);
	struct block_attachment_description_b b = block_attachment_description_init(description);
	struct block_attach_options_b o = block_attachment_description_init_options(b);
	block_attach_options_set_read_only(o, a->read_only_asked);
	block_attach_options_set_transport(o, vat_str(a->transport));
	block_attach_options_set_source(o, vat_str(a->source));
	block_attach_options_set_timeout(o, a->timeout_s);
	block_attach_options_set_name(o, vat_str(a->name));
	if (ref && !is_own_node(a, ref)) {
		ref_to_sturdy(ref, block_attach_options_init_reference(o));
		attach_file_describe(a->file, o);
	} else {
		block_attachment_description_set_device(
			b, block_block_device_cast(way_object(a->way)));
	}
}

static void summary_text(struct attachment *a, char *ret, size_t size)
{
	(void)snprintf(
		ret, size, "block device %s of %s", *a->name ? a->name : a->device, a->source);
}

static void create(struct attachment *a, struct persistence_persistable_create_sturdy_ref_ctx cx)
{
	char summary[SUMMARY_SIZE];
	summary_text(a, summary, sizeof(summary));
	struct service_object o = {
		.category = BLOCK_ATTACHMENT_CATEGORY,
		.runtime_id = a->id,
		.summary = summary,
		.cap = a->cap,
		.describe = describe,
		.self = a,
	};
	service_create_sturdy_ref(a->bs->service, cx, &o);
}

/* ---- a reference of its own ---------------------------------------------------------------- */

struct own_ref { /* being made */
	struct attachment *attachment; /* lives as long as ctx is unanswered */
	struct persistence_persistable_create_sturdy_ref_ctx cx;
	struct vat_call *call;
	sd_event_source *timer;
};

static struct attachment *own_ref_end(struct own_ref *o)
{
	struct attachment *a = o->attachment;
	vat_call_free(o->call);
	sd_event_source_disable_unref(o->timer);
	free(o);
	return a;
}

static void on_made(void *user, const struct vat_error *err, struct vat_ptr_r results)
{
	struct own_ref *o = user;
	struct persistence_persistable_create_sturdy_ref_ctx cx = o->cx;
	struct ref *ref = NULL;
	struct err e = {};
	int r = err ? err_set(&e, -EREMOTEIO, "%s", err->text)
		    : ref_from_sturdy(
			      persistence_persistable_create_sturdy_ref_results_get_id(
				      persistence_persistable_create_sturdy_ref_results_from(
					      results)),
			      &ref, &e);
	struct attachment *a = own_ref_end(o);
	if (r < 0) {
		err_wrap(&e, r, "a persistent reference to what is attached");
		service_fail(cx.ctx, &e);
		return;
	}
	way_set_ref(a->way, ref);
	attach_file_free(TAKE_PTR(a->file)); /* the new one is the device's */
	a->persistent = true;
	create(a, cx);
}

static int on_timeout(sd_event_source *source, uint64_t usec, void *user)
{
	struct vat_error e = {VAT_DISCONNECTED, "no answer in time"};
	on_made(user, &e, (struct vat_ptr_r){});
	return 0;
}

static int make_own_ref(
	struct attachment *a, struct persistence_persistable_create_sturdy_ref_ctx cx)
{
	struct own_ref *o = calloc(1, sizeof(*o));
	if (!o)
		return -ENOMEM;
	*o = (struct own_ref){.attachment = a, .cx = cx};
	struct loop *l = service_loop(a->bs->service);
	struct persistence_persistable_create_sturdy_ref_req q =
		persistence_persistable_create_sturdy_ref(
			l->vat, persistence_persistable_cast(way_object(a->way)));
	o->call = q.call;
	int r = sd_event_add_time_relative(l->event, &o->timer, CLOCK_MONOTONIC,
		CREATE_SECONDS * UINT64_C(1000000), 0, on_timeout, o);
	if (!q.call || r < 0) {
		own_ref_end(o);
		return -ENOMEM;
	}
	persistence_persistable_create_sturdy_ref_params_set_persistent(q.params, true);
	persistence_persistable_create_sturdy_ref_send(q, on_made, o);
	return 0;
}

void attach_create_sturdy_ref(void *self, struct persistence_persistable_create_sturdy_ref_ctx cx)
{
	struct attachment *a = self;
	const struct ref *ref = way_ref(a->way);
	bool persistent = persistence_persistable_create_sturdy_ref_params_get_persistent(
		persistence_persistable_create_sturdy_ref_params(cx));
	if (persistent && !a->persistent && ref && !is_own_node(a, ref)) {
		if (!way_object(a->way))
			vat_ctx_fail(cx.ctx, VAT_DISCONNECTED, "it is not connected yet");
		else if (make_own_ref(a, cx) < 0)
			vat_ctx_fail(cx.ctx, VAT_OVERLOADED, "out of memory");
		return;
	}
	a->persistent = a->persistent || persistent;
	create(a, cx);
}

void attach_summary(void *self, struct persistence_persistable_summary_ctx cx)
{
	char summary[SUMMARY_SIZE];
	summary_text(self, summary, sizeof(summary));
	persistence_persistable_summary_results_set_info(
		persistence_persistable_summary_results(cx), vat_str(summary));
	vat_ctx_return(cx.ctx);
}
