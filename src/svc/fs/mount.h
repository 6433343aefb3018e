/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Mount: somebody's Filesystem, mounted here.  What its parts share.
 *
 *	mount.c         states, and the Mount object
 *	mount-new.c     requests to mount; options; what is there already
 *	mount-way.c     how what is mounted is reached, and reached again (core/way.c)
 *	mount-worker.c  the worker of a FUSE mount
 *	mount-bind.c    directories of this host
 *	mount-store.c   how a Mount is kept
 *
 *	           +-----> OPENING --opened--> STARTING --attached--+
 *	request ---|  (answered when UP)                            v
 *	           +-----> WAITING --------connected again------>  UP
 *	  (restored, or     |  ^                                    |
 *	   nothing in hand: |  +-----------connection lost----------+
 *	   answered at once)|
 *	                    +--reference revoked--> GONE
 *
 *	OPENING, STARTING --failed--> (none); every other one --unmounted--> ENDED
 *
 * There are three kinds.  A FUSE mount has a worker, which holds /dev/fuse and the 9P connection,
 * and is given another connection when it says that one was lost; programs wait meanwhile.  A
 * directory of this host is bound: WAITING means there that it is not clear whether it is still
 * offered; when it is not, it is unmounted.  The kernel's v9fs cannot be given another connection:
 * it is mounted anew.
 *
 * Who has neither a reference nor a capability that still works (a persistent mount of something
 * that this node's own persistence service keeps) fails its waiters: then the persistence service
 * restores the Mount, which comes here as a request with the id of one that is there, and brings
 * what is mounted along.
 *
 * When the persistence service dies it drops all it held.  A persistent mount outlives that for a
 * while: the next persistence service asks for it by its id and gets it back, never unmounted.
 */
#include "base/list.h"
#include "svc/fs/fs-service.h"
#include "svc/fs/fuse/9p-mount.h"
#include "svc/fs/mount-way.h"
#include "sys/mountfd.h"

enum {
	MOUNT_WAITERS_MAX = 16,
	MOUNT_INFOS_MAX = 16,
	MOUNT_ID_SIZE = 33,
	MOUNT_ATTACH_SECONDS = 20, /* for the first connection that the worker was given */
	MOUNT_RECOVER_SECONDS = 120, /* for later ones */
	MOUNT_BIND_GRACE_SECONDS = 60, /* for a directory to be offered again */
};

/* After its last reference went: until it is clear whether persistence died, and then for that. */
#define MOUNT_LINGER_US (UINT64_C(200) * 1000)
#define MOUNT_LINGER_ORPHAN_US (UINT64_C(60) * 1000000)
#define MOUNT_STATS_US (UINT64_C(500) * 1000) /* for the worker's answer */
#define MOUNT_PROVEN_US (UINT64_C(5) * 1000000) /* a connection that lasted was a good one */

enum mount_state {
	MOUNT_OPENING,
	MOUNT_STARTING,
	MOUNT_UP,
	MOUNT_WAITING,
	MOUNT_GONE,
	MOUNT_ENDED,
};

enum mount_kind { MOUNT_FUSE, MOUNT_V9FS, MOUNT_BIND };

struct mount_ids {
	struct mountfd_map maps[MOUNTFD_MAPS_MAX];
	size_t n;
};

struct mount_slot { /* a call that waits; free: ctx is NULL */
	struct vat_ctx *ctx;
};

struct mount {
	struct fs_service *fs;
	struct list link;
	enum mount_state state;
	enum mount_kind kind;
	char *path, *source;
	char id[MOUNT_ID_SIZE]; /* runtimeId */
	char transport[8]; /* asked for: "", "fuse", "v9fs", "bind" */
	bool read_only, persistent;
	bool orphan; /* let go, because the persistence service died */
	uint32_t timeout_s;
	struct mount_ids users, groups;
	int64_t since; /* of the state, by the wall clock */
	uint64_t since_us; /* the same, monotonic */
	char error[300]; /* why it is not UP */

	struct mount_way *way;
	struct vat_cap *cap; /* itself, not referenced; NULL until answered, and when let go */
	struct vat_ctx *ctx; /* the call to answer */
	struct vat_cap *end; /* Connection or Offer */
	struct vat_call *end_wait; /* Waitable.wait on it: answered when it is cut off */
	sd_event_source *timer; /* attach or recovery; grace of a bind */
	sd_event_source *linger;

	int ns_fd; /* in this mount namespace; -EBADF = our own */
	bool on_path; /* something of ours is mounted there */
	bool again; /* it was mounted before: covers what was put into the directory meanwhile */
	int mnt_id; /* of that, as mountinfo has it */
	sd_event_source *table_src; /* bind in another namespace: its mount table */
	int table_fd;

	int control; /* of the worker */
	sd_event_source *control_src, *child_src;
	bool attached; /* the worker has had its first session */
	struct mount_stats stats;
	sd_event_source *stats_timer;
	struct mount_slot infos[MOUNT_INFOS_MAX]; /* wait for stats */
	struct mount_slot waiters[MOUNT_WAITERS_MAX];
};

/* ---- mount.c ---- */

extern const struct fs_mount_impl mount_impl;
const char *mount_state_name(const struct mount *m);
void mount_set_state(struct mount *m, enum mount_state state, const char *error);
/* The call is answered: m is a Mount from now on. False: it failed, and m is gone. */
bool mount_answer(struct mount *m);
/* Not mounted yet: fails the call and frees m. */
void mount_fail(struct mount *m, const struct err *e);
/* The last reference to the Mount object went. */
void mount_released(void *self);
void mount_free(struct mount *m);
/* Takes the mount off its path, whoever uses it. */
void mount_detach(struct mount *m);
/* Puts it on its path and starts what it takes; fd (borrowed) is what was opened, for those kinds
 * that need it for that. 0 or negative errno with e set. */
int mount_put(struct mount *m, int fd, struct err *e);
/* Somebody has unmounted it (forget: for good), or it is to end now. */
void mount_ended(struct mount *m, bool forget);

/* Events of the way, the worker and what is held of the connection. */
void mount_on_opened(void *user, int takes_fd, struct vat_cap *takes_end);
void mount_on_missed(void *user, enum way_miss miss, const struct err *e);
void mount_on_connected(struct mount *m);
void mount_on_lost(struct mount *m, const char *why);
void mount_on_refused(struct mount *m, int error, const char *why);
void mount_on_worker_end(struct mount *m);
/* Looks whether what was mounted still is, after the mount table has changed. */
void mount_check_table(struct mount *m);

/* ---- mount-new.c ---- */

/* The one on that path there (not ENDED, not `but`), else NULL. */
struct mount *mount_find(
	struct fs_service *fs, int ns_fd, const char *path, const struct mount *but);

/* ---- mount-worker.c ---- */

/* Takes fuse_fd, also on failure. 0 or negative errno with e set. */
int mount_worker_start(struct mount *m, int takes_fuse_fd, struct err *e);
int mount_worker_connect(struct mount *m, int fd);
/* There will be no other connection. */
void mount_worker_over(struct mount *m, int error, const char *why);
/* Asks for stats; mount_info_answer() is called when they are there. Negative errno: they will not
 * come. */
int mount_worker_ask(struct mount *m);
/* Kills and reaps it. */
void mount_worker_stop(struct mount *m);
void mount_info_answer(struct mount *m);

/* ---- mount-bind.c ---- */

/* Puts a detached mount on the path; the namespace is entered. 0 or negative errno with e set. */
int mount_bind_put(struct mount *m, int mount_fd, struct err *e);
void mount_bind_gone(struct mount *m);
/* Begins to watch the mount table where m is; negative errno. */
int mount_bind_watch(struct mount *m);
/* What a predecessor that was killed left behind. */
void mount_bind_detach_stale(struct fs_service *fs);
void mount_bind_done(struct fs_service *fs);

/* ---- mount-store.c ---- */

void mount_create_sturdy_ref(void *self, struct persistence_persistable_create_sturdy_ref_ctx cx);
void mount_summary(void *self, struct persistence_persistable_summary_ctx cx);
