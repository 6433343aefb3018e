/* SPDX-License-Identifier: MIT */
/*
 * How a Mount is kept.  A persistent one must be made again without what it was made with, so its
 * description has a reference to what is mounted, one of its own, made through the one it was
 * mounted by: persistent, and revoked with that.  What this node's own persistence service keeps
 * is described by the capability itself, so that no secret of this node is written down.
 */
#include "svc/fs/mount.h"

#include <stdio.h>

enum { SUMMARY_SIZE = 512, CREATE_SECONDS = 30 };

static bool is_own_node(const struct mount *m, const struct ref *ref)
{
	return !strcmp(ref->node, service_address(m->fs->service));
}

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
	const struct ref *ref = way_ref(mount_way(m->way));
	struct fs_mount_description_b b = fs_mount_description_init(description);
	fs_mount_description_set_path(b, vat_str(m->path));
	fs_mount_description_set_source(b, vat_str(m->source));
	struct fs_mount_options_b o = fs_mount_description_init_options(b);
	fs_mount_options_set_read_only(o, m->read_only);
	fs_mount_options_set_transport(o, vat_str(m->transport));
	fs_mount_options_set_timeout(o, m->timeout_s);
	describe_ids(&m->users, fs_mount_options_init_map_users(o, (uint32_t)m->users.n));
	describe_ids(&m->groups, fs_mount_options_init_map_groups(o, (uint32_t)m->groups.n));
	if (ref && !is_own_node(m, ref)) {
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

static void create(struct mount *m, struct persistence_persistable_create_sturdy_ref_ctx cx)
{
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

/* ---- a reference of its own ---------------------------------------------------------------- */

struct own_ref { /* being made */
	struct mount *mount; /* lives as long as ctx is unanswered */
	struct persistence_persistable_create_sturdy_ref_ctx cx;
	struct vat_call *call;
	sd_event_source *timer;
};

static struct mount *own_ref_end(struct own_ref *o)
{
	struct mount *m = o->mount;
	vat_call_free(o->call);
	sd_event_source_disable_unref(o->timer);
	free(o);
	return m;
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
	struct mount *m = own_ref_end(o);
	if (r < 0) {
		err_wrap(&e, r, "a persistent reference to what is mounted");
		service_fail(cx.ctx, &e);
		return;
	}
	mount_way_set_ref(m->way, ref);
	m->persistent = true;
	create(m, cx);
}

static int on_timeout(sd_event_source *source, uint64_t usec, void *user)
{
	struct vat_error e = {VAT_DISCONNECTED, "no answer in time"};
	on_made(user, &e, (struct vat_ptr_r){});
	return 0;
}

static int make_own_ref(struct mount *m, struct persistence_persistable_create_sturdy_ref_ctx cx)
{
	struct own_ref *o = calloc(1, sizeof(*o));
	if (!o)
		return -ENOMEM;
	*o = (struct own_ref){.mount = m, .cx = cx};
	struct loop *l = m->fs->streams.loop;
	struct persistence_persistable_create_sturdy_ref_req q =
		persistence_persistable_create_sturdy_ref(
			l->vat, persistence_persistable_cast(mount_way_tree(m->way).cap));
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

void mount_create_sturdy_ref(void *self, struct persistence_persistable_create_sturdy_ref_ctx cx)
{
	struct mount *m = self;
	const struct ref *ref = way_ref(mount_way(m->way));
	bool persistent = persistence_persistable_create_sturdy_ref_params_get_persistent(
		persistence_persistable_create_sturdy_ref_params(cx));
	if (persistent && !m->persistent && ref && !is_own_node(m, ref)) {
		if (make_own_ref(m, cx) < 0)
			vat_ctx_fail(cx.ctx, VAT_OVERLOADED, "out of memory");
		return;
	}
	m->persistent = m->persistent || persistent;
	create(m, cx);
}

void mount_summary(void *self, struct persistence_persistable_summary_ctx cx)
{
	char summary[SUMMARY_SIZE];
	summary_text(self, summary, sizeof(summary));
	persistence_persistable_summary_results_set_info(
		persistence_persistable_summary_results(cx), vat_str(summary));
	vat_ctx_return(cx.ctx);
}
