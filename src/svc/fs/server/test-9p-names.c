/* SPDX-License-Identifier: MIT */
/* Attach, walk, and everything that makes, moves and removes names. */
#include "svc/fs/server/test-9p.h"

#include <sys/sysmacros.h>

TEST(attach_gives_the_root_and_only_that)
{
	struct peer p;
	start(&p);
	CHECK_INT(p.r.rattach.qid.type, P9_QTDIR);
	CHECK_INT(
		CALL(&p, P9_Tattach, .tattach = {9, P9_NOFID, p9_str("root"), p9_str("/"), 0}), 0);
	CHECK_INT(CALL(&p, P9_Tattach, .tattach = {8, P9_NOFID, p9_str("root"), p9_str("/etc"), 0}),
		-ENOENT);
	CHECK_INT(CALL(&p, P9_Tattach, .tattach = {8, 9, p9_str("root"), p9_str(""), 0}), -EBADF);
	stop(&p);
}

TEST(a_single_file_can_be_the_tree)
{
	struct peer p;
	char buf[8];
	tree_make();
	put_file("f", "text");
	int dir = tree_dir;
	tree_dir = openat(dir, "f", O_PATH | O_CLOEXEC);
	peer_start(&p, (struct p9_options){});
	CHECK_INT(p.r.rattach.qid.type, P9_QTFILE);
	CHECK_INT(t_walk(&p, 0, 1, "x"), -ENOTDIR);
	CHECK_INT(t_walk(&p, 0, 1, ".."), -ENOTDIR);
	CHECK_INT(t_open_path(&p, 1, "", P9_O_RDONLY), 0);
	CHECK_INT(t_read(&p, 1, 0, buf, 8), 4);
	peer_stop(&p);
	close(tree_dir);
	tree_dir = dir;
	tree_remove();
}

TEST(walk_goes_one_name_after_the_other)
{
	struct peer p;
	start(&p);
	mkdirat(tree_dir, "a", 0777);
	mkdirat(tree_dir, "a/b", 0777);
	put_file("a/b/c", "x");
	CHECK_INT(t_walk(&p, 0, 1, "a/b/c"), 0);
	CHECK_INT(p.r.rwalk.nwqid, 3);
	CHECK_INT(p.r.rwalk.wqid[1].type, P9_QTDIR);
	CHECK_INT(p.r.rwalk.wqid[2].type, P9_QTFILE);
	CHECK_INT(t_walk(&p, 0, 2, "a/x/c"), -ENOENT);
	CHECK_INT(p.r.type, P9_Rwalk);
	CHECK_INT(p.r.rwalk.nwqid, 1);
	CHECK_INT(t_walk(&p, 0, 2, "x"), -ENOENT);
	CHECK_INT(p.r.type, P9_Rlerror);
	CHECK_INT(t_walk(&p, 0, 2, "a/b/c/d"), -ENOENT);
	CHECK_INT(t_walk(&p, 1, 2, "d"), -ENOTDIR);
	CHECK_INT(t_walk(&p, 0, 0, "a"), 0); /* in place */
	CHECK_INT(t_walk(&p, 0, 2, "b"), 0);
	stop(&p);
}

TEST(dot_dot_stays_inside_the_root)
{
	struct peer p;
	struct stat st;
	start(&p);
	mkdirat(tree_dir, "a", 0777);
	mkdirat(tree_dir, "a/b", 0777);
	fstat(tree_dir, &st);
	CHECK_INT(t_walk(&p, 0, 1, "../../.."), 0);
	for (int i = 0; i < 3; i++)
		CHECK_INT(p.r.rwalk.wqid[i].path, st.st_ino);
	CHECK_INT(t_walk(&p, 0, 2, "a/b/../../../.."), 0);
	CHECK_INT(p.r.rwalk.wqid[3].path, st.st_ino);
	CHECK_INT(p.r.rwalk.wqid[5].path, st.st_ino);
	CHECK_INT(t_walk(&p, 0, 3, "a/b/.."), 0);
	fstatat(tree_dir, "a", &st, 0);
	CHECK_INT(p.r.rwalk.wqid[2].path, st.st_ino);
	stop(&p);
}

