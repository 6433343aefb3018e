/* SPDX-License-Identifier: MIT */
#include "wire/9p/client-fixture.h"

TEST(msize_offered_is_the_most_and_the_servers_counts)
{
	AUTO(p9_client_free) struct p9_client *c = connected(NULL, 65536);
	CHECK_INT(p9_client_payload_max(c), 65536 - P9_IO_HEADER);
	struct answer a = {};
	struct p9_msg m = {.type = P9_Tread, .tread = {.count = 65536}};
	CHECK_INT(p9_client_request(c, &m, on_reply, &a), -EMSGSIZE);
	m.tread.count = 65536 - P9_IO_HEADER;
	CHECK(p9_client_request(c, &m, on_reply, &a) >= 0);
}

static int version_answer(uint32_t msize, const char *version, struct answer *a)
{
	AUTO(p9_client_free) struct p9_client *c = NULL;
	struct p9_client_config config = {.msize = 65536};
	CHECK_INT(p9_client_new(&config, &c), 0);
	CHECK(p9_client_start(c, on_reply, a) >= 0);
	CHECK_INT(p9_client_start(c, on_reply, a), -EALREADY);
	CHECK_INT(ask_getattr(c, 0, a), -ENOTCONN);
	int r = GIVE(c, P9_NOTAG, .type = P9_Rversion,
		.rversion = {.msize = msize, .version = p9_str(version)});
	CHECK(p9_client_failed(c));
	CHECK_INT(ask_getattr(c, 0, a), -EIO);
	return r;
}

TEST(a_server_of_another_version_is_told_apart_from_a_broken_one)
{
	struct answer a = {};
	CHECK_INT(version_answer(8192, "unknown", &a), -EPROTONOSUPPORT);
	CHECK_INT(a.calls, 1);
	CHECK_INT(a.error, -EPROTONOSUPPORT);
	CHECK_INT(version_answer(65537, P9_VERSION, &a), -EPROTO);
	CHECK_INT(a.error, -EIO);
	CHECK_INT(version_answer(100, P9_VERSION, &a), -EPROTO);
	CHECK_INT(a.calls, 3);
}

TEST(replies_come_in_any_order)
{
	AUTO(p9_client_free) struct p9_client *c = connected(NULL, 65536);
	struct answer a[3] = {};
	struct p9_msg m[3];
	for (int i = 0; i < 3; i++) {
		CHECK(ask_getattr(c, (uint32_t)i, &a[i]) >= 0);
		CHECK(take(c, &m[i]));
		CHECK_INT(m[i].tgetattr.fid, i);
	}
	CHECK_INT(p9_client_in_flight(c), 3);
	GIVE(c, m[2].tag, .type = P9_Rgetattr, .rgetattr = {.size = 2});
	CHECK(a[2].calls == 1 && a[1].calls == 0 && a[0].calls == 0);
	GIVE(c, m[0].tag, .type = P9_Rgetattr, .rgetattr = {.size = 100});
	GIVE(c, m[1].tag, .type = P9_Rlerror, .rlerror = {ENOSPC});
	CHECK_INT(a[0].reply.rgetattr.size, 100);
	CHECK_INT(a[2].reply.rgetattr.size, 2);
	CHECK_INT(a[1].error, -ENOSPC);
	CHECK_INT(p9_client_in_flight(c), 0);
}

TEST(bytes_come_one_by_one)
{
	AUTO(p9_client_free) struct p9_client *c = connected(NULL, 65536);
	struct answer a = {};
	struct p9_msg m = {.type = P9_Rgetattr, .rgetattr = {.size = 7}};
	m.tag = (uint16_t)ask_getattr(c, 0, &a);
	uint8_t buf[512];
	int n = p9_encode(&m, buf, sizeof(buf));
	for (int i = 0; i < n; i++) {
		CHECK_INT(a.calls, 0);
		CHECK_INT(give_bytes(c, buf + i, 1), 0);
	}
	CHECK_INT(a.calls, 1);
	CHECK_INT(a.reply.rgetattr.size, 7);
}

