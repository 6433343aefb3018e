/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * For the client's tests: the test plays the server by hand.  take() gives the next message the
 * client wants to send, give() answers one; what the callbacks got is kept in struct answer.
 */
#include "wire/9p/client.h"
#include "base/test.h"

struct answer {
	int calls, error;
	struct p9_msg reply; /* what it borrowed is gone */
	size_t n;
	uint8_t data[64];
};

__attribute__((unused)) static void on_reply(void *user, int error, const struct p9_msg *reply)
{
	struct answer *a = user;
	a->calls++;
	a->error = error;
	if (!error)
		a->reply = *reply;
}

/* The client's next message. data in it points into the client's output, which stays valid
 * until its next request. */
__attribute__((unused)) static bool take(struct p9_client *c, struct p9_msg *ret)
{
	const void *p;
	size_t n;
	p9_client_output(c, &p, &n);
	if (n == 0)
		return false;
	int size = p9_frame_size(p, n, P9_MAX_MSIZE);
	CHECK(size > 0 && (size_t)size <= n);
	CHECK_INT(p9_decode(p, (size_t)size, ret), 0);
	p9_client_output_done(c, (size_t)size);
	return true;
}

__attribute__((unused)) static int give_bytes(struct p9_client *c, const void *data, size_t n)
{
	int r = 0;
	for (size_t done = 0; done < n && r == 0;) {
		void *p;
		size_t room;
		p9_client_input_buffer(c, &p, &room);
		CHECK(room > 0);
		size_t part = MIN(room, n - done);
		memcpy(p, (const uint8_t *)data + done, part);
		r = p9_client_input(c, part);
		done += part;
	}
	return r;
}

__attribute__((unused)) static int give(struct p9_client *c, uint16_t tag, struct p9_msg m)
{
	static uint8_t buf[P9_MAX_MSIZE];
	m.tag = tag;
	int n = p9_encode(&m, buf, sizeof(buf));
	CHECK(n > 0);
	return give_bytes(c, buf, (size_t)n);
}

#define GIVE(c, tag, ...) give(c, (uint16_t)(tag), (struct p9_msg){__VA_ARGS__})

/* A client whose server has answered the offer of 9P2000.L.metac with `version`. */
__attribute__((unused)) static struct p9_client *connected_as(
	const struct p9_client_config *config, uint32_t msize, const char *version)
{
	struct p9_client *c = NULL;
	struct answer a = {};
	struct p9_msg m;
	CHECK_INT(p9_client_new(config, &c), 0);
	CHECK(p9_client_start(c, on_reply, &a) >= 0);
	CHECK(take(c, &m));
	CHECK_INT(m.type, P9_Tversion);
	CHECK_INT(m.tag, P9_NOTAG);
	CHECK(p9_str_eq(m.tversion.version, P9_VERSION_METAC));
	CHECK_INT(GIVE(c, P9_NOTAG, .type = P9_Rversion,
			  .rversion = {.msize = msize, .version = p9_str(version)}),
		0);
	CHECK_INT(a.calls, 1);
	CHECK_INT(a.error, 0);
	CHECK(p9_client_ready(c));
	CHECK_INT(p9_client_msize(c), msize);
	return c;
}

__attribute__((unused)) static struct p9_client *connected(
	const struct p9_client_config *config, uint32_t msize)
{
	struct p9_client *c = connected_as(config, msize, P9_VERSION);
	CHECK(!p9_client_is_metac(c));
	return c;
}

__attribute__((unused)) static int ask_getattr(struct p9_client *c, uint32_t fid, struct answer *a)
{
	struct p9_msg m = {
		.type = P9_Tgetattr, .tgetattr = {.fid = fid, .request_mask = P9_GETATTR_BASIC}};
	return p9_client_request(c, &m, on_reply, a);
}