TEST(dot_dot_of_a_directory_moved_out_leads_nowhere)
{
	struct peer p;
	char outside[80];
	start(&p);
	mkdirat(tree_dir, "a", 0777);
	CHECK_INT(t_walk(&p, 0, 1, "a"), 0);
	snprintf(outside, sizeof(outside), "%s-outside", tree);
	CHECK(!renameat(tree_dir, "a", AT_FDCWD, outside));
	CHECK_INT(t_walk(&p, 1, 2, ".."), -ENOENT);
	CHECK_INT(CALL(&p, P9_Tremove, .tremove = {1}), -ENOENT);
	CHECK(!rmdir(outside));
	stop(&p);
}

TEST(symbolic_links_are_not_followed)
{
	struct peer p;
	start(&p);
	CHECK(!symlinkat("/etc", tree_dir, "dir"));
	CHECK(!symlinkat("/etc/passwd", tree_dir, "file"));
	CHECK_INT(t_walk(&p, 0, 1, "dir/passwd"), -ENOENT);
	CHECK_INT(t_walk(&p, 0, 1, "dir"), 0);
	CHECK_INT(p.r.rwalk.wqid[0].type, P9_QTSYMLINK);
	CHECK_INT(t_walk(&p, 1, 2, "passwd"), -ENOTDIR);
	CHECK_INT(t_open(&p, 1, P9_O_RDONLY), -ELOOP);
	CHECK_INT(t_open(&p, 1, P9_O_DIRECTORY), -ELOOP);
	CHECK_INT(t_open_path(&p, 3, "file", P9_O_RDONLY), -ELOOP);
	CHECK_INT(t_create(&p, 4, "file", P9_O_RDWR | P9_O_CREAT, 0666), -ELOOP);
	CHECK_INT(CALL(&p, P9_Tmkdir, .tmkdir = {1, p9_str("x"), 0777, 0}), -ENOTDIR);
	stop(&p);
}

static volatile bool swapping;

static void *swap(void *arg)
{
	(void)arg;
	while (swapping) {
		renameat2(tree_dir, "d", tree_dir, "link", RENAME_EXCHANGE);
		renameat2(tree_dir, "f", tree_dir, "flink", RENAME_EXCHANGE);
	}
	return NULL;
}

/* While a directory and a link to outside, a file and a link to outside, change places. */
TEST(no_swap_of_a_link_leads_out_of_the_tree)
{
	struct peer p;
	pthread_t t;
	char secret[80], target[80], buf[16];
	start(&p);
	snprintf(target, sizeof(target), "%s-outside", tree);
	CHECK(!mkdir(target, 0777));
	snprintf(secret, sizeof(secret), "%s-outside/s", tree);
	FILE *f = fopen(secret, "we");
	CHECK(f && fputs("outside", f) > 0 && !fclose(f));
	mkdirat(tree_dir, "d", 0777);
	put_file("d/s", "inside");
	put_file("f", "inside");
	CHECK(!symlinkat(target, tree_dir, "link") && !symlinkat(secret, tree_dir, "flink"));
	swapping = true;
	CHECK(!pthread_create(&t, NULL, swap, NULL));
	unsigned opened = 0;
	for (int i = 0; i < 3000; i++) {
		int r = i & 1 ? t_open_path(&p, 1, "d/s", P9_O_RDONLY)
			      : t_open_path(&p, 1, "f", P9_O_RDONLY);
		if (r)
			continue;
		opened++;
		CHECK_INT(t_read(&p, 1, 0, buf, sizeof(buf)), 6);
		CHECK(!memcmp(buf, "inside", 6));
		t_clunk(&p, 1);
	}
	swapping = false;
	pthread_join(t, NULL);
	CHECK(opened > 0);
	unlink(secret);
	rmdir(target);
	stop(&p);
}

TEST(names_are_bytes)
{
	static const char *const names[] = {"\xff\xfe", " ", "\n", "-rf", "a\tb", "\"", "*", "\x01",
		"caf\xc3\xa9", "(deleted)", "x (deleted)"};
	struct peer p;
	struct stat st;
	start(&p);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		CHECK_INT(t_create(&p, 1, names[i], P9_O_RDWR, 0644), 0);
		CHECK(!fstatat(tree_dir, names[i], &st, 0));
		t_clunk(&p, 1);
		CHECK_INT(t_walk(&p, 0, 1, names[i]), 0);
		/* by fid alone: the server has to find the name again */
		CHECK_INT(CALL(&p, P9_Trename, .trename = {1, 0, p9_str("other")}), 0);
		CHECK_INT(CALL(&p, P9_Tremove, .tremove = {1}), 0);
		CHECK(fstatat(tree_dir, "other", &st, 0) < 0);
	}
	stop(&p);
}

