/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Copying between the command's standard input and output and a stream's socket, both ways at once,
 * half-close preserved.
 */
#include "base/macro.h"

struct progress;

struct copy {
	int in; /* read from; -1 = nothing is sent */
	int out; /* written to; -1 = nothing is taken (what comes is thrown away) */
	int stream; /* connected socket, made nonblocking */
	bool end_with_stream; /* when the stream has ended, input is of no interest any more */
	uint64_t limit; /* ends after this many bytes were received; 0: none */
	struct progress *progress; /* may be NULL */
	/* results */
	uint64_t sent, received;
	bool cut; /* the stream broke, or stopped taking data before the input had ended */
	const char *who; /* what failed: "standard input", "standard output", "the stream" */
};

/* Blocks until both directions have ended. Returns 0 (also when cut) or negative errno, c->who set.
 */
int copy_run_command(struct copy *c);
