/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * A connection: four tables, an input buffer, an output queue.
 *
 * Our questions are the peer's answers, our imports the peer's exports.  An entry lives as long as
 * both sides may name it; see each struct.  When the connection ends everything in the tables
 * is broken or dropped at once (conn_end), and what is left is a husk that waits for vat_conn_free.
 */
#include "vat/cap/cap.h"
#include "vat/conn/proto.h"
#include "vat/conn/table.h"

enum { REMOTE_REFS_MAX = 1 << 24 };

/* Their object or promise. remote_refs: how often they have sent it, given back in one Release when
 * the last of our references (the capability, pins) goes, or when there are REMOTE_REFS_MAX. */
struct import {
	struct vat_conn *conn;
	uint32_t id;
	uint32_t remote_refs;
	uint32_t refs;
	bool promise;
	bool has_fd; /* counted in conn->n_held_fds */
	bool vine; /* may be resolved to an exception: the hand-off failed */
	struct vat_cap *cap; /* not counted; NULL when gone or resolved */
	struct list pins; /* struct vat_cap, by pin.same; those about to be freed, too */
	struct stem *stems; /* vines by which others introduced us to it: handoff-internal.h */
};

/* Our object or promise, sent refs times and not released yet. */
struct exported {
	struct vat_conn *conn;
	uint32_t id;
	uint32_t refs;
	bool promise; /* Resolve not sent yet */
	bool hashed; /* found by conn_export when cap is sent again */
	bool late; /* broken: Resolve follows the message that carries it */
	struct vat_cap *cap;
	struct hook hook; /* promise: waits for it to resolve */
	struct exported *next; /* in its hash bucket */
	struct list link; /* late, and vines not sent yet: in conn->late */
	struct vine *vine; /* it is one */
	bool called; /* before it was resolved */
	bool result; /* sent in results: calls may come by way of answers too */
};

/* Some exports. */
enum { IDS_FEW = 4 };
struct ids {
	uint32_t n;
	uint32_t few[IDS_FEW];
	uint32_t *many; /* owned; NULL: they are in few */
};

static inline const uint32_t *ids_get(const struct ids *i)
{
	return i->many ? i->many : i->few;
}

/* Our call. The id is free again after both Return and Finish.
 *
 * A call that only promises results has an id of a range of its own, as there may or may not be a
 * Return: those are used in turn, so that a Return that comes late meets no other question. */
#define QUESTION_HIGH (UINT32_C(1) << 31)

struct question {
	struct vat_conn *conn;
	uint32_t id;
	uint32_t slot; /* in conn->questions: the id, or, of a high one, what counts it */
	uint32_t refs; /* the call itself until its outcome is known; pins */
	bool returned, finished;
	bool run_on; /* canceled, but to be delivered */
	struct outcome *outcome; /* referenced; NULL once known or not wanted any more */
	struct vat_cap
		*via; /* the pipe it was sent to: while we want this, we want that call too */
	struct list pins; /* struct vat_cap, by pin.same; those about to be freed, too */
	struct ids param_exports; /* what our capTable exported */
	bool redirected; /* Return said takeFromOtherQuestion */
	bool tail; /* its results stay at the peer, whose question `answer` takes them */
	struct answer *answer; /* the one that refers to it, NULL once gone */
	struct outcome *taken; /* Return said takeFromOtherQuestion: of that answer; held */
	struct consumer take;
	struct vine *vine; /* a Provide, for it */
};

/* Their call. Kept until both Return was sent and Finish came: its results can be pipelined on. */
struct answer {
	struct vat_conn *conn;
	uint32_t id;
	bool returned, finished;
	bool yourself; /* results stay here, for a Return that takes them from this question */
	bool redirected; /* they were taken */
	bool dropped; /* holds no interest in the outcome any more */
	bool no_pipelining; /* the peer will call nothing that is in the results */
	bool only_pipelining; /* no Return is sent: the peer wants only to call what is in the
				 results, and forgets the question when it sends Finish */
	bool orphan; /* such a one, after Finish: has no id any more */
	struct list link; /* orphan: in conn->orphans; promises were returned: conn->promising */
	struct outcome *outcome;
	struct consumer consumer;
	struct question *tail; /* Return said takeFromOtherQuestion: this one; referenced */
	struct parcel *results; /* as sent: capabilities pinned */
	struct ids result_exports;
	uint64_t call_words, result_words; /* charged */
	bool called; /* parts of it before it was there */
	struct provision *provision; /* to a Provide: there is no Return */
};

