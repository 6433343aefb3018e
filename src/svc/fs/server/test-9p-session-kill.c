/* SPDX-License-Identifier: MIT */
/* Appends inside Tonce, the numbers of requests, and a server that is really killed. */
#include "svc/fs/server/test-9p-session.h"

#include <signal.h>
#include <sys/wait.h>

/* --- appending --- */

static void append_at(struct peer *p, uint32_t seq, const char *text)
{
	CHECK_INT(once(p, seq, append(text)), 0);
	CHECK_INT(p->r.rwrite.count, strlen(text));
}

TEST(an_append_is_found_among_others)
{
	struct peer p;
	begin_session(&p);
	put_file("f", "content");
	walk_to_files(&p);
	append_at(&p, 1, "12345");
	put_file("f", "contentOTHER12345OTHER");
	next_server_after_kill(&p);
	walk_to_files(&p);
	append_at(&p, 1, "12345");
	check_content("f", "contentOTHER12345OTHER");
	end_session(&p);
}

TEST(half_an_append_gets_its_other_half)
{
	struct peer p;
	begin_session(&p);
	put_file("f", "content");
	walk_to_files(&p);
	append_at(&p, 1, "12345");
	put_file("f", "contentOTHER123");
	next_server_after_kill(&p);
	walk_to_files(&p);
	append_at(&p, 1, "12345");
	check_content("f", "contentOTHER12345");
	append_at(&p, 1, "12345");
	check_content("f", "contentOTHER12345");
	end_session(&p);
}

/* The longest part counts, and looking for it takes no time that anybody would notice, whatever the
 * bytes are. */
TEST(what_repeats_itself_is_matched_as_well)
{
	static const struct {
		const char *there, *whole;
	} cases[] = {{"contentababa", "contentababab"}, {"contentaab", "contentaababab"},
		{"contentabaabaababX", "contentabaabaababXababab"}};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct peer p;
		begin_session(&p);
		put_file("f", "content");
		walk_to_files(&p);
		append_at(&p, 1, "ababab");
		put_file("f", cases[i].there);
		next_server_after_kill(&p);
		walk_to_files(&p);
		append_at(&p, 1, "ababab");
		check_content("f", cases[i].whole);
		end_session(&p);
	}
}

TEST(as_many_equal_bytes_as_there_can_be)
{
	enum { N = 1000000 };
	struct peer p;
	struct stat st;
	char *many = malloc(N);
	memset(many, 'a', N);
	begin_session(&p);
	put_file("f", "content");
	walk_to_files(&p);
	struct p9_msg m = {.type = P9_Twrite, .twrite = {10, 0, {many, N}}};
	CHECK_INT(once(&p, 1, m), 0);
	int fd = openat(tree_dir, "f", O_WRONLY | O_CLOEXEC);
	CHECK_INT(pwrite(fd, "b", 1, 7 + N / 2), 1);
	close(fd);
	next_server_after_kill(&p);
	walk_to_files(&p);
	CHECK_INT(once(&p, 1, m), 0);
	CHECK(!fstatat(tree_dir, "f", &st, 0));
	CHECK_INT(st.st_size, 7 + N + N / 2 + 1);
	free(many);
	end_session(&p);
}

TEST(an_append_that_cannot_be_told_is_an_error)
{
	struct peer p;
	begin_session(&p);
	put_file("f", "content");
	walk_to_files(&p);
	append_at(&p, 1, "12345");
	put_file("f", "cont"); /* cut off by somebody */
	next_server_after_kill(&p);
	walk_to_files(&p);
	CHECK_INT(once(&p, 1, append("12345")), -EIO);
	check_content("f", "cont");
	end_session(&p);
}

TEST(an_append_is_one_by_its_offset_as_well)
{
	struct peer p;
	begin_session(&p);
	put_file("f", "content");
	CHECK_INT(t_openat(&p, 0, 10, "f", P9_O_WRONLY, 0), 0);
	struct p9_msg m = append("12345");
	m.twrite.offset = P9_APPEND;
	CHECK_INT(once(&p, 1, m), 0);
	next_server_after_kill(&p);
	CHECK_INT(t_openat(&p, 0, 10, "f", P9_O_WRONLY, 0), 0);
	CHECK_INT(once(&p, 1, m), 0);
	check_content("f", "content12345");
	put_file("f", "content12"); /* killed halfway */
	next_server_after_kill(&p);
	CHECK_INT(t_openat(&p, 0, 10, "f", P9_O_WRONLY, 0), 0);
	CHECK_INT(once(&p, 1, m), 0);
	check_content("f", "content12345");
	end_session(&p);
}

