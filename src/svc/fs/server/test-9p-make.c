/* SPDX-License-Identifier: MIT */
/* Makeat, linkat, unlinkatx and renameat2. */
#include "svc/fs/server/test-9p.h"

#include <sys/sysmacros.h>

TEST(makeat_makes_all_kinds_and_tells_what_they_are)
{
	struct peer p;
	char target[16] = "";
	start_metac(&p);
	CHECK_INT(t_makeat(&p, 0, 1, "d", S_IFDIR | 0751, ""), 0);
	CHECK_INT(p.r.rmakeat.attr.mode, S_IFDIR | 0751);
	CHECK_INT(p.r.rmakeat.attr.qid.type, P9_QTDIR);
	CHECK_INT(t_makeat(&p, 1, 2, "l", S_IFLNK | 0777, "to/there"), 0);
	CHECK_INT(p.r.rmakeat.attr.qid.type, P9_QTSYMLINK);
	CHECK_INT(p.r.rmakeat.attr.size, 8);
	CHECK_INT(readlinkat(tree_dir, "d/l", target, sizeof(target) - 1), 8);
	CHECK_STR(target, "to/there");
	CHECK_INT(CALL(&p, P9_Treadlink, .treadlink = {2}), 0);
	CHECK(p9_str_eq(p.r.rreadlink.target, "to/there"));
	CHECK_INT(t_makeat(&p, 1, P9_NOFID, "p", S_IFIFO | 0600, ""), 0);
	CHECK(S_ISFIFO(p.r.rmakeat.attr.mode));
	CHECK_INT(t_makeat(&p, 1, P9_NOFID, "s", S_IFSOCK | 0600, ""), 0);
	CHECK(S_ISSOCK(p.r.rmakeat.attr.mode));
	CHECK_INT(t_makeat(&p, 1, 3, "f", S_IFREG | 0604, ""), 0);
	CHECK_INT(p.r.rmakeat.attr.mode, S_IFREG | 0604);
	CHECK_INT(t_open(&p, 3, P9_O_RDWR), 0);
	stop(&p);
}

TEST(makeat_makes_devices_for_root_alone)
{
	struct peer p;
	struct p9_msg m = {.type = P9_Tmakeat, .tag = 1};
	need_root();
	start_metac(&p);
	m.tmakeat.newfid = P9_NOFID;
	m.tmakeat.name = p9_str("c");
	m.tmakeat.mode = S_IFCHR | 0666;
	m.tmakeat.major = 1;
	m.tmakeat.minor = 300;
	m.tmakeat.gid = (uint32_t)-1;
	m.tmakeat.request_mask = P9_GETATTR_BASIC;
	CHECK_INT(call(&p, m), 0);
	CHECK_INT(p.r.rmakeat.attr.rdev, (300 & 0xff) | 1 << 8 | (300 & ~0xff) << 12);
	CHECK_INT(t_openat(&p, 0, 1, "c", P9_O_RDONLY, 0), -ENXIO);
	CHECK_INT(t_attach(&p, 2, "", 1234), 0);
	m.tmakeat.dfid = 2;
	m.tmakeat.name = p9_str("c2");
	CHECK_INT(call(&p, m), -EPERM);
	stop(&p);
}

TEST(makeat_refuses_what_is_none)
{
	struct peer p;
	char *longest = calloc(1, 5000);
	start_metac(&p);
	CHECK_INT(t_makeat(&p, 0, P9_NOFID, "x", 0644, ""), -EINVAL);
	CHECK_INT(t_makeat(&p, 0, P9_NOFID, "x", S_IFMT | 0644, ""), -EINVAL);
	CHECK_INT(t_makeat(&p, 0, P9_NOFID, "l", S_IFLNK, ""), -ENOENT);
	CHECK_INT(t_makeat(&p, 0, P9_NOFID, "a/b", S_IFDIR, ""), -EINVAL);
	memset(longest, 'x', 4095);
	CHECK_INT(t_makeat(&p, 0, P9_NOFID, "long", S_IFLNK, longest), 0);
	CHECK_INT(p.r.rmakeat.attr.size, 4095);
	longest[4095] = 'x';
	CHECK_INT(t_makeat(&p, 0, P9_NOFID, "longer", S_IFLNK, longest), -ENAMETOOLONG);
	longest[4096] = 'x';
	CHECK_INT(t_makeat(&p, 0, P9_NOFID, "longer", S_IFLNK, longest), -ENAMETOOLONG);
	CHECK_INT(t_makeat(&p, 0, P9_NOFID, "long", S_IFDIR | 0700, ""), -EEXIST);
	CHECK_INT(t_lookup(&p, 0, 1, "long"), 0);
	CHECK_INT(t_makeat(&p, 1, P9_NOFID, "x", S_IFDIR | 0700, ""), -ENOTDIR);
	free(longest);
	stop(&p);
}

