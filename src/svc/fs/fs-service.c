/* SPDX-License-Identifier: MIT */
/*
 * The filesystem service's bootstrap objects, and the restorer of what it stored.  See
 * fs-service.h.
 */
#include "svc/fs/fs-service.h"
#include "base/log.h"
#include "svc/fs/block/image.h"
#include "svc/fs/fs-mount.h"
#include "svc/fs/fs-role.h"
#include "svc/fs/mount.h"
#include "sys/mntns.h"

#include <fcntl.h>

/* ---- bootstrap ----------------------------------------------------------------------------- */

static void admin_root_namespace(
	void *self, struct fs_filesystem_service_admin_root_namespace_ctx cx)
{
	struct fs_service *fs = self;
	fs_filesystem_service_admin_root_namespace_results_set_ns(
		fs_filesystem_service_admin_root_namespace_results(cx), fs->root_namespace);
	vat_ctx_return(cx.ctx);
}

static void admin_namespace_of(void *self, struct fs_filesystem_service_admin_namespace_of_ctx cx)
{
	struct fs_service *fs = self;
	struct metac_holder_c handle = fs_filesystem_service_admin_namespace_of_params_get_handle(
		fs_filesystem_service_admin_namespace_of_params(cx));
	int fd = handle.cap ? vat_cap_fd(handle.cap) : -EBADF;
	int r = fd < 0 ? -EINVAL : mntns_check(fd);
	struct fs_filesystem_namespace_c ns = {};
	if (r == MNTNS_OWN)
		ns = fs_filesystem_namespace_ref(fs->root_namespace);
	else if (r == MNTNS_OTHER)
		ns = fs_service_namespace(fs, fcntl(fd, F_DUPFD_CLOEXEC, 3));
	else {
		vat_ctx_fail(cx.ctx, VAT_FAILED, "no mount namespace is attached to the handle");
		return;
	}
	fs_filesystem_service_admin_namespace_of_results_set_ns(
		fs_filesystem_service_admin_namespace_of_results(cx), ns);
	fs_filesystem_namespace_unref(ns);
	vat_ctx_return(cx.ctx);
}

static void admin_join_streams(void *self, struct fs_filesystem_service_admin_join_streams_ctx cx)
{
	struct fs_service *fs = self;
	struct fs_filesystem_service_admin_join_streams_params_r p =
		fs_filesystem_service_admin_join_streams_params(cx);
	stream_join(&fs->streams, fs_filesystem_service_admin_join_streams_params_get_one(p).cap,
		fs_filesystem_service_admin_join_streams_params_get_other(p).cap, cx.ctx);
}

static void admin_sessions(void *self, struct fs_filesystem_service_admin_sessions_ctx cx)
{
	struct fs_service *fs = self;
	served_list(fs->served, cx);
}

static const struct fs_filesystem_service_admin_impl admin_impl = {
	.root_namespace = admin_root_namespace,
	.namespace_of = admin_namespace_of,
	.sessions = admin_sessions,
	.join_streams = admin_join_streams,
};

/* References are kept by the persistence service; none name this one. */
static void service_restore(void *self, struct metac_service_restore_ctx cx)
{
	vat_ctx_fail(cx.ctx, VAT_FAILED, "no such reference");
}

static const struct metac_service_impl service_impl = {.restore = service_restore};

/* ---- restoring ----------------------------------------------------------------------------- */

static struct vat_cap *restore_filesystem(
	struct fs_service *fs, struct view v, struct fs_tree_description_r d)
{
	return fs_service_filesystem(fs, v).cap;
}

static struct vat_cap *restore_file(
	struct fs_service *fs, struct view v, struct fs_tree_description_r d)
{
	return fs_service_file(fs, v).cap;
}

static struct vat_cap *restore_v9fs(
	struct fs_service *fs, struct view v, struct fs_tree_description_r d)
{
	return fs_service_v9fs_stream(fs, v, NULL).cap;
}

static struct vat_cap *restore_read(
	struct fs_service *fs, struct view v, struct fs_tree_description_r d)
{
	return fs_service_read_stream(fs, v, fs_tree_description_get_offset(d)).cap;
}

static struct vat_cap *restore_write(
	struct fs_service *fs, struct view v, struct fs_tree_description_r d)
{
	return fs_service_write_stream(fs, v, fs_tree_description_get_append(d)).cap;
}

/* Objects made from a view alone. */
static const struct {
	const char *category;
	struct vat_cap *(*make)(
		struct fs_service *fs, struct view takes, struct fs_tree_description_r d);
} view_objects[] = {
	{"fs:localfs", restore_filesystem},
	{"fs:localfile", restore_file},
	{"fs:v9fsstream", restore_v9fs},
	{"fs:readstream", restore_read},
	{"fs:writestream", restore_write},
};

static void restore_view(struct fs_service *fs, size_t which, struct vat_ptr_r description,
	struct persistence_restorer_restore_from_description_ctx cx)
{
	struct fs_tree_description_r d = fs_tree_description_from(description);
	struct view v;
	if (view_from_description(d, &v) < 0) {
		vat_ctx_fail(cx.ctx, VAT_FAILED, "the stored description is damaged");
		return;
	}
	struct vat_cap *cap = view_objects[which].make(fs, v, d);
	vat_set_cap(persistence_restorer_restore_from_description_results_get_cap_b(
			    persistence_restorer_restore_from_description_results(cx)),
		cap);
	vat_cap_unref(cap);
	vat_ctx_return(cx.ctx);
}

