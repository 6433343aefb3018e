/* SPDX-License-Identifier: MIT */
#pragma once
/* The mount worker: a remote 9P tree answered to the kernel's FUSE. See 9p-mount.c. */

int role_9p_mount(int argc, char **argv);
