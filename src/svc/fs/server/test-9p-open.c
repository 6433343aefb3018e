/* SPDX-License-Identifier: MIT */
/* Openat, createat, tmpfile: files opened and created in one message. */
#include "svc/fs/server/test-9p.h"

#include <signal.h>

static bool data_is(const struct peer *p, const char *text)
{
	const struct p9_data *d = &p->r.ropenat.data;
	return d->len == strlen(text) && (!d->len || !memcmp(d->p, text, d->len));
}

TEST(openat_answers_attributes_and_the_first_bytes)
{
	struct peer p;
	char buf[16];
	start_metac(&p);
	mkdirat(tree_dir, "d", 0777);
	put_file("d/f", "hello world");
	CHECK_INT(t_lookup(&p, 0, 1, "d"), 0);
	CHECK_INT(t_openat(&p, 1, 2, "f", P9_O_RDONLY, 5), 0);
	CHECK(data_is(&p, "hello"));
	CHECK_INT(p.r.ropenat.attr.size, 11);
	CHECK_INT(p.r.ropenat.flags, 0);
	CHECK(p.r.ropenat.iounit >= 65536);
	CHECK_INT(t_openat(&p, 1, 3, "f", P9_O_RDWR, 100), 0);
	CHECK(data_is(&p, "hello world"));
	CHECK_INT(t_openat(&p, 1, 4, "f", P9_O_RDONLY, 0), 0);
	CHECK(data_is(&p, ""));
	CHECK_INT(t_openat(&p, 1, 5, "f", P9_O_WRONLY, 100), 0);
	CHECK(data_is(&p, ""));
	CHECK_INT(t_read(&p, 2, 6, buf, 16), 5);
	CHECK(!memcmp(buf, "world", 5));
	CHECK_INT(t_write(&p, 3, 0, "H", 1), 1);
	CHECK_INT(t_write(&p, 2, 0, "H", 1), -EBADF);
	CHECK_INT(t_lookup(&p, 1, 6, "f"), 0); /* the directory's fid has stayed one */
	stop(&p);
}

TEST(openat_of_nothing_opens_the_fid_by_another)
{
	struct peer p;
	char buf[8];
	start_metac(&p);
	put_file("f", "hello");
	CHECK_INT(t_lookup(&p, 0, 1, "f"), 0);
	CHECK_INT(t_openat(&p, 1, 2, "", P9_O_RDONLY, 8), 0);
	CHECK(data_is(&p, "hello"));
	CHECK_INT(t_read(&p, 1, 0, buf, 8), -EBADF);
	CHECK_INT(t_openat(&p, 2, 3, "", P9_O_RDWR, 0), 0); /* of an open one, too */
	CHECK_INT(t_write(&p, 3, 5, "!", 1), 1);
	CHECK_INT(t_openat(&p, 0, 4, "", P9_O_RDONLY, 8), 0);
	CHECK_INT(p.r.ropenat.attr.qid.type, P9_QTDIR);
	CHECK(data_is(&p, ""));
	CHECK_INT(CALL(&p, P9_Treaddir, .treaddir = {4, 0, 4096}), 0);
	stop(&p);
}

TEST(openat_truncates_before_it_tells_the_size)
{
	struct peer p;
	start_metac(&p);
	put_file("f", "hello");
	CHECK_INT(t_openat(&p, 0, 1, "f", P9_O_RDWR | P9_O_TRUNC, 10), 0);
	CHECK_INT(p.r.ropenat.attr.size, 0);
	CHECK(data_is(&p, ""));
	stop(&p);
}

TEST(openat_reads_files_larger_than_memory_holds_at_once)
{
	struct peer p;
	uint8_t *want = malloc(1 << 20);
	start_metac(&p);
	int fd = openat(tree_dir, "f", O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
	for (size_t i = 0; i < 1 << 20; i++)
		want[i] = (uint8_t)(i * 7 + i / 4096);
	CHECK_INT(write(fd, want, 1 << 20), 1 << 20);
	fdatasync(fd);
	posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED); /* so that it has to wait for the disk */
	close(fd);
	uint32_t most = p.msize - P9_OPENAT_HEADER;
	CHECK_INT(t_openat(&p, 0, 1, "f", P9_O_RDONLY, most), 0);
	CHECK_INT(p.r.ropenat.data.len, most);
	CHECK(!memcmp(p.r.ropenat.data.p, want, most));
	CHECK_INT(t_openat(&p, 0, 2, "f", P9_O_RDONLY, most + 1), -EMSGSIZE);
	CHECK_INT(t_clunk(&p, 2), -EBADF);
	free(want);
	stop(&p);
}

