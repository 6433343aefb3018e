/* SPDX-License-Identifier: MIT */
/*
 * Requests inside Tonce, sent again: to the server that did them, to the one after it, and to one
 * whose predecessor was killed in the middle.  Such a server finds a record that says "begun";
 * before() and after() the operation is tried by making a record say so, and the tree look so.
 */
#include "svc/fs/server/test-9p.h"
#include "svc/fs/server/9p-journal.h"

#include <signal.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <sys/xattr.h>

enum { SLOT = 5 };

static int journal;

static void journal_make(void)
{
	journal = memfd_create("journal", MFD_CLOEXEC);
	CHECK(journal > 0);
}

static uint32_t session_flags(struct peer *p)
{
	CHECK_INT(CALL(p, P9_Tsession), 0);
	return p->r.rsession.flags;
}

static void begin_session(struct peer *p)
{
	tree_make();
	journal_make();
	peer_start_metac(p, (struct p9_options){.session_fd = journal});
	CHECK_INT(session_flags(p) & P9_SESSION_KEPT, 0);
}

/* The next server of the session. */
static void next_server(struct peer *p)
{
	peer_stop(p);
	peer_start_metac(p, (struct p9_options){.session_fd = journal});
	CHECK_INT(session_flags(p) & P9_SESSION_KEPT, P9_SESSION_KEPT);
}

static void end_session(struct peer *p)
{
	stop(p);
	close(journal);
}

/* The next server, which finds the slot's request begun. */
static void next_server_after_kill(struct peer *p)
{
	struct p9_journal *j;
	struct stat st;
	bool kept;
	peer_stop(p);
	CHECK(!fstat(tree_dir, &st));
	CHECK_INT(p9_journal_open(journal, st.st_dev, st.st_ino, &j, &kept), 0);
	CHECK(kept);
	struct p9_journal_record *r = p9_journal_claim(j, SLOT);
	CHECK(r && r->state == P9_JOURNAL_DONE);
	r->state = P9_JOURNAL_BEGUN;
	p9_journal_release(r);
	p9_journal_close(j);
	peer_start_metac(p, (struct p9_options){.session_fd = journal});
}

static int once(struct peer *p, uint32_t seq, struct p9_msg m)
{
	m.tag = 1;
	m.once = (struct p9_once){.slot = SLOT, .seq = seq};
	return call(p, m);
}

static bool there(const char *name)
{
	struct stat st;
	return !fstatat(tree_dir, name, &st, AT_SYMLINK_NOFOLLOW);
}

static uint64_t inode(const char *name)
{
	struct stat st;
	CHECK(!fstatat(tree_dir, name, &st, AT_SYMLINK_NOFOLLOW));
	return st.st_ino;
}

static void check_content(const char *name, const char *text)
{
	char buf[256];
	int fd = openat(tree_dir, name, O_RDONLY | O_CLOEXEC);
	CHECK(fd >= 0);
	ssize_t n = read(fd, buf, sizeof(buf) - 1);
	CHECK(n >= 0);
	buf[n] = 0;
	close(fd);
	CHECK_STR(buf, text);
}

/* --- the operations --- */

/* Fids: 0 the tree, 9 the file "f", 10 the same open for appending. */
static void walk_to_files(struct peer *p)
{
	CHECK_INT(t_walk(p, 0, 9, "f"), 0);
	CHECK_INT(t_openat(p, 0, 10, "f", P9_O_WRONLY | P9_O_APPEND, 0), 0);
}

static struct p9_msg makeat(const char *name, uint32_t mode, const char *target)
{
	struct p9_msg m = {.type = P9_Tmakeat};
	m.tmakeat.newfid = P9_NOFID;
	m.tmakeat.name = p9_str(name);
	m.tmakeat.mode = mode;
	m.tmakeat.target = p9_str(target);
	m.tmakeat.gid = (uint32_t)-1;
	m.tmakeat.request_mask = P9_GETATTR_BASIC;
	return m;
}

