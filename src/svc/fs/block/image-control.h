/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The image server: serves a disk image that is not raw (qcow2, vmdk ...) over NBD, to all
 * connections of one file.  It is qemu's storage daemon, and a keeper that starts it, tells it what
 * to do (QMP) and ends it.
 *
 *	metacd --role=image [--user=UID:GID] --format=FORMAT [--read-only] [--direct]
 *	fd 3  control socket to the service (SOCK_SEQPACKET)
 *	fd 4  a listening Unix socket: NBD is served to whoever connects
 *	fd 5  the image: opened anew by its descriptor's name, so O_PATH will do
 *
 *	keeper -> service  READY   the size of the disk in the image. FAILED: why not; then it ends
 *	service -> keeper  QUIT    flush, and end
 *
 * The keeper ends with status 0 when all that was written is in the image, and with another when
 *the daemon ended otherwise: what was acknowledged and not flushed may be lost then.  It does the
 *same as for QUIT when the service goes.
 *
 * The daemon parses the image and the NBD of the network, the keeper only what the daemon answers;
 * the service gets messages of fixed size.
 */
#include "base/macro.h"

enum { IMAGE_FD_CONTROL = 3, IMAGE_FD_LISTEN = 4, IMAGE_FD_FILE = 5 };

enum image_message_type { IMAGE_READY = 'R', IMAGE_FAILED = 'F', IMAGE_QUIT = 'Q' };

enum { IMAGE_TEXT_MAX = 240 };

struct image_message {
	uint32_t type; /* enum image_message_type */
	int32_t error; /* positive errno */
	uint64_t size; /* bytes */
	char text[IMAGE_TEXT_MAX]; /* NUL-terminated, always; printable */
};

/* 0 or negative errno; does not wait. text may be NULL, and is cut. */
int image_message_send(int fd, const struct image_message *m);
/* 1: a message. 0: the other side is gone. -EAGAIN; -EPROTO: not a message. */
int image_message_recv(int fd, struct image_message *ret);
/* Copies what can be printed. */
void image_text_set(char ret[IMAGE_TEXT_MAX], const char *text);

int role_image(int argc, char **argv);
