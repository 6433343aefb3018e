/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Long writes, done in pieces as they come, so that they take little memory.
 *
 * Who has the turn at reading the connection has received the beginning of a long frame, and its
 * rest comes next.  If a piece takes long to write, the thread is relieved (9p-turns.h): before
 * somebody else reads the connection, the relieving thread receives the rest of the frame to behind
 * what is there, which does take memory.
 */
#include "svc/fs/server/9p-tree.h"
#include "svc/fs/server/9p-turns.h"

enum {
	P9_PIECE = 128 << 10, /* written at a time */
	P9_PIECES_LEAST = P9_PIECE, /* longer frames come in pieces */
};

struct p9_pieces {
	int sock; /* borrowed */
	uint8_t *in; /* where the frame begins; room for all of it */
	size_t end; /* up to here it has come */
	size_t missing; /* what has not; 0: it is there */
};

/* Whether a frame of which the first bytes have come can be done so. */
static inline bool p9_pieces_fit(const uint8_t *frame, size_t have, size_t size)
{
	return size > P9_PIECES_LEAST && have > P9_WRITE_HEADER && frame[4] == P9_Twrite;
}

/* Whether the file may be written so: not if it has to be one write, or each waits for the disk. */
bool p9_pieces_allowed(const struct p9_job *j);

/* Receives what is missing, to where it belongs; also called by the relieving thread. 0 or
 * -ECONNRESET. */
int p9_pieces_receive(struct p9_pieces *p);
/* Receives what is missing, for nothing. 0 or -ECONNRESET. */
int p9_pieces_discard(struct p9_pieces *p);

/* Does the Twrite, as p9_tree_run() does. The caller has the turn; *ret_held: it still has it.
 * patience: milliseconds. Where
 * p->missing is not 0 then the connection has ended. */
int p9_pieces_write(struct p9_pieces *p, struct p9_job *j, struct p9_turns *ts, struct p9_turn *t,
	unsigned patience, bool *ret_held);
