/* SPDX-License-Identifier: MIT */
/* Theory of operation: mount.h. */
#include "svc/fs/mount.h"
#include "base/log.h"
#include "svc/fs/fs-mount.h"
#include "sys/mntns.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <time.h>

/* ---- states -------------------------------------------------------------------------------- */

static uint64_t now_us(const struct mount *m)
{
	uint64_t now = 0;
	(void)sd_event_now(m->fs->streams.loop->event, CLOCK_MONOTONIC, &now);
	return now;
}

static void set_error(struct mount *m, const char *text)
{
	size_t n = text ? strnlen(text, sizeof(m->error) - 1) : 0;
	if (n)
		memmove(m->error, text, n);
	m->error[n] = 0;
}

void mount_set_state(struct mount *m, enum mount_state state, const char *error)
{
	if (m->state != state) {
		m->since = time(NULL);
		m->since_us = now_us(m);
	}
	m->state = state;
	set_error(m, error);
}

static int set_timer(struct mount *m, unsigned seconds, sd_event_time_handler_t handler)
{
	m->timer = sd_event_source_disable_unref(m->timer);
	return sd_event_add_time_relative(m->fs->streams.loop->event, &m->timer, CLOCK_MONOTONIC,
		seconds * UINT64_C(1000000), 0, handler, m);
}

static void drop_end(struct mount *m)
{
	vat_call_free(TAKE_PTR(m->end_wait));
	m->end = vat_cap_unref(m->end);
}

static void on_end(void *user, const struct vat_error *err, struct vat_ptr_r results)
{
	struct mount *m = user;
	/* The worker sees for itself when its connection ends. */
	if (m->kind != MOUNT_FUSE)
		mount_on_lost(m, err ? err->text : "the other side has ended the connection");
}

/* Holds what keeps the connection, or the directory. */
static void set_end(struct mount *m, struct vat_cap *takes_end)
{
	drop_end(m);
	m->end = takes_end;
	struct metac_waitable_wait_req q =
		metac_waitable_wait(m->fs->streams.loop->vat, metac_waitable_cast(m->end));
	m->end_wait = q.call;
	metac_waitable_wait_send(q, on_end, m);
}

static void answer_waiters(struct mount *m, const char *failure)
{
	for (size_t i = 0; i < MOUNT_WAITERS_MAX; i++) {
		struct vat_ctx *ctx = TAKE_PTR(m->waiters[i].ctx);
		if (ctx && failure)
			vat_ctx_fail(ctx, VAT_DISCONNECTED, "%s", failure);
		else if (ctx)
			vat_ctx_return(ctx);
	}
}

/* ---- ending -------------------------------------------------------------------------------- */

void mount_detach(struct mount *m)
{
	if (!m->on_path)
		return;
	int r = mntns_enter(m->ns_fd);
	if (r >= 0) {
		/* Without a connection nothing can be written back. */
		r = fs_mount_detach(m->path, m->mnt_id, m->state == MOUNT_UP);
		mntns_leave(m->ns_fd);
	}
	if (r < 0)
		log_warning("unmount %s: %s", m->path, strerror(-r));
	m->on_path = false;
	mount_bind_gone(m);
}

static void let_go(struct mount *m)
{
	mount_worker_stop(m);
	way_stop(mount_way(m->way));
	m->timer = sd_event_source_disable_unref(m->timer);
	drop_end(m);
}

void mount_ended(struct mount *m, bool forget)
{
	if (m->state == MOUNT_ENDED)
		return;
	mount_detach(m);
	let_go(m);
	mount_set_state(m, MOUNT_ENDED, NULL);
	answer_waiters(m, NULL);
	if (forget)
		service_forget(m->fs->service, m->id);
}

void mount_free(struct mount *m)
{
	if (m->way)
		mount_ended(m, false);
	list_unlink(&m->link);
	m->fs->n_mounts--;
	mount_way_free(m->way);
	sd_event_source_disable_unref(m->linger);
	fd_close(m->ns_fd);
	free(m->path);
	free(m->source);
	free(m);
}

void mount_fail(struct mount *m, const struct err *e)
{
	struct vat_ctx *ctx = TAKE_PTR(m->ctx);
	struct err text = *e;
	err_wrap(&text, text.code, "mount %s", m->path);
	service_fail(ctx, &text);
	mount_free(m);
}

