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
	struct p9_client_config config = {.msize = 65536, .plain = true};
	CHECK_INT(p9_client_new(&config, &c), 0);
	CHECK(p9_client_start(c, on_reply, a) >= 0);
	CHECK_INT(p9_client_start(c, on_reply, a), -EALREADY);
	CHECK_INT(ask_getattr(c, 0, a), -ENOTCONN);
	int r = GIVE(c, P9_NOTAG, .type = P9_Rversion,
		.rversion = {.msize = msize, .version = p9_str(version)});
	CHECK(p9_client_failed(c));
	CHECK_INT(ask_getattr(c, 0, a), -ENOTCONN);
	CHECK_INT(p9_client_start(c, on_reply, a), -ENOTCONN);
	return r;
}

TEST(a_server_of_another_version_is_told_apart_from_a_broken_one)
{
	struct answer a = {};
	CHECK_INT(version_answer(8192, "unknown", &a), -EPROTONOSUPPORT);
	CHECK_INT(a.calls, 1);
	CHECK_INT(a.error, -EPROTONOSUPPORT);
	CHECK_INT(version_answer(65537, P9_VERSION, &a), -EPROTO);
	CHECK_INT(a.error, -ENOTCONN);
	CHECK_INT(version_answer(100, P9_VERSION, &a), -EPROTO);
	CHECK_INT(a.calls, 3);
	/* Nobody gets what was not offered. */
	CHECK_INT(version_answer(8192, P9_VERSION_METAC, &a), -EPROTONOSUPPORT);
	CHECK_INT(a.error, -EPROTONOSUPPORT);
}

TEST(a_server_that_does_not_know_the_extensions_is_asked_once_more)
{
	static const struct {
		uint8_t type;
		const char *version;
	} first[] = {{P9_Rversion, "unknown"}, {P9_Rversion, "9P2000"}, {P9_Rversion, "9P2000.u"},
		{P9_Rversion, ""}, {P9_Rlerror, ""}, {P9_Rerror, ""}};
	for (size_t i = 0; i < ARRAY_SIZE(first); i++) {
		AUTO(p9_client_free) struct p9_client *c = NULL;
		struct answer a = {};
		struct p9_msg m, version = {.type = first[i].type};
		if (version.type == P9_Rversion)
			version.rversion.version = p9_str(first[i].version);
		CHECK_INT(p9_client_new(NULL, &c), 0);
		CHECK(p9_client_start(c, on_reply, &a) >= 0);
		CHECK(take(c, &m));
		CHECK(p9_str_eq(m.tversion.version, P9_VERSION_METAC));
		CHECK_INT(give(c, P9_NOTAG, version), 0);
		CHECK_INT(a.calls, 0);
		CHECK_INT(ask_getattr(c, 0, &a), -ENOTCONN);
		CHECK(take(c, &m));
		CHECK_INT(m.tag, P9_NOTAG);
		CHECK(p9_str_eq(m.tversion.version, P9_VERSION));
		CHECK_INT(m.tversion.msize, P9_MAX_MSIZE);
		bool again = i & 1;
		int r = GIVE(c, P9_NOTAG, .type = P9_Rversion,
			.rversion = {8192, p9_str(again ? P9_VERSION : "unknown")});
		CHECK_INT(r, again ? 0 : -EPROTONOSUPPORT);
		CHECK(p9_client_ready(c) == again && !p9_client_is_metac(c));
		CHECK_INT(a.calls, 1);
		CHECK_INT(a.error, r);
		CHECK(!take(c, &m));
	}
}

