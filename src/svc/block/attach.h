/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Attachment: somebody's BlockDevice that is a device of this host.  What its parts share.
 *
 *	attach.c        states, and the Attachment object
 *	attach-new.c    requests to attach; options; what is there already
 *	attach-way.c    how the BlockDevice is reached, and reached again; its size
 *	attach-file.c   of a reference to a file: how that becomes a BlockDevice
 *	attach-worker.c the worker between the connection and the device (core/block-control.h)
 *	attach-end.c    flushing, detaching, who uses the device
 *	attach-store.c  how an Attachment is kept
 *	front.h         what of this kernel the device is made from: front-loop.c, front-nbd.c ...
 *
 *	           +-----> OPENING --opened--> STARTING --device is there--+
 *	request ---|  (answered when UP)                                   v
 *	           +-----> WAITING --------connected again--------------> UP
 *	  (restored, or     |  ^                                           |
 *	   nothing in hand: |  +--------------connection lost--------------+
 *	   answered at once)|
 *	                    +--reference revoked, device failed--> GONE
 *
 *	OPENING, STARTING --failed--> (none)
 *	UP, WAITING, GONE --detach, destroy, let go--> ENDING --flushed, cleared--> ENDED
 *
 * WAITING: requests wait in the device (if there is one yet: its size is not known before the first
 * connection).  GONE: the device is there and everything answers EIO, until it is detached.
 *
 * Who has neither a reference nor a capability that still works (a persistent attachment of
 * something that this node's own persistence service keeps) fails its waiters: then the persistence
 * service restores the Attachment, which comes here as a request with the id of one that is there,
 * and brings the device along.
 *
 * When the persistence service dies it drops all it held.  A persistent attachment outlives that
 * for a while: the next persistence service asks for it by its id and gets it back.
 */
#include "base/list.h"
#include "core/block-control.h"
#include "core/way.h"
#include "svc/block/attach-file.h"
#include "svc/block/block-service.h"
#include "svc/block/front.h"
#include "svc/block/task.h"

enum {
	ATTACH_WAITERS_MAX = 16,
	ATTACH_ID_SIZE = 33,
	ATTACH_SESSION_SIZE = 32,
	ATTACH_NAME_MAX = 64,
	ATTACH_ANSWER_SECONDS = 20, /* for what the worker says to a connection */
	ATTACH_FLUSH_SECONDS = 60, /* before it is detached */
	ATTACH_CLEAR_SECONDS = 10, /* for detaching without a flush */
};

/* After its last reference went: until it is clear whether persistence died, and then for that. */
#define ATTACH_LINGER_US (UINT64_C(200) * 1000)
#define ATTACH_LINGER_ORPHAN_US (UINT64_C(60) * 1000000)
#define ATTACH_SIZE_US (UINT64_C(100) * 1000) /* no more than one change of size in that time */
#define ATTACH_PROVEN_US (UINT64_C(5) * 1000000) /* a connection that lasted was a good one */

enum attach_state {
	ATTACH_OPENING,
	ATTACH_STARTING,
	ATTACH_UP,
	ATTACH_WAITING,
	ATTACH_GONE,
	ATTACH_ENDING,
	ATTACH_ENDED,
};

struct attach_slot { /* a call that waits; free: ctx is NULL */
	struct vat_ctx *ctx;
};

struct attachment {
	struct block_service *bs;
	struct list link;
	enum attach_state state;
	const struct front *front;
	char *source;
	char id[ATTACH_ID_SIZE]; /* runtimeId */
	char transport[8]; /* asked for: "", "nbd", "loop" */
	char name[ATTACH_NAME_MAX + 1]; /* of the link in /dev/metac; "": none */
	bool read_only_asked; /* the read-only view of what is attached is wanted */
	bool read_only; /* as it is: what is attached may not be writable */
	bool persistent;
	bool orphan; /* let go, because the persistence service died */
	uint32_t timeout_s;
	int64_t since; /* of the state, by the wall clock */
	uint64_t since_us; /* the same, monotonic */
	char error[300]; /* why it is not UP */

	struct way *way;
	struct attach_file *file; /* how the reference leads to the device; NULL: it is its */
	uint8_t session[ATTACH_SESSION_SIZE];
	bool used; /* a session of that id was begun */
	uint8_t epoch[BLOCK_EPOCH_MAX]; /* of the connection that was asked for last */
	uint32_t epoch_len;
	struct vat_call *size_call; /* sizeChanged */
	sd_event_source *size_timer; /* until it is called again */
	struct vat_cap *end; /* Connection */
	sd_event_source *timer; /* for the worker's answer */

	struct vat_cap *cap; /* itself, not referenced; NULL until answered, and when let go */
	struct vat_ctx *ctx; /* the call to answer */
	sd_event_source *linger;
	struct attach_slot waiters[ATTACH_WAITERS_MAX];

	/* what it is a device by */
	struct block_export export; /* as the other side offers it, once known */
	char device[40]; /* "/dev/loop3"; "": none yet */
	union front_data data;
	pid_t holder; /* who has it open on our behalf; 0: nobody does */
	bool begun; /* front->begin() was called, and front->drop() was not */
	bool linked; /* /dev/metac/NAME is ours */

	int control; /* of the worker */
	sd_event_source *control_src, *child_src;

	/* detaching */
	struct task *task;
	struct vat_ctx *detach_ctx; /* Attachment.detach */
	struct vat_ctx *destroy_ctx; /* Destroyable.destroy */
	bool forced;
	bool forget; /* for good */
	bool freed; /* nobody refers to it: to be freed when it has ended */
};

/* ---- attach.c ---- */

extern const struct block_attachment_impl attach_impl;
const char *attach_title(const struct attachment *a); /* for the log: its name, device or source */
void attach_set_state(struct attachment *a, enum attach_state state, const char *error);
/* The call is answered: a is an Attachment from now on. False: it failed, and a is gone. */
bool attach_answer(struct attachment *a);
/* Not answered yet: fails the call and frees a. */
void attach_fail(struct attachment *a, const struct err *e);
/* The last reference to the Attachment object went. */
void attach_released(void *self);
/* At once, whatever that loses; a device that others have open answers EIO. */
void attach_free(struct attachment *a);
/* The same while the service ends: who still holds the object frees it by letting it go. */
void attach_shut(struct attachment *a);
/* The connection, the way and the timers, but not the device. */
void attach_let_go(struct attachment *a);
/* Makes /dev/metac/NAME, if it is to have one; removes it. 0 or negative errno with e set. */
int attach_link(struct attachment *a, struct err *e);
void attach_unlink(struct attachment *a);
void attach_answer_waiters(struct attachment *a, const char *failure);

/* Events of the way, the worker, and the front. */
void attach_on_opened(void *user, int takes_fd, struct vat_cap *takes_end);
void attach_on_missed(void *user, enum way_miss miss, const struct err *e);
/* The worker has negotiated a connection: a->export is what it offers. */
void attach_on_negotiated(struct attachment *a);
/* The device is there (a->device), and connected. */
void attach_on_connected(struct attachment *a);
void attach_on_lost(struct attachment *a, const char *why);
void attach_on_refused(struct attachment *a, int error, const char *why);
/* The device could not be made, or cannot go on: of itself, not for want of a connection. */
void attach_on_failed(struct attachment *a, int error, const char *why);
void attach_on_worker_end(struct attachment *a);

/* ---- attach-new.c ---- */

struct attachment *attach_find_name(
	struct block_service *bs, const char *name, const struct attachment *but);

/* ---- attach-way.c ---- */

/* Takes ref, also on failure. 0 or -ENOMEM. */
int attach_way_new(struct attachment *a, struct vat_cap *device, struct ref *takes_ref);
/* Tells the other side that nobody comes back. */
void attach_way_end(struct attachment *a);
/* A new client: what is kept of the session is of no use to the next connection. */
void attach_way_new_session(struct attachment *a);
/* Follows the size of what is connected now. */
void attach_way_watch_size(struct attachment *a);

/* ---- attach-worker.c ---- */

/* mode: what it is put behind, "--fuse" and the like: up to three, then NULL; fd (borrowed; -EBADF:
 * none) is that. 0 or negative errno with e set. */
int attach_worker_start(struct attachment *a, const char *const *mode, int fd, struct err *e);
/* The connection (borrowed) of a->epoch. */
int attach_worker_connect(struct attachment *a, int fd);
/* There will be no other connection. */
void attach_worker_over(struct attachment *a, int error, const char *why);
int attach_worker_size(struct attachment *a, uint64_t size);
/* Leads to front->flushed(). */
int attach_worker_flush(struct attachment *a);
/* Kills and reaps it. */
void attach_worker_stop(struct attachment *a);

/* ---- attach-end.c ---- */

/* Flushes, if it is connected, and detaches; force: whoever uses it. Leads to ENDED, unless it is
 * not forced and in use: then detach_ctx is answered with its users. */
void attach_end(struct attachment *a, bool force);

/* ---- attach-store.c ---- */

void attach_create_sturdy_ref(void *self, struct persistence_persistable_create_sturdy_ref_ctx cx);
void attach_summary(void *self, struct persistence_persistable_summary_ctx cx);