/* A Disembargo of ours under way. */
struct embargo {
	uint32_t id;
	struct vat_cap *promise;
};

/* A Disembargo of theirs for something that does not lead back to them yet. */
struct waiter {
	struct list link; /* in conn->waiters */
	struct hook hook;
	struct vat_conn *conn;
	struct vat_cap *cap;
	uint32_t id;
};

/* A message, or a block of several small ones, to be written. */
struct out {
	struct list link;
	struct parcel *parcel; /* NULL: a block */
	size_t size; /* in bytes */
	size_t room; /* block */
	uint32_t n_fds, n_iov;
	struct vat_cap **fd_owners; /* referenced; owner, or an array */
	struct vat_cap *owner;
	struct iovec *iov; /* few, or an array */
	struct iovec few[3];
};

struct in_fd { /* a descriptor that was received */
	int fd; /* owned, -1 when it was taken */
	uint64_t at; /* how much was received with it: the message that byte ends in has it */
};

struct vat_conn {
	struct vat *vat;
	struct vat_limits limits;
	bool fds;
	bool no_tail_calls;
	bool returns_all; /* the peer returns calls that only promise results: it gets no more */
	struct vat_cap *bootstrap;
	void (*closed)(void *user, const struct vat_error *err);
	void (*output)(void *user); /* there is some, after there was none */
	void (*trace)(void *user, bool outgoing, const struct iovec *iov, size_t n);
	void *trace_user;
	void *user;

	bool over;
	bool oom; /* to be ended as soon as nobody works on its tables */
	struct failure *failure; /* why it is over; NULL: a clean end */
	struct task closed_task;

	struct idtab questions, exports, embargoes;
	struct idmap answers, imports;
	struct exported **buckets;
	uint32_t n_buckets; /* power of two, or 0 */
	uint32_t n_high; /* high questions open */
	uint32_t next_high; /* of their ids, without the bit */
	bool high_again; /* all have been used once */
	struct list pins; /* struct vat_cap, by link */
	struct list orphans;
	struct list promising; /* answers that may have to follow an export that is pinned */
	uint32_t n_orphans; /* they count as answers */
	struct list waiters;
	struct list late;
	uint32_t n_waiters;
	uint64_t call_words, result_words;

	struct chunk *in;
	size_t in_start, in_fill; /* of the part not handled yet */
	uint64_t received; /* bytes, in all */
	struct in_fd *in_fds; /* for messages not handled yet; NULL = none */
	uint32_t n_fds; /* of those */
	uint32_t n_in_fds; /* of the message being handled: the first of them */
	uint32_t n_held_fds;

	struct list out;
	size_t out_offset; /* bytes of the first that are written */
	uint64_t out_bytes;
	bool out_fds_sent; /* those of the first */
	uint64_t messages_in, messages_out;
	uint64_t calls_in, calls_out;
	/* Calls went to what is being described already, by way of a name that it had before: they
	 * go where it goes, so it cannot be named as what leads back to the peer by a vine. */
	bool called_ahead;
	struct third *third; /* made when hand-off begins: handoff-internal.h */
};

/* Where calls on a capability go directly at a peer. */
struct address {
	struct vat_conn *conn;
	struct import *import; /* this, or */
	struct question *question; /* this and a path */
	const uint16_t *path;
	size_t n_path;
	struct vat_cap *via; /* the pipe that this is; borrowed */
};

/* False if calls on c (innermost) do not go straight to a peer. Path borrowed from c. */
bool cap_address(struct vat_cap *c, struct address *ret);

/* ---- conn.c: tables and the end -------------------------------------------------------------- */

/* Ends the connection. failure (taken) NULL: a clean end. */
void conn_end(struct vat_conn *c, struct failure *takes);
/* The peer broke the protocol: says so and ends. Returns -EPROTO. */
int conn_abort(struct vat_conn *c, const char *fmt, ...)
	__attribute__((format(printf, 2, 3), cold));
/* No memory to go on with this connection: nothing is sent any more, and it ends soon (not now, so
 * that callers need not fear for their table entries). Returns -ENOMEM. */
int conn_oom(struct vat_conn *c) __attribute__((cold));

