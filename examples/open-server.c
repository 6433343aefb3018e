/* SPDX-License-Identifier: MIT */
/*
 * open-server ADDRESS DIRECTORY: opens files of one directory for whoever asks, for reading.
 *
 * The client gets a descriptor that was opened here, with the server's rights: it can read the file
 * even if it could not have opened it.  The File object stays useful where no descriptor can travel
 * (TCP).
 */
#include "common.h"
#include "open.capnp.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct vat *vat;
static int directory;

/* self is the descriptor: attached to the object, which closes it at its end. */
static void file_size(void *self, struct open_file_size_ctx cx)
{
	struct stat st;
	if (fstat((int)(intptr_t)self, &st) < 0) {
		vat_ctx_fail(cx.ctx, VAT_FAILED, "%s", strerror(errno));
		return;
	}
	open_file_size_results_set_bytes(open_file_size_results(cx), (uint64_t)st.st_size);
	vat_ctx_return(cx.ctx);
}

static const struct open_file_impl file_impl = {.size = file_size};

static void opener_open(void *self, struct open_opener_open_ctx cx)
{
	struct vat_text name = open_opener_open_params_get_name(open_opener_open_params(cx));
	(void)self;
	if (strchr(name.s, '/') || strlen(name.s) != name.len || name.s[0] == '.') {
		vat_ctx_fail(cx.ctx, VAT_FAILED, "not the name of a file here");
		return;
	}
	int fd = openat(directory, name.s, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0) {
		vat_ctx_fail(cx.ctx, VAT_FAILED, "%s: %s", name.s, strerror(errno));
		return;
	}
	struct open_file_c file = open_file_serve(vat, &file_impl, (void *)(intptr_t)fd, NULL);
	if (vat_cap_attach_fd(file.cap, fd) < 0) { /* takes fd, even now */
		vat_ctx_fail(cx.ctx, VAT_OVERLOADED, "out of memory");
		open_file_unref(file);
		return;
	}
	open_opener_open_results_set_file(open_opener_open_results(cx), file);
	open_file_unref(file);
	vat_ctx_return(cx.ctx);
}

int main(int argc, char **argv)
{
	static const struct open_opener_impl impl = {.open = opener_open};
	if (argc != 3)
		die("usage: open-server ADDRESS DIRECTORY");
	directory = open(argv[2], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (directory < 0)
		die("%s: %s", argv[2], strerror(errno));
	struct vat_loop *loop = example_loop();
	vat = vat_loop_vat(loop);
	int r = example_serve(loop, argv[1], open_opener_serve(vat, &impl, NULL, NULL).cap);
	close(directory);
	return r;
}
