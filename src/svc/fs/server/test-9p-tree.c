/* SPDX-License-Identifier: MIT */
/* Attributes, and whose rights a request has. */
#include "svc/fs/server/test-9p.h"

#include <sys/sysmacros.h>
#include <sys/vfs.h>

TEST(getattr_tells_what_stat_tells)
{
	struct peer p;
	struct stat st;
	start(&p);
	put_file("f", "12345");
	CHECK(!mknodat(tree_dir, "fifo", S_IFIFO | 0604, 0));
	CHECK(!linkat(tree_dir, "f", tree_dir, "g", 0));
	CHECK(!fstatat(tree_dir, "f", &st, 0));
	CHECK_INT(t_walk(&p, 0, 1, "f"), 0);
	CHECK_INT(t_getattr(&p, 1), 0);
	const struct p9_msg *r = &p.r;
	CHECK_INT(r->rgetattr.valid & P9_GETATTR_BASIC, P9_GETATTR_BASIC);
	CHECK_INT(r->rgetattr.qid.path, st.st_ino);
	CHECK_INT(r->rgetattr.mode, st.st_mode);
	CHECK_INT(r->rgetattr.uid, st.st_uid);
	CHECK_INT(r->rgetattr.gid, st.st_gid);
	CHECK_INT(r->rgetattr.nlink, 2);
	CHECK_INT(r->rgetattr.size, 5);
	CHECK_INT(r->rgetattr.blocks, st.st_blocks);
	CHECK_INT(r->rgetattr.blksize, st.st_blksize);
	CHECK_INT(r->rgetattr.mtime_sec, st.st_mtim.tv_sec);
	CHECK_INT(r->rgetattr.mtime_nsec, st.st_mtim.tv_nsec);
	CHECK_INT(r->rgetattr.ctime_nsec, st.st_ctim.tv_nsec);
	CHECK_INT(t_walk(&p, 0, 2, "fifo"), 0);
	CHECK_INT(t_getattr(&p, 2), 0);
	CHECK_INT(r->rgetattr.mode, S_IFIFO | 0604);
	stop(&p);
}

TEST(device_numbers_travel_as_the_kernel_packs_them)
{
	struct peer p;
	need_root();
	start(&p);
	CHECK(!mknodat(tree_dir, "d", S_IFBLK | 0600, makedev(259, 70000)));
	CHECK_INT(t_walk(&p, 0, 1, "d"), 0);
	CHECK_INT(t_getattr(&p, 1), 0);
	CHECK_INT(p.r.rgetattr.rdev, (70000 & 0xff) | 259 << 8 | (70000 & ~0xff) << 12);
	stop(&p);
}

static int setattr(struct peer *p, struct p9_msg m)
{
	m.type = P9_Tsetattr;
	m.tag = 1;
	m.tsetattr.fid = 1;
	return call(p, m);
}

#define SETATTR(p, ...) setattr(p, (struct p9_msg){.tsetattr = {__VA_ARGS__}})

TEST(setattr_sets_each_attribute)
{
	struct peer p;
	struct stat st;
	start(&p);
	put_file("f", "12345");
	CHECK_INT(t_walk(&p, 0, 1, "f"), 0);
	CHECK_INT(SETATTR(&p, .valid = P9_SETATTR_MODE, .mode = S_IFREG | 04751), 0);
	CHECK(!fstatat(tree_dir, "f", &st, 0) && st.st_mode == (S_IFREG | 04751));
	CHECK_INT(SETATTR(&p, .valid = P9_SETATTR_SIZE, .size = 3), 0);
	CHECK(!fstatat(tree_dir, "f", &st, 0) && st.st_size == 3);
	CHECK_INT(SETATTR(&p, .valid = P9_SETATTR_SIZE, .size = UINT64_MAX), -EFBIG);
	CHECK_INT(SETATTR(&p,
			  .valid = P9_SETATTR_ATIME | P9_SETATTR_ATIME_SET | P9_SETATTR_MTIME |
				   P9_SETATTR_MTIME_SET,
			  .atime_sec = 1, .atime_nsec = 2, .mtime_sec = 3, .mtime_nsec = 999999999),
		0);
	CHECK(!fstatat(tree_dir, "f", &st, 0) && st.st_atim.tv_sec == 1 &&
		st.st_atim.tv_nsec == 2 && st.st_mtim.tv_sec == 3 &&
		st.st_mtim.tv_nsec == 999999999);
	CHECK_INT(SETATTR(&p, .valid = P9_SETATTR_MTIME), 0); /* now */
	CHECK(!fstatat(tree_dir, "f", &st, 0) && st.st_atim.tv_sec == 1 &&
		st.st_mtim.tv_sec > 1000);
	CHECK_INT(SETATTR(&p, .valid = P9_SETATTR_MTIME | P9_SETATTR_MTIME_SET,
			  .mtime_nsec = UTIME_OMIT),
		-EINVAL);
	CHECK_INT(SETATTR(&p, .valid = P9_SETATTR_CTIME), 0);
	CHECK_INT(SETATTR(&p, .valid = 0), 0);
	stop(&p);
}