TEST(an_errno_that_is_none_becomes_eio)
{
	AUTO(p9_client_free) struct p9_client *c = connected(NULL, 65536);
	static const uint32_t codes[] = {0, 512, 4096, 0xffffffff};
	for (size_t i = 0; i < ARRAY_SIZE(codes); i++) {
		struct answer a = {};
		int tag = ask_getattr(c, 0, &a);
		CHECK_INT(GIVE(c, tag, .type = P9_Rlerror, .rlerror = {codes[i]}), 0);
		CHECK_INT(a.error, -EIO);
	}
}

/* Expects the connection to be over after m answers a walk of one name with the wrong content. */
static void expect_violation(uint16_t tag_offset, struct p9_msg m)
{
	AUTO(p9_client_free) struct p9_client *c = connected(NULL, 65536);
	struct answer a = {}, b = {};
	struct p9_msg walk = {.type = P9_Twalk,
		.twalk = {.fid = 0, .newfid = 1, .nwname = 1, .wname = {p9_str("x")}}};
	int tag = p9_client_request(c, &walk, on_reply, &a);
	CHECK(ask_getattr(c, 0, &b) >= 0);
	CHECK_INT(give(c, (uint16_t)(tag + tag_offset), m), -EPROTO);
	CHECK(p9_client_failed(c));
	CHECK(a.calls == 1 && a.error == -EIO);
	CHECK(b.calls == 1 && b.error == -EIO);
	CHECK_INT(ask_getattr(c, 0, &b), -EIO);
	uint32_t fid;
	CHECK_INT(p9_client_fid_new(c, &fid), -EIO);
}

TEST(answers_to_nothing_or_of_another_kind_end_the_connection)
{
	expect_violation(7, (struct p9_msg){.type = P9_Rwalk, .rwalk = {.nwqid = 1}});
	expect_violation(0, (struct p9_msg){.type = P9_Rgetattr});
	expect_violation(0, (struct p9_msg){.type = P9_Rwalk, .rwalk = {.nwqid = 2}});
	expect_violation(0, (struct p9_msg){.type = P9_Rwalk, .rwalk = {.nwqid = 0}});
	expect_violation(0, (struct p9_msg){.type = P9_Rversion,
				    .rversion = {.msize = 8192, .version = p9_str(P9_VERSION)}});
	expect_violation(0, (struct p9_msg){.type = P9_Twalk});
}

TEST(an_answer_given_twice_ends_the_connection)
{
	AUTO(p9_client_free) struct p9_client *c = connected(NULL, 65536);
	struct answer a = {};
	int tag = ask_getattr(c, 0, &a);
	CHECK_INT(GIVE(c, tag, .type = P9_Rgetattr), 0);
	CHECK_INT(GIVE(c, tag, .type = P9_Rgetattr), -EPROTO);
	CHECK_INT(a.calls, 1);
}

TEST(more_data_than_asked_for_ends_the_connection)
{
	static const uint8_t data[101];
	AUTO(p9_client_free) struct p9_client *c = connected(NULL, 65536);
	struct answer a = {};
	struct p9_msg m = {.type = P9_Tread, .tread = {.count = 100}};
	int tag = p9_client_request(c, &m, on_reply, &a);
	CHECK_INT(GIVE(c, tag, .type = P9_Rread, .rread = {.data = {data, 101}}), -EPROTO);
	CHECK_INT(a.error, -EIO);

	AUTO(p9_client_free) struct p9_client *d = connected(NULL, 65536);
	m = (struct p9_msg){.type = P9_Twrite, .twrite = {.data = {data, 100}}};
	tag = p9_client_request(d, &m, on_reply, &a);
	CHECK_INT(GIVE(d, tag, .type = P9_Rwrite, .rwrite = {101}), -EPROTO);
}

TEST(garbage_truncated_and_oversized_frames_end_the_connection)
{
	static const struct {
		uint8_t bytes[12];
		size_t n;
		int error;
	} cases[] = {
		{{6, 0, 0, 0, 0, 0}, 6, -EBADMSG}, /* smaller than a header */
		{{0xff, 0xff, 0xff, 0xff, 0}, 5, -EMSGSIZE},
		{{1, 0, 1, 0, 0}, 5, -EMSGSIZE}, /* 65537 */
		{{7, 0, 0, 0, 250, 0, 0}, 7, -EPROTO}, /* no such type */
		{{8, 0, 0, 0, P9_Rlerror, 0, 0, 1}, 8, -EBADMSG}, /* fields cut off */
		{{12, 0, 0, 0, P9_Rlerror, 0, 0, 1, 0, 0, 0, 9}, 12, -EBADMSG}, /* too long */
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		AUTO(p9_client_free) struct p9_client *c = connected(NULL, 65536);
		struct answer a = {};
		CHECK(ask_getattr(c, 0, &a) >= 0);
		CHECK_INT(give_bytes(c, cases[i].bytes, cases[i].n), cases[i].error);
		CHECK_INT(a.error, -EIO);
		CHECK(p9_client_failed(c));
	}
}

