/* SPDX-License-Identifier: MIT */
/*
 * A hostile server against the client: the input is what the server sends, to a client that has a
 * request of every kind in flight, some of them flushed.  The first byte chooses whether the input
 * begins with the version exchange (bit 0 clear) or after it, and then whether the server has the
 * extensions (bit 1) and whether the connection is the second one (bit 2); the frames' tags then
 * hit requests easily, being small numbers.  Checked: every callback comes exactly once and what it
 * is given can be read.
 */
#include "wire/9p/client-io.h"

#include <stdio.h>

enum { MAX_CALLS = 256 };

static int calls[MAX_CALLS];
static unsigned n_asked;
static volatile uint8_t sink;

static void touch(const void *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		sink ^= ((const uint8_t *)p)[i];
}

static void on_reply(void *user, int error, const struct p9_msg *m)
{
	*(int *)user += 1;
	assert(error <= 0 && error > -512 && (error != 0) == (m == NULL));
	if (!m)
		return;
	const struct p9_data *d = p9_payload(m);
	if (d)
		touch(d->p, d->len);
	if (m->type == P9_Rreadlink)
		touch(m->rreadlink.target.s, m->rreadlink.target.len);
	if (m->type == P9_Rreaddir) {
		struct p9_dirent e;
		const uint8_t *p = d->p;
		size_t left = d->len;
		for (int n; (n = p9_dirent_decode(p, left, &e)) > 0; p += n, left -= (size_t)n)
			touch(e.name.s, e.name.len);
	}
	if (m->type == P9_Rreaddirplus) {
		struct p9_direntplus e;
		const uint8_t *p = d->p;
		size_t left = d->len;
		for (int n; (n = p9_direntplus_decode(p, left, &e)) > 0; p += n, left -= (size_t)n)
			touch(e.name.s, e.name.len);
	}
	if (m->type == P9_Revents) {
		struct p9_event e;
		const uint8_t *p = d->p;
		size_t left = d->len;
		for (int n; (n = p9_event_decode(p, left, &e)) > 0; p += n, left -= (size_t)n)
			touch(e.name.s, e.name.len);
	}
}

static void on_io(void *user, int error, const void *data, size_t n)
{
	*(int *)user += 1;
	assert(error <= 0 && n <= P9_IO_MAX_SIZE);
	if (data)
		touch(data, n);
}

static void ask(struct p9_client *c, struct p9_msg m)
{
	int r = p9_client_request(c, &m, on_reply, &calls[n_asked]);
	if (r == -EOPNOTSUPP && !p9_client_is_metac(c))
		return;
	assert(r >= 0);
	if (n_asked++ % 4 == 3)
		p9_client_flush(c, (uint16_t)r);
}

static void ask_everything(struct p9_client *c)
{
	static const uint8_t types[] = {P9_Tstatfs, P9_Tlopen, P9_Tlcreate, P9_Tsymlink, P9_Tmknod,
		P9_Trename, P9_Treadlink, P9_Tgetattr, P9_Tsetattr, P9_Txattrwalk, P9_Txattrcreate,
		P9_Tfsync, P9_Tlock, P9_Tgetlock, P9_Tlink, P9_Tmkdir, P9_Trenameat, P9_Tunlinkat,
		P9_Tauth, P9_Tattach, P9_Tremove};
	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		ask(c, (struct p9_msg){.type = types[i]});
	for (uint8_t type = P9_Tlookup; type <= P9_Tunlinkatx; type += 2) {
		if (type == P9_Tonce)
			continue;
		struct p9_msg m = {.type = type, .once = {(uint16_t)(type % 64), type % 3}};
		if (type == P9_Treaddirplus)
			m.treaddirplus.count = 1000;
		if (type == P9_Topenat)
			m.topenat.count = 100;
		if (type == P9_Tevents)
			m.tevents.count = 1000;
		if (type == P9_Tlistxattr)
			m.tlistxattr.count = 50;
		ask(c, m);
	}
	for (uint16_t n = 0; n <= 4; n++) {
		struct p9_msg m = {.type = P9_Twalk, .twalk = {.nwname = n}};
		for (uint16_t i = 0; i < n; i++)
			m.twalk.wname[i] = p9_str("a");
		ask(c, m);
		ask(c, (struct p9_msg){.type = P9_Tread, .tread = {.count = n * 10}});
		ask(c, (struct p9_msg){.type = P9_Treaddir, .treaddir = {.count = n * 100}});
		ask(c, (struct p9_msg){.type = P9_Twrite, .twrite = {.data = {"abcd", n}}});
		uint32_t fid;
		if (p9_client_fid_new(c, &fid) == 0)
			p9_client_clunk(c, fid);
	}
	struct p9_io *io;
	static const uint8_t data[6000];
	struct p9_io_where w = {.iounit = 2000, .size_hint = 5000};
	if (p9_io_read(c, &w, 6000, on_io, &calls[n_asked], &io) == 0)
		n_asked++;
	if (p9_io_write(c, &w, data, sizeof(data), on_io, &calls[n_asked], &io) == 0)
		n_asked++;
	if (p9_io_read(c, &w, 20, on_io, &calls[n_asked], &io) == 0)
		n_asked++;
}

static int give(struct p9_client *c, const uint8_t *data, size_t size)
{
	while (size > 0) {
		void *p;
		size_t room;
		p9_client_input_buffer(c, &p, &room);
		size_t n = MIN(room, size);
		memcpy(p, data, n);
		int r = p9_client_input(c, n);
		if (r < 0)
			return r;
		data += n;
		size -= n;
	}
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t plain[] = {21, 0, 0, 0, P9_Rversion, 0xff, 0xff, 0, 0x20, 0, 0, 8, 0,
		'9', 'P', '2', '0', '0', '0', '.', 'L'};
	static const uint8_t metac[] = {27, 0, 0, 0, P9_Rversion, 0xff, 0xff, 0, 0x20, 0, 0, 14, 0,
		'9', 'P', '2', '0', '0', '0', '.', 'L', '.', 'm', 'e', 't', 'a', 'c'};
	memset(calls, 0, sizeof(calls));
	n_asked = 0;
	if (size == 0)
		return 0;

	struct p9_client *c;
	struct p9_client_config config = {.msize = 8192, .max_requests = 256, .max_fids = 64};
	if (p9_client_new(&config, &c) < 0)
		return 0;
	bool started = data[0] & 1, extended = data[0] & 2;
	for (int left = data[0] & 4 ? 2 : 1; left--;) {
		if (p9_client_start(c, on_reply, &calls[n_asked++]) >= 0 && started) {
			int r = give(c, extended ? metac : plain,
				extended ? sizeof(metac) : sizeof(plain));
			assert(r == 0);
			ask_everything(c);
		}
		if (left) {
			p9_client_fail(c, -ENOTCONN);
			p9_client_reset(c);
		}
	}
	give(c, data + 1, size - 1);
	p9_client_free(c);
	for (unsigned i = 0; i < n_asked; i++)
		assert(calls[i] == 1);
	return 0;
}
