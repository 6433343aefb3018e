/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Messages to build in, used again and again: so building one costs no allocation, and its first
 * segment is large enough for what is usually built.
 *
 * There are a few sizes.  What was built without a hint tells how large its kind becomes; the next
 * of its kind starts with that size, and after a row of smaller ones with a smaller size.  What is
 * kept is bounded in bytes.
 */
#include "base/macro.h"
#include "vat/message/message-internal.h"

enum {
	ARENA_SIZES = 7,
	ARENA_KINDS = 4,
	ARENA_BYTES = 1024 * 1024, /* kept at most */
};

struct arenas {
	struct vat_message *free[ARENA_SIZES]; /* linked by their `backing` */
	size_t bytes;
	size_t max_bytes;
	struct {
		uint8_t size; /* index of the usual size */
		uint8_t smaller; /* so many in a row were smaller */
	} usual[ARENA_KINDS];
};

void arenas_init(struct arenas *a);
/* Frees what is kept; nothing will be kept any more. */
void arenas_done(struct arenas *a);

/* An empty arena. words: expected size, 0 = what is usual for this kind (a small number of the
 * caller's choice). NULL when memory is out. */
struct vat_message *arena_get(struct arenas *a, unsigned kind, size_t words, size_t max_words);
/* Takes it back and drops what is in it. */
void arena_put(struct arenas *a, struct vat_message *m);
/* Tells what became of an arena of this kind. */
void arena_learn(struct arenas *a, unsigned kind, const struct vat_message *m);
