/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Capabilities, calls on their way and their outcomes: the part of RPC that knows no wire.
 *
 * A struct vat_ctx is one call looking for its object.  cap_call() hands it on: to a local object
 * (through the task queue), to a connection, through a membrane, or it waits in the queue of a
 * promise.  Wherever it ends, its struct outcome learns the result, and tells those who
 * consume it: the caller's struct vat_call, a connection's answer, a membrane.
 *
 * A capability never changes its address: a promise that resolves forwards to its target, an import
 * whose connection dies becomes broken in place.
 */
#include "vat/cap/core.h"

struct answer;
struct gate;
struct import;
struct question;
struct outcome;
struct address;
struct handoff;

enum cap_kind {
	CAP_LOCAL, /* an object of this vat */
	CAP_BROKEN, /* every call fails */
	CAP_IMPORT, /* an object at the peer of a connection */
	CAP_PIN, /* an address at a peer, for ever, whatever it resolves to */
	CAP_MEMBRANE, /* another capability seen through a membrane */
	CAP_PROMISE, /* to be resolved, or resolved: see enum promise_state */
};

enum promise_state {
	PROMISE_WAITING, /* unresolved */
	PROMISE_EMBARGOED, /* has a target, but calls sent to the peer must come round first */
	PROMISE_FLUSHING, /* has a target, calls are still queued: in vat->settling */
	PROMISE_RESOLVED, /* forwards to its target */
};

enum promise_source {
	PROMISE_LOCAL, /* a resolver decides */
	PROMISE_IMPORT, /* senderPromise: a Resolve message decides */
	PROMISE_PIPE, /* part of the results of a call */
	PROMISE_HANDOFF, /* what a third party hosts: the way there is being made */
};

enum { PATH_MAX_OPS = 64, PATH_INLINE = 4 };

/* A hook is called once, when the promise it waits for resolves or breaks, or a settled capability
 * breaks. It must not call the application. */
struct hook {
	struct list link;
	void (*fn)(struct hook *h);
};

struct vat_cap {
	uint32_t refs;
	uint8_t kind; /* enum cap_kind */
	uint8_t state; /* enum promise_state */
	uint8_t source; /* enum promise_source */
	bool received_call; /* something was sent to the promise's address at the peer */
	bool unsettled; /* membrane: around a promise */
	bool ghost; /* pipe nobody refers to, kept by its outcome because calls were sent to it */
	int fd; /* attached or received with it, or -1; owned */
	struct vat *vat;
	struct list link; /* in vat->settling or vat->dead; pins: in their connection */
	struct list hooks; /* struct hook: waiting for it to resolve or break */
	union {
		struct {
			const struct vat_interface *iface; /* NULL: `any` takes all calls */
			const void *impl;
			void (*any)(void *self, uint64_t interface_id, uint16_t method,
				struct vat_ctx *ctx);
			void *self;
			void (*destroy)(void *self);
			struct gate *gate; /* made by the first streaming call */
			struct task reap;
		} local;
		struct {
			struct failure *failure;
		} broken;
		struct {
			struct import *import;
		} import;
		struct {
			struct import *import; /* this, or */
			struct question *question;
			uint16_t *path; /* owned */
			uint16_t n_path;
			struct list same; /* in its import's or question's list */
		} pin;
		struct {
			struct vat_membrane *membrane;
			struct vat_cap *inner;
			struct list link; /* in membrane->wrappers */
			struct list bucket; /* in its hash table */
			uint8_t depth; /* wrappers around wrappers */
			bool inward; /* calls go in: inner is inside, holders are outside */
			struct hook hook; /* inner resolves or breaks */
		} membrane;
		struct {
			struct vat_cap *target;
			struct failure *failure; /* instead of a target: it was rejected */
			struct list queue; /* struct vat_ctx */
			struct import *import; /* PROMISE_IMPORT, until resolved */
			struct outcome *outcome; /* PROMISE_PIPE, until resolved */
			struct handoff *handoff; /* PROMISE_HANDOFF, until resolved */
			struct list pipe; /* in outcome->pipes */
			struct vat_resolver *resolver; /* PROMISE_LOCAL; borrowed */
			struct hook follow; /* resolved: its target resolves */
			uint16_t *path; /* PROMISE_PIPE; path_inline or owned */
			uint16_t path_inline[PATH_INLINE];
			uint16_t n_path;
		} promise;
	};
};

