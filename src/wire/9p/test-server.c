/* SPDX-License-Identifier: MIT */
/*
 * The protocol core with a backend that does nothing: what is asked, what is sent, in which order.
 */
#include "base/test.h"
#include "wire/9p/server.h"

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

static void on_send(void *ctx, struct p9_request *q, const struct p9_msg *m)
{
	CHECK(ctx == &w && q);
	CHECK(w.n_sent < ARRAY_SIZE(w.sent));
	const struct p9_data *d = p9_payload(m);
	w.sent[w.n_sent++] = (struct sent){
		m->type, m->tag, m->type == P9_Rlerror ? m->rlerror.ecode : 0, d ? d->len : 0};
}

static void start(struct p9_server_config config)
{
	memset(&w, 0, sizeof(w));
	config.send = on_send;
	config.ctx = &w;
	w.s = p9_server_new(&config);
	CHECK(w.s);
}

static void reap(void)
{
	for (void *data; (data = p9_server_pop_dead(w.s));)
		free(data);
}

static void stop(void)
{
	p9_server_reset(w.s);
	reap();
	p9_server_free(w.s);
}

/* Each request keeps its own number of frame bytes alive: strings are constants here. */
static int begin(size_t i, struct p9_msg m)
{
	int n = p9_encode(&m, w.frame, sizeof(w.frame));
	CHECK(n > 0);
	return p9_server_begin(w.s, w.frame, (size_t)n, &w.q[i]);
}

static void end(size_t i, int result)
{
	if (!result && w.q[i].newfid && !w.q[i].newfid->data)
		w.q[i].newfid->data = malloc(1);
	p9_server_end(w.s, &w.q[i], result);
	reap();
}

/* Answers with what was sent last. */
static struct sent last(void)
{
	CHECK(w.n_sent > 0);
	return w.sent[w.n_sent - 1];
}

static int call(struct p9_msg m)
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

static int version(uint32_t msize, const char *v)
{
	return call(MSG(P9_Tversion, P9_NOTAG, .tversion = {msize, p9_str(v)}));
}

static int attach(uint32_t fid)
{
	return call(MSG(P9_Tattach, 1,
		.tattach = {
			.fid = fid, .afid = P9_NOFID, .uname = p9_str("u"), .aname = p9_str("")}));
}

static int walk(uint32_t fid, uint32_t newfid)
{
	return call(MSG(P9_Twalk, 1, .twalk = {fid, newfid, 0, {}}));
}

static void start_session(struct p9_server_config config)
{
	start(config);
	CHECK_INT(version(65536, P9_VERSION), 0);
	CHECK_INT(attach(0), 0);
}

static void start_metac(struct p9_server_config config)
{
	start(config);
	CHECK_INT(version(65536, P9_VERSION_METAC), 0);
	CHECK(p9_server_is_metac(w.s));
	CHECK_INT(attach(0), 0);
}

static const struct p9_server_config defaults;

TEST(nothing_is_done_before_the_version_is_agreed)
{
	start(defaults);
	CHECK_INT(attach(0), EPROTO);
	CHECK_INT(version(65536, "9P2000.u"), 0);
	CHECK_INT(attach(0), EPROTO);
	CHECK_INT(version(100, P9_VERSION), EMSGSIZE);
	CHECK_INT(version(1 << 30, P9_VERSION), 0);
	CHECK_INT(p9_server_msize(w.s), P9_MAX_MSIZE);
	CHECK_INT(version(8192, P9_VERSION), 0);
	CHECK_INT(p9_server_msize(w.s), 8192);
	CHECK_INT(attach(0), 0);
	stop();
}

TEST(frames_above_msize_are_not_taken)
{
	start(defaults);
	CHECK_INT(version(4096, P9_VERSION), 0);
	memset(w.frame, 0, 7);
	CHECK_INT(p9_server_begin(w.s, w.frame, 4097, &w.q[0]), -EBADMSG);
	CHECK_INT(p9_server_begin(w.s, w.frame, 6, &w.q[0]), -EBADMSG);
	stop();
}

TEST(malformed_and_unknown_requests_get_an_error)
{
	start_session(defaults);
	uint8_t bad[] = {8, 0, 0, 0, P9_Tclunk, 5, 0, 1}, other[] = {7, 0, 0, 0, 200, 6, 0};
	CHECK_INT(p9_server_begin(w.s, bad, sizeof(bad), &w.q[0]), 0);
	CHECK_INT(last().ecode, EBADMSG);
	CHECK_INT(last().tag, 5);
	CHECK_INT(p9_server_begin(w.s, other, sizeof(other), &w.q[0]), 0);
	CHECK_INT(last().ecode, EOPNOTSUPP);
	CHECK_INT(call(MSG(P9_Rclunk, 1)), EOPNOTSUPP);
	CHECK_INT(call(MSG(P9_Tauth, 1, .tauth = {1, p9_str("u"), p9_str(""), 0})), ENOENT);
	stop();
}

