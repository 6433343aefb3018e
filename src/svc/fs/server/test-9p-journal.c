/* SPDX-License-Identifier: MIT */
/* What is believed of a file, and what is not. */
#include "svc/fs/server/9p-journal.h"
#include "base/test.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { DEV = 7, INO = 1234567 };

static int new_file(void)
{
	int fd = memfd_create("journal", MFD_CLOEXEC);
	CHECK(fd >= 0);
	return fd;
}

static struct p9_journal *open_journal(int fd, bool expect_kept)
{
	struct p9_journal *j;
	bool kept = !expect_kept;
	CHECK_INT(p9_journal_open(fd, DEV, INO, &j, &kept), 0);
	CHECK_INT(kept, expect_kept);
	return j;
}

static struct p9_journal_record *claim(struct p9_journal *j, uint16_t slot)
{
	struct p9_journal_record *r = p9_journal_claim(j, slot);
	CHECK(r);
	p9_journal_release(r);
	return r;
}

/* A record in slot 3. */
static void write_one(int fd)
{
	struct p9_journal *j = open_journal(fd, false);
	struct p9_journal_record now = {
		.seq = 9, .type = P9_Tmakeat, .digest = 77, .size = 5, .error = -EEXIST};
	p9_journal_begin(claim(j, 3), &now);
	p9_journal_done(claim(j, 3), &now);
	p9_journal_close(j);
}

TEST(a_record_is_there_for_the_next_server)
{
	int fd = new_file();
	write_one(fd);
	struct p9_journal *j = open_journal(fd, true);
	struct p9_journal_record *r = claim(j, 3);
	CHECK_INT(r->seq, 9);
	CHECK_INT(r->state, P9_JOURNAL_DONE);
	CHECK_INT(r->type, P9_Tmakeat);
	CHECK_INT(r->digest, 77);
	CHECK_INT(r->size, 5);
	CHECK_INT(r->error, -EEXIST);
	CHECK_INT(claim(j, 4)->state, P9_JOURNAL_NOTHING);
	p9_journal_close(j);
	close(fd);
}

TEST(a_slot_has_one_request_at_a_time)
{
	int fd = new_file();
	struct p9_journal *j = open_journal(fd, false);
	struct p9_journal_record *r = p9_journal_claim(j, 63);
	CHECK(r && !p9_journal_claim(j, 63));
	CHECK(claim(j, 62));
	p9_journal_close(j); /* as when killed: still claimed */
	j = open_journal(fd, true);
	CHECK(claim(j, 63));
	p9_journal_close(j);
	close(fd);
}

TEST(another_tree_begins_anew)
{
	int fd = new_file();
	struct p9_journal *j;
	bool kept = true;
	write_one(fd);
	CHECK_INT(p9_journal_open(fd, DEV, INO + 1, &j, &kept), 0);
	CHECK(!kept);
	CHECK_INT(claim(j, 3)->seq, 0);
	p9_journal_close(j);
	CHECK_INT(p9_journal_open(fd, DEV + 1, INO + 1, &j, &kept), 0);
	CHECK(!kept);
	p9_journal_close(j);
	close(fd);
}

TEST(a_file_of_another_size_begins_anew)
{
	static const off_t sizes[] = {0, 1, 4095, 4096, 8192, 1 << 20};
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		int fd = new_file();
		struct stat st;
		write_one(fd);
		CHECK(!fstat(fd, &st));
		CHECK(!ftruncate(fd, sizes[i]));
		struct p9_journal *j = open_journal(fd, false);
		CHECK_INT(claim(j, 3)->seq, 0);
		p9_journal_close(j);
		off_t size = st.st_size;
		CHECK(!fstat(fd, &st));
		CHECK(st.st_size == size);
		CHECK((off_t)st.st_blocks * 512 >= size); /* stores never fail for want of room */
		p9_journal_close(open_journal(fd, true));
		close(fd);
	}
}

/* Each byte of the header counts: magic, version, sizes, this boot's name, the tree. */
TEST(a_header_that_is_not_ours_is_not_believed)
{
	for (off_t at = 0; at < 80; at++) {
		int fd = new_file();
		uint8_t byte;
		write_one(fd);
		CHECK_INT(pread(fd, &byte, 1, at), 1);
		byte ^= 0x10;
		CHECK_INT(pwrite(fd, &byte, 1, at), 1);
		struct p9_journal *j = open_journal(fd, false);
		CHECK_INT(claim(j, 3)->state, P9_JOURNAL_NOTHING);
		p9_journal_close(j);
		close(fd);
	}
}

TEST(garbage_is_not_believed)
{
	static const struct p9_journal_record garbage[] = {{.seq = 1, .state = 3},
		{.seq = 1, .state = 255}, {.seq = 0, .state = P9_JOURNAL_DONE},
		{.seq = 0, .state = P9_JOURNAL_BEGUN},
		{.seq = 1, .state = P9_JOURNAL_DONE, .error = 1},
		{.seq = 1, .state = P9_JOURNAL_DONE, .error = -4096}};
	for (size_t i = 0; i < ARRAY_SIZE(garbage); i++) {
		int fd = new_file();
		struct p9_journal *j = open_journal(fd, false);
		*claim(j, 3) = garbage[i];
		p9_journal_close(j);
		j = open_journal(fd, false);
		CHECK_INT(claim(j, 3)->seq, 0);
		p9_journal_close(j);
		close(fd);
	}
}

TEST(without_a_file_it_is_in_memory)
{
	struct p9_journal *j = open_journal(-EBADF, false);
	CHECK_INT(claim(j, 0)->seq, 0);
	p9_journal_close(j);
}

static void *open_it(void *arg)
{
	int fd = open(arg, O_RDWR | O_CLOEXEC);
	struct p9_journal *j;
	bool kept;
	CHECK_INT(p9_journal_open(fd, DEV, INO, &j, &kept), 0);
	p9_journal_close(j);
	close(fd);
	return NULL;
}

/* The server before is being killed when the next one starts. */
TEST(it_waits_until_the_server_before_has_gone)
{
	char path[] = "/tmp/metac-journal-XXXXXX", c;
	int fd = mkostemp(path, O_CLOEXEC), ready[2];
	pthread_t thread;
	CHECK(!pipe2(ready, O_CLOEXEC));
	pid_t pid = fork();
	if (!pid) {
		int mine = open(path, O_RDWR | O_CLOEXEC);
		flock(mine, LOCK_EX);
		(void)!write(ready[1], "", 1);
		for (;;)
			pause();
	}
	CHECK_INT(read(ready[0], &c, 1), 1);
	CHECK(flock(fd, LOCK_EX | LOCK_NB) < 0);
	CHECK(!pthread_create(&thread, NULL, open_it, path));
	CHECK(!kill(pid, SIGKILL));
	CHECK(waitpid(pid, NULL, 0) == pid);
	pthread_join(thread, NULL);
	close(ready[0]);
	close(ready[1]);
	close(fd);
	unlink(path);
}
