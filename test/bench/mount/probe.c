/* SPDX-License-Identifier: MIT */
/*
 * What a file system is asked to do when a mount is measured (mount.py), many times over:
 *
 *	mount-probe open DIR N      open, read 4 KiB, close each of N files of DIR, in a random
 *order mount-probe stat DIR N      stat each mount-probe pread FILE N    read 4 KiB at N random
 *places mount-probe create DIR N    create, write 4 KiB, close mount-probe remove DIR N    unlink
 *them mount-probe append FILE N   append N lines of 100 bytes mount-probe rewrite FILE N  write 4
 *KiB at N random places, then fsync
 *
 * Prints how many a second.  The files of DIR are called f0, f1 ...
 */
#include "base/macro.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { BLOCK = 4096, LINE = 100 };

static uint64_t next_random(void)
{
	static uint64_t state = 88172645463325252u;
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

static double now(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static unsigned *shuffled(unsigned n)
{
	unsigned *order = calloc(n, sizeof(*order));
	for (unsigned i = 0; order && i < n; i++)
		order[i] = i;
	for (unsigned i = n; order && i > 1; i--) {
		unsigned j = (unsigned)(next_random() % i), k = order[i - 1];
		order[i - 1] = order[j];
		order[j] = k;
	}
	return order;
}

static char block[BLOCK];

static int one_open(int dir, const char *name)
{
	int fd = openat(dir, name, O_RDONLY);
	ssize_t r = fd < 0 ? -1 : read(fd, block, BLOCK);
	return fd < 0 || close(fd) < 0 || r < 0 ? -errno : 0;
}

static int one_stat(int dir, const char *name)
{
	struct stat st;
	return fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0 ? -errno : 0;
}

static int one_create(int dir, const char *name)
{
	int fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL, 0644);
	ssize_t w = fd < 0 ? -1 : write(fd, block, BLOCK);
	return fd < 0 || close(fd) < 0 || w != BLOCK ? -errno : 0;
}

static int one_remove(int dir, const char *name)
{
	return unlinkat(dir, name, 0) < 0 ? -errno : 0;
}

static int on_names(const char *path, unsigned n, int (*one)(int dir, const char *name))
{
	unsigned *order = shuffled(n);
	int dir = open(path, O_RDONLY | O_DIRECTORY), r = order && dir >= 0 ? 0 : -errno;
	for (unsigned i = 0; i < n && r >= 0; i++) {
		char name[32];
		(void)snprintf(name, sizeof(name), "f%u", order[i]);
		r = one(dir, name);
	}
	free(order);
	return r;
}

static int on_file(const char *path, unsigned n, const char *what)
{
	bool append = !strcmp(what, "append"), reads = !strcmp(what, "pread");
	int fd = open(path, reads ? O_RDONLY : append ? O_WRONLY | O_APPEND : O_WRONLY);
	struct stat st;
	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	uint64_t blocks = (uint64_t)st.st_size / BLOCK;
	for (unsigned i = 0; i < n; i++) {
		off_t at = blocks ? (off_t)(next_random() % blocks * BLOCK) : 0;
		ssize_t r = reads    ? pread(fd, block, BLOCK, at)
			    : append ? write(fd, block, LINE)
				     : pwrite(fd, block, BLOCK, at);
		if (r <= 0)
			return r < 0 ? -errno : -EIO;
	}
	int r = reads ? 0 : fsync(fd);
	return r < 0 || close(fd) < 0 ? -errno : 0;
}

int main(int argc, char **argv)
{
	if (argc != 4) {
		fputs("Usage: mount-probe WHAT PATH N\n", stderr);
		return 2;
	}
	const char *what = argv[1], *path = argv[2];
	unsigned n = (unsigned)strtoul(argv[3], NULL, 10);
	static const struct {
		const char *name;
		int (*one)(int dir, const char *name);
	} names[] = {{"open", one_open}, {"stat", one_stat}, {"create", one_create},
		{"remove", one_remove}};
	int (*one)(int dir, const char *name) = NULL;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (!strcmp(names[i].name, what))
			one = names[i].one;
	double start = now();
	int r = one ? on_names(path, n, one) : on_file(path, n, what);
	double seconds = now() - start;
	if (r < 0) {
		fprintf(stderr, "%s %s: %s\n", what, path, strerror(-r));
		return 1;
	}
	printf("%.1f\n", n / seconds);
	return 0;
}
