/* SPDX-License-Identifier: MIT */
/* Attributes changed and told in one message, and what POSIX has to say about it. */
#include "svc/fs/server/test-9p.h"

#include <time.h>

static int t_set(struct peer *p, struct p9_msg m)
{
	m.type = P9_Tsetattrx;
	m.tag = 1;
	return call(p, m);
}

#define SET(p, ...) t_set(p, (struct p9_msg){.tsetattrx = {__VA_ARGS__}})

TEST(setattrx_changes_and_tells)
{
	struct peer p;
	start_metac(&p);
	put_file("f", "hello");
	CHECK_INT(t_lookup(&p, 0, 1, "f"), 0);
	CHECK_INT(SET(&p, .fid = 1, .valid = P9_SETATTR_MODE, .mode = 0640), 0);
	CHECK_INT(p.r.rsetattrx.attr.mode, S_IFREG | 0640);
	CHECK_INT(SET(&p, .fid = 1, .valid = P9_SETATTR_SIZE, .size = 3), 0);
	CHECK_INT(p.r.rsetattrx.attr.size, 3);
	CHECK_INT(SET(&p, .fid = 1, .valid = P9_SETATTR_SIZE, .size = UINT64_C(5) << 40), 0);
	CHECK_INT(p.r.rsetattrx.attr.size, INT64_C(5) << 40);
	CHECK(p.r.rsetattrx.attr.blocks <= 16);
	CHECK_INT(SET(&p, .fid = 1, .valid = P9_SETATTR_SIZE, .size = UINT64_MAX), -EFBIG);
	CHECK_INT(SET(&p, .fid = 1,
			  .valid = P9_SETATTR_ATIME | P9_SETATTR_ATIME_SET | P9_SETATTR_MTIME |
				   P9_SETATTR_MTIME_SET,
			  .atime_sec = 1, .atime_nsec = 2, .mtime_sec = 3, .mtime_nsec = 4),
		0);
	const struct p9_attr *a = &p.r.rsetattrx.attr;
	CHECK(a->atime_sec == 1 && a->atime_nsec == 2 && a->mtime_sec == 3 && a->mtime_nsec == 4);
	CHECK_INT(SET(&p, .fid = 1, .valid = P9_SETATTR_MTIME), 0);
	CHECK_INT(p.r.rsetattrx.attr.atime_sec, 1);
	CHECK(p.r.rsetattrx.attr.mtime_sec > 1000000);
	CHECK_INT(SET(&p, .fid = 1, .valid = P9_SETATTR_MTIME | P9_SETATTR_MTIME_SET,
			  .mtime_nsec = 1000000000),
		-EINVAL);
	/* Before 1970. */
	CHECK_INT(SET(&p, .fid = 1, .valid = P9_SETATTR_MTIME | P9_SETATTR_MTIME_SET,
			  .mtime_sec = (uint64_t)-7),
		0);
	CHECK_INT(p.r.rsetattrx.attr.mtime_sec, -7);
	stop(&p);
}

TEST(the_owner_changes_his_files_and_nobody_elses)
{
	struct peer p;
	need_root();
	start_metac(&p);
	put_file("mine", "x");
	put_file("his", "x");
	CHECK(!fchownat(tree_dir, "mine", 1234, 99, 0) && !fchmodat(tree_dir, "his", 0666, 0));
	static const uint32_t groups[] = {77};
	CHECK_INT(t_attachx(&p, 1, 1234, 99, groups, 1), 0);
	CHECK_INT(t_lookup(&p, 1, 2, "mine"), 0);
	CHECK_INT(t_lookup(&p, 1, 3, "his"), 0);
	CHECK_INT(SET(&p, .fid = 2, .valid = P9_SETATTR_MODE, .mode = 06711), 0);
	CHECK_INT(p.r.rsetattrx.attr.mode, S_IFREG | 06711);
	/* To a group of his own: and set-id bits go. */
	CHECK_INT(SET(&p, .fid = 2, .valid = P9_SETATTR_GID, .gid = 77), 0);
	CHECK_INT(p.r.rsetattrx.attr.gid, 77);
	CHECK_INT(p.r.rsetattrx.attr.mode, S_IFREG | 0711);
	CHECK_INT(SET(&p, .fid = 2, .valid = P9_SETATTR_GID, .gid = 78), -EPERM);
	CHECK_INT(SET(&p, .fid = 2, .valid = P9_SETATTR_UID, .uid = 0), -EPERM);
	CHECK_INT(SET(&p, .fid = 3, .valid = P9_SETATTR_MODE, .mode = 0600), -EPERM);
	/* Who may write may set the times to now, and to nothing else. */
	CHECK_INT(SET(&p, .fid = 3, .valid = P9_SETATTR_ATIME | P9_SETATTR_MTIME), 0);
	CHECK_INT(SET(&p, .fid = 3, .valid = P9_SETATTR_MTIME), -EPERM);
	CHECK_INT(SET(&p, .fid = 3, .valid = P9_SETATTR_MTIME | P9_SETATTR_MTIME_SET), -EPERM);
	stop(&p);
}

TEST(writing_takes_set_id_bits_away_from_users)
{
	struct peer p;
	struct stat st;
	need_root();
	start_metac(&p);
	put_file("f", "x");
	CHECK(!fchownat(tree_dir, "f", 1234, 99, 0) && !fchmodat(tree_dir, "f", 06777, 0));
	CHECK_INT(t_attach(&p, 1, "", 1234), 0);
	CHECK_INT(t_openat(&p, 1, 2, "f", P9_O_RDWR, 0), 0);
	CHECK_INT(t_write(&p, 2, 0, "y", 1), 1);
	CHECK(!fstatat(tree_dir, "f", &st, 0));
	CHECK_INT(st.st_mode, S_IFREG | 0777);
	CHECK(!fchmodat(tree_dir, "f", 06777, 0));
	CHECK_INT(SET(&p, .fid = 2, .valid = P9_SETATTR_SIZE, .size = 0), 0);
	CHECK_INT(p.r.rsetattrx.attr.mode, S_IFREG | 0777);
	stop(&p);
}

TEST(an_open_file_is_truncated_whatever_its_mode_is_by_now)
{
	struct peer p;
	need_root();
	start_metac(&p);
	put_file("f", "hello");
	CHECK(!fchownat(tree_dir, "f", 1234, 99, 0));
	CHECK_INT(t_attach(&p, 1, "", 1234), 0);
	CHECK_INT(t_openat(&p, 1, 2, "f", P9_O_RDWR, 0), 0);
	CHECK(!fchmodat(tree_dir, "f", 0, 0));
	CHECK_INT(SET(&p, .fid = 2, .valid = P9_SETATTR_SIZE, .size = 1), 0);
	CHECK_INT(p.r.rsetattrx.attr.size, 1);
	CHECK_INT(t_lookup(&p, 1, 3, "f"), 0);
	CHECK_INT(SET(&p, .fid = 3, .valid = P9_SETATTR_SIZE, .size = 0), -EACCES);
	stop(&p);
}
