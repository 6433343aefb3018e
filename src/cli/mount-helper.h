/* SPDX-License-Identifier: MIT */
#pragma once
/* mount.metac: what mount(8) calls for `mount -t metac FILE|REF DIR` and for lines of fstab. */
#include "cli/command.h"

enum { MOUNT_HELPER_WORDS = 80 };

/* What a call of the helper means. */
struct mount_helper {
	const char *source, *dir;
	bool fake, sloppy, verbose;
	unsigned long flags; /* of mount(2), to be set besides: MS_NOEXEC ... */
	char *words[MOUNT_HELPER_WORDS]; /* the options, as options of `metac fs mount'; owned */
	size_t n_words;
};

/* Fills what -o says. -EINVAL: an option that is none (with sloppy they are left out). */
int mount_helper_options(struct mount_helper *h, const char *options, struct err *err);
void mount_helper_done(struct mount_helper *h);

/* The program. Returns the exit status of mount(8): 0 mounted, 1 wrong use, 2 trouble with the
 * system, 32 not mounted. */
int mount_helper_main(int argc, char **argv);
