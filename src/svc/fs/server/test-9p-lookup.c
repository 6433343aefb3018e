/* SPDX-License-Identifier: MIT */
/* Lookup, and attaching with groups. */
#include "svc/fs/server/test-9p.h"

#include <sys/sysmacros.h>

TEST(lookup_tells_the_attributes_and_makes_a_fid)
{
	struct peer p;
	struct stat st;
	start_metac(&p);
	mkdirat(tree_dir, "d", 0750);
	put_file("d/f", "hello");
	CHECK(!fchmodat(tree_dir, "d/f", 04711, 0));
	CHECK_INT(t_lookup(&p, 0, 1, "d"), 0);
	CHECK_INT(p.r.rlookup.attr.qid.type, P9_QTDIR);
	CHECK_INT(p.r.rlookup.attr.mode, S_IFDIR | 0750);
	CHECK_INT(t_lookup(&p, 1, 2, "f"), 0);
	fstatat(tree_dir, "d/f", &st, 0);
	const struct p9_attr *a = &p.r.rlookup.attr;
	CHECK_INT(a->valid, P9_GETATTR_BASIC | P9_GETATTR_GEN);
	CHECK_INT(a->mode, S_IFREG | 04711);
	CHECK_INT(a->size, 5);
	CHECK_INT(a->nlink, 1);
	CHECK_INT(a->qid.path, st.st_ino);
	CHECK_INT(a->mtime_sec, st.st_mtim.tv_sec);
	CHECK_INT(a->mtime_nsec, st.st_mtim.tv_nsec);
	CHECK_INT(a->ctime_nsec, st.st_ctim.tv_nsec);
	CHECK_INT(t_getattr(&p, 2), 0);
	CHECK_INT(p.r.rgetattr.size, 5);
	stop(&p);
}

TEST(lookup_without_a_fid_makes_none)
{
	struct peer p;
	start_metac(&p);
	put_file("f", "hello");
	CHECK_INT(t_lookup(&p, 0, P9_NOFID, "f"), 0);
	CHECK_INT(p.r.rlookup.attr.size, 5);
	CHECK_INT(CALL(&p, P9_Tlookup,
			  .tlookup = {0, P9_NOFID, p9_str("f"), P9_GETATTR_ALL & ~P9_GETATTR_GEN}),
		0);
	CHECK_INT(p.r.rlookup.attr.size, 5);
	CHECK(!(p.r.rlookup.attr.valid & P9_GETATTR_GEN));
	CHECK_INT(t_lookup(&p, 0, P9_NOFID, "none"), -ENOENT);
	CHECK_INT(t_lookup(&p, 0, 1, "none"), -ENOENT);
	CHECK_INT(t_getattr(&p, 1), -EBADF);
	CHECK_INT(t_lookup(&p, 0, 1, "f"), 0); /* the number was not used up */
	CHECK_INT(t_lookup(&p, 1, 2, "x"), -ENOTDIR);
	CHECK_INT(t_lookup(&p, 0, 1, "f"), -EBADF);
	CHECK_INT(t_lookup(&p, 0, 3, ".."), -EINVAL);
	CHECK_INT(t_lookup(&p, 0, 3, "a/b"), -EINVAL);
	stop(&p);
}

TEST(an_empty_name_is_the_object_itself_open_or_not)
{
	struct peer p;
	char buf[8];
	start_metac(&p);
	put_file("f", "hello");
	CHECK_INT(t_lookup(&p, 0, 1, ""), 0);
	CHECK_INT(p.r.rlookup.attr.qid.type, P9_QTDIR);
	CHECK_INT(t_lookup(&p, 1, 2, "f"), 0);
	CHECK_INT(t_lookup(&p, 2, P9_NOFID, ""), 0);
	CHECK_INT(p.r.rlookup.attr.size, 5);
	CHECK_INT(t_open(&p, 2, P9_O_RDONLY), 0);
	unlinkat(tree_dir, "f", 0);
	CHECK_INT(t_lookup(&p, 2, 3, ""), 0);
	CHECK_INT(p.r.rlookup.attr.nlink, 0);
	CHECK_INT(t_read(&p, 3, 0, buf, 8), -EBADF); /* not open, as the other is */
	CHECK_INT(t_open(&p, 3, P9_O_RDONLY), 0);
	CHECK_INT(t_read(&p, 3, 0, buf, 8), 5);
	stop(&p);
}

TEST(links_are_not_followed_and_every_kind_of_file_is_found)
{
	struct peer p;
	start_metac(&p);
	CHECK(!symlinkat("/etc/passwd", tree_dir, "l"));
	CHECK(!mkfifoat(tree_dir, "p", 0600));
	CHECK_INT(t_lookup(&p, 0, 1, "l"), 0);
	CHECK_INT(p.r.rlookup.attr.qid.type, P9_QTSYMLINK);
	CHECK(S_ISLNK(p.r.rlookup.attr.mode));
	CHECK_INT(t_lookup(&p, 0, P9_NOFID, "p"), 0);
	CHECK(S_ISFIFO(p.r.rlookup.attr.mode));
	stop(&p);
}

