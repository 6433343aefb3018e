/* SPDX-License-Identifier: MIT */
/* Directories read with attributes. */
#include "svc/fs/server/test-9p.h"

struct listing {
	unsigned entries, answers;
	struct p9_direntplus last;
	char last_name[P9_MAX_NAME + 1];
};

static int t_readdirplus(struct peer *p, uint32_t fid, uint64_t offset, uint32_t count)
{
	return CALL(p, P9_Treaddirplus,
		.treaddirplus = {fid, offset, count, P9_GETATTR_BASIC | P9_GETATTR_GEN, 0});
}

/* Calls seen() with each entry of the directory that fid has open. */
static struct listing list(
	struct peer *p, uint32_t fid, uint32_t count, void (*seen)(const struct p9_direntplus *e))
{
	struct listing l = {};
	for (;; l.answers++) {
		CHECK_INT(t_readdirplus(p, fid, l.last.offset, count), 0);
		const uint8_t *at = p->r.rreaddirplus.data.p;
		uint32_t left = p->r.rreaddirplus.data.len;
		CHECK(left <= count);
		if (!left)
			return l;
		while (left) {
			int n = p9_direntplus_decode(at, left, &l.last);
			CHECK(n > 0);
			l.entries++;
			if (seen)
				seen(&l.last);
			at += n;
			left -= (uint32_t)n;
		}
		CHECK(l.answers < 100000);
	}
}

static unsigned n_dots, n_files, n_links, n_dirs;

static void check_entry(const struct p9_direntplus *e)
{
	struct stat st;
	char name[P9_MAX_NAME + 1];
	memcpy(name, e->name.s, e->name.len);
	name[e->name.len] = 0;
	CHECK(!fstatat(tree_dir, name, &st, AT_SYMLINK_NOFOLLOW));
	if (!strcmp(name, "..")) /* what is above the root is nobody's business */
		CHECK(!fstatat(tree_dir, ".", &st, 0));
	CHECK_INT(e->attr.qid.path, st.st_ino);
	CHECK_INT(e->type, IFTODT(st.st_mode));
	if (name[0] == '.') {
		CHECK_INT(e->attr.valid, 0);
		n_dots++;
		return;
	}
	CHECK_INT(e->attr.valid & P9_GETATTR_BASIC, P9_GETATTR_BASIC);
	CHECK_INT(e->attr.mode, st.st_mode);
	CHECK_INT(e->attr.size, st.st_size);
	CHECK_INT(e->attr.nlink, st.st_nlink);
	CHECK_INT(e->attr.mtime_nsec, st.st_mtim.tv_nsec);
	n_files += S_ISREG(st.st_mode);
	n_links += S_ISLNK(st.st_mode);
	n_dirs += S_ISDIR(st.st_mode);
}

TEST(every_entry_comes_once_with_its_attributes)
{
	struct peer p;
	char name[256];
	start_metac(&p);
	for (int i = 0; i < 300; i++) {
		snprintf(name, sizeof(name), "file-%d-%.*s", i, i % 200,
			"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
			"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
			"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx");
		put_file(name, name);
	}
	CHECK(!symlinkat("nowhere", tree_dir, "link"));
	mkdirat(tree_dir, "dir", 0700);
	CHECK_INT(t_openat(&p, 0, 1, "", P9_O_RDONLY, 0), 0);
	for (uint32_t count = 500; count < 1000000; count *= 10) {
		n_dots = n_files = n_links = n_dirs = 0;
		struct listing l = list(&p, 1, count, check_entry);
		CHECK_INT(l.entries, 304);
		CHECK(count > 1000 || l.answers > 100);
		CHECK_INT(n_dots, 2);
		CHECK_INT(n_files, 300);
		CHECK_INT(n_links, 1);
		CHECK_INT(n_dirs, 1);
	}
	stop(&p);
}

TEST(plain_and_plus_take_turns_on_one_directory)
{
	struct peer p;
	start_metac(&p);
	for (int i = 0; i < 20; i++)
		put_file((char[]){(char)('a' + i), 0}, "");
	CHECK_INT(t_openat(&p, 0, 1, "", P9_O_RDONLY, 0), 0);
	unsigned entries = 0;
	uint64_t offset = 0;
	for (bool plus = false;; plus = !plus) {
		struct p9_dirent d;
		struct p9_direntplus e;
		CHECK_INT(plus ? t_readdirplus(&p, 1, offset, 250)
			       : CALL(&p, P9_Treaddir, .treaddir = {1, offset, 40}),
			0);
		struct p9_data data = plus ? p.r.rreaddirplus.data : p.r.rreaddir.data;
		if (!data.len)
			break;
		int n = plus ? p9_direntplus_decode(data.p, data.len, &e)
			     : p9_dirent_decode(data.p, data.len, &d);
		CHECK_INT(n, data.len);
		offset = plus ? e.offset : d.offset;
		entries++;
	}
	CHECK_INT(entries, 22);
	stop(&p);
}

TEST(entries_that_may_not_be_looked_at_come_without_attributes)
{
	struct peer p;
	unsigned bare = 0;
	need_root();
	start_metac(&p);
	mkdirat(tree_dir, "d", 0777);
	put_file("d/f", "x");
	CHECK(!fchmodat(tree_dir, "d", 0744, 0)); /* names may be read, but nothing reached */
	CHECK_INT(t_attach(&p, 1, "", 1234), 0);
	CHECK_INT(t_openat(&p, 1, 2, "d", P9_O_RDONLY, 0), 0);
	CHECK_INT(t_readdirplus(&p, 2, 0, 4096), 0);
	for (uint32_t at = 0; at < p.r.rreaddirplus.data.len;) {
		struct p9_direntplus e;
		const uint8_t *from = p.r.rreaddirplus.data.p;
		int n = p9_direntplus_decode(from + at, p.r.rreaddirplus.data.len - at, &e);
		CHECK(n > 0);
		bare += !e.attr.valid && e.attr.qid.path;
		at += (uint32_t)n;
	}
	CHECK_INT(bare, 3);
	stop(&p);
}

TEST(what_is_no_open_directory_is_not_listed)
{
	struct peer p;
	start_metac(&p);
	put_file("f", "x");
	CHECK_INT(t_readdirplus(&p, 0, 0, 4096), -EBADF);
	CHECK_INT(t_openat(&p, 0, 1, "f", P9_O_RDONLY, 0), 0);
	CHECK_INT(t_readdirplus(&p, 1, 0, 4096), -ENOTDIR);
	CHECK_INT(t_openat(&p, 0, 2, "", P9_O_RDONLY, 0), 0);
	CHECK_INT(t_readdirplus(&p, 2, 0, 10), -EINVAL);
	CHECK_INT(t_readdirplus(&p, 2, UINT64_MAX, 4096), -EINVAL);
	stop(&p);
}
