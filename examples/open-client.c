/* SPDX-License-Identifier: MIT */
/*
 * open-client ADDRESS NAME: prints a file that the server opens.
 *
 * vat_cap_fd() borrows the descriptor: it is closed with the last reference to the object.
 */
#include "common.h"
#include "open.capnp.h"

#include <stdio.h>
#include <unistd.h>

static void print_file(int fd)
{
	char buf[4096];
	ssize_t n;
	while ((n = read(fd, buf, sizeof(buf))) > 0)
		fwrite(buf, 1, (size_t)n, stdout);
}

int main(int argc, char **argv)
{
	if (argc != 3)
		die("usage: open-client ADDRESS NAME");
	struct vat_loop *loop = example_loop();
	struct vat *vat = vat_loop_vat(loop);
	struct open_opener_c opener = open_opener_cast(example_connect(loop, argv[1]));

	struct open_opener_open_req req = open_opener_open(vat, opener);
	open_opener_open_params_set_name(req.params, vat_str(argv[2]));
	struct vat_ptr_r results = example_call(loop, req.call);
	struct open_file_c file =
		open_opener_open_results_get_file(open_opener_open_results_from(results));

	struct open_file_size_req size = open_file_size(vat, file);
	results = example_call(loop, size.call);
	fprintf(stderr, "%llu bytes\n",
		(unsigned long long)open_file_size_results_get_bytes(
			open_file_size_results_from(results)));
	vat_call_free(size.call);

	int fd = vat_cap_fd(file.cap);
	if (fd < 0)
		die("no descriptor came along: is this a Unix socket?");
	print_file(fd);
	vat_call_free(req.call); /* the results, and with them the file */
	open_opener_unref(opener);
	vat_loop_free(loop);
	return 0;
}
