/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Captures: what L2Interface.trace() gives away.
 *
 *	trace.c          the Stream; each opening gets a packet socket and a worker
 *	trace-socket.c   the packet socket, with its filter and ring (packet(7), TPACKET_V3)
 *	trace-worker.c   role net-trace: from the ring to the stream
 *	trace-pcap.c     the format (draft-ietf-opsawg-pcap): nanoseconds, Ethernet
 *
 * Frames go from the kernel into a ring of fixed size, and from there to whoever opened the stream.
 * When he is slow, the ring fills, and the kernel drops what comes then: nothing piles up.
 *
 * Whoever has a packet socket can also send by it.  So the worker maps the ring, waits for it by an
 * epoll set, and has closed the socket before it looks at the first frame.
 */
#include "svc/net/place.h"

#include <linux/filter.h>
#include <linux/if_packet.h>

enum {
	TRACE_SNAP_DEFAULT = 262144, /* as tcpdump(8) has it; also the largest */
	TRACE_FILTER_MAX = 4096, /* instructions: BPF_MAXINSNS */
	TRACE_BLOCK_BYTES = 1 << 18,
	TRACE_BLOCKS = 16,
	TRACE_BLOCKS_MIN = 2, /* when memory is short */
	TRACE_WAIT_MS = 20, /* before a block that is not full is handed over */
	TRACE_VLAN_BYTES = 4,
};

/* ---- trace-socket.c ---- */

struct trace_options {
	uint32_t snap; /* bytes kept of a frame */
	const struct sock_filter *filter;
	size_t n_filter; /* 0: everything */
};

/* Does the kernel take that filter? -EINVAL with e set. */
int trace_check_filter(const struct sock_filter *filter, size_t n, struct err *e);
/* A packet socket on that link, with a ring of *ret_blocks blocks; frames come from now on. Returns
 * a descriptor, or negative errno with e set. */
int trace_socket(struct place *p, int index, const struct trace_options *o, unsigned *ret_blocks,
	struct err *e);

/* ---- trace-pcap.c ---- */

enum { TRACE_HEADER_BYTES = 24, TRACE_RECORD_BYTES = 16 };

struct trace_frame {
	uint64_t seconds;
	uint32_t nanoseconds;
	uint32_t length; /* as it was on the wire, without a tag that is told beside */
	uint32_t kept; /* bytes at data */
	const uint8_t *data;
	bool tagged; /* a VLAN tag was taken off */
	uint16_t tpid, tci;
};

void trace_put_header(uint8_t ret[static TRACE_HEADER_BYTES], uint32_t snap);
/* A record; room: at least TRACE_RECORD_BYTES + snap. Returns how long it is. */
size_t trace_put_frame(uint8_t *ret, const struct trace_frame *f, uint32_t snap);
/* What the kernel wrote into the ring. */
void trace_read_frame(const struct tpacket3_hdr *h, struct trace_frame *ret);
