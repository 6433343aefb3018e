/* SPDX-License-Identifier: MIT */
#include "sys/mountinfo.h"
#include "base/test.h"

#include <sys/sysmacros.h>

struct seen {
	int n;
	char target[8][64], source[8][64], fstype[8][32], super[8][32];
	dev_t dev;
};

static int note(void *user, const struct mountinfo *m)
{
	struct seen *s = user;
	CHECK(s->n < 8);
	snprintf(s->target[s->n], sizeof(s->target[0]), "%s", m->target);
	snprintf(s->source[s->n], sizeof(s->source[0]), "%s", m->source);
	snprintf(s->fstype[s->n], sizeof(s->fstype[0]), "%s", m->fstype);
	snprintf(s->super[s->n], sizeof(s->super[0]), "%s", m->super_options);
	s->dev = m->dev;
	s->n++;
	return 0;
}

static struct seen parse(const char *text)
{
	char copy[1024];
	struct seen s = {0};
	snprintf(copy, sizeof(copy), "%s", text);
	CHECK_INT(mountinfo_parse(copy, note, &s), 0);
	return s;
}

TEST(fields_are_found_whatever_the_number_of_optional_ones)
{
	struct seen s =
		parse("36 35 98:1 /mnt1 /mnt2 rw,noatime - ext3 /dev/root rw,errors=continue\n"
		      "37 36 0:5 / /a rw shared:1 master:2 unbindable - tmpfs none rw\n");
	CHECK_INT(s.n, 2);
	CHECK_STR(s.target[0], "/mnt2");
	CHECK_STR(s.super[0], "rw,errors=continue");
	CHECK_STR(s.target[1], "/a");
	CHECK_STR(s.fstype[1], "tmpfs");
	CHECK(s.dev == makedev(0, 5));
}

TEST(octal_escapes_are_undone)
{
	struct seen s = parse("1 0 0:1 / /a\\040b\\011c\\012d\\134e - fuse.x me\\040too rw\n"
			      "2 0 0:1 / /a\\040b\\011c\\012d\\134e rw - fuse.x me\\040too rw\n"
			      "3 0 0:1 / /\\303\\244\\9\\12 rw - x \\ rw");
	CHECK_INT(s.n, 2);
	CHECK_STR(s.target[0], "/a b\tc\nd\\e");
	CHECK_STR(s.source[0], "me too");
	CHECK_STR(s.target[1], "/\xc3\xa4\\9\\12");
	CHECK_STR(s.source[1], "\\");
}

TEST(an_empty_source_and_no_super_options_are_accepted)
{
	struct seen s = parse("1 0 0:1 / /a rw - tmpfs  rw\n2 0 0:1 / /b rw - tmpfs x\n");
	CHECK_INT(s.n, 2);
	CHECK_STR(s.source[0], "");
	CHECK_STR(s.super[0], "rw");
	CHECK_STR(s.super[1], "");
}

TEST(broken_lines_are_passed_over)
{
	CHECK_INT(parse("").n, 0);
	CHECK_INT(parse("\n\n \nx\n1\n1 2\n1 2 3\n1 2 3:4\n1 2 3:4 / /a rw\n1 2 3:4 / /a rw -\n").n,
		0);
	CHECK_INT(
		parse("1 2 3:4 / /a rw - t\n-1 2 3:4 / /a rw - t s o\n1 2 34 / /a rw - t s o\n").n,
		0);
	CHECK_INT(parse("99999999999 2 3:4 / /a rw - t s o\n1 2 3:4 / /a rw - t s o").n, 1);
}

static int stop_at_first(void *user, const struct mountinfo *m)
{
	return 7;
}

TEST(own_table_has_the_root_and_proc)
{
	CHECK_INT(mountinfo_each(stop_at_first, NULL), 7);
	CHECK_INT(mountinfo_is_mount_point("/proc"), 1);
	CHECK_INT(mountinfo_is_mount_point("/nonexistent"), 0);
	CHECK_INT(mountinfo_is_mount_point("relative"), -EINVAL);
}
