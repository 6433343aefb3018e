/* SPDX-License-Identifier: MIT */
/* Theory of operation: attach-file.h.  All calls are made at once, each on the result of the one
 * before. */
#include "svc/block/attach-file.h"
#include "base/macro.h"
#include "schema/fs.capnp.h"

#include <stdlib.h>
#include <string.h>

struct attach_file {
	char format[ATTACH_FORMAT_MAX + 1];
	bool read_only, direct;
	char path[]; /* below the directory; "": the reference is the file's */
};

int attach_file_new(struct block_attach_options_r o, struct attach_file **ret)
{
	struct vat_text path = block_attach_options_get_subtree(o);
	struct block_block_options_r open = block_attach_options_get_open(o);
	struct vat_text format = block_block_options_get_format(open);
	*ret = NULL;
	if (!block_attach_options_get_file(o))
		return 0;
	if (path.len >= ATTACH_PATH_MAX || format.len > ATTACH_FORMAT_MAX)
		return -EINVAL;
	struct attach_file *f = calloc(1, sizeof(*f) + path.len + 1);
	if (!f)
		return -ENOMEM;
	memcpy(f->path, path.s, path.len);
	memcpy(f->format, format.s, format.len);
	f->read_only = block_block_options_get_read_only(open);
	f->direct = block_block_options_get_direct(open);
	*ret = f;
	return 0;
}

void attach_file_free(struct attach_file *f)
{
	free(f);
}

/* The following take a reference and return the next one; nothing comes of nothing. */

static struct vat_cap *subtree(
	struct vat *vat, struct vat_cap *takes_dir, const char *path, size_t n)
{
	if (!n)
		return takes_dir;
	struct fs_filesystem_get_subtree_req q =
		fs_filesystem_get_subtree(vat, fs_filesystem_cast(takes_dir));
	struct fs_filesystem_c next = {};
	if (q.call) {
		fs_filesystem_get_subtree_params_set_name(
			q.params, (struct vat_text){path, (uint32_t)n});
		fs_filesystem_get_subtree_send(q, NULL, NULL);
		next = fs_filesystem_get_subtree_pipe_fs(q.call);
		vat_call_detach(q.call);
	}
	vat_cap_unref(takes_dir);
	return next.cap;
}

static struct vat_cap *file(struct vat *vat, struct vat_cap *takes_dir, const char *name)
{
	struct fs_filesystem_get_file_req q =
		fs_filesystem_get_file(vat, fs_filesystem_cast(takes_dir));
	struct fs_file_c next = {};
	if (takes_dir && q.call) {
		fs_filesystem_get_file_params_set_name(q.params, vat_str(name));
		fs_filesystem_get_file_send(q, NULL, NULL);
		next = fs_filesystem_get_file_pipe_file(q.call);
		vat_call_detach(q.call);
	}
	vat_cap_unref(takes_dir);
	return next.cap;
}

static struct vat_cap *device(
	const struct attach_file *f, struct vat *vat, struct vat_cap *takes_file)
{
	struct block_block_device_c next = {};
	struct fs_file_open_as_block_req q = fs_file_open_as_block(vat, fs_file_cast(takes_file));
	if (takes_file && q.call) {
		struct block_block_options_b o =
			fs_file_open_as_block_params_init_options(q.params);
		block_block_options_set_format(o, vat_str(f->format));
		block_block_options_set_read_only(o, f->read_only);
		block_block_options_set_direct(o, f->direct);
		fs_file_open_as_block_send(q, NULL, NULL);
		next = fs_file_open_as_block_pipe_device(q.call);
		vat_call_detach(q.call);
	}
	vat_cap_unref(takes_file);
	return next.cap;
}

struct vat_cap *attach_file_open(
	const struct attach_file *f, struct vat *vat, struct vat_cap *takes_object)
{
	struct vat_cap *at = takes_object;
	if (!f)
		return at;
	const char *slash = strrchr(f->path, '/');
	if (*f->path) {
		at = subtree(vat, at, f->path, slash ? (size_t)(slash - f->path) : 0);
		at = file(vat, at, slash ? slash + 1 : f->path);
	}
	return device(f, vat, at);
}

void attach_file_describe(const struct attach_file *f, struct block_attach_options_b o)
{
	if (!f)
		return;
	struct block_block_options_b open = block_attach_options_init_open(o);
	block_attach_options_set_file(o, true);
	block_attach_options_set_subtree(o, vat_str(f->path));
	block_block_options_set_format(open, vat_str(f->format));
	block_block_options_set_read_only(open, f->read_only);
	block_block_options_set_direct(open, f->direct);
}