TEST(gen_tells_two_files_with_one_number_apart)
{
	struct peer p;
	start_metac(&p);
	put_file("a", "1");
	CHECK_INT(t_lookup(&p, 0, 1, "a"), 0);
	if (!(p.r.rlookup.attr.valid & P9_GETATTR_GEN))
		test_skip("no file handles here");
	struct p9_attr a = p.r.rlookup.attr;
	CHECK_INT(t_lookup(&p, 0, P9_NOFID, "a"), 0);
	CHECK(p.r.rlookup.attr.gen == a.gen);
	CHECK_INT(CALL(&p, P9_Tgetattr, .tgetattr = {1, P9_GETATTR_ALL}), 0);
	CHECK(p.r.rgetattr.gen == a.gen);
	CHECK_INT(t_clunk(&p, 1), 0);
	/* Many file systems give the number just freed to the next file. */
	unlinkat(tree_dir, "a", 0);
	put_file("a", "2");
	CHECK_INT(t_lookup(&p, 0, P9_NOFID, "a"), 0);
	CHECK(p.r.rlookup.attr.gen != a.gen || p.r.rlookup.attr.qid.path != a.qid.path);
	CHECK(p.r.rlookup.attr.gen != a.gen);
	stop(&p);
}

TEST(told_groups_count_and_are_kept_apart)
{
	static const uint32_t one[] = {4242, 7, 4243}, same[] = {4243, 4242, 7}, other[] = {7};
	struct peer p;
	need_root();
	start_metac(&p);
	put_file("f", "secret");
	CHECK(!fchownat(tree_dir, "f", 0, 4243, 0) && !fchmodat(tree_dir, "f", 0040, 0));
	CHECK_INT(t_attach(&p, 1, "", 1234), 0);
	CHECK_INT(t_attachx(&p, 2, 1234, 99, one, 3), 0);
	CHECK_INT(p.r.rattachx.qid.type, P9_QTDIR);
	CHECK_INT(t_attachx(&p, 3, 1234, 99, other, 1), 0);
	CHECK_INT(t_attachx(&p, 4, 1234, 4243, NULL, 0), 0);
	CHECK_INT(t_attachx(&p, 5, 1234, 99, same, 3), 0);
	CHECK_INT(t_openat(&p, 1, 11, "f", P9_O_RDONLY, 0), -EACCES);
	CHECK_INT(t_openat(&p, 2, 12, "f", P9_O_RDONLY, 0), 0);
	CHECK_INT(t_openat(&p, 3, 13, "f", P9_O_RDONLY, 0), -EACCES);
	CHECK_INT(t_openat(&p, 4, 14, "f", P9_O_RDONLY, 0), 0);
	CHECK_INT(t_openat(&p, 5, 15, "f", P9_O_RDONLY, 0), 0);
	CHECK_INT(t_openat(&p, 2, 16, "f", P9_O_WRONLY, 0), -EACCES);
	CHECK_INT(t_createat(&p, 2, 17, "new", P9_O_RDWR, 0640), 0);
	CHECK_INT(p.r.rcreateat.attr.uid, 1234);
	CHECK_INT(p.r.rcreateat.attr.gid, 99);
	stop(&p);
}

TEST(groups_that_make_no_sense_are_refused)
{
	static uint32_t many[P9_MAX_GROUPS + 1];
	static const uint32_t none[] = {UINT32_MAX};
	struct peer p;
	need_root();
	start_metac(&p);
	CHECK_INT(t_attachx(&p, 1, 5, 5, many, P9_MAX_GROUPS + 1), -EINVAL);
	CHECK_INT(t_attachx(&p, 1, 5, 5, none, 1), -EINVAL);
	CHECK_INT(t_attachx(&p, 1, 5, UINT32_MAX, NULL, 0), -EINVAL);
	CHECK_INT(t_attachx(&p, 1, P9_NONUNAME, 5, NULL, 0), -EINVAL);
	CHECK_INT(CALL(&p, P9_Tattachx, .tattachx = {1, p9_str(""), 5, 5, {many, 7}}), -EINVAL);
	CHECK_INT(CALL(&p, P9_Tattachx, .tattachx = {1, p9_str("/etc"), 5, 5, {many, 8}}), -ENOENT);
	CHECK_INT(t_attachx(&p, 1, 5, 5, many, P9_MAX_GROUPS), 0);
	stop(&p);
}

TEST(an_export_for_one_user_ignores_told_groups)
{
	static const uint32_t root[] = {0};
	struct peer p;
	tree_make();
	put_file("f", "x");
	peer_start_metac(&p, (struct p9_options){.fixed = true});
	CHECK_INT(t_attachx(&p, 1, 4711, 4711, root, 1), 0);
	CHECK_INT(t_createat(&p, 1, 2, "new", P9_O_RDWR | P9_O_EXCL, 0600), 0);
	CHECK_INT(p.r.rcreateat.attr.uid, geteuid());
	stop(&p);
}

TEST(too_many_identities_are_refused_and_the_known_go_on)
{
	struct peer p;
	need_root();
	start_metac(&p);
	int r = 0;
	uint32_t n = 0;
	for (; !r && n < 2000; n++) {
		r = t_attachx(&p, 1, 1234, n, NULL, 0);
		if (!r)
			CHECK_INT(t_clunk(&p, 1), 0);
	}
	CHECK_INT(r, -EUSERS);
	CHECK_INT(t_attachx(&p, 1, 1234, 5, NULL, 0), 0);
	stop(&p);
}