TEST(openat_opens_nothing_but_files_and_directories)
{
	struct peer p;
	start_metac(&p);
	CHECK(!symlinkat("f", tree_dir, "l"));
	put_file("f", "x");
	CHECK(!mkfifoat(tree_dir, "p", 0666));
	mkdirat(tree_dir, "d", 0777);
	CHECK_INT(t_openat(&p, 0, 1, "l", P9_O_RDONLY, 0), -ELOOP);
	CHECK_INT(t_openat(&p, 0, 1, "p", P9_O_RDONLY, 0), -ENXIO);
	CHECK_INT(t_openat(&p, 0, 1, "p", P9_O_WRONLY, 0), -ENXIO);
	CHECK_INT(t_openat(&p, 0, 1, "d", P9_O_RDWR, 0), -EISDIR);
	CHECK_INT(t_openat(&p, 0, 1, "f", P9_O_RDONLY | P9_O_DIRECTORY, 0), -ENOTDIR);
	CHECK_INT(t_openat(&p, 0, 1, "f", 3, 0), -EINVAL);
	CHECK_INT(t_openat(&p, 0, 1, "none", P9_O_RDONLY, 0), -ENOENT);
	CHECK_INT(t_openat(&p, 0, 1, "f", P9_O_RDONLY, 0), 0);
	CHECK_INT(t_openat(&p, 0, 1, "f", P9_O_RDONLY, 0), -EBADF);
	CHECK_INT(t_openat(&p, 1, 2, "x", P9_O_RDONLY, 0), -ENOTDIR);
	stop(&p);
}

TEST(openat_waits_for_nobodys_lease)
{
	struct peer p;
	start_metac(&p);
	put_file("f", "x");
	int fd = openat(tree_dir, "f", O_RDONLY | O_CLOEXEC);
	CHECK(!fcntl(fd, F_SETLEASE, F_RDLCK));
	CHECK_INT(t_openat(&p, 0, 1, "f", P9_O_RDONLY, 0), 0);
	/* This one has to wait until the lease is given back: others are served meanwhile. */
	struct p9_msg m = {.type = P9_Topenat, .tag = 2};
	m.topenat.fid = 0;
	m.topenat.newfid = 2;
	m.topenat.name = p9_str("f");
	m.topenat.open_flags = P9_O_WRONLY;
	signal(SIGIO, SIG_IGN);
	send_msg(&p, &m);
	CHECK_INT(t_getattr(&p, 0), 0);
	CHECK(!fcntl(fd, F_SETLEASE, F_UNLCK));
	CHECK(recv_msg(&p));
	CHECK_INT(p.r.tag, 2);
	CHECK_INT(p.r.type, P9_Ropenat);
	close(fd);
	stop(&p);
}

TEST(createat_leaves_the_directory_one)
{
	struct peer p;
	char buf[8];
	start_metac(&p);
	mkdirat(tree_dir, "d", 0777);
	CHECK_INT(t_lookup(&p, 0, 1, "d"), 0);
	CHECK_INT(t_createat(&p, 1, 2, "f", P9_O_RDWR | P9_O_EXCL, 0640), 0);
	CHECK_INT(p.r.rcreateat.attr.mode, S_IFREG | 0640);
	CHECK_INT(p.r.rcreateat.attr.size, 0);
	CHECK(p.r.rcreateat.iounit);
	CHECK_INT(t_write(&p, 2, 0, "hello", 5), 5);
	CHECK_INT(t_createat(&p, 1, 3, "f", P9_O_RDWR | P9_O_EXCL, 0640), -EEXIST);
	CHECK_INT(t_createat(&p, 1, 3, "f", P9_O_RDWR, 0666), 0);
	CHECK_INT(p.r.rcreateat.attr.size, 5);
	CHECK_INT(p.r.rcreateat.attr.mode, S_IFREG | 0640);
	CHECK_INT(t_read(&p, 3, 0, buf, 8), 5);
	CHECK_INT(t_createat(&p, 1, 4, "f", P9_O_RDWR | P9_O_TRUNC, 0666), 0);
	CHECK_INT(p.r.rcreateat.attr.size, 0);
	CHECK_INT(t_createat(&p, 1, 5, "g", P9_O_WRONLY, 0600), 0);
	CHECK_INT(t_createat(&p, 2, 6, "g", P9_O_WRONLY, 0600), -ENOTDIR);
	CHECK_INT(t_createat(&p, 0, 6, "d", P9_O_WRONLY, 0600), -EISDIR);
	CHECK_INT(t_createat(&p, 0, 6, "..", P9_O_WRONLY, 0600), -EINVAL);
	CHECK_INT(t_createat(&p, 0, 6, "", P9_O_WRONLY, 0600), -ENOENT);
	CHECK_INT(t_createat(&p, 0, P9_NOFID, "h", P9_O_WRONLY, 0600), -EBADF);
	stop(&p);
}

