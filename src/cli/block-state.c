/* SPDX-License-Identifier: MIT */
/* See block-state.h.  The file is text, for whoever wonders what it is. */
#include "cli/block-state.h"

#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>

enum { RECORD_SIZE = 512, SUM_SIZE = 16 };

/* The record but for its checksum; returns its length. */
static int record_body(const struct block_state *s, uint64_t done, char *buf, size_t size)
{
	char key[2 * BLOCK_STATE_KEY + 1];
	sodium_bin2hex(key, sizeof(key), s->key, sizeof(s->key));
	return snprintf(buf, size,
		"metac block cp: goes on with --resume\nkey %s\nsize %llu\nfile %llu:%llu\n"
		"done %llu\n",
		key, (unsigned long long)s->size, (unsigned long long)s->dev,
		(unsigned long long)s->ino, (unsigned long long)done);
}

static void record_make(const struct block_state *s, uint64_t done, char buf[RECORD_SIZE])
{
	uint8_t sum[SUM_SIZE];
	char text[2 * SUM_SIZE + 1];
	memset(buf, '\n', RECORD_SIZE);
	int n = record_body(s, done, buf, RECORD_SIZE);
	crypto_generichash(sum, sizeof(sum), (const uint8_t *)buf, (size_t)n, NULL, 0);
	sodium_bin2hex(text, sizeof(text), sum, sizeof(sum));
	int m = snprintf(buf + n, (size_t)(RECORD_SIZE - n), "sum %s", text);
	buf[n + m] = '\n';
}

static enum block_state_found record_read(const struct block_state *s, uint64_t *ret_done)
{
	char buf[RECORD_SIZE + 1] = "", want[RECORD_SIZE];
	unsigned long long done;
	*ret_done = 0;
	ssize_t n = pread(s->fd, buf, RECORD_SIZE, 0);
	const char *p = n == RECORD_SIZE ? strstr(buf, "\ndone ") : NULL;
	if (!p || sscanf(p, "\ndone %llu\n", &done) != 1 || done > s->size)
		return n == 0 ? BLOCK_STATE_NONE : BLOCK_STATE_OTHER;
	/* It is this one exactly if it is what would be written now. */
	record_make(s, done, want);
	if (memcmp(buf, want, RECORD_SIZE) != 0)
		return BLOCK_STATE_OTHER;
	*ret_done = done;
	return BLOCK_STATE_MINE;
}

int block_state_open(struct block_state *s, uint64_t *ret_done)
{
	s->fd = open(s->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (s->fd < 0)
		return -errno;
	if (flock(s->fd, LOCK_EX | LOCK_NB) < 0) {
		s->fd = fd_close(s->fd);
		return -EBUSY;
	}
	return (int)record_read(s, ret_done);
}

int block_state_write(struct block_state *s, uint64_t done)
{
	char buf[RECORD_SIZE];
	if (s->fd < 0)
		return 0;
	record_make(s, done, buf);
	ssize_t n = pwrite(s->fd, buf, sizeof(buf), 0);
	if (n != sizeof(buf))
		return n < 0 ? -errno : -ENOSPC;
	return fdatasync(s->fd) < 0 ? -errno : 0;
}

void block_state_close(struct block_state *s)
{
	s->fd = fd_close(s->fd);
}

void block_state_remove(struct block_state *s)
{
	if (s->fd >= 0)
		(void)unlink(s->path);
	block_state_close(s);
}

int block_state_place(const uint8_t id[BLOCK_STATE_KEY], char *ret)
{
	char name[2 * 16 + 1], *at = ret;
	const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
	bool given = state && *state == '/';
	if (!given && (!home || *home != '/'))
		return -ENOENT;
	sodium_bin2hex(name, sizeof(name), id, 16);
	int n = snprintf(ret, PATH_MAX, "%s%s/metac/block-cp/%s", given ? state : home,
		given ? "" : "/.local/state", name);
	if (n >= PATH_MAX)
		return -ENAMETOOLONG;
	while ((at = strchr(at + 1, '/'))) {
		*at = 0;
		int r = mkdir(ret, 0700) < 0 && errno != EEXIST ? -errno : 0;
		*at = '/';
		if (r < 0)
			return r;
	}
	return 0;
}
