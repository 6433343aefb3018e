/* SPDX-License-Identifier: MIT */
/* The front end --fuse: the test is the kernel, at the other end of a socket pair instead of
 * /dev/fuse (a message is a message there, too). */
#include "svc/block/client/fuse-op.h"
#include "svc/block/client/test-client.h"

#include <linux/falloc.h>

static uint64_t last_unique;

static void ask(struct world *w, uint32_t opcode, uint64_t node, const void *body, size_t n,
	const void *data, size_t n_data)
{
	struct fuse_in_header h = {.len = (uint32_t)(sizeof(h) + n + n_data),
		.opcode = opcode,
		.unique = ++last_unique,
		.nodeid = node};
	struct iovec iov[3] = {
		{&h, sizeof(h)}, {(void *)(uintptr_t)body, n}, {(void *)(uintptr_t)data, n_data}};
	CHECK_INT(writev(w->front, iov, 3), h.len);
}

/* The next answer's error; its body goes to `into`. */
static int answer(struct world *w, void *into, size_t room, size_t *ret_n)
{
	struct fuse_out_header h = {};
	struct iovec iov[2] = {{&h, sizeof(h)}, {into, room}};
	struct pollfd p = {.fd = w->front, .events = POLLIN};
	CHECK_INT(poll(&p, 1, ANSWER_MS), 1);
	ssize_t n = readv(w->front, iov, 2);
	CHECK(n >= (ssize_t)sizeof(h) && h.len == (uint32_t)n);
	CHECK_INT(h.unique, last_unique);
	if (ret_n)
		*ret_n = (size_t)n - sizeof(h);
	return h.error;
}

static void initialise(struct world *w)
{
	struct fuse_init_in in = {.major = 7, .minor = 36, .max_readahead = 1 << 17, .flags = ~0u};
	struct fuse_init_out out;
	ask(w, FUSE_INIT, 0, &in, sizeof(in), NULL, 0);
	CHECK_INT(answer(w, &out, sizeof(out), NULL), 0);
	CHECK_INT(out.major, 7);
	CHECK_INT(out.max_write, FUSE_DATA_MAX);
	CHECK(out.flags & FUSE_MAX_PAGES);
}

