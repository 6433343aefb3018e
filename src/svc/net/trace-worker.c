/* SPDX-License-Identifier: MIT */
/*
 * Role `net-trace`: one capture.  Descriptor 3 is the stream, 4 a packet socket with its ring.
 *
 *	--snap=BYTES   kept of each frame
 *	--count=N      ends after so many frames
 *	--blocks=N     of the ring
 *
 * A block belongs to the kernel or to us, as its status says (packet(7), TPACKET_V3): those that
 * are ours come one after the other round the ring.  The socket is closed once the ring is mapped
 * and in the epoll set, which both keep it open in the kernel: what is left is to read.  Then an
 * error of the socket cannot be taken from it; there is one only, that the interface is down or
 * gone, and it is the end.
 *
 * Exit status 0, or the errno value of what went wrong.
 */
#include "base/log.h"
#include "svc/net/trace.h"
#include "svc/net/trace-role.h"
#include "sys/landlock.h"
#include "sys/seccomp.h"

#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/mman.h>

enum { FD_STREAM = 3, FD_PACKET = 4 };

struct trace {
	uint32_t snap;
	uint64_t count; /* frames to come; UINT64_MAX: for ever */
	unsigned blocks, at; /* the next one */
	uint8_t *ring;
	int epoll;
	uint8_t *out; /* records on their way */
	size_t n_out, room;
};

static int flush(struct trace *t)
{
	for (size_t done = 0; done < t->n_out;) {
		ssize_t n = write(FD_STREAM, t->out + done, t->n_out - done);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		done += (size_t)n;
	}
	t->n_out = 0;
	return 0;
}

static int take_frame(struct trace *t, const struct tpacket3_hdr *h)
{
	struct trace_frame f;
	int r = 0;
	if (t->n_out + TRACE_RECORD_BYTES + t->snap > t->room)
		r = flush(t);
	if (r < 0)
		return r;
	trace_read_frame(h, &f);
	t->n_out += trace_put_frame(t->out + t->n_out, &f, t->snap);
	return 0;
}

/* All that are ours. 1: that was the last frame. */
static int take_blocks(struct trace *t)
{
	for (;;) {
		struct tpacket_block_desc *b =
			(void *)(t->ring + (size_t)t->at * TRACE_BLOCK_BYTES);
		if (!(__atomic_load_n(&b->hdr.bh1.block_status, __ATOMIC_ACQUIRE) & TP_STATUS_USER))
			return 0;
		const uint8_t *p = (const uint8_t *)b + b->hdr.bh1.offset_to_first_pkt;
		for (uint32_t i = 0; i < b->hdr.bh1.num_pkts && t->count; i++) {
			const struct tpacket3_hdr *h = (const void *)p;
			int r = take_frame(t, h);
			if (r < 0)
				return r;
			t->count -= t->count != UINT64_MAX;
			p += h->tp_next_offset;
		}
		__atomic_store_n(&b->hdr.bh1.block_status, TP_STATUS_KERNEL, __ATOMIC_RELEASE);
		t->at = (t->at + 1) % t->blocks;
		int r = flush(t);
		if (r < 0 || !t->count)
			return r < 0 ? r : 1;
	}
}

static int run(struct trace *t)
{
	for (;;) {
		struct epoll_event ev[2];
		int n = epoll_wait(t->epoll, ev, ARRAY_SIZE(ev), -1);
		if (n < 0 && errno != EINTR)
			return -errno;
		int r = take_blocks(t);
		if (r != 0)
			return MIN(r, 0);
		for (int i = 0; i < n; i++)
			if (ev[i].events & (EPOLLERR | EPOLLHUP))
				return 0; /* nobody reads any more, or the interface has gone */
	}
}

/* ---- the beginning ------------------------------------------------------------------------- */

static int add(int epoll, int fd, uint32_t events)
{
	struct epoll_event ev = {.events = events};
	return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &ev) < 0 ? -errno : 0;
}

static int set_up(struct trace *t)
{
	size_t size = (size_t)t->blocks * TRACE_BLOCK_BYTES;
	int flags = fcntl(FD_STREAM, F_GETFL);
	if (flags < 0 || fcntl(FD_STREAM, F_SETFL, flags & ~O_NONBLOCK) < 0)
		return -errno;
	t->room = 2 * ((size_t)t->snap + TRACE_RECORD_BYTES);
	t->out = malloc(MAX(t->room, (size_t)TRACE_HEADER_BYTES));
	if (!t->out)
		return -ENOMEM;
	t->ring = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, FD_PACKET, 0);
	if (t->ring == MAP_FAILED)
		return -errno;
	t->epoll = epoll_create1(EPOLL_CLOEXEC);
	int r = t->epoll < 0 ? -errno : add(t->epoll, FD_PACKET, EPOLLIN);
	if (r >= 0)
		r = add(t->epoll, FD_STREAM, 0);
	fd_close(FD_PACKET);
	return r;
}

static int lock_down(void)
{
	static const char *const calls[] = {"@base", "epoll_wait", "epoll_pwait", NULL};
	struct landlock l;
	int r = landlock_init(&l);
	if (r >= 0)
		r = landlock_restrict(&l);
	return r < 0 ? r : seccomp_confine(calls, SECCOMP_ELSE_KILL);
}

static bool number(const char *text, uint64_t min, uint64_t max, uint64_t *ret)
{
	char *end = NULL;
	errno = 0;
	*ret = strtoull(text, &end, 10);
	return *text && !*end && !errno && *ret >= min && *ret <= max;
}

static bool read_options(int argc, char **argv, struct trace *t)
{
	static const struct option options[] = {
		{"snap", required_argument, NULL, 's'},
		{"count", required_argument, NULL, 'c'},
		{"blocks", required_argument, NULL, 'b'},
		{},
	};
	uint64_t snap = TRACE_SNAP_DEFAULT, count = UINT64_MAX, blocks = TRACE_BLOCKS;
	optind = 1;
	for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		bool good = c == 's'   ? number(optarg, 1, TRACE_SNAP_DEFAULT, &snap)
			    : c == 'c' ? number(optarg, 1, UINT64_MAX, &count)
			    : c == 'b' ? number(optarg, 1, TRACE_BLOCKS, &blocks)
				       : false;
		if (!good)
			return false;
	}
	t->snap = (uint32_t)snap;
	t->count = count;
	t->blocks = (unsigned)blocks;
	return true;
}

int role_net_trace(int argc, char **argv)
{
	struct trace t = {};
	if (!read_options(argc, argv, &t))
		return 2;
	signal(SIGPIPE, SIG_IGN);
	int r = set_up(&t);
	if (r >= 0)
		r = lock_down();
	if (r >= 0) {
		trace_put_header(t.out, t.snap);
		t.n_out = TRACE_HEADER_BYTES;
		r = flush(&t);
	}
	if (r >= 0)
		r = run(&t);
	if (r == -EPIPE || r == -ECONNRESET) /* nobody reads any more */
		r = 0;
	if (r < 0)
		log_warning("a capture ended: %s", strerror(-r));
	return -r;
}
