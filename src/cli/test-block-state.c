/* SPDX-License-Identifier: MIT */
#include "base/test.h"
#include "cli/block-state.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

static char dir[] = "/tmp/metac-test-state-XXXXXX";

static struct block_state state(void)
{
	struct block_state s = {.fd = -EBADF, .size = 1000, .dev = 1, .ino = 2};
	memset(s.key, 7, sizeof(s.key));
	(void)snprintf(s.path, sizeof(s.path), "%s/state", dir);
	return s;
}

static int found(const struct block_state *like, uint64_t *ret_done)
{
	struct block_state s = *like;
	int r = block_state_open(&s, ret_done);
	block_state_close(&s);
	return r;
}

TEST(what_is_written_is_found_by_those_alone_whom_it_concerns)
{
	CHECK(mkdtemp(dir));
	uint64_t done;
	struct block_state s = state(), other;
	CHECK_INT(block_state_open(&s, &done), BLOCK_STATE_NONE);
	CHECK_INT(done, 0);
	CHECK_INT(block_state_write(&s, 500), 0);
	CHECK_INT(found(&s, &done), -EBUSY);
	block_state_close(&s);
	CHECK_INT(found(&s, &done), BLOCK_STATE_MINE);
	CHECK_INT(done, 500);
	other = s;
	other.key[3]++;
	CHECK_INT(found(&other, &done), BLOCK_STATE_OTHER);
	CHECK_INT(done, 0);
	other = s;
	other.size++;
	CHECK_INT(found(&other, &done), BLOCK_STATE_OTHER);
	other = s;
	other.ino++;
	CHECK_INT(found(&other, &done), BLOCK_STATE_OTHER);
	CHECK_INT(block_state_open(&s, &done), BLOCK_STATE_MINE);
	block_state_remove(&s);
	CHECK_INT(access(s.path, F_OK), -1);
	CHECK_INT(rmdir(dir), 0);
}

TEST(what_is_damaged_says_nothing)
{
	CHECK(mkdtemp(dir));
	uint64_t done;
	struct block_state s = state();
	CHECK_INT(block_state_open(&s, &done), BLOCK_STATE_NONE);
	CHECK_INT(block_state_write(&s, 123), 0);
	block_state_close(&s);
	for (off_t at = 0; at < 512; at++) {
		char before, after;
		AUTO_CLOSE int fd = open(s.path, O_RDWR | O_CLOEXEC);
		CHECK_INT(pread(fd, &before, 1, at), 1);
		after = (char)(before ^ 1);
		CHECK_INT(pwrite(fd, &after, 1, at), 1);
		CHECK_INT(found(&s, &done), BLOCK_STATE_OTHER);
		CHECK_INT(done, 0);
		CHECK_INT(pwrite(fd, &before, 1, at), 1);
	}
	CHECK_INT(found(&s, &done), BLOCK_STATE_MINE);
	CHECK_INT(truncate(s.path, 300), 0);
	CHECK_INT(found(&s, &done), BLOCK_STATE_OTHER);
	CHECK_INT(unlink(s.path), 0);
	CHECK_INT(symlink("/etc/passwd", s.path), 0);
	CHECK_INT(found(&s, &done), -ELOOP);
	CHECK_INT(unlink(s.path), 0);
	CHECK_INT(rmdir(dir), 0);
}

TEST(there_is_a_place_for_every_user_with_a_home)
{
	char path[PATH_MAX];
	uint8_t id[BLOCK_STATE_KEY] = {0xab, 0xcd};
	CHECK(mkdtemp(dir));
	unsetenv("XDG_STATE_HOME");
	unsetenv("HOME");
	CHECK_INT(block_state_place(id, path), -ENOENT);
	setenv("HOME", dir, 1);
	CHECK_INT(block_state_place(id, path), 0);
	CHECK(strstr(path, "/.local/state/metac/block-cp/abcd0000"));
	for (char *slash; (slash = strrchr(path, '/')) && slash > path + strlen(dir);) {
		struct stat st;
		*slash = 0;
		CHECK(!stat(path, &st) && (st.st_mode & 0777) == 0700);
		CHECK_INT(rmdir(path), 0);
	}
	setenv("XDG_STATE_HOME", "relative", 1); /* not used */
	CHECK_INT(block_state_place(id, path), 0);
	CHECK(!strncmp(path, dir, strlen(dir)));
	for (char *slash; (slash = strrchr(path, '/')) && slash > path + 4;) {
		*slash = 0;
		CHECK_INT(rmdir(path), 0);
	}
}
