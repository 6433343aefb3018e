/* SPDX-License-Identifier: MIT */
/* Theory of operation: nbd-report.h. */
#include "svc/fs/block/nbd-report.h"

#include <sys/socket.h>

enum { STACK_SIZE = 64 << 10 };

static void answer(struct nbd_report *r)
{
	struct nbd_control_stats s;
	uint8_t packet[NBD_CONTROL_PACKET_SIZE];
	r->fill(r->ctx, &s);
	nbd_control_encode(&s, packet);
	(void)send(r->fd, packet, sizeof(packet), MSG_NOSIGNAL);
}

static void *report_main(void *arg)
{
	struct nbd_report *r = arg;
	uint8_t word;
	for (;;) {
		ssize_t n = recv(r->fd, &word, 1, 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return NULL;
		if (word == NBD_CONTROL_ASK)
			answer(r);
		else if (word == NBD_CONTROL_SIZE)
			r->size(r->ctx);
	}
}

int nbd_report_start(struct nbd_report *r)
{
	pthread_attr_t attr;
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK_SIZE);
	int error = pthread_create(&r->thread, &attr, report_main, r);
	pthread_attr_destroy(&attr);
	return -error;
}

void nbd_report_stop(struct nbd_report *r)
{
	(void)shutdown(r->fd, SHUT_RDWR);
	pthread_join(r->thread, NULL);
}