TEST(a_new_version_forgets_the_session)
{
	start_session(defaults);
	CHECK_INT(begin(0, MSG(P9_Tgetattr, 9, .tgetattr = {0, 0})), P9_RUN);
	CHECK_INT(version(8192, P9_VERSION), 0);
	CHECK_INT(p9_server_fids(w.s), 0);
	CHECK(atomic_load(&w.q[0].flushed));
	size_t before = w.n_sent;
	end(0, 0);
	CHECK_INT(w.n_sent, before);
	CHECK_INT(call(MSG(P9_Tgetattr, 9, .tgetattr = {0, 0})), EBADF);
	stop();
}

TEST(fids_are_made_used_and_clunked)
{
	start_session(defaults);
	CHECK_INT(attach(0), EBADF); /* taken */
	CHECK_INT(walk(1, 2), EBADF);
	CHECK_INT(walk(0, 0xfffffffe), 0);
	CHECK_INT(walk(0, P9_NOFID), EBADF);
	CHECK_INT(walk(0, 0xfffffffe), EBADF);
	CHECK_INT(p9_server_fids(w.s), 2);
	CHECK_INT(call(MSG(P9_Tclunk, 1, .tclunk = {0xfffffffe})), 0);
	CHECK_INT(call(MSG(P9_Tclunk, 1, .tclunk = {0xfffffffe})), EBADF);
	CHECK_INT(p9_server_fids(w.s), 1);
	stop();
}

TEST(a_failed_or_partial_walk_makes_no_fid)
{
	start_session(defaults);
	struct p9_msg m = MSG(P9_Twalk, 3, .twalk = {0, 5, 2, {p9_str("a"), p9_str("b")}});
	CHECK_INT(begin(0, m), P9_RUN);
	end(0, -ENOENT);
	CHECK_INT(last().ecode, ENOENT);
	CHECK_INT(begin(0, m), P9_RUN);
	w.q[0].r.rwalk.nwqid = 1;
	p9_server_end(w.s, &w.q[0], 0);
	CHECK_INT(last().type, P9_Rwalk);
	CHECK_INT(p9_server_fids(w.s), 1);
	stop();
}

TEST(a_fid_being_made_can_not_be_used_yet)
{
	start_session(defaults);
	CHECK_INT(begin(0, MSG(P9_Twalk, 3, .twalk = {0, 5, 0, {}})), P9_RUN);
	CHECK_INT(walk(5, 6), EBADF);
	CHECK_INT(walk(0, 5), EBADF);
	end(0, 0);
	CHECK_INT(walk(5, 6), 0);
	stop();
}

TEST(walking_in_place_replaces_what_the_fid_stands_for)
{
	start_session(defaults);
	CHECK_INT(walk(0, 1), 0);
	CHECK_INT(begin(0, MSG(P9_Twalk, 3, .twalk = {1, 1, 0, {}})), P9_RUN);
	void *old = w.q[0].fid->data, *new = malloc(1);
	struct p9_fid *fid = w.q[0].fid;
	CHECK(w.q[0].newfid != fid);
	w.q[0].newfid->data = new;
	/* Meanwhile nobody else has it. */
	CHECK_INT(call(MSG(P9_Tgetattr, 4, .tgetattr = {1, 0})), EBUSY);
	p9_server_end(w.s, &w.q[0], 0);
	CHECK(fid->data == new);
	CHECK(p9_server_pop_dead(w.s) == old);
	free(old);
	CHECK_INT(p9_server_fids(w.s), 2);
	stop();
}

static void count_fid(void *ctx, const void *data)
{
	CHECK(data);
	*(unsigned *)ctx += 1;
}

TEST(fids_are_looked_at_unless_they_are_changing)
{
	unsigned n = 0;
	start_session(defaults);
	CHECK_INT(walk(0, 1), 0);
	CHECK_INT(walk(0, 2), 0);
	CHECK_INT(begin(0, MSG(P9_Twalk, 3, .twalk = {0, 5, 0, {}})), P9_RUN);
	CHECK_INT(begin(1, MSG(P9_Tlopen, 4, .tlopen = {1, 0})), P9_RUN);
	CHECK_INT(begin(2, MSG(P9_Tgetattr, 5, .tgetattr = {2, 0})), P9_RUN);
	p9_server_each_fid(w.s, count_fid, &n);
	CHECK_INT(n, 2); /* 0 and 2 */
	end(0, 0);
	end(1, 0);
	end(2, 0);
	n = 0;
	p9_server_each_fid(w.s, count_fid, &n);
	CHECK_INT(n, 4);
	stop();
}

