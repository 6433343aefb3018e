/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The thread of an NBD server that listens on its control socket (nbd-control.h).
 */
#include "svc/fs/block/nbd-control.h"

#include <pthread.h>

struct nbd_report {
	int fd; /* the control socket, borrowed */
	void (*fill)(void *ctx, struct nbd_control_stats *ret);
	void (*size)(void *ctx); /* NBD_CONTROL_SIZE has come */
	void *ctx;
	pthread_t thread; /* private */
};

/* Until the socket ends. r stays where it is. 0 or negative errno. */
int nbd_report_start(struct nbd_report *r);
/* Ends the socket, and waits for the thread. */
void nbd_report_stop(struct nbd_report *r);