static void restore_block(struct vat_cap *cap, struct vat_ctx *ctx)
{
	struct persistence_restorer_restore_from_description_ctx cx = {ctx};
	if (!cap) {
		vat_ctx_fail(ctx, VAT_FAILED, "the stored description is damaged");
		return;
	}
	vat_set_cap(persistence_restorer_restore_from_description_results_get_cap_b(
			    persistence_restorer_restore_from_description_results(cx)),
		cap);
	vat_cap_unref(cap);
	vat_ctx_return(ctx);
}

static void restore_mount(
	struct fs_service *fs, struct persistence_cap_description_r d, struct vat_ctx *ctx)
{
	struct fs_mount_description_r m =
		fs_mount_description_from(persistence_cap_description_get_description(d));
	struct fs_mount_request q = {
		.ns_fd = -EBADF,
		.path = fs_mount_description_get_path(m),
		.tree = fs_mount_description_get_fs(m),
		.options = fs_mount_description_get_options(m),
		.source = fs_mount_description_get_source(m),
		.id = persistence_cap_description_get_runtime_id(d),
		.persistent = true,
	};
	fs_service_mount(fs, &q, ctx);
}

static void restorer_restore(
	void *self, struct persistence_restorer_restore_from_description_ctx cx)
{
	struct fs_service *fs = self;
	struct persistence_cap_description_r d =
		persistence_restorer_restore_from_description_params_get_description(
			persistence_restorer_restore_from_description_params(cx));
	struct vat_text category = persistence_cap_description_get_category(d);
	struct vat_ptr_r description = persistence_cap_description_get_description(d);
	for (size_t i = 0; i < ARRAY_SIZE(view_objects); i++) {
		if (vat_text_is(category, view_objects[i].category)) {
			restore_view(fs, i, description, cx);
			return;
		}
	}
	struct block_block_description_r block = block_block_description_from(description);
	if (vat_text_is(category, "fs:blockdevice"))
		restore_block(fs_service_restore_block(fs, block), cx.ctx);
	else if (vat_text_is(category, "fs:nbdstream"))
		restore_block(fs_service_restore_nbd_stream(fs, block), cx.ctx);
	else if (vat_text_is(category, "fs:mount"))
		restore_mount(fs, d, cx.ctx);
	else if (vat_text_is(category, STREAM_BINDING_CATEGORY))
		stream_restore_binding(&fs->streams, description, cx.ctx);
	else
		vat_ctx_fail(cx.ctx, VAT_FAILED, "unknown category \"%s\"", category.s);
}

static const struct persistence_restorer_impl restorer_impl = {
	.restore_from_description = restorer_restore,
};

/* ---- life ---------------------------------------------------------------------------------- */

static int start(void *self, struct service *s, struct metac_service_c *ret_service,
	struct metac_service_admin_c *ret_admin, struct persistence_restorer_c *ret_restorer)
{
	struct fs_service *fs = self;
	struct vat *v = service_loop(s)->vat;
	fs->service = s;
	fs->streams = (struct stream_host){
		.loop = service_loop(s),
		.address = service_address(s),
		.service = s,
	};
	fs->served = served_new(fs);
	fs->exports = block_exports_new(fs->streams.loop->event);
	fs->resize = block_resize_new(fs->streams.loop->event, fs->exports);
	fs->images = images_new(fs->streams.loop->event, fs->runtime, fs->resize);
	if (!fs->served || !fs->exports || !fs->resize || !fs->images)
		return -ENOMEM;
	block_exports_set_images(fs->exports, fs->images);
	/* A predecessor that was killed left its mounts behind, dead. */
	fs_mount_detach_stale(service_address(s));
	mount_bind_detach_stale(fs);
	fs->root_namespace = fs_service_namespace(fs, -EBADF);
	*ret_service = metac_service_serve(v, &service_impl, fs, NULL);
	*ret_admin = metac_service_admin_cast(
		fs_filesystem_service_admin_serve(v, &admin_impl, fs, NULL).cap);
	*ret_restorer = persistence_restorer_serve(v, &restorer_impl, fs, NULL);
	bool all =
		fs->root_namespace.cap && ret_service->cap && ret_admin->cap && ret_restorer->cap;
	return all ? 0 : -ENOMEM;
}

static void stop(void *self)
{
	struct fs_service *fs = self;
	fs_service_unmount_all(fs);
	mount_bind_done(fs);
	fs_filesystem_namespace_unref(fs->root_namespace);
	served_free(fs->served);
	block_resize_free(fs->resize);
	block_exports_free(TAKE_PTR(fs->exports));
	images_free(fs->images);
}

int fs_service_run(const char *address, int runtime)
{
	struct fs_service fs = {.runtime = runtime, .table_fd = -EBADF};
	list_init(&fs.mounts);
	struct service_config cfg = {
		.name = "fs",
		.address = address,
		.start = start,
		.stop = stop,
		.self = &fs,
	};
	int r = service_run(&cfg);
	stream_host_done(&fs.streams);
	return r;
}