/* The capability for an import (new reference, counted once more for the peer). NULL: no memory. */
struct vat_cap *import_get(struct vat_conn *c, uint32_t id, bool promise);
void import_unref(struct import *i);
/* The same, by the capability itself. */
void import_leave(struct import *i);
/* A capability without references, about to be freed, whose connection ends first. */
void cap_forget_import(struct vat_cap *c);
/* o: NULL for a Provide. */
struct question *question_new(struct vat_conn *c, struct outcome *o);
/* Gives it an id of the high range. False if they are used up for now. */
bool question_raise(struct question *q);
/* By id, of a question that expects a Return. */
static inline struct question *question_get(const struct vat_conn *c, uint32_t id)
{
	struct question *q = idtab_get(&c->questions, id);
	return q && q->id == id ? q : NULL;
}
/* The call was queued for sending: the question is the producer of its outcome now. */
void question_start(struct question *q);
void question_unref(struct question *q);
void question_free(struct question *q);
/* The call's outcome is known, or not wanted: the question does not concern it any more. */
void question_detach(struct question *q);
void answer_free(struct answer *a);
/* A capability whose calls always go to this address. NULL: no memory. */
struct vat_cap *pin_new(struct vat *v, const struct address *a);
void pin_clear(struct vat_cap *c);
/* Takes pins off their connection, to be broken one by one: those in `from` (of a question or
 * import) with this path; path NULL: all. They are linked in `to` by link. */
void pins_take(struct list *from, const uint16_t *path, size_t n, struct list *to);

/* ---- export.c ------------------------------------------------------------------------------- */

/* A new entry for cap, in no table yet but that of ids. 0, -ENOMEM, -ENOSPC. */
int export_new(struct vat_conn *c, struct vat_cap *cap, struct exported **ret);
void export_release(struct exported *e, uint32_t n);
void export_free(struct exported *e);
/* Fills *d for sending cap, references its export. *ret_pin (may be NULL: not wanted) gets what
 * must stand for cap from now on, or NULL. 0, -ENOMEM, -ENOSPC. */
int conn_describe(
	struct vat_conn *c, struct vat_cap *cap, struct descriptor *d, struct vat_cap **ret_pin);
/* The descriptors that travel with a capability so described: adds their owners (borrowed) to the n
 * there are, numbers them in *d. Returns how many there are then. */
uint32_t conn_describe_fds(struct vat_conn *c, struct vat_cap *cap, struct descriptor *d,
	struct vat_cap **owners, uint32_t room, uint32_t n);
/* Gives back what conn_describe exported. */
void conn_undescribe(struct vat_conn *c, const struct descriptor *d);
/* What follows a message just queued: sends Resolve messages, lets go of descriptors it took. */
void conn_send_late(struct vat_conn *c);

/* ---- feed.c --------------------------------------------------------------------------------- */

/* Closes the first n descriptors that were received. */
void conn_drop_fds(struct vat_conn *c, uint32_t n);

/* ---- out.c ---------------------------------------------------------------------------------- */

/* Queues small messages. */
void conn_put(struct vat_conn *c, const uint64_t *words, size_t n);
/* The same with the descriptors of these capabilities. */
void conn_put_fds(struct vat_conn *c, const uint64_t *words, size_t n, struct vat_cap **owners,
	uint32_t n_fds);
/* Queues an arena, referenced unless it is small; owners (referenced) have the descriptors that go
 * with it. 0 or -ENOMEM. */
int conn_put_parcel(struct vat_conn *c, struct parcel *p, struct vat_cap **owners, uint32_t n_fds);
/* Frees the blocks that the vat keeps. */
void out_trim(struct vat *v);
/* Drops everything queued. */
void conn_discard_output(struct vat_conn *c);

/* ---- conn-out.c ----------------------------------------------------------------------------- */

/* Sends the call; takes ctx. */
void conn_call(const struct address *a, struct vat_ctx *ctx);
/* Sends the Disembargo for a promise that has been resolved. False: no memory, the connection ends.
 */
bool conn_embargo(const struct address *a, struct vat_cap *promise);
/* Sends an answer's Return. */
void conn_return(struct answer *a);

/* ---- tail.c --------------------------------------------------------------------------------- */

/* The answer to the peer that a call with this outcome is for, if it may be redirected when it goes
 * back to that peer; else NULL. */
struct answer *tail_answer(const struct vat_conn *c, const struct outcome *o);
/* Its results are those of q, which was sent: takes the reference. Tells the peer. */
void tail_return(struct answer *a, struct question *q);
/* What is at a path of the results of an answer so redirected; new reference. */
struct vat_cap *tail_cap(struct answer *a, const uint16_t *path, size_t n);

/* ---- conn-in.c ------------------------------------------------------------------------------ */

/* Handles one message; takes p. 0 or negative errno (then the connection is over, or to be ended
 * by the caller). */
int conn_message(struct vat_conn *c, struct parcel *takes);
