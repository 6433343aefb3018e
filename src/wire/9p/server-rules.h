/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What the server has to know of each T message before anybody does it: one row per type.  Only for
 * server.c.
 */
#include "wire/9p/9p-codec.h"

enum p9_rule_flags {
	CHANGES_TREE = 1,
	CHANGES_FID = 2, /* needs `use` for itself alone */
	ENDS_FID = 4,
	IN_PLACE = 8, /* the new fid may be the old one */
	MAY_MAKE = 16, /* NOFID: no new fid is wanted */
	MAY_BE_EMPTY = 32, /* the name */
	METAC = 64, /* only where 9P2000.L.metac was agreed on */
	ONCE = 128, /* may come inside Tonce */
};

struct p9_rule {
	uint16_t use, use2, make; /* offsets in struct p9_msg of fid numbers, 0: none */
	uint16_t name, name2; /* of names of one directory entry */
	uint16_t count; /* of how many bytes of payload are wanted */
	uint8_t head; /* bytes of the answer before its payload */
	uint8_t flags;
	bool known;
};

extern const struct p9_rule p9_rules[256];
