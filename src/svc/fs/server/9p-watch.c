/* SPDX-License-Identifier: MIT */
/*
 * Theory of operation: one fanotify group, with a mark on each object that is watched.  The kernel
 * names what an event is about by file handles; a table of the handles of all marked objects turns
 * them into qid.paths.  An event about an object that is not in the table means nothing to the
 * client (or must not be told any more) and is dropped.
 *
 * A mark cannot be taken away without a path or a descriptor of the object, and there are too many
 * objects to keep either.  So an object that is not to be watched any more just leaves the table;
 * its mark stays in the kernel until the object goes or all marks are taken away at once, which
 * happens when too many have been left behind.
 *
 * A directory that is moved to where nobody watches may have left the tree, and with it all that is
 * below, marked or not.  Then all marks are taken away, and the client is told to believe
 * nothing: what it still has a way to, it will ask about, and that is watched anew.
 *
 * `lock` guards the tables and the queue; marking is done without it.  An object is put into the
 * table after it has been marked: events in between are about changes that whoever asked for
 * the mark has not looked for yet.
 */
#include "svc/fs/server/9p-watch.h"
#include "svc/fs/server/9p-watch-marks.h"
#include "svc/fs/server/9p-watch-queue.h"

#include "base/log.h"

#include <linux/capability.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/fanotify.h>
#include <sys/syscall.h>
#include <time.h>

enum {
	BUFFER = 64 * 1024,
	READS_AT_ONCE = 64,
	TRIES = 3,
	GATHER_MS = 4, /* between two looks at what the kernel has to tell */
	FEW_MARKS = 4096, /* so many are not worth being taken away to have room for one */
};

#define NAMES (FAN_CREATE | FAN_DELETE)
#define MOVES (FAN_MOVED_FROM | FAN_MOVED_TO)
#define CONTENT (FAN_MODIFY | FAN_ATTRIB | FAN_CLOSE_WRITE)
#define SELF (FAN_DELETE_SELF | FAN_MOVE_SELF)

struct p9_watch {
	int group, wake;
	bool overrides; /* user 0 here is kept out by no permission bits */
	bool renames; /* the kernel says with one event where from and where to */
	pid_t pid;
	p9_watch_path_fn path;
	const void *ctx;
	size_t max_marks;
	atomic_uint epoch; /* a memo of another epoch is out of date */
	int64_t read_ms; /* by the thread that waits */
	pthread_mutex_t lock; /* what follows */
	struct p9_marks marks;
	struct p9_watch_queue queue;
	struct p9_mark_ino inos;
	unsigned flushes; /* how often all marks were taken away */
	size_t left_behind; /* marks of objects that are not in the table */
	bool full_said;
	uint8_t buffer[BUFFER] __attribute__((aligned(8)));
};

/* --- life --- */

static int group_new(bool *ret_renames)
{
	unsigned flags = FAN_CLASS_NOTIF | FAN_NONBLOCK | FAN_CLOEXEC;
	int fd = fanotify_init(flags | FAN_REPORT_DFID_NAME_TARGET, 0);
	*ret_renames = fd >= 0;
	if (fd < 0 && errno == EINVAL) /* Linux before 5.17 */
		fd = fanotify_init(flags | FAN_REPORT_DFID_NAME | FAN_REPORT_FID, 0);
	return fd < 0 ? -errno : fd;
}

static bool overrides_permissions(void)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];
	return !syscall(SYS_capget, &head, data) &&
	       (data[0].effective & (1u << CAP_DAC_READ_SEARCH));
}

int p9_watch_new(p9_watch_path_fn path, const void *ctx, size_t max_marks, struct p9_watch **ret)
{
	struct p9_watch *w = calloc(1, sizeof(*w));
	if (!w)
		return -ENOMEM;
	w->path = path;
	w->ctx = ctx;
	w->max_marks = max_marks ? max_marks : P9_WATCH_MARKS_MAX;
	w->pid = getpid();
	w->overrides = overrides_permissions();
	w->wake = -EBADF;
	atomic_init(&w->epoch, 1);
	pthread_mutex_init(&w->lock, NULL);
	p9_watch_queue_init(&w->queue, P9_WATCH_QUEUE_MAX, P9_WATCH_QUEUE_BYTES);
	int r = p9_marks_init(&w->marks);
	w->group = r < 0 ? r : group_new(&w->renames);
	if (w->group >= 0)
		w->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (!r)
		r = w->group < 0 ? w->group : w->wake < 0 ? -errno : 0;
	if (r < 0)
		p9_watch_free(w);
	else
		*ret = w;
	return r;
}

