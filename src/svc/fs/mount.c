/* SPDX-License-Identifier: MIT */
/*
 * Mount: somebody's Filesystem, mounted here.
 *
 *	OPENING ---stream open---> STARTING ---worker attached---> MOUNTED ---connection gone--->
 *LOST |                          |                               |                            |
 *	   +---- failed: answered ----+                               +------- destroyed
 *----------+--> GONE
 *
 * The worker (9p-mount.c) holds the 9P connection and /dev/fuse.  When the connection ends, the
 * worker stays and answers EIO, so that nobody writes into the directory underneath by mistake.
 * A persistent mount then fails its waiters; the persistence service restores it, and the new
 * Mount takes the mount point over from the lost one.
 *
 * When the persistence service dies it drops all it held.  A persistent mount outlives that for a
 * while: the next persistence service asks for it by its id and gets it back, never unmounted.
 *
 * With kernel v9fs there is no worker: the kernel holds the connection.
 */
#include "base/list.h"
#include "base/log.h"
#include "svc/fs/fs-mount.h"
#include "svc/fs/fs-service.h"
#include "sys/mntns.h"

#include <fcntl.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <sys/wait.h>

enum { WAITERS_MAX = 16, ATTACH_SECONDS = 20 };

/* After its last reference went: until it is clear whether persistence died, and then for that. */
#define LINGER_US (UINT64_C(200) * 1000)
#define LINGER_ORPHAN_US (UINT64_C(60) * 1000000)

enum mount_state { MOUNT_OPENING, MOUNT_STARTING, MOUNT_MOUNTED, MOUNT_LOST, MOUNT_GONE };

struct mount {
	struct fs_service *fs;
	struct list link;
	enum mount_state state;
	char *path, *source;
	char id[33]; /* runtimeId */
	bool read_only, persistent, kernel;
	bool orphan; /* let go, because the persistence service died */
	char transport[8]; /* asked for: "", "fuse", "v9fs" */
	struct fs_filesystem_c tree;
	struct vat_cap *cap; /* itself, not referenced; NULL until answered, and when let go */
	struct vat_ctx *ctx; /* the call to answer */
	struct stream_opening *opening;
	struct vat_cap *end; /* Connection */
	struct vat_call *end_wait; /* Waitable.wait on it: fails when it is cut off */
	int conn_fd; /* kept to shut the connection down */
	bool on_path; /* something of ours is mounted there */
	int ns_fd; /* in this mount namespace; -EBADF = our own */
	int status_fd;
	sd_event_source *status_src, *child_src, *timer;
	struct waiter { /* a call of wait; free: ctx is NULL */
		struct vat_ctx *ctx;
	} waiters[WAITERS_MAX];
};

/* ---- ending -------------------------------------------------------------------------------- */

static void answer_waiters(struct mount *m, const char *failure)
{
	for (size_t i = 0; i < WAITERS_MAX; i++) {
		struct vat_ctx *ctx = TAKE_PTR(m->waiters[i].ctx);
		if (ctx && failure)
			vat_ctx_fail(ctx, VAT_DISCONNECTED, "%s", failure);
		else if (ctx)
			vat_ctx_return(ctx);
	}
}

/* Takes the mount off its path and ends the worker. */
static void mount_detach(struct mount *m)
{
	if (m->on_path) {
		int r = mntns_enter(m->ns_fd);
		if (r >= 0) {
			r = fs_mount_detach(m->path);
			mntns_leave(m->ns_fd);
		}
		if (r < 0)
			log_warning("unmount %s: %s", m->path, strerror(-r));
		m->on_path = false;
	}
	m->status_src = sd_event_source_disable_unref(m->status_src);
	m->status_fd = fd_close(m->status_fd);
	m->timer = sd_event_source_disable_unref(m->timer);
	m->child_src = sd_event_source_disable_unref(m->child_src); /* kills and reaps */
	vat_call_free(TAKE_PTR(m->end_wait));
	m->end = vat_cap_unref(m->end);
	m->conn_fd = fd_close(m->conn_fd);
}

