/* SPDX-License-Identifier: MIT */
/*
 * Theory of operation: a p9_io has a piece per message.  All are sent at once; when the last answer
 * is in, the pieces are looked at in order and the first that is short or failed ends the result.
 * A read of one piece hands the bytes on from where they lie in the client's input buffer; of
 * several, they are put together in a buffer of the request's own.
 *
 * A server may answer a read with less than was asked for without that being the end of the
 * file, so a short result is followed by another read at the place where it stopped, unless that is
 * where the file is known to end.
 */
#include "wire/9p/client-io.h"

enum { PAGE = 4096 };

struct piece {
	struct p9_io *io;
	size_t at, want, got;
	int error;
	uint16_t tag;
	bool sent, done;
};

struct p9_io {
	struct p9_client *client;
	struct p9_io_where where;
	p9_io_fn fn;
	void *user;
	uint8_t *buf; /* reads of more than one message */
	size_t size, got;
	unsigned n_pieces, n_open;
	bool writing, flushed;
	struct piece follow_up;
	struct piece pieces[];
};

static void io_finish(struct p9_io *io, int error, const void *data, size_t n)
{
	/* Bytes that were written count; a read that failed half-way must not look like the end of
	 * the file. */
	if (error && (n == 0 || !io->writing))
		io->fn(io->user, error, NULL, 0);
	else
		io->fn(io->user, 0, data, n);
	free(io->buf);
	free(io);
}

static int buffer_ready(struct p9_io *io)
{
	if (!io->buf)
		io->buf = malloc(io->size);
	return io->buf ? 0 : -ENOMEM;
}

static void follow_up_reply(void *user, int error, const struct p9_msg *reply);

/* Reads on at io->got. Returns false if there is nothing more to read or it cannot be done. */
static bool follow_up(struct p9_io *io)
{
	uint64_t at = io->where.offset + io->got;
	if (io->writing || io->flushed || io->got == io->size || at == io->where.size_hint)
		return false;
	struct piece *p = &io->follow_up;
	*p = (struct piece){.io = io, .at = io->got, .want = io->size - io->got};
	uint32_t most = p9_client_payload_max(io->client);
	if (io->where.iounit)
		most = MIN(most, io->where.iounit);
	struct p9_msg m = {.type = P9_Tread,
		.tread = {.fid = io->where.fid,
			.offset = at,
			.count = (uint32_t)MIN(p->want, (size_t)most)}};
	int r = p9_client_request(io->client, &m, follow_up_reply, p);
	if (r < 0)
		return false;
	p->tag = (uint16_t)r;
	p->sent = true;
	return true;
}

static void follow_up_reply(void *user, int error, const struct p9_msg *reply)
{
	struct piece *p = user;
	struct p9_io *io = p->io;
	p->sent = false;
	if (error || reply->rread.data.len == 0) {
		io_finish(io, error, io->buf, io->got);
		return;
	}
	memcpy(io->buf + io->got, reply->rread.data.p, reply->rread.data.len);
	io->got += reply->rread.data.len;
	if (!follow_up(io))
		io_finish(io, 0, io->buf, io->got);
}

/* All pieces are answered: how much is there without a gap, and what stopped it. */
static void io_complete(struct p9_io *io)
{
	int error = 0;
	io->got = 0;
	for (unsigned i = 0; i < io->n_pieces; i++) {
		const struct piece *p = &io->pieces[i];
		io->got += p->got;
		error = p->error;
		if (p->got < p->want)
			break;
	}
	/* A read of nothing is the end of the file, not something to read on from. */
	if (!error && io->got > 0 && io->got < io->size && follow_up(io))
		return;
	io_finish(io, error, io->buf, io->got);
}

static void write_reply(void *user, int error, const struct p9_msg *reply)
{
	struct piece *p = user;
	p->done = true;
	p->error = error;
	p->got = error ? 0 : reply->rwrite.count;
	if (--p->io->n_open == 0)
		io_complete(p->io);
}

