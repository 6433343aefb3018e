/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Filters as tcpdump(8) has them, pcap-filter(7), made into the instructions that
 * TraceOptions.filter takes. libpcap does it, loaded when it is needed: every other command starts
 * without it.
 */
#include "base/err.h"

enum { PCAP_FILTER_MAX = 4096 };

/* text: "udp port 53". snap: bytes to keep of a frame, 0: all. ret: room for PCAP_FILTER_MAX
 * instructions, as TraceOptions.filter has them. -ENOENT: there is no libpcap, -EINVAL: it does not
 * understand that; e is set. */
int pcap_filter_compile(
	const char *text, uint32_t snap, uint64_t *ret, uint32_t *ret_n, struct err *e);
