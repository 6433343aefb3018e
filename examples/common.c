/* SPDX-License-Identifier: MIT */
#include "common.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct vat_loop *stopped_by_signals;

void die(const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(1);
}

static void on_signal(int sig)
{
	(void)sig;
	vat_loop_stop(stopped_by_signals);
}

struct vat_loop *example_loop(void)
{
	struct vat_loop *loop;
	struct sigaction sa = {.sa_handler = on_signal};
	int r = vat_loop_new(&loop);
	if (r < 0)
		die("no event loop: %s", strerror(-r));
	stopped_by_signals = loop;
	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
	setvbuf(stdout, NULL, _IOLBF, 0);
	return loop;
}

int example_serve(struct vat_loop *loop, const char *address, struct vat_cap *takes_bootstrap)
{
	struct vat_listen_config cfg = {.link.bootstrap = takes_bootstrap};
	struct vat_listener *listener;
	char where[256];
	int r = vat_loop_listen(loop, address, &cfg, &listener);
	vat_cap_unref(takes_bootstrap);
	if (r == 0)
		r = vat_listener_address(listener, where, sizeof(where));
	if (r < 0)
		die("%s: %s", address, strerror(-r));
	printf("serving at %s\n", where);
	r = vat_loop_run(loop);
	if (r < 0)
		die("%s: %s", address, strerror(-r));
	vat_loop_free(loop);
	return 0;
}

struct vat_cap *example_connect(struct vat_loop *loop, const char *address)
{
	struct vat_link *link;
	int r = vat_loop_connect(loop, address, NULL, &link);
	if (r < 0)
		die("%s: %s", address, strerror(-r));
	return vat_link_bootstrap(link);
}

struct vat_ptr_r example_call(struct vat_loop *loop, struct vat_call *call)
{
	struct vat_ptr_r results;
	struct vat_error err = {VAT_FAILED, ""};
	int r = vat_loop_call(loop, call, 10 * 1000 * 1000, &results, &err);
	if (r < 0)
		die("the call failed: %s", vat_loop_strerror(r, &err));
	return results;
}