static void begin(struct world *w, const char *option)
{
	int pair[2];
	char *args[] = {(char[]){"--fuse"}, (char *)(uintptr_t)option, NULL};
	world_init(w);
	CHECK_INT(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	int room = 1 << 20; /* for messages as large as may be; as many as the system lets us */
	for (int i = 0; i < 2; i++)
		CHECK_INT(setsockopt(pair[i], SOL_SOCKET, SO_SNDBUF, &room, sizeof(room)), 0);
	w->front = pair[0];
	worker_new(w, pair[1], args);
	initialise(w);
}

static void begin_attached(struct world *w, const char *option)
{
	begin(w, option);
	give_server(w, "boot");
	hear_word(w, BLOCK_ATTACHED);
}

static int do_write(struct world *w, uint64_t offset, const void *data, uint32_t n, uint32_t flags)
{
	struct fuse_write_in in = {.offset = offset, .size = n, .flags = flags};
	struct fuse_write_out out = {};
	ask(w, FUSE_WRITE, FUSE_NODE_DISK, &in, sizeof(in), data, n);
	int r = answer(w, &out, sizeof(out), NULL);
	CHECK_INT(out.size, r ? 0 : n);
	return r;
}

static int do_read(struct world *w, uint64_t offset, void *into, uint32_t n, size_t *ret_n)
{
	struct fuse_read_in in = {.offset = offset, .size = n};
	ask(w, FUSE_READ, FUSE_NODE_DISK, &in, sizeof(in), NULL, 0);
	return answer(w, into, n, ret_n);
}

static uint64_t size_of_disk(struct world *w)
{
	struct fuse_getattr_in in = {};
	struct fuse_attr_out out;
	ask(w, FUSE_GETATTR, FUSE_NODE_DISK, &in, sizeof(in), NULL, 0);
	CHECK_INT(answer(w, &out, sizeof(out), NULL), 0);
	CHECK_INT(out.attr_valid, 0);
	return out.attr.size;
}

TEST(there_is_one_file_of_the_exports_size)
{
	struct world w;
	struct fuse_entry_out entry;
	struct fuse_open_in in = {.flags = O_RDWR};
	struct fuse_open_out opened;
	begin(&w, NULL);
	/* Asked before there is a server: answered when there is. */
	ask(&w, FUSE_LOOKUP, FUSE_ROOT_ID, "disk", 5, NULL, 0);
	give_server(&w, "boot");
	hear_word(&w, BLOCK_ATTACHED);
	CHECK_INT(answer(&w, &entry, sizeof(entry), NULL), 0);
	CHECK_INT(entry.nodeid, FUSE_NODE_DISK);
	CHECK_INT(entry.attr.size, DISK);
	ask(&w, FUSE_LOOKUP, FUSE_ROOT_ID, "disks", 6, NULL, 0);
	CHECK_INT(answer(&w, &entry, sizeof(entry), NULL), -ENOENT);
	ask(&w, FUSE_LOOKUP, FUSE_NODE_DISK, "disk", 5, NULL, 0);
	CHECK_INT(answer(&w, &entry, sizeof(entry), NULL), -ENOENT);
	ask(&w, FUSE_OPEN, FUSE_NODE_DISK, &in, sizeof(in), NULL, 0);
	CHECK_INT(answer(&w, &opened, sizeof(opened), NULL), 0);
	CHECK(opened.open_flags & FOPEN_DIRECT_IO);
	CHECK_INT(size_of_disk(&w), DISK);
	world_end(&w);
}

TEST(data_is_written_read_and_flushed)
{
	struct world w;
	enum { LARGEST = 256 << 10 };
	static uint8_t b[LARGEST], got[LARGEST];
	size_t n;
	begin_attached(&w, NULL);
	/* Both sides of where a request's buffer is kept instead of copied. */
	for (uint32_t size = 512; size <= LARGEST; size *= 2) {
		memset(b, (int)(size >> 9 | 1), size);
		CHECK_INT(do_write(&w, 0, b, size, 0), 0);
		CHECK_INT(do_read(&w, 0, got, size, &n), 0);
		CHECK(n == size && !memcmp(b, got, size) && !memcmp(b, w.s->disk, size));
	}
	CHECK(memcmp(b, w.s->stable, LARGEST));
	ask(&w, FUSE_FSYNC, FUSE_NODE_DISK, (uint64_t[2]){}, 16, NULL, 0);
	CHECK_INT(answer(&w, NULL, 0, NULL), 0);
	CHECK(!memcmp(b, w.s->stable, LARGEST));
	memset(b, 's', BLOCK);
	CHECK_INT(do_write(&w, 0, b, BLOCK, O_WRONLY | O_DSYNC), 0);
	CHECK_INT(w.s->stable[BLOCK - 1], 's');
	world_end(&w);
}

TEST(reads_end_at_the_end_and_writes_do_not_pass_it)
{
	struct world w;
	static uint8_t b[2 * BLOCK];
	size_t n;
	begin_attached(&w, NULL);
	CHECK_INT(do_read(&w, DISK - BLOCK, b, 2 * BLOCK, &n), 0);
	CHECK_INT(n, BLOCK);
	CHECK_INT(do_read(&w, DISK, b, BLOCK, &n), 0);
	CHECK_INT(n, 0);
	CHECK_INT(do_read(&w, UINT64_MAX - 10, b, BLOCK, &n), 0);
	CHECK_INT(n, 0);
	CHECK_INT(do_write(&w, DISK - BLOCK, b, 2 * BLOCK, 0), -ENOSPC);
	CHECK_INT(do_write(&w, UINT64_MAX - 10, b, BLOCK, 0), -ENOSPC);
	world_end(&w);
}

static int do_fallocate(struct world *w, uint32_t mode, uint64_t offset, uint64_t n)
{
	struct fuse_fallocate_in in = {.offset = offset, .length = n, .mode = mode};
	ask(w, FUSE_FALLOCATE, FUSE_NODE_DISK, &in, sizeof(in), NULL, 0);
	return answer(w, NULL, 0, NULL);
}

TEST(a_punched_hole_is_zero)
{
	struct world w;
	const uint32_t punch = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;
	begin_attached(&w, NULL);
	memset(w.s->disk, 'p', DISK);
	CHECK_INT(do_fallocate(&w, punch, BLOCK, 2 * BLOCK), 0);
	CHECK(w.s->disk[BLOCK - 1] == 'p' && w.s->disk[BLOCK] == 0);
	CHECK(w.s->disk[3 * BLOCK - 1] == 0 && w.s->disk[3 * BLOCK] == 'p');
	CHECK_INT(do_fallocate(&w, punch, DISK - BLOCK, 9 * BLOCK), 0);
	CHECK_INT(w.s->disk[DISK - 1], 0);
	CHECK_INT(do_fallocate(&w, FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE, 8 * BLOCK, 1024), 0);
	CHECK_INT(w.s->disk[8 * BLOCK], 0);
	CHECK_INT(do_fallocate(&w, 0, 0, BLOCK), -EOPNOTSUPP);
	world_end(&w);
}

TEST(without_write_zeroes_holes_are_not_for_having)
{
	struct world w;
	begin(&w, NULL);
	w.s->flags = NBD_FLAG_SEND_FLUSH | NBD_FLAG_SEND_TRIM;
	give_server(&w, "boot");
	hear_word(&w, BLOCK_ATTACHED);
	CHECK_INT(do_fallocate(&w, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, BLOCK),
		-EOPNOTSUPP);
	world_end(&w);
}

static int seek_to(struct world *w, uint32_t whence, uint64_t offset, uint64_t *ret)
{
	struct fuse_lseek_in in = {.offset = offset, .whence = whence};
	struct fuse_lseek_out out = {};
	ask(w, FUSE_LSEEK, FUSE_NODE_DISK, &in, sizeof(in), NULL, 0);
	int r = answer(w, &out, sizeof(out), NULL);
	*ret = out.offset;
	return r;
}

/* The test's server says that the second half is a hole. */
TEST(holes_and_data_are_found)
{
	struct world w;
	uint64_t at;
	begin_attached(&w, NULL);
	CHECK_INT(seek_to(&w, SEEK_DATA, 1000, &at), 0);
	CHECK_INT(at, 1000);
	CHECK_INT(seek_to(&w, SEEK_HOLE, 1000, &at), 0);
	CHECK_INT(at, DISK / 2);
	CHECK_INT(seek_to(&w, SEEK_HOLE, DISK - 1, &at), 0);
	CHECK_INT(at, DISK - 1);
	CHECK_INT(seek_to(&w, SEEK_DATA, DISK / 2, &at), -ENXIO);
	CHECK_INT(seek_to(&w, SEEK_DATA, DISK, &at), -ENXIO);
	CHECK_INT(seek_to(&w, SEEK_CUR, 0, &at), -EINVAL);
	world_end(&w);
}

TEST(a_read_only_device_is_not_opened_for_writing)
{
	struct world w;
	struct fuse_open_in in = {.flags = O_RDWR};
	struct fuse_open_out out;
	uint8_t b[BLOCK] = {};
	begin_attached(&w, "--read-only");
	ask(&w, FUSE_OPEN, FUSE_NODE_DISK, &in, sizeof(in), NULL, 0);
	CHECK_INT(answer(&w, &out, sizeof(out), NULL), -EROFS);
	CHECK_INT(do_write(&w, 0, b, BLOCK, 0), -EROFS);
	CHECK_INT(do_read(&w, 0, b, BLOCK, NULL), 0);
	world_end(&w);
}

TEST(a_request_waits_for_the_next_server)
{
	struct world w;
	uint8_t b[BLOCK];
	memset(b, 'l', BLOCK);
	begin(&w, NULL);
	w.s->dies_at = 1;
	give_server(&w, "boot");
	hear_word(&w, BLOCK_ATTACHED);
	struct fuse_write_in in = {.offset = 0, .size = BLOCK};
	struct fuse_write_out out;
	ask(&w, FUSE_WRITE, FUSE_NODE_DISK, &in, sizeof(in), b, BLOCK);
	hear_word(&w, BLOCK_LOST_CONNECTION);
	CHECK_INT(w.s->disk[0], 0);
	give_server(&w, "boot");
	hear_word(&w, BLOCK_RECOVERED);
	CHECK_INT(answer(&w, &out, sizeof(out), NULL), 0);
	CHECK_INT(w.s->disk[0], 'l');
	world_end(&w);
}

TEST(without_a_keeper_it_goes_on_until_the_connection_ends)
{
	struct world w;
	uint8_t b[BLOCK] = {};
	begin_attached(&w, NULL);
	w.control = fd_close(w.control);
	CHECK_INT(do_read(&w, 0, b, BLOCK, NULL), 0);
	server_kill(&w);
	CHECK_INT(do_read(&w, 0, b, BLOCK, NULL), -EIO);
	CHECK_INT(do_write(&w, 0, b, BLOCK, 0), -EIO);
	world_end(&w);
}

TEST(without_a_keeper_and_a_server_everything_fails)
{
	struct world w;
	struct fuse_entry_out out;
	begin(&w, NULL);
	w.control = fd_close(w.control);
	ask(&w, FUSE_LOOKUP, FUSE_ROOT_ID, "disk", 5, NULL, 0);
	CHECK_INT(answer(&w, &out, sizeof(out), NULL), -EIO);
	world_end(&w);
}

TEST(a_new_size_is_told_to_the_kernel)
{
	struct world w;
	struct block_message m = {.type = BLOCK_RESIZE, .size = 2 * DISK};
	struct {
		struct fuse_out_header h;
		struct fuse_notify_inval_inode_out body;
	} note;
	begin_attached(&w, NULL);
	CHECK_INT(size_of_disk(&w), DISK);
	CHECK_INT(block_message_send(w.control, &m, -EBADF), 0);
	struct pollfd p = {.fd = w.front, .events = POLLIN};
	CHECK_INT(poll(&p, 1, ANSWER_MS), 1);
	CHECK_INT(read(w.front, &note, sizeof(note)), sizeof(note));
	CHECK_INT(note.h.unique, 0);
	CHECK_INT(note.h.error, FUSE_NOTIFY_INVAL_INODE);
	CHECK_INT(note.body.ino, FUSE_NODE_DISK);
	CHECK_INT(size_of_disk(&w), 2 * DISK);
	world_end(&w);
}

/* What is too short, too long or unknown is answered with an error or not at all. */
TEST(strange_requests_do_no_harm)
{
	struct world w;
	uint8_t b[BLOCK] = {};
	struct fuse_write_in lie = {.size = 2 * BLOCK};
	begin_attached(&w, NULL);
	ask(&w, FUSE_WRITE, FUSE_NODE_DISK, &lie, sizeof(lie), b, BLOCK);
	CHECK_INT(answer(&w, NULL, 0, NULL), -EINVAL);
	ask(&w, FUSE_READ, FUSE_NODE_DISK, b, 4, NULL, 0);
	CHECK_INT(answer(&w, NULL, 0, NULL), -EINVAL);
	ask(&w, FUSE_READ, 77, b, 40, NULL, 0);
	(void)answer(&w, NULL, 0, NULL);
	for (uint32_t opcode = 100; opcode < 120; opcode++) {
		ask(&w, opcode, FUSE_NODE_DISK, b, 8, NULL, 0);
		CHECK_INT(answer(&w, NULL, 0, NULL), -ENOSYS);
	}
	ask(&w, FUSE_MKDIR, FUSE_ROOT_ID, b, 16, NULL, 0);
	CHECK_INT(answer(&w, NULL, 0, NULL), -ENOSYS);
	CHECK_INT(write(w.front, b, 7), 7);
	CHECK_INT(size_of_disk(&w), DISK);
	world_end(&w);
}