static struct p9_msg createat(uint32_t newfid, const char *name, uint32_t flags)
{
	struct p9_msg m = {.type = P9_Tcreateat};
	m.tcreateat.newfid = newfid;
	m.tcreateat.name = p9_str(name);
	m.tcreateat.open_flags = flags;
	m.tcreateat.mode = 0444;
	m.tcreateat.gid = (uint32_t)-1;
	m.tcreateat.request_mask = P9_GETATTR_BASIC;
	return m;
}

static struct p9_msg append(const char *text)
{
	return (struct p9_msg){
		.type = P9_Twrite, .twrite = {10, 0, {text, (uint32_t)strlen(text)}}};
}

/* One that succeeds once, and would fail, or do harm, when done again. */
struct operation {
	const char *name;
	struct p9_msg m;
	bool (*done)(void);
	void (*undo)(void);
};

static bool d_there(void)
{
	return there("d");
}

static void remove_d(void)
{
	CHECK(!unlinkat(tree_dir, "d", 0) || !unlinkat(tree_dir, "d", AT_REMOVEDIR));
}

static bool f_gone(void)
{
	return !there("f");
}

static bool h_is_f_moved(void)
{
	return there("h") && !there("f");
}

static void move_h_back(void)
{
	CHECK(!renameat(tree_dir, "h", tree_dir, "f"));
}

static bool e_gone(void)
{
	return !there("e");
}

static void make_e(void)
{
	CHECK(!mkdirat(tree_dir, "e", 0755));
}

static bool h_is_f(void)
{
	return there("h") && inode("h") == inode("f");
}

static void remove_h(void)
{
	CHECK(!unlinkat(tree_dir, "h", 0));
}

static bool appended(void)
{
	struct stat st;
	return !fstatat(tree_dir, "f", &st, 0) && st.st_size == 12;
}

static void cut_off(void)
{
	int fd = openat(tree_dir, "f", O_WRONLY | O_CLOEXEC);
	CHECK(!ftruncate(fd, 7));
	close(fd);
}

static bool has_attr(void)
{
	char path[96];
	snprintf(path, sizeof(path), "%s/f", tree);
	return getxattr(path, "user.new", NULL, 0) == 5;
}

static void remove_attr(void)
{
	char path[96];
	snprintf(path, sizeof(path), "%s/f", tree);
	CHECK(!removexattr(path, "user.new"));
}

static bool has_no_attr(void)
{
	char path[96];
	snprintf(path, sizeof(path), "%s/f", tree);
	return getxattr(path, "user.old", NULL, 0) < 0;
}

static void set_attr(void)
{
	char path[96];
	snprintf(path, sizeof(path), "%s/f", tree);
	CHECK(!setxattr(path, "user.old", "x", 1, 0));
}

static size_t operations(struct operation ret[32])
{
	struct p9_str f = p9_str("f"), h = p9_str("h"), d = p9_str("d"), e = p9_str("e");
	size_t n = 0;
	ret[n++] = (struct operation){
		"makeat dir", makeat("d", S_IFDIR | 0755, ""), d_there, remove_d};
	ret[n++] = (struct operation){
		"makeat link", makeat("d", S_IFLNK | 0777, "to"), d_there, remove_d};
	ret[n++] = (struct operation){
		"makeat fifo", makeat("d", S_IFIFO | 0644, ""), d_there, remove_d};
	ret[n++] = (struct operation){
		"makeat file", makeat("d", S_IFREG | 0644, ""), d_there, remove_d};
	ret[n++] = (struct operation){"mkdir",
		{.type = P9_Tmkdir, .tmkdir = {0, d, 0755, (uint32_t)-1}}, d_there, remove_d};
	ret[n++] = (struct operation){"symlink",
		{.type = P9_Tsymlink, .tsymlink = {0, d, p9_str("to"), (uint32_t)-1}}, d_there,
		remove_d};
	ret[n++] = (struct operation){"mknod",
		{.type = P9_Tmknod, .tmknod = {0, d, S_IFIFO | 0644, 0, 0, (uint32_t)-1}}, d_there,
		remove_d};
	ret[n++] = (struct operation){
		"unlink", {.type = P9_Tunlinkat, .tunlinkat = {0, f, 0}}, f_gone, NULL};
	ret[n++] = (struct operation){"rmdir",
		{.type = P9_Tunlinkat, .tunlinkat = {0, e, P9_AT_REMOVEDIR}}, e_gone, make_e};
	ret[n++] = (struct operation){"rename", {.type = P9_Trenameat, .trenameat = {0, f, 0, h}},
		h_is_f_moved, move_h_back};
	ret[n++] = (struct operation){"rename2",
		{.type = P9_Trenameat2, .trenameat2 = {0, f, 0, h, P9_RENAME_NOREPLACE}},
		h_is_f_moved, move_h_back};
	ret[n++] = (struct operation){
		"link", {.type = P9_Tlink, .tlink = {0, 9, h}}, h_is_f, remove_h};
	ret[n++] = (struct operation){"linkat",
		{.type = P9_Tlinkat, .tlinkat = {0, 9, h, P9_GETATTR_BASIC}}, h_is_f, remove_h};
	ret[n++] = (struct operation){"append", append("12345"), appended, cut_off};
	ret[n++] = (struct operation){"setxattr",
		{.type = P9_Tsetxattr, .tsetxattr = {9, p9_str("user.new"), 1, {"12345", 5}}},
		has_attr, remove_attr};
	ret[n++] = (struct operation){"removexattr",
		{.type = P9_Tremovexattr, .tremovexattr = {9, p9_str("user.old")}}, has_no_attr,
		set_attr};
	return n;
}

