/* SPDX-License-Identifier: MIT */
#pragma once
/* The programs of a splice (splice.h). */
#include "svc/net/kernel/bpf.h"
#include "svc/net/splice.h"

enum splice_side { SPLICE_WIRE = 1, SPLICE_HOST, SPLICE_LEG };

/* The map: key MAC address (6 bytes), value a 64-bit number, the time when it was seen last, in
 * units of 2^35 ns (34 s) of the kernel's monotonic clock, << 2 | enum splice_side. */
enum { SPLICE_KEY_SIZE = RTNL_MAC_SIZE, SPLICE_VALUE_SIZE = 8, SPLICE_UNIT_SHIFT = 35 };

struct splice_programs {
	const struct splice_config *cfg;
	int map;
	uint32_t mark; /* not 0 */
};

/* Descriptors of programs, the caller's. */
int splice_load_ingress(const struct splice_programs *p, int *ret, struct err *e);
int splice_load_egress(const struct splice_programs *p, int *ret, struct err *e);
int splice_load_leg(const struct splice_programs *p, int *ret, struct err *e);