TEST(directories_links_and_nodes_are_made)
{
	struct peer p;
	struct stat st;
	char target[64];
	need_root();
	start(&p);
	CHECK_INT(CALL(&p, P9_Tmkdir, .tmkdir = {0, p9_str("d"), 01755, 0}), 0);
	CHECK_INT(p.r.rmkdir.qid.type, P9_QTDIR);
	CHECK(!fstatat(tree_dir, "d", &st, 0) && (st.st_mode & 07777) == 01755);
	CHECK_INT(p.r.rmkdir.qid.path, st.st_ino);
	CHECK_INT(CALL(&p, P9_Tmkdir, .tmkdir = {0, p9_str("d"), 0755, 0}), -EEXIST);
	CHECK_INT(CALL(&p, P9_Tsymlink, .tsymlink = {0, p9_str("l"), p9_str("../../x"), 0}), 0);
	CHECK_INT(p.r.rsymlink.qid.type, P9_QTSYMLINK);
	CHECK_INT(readlinkat(tree_dir, "l", target, sizeof(target)), 7);
	CHECK_INT(CALL(&p, P9_Tsymlink, .tsymlink = {0, p9_str("m"), p9_str(""), 0}), -ENOENT);
	CHECK_INT(CALL(&p, P9_Tsymlink, .tsymlink = {0, p9_str("m"), {"a\0b", 3}, 0}), -EINVAL);
	CHECK_INT(t_walk(&p, 0, 1, "l"), 0);
	CHECK_INT(CALL(&p, P9_Treadlink, .treadlink = {1}), 0);
	CHECK(p9_str_eq(p.r.rreadlink.target, "../../x"));
	CHECK_INT(CALL(&p, P9_Treadlink, .treadlink = {0}), -EINVAL);
	CHECK_INT(CALL(&p, P9_Tmknod, .tmknod = {0, p9_str("p"), S_IFIFO | 0640, 0, 0, 0}), 0);
	CHECK(!fstatat(tree_dir, "p", &st, 0) && st.st_mode == (S_IFIFO | 0640));
	CHECK_INT(CALL(&p, P9_Tmknod, .tmknod = {0, p9_str("c"), S_IFCHR | 0600, 1, 3, 0}), 0);
	CHECK(!fstatat(tree_dir, "c", &st, 0) && st.st_rdev == makedev(1, 3));
	CHECK_INT(CALL(&p, P9_Tmknod, .tmknod = {0, p9_str("s"), S_IFSOCK | 0600, 0, 0, 0}), 0);
	CHECK_INT(CALL(&p, P9_Tmknod, .tmknod = {0, p9_str("r"), S_IFREG | 0600, 0, 0, 0}), 0);
	CHECK_INT(
		CALL(&p, P9_Tmknod, .tmknod = {0, p9_str("y"), S_IFDIR | 0600, 0, 0, 0}), -EINVAL);
	stop(&p);
}

/* Nor wait for anybody at the other end. */
TEST(devices_and_fifos_are_not_opened)
{
	struct peer p;
	start(&p);
	CHECK(!mkfifoat(tree_dir, "p", 0666));
	CHECK_INT(t_open_path(&p, 1, "p", P9_O_RDONLY), -ENXIO);
	CHECK_INT(t_open_path(&p, 1, "p", P9_O_RDWR), -ENXIO);
	CHECK_INT(t_create(&p, 1, "p", P9_O_WRONLY, 0666), -ENXIO);
	if (!mknodat(tree_dir, "null", S_IFCHR | 0666, makedev(1, 3)))
		CHECK_INT(t_open_path(&p, 2, "null", P9_O_RDONLY), -ENXIO);
	stop(&p);
}

