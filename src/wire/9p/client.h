/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The client's half of a 9P2000.L or 9P2000.L.metac connection, without I/O.
 *
 * The owner moves bytes (input_buffer/input, output/output_done) and makes requests; each request
 * gets its callback called exactly once: with the reply, with the server's errno, with -EINTR when
 * it was flushed in time, or, when the connection is over, with the error given to p9_client_fail()
 * (-ENOTCONN after bad bytes).  Replies come in any order.  Callbacks may make and flush requests,
 * but neither free the client nor feed, fail or reset it.
 *
 *	new --start()--> version asked --Rversion--> ready --fail(), bad bytes--> failed
 *	 ^                                                                          |
 *	 `------------------------------------ reset() -----------------------------'
 *
 * -ENOTCONN always means that there is no connection (any more, or yet), so that whoever may get
 * another can do the request again: a server that says ENOTCONN is heard as saying EIO.
 *
 * What the server sends is not trusted: a reply to nothing, of another type than asked for, or
 * with more data or qids than asked for ends the connection (-EPROTO).
 */
#include "wire/9p/9p-codec.h"

struct p9_client;

enum {
	P9_CLIENT_MAX_REQUESTS = 8192, /* upper bounds of what the configuration may ask for: */
	P9_CLIENT_MAX_FIDS = 32768, /* 2 * requests + fids stays below the number of tags */
};

struct p9_client_config { /* 0 = default */
	uint32_t msize; /* offered; P9_MAX_MSIZE */
	uint32_t max_requests; /* in flight; 1024 */
	uint32_t max_fids; /* 16384 */
	size_t max_output; /* bytes encoded but not taken yet; 16 MiB */
	bool plain; /* do not offer 9P2000.L.metac */
};

/* error 0: reply is the R message that belongs to the request, borrowed until the return.
 * Otherwise error is a negative errno and reply is NULL. */
typedef void (*p9_reply_fn)(void *user, int error, const struct p9_msg *reply);

int p9_client_new(const struct p9_client_config *config, struct p9_client **ret);
/* Requests in flight are answered with -ENOTCONN first. NULL is fine. */
void p9_client_free(struct p9_client *c);
DEFINE_AUTO(struct p9_client *, p9_client_free);

/* Sends Tversion, and once more if the server does not know 9P2000.L.metac. The callback comes when
 * the client is ready; its error is -EPROTONOSUPPORT if the server does not speak 9P2000.L either.
 * -EALREADY: not in the state new. */
int p9_client_start(struct p9_client *c, p9_reply_fn fn, void *user);

/*
 * Sends m (its tag is set here; strings and data are copied).  Returns the tag, good for
 * p9_client_flush() until the callback, or negative errno, and then fn is not called: the error of
 * p9_client_fail() after that, -ENOTCONN no version agreed on yet, -EAGAIN a limit is reached,
 * -EMSGSIZE it or the answer asked for does not fit into msize, -EOPNOTSUPP it is of
 * 9P2000.L.metac (what is inside Tonce, m->once, is) and the server is not.
 */
int p9_client_request(struct p9_client *c, const struct p9_msg *m, p9_reply_fn fn, void *user);

/* Asks the server to forget the request; its callback comes later, with -EINTR or, when the answer
 * was quicker, with that. Harmless when repeated. */
int p9_client_flush(struct p9_client *c, uint16_t tag);

/* Fid numbers. A fid from _new that the server has never accepted goes back with _drop; one that
 * it has with _clunk (which sends Tclunk and drops the number when that is answered); one that
 * Tremove consumed with _drop. */
int p9_client_fid_new(struct p9_client *c, uint32_t *ret);
void p9_client_fid_drop(struct p9_client *c, uint32_t fid);
void p9_client_clunk(struct p9_client *c, uint32_t fid);

/* Where to put bytes from the server (never empty while the client lives). */
void p9_client_input_buffer(struct p9_client *c, void **ret_p, size_t *ret_n);
/* n bytes were put there: handles all whole messages. 0, or -EPROTO/-EBADMSG/-EMSGSIZE: the
 * connection is over (all requests failed). */
int p9_client_input(struct p9_client *c, size_t n);

/* What is to be sent now; *ret_n is 0 when there is nothing. */
void p9_client_output(struct p9_client *c, const void **ret_p, size_t *ret_n);
void p9_client_output_done(struct p9_client *c, size_t n);
/* True when all of it (there is something) are fids going back, for which nobody waits: it may go
 * with what comes next, some milliseconds later. Not if p9_client_hurry() was called since. */
bool p9_client_output_can_wait(const struct p9_client *c);
void p9_client_hurry(struct p9_client *c);

/* The connection is over: every request, pending or later, answers `error` (-ENOTCONN: there may be
 * another connection; -EIO or whatever: there will be none). Called again, only the error of later
 * requests changes. */
void p9_client_fail(struct p9_client *c, int error);

/* Fails (-ENOTCONN), and is as new: for another connection, to be begun with p9_client_start(). Fid
 * numbers stay with those who hold them, though the new server knows none of them: they may be
 * dropped, clunked (it will say that there is no such fid), or used for new fids. */
void p9_client_reset(struct p9_client *c);

bool p9_client_failed(const struct p9_client *c);
bool p9_client_ready(const struct p9_client *c);
/* True when 9P2000.L.metac was agreed on. */
bool p9_client_is_metac(const struct p9_client *c);
/* True when the owner should take in no new work before some replies have come. */
bool p9_client_congested(const struct p9_client *c);
uint32_t p9_client_msize(const struct p9_client *c); /* agreed on; 0 before */
/* Most payload of one Tread, Twrite, Treaddir; and of anything else but Topenat. */
uint32_t p9_client_payload_max(const struct p9_client *c);
/* Most `count` of Topenat. */
uint32_t p9_client_openat_max(const struct p9_client *c);
uint32_t p9_client_in_flight(const struct p9_client *c);
uint32_t p9_client_fids(const struct p9_client *c);
