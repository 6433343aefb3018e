/* SPDX-License-Identifier: MIT */
/*
 * BlockDevice: a file or a disk as an array of bytes.  Who opens its NBD stream gets a worker of
 * his own, which holds the file and the connection (block/exports.h); the object itself holds
 * nothing open.
 *
 * To add a method: add it to the interface in schema/block.capnp, write its handler here and put it
 * in block_impl.
 */
#include "svc/fs/block/image.h"
#include "svc/fs/fs-service.h"
#include "wire/nbd/nbd.h"

#include <fcntl.h>
#include <stdio.h>

enum { SUMMARY_SIZE = 600, EPOCH_SIZE = 65, BOOT_ID_LEN = 36 };

struct block {
	struct fs_service *fs;
	struct block_target target;
	struct block_resize_watch resize;
	struct vat_cap *cap; /* itself, not referenced */
};

/* ---- NBD streams --------------------------------------------------------------------------- */

struct nbd_stream {
	struct fs_service *fs;
	struct block_target target;
	struct session_id session;
	char epoch[EPOCH_SIZE]; /* that the client knows; "": none */
};

/* Another one when what was written and not flushed may be lost: the machine was started anew, or
 * the server of an image, which keeps some of that in its memory, came to grief. */
static void epoch_now(struct fs_service *fs, const struct block_target *t, char ret[EPOCH_SIZE])
{
	char boot[EPOCH_SIZE];
	AUTO_CLOSE int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : read(fd, boot, BOOT_ID_LEN);
	bool raw = block_target_is_raw(t);
	struct block_identity id = {}; /* of a file that is not there now */
	uint64_t size;
	if (!raw)
		(void)block_target_size(t, &id, &size);
	(void)snprintf(ret, EPOCH_SIZE, "%.*s%s%s", (int)MAX(n, 0), boot, raw ? "" : "-",
		raw ? "" : images_epoch(fs->images, &id));
}

static int nbd_enter(void *self, struct err *e)
{
	struct nbd_stream *s = self;
	return block_exports_enter(s->fs->exports, &s->target, e);
}

static void nbd_leave(void *self)
{
	struct nbd_stream *s = self;
	if (s->fs->exports) /* else the service has ended */
		block_exports_leave(s->fs->exports, &s->target);
}

static int nbd_after(void *self)
{
	struct nbd_stream *s = self;
	return block_exports_before(s->fs->exports, &s->target, &s->session);
}

static int nbd_spawn(void *self, int fd, struct spawn_child *ret, struct err *e)
{
	struct nbd_stream *s = self;
	char epoch[EPOCH_SIZE];
	epoch_now(s->fs, &s->target, epoch);
	if (*s->epoch && strcmp(epoch, s->epoch) != 0)
		return err_set(e, -ESTALE, "%s: set up again: its server was lost meanwhile",
			s->target.view.path);
	return block_exports_start(s->fs->exports, &s->target, &s->session, fd, ret, e);
}

static void nbd_describe(void *self, struct vat_ptr_b description)
{
	struct nbd_stream *s = self;
	block_target_describe(&s->target, block_block_description_init(description));
}

static void nbd_summary(void *self, char *ret, size_t size)
{
	struct nbd_stream *s = self;
	block_target_summary(&s->target, "NBD stream of", ret, size);
}

static void nbd_destroy(void *self)
{
	struct nbd_stream *s = self;
	block_target_done(&s->target);
	free(s);
}

static const struct stream_source nbd_source = {
	.enter = nbd_enter,
	.leave = nbd_leave,
	.after = nbd_after,
	.spawn = nbd_spawn,
	.describe = nbd_describe,
	.summary = nbd_summary,
	.destroy = nbd_destroy,
	.category = "fs:nbdstream",
};

static struct stream_stream_c nbd_stream(
	struct fs_service *fs, struct block_target takes, const struct session_id *session)
{
	struct nbd_stream *s = calloc(1, sizeof(*s));
	if (!s) {
		block_target_done(&takes);
		return (struct stream_stream_c){};
	}
	*s = (struct nbd_stream){.fs = fs, .target = takes};
	if (session) {
		s->session = *session;
		epoch_now(fs, &s->target, s->epoch);
	}
	return stream_serve(&fs->streams, &nbd_source, s);
}

struct vat_cap *fs_service_restore_nbd_stream(
	struct fs_service *fs, struct block_block_description_r d)
{
	struct block_target t;
	int r = block_target_from_description(d, &t);
	return r < 0 ? NULL : nbd_stream(fs, t, NULL).cap;
}

