/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * For the tests of the protocol core: a backend that does nothing; what is asked, what is sent, in
 * which order.
 */
#include "base/test.h"
#include "wire/9p/server.h"

#define UNUSED __attribute__((unused))

struct sent {
	uint8_t type;
	uint16_t tag;
	uint32_t ecode;
	uint32_t len; /* of its payload */
};

static struct {
	struct p9_server *s;
	struct sent sent[64];
	size_t n_sent;
	uint8_t frame[65536];
	struct p9_request q[8];
} w;

UNUSED static void on_send(void *ctx, struct p9_request *q, const struct p9_msg *m)
{
	CHECK(ctx == &w && q);
	CHECK(w.n_sent < ARRAY_SIZE(w.sent));
	const struct p9_data *d = p9_payload(m);
	w.sent[w.n_sent++] = (struct sent){
		m->type, m->tag, m->type == P9_Rlerror ? m->rlerror.ecode : 0, d ? d->len : 0};
}

UNUSED static void start(struct p9_server_config config)
{
	memset(&w, 0, sizeof(w));
	config.send = on_send;
	config.ctx = &w;
	w.s = p9_server_new(&config);
	CHECK(w.s);
}

UNUSED static void reap(void)
{
	for (void *data; (data = p9_server_pop_dead(w.s));)
		free(data);
}

UNUSED static void stop(void)
{
	p9_server_reset(w.s);
	reap();
	p9_server_free(w.s);
}

/* Each request keeps its own number of frame bytes alive: strings are constants here. */
UNUSED static int begin(size_t i, struct p9_msg m)
{
	int n = p9_encode(&m, w.frame, sizeof(w.frame));
	CHECK(n > 0);
	return p9_server_begin(w.s, w.frame, (size_t)n, &w.q[i]);
}

UNUSED static void end(size_t i, int result)
{
	if (!result && w.q[i].newfid && !w.q[i].newfid->data)
		w.q[i].newfid->data = malloc(1);
	p9_server_end(w.s, &w.q[i], result);
	reap();
}

/* Answers with what was sent last. */
UNUSED static struct sent last(void)
{
	CHECK(w.n_sent > 0);
	return w.sent[w.n_sent - 1];
}

UNUSED static int call(struct p9_msg m)
{
	int r = begin(7, m);
	if (r == P9_RUN)
		end(7, 0);
	else
		CHECK_INT(r, 0);
	CHECK_INT(last().tag, m.tag);
	return (int)last().ecode;
}

#define MSG(t, tg, ...) ((struct p9_msg){.type = (t), .tag = (tg), __VA_ARGS__})

UNUSED static int version(uint32_t msize, const char *v)
{
	return call(MSG(P9_Tversion, P9_NOTAG, .tversion = {msize, p9_str(v)}));
}

UNUSED static int attach(uint32_t fid)
{
	return call(MSG(P9_Tattach, 1,
		.tattach = {
			.fid = fid, .afid = P9_NOFID, .uname = p9_str("u"), .aname = p9_str("")}));
}

UNUSED static int walk(uint32_t fid, uint32_t newfid)
{
	return call(MSG(P9_Twalk, 1, .twalk = {fid, newfid, 0, {}}));
}

UNUSED static void start_session(struct p9_server_config config)
{
	start(config);
	CHECK_INT(version(65536, P9_VERSION), 0);
	CHECK_INT(attach(0), 0);
}

UNUSED static void start_metac(struct p9_server_config config)
{
	start(config);
	CHECK_INT(version(65536, P9_VERSION_METAC), 0);
	CHECK(p9_server_is_metac(w.s));
	CHECK_INT(attach(0), 0);
}

UNUSED static const struct p9_server_config defaults;