static void prepare_tree(struct peer *p)
{
	begin_session(p);
	put_file("f", "content");
	make_e();
	set_attr();
	walk_to_files(p);
}

static void check_answer(struct peer *p, const struct operation *o)
{
	if (o->m.type == P9_Twrite)
		CHECK_INT(p->r.rwrite.count, 5);
	if (o->m.type == P9_Tmkdir)
		CHECK(p->r.rmkdir.qid.path == inode("d"));
	if (o->m.type == P9_Tmakeat)
		CHECK(p->r.rmakeat.attr.qid.path == inode("d"));
	if (o->m.type == P9_Tlinkat)
		CHECK(p->r.rlinkat.attr.qid.path == inode("f"));
	CHECK(o->done());
}

/* How the same request comes again. */
enum again { SAME_SERVER, NEXT_SERVER, KILLED_AFTER, KILLED_BEFORE };

static void try_again(const struct operation *o, enum again how)
{
	struct peer p;
	prepare_tree(&p);
	CHECK_INT(once(&p, 1, o->m), 0);
	check_answer(&p, o);
	if (how == KILLED_BEFORE && o->undo)
		o->undo();
	if (how == NEXT_SERVER)
		next_server(&p);
	else if (how != SAME_SERVER)
		next_server_after_kill(&p);
	if (how != SAME_SERVER && there("f"))
		walk_to_files(&p);
	CHECK_INT(once(&p, 1, o->m), 0);
	check_answer(&p, o);
	/* And once more, now that it is done for certain. */
	CHECK_INT(once(&p, 1, o->m), 0);
	check_answer(&p, o);
	end_session(&p);
}

TEST(what_was_answered_is_answered_again)
{
	struct operation o[32];
	size_t n = operations(o);
	for (size_t i = 0; i < n; i++) {
		printf("# %s\n", o[i].name);
		try_again(&o[i], SAME_SERVER);
		try_again(&o[i], NEXT_SERVER);
	}
}

TEST(what_was_done_but_not_answered_is_found_done)
{
	struct operation o[32];
	size_t n = operations(o);
	for (size_t i = 0; i < n; i++) {
		printf("# %s\n", o[i].name);
		try_again(&o[i], KILLED_AFTER);
	}
}

TEST(what_was_begun_but_not_done_is_done)
{
	struct operation o[32];
	size_t n = operations(o);
	for (size_t i = 0; i < n; i++) {
		printf("# %s\n", o[i].name);
		try_again(&o[i], KILLED_BEFORE);
	}
}