static void mount_gone(struct mount *m)
{
	if (m->state == MOUNT_GONE)
		return;
	mount_detach(m);
	m->state = MOUNT_GONE;
	answer_waiters(m, NULL);
}

static void mount_free(void *self)
{
	struct mount *m = self;
	mount_gone(m);
	list_unlink(&m->link);
	m->fs->n_mounts--;
	stream_opening_free(m->opening);
	fs_filesystem_unref(m->tree);
	fd_close(m->ns_fd);
	free(m->path);
	free(m->source);
	free(m);
}

/* Not mounted yet: answers the call and forgets the attempt. */
static void mount_fail(struct mount *m, const struct err *e)
{
	struct vat_ctx *ctx = TAKE_PTR(m->ctx);
	struct err text = *e;
	err_wrap(&text, text.code, "mount %s", m->path);
	service_fail(ctx, &text);
	mount_free(m);
}

static void mount_lost(struct mount *m, const char *why)
{
	if (m->state != MOUNT_MOUNTED)
		return;
	log_peer(LOG_WARNING, "mount %s: %s", m->path, why);
	m->state = MOUNT_LOST;
	if (m->conn_fd >= 0)
		(void)shutdown(m->conn_fd, SHUT_RDWR);
	if (m->persistent)
		answer_waiters(m, why);
}

static void on_end(void *user, const struct vat_error *err, struct vat_ptr_r results)
{
	mount_lost(user, err ? err->text : "the other side has ended the connection");
}

/* ---- the Mount object ---------------------------------------------------------------------- */

static void mount_info(void *self, struct fs_mount_info_ctx cx)
{
	struct mount *m = self;
	struct fs_mount_info_b b = fs_mount_info_results_init_info(fs_mount_info_results(cx));
	fs_mount_info_set_path(b, vat_str(m->path));
	fs_mount_info_set_source(b, vat_str(m->source));
	fs_mount_info_set_persistent(b, m->persistent);
	fs_mount_info_set_connected(b, m->state == MOUNT_MOUNTED);
	fs_mount_info_set_transport(b, vat_str(m->kernel ? "v9fs" : "fuse"));
	vat_ctx_return(cx.ctx);
}

/* A call that nobody waits for any more would keep the mount alive. */
static void on_wait_canceled(void *user)
{
	struct waiter *w = user;
	vat_ctx_fail(TAKE_PTR(w->ctx), VAT_FAILED, "canceled");
}

static void hold_waiter(struct mount *m, struct vat_ctx *ctx)
{
	for (size_t i = 0; i < WAITERS_MAX; i++) {
		if (m->waiters[i].ctx)
			continue;
		m->waiters[i].ctx = ctx;
		vat_ctx_on_cancel(ctx, on_wait_canceled, &m->waiters[i]);
		return;
	}
	vat_ctx_fail(ctx, VAT_OVERLOADED, "too many wait for this mount");
}

static void mount_wait(void *self, struct metac_waitable_wait_ctx cx)
{
	struct mount *m = self;
	if (m->state == MOUNT_GONE)
		vat_ctx_return(cx.ctx);
	else if (m->state == MOUNT_LOST && m->persistent)
		vat_ctx_fail(cx.ctx, VAT_DISCONNECTED, "the connection was lost");
	else
		hold_waiter(m, cx.ctx);
}

static void mount_destroy(void *self, struct metac_destroyable_destroy_ctx cx)
{
	struct mount *m = self;
	mount_gone(m);
	service_forget(m->fs->service, m->id);
	vat_ctx_return(cx.ctx);
}

