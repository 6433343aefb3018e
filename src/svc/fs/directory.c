/* SPDX-License-Identifier: MIT */
/*
 * Directory: a directory as a descriptor, for whoever mounts it on this host.  The object itself
 * does nothing: that it is there, and the call of wait on it, tell the other side that the
 * directory is still offered.
 */
#include "svc/fs/fs-service.h"
#include "sys/mountfd.h"

#include <fcntl.h>

enum { WAITERS_MAX = 4 };

struct directory {
	struct fs_service *fs;
	struct waiter { /* a call of wait; free: ctx is NULL */
		struct vat_ctx *ctx;
	} waiters[WAITERS_MAX];
};

/* A call that nobody waits for any more would keep the object alive. */
static void on_wait_canceled(void *user)
{
	struct waiter *w = user;
	vat_ctx_fail(TAKE_PTR(w->ctx), VAT_FAILED, "canceled");
}

static void directory_wait(void *self, struct metac_waitable_wait_ctx cx)
{
	struct directory *d = self;
	for (size_t i = 0; i < WAITERS_MAX; i++) {
		if (d->waiters[i].ctx)
			continue;
		d->waiters[i].ctx = cx.ctx;
		vat_ctx_on_cancel(cx.ctx, on_wait_canceled, &d->waiters[i]);
		return;
	}
	vat_ctx_fail(cx.ctx, VAT_OVERLOADED, "too many wait for this directory");
}

static const struct fs_directory_impl directory_impl = {.waitable = {.wait = directory_wait}};

/* While a call is unanswered the object lives, so none is left. */
static void directory_free(void *self)
{
	struct directory *d = self;
	d->fs->n_directories--;
	free(d);
}

/* The descriptor: detached, so nobody sees it before it is attached somewhere. */
static int clone_view(const struct view *v, struct err *e)
{
	AUTO_CLOSE int dir = view_open(v, O_PATH | O_DIRECTORY, e);
	if (dir < 0)
		return dir;
	int mount = mountfd_clone(dir, v->read_only);
	return mount < 0 ? err_errno(e, mount, "%s", v->path) : mount;
}

int fs_service_directory(
	struct fs_service *fs, const struct view *v, struct fs_directory_c *ret, struct err *e)
{
	if (v->limited)
		return err_set(e, -ENOSYS, "a directory limited to a user is served by 9P only");
	if (fs->n_directories >= FS_DIRECTORIES_MAX)
		return err_set(e, -EDQUOT, "too many directories are bound (limit %d)",
			FS_DIRECTORIES_MAX);
	AUTO_CLOSE int mount = clone_view(v, e);
	if (mount < 0)
		return mount;
	struct directory *d = calloc(1, sizeof(*d));
	if (!d)
		return err_errno(e, -ENOMEM, "%s", v->path);
	d->fs = fs;
	fs->n_directories++;
	struct fs_directory_c c =
		fs_directory_serve(fs->streams.loop->vat, &directory_impl, d, directory_free);
	if (!c.cap) {
		directory_free(d);
		return err_errno(e, -ENOMEM, "%s", v->path);
	}
	int r = vat_cap_attach_fd(c.cap, TAKE_FD(mount));
	if (r < 0) {
		fs_directory_unref(c);
		return err_errno(e, r, "%s", v->path);
	}
	*ret = c;
	return 0;
}
