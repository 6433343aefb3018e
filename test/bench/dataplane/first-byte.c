/* SPDX-License-Identifier: MIT */
/*
 * From the call to the first byte: opens a transfer again and again as metac does, from a real
 *node.
 *
 *	first-byte stream|9p|nbd COUNT [hold] METAC-WORDS...   (words that name the object:
 *	                                       `file cat URI', `fs ls URI')
 *
 * Prints one line a transfer: microseconds from the first call (openAsStream, v9fsStream, nbdSetup)
 * until one byte of the file's content, of the server's Rversion, of its greeting has come.  With
 * `hold' the last transfer stays until standard input ends, for who looks at the processes.
 */
#include "cli/client.h"
#include "cli/command.h"
#include "wire/9p/9p-codec.h"

#include <stdio.h>
#include <sys/socket.h>
#include <time.h>

enum kind { STREAM, P9, NBD };

struct transfer {
	int fd;
	struct stream_connection_c end;
};

static double now_us(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static struct stream_stream_c ask_stream(struct client *c, struct vat_cap *object, enum kind kind)
{
	struct stream_stream_c stream;
	if (kind == STREAM) {
		struct fs_file_open_as_stream_req q =
			fs_file_open_as_stream(c->loop.vat, fs_file_cast(object));
		stream = fs_file_open_as_stream_pipe_stream(q.call);
		client_pipeline(q.call);
	} else if (kind == P9) {
		struct fs_filesystem_v9fs_stream_req q =
			fs_filesystem_v9fs_stream(c->loop.vat, fs_filesystem_cast(object));
		stream = fs_filesystem_v9fs_stream_pipe_stream(q.call);
		client_pipeline(q.call);
	} else {
		struct block_block_device_nbd_setup_req q =
			block_block_device_nbd_setup(c->loop.vat, block_block_device_cast(object));
		stream = block_block_device_nbd_setup_pipe_stream(q.call);
		client_pipeline(q.call);
	}
	return stream;
}

/* The client of 9P speaks first. */
static int say_hello(int fd, enum kind kind)
{
	uint8_t buf[64];
	struct p9_msg m = {.type = P9_Tversion, .tag = P9_NOTAG};
	if (kind != P9)
		return 0;
	m.tversion.msize = 65536;
	m.tversion.version = (struct p9_str){"9P2000.L", 8};
	int n = p9_encode(&m, buf, sizeof(buf));
	return n < 0 ? n : send(fd, buf, (size_t)n, MSG_NOSIGNAL) == n ? 0 : -EIO;
}

static int transfer(struct client *c, struct vat_cap *object, enum kind kind, struct transfer *ret)
{
	char byte;
	struct stream_stream_c stream = ask_stream(c, object, kind);
	int r = client_open_stream(c, stream.cap, &ret->fd, &ret->end);
	stream_stream_unref(stream);
	if (r < 0)
		return r;
	r = say_hello(ret->fd, kind);
	if (r >= 0 && recv(ret->fd, &byte, 1, 0) != 1)
		r = err_set(&c->cli->err, -EIO, "no byte came");
	return r;
}

static void transfer_end(struct transfer *t)
{
	fd_close(t->fd);
	stream_connection_unref(t->end);
}

/* What the reference stands for, to its end, so that only the opening is measured. */
static int find_object(struct client *c, enum kind kind, struct vat_cap **ret)
{
	const char *uri = c->cli->args[0];
	if (kind == P9) {
		struct fs_filesystem_c fs = {};
		int r = client_filesystem(c, uri, &fs);
		*ret = fs.cap;
		return r;
	}
	struct fs_file_c file = {};
	int r = client_file(c, uri, &file);
	*ret = file.cap;
	if (r >= 0 && kind == NBD) {
		struct fs_file_open_as_block_req q = fs_file_open_as_block(c->loop.vat, file);
		*ret = fs_file_open_as_block_pipe_device(q.call).cap;
		client_pipeline(q.call);
		fs_file_unref(file);
	}
	return r < 0 ? r : client_settle(c, *ret);
}

static int run(struct client *c, enum kind kind, unsigned count, bool hold)
{
	struct vat_cap *object = NULL;
	int r = find_object(c, kind, &object);
	for (unsigned i = 0; i < count && r >= 0; i++) {
		struct transfer t = {.fd = -EBADF};
		double start = now_us();
		r = transfer(c, object, kind, &t);
		if (r >= 0)
			printf("%.1f\n", now_us() - start);
		if (r >= 0 && hold && i == count - 1) {
			fflush(stdout);
			(void)getchar();
		}
		transfer_end(&t);
	}
	vat_cap_unref(object);
	return r;
}

int main(int argc, char **argv)
{
	static const char *const kinds[] = {"stream", "9p", "nbd"};
	struct command c;
	struct client *client = NULL;
	unsigned kind = 0;
	if (argc < 5)
		return 2;
	while (kind < ARRAY_SIZE(kinds) && strcmp(argv[1], kinds[kind]) != 0)
		kind++;
	unsigned count = (unsigned)strtoul(argv[2], NULL, 10);
	int skip = !strcmp(argv[3], "hold") ? 3 : 2;
	argv[skip] = argv[0];
	if (kind == ARRAY_SIZE(kinds) || command_parse(argc - skip, argv + skip, &c) < 0 ||
		client_open(&c.cli, &client) < 0 || run(client, kind, count, skip == 3) < 0) {
		fprintf(stderr, "first-byte: %s\n", c.cli.err.msg);
		return 1;
	}
	client_close(client);
	return 0;
}