static void describe(void *self, struct vat_ptr_b description)
{
	struct mount *m = self;
	struct fs_mount_description_b b = fs_mount_description_init(description);
	fs_mount_description_set_path(b, vat_str(m->path));
	fs_mount_description_set_fs(b, m->tree);
	fs_mount_description_set_source(b, vat_str(m->source));
	struct fs_mount_options_b o = fs_mount_description_init_options(b);
	fs_mount_options_set_read_only(o, m->read_only);
	fs_mount_options_set_transport(o, vat_str(m->transport));
}

static void summary_text(struct mount *m, char *ret, size_t size)
{
	(void)snprintf(ret, size, "mount %s of %s", m->path, m->source);
}

static void mount_create_sturdy_ref(
	void *self, struct persistence_persistable_create_sturdy_ref_ctx cx)
{
	struct mount *m = self;
	char summary[512];
	summary_text(m, summary, sizeof(summary));
	if (persistence_persistable_create_sturdy_ref_params_get_persistent(
		    persistence_persistable_create_sturdy_ref_params(cx)))
		m->persistent = true;
	struct service_object o = {
		.category = "fs:mount",
		.runtime_id = m->id,
		.summary = summary,
		.cap = m->cap,
		.describe = describe,
		.self = m,
	};
	service_create_sturdy_ref(m->fs->service, cx, &o);
}

static void mount_summary(void *self, struct persistence_persistable_summary_ctx cx)
{
	char summary[512];
	summary_text(self, summary, sizeof(summary));
	persistence_persistable_summary_results_set_info(
		persistence_persistable_summary_results(cx), vat_str(summary));
	vat_ctx_return(cx.ctx);
}

static const struct fs_mount_impl mount_impl = {
	.persistable =
		{
			.create_sturdy_ref = mount_create_sturdy_ref,
			.summary = mount_summary,
		},
	.waitable = {.wait = mount_wait},
	.destroyable = {.destroy = mount_destroy},
	.info = mount_info,
};

/* ---- becoming mounted ---------------------------------------------------------------------- */

static int on_linger(sd_event_source *source, uint64_t usec, void *user)
{
	struct mount *m = user;
	/* Nobody came for it, or it was let go on purpose. */
	if (m->orphan || service_is_persistable(m->fs->service)) {
		mount_free(m);
		return 0;
	}
	m->orphan = true;
	int r = sd_event_source_set_time_relative(source, LINGER_ORPHAN_US);
	if (r >= 0)
		r = sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
	if (r < 0)
		mount_free(m);
	return 0;
}

/* The last reference to the Mount object went. */
static void mount_released(void *self)
{
	struct mount *m = self;
	m->cap = NULL;
	if (!m->persistent || m->state == MOUNT_GONE ||
		sd_event_add_time_relative(m->fs->streams.loop->event, &m->timer, CLOCK_MONOTONIC,
			LINGER_US, 0, on_linger, m) < 0)
		mount_free(m);
}

/* The persistence service wants back what it has lost: answers ctx, true if that is still there. */
static bool mount_reclaim(struct fs_service *fs, struct vat_text id, struct vat_ctx *ctx)
{
	list_for_each (it, &fs->mounts) {
		struct mount *m = list_entry(it, struct mount, link);
		if (!vat_text_is(id, m->id) || m->state != MOUNT_MOUNTED)
			continue;
		struct fs_mount_c c = {vat_cap_ref(m->cap)};
		if (!m->cap) {
			c = fs_mount_serve(fs->streams.loop->vat, &mount_impl, m, mount_released);
			m->timer = c.cap ? sd_event_source_disable_unref(m->timer) : m->timer;
			m->orphan = false;
			m->cap = c.cap;
		}
		if (!c.cap)
			return false;
		struct fs_filesystem_namespace_mount_ctx cx = {ctx};
		fs_filesystem_namespace_mount_results_set_mount(
			fs_filesystem_namespace_mount_results(cx), c);
		fs_mount_unref(c);
		vat_ctx_return(ctx);
		return true;
	}
	return false;
}