DEFINE_AUTO(struct vat_cap *, vat_cap_unref);

/* ---- making and following ------------------------------------------------------------------- */

/* A capability with no variant filled in. NULL when memory is out. */
struct vat_cap *cap_new(struct vat *v, enum cap_kind kind);
struct vat_cap *cap_broken(struct vat *v, struct failure *takes);
/* A promise nobody resolves yet; source and its fields are the caller's to set. */
struct vat_cap *cap_promise(struct vat *v, enum promise_source source);
/* Follows resolved promises; borrowed. NULL stays NULL. */
struct vat_cap *cap_inner(struct vat_cap *c);
/* True if the innermost capability is a promise still (or a membrane around one). */
bool cap_unsettled(struct vat_cap *c);
/* Why it is broken, NULL if it is not; borrowed. Looks at the innermost. */
struct failure *cap_failure(struct vat_cap *c);

/* A new reference to a capability that may be on its way to be freed, but is not yet. */
struct vat_cap *cap_revive(struct vat_cap *c);
/* Where a call waits or is handled. */
void ctx_set_target(struct vat_ctx *ctx, struct vat_cap *c);
/* Sends the call on its way; takes ctx. */
void cap_call(struct vat_cap *c, struct vat_ctx *ctx);
/* Gives a waiting promise its target (taken, may be NULL). Embargoes if needed. */
void cap_resolve(struct vat_cap *promise, struct vat_cap *takes_target);
void cap_reject(struct vat_cap *promise, struct failure *takes);
/* Lifts the embargo. */
void cap_release(struct vat_cap *promise);
/* Makes it broken in place and fires its hooks. Not for local objects. */
void cap_break(struct vat_cap *c, struct failure *f);
/* A wrapper that is no more (cleared by the caller) forwards to what it has become; takes target.
 */
void cap_become(struct vat_cap *c, struct vat_cap *takes_target);
/* Breaks a promise that has a target already but is embargoed. */
void cap_abandon(struct vat_cap *promise, struct failure *f);
/* Lets calls waiting in the pipes of an outcome go to the question that now stands for it. */
void cap_flush_pipes(struct outcome *o);

/* Where the attached descriptor is, seen through membranes; borrowed, NULL if there is none. */
struct vat_cap *cap_fd_owner(struct vat_cap *c);
/* The promise is no longer the resolver's to resolve. */
void resolver_forget(struct vat_resolver *r);

/* From vat_leave. */
void cap_settle(struct vat_cap *c);
void cap_destroy(struct vat_cap *c);

void cap_fire(struct vat_cap *c);
void cap_hook(struct vat_cap *c, struct hook *h);
/* Takes a pipe off its outcome, whose interest in the producer it was. */
void pipe_unlink(struct vat_cap *pipe);

/* ---- the object a call arrives at ----------------------------------------------------------- */

enum ctx_state {
	CTX_IDLE, /* between two capabilities */
	CTX_WAITING, /* in the queue of a promise */
	CTX_SCHEDULED, /* in the queue of tasks */
	CTX_RUNNING, /* the handler has it */
};

struct vat_ctx {
	struct task task; /* delivery; its link serves in promises' queues */
	struct task cancel_task;
	struct vat *vat; /* referenced */
	struct vat_cap *target; /* where it waits or is handled; owned */
	struct outcome *outcome; /* referenced */
	struct parcel *params, *results;
	uint64_t interface_id;
	uint16_t method;
	uint8_t state;
	bool canceled;
	bool no_pipelining; /* the caller will call nothing that is in the results */
	bool starved; /* there was no memory for the results */
	void (*on_cancel)(void *user);
	void *cancel_user;
};

/* Takes params (may be NULL), references outcome. NULL when memory is out (nothing taken). */
struct vat_ctx *ctx_new(struct vat *v, uint64_t interface_id, uint16_t method,
	struct parcel *params, struct outcome *outcome);