void p9_watch_free(struct p9_watch *w)
{
	if (!w)
		return;
	fd_close(w->group);
	fd_close(w->wake);
	p9_watch_queue_done(&w->queue);
	p9_marks_done(&w->marks);
	pthread_mutex_destroy(&w->lock);
	free(w);
}

size_t p9_watch_marks(struct p9_watch *w)
{
	if (!w)
		return 0;
	pthread_mutex_lock(&w->lock);
	size_t n = w->marks.n;
	pthread_mutex_unlock(&w->lock);
	return n;
}

/* --- telling, with the lock --- */

static void tell(struct p9_watch *w, uint8_t type, uint64_t path, struct p9_str name)
{
	struct p9_event e = {.type = type, .path = path, .name = name};
	p9_watch_queue_put(&w->queue, &e);
}

static void tell_object(struct p9_watch *w, uint8_t type, uint64_t path)
{
	tell(w, type, path, (struct p9_str){});
}

/* All marks go; the client is to ask again about everything. */
static void start_over(struct p9_watch *w)
{
	(void)fanotify_mark(w->group, FAN_MARK_FLUSH, 0, AT_FDCWD, NULL);
	p9_marks_clear(&w->marks);
	w->flushes++;
	w->left_behind = 0;
	atomic_fetch_add(&w->epoch, 1);
	tell_object(w, P9_EVENT_ALL, 0);
}

static void leave_behind(struct p9_watch *w, struct p9_mark *m)
{
	tell_object(w, P9_EVENT_UNWATCHED, m->path);
	p9_marks_drop(&w->marks, m);
	atomic_fetch_add(&w->epoch, 1);
	if (++w->left_behind > w->max_marks)
		start_over(w);
}

/* --- marking --- */

static uint64_t mask_of(const struct p9_watch *w, bool dir)
{
	if (!dir)
		return CONTENT | SELF;
	return CONTENT | SELF | NAMES | (w->renames ? FAN_RENAME : MOVES) | FAN_ONDIR |
	       FAN_EVENT_ON_CHILD;
}

static int mark(struct p9_watch *w, int fd, bool dir)
{
	char path[32];
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (!fanotify_mark(w->group, FAN_MARK_ADD, mask_of(w, dir), AT_FDCWD, path))
		return 0;
	int r = -errno;
	if (r != -ENOSPC)
		return r;
	pthread_mutex_lock(&w->lock);
	bool worth_it = w->marks.n + w->left_behind >= FEW_MARKS;
	if (worth_it)
		start_over(w);
	if (!w->full_said)
		log_warning("9p: no more marks (fs.fanotify.max_user_marks): not all is watched");
	w->full_said = true;
	pthread_mutex_unlock(&w->lock);
	return worth_it ? 0 : r; /* 0: remember() will say -EAGAIN */
}

/* setfsuid(-1) changes nothing: there is no such user. */
static bool trusted(const struct p9_watch *w)
{
	return w->overrides && syscall(SYS_setfsuid, -1) == 0;
}

/* flushes: when it was marked. -EAGAIN: that mark has been taken away meanwhile. */
static int remember(struct p9_watch *w, unsigned flushes, const struct p9_mark_key *key, bool dir,
	dev_t dev, ino_t ino)
{
	struct p9_mark *m = p9_marks_find(&w->marks, key);
	if (m)
		return 0;
	if (w->marks.n >= w->max_marks)
		leave_behind(w, p9_marks_oldest(&w->marks));
	if (w->flushes != flushes)
		return -EAGAIN;
	m = p9_marks_add(&w->marks, key);
	if (!m)
		return -ENOMEM;
	m->path = w->path(w->ctx, dev, ino);
	m->dev = dev;
	m->ino = ino;
	m->dir = dir;
	m->trusted = trusted(w);
	p9_mark_ino_learn(&w->inos, key, ino);
	return 0;
}

/* P9_COVERED: it was watched before. */
static enum p9_covered watch(struct p9_watch *w, int fd, bool dir, dev_t dev, ino_t ino)
{
	struct p9_mark_key key;
	if (p9_mark_key_of(fd, &key) < 0)
		return P9_COVERED_NOT;
	int r = -EAGAIN;
	for (int tries = 0; r == -EAGAIN && tries < TRIES; tries++) {
		pthread_mutex_lock(&w->lock);
		bool known = p9_marks_find(&w->marks, &key);
		unsigned flushes = w->flushes;
		pthread_mutex_unlock(&w->lock);
		if (known)
			return P9_COVERED;
		r = mark(w, fd, dir);
		if (r < 0)
			return P9_COVERED_NOT;
		pthread_mutex_lock(&w->lock);
		r = remember(w, flushes, &key, dir, dev, ino);
		pthread_mutex_unlock(&w->lock);
	}
	return r < 0 ? P9_COVERED_NOT : P9_COVERED_NOW;
}

