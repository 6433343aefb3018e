/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The frame by which a loop is found (loop.h): sent out of a port, it says which, and when.
 *
 *	0   destination  LOOP_GROUP, a group address that bridges forward
 *	6   source       of the port, random; locally administered
 *	12  type         0x88b5, for experiments within a site (IEEE 802, 9.2.4)
 *	14  version      1, and a zero byte
 *	16  tag          random, of the process: others' frames are told apart by the kernel
 *	20  port         64 bits
 *	28  sent         milliseconds of the sender's clock, 64 bits
 *	36  hash         of all before it with a secret of the process (BLAKE2b, 128 bits)
 *	52  zero, to the smallest size that a frame has
 *
 * Numbers are in network byte order; nobody but the process that sent it reads one.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	LOOP_ETHERTYPE = 0x88b5,
	LOOP_FRAME_SIZE = 60,
	LOOP_TAG_AT = 16,
	LOOP_KEY_SIZE = 32,
};

extern const uint8_t loop_group[6]; /* "\3mcloo" */

struct loop_secret {
	uint32_t tag;
	uint8_t key[LOOP_KEY_SIZE];
};

struct loop_frame {
	uint64_t port;
	uint64_t sent_ms;
};

void loop_secret_init(struct loop_secret *ret);
void loop_frame_write(const struct loop_secret *s, const struct loop_frame *f,
	uint8_t ret[static LOOP_FRAME_SIZE]);
/* What any bytes say, which may be a lie. False: nothing. */
bool loop_frame_read(const uint8_t *bytes, size_t size, struct loop_frame *ret);
/* Is what they say ours? Of bytes that were read. */
bool loop_frame_is_ours(const struct loop_secret *s, const uint8_t bytes[static LOOP_FRAME_SIZE]);
