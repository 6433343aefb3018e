/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * For tests: what a client says is written into a `struct talk`, said to a server in pieces of any
 * size, and what it answers is taken apart again.
 */
#include "base/test.h"
#include "wire/nbd/nbd-bytes.h"
#include "wire/nbd/nbd-server.h"

struct talk {
	uint8_t bytes[NBD_SERVER_OPTION_MAX + 4096];
	size_t n;
};

static inline void say(struct talk *t, const void *p, size_t n)
{
	CHECK(t->n + n <= sizeof(t->bytes));
	nbd_put(t->bytes + t->n, p, n);
	t->n += n;
}

static inline void say16(struct talk *t, uint16_t v)
{
	uint8_t b[2];
	nbd_put16(b, v);
	say(t, b, sizeof(b));
}

static inline void say32(struct talk *t, uint32_t v)
{
	uint8_t b[4];
	nbd_put32(b, v);
	say(t, b, sizeof(b));
}

static inline void say64(struct talk *t, uint64_t v)
{
	uint8_t b[8];
	nbd_put64(b, v);
	say(t, b, sizeof(b));
}

static inline void say_string(struct talk *t, const char *s)
{
	say32(t, (uint32_t)strlen(s));
	say(t, s, strlen(s));
}

static inline void say_flags(struct talk *t, uint32_t flags)
{
	t->n = 0;
	say32(t, flags);
}

static inline void say_option(struct talk *t, uint32_t option, const void *p, size_t n)
{
	say64(t, NBD_OPT_MAGIC);
	say32(t, option);
	say32(t, (uint32_t)n);
	say(t, p, n);
}

/* INFO or GO, with one request for information (or none: negative). */
static inline void say_go(struct talk *t, uint32_t option, const char *name, int info)
{
	struct talk data = {.n = 0};
	say_string(&data, name);
	say16(&data, info >= 0);
	if (info >= 0)
		say16(&data, (uint16_t)info);
	say_option(t, option, data.bytes, data.n);
}

/* LIST_ or SET_META_CONTEXT, with one query or none (NULL). */
static inline void say_context(struct talk *t, uint32_t option, const char *name, const char *query)
{
	struct talk data = {.n = 0};
	say_string(&data, name);
	say32(&data, query != NULL);
	if (query)
		say_string(&data, query);
	say_option(t, option, data.bytes, data.n);
}

enum { ALL_AT_ONCE = 1 << 30 };

/* What has become of it. */
struct answer {
	enum nbd_server_state state;
	bool structured, extended, status;
	size_t used; /* of the talk */
	uint8_t out[64 << 10];
	size_t n;
	size_t at; /* how far it has been read */
};

static inline void take_output(struct nbd_server *s, struct answer *a, size_t step)
{
	const void *p;
	size_t n;
	for (nbd_server_output(s, &p, &n); n; nbd_server_output(s, &p, &n)) {
		n = MIN(n, step);
		CHECK(a->n + n <= sizeof(a->out));
		memcpy(a->out + a->n, p, n);
		a->n += n;
		nbd_server_output_done(s, n);
	}
}

/* Says t to s in pieces of that many bytes, each in memory of its own, so that reading past it is
 * seen. */
static inline void converse(
	struct nbd_server *s, const struct talk *t, size_t step, struct answer *ret)
{
	memset(ret, 0, sizeof(*ret));
	take_output(s, ret, step);
	while (ret->used < t->n && nbd_server_state(s) == NBD_SERVER_NEGOTIATING) {
		size_t n = MIN(t->n - ret->used, step);
		AUTO_FREE uint8_t *piece = malloc(n);
		memcpy(piece, t->bytes + ret->used, n);
		size_t used = nbd_server_negotiate(s, piece, n);
		CHECK(used <= n);
		ret->used += used;
		const void *p;
		size_t waiting;
		nbd_server_output(s, &p, &waiting);
		CHECK(used || waiting);
		take_output(s, ret, step);
	}
	ret->state = nbd_server_state(s);
	ret->structured = nbd_server_is_structured(s);
	ret->extended = nbd_server_is_extended(s);
	ret->status = nbd_server_has_status(s);
}

/* The same with a new server; the greeting is taken off. */
static inline void answer_to(
	const struct nbd_server_config *config, const struct talk *t, struct answer *ret)
{
	AUTO(nbd_server_free) struct nbd_server *s = NULL;
	CHECK_INT(nbd_server_new(config, &s), 0);
	converse(s, t, ALL_AT_ONCE, ret);
	CHECK(ret->n >= 18);
	ret->at = 18;
}

struct option_reply {
	uint32_t option, type;
	const uint8_t *p;
	uint32_t len;
};

static inline struct option_reply next_reply(struct answer *a)
{
	struct nbd_reader r = {.p = a->out + a->at, .left = a->n - a->at};
	CHECK(nbd_take64(&r) == NBD_OPT_REPLY_MAGIC);
	struct option_reply o = {.option = nbd_take32(&r), .type = nbd_take32(&r)};
	o.len = nbd_take32(&r);
	o.p = nbd_take(&r, o.len);
	CHECK(!r.bad);
	a->at = a->n - r.left;
	return o;
}

/* The next reply is of that type, and has no data but for people. */
static inline void expect_reply(struct answer *a, uint32_t option, uint32_t type)
{
	struct option_reply o = next_reply(a);
	CHECK_INT(o.option, option);
	CHECK_INT(o.type, type);
	CHECK(type & UINT32_C(1) << 31 ? o.len > 0 : !o.len);
}

/* A server in TRANSMISSION. extended counts only if structured. */
static inline struct nbd_server *server_started(
	const struct nbd_server_config *config, bool structured, bool extended)
{
	struct nbd_server *s = NULL;
	CHECK_INT(nbd_server_new(config, &s), 0);
	struct talk t;
	say_flags(&t, NBD_FLAG_FIXED_NEWSTYLE);
	if (structured) {
		say_option(&t, extended ? NBD_OPT_EXTENDED_HEADERS : NBD_OPT_STRUCTURED_REPLY, NULL,
			0);
		say_context(&t, NBD_OPT_SET_META_CONTEXT, "", NBD_BASE_ALLOCATION);
	}
	say_go(&t, NBD_OPT_GO, "", NBD_INFO_BLOCK_SIZE);
	struct answer a;
	converse(s, &t, ALL_AT_ONCE, &a);
	CHECK_INT(a.state, NBD_SERVER_TRANSMISSION);
	return s;
}