static int on_linger(sd_event_source *source, uint64_t usec, void *user)
{
	struct mount *m = user;
	/* Nobody came for it, or it was let go on purpose. */
	if (m->orphan || service_is_persistable(m->fs->service)) {
		mount_free(m);
		return 0;
	}
	m->orphan = true;
	int r = sd_event_source_set_time_relative(source, MOUNT_LINGER_ORPHAN_US);
	if (r >= 0)
		r = sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
	if (r < 0)
		mount_free(m);
	return 0;
}

void mount_released(void *self)
{
	struct mount *m = self;
	m->cap = NULL;
	/* Unmounted lazily, its worker serves what is open until that is closed. */
	if (m->state != MOUNT_ENDED && !m->on_path && m->child_src)
		return;
	if (!m->persistent || m->state == MOUNT_ENDED ||
		sd_event_add_time_relative(m->fs->streams.loop->event, &m->linger, CLOCK_MONOTONIC,
			MOUNT_LINGER_US, 0, on_linger, m) < 0)
		mount_free(m);
}

/* ---- over: it will not come back ----------------------------------------------------------- */

static void over(struct mount *m, const char *why)
{
	log_info("mount %s: %s", m->path, why);
	mount_set_state(m, MOUNT_GONE, why);
	m->timer = sd_event_source_disable_unref(m->timer);
	way_stop(mount_way(m->way));
	drop_end(m);
	if (m->kind == MOUNT_FUSE)
		mount_worker_over(m, EIO, why);
	else if (m->kind == MOUNT_BIND)
		mount_detach(m); /* a file system of this host cannot be made to fail */
}

static int on_bind_grace(sd_event_source *source, uint64_t usec, void *user)
{
	over(user, "nobody offers the directory any more");
	return 0;
}

/* ---- connections --------------------------------------------------------------------------- */

static void wait_for_connection(struct mount *m, const char *why)
{
	drop_end(m);
	mount_set_state(m, MOUNT_WAITING, why);
	if (m->kind == MOUNT_BIND && !m->timer &&
		set_timer(m, MOUNT_BIND_GRACE_SECONDS, on_bind_grace) < 0)
		over(m, why);
}

void mount_on_lost(struct mount *m, const char *why)
{
	bool was_up = m->state == MOUNT_UP;
	if (m->state == MOUNT_STARTING) {
		struct err e = {};
		err_set(&e, -EIO, "the other side did not accept the 9P session: %s", why);
		mount_fail(m, &e);
		return;
	}
	if (was_up && now_us(m) - m->since_us > MOUNT_PROVEN_US)
		way_proven(mount_way(m->way));
	if (!was_up && m->state != MOUNT_WAITING)
		return;
	if (was_up)
		log_peer(LOG_INFO, "mount %s: waiting: %s", m->path, why);
	if (m->kind != MOUNT_BIND)
		m->timer = sd_event_source_disable_unref(m->timer);
	wait_for_connection(m, why);
	if (m->state != MOUNT_WAITING)
		return;
	if (was_up)
		way_open(mount_way(m->way), m->kind == MOUNT_BIND);
	else
		way_open_later(mount_way(m->way), m->kind == MOUNT_BIND);
}

void mount_on_refused(struct mount *m, int error, const char *why)
{
	if (m->state == MOUNT_STARTING) {
		struct err e = {};
		err_set(&e, -error, "%s", why);
		mount_fail(m, &e);
		return;
	}
	mount_on_lost(m, why);
}

void mount_on_connected(struct mount *m)
{
	m->timer = sd_event_source_disable_unref(m->timer);
	if (m->state == MOUNT_STARTING) {
		(void)mount_answer(m);
	} else if (m->state == MOUNT_WAITING) {
		mount_set_state(m, MOUNT_UP, NULL);
		log_peer(LOG_INFO, "mount %s: connected", m->path);
	}
}

static int on_attach_timeout(sd_event_source *source, uint64_t usec, void *user)
{
	mount_on_refused(user, ETIMEDOUT, "no answer to the 9P session in time");
	return 0;
}

/* Puts the file system on the path: returns 0, for FUSE with its descriptor in *ret_fuse_fd. Runs
 * inside the mount's namespace. */