/* A file that is not open for appending is written where the client says: as often as it likes. */
TEST(plain_writes_are_not_kept)
{
	struct peer p;
	begin_session(&p);
	put_file("f", "content");
	CHECK_INT(t_openat(&p, 0, 10, "f", P9_O_WRONLY, 0), 0);
	CHECK_INT(once(&p, 1, append("12345")), 0);
	check_content("f", "12345nt");
	put_file("f", "CONTENT");
	CHECK_INT(once(&p, 1, append("12345")), 0);
	check_content("f", "12345NT");
	end_session(&p);
}

TEST(a_range_is_inserted_once)
{
	struct peer p;
	struct stat st;
	struct p9_msg m = {
		.type = P9_Tfallocate, .tfallocate = {10, P9_FALLOC_INSERT_RANGE, 0, 4096}};
	begin_session(&p);
	put_file("f", "content");
	walk_to_files(&p);
	int r = once(&p, 1, m);
	if (r == -EOPNOTSUPP)
		test_skip("this file system cannot insert ranges");
	for (int round = 0; round < 3; round++) {
		CHECK_INT(r, 0);
		CHECK(!fstatat(tree_dir, "f", &st, 0));
		CHECK_INT(st.st_size, 4096 + 7);
		if (round)
			next_server_after_kill(&p);
		else
			next_server(&p);
		walk_to_files(&p);
		r = once(&p, 1, m);
	}
	end_session(&p);
}

/* --- numbers --- */

TEST(a_seq_that_is_over_or_belongs_to_another_request_is_refused)
{
	struct peer p;
	begin_session(&p);
	CHECK_INT(once(&p, 10, makeat("a", S_IFDIR | 0755, "")), 0);
	CHECK_INT(once(&p, 9, makeat("b", S_IFDIR | 0755, "")), -EINVAL);
	CHECK_INT(once(&p, 10, makeat("b", S_IFDIR | 0755, "")), -EINVAL);
	struct p9_msg m = {.type = P9_Tunlinkat, .tunlinkat = {0, p9_str("a"), 0}};
	CHECK_INT(once(&p, 10, m), -EINVAL);
	CHECK_INT(once(&p, 12, makeat("b", S_IFDIR | 0755, "")), 0);
	next_server(&p);
	CHECK_INT(once(&p, 10, makeat("a", S_IFDIR | 0755, "")), -EINVAL);
	CHECK_INT(once(&p, UINT32_MAX, makeat("c", S_IFDIR | 0755, "")), 0);
	/* What is refused before it begins does not count. */
	m = makeat("d", S_IFDIR | 0755, "");
	m.once = (struct p9_once){.slot = 1, .seq = 5};
	m.tag = 1;
	m.tmakeat.dfid = 77;
	CHECK_INT(call(&p, m), -EBADF);
	m.tmakeat.dfid = 0;
	CHECK_INT(call(&p, m), 0);
	end_session(&p);
}

TEST(slots_do_not_know_of_one_another)
{
	struct peer p;
	char name[16];
	begin_session(&p);
	for (int round = 0; round < 2; round++) {
		for (uint16_t slot = 0; slot < P9_ONCE_SLOTS; slot++) {
			snprintf(name, sizeof(name), "d%u", slot);
			struct p9_msg m = makeat(name, S_IFDIR | 0755, "");
			m.tag = 1;
			m.once = (struct p9_once){.slot = slot, .seq = 100u - slot};
			CHECK_INT(call(&p, m), 0);
		}
		next_server(&p);
	}
	end_session(&p);
}

TEST(without_a_file_answers_last_as_long_as_the_server)
{
	struct peer p;
	start_metac(&p);
	CHECK_INT(session_flags(&p) & P9_SESSION_KEPT, 0);
	CHECK_INT(once(&p, 1, makeat("d", S_IFDIR | 0755, "")), 0);
	CHECK_INT(once(&p, 1, makeat("d", S_IFDIR | 0755, "")), 0);
	CHECK_INT(session_flags(&p) & P9_SESSION_KEPT, 0);
	peer_stop(&p);
	peer_start_metac(&p, (struct p9_options){});
	CHECK_INT(once(&p, 1, makeat("d", S_IFDIR | 0755, "")), -EEXIST);
	stop(&p);
}

