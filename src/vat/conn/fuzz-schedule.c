/* SPDX-License-Identifier: MIT */
/*
 * The simulator (test-sim.h) with every decision taken from the input: which vat does what next,
 * what is delivered, lost, resolved, canceled.  It ends when the input does.
 */
#include "vat/conn/test-sim-run.h"

#include <stdarg.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The checks of the simulator end here. */
void test_fail(const char *file, int line, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	fprintf(stderr, "%s:%d: ", file, line);
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
	va_end(ap);
	abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct sim sim;
	memset(&sim, 0, sizeof(sim));
	if (!size)
		return 0;
	sim.input = data;
	sim.input_size = size;
	sim_run(&sim, NULL);
	return 0;
}