static int put_on_path(struct mount *m, int fd, int *ret_fuse_fd, struct err *e)
{
	char source[128];
	(void)snprintf(source, sizeof(source), "metac:%s", service_address(m->fs->service));
	bool anew = m->on_path; /* a FUSE mount whose worker is gone */
	int r = anew ? 0 : fs_mount_check(m->path, m->again, e);
	if (r < 0)
		return r;
	if (m->kind == MOUNT_BIND)
		return mount_bind_put(m, fd, e);
	if (m->kind == MOUNT_V9FS)
		return fs_mount_v9fs(m->path, source, fd, m->read_only, e);
	r = fs_mount_fuse(m->path, source, m->read_only, anew, e);
	if (r >= 0)
		*ret_fuse_fd = r;
	return MIN(r, 0);
}

int mount_put(struct mount *m, int fd, struct err *e)
{
	AUTO_CLOSE int fuse_fd = -EBADF;
	int r = mntns_enter(m->ns_fd);
	if (r < 0)
		return err_errno(e, r, "enter the mount namespace");
	r = put_on_path(m, fd, &fuse_fd, e);
	if (r >= 0) {
		m->on_path = true;
		m->mnt_id = fs_mount_id(m->path);
	}
	mntns_leave(m->ns_fd);
	if (r >= 0 && m->kind == MOUNT_FUSE)
		r = mount_worker_start(m, TAKE_FD(fuse_fd), e);
	if (r >= 0 && m->kind == MOUNT_BIND)
		r = mount_bind_watch(m) < 0 ? err_errno(e, -ENOMEM, "watch the mount") : 0;
	return r;
}

/* The worker gets the connection, and is to say soon that it is good; finding ten thousand open
 * files again takes longer. */
static int connect_worker(struct mount *m, int fd)
{
	int r = mount_worker_connect(m, fd);
	if (r < 0)
		return r;
	return set_timer(
		m, m->attached ? MOUNT_RECOVER_SECONDS : MOUNT_ATTACH_SECONDS, on_attach_timeout);
}

static void begin(struct mount *m, int fd, struct vat_cap *takes_end)
{
	struct err e = {};
	struct mount *before = mount_find(m->fs, m->ns_fd, m->path, m);
	if (before && before->state == MOUNT_GONE)
		mount_ended(before, true);
	set_end(m, takes_end);
	mount_set_state(m, MOUNT_STARTING, NULL);
	int r = mount_put(m, fd, &e);
	if (r >= 0 && m->kind == MOUNT_FUSE) {
		r = connect_worker(m, fd);
		if (r < 0)
			err_errno(&e, r, "the mount worker");
	}
	if (r < 0)
		mount_fail(m, &e);
	else if (m->kind != MOUNT_FUSE)
		(void)mount_answer(m);
}

/* The kernel's client cannot be given another connection. */
static void mount_v9fs_anew(struct mount *m, int fd)
{
	struct err e = {};
	mount_detach(m);
	if (mount_put(m, fd, &e) < 0)
		mount_on_lost(m, e.msg);
	else
		mount_on_connected(m);
}

void mount_on_opened(void *user, int takes_fd, struct vat_cap *takes_end)
{
	struct mount *m = user;
	AUTO_CLOSE int fd = takes_fd;
	if (m->state == MOUNT_OPENING) {
		begin(m, fd, takes_end);
		return;
	}
	set_end(m, takes_end);
	if (m->kind == MOUNT_V9FS)
		mount_v9fs_anew(m, fd);
	else if (m->kind == MOUNT_BIND)
		mount_on_connected(m); /* what is mounted stays as it is */
	else if (connect_worker(m, fd) < 0)
		mount_on_lost(m, "the mount worker takes no connection");
}

static void missed_first(struct mount *m, enum way_miss miss, const struct err *e)
{
	if (miss != WAY_MISS_NOT_LOCAL || !strcmp(m->transport, "bind")) {
		mount_fail(m, e);
		return;
	}
	m->kind = MOUNT_FUSE;
	way_open(mount_way(m->way), false);
}

void mount_on_missed(void *user, enum way_miss miss, const struct err *e)
{
	struct mount *m = user;
	if (m->state == MOUNT_OPENING) {
		missed_first(m, miss, e);
		return;
	}
	set_error(m, e->msg);
	if (miss == WAY_MISS_REVOKED)
		over(m, "the reference was revoked, or has expired");
	else if (miss == WAY_MISS_LOST && !m->persistent)
		over(m, e->msg);
	else if (miss == WAY_MISS_LOST)
		answer_waiters(m, e->msg); /* the persistence service restores it */
	else if (miss == WAY_MISS_NOT_LOCAL)
		over(m, "the directory is not of this host any more");
	else
		way_open_later(mount_way(m->way), m->kind == MOUNT_BIND);
}

