/* SPDX-License-Identifier: MIT */
#include "cli/mount-helper.h"
#include "base/test.h"

#include <sys/mount.h>

static void check_words(const char *options, const char *expect)
{
	struct mount_helper h = {};
	struct err e = {};
	char got[512] = "";
	CHECK_INT(mount_helper_options(&h, options, &e), 0);
	for (size_t i = 0; i < h.n_words; i++) {
		strcat(got, h.words[i]);
		strcat(got, " ");
	}
	CHECK_STR(got, expect);
	mount_helper_done(&h);
}

TEST(options_of_fstab_become_options_of_the_verb)
{
	check_words("", "");
	check_words("rw", "");
	check_words("ro", "--read-only ");
	check_words("ro,persistent,timeout=30", "--read-only --persistent --timeout=30s ");
	check_words("timeout=2min,transport=fuse,node=fd00::1",
		"--timeout=2min --transport=fuse --node=fd00::1 ");
	check_words("map-user=1000:33", "--map-user=1000:33 ");
}

TEST(what_others_mean_is_passed_over)
{
	check_words("defaults,_netdev,nofail,noauto,user,x-systemd.automount,"
		    "x-systemd.idle-timeout=1min,x-gvfs-show,comment=mine,nosuid,nodev",
		"");
}

TEST(flags_of_any_mount_are_set_afterwards)
{
	struct mount_helper h = {};
	CHECK_INT(mount_helper_options(&h, "noexec,noatime", NULL), 0);
	CHECK(h.flags == (MS_NOEXEC | MS_NOATIME));
	CHECK_INT(h.n_words, 0);
}

TEST(an_unknown_option_is_refused_unless_sloppy)
{
	struct mount_helper h = {};
	struct err e = {};
	CHECK_INT(mount_helper_options(&h, "ro,frobnicate", &e), -EINVAL);
	CHECK_STR(e.msg, "unknown option `frobnicate'");
	mount_helper_done(&h);
	h.sloppy = true;
	CHECK_INT(mount_helper_options(&h, "frobnicate", &e), 0);
	CHECK_INT(h.n_words, 0);
}

TEST(there_is_a_limit)
{
	struct mount_helper h = {};
	struct err e = {};
	char many[8 * MOUNT_HELPER_WORDS] = "";
	for (int i = 0; i <= MOUNT_HELPER_WORDS; i++)
		strcat(many, "ro,");
	CHECK_INT(mount_helper_options(&h, many, &e), -EINVAL);
	mount_helper_done(&h);
}
