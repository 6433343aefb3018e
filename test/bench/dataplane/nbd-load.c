/* SPDX-License-Identifier: MIT */
/*
 * Load for an NBD server: keeps DEPTH requests in flight, sends as many with one system call as
 * there is room for, takes as many replies as there are, so that the server is what is measured.
 *
 *	nbd-load ADDRESS randread|randwrite|seqread|seqwrite BLOCK DEPTH SECONDS [EXPORT]
 *
 * Prints one line of JSON.
 */
#include "nbd-wire.h"
#include "net.h"

#include <stdio.h>
#include <sys/socket.h>

enum { IN_MIN = 64 << 10, IN_MAX = 2 << 20, DEPTH_MAX = 256 };

struct load {
	int fd;
	bool writes, random;
	uint32_t block;
	unsigned depth;
	uint64_t blocks, next; /* of the export; sequential */
	unsigned unused[DEPTH_MAX], n_unused; /* handles */
	double sent[DEPTH_MAX];
	char *out, *in;
	size_t in_size, in_len;
	size_t skip; /* bytes of a read's data that are to come */
	uint64_t done;
	struct samples samples;
};

static uint64_t negotiate(int fd, const char *export)
{
	struct nbd_greeting g;
	struct {
		struct nbd_option o;
		char name[256];
	} q = {.o = {.magic = htobe64(NBD_OPTION), .option = htobe32(NBD_OPT_GO)}};
	uint32_t len = (uint32_t)strlen(export),
		 flags = htobe32(NBD_FIXED_NEWSTYLE | NBD_NO_ZEROES);
	uint32_t name_len = htobe32(len);
	uint64_t size = 0;
	net_read(fd, &g, sizeof(g));
	if (be64toh(g.magic) != NBD_MAGIC || be64toh(g.option) != NBD_OPTION || len > 200)
		die("greeting");
	net_write(fd, &flags, sizeof(flags));
	q.o.len = htobe32(4 + len + 2);
	memcpy(q.name, &name_len, 4);
	memcpy(q.name + 4, export, len);
	net_write(fd, &q, sizeof(q.o) + 4 + len + 2);
	for (;;) {
		struct nbd_option_reply r;
		char data[4096];
		net_read(fd, &r, sizeof(r));
		uint32_t type = be32toh(r.type), n = be32toh(r.len);
		if (n > sizeof(data) || (type & NBD_REP_ERROR))
			die("the export");
		net_read(fd, data, n);
		if (type == NBD_REP_ACK)
			return size;
		struct nbd_info_export info;
		memcpy(&info, data, MIN(n, sizeof(info)));
		if (type == NBD_REP_INFO && n >= sizeof(info) && info.type == 0)
			size = be64toh(info.size);
	}
}

static void send_requests(struct load *l, double now)
{
	size_t size = sizeof(struct nbd_request) + (l->writes ? l->block : 0), n = 0;
	while (l->n_unused) {
		unsigned handle = l->unused[--l->n_unused];
		uint64_t at = l->random ? next_random() % l->blocks : l->next++ % l->blocks;
		struct nbd_request q = {
			.magic = htobe32(NBD_REQUEST_MAGIC),
			.type = htobe16(l->writes ? NBD_WRITE : NBD_READ),
			.handle = handle,
			.offset = htobe64(at * l->block),
			.len = htobe32(l->block),
		};
		memcpy(l->out + n, &q, sizeof(q));
		l->sent[handle] = now;
		n += size;
	}
	if (n)
		net_write(l->fd, l->out, n);
}

/* What has come; how many requests that ends. */
static unsigned take_replies(struct load *l)
{
	ssize_t r = recv(l->fd, l->in + l->in_len, l->in_size - l->in_len, 0);
	if (r <= 0)
		die("receive");
	l->in_len += (size_t)r;
	size_t at = 0;
	unsigned n = 0;
	double now = now_s();
	for (;;) {
		size_t skipped = MIN(l->skip, l->in_len - at);
		struct nbd_reply reply;
		l->skip -= skipped;
		at += skipped;
		if (l->skip || l->in_len - at < sizeof(reply))
			break;
		memcpy(&reply, l->in + at, sizeof(reply));
		if (be32toh(reply.magic) != NBD_REPLY_MAGIC || reply.error ||
			reply.handle >= l->depth)
			die("reply");
		at += sizeof(reply);
		l->skip = l->writes ? 0 : l->block;
		l->unused[l->n_unused++] = (unsigned)reply.handle;
		samples_add(&l->samples, now - l->sent[reply.handle]);
		n++;
	}
	memmove(l->in, l->in + at, l->in_len - at);
	l->in_len -= at;
	return n;
}

static void run(struct load *l, double seconds)
{
	unsigned pending = 0;
	double start = now_s(), now = start;
	for (;;) {
		if (now - start < seconds) {
			pending += l->n_unused;
			send_requests(l, now);
		} else if (!pending && !l->skip) {
			break;
		}
		unsigned n = take_replies(l);
		pending -= n;
		l->done += n;
		now = now_s();
	}
	double elapsed = now - start, bytes = (double)l->done * l->block;
	printf("{\"ops\": %.0f, \"mbps\": %.1f, \"p50us\": %.1f, \"p99us\": %.1f, \"gb\": %.4f, "
	       "\"kops\": %.3f}\n",
		(double)l->done / elapsed, bytes / elapsed / 1e6, samples_at(&l->samples, 0.5),
		samples_at(&l->samples, 0.99), bytes / 1e9, (double)l->done / 1e3);
}

int main(int argc, char **argv)
{
	static struct load l;
	if (argc < 6)
		return 2;
	l.writes = strstr(argv[2], "write");
	l.random = strstr(argv[2], "rand");
	l.block = (uint32_t)strtoul(argv[3], NULL, 10);
	l.depth = (unsigned)strtoul(argv[4], NULL, 10);
	if (!l.depth || l.depth > DEPTH_MAX || !l.block)
		return 2;
	l.fd = net_dial(argv[1]);
	l.blocks = negotiate(l.fd, argc > 6 ? argv[6] : "") / l.block;
	size_t each = sizeof(struct nbd_request) + (l.writes ? l.block : 0);
	l.in_size = MIN(MAX((size_t)IN_MIN, l.depth * (sizeof(struct nbd_reply) + l.block)),
		(size_t)IN_MAX);
	l.out = malloc(each * l.depth);
	l.in = malloc(l.in_size);
	if (!l.out || !l.in || !l.blocks)
		die("the export");
	memset(l.out, 0x5a, each * l.depth);
	for (unsigned i = 0; i < l.depth; i++)
		l.unused[l.n_unused++] = i;
	samples_init(&l.samples);
	run(&l, strtod(argv[5], NULL));
	struct nbd_request end = {
		.magic = htobe32(NBD_REQUEST_MAGIC), .type = htobe16(NBD_DISCONNECT)};
	net_write(l.fd, &end, sizeof(end));
	return 0;
}
