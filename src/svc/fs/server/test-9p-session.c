/* SPDX-License-Identifier: MIT */
/*
 * Requests inside Tonce, sent again: to the server that did them, to the one after it, and to one
 * whose predecessor was killed in the middle.  Such a server finds a record that says "begun";
 * before() and after() the operation is tried by making a record say so, and the tree look so.
 */
#include "svc/fs/server/test-9p-session.h"

#include <sys/xattr.h>

/* --- the operations --- */

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

/* Another directory than the one that was removed: the journal is told. */
static void remake_e(void)
{
	make_e();
	remade = "e";
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
		{.type = P9_Tunlinkat, .tunlinkat = {0, e, P9_AT_REMOVEDIR}}, e_gone, remake_e};
	ret[n++] = (struct operation){
		"unlinkx", {.type = P9_Tunlinkatx, .tunlinkatx = {0, f, 0}}, f_gone, NULL};
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
	remade = NULL;
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
	/* Open: its inode is not used for another. */
	int mine = openat(tree_dir, "f", O_RDONLY | O_CLOEXEC);
	CHECK_INT(once(&p, 1, m), 0);
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
	int moved = openat(tree_dir, "h", O_RDONLY | O_CLOEXEC);
	CHECK(!unlinkat(tree_dir, "h", 0));
	put_file("h", "a fifth");
	next_server_after_kill(&p);
	CHECK_INT(once(&p, 3, m), -EIO);
	check_content("f", "a fourth");
	check_content("h", "a fifth");
	close(mine);
	close(moved);
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
		again.topenat.open_flags = P9_O_RDWR | P9_O_AGAIN;
		CHECK_INT(call(&p, again), 0);
		CHECK_INT(t_write(&p, 4, 0, "v", 1), 1);
		CHECK_INT(t_walk(&p, 3, 7, "n"), 0);
		CHECK_INT(t_open(&p, 7, P9_O_RDWR), -EACCES);
		CHECK_INT(t_open(&p, 7, P9_O_RDWR | P9_O_AGAIN), 0);
		CHECK_INT(t_write(&p, 7, 0, "v", 1), 1);
		/* That is the owner's right, and nobody else's. */
		CHECK_INT(t_attach(&p, 5, "", 1235), 0);
		again.topenat.fid = 5;
		again.topenat.newfid = 6;
		CHECK_INT(call(&p, again), -EACCES);
		next_server(&p);
	}
	end_session(&p);
}

/* The same where the server is that user, and has no other rights than his. */
TEST(a_server_that_is_one_user_opens_again_what_he_made)
{
	struct peer p;
	struct stat st;
	struct p9_msg m = createat(1, "n", P9_O_RDWR | P9_O_CREAT | P9_O_EXCL);
	need_root();
	tree_make();
	journal_make();
	CHECK(!setresuid(65534, 65534, 0));
	peer_start_metac(&p, (struct p9_options){.session_fd = journal});
	for (int round = 0; round < 2; round++) {
		CHECK_INT(once(&p, 1, m), 0);
		CHECK_INT(t_write(&p, 1, 0, "w", 1), 1);
		CHECK_INT(t_openat(&p, 0, 4, "n", P9_O_RDWR, 0), -EACCES);
		CHECK(!fstatat(tree_dir, "n", &st, 0));
		CHECK_INT(st.st_mode, S_IFREG | 0444);
		next_server(&p);
	}
	peer_stop(&p);
	CHECK(!setresuid(0, 0, 0));
	tree_remove();
	close(journal);
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
