/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Cap'n Proto RPC, level 1, without I/O.
 *
 * Source: rpc.capnp and rpc-twoparty.capnp of Cap'n Proto (wire format), capnproto.org/rpc.html.
 *
 * A struct vat is a world of objects: capabilities, a queue of deliveries, and any number of
 * connections (struct vat_conn) to other vats.  It has no thread, clock, socket or global: bytes
 * and descriptors come in through vat_conn_received(), go out through vat_conn_output(), and
 * application code (method handlers, completion callbacks, destructors) runs only inside vat_run()
 * and the functions that say so.  So no function here calls back into the caller while it works.
 *
 * E-order holds: calls made on one reference arrive in the order made, however often the reference
 * is resolved in between (embargoes are the library's business).
 *
 * Everything a peer can make us hold is limited per connection (struct vat_limits).
 * Running out of memory breaks the connection concerned with an `overloaded` error, never the
 * process.
 *
 * Not thread-safe: a vat and all that belongs to it is used by one thread.
 */
#include "vat/message.h"

#ifdef __cplusplus
extern "C" {
#endif

struct vat;
struct vat_conn;
struct vat_cap;
struct vat_call; /* client side: a request, then an outstanding question */
struct vat_ctx; /* server side: one call being handled */

/* ---- errors -------------------------------------------------------------------------------- */

enum vat_error_kind { /* Exception.Type of rpc.capnp */
	VAT_FAILED,
	VAT_OVERLOADED,
	VAT_DISCONNECTED,
	VAT_UNIMPLEMENTED,
};

struct vat_error {
	enum vat_error_kind kind;
	const char *text; /* never NULL; borrowed for the duration of the callback */
};

/* ---- the vat ------------------------------------------------------------------------------- */

struct vat_config {
	/* Called (may be NULL) when vat_run() has something to do or a connection has output, after
	 * a time when neither was so. May be called from any library function; must only note the
	 * fact. */
	void (*wakeup)(void *user);
	void *user;
};

/* NULL when memory is out. cfg may be NULL. */
VAT_API struct vat *vat_new(const struct vat_config *cfg);
/* All connections must have been freed. Destructors that are due run now; other deliveries are
 * dropped. Objects still referenced by the application stay valid until unreferenced, and are
 * then destroyed at once; calls kept by handlers may still be answered. */
VAT_API void vat_free(struct vat *v);
/* Delivers what is queued, including what gets queued meanwhile, up to `budget` deliveries (0 =
 * 1024). Returns true if more is queued. Calls handlers, callbacks, destructors. */
VAT_API bool vat_run(struct vat *v, unsigned budget);

/* ---- connections --------------------------------------------------------------------------- */

struct vat_limits { /* 0 = the default named */
	struct vat_read_limits read; /* of one incoming message */
	uint32_t message_words; /* incoming or outgoing message; 2 Mi words (16 MiB) */
	uint32_t answers; /* calls of the peer not yet finished by it; 16384 */
	uint32_t questions; /* our calls not yet done; 65536 */
	uint32_t exports; /* 65536 */
	uint32_t imports; /* 65536 */
	/* Capabilities in the next two count as what they take here, some 20 words each. */
	uint64_t call_words; /* parameters of the peer's calls in progress; 8 Mi words */
	uint64_t result_words; /* results kept until the peer's Finish; 8 Mi words */
	uint64_t output_bytes; /* queued output; when above, input is not read (see
				* vat_conn_wants_input) and calls to the peer fail as
				* `overloaded`; above four times it (and 256 MiB), so do results
				* of more than 1 KiB for the peer; 64 MiB */
	uint32_t fds_per_message; /* accepted; the surplus is closed. 0 = none unless fds is set: 16
				   */
	uint32_t pending_fds; /* received descriptors held by imports; 256 */
};

struct vat_conn_config {
	struct vat_limits limits;
	bool fds; /* the transport passes descriptors (Unix socket) */
	/* A call of the peer that comes back to the peer is answered with takeFromOtherQuestion, as
	 * rpc.capnp asks every vat to understand. Set this for peers that do not (capnp-es and
	 * capnp-ts of npm): such calls then go through here, both ways. */
	bool no_tail_calls;
	struct vat_cap *bootstrap; /* what the peer's Bootstrap gets; borrowed, referenced while the
				    * connection lives; NULL = none */
	/* Called once from vat_run(), when the connection is over: err is NULL after a clean end
	 * (peer closed, nothing outstanding). The connection then only waits for vat_conn_free().
	 */
	void (*closed)(void *user, const struct vat_error *err);
	void *user;
	/* Called (may be NULL) with `user` when the connection has output after a time when it had
	 * none. May come from any library function; must only note the fact: whoever drives many
	 * connections then looks only at those that have something to say. */
	void (*output)(void *user);
	/* Called (may be NULL) with trace_user for each message that is queued or about to be
	 * handled: its frame and segments, readable for the duration of the call. Must not call
	 * into the vat. vat/trace.h has one that prints. */
	void (*trace)(void *trace_user, bool outgoing, const struct iovec *iov, size_t n);
	void *trace_user;
};

/* cfg is copied; NULL means all zero. 0 or -ENOMEM. */
VAT_API int vat_conn_new(struct vat *v, const struct vat_conn_config *cfg, struct vat_conn **ret);
/* Ends the connection at once: every question fails and every import breaks with `disconnected`.
 * May be called from callbacks. The closed callback is not called any more. NULL is accepted. */
VAT_API void vat_conn_free(struct vat_conn *c);

/* Input. Space to read into (at least 4 KiB; in place parsing: the buffer stays with the
 * connection), then how much was read and which descriptors came with it. _received takes the
 * descriptors, also on failure. Returns 0, or -EPROTO when the peer broke the protocol (an abort
 * message is then in the output and the connection is over after it is sent), -ENOMEM. */
VAT_API int vat_conn_input(struct vat_conn *c, void **ret, size_t *ret_len);
VAT_API int vat_conn_received(struct vat_conn *c, size_t n, const int *fds, size_t n_fds);
/* False while our output queue is over its limit: do not read then. */
VAT_API bool vat_conn_wants_input(const struct vat_conn *c);
/* Bytes of a message not yet complete (for a time-out on slow senders); 0 between messages. */
VAT_API size_t vat_conn_partial(const struct vat_conn *c);
/* The peer closed its side, or reading or writing failed (err != 0, negative errno). */
VAT_API void vat_conn_eof(struct vat_conn *c, int err);

/* Output: what to write next. Fills at most n iovecs, returns how many, 0 = nothing. Descriptors
 * that must be sent with the FIRST byte of this batch are put in fds (room for max_fds, at least
 * 253), *ret_n_fds tells how many; they stay owned by the connection until _sent. */
VAT_API size_t vat_conn_output(struct vat_conn *c, struct iovec *iov, size_t n, int *fds,
	size_t max_fds, size_t *ret_n_fds);
VAT_API void vat_conn_sent(struct vat_conn *c, size_t bytes);
/* Whether vat_conn_output() would give something. */
VAT_API bool vat_conn_has_output(const struct vat_conn *c);
/* True when the connection is over and the last output was written: close the socket. */
VAT_API bool vat_conn_is_over(const struct vat_conn *c);
/* Nothing outstanding in either direction (no questions, answers, imports, exports). */
VAT_API bool vat_conn_idle(const struct vat_conn *c);

/* The user of its configuration. */
VAT_API void *vat_conn_user(const struct vat_conn *c);

/* The peer's bootstrap capability, usable at once (a promise). Returns a new reference, never NULL:
 * when memory is out, or the connection is over, it is a broken one. */
VAT_API struct vat_cap *vat_conn_bootstrap(struct vat_conn *c);

struct vat_conn_counts {
	uint32_t questions, answers, imports, exports, embargoes;
	uint64_t output_bytes, messages_in, messages_out;
};
VAT_API void vat_conn_counts(const struct vat_conn *c, struct vat_conn_counts *ret);

/* ---- capabilities -------------------------------------------------------------------------- */
/*
 * A capability is a counted reference to an object here, an object at a peer, a promise, or a
 * broken object.  NULL is the null capability: calls on it fail.  ref/unref accept NULL.
 */

VAT_API struct vat_cap *vat_cap_ref(struct vat_cap *c);
/* Returns NULL. A local object's destroy callback runs later, from vat_run(). */
VAT_API struct vat_cap *vat_cap_unref(struct vat_cap *c);

/* A capability on which every call fails so. NULL when memory is out. */
VAT_API struct vat_cap *vat_cap_broken(struct vat *v, enum vat_error_kind kind, const char *text);

/* A promise (a new reference) and the way to resolve it: 0 or -ENOMEM. The resolver is used up by
 * resolve or reject; dropping it with vat_resolver_free() rejects. resolve takes cap's reference.
 * All three accept a NULL resolver. */
struct vat_resolver;
VAT_API int vat_promise(struct vat *v, struct vat_cap **ret_cap, struct vat_resolver **ret);
VAT_API void vat_resolve(struct vat_resolver *takes, struct vat_cap *takes_cap);
VAT_API void vat_reject(struct vat_resolver *takes, enum vat_error_kind kind, const char *text);
VAT_API void vat_resolver_free(struct vat_resolver *takes);

/* A watch calls fn once from vat_run() when the event comes (also if it has come already). Free it
 * in any case: before, to stop watching; from fn; or later. It holds a reference to cap until then.
 * NULL when memory is out or cap is NULL. */
struct vat_watch;
/* cap is settled: no promise any more (err NULL), or broken (err set). */
VAT_API struct vat_watch *vat_cap_on_settled(
	struct vat_cap *cap, void (*fn)(void *user, const struct vat_error *err), void *user);
/* cap is broken: its connection died, it was revoked, or its promise was rejected. */
VAT_API struct vat_watch *vat_cap_on_broken(
	struct vat_cap *cap, void (*fn)(void *user, const struct vat_error *err), void *user);
VAT_API void vat_watch_free(struct vat_watch *w);

/* True if settled and broken; *ret (may be NULL) borrows until the next call into the vat. */
VAT_API bool vat_cap_is_broken(struct vat_cap *cap, struct vat_error *ret);

/* A descriptor travels with the capability over connections that can pass them. _attach_fd takes
 * fd, also on failure: 0, -EBUSY if the object has one, -EINVAL if cap is no local object (or
 * NULL). _fd borrows the descriptor that came with an import or was attached, -ENOENT if none. */
VAT_API int vat_cap_attach_fd(struct vat_cap *cap, int fd);
VAT_API int vat_cap_fd(struct vat_cap *cap);

/* ---- interfaces and local objects ---------------------------------------------------------- */

enum vat_method_flags {
	VAT_METHOD_STREAM = 1, /* declared `-> stream` */
};

struct vat_method {
	const char *name;
	uint16_t param_data_words, param_ptrs; /* size of a new params struct */
	uint16_t result_data_words, result_ptrs; /* size of a new results struct */
	uint16_t flags; /* enum vat_method_flags */
};

/* A superclass of an interface, and where its method table lies inside that of the interface. */
struct vat_super {
	const struct vat_interface *interface;
	size_t offset;
};

/* Made by capnpc-vat, one constant per interface. */
struct vat_interface {
	uint64_t id;
	const char *name; /* "fs.capnp:Filesystem" */
	const struct vat_method *methods;
	uint16_t n_methods;
	/* Calls the handler of `method` in the method table `impl`; false if its slot is NULL. */
	bool (*dispatch)(const void *impl, void *self, uint16_t method, struct vat_ctx *ctx);
	const struct vat_super *supers;
	uint16_t n_supers;
};

/* A local object. impl and iface are borrowed for its life; destroy (may be NULL) runs from
 * vat_run() after the last reference went. NULL when memory is out (destroy is then not called).
 * Generated code wraps this as PREFIX_IFACE_serve(). */
VAT_API struct vat_cap *vat_serve(struct vat *v, const struct vat_interface *iface,
	const void *impl, void *self, void (*destroy)(void *self));

/* For what all objects of a vat have in common although no interface of theirs says so
 * (vat/persistent.h has an example): fn (NULL = none) is asked about each call of an interface that
 * the local object called was not served with. It answers ctx, now or later, and returns true; or
 * it returns false, and the call fails as unimplemented. object is borrowed, and lives until ctx is
 * answered. */
typedef bool (*vat_unknown)(void *user, struct vat_cap *object, uint64_t interface_id,
	uint16_t method, struct vat_ctx *ctx);
VAT_API void vat_on_unknown(struct vat *v, vat_unknown fn, void *user);

/*
 * The self of a local object served with exactly this impl, else NULL.  A promise that has settled
 * on such an object counts as that object once no embargo is pending; a wrapper of a membrane does
 * not.
 *
 * With it, all objects served with one impl are a "capability server set": a capability that went
 * out to a peer and comes back as a parameter is found to be one of ours, and nobody can forge one.
 *
 *	static void on_link(void *self, struct dir_link_ctx cx)
 *	{
 *		struct vat_cap *c = dir_link_params_get_file(dir_link_params(cx)).cap;
 *		struct file *f = vat_cap_self(c, &file_impl);
 *		if (!f)
 *			vat_ctx_fail(cx.ctx, VAT_FAILED, "not a file of this server");
 *		...
 *
 * A parameter may be a promise still: wait with vat_cap_on_settled() before asking.  It then is
 * what it says, but calls made on it earlier may still be on their way to the object (they come
 * first).
 */
VAT_API void *vat_cap_self(struct vat_cap *cap, const void *impl);

/* A local object whose calls all go to one function, whatever their interface: for relays. The ctx
 * is answered as in any handler. */
VAT_API struct vat_cap *vat_serve_any(struct vat *v,
	void (*call)(void *self, uint64_t interface_id, uint16_t method, struct vat_ctx *ctx),
	void *self, void (*destroy)(void *self));

/* ---- calling ------------------------------------------------------------------------------- */

/* A new request. hint_words: expected size of the parameters (0 = small). A NULL cap is the null
 * capability: the call fails. NULL when memory is out: the generated wrappers cope throughout. */
VAT_API struct vat_call *vat_call_new(struct vat *v, struct vat_cap *cap, uint64_t interface_id,
	uint16_t method, uint32_t hint_words);
/* The same for a method whose description is at hand: what generated code uses. */
VAT_API struct vat_call *vat_call_for(
	struct vat *v, struct vat_cap *cap, const struct vat_interface *iface, uint16_t method);
VAT_API struct vat_ptr_b vat_call_params(struct vat_call *call);

/* Runs once from vat_run(): err set, or results (valid until the call is freed). The call is not
 * freed by it. */
typedef void (*vat_done)(void *user, const struct vat_error *err, struct vat_ptr_r results);

/* Sends. done may be NULL. After this, only pipelining, detach and free are allowed. A failure is
 * reported through done too, never lost. A NULL call is accepted here, in _params and in
 * _pipeline: nothing happens, done is not called. Only vat_call_free cancels; dropping the
 * capability called does not. */
VAT_API void vat_call_send(struct vat_call *call, vat_done done, void *user);
/* Sends, for the sake of the capabilities in the results alone: no answer is awaited, none is sent
 * by a peer that understands onlyPromisePipeline (rpc.capnp), and the results need not even come.
 * Get the capabilities with vat_call_pipeline(), before or after this; then free the call: it is
 * canceled when they, and the calls made on them, are gone too. Such a capability stays what was
 * promised: of a call to a peer it is never settled. If the call fails, so do calls on it. With
 * capabilities in the parameters, and with a peer seen to send answers all the same, the call is
 * sent like others, and its answer is used. NULL is accepted. */
VAT_API void vat_call_send_for_pipeline(struct vat_call *call);
/* Until the call is answered: gives it another callback (NULL: none). For who has waited long
 * enough, but lets the call go on. */
VAT_API void vat_call_notify(struct vat_call *call, vat_done done, void *user);
/* Frees. Before the answer: cancels (Finish); done is not called any more. NULL is accepted. */
VAT_API void vat_call_free(struct vat_call *call);
/* Detaches: the call goes on, done is called, and the call frees itself after it (one sent for its
 * pipeline alone: now). */
VAT_API void vat_call_detach(struct vat_call *call);

/* Capability at the end of a path of pointer indexes into the results (64 at most), usable before
 * the answer. If calls were made on it before the answer, it and the same capability in the results
 * count as a promise until those calls have come round, so that later calls do not overtake them.
 * Returns a new reference; stays valid after the call is freed. A broken capability if memory is
 * out, or if 64 other paths are in use already. n = 0: the result itself is a capability
 * (Bootstrap). */
VAT_API struct vat_cap *vat_call_pipeline(struct vat_call *call, const uint16_t *path, size_t n);

/* A place in the results of a call, as far as it is known before they arrive: generated code steps
 * from field to field with it, to make the path for vat_call_pipeline(). Passed by value; valid as
 * long as the call. */
enum { VAT_PIPE_DEPTH = 16 };
struct vat_pipe {
	struct vat_call *call;
	uint16_t n; /* VAT_PIPE_TOO_DEEP: more than VAT_PIPE_DEPTH steps */
	uint16_t path[VAT_PIPE_DEPTH];
};
#define VAT_PIPE_TOO_DEEP UINT16_MAX

static inline struct vat_pipe vat_pipe_results(struct vat_call *call)
{
	struct vat_pipe p = {call, 0, {0}};
	return p;
}

/* The struct that pointer number `index` of the struct at p leads to. */
static inline struct vat_pipe vat_pipe_at(struct vat_pipe p, uint16_t index)
{
	if (p.n < VAT_PIPE_DEPTH)
		p.path[p.n++] = index;
	else
		p.n = VAT_PIPE_TOO_DEEP;
	return p;
}

/* The capability there: a new reference, as vat_call_pipeline() gives; broken if p is too deep. */
static inline struct vat_cap *vat_pipe_cap(struct vat_pipe p, uint16_t index)
{
	p = vat_pipe_at(p, index);
	return vat_call_pipeline(p.call, p.path, p.n);
}

/* ---- handling ------------------------------------------------------------------------------ */
/*
 * A handler answers its ctx exactly once: vat_ctx_return, _fail or _tail_call; now, or later having
 * kept the pointer.  Parameters are valid until then.  The object is kept alive until then.
 */
VAT_API struct vat_ptr_r vat_ctx_params(struct vat_ctx *ctx);
/* The place for results (allocated at first use). Without memory for it, or for what is built in
 * it, building does nothing and vat_ctx_return() fails the call with `overloaded`. */
VAT_API struct vat_ptr_b vat_ctx_results(struct vat_ctx *ctx);
VAT_API void vat_ctx_return(struct vat_ctx *ctx);
/* The text goes to the caller, cut after 1000 bytes. */
VAT_API void vat_ctx_fail(struct vat_ctx *ctx, enum vat_error_kind kind, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* Answers with whatever the call (not yet sent) answers; takes the call (NULL, which a request is
 * when there was no memory for it: fails with `overloaded`). If the call goes back to the peer that
 * ctx came from, neither it nor what is pipelined on it is relayed: the peer is told to take the
 * results itself. Parts of the results asked for before (vat_call_pipeline) prevent that. */
VAT_API void vat_ctx_tail_call(struct vat_ctx *ctx, struct vat_call *takes);
/* The same call on another capability: parameters are copied or handed over. For relays. Goes back
 * to where it came from like a tail call. */
VAT_API void vat_ctx_forward(struct vat_ctx *ctx, struct vat_cap *to);
/* fn runs from vat_run() if the caller loses interest before the answer; the ctx must still be
 * answered (any answer will do). Without it, calls run to completion. */
VAT_API void vat_ctx_on_cancel(struct vat_ctx *ctx, void (*fn)(void *user), void *user);
VAT_API bool vat_ctx_canceled(const struct vat_ctx *ctx);
VAT_API struct vat *vat_ctx_vat(struct vat_ctx *ctx);
/* fn runs once from vat_run() when the call has been answered, wherever it was passed on to: err
 * tells how it failed, NULL that it did not. For relays. The object is kept alive until then. While
 * this is wanted, a call that goes back to its caller is relayed rather than redirected. Not called
 * if the vat is freed before. 0 or -ENOMEM. */
VAT_API int vat_ctx_on_answer(
	struct vat_ctx *ctx, void (*fn)(void *user, const struct vat_error *err), void *user);
/* The connection the call came over, NULL for a local call, for one that came through a membrane
 * here, and after that connection ended. Borrowed. */
VAT_API struct vat_conn *vat_ctx_conn(struct vat_ctx *ctx);

/* ---- membranes ----------------------------------------------------------------------------- */
/*
 * A membrane surrounds a capability and everything obtained through it.  Capabilities that come
 * out (results of calls going in, parameters of calls going out) are wrapped; capabilities that go
 * in are wrapped the other way round; one that crosses back is unwrapped.  Revoking cuts all of
 * them at once: calls in progress and later ones fail, on_broken watches fire, and every reference
 * the membrane held inside is dropped.  An attached descriptor is passed through.
 */
struct vat_membrane;

struct vat_membrane_policy {
	/* Asked for each call from outside (inward true) or inside. May return a substitute to
	 * receive the call instead (a new reference, outside the membrane), or NULL to let it pass.
	 * May be NULL. Asked while the library is at work, when a call arrives at the membrane (so
	 * that none overtakes another): it may make, drop and call capabilities, and revoke
	 * membranes; it must not run the vat, nor free a connection. */
	struct vat_cap *(*call)(void *user, bool inward, uint64_t interface_id, uint16_t method,
		struct vat_cap *target);
	void *user;
};

/* policy is copied; its user must live as long as the membrane or anything wrapped by it. NULL when
 * memory is out. */
VAT_API struct vat_membrane *vat_membrane_new(
	struct vat *v, const struct vat_membrane_policy *policy);
/* inside as seen from outside; a new reference. The same capability gives the same one again. NULL
 * gives NULL; after revocation, or when memory is out, it is a broken one. */
VAT_API struct vat_cap *vat_membrane_wrap(struct vat_membrane *m, struct vat_cap *inside);
/* Cuts everything with this error. The first time counts. May be called from callbacks and
 * policies.
 */
VAT_API void vat_membrane_revoke(
	struct vat_membrane *m, enum vat_error_kind kind, const char *text);
/* Drops the handle; wrapped capabilities live on, but can be revoked no more. NULL is accepted. */
VAT_API void vat_membrane_free(struct vat_membrane *m);

#ifdef __cplusplus
}
#endif
