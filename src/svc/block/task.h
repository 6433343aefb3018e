/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What may wait for a device - opening, flushing, resizing it, looking at who has it open - done
 * beside the service, which must not wait: a device answers when another host does.
 *
 * A task is a function that runs in a child process, a fork that executes nothing else.  It has the
 * descriptors it is given and no others, so that it keeps nobody's connection open, and it is
 * killed when its time is over.  What it finds out, it leaves in a struct of fixed size.
 */
#include "base/err.h"

#include <systemd/sd-event.h>

enum { TASK_FDS_MAX = 4, TASK_DATA_MAX = 16384 };

struct task;

struct task_result {
	int32_t code; /* 0, positive as the function likes, or negative errno */
	uint32_t len; /* of data */
	int32_t fd; /* -EBADF, or a descriptor: done() may take it (and set this to -EBADF) */
	char text[300]; /* what has failed, with the words of the errno; NUL-terminated */
	uint8_t data[TASK_DATA_MAX];
};

struct task_config {
	sd_event *event;
	/* Runs in the child; its return value becomes ret->code. fds as below. */
	int (*run)(const void *arg, const int *fds, struct task_result *ret);
	const void *arg; /* as it is when the task begins */
	int fds[TASK_FDS_MAX]; /* kept in the child, at their numbers */
	size_t n_fds;
	bool takes_fds; /* closed here (also on failure) before run begins: the last one is its */
	uint64_t timeout_us;
	/* Once, from the event loop, unless the task is freed before. code -ETIMEDOUT: killed;
	 * -EIO: it died. The task is still to be freed (may be done here). */
	void (*done)(void *user, struct task_result *result);
	void *user;
};

/* 0 or negative errno. */
int task_new(const struct task_config *cfg, struct task **ret);
/* Kills it if it still runs. A child that waits in the kernel ends when what it waits for does: it
 * is not waited for. NULL is accepted. */
void task_free(struct task *t);
/* In a task: *ret says what failed. Returns r. */
int task_failed(struct task_result *ret, int r, const char *what);
