/* SPDX-License-Identifier: MIT */
/* The protocol core where 9P2000.L.metac was agreed on, and where it was not. */
#include "wire/9p/server-fixture.h"

static const uint8_t metac_types[] = {P9_Tlookup, P9_Topenat, P9_Tcreateat, P9_Tmakeat, P9_Tlinkat,
	P9_Treaddirplus, P9_Trenameat2, P9_Tfallocate, P9_Tseek, P9_Tcopyrange, P9_Ttmpfile,
	P9_Tgetxattr, P9_Tlistxattr, P9_Tsetxattr, P9_Tremovexattr, P9_Tsetattrx, P9_Tevents,
	P9_Tattachx, P9_Tsession, P9_Tunlinkatx};

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
		MSG(P9_Tunlinkatx, 1, .tunlinkatx = {0, n, 0}),
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
		P9_Tfallocate, P9_Ttmpfile, P9_Tsetxattr, P9_Tremovexattr, P9_Tunlinkatx};
	start_metac(defaults);
	for (unsigned type = P9_Tstatfs; type <= P9_Tunlinkatx; type += 2) {
		struct p9_msg m = MSG((uint8_t)type, 1, .once = {63, 7});
		bool may_be = memchr(may, (int)type, sizeof(may));
		if (p9_type_name((uint8_t)type)[0] == '?') /* Tonce among them */
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
