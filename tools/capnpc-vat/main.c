/* SPDX-License-Identifier: MIT */
/*
 * capnpc-vat: plugin of `capnp compile`, which starts it in the output folder with a
 * CodeGeneratorRequest on standard input.  Any failure is one line on standard error and status 1.
 */
#include "generate.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

enum { MAX_REQUEST = 64 << 20 };

static int fail(const char *what, int r)
{
	fprintf(stderr, "capnpc-vat: %s: %s\n", what, strerror(-r));
	return r;
}

static int read_all(int fd, uint8_t **ret, size_t *ret_len)
{
	AUTO_FREE uint8_t *data = NULL;
	size_t len = 0, size = 0;
	for (;;) {
		if (len == size) {
			size = size ? 2 * size : 64 * 1024;
			uint8_t *more = size <= MAX_REQUEST ? realloc(data, size) : NULL;
			if (!more)
				return size <= MAX_REQUEST ? -ENOMEM : -EFBIG;
			data = more;
		}
		ssize_t n = read(fd, data + len, size - len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (!n)
			break;
		len += (size_t)n;
	}
	*ret = TAKE_PTR(data);
	*ret_len = len;
	return 0;
}

static int make_folders(char *path)
{
	for (char *p = strchr(path, '/'); p; p = strchr(p + 1, '/')) {
		*p = '\0';
		int r = mkdir(path, 0777) < 0 && errno != EEXIST ? -errno : 0;
		*p = '/';
		if (r < 0)
			return r;
	}
	return 0;
}

static int write_file(struct output *o)
{
	int r = make_folders(o->path);
	if (r < 0)
		return r;
	AUTO_CLOSE int fd = open(o->path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (fd < 0)
		return -errno;
	for (size_t done = 0; done < o->text.len;) {
		ssize_t n = write(fd, o->text.s + done, o->text.len - done);
		if (n < 0 && errno != EINTR)
			return -errno;
		done += n > 0 ? (size_t)n : 0;
	}
	int other = TAKE_FD(fd);
	return close(other) < 0 ? -errno : 0;
}

static int run(void)
{
	AUTO_FREE uint8_t *request = NULL;
	size_t len = 0;
	int r = read_all(STDIN_FILENO, &request, &len);
	if (r < 0)
		return fail("standard input", r);
	struct generated g;
	r = generate(request, len, 0, &g);
	if (r < 0)
		fprintf(stderr, "capnpc-vat: %s\n", g.error);
	for (size_t i = 0; i < g.n_files && r >= 0; i++) {
		r = write_file(&g.files[i]);
		if (r < 0)
			fail(g.files[i].path, r);
	}
	generated_free(&g);
	return r;
}

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "--version")) {
		puts("capnpc-vat " METAC_VERSION);
		return 0;
	}
	if (argc > 1 || isatty(STDIN_FILENO)) {
		fputs("usage: capnp compile -ovat[:FOLDER] FILE...\n", stderr);
		return 1;
	}
	return run() < 0 ? 1 : 0;
}
