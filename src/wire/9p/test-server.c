/* SPDX-License-Identifier: MIT */
/*
 * The protocol core with a backend that does nothing: what is asked, what is sent, in which order.
 */
#include "wire/9p/server-fixture.h"

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
