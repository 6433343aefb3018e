/* SPDX-License-Identifier: MIT */
/* How a Mount is kept: with a reference of its own to what is mounted (core/own-ref.h). */
#include "core/own-ref.h"
#include "svc/fs/mount.h"

#include <stdio.h>

enum { SUMMARY_SIZE = 512 };

static void describe_ids(const struct mount_ids *ids, struct fs_id_map_list_b l)
{
	for (size_t i = 0; i < ids->n; i++) {
		struct fs_id_map_b b = fs_id_map_at_b(l, (uint32_t)i);
		fs_id_map_set_remote(b, ids->maps[i].remote);
		fs_id_map_set_local(b, ids->maps[i].local);
		fs_id_map_set_count(b, ids->maps[i].count);
	}
}

static void describe(void *self, struct vat_ptr_b description)
{
	struct mount *m = self;
	const struct ref *ref = own_ref_of(m->fs->service, mount_way(m->way));
	struct fs_mount_description_b b = fs_mount_description_init(description);
	fs_mount_description_set_path(b, vat_str(m->path));
	fs_mount_description_set_source(b, vat_str(m->source));
	struct fs_mount_options_b o = fs_mount_description_init_options(b);
	fs_mount_options_set_read_only(o, m->read_only);
	fs_mount_options_set_transport(o, vat_str(m->transport));
	fs_mount_options_set_timeout(o, m->timeout_s);
	describe_ids(&m->users, fs_mount_options_init_map_users(o, (uint32_t)m->users.n));
	describe_ids(&m->groups, fs_mount_options_init_map_groups(o, (uint32_t)m->groups.n));
	if (ref) {
		ref_to_sturdy(ref, fs_mount_options_init_reference(o));
		fs_mount_options_set_subtree(o, vat_str(mount_way_subtree(m->way)));
	} else {
		fs_mount_description_set_fs(b, mount_way_tree(m->way));
	}
}

static void summary_text(struct mount *m, char *ret, size_t size)
{
	(void)snprintf(ret, size, "mount %s of %s", m->path, m->source);
}

static void create(void *user, struct persistence_persistable_create_sturdy_ref_ctx cx)
{
	struct mount *m = user;
	m->persistent =
		m->persistent || persistence_persistable_create_sturdy_ref_params_get_persistent(
					 persistence_persistable_create_sturdy_ref_params(cx));
	char summary[SUMMARY_SIZE];
	summary_text(m, summary, sizeof(summary));
	struct service_object o = {
		.category = "fs:mount",
		.runtime_id = m->id,
		.summary = summary,
		.cap = m->cap,
		.describe = describe,
		.self = m,
	};
	service_create_sturdy_ref(m->fs->service, cx, &o);
}

static void set_ref(void *user, struct ref *takes)
{
	struct mount *m = user;
	mount_way_set_ref(m->way, takes);
}

void mount_create_sturdy_ref(void *self, struct persistence_persistable_create_sturdy_ref_ctx cx)
{
	struct mount *m = self;
	struct own_ref_config cfg = {
		.service = m->fs->service,
		.way = mount_way(m->way),
		.persistent = m->persistent,
		.what = "what is mounted",
		.set_ref = set_ref,
		.create = create,
		.user = m,
	};
	own_ref_create_sturdy_ref(&cfg, cx);
}

void mount_summary(void *self, struct persistence_persistable_summary_ctx cx)
{
	char summary[SUMMARY_SIZE];
	summary_text(self, summary, sizeof(summary));
	persistence_persistable_summary_results_set_info(
		persistence_persistable_summary_results(cx), vat_str(summary));
	vat_ctx_return(cx.ctx);
}