static void read_reply(void *user, int error, const struct p9_msg *reply)
{
	struct piece *p = user;
	struct p9_io *io = p->io;
	p->done = true;
	p->error = error;
	if (!error) {
		const struct p9_data *d = &reply->rread.data;
		bool whole = d->len == p->want || d->len == 0 ||
			     io->where.offset + d->len == io->where.size_hint || io->flushed;
		if (io->n_pieces == 1 && whole) {
			io_finish(io, 0, d->p, d->len);
			return;
		}
		p->error = buffer_ready(io);
		if (!p->error) {
			memcpy(io->buf + p->at, d->p, d->len);
			p->got = d->len;
		}
	}
	if (--io->n_open == 0)
		io_complete(io);
}

/* How large the pieces are: as few as possible, of about the same size, cut at page boundaries. */
static size_t piece_size(const struct p9_client *c, const struct p9_io_where *w, size_t size)
{
	size_t most = p9_client_payload_max(c);
	if (w->iounit)
		most = MIN(most, (size_t)w->iounit);
	if (size <= most || most == 0)
		return MAX(size, (size_t)1);
	size_t n = (size + most - 1) / most;
	size_t even = ((size + n - 1) / n + PAGE - 1) / PAGE * PAGE;
	if (even <= most)
		return even;
	return most > PAGE ? most / PAGE * PAGE : most;
}

static int send_pieces(struct p9_io *io, const uint8_t *data)
{
	int r = 0;
	for (unsigned i = 0; i < io->n_pieces && r >= 0; i++) {
		struct piece *p = &io->pieces[i];
		struct p9_msg m = {.type = io->writing ? P9_Twrite : P9_Tread};
		uint64_t offset = io->where.offset + p->at;
		if (io->writing) {
			m.twrite.fid = io->where.fid;
			m.twrite.offset = offset;
			m.twrite.data = (struct p9_data){data + p->at, (uint32_t)p->want};
		} else {
			m.tread.fid = io->where.fid;
			m.tread.offset = offset;
			m.tread.count = (uint32_t)p->want;
		}
		r = p9_client_request(io->client, &m, io->writing ? write_reply : read_reply, p);
		if (r >= 0) {
			p->tag = (uint16_t)r;
			p->sent = true;
			io->n_open++;
		} else {
			p->error = r;
		}
	}
	return io->n_open > 0 ? 0 : r;
}

static int io_start(struct p9_client *c, const struct p9_io_where *w, const void *data, size_t size,
	bool writing, p9_io_fn fn, void *user, struct p9_io **ret)
{
	if (size > P9_IO_MAX_SIZE)
		return -EMSGSIZE;
	size_t each = piece_size(c, w, size);
	size_t n = size ? (size + each - 1) / each : 1;
	if (n > P9_IO_MAX_PIECES)
		return -EMSGSIZE;
	struct p9_io *io = calloc(1, sizeof(*io) + n * sizeof(*io->pieces));
	if (!io)
		return -ENOMEM;
	io->client = c;
	io->where = *w;
	io->fn = fn;
	io->user = user;
	io->size = size;
	io->writing = writing;
	io->n_pieces = (unsigned)n;
	for (size_t i = 0; i < n; i++)
		io->pieces[i] = (struct piece){
			.io = io, .at = i * each, .want = MIN(each, size - i * each)};
	int r = send_pieces(io, data);
	if (r < 0) {
		free(io);
		return r;
	}
	*ret = io;
	return 0;
}

int p9_io_read(struct p9_client *c, const struct p9_io_where *w, size_t size, p9_io_fn fn,
	void *user, struct p9_io **ret)
{
	return io_start(c, w, NULL, size, false, fn, user, ret);
}

int p9_io_write(struct p9_client *c, const struct p9_io_where *w, const void *data, size_t size,
	p9_io_fn fn, void *user, struct p9_io **ret)
{
	return io_start(c, w, data, size, true, fn, user, ret);
}

void p9_io_flush(struct p9_io *io)
{
	io->flushed = true;
	for (unsigned i = 0; i < io->n_pieces; i++)
		if (io->pieces[i].sent && !io->pieces[i].done)
			p9_client_flush(io->client, io->pieces[i].tag);
	if (io->follow_up.sent)
		p9_client_flush(io->client, io->follow_up.tag);
}