TEST(an_appending_file_is_written_where_it_says_too)
{
	struct peer p;
	char buf[32] = "";
	start_metac(&p);
	put_file("f", "0123456789");
	CHECK_INT(t_openat(&p, 0, 1, "f", P9_O_RDWR | P9_O_APPEND | P9_O_PLACED, 0), 0);
	CHECK_INT(t_openat(&p, 0, 2, "f", P9_O_RDWR, 0), 0);
	CHECK_INT(t_openat(&p, 0, 3, "f", P9_O_WRONLY | P9_O_APPEND, 0), 0);
	CHECK_INT(t_createat(&p, 0, 4, "f", P9_O_RDWR | P9_O_APPEND | P9_O_PLACED, 0600), 0);
	CHECK_INT(t_write(&p, 1, 0, "a", 1), 1);
	CHECK_INT(t_write(&p, 1, P9_APPEND, "b", 1), 1);
	CHECK_INT(t_write(&p, 2, P9_APPEND, "c", 1), 1);
	CHECK_INT(t_write(&p, 3, 0, "d", 1), 1); /* as it is in 9P2000.L */
	CHECK_INT(t_write(&p, 3, P9_APPEND, "e", 1), 1);
	CHECK_INT(t_write(&p, 4, 1, "f", 1), 1);
	CHECK_INT(t_write(&p, 1, P9_APPEND - 1, "x", 1), -EINVAL);
	CHECK_INT(t_read(&p, 2, 0, buf, 31), 14);
	CHECK_STR(buf, "af23456789bcde");
	stop(&p);
}

TEST(createat_takes_the_group_and_permissions_of_the_user)
{
	struct peer p;
	need_root();
	start_metac(&p);
	mkdirat(tree_dir, "no", 0755);
	CHECK(!mkdirat(tree_dir, "sg", 0777) && !fchownat(tree_dir, "sg", 0, 77, 0) &&
		!fchmodat(tree_dir, "sg", 02777, 0));
	CHECK_INT(t_attach(&p, 1, "", 1234), 0);
	CHECK_INT(t_lookup(&p, 1, 2, "no"), 0);
	CHECK_INT(t_createat(&p, 2, 3, "f", P9_O_WRONLY, 0600), -EACCES);
	struct p9_msg m = {.type = P9_Tcreateat, .tag = 1};
	m.tcreateat.dfid = 1;
	m.tcreateat.newfid = 3;
	m.tcreateat.name = p9_str("f");
	m.tcreateat.open_flags = P9_O_WRONLY;
	m.tcreateat.mode = 0600;
	m.tcreateat.gid = 4321;
	m.tcreateat.request_mask = P9_GETATTR_BASIC;
	CHECK_INT(call(&p, m), 0);
	CHECK_INT(p.r.rcreateat.attr.uid, 1234);
	CHECK_INT(p.r.rcreateat.attr.gid, 4321);
	CHECK_INT(t_lookup(&p, 1, 4, "sg"), 0);
	CHECK_INT(t_createat(&p, 4, 5, "f", P9_O_WRONLY, 0600), 0);
	CHECK_INT(p.r.rcreateat.attr.gid, 77);
	stop(&p);
}

static int t_tmpfile(struct peer *p, uint32_t newfid, uint32_t flags)
{
	return CALL(p, P9_Ttmpfile,
		.ttmpfile = {0, newfid, flags, 0640, (uint32_t)-1, P9_GETATTR_BASIC});
}

static int t_linkat(struct peer *p, uint32_t dfid, uint32_t fid, const char *name)
{
	return CALL(p, P9_Tlinkat, .tlinkat = {dfid, fid, p9_str(name), P9_GETATTR_BASIC});
}

