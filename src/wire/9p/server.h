/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The server's side of 9P2000.L and 9P2000.L.metac without I/O: version negotiation, which fids and
 * tags exist, who may use them at the same time, flush, the read-only rule and the limits.  Bytes
 *come in through p9_server_begin(), replies leave through the `send` callback; the files themselves
 *are the backend's, reached by its caller and not by this module:
 *
 *	n = p9_server_begin(s, frame, len, &request);
 *	n < 0           the peer broke the framing: close the connection
 *	n == 0          answered (or parked) already
 *	n == P9_RUN     run the operation in request.t, fill request.r, then p9_server_end()
 *
 * Any number of requests may be between begin and end, and they may end in any order.  Nothing here
 * locks: a caller with threads holds one mutex around every call, but runs the operation without
 * it.  What an operation may touch meanwhile is its request, and the `data` of the request's fids;
 * a request that changes a fid (opens it, walks it in place) has the fid to itself, others share
 *it.
 *
 * Flush: a Tflush whose target still runs is parked and answered right after the target's own
 * reply (the protocol allows that reply, and it tells the client what really happened).  An
 * operation that can be interrupted watches request.flushed and ends with -EINTR: then there is no
 * reply but Rflush's.  After Rflush nothing more is ever sent for the flushed tag.
 *
 * Tevents never becomes a running request: begin() keeps it (0 is returned), and whoever has events
 * to tell answers the one that waits longest, from any thread, under the same mutex:
 *
 *	n = p9_server_events_room(s)    bytes it takes; 0: nobody waits, keep the events
 *	p9_server_events_answer(s, &q, data, len)
 *
 * A Tflush of a waiting Tevents takes it away and is answered at once.
 */
#include "base/list.h"
#include "wire/9p/9p-codec.h"

#include <stdatomic.h>

enum { P9_RUN = 1 };

enum { P9_SERVER_MAX_EVENTS = 8 }; /* Tevents that wait; EAGAIN beyond */

struct p9_server;

struct p9_fid {
	void *data; /* the backend's; put into newfid by the operation, returned by pop_dead */

	uint32_t id; /* private from here on */
	unsigned refs, users;
	bool exclusive, in_table, pending;
	struct p9_fid *hash_next;
	struct list link;
};

struct p9_request {
	struct p9_msg t; /* borrows the frame: keep it until the request has ended */
	struct p9_msg r; /* type and tag are set; the operation fills the rest */
	struct p9_fid *fid; /* the fid (olddirfid of Trenameat, dfid of Tlink) named first */
	struct p9_fid *fid2; /* second existing fid: dfid, newdirfid, dstfid, fid of Tlink(at) */
	/* To be made by Tattach, Twalk, Topenat ...: set newfid->data. NULL where the request may
	 * do without and said NOFID (Tlookup, Tmakeat). */
	struct p9_fid *newfid;
	bool unmade; /* set by the operation: it succeeds, but newfid is not made (Tonce) */
	uint32_t msize; /* of the connection */
	uint32_t count; /* payload bytes the answer may carry: count of the request, as far as msize
			 * lets it. Of a Tgetxattr or Tlistxattr 0 means what it means there. */
	atomic_bool flushed; /* the client lost interest */
	void *user; /* the caller's */

	bool aborted, has_tag; /* private from here on */
	struct list link;
	struct list flushes;
};

struct p9_server_config {
	uint32_t msize; /* the most we accept; 0: P9_MAX_MSIZE */
	uint32_t max_fids; /* 0: 4096 */
	uint32_t max_flushes; /* parked at once; 0: 1024 */
	bool read_only; /* what would change the tree is answered with EROFS */
	bool plain; /* speak 9P2000.L alone */
	/* Called from begin and end, in the order replies have to take on the wire. `q` is the
	 * request that is being ended (or was refused): m is its reply or that of a Tflush parked
	 * on it. */
	void (*send)(void *ctx, struct p9_request *q, const struct p9_msg *m);
	void *ctx;
};

struct p9_server *p9_server_new(const struct p9_server_config *config); /* NULL: no memory */
/* No request may be running. Drop all fids before: p9_server_reset, p9_server_pop_dead. */
void p9_server_free(struct p9_server *s);
DEFINE_AUTO(struct p9_server *, p9_server_free);

/* The largest frame that may come now; 0 < msize before negotiation as well. */
uint32_t p9_server_msize(const struct p9_server *s);

/* Takes in one frame. q is the caller's memory, and stays in use until p9_server_end when P9_RUN is
 * returned; q->user is kept. -EPROTO, -EBADMSG, -ENOBUFS: close the connection. */
int p9_server_begin(struct p9_server *s, const void *frame, size_t len, struct p9_request *q);

/* Ends a request: result is 0 (reply in q->r) or negative errno. */
void p9_server_end(struct p9_server *s, struct p9_request *q, int result);

/* Forgets all fids and asks all running requests to end without a reply (the connection is gone).
 */
void p9_server_reset(struct p9_server *s);

/* True when 9P2000.L.metac was agreed on. */
bool p9_server_is_metac(const struct p9_server *s);

/* How many bytes of events the longest waiting Tevents takes (a whole number of events: those that
 * do not fit are told with the next). 0: none waits. At least P9_EVENT_MAX otherwise. */
uint32_t p9_server_events_room(const struct p9_server *s);

/* Answers it; 0 < len <= p9_server_events_room(). Of q only `user` counts: it is what `send` is
 * given. */
void p9_server_events_answer(
	struct p9_server *s, struct p9_request *q, const void *data, uint32_t len);

/* `data` of a fid nobody uses any more, to be released by the caller; NULL when there is none. */
void *p9_server_pop_dead(struct p9_server *s);

uint32_t p9_server_fids(const struct p9_server *s);

/* Calls fn with the data of each fid that no request is changing right now; it may look at what
 * such requests change. */
void p9_server_each_fid(
	const struct p9_server *s, void (*fn)(void *ctx, const void *data), void *ctx);
