/* SPDX-License-Identifier: MIT */
/* Theory of operation: target.h. */
#include "svc/fs/block/target.h"
#include "svc/fs/block/nbd-file.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

static const char *const formats[] = {"raw", "qcow2", "vmdk", "vdi", "vhdx", "vpc"};

static int set_format(struct block_target *t, struct vat_text format)
{
	if (!format.len) {
		strcpy(t->format, formats[0]);
		return 0;
	}
	for (size_t i = 0; i < ARRAY_SIZE(formats); i++) {
		if (!vat_text_is(format, formats[i]))
			continue;
		strcpy(t->format, formats[i]);
		return 0;
	}
	return -EINVAL;
}

bool block_target_is_raw(const struct block_target *t)
{
	return !strcmp(t->format, formats[0]);
}

void block_target_done(struct block_target *t)
{
	view_done(&t->view);
}

int block_target_copy(const struct block_target *t, struct block_target *ret)
{
	struct block_target copy = *t;
	int r = view_copy(&t->view, &copy.view);
	if (r >= 0)
		*ret = copy;
	return r;
}

int block_target_set(
	struct block_target *ret, const struct view *view, struct block_block_options_r options)
{
	struct block_target t = {.direct = block_block_options_get_direct(options)};
	int r = set_format(&t, block_block_options_get_format(options));
	if (r >= 0)
		r = view_copy(view, &t.view);
	if (r < 0)
		return r;
	t.view.read_only = view->read_only || block_block_options_get_read_only(options);
	*ret = t;
	return 0;
}

/* ---- stored, shown ------------------------------------------------------------------------- */

void block_target_describe(const struct block_target *t, struct block_block_description_b b)
{
	block_block_description_set_path(b, vat_str(t->view.path));
	block_block_description_set_read_only(b, t->view.read_only);
	block_block_description_set_limited(b, t->view.limited);
	block_block_description_set_uid(b, t->view.uid);
	block_block_description_set_gid(b, t->view.gid);
	block_block_description_set_format(b, vat_str(t->format));
	block_block_description_set_direct(b, t->direct);
}

int block_target_from_description(struct block_block_description_r d, struct block_target *ret)
{
	struct block_target t = {.direct = block_block_description_get_direct(d)};
	int r = set_format(&t, block_block_description_get_format(d));
	if (r >= 0)
		r = view_at_path(block_block_description_get_path(d), &t.view);
	if (r < 0)
		return r;
	t.view.read_only = block_block_description_get_read_only(d);
	t.view.limited = block_block_description_get_limited(d);
	t.view.uid = block_block_description_get_uid(d);
	t.view.gid = block_block_description_get_gid(d);
	*ret = t;
	return 0;
}

void block_target_summary(const struct block_target *t, const char *what, char *ret, size_t size)
{
	view_summary(&t->view, what, ret, size);
	size_t n = strlen(ret);
	(void)snprintf(ret + n, size - n, "%s%s%s", block_target_is_raw(t) ? "" : ", ",
		block_target_is_raw(t) ? "" : t->format, t->direct ? ", direct" : "");
}

void block_target_id(const struct block_target *t, const char *kind, char ret[VIEW_ID_SIZE])
{
	char text[80];
	(void)snprintf(text, sizeof(text), "%s %s %d", kind, t->format, t->direct);
	view_id(&t->view, text, ret);
}

/* ---- opened -------------------------------------------------------------------------------- */

static int check_size(const struct block_target *t, uint64_t size, struct err *e)
{
	const char *path = t->view.path;
	if (!size)
		return err_set(e, -EINVAL, "%s: is empty, so no block device", path);
	if (size % BLOCK_SECTOR)
		return err_set(e, -EINVAL,
			"%s: has %llu bytes, which is no multiple of %d: no block device", path,
			(unsigned long long)size, BLOCK_SECTOR);
	return 0;
}

static struct block_identity identity(const struct stat *st)
{
	if (S_ISBLK(st->st_mode))
		return (struct block_identity){.ino = st->st_rdev};
	return (struct block_identity){st->st_dev, st->st_ino};
}

/* What nbd_file_size() rounds down is looked at before. */
static int look(const struct block_target *t, struct block_file *f, struct err *e)
{
	struct stat st;
	struct nbd_file file;
	const char *path = t->view.path;
	if (fstat(f->fd, &st) < 0)
		return err_errno(e, -errno, "%s", path);
	f->device = S_ISBLK(st.st_mode);
	f->id = identity(&st);
	f->allocated = f->device ? 0 : (uint64_t)st.st_blocks * 512;
	int r = nbd_file_init(&file, f->fd, t->view.read_only, t->direct);
	if (r == -EOPNOTSUPP)
		return err_set(e, r, "%s: its file system does not do O_DIRECT", path);
	if (r >= 0)
		r = nbd_file_size(&file, &f->size);
	if (r < 0)
		return err_errno(e, r, "%s", path);
	f->block_min = file.block_min;
	f->block_preferred = file.block_preferred;
	if (!f->device && block_target_is_raw(t))
		r = check_size(t, (uint64_t)st.st_size, e);
	else if (!f->size)
		r = check_size(
			t, 0, e); /* a loop device that is not set up, a drive without disk */
	return r;
}

int block_target_open(const struct block_target *t, struct block_file *ret, struct err *e)
{
	struct block_file f = {};
	int flags = t->view.read_only ? O_RDONLY : O_RDWR;
	AUTO_CLOSE int fd = view_open_content(&t->view, flags, e);
	f.fd = fd;
	int r = fd < 0 ? fd : look(t, &f, e);
	if (r < 0)
		return r;
	*ret = f;
	(void)TAKE_FD(fd);
	return 0;
}

int block_target_size(
	const struct block_target *t, struct block_identity *ret_id, uint64_t *ret_size)
{
	struct nbd_file file;
	struct stat st;
	uint64_t size = 0;
	AUTO_CLOSE int fd = view_open_content(&t->view, O_RDONLY, NULL);
	if (fd < 0)
		return fd;
	int r = fstat(fd, &st) < 0 ? -errno : nbd_file_init(&file, fd, true, false);
	if (r >= 0)
		r = nbd_file_size(&file, &size);
	if (r < 0)
		return r;
	*ret_id = identity(&st);
	*ret_size = size / BLOCK_SECTOR * BLOCK_SECTOR;
	return 0;
}
