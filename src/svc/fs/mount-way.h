/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The way to what a mount shows: a 9P connection, or the directory itself if that is on this host.
 * Opened when it is asked for, as often as it is asked for, first by the capability in hand, then
 * by the reference anew.
 *
 *	IDLE --way_open--> IN HAND --opened--> IDLE
 *	  ^                   | failed, or no answer in time
 *	  |                   v
 *	  |              FETCHING (the reference) --> NEW IN HAND --opened--> IDLE
 *	  |                   | failed                     | failed
 *	  +--- missed --------+----------------------------+
 *
 * Every stage has a time limit, so nothing waits for a host that is not there.  way_open_later() is
 * for trying again, ever more slowly.
 */
#include "core/fetch.h"
#include "core/stream.h"
#include "schema/fs.capnp.h"

struct fs_service;
struct way;

enum { WAY_SESSION_SIZE = 32 };

#define WAY_HAND_US (UINT64_C(2) * 1000000) /* for what is in hand, when there is a reference */
#define WAY_FIRST_US (UINT64_C(20) * 1000000) /* when there is none, or for the first time */
#define WAY_FETCH_US (UINT64_C(5) * 1000000)
#define WAY_BACKOFF_FIRST_US (UINT64_C(100) * 1000)
#define WAY_BACKOFF_MAX_US (UINT64_C(2) * 1000000)

enum way_miss {
	WAY_MISS_TRY_AGAIN, /* it may work later */
	WAY_MISS_NO_DIRECTORY, /* it is not on this host, or limited to a user: 9P will do */
	WAY_MISS_REVOKED, /* the reference is void, for good */
	WAY_MISS_LOST, /* the capability is broken, and there is no reference to get another by */
};

struct way_config {
	struct fs_service *fs;
	struct fs_filesystem_c tree; /* borrowed; null: only by the reference */
	struct ref *ref; /* taken; may be NULL */
	const char *subtree; /* below what ref stands for; copied */
	bool read_only; /* ask for the read-only view of what ref stands for */
	/* fd (taken) is a connected socket or a detached mount; end is to be held while it is used
	 * (taken): a Connection or an Offer. */
	void (*opened)(void *user, int takes_fd, struct vat_cap *takes_end);
	/* Once for each way_open() that does not lead to opened. */
	void (*missed)(void *user, enum way_miss miss, const struct err *e);
	void *user;
};

/* Takes cfg->ref, also on failure. NULL: out of memory. */
struct way *way_new(const struct way_config *cfg);
/* directory: of this host, as a descriptor. Ends what is under way. */
void way_open(struct way *w, bool directory);
/* The same after the next interval of back-off. */
void way_open_later(struct way *w, bool directory);
void way_stop(struct way *w);
bool way_is_idle(const struct way *w);
/* It worked for a while: begin with the shortest interval again. */
void way_proven(struct way *w);
/* Somebody else found what the reference, or the broken capability, stands for. */
void way_set_tree(struct way *w, struct fs_filesystem_c tree);
struct fs_filesystem_c way_tree(const struct way *w); /* borrowed; may be null */
const struct ref *way_ref(const struct way *w); /* borrowed; NULL: none */
/* From now on by that one (taken). */
void way_set_ref(struct way *w, struct ref *takes);
const char *way_subtree(const struct way *w);
/* A new client: what is kept of the session is of no use to the next connection. */
void way_new_session(struct way *w);
/* Tells the other side that nobody comes back. NULL is accepted. */
void way_free(struct way *w);
