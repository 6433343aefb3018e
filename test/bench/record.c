/* SPDX-License-Identifier: MIT */
/*
 * What a message costs: builds, flattens, packs and reads the record of test/interop/bench.capnp,
 * about a kilobyte, again and again, and prints how many of each a second.
 *
 * usage: record [N [MODE]]	MODE: build, read, all, alloc, packed (default: each in turn)
 */
#include "record.h"
#include "base/macro.h"
#include <stdio.h>
#include <time.h>

enum { ROOM = 1024 };

static struct vat_message *arena;
static uint64_t flat[ROOM];
static size_t flat_size;

static uint64_t build(void)
{
	vat_message_reset(arena, 0);
	record_fill(bench_record_init_root(arena));
	return vat_message_words(arena);
}

static uint64_t read_from(const void *data, size_t size)
{
	struct vat_message m;
	size_t used;
	if (vat_message_parse_into(&m, data, size, NULL, &used) < 0)
		abort();
	uint64_t s = record_sum(bench_record_root(&m));
	if (vat_message_error(&m))
		abort();
	vat_message_done(&m);
	return s;
}

static uint64_t read_flat(void)
{
	return read_from(flat, flat_size);
}

/* Everything in memory that is used again. */
static uint64_t all(void)
{
	build();
	return read_from(flat, vat_message_flatten_into(arena, flat, sizeof(flat)));
}

/* The same with a new block for each flat form. */
static uint64_t alloc(void)
{
	size_t size;
	build();
	AUTO_FREE void *copy = vat_message_flatten(arena, &size);
	return read_from(copy, size);
}

static uint64_t packed(void)
{
	size_t n_packed, n;
	build();
	size_t size = vat_message_flatten_into(arena, flat, sizeof(flat));
	AUTO_FREE void *small = NULL, *plain = NULL;
	if (vat_pack(flat, size, &small, &n_packed) < 0 ||
		vat_unpack(small, n_packed, sizeof(flat), &plain, &n) < 0)
		abort();
	return read_from(plain, n);
}

static double now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static const struct {
	const char *name;
	uint64_t (*run)(void);
} modes[] = {
	{"build", build}, {"read", read_flat}, {"all", all}, {"alloc", alloc}, {"packed", packed}};

int main(int argc, char **argv)
{
	long n = argc > 1 ? atol(argv[1]) : 1000000;
	arena = vat_message_new(ROOM, 0);
	if (!arena)
		return 1;
	build();
	flat_size = vat_message_flatten_into(arena, flat, sizeof(flat));
	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
		if (argc > 2 && strcmp(argv[2], modes[i].name))
			continue;
		uint64_t s = 0;
		double t = now();
		for (long k = 0; k < n; k++)
			s += modes[i].run();
		t = now() - t;
		printf("%-8s %10.0f /s %8.1f ns (%llu)\n", modes[i].name, (double)n / t,
			t / (double)n * 1e9, (unsigned long long)s);
	}
	vat_message_free(arena);
	return 0;
}