static void mount_answer(struct mount *m)
{
	m->state = MOUNT_MOUNTED;
	m->timer = sd_event_source_disable_unref(m->timer);
	m->cap = fs_mount_serve(m->fs->streams.loop->vat, &mount_impl, m, mount_released).cap;
	if (!m->cap) {
		struct err e = {};
		err_errno(&e, -ENOMEM, "answer");
		mount_fail(m, &e);
		return;
	}
	if (m->end) {
		struct metac_waitable_wait_req q =
			metac_waitable_wait(m->fs->streams.loop->vat, metac_waitable_cast(m->end));
		m->end_wait = q.call;
		metac_waitable_wait_send(q, on_end, m);
	}
	log_info("mounted %s on %s", m->source, m->path);
	struct fs_filesystem_namespace_mount_ctx cx = {TAKE_PTR(m->ctx)};
	fs_filesystem_namespace_mount_results_set_mount(
		fs_filesystem_namespace_mount_results(cx), (struct fs_mount_c){m->cap});
	vat_cap_unref(m->cap);
	vat_ctx_return(cx.ctx);
}

/* The worker says FS_MOUNT_ATTACHED once and FS_MOUNT_LOST once, one byte each; EOF: it died. */
static int on_status(sd_event_source *source, int fd, uint32_t revents, void *user)
{
	struct mount *m = user;
	char c = FS_MOUNT_LOST;
	ssize_t n = read(fd, &c, 1);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n == 1 && c == FS_MOUNT_ATTACHED && m->state == MOUNT_STARTING) {
		mount_answer(m);
		return 0;
	}
	m->status_src = sd_event_source_disable_unref(m->status_src);
	if (m->state == MOUNT_STARTING) {
		struct err e = {};
		err_set(&e, -EIO, "the other side did not accept the 9P session");
		mount_fail(m, &e);
		return 0;
	}
	mount_lost(m, "the 9P connection ended");
	return 0;
}

static int on_worker_exit(sd_event_source *source, const siginfo_t *si, void *user)
{
	struct mount *m = user;
	if (m->state == MOUNT_STARTING) {
		struct err e = {};
		err_set(&e, -EIO, "the mount worker ended at once");
		mount_fail(m, &e);
		return 0;
	}
	mount_lost(m, "the mount worker ended");
	return 0;
}

static int on_attach_timeout(sd_event_source *source, uint64_t usec, void *user)
{
	struct err e = {};
	err_set(&e, -ETIMEDOUT, "no answer to the 9P session within %d seconds", ATTACH_SECONDS);
	mount_fail(user, &e);
	return 0;
}

static int watch_worker(struct mount *m, struct spawn_child *child)
{
	sd_event *event = m->fs->streams.loop->event;
	int r = sd_event_add_child_pidfd(
		event, &m->child_src, child->pidfd, WEXITED, on_worker_exit, m);
	if (r < 0) {
		spawn_kill(child, SIGKILL);
		spawn_wait(child);
		return r;
	}
	sd_event_source_set_child_pidfd_own(m->child_src, true);
	sd_event_source_set_child_process_own(m->child_src, true);
	r = sd_event_add_io(event, &m->status_src, m->status_fd, EPOLLIN, on_status, m);
	if (r >= 0)
		r = sd_event_add_time_relative(event, &m->timer, CLOCK_MONOTONIC,
			ATTACH_SECONDS * 1000000ULL, 0, on_attach_timeout, m);
	return r;
}

static int start_worker(struct mount *m, int fuse_fd, struct err *e)
{
	int status[2];
	const char *argv[] = {
		"metacd: mount", "--role=9p-mount", m->read_only ? "--read-only" : NULL, NULL};
	if (pipe2(status, O_CLOEXEC) < 0)
		return err_errno(e, -errno, "pipe");
	m->status_fd = status[0];
	struct spawn_child child = {.pidfd = -EBADF};
	int fds[] = {m->conn_fd, fuse_fd, status[1]};
	int r = spawn_self(argv, fds, ARRAY_SIZE(fds), &child);
	fd_close(status[1]);
	if (r >= 0)
		r = watch_worker(m, &child);
	return r < 0 ? err_errno(e, r, "start the mount worker") : 0;
}

