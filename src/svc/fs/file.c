/* SPDX-License-Identifier: MIT */
/*
 * File: a path offered as a capability, read and written as streams.  Each opening of a stream
 * opens the file anew and gives it, with the socket, to a copy worker.
 */
#include "base/list.h"
#include "svc/fs/fs-service.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

struct file {
	struct fs_service *fs;
	struct view view;
	struct vat_cap *cap; /* itself, not referenced */
};

/* ---- streams ------------------------------------------------------------------------------- */

struct file_stream {
	struct view view;
	bool append;
	uint64_t offset; /* reading */
};

static int read_spawn(void *self, int fd, struct spawn_child *ret, struct err *e)
{
	struct file_stream *s = self;
	static const char *const argv[] = {"metacd: read", "--role=copy", "--one-way", NULL};
	AUTO_CLOSE int file = view_open_content(&s->view, O_RDONLY, e);
	if (file < 0)
		return file;
	if (s->offset && lseek(file, (off_t)s->offset, SEEK_SET) < 0)
		return err_errno(e, -errno, "%s", s->view.path);
	int fds[] = {file, fd};
	int r = spawn_worker(argv, fds, ARRAY_SIZE(fds), ret);
	return r < 0 ? err_errno(e, r, "start the reader") : 0;
}

static int write_spawn(void *self, int fd, struct spawn_child *ret, struct err *e)
{
	struct file_stream *s = self;
	static const char *const argv[] = {
		"metacd: write", "--role=copy", "--one-way", "--sync", NULL};
	AUTO_CLOSE int file = view_open_content(
		&s->view, O_WRONLY | O_CREAT | (s->append ? O_APPEND : O_TRUNC), e);
	if (file < 0)
		return file;
	int fds[] = {fd, file};
	int r = spawn_worker(argv, fds, ARRAY_SIZE(fds), ret);
	return r < 0 ? err_errno(e, r, "start the writer") : 0;
}

static void stream_describe(void *self, struct vat_ptr_b description)
{
	struct file_stream *s = self;
	struct fs_tree_description_b b = fs_tree_description_init(description);
	view_describe(&s->view, b);
	fs_tree_description_set_append(b, s->append);
	fs_tree_description_set_offset(b, s->offset);
}

static void read_summary(void *self, char *ret, size_t size)
{
	struct file_stream *s = self;
	view_summary(&s->view, "reading", ret, size);
}

static void write_summary(void *self, char *ret, size_t size)
{
	struct file_stream *s = self;
	view_summary(&s->view, s->append ? "appending to" : "writing", ret, size);
}

static void stream_destroy(void *self)
{
	struct file_stream *s = self;
	view_done(&s->view);
	free(s);
}

static const struct stream_source read_source = {
	.spawn = read_spawn,
	.describe = stream_describe,
	.summary = read_summary,
	.destroy = stream_destroy,
	.category = "fs:readstream",
};

static const struct stream_source write_source = {
	.spawn = write_spawn,
	.describe = stream_describe,
	.summary = write_summary,
	.destroy = stream_destroy,
	.category = "fs:writestream",
};

static struct stream_stream_c file_stream(struct fs_service *fs, const struct stream_source *source,
	struct view takes, bool append, uint64_t offset)
{
	struct file_stream *s = calloc(1, sizeof(*s));
	if (!s) {
		view_done(&takes);
		return (struct stream_stream_c){};
	}
	*s = (struct file_stream){.view = takes, .append = append, .offset = offset};
	return stream_serve(&fs->streams, source, s);
}

struct stream_stream_c fs_service_read_stream(
	struct fs_service *fs, struct view takes, uint64_t offset)
{
	return file_stream(fs, &read_source, takes, false, offset);
}

struct stream_stream_c fs_service_write_stream(
	struct fs_service *fs, struct view takes, bool append)
{
	return file_stream(fs, &write_source, takes, append, 0);
}

/* ---- methods ------------------------------------------------------------------------------- */

static void file_open_as_stream(void *self, struct fs_file_open_as_stream_ctx cx)
{
	struct file *f = self;
	struct view view;
	if (view_copy(&f->view, &view) < 0) {
		vat_ctx_fail(cx.ctx, VAT_OVERLOADED, "out of memory");
		return;
	}
	struct stream_stream_c s = fs_service_read_stream(f->fs, view,
		fs_file_open_as_stream_params_get_offset(fs_file_open_as_stream_params(cx)));
	fs_file_open_as_stream_results_set_stream(fs_file_open_as_stream_results(cx), s);
	stream_stream_unref(s);
	vat_ctx_return(cx.ctx);
}

