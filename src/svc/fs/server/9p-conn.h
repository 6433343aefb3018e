/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * One 9P connection being served: what its modules share.
 *
 *	9p-start.c   makes it and its threads, and ends them
 *	9p-worker.c  what the threads do
 */
#include "svc/fs/server/9p-pieces.h"
#include "svc/fs/server/9p-report.h"
#include "svc/fs/server/9p-server.h"

enum {
	N_THREADS = 16,
	READ_AHEAD = 64 * 1024, /* received at a time, unless it is known that a frame is longer */
	IN_SIZE = P9_MAX_MSIZE + READ_AHEAD,
	BATCH = 144 * 1024, /* replies collected before they are sent */
	COPY_MOST = 64 * 1024, /* of a read; of more the pages go themselves */
	OUT_KEPT = 32 * 1024, /* of the buffer for replies, by a thread that waits */
	OUT_SIZE = P9_MAX_MSIZE + 2 * BATCH, /* a batch, the largest reply, and parked flushes */
	PIECE_MS = 20, /* how long a piece of a long write holds up all others */
	PIECE_MS_MOST = 1000, /* the same while somebody has a large buffer already */
};

struct thread;

struct conn {
	int sock;
	struct p9_tree *tree;
	struct p9_server *server;
	struct p9_session *session;
	struct p9_report report;
	struct p9_control_stats moved; /* under `core`: bytes and requests */
	struct p9_turns turns; /* at reading the connection */
	pthread_mutex_t writing, core;
	atomic_bool closed;
	struct p9_pipes pipes;
	atomic_int n_large; /* threads whose buffers are large */
	struct thread *threads; /* the first N_THREADS take turns; the last waits for events */
	atomic_uint n_started; /* of those that take turns, this one included */
	pthread_attr_t attr;
	struct thread *reader; /* with the turn: who received last, and may have bytes left */
};

struct thread {
	pthread_t id;
	struct conn *conn;
	struct p9_turn turn;
	struct p9_job job;
	size_t in_at, in_len; /* bytes come but not used up yet */
	size_t out_sent, out_len; /* with the turn, or under `writing` */
	struct p9_pieces rest; /* of the frame, if it has not come yet */
	size_t pipe_at; /* where among them comes what job.pipe holds; 0: it holds nothing */
	uint8_t *in; /* IN_SIZE */
	uint8_t *out; /* OUT_SIZE */
	bool large; /* more of them was used than a small request needs */
};

/* Ends everybody's waiting in receive and send. */
void p9_conn_hang_up(struct conn *c);
/* Clunked fids are released without a lock held: the last close of a file can take its time. */
void p9_conn_reap(struct conn *c);
/* p9_server_config.send */
void p9_conn_send(void *ctx, struct p9_request *q, const struct p9_msg *m);
/* p9_turns.relieved */
void p9_conn_relieved(struct p9_turn *turn);
/* p9_report.fill */
void p9_conn_report(void *ctx, struct p9_control_packet *p);

/* What threads do; arg: struct thread. One that takes turns, and the one that waits for events. */
void *p9_thread_main(void *arg);
void *p9_watch_main(void *arg);