TEST(owner_and_mode_in_one_request)
{
	struct peer p;
	struct stat st;
	need_root();
	start(&p);
	put_file("f", "");
	CHECK(!symlinkat("f", tree_dir, "l"));
	CHECK_INT(t_walk(&p, 0, 1, "f"), 0);
	CHECK_INT(SETATTR(&p, .valid = P9_SETATTR_UID | P9_SETATTR_GID | P9_SETATTR_MODE,
			  .uid = 1234, .gid = 4321, .mode = 06755),
		0);
	CHECK(!fstatat(tree_dir, "f", &st, 0));
	CHECK_INT(st.st_uid, 1234);
	CHECK_INT(st.st_gid, 4321);
	CHECK_INT(st.st_mode & 07777, 06755);
	CHECK_INT(t_clunk(&p, 1), 0);
	CHECK_INT(t_walk(&p, 0, 1, "l"), 0);
	CHECK_INT(SETATTR(&p, .valid = P9_SETATTR_UID, .uid = 99),
		0); /* the link's, not the file's */
	CHECK(!fstatat(tree_dir, "l", &st, AT_SYMLINK_NOFOLLOW) && st.st_uid == 99);
	CHECK(!fstatat(tree_dir, "f", &st, 0) && st.st_uid == 1234);
	stop(&p);
}

TEST(statfs_tells_what_statfs_tells)
{
	struct peer p;
	struct statfs sf;
	start(&p);
	CHECK(!statfs(tree, &sf));
	CHECK_INT(CALL(&p, P9_Tstatfs, .tstatfs = {0}), 0);
	CHECK_INT(p.r.rstatfs.type, sf.f_type);
	CHECK_INT(p.r.rstatfs.bsize, sf.f_bsize);
	CHECK_INT(p.r.rstatfs.blocks, sf.f_blocks);
	CHECK_INT(p.r.rstatfs.files, sf.f_files);
	CHECK_INT(p.r.rstatfs.namelen, 255);
	stop(&p);
}

/* --- identity --- */

TEST(a_user_has_his_own_rights)
{
	struct peer p;
	struct stat st;
	need_root();
	start(&p);
	put_file("secret", "x");
	CHECK(!fchmodat(tree_dir, "secret", 0600, 0));
	put_file("open", "x");
	CHECK_INT(t_attach(&p, 10, "", 1234), 0);
	CHECK_INT(t_walk(&p, 10, 1, "secret"), 0);
	CHECK_INT(t_open(&p, 1, P9_O_RDONLY), -EACCES);
	CHECK_INT(SETATTR(&p, .valid = P9_SETATTR_MODE, .mode = 0666), -EPERM);
	CHECK_INT(SETATTR(&p, .valid = P9_SETATTR_SIZE, .size = 0), -EACCES);
	CHECK_INT(SETATTR(&p, .valid = P9_SETATTR_UID, .uid = 1234), -EPERM);
	CHECK_INT(t_walk(&p, 10, 2, ""), 0);
	CHECK_INT(CALL(&p, P9_Tlcreate, .tlcreate = {2, p9_str("mine"), P9_O_RDWR, 0640, 5678}), 0);
	CHECK(!fstatat(tree_dir, "mine", &st, 0));
	CHECK_INT(st.st_uid, 1234);
	CHECK_INT(st.st_gid, 5678);
	CHECK_INT(CALL(&p, P9_Tmknod, .tmknod = {10, p9_str("dev"), S_IFCHR | 0600, 1, 3, 0}),
		-EPERM);
	CHECK_INT(CALL(&p, P9_Tmknod, .tmknod = {10, p9_str("fifo"), S_IFIFO | 0600, 0, 0, 7}), 0);
	CHECK(!fstatat(tree_dir, "fifo", &st, 0) && st.st_uid == 1234 && st.st_gid == 7);
	/* and root, on the same connection, still has all */
	CHECK_INT(t_open_path(&p, 3, "secret", P9_O_RDONLY), 0);
	CHECK_INT(t_create(&p, 4, "roots", P9_O_RDWR, 0600), 0);
	CHECK(!fstatat(tree_dir, "roots", &st, 0) && st.st_uid == 0 && st.st_gid == 0);
	/* who may not write may not link what is not his either */
	CHECK(!mkdirat(tree_dir, "d", 0700));
	CHECK_INT(t_walk(&p, 10, 5, "d/x"), -ENOENT); /* EACCES at the second name ends a walk */
	CHECK_INT(p.r.rwalk.nwqid, 1);
	CHECK_INT(t_walk(&p, 10, 5, "d"), 0);
	CHECK_INT(t_walk(&p, 5, 6, "x"), -EACCES);
	CHECK_INT(CALL(&p, P9_Tmkdir, .tmkdir = {5, p9_str("x"), 0777, 0}), -EACCES);
	stop(&p);
}