/* Ends it with this failure, wherever it is. */
void ctx_fail(struct vat_ctx *ctx, struct failure *takes);
/* Takes it back from its handler or queue, to be handed on. */
void ctx_let_go(struct vat_ctx *ctx);
/* Frees it without telling the outcome, which has been handed on. */
void ctx_free(struct vat_ctx *ctx);
/* Calls the handler of ctx->target, a local object. */
void ctx_hand_over(struct vat_ctx *ctx);
/* Queues the delivery to ctx->target, a local object. */
void ctx_schedule(struct vat_ctx *ctx);
/* Makes it the producer of its outcome: cancelling reaches it. */
void ctx_attach(struct vat_ctx *ctx);
/* The promise in whose queue the producer of o is; NULL if it is anywhere else. */
struct vat_cap *ctx_waits_at(const struct outcome *o);

/* Sends a request (not sent yet; taken, may be NULL) so that its outcome is o. */
void call_send_for(struct vat_call *takes, struct outcome *o);

/* ---- outcomes -------------------------------------------------------------------------------- */

enum outcome_state { OUTCOME_PENDING, OUTCOME_RETURNED, OUTCOME_FAILED };

/* Told once, when the outcome is known. */
struct consumer {
	struct list link;
	void (*done)(struct consumer *c, struct outcome *o);
};

/* Who will produce the outcome, as seen from it. */
struct producer {
	/* Nobody is interested any more. May complete the outcome, or let it come later. */
	void (*cancel)(struct outcome *o, void *data);
	/* The capability at a path of the results to come (new reference, NULL = memory is out);
	 * NULL if calls on it have to wait here. */
	struct vat_cap *(*pipeline)(void *data, const uint16_t *path, size_t n);
};

/*
 * The result of a call, present or future.  Interest is held by consumers and by pipes that wait;
 * when the last is dropped, the producer is told.
 */
struct outcome {
	uint32_t refs;
	uint32_t interest;
	uint8_t state; /* enum outcome_state */
	bool canceled; /* the producer was told */
	bool run_on; /* when canceled, let the call be delivered first */
	bool wanted_here; /* parts of the results were asked for here: no tail call */
	bool only_pipelining; /* but nobody wants to know how the call ends */
	struct vat *vat; /* referenced */
	const struct producer *producer;
	void *producer_data;
	struct question *question; /* the call went over a connection: pipes send there */
	struct answer
		*answer; /* the call came over a connection: of which this is; NULL once gone */
	struct parcel *results;
	struct failure *failure;
	struct list consumers;
	struct list pipes; /* promises: waiting, or embargoed after the results came */
	struct list unwanted; /* in vat->unwanted, referenced */
	uint32_t n_pipes;
};

/* Parts of the same results that may be called ahead of them: the list is searched, and peers
 * choose the parts. */
enum { PIPES_MAX = 64 };

/* One reference, no interest. NULL when memory is out. */
struct outcome *outcome_new(struct vat *v);
/* What was promised by `from`, which nobody will produce, is promised by `to`. */
void outcome_redirect_pipes(struct outcome *from, struct outcome *to);
struct outcome *outcome_ref(struct outcome *o);
void outcome_unref(struct outcome *o);
void outcome_hold(struct outcome *o);
void outcome_drop(struct outcome *o);
/* Adds a consumer; if the outcome is known already, it is told now. */
void outcome_consume(
	struct outcome *o, struct consumer *c, void (*done)(struct consumer *, struct outcome *));

/* Nobody is to be told but the answer that it is of, if any. */
bool outcome_unwatched(const struct outcome *o);
void outcome_set_producer(struct outcome *o, const struct producer *producer, void *data);
/* The producer has handed the call on and is not it any more. */
void outcome_clear_producer(struct outcome *o);
/* Tells the producer if nobody is interested. */
void outcome_check(struct outcome *o);
/* results may be NULL (all default). */
void outcome_return(struct outcome *o, struct parcel *takes_results);
void outcome_fail(struct outcome *o, struct failure *takes);
/* A capability out of the results; new reference, never NULL unless it is null. */
struct vat_cap *outcome_pipeline(struct outcome *o, const uint16_t *path, size_t n);
/* The pipe (waiting or embargoed) for a path; borrowed, NULL if there is none. */
struct vat_cap *outcome_pipe(struct outcome *o, const uint16_t *path, size_t n);