TEST(a_file_without_a_name_gets_one_by_linkat)
{
	struct peer p;
	char buf[8];
	start_metac(&p);
	int r = t_tmpfile(&p, 1, P9_O_RDWR);
	if (r == -EOPNOTSUPP)
		test_skip("no O_TMPFILE here");
	CHECK_INT(r, 0);
	CHECK_INT(p.r.rtmpfile.attr.nlink, 0);
	CHECK_INT(p.r.rtmpfile.attr.mode, S_IFREG | 0640);
	CHECK_INT(t_write(&p, 1, 0, "hello", 5), 5);
	CHECK_INT(t_linkat(&p, 0, 1, "f"), 0);
	CHECK_INT(p.r.rlinkat.attr.nlink, 1);
	CHECK_INT(p.r.rlinkat.attr.size, 5);
	CHECK_INT(t_openat(&p, 0, 2, "f", P9_O_RDONLY, 8), 0);
	CHECK_INT(t_read(&p, 2, 0, buf, 8), 5);
	CHECK_INT(t_linkat(&p, 0, 2, "f"), -EEXIST);
	CHECK_INT(t_linkat(&p, 0, 2, "g"), 0);
	CHECK_INT(p.r.rlinkat.attr.nlink, 2);
	CHECK_INT(t_linkat(&p, 0, 0, "dir"), -EPERM);
	CHECK_INT(t_tmpfile(&p, 3, P9_O_RDWR | P9_O_EXCL), 0);
	CHECK_INT(t_linkat(&p, 0, 3, "never"), -ENOENT);
	CHECK_INT(t_tmpfile(&p, 4, P9_O_RDONLY), -EINVAL);
	unlinkat(tree_dir, "f", 0);
	unlinkat(tree_dir, "g", 0);
	CHECK_INT(t_linkat(&p, 0, 2, "again"), -ENOENT);
	stop(&p);
}

TEST(a_tree_that_is_read_only_stays_so)
{
	struct peer p;
	tree_make();
	put_file("f", "x");
	peer_start_metac(&p, (struct p9_options){.read_only = true});
	CHECK_INT(t_openat(&p, 0, 1, "f", P9_O_RDWR, 0), -EROFS);
	CHECK_INT(t_openat(&p, 0, 1, "f", P9_O_RDONLY | P9_O_TRUNC, 0), -EROFS);
	CHECK_INT(t_createat(&p, 0, 1, "g", P9_O_RDWR, 0600), -EROFS);
	CHECK_INT(t_tmpfile(&p, 1, P9_O_RDWR), -EROFS);
	CHECK_INT(t_makeat(&p, 0, P9_NOFID, "d", S_IFDIR | 0700, ""), -EROFS);
	CHECK_INT(t_openat(&p, 0, 1, "f", P9_O_RDONLY, 1), 0);
	CHECK_INT(t_linkat(&p, 0, 1, "g"), -EROFS);
	stop(&p);
}

/* Who was given a directory to read does not get at what its owner shuts, nor does he touch modes,
 * though the server has that owner's rights. */
TEST(opening_again_changes_nothing_that_is_read_only)
{
	struct peer p;
	struct stat before, after;
	need_root();
	tree_make();
	put_file("f", "shut");
	CHECK(!fchownat(tree_dir, "f", 65534, 65534, 0));
	CHECK(!fchmodat(tree_dir, "f", 0000, 0));
	CHECK(!fstatat(tree_dir, "f", &before, 0));
	CHECK(!setresuid(65534, 65534, 0));
	peer_start_metac(&p, (struct p9_options){.read_only = true, .fixed = true});
	CHECK_INT(t_openat(&p, 0, 1, "f", P9_O_RDONLY | P9_O_AGAIN, 4), -EACCES);
	CHECK_INT(t_lookup(&p, 0, 2, "f"), 0);
	CHECK_INT(t_open(&p, 2, P9_O_RDONLY | P9_O_AGAIN), -EACCES);
	CHECK(!fstatat(tree_dir, "f", &after, 0));
	CHECK(after.st_mode == before.st_mode && after.st_ctim.tv_sec == before.st_ctim.tv_sec &&
		after.st_ctim.tv_nsec == before.st_ctim.tv_nsec);
	peer_stop(&p);
	CHECK(!setresuid(0, 0, 0));
	tree_remove();
}
