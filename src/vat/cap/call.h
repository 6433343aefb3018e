/* SPDX-License-Identifier: MIT */
#pragma once
/* The caller's side of a call: shared by call.c and stream.c. */
#include "vat/cap/cap.h"

struct vat_call {
	struct vat *vat; /* referenced */
	struct vat_cap *target;
	struct vat_ctx *request; /* until sent */
	struct outcome *outcome;
	struct consumer consumer;
	struct task task;
	vat_done done;
	void *user;
	bool sent, detached, finished;
	bool unreturned; /* sent, but nobody waits for its end */
	struct vat_stream *stream; /* it is under way in; borrowed, NULL once that is freed */
	struct list stream_link; /* in stream->calls */
	size_t stream_bytes;
};
