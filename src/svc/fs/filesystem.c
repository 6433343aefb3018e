/* SPDX-License-Identifier: MIT */
/*
 * Filesystem: a directory offered as a capability.  Attenuation (readonlyFs, userFs, getSubtree)
 * makes a new object with a smaller view; nothing makes a view larger.
 *
 * To add a method: add it to the interface in schema/fs.capnp, write its handler here and put it
 * in filesystem_impl.
 */
#include "base/list.h"
#include "svc/fs/fs-service.h"
#include "sys/beneath.h"

#include <fcntl.h>
#include <stdio.h>

struct filesystem {
	struct fs_service *fs;
	struct view view;
	struct vat_cap *cap; /* itself, not referenced */
};

/* ---- 9P streams ---------------------------------------------------------------------------- */

struct v9fs {
	struct fs_service *fs;
	struct view view;
	struct session_id session;
};

static int v9fs_after(void *self)
{
	struct v9fs *s = self;
	return served_before(s->fs->served, &s->session);
}

static int v9fs_spawn(void *self, int fd, struct spawn_child *ret, struct err *e)
{
	struct v9fs *s = self;
	return served_start(s->fs->served, &s->view, &s->session, fd, ret, e);
}

static void v9fs_describe(void *self, struct vat_ptr_b description)
{
	struct v9fs *s = self;
	view_describe(&s->view, fs_tree_description_init(description));
}

static void v9fs_summary(void *self, char *ret, size_t size)
{
	struct v9fs *s = self;
	view_summary(&s->view, "9P stream of", ret, size);
}

static void v9fs_destroy(void *self)
{
	struct v9fs *s = self;
	view_done(&s->view);
	free(s);
}

static const struct stream_source v9fs_source = {
	.after = v9fs_after,
	.spawn = v9fs_spawn,
	.describe = v9fs_describe,
	.summary = v9fs_summary,
	.destroy = v9fs_destroy,
	.category = "fs:v9fsstream",
};

struct stream_stream_c fs_service_v9fs_stream(
	struct fs_service *fs, struct view takes, const struct session_id *session)
{
	struct v9fs *s = calloc(1, sizeof(*s));
	if (!s) {
		view_done(&takes);
		return (struct stream_stream_c){};
	}
	s->fs = fs;
	s->view = takes;
	if (session)
		s->session = *session;
	return stream_serve(&fs->streams, &v9fs_source, s);
}

/* ---- methods ------------------------------------------------------------------------------- */

static void fail_path(struct vat_ctx *ctx, int r, struct vat_text name)
{
	if (r == -EINVAL)
		vat_ctx_fail(ctx, VAT_FAILED,
			"bad path \"%s\": it must be relative, without \"..\", \".\" or empty "
			"parts",
			name.s);
	else
		vat_ctx_fail(ctx, VAT_FAILED, "%s: %s", name.s, strerror(-r));
}

static void filesystem_get_subtree(void *self, struct fs_filesystem_get_subtree_ctx cx)
{
	struct filesystem *f = self;
	struct vat_text name =
		fs_filesystem_get_subtree_params_get_name(fs_filesystem_get_subtree_params(cx));
	struct view view;
	struct err e = {};
	int r = view_at(&f->view, name, &view);
	if (r < 0) {
		fail_path(cx.ctx, r, name);
		return;
	}
	int fd = view_open(&view, O_PATH | O_DIRECTORY, &e);
	if (fd < 0) {
		view_done(&view);
		service_fail(cx.ctx, &e);
		return;
	}
	fd_close(fd);
	struct fs_filesystem_c sub = fs_service_filesystem(f->fs, view);
	fs_filesystem_get_subtree_results_set_fs(fs_filesystem_get_subtree_results(cx), sub);
	fs_filesystem_unref(sub);
	vat_ctx_return(cx.ctx);
}

static void filesystem_get_file(void *self, struct fs_filesystem_get_file_ctx cx)
{
	struct filesystem *f = self;
	struct vat_text name =
		fs_filesystem_get_file_params_get_name(fs_filesystem_get_file_params(cx));
	struct view view;
	int r = name.len && !vat_text_is(name, ".") ? view_at(&f->view, name, &view) : -EISDIR;
	if (r < 0) {
		fail_path(cx.ctx, r, name);
		return;
	}
	struct fs_file_c file = fs_service_file(f->fs, view);
	fs_filesystem_get_file_results_set_file(fs_filesystem_get_file_results(cx), file);
	fs_file_unref(file);
	vat_ctx_return(cx.ctx);
}

static int session_of(const struct filesystem *f, struct vat_data id, struct vat_text client,
	struct session_id *ret)
{
	char of[VIEW_ID_SIZE];
	view_id(&f->view, "session", of);
	return session_id_set(ret, of, id, client);
}

