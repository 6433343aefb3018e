/* SPDX-License-Identifier: MIT */
#include "svc/block/links.h"
#include "base/test.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>

static char top[64], dev[80];

/* A runtime directory, and a directory for links that is not there yet. */
static int set_up(void)
{
	strcpy(top, "/tmp/metac-links.XXXXXX");
	CHECK(mkdtemp(top));
	(void)snprintf(dev, sizeof(dev), "%s/dev", top);
	links_set_directory(dev);
	return open(top, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

static void tear_down(int runtime)
{
	(void)unlinkat(runtime, "block-links", AT_REMOVEDIR);
	(void)unlinkat(runtime, "dev", AT_REMOVEDIR);
	fd_close(runtime);
	CHECK(rmdir(top) == 0); /* nothing is left */
}

static bool leads_to(int runtime, const char *path, const char *target)
{
	char text[PATH_MAX];
	ssize_t n = readlinkat(runtime, path, text, sizeof(text) - 1);
	text[MAX(n, 0)] = 0;
	return target ? !strcmp(text, target) : n < 0;
}

TEST(a_link_is_made_and_removed)
{
	struct err e = {};
	int runtime = set_up();
	CHECK(links_make(runtime, "disk", "/dev/loop7", &e) == 0);
	CHECK(leads_to(runtime, "dev/disk", "/dev/loop7"));
	CHECK(links_make(runtime, "disk", "/dev/loop8", &e) == 0);
	CHECK(leads_to(runtime, "dev/disk", "/dev/loop8"));
	links_remove(runtime, "disk");
	CHECK(leads_to(runtime, "dev/disk", NULL));
	CHECK(faccessat(runtime, "dev", F_OK, 0) < 0);
	tear_down(runtime);
}

TEST(somebody_elses_link_stays)
{
	struct err e = {};
	int runtime = set_up();
	CHECK(mkdir(dev, 0755) == 0 && symlinkat("/dev/sda", runtime, "dev/disk") == 0);
	CHECK(links_make(runtime, "disk", "/dev/loop7", &e) == -EEXIST);
	CHECK(strstr(e.msg, "leads to /dev/sda"));
	links_remove(runtime, "disk");
	CHECK(leads_to(runtime, "dev/disk", "/dev/sda"));
	CHECK(unlinkat(runtime, "dev/disk", 0) == 0);
	tear_down(runtime);
}

TEST(what_a_killed_one_left_is_removed_and_nothing_else)
{
	struct err e = {};
	int runtime = set_up();
	CHECK(links_make(runtime, "old", "/dev/loop7", &e) == 0);
	CHECK(links_make(runtime, "taken", "/dev/loop8", &e) == 0);
	/* Somebody has put another one in its place. */
	CHECK(unlinkat(runtime, "dev/taken", 0) == 0);
	CHECK(symlinkat("/dev/sda", runtime, "dev/taken") == 0);
	CHECK(symlinkat("/dev/sdb", runtime, "dev/other") == 0);
	links_remove_stale(runtime);
	CHECK(leads_to(runtime, "dev/old", NULL));
	CHECK(leads_to(runtime, "dev/taken", "/dev/sda"));
	CHECK(leads_to(runtime, "dev/other", "/dev/sdb"));
	CHECK(faccessat(runtime, "block-links/taken", F_OK, AT_SYMLINK_NOFOLLOW) < 0);
	CHECK(unlinkat(runtime, "dev/taken", 0) == 0 && unlinkat(runtime, "dev/other", 0) == 0);
	tear_down(runtime);
}

TEST(names_cannot_lead_out)
{
	CHECK(links_name_is_valid("vm-disk_1.img"));
	static const char *const bad[] = {"", ".", "..", "a/b", "../x", "a b", "\xc3\xa4", "a\n"};
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		CHECK(!links_name_is_valid(bad[i]));
	char longest[66];
	memset(longest, 'x', sizeof(longest));
	longest[64] = 0;
	CHECK(links_name_is_valid(longest));
	longest[64] = 'x';
	longest[65] = 0;
	CHECK(!links_name_is_valid(longest));
}