TEST(a_flushed_request_ends_with_eintr_and_its_tag_is_free)
{
	AUTO(p9_client_free) struct p9_client *c = connected(NULL, 65536);
	struct answer a = {};
	struct p9_msg m;
	uint16_t tag = (uint16_t)ask_getattr(c, 0, &a);
	CHECK(take(c, &m));
	CHECK_INT(p9_client_flush(c, tag), 0);
	CHECK_INT(p9_client_flush(c, tag), 0); /* once is enough */
	CHECK(take(c, &m));
	CHECK_INT(m.type, P9_Tflush);
	CHECK_INT(m.tflush.oldtag, tag);
	CHECK(!take(c, &(struct p9_msg){}));
	CHECK_INT(a.calls, 0);
	CHECK_INT(GIVE(c, m.tag, .type = P9_Rflush), 0);
	CHECK_INT(a.error, -EINTR);
	CHECK_INT(p9_client_in_flight(c), 0);
	CHECK_INT(GIVE(c, tag, .type = P9_Rgetattr), -EPROTO); /* too late now */
}

TEST(an_answer_quicker_than_the_flush_counts_and_the_tag_waits_for_rflush)
{
	AUTO(p9_client_free) struct p9_client *c = connected(NULL, 65536);
	struct answer a = {}, b = {};
	struct p9_msg m;
	uint16_t tag = (uint16_t)ask_getattr(c, 0, &a);
	CHECK(take(c, &m));
	p9_client_flush(c, tag);
	CHECK(take(c, &m));
	CHECK_INT(GIVE(c, tag, .type = P9_Rgetattr, .rgetattr = {.size = 3}), 0);
	CHECK(a.calls == 1 && a.error == 0 && a.reply.rgetattr.size == 3);
	for (int i = 0; i < 10; i++)
		CHECK(ask_getattr(c, 0, &b) != tag);
	CHECK_INT(GIVE(c, m.tag, .type = P9_Rflush), 0);
	CHECK_INT(a.calls, 1);
	CHECK_INT(p9_client_in_flight(c), 10);
}

TEST(a_server_that_cannot_flush_answers_in_its_own_time)
{
	AUTO(p9_client_free) struct p9_client *c = connected(NULL, 65536);
	struct answer a = {};
	struct p9_msg m;
	uint16_t tag = (uint16_t)ask_getattr(c, 0, &a);
	CHECK(take(c, &m));
	p9_client_flush(c, tag);
	CHECK(take(c, &m));
	CHECK_INT(GIVE(c, m.tag, .type = P9_Rlerror, .rlerror = {EOPNOTSUPP}), 0);
	CHECK_INT(a.calls, 0);
	CHECK_INT(GIVE(c, tag, .type = P9_Rgetattr), 0);
	CHECK_INT(a.calls, 1);
	CHECK_INT(p9_client_in_flight(c), 0);
}

TEST(fids_are_limited_and_used_again_only_after_the_clunk_is_answered)
{
	struct p9_client_config config = {.max_fids = 3};
	AUTO(p9_client_free) struct p9_client *c = connected(&config, 65536);
	uint32_t fid[3], more;
	for (int i = 0; i < 3; i++)
		CHECK_INT(p9_client_fid_new(c, &fid[i]), 0);
	CHECK_INT(p9_client_fid_new(c, &more), -ENFILE);
	p9_client_clunk(c, fid[1]);
	CHECK_INT(p9_client_fid_new(c, &more), -ENFILE);
	struct p9_msg m;
	CHECK(take(c, &m));
	CHECK_INT(m.type, P9_Tclunk);
	CHECK_INT(m.tclunk.fid, fid[1]);
	CHECK_INT(GIVE(c, m.tag, .type = P9_Rclunk), 0);
	CHECK_INT(p9_client_fid_new(c, &more), 0);
	CHECK_INT(more, fid[1]);
	p9_client_fid_drop(c, fid[0]);
	CHECK_INT(p9_client_fids(c), 2);
}

