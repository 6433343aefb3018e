/* SPDX-License-Identifier: MIT */
/* How an Attachment is kept: with a reference of its own to what is attached (core/own-ref.h). */
#include "core/own-ref.h"
#include "svc/block/attach.h"

#include <stdio.h>

enum { SUMMARY_SIZE = 700 };

static void describe(void *self, struct vat_ptr_b description)
{
	struct attachment *a = self;
	const struct ref *ref = own_ref_of(a->bs->service, a->way);
	struct block_attachment_description_b b = block_attachment_description_init(description);
	struct block_attach_options_b o = block_attachment_description_init_options(b);
	block_attach_options_set_read_only(o, a->read_only_asked);
	block_attach_options_set_transport(o, vat_str(a->transport));
	block_attach_options_set_source(o, vat_str(a->source));
	block_attach_options_set_timeout(o, a->timeout_s);
	block_attach_options_set_name(o, vat_str(a->name));
	if (ref) {
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

static void create(void *user, struct persistence_persistable_create_sturdy_ref_ctx cx)
{
	struct attachment *a = user;
	a->persistent =
		a->persistent || persistence_persistable_create_sturdy_ref_params_get_persistent(
					 persistence_persistable_create_sturdy_ref_params(cx));
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

/* The new one is the device's, whatever led to that. */
static void set_ref(void *user, struct ref *takes)
{
	struct attachment *a = user;
	way_set_ref(a->way, takes);
	attach_file_free(TAKE_PTR(a->file));
}

void attach_create_sturdy_ref(void *self, struct persistence_persistable_create_sturdy_ref_ctx cx)
{
	struct attachment *a = self;
	struct own_ref_config cfg = {
		.service = a->bs->service,
		.way = a->way,
		.persistent = a->persistent,
		.what = "what is attached",
		.set_ref = set_ref,
		.create = create,
		.user = a,
	};
	own_ref_create_sturdy_ref(&cfg, cx);
}

void attach_summary(void *self, struct persistence_persistable_summary_ctx cx)
{
	char summary[SUMMARY_SIZE];
	summary_text(self, summary, sizeof(summary));
	persistence_persistable_summary_results_set_info(
		persistence_persistable_summary_results(cx), vat_str(summary));
	vat_ctx_return(cx.ctx);
}