TEST(opening_wants_the_fid_alone)
{
	start_session(defaults);
	CHECK_INT(begin(0, MSG(P9_Tgetattr, 3, .tgetattr = {0, 0})), P9_RUN);
	CHECK_INT(begin(1, MSG(P9_Tgetattr, 4, .tgetattr = {0, 0})), P9_RUN);
	CHECK_INT(call(MSG(P9_Tlopen, 5, .tlopen = {0, 0})), EBUSY);
	end(0, 0);
	end(1, 0);
	CHECK_INT(call(MSG(P9_Tlopen, 5, .tlopen = {0, 0})), 0);
	stop();
}

TEST(a_clunked_fid_lives_until_its_last_request_ends)
{
	start_session(defaults);
	CHECK_INT(walk(0, 1), 0);
	CHECK_INT(begin(0, MSG(P9_Tread, 3, .tread = {1, 0, 10})), P9_RUN);
	CHECK_INT(call(MSG(P9_Tclunk, 4, .tclunk = {1})), 0);
	CHECK(w.q[0].fid->data); /* reap() in call() would have freed it */
	CHECK_INT(walk(0, 1), 0); /* the number is free again */
	w.q[0].r.rread.data = (struct p9_data){0};
	p9_server_end(w.s, &w.q[0], 0);
	void *data = p9_server_pop_dead(w.s);
	CHECK(data);
	free(data);
	stop();
}

TEST(remove_ends_the_fid_even_when_it_fails)
{
	start_session(defaults);
	CHECK_INT(walk(0, 1), 0);
	CHECK_INT(begin(0, MSG(P9_Tremove, 3, .tremove = {1})), P9_RUN);
	end(0, -EACCES);
	CHECK_INT(last().ecode, EACCES);
	CHECK_INT(walk(1, 2), EBADF);
	stop();
}

TEST(there_is_a_limit_to_fids)
{
	start_session((struct p9_server_config){.max_fids = 3});
	CHECK_INT(walk(0, 1), 0);
	CHECK_INT(walk(0, 2), 0);
	CHECK_INT(walk(0, 3), EMFILE);
	CHECK_INT(attach(3), EMFILE);
	CHECK_INT(walk(0, 0), 0); /* needs none */
	CHECK_INT(call(MSG(P9_Tclunk, 1, .tclunk = {1})), 0);
	CHECK_INT(walk(0, 3), 0);
	stop();
}

TEST(many_fids_with_wild_numbers)
{
	start_session((struct p9_server_config){.max_fids = 5000});
	for (uint32_t i = 1; i < 5000; i++) {
		w.n_sent = 0;
		CHECK_INT(walk(0, i * 2654435761u), 0);
	}
	for (uint32_t i = 4999; i; i--) {
		w.n_sent = 0;
		CHECK_INT(call(MSG(P9_Tclunk, 1, .tclunk = {i * 2654435761u})), 0);
	}
	CHECK_INT(p9_server_fids(w.s), 1);
	stop();
}

TEST(a_tag_in_use_ends_the_connection)
{
	start_session(defaults);
	CHECK_INT(begin(0, MSG(P9_Tgetattr, 3, .tgetattr = {0, 0})), P9_RUN);
	CHECK_INT(begin(1, MSG(P9_Tgetattr, 3, .tgetattr = {0, 0})), -EPROTO);
	end(0, 0);
	CHECK_INT(begin(1, MSG(P9_Tgetattr, 3, .tgetattr = {0, 0})), P9_RUN);
	CHECK_INT(begin(0, MSG(P9_Tflush, 4, .tflush = {3})), 0);
	CHECK_INT(begin(0, MSG(P9_Tgetattr, 4, .tgetattr = {0, 0})), -EPROTO);
	end(1, 0);
	stop();
}

TEST(replies_come_in_the_order_in_which_requests_end)
{
	start_session(defaults);
	size_t at = w.n_sent;
	for (uint16_t i = 0; i < 4; i++)
		CHECK_INT(
			begin(i, MSG(P9_Tgetattr, (uint16_t)(10 + i), .tgetattr = {0, 0})), P9_RUN);
	for (size_t i = 4; i--;)
		end(i, 0);
	for (uint16_t i = 0; i < 4; i++)
		CHECK_INT(w.sent[at + i].tag, 13 - i);
	stop();
}

TEST(flush_of_nothing_is_answered_at_once)
{
	start_session(defaults);
	CHECK_INT(call(MSG(P9_Tflush, 4, .tflush = {99})), 0);
	CHECK_INT(last().type, P9_Rflush);
	CHECK_INT(call(MSG(P9_Tflush, 4, .tflush = {4})), 0);
	CHECK_INT(last().type, P9_Rflush);
	stop();
}

