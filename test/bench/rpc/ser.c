/* SPDX-License-Identifier: MIT */
/* Serialization alone: see bench_ser() in bench.h. */
#include "bench.h"
#include "../record.h"
#include "base/macro.h"
#include "vat/message/message-internal.h"

#include <stdio.h>

static int one(struct vat_message *m, uint64_t *ret)
{
	struct vat_message in;
	size_t size, used;
	vat_message_reset(m, 0);
	record_fill(bench_record_init_root(m));
	AUTO_FREE void *flat = vat_message_flatten(m, &size);
	if (!flat)
		return -ENOMEM;
	int r = vat_message_parse_into(&in, flat, size, NULL, &used);
	if (r < 0)
		return r;
	*ret += record_sum(bench_record_root(&in));
	vat_message_done(&in);
	return 0;
}

int bench_ser(unsigned long n)
{
	int r = 0;
	uint64_t total = 0;
	struct vat_message *m = vat_message_new(256, 0);
	double start = bench_now();
	for (unsigned long i = 0; i < n && m && r == 0; i++)
		r = one(m, &total);
	printf("seconds %.6f %llu\n", bench_now() - start, (unsigned long long)total);
	vat_message_free(m);
	return m ? r : -ENOMEM;
}