TEST(what_is_of_the_extensions_is_asked_only_of_who_has_them)
{
	AUTO(p9_client_free) struct p9_client *c = connected(NULL, 65536);
	AUTO(p9_client_free) struct p9_client *d = connected_as(NULL, 65536, P9_VERSION_METAC);
	struct answer a = {};
	struct p9_msg back, m = {.type = P9_Tlookup, .tlookup = {.name = p9_str("x")}};
	CHECK(p9_client_is_metac(d));
	CHECK_INT(p9_client_request(c, &m, on_reply, &a), -EOPNOTSUPP);
	CHECK(p9_client_request(d, &m, on_reply, &a) >= 0);
	CHECK(take(d, &back));
	CHECK_INT(back.type, P9_Tlookup);
	m = (struct p9_msg){.type = P9_Tmkdir, .tmkdir = {.name = p9_str("x")}};
	m.once = (struct p9_once){.slot = 5, .seq = 9};
	CHECK_INT(p9_client_request(c, &m, on_reply, &a), -EOPNOTSUPP);
	CHECK(p9_client_request(d, &m, on_reply, &a) >= 0);
	CHECK(take(d, &back));
	CHECK_INT(back.type, P9_Tmkdir);
	CHECK_INT(back.once.slot, 5);
	CHECK_INT(back.once.seq, 9);
	CHECK_INT(GIVE(d, back.tag, .type = P9_Rmkdir), 0);
	CHECK_INT(a.calls, 1);
	CHECK_INT(a.error, 0);
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
	/* ENOTCONN is not the server's to say: it has a meaning of its own here. */
	static const uint32_t codes[] = {0, 512, 4096, 0xffffffff, ENOTCONN};
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
	CHECK(a.calls == 1 && a.error == -ENOTCONN);
	CHECK(b.calls == 1 && b.error == -ENOTCONN);
	CHECK_INT(ask_getattr(c, 0, &b), -ENOTCONN);
	uint32_t fid;
	CHECK_INT(p9_client_fid_new(c, &fid), -ENOTCONN);
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
	CHECK_INT(a.error, -ENOTCONN);

	AUTO(p9_client_free) struct p9_client *d = connected(NULL, 65536);
	m = (struct p9_msg){.type = P9_Twrite, .twrite = {.data = {data, 100}}};
	tag = p9_client_request(d, &m, on_reply, &a);
	CHECK_INT(GIVE(d, tag, .type = P9_Rwrite, .rwrite = {101}), -EPROTO);
}

/* Asks t of a server with the extensions, and answers with r. */
static int answered(struct p9_msg t, struct p9_msg r)
{
	AUTO(p9_client_free) struct p9_client *c = connected_as(NULL, 65536, P9_VERSION_METAC);
	struct answer a = {};
	int tag = p9_client_request(c, &t, on_reply, &a);
	if (tag < 0)
		return tag;
	int e = give(c, (uint16_t)tag, r);
	CHECK_INT(a.calls, 1);
	return e;
}

#define ANSWERED(T, R) answered((struct p9_msg){.type = P9_T##T}, (struct p9_msg){.type = P9_R##R})

TEST(answers_of_the_extensions_carry_no_more_than_asked_for)
{
	static const uint8_t data[101];
	struct p9_data few = {data, 100}, many = {data, 101}, none = {data, 0};
	struct p9_msg t = {.type = P9_Topenat, .topenat.count = 100}, r = {.type = P9_Ropenat};
	r.ropenat.data = few;
	CHECK_INT(answered(t, r), 0);
	r.ropenat.data = many;
	CHECK_INT(answered(t, r), -EPROTO);

	t = (struct p9_msg){.type = P9_Treaddirplus, .treaddirplus.count = 100};
	r = (struct p9_msg){.type = P9_Rreaddirplus, .rreaddirplus.data = few};
	CHECK_INT(answered(t, r), 0);
	r.rreaddirplus.data = many;
	CHECK_INT(answered(t, r), -EPROTO);

	t = (struct p9_msg){.type = P9_Tevents, .tevents.count = 100};
	r = (struct p9_msg){.type = P9_Revents, .revents.data = few};
	CHECK_INT(answered(t, r), 0);
	r.revents.data = many;
	CHECK_INT(answered(t, r), -EPROTO);

	t = (struct p9_msg){.type = P9_Tcopyrange, .tcopyrange.count = 1ull << 40};
	r = (struct p9_msg){.type = P9_Rcopyrange, .rcopyrange.count = 1ull << 40};
	CHECK_INT(answered(t, r), 0);
	r.rcopyrange.count++;
	CHECK_INT(answered(t, r), -EPROTO);

	struct p9_msg gets[] = {{.type = P9_Tgetxattr}, {.type = P9_Tlistxattr}};
	for (size_t i = 0; i < ARRAY_SIZE(gets); i++) {
		t = gets[i];
		r = (struct p9_msg){.type = (uint8_t)(t.type + 1), .rgetxattr = {100, none}};
		CHECK_INT(answered(t, r), 0); /* the size alone */
		r.rgetxattr.data = few;
		CHECK_INT(answered(t, r), -EPROTO);
		if (t.type == P9_Tgetxattr)
			t.tgetxattr.count = 100;
		else
			t.tlistxattr.count = 100;
		CHECK_INT(answered(t, r), 0);
		r.rgetxattr.size = 99;
		CHECK_INT(answered(t, r), -EPROTO);
		r.rgetxattr = (typeof(r.rgetxattr)){101, many};
		CHECK_INT(answered(t, r), -EPROTO);
		r.rgetxattr = (typeof(r.rgetxattr)){0, none};
		CHECK_INT(answered(t, r), 0);
	}
	CHECK_INT(ANSWERED(lookup, lookup), 0);
	CHECK_INT(ANSWERED(lookup, getattr), -EPROTO);
	CHECK_INT(ANSWERED(session, session), 0);
}

