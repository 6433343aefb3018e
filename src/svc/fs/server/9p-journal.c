/* SPDX-License-Identifier: MIT */
/*
 * Theory of operation: 9p-journal.h.  The file is one page of header and 64 records.  The header is
 * made valid last, when the records are known to be empty; a record's state is changed last, when
 * what it vouches for is written, and taken back first.  All processes see the same memory, and a
 * process that is killed stops between two instructions: so the order of stores is all it takes.
 */
#include "svc/fs/server/9p-journal.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>

enum { VERSION = 1, HEADER_SIZE = 4096, BOOT_ID_SIZE = 44, LOCK_POLL_MS = 20 };

struct header { /* compared as bytes: there must be no gaps */
	char magic[8];
	uint32_t version, record_size, n_records;
	char boot_id[BOOT_ID_SIZE];
	uint64_t root_dev, root_ino;
};
_Static_assert(sizeof(struct header) == 8 + 3 * 4 + BOOT_ID_SIZE + 2 * 8, "a gap");

struct p9_journal {
	union {
		struct header header;
		uint8_t page[HEADER_SIZE];
	};
	struct p9_journal_record records[P9_ONCE_SLOTS];
};

static const char magic[8] = "9P once";

/* This boot's name; empty where the kernel does not tell: then no file is ever believed. */
static void read_boot_id(char ret[BOOT_ID_SIZE])
{
	memset(ret, 0, BOOT_ID_SIZE);
	AUTO_CLOSE int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, ret, BOOT_ID_SIZE - 1);
	if (n <= 0)
		ret[0] = 0;
}

static struct header expected(dev_t root_dev, ino_t root_ino)
{
	struct header h = {.version = VERSION,
		.record_size = sizeof(struct p9_journal_record),
		.n_records = P9_ONCE_SLOTS,
		.root_dev = root_dev,
		.root_ino = root_ino};
	memcpy(h.magic, magic, sizeof(magic));
	read_boot_id(h.boot_id);
	return h;
}

/* The server before us is killed, and gone in a moment; or it still waits for a dead disk. */
static int lock(int fd)
{
	for (int waited = 0;; waited += LOCK_POLL_MS) {
		if (!flock(fd, LOCK_EX | LOCK_NB))
			return 0;
		if (errno != EWOULDBLOCK && errno != EINTR)
			return -errno;
		if (waited >= P9_JOURNAL_LOCK_MS)
			return -EAGAIN;
		(void)poll(NULL, 0, LOCK_POLL_MS);
	}
}

static bool record_believable(const struct p9_journal_record *r)
{
	if (r->state > P9_JOURNAL_DONE || (r->state && !r->seq))
		return false;
	return r->state != P9_JOURNAL_DONE || (r->error <= 0 && r->error > -4096);
}

/* Whether the map has what another server wrote for us. */
static bool believe(struct p9_journal *j, const struct header *h)
{
	if (!h->boot_id[0] || memcmp(&j->header, h, sizeof(*h)))
		return false;
	for (size_t i = 0; i < P9_ONCE_SLOTS; i++) {
		struct p9_journal_record *r = &j->records[i];
		r->in_use = 0;
		if (!record_believable(r))
			return false;
	}
	return true;
}

static void start_anew(struct p9_journal *j, const struct header *h)
{
	memset(j, 0, sizeof(*j));
	__atomic_thread_fence(__ATOMIC_RELEASE);
	j->header = *h;
}

/* The file has the size of a journal, and room on its file system for all of it: writing to the map
 * never fails then. */
static int set_size(int fd)
{
	struct stat st;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (st.st_size != (off_t)sizeof(struct p9_journal) && ftruncate(fd, 0) < 0)
		return -errno;
	return -posix_fallocate(fd, 0, sizeof(struct p9_journal));
}

int p9_journal_open(int fd, dev_t root_dev, ino_t root_ino, struct p9_journal **ret, bool *ret_kept)
{
	struct header h = expected(root_dev, root_ino);
	bool file = fd >= 0;
	int r = file ? lock(fd) : 0;
	if (!r && file)
		r = set_size(fd);
	if (r)
		return r;
	struct p9_journal *j = mmap(NULL, sizeof(*j), PROT_READ | PROT_WRITE,
		file ? MAP_SHARED : MAP_PRIVATE | MAP_ANONYMOUS, file ? fd : -1, 0);
	if (j == MAP_FAILED)
		return -errno;
	*ret_kept = file && believe(j, &h);
	if (!*ret_kept)
		start_anew(j, &h);
	*ret = j;
	return 0;
}

void p9_journal_close(struct p9_journal *j)
{
	if (j)
		munmap(j, sizeof(*j));
}

struct p9_journal_record *p9_journal_claim(struct p9_journal *j, uint16_t slot)
{
	assert(slot < P9_ONCE_SLOTS);
	struct p9_journal_record *r = &j->records[slot];
	return __atomic_exchange_n(&r->in_use, 1, __ATOMIC_ACQUIRE) ? NULL : r;
}

void p9_journal_release(struct p9_journal_record *r)
{
	__atomic_store_n(&r->in_use, 0, __ATOMIC_RELEASE);
}

static void set_state(struct p9_journal_record *r, enum p9_journal_state state)
{
	/* Nothing before may come after, nor the other way round: the reader is a later process,
	 * which sees what this one had done when it was killed. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	__atomic_store_n(&r->state, (uint8_t)state, __ATOMIC_SEQ_CST);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

void p9_journal_begin(struct p9_journal_record *r, const struct p9_journal_record *now)
{
	set_state(r, P9_JOURNAL_NOTHING);
	r->seq = now->seq;
	r->type = now->type;
	r->digest = now->digest;
	r->name = now->name;
	r->name2 = now->name2;
	r->size = now->size;
	set_state(r, P9_JOURNAL_BEGUN);
}

void p9_journal_done(struct p9_journal_record *r, const struct p9_journal_record *now)
{
	r->error = now->error;
	r->count = now->count;
	r->attr = now->attr;
	r->qid = now->qid;
	set_state(r, P9_JOURNAL_DONE);
}
