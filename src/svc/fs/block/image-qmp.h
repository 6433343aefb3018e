/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * QMP, as far as the keeper of an image server speaks it: one command at a time, each answered by a
 * line of JSON; events in between are passed over.
 *
 * Source: docs/interop/qmp-spec of the QEMU project.
 *
 * What answers has parsed an image that somebody may have made to break it, so its answers are
 * limited in length (IMAGE_QMP_LINE_MAX) and time, and nothing in them is believed to be there.
 */
#include "svc/fs/block/image-control.h"

#include <jansson.h>

enum { IMAGE_QMP_LINE_MAX = 1 << 20, IMAGE_QMP_SECONDS = 25 };

struct image_qmp {
	int fd; /* a stream socket; owned by the caller */
	char *buf; /* IMAGE_QMP_LINE_MAX bytes */
	size_t have;
	char text[IMAGE_TEXT_MAX]; /* of the last failure */
};

/* Begins the conversation: greeting and capabilities. 0 or negative errno, with text set. */
int image_qmp_begin(struct image_qmp *q, int fd);
void image_qmp_done(struct image_qmp *q);

/* Takes args (NULL: none, or out of memory). 0 with *ret_value (may be NULL; a new reference) what
 * was returned; or negative errno with text set: -EREMOTEIO it said no, -ETIMEDOUT, -EPIPE it has
 * gone, -EMSGSIZE, -EBADMSG. */
int image_qmp_call(
	struct image_qmp *q, const char *command, json_t *takes_args, json_t **ret_value);

/* One line without its end: 1 the answer to a command (*ret_value, NULL: an error, text says
 * which), 0 something else (greeting, event), -EBADMSG. */
int image_qmp_answer(const char *line, size_t n, json_t **ret_value, char text[IMAGE_TEXT_MAX]);

/* The answer to query-named-block-nodes: the node called `node`. 0: it may be served, and how large
 * the disk in it is. -EBADMSG; -EINVAL: it may not, text says why (its content is elsewhere too).
 */
int image_qmp_node(
	const json_t *nodes, const char *node, uint64_t *ret_size, char text[IMAGE_TEXT_MAX]);
