/* SPDX-License-Identifier: MIT */
/*
 * A hostile server against the client: the input is what the server sends, to a client that has a
 * request of every kind in flight, some of them flushed.  The first byte chooses whether the input
 * begins with the version exchange or after it; the frames' tags then hit requests easily, being
 * small numbers.  Checked: every callback comes exactly once and what it is given can be read.
 */
#include "wire/9p/client-io.h"

#include <stdio.h>

enum { MAX_CALLS = 128 };

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
	if (m->type == P9_Rread || m->type == P9_Rreaddir)
		touch(m->rread.data.p, m->rread.data.len);
	if (m->type == P9_Rreadlink)
		touch(m->rreadlink.target.s, m->rreadlink.target.len);
	if (m->type == P9_Rreaddir) {
		struct p9_dirent d;
		const uint8_t *p = m->rreaddir.data.p;
		size_t left = m->rreaddir.data.len;
		for (int n; (n = p9_dirent_decode(p, left, &d)) > 0; p += n, left -= (size_t)n)
			touch(d.name.s, d.name.len);
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
	static const uint8_t version[] = {21, 0, 0, 0, P9_Rversion, 0xff, 0xff, 0, 0x20, 0, 0, 8, 0,
		'9', 'P', '2', '0', '0', '0', '.', 'L'};
	memset(calls, 0, sizeof(calls));
	n_asked = 0;
	if (size == 0)
		return 0;

	struct p9_client *c;
	struct p9_client_config config = {.msize = 8192, .max_requests = 256, .max_fids = 64};
	if (p9_client_new(&config, &c) < 0)
		return 0;
	bool started = data[0] & 1;
	if (p9_client_start(c, on_reply, &calls[n_asked++]) >= 0 && started) {
		int r = give(c, version, sizeof(version));
		assert(r == 0);
		ask_everything(c);
	}
	give(c, data + 1, size - 1);
	p9_client_free(c);
	for (unsigned i = 0; i < n_asked; i++)
		assert(calls[i] == 1);
	return 0;
}