TEST(users_take_turns_with_requests)
{
	struct peer p;
	struct stat st;
	char name[16];
	need_root();
	start(&p);
	for (uint32_t i = 1; i <= 20; i++)
		CHECK_INT(t_attach(&p, 100 + i, "", 1000 + i), 0);
	for (uint16_t round = 0; round < 10; round++) {
		for (uint32_t i = 1; i <= 20; i++) {
			snprintf(name, sizeof(name), "%u-%u", i, round);
			struct p9_msg m = {.type = P9_Tmkdir, .tag = (uint16_t)i};
			m.tmkdir.dfid = 100 + i;
			m.tmkdir.name = p9_str(name);
			m.tmkdir.mode = 0700;
			m.tmkdir.gid = 2000 + i;
			send_msg(&p, &m);
		}
		for (uint32_t i = 1; i <= 20; i++) {
			CHECK(recv_msg(&p));
			CHECK_INT(p.r.type, P9_Rmkdir);
		}
		for (uint32_t i = 1; i <= 20; i++) {
			snprintf(name, sizeof(name), "%u-%u", i, round);
			CHECK(!fstatat(tree_dir, name, &st, 0));
			CHECK_INT(st.st_uid, 1000 + i);
			CHECK_INT(st.st_gid, 2000 + i);
		}
	}
	stop(&p);
}

TEST(who_has_no_number_is_known_by_name)
{
	struct peer p;
	struct stat st;
	need_root();
	start(&p);
	CHECK_INT(t_attach(&p, 1, "root", P9_NONUNAME), 0);
	CHECK_INT(CALL(&p, P9_Tmkdir, .tmkdir = {1, p9_str("root"), 0700, 0}), 0);
	CHECK(!fstatat(tree_dir, "root", &st, 0) && st.st_uid == 0);
	CHECK_INT(t_attach(&p, 2, "no such user", P9_NONUNAME), 0);
	CHECK_INT(CALL(&p, P9_Tmkdir, .tmkdir = {2, p9_str("nobody"), 0700, 65534}), 0);
	CHECK(!fstatat(tree_dir, "nobody", &st, 0) && st.st_uid == 65534);
	CHECK_INT(t_attach(&p, 3, "daemon", P9_NONUNAME), 0);
	CHECK_INT(CALL(&p, P9_Tmkdir, .tmkdir = {3, p9_str("daemon"), 0700, (uint32_t)-1}), 0);
	CHECK(!fstatat(tree_dir, "daemon", &st, 0) && st.st_uid == 1 && st.st_gid == 1);
	stop(&p);
}

TEST(there_is_a_limit_to_users)
{
	struct peer p;
	need_root();
	start(&p);
	int r = 0;
	uint32_t i;
	for (i = 1; i < 2000 && !r; i++) {
		r = t_attach(&p, i, "", 100000 + i);
		if (!r)
			t_clunk(&p, i);
	}
	CHECK_INT(r, -EUSERS);
	CHECK(i > 1000);
	CHECK_INT(t_attach(&p, 5000, "", 0), 0);
	stop(&p);
}
