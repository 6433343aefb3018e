/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What of this kernel a block device is made from (transport, in schema/block.capnp).
 *
 * An attachment calls begin() and connect() with its first connection, connect() with each later
 * one; the worker's messages come to negotiated(); the front calls attach_on_connected() when the
 * device is there and connected.  Nothing here may wait for the device: that is done in tasks.
 */
#include "base/err.h"
#include "svc/block/task.h"

struct attachment;

struct front {
	const char *name; /* "nbd", "loop" */
	/* Is it there? 0, or negative errno with e set to what is missing. */
	int (*available)(struct err *e);
	/* A device that a killed predecessor left behind, if there is one for a->id: sets a->begun
	 * and a->device. May be NULL. */
	void (*adopt)(struct attachment *a);
	/* Before the first connection. 0 or negative errno with e set. */
	int (*begin)(struct attachment *a, struct err *e);
	/* Another connection (borrowed); leads to attach_on_connected(), _lost(), _refused() or
	 * _failed(). */
	int (*connect)(struct attachment *a, int fd);
	/* The worker has negotiated it: a->export is what is offered now. */
	void (*negotiated)(struct attachment *a);
	/* attach_worker_flush() has come to error: 0 or a positive errno. May be NULL. */
	void (*flushed)(struct attachment *a, int error);
	/* The worker has ended by itself. */
	void (*worker_ended)(struct attachment *a);
	/* There will be no other connection: requests, waiting and later, fail. */
	void (*over)(struct attachment *a, const char *why);
	/* a->export.size has changed. */
	void (*resize)(struct attachment *a);
	/* In a task: takes the device down. arg is a struct front_end; fds those of end_fds. */
	int (*end_task)(const void *arg, const int *fds, struct task_result *ret);
	/* Descriptors for that, taken by the caller. Returns how many. */
	size_t (*end_fds)(struct attachment *a, int ret[TASK_FDS_MAX]);
	/* Lets go of all that is left, at once. */
	void (*drop)(struct attachment *a);
};

struct front_end { /* of an end_task */
	char device[40];
	bool up; /* connected: what is still to be written can be */
};

struct front_loop_data {
	int fuse_fd; /* /dev/fuse, as the worker has it */
	int mount_fd; /* the detached mount that has the file */
	int hold_fd; /* whoever keeps the loop device lets it go when this is shut */
	struct task *task; /* setting up, or resizing */
	bool resize_again;
	uint8_t epoch[64]; /* of the last connection that was good */
	uint32_t epoch_len;
	bool reborn; /* the worker is in place of one that died, and nothing was flushed since */
	unsigned deaths;
	uint64_t born_us;
};

union front_data {
	struct front_loop_data loop;
	struct {
		int index; /* of /dev/nbdN; -1: none */
		int socket; /* being negotiated */
		uint8_t epoch[64]; /* of the connection that the kernel has */
		uint32_t epoch_len;
		uint64_t writes; /* nbdnl_writes() when it was connected first */
		struct task *task; /* ending the device */
	} nbd;
};

extern const struct front front_loop, front_nbd;

struct block_service;
/* Ends, some time later, what a killed predecessor has left and nobody wants. Negative errno. */
int front_nbd_start(struct block_service *bs);

/* The one of that name, "" = the first that is there. NULL with e set. */
const struct front *front_choose(const char *name, struct err *e);