static void file_open_for_writing(void *self, struct fs_file_open_for_writing_ctx cx)
{
	struct file *f = self;
	struct view view;
	if (f->view.read_only) {
		vat_ctx_fail(cx.ctx, VAT_FAILED, "%s: %s", f->view.path, strerror(EROFS));
		return;
	}
	if (view_copy(&f->view, &view) < 0) {
		vat_ctx_fail(cx.ctx, VAT_OVERLOADED, "out of memory");
		return;
	}
	struct stream_stream_c s = fs_service_write_stream(f->fs, view,
		fs_file_open_for_writing_params_get_append(fs_file_open_for_writing_params(cx)));
	fs_file_open_for_writing_results_set_stream(fs_file_open_for_writing_results(cx), s);
	stream_stream_unref(s);
	vat_ctx_return(cx.ctx);
}

static void file_info(void *self, struct fs_file_info_ctx cx)
{
	struct file *f = self;
	struct err e = {};
	struct stat st;
	AUTO_CLOSE int fd = view_open(&f->view, O_PATH, &e);
	if (fd < 0) {
		service_fail(cx.ctx, &e);
		return;
	}
	if (fstat(fd, &st) < 0) {
		vat_ctx_fail(cx.ctx, VAT_FAILED, "%s: %s", f->view.path, strerror(errno));
		return;
	}
	struct fs_file_info_b b = fs_file_info_results_init_info(fs_file_info_results(cx));
	fs_file_info_set_size(b, (uint64_t)st.st_size);
	fs_file_info_set_mode(b, st.st_mode);
	fs_file_info_set_links(b, st.st_nlink);
	fs_file_info_set_uid(b, st.st_uid);
	fs_file_info_set_gid(b, st.st_gid);
	fs_file_info_set_modified(b, st.st_mtime);
	vat_ctx_return(cx.ctx);
}

/* What is not there yet may become one; a directory is named by mistake. */
static bool is_directory(const struct view *v)
{
	struct err e = {};
	struct stat st;
	AUTO_CLOSE int fd = view_open(v, O_PATH, &e);
	return fd >= 0 && !fstat(fd, &st) && S_ISDIR(st.st_mode);
}

static void file_open_as_block(void *self, struct fs_file_open_as_block_ctx cx)
{
	struct file *f = self;
	struct block_target target;
	struct block_block_options_r options =
		fs_file_open_as_block_params_get_options(fs_file_open_as_block_params(cx));
	if (is_directory(&f->view)) {
		vat_ctx_fail(cx.ctx, VAT_FAILED, "%s: %s", f->view.path, strerror(EISDIR));
		return;
	}
	int r = block_target_set(&target, &f->view, options);
	if (r < 0) {
		vat_ctx_fail(cx.ctx, r == -EINVAL ? VAT_FAILED : VAT_OVERLOADED, "%s: %s",
			f->view.path,
			r == -EINVAL ? "unknown format (raw, qcow2, vmdk, vdi, vhdx, vpc)"
				     : "out of memory");
		return;
	}
	struct block_block_device_c d = fs_service_block(f->fs, target);
	fs_file_open_as_block_results_set_device(fs_file_open_as_block_results(cx), d);
	block_block_device_unref(d);
	vat_ctx_return(cx.ctx);
}

static const struct view_kind kind = {"fs:localfile", "file"};

static void file_create_sturdy_ref(
	void *self, struct persistence_persistable_create_sturdy_ref_ctx cx)
{
	struct file *f = self;
	fs_service_view_create_sturdy_ref(f->fs, &f->view, &kind, f->cap, cx);
}

static void file_summary(void *self, struct persistence_persistable_summary_ctx cx)
{
	struct file *f = self;
	fs_service_view_summary(&f->view, &kind, cx);
}

static const struct fs_file_impl file_impl = {
	.persistable =
		{
			.create_sturdy_ref = file_create_sturdy_ref,
			.summary = file_summary,
		},
	.open_as_stream = file_open_as_stream,
	.open_for_writing = file_open_for_writing,
	.info = file_info,
	.open_as_block = file_open_as_block,
};

static void file_free(void *self)
{
	struct file *f = self;
	view_done(&f->view);
	free(f);
}

struct fs_file_c fs_service_file(struct fs_service *fs, struct view takes)
{
	struct file *f = calloc(1, sizeof(*f));
	struct fs_file_c c = {};
	if (!f) {
		view_done(&takes);
		return c;
	}
	*f = (struct file){.fs = fs, .view = takes};
	c = fs_file_serve(fs->streams.loop->vat, &file_impl, f, file_free);
	if (c.cap)
		f->cap = c.cap;
	else
		file_free(f);
	return c;
}
