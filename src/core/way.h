/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The way to something of another node (a directory that is mounted here, a block device that is
 * attached, an interface that is bound): a connection to it, a descriptor of it if it is on this
 * host, or just what it answers.  Opened when it is asked for, as often as it is asked for, first
 * by the capability in hand, then by the reference anew.
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
 *
 * What the object is, only the owner knows: his callback `ask` asks it, and hands what comes to
 * way_stream(), way_carrier() or way_holder().
 */
#include "core/fetch.h"
#include "core/stream.h"

struct way;

#define WAY_HAND_US (UINT64_C(2) * 1000000) /* for what is in hand, when there is a reference */
#define WAY_FIRST_US (UINT64_C(20) * 1000000) /* when there is none, or for the first time */
#define WAY_FETCH_US (UINT64_C(5) * 1000000)
#define WAY_BACKOFF_FIRST_US (UINT64_C(100) * 1000)
#define WAY_BACKOFF_MAX_US (UINT64_C(2) * 1000000)

enum way_miss {
	WAY_MISS_TRY_AGAIN, /* it may work later */
	WAY_MISS_NOT_LOCAL, /* it is not on this host, or not to be had as a descriptor */
	WAY_MISS_REVOKED, /* the reference is void, for good; or that the capability came by */
	WAY_MISS_LOST, /* the capability is broken, and there is no reference to get another by */
};

struct way_config {
	struct loop *loop; /* borrowed, as service */
	struct service *service; /* of this node */
	struct vat_cap *object; /* borrowed; NULL: only by the reference */
	struct ref *ref; /* taken; may be NULL */
	const char *what; /* is opened, for errors ("what is mounted"); static */
	/* Asks the object for a connection, or a descriptor if local: begins what leads to one of
	 * way_stream(), way_carrier(), way_holder() and way_fail_vat(). 0 or negative errno. */
	int (*ask)(void *user, struct way *w, struct vat_cap *object, bool local);
	/* Makes of what the reference stands for (taken) what is opened (a reference of the
	 * caller's): a part of it, say. NULL: that very object. */
	struct vat_cap *(*narrow)(void *user, struct vat_cap *takes_object);
	/* fd (taken) is a connected socket, or what came as a descriptor, or -EBADF after
	 * way_holder(); end is to be held while it is used (taken): a Connection, an Offer or
	 * another Holder. */
	void (*opened)(void *user, int takes_fd, struct vat_cap *takes_end);
	/* Once for each way_open() that does not lead to opened. */
	void (*missed)(void *user, enum way_miss miss, const struct err *e);
	void *user;
};

/* Takes cfg->ref, also on failure. NULL: out of memory. */
struct way *way_new(const struct way_config *cfg);
/* local: of this host, as a descriptor. Ends what is under way. */
void way_open(struct way *w, bool local);
/* The same after the next interval of back-off. */
void way_open_later(struct way *w, bool local);
void way_stop(struct way *w);
bool way_is_idle(const struct way *w);
/* It worked for a while: begin with the shortest interval again. */
void way_proven(struct way *w);
/* NULL is accepted. */
void way_free(struct way *w);

/* ---- what it leads to ---- */

/* Somebody else found what the reference, or the broken capability, stands for. */
void way_set_object(struct way *w, struct vat_cap *object);
struct vat_cap *way_object(const struct way *w); /* borrowed; may be NULL */
const struct ref *way_ref(const struct way *w); /* borrowed; NULL: none */
/* From now on by that one (taken). */
void way_set_ref(struct way *w, struct ref *takes);

/* ---- for `ask`, and the answers to the call that it makes ---- */

/* The call that was made (taken): given up with the try. */
void way_call(struct way *w, struct vat_call *takes);
/* The call is answered: what is connected is that stream (borrowed). 0 or negative errno. */
int way_stream(struct way *w, struct vat_cap *stream);
/* The call is answered: a descriptor comes with this capability (borrowed, may be NULL: then it
 * does not), and end (borrowed) is to be held while it is used. May free w. */
void way_carrier(struct way *w, struct vat_cap *carrier, struct vat_cap *end);
/* The call is answered, and there is nothing to connect: the answer lasts as long as end (borrowed)
 * is held. Its results are gone when `opened` is called. May free w. */
void way_holder(struct way *w, struct vat_cap *end);
/* The call has failed. May free w. */
void way_fail_vat(struct way *w, const struct vat_error *err);
void way_fail_code(struct way *w, int code, const char *what);