static void filesystem_v9fs_stream(void *self, struct fs_filesystem_v9fs_stream_ctx cx)
{
	struct filesystem *f = self;
	struct view view;
	struct session_id session;
	struct fs_session_r from =
		fs_filesystem_v9fs_stream_params_get_session(fs_filesystem_v9fs_stream_params(cx));
	if (session_of(f, fs_session_get_id(from), fs_session_get_client(from), &session) < 0) {
		vat_ctx_fail(cx.ctx, VAT_FAILED, "a session's id has %d to %d bytes",
			SESSION_ID_MIN, SESSION_ID_MAX);
		return;
	}
	if (view_copy(&f->view, &view) < 0) {
		vat_ctx_fail(cx.ctx, VAT_OVERLOADED, "out of memory");
		return;
	}
	struct stream_stream_c s = fs_service_v9fs_stream(f->fs, view, &session);
	fs_filesystem_v9fs_stream_results_set_stream(fs_filesystem_v9fs_stream_results(cx), s);
	stream_stream_unref(s);
	vat_ctx_return(cx.ctx);
}

static void filesystem_readonly_fs(void *self, struct fs_filesystem_readonly_fs_ctx cx)
{
	struct filesystem *f = self;
	struct view view;
	if (view_copy(&f->view, &view) < 0) {
		vat_ctx_fail(cx.ctx, VAT_OVERLOADED, "out of memory");
		return;
	}
	view.read_only = true;
	struct fs_filesystem_c sub = fs_service_filesystem(f->fs, view);
	fs_filesystem_readonly_fs_results_set_fs(fs_filesystem_readonly_fs_results(cx), sub);
	fs_filesystem_unref(sub);
	vat_ctx_return(cx.ctx);
}

static void filesystem_user_fs(void *self, struct fs_filesystem_user_fs_ctx cx)
{
	struct filesystem *f = self;
	struct fs_filesystem_user_fs_params_r p = fs_filesystem_user_fs_params(cx);
	struct view view;
	uint32_t uid = fs_filesystem_user_fs_params_get_uid(p);
	uint32_t gid = fs_filesystem_user_fs_params_get_gid(p);
	if (f->view.limited) {
		vat_ctx_fail(cx.ctx, VAT_FAILED, "this directory is limited to user %u already",
			f->view.uid);
		return;
	}
	if (uid == UINT32_MAX || gid == UINT32_MAX) {
		vat_ctx_fail(cx.ctx, VAT_FAILED, "no such user or group id: 4294967295");
		return;
	}
	if (view_copy(&f->view, &view) < 0) {
		vat_ctx_fail(cx.ctx, VAT_OVERLOADED, "out of memory");
		return;
	}
	view.limited = true;
	view.uid = uid;
	view.gid = gid;
	struct fs_filesystem_c sub = fs_service_filesystem(f->fs, view);
	fs_filesystem_user_fs_results_set_fs(fs_filesystem_user_fs_results(cx), sub);
	fs_filesystem_unref(sub);
	vat_ctx_return(cx.ctx);
}

static void filesystem_directory(void *self, struct fs_filesystem_directory_ctx cx)
{
	struct filesystem *f = self;
	fs_service_directory(f->fs, &f->view, cx);
}

static void filesystem_end_session(void *self, struct fs_filesystem_end_session_ctx cx)
{
	struct filesystem *f = self;
	struct session_id s;
	struct vat_data id =
		fs_filesystem_end_session_params_get_id(fs_filesystem_end_session_params(cx));
	if (session_of(f, id, vat_str(""), &s) >= 0)
		served_end_session(f->fs->served, &s);
	vat_ctx_return(cx.ctx);
}

static const struct view_kind kind = {"fs:localfs", "directory"};

static void filesystem_create_sturdy_ref(
	void *self, struct persistence_persistable_create_sturdy_ref_ctx cx)
{
	struct filesystem *f = self;
	fs_service_view_create_sturdy_ref(f->fs, &f->view, &kind, f->cap, cx);
}

static void filesystem_summary(void *self, struct persistence_persistable_summary_ctx cx)
{
	struct filesystem *f = self;
	fs_service_view_summary(&f->view, &kind, cx);
}

static const struct fs_filesystem_impl filesystem_impl = {
	.persistable =
		{
			.create_sturdy_ref = filesystem_create_sturdy_ref,
			.summary = filesystem_summary,
		},
	.get_subtree = filesystem_get_subtree,
	.get_file = filesystem_get_file,
	.v9fs_stream = filesystem_v9fs_stream,
	.readonly_fs = filesystem_readonly_fs,
	.user_fs = filesystem_user_fs,
	.directory = filesystem_directory,
	.end_session = filesystem_end_session,
};

static void filesystem_free(void *self)
{
	struct filesystem *f = self;
	view_done(&f->view);
	free(f);
}

struct fs_filesystem_c fs_service_filesystem(struct fs_service *fs, struct view takes)
{
	struct filesystem *f = calloc(1, sizeof(*f));
	struct fs_filesystem_c c = {};
	if (!f) {
		view_done(&takes);
		return c;
	}
	*f = (struct filesystem){.fs = fs, .view = takes};
	c = fs_filesystem_serve(fs->streams.loop->vat, &filesystem_impl, f, filesystem_free);
	if (c.cap)
		f->cap = c.cap;
	else
		filesystem_free(f);
	return c;
}
