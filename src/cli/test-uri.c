/* SPDX-License-Identifier: MIT */
#include "cli/uri.h"
#include "base/test.h"

static struct uri_local good(const char *text)
{
	struct uri_local u;
	struct err e = {};
	if (uri_parse_local(text, &u, &e) < 0)
		test_fail(__FILE__, __LINE__, "%s: %s", text, e.msg);
	return u;
}

TEST(local_paths_lose_needless_slashes)
{
	CHECK_STR(good("local:/srv/photos").path, "srv/photos");
	CHECK_STR(good("local:/").path, "");
	CHECK_STR(good("local:///").path, "");
	CHECK_STR(good("local://srv//a/./b/").path, "srv/a/b");
	CHECK_STR(good("local:/a,ro,/b").path, "a,ro,/b");
	CHECK_STR(good("local:/\xff\xfe\n").path, "\xff\xfe\n");
	CHECK_STR(good("local:/..a/b..").path, "..a/b..");
	CHECK(!good("local:/x").read_only && !good("local:/x").limited);
}

TEST(local_limits)
{
	struct uri_local u = good("local:ro,uid=1000,gid=100,/home/ann");
	CHECK(u.read_only && u.limited);
	CHECK_INT(u.uid, 1000);
	CHECK_INT(u.gid, 100);
	CHECK_STR(u.path, "home/ann");
	u = good("local:gid=0,uid=4294967294,/x");
	CHECK(!u.read_only && u.limited);
	CHECK_INT(u.uid, 4294967294);
	CHECK_INT(u.gid, 0);
}

TEST(malformed_local_uris_are_refused)
{
	static const char *const bad[] = {"", "local:", "local:srv", "local:ro", "local:ro,",
		"local:ro,x", "/srv", "locals:/x", "local:rw,/x", "local:ro,ro,/x",
		"local:uid=1,/x", "local:gid=1,/x", "local:uid=,gid=1,/x", "local:uid=-1,gid=1,/x",
		"local:uid=4294967295,gid=1,/x", "local:uid=99999999999,gid=1,/x",
		"local:uid=1,gid=1,uid=1,/x", "local:,/x", "local: ro,/x", "local:/..",
		"local:/a/../b", "file:///x", "ref://[fd00::1]/x"};
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct uri_local u;
		struct err e = {};
		if (uri_parse_local(bad[i], &u, &e) != -EINVAL)
			test_fail(__FILE__, __LINE__, "\"%s\" was taken", bad[i]);
		CHECK(*e.msg && !strchr(e.msg, '\n'));
	}
}

TEST(an_overlong_path_is_refused)
{
	static char text[6000];
	struct uri_local u;
	struct err e = {};
	strcpy(text, "local:/");
	memset(text + 7, 'a', 4094);
	CHECK_INT(uri_parse_local(text, &u, &e), 0);
	CHECK_INT(strlen(u.path), 4094);
	memset(text + 7, 'a', 4095);
	CHECK_INT(uri_parse_local(text, &u, &e), -EINVAL);
}

static int input(const char *text, size_t n)
{
	int p[2];
	CHECK(!pipe(p));
	CHECK(write(p[1], text, n) == (ssize_t)n);
	close(p[1]);
	return p[0];
}

TEST(a_dash_reads_one_line_and_leaves_the_rest)
{
	static const char text[] = " \tref://[::1]/abc \r\ncontent";
	struct err e = {};
	int fd = input(text, sizeof(text) - 1);
	AUTO_FREE char *uri = uri_read("-", fd, &e);
	CHECK_STR(uri, "ref://[::1]/abc");
	char rest[20] = "";
	CHECK_INT(read(fd, rest, sizeof(rest)), 7);
	CHECK_STR(rest, "content");
	close(fd);
}

TEST(a_dash_needs_a_sound_line)
{
	static char big[URI_LINE_MAX + 1];
	struct err e = {};
	memset(big, 'x', sizeof(big));
	int fd = input(big, sizeof(big));
	CHECK(!uri_read("-", fd, &e));
	CHECK_INT(e.code, -E2BIG);
	close(fd);
	fd = input(" \n", 2);
	CHECK(!uri_read("-", fd, &e));
	close(fd);
	fd = input("", 0);
	CHECK(!uri_read("-", fd, &e));
	close(fd);
	fd = input("ref:\0x\n", 7);
	CHECK(!uri_read("-", fd, &e));
	close(fd);
	CHECK(!uri_read("-", -1, &e));
	CHECK_INT(e.code, -EBADF);
}

TEST(other_words_are_copied)
{
	struct err e = {};
	AUTO_FREE char *s = uri_read("local:/-", -1, &e);
	CHECK_STR(s, "local:/-");
}