TEST(links_and_renames)
{
	struct peer p;
	struct stat st;
	start(&p);
	mkdirat(tree_dir, "d", 0777);
	put_file("f", "x");
	CHECK(!symlinkat("nowhere", tree_dir, "l"));
	CHECK_INT(t_walk(&p, 0, 1, "f"), 0);
	CHECK_INT(t_walk(&p, 0, 2, "d"), 0);
	CHECK_INT(t_walk(&p, 0, 3, "l"), 0);
	CHECK_INT(CALL(&p, P9_Tlink, .tlink = {2, 1, p9_str("g")}), 0);
	CHECK(!fstatat(tree_dir, "d/g", &st, 0) && st.st_nlink == 2);
	CHECK_INT(CALL(&p, P9_Tlink, .tlink = {2, 1, p9_str("g")}), -EEXIST);
	CHECK_INT(CALL(&p, P9_Tlink, .tlink = {2, 2, p9_str("h")}), -EPERM);
	CHECK_INT(CALL(&p, P9_Tlink, .tlink = {2, 3, p9_str("m")}), 0); /* of the link itself */
	CHECK(!fstatat(tree_dir, "d/m", &st, AT_SYMLINK_NOFOLLOW) && S_ISLNK(st.st_mode));
	CHECK_INT(CALL(&p, P9_Trenameat, .trenameat = {2, p9_str("g"), 0, p9_str("i")}), 0);
	CHECK(!fstatat(tree_dir, "i", &st, 0));
	CHECK_INT(CALL(&p, P9_Trenameat, .trenameat = {2, p9_str("g"), 0, p9_str("i")}), -ENOENT);
	CHECK_INT(CALL(&p, P9_Trenameat, .trenameat = {0, p9_str("d"), 2, p9_str("x")}), -EINVAL);
	CHECK_INT(CALL(&p, P9_Trename, .trename = {1, 2, p9_str("moved")}), 0);
	CHECK(!fstatat(tree_dir, "d/moved", &st, 0));
	CHECK_INT(CALL(&p, P9_Trename, .trename = {0, 2, p9_str("root")}), -ENOENT);
	stop(&p);
}

TEST(removing)
{
	struct peer p;
	start(&p);
	mkdirat(tree_dir, "d", 0777);
	mkdirat(tree_dir, "e", 0777);
	put_file("d/f", "x");
	CHECK_INT(t_unlink(&p, 0, "d", 0), -EISDIR);
	CHECK_INT(t_unlink(&p, 0, "d", P9_AT_REMOVEDIR), -ENOTEMPTY);
	CHECK_INT(t_unlink(&p, 0, "d", 0x100), -EINVAL);
	CHECK_INT(t_walk(&p, 0, 1, "d"), 0);
	CHECK_INT(t_unlink(&p, 1, "f", P9_AT_REMOVEDIR), -ENOTDIR);
	CHECK_INT(t_unlink(&p, 1, "f", 0), 0);
	CHECK_INT(t_unlink(&p, 1, "f", 0), -ENOENT);
	CHECK_INT(t_unlink(&p, 0, "d", P9_AT_REMOVEDIR), 0);
	CHECK_INT(CALL(&p, P9_Tmkdir, .tmkdir = {1, p9_str("x"), 0777, 0}), -ENOENT);
	CHECK_INT(t_walk(&p, 0, 2, "e"), 0);
	CHECK_INT(CALL(&p, P9_Tremove, .tremove = {2}), 0);
	CHECK_INT(t_walk(&p, 0, 2, "e"), -ENOENT);
	stop(&p);
}

TEST(renames_under_fids_do_not_disturb_them)
{
	struct peer p;
	char buf[8];
	start(&p);
	mkdirat(tree_dir, "a", 0777);
	put_file("a/f", "one");
	CHECK_INT(t_walk(&p, 0, 1, "a"), 0);
	CHECK_INT(t_walk(&p, 0, 2, "a/f"), 0);
	CHECK_INT(t_open_path(&p, 3, "a/f", P9_O_RDWR), 0);
	CHECK(!renameat(tree_dir, "a", tree_dir, "b"));
	CHECK(!renameat(tree_dir, "b/f", tree_dir, "b/g"));
	put_file("b/f", "two");
	CHECK_INT(t_open(&p, 2, P9_O_RDONLY), 0);
	CHECK_INT(t_read(&p, 2, 0, buf, 8), 3);
	CHECK(!memcmp(buf, "one", 3));
	CHECK_INT(t_write(&p, 3, 0, "ONE", 3), 3);
	CHECK_INT(t_walk(&p, 1, 4, "g"), 0);
	CHECK_INT(t_walk(&p, 1, 5, ".."), 0);
	/* Tremove takes away that very file, under its name of now */
	CHECK_INT(CALL(&p, P9_Tremove, .tremove = {4}), 0);
	CHECK(!faccessat(tree_dir, "b/f", F_OK, 0));
	CHECK(faccessat(tree_dir, "b/g", F_OK, 0) < 0);
	stop(&p);
}