TEST(failures_are_remembered_too)
{
	struct peer p;
	begin_session(&p);
	make_e();
	struct p9_msg m = makeat("e", S_IFDIR | 0755, "");
	CHECK_INT(once(&p, 7, m), -EEXIST);
	CHECK(!unlinkat(tree_dir, "e", AT_REMOVEDIR));
	CHECK_INT(once(&p, 7, m), -EEXIST);
	next_server(&p);
	CHECK_INT(once(&p, 7, m), -EEXIST);
	CHECK_INT(once(&p, 8, m), 0);
	end_session(&p);
}

/* Somebody had made it before: that it is there says nothing about us. */
TEST(what_was_there_before_is_not_taken_for_done)
{
	struct peer p;
	begin_session(&p);
	make_e();
	put_file("f", "content");
	CHECK_INT(t_walk(&p, 0, 9, "f"), 0);
	CHECK_INT(once(&p, 1, makeat("e", S_IFDIR | 0755, "")), -EEXIST);
	next_server_after_kill(&p);
	CHECK_INT(once(&p, 1, makeat("e", S_IFDIR | 0755, "")), -EEXIST);
	CHECK_INT(t_walk(&p, 0, 9, "f"), 0);
	struct p9_msg m = {.type = P9_Tlink, .tlink = {0, 9, p9_str("f")}};
	CHECK_INT(once(&p, 2, m), -EEXIST);
	next_server_after_kill(&p);
	CHECK_INT(t_walk(&p, 0, 9, "f"), 0);
	CHECK_INT(once(&p, 2, m), -EEXIST);
	m = (struct p9_msg){.type = P9_Tunlinkat, .tunlinkat = {0, p9_str("none"), 0}};
	CHECK_INT(once(&p, 3, m), -ENOENT);
	next_server_after_kill(&p);
	CHECK_INT(once(&p, 3, m), -ENOENT);
	m = (struct p9_msg){.type = P9_Tremovexattr, .tremovexattr = {0, p9_str("user.none")}};
	CHECK_INT(once(&p, 4, m), -ENODATA);
	next_server_after_kill(&p);
	CHECK_INT(once(&p, 4, m), -ENODATA);
	end_session(&p);
}

/* The name was used again by others after we had done our part. */
TEST(others_may_have_used_the_name_since)
{
	struct peer p;
	struct p9_msg m = {.type = P9_Tunlinkat, .tunlinkat = {0, p9_str("f"), 0}};
	begin_session(&p);
	put_file("f", "mine");
	CHECK_INT(once(&p, 1, m), 0);
	put_file("keep-the-inode", "");
	put_file("f", "another's");
	next_server_after_kill(&p);
	CHECK_INT(once(&p, 1, m), 0);
	check_content("f", "another's");

	m = (struct p9_msg){.type = P9_Trenameat, .trenameat = {0, p9_str("f"), 0, p9_str("h")}};
	CHECK_INT(once(&p, 2, m), 0);
	put_file("f", "a third");
	next_server_after_kill(&p);
	CHECK_INT(once(&p, 2, m), 0);
	check_content("f", "a third");
	check_content("h", "another's");

	/* Both names: nobody can say, and nothing is touched. */
	CHECK_INT(once(&p, 3, m), 0);
	put_file("f", "a fourth");
	CHECK(!unlinkat(tree_dir, "h", 0));
	put_file("h2", "");
	put_file("h", "a fifth");
	next_server_after_kill(&p);
	CHECK_INT(once(&p, 3, m), -EIO);
	check_content("f", "a fourth");
	check_content("h", "a fifth");
	end_session(&p);
}

TEST(an_exchange_is_not_undone)
{
	struct peer p;
	struct p9_msg m = {.type = P9_Trenameat2,
		.trenameat2 = {0, p9_str("a"), 0, p9_str("b"), P9_RENAME_EXCHANGE}};
	begin_session(&p);
	put_file("a", "1");
	put_file("b", "2");
	CHECK_INT(once(&p, 1, m), 0);
	check_content("a", "2");
	next_server(&p);
	CHECK_INT(once(&p, 1, m), 0);
	check_content("a", "2");
	next_server_after_kill(&p);
	CHECK_INT(once(&p, 1, m), 0);
	check_content("a", "2");
	end_session(&p);
}