/* ---- methods ------------------------------------------------------------------------------- */

static int session_of(
	const struct block *b, struct vat_data id, struct vat_text client, struct session_id *ret)
{
	char of[VIEW_ID_SIZE];
	block_target_id(&b->target, "session", of);
	return session_id_set(ret, of, id, client);
}

static void block_nbd_setup(void *self, struct block_block_device_nbd_setup_ctx cx)
{
	struct block *b = self;
	struct session_id session;
	struct block_target target;
	char epoch[EPOCH_SIZE];
	struct block_block_session_r from = block_block_device_nbd_setup_params_get_session(
		block_block_device_nbd_setup_params(cx));
	if (session_of(b, block_block_session_get_id(from), block_block_session_get_client(from),
		    &session) < 0) {
		vat_ctx_fail(cx.ctx, VAT_FAILED, "a session's id has %d to %d bytes",
			SESSION_ID_MIN, SESSION_ID_MAX);
		return;
	}
	if (block_target_copy(&b->target, &target) < 0) {
		vat_ctx_fail(cx.ctx, VAT_OVERLOADED, "out of memory");
		return;
	}
	struct stream_stream_c s = nbd_stream(b->fs, target, &session);
	epoch_now(b->fs, &b->target, epoch);
	struct block_block_device_nbd_setup_results_b r = block_block_device_nbd_setup_results(cx);
	block_block_device_nbd_setup_results_set_stream(r, s);
	block_block_device_nbd_setup_results_set_epoch(
		r, (struct vat_data){epoch, (uint32_t)strlen(epoch)});
	stream_stream_unref(s);
	vat_ctx_return(cx.ctx);
}

/* size 0: that of the file. */
static void answer_info(struct block *b, uint64_t size, struct block_block_device_info_ctx cx)
{
	struct block_file f;
	struct err e = {};
	if (block_target_open(&b->target, &f, &e) < 0) {
		service_fail(cx.ctx, &e);
		return;
	}
	fd_close(f.fd);
	struct block_block_info_b i =
		block_block_device_info_results_init_info(block_block_device_info_results(cx));
	block_block_info_set_size(i, size ?: f.size);
	block_block_info_set_read_only(i, b->target.view.read_only);
	block_block_info_set_minimum_block(i, f.block_min);
	block_block_info_set_preferred_block(i, f.block_preferred);
	block_block_info_set_maximum_payload(i, NBD_PAYLOAD_MAX);
	block_block_info_set_format(i, vat_str(b->target.format));
	block_block_info_set_allocated(i, f.allocated);
	block_block_info_set_connections(i, block_exports_count(b->fs->exports, &f.id));
	block_block_info_set_device(i, f.device);
	vat_ctx_return(cx.ctx);
}

/* A call that takes the size of the disk in an image, which its server has to tell. */
struct image_call {
	struct image_wait wait;
	struct block *block; /* lives as long as the call */
	struct vat_ctx *ctx;
	uint64_t known; /* sizeChanged */
	void (*answer)(struct image_call *c, uint64_t size);
};

static void on_image_canceled(void *user)
{
	struct image_call *c = user;
	images_forget(&c->wait);
	vat_ctx_fail(c->ctx, VAT_FAILED, "canceled");
	free(c);
}

static void on_image_size(struct image_wait *w, uint64_t size, const struct err *e)
{
	struct image_call *c = container_of(w, struct image_call, wait);
	vat_ctx_on_cancel(c->ctx, NULL, NULL);
	if (e)
		service_fail(c->ctx, e);
	else
		c->answer(c, size);
	free(c);
}

static void ask_image(struct block *b, struct vat_ctx *ctx, uint64_t known,
	void (*answer)(struct image_call *c, uint64_t size))
{
	struct image_call *c = calloc(1, sizeof(*c));
	if (!c) {
		vat_ctx_fail(ctx, VAT_OVERLOADED, "out of memory");
		return;
	}
	*c = (struct image_call){.wait = {.done = on_image_size},
		.block = b,
		.ctx = ctx,
		.known = known,
		.answer = answer};
	vat_ctx_on_cancel(ctx, on_image_canceled, c);
	images_ask(b->fs->images, &b->target, &c->wait);
}

static void answer_image_info(struct image_call *c, uint64_t size)
{
	answer_info(c->block, size, (struct block_block_device_info_ctx){c->ctx});
}

static void block_info(void *self, struct block_block_device_info_ctx cx)
{
	struct block *b = self;
	if (block_target_is_raw(&b->target))
		answer_info(b, 0, cx);
	else
		ask_image(b, cx.ctx, 0, answer_image_info);
}

