/* SPDX-License-Identifier: MIT */
/*
 * The protocol core with frames from the input and a backend whose results come from it too.
 *
 * The input is a sequence of length[2] frame; length 0x8000 | n ends the n-th running request with
 * the result in the next byte (0 or an error; 0x8008: events are told instead).  Whatever is asked,
 * replies must encode, each request that was let in must be possible to end, and no data may be
 * lost.
 */
#include "wire/9p/server.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { SLOTS = 8 };

struct world {
	struct p9_server *s;
	struct p9_request q[SLOTS], teller;
	uint8_t *frames[SLOTS];
	unsigned n_data;
};

static void on_send(void *ctx, struct p9_request *q, const struct p9_msg *m)
{
	static uint8_t out[P9_MAX_MSIZE];
	assert(q);
	assert(p9_encode(m, out, sizeof(out)) > 0);
	(void)ctx;
}

static void reap(struct world *w)
{
	for (void *p; (p = p9_server_pop_dead(w->s)); w->n_data--)
		free(p);
}

static void end(struct world *w, size_t i, int result)
{
	struct p9_request *q = &w->q[i];
	if (!w->frames[i])
		return;
	q->unmade = q->t.once.slot & 1;
	if (q->newfid && !result && !q->unmade) {
		q->newfid->data = malloc(1);
		w->n_data++;
		if (q->t.type == P9_Twalk)
			q->r.rwalk.nwqid = q->t.twalk.nwname;
	}
	p9_server_end(w->s, q, result);
	free(w->frames[i]);
	w->frames[i] = NULL;
	reap(w);
}

static void tell(struct world *w)
{
	static const uint8_t events[P9_MAX_MSIZE];
	uint32_t room = p9_server_events_room(w->s);
	assert(!room || room >= P9_EVENT_MAX);
	if (room)
		p9_server_events_answer(w->s, &w->teller, events, room);
}

/* False: the connection would be closed. */
static bool begin(struct world *w, const uint8_t *data, size_t len)
{
	size_t i = 0;
	while (i < SLOTS && w->frames[i])
		i++;
	if (i == SLOTS)
		end(w, i = 0, -EIO);
	/* A block of its own and of the exact size: borrowing beyond the request would be seen. */
	uint8_t *frame = malloc(len ? len : 1);
	memcpy(frame, data, len);
	if (len >= 4) {
		frame[0] = (uint8_t)len;
		frame[1] = (uint8_t)(len >> 8);
		frame[2] = frame[3] = 0;
	}
	int r = p9_server_begin(w->s, frame, len, &w->q[i]);
	if (r == P9_RUN)
		w->frames[i] = frame;
	else
		free(frame);
	reap(w);
	return r >= 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct world *w = calloc(1, sizeof(*w));
	struct p9_server_config config = {.send = on_send, .max_fids = 16, .max_flushes = 8};
	config.read_only = size & 1;
	w->s = p9_server_new(&config);
	while (size >= 2) {
		size_t n = data[0] | (size_t)data[1] << 8;
		data += 2;
		size -= 2;
		if (n & 0x8000) {
			if (n & SLOTS) {
				tell(w);
				continue;
			}
			end(w, n % SLOTS, size ? -(int)*data : 0);
			data += size > 0;
			size -= size > 0;
			continue;
		}
		n = MIN(n, size);
		if (!begin(w, data, n))
			break;
		data += n;
		size -= n;
	}
	p9_server_reset(w->s);
	for (size_t i = 0; i < SLOTS; i++)
		end(w, i, i & 1 ? -EIO : 0);
	reap(w);
	assert(!w->n_data && !p9_server_fids(w->s));
	p9_server_free(w->s);
	free(w);
	return 0;
}
