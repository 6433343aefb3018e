/* SPDX-License-Identifier: MIT */
#pragma once
/* A scratch state directory for this layer's tests. */
#include "base/test.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>

struct test_dir {
	char path[64];
};

static inline struct test_dir test_dir_make(void)
{
	struct test_dir d = {"/tmp/metac-store-XXXXXX"};
	CHECK(mkdtemp(d.path) != NULL);
	return d;
}

static inline const char *test_dir_file(const struct test_dir *d, const char *name)
{
	static char path[PATH_MAX];
	(void)snprintf(path, sizeof(path), "%s/%s", d->path, name);
	return path;
}

static inline void test_dir_remove(const struct test_dir *d)
{
	static const char *const names[] = {"", "-wal", "-shm", ".new", ".new-journal"};
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		char name[64];
		(void)snprintf(name, sizeof(name), "persistence.db%s", names[i]);
		(void)unlink(test_dir_file(d, name));
	}
	CHECK_INT(rmdir(d->path), 0);
}

/* The whole file; free it. */
static inline char *test_dir_read(const struct test_dir *d, const char *name, size_t *ret_size)
{
	AUTO_CLOSE int fd = open(test_dir_file(d, name), O_RDONLY | O_CLOEXEC);
	CHECK(fd >= 0);
	struct stat st;
	CHECK_INT(fstat(fd, &st), 0);
	char *p = malloc((size_t)st.st_size + 1);
	CHECK_INT(read(fd, p, (size_t)st.st_size), st.st_size);
	*ret_size = (size_t)st.st_size;
	return p;
}

static inline void test_dir_write(
	const struct test_dir *d, const char *name, off_t at, const void *p, size_t n)
{
	AUTO_CLOSE int fd = open(test_dir_file(d, name), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	CHECK(fd >= 0);
	CHECK_INT(pwrite(fd, p, n, at), n);
}
