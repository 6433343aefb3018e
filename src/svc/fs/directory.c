/* SPDX-License-Identifier: MIT */
/*
 * A directory as a descriptor, for whoever mounts it on this host.  It comes in two parts: what
 * carries the descriptor, which would keep the mount busy, is dropped soon; the offer does nothing,
 * but that it is there, and the call of wait on it, tell the other side that the directory is still
 * offered.
 */
#include "svc/fs/fs-service.h"
#include "sys/mountfd.h"

#include <fcntl.h>

enum { WAITERS_MAX = 4 };

struct offer {
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

static void offer_wait(void *self, struct metac_waitable_wait_ctx cx)
{
	struct offer *o = self;
	for (size_t i = 0; i < WAITERS_MAX; i++) {
		if (o->waiters[i].ctx)
			continue;
		o->waiters[i].ctx = cx.ctx;
		vat_ctx_on_cancel(cx.ctx, on_wait_canceled, &o->waiters[i]);
		return;
	}
	vat_ctx_fail(cx.ctx, VAT_OVERLOADED, "too many wait for this offer");
}

static const struct fs_offer_impl offer_impl = {.waitable = {.wait = offer_wait}};

/* While a call is unanswered the object lives, so none is left. */
static void offer_free(void *self)
{
	struct offer *o = self;
	o->fs->n_offers--;
	free(o);
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

static void carrier_free(void *self)
{
	struct fs_service *fs = self;
	fs->n_carriers--;
}

static struct metac_holder_c holder_of(struct fs_service *fs, int takes_mount)
{
	static const struct metac_holder_impl impl = {};
	AUTO_CLOSE int mount = takes_mount;
	struct metac_holder_c c =
		metac_holder_serve(fs->streams.loop->vat, &impl, fs, carrier_free);
	fs->n_carriers += c.cap != NULL;
	if (c.cap && vat_cap_attach_fd(c.cap, TAKE_FD(mount)) < 0)
		c.cap = vat_cap_unref(c.cap);
	return c;
}

static struct fs_offer_c offer_new(struct fs_service *fs)
{
	struct fs_offer_c c = {};
	struct offer *o = calloc(1, sizeof(*o));
	if (!o)
		return c;
	o->fs = fs;
	fs->n_offers++;
	c = fs_offer_serve(fs->streams.loop->vat, &offer_impl, o, offer_free);
	if (!c.cap)
		offer_free(o);
	return c;
}

void fs_service_directory(
	struct fs_service *fs, const struct view *v, struct fs_filesystem_directory_ctx cx)
{
	struct err e = {};
	int mount = -EBADF;
	if (v->limited)
		err_set(&e, -ENOSYS, "a directory limited to a user is served by 9P only");
	else if (fs->n_offers >= FS_OFFERS_MAX || fs->n_carriers >= FS_CARRIERS_MAX)
		err_set(&e, -EDQUOT, "too many directories are bound, or asked for");
	else
		mount = clone_view(v, &e);
	if (mount < 0) {
		service_fail(cx.ctx, &e);
		return;
	}
	struct metac_holder_c directory = holder_of(fs, mount);
	struct fs_offer_c offer = offer_new(fs);
	struct fs_filesystem_directory_results_b b = fs_filesystem_directory_results(cx);
	fs_filesystem_directory_results_set_directory(b, directory);
	fs_filesystem_directory_results_set_offer(b, offer);
	bool all = directory.cap && offer.cap;
	metac_holder_unref(directory);
	fs_offer_unref(offer);
	if (all)
		vat_ctx_return(cx.ctx);
	else
		vat_ctx_fail(cx.ctx, VAT_OVERLOADED, "out of memory");
}