TEST(nothing_is_asked_for_that_no_answer_has_room_for)
{
	AUTO(p9_client_free) struct p9_client *c = connected_as(NULL, 8192, P9_VERSION_METAC);
	struct answer a = {};
	struct p9_msg m = {.type = P9_Topenat};
	m.topenat.count = p9_client_openat_max(c);
	CHECK_INT(m.topenat.count, 8192 - P9_OPENAT_HEADER);
	CHECK(p9_client_request(c, &m, on_reply, &a) >= 0);
	m.topenat.count++;
	CHECK_INT(p9_client_request(c, &m, on_reply, &a), -EMSGSIZE);
	m = (struct p9_msg){.type = P9_Treaddirplus, .treaddirplus.count = 8192 - P9_IO_HEADER};
	CHECK(p9_client_request(c, &m, on_reply, &a) >= 0);
	m.treaddirplus.count++;
	CHECK_INT(p9_client_request(c, &m, on_reply, &a), -EMSGSIZE);
	m = (struct p9_msg){.type = P9_Tevents, .tevents.count = 8192};
	CHECK_INT(p9_client_request(c, &m, on_reply, &a), -EMSGSIZE);
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
		CHECK_INT(a.error, -ENOTCONN);
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
		CHECK_INT(r < 0 ? r : 0, error);
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
	p9_client_fail(c, -ESHUTDOWN);
	CHECK_INT(k.last_error, -ESHUTDOWN);
	CHECK_INT(k.left, 99);
	CHECK_INT(p9_client_in_flight(c), 0);
	CHECK_INT(p9_client_request(c, &m, chain_reply, &k), -ESHUTDOWN);
	p9_client_fail(c, -EIO);
	CHECK_INT(k.left, 99);
	CHECK_INT(p9_client_request(c, &m, chain_reply, &k), -EIO);
}

TEST(after_a_reset_another_connection_begins)
{
	struct p9_client_config config = {.max_requests = 64};
	AUTO(p9_client_free) struct p9_client *c = connected_as(&config, 65536, P9_VERSION_METAC);
	struct answer a = {}, b = {};
	struct p9_msg m;
	for (int i = 0; i < 40; i++)
		CHECK(ask_getattr(c, 0, &a) >= 0);
	CHECK_INT(p9_client_flush(c, 10), 0);
	/* Half an answer, and half of the output taken. */
	static const uint8_t half[] = {11, 0, 0, 0, P9_Rlerror, 3};
	CHECK_INT(give_bytes(c, half, sizeof(half)), 0);
	for (int i = 0; i < 20; i++)
		CHECK(take(c, &m));
	p9_client_fail(c, -ENOTCONN);
	CHECK_INT(a.calls, 40);
	CHECK_INT(a.error, -ENOTCONN);
	CHECK(p9_client_failed(c));

	p9_client_reset(c);
	CHECK(!p9_client_failed(c) && !p9_client_ready(c) && !p9_client_is_metac(c));
	CHECK_INT(p9_client_msize(c), 0);
	CHECK(!take(c, &m));
	CHECK_INT(ask_getattr(c, 0, &a), -ENOTCONN);
	CHECK(p9_client_start(c, on_reply, &b) >= 0);
	CHECK(take(c, &m));
	CHECK_INT(m.type, P9_Tversion);
	/* The other server may be an older one. */
	CHECK_INT(
		GIVE(c, P9_NOTAG, .type = P9_Rversion, .rversion = {8192, p9_str(P9_VERSION)}), 0);
	CHECK_INT(b.calls, 1);
	CHECK(p9_client_ready(c) && !p9_client_is_metac(c));
	CHECK_INT(p9_client_msize(c), 8192);
	int tag = ask_getattr(c, 1, &b);
	CHECK_INT(GIVE(c, tag, .type = P9_Rgetattr, .rgetattr = {.size = 4}), 0);
	CHECK_INT(b.reply.rgetattr.size, 4);
	CHECK_INT(a.calls, 40);
}