static struct mount *find_at(
	struct fs_service *fs, int ns_fd, const char *path, const struct mount *but)
{
	list_for_each (it, &fs->mounts) {
		struct mount *m = list_entry(it, struct mount, link);
		if (m != but && m->state != MOUNT_GONE && !strcmp(m->path, path) &&
			mntns_same(m->ns_fd, ns_fd))
			return m;
	}
	return NULL;
}

/* Puts the file system on the path: kernel v9fs, which takes the connection (1), or FUSE (0, its
 * descriptor in *ret_fuse_fd). Runs inside the mount's namespace. */
static int put_on_path(struct mount *m, int *ret_fuse_fd, struct err *e)
{
	char source[128];
	(void)snprintf(source, sizeof(source), "metac:%s", service_address(m->fs->service));
	int r = fs_mount_check(m->path, e);
	if (r < 0)
		return r;
	if (strcmp(m->transport, "fuse")) {
		r = fs_mount_v9fs(m->path, source, m->conn_fd, m->read_only, e);
		if (r >= 0)
			return 1;
		if (*m->transport)
			return r;
		*e = (struct err){};
	}
	r = fs_mount_fuse(m->path, source, m->read_only, e);
	if (r >= 0)
		*ret_fuse_fd = r;
	return MIN(r, 0);
}

/* The connection is there: mounts. */
static int mount_now(struct mount *m, struct err *e)
{
	AUTO_CLOSE int fuse_fd = -EBADF;
	struct mount *lost = find_at(m->fs, m->ns_fd, m->path, m);
	if (lost && lost->state != MOUNT_LOST)
		return err_set(e, -EBUSY, "mounted already");
	if (lost)
		mount_gone(lost);
	int r = mntns_enter(m->ns_fd);
	if (r < 0)
		return err_errno(e, r, "enter the mount namespace");
	r = put_on_path(m, &fuse_fd, e);
	mntns_leave(m->ns_fd);
	if (r < 0)
		return r;
	m->on_path = true;
	m->kernel = r == 1;
	if (!m->kernel)
		return start_worker(m, fuse_fd, e);
	mount_answer(m);
	return 0;
}

static void on_stream_open(void *user, int fd, struct vat_cap *end, const struct err *err)
{
	struct mount *m = user;
	struct err e = *err;
	m->conn_fd = fd;
	m->end = end;
	m->state = MOUNT_STARTING;
	if (fd < 0 || mount_now(m, &e) < 0)
		mount_fail(m, &e);
}

static int open_tree(struct mount *m)
{
	struct loop *l = m->fs->streams.loop;
	struct fs_filesystem_v9fs_stream_req q = fs_filesystem_v9fs_stream(l->vat, m->tree);
	if (!q.call)
		return -ENOMEM;
	fs_filesystem_v9fs_stream_send(q, NULL, NULL);
	struct stream_stream_c s = fs_filesystem_v9fs_stream_pipe_stream(q.call);
	vat_call_detach(q.call);
	int r = stream_open(
		l, s.cap, service_address(m->fs->service), on_stream_open, m, &m->opening);
	stream_stream_unref(s);
	return r;
}

