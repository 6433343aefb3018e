/* SPDX-License-Identifier: MIT */
/* See block-end.h. */
#include "cli/block-end.h"

#include <linux/fs.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

void block_end_link(struct block_end *e, struct block_link *takes_link)
{
	const struct nbd_client_export *x = block_link_export(takes_link);
	*e = (struct block_end){.fd = -EBADF,
		.link = takes_link,
		.size = x->size,
		.block_min = x->block_min,
		.can_zero = x->flags & NBD_FLAG_SEND_WRITE_ZEROES,
		.can_flush = x->flags & NBD_FLAG_SEND_FLUSH};
	(void)snprintf(e->name, sizeof(e->name), "%s", block_link_name(takes_link));
}

void block_end_file(struct block_end *e, int takes_fd, const char *name, uint64_t size)
{
	*e = (struct block_end){
		.fd = takes_fd, .size = size, .block_min = 1, .can_zero = true, .can_flush = true};
	(void)snprintf(e->name, sizeof(e->name), "%s", name);
}

void block_end_close(struct block_end *e)
{
	block_link_close(TAKE_PTR(e->link));
	e->fd = fd_close(e->fd);
}

int block_end_size(int fd, uint64_t *ret)
{
	struct stat st;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (S_ISREG(st.st_mode))
		*ret = (uint64_t)st.st_size;
	else if (!S_ISBLK(st.st_mode))
		return S_ISDIR(st.st_mode) ? -EISDIR : -EINVAL;
	else if (ioctl(fd, BLKGETSIZE64, ret) < 0)
		return -errno;
	return 0;
}

static void on_op(struct nbd_op *op, int error)
{
	struct block_task *t = op->user;
	t->done(t, error);
}

static void on_job(struct file_job *job, int error)
{
	struct block_task *t = job->user;
	t->done(t, error);
}

int block_end_begin(struct block_end *e, struct file_pool *pool, struct block_task *t,
	enum block_task_type type, uint64_t offset, uint64_t length, void *buf)
{
	static const enum nbd_command commands[] = {
		NBD_CMD_READ, NBD_CMD_WRITE, NBD_CMD_WRITE_ZEROES, NBD_CMD_FLUSH};
	static const enum file_job_type jobs[] = {FILE_READ, FILE_WRITE, FILE_ZERO, FILE_SYNC};
	if (e->link) {
		t->op = (struct nbd_op){.type = commands[type],
			.offset = offset,
			.length = length,
			.data = buf,
			.into = buf,
			.done = on_op,
			.user = t};
		return nbd_client_submit(block_link_nbd(e->link), &t->op);
	}
	t->job = (struct file_job){.type = jobs[type],
		.fd = e->fd,
		.offset = offset,
		.length = length,
		.buf = buf,
		.done = on_job,
		.user = t};
	file_pool_submit(pool, &t->job);
	return 0;
}

/* ---- what is zero ---------------------------------------------------------------------------- */

void block_map_begin(struct block_map *m, uint64_t from, uint64_t size, uint64_t align)
{
	*m = (struct block_map){.known = from, .size = size, .align = align};
}

void block_map_add(struct block_map *m, uint64_t to, bool zero)
{
	uint64_t mask = m->align - 1;
	uint64_t from = (m->known + mask) & ~mask, until = to == m->size ? to : to & ~mask;
	uint64_t known = m->known;
	m->known = to;
	struct block_range *last = m->n ? &m->zero[m->first + m->n - 1] : NULL;
	if (!zero || from >= until)
		return;
	if (last && last->to == from && known <= from) {
		last->to = until;
		return;
	}
	if (m->first + m->n == BLOCK_MAP_MAX) {
		memmove(m->zero, m->zero + m->first, m->n * sizeof(*m->zero));
		m->first = 0;
	}
	assert(m->n < BLOCK_MAP_MAX);
	m->zero[m->first + m->n++] = (struct block_range){from, until};
}

uint64_t block_map_at(struct block_map *m, uint64_t at, bool *ret_zero)
{
	while (m->n > 0 && m->zero[m->first].to <= at) {
		m->first++;
		m->n--;
	}
	if (m->n == 0)
		m->first = 0;
	const struct block_range *z = m->n ? &m->zero[m->first] : NULL;
	*ret_zero = z && z->from <= at;
	if (*ret_zero)
		return z->to - at;
	uint64_t end = z ? z->from : m->known;
	if (end != m->size)
		end &= ~(m->align - 1); /* nothing but the end of all is not aligned */
	return end > at ? end - at : 0;
}

static void on_extent(struct nbd_op *op, const struct nbd_extent_r *e)
{
	struct block_map *m = op->user;
	/* After the loss of a connection they come again. */
	if (e->offset > m->known || e->offset + e->length <= m->known || m->n == BLOCK_MAP_MAX)
		return;
	block_map_add(m, e->offset + e->length, e->state & NBD_STATE_ZERO);
}

static void on_asked(struct nbd_op *op, int error)
{
	struct block_map *m = op->user;
	m->asking = false;
	if (error) /* then nobody knows, and all of it is read */
		block_map_add(m, m->size, false);
}

static int ask_link(struct block_map *m, struct block_end *src)
{
	m->op = (struct nbd_op){.type = NBD_CMD_BLOCK_STATUS,
		.offset = m->known,
		.length = m->size - m->known,
		.extent = on_extent,
		.done = on_asked,
		.user = m};
	m->asking = true;
	int r = nbd_client_submit(block_link_nbd(src->link), &m->op);
	if (r < 0)
		m->asking = false;
	return r == -EAGAIN ? 0 : r;
}

static void ask_file(struct block_map *m, const struct block_end *src)
{
	off_t data = lseek(src->fd, (off_t)m->known, SEEK_DATA);
	if (data < 0 && errno != ENXIO) { /* it cannot tell */
		block_map_add(m, m->size, false);
		return;
	}
	uint64_t from = data < 0 ? m->size : MIN((uint64_t)data, m->size);
	if (from > m->known)
		block_map_add(m, from, true);
	off_t hole = from < m->size ? lseek(src->fd, (off_t)from, SEEK_HOLE) : -1;
	uint64_t to = hole < 0 ? m->size : MIN((uint64_t)hole, m->size);
	if (to > m->known)
		block_map_add(m, to, false);
}

int block_map_more(struct block_map *m, struct block_end *src)
{
	if (src->link) {
		bool need = !m->asking && m->known < m->size && m->n < BLOCK_MAP_MAX / 2;
		return need ? ask_link(m, src) : 0;
	}
	while (m->known < m->size && m->n < BLOCK_MAP_MAX / 2)
		ask_file(m, src);
	return 0;
}
