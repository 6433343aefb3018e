/* SPDX-License-Identifier: MIT */
/*
 * poll ADDRESS A B: adds two numbers at a calculator, without vat/loop.h: a vat, one struct vat_io,
 * and poll().  This is what joining libvat to an event loop of one's own amounts to.
 */
#include "calculator.capnp.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <vat/io.h>

static int status = -1; /* of the program, when it is known */

static void on_answer(void *user, const struct vat_error *err, struct vat_ptr_r results)
{
	(void)user;
	if (err)
		fprintf(stderr, "poll: %s\n", err->text);
	else
		printf("%g\n", calc_calculator_function_call_results_get_value(
				       calc_calculator_function_call_results_from(results)));
	status = err ? 1 : 0;
}

/* add(a, b): the operator is called before anybody has seen it. */
static void ask(struct vat *vat, struct vat_io *io, double a, double b)
{
	struct calc_calculator_c calculator =
		calc_calculator_cast(vat_conn_bootstrap(vat_io_conn(io)));
	struct calc_calculator_get_operator_req op = calc_calculator_get_operator(vat, calculator);
	calc_calculator_get_operator_params_set_op(op.params, CALC_CALCULATOR_OPERATOR_ADD);
	calc_calculator_get_operator_send(op, NULL, NULL);
	struct calc_calculator_function_c add = calc_calculator_get_operator_pipe_func(op.call);
	struct calc_calculator_function_call_req req = calc_calculator_function_call(vat, add);
	struct vat_list_b params = calc_calculator_function_call_params_init_params(req.params, 2);
	vat_list_set_f64(params, 0, a);
	vat_list_set_f64(params, 1, b);
	calc_calculator_function_call_send(req, on_answer, NULL);
	vat_call_detach(req.call);
	calc_calculator_function_unref(add);
	vat_call_free(op.call);
	calc_calculator_unref(calculator);
}

static void run(struct vat *vat, struct vat_io *io)
{
	const struct vat_error *err;
	while (status < 0) {
		while (vat_run(vat, 0)) /* on_answer() runs in here */
			;
		while (vat_io_flush(io))
			;
		if (status >= 0)
			return;
		if (vat_io_ended(io, &err)) {
			fprintf(stderr, "poll: %s\n", err ? err->text : "connection closed");
			status = 1;
			return;
		}
		struct pollfd p = {.fd = vat_io_fd(io), .events = vat_io_events(io)};
		if (poll(&p, 1, -1) >= 0)
			vat_io_ready(io, p.revents);
	}
}

static int connect_unix(const char *address)
{
	struct sockaddr_un sun = {.sun_family = AF_UNIX};
	if (strncmp(address, "unix:", 5) || strlen(address + 5) >= sizeof(sun.sun_path)) {
		errno = EINVAL;
		return -1;
	}
	strcpy(sun.sun_path, address + 5);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&sun, sizeof(sun)) == 0)
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

int main(int argc, char **argv)
{
	struct vat_io_config cfg = {0};
	struct vat_io *io;
	if (argc != 4) {
		fprintf(stderr, "usage: poll unix:PATH A B\n");
		return 2;
	}
	int fd = connect_unix(argv[1]);
	if (fd < 0) {
		fprintf(stderr, "poll: %s: %s\n", argv[1], strerror(errno));
		return 1;
	}
	struct vat *vat = vat_new(NULL);
	if (!vat || vat_io_new(vat, fd, &cfg, &io) < 0)
		return 1;
	ask(vat, io, atof(argv[2]), atof(argv[3]));
	run(vat, io);
	vat_io_free(io);
	vat_free(vat);
	return status;
}
