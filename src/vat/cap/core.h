/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What every part of the RPC half stands on: the vat with its queues, failures, parcels.
 *
 * Three queues, three kinds of "later":
 *
 * tasks     things that call the application: deliveries, completions, destructors.  First in,
 * first out, run by vat_run() alone.  An object embeds its task, so queueing never fails. settling
 * promises that have a target now and calls waiting for it. dead      capabilities whose last
 * reference went.
 *
 * The last two are internal: whoever changes state brackets it with vat_enter/vat_leave, and the
 * outermost vat_leave empties them before it returns.  So a chain of promises or a graph of dead
 * objects costs loop turns, not stack, and every message of a peer is completely dealt with before
 * the next one is looked at: the order of calls follows from the order of messages.
 */
#include "base/list.h"
#include "vat/message/message-internal.h"
#include "vat/cap/pool.h"
#include "vat/cap/arena.h"
#include "vat/rpc.h"

struct task {
	struct list link;
	void (*run)(
		struct task *t); /* looks at vat->freed: then nothing may be called but destroy */
};

struct vat {
	struct vat_config cfg;
	vat_unknown unknown; /* may be NULL */
	void *unknown_user;
	uint32_t refs; /* the owner's, and one per capability, call, outcome and connection */
	uint32_t depth; /* of vat_enter */
	bool freed; /* by its owner: runs no callbacks any more */
	bool running; /* inside vat_run */
	struct list tasks;
	struct list settling;
	struct list dead;
	struct list later; /* struct consumer */
	struct list unwanted; /* struct outcome, whose producers are to be told */
	bool canceling; /* one is being told: the others wait */
	struct vat_call *current; /* whose done callback runs */
	struct vat_cap *oom; /* a broken capability for when there is no memory to make one */
	struct pool pool; /* for everything small that a call needs */
	struct arenas arenas; /* for what is built */
	struct out *blocks; /* output blocks kept for the next connection that writes */
	uint32_t n_blocks;
	struct chunk *spare; /* an input buffer kept for the connection that reads next */
	uint32_t n_chunks;
	uint32_t n_conns;
	struct handoffs *handoffs; /* NULL: no network, no hand-off */
};

static inline struct vat *vat_ref(struct vat *v)
{
	v->refs++;
	return v;
}
void vat_unref_last(struct vat *v);
static inline void vat_unref(struct vat *v)
{
	assert(v->refs > 0);
	if (!--v->refs)
		vat_unref_last(v);
}

/* Empties the internal queues. */
void vat_drain(struct vat *v);
static inline void vat_enter(struct vat *v)
{
	vat_ref(v);
	v->depth++;
}
static inline void vat_leave(struct vat *v)
{
	bool quiet = list_empty(&v->settling) && list_empty(&v->later) && list_empty(&v->dead);
	if (v->depth == 1 && !quiet)
		vat_drain(v);
	v->depth--;
	vat_unref(v);
}
/* Tells the application that there is something to do. */
void vat_wake(struct vat *v);

static inline void task_init(struct task *t, void (*run)(struct task *))
{
	list_init(&t->link);
	t->run = run;
}

/* Puts t at the end of the queue, if it is not there already. */
void task_queue(struct vat *v, struct task *t);
static inline void task_cancel(struct task *t)
{
	list_unlink(&t->link);
}

/* ---- failures: why a call or a capability is broken ----------------------------------------- */

struct failure {
	uint32_t refs; /* 0 = a constant, never counted */
	enum vat_error_kind kind;
	bool canceled; /* nobody wants to know */
	const char *text;
};

enum { FAILURE_TEXT_MAX = 1000 };

/* Never NULL: when memory is out, a constant `overloaded` failure. */
struct failure *failure_new(enum vat_error_kind kind, const char *fmt, ...)
	__attribute__((format(printf, 2, 3), cold));
/* text need not end in NUL; cut at FAILURE_TEXT_MAX. */
struct failure *failure_new_text(enum vat_error_kind kind, const char *text, size_t len);
struct failure *failure_oom(void);
struct failure *failure_canceled(void);
struct failure *failure_ref(struct failure *f);
void failure_unref(struct failure *f);
struct vat_error failure_error(const struct failure *f);

/* ---- input buffers and parcels ----------------------------------------------------------------
 */

/* Memory that a connection reads into. Messages parsed in place keep it. */
struct chunk {
	uint32_t refs;
	size_t size;
	struct vat *vat; /* referenced */
	uint8_t *data;
};

enum { CHUNK_SIZE = 64 * 1024, CHUNK_MANY = 64 };

struct chunk *chunk_new(struct vat *v, size_t size);
struct chunk *chunk_ref(struct chunk *c);
void chunk_unref(struct chunk *c);

enum parcel_form {
	PARCEL_VIEW, /* received */
	PARCEL_CALL, /* our arena, laid out as a Call message */
	PARCEL_RETURN, /* our arena, laid out as a Return message */
};

/*
 * A message on its way, shared by all who look at it.  An arena is laid out as the RPC message it
 * may become, so that what the application builds is sent without copying if it goes over a
 * connection, and is handed over as it is if it does not.
 */
struct parcel {
	uint32_t refs;
	uint8_t form; /* enum parcel_form */
	bool sent; /* an arena that is part of the output: not to be changed any more */
	bool unsized; /* an arena as large as such ones usually are: tells how large it became */
	struct vat *vat; /* borrowed: whoever has a parcel has a reference to its vat */
	struct vat_message *msg;
	struct chunk *chunk;
	struct vat_struct_b body; /* arena: the Call or Return struct */
	struct vat_struct_b payload; /* arena: its Payload */
	struct vat_ptr_r content; /* view: where the content is */
};

/* An arena with everything but the content; NULL when memory is out. hint: words of content, 0 =
 * what has been usual. */
struct parcel *parcel_new(struct vat *v, enum parcel_form form, size_t hint, size_t max_words);
/* A view of the framed message of `size` bytes at data, in chunk (referenced; may be NULL). 0,
 * -EBADMSG, -EAGAIN or -ENOMEM. */
int parcel_parse(struct vat *v, const void *data, size_t size, const struct vat_read_limits *limits,
	struct chunk *chunk, struct parcel **ret);
struct parcel *parcel_ref(struct parcel *p);
void parcel_unref(struct parcel *p);
DEFINE_AUTO(struct parcel *, parcel_unref);
/* Size of the message in words. */
static inline size_t parcel_words(const struct parcel *p)
{
	return p->msg->n_segs == 1 ? p->msg->segs[0].used : vat_message_words(p->msg);
}
/* What keeping it is charged with, in words: a capability in its table stands for an object of its
 * own, much larger than its descriptor. */
uint64_t parcel_cost(const struct parcel *p);
struct vat_ptr_r parcel_content(const struct parcel *p);
struct vat_ptr_b parcel_content_b(struct parcel *p);
/* The MessageTarget of a Call. */
struct vat_struct_b parcel_target(struct parcel *p);
/* A copy as an arena of the given form, capabilities referenced. NULL: memory is out, or p is
 * malformed (then vat_message_error(p->msg) is set), or larger than max_words. */
struct parcel *parcel_copy(struct parcel *p, enum parcel_form form, size_t max_words);
/* The capability at the end of a path of pointer indexes; borrowed. */
struct vat_cap *parcel_cap_at(const struct parcel *p, const uint16_t *path, size_t n);
/* The index into the capability table found there; false if there is no capability. */
bool parcel_cap_index(const struct parcel *p, const uint16_t *path, size_t n, uint32_t *ret);