TEST(an_answer_of_the_lost_connection_is_none_to_the_next)
{
	AUTO(p9_client_free) struct p9_client *c = connected(NULL, 65536);
	struct answer a = {}, b = {};
	int tag = ask_getattr(c, 0, &a);
	p9_client_fail(c, -ENOTCONN);
	p9_client_reset(c);
	CHECK(p9_client_start(c, on_reply, &b) >= 0);
	CHECK_INT(GIVE(c, tag, .type = P9_Rgetattr), -EPROTO);
	CHECK_INT(b.error, -ENOTCONN);
	p9_client_reset(c);
	CHECK(p9_client_start(c, on_reply, &b) >= 0);
	CHECK_INT(
		GIVE(c, P9_NOTAG, .type = P9_Rversion, .rversion = {65536, p9_str(P9_VERSION)}), 0);
	CHECK_INT(GIVE(c, tag, .type = P9_Rgetattr), -EPROTO);
	CHECK_INT(a.calls, 1);
}

TEST(freeing_answers_what_is_open)
{
	struct p9_client *c = connected(NULL, 65536);
	struct answer a[300] = {};
	for (int i = 0; i < 300; i++)
		CHECK(ask_getattr(c, 0, &a[i]) >= 0);
	p9_client_free(c);
	for (int i = 0; i < 300; i++)
		CHECK(a[i].calls == 1 && a[i].error == -ENOTCONN);
}

TEST(after_a_reset_there_is_a_new_connection_and_fid_numbers_stay_taken)
{
	AUTO(p9_client_free) struct p9_client *c = connected(NULL, 65536);
	struct answer a[2] = {};
	struct p9_msg m;
	uint32_t fid[3];
	for (int i = 0; i < 2; i++)
		CHECK_INT(p9_client_fid_new(c, &fid[i]), 0);
	CHECK(ask_getattr(c, fid[0], &a[0]) >= 0);
	p9_client_clunk(c, fid[1]); /* given back by the loss */
	CHECK_INT(give_bytes(c, "\x0b\0\0", 3), 0);
	p9_client_reset(c);
	CHECK(a[0].calls == 1 && a[0].error == -ENOTCONN);
	CHECK(!p9_client_failed(c) && !p9_client_ready(c));
	CHECK_INT(ask_getattr(c, fid[0], &a[1]), -ENOTCONN);
	CHECK(!take(c, &m));
	CHECK(p9_client_start(c, on_reply, &a[1]) >= 0);
	CHECK(take(c, &m) && m.type == P9_Tversion);
	CHECK_INT(GIVE(c, P9_NOTAG, .type = P9_Rversion,
			  .rversion = {.msize = 8192, .version = p9_str(P9_VERSION)}),
		0);
	CHECK(p9_client_ready(c) && p9_client_msize(c) == 8192);
	CHECK_INT(p9_client_fids(c), 1);
	CHECK_INT(p9_client_fid_new(c, &fid[2]), 0);
	CHECK_INT(fid[2], fid[1]);
	CHECK(ask_getattr(c, fid[0], &a[0]) >= 0);
	CHECK(take(c, &m) && m.type == P9_Tgetattr);
	CHECK_INT(GIVE(c, m.tag, .type = P9_Rgetattr), 0);
	CHECK(a[0].calls == 2 && a[0].error == 0);
}