static bool remembered(const struct p9_watch *w, const atomic_uint *memo)
{
	return memo && atomic_load(memo) == atomic_load(&w->epoch);
}

bool p9_watch_fd(struct p9_watch *w, int fd, atomic_uint *memo)
{
	struct stat st;
	if (!w)
		return false;
	if (remembered(w, memo))
		return true;
	unsigned epoch = atomic_load(&w->epoch);
	if (fstat(fd, &st) < 0 ||
		watch(w, fd, S_ISDIR(st.st_mode), st.st_dev, st.st_ino) == P9_COVERED_NOT)
		return false;
	if (memo)
		atomic_store(memo, epoch);
	return true;
}

/* The watch of its directory tells all there is to tell. */
static bool covered_by_directory(const struct statx *sx)
{
	return !S_ISDIR(sx->stx_mode) && sx->stx_nlink == 1 &&
	       !(sx->stx_attributes & sx->stx_attributes_mask & STATX_ATTR_MOUNT_ROOT);
}

enum p9_covered p9_watch_object(struct p9_watch *w, int fd, const struct statx *sx)
{
	struct stat st;
	if (!w)
		return P9_COVERED_NOT;
	if (covered_by_directory(sx))
		return P9_COVERED;
	if (fstat(fd, &st) < 0)
		return P9_COVERED_NOT;
	enum p9_covered c = watch(w, fd, S_ISDIR(st.st_mode), st.st_dev, st.st_ino);
	return c == P9_COVERED && st.st_ino != sx->stx_ino ? P9_COVERED_NOW : c;
}