TEST(requests_and_output_are_limited)
{
	struct p9_client_config config = {.max_requests = 8, .max_fids = 8, .max_output = 100000};
	AUTO(p9_client_free) struct p9_client *c = connected(&config, 65536);
	struct answer a = {};
	for (int i = 0; i < 8; i++) {
		CHECK_INT(p9_client_congested(c), i >= 4);
		CHECK(ask_getattr(c, 0, &a) >= 0);
	}
	CHECK_INT(ask_getattr(c, 0, &a), -EAGAIN);
	/* Cleaning up is possible all the same. */
	for (uint16_t tag = 0; tag < 8; tag++) {
		uint32_t fid;
		CHECK_INT(p9_client_flush(c, tag), 0);
		CHECK_INT(p9_client_fid_new(c, &fid), 0);
		p9_client_clunk(c, fid);
	}
	CHECK_INT(p9_client_in_flight(c), 24);

	static const uint8_t data[60000];
	AUTO(p9_client_free) struct p9_client *d = connected(&config, 65536);
	struct p9_msg m = {.type = P9_Twrite, .twrite = {.data = {data, sizeof(data)}}};
	CHECK(p9_client_request(d, &m, on_reply, &a) >= 0);
	CHECK(p9_client_request(d, &m, on_reply, &a) >= 0);
	CHECK_INT(p9_client_request(d, &m, on_reply, &a), -EAGAIN);
	CHECK(take(d, &m));
	CHECK(take(d, &m));
	CHECK_INT(m.twrite.data.len, sizeof(data));
	CHECK(ask_getattr(d, 0, &a) >= 0);
}

TEST(a_message_larger_than_msize_is_refused)
{
	AUTO(p9_client_free) struct p9_client *c = connected(NULL, 4096);
	char name[5000];
	memset(name, 'x', sizeof(name));
	struct answer a = {};
	struct p9_msg m = {
		.type = P9_Tsymlink, .tsymlink = {.name = p9_str("l"), .symtgt = {name, 4000}}};
	CHECK(p9_client_request(c, &m, on_reply, &a) >= 0);
	m.tsymlink.symtgt.len = sizeof(name);
	CHECK_INT(p9_client_request(c, &m, on_reply, &a), -EMSGSIZE);
	CHECK_INT(p9_client_in_flight(c), 1);
}

/* A callback that goes on asking, as a walk followed by an open does. */
struct chain {
	struct p9_client *client;
	int left, last_error;
};

static void chain_reply(void *user, int error, const struct p9_msg *reply)
{
	struct chain *k = user;
	k->last_error = error;
	if (k->left-- > 0) {
		struct p9_msg m = {.type = P9_Tgetattr};
		int r = p9_client_request(k->client, &m, chain_reply, k);
		CHECK_INT(r < 0 ? r : 0, error ? -EIO : 0);
	}
}

TEST(callbacks_may_ask_on_and_loss_fails_everything)
{
	AUTO(p9_client_free) struct p9_client *c = connected(NULL, 65536);
	struct chain k = {.client = c, .left = 200};
	struct p9_msg m = {.type = P9_Tgetattr};
	CHECK(p9_client_request(c, &m, chain_reply, &k) >= 0);
	for (int i = 0; i < 100; i++) {
		CHECK(take(c, &m));
		CHECK_INT(GIVE(c, m.tag, .type = P9_Rgetattr), 0);
	}
	CHECK_INT(k.left, 100);
	p9_client_fail(c);
	CHECK_INT(k.last_error, -EIO);
	CHECK_INT(k.left, 99);
	CHECK_INT(p9_client_in_flight(c), 0);
	p9_client_fail(c);
	CHECK_INT(k.left, 99);
}

TEST(freeing_answers_what_is_open)
{
	struct p9_client *c = connected(NULL, 65536);
	struct answer a[300] = {};
	for (int i = 0; i < 300; i++)
		CHECK(ask_getattr(c, 0, &a[i]) >= 0);
	p9_client_free(c);
	for (int i = 0; i < 300; i++)
		CHECK(a[i].calls == 1 && a[i].error == -EIO);
}
