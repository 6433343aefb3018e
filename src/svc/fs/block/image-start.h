/* SPDX-License-Identifier: MIT */
#pragma once
/* The process of an image server (its keeper), as the service sees it. */
#include "svc/fs/block/target.h"
#include "sys/spawn.h"

struct image_process {
	struct spawn_child child; /* killed and reaped by image_process_done(), unless pid is 0 */
	int control; /* image-control.h */
	int socket; /* O_PATH: where it listens */
};

/*
 * Starts it for the file f (borrowed) that t names.  It runs as a user whom no other process
 * has (a program that is not ours can be traced by its user's others), and who is the file's owner
 * as far as it sees (an idmapped mount of that file alone, attached nowhere); where the file
 * system or the file is not made for that, as the file's owner, without any capability.  The socket
 * lies in the runtime directory until it listens, and nowhere after.  On failure (negative errno, e
 * set) p is as after image_process_done().
 */
int image_process_start(struct image_process *p, int runtime, const struct block_target *t,
	const struct block_file *f, struct err *e);
/* A connected socket to it, or negative errno. */
int image_process_connect(const struct image_process *p);
/* All zero is fine. */
void image_process_done(struct image_process *p);
