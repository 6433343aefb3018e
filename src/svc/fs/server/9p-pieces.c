/* SPDX-License-Identifier: MIT */
/*
 * Theory of operation: pieces end where pages of the file end, so that none is written in two
 * parts. All pieces lie at the same place, right behind the frame's head.  While one is being
 * written, `end` and `missing` belong to who relieves; p9_turn_release() gives them back.
 */
#include "svc/fs/server/9p-pieces.h"

#include <fcntl.h>
#include <sys/socket.h>

enum { PAGE = 4096 };

bool p9_pieces_allowed(const struct p9_job *j)
{
	const struct p9_file *f = p9_job_file(j);
	if (f->state != P9_FILE || j->q.t.twrite.offset > INT64_MAX)
		return false;
	int flags = fcntl(f->fd, F_GETFL);
	return flags >= 0 && !(flags & (O_APPEND | O_DIRECT | O_DSYNC | O_SYNC));
}

static int receive_all(int sock, uint8_t *to, size_t n)
{
	while (n) {
		ssize_t got = recv(sock, to, n, MSG_WAITALL);
		if (got > 0) {
			to += got;
			n -= (size_t)got;
		} else if (!got || errno != EINTR) {
			return -ECONNRESET;
		}
	}
	return 0;
}

static int receive_some(struct p9_pieces *p, size_t n)
{
	assert(n <= p->missing);
	int r = receive_all(p->sock, p->in + p->end, n);
	if (r)
		return r;
	p->end += n;
	p->missing -= n;
	return 0;
}

int p9_pieces_receive(struct p9_pieces *p)
{
	return receive_some(p, p->missing);
}

int p9_pieces_discard(struct p9_pieces *p)
{
	int r = 0;
	while (p->missing && !r) {
		p->end = 0;
		r = receive_some(p, MIN(p->missing, (size_t)P9_PIECE));
	}
	return r;
}

/* How long the next piece is: all that is there, and a whole one if there is so much. */
static size_t piece_size(uint64_t offset, size_t have, size_t left)
{
	uint64_t least = MAX(have, (size_t)P9_PIECE - PAGE);
	uint64_t end = (offset + least + PAGE - 1) & ~(uint64_t)(PAGE - 1);
	return (size_t)MIN(end - offset, (uint64_t)left);
}

/* One piece: how much of it was written, or negative errno. */
static ssize_t write_piece(struct p9_job *j, uint64_t offset, const uint8_t *data, size_t n)
{
	j->q.t.twrite.offset = offset;
	j->q.t.twrite.data = (struct p9_data){data, (uint32_t)n};
	int r = p9_tree_run(j);
	return r ? r : (ssize_t)j->q.r.rwrite.count;
}

int p9_pieces_write(struct p9_pieces *p, struct p9_job *j, struct p9_turns *ts, struct p9_turn *t,
	unsigned patience, bool *ret_held)
{
	const uint64_t offset = j->q.t.twrite.offset;
	const size_t total = j->q.t.twrite.data.len;
	const uint8_t *data = p->in + P9_WRITE_HEADER;
	size_t done = 0;
	ssize_t n = 0;
	*ret_held = true;
	assert(j->q.t.twrite.data.p == data && total + P9_WRITE_HEADER == p->end + p->missing);
	j->may_block = true;
	while (done < total) {
		size_t wanted = total - done;
		if (p->missing) {
			size_t have = p->end - P9_WRITE_HEADER;
			wanted = piece_size(offset + done, have, wanted);
			if (receive_some(p, wanted - have) < 0)
				return -ECONNRESET;
		}
		const uint8_t *rest = p->in + p->end;
		bool hold = *ret_held && p9_turn_hold_anyway(ts, t, patience);
		n = write_piece(j, offset + done, data, wanted);
		if (hold)
			*ret_held = p9_turn_release(ts, t);
		done += n > 0 ? (size_t)n : 0;
		if (n < (ssize_t)wanted || (!*ret_held && p->missing))
			break;
		if (*ret_held)
			p->end = P9_WRITE_HEADER;
		else
			data = rest; /* which has come meanwhile */
	}
	if (*ret_held && p->missing && p9_pieces_discard(p) < 0)
		return -ECONNRESET;
	j->q.r.rwrite.count = (uint32_t)done;
	return done ? 0 : (int)n;
}