static int t_rename2(struct peer *p, const char *from, const char *to, uint32_t flags)
{
	return CALL(p, P9_Trenameat2, .trenameat2 = {0, p9_str(from), 0, p9_str(to), flags});
}

TEST(renameat2_replaces_not_or_exchanges)
{
	struct peer p;
	struct stat st;
	start_metac(&p);
	put_file("a", "1");
	put_file("b", "22");
	mkdirat(tree_dir, "d", 0777);
	CHECK_INT(t_rename2(&p, "a", "b", P9_RENAME_NOREPLACE), -EEXIST);
	CHECK_INT(t_rename2(&p, "a", "b", P9_RENAME_EXCHANGE), 0);
	CHECK(!fstatat(tree_dir, "a", &st, 0) && st.st_size == 2);
	CHECK_INT(t_rename2(&p, "a", "d", P9_RENAME_EXCHANGE), 0);
	CHECK(!fstatat(tree_dir, "a", &st, 0) && S_ISDIR(st.st_mode));
	CHECK_INT(t_rename2(&p, "a", "c", P9_RENAME_EXCHANGE), -ENOENT);
	CHECK_INT(t_rename2(&p, "a", "c", P9_RENAME_NOREPLACE), 0);
	CHECK_INT(t_rename2(&p, "b", "d", 0), 0);
	CHECK(!fstatat(tree_dir, "d", &st, 0) && st.st_size == 1);
	CHECK_INT(t_rename2(&p, "c", "d", 3), -EINVAL);
	CHECK_INT(t_rename2(&p, "c", "d", 4), -EINVAL); /* RENAME_WHITEOUT */
	stop(&p);
}

/* What is said of the directory is what the directory is by then. */
static void check_dir(const struct p9_attr *a)
{
	struct stat st;
	CHECK(!fstat(tree_dir, &st));
	CHECK_INT(a->valid & P9_GETATTR_BASIC, P9_GETATTR_BASIC);
	CHECK_INT(a->mode, st.st_mode);
	CHECK_INT(a->nlink, st.st_nlink);
	CHECK_INT(a->size, st.st_size);
	CHECK_INT(a->mtime_sec, st.st_mtim.tv_sec);
	CHECK_INT(a->mtime_nsec, st.st_mtim.tv_nsec);
	CHECK_INT(a->ctime_nsec, st.st_ctim.tv_nsec);
}

TEST(changes_tell_what_has_become_of_the_directory)
{
	struct peer p;
	start_metac(&p);
	CHECK_INT(t_makeat(&p, 0, P9_NOFID, "d", S_IFDIR | 0755, ""), 0);
	check_dir(&p.r.rmakeat.dir);
	CHECK_INT(CALL(&p, P9_Tcreateat,
			  .tcreateat = {0, 1, p9_str("f"), P9_O_CREAT, 0644, (uint32_t)-1, 0}),
		0);
	check_dir(&p.r.rcreateat.dir);
	CHECK_INT(CALL(&p, P9_Tlinkat, .tlinkat = {0, 1, p9_str("g"), 0}), 0);
	check_dir(&p.r.rlinkat.dir);
	CHECK_INT(CALL(&p, P9_Tunlinkatx, .tunlinkatx = {0, p9_str("f"), 0}), 0);
	check_dir(&p.r.runlinkatx.dir);
	CHECK_INT(CALL(&p, P9_Tunlinkatx, .tunlinkatx = {0, p9_str("d"), 0}), -EISDIR);
	CHECK_INT(CALL(&p, P9_Tunlinkatx, .tunlinkatx = {0, p9_str("d"), P9_AT_REMOVEDIR}), 0);
	check_dir(&p.r.runlinkatx.dir);
	stop(&p);
}
