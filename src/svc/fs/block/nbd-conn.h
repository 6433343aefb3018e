/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * One NBD connection being served: what the modules of the worker share.
 *
 *	nbd-worker.c   the thread that reads the connection
 *	nbd-request.c  what it does with a request: right there, or it makes a job of it
 *	nbd-write.c    what it does with payloads
 *	nbd-job.c      what the pool's threads do with a job
 */
#include "svc/fs/block/nbd-control.h"
#include "svc/fs/block/nbd-file.h"
#include "svc/fs/block/nbd-pool.h"
#include "svc/fs/block/nbd-send.h"

enum {
	NBD_IN_SIZE = 256 << 10, /* bytes that are received at once */
	NBD_REPLIES = 320 << 10, /* bytes of replies that are collected before they are sent */
	NBD_SPLICE_LEAST = 64 << 10, /* shorter reads are copied */
	NBD_SPLICE_CHUNK = 512 << 10, /* so much at once, if it may come in pieces */
	NBD_OUT_SIZE = NBD_REPLIES + NBD_SPLICE_LEAST + 512, /* the last reply goes beyond */
	NBD_JOB_CHUNK = 1 << 20, /* what a job reads at once */
	NBD_JOB_BUFFER = NBD_FILE_ALIGN + NBD_JOB_CHUNK, /* a header before it */
	NBD_JOB_PAYLOAD_MAX = 64 << 10, /* of what only might wait */
};

/* A WRITE whose payload is coming, or a payload to be thrown away. */
struct nbd_payload {
	struct nbd_request q;
	uint64_t left; /* bytes of it that have not come */
	uint64_t done; /* bytes of it that have */
	uint32_t reply; /* enum nbd_error: it has failed, the rest is thrown away; or 0 */
	uint8_t *job; /* it is collected here; NULL: written as it comes */
	bool spliced; /* it comes through the pipe */
};

struct nbd_conn {
	struct nbd_file file;
	struct nbd_server *server; /* its size is changed by the reading thread alone */
	struct nbd_send out;
	struct nbd_pool pool;
	struct nbd_pipe pipe;
	uint8_t *in; /* NBD_IN_SIZE; at <= len: what has come and is not used up */
	size_t at, len;
	uint8_t *replies; /* NBD_OUT_SIZE */
	size_t replies_len;
	struct nbd_payload payload; /* left > 0: comes next */
	bool header_first; /* the next request is likely to be a long WRITE */
	bool over; /* said DISC */
	pthread_mutex_t one_whole; /* held while a job reads more than its buffer has room for */
	atomic_bool size_is_stale; /* anybody: the file has another size, it seems */
	atomic_uint_least64_t size, bytes_read, bytes_written, requests, errors;
};

static inline void nbd_count(atomic_uint_least64_t *counter, uint64_t n)
{
	atomic_fetch_add_explicit(counter, n, memory_order_relaxed);
}

/* Sends the replies that have been collected. */
void nbd_conn_flush(struct nbd_conn *c);
/* Sees how long the file is now. */
void nbd_conn_look_at_size(struct nbd_conn *c);
/* Nothing has come for a while: waits on, without the memory that is not needed for that. */
void nbd_conn_rest(struct nbd_conn *c);
/* Receives n bytes, all of them, unless the connection ends: then false. Sends replies before. */
bool nbd_conn_receive(struct nbd_conn *c, void *p, size_t n);

/* Does the request whose header has been read: its reply is collected, or a job has it. */
void nbd_request_run(struct nbd_conn *c, const struct nbd_request *q);
/* The reply that has no data. error: 0 or enum nbd_error. */
void nbd_request_answer(
	struct nbd_conn *c, const struct nbd_request *q, uint32_t error, const char *text);

/* A WRITE: its payload comes next. */
void nbd_write_begin(struct nbd_conn *c, const struct nbd_request *q);
/* A request that has an error and a payload. */
void nbd_write_refuse(struct nbd_conn *c, const struct nbd_request *q);
/* While payload.left: uses up what has come of it, or with payload.spliced receives it. 1; 0: more
 * has to come first; negative errno: the connection is over. */
int nbd_write_payload(struct nbd_conn *c);
/* The payload will not come. */
void nbd_write_abandon(struct nbd_conn *c);

/* The pool's function: ctx is the connection. */
void nbd_job_run(void *ctx, struct nbd_job *j, uint8_t *buffer);
