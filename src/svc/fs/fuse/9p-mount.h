/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The mount worker: a remote 9P tree answered to the kernel's FUSE (9p-mount.c). What it is told by
 * whoever started it, and tells in turn, is in core/mount-control.h.
 */
#include "core/mount-control.h"

int role_9p_mount(int argc, char **argv);