TEST(flush_is_answered_after_the_reply)
{
	start_session(defaults);
	CHECK_INT(begin(0, MSG(P9_Tgetattr, 3, .tgetattr = {0, 0})), P9_RUN);
	size_t at = w.n_sent;
	CHECK_INT(begin(1, MSG(P9_Tflush, 4, .tflush = {3})), 0);
	CHECK_INT(w.n_sent, at);
	CHECK(atomic_load(&w.q[0].flushed));
	end(0, 0);
	CHECK_INT(w.n_sent, at + 2);
	CHECK_INT(w.sent[at].type, P9_Rgetattr);
	CHECK_INT(w.sent[at + 1].type, P9_Rflush);
	CHECK_INT(w.sent[at + 1].tag, 4);
	stop();
}

TEST(an_interrupted_request_is_answered_by_rflush_alone)
{
	start_session(defaults);
	size_t at = w.n_sent;
	CHECK_INT(begin(0, MSG(P9_Tgetattr, 3, .tgetattr = {0, 0})), P9_RUN);
	CHECK_INT(begin(1, MSG(P9_Tflush, 4, .tflush = {3})), 0);
	end(0, -EINTR);
	CHECK_INT(w.n_sent, at + 1);
	CHECK_INT(w.sent[at].type, P9_Rflush);
	/* without a flush it is an error like others */
	CHECK_INT(begin(0, MSG(P9_Tgetattr, 3, .tgetattr = {0, 0})), P9_RUN);
	end(0, -EINTR);
	CHECK_INT(last().ecode, EINTR);
	stop();
}

TEST(flushes_of_flushes_are_answered_in_order)
{
	start_session(defaults);
	CHECK_INT(begin(0, MSG(P9_Tgetattr, 3, .tgetattr = {0, 0})), P9_RUN);
	size_t at = w.n_sent;
	CHECK_INT(begin(1, MSG(P9_Tflush, 4, .tflush = {3})), 0);
	CHECK_INT(begin(1, MSG(P9_Tflush, 5, .tflush = {3})), 0);
	CHECK_INT(begin(1, MSG(P9_Tflush, 6, .tflush = {4})), 0);
	CHECK_INT(begin(1, MSG(P9_Tflush, 7, .tflush = {6})), 0);
	end(0, 0);
	CHECK_INT(w.n_sent, at + 5);
	CHECK_INT(w.sent[at].type, P9_Rgetattr);
	for (uint16_t i = 0; i < 4; i++) {
		CHECK_INT(w.sent[at + 1 + i].type, P9_Rflush);
		CHECK_INT(w.sent[at + 1 + i].tag, 4 + i);
	}
	/* all tags are free again */
	for (uint16_t i = 3; i < 8; i++)
		CHECK_INT(call(MSG(P9_Tgetattr, i, .tgetattr = {0, 0})), 0);
	stop();
}

TEST(there_is_a_limit_to_parked_flushes)
{
	start_session((struct p9_server_config){.max_flushes = 2});
	CHECK_INT(begin(0, MSG(P9_Tgetattr, 3, .tgetattr = {0, 0})), P9_RUN);
	CHECK_INT(begin(1, MSG(P9_Tflush, 4, .tflush = {3})), 0);
	CHECK_INT(begin(1, MSG(P9_Tflush, 5, .tflush = {3})), 0);
	CHECK_INT(begin(1, MSG(P9_Tflush, 6, .tflush = {3})), -ENOBUFS);
	end(0, 0);
	stop();
}

TEST(the_end_of_the_connection_releases_parked_flushes)
{
	start_session(defaults);
	CHECK_INT(begin(0, MSG(P9_Tlock, 3, .tlock = {0, 0, 0, 0, 0, 0, p9_str("c")})), P9_RUN);
	CHECK_INT(begin(1, MSG(P9_Tflush, 4, .tflush = {3})), 0);
	size_t at = w.n_sent;
	p9_server_reset(w.s);
	CHECK(atomic_load(&w.q[0].flushed));
	end(0, -EINTR);
	CHECK_INT(w.n_sent, at);
	stop();
}

TEST(names_must_be_one_component)
{
	static char longest[300];
	start_session(defaults);
	memset(longest, 'x', sizeof(longest));
	struct {
		struct p9_str name;
		int mkdir, walk;
	} cases[] = {{p9_str("a"), 0, 0}, {p9_str(".."), EINVAL, 0}, {p9_str("."), EINVAL, EINVAL},
		{p9_str("a/b"), EINVAL, EINVAL}, {p9_str(""), ENOENT, ENOENT},
		{{"a\0b", 3}, EINVAL, EINVAL}, {{longest, 256}, ENAMETOOLONG, ENAMETOOLONG},
		{{longest, 255}, 0, 0}};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct p9_str n = cases[i].name;
		CHECK_INT(call(MSG(P9_Tmkdir, 1, .tmkdir = {0, n, 0, 0})), cases[i].mkdir);
		CHECK_INT(call(MSG(P9_Trenameat, 1, .trenameat = {0, p9_str("a"), 0, n})),
			cases[i].mkdir);
		CHECK_INT(call(MSG(P9_Trenameat, 1, .trenameat = {0, n, 0, p9_str("a")})),
			cases[i].mkdir);
		CHECK_INT(call(MSG(P9_Tunlinkat, 1, .tunlinkat = {0, n, 0})), cases[i].mkdir);
		struct p9_msg m = MSG(P9_Twalk, 1, .twalk = {0, 9, 1, {n}});
		int r = begin(0, m);
		CHECK_INT(r, cases[i].walk ? 0 : P9_RUN);
		if (r == P9_RUN)
			end(0, -ENOENT);
		else
			CHECK_INT(last().ecode, cases[i].walk);
	}
	stop();
}

