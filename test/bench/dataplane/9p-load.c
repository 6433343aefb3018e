/* SPDX-License-Identifier: MIT */
/*
 * Load for a 9P2000.L server: DEPTH sequences of requests at a time, sent and taken in batches, so
 * that the server is what is measured.
 *
 *	9p-load ADDRESS ANAME OPERATION DEPTH SECONDS
 *
 *	getattr   of the root
 *	wgc       walk to one of FILES files in `dir', getattr, clunk
 *	read4k    4 KiB of `big', at random
 *	seqread   of `big', as much at a time as the server has
 *	seqwrite  over the first gigabyte of `wbig', the same
 *	readdir   `dir', from its start to its end
 *	create    a file in `scratch', 4 KiB written, and removed
 *
 * Prints one line of JSON.
 */
#include "net.h"
#include "wire/9p/9p-codec.h"

#include <stdio.h>
#include <sys/socket.h>
#include <sys/uio.h>

enum {
	FILES = 10000,
	DEPTH_MAX = 64,
	HEAD_MAX = 256,
	IN_SIZE = 4 << 20,
	IOVECS = 4 * DEPTH_MAX,
	SMALL = 4096,
	ROOT = 1,
	BIG,
	SCRATCH,
	FID_FIRST = 1000,
};
#define WRITE_OVER (UINT64_C(1) << 30)

struct slot { /* a sequence under way; its number is the tag */
	unsigned step;
	uint64_t count, offset;
	double start;
	uint8_t head[HEAD_MAX];
};

/* Sends the next request of the sequence, or returns false: it is over. reply: to the last one. */
typedef bool (*operation)(unsigned tag, const uint8_t *reply, uint32_t len);

static struct {
	int fd;
	uint32_t io; /* bytes of a read or write at most */
	uint64_t size, next; /* of `big`; sequential */
	struct slot slots[DEPTH_MAX];
	struct iovec out[IOVECS];
	int n_out;
	uint8_t *in, *payload;
	size_t in_at, in_len;
	uint64_t bytes, entries, done;
} load;

/* ---- messages ------------------------------------------------------------------------------ */

static void flush(void)
{
	struct iovec *v = load.out;
	while (load.n_out) {
		ssize_t n = writev(load.fd, v, load.n_out);
		if (n < 0)
			die("send");
		for (; load.n_out && (size_t)n >= v->iov_len; v++, load.n_out--)
			n -= (ssize_t)v->iov_len;
		if (load.n_out) {
			v->iov_base = (char *)v->iov_base + n;
			v->iov_len -= (size_t)n;
		}
	}
}

static void queue(const void *p, size_t n)
{
	load.out[load.n_out++] = (struct iovec){(void *)(uintptr_t)p, n};
}

/* m->tag is one of a slot; its payload, if it has one, is load.payload. */
static void send_message(const struct p9_msg *m)
{
	uint8_t *head = load.slots[m->tag % DEPTH_MAX].head; /* P9_NOTAG: any */
	if (load.n_out > IOVECS - 2)
		flush();
	int n = m->type == P9_Twrite ? p9_encode_head(m, head, HEAD_MAX)
				     : p9_encode(m, head, HEAD_MAX);
	if (n < 0)
		die("encode");
	queue(head, (size_t)n);
	if (m->type == P9_Twrite)
		queue(load.payload, m->twrite.data.len);
}

