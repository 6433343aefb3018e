/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Streaming calls (methods declared `-> stream`): many in flight, bounded by a window.
 *
 * Nothing on the wire tells such a call from others.  The caller bounds how much of it is under
 * way: a struct vat_stream counts the bytes of parameters sent and not yet answered.  The callee
 * delivers streaming calls to an object one at a time: while one is being handled, every later call
 * on the object waits, and once one has failed, every later one fails with the same error (the
 * behaviour of the C++ implementation; VAT_METHOD_STREAM in struct vat_method.flags asks for it).
 *
 *	struct vat_stream *s = vat_stream_new(v, file.cap, &(struct vat_stream_config){
 *		.writable = more, .user = self});
 *	while (vat_stream_ready(s) && have_data()) {
 *		struct fs_file_write_req req = fs_file_write(v, file);
 *		fs_file_write_params_set_data(req.params, next());
 *		vat_stream_send(s, req.call);
 *	}
 *	vat_stream_finish(s, all_written, self);
 *
 * A call under way is never cancelled by the stream: freeing the stream, or dropping the
 * capability, stops nothing that was sent.
 */
#include "vat/rpc.h"

#ifdef __cplusplus
extern "C" {
#endif

struct vat_stream;

/* How large the window is, decided by the application. Functions must not call into the vat; all
 * but size may be NULL. */
struct vat_stream_window {
	size_t (*size)(void *user); /* bytes that may be under way now; asked before each send */
	void (*sent)(void *user, size_t bytes);
	/* The answer to such a call has come. full: the window was full since the answer before, so
	 * it may be what limits the rate (else the application does). */
	void (*answered)(void *user, size_t bytes, bool full);
	void (*free)(void *user); /* the stream is freed */
	void *user;
};

enum { VAT_STREAM_WINDOW = 64 * 1024 };

struct vat_stream_config {
	size_t window; /* bytes; 0 = VAT_STREAM_WINDOW */
	/* Above window: it is doubled, up to this, each time that a windowful was answered and it
	 * was full meanwhile. Needs no clock, so it does not shrink. 0 = fixed. */
	size_t max_window;
	const struct vat_stream_window *policy; /* copied; instead of the two above. May be NULL */
	/* Called from vat_run() when the stream takes calls again (or fails them: see
	 * vat_stream_send) after a time when it said -EAGAIN, or would have. May be NULL. May free
	 * the stream. */
	void (*writable)(void *user);
	void *user;
};

/* cap is referenced while the stream lives; cfg may be NULL. NULL when memory is out. */
VAT_API struct vat_stream *vat_stream_new(
	struct vat *v, struct vat_cap *cap, const struct vat_stream_config *cfg);
/* Calls under way go on. NULL is accepted. Callable from every callback. */
VAT_API void vat_stream_free(struct vat_stream *s);
/* What it was made for; borrowed. */
VAT_API struct vat_cap *vat_stream_cap(const struct vat_stream *s);

/*
 * Sends a call made on the stream's capability and not yet sent.
 *
 *   0        sent; the call is taken.
 *   -EAGAIN  the window is full, or vat_stream_finish() waits: the call stays the caller's, who may
 *            send it after `writable`.
 *   -EPIPE   an earlier call failed, vat_stream_failed() tells how; the call is taken and dropped.
 *   -ENOMEM  takes is NULL, which it is when there was no memory to make it.
 *
 * A call is accepted while the bytes under way are at most the largest call so far, or less than
 * that and the window: so even a window smaller than a call lets one follow the other closely.
 */
VAT_API int vat_stream_send(struct vat_stream *s, struct vat_call *takes);
/* vat_stream_send() would not say -EAGAIN now: asked before a call is made in vain. */
VAT_API bool vat_stream_ready(const struct vat_stream *s);
/* A call failed: every later send fails. *ret (may be NULL) borrows until the stream is freed. */
VAT_API bool vat_stream_failed(const struct vat_stream *s, struct vat_error *ret);

/* The barrier: done is called once from vat_run() when everything sent has been answered; err tells
 * the first failure since the stream was made, NULL if there was none. Sends are refused with
 * -EAGAIN until then, and may go on after. -EBUSY if one is waited for already. The stream may be
 * freed before (done is then not called) and by done. */
VAT_API int vat_stream_finish(
	struct vat_stream *s, void (*done)(void *user, const struct vat_error *err), void *user);

struct vat_stream_counts {
	size_t window; /* bytes now allowed */
	size_t in_flight; /* bytes sent and not answered */
	uint32_t calls; /* the same, calls */
};
VAT_API void vat_stream_counts(const struct vat_stream *s, struct vat_stream_counts *ret);

#ifdef __cplusplus
}
#endif