TEST(counts_are_cut_to_what_a_reply_can_hold)
{
	start_session(defaults);
	CHECK_INT(begin(0, MSG(P9_Tread, 3, .tread = {0, 0, UINT32_MAX})), P9_RUN);
	CHECK_INT(w.q[0].count, 65536 - P9_READ_HEADER);
	end(0, -EBADF);
	CHECK_INT(begin(0, MSG(P9_Treaddir, 3, .treaddir = {0, 0, 100})), P9_RUN);
	CHECK_INT(w.q[0].count, 100);
	end(0, -EBADF);
	stop();
}

TEST(a_read_only_tree_refuses_changes)
{
	start_session((struct p9_server_config){.read_only = true});
	struct p9_str n = p9_str("x");
	struct p9_msg changes[] = {MSG(P9_Tlcreate, 1, .tlcreate = {0, n, 0, 0, 0}),
		MSG(P9_Tsymlink, 1, .tsymlink = {0, n, n, 0}), MSG(P9_Tmknod, 1, .tmknod = {0, n}),
		MSG(P9_Trename, 1, .trename = {0, 0, n}), MSG(P9_Tsetattr, 1, .tsetattr = {0}),
		MSG(P9_Txattrcreate, 1, .txattrcreate = {0, n, 0, 0}),
		MSG(P9_Tlink, 1, .tlink = {0, 0, n}), MSG(P9_Tmkdir, 1, .tmkdir = {0, n, 0, 0}),
		MSG(P9_Trenameat, 1, .trenameat = {0, n, 0, n}),
		MSG(P9_Tunlinkat, 1, .tunlinkat = {0, n, 0}), MSG(P9_Twrite, 1, .twrite = {0}),
		MSG(P9_Tlopen, 1, .tlopen = {0, P9_O_WRONLY}),
		MSG(P9_Tlopen, 1, .tlopen = {0, P9_O_RDWR}),
		MSG(P9_Tlopen, 1, .tlopen = {0, P9_O_RDONLY | P9_O_TRUNC})};
	for (size_t i = 0; i < ARRAY_SIZE(changes); i++)
		CHECK_INT(call(changes[i]), EROFS);
	CHECK_INT(call(MSG(P9_Tlopen, 1, .tlopen = {0, P9_O_RDONLY | P9_O_CREAT})), 0);
	CHECK_INT(call(MSG(P9_Tfsync, 1, .tfsync = {0, 0})), 0);
	CHECK_INT(call(MSG(P9_Tremove, 1, .tremove = {0})), EROFS);
	CHECK_INT(p9_server_fids(w.s), 0);
	stop();
}

/* --- 9P2000.L.metac --- */

static const uint8_t metac_types[] = {P9_Tlookup, P9_Topenat, P9_Tcreateat, P9_Tmakeat, P9_Tlinkat,
	P9_Treaddirplus, P9_Trenameat2, P9_Tfallocate, P9_Tseek, P9_Tcopyrange, P9_Ttmpfile,
	P9_Tgetxattr, P9_Tlistxattr, P9_Tsetxattr, P9_Tremovexattr, P9_Tsetattrx, P9_Tevents,
	P9_Tattachx, P9_Tsession};

TEST(a_plain_client_has_none_of_the_new_messages)
{
	start_session(defaults);
	CHECK(!p9_server_is_metac(w.s));
	for (size_t i = 0; i < ARRAY_SIZE(metac_types); i++)
		CHECK_INT(call(MSG(metac_types[i], 1)), EOPNOTSUPP);
	CHECK_INT(call(MSG(P9_Tmkdir, 1, .once = {0, 1}, .tmkdir = {0, p9_str("d"), 0, 0})),
		EOPNOTSUPP);
	CHECK_INT(call(MSG(P9_Tlock, 1, .tlock = {.flags = P9_LOCK_FLOCK})), EINVAL);
	CHECK_INT(call(MSG(P9_Tlock, 1, .tlock = {.flags = P9_LOCK_BLOCK})), 0);
	stop();
}