static uint32_t get32(const uint8_t *p)
{
	return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

/* The next message that is there whole, or NULL; wait: there will be one. */
static const uint8_t *next_message(uint32_t *ret_len, bool wait)
{
	for (;;) {
		size_t have = load.in_len - load.in_at;
		uint32_t len = have >= 4 ? get32(load.in + load.in_at) : 0;
		if (len && (len < P9_HEADER || len > P9_MAX_MSIZE))
			die("message");
		if (len && have >= len) {
			const uint8_t *m = load.in + load.in_at;
			load.in_at += len;
			*ret_len = len;
			return m;
		}
		if (!wait)
			return NULL;
		memmove(load.in, load.in + load.in_at, have);
		load.in_at = 0;
		load.in_len = have;
		ssize_t n = recv(load.fd, load.in + have, IN_SIZE - have, 0);
		if (n <= 0)
			die("receive");
		load.in_len += (size_t)n;
	}
}

/* One request and its answer. */
static const uint8_t *call(struct p9_msg *m, uint32_t *ret_len)
{
	send_message(m);
	flush();
	const uint8_t *reply = next_message(ret_len, true);
	if (reply[4] != m->type + 1) {
		errno = reply[4] == P9_Rlerror ? (int)get32(reply + P9_HEADER) : EPROTO;
		die("call");
	}
	return reply;
}

static struct p9_str str(const char *s)
{
	return (struct p9_str){s, (uint16_t)strlen(s)};
}

static void open_file(uint32_t fid, const char *name, uint32_t flags)
{
	struct p9_msg m = {.type = P9_Twalk,
		.twalk = {.fid = ROOT, .newfid = fid, .nwname = 1, .wname[0] = str(name)}};
	uint32_t len;
	call(&m, &len);
	if (flags == P9_O_DIRECTORY)
		return; /* is only gone through */
	m = (struct p9_msg){.type = P9_Tgetattr, .tgetattr = {fid, P9_GETATTR_BASIC}};
	const uint8_t *reply = call(&m, &len);
	struct p9_msg r;
	if (p9_decode(reply, len, &r) < 0)
		die(name);
	load.size = r.rgetattr.size;
	m = (struct p9_msg){.type = P9_Tlopen, .tlopen = {fid, flags}};
	call(&m, &len);
}

/* ---- operations ---------------------------------------------------------------------------- */

static bool do_getattr(unsigned tag, const uint8_t *reply, uint32_t len)
{
	if (load.slots[tag].step++)
		return false;
	send_message(&(struct p9_msg){
		.type = P9_Tgetattr, .tag = (uint16_t)tag, .tgetattr = {ROOT, P9_GETATTR_BASIC}});
	return true;
}

static bool do_wgc(unsigned tag, const uint8_t *reply, uint32_t len)
{
	char name[16];
	uint32_t fid = FID_FIRST + tag;
	struct p9_msg m = {.tag = (uint16_t)tag};
	switch (load.slots[tag].step++) {
	case 0:
		(void)snprintf(name, sizeof(name), "f%05u", (unsigned)(next_random() % FILES));
		m.type = P9_Twalk;
		m.twalk.fid = ROOT;
		m.twalk.newfid = fid;
		m.twalk.nwname = 2;
		m.twalk.wname[0] = str("dir");
		m.twalk.wname[1] = str(name);
		break;
	case 1:
		m.type = P9_Tgetattr;
		m.tgetattr.fid = fid;
		m.tgetattr.request_mask = P9_GETATTR_BASIC;
		break;
	case 2:
		m.type = P9_Tclunk;
		m.tclunk.fid = fid;
		break;
	default:
		return false;
	}
	send_message(&m);
	return true;
}

static bool read_at(unsigned tag, const uint8_t *reply, uint64_t at, uint32_t count)
{
	if (load.slots[tag].step++) {
		if (get32(reply + P9_HEADER) != count)
			die("short read");
		load.bytes += count;
		return false;
	}
	send_message(&(struct p9_msg){
		.type = P9_Tread, .tag = (uint16_t)tag, .tread = {BIG, at, count}});
	return true;
}

static bool do_read4k(unsigned tag, const uint8_t *reply, uint32_t len)
{
	return read_at(tag, reply, next_random() % (load.size / SMALL) * SMALL, SMALL);
}

static uint64_t next_offset(uint64_t size)
{
	if (load.next + load.io > size)
		load.next = 0;
	load.next += load.io;
	return load.next - load.io;
}

static bool do_seqread(unsigned tag, const uint8_t *reply, uint32_t len)
{
	uint64_t at = load.slots[tag].step ? 0 : next_offset(load.size);
	return read_at(tag, reply, at, load.io);
}

static bool do_seqwrite(unsigned tag, const uint8_t *reply, uint32_t len)
{
	if (load.slots[tag].step++) {
		if (get32(reply + P9_HEADER) != load.io)
			die("short write");
		load.bytes += load.io;
		return false;
	}
	send_message(&(struct p9_msg){.type = P9_Twrite,
		.tag = (uint16_t)tag,
		.twrite = {BIG, next_offset(WRITE_OVER), {load.payload, load.io}}});
	return true;
}

/* The offset after the entries of an Rreaddir. */
static uint64_t count_entries(const uint8_t *p, uint32_t n)
{
	uint64_t offset = 0;
	for (uint32_t at = 0; at + 24 <= n;) {
		memcpy(&offset, p + at + 13, 8); /* little-endian, as all machines this runs on */
		at += 24 + (p[at + 22] | (uint32_t)p[at + 23] << 8);
		load.entries++;
	}
	return offset;
}

static bool do_readdir(unsigned tag, const uint8_t *reply, uint32_t len)
{
	struct slot *s = &load.slots[tag];
	uint32_t fid = FID_FIRST + tag;
	struct p9_msg m = {.tag = (uint16_t)tag};
	uint32_t got = s->step == 3 ? get32(reply + P9_HEADER) : 0;
	if (s->step == 0) {
		m.type = P9_Twalk;
		m.twalk.fid = ROOT;
		m.twalk.newfid = fid;
		m.twalk.nwname = 1;
		m.twalk.wname[0] = str("dir");
		s->step = 1;
	} else if (s->step == 1) {
		m.type = P9_Tlopen;
		m.tlopen.fid = fid;
		m.tlopen.flags = P9_O_DIRECTORY;
		s->step = 2;
	} else if (s->step == 2 || (s->step == 3 && got)) {
		m.type = P9_Treaddir;
		m.treaddir.fid = fid;
		m.treaddir.offset = got ? count_entries(reply + P9_READ_HEADER, got) : 0;
		m.treaddir.count = load.io;
		s->step = 3;
	} else if (s->step == 3) {
		m.type = P9_Tclunk;
		m.tclunk.fid = fid;
		s->step = 4;
	} else {
		return false;
	}
	send_message(&m);
	return true;
}

/* Ended by Tremove, which every server has. */
static bool do_create(unsigned tag, const uint8_t *reply, uint32_t len)
{
	struct slot *s = &load.slots[tag];
	uint32_t fid = FID_FIRST + tag;
	char name[40];
	struct p9_msg m = {.tag = (uint16_t)tag};
	switch (s->step++) {
	case 0:
		m.type = P9_Twalk;
		m.twalk.fid = SCRATCH;
		m.twalk.newfid = fid;
		break;
	case 1:
		(void)snprintf(name, sizeof(name), "t%u-%llu", tag, (unsigned long long)s->count++);
		m.type = P9_Tlcreate;
		m.tlcreate.fid = fid;
		m.tlcreate.name = str(name);
		m.tlcreate.flags = P9_O_WRONLY | P9_O_CREAT | P9_O_TRUNC;
		m.tlcreate.mode = 0644;
		break;
	case 2:
		m.type = P9_Twrite;
		m.twrite.fid = fid;
		m.twrite.data = (struct p9_data){load.payload, SMALL};
		break;
	case 3:
		m.type = P9_Tremove;
		m.tremove.fid = fid;
		break;
	default:
		return false;
	}
	send_message(&m);
	return true;
}

static const struct {
	const char *name;
	operation run;
	const char *file; /* opened as BIG or SCRATCH */
	uint32_t fid, flags;
} operations[] = {
	{"getattr", do_getattr, NULL, 0, 0},
	{"wgc", do_wgc, NULL, 0, 0},
	{"read4k", do_read4k, "big", BIG, P9_O_RDONLY},
	{"seqread", do_seqread, "big", BIG, P9_O_RDONLY},
	{"seqwrite", do_seqwrite, "wbig", BIG, P9_O_WRONLY},
	{"readdir", do_readdir, NULL, 0, 0},
	{"create", do_create, "scratch", SCRATCH, P9_O_DIRECTORY},
};

/* ---- the run ------------------------------------------------------------------------------- */

static void attach(const char *aname)
{
	struct p9_msg m = {.type = P9_Tversion,
			      .tag = P9_NOTAG,
			      .tversion = {P9_MAX_MSIZE, str(P9_VERSION)}},
		      r;
	uint32_t len;
	const uint8_t *reply = call(&m, &len);
	if (p9_decode(reply, len, &r) < 0)
		die("version");
	load.io = r.rversion.msize - P9_IO_HEADER;
	m = (struct p9_msg){.type = P9_Tattach,
		.tattach = {
			.fid = ROOT, .afid = P9_NOFID, .uname = str("root"), .aname = str(aname)}};
	call(&m, &len);
}

/* One answer; what of a sequence follows is sent. True: the sequence is over, and no other begins.
 */
static bool handle(operation run, const uint8_t *m, uint32_t len, double end, struct samples *s)
{
	unsigned tag = m[5] | (unsigned)m[6] << 8;
	if (m[4] == P9_Rlerror || tag >= DEPTH_MAX) {
		errno = m[4] == P9_Rlerror ? (int)get32(m + P9_HEADER) : EPROTO;
		die("request");
	}
	struct slot *slot = &load.slots[tag];
	if (run(tag, m, len))
		return false;
	double now = now_s();
	samples_add(s, now - slot->start);
	load.done++;
	if (now >= end)
		return true;
	slot->step = 0;
	slot->start = now;
	run(tag, NULL, 0);
	return false;
}

static void measure(operation run, unsigned depth, double seconds)
{
	struct samples samples;
	unsigned active = depth;
	samples_init(&samples);
	double start = now_s(), end = start + seconds;
	for (unsigned i = 0; i < depth; i++) {
		load.slots[i].start = start;
		run(i, NULL, 0);
	}
	while (active) {
		uint32_t len;
		flush();
		for (const uint8_t *m = next_message(&len, true); m; m = next_message(&len, false))
			active -= handle(run, m, len, end, &samples);
	}
	double elapsed = now_s() - start;
	printf("{\"ops\": %.1f, \"mbps\": %.1f, \"entries\": %.0f, \"kentries\": %.3f, \"p50us\": "
	       "%.1f, "
	       "\"p99us\": %.1f, \"gb\": %.4f, \"kops\": %.4f}\n",
		(double)load.done / elapsed, (double)load.bytes / elapsed / 1e6,
		(double)load.entries / elapsed, (double)load.entries / 1e3,
		samples_at(&samples, 0.5), samples_at(&samples, 0.99), (double)load.bytes / 1e9,
		(double)load.done / 1e3);
}

int main(int argc, char **argv)
{
	if (argc < 6)
		return 2;
	unsigned depth = (unsigned)strtoul(argv[4], NULL, 10);
	size_t op = 0;
	while (op < ARRAY_SIZE(operations) && strcmp(operations[op].name, argv[3]) != 0)
		op++;
	if (op == ARRAY_SIZE(operations) || !depth || depth > DEPTH_MAX)
		return 2;
	load.in = malloc(IN_SIZE);
	load.payload = malloc(P9_MAX_MSIZE);
	if (!load.in || !load.payload)
		die("memory");
	memset(load.payload, 0x42, P9_MAX_MSIZE);
	load.fd = net_dial(argv[1]);
	attach(argv[2]);
	if (operations[op].file)
		open_file(operations[op].fid, operations[op].file, operations[op].flags);
	measure(operations[op].run, depth, strtod(argv[5], NULL));
	return 0;
}
