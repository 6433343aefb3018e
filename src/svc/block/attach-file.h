/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * How an attachment's reference leads to its device when it stands for a file, or for a directory
 * with the file in it: what is restored is opened anew each time.
 */
#include "schema/block.capnp.h"

enum { ATTACH_PATH_MAX = 4096, ATTACH_FORMAT_MAX = 16 };

struct attach_file;

/* As the options say; *ret is NULL where the reference stands for the device itself. 0, -EINVAL (a
 * path or format that is too long) or -ENOMEM. */
int attach_file_new(struct block_attach_options_r o, struct attach_file **ret);
void attach_file_free(struct attach_file *f); /* NULL is fine */
/* The device (the caller's reference) of what was restored (taken); f NULL: that is it. NULL: out
 * of memory. Not waited for: what goes wrong shows when the device is used. */
struct vat_cap *attach_file_open(
	const struct attach_file *f, struct vat *vat, struct vat_cap *takes_object);
/* Into options that are kept; NULL is fine. */
void attach_file_describe(const struct attach_file *f, struct block_attach_options_b o);