TEST(a_created_file_is_opened_again)
{
	struct peer p;
	struct p9_msg m = createat(1, "n", P9_O_RDWR | P9_O_CREAT | P9_O_EXCL);
	begin_session(&p);
	CHECK_INT(once(&p, 1, m), 0);
	CHECK_INT(t_write(&p, 1, 0, "written", 7), 7);
	uint64_t ino = inode("n");
	for (int round = 0; round < 4; round++) {
		if (round & 1)
			next_server_after_kill(&p);
		else
			next_server(&p);
		CHECK_INT(once(&p, 1, m), 0);
		CHECK(p.r.rcreateat.attr.qid.path == ino);
		CHECK_INT(p.r.rcreateat.attr.size, 7);
		CHECK_INT(t_write(&p, 1, 0, "w", 1), 1);
	}
	check_content("n", "written");
	/* What has the name now is another. */
	next_server(&p);
	put_file("other", "");
	CHECK(!renameat(tree_dir, "other", tree_dir, "n"));
	CHECK_INT(once(&p, 1, m), -ESTALE);
	CHECK(!unlinkat(tree_dir, "n", 0));
	CHECK_INT(once(&p, 1, m), -ESTALE);
	end_session(&p);
}

/* Truncated once, not again when the name is opened again. */
TEST(creating_does_not_truncate_twice)
{
	struct peer p;
	struct p9_msg m = createat(1, "f", P9_O_WRONLY | P9_O_CREAT | P9_O_TRUNC);
	begin_session(&p);
	put_file("f", "old");
	CHECK_INT(once(&p, 1, m), 0);
	CHECK_INT(p.r.rcreateat.attr.size, 0);
	put_file("f", "new");
	next_server(&p);
	CHECK_INT(once(&p, 1, m), 0);
	CHECK_INT(p.r.rcreateat.attr.size, 3);
	check_content("f", "new");
	end_session(&p);
}

/* Its mode forbids to everybody what its maker is about to do. */
TEST(a_user_opens_again_what_he_made_for_reading_only)
{
	struct peer p;
	struct p9_msg m = createat(1, "n", P9_O_RDWR | P9_O_CREAT | P9_O_EXCL);
	need_root();
	begin_session(&p);
	for (int round = 0; round < 3; round++) {
		CHECK_INT(t_attach(&p, 3, "", 1234), 0);
		m.tcreateat.dfid = 3;
		CHECK_INT(once(&p, 1, m), 0);
		CHECK_INT(t_write(&p, 1, 0, "w", 1), 1);
		CHECK_INT(t_openat(&p, 3, 4, "n", P9_O_RDWR, 0), -EACCES);
		struct p9_msg again = {.type = P9_Topenat, .tag = 1};
		again.topenat.fid = 3;
		again.topenat.newfid = 4;
		again.topenat.name = p9_str("n");
		again.topenat.open_flags = P9_O_RDWR;
		again.topenat.flags = P9_WANT_AGAIN;
		CHECK_INT(call(&p, again), 0);
		CHECK_INT(t_write(&p, 4, 0, "v", 1), 1);
		/* That is the owner's right, and nobody else's. */
		CHECK_INT(t_attach(&p, 5, "", 1235), 0);
		again.topenat.fid = 5;
		again.topenat.newfid = 6;
		CHECK_INT(call(&p, again), -EACCES);
		next_server(&p);
	}
	end_session(&p);
}

TEST(a_made_directory_gets_its_fid_again)
{
	struct peer p;
	struct p9_msg m = makeat("d", S_IFDIR | 0755, "");
	m.tmakeat.newfid = 1;
	begin_session(&p);
	CHECK_INT(once(&p, 1, m), 0);
	for (int round = 0; round < 2; round++) {
		next_server(&p);
		CHECK_INT(once(&p, 1, m), 0);
		CHECK_INT(t_getattr(&p, 1), 0);
		CHECK(p.r.rgetattr.qid.path == inode("d"));
		next_server_after_kill(&p);
		CHECK_INT(once(&p, 1, m), 0);
		CHECK_INT(t_getattr(&p, 1), 0);
	}
	end_session(&p);
}

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

/* --- the real thing --- */

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