TEST(the_version_is_what_both_speak)
{
	start((struct p9_server_config){.plain = true});
	CHECK_INT(version(65536, P9_VERSION_METAC), 0);
	CHECK_INT(attach(0), EPROTO); /* "unknown" was the answer */
	CHECK_INT(version(65536, P9_VERSION), 0);
	CHECK_INT(attach(0), 0);
	stop();
	start_metac(defaults);
	CHECK_INT(version(65536, P9_VERSION), 0); /* a new session may speak another */
	CHECK(!p9_server_is_metac(w.s));
	stop();
}

TEST(a_new_fid_is_wanted_or_not)
{
	start_metac(defaults);
	struct p9_str n = p9_str("x");
	CHECK_INT(call(MSG(P9_Tlookup, 1, .tlookup = {0, P9_NOFID, n, 0, 0})), 0);
	CHECK_INT(call(MSG(P9_Tmakeat, 1, .tmakeat = {0, P9_NOFID, n})), 0);
	CHECK_INT(p9_server_fids(w.s), 1);
	CHECK_INT(call(MSG(P9_Topenat, 1, .topenat = {0, P9_NOFID, n})), EBADF);
	CHECK_INT(call(MSG(P9_Tcreateat, 1, .tcreateat = {0, P9_NOFID, n})), EBADF);
	CHECK_INT(call(MSG(P9_Ttmpfile, 1, .ttmpfile = {0, P9_NOFID})), EBADF);
	CHECK_INT(call(MSG(P9_Tattachx, 1, .tattachx = {.fid = P9_NOFID})), EBADF);
	CHECK_INT(call(MSG(P9_Tlookup, 1, .tlookup = {0, 1, n, 0, 0})), 0);
	CHECK_INT(call(MSG(P9_Topenat, 1, .topenat = {0, 2, n})), 0);
	CHECK_INT(call(MSG(P9_Tcreateat, 1, .tcreateat = {0, 3, n})), 0);
	CHECK_INT(call(MSG(P9_Tmakeat, 1, .tmakeat = {0, 4, n})), 0);
	CHECK_INT(call(MSG(P9_Ttmpfile, 1, .ttmpfile = {0, 5})), 0);
	CHECK_INT(call(MSG(P9_Tattachx, 1, .tattachx = {.fid = 6})), 0);
	CHECK_INT(p9_server_fids(w.s), 7);
	/* None of them replaces the fid it goes out from, or any other. */
	CHECK_INT(call(MSG(P9_Tlookup, 1, .tlookup = {0, 0, n, 0, 0})), EBADF);
	CHECK_INT(call(MSG(P9_Topenat, 1, .topenat = {1, 1, p9_str("")})), EBADF);
	CHECK_INT(call(MSG(P9_Tcreateat, 1, .tcreateat = {0, 2, n})), EBADF);
	CHECK_INT(p9_server_fids(w.s), 7);
	stop();
}

TEST(a_request_that_succeeds_may_leave_its_fid_unmade)
{
	start_metac(defaults);
	CHECK_INT(begin(0, MSG(P9_Tcreateat, 1, .tcreateat = {0, 3, p9_str("x")})), P9_RUN);
	w.q[0].unmade = true;
	p9_server_end(w.s, &w.q[0], 0);
	CHECK_INT(last().type, P9_Rcreateat);
	CHECK_INT(p9_server_fids(w.s), 1);
	CHECK_INT(walk(0, 3), 0);
	stop();
}

TEST(both_fids_of_the_new_messages_must_exist)
{
	start_metac(defaults);
	struct p9_str n = p9_str("x");
	CHECK_INT(call(MSG(P9_Tlinkat, 1, .tlinkat = {0, 0, n, 0})), 0);
	CHECK_INT(call(MSG(P9_Tlinkat, 1, .tlinkat = {0, 9, n, 0})), EBADF);
	CHECK_INT(call(MSG(P9_Tlinkat, 1, .tlinkat = {9, 0, n, 0})), EBADF);
	CHECK_INT(call(MSG(P9_Trenameat2, 1, .trenameat2 = {0, n, 9, n, 0})), EBADF);
	CHECK_INT(call(MSG(P9_Trenameat2, 1, .trenameat2 = {0, n, 0, n, 0})), 0);
	CHECK_INT(call(MSG(P9_Tcopyrange, 1, .tcopyrange = {0, 0, 9, 0, 1})), EBADF);
	CHECK_INT(call(MSG(P9_Tcopyrange, 1, .tcopyrange = {0, 0, 0, 0, 1})), 0);
	stop();
}