static pid_t spawn_server(struct peer *p)
{
	int s[2];
	CHECK(!socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, s));
	fflush(NULL);
	pid_t pid = fork();
	if (!pid) {
		struct p9_options o = {.session_fd = journal, .msize = P9_MAX_MSIZE};
		close(s[0]);
		_exit(p9_serve(&o, s[1], tree_dir, false) ? 1 : 0);
	}
	CHECK(pid > 0);
	close(s[1]);
	p->fd = s[0];
	return pid;
}

/* -ECONNRESET when the server has been killed. */
static int try_call(struct peer *p, struct p9_msg m)
{
	uint8_t buf[512];
	m.tag = m.type == P9_Tversion ? P9_NOTAG : 1;
	int n = p9_encode(&m, buf, sizeof(buf));
	if (send(p->fd, buf, (size_t)n, MSG_NOSIGNAL) != n || !recv_msg(p))
		return -ECONNRESET;
	return p->r.type == P9_Rlerror ? -(int)p->r.rlerror.ecode : 0;
}

static int try_connect(struct peer *p)
{
	struct p9_msg version = {.type = P9_Tversion}, attach = {.type = P9_Tattach}, file;
	version.tversion.msize = 65536;
	version.tversion.version = p9_str(P9_VERSION_METAC);
	attach.tattach.afid = P9_NOFID;
	attach.tattach.n_uname = 0;
	file = (struct p9_msg){.type = P9_Topenat,
		.topenat = {0, 10, p9_str("log"), P9_O_WRONLY | P9_O_APPEND, 0, 0, 0}};
	int r = try_call(p, version);
	if (!r)
		r = try_call(p, attach);
	return r ? r : try_call(p, file);
}

/* A server that is killed again and again, at any moment: each line is there once, each directory
 * was made once and removed once. */
TEST(killed_at_any_moment_nothing_is_done_twice)
{
	enum { STEPS = 400 };
	struct peer p = {.buf = malloc(P9_MAX_MSIZE)};
	char line[32], name[32];
	tree_make();
	journal_make();
	put_file("log", "");
	pid_t pid = spawn_server(&p);
	unsigned random = 12345, kills = 0;
	CHECK_INT(try_connect(&p), 0);
	for (uint32_t i = 0; i < 3 * STEPS;) {
		struct p9_msg m;
		snprintf(line, sizeof(line), "line %u\n", i / 3);
		snprintf(name, sizeof(name), "d%u", i / 3);
		if (i % 3 == 0)
			m = append(line);
		else if (i % 3 == 1)
			m = makeat(name, S_IFDIR | 0755, "");
		else
			m = (struct p9_msg){.type = P9_Tunlinkat,
				.tunlinkat = {0, p9_str(name), P9_AT_REMOVEDIR}};
		m.once = (struct p9_once){.slot = (uint16_t)(i % 3), .seq = i + 1};
		random = random * 1664525 + 1013904223;
		bool kill_it = random >> 28 == 0;
		if (kill_it) { /* while it does this, or before, or after */
			m.tag = 1;
			send_msg(&p, &m);
			for (volatile unsigned spin = (random >> 8) % 60000; spin; spin--)
				;
			CHECK(!kill(pid, SIGKILL));
			CHECK(waitpid(pid, NULL, 0) == pid);
			close(p.fd);
			pid = spawn_server(&p);
			CHECK_INT(try_connect(&p), 0);
			kills++;
		}
		CHECK_INT(try_call(&p, m), 0);
		i++;
	}
	CHECK(kills > 20);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	close(p.fd);
	free(p.buf);
	int fd = openat(tree_dir, "log", O_RDONLY | O_CLOEXEC);
	FILE *f = fdopen(fd, "r");
	for (unsigned i = 0; i < STEPS; i++) {
		snprintf(name, sizeof(name), "line %u\n", i);
		CHECK(fgets(line, sizeof(line), f));
		CHECK_STR(line, name);
	}
	CHECK(!fgets(line, sizeof(line), f));
	fclose(f);
	tree_remove();
	close(journal);
}