/* ---- a worker that ended, an unmount by somebody else -------------------------------------- */

static bool still_on_path(struct mount *m)
{
	if (!m->on_path || mntns_enter(m->ns_fd) < 0)
		return false;
	bool there = fs_mount_id_is_there(m->mnt_id);
	mntns_leave(m->ns_fd);
	return there;
}

void mount_check_table(struct mount *m)
{
	if (!m->on_path || still_on_path(m))
		return;
	log_info("%s was unmounted", m->path);
	m->on_path = false;
	mount_bind_gone(m);
	mount_ended(m, m->persistent);
}

void mount_on_worker_end(struct mount *m)
{
	struct err e = {};
	bool there = still_on_path(m);
	mount_worker_stop(m);
	if (m->state == MOUNT_STARTING) {
		err_set(&e, -EIO, "the mount worker ended at once");
		mount_fail(m, &e);
		return;
	}
	if (there) {
		/* What programs had open is lost, but not the mount. */
		log_warning("mount %s: its worker has ended: mounting it anew", m->path);
		mount_way_new_session(m->way);
		bool over_already = m->state == MOUNT_GONE;
		if (mount_put(m, -EBADF, &e) < 0)
			over(m, e.msg);
		else if (over_already)
			mount_worker_over(m, EIO, m->error);
		else
			mount_on_lost(m, "the mount worker ended");
		return;
	}
	bool unowned = !m->cap && !m->linger;
	if (m->on_path) {
		log_info("%s was unmounted", m->path);
		m->on_path = false;
	}
	mount_ended(m, m->persistent);
	if (unowned)
		mount_free(m);
}

/* ---- the Mount object ---------------------------------------------------------------------- */

const char *mount_state_name(const struct mount *m)
{
	static const char *const names[] = {[MOUNT_OPENING] = "opening",
		[MOUNT_STARTING] = "starting",
		[MOUNT_UP] = "connected",
		[MOUNT_WAITING] = "waiting",
		[MOUNT_GONE] = "gone",
		[MOUNT_ENDED] = "ended"};
	return names[m->state];
}

static void fill_info(struct mount *m, struct fs_mount_info_ctx cx)
{
	static const char *const kinds[] = {
		[MOUNT_FUSE] = "fuse", [MOUNT_V9FS] = "v9fs", [MOUNT_BIND] = "bind"};
	struct fs_mount_info_b b = fs_mount_info_results_init_info(fs_mount_info_results(cx));
	fs_mount_info_set_path(b, vat_str(m->path));
	fs_mount_info_set_source(b, vat_str(m->source));
	fs_mount_info_set_persistent(b, m->persistent);
	fs_mount_info_set_connected(b, m->state == MOUNT_UP);
	fs_mount_info_set_transport(b, vat_str(kinds[m->kind]));
	fs_mount_info_set_state(b, m->state == MOUNT_UP        ? FS_MOUNT_INFO_STATE_CONNECTED
				   : m->state == MOUNT_WAITING ? FS_MOUNT_INFO_STATE_WAITING
							       : FS_MOUNT_INFO_STATE_GONE);
	fs_mount_info_set_since(b, m->since);
	fs_mount_info_set_error(b, vat_str(m->error));
	fs_mount_info_set_open_files(b, m->stats.open_files);
	fs_mount_info_set_lost_files(b, m->stats.lost_files);
	vat_ctx_return(cx.ctx);
}

void mount_info_answer(struct mount *m)
{
	m->stats_timer = sd_event_source_disable_unref(m->stats_timer);
	for (size_t i = 0; i < MOUNT_INFOS_MAX; i++) {
		struct vat_ctx *ctx = TAKE_PTR(m->infos[i].ctx);
		if (ctx)
			fill_info(m, (struct fs_mount_info_ctx){ctx});
	}
}

static void mount_info(void *self, struct fs_mount_info_ctx cx)
{
	struct mount *m = self;
	for (size_t i = 0; i < MOUNT_INFOS_MAX; i++) {
		if (m->infos[i].ctx)
			continue;
		m->infos[i].ctx = cx.ctx;
		if (mount_worker_ask(m) < 0)
			mount_info_answer(m);
		return;
	}
	fill_info(m, cx);
}

