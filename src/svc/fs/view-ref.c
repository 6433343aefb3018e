/* SPDX-License-Identifier: MIT */
/* Sturdy references to objects that are made from a view alone: see fs-service.h. */
#include "svc/fs/fs-service.h"

enum { SUMMARY_SIZE = 512 };

static void describe(void *self, struct vat_ptr_b description)
{
	view_describe(self, fs_tree_description_init(description));
}

void fs_service_view_create_sturdy_ref(struct fs_service *fs, const struct view *v,
	const struct view_kind *kind, struct vat_cap *cap,
	struct persistence_persistable_create_sturdy_ref_ctx cx)
{
	char summary[SUMMARY_SIZE], id[VIEW_ID_SIZE];
	struct view described = *v;
	view_summary(v, kind->what, summary, sizeof(summary));
	view_id(v, kind->category, id);
	struct service_object o = {
		.category = kind->category,
		.runtime_id = id,
		.summary = summary,
		.cap = cap,
		.describe = describe,
		.self = &described,
	};
	service_create_sturdy_ref(fs->service, cx, &o);
}

void fs_service_view_summary(const struct view *v, const struct view_kind *kind,
	struct persistence_persistable_summary_ctx cx)
{
	char summary[SUMMARY_SIZE];
	view_summary(v, kind->what, summary, sizeof(summary));
	persistence_persistable_summary_results_set_info(
		persistence_persistable_summary_results(cx), vat_str(summary));
	vat_ctx_return(cx.ctx);
}
