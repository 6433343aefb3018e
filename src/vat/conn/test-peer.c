/* SPDX-License-Identifier: MIT */
/*
 * Hostile peers at random: see test-peer.h for what is checked.
 *
 *	VAT_PEER_SEED=n		plays one
 *	VAT_PEER_COUNT=n	plays that many
 */
#include "vat/conn/test-peer.h"

#include <signal.h>

static uint64_t running_seed;

static void say_seed(int sig)
{
	char text[100];
	int n = snprintf(
		text, sizeof(text), "# VAT_PEER_SEED=%llu\n", (unsigned long long)running_seed);
	if (write(1, text, (size_t)n) < 0 || sig)
		_exit(1);
}

static void on_death(void)
{
	say_seed(0);
}

extern void __sanitizer_set_death_callback(void (*fn)(void)) __attribute__((weak));

static unsigned play(uint64_t seed)
{
	static struct peer p;
	uint8_t data[2000];
	uint64_t x = (seed + 1) * UINT64_C(0x9e3779b97f4a7c15);
	running_seed = seed;
	if (net_traces())
		fprintf(stderr, "# VAT_PEER_SEED=%llu\n", (unsigned long long)seed);
	for (size_t i = 0; i < sizeof(data); i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		data[i] = (uint8_t)(x >> 40);
	}
	peer_play(&p, data, sizeof(data));
	return p.steps;
}

TEST(hostile_peers_at_random)
{
	const char *seed = getenv("VAT_PEER_SEED"), *count = getenv("VAT_PEER_COUNT");
	uint64_t first = seed ? strtoull(seed, NULL, 0) : 1;
	uint64_t n = count ? strtoull(count, NULL, 0) : seed ? 1 : 2000;
	unsigned long long steps = 0;
	signal(SIGABRT, say_seed);
	if (__sanitizer_set_death_callback)
		__sanitizer_set_death_callback(on_death);
	for (uint64_t i = 0; i < n; i++)
		steps += play(first + i);
	printf("# %llu peers, %llu steps\n", (unsigned long long)n, steps);
	CHECK(seed || steps > 20 * n);
}