/* A call that nobody waits for any more would keep the mount alive. */
static void on_wait_canceled(void *user)
{
	struct mount_slot *w = user;
	vat_ctx_fail(TAKE_PTR(w->ctx), VAT_FAILED, "canceled");
}

static void mount_wait(void *self, struct metac_waitable_wait_ctx cx)
{
	struct mount *m = self;
	if (m->state == MOUNT_ENDED) {
		vat_ctx_return(cx.ctx);
		return;
	}
	if (m->state == MOUNT_WAITING && m->persistent && way_is_idle(mount_way(m->way)) &&
		!m->end) {
		vat_ctx_fail(cx.ctx, VAT_DISCONNECTED, "%s", m->error);
		return;
	}
	for (size_t i = 0; i < MOUNT_WAITERS_MAX; i++) {
		if (m->waiters[i].ctx)
			continue;
		m->waiters[i].ctx = cx.ctx;
		vat_ctx_on_cancel(cx.ctx, on_wait_canceled, &m->waiters[i]);
		return;
	}
	vat_ctx_fail(cx.ctx, VAT_OVERLOADED, "too many wait for this mount");
}

static void mount_destroy(void *self, struct metac_destroyable_destroy_ctx cx)
{
	mount_ended(self, true);
	vat_ctx_return(cx.ctx);
}

/* Off the path; what is open stays usable. The worker ends with the last of that. */
static int unmount_lazily(struct mount *m)
{
	int r = mntns_enter(m->ns_fd);
	if (r < 0)
		return r;
	r = fs_mount_detach_lazily(m->path);
	mntns_leave(m->ns_fd);
	if (r < 0)
		return r;
	m->on_path = false;
	mount_bind_gone(m);
	answer_waiters(m, NULL);
	service_forget(m->fs->service, m->id);
	if (m->kind != MOUNT_FUSE)
		mount_ended(m, false);
	return 0;
}

static bool is_in_use(struct mount *m)
{
	if (!m->on_path || mntns_enter(m->ns_fd) < 0)
		return false;
	/* What was bound along with the directory looks like somebody's use of it. */
	bool bound = m->kind == MOUNT_BIND && fs_mount_has_children(m->mnt_id);
	bool busy = !bound && fs_mount_is_busy(m->path);
	mntns_leave(m->ns_fd);
	return busy;
}

static void mount_unmount(void *self, struct fs_mount_unmount_ctx cx)
{
	struct mount *m = self;
	uint16_t how = fs_mount_unmount_params_get_how(fs_mount_unmount_params(cx));
	int r = 0;
	if (how == FS_MOUNT_HOW_LAZY && m->on_path)
		r = unmount_lazily(m);
	else if (how == FS_MOUNT_HOW_IF_UNUSED && is_in_use(m))
		fs_mount_unmount_results_set_busy(fs_mount_unmount_results(cx), true);
	else
		mount_ended(m, true);
	if (r < 0)
		vat_ctx_fail(cx.ctx, VAT_FAILED, "unmount %s: %s", m->path, strerror(-r));
	else
		vat_ctx_return(cx.ctx);
}

const struct fs_mount_impl mount_impl = {
	.persistable =
		{
			.create_sturdy_ref = mount_create_sturdy_ref,
			.summary = mount_summary,
		},
	.waitable = {.wait = mount_wait},
	.destroyable = {.destroy = mount_destroy},
	.info = mount_info,
	.unmount = mount_unmount,
};

bool mount_answer(struct mount *m)
{
	if (m->state != MOUNT_WAITING)
		mount_set_state(m, MOUNT_UP, NULL);
	m->cap = fs_mount_serve(m->fs->streams.loop->vat, &mount_impl, m, mount_released).cap;
	if (!m->cap) {
		struct err e = {};
		err_errno(&e, -ENOMEM, "answer");
		mount_fail(m, &e);
		return false;
	}
	log_info("mounted %s on %s", m->source, m->path);
	struct fs_filesystem_namespace_mount_ctx cx = {TAKE_PTR(m->ctx)};
	fs_filesystem_namespace_mount_results_set_mount(
		fs_filesystem_namespace_mount_results(cx), (struct fs_mount_c){m->cap});
	vat_cap_unref(m->cap);
	vat_ctx_return(cx.ctx);
	return true;
}