TEST(only_looking_up_and_opening_take_an_empty_name)
{
	start_metac(defaults);
	static const struct {
		const char *name;
		int lookup, other;
	} cases[] = {{"", 0, ENOENT}, {"a", 0, 0}, {".", EINVAL, EINVAL}, {"..", EINVAL, EINVAL},
		{"a/b", EINVAL, EINVAL}};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct p9_str n = p9_str(cases[i].name), a = p9_str("a");
		int other = cases[i].other;
		CHECK_INT(call(MSG(P9_Tlookup, 1, .tlookup = {0, P9_NOFID, n, 0, 0})),
			cases[i].lookup);
		CHECK_INT(call(MSG(P9_Topenat, 1, .topenat = {0, 1, n})), cases[i].lookup);
		if (!cases[i].lookup)
			CHECK_INT(call(MSG(P9_Tclunk, 1, .tclunk = {1})), 0);
		CHECK_INT(call(MSG(P9_Tcreateat, 1, .tcreateat = {0, 1, n})), other);
		if (!other)
			CHECK_INT(call(MSG(P9_Tclunk, 1, .tclunk = {1})), 0);
		CHECK_INT(call(MSG(P9_Tmakeat, 1, .tmakeat = {0, P9_NOFID, n})), other);
		CHECK_INT(call(MSG(P9_Tlinkat, 1, .tlinkat = {0, 0, n, 0})), other);
		CHECK_INT(call(MSG(P9_Trenameat2, 1, .trenameat2 = {0, n, 0, a, 0})), other);
		CHECK_INT(call(MSG(P9_Trenameat2, 1, .trenameat2 = {0, a, 0, n, 0})), other);
	}
	stop();
}

TEST(counts_of_the_new_messages_are_cut_or_refused)
{
	start_metac(defaults);
	CHECK_INT(begin(0, MSG(P9_Treaddirplus, 3, .treaddirplus = {0, 0, UINT32_MAX, 0, 0})),
		P9_RUN);
	CHECK_INT(w.q[0].count, 65536 - P9_PLUS_HEADER);
	end(0, -EBADF);
	CHECK_INT(begin(0, MSG(P9_Tgetxattr, 3, .tgetxattr = {0, p9_str("u"), 0})), P9_RUN);
	CHECK_INT(w.q[0].count, 0);
	end(0, -EBADF);
	CHECK_INT(begin(0, MSG(P9_Tlistxattr, 3, .tlistxattr = {0, 70000})), P9_RUN);
	CHECK_INT(w.q[0].count, 65536 - P9_PLUS_HEADER);
	end(0, -EBADF);
	struct p9_msg m = MSG(P9_Topenat, 3, .topenat = {0, 1, p9_str("a")});
	m.topenat.count = 65536 - P9_OPENAT_HEADER;
	CHECK_INT(begin(0, m), P9_RUN);
	CHECK_INT(w.q[0].count, m.topenat.count);
	end(0, -EBADF);
	m.topenat.count++;
	CHECK_INT(call(m), EMSGSIZE);
	stop();
}

TEST(groups_are_whole_and_limited)
{
	static uint8_t groups[4 * P9_MAX_GROUPS + 4];
	start_metac(defaults);
	for (uint32_t n = 0; n <= 9; n++)
		CHECK_INT(call(MSG(P9_Tattachx, 1,
				  .tattachx = {.fid = 10 + n, .groups = {groups, n}})),
			n % 4 ? EINVAL : 0);
	CHECK_INT(call(MSG(P9_Tattachx, 1,
			  .tattachx = {.fid = 1, .groups = {groups, 4 * P9_MAX_GROUPS}})),
		0);
	CHECK_INT(call(MSG(P9_Tattachx, 1,
			  .tattachx = {.fid = 2, .groups = {groups, sizeof(groups)}})),
		EINVAL);
	stop();
}

TEST(a_read_only_tree_refuses_changes_by_new_messages)
{
	start_metac((struct p9_server_config){.read_only = true});
	struct p9_str n = p9_str("x");
	struct p9_msg changes[] = {MSG(P9_Tcreateat, 1, .tcreateat = {0, 1, n}),
		MSG(P9_Tmakeat, 1, .tmakeat = {0, 1, n}),
		MSG(P9_Tlinkat, 1, .tlinkat = {0, 0, n, 0}),
		MSG(P9_Trenameat2, 1, .trenameat2 = {0, n, 0, n, 0}), MSG(P9_Tfallocate, 1),
		MSG(P9_Tcopyrange, 1), MSG(P9_Ttmpfile, 1, .ttmpfile = {0, 1}),
		MSG(P9_Tsetxattr, 1), MSG(P9_Tremovexattr, 1), MSG(P9_Tsetattrx, 1),
		MSG(P9_Topenat, 1, .topenat = {0, 1, n, P9_O_WRONLY}),
		MSG(P9_Topenat, 1, .topenat = {0, 1, n, P9_O_RDWR}),
		MSG(P9_Topenat, 1, .topenat = {0, 1, n, P9_O_TRUNC})};
	for (size_t i = 0; i < ARRAY_SIZE(changes); i++)
		CHECK_INT(call(changes[i]), EROFS);
	CHECK_INT(p9_server_fids(w.s), 1);
	CHECK_INT(call(MSG(P9_Tlookup, 1, .tlookup = {0, 1, n, 0, 0})), 0);
	CHECK_INT(call(MSG(P9_Topenat, 1, .topenat = {0, 2, n, P9_O_RDONLY})), 0);
	CHECK_INT(call(MSG(P9_Tseek, 1)), 0);
	stop();
}

