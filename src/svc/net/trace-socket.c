/* SPDX-License-Identifier: MIT */
/*
 * Packet sockets for captures.  The socket gets its filter and its ring before it is bound, so that
 * nothing comes in that was not asked for.
 */
#include "svc/net/trace.h"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <sys/socket.h>

static int attach(int fd, const struct sock_filter *filter, size_t n)
{
	const struct sock_fprog program = {
		.len = (unsigned short)n,
		.filter = (struct sock_filter *)filter, /* it is only read */
	};
	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) < 0 ? -errno
											   : 0;
}

int trace_check_filter(const struct sock_filter *filter, size_t n, struct err *e)
{
	if (n > TRACE_FILTER_MAX)
		return err_set(e, -EINVAL, "a filter of %zu instructions (at most %d)", n,
			TRACE_FILTER_MAX);
	if (!n)
		return 0;
	AUTO_CLOSE int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int r = fd < 0 ? -errno : attach(fd, filter, n);
	if (r == -EINVAL)
		return err_set(e, r, "the filter is not a BPF program that the kernel takes");
	return r < 0 ? err_errno(e, r, "filter") : 0;
}

static int make_ring(int fd, unsigned blocks)
{
	struct tpacket_req3 q = {
		.tp_block_size = TRACE_BLOCK_BYTES,
		.tp_block_nr = blocks,
		.tp_frame_size = TPACKET_ALIGNMENT << 7, /* means nothing in this version */
		.tp_retire_blk_tov = TRACE_WAIT_MS,
	};
	q.tp_frame_nr = q.tp_block_size / q.tp_frame_size * blocks;
	return setsockopt(fd, SOL_PACKET, PACKET_RX_RING, &q, sizeof(q)) < 0 ? -errno : 0;
}

static int set_up(
	int fd, int index, const struct trace_options *o, unsigned *ret_blocks, struct err *e)
{
	const struct sock_filter all = BPF_STMT(BPF_RET | BPF_K, o->snap);
	const int version = TPACKET_V3;
	unsigned blocks = TRACE_BLOCKS;
	int r = o->n_filter ? attach(fd, o->filter, o->n_filter) : attach(fd, &all, 1);
	if (r >= 0 && setsockopt(fd, SOL_PACKET, PACKET_VERSION, &version, sizeof(version)) < 0)
		r = -errno;
	if (r < 0)
		return err_errno(e, r, "filter");
	while ((r = make_ring(fd, blocks)) == -ENOMEM && blocks > TRACE_BLOCKS_MIN)
		blocks /= 2;
	if (r < 0)
		return err_errno(e, r, "memory for frames");
	const struct sockaddr_ll to = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_ALL),
		.sll_ifindex = index,
	};
	const struct packet_mreq promiscuous = {
		.mr_ifindex = index,
		.mr_type = PACKET_MR_PROMISC,
	};
	if (bind(fd, (const struct sockaddr *)&to, sizeof(to)) < 0)
		return err_errno(e, -errno, "listen to the interface");
	if (setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &promiscuous, sizeof(promiscuous)) <
		0)
		return err_errno(e, -errno, "listen to all frames");
	*ret_blocks = blocks;
	return 0;
}

int trace_socket(struct place *p, int index, const struct trace_options *o, unsigned *ret_blocks,
	struct err *e)
{
	AUTO_CLOSE int fd = place_socket(p, AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0, e);
	if (fd < 0)
		return fd;
	int r = set_up(fd, index, o, ret_blocks, e);
	return r < 0 ? r : TAKE_FD(fd);
}
