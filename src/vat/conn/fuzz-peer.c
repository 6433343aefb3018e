/* SPDX-License-Identifier: MIT */
/* A hostile peer that knows the protocol: see test-peer.h. The input decides what it says. */
#include "vat/conn/test-peer.h"

#include <stdarg.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

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
	static struct peer p;
	peer_play(&p, data, size);
	return 0;
}
