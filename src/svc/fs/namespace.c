/* SPDX-License-Identifier: MIT */
/*
 * FilesystemNamespace: a mount namespace, our own or one that an administrator's command runs in (a
 * shell under `ip netns exec` or `unshare -m` has one of its own).
 */
#include "svc/fs/fs-service.h"

struct namespace
{
	struct fs_service *fs;
	int fd; /* -EBADF = our own */
};

static void namespace_filesystem(void *self, struct fs_filesystem_namespace_filesystem_ctx cx)
{
	struct namespace *ns = self;
	if (ns->fd >= 0) {
		vat_ctx_fail(cx.ctx, VAT_UNIMPLEMENTED,
			"directories are exported from the namespace metacd runs in only");
		return;
	}
	struct view root = {.path = strdup("/")};
	if (!root.path) {
		vat_ctx_fail(cx.ctx, VAT_OVERLOADED, "out of memory");
		return;
	}
	struct fs_filesystem_c c = fs_service_filesystem(ns->fs, root);
	fs_filesystem_namespace_filesystem_results_set_fs(
		fs_filesystem_namespace_filesystem_results(cx), c);
	fs_filesystem_unref(c);
	vat_ctx_return(cx.ctx);
}

static void namespace_mount(void *self, struct fs_filesystem_namespace_mount_ctx cx)
{
	struct namespace *ns = self;
	struct fs_filesystem_namespace_mount_params_r p = fs_filesystem_namespace_mount_params(cx);
	struct fs_mount_request q = {
		.ns_fd = ns->fd,
		.path = fs_filesystem_namespace_mount_params_get_path(p),
		.tree = fs_filesystem_namespace_mount_params_get_fs(p),
		.options = fs_filesystem_namespace_mount_params_get_options(p),
		.source = fs_mount_options_get_source(
			fs_filesystem_namespace_mount_params_get_options(p)),
	};
	fs_service_mount(ns->fs, &q, cx.ctx);
}

static void namespace_list_mounts(void *self, struct fs_filesystem_namespace_list_mounts_ctx cx)
{
	struct namespace *ns = self;
	fs_service_list_mounts(ns->fs, cx);
}

static const struct fs_filesystem_namespace_impl namespace_impl = {
	.filesystem = namespace_filesystem,
	.mount = namespace_mount,
	.list_mounts = namespace_list_mounts,
};

static void namespace_free(void *self)
{
	struct namespace *ns = self;
	fd_close(ns->fd);
	free(ns);
}

struct fs_filesystem_namespace_c fs_service_namespace(struct fs_service *fs, int takes_ns_fd)
{
	AUTO_CLOSE int fd = takes_ns_fd;
	struct fs_filesystem_namespace_c c = {};
	struct namespace *ns = calloc(1, sizeof(*ns));
	if (!ns)
		return c;
	*ns = (struct namespace){.fs = fs, .fd = TAKE_FD(fd)};
	c = fs_filesystem_namespace_serve(
		fs->streams.loop->vat, &namespace_impl, ns, namespace_free);
	if (!c.cap)
		namespace_free(ns);
	return c;
}
