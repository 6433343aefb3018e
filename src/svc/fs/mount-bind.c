/* SPDX-License-Identifier: MIT */
/*
 * Directories of this host, bound by a descriptor.  No process of ours stands between them and who
 * uses them, so nothing tells that one was unmounted by somebody else but the mount table: that is
 * watched (proc(5): mountinfo can be polled).
 *
 * Nor do they end when this service is killed: those of its own namespace are noted in the runtime
 * directory, each as a symbolic link from its number to its path, for the next one to detach.
 */
#include "base/log.h"
#include "svc/fs/fs-mount.h"
#include "svc/fs/mount.h"
#include "sys/mntns.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>

enum { NOTE_SIZE = 32 };

static void note_name(const struct mount *m, char ret[NOTE_SIZE])
{
	(void)snprintf(ret, NOTE_SIZE, "binds/%d", m->mnt_id);
}

int mount_bind_put(struct mount *m, int mount_fd, struct err *e)
{
	int r = mountfd_restrict(mount_fd, m->read_only);
	if (r < 0)
		return err_errno(e, r, "restrict the mount");
	if (m->users.n || m->groups.n) {
		r = mountfd_map_ids(
			mount_fd, m->users.maps, m->users.n, m->groups.maps, m->groups.n);
		if (r < 0)
			return err_errno(e, r,
				"map users and groups (does its file system allow "
				"idmapped mounts?)");
	}
	return fs_mount_bind(m->path, mount_fd, e);
}

static int on_table(sd_event_source *source, int fd, uint32_t revents, void *user)
{
	mount_check_table(user);
	return 0;
}

static int on_own_table(sd_event_source *source, int fd, uint32_t revents, void *user)
{
	struct fs_service *fs = user;
	list_for_each_safe (it, &fs->mounts) {
		struct mount *m = list_entry(it, struct mount, link);
		if (m->kind == MOUNT_BIND && m->ns_fd < 0)
			mount_check_table(m);
	}
	return 0;
}

static int watch_table(struct fs_service *fs, int ns_fd, sd_event_io_handler_t handler, void *user,
	int *ret_fd, sd_event_source **ret)
{
	int r = mntns_enter(ns_fd);
	if (r < 0)
		return r;
	AUTO_CLOSE int fd = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
	r = fd < 0 ? -errno : 0;
	mntns_leave(ns_fd);
	if (r >= 0)
		r = sd_event_add_io(fs->streams.loop->event, ret, fd, EPOLLPRI, handler, user);
	if (r >= 0)
		*ret_fd = TAKE_FD(fd);
	return r;
}

int mount_bind_watch(struct mount *m)
{
	struct fs_service *fs = m->fs;
	char note[NOTE_SIZE];
	if (m->ns_fd >= 0)
		return watch_table(fs, m->ns_fd, on_table, m, &m->table_fd, &m->table_src);
	note_name(m, note);
	(void)mkdirat(fs->runtime, "binds", 0700);
	if (symlinkat(m->path, fs->runtime, note) < 0 && errno != EEXIST)
		log_warning("%s: cannot be noted: %s", m->path, strerror(errno));
	if (fs->table_src)
		return 0;
	return watch_table(fs, -EBADF, on_own_table, fs, &fs->table_fd, &fs->table_src);
}

void mount_bind_gone(struct mount *m)
{
	char note[NOTE_SIZE];
	if (m->kind != MOUNT_BIND)
		return;
	m->table_src = sd_event_source_disable_unref(m->table_src);
	m->table_fd = fd_close(m->table_fd);
	if (m->ns_fd >= 0 || m->mnt_id < 0)
		return;
	note_name(m, note);
	(void)unlinkat(m->fs->runtime, note, 0);
	m->mnt_id = -1;
}

void mount_bind_done(struct fs_service *fs)
{
	fs->table_src = sd_event_source_disable_unref(fs->table_src);
	fs->table_fd = fd_close(fs->table_fd);
	(void)unlinkat(fs->runtime, "binds", AT_REMOVEDIR);
}

void mount_bind_detach_stale(struct fs_service *fs)
{
	int fd = openat(fs->runtime, "binds", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	if (!d) {
		fd_close(fd);
		return;
	}
	for (const struct dirent *e; (e = readdir(d));) {
		char path[PATH_MAX];
		ssize_t n = readlinkat(dirfd(d), e->d_name, path, sizeof(path) - 1);
		if (n < 0)
			continue;
		path[n] = 0;
		int r = fs_mount_detach_id(path, atoi(e->d_name));
		if (r < 0)
			log_warning("detach %s: %s", path, strerror(-r));
		(void)unlinkat(dirfd(d), e->d_name, 0);
	}
	closedir(d);
}
