/* SPDX-License-Identifier: MIT */
/*
 * Theory of operation: 9p-report.h.  What a path is, the kernel knows: the links in /proc/self/fd
 * lead to where an open file is now, whatever it was opened by.  Where the root of the tree is
 * seen from the same place, paths are told from there on.
 */
#include "svc/fs/server/9p-report.h"

#include <fcntl.h>
#include <sys/socket.h>

static void *report_main(void *arg)
{
	struct p9_report *r = arg;
	uint8_t question;
	for (;;) {
		ssize_t n = recv(r->fd, &question, 1, 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return NULL;
		if (question != P9_CONTROL_ASK)
			continue;
		r->fill(r->ctx, &r->packet);
		(void)send(r->fd, r->packet.bytes, r->packet.len, MSG_NOSIGNAL);
	}
}

int p9_report_start(struct p9_report *r, const pthread_attr_t *attr)
{
	return -pthread_create(&r->thread, attr, report_main, r);
}

void p9_report_stop(struct p9_report *r)
{
	(void)shutdown(r->fd, SHUT_RDWR);
	pthread_join(r->thread, NULL);
}

/* --- open files --- */

/* 0 where there is no telling. */
static size_t path_of(int fd, char *buf, size_t cap)
{
	char link[P9_PROC_PATH];
	ssize_t n = readlink(p9_proc_path(fd, link), buf, cap);
	return n > 0 ? (size_t)n : 0;
}

void p9_report_files_init(
	struct p9_report_files *l, const struct p9_tree *t, struct p9_control_packet *p)
{
	l->tree = t;
	l->packet = p;
	l->n_open = 0;
	l->root_len = path_of(t->root->fd, l->root, sizeof(l->root));
	if (l->root_len == 1 && l->root[0] == '/')
		l->root_len = 0;
}

static struct p9_str below_root(const struct p9_report_files *l, const char *path, size_t n)
{
	size_t cut = l->root_len;
	if (n < cut || memcmp(path, l->root, cut) || (n > cut && path[cut] != '/'))
		cut = 0;
	else if (n > cut)
		cut++;
	return (struct p9_str){path + cut, (uint16_t)(n - cut)};
}

void p9_report_file(void *files, const void *data)
{
	static const uint8_t modes[] = {P9_CONTROL_READ, P9_CONTROL_WRITE,
		P9_CONTROL_READ | P9_CONTROL_WRITE, P9_CONTROL_READ};
	struct p9_report_files *l = files;
	const struct p9_file *f = data;
	char path[4096];
	if (!f || (f->state != P9_FILE && f->state != P9_DIR))
		return;
	if (l->n_open++ >= P9_CONTROL_FILES_MAX)
		return;
	size_t n = path_of(f->fd, path, sizeof(path));
	struct p9_control_file c = {
		.mode = modes[f->accmode & O_ACCMODE], .path = below_root(l, path, n)};
	(void)p9_control_packet_file(l->packet, &c);
}