enum p9_covered p9_watch_entry(
	struct p9_watch *w, int dirfd, const char *name, const struct statx *sx)
{
	if (!w)
		return P9_COVERED_NOT;
	if (covered_by_directory(sx))
		return P9_COVERED;
	AUTO_CLOSE int fd = openat(dirfd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? P9_COVERED_NOT : p9_watch_object(w, fd, sx);
}

/* --- what the kernel tells --- */

struct object {
	bool named; /* key is set */
	struct p9_mark_key key;
	struct p9_mark *mark; /* NULL: not watched (any more) */
	struct p9_str name;
};

/* An event, taken apart. Records in it are aligned to four bytes, as they need. */
struct heard {
	uint64_t mask;
	bool own;
	struct object dir, to, object; /* to: where something was renamed to */
};

static struct object *object_of(struct heard *h, uint8_t info_type)
{
	switch (info_type) {
	case FAN_EVENT_INFO_TYPE_DFID_NAME:
	case FAN_EVENT_INFO_TYPE_DFID:
	case FAN_EVENT_INFO_TYPE_OLD_DFID_NAME:
		return &h->dir;
	case FAN_EVENT_INFO_TYPE_NEW_DFID_NAME:
		return &h->to;
	case FAN_EVENT_INFO_TYPE_FID:
		return &h->object;
	default:
		return NULL;
	}
}

static void take_info(
	struct p9_watch *w, const struct fanotify_event_info_header *info, struct heard *h)
{
	const struct fanotify_event_info_fid *fid = (const void *)info;
	const struct file_handle *handle = (const void *)fid->handle;
	struct object *o = object_of(h, info->info_type);
	if (!o)
		return;
	p9_mark_key_set(&o->key, &fid->fsid, handle);
	o->named = true;
	o->mark = p9_marks_find(&w->marks, &o->key);
	if (info->info_type != FAN_EVENT_INFO_TYPE_FID &&
		info->info_type != FAN_EVENT_INFO_TYPE_DFID)
		o->name = p9_str((const char *)handle->f_handle + handle->handle_bytes);
}

static void take_event(struct p9_watch *w, const struct fanotify_event_metadata *m,
	const char *bytes, struct heard *ret)
{
	*ret = (struct heard){.mask = m->mask, .own = m->pid == w->pid};
	const char *p = bytes + m->metadata_len, *end = bytes + m->event_len;
	while (p < end) {
		const struct fanotify_event_info_header *info = (const void *)p;
		take_info(w, info, ret);
		p += info->len;
	}
	/* An event about a directory itself names it with "."; the same object, differently said.
	 */
	if (p9_str_eq(ret->dir.name, ".") || (ret->dir.mark && !ret->dir.name.len)) {
		ret->object = ret->dir;
		ret->dir = (struct object){};
	}
}

/* A name in a directory stands for something else. */
static void hear_names(struct p9_watch *w, const struct heard *h)
{
	ino_t ino;
	if (h->dir.mark)
		tell(w, P9_EVENT_ENTRY, h->dir.mark->path, h->dir.name);
	if (h->to.mark)
		tell(w, P9_EVENT_ENTRY, h->to.mark->path, h->to.name);
	/* Another name for a file that had one alone: its directory tells no more of all that
	 * happens to it. */
	bool link = (h->mask & FAN_CREATE) && !(h->mask & FAN_ONDIR) && h->dir.mark;
	if (link && !h->object.mark && p9_mark_ino_of(&w->inos, &h->object.key, &ino))
		tell_object(w, P9_EVENT_SELF, w->path(w->ctx, h->dir.mark->dev, ino));
}

static void hear_content(struct p9_watch *w, const struct heard *h)
{
	if (h->dir.mark)
		tell(w, P9_EVENT_CHANGED, h->dir.mark->path, h->dir.name);
}

/* A directory was moved. True: it may have left the tree. */
static bool left_the_tree(const struct p9_watch *w, struct heard *h)
{
	if (!(h->mask & FAN_ONDIR) || h->own)
		return false;
	if (!w->renames)
		return (h->mask & (FAN_MOVED_FROM | FAN_MOVE_SELF)) != 0;
	struct p9_mark *m = h->object.mark;
	if (h->mask & FAN_RENAME) {
		if (m)
			m->moved = h->to.mark != NULL;
		return !h->to.mark;
	}
	bool surprise = (h->mask & FAN_MOVE_SELF) && m && !m->moved;
	if (m && (h->mask & FAN_MOVE_SELF))
		m->moved = false;
	return surprise;
}

static void hear_object(struct p9_watch *w, const struct heard *h)
{
	struct p9_mark *m = h->object.mark;
	if (!m)
		return;
	if (!h->own)
		tell_object(w, P9_EVENT_SELF, m->path);
	if (h->mask & FAN_DELETE_SELF)
		p9_marks_drop(&w->marks, m);
	else if (m->dir && !m->trusted && (h->mask & FAN_ATTRIB))
		leave_behind(w, m); /* may it be read still? asking again will show */
}

static void hear(
	struct p9_watch *w, const struct fanotify_event_metadata *metadata, const char *bytes)
{
	struct heard h;
	if (metadata->mask & FAN_Q_OVERFLOW) {
		tell_object(w, P9_EVENT_ALL, 0);
		return;
	}
	take_event(w, metadata, bytes, &h);
	if (left_the_tree(w, &h)) {
		start_over(w);
		return;
	}
	if (!h.own && (h.mask & (NAMES | MOVES | FAN_RENAME)))
		hear_names(w, &h);
	else if (!h.own && (h.mask & CONTENT))
		hear_content(w, &h);
	hear_object(w, &h);
}

static void read_group(struct p9_watch *w)
{
	for (int i = 0; i < READS_AT_ONCE; i++) {
		struct fanotify_event_metadata m;
		pthread_mutex_lock(&w->lock);
		ssize_t n = read(w->group, w->buffer, sizeof(w->buffer));
		for (size_t at = 0; n > 0 && at + sizeof(m) <= (size_t)n; at += m.event_len) {
			memcpy(&m, w->buffer + at, sizeof(m));
			hear(w, &m, (const char *)w->buffer + at);
		}
		pthread_mutex_unlock(&w->lock);
		if (n <= 0)
			return;
	}
}

/* --- waiting and taking --- */

static int64_t now_ms(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static bool pending(struct p9_watch *w)
{
	pthread_mutex_lock(&w->lock);
	bool any = !p9_watch_queue_empty(&w->queue);
	pthread_mutex_unlock(&w->lock);
	return any;
}

bool p9_watch_wait(struct p9_watch *w, int timeout_ms)
{
	struct pollfd p[] = {{.fd = w->wake, .events = POLLIN}, {.fd = w->group, .events = POLLIN}};
	eventfd_t n;
	int64_t now = now_ms(), gather = w->read_ms + GATHER_MS - now;
	int r = gather > 0 ? poll(p, 1, (int)gather) : 0;
	if (!r)
		r = poll(p, ARRAY_SIZE(p), timeout_ms);
	if (r > 0 && p[0].revents)
		(void)eventfd_read(w->wake, &n);
	if (r > 0 && p[1].revents) {
		read_group(w);
		w->read_ms = now_ms();
	}
	return pending(w);
}

void p9_watch_settle(struct p9_watch *w)
{
	if (w)
		read_group(w);
}

void p9_watch_wake(struct p9_watch *w)
{
	if (w)
		(void)eventfd_write(w->wake, 1);
}

size_t p9_watch_take(struct p9_watch *w, void *buf, size_t cap)
{
	if (!w)
		return 0;
	pthread_mutex_lock(&w->lock);
	size_t n = p9_watch_queue_take(&w->queue, buf, cap);
	pthread_mutex_unlock(&w->lock);
	return n;
}