static void block_readonly(void *self, struct block_block_device_readonly_ctx cx)
{
	struct block *b = self;
	struct block_target target;
	if (block_target_copy(&b->target, &target) < 0) {
		vat_ctx_fail(cx.ctx, VAT_OVERLOADED, "out of memory");
		return;
	}
	target.view.read_only = true;
	struct block_block_device_c d = fs_service_block(b->fs, target);
	block_block_device_readonly_results_set_device(block_block_device_readonly_results(cx), d);
	block_block_device_unref(d);
	vat_ctx_return(cx.ctx);
}

static void answer_image_size(struct image_call *c, uint64_t size)
{
	struct block *b = c->block;
	struct block_block_device_size_changed_ctx cx = {c->ctx};
	if (size == c->known) {
		block_resize_park(b->fs->resize, &b->resize, &b->target, size, c->ctx);
		return;
	}
	block_block_device_size_changed_results_set_size(
		block_block_device_size_changed_results(cx), size);
	vat_ctx_return(c->ctx);
}

static void block_size_changed(void *self, struct block_block_device_size_changed_ctx cx)
{
	struct block *b = self;
	uint64_t known = block_block_device_size_changed_params_get_known(
		block_block_device_size_changed_params(cx));
	if (block_target_is_raw(&b->target))
		block_resize_wait(b->fs->resize, &b->resize, &b->target, known, cx.ctx);
	else
		ask_image(b, cx.ctx, known, answer_image_size);
}

static void block_end_session(void *self, struct block_block_device_end_session_ctx cx)
{
	struct block *b = self;
	struct session_id s;
	struct vat_data id = block_block_device_end_session_params_get_id(
		block_block_device_end_session_params(cx));
	if (session_of(b, id, vat_str(""), &s) >= 0)
		block_exports_end_session(b->fs->exports, &s);
	vat_ctx_return(cx.ctx);
}

static const struct view_kind kind = {"fs:blockdevice", "block device"};

static void block_describe(void *self, struct vat_ptr_b description)
{
	struct block *b = self;
	block_target_describe(&b->target, block_block_description_init(description));
}

static void block_create_sturdy_ref(
	void *self, struct persistence_persistable_create_sturdy_ref_ctx cx)
{
	struct block *b = self;
	char summary[SUMMARY_SIZE], id[VIEW_ID_SIZE];
	block_target_summary(&b->target, kind.what, summary, sizeof(summary));
	block_target_id(&b->target, kind.category, id);
	struct service_object o = {
		.category = kind.category,
		.runtime_id = id,
		.summary = summary,
		.cap = b->cap,
		.describe = block_describe,
		.self = b,
	};
	service_create_sturdy_ref(b->fs->service, cx, &o);
}

static void block_summary(void *self, struct persistence_persistable_summary_ctx cx)
{
	struct block *b = self;
	char summary[SUMMARY_SIZE];
	block_target_summary(&b->target, kind.what, summary, sizeof(summary));
	persistence_persistable_summary_results_set_info(
		persistence_persistable_summary_results(cx), vat_str(summary));
	vat_ctx_return(cx.ctx);
}

static const struct block_block_device_impl block_impl = {
	.persistable =
		{
			.create_sturdy_ref = block_create_sturdy_ref,
			.summary = block_summary,
		},
	.nbd_setup = block_nbd_setup,
	.info = block_info,
	.readonly = block_readonly,
	.size_changed = block_size_changed,
	.end_session = block_end_session,
};

/* ---- life ---------------------------------------------------------------------------------- */

static void block_free(void *self)
{
	struct block *b = self;
	block_resize_watch_done(&b->resize);
	block_target_done(&b->target);
	free(b);
}

struct block_block_device_c fs_service_block(struct fs_service *fs, struct block_target takes)
{
	struct block *b = calloc(1, sizeof(*b));
	struct block_block_device_c c = {};
	if (!b) {
		block_target_done(&takes);
		return c;
	}
	*b = (struct block){.fs = fs, .target = takes};
	c = block_block_device_serve(fs->streams.loop->vat, &block_impl, b, block_free);
	if (c.cap)
		b->cap = c.cap;
	else
		block_free(b);
	return c;
}

struct vat_cap *fs_service_restore_block(struct fs_service *fs, struct block_block_description_r d)
{
	struct block_target t;
	int r = block_target_from_description(d, &t);
	return r < 0 ? NULL : fs_service_block(fs, t).cap;
}