TEST(only_what_must_not_be_done_twice_goes_inside_tonce)
{
	static const uint8_t may[] = {P9_Twrite, P9_Tsymlink, P9_Tmknod, P9_Tlink, P9_Tmkdir,
		P9_Trenameat, P9_Tunlinkat, P9_Tcreateat, P9_Tmakeat, P9_Tlinkat, P9_Trenameat2,
		P9_Tfallocate, P9_Ttmpfile, P9_Tsetxattr, P9_Tremovexattr};
	start_metac(defaults);
	for (unsigned type = P9_Tstatfs; type < P9_Tonce; type += 2) {
		struct p9_msg m = MSG((uint8_t)type, 1, .once = {63, 7});
		bool may_be = memchr(may, (int)type, sizeof(may));
		if (p9_type_name((uint8_t)type)[0] == '?')
			continue;
		int r = begin(0, m);
		if (r == P9_RUN) {
			CHECK(may_be);
			CHECK_INT(w.q[0].t.once.slot, 63);
			CHECK_INT(w.q[0].t.once.seq, 7);
			end(0, -EIO);
			continue;
		}
		CHECK_INT(r, 0);
		CHECK_INT(last().type, P9_Rlerror);
		/* What was let in got as far as its fields. */
		uint32_t e = last().ecode;
		CHECK(may_be ? e == ENOENT || e == EBADF : e == EINVAL || e == EOPNOTSUPP);
	}
	CHECK(p9_server_is_metac(w.s)); /* a Tversion inside Tonce is none */
	stop();
}

static void wait_for_events(uint16_t tag, uint32_t count)
{
	size_t before = w.n_sent;
	CHECK_INT(begin(7, MSG(P9_Tevents, tag, .tevents = {count})), 0);
	CHECK_INT(w.n_sent, before);
}

TEST(events_are_told_to_the_one_that_waits_longest)
{
	static const uint8_t data[5000];
	start_metac(defaults);
	CHECK_INT(p9_server_events_room(w.s), 0);
	wait_for_events(10, 1000);
	wait_for_events(11, UINT32_MAX);
	CHECK_INT(p9_server_events_room(w.s), 1000);
	p9_server_events_answer(w.s, &w.q[0], data, 12);
	CHECK_INT(last().type, P9_Revents);
	CHECK_INT(last().tag, 10);
	CHECK_INT(last().len, 12);
	wait_for_events(10, 1000); /* the tag is free again, and goes to the end */
	CHECK_INT(p9_server_events_room(w.s), 65536 - P9_READ_HEADER);
	p9_server_events_answer(w.s, &w.q[0], data, 5000);
	CHECK_INT(last().tag, 11);
	CHECK_INT(p9_server_events_room(w.s), 1000);
	stop();
}

TEST(few_may_wait_for_events_and_with_room_for_one)
{
	start_metac(defaults);
	CHECK_INT(call(MSG(P9_Tevents, 1, .tevents = {P9_EVENT_MAX - 1})), EINVAL);
	CHECK_INT(call(MSG(P9_Tevents, 1, .tevents = {0})), EINVAL);
	for (uint16_t i = 0; i < P9_SERVER_MAX_EVENTS; i++)
		wait_for_events((uint16_t)(10 + i), P9_EVENT_MAX);
	CHECK_INT(call(MSG(P9_Tevents, 1, .tevents = {4096})), EAGAIN);
	CHECK_INT(begin(0, MSG(P9_Tevents, 10, .tevents = {4096})), -EPROTO); /* tag in use */
	stop();
}

TEST(a_flush_of_tevents_is_answered_at_once)
{
	start_metac(defaults);
	for (uint16_t i = 0; i < 3; i++)
		wait_for_events((uint16_t)(10 + i), (uint32_t)(1000 + i));
	CHECK_INT(call(MSG(P9_Tflush, 20, .tflush = {11})), 0);
	CHECK_INT(last().type, P9_Rflush);
	CHECK_INT(call(MSG(P9_Tflush, 20, .tflush = {10})), 0);
	CHECK_INT(last().type, P9_Rflush);
	CHECK_INT(p9_server_events_room(w.s), 1002);
	wait_for_events(11, 500);
	CHECK_INT(p9_server_events_room(w.s), 1002);
	stop();
}

TEST(a_new_version_forgets_who_waited_for_events)
{
	start_metac(defaults);
	wait_for_events(10, 1000);
	CHECK_INT(version(65536, P9_VERSION_METAC), 0);
	CHECK_INT(p9_server_events_room(w.s), 0);
	wait_for_events(10, 500);
	CHECK_INT(p9_server_events_room(w.s), 500);
	stop();
}