static int mount_new(struct fs_service *fs, const struct fs_mount_request *q, struct mount **ret)
{
	if (fs->n_mounts >= FS_MOUNTS_MAX)
		return -EDQUOT;
	struct mount *m = calloc(1, sizeof(*m));
	if (!m)
		return -ENOMEM;
	unsigned char id[16];
	m->fs = fs;
	m->conn_fd = m->status_fd = m->ns_fd = -EBADF;
	if (q->ns_fd >= 0)
		m->ns_fd = fcntl(q->ns_fd, F_DUPFD_CLOEXEC, 3);
	m->read_only = fs_mount_options_get_read_only(q->options);
	m->persistent = q->persistent;
	m->path = strdup(q->path.s);
	m->source = strdup(q->source.len ? q->source.s : "a remote directory");
	m->tree = fs_filesystem_ref(q->tree);
	(void)snprintf(m->transport, sizeof(m->transport), "%s",
		fs_mount_options_get_transport(q->options).s);
	randombytes_buf(id, sizeof(id));
	sodium_bin2hex(m->id, sizeof(m->id), id, sizeof(id));
	if (q->id.len == sizeof(m->id) - 1)
		memcpy(m->id, q->id.s, sizeof(m->id));
	list_append(&fs->mounts, &m->link);
	fs->n_mounts++;
	if (!m->path || !m->source || (q->ns_fd >= 0 && m->ns_fd < 0)) {
		mount_free(m);
		return -ENOMEM;
	}
	*ret = m;
	return 0;
}

static int check_request(struct fs_service *fs, const struct fs_mount_request *q, struct err *e)
{
	struct vat_text t = fs_mount_options_get_transport(q->options);
	if (t.len && !vat_text_is(t, "fuse") && !vat_text_is(t, "v9fs"))
		return err_set(e, -EINVAL, "unknown transport \"%s\" (fuse or v9fs)", t.s);
	if (!q->tree.cap)
		return err_set(e, -EINVAL, "nothing to mount");
	struct mount *there = find_at(fs, q->ns_fd, q->path.s, NULL);
	if (there && there->state != MOUNT_LOST)
		return err_set(e, -EBUSY, "a metac mount is there already");
	if (there)
		return 0;
	int r = mntns_enter(q->ns_fd);
	if (r < 0)
		return err_errno(e, r, "enter the mount namespace");
	r = fs_mount_check(q->path.s, e);
	mntns_leave(q->ns_fd);
	return r;
}

void fs_service_mount(struct fs_service *fs, const struct fs_mount_request *q, struct vat_ctx *ctx)
{
	struct err e = {};
	struct mount *m = NULL;
	if (q->id.len && mount_reclaim(fs, q->id, ctx))
		return;
	int r = check_request(fs, q, &e);
	if (r >= 0) {
		r = mount_new(fs, q, &m);
		if (r < 0)
			err_errno(&e, r, "new mount");
	}
	if (r < 0) {
		err_wrap(&e, r, "mount %s", q->path.s);
		service_fail(ctx, &e);
		return;
	}
	m->ctx = ctx;
	r = open_tree(m);
	if (r < 0) {
		err_errno(&e, r, "open the 9P stream");
		mount_fail(m, &e);
	}
}

void fs_service_list_mounts(
	struct fs_service *fs, struct fs_filesystem_namespace_list_mounts_ctx cx)
{
	uint32_t n = 0, i = 0;
	list_for_each (it, &fs->mounts)
		n += list_entry(it, struct mount, link)->cap &&
		     list_entry(it, struct mount, link)->state >= MOUNT_MOUNTED &&
		     list_entry(it, struct mount, link)->state != MOUNT_GONE;
	struct vat_list_b l = fs_filesystem_namespace_list_mounts_results_init_mounts(
		fs_filesystem_namespace_list_mounts_results(cx), n);
	list_for_each (it, &fs->mounts) {
		struct mount *m = list_entry(it, struct mount, link);
		if (m->cap && (m->state == MOUNT_MOUNTED || m->state == MOUNT_LOST))
			vat_set_cap(vat_list_ptr_b(l, i++), m->cap);
	}
	vat_ctx_return(cx.ctx);
}

void fs_service_unmount_all(struct fs_service *fs)
{
	list_for_each_safe (it, &fs->mounts)
		mount_detach(list_entry(it, struct mount, link));
}
