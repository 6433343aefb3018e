/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The thread of a 9P server that answers on its control socket (9p-control.h).
 */
#include "svc/fs/server/9p-control.h"
#include "svc/fs/server/9p-tree.h"

struct p9_report {
	int fd; /* the control socket, borrowed */
	void (*fill)(void *ctx, struct p9_control_packet *p);
	void *ctx;
	pthread_t thread; /* private from here on */
	struct p9_control_packet packet;
};

/* Answers each question with what `fill` puts together, until the socket ends.  r stays where it
 * is. 0 or negative errno. */
int p9_report_start(struct p9_report *r, const pthread_attr_t *attr);
/* Ends the socket, and waits for the thread. */
void p9_report_stop(struct p9_report *r);

/* Counts and lists the fids of a tree: as the callback of p9_server_each_fid. */
struct p9_report_files {
	const struct p9_tree *tree;
	struct p9_control_packet *packet;
	uint64_t n_open;
	char root[4096]; /* path of the root: p9_report_files_init finds it */
	size_t root_len;
};
void p9_report_files_init(
	struct p9_report_files *l, const struct p9_tree *t, struct p9_control_packet *p);
void p9_report_file(void *files, const void *data);
