/* SPDX-License-Identifier: MIT */
/*
 * Requests to mount: what they ask for, whether that is possible, and what is there already.  See
 * mount.h.
 */
#include "base/log.h"
#include "svc/fs/fs-mount.h"
#include "svc/fs/mount.h"
#include "sys/mntns.h"

#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>

struct mount *mount_find(
	struct fs_service *fs, int ns_fd, const char *path, const struct mount *but)
{
	list_for_each (it, &fs->mounts) {
		struct mount *m = list_entry(it, struct mount, link);
		if (m != but && m->state != MOUNT_ENDED && (m->on_path || m->state != MOUNT_UP) &&
			!strcmp(m->path, path) && mntns_same(m->ns_fd, ns_fd))
			return m;
	}
	return NULL;
}

static bool is_own_node(const struct fs_service *fs, const struct ref *ref)
{
	return !strcmp(ref->node, service_address(fs->service));
}

/* ---- options ------------------------------------------------------------------------------- */

static int read_ids(struct fs_id_map_list_r l, struct mount_ids *ret)
{
	if (l.l.count > MOUNTFD_MAPS_MAX)
		return -E2BIG;
	for (uint32_t i = 0; i < l.l.count; i++) {
		struct fs_id_map_r from = fs_id_map_at(l, i);
		ret->maps[ret->n++] = (struct mountfd_map){
			.remote = fs_id_map_get_remote(from),
			.local = fs_id_map_get_local(from),
			.count = fs_id_map_get_count(from) ?: 1,
		};
	}
	return 0;
}

static int read_ref(struct fs_mount_options_r o, struct ref **ret, struct err *e)
{
	struct metac_metac_sturdy_ref_r r = fs_mount_options_get_reference(o);
	if (!metac_node_address_get_ip(metac_metac_sturdy_ref_get_node(r)).len)
		return 0;
	return ref_from_sturdy(r, ret, e);
}

static int check_options(const struct fs_mount_request *q, const struct ref *ref, struct err *e)
{
	static const char *const known[] = {"", "fuse", "v9fs", "bind"};
	struct vat_text t = fs_mount_options_get_transport(q->options);
	bool ok = false;
	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		ok = ok || vat_text_is(t, known[i]);
	if (!ok)
		return err_set(e, -EINVAL, "unknown transport \"%s\" (fuse, v9fs or bind)", t.s);
	if (!q->tree.cap && !ref)
		return err_set(e, -EINVAL, "nothing to mount");
	return 0;
}

static int check_path(struct fs_service *fs, const struct fs_mount_request *q, struct err *e)
{
	struct mount *there = mount_find(fs, q->ns_fd, q->path.s, NULL);
	if (there && there->state != MOUNT_GONE)
		return err_set(e, -EBUSY, "a metac mount is there already");
	if (there && there->on_path)
		return 0; /* taken over */
	int r = mntns_enter(q->ns_fd);
	if (r < 0)
		return err_errno(e, r, "enter the mount namespace");
	r = fs_mount_check(q->path.s, q->id.len > 0, e);
	mntns_leave(q->ns_fd);
	return r;
}

/* ---- a new one ----------------------------------------------------------------------------- */

static enum mount_kind first_kind(const struct mount *m, const struct ref *ref)
{
	if (!strcmp(m->transport, "v9fs"))
		return MOUNT_V9FS;
	if (!strcmp(m->transport, "bind"))
		return MOUNT_BIND;
	/* Whether what has no reference is of this host, it says itself. */
	bool may_bind = !*m->transport && (!ref || is_own_node(m->fs, ref));
	return may_bind ? MOUNT_BIND : MOUNT_FUSE;
}

static void set_id(struct mount *m, struct vat_text wanted)
{
	unsigned char id[(MOUNT_ID_SIZE - 1) / 2];
	randombytes_buf(id, sizeof(id));
	sodium_bin2hex(m->id, sizeof(m->id), id, sizeof(id));
	if (wanted.len == sizeof(m->id) - 1)
		memcpy(m->id, wanted.s, sizeof(m->id));
}

static int set_up(struct mount *m, const struct fs_mount_request *q, struct ref *takes_ref)
{
	AUTO(ref_free) struct ref *ref = takes_ref;
	m->read_only = fs_mount_options_get_read_only(q->options);
	m->timeout_s = fs_mount_options_get_timeout(q->options);
	m->persistent = q->persistent;
	m->again = q->id.len > 0;
	(void)snprintf(m->transport, sizeof(m->transport), "%s",
		fs_mount_options_get_transport(q->options).s);
	m->kind = first_kind(m, ref);
	set_id(m, q->id);
	m->path = strdup(q->path.s);
	m->source = strdup(q->source.len ? q->source.s : "a remote directory");
	if (q->ns_fd >= 0)
		m->ns_fd = fcntl(q->ns_fd, F_DUPFD_CLOEXEC, 3);
	if (!m->path || !m->source || (q->ns_fd >= 0 && m->ns_fd < 0))
		return -ENOMEM;
	int r = read_ids(fs_mount_options_get_map_users(q->options), &m->users);
	if (r >= 0)
		r = read_ids(fs_mount_options_get_map_groups(q->options), &m->groups);
	if (r < 0)
		return r;
	struct mount_way_config cfg = {
		.fs = m->fs,
		.tree = q->tree,
		.ref = TAKE_PTR(ref),
		.subtree = fs_mount_options_get_subtree(q->options).s,
		.read_only = m->read_only,
		.opened = mount_on_opened,
		.missed = mount_on_missed,
		.user = m,
	};
	m->way = mount_way_new(&cfg);
	return m->way ? 0 : -ENOMEM;
}

/* Takes ref, also on failure. */
static int mount_new(struct fs_service *fs, const struct fs_mount_request *q, struct ref *takes_ref,
	struct mount **ret)
{
	AUTO(ref_free) struct ref *ref = takes_ref;
	if (fs->n_mounts >= FS_MOUNTS_MAX)
		return -EDQUOT;
	struct mount *m = calloc(1, sizeof(*m));
	if (!m)
		return -ENOMEM;
	m->fs = fs;
	m->ns_fd = m->control = m->table_fd = -EBADF;
	m->mnt_id = -1;
	list_append(&fs->mounts, &m->link);
	fs->n_mounts++;
	int r = set_up(m, q, TAKE_PTR(ref));
	if (r < 0)
		mount_free(m);
	else
		*ret = m;
	return r;
}

/* Nothing in hand but a reference to another host, which may not be there now: nobody is to see the
 * directory beneath until it is. */
static void mount_at_once(struct mount *m)
{
	struct err e = {};
	struct mount *before = mount_find(m->fs, m->ns_fd, m->path, m);
	if (before && before->state == MOUNT_GONE)
		mount_ended(before, true);
	if (mount_put(m, -EBADF, &e) < 0) {
		mount_fail(m, &e);
		return;
	}
	mount_set_state(m, MOUNT_WAITING, "not connected yet");
	if (mount_answer(m))
		way_open(mount_way(m->way), false);
}

/* ---- one that is there --------------------------------------------------------------------- */

/* What has come with the request is as good as what was lost, or better. */
static void revive(struct mount *m, const struct fs_mount_request *q)
{
	if (!q->tree.cap || way_ref(mount_way(m->way)))
		return;
	way_set_object(mount_way(m->way), q->tree.cap);
	if (m->state == MOUNT_WAITING)
		way_open(mount_way(m->way), m->kind == MOUNT_BIND);
}

/* The persistence service wants back what it has lost, or brings what we have lost: answers ctx,
 * true if that is still there. */
static bool mount_reclaim(
	struct fs_service *fs, const struct fs_mount_request *q, struct vat_ctx *ctx)
{
	list_for_each (it, &fs->mounts) {
		struct mount *m = list_entry(it, struct mount, link);
		bool there =
			m->state == MOUNT_UP || m->state == MOUNT_WAITING || m->state == MOUNT_GONE;
		if (!vat_text_is(q->id, m->id) || !there || !m->on_path)
			continue;
		struct fs_mount_c c = {vat_cap_ref(m->cap)};
		if (!m->cap) {
			c = fs_mount_serve(fs->streams.loop->vat, &mount_impl, m, mount_released);
			m->linger = c.cap ? sd_event_source_disable_unref(m->linger) : m->linger;
			m->orphan = false;
			m->cap = c.cap;
		}
		if (!c.cap)
			return false;
		struct fs_filesystem_namespace_mount_ctx cx = {ctx};
		fs_filesystem_namespace_mount_results_set_mount(
			fs_filesystem_namespace_mount_results(cx), c);
		revive(m, q);
		fs_mount_unref(c);
		vat_ctx_return(ctx);
		return true;
	}
	return false;
}

/* ---- requests ------------------------------------------------------------------------------ */

static int prepare(
	struct fs_service *fs, const struct fs_mount_request *q, struct mount **ret, struct err *e)
{
	AUTO(ref_free) struct ref *ref = NULL;
	int r = read_ref(q->options, &ref, e);
	if (r >= 0)
		r = check_options(q, ref, e);
	if (r >= 0)
		r = check_path(fs, q, e);
	if (r < 0)
		return r;
	r = mount_new(fs, q, TAKE_PTR(ref), ret);
	if (r == -EDQUOT)
		return err_set(e, r, "too many mounts (limit %d)", FS_MOUNTS_MAX);
	return r < 0 ? err_errno(e, r, "new mount") : 0;
}

void fs_service_mount(struct fs_service *fs, const struct fs_mount_request *q, struct vat_ctx *ctx)
{
	struct err e = {};
	struct mount *m = NULL;
	if (q->id.len && mount_reclaim(fs, q, ctx))
		return;
	int r = prepare(fs, q, &m, &e);
	if (r < 0) {
		err_wrap(&e, r, "mount %s", q->path.s);
		service_fail(ctx, &e);
		return;
	}
	m->ctx = ctx;
	if (!q->tree.cap && m->kind == MOUNT_FUSE)
		mount_at_once(m);
	else
		way_open(mount_way(m->way), m->kind == MOUNT_BIND);
}

static bool is_listed(const struct mount *m)
{
	return m->cap && (m->on_path || m->state == MOUNT_GONE) && m->state != MOUNT_ENDED;
}

void fs_service_list_mounts(
	struct fs_service *fs, struct fs_filesystem_namespace_list_mounts_ctx cx)
{
	uint32_t n = 0, i = 0;
	list_for_each (it, &fs->mounts)
		n += is_listed(list_entry(it, struct mount, link));
	struct vat_list_b l = fs_filesystem_namespace_list_mounts_results_init_mounts(
		fs_filesystem_namespace_list_mounts_results(cx), n);
	list_for_each (it, &fs->mounts) {
		struct mount *m = list_entry(it, struct mount, link);
		if (is_listed(m))
			vat_set_cap(vat_list_ptr_b(l, i++), m->cap);
	}
	vat_ctx_return(cx.ctx);
}

void fs_service_unmount_all(struct fs_service *fs)
{
	list_for_each_safe (it, &fs->mounts)
		mount_detach(list_entry(it, struct mount, link));
}
