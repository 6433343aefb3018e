/* SPDX-License-Identifier: MIT */
/*
 * Random schedules over several vats: see test-sim.h for what happens in one and what is checked.
 *
 *	VAT_SIM_SEED=n		runs one schedule
 *	VAT_SIM_COUNT=n		runs that many (the default takes a few seconds)
 *	VAT_SIM_ONLY=a-b,c,...	of these steps alone
 *	VAT_SIM_SHRINK=1	finds a few steps with which a schedule still fails
 *	VAT_TRACE=1		prints every message
 */
#include "vat/conn/test-sim-run.h"

#include <signal.h>
#include <sys/wait.h>

static uint64_t running_seed;

static void say_seed(int sig)
{
	char text[100];
	int n = snprintf(text, sizeof(text),
		"# VAT_SIM_SEED=%llu VAT_SIM_COUNT=1 build/src/test-vat-vat random_schedules\n",
		(unsigned long long)running_seed);
	if (write(1, text, (size_t)n) < 0 || sig)
		_exit(1);
}

static void on_death(void)
{
	say_seed(0);
}

extern void __sanitizer_set_death_callback(void (*fn)(void)) __attribute__((weak));

static unsigned simulate(uint64_t seed, const bool *skip)
{
	static struct sim sim;
	memset(&sim, 0, sizeof(sim));
	running_seed = sim.seed = seed;
	sim_run(&sim, skip);
	return sim.delivered;
}

/* ---- finding the steps that matter ----------------------------------------------------------- */

static bool fails(uint64_t seed, const bool *skip)
{
	int status;
	fflush(stdout);
	pid_t pid = fork();
	CHECK(pid >= 0);
	if (!pid) {
		int null = open("/dev/null", O_RDWR | O_CLOEXEC);
		dup2(null, 1);
		dup2(null, 2);
		alarm(20);
		simulate(seed, skip);
		_exit(0);
	}
	CHECK_INT(waitpid(pid, &status, 0), pid);
	return !WIFEXITED(status) || WEXITSTATUS(status);
}

/* Leaves out pieces of all sizes, as long as it still fails. */
static void shrink(uint64_t seed, bool *skip)
{
	for (unsigned size = STEPS / 2; size; size /= 2) {
		bool any = true;
		while (any) {
			any = false;
			for (unsigned at = 0; at < STEPS; at += size) {
				bool try[STEPS];
				memcpy(try, skip, sizeof(try));
				memset(try + at, true, MIN(size, STEPS - at));
				if (!memcmp(try, skip, sizeof(try)) || !fails(seed, try))
					continue;
				memcpy(skip, try, sizeof(try));
				any = true;
			}
		}
	}
}

static void say_steps(uint64_t seed, const bool *skip)
{
	printf("# VAT_SIM_SEED=%llu VAT_SIM_ONLY=", (unsigned long long)seed);
	for (unsigned i = 0, n = 0; i < STEPS; i++)
		if (!skip[i])
			printf("%s%u", n++ ? "," : "", i);
	printf(" build/src/test-vat-vat random_schedules\n");
}

/* a-b,c,... are not left out. */
static void parse_only(const char *text, bool *skip)
{
	memset(skip, true, STEPS * sizeof(*skip));
	while (*text) {
		char *end;
		unsigned long a = strtoul(text, &end, 10), b = a;
		if (*end == '-')
			b = strtoul(end + 1, &end, 10);
		for (; a <= b && a < STEPS; a++)
			skip[a] = false;
		text = *end ? end + 1 : end;
	}
}

/* ---- the test -------------------------------------------------------------------------------- */

TEST(random_schedules)
{
	const char *seed = getenv("VAT_SIM_SEED"), *count = getenv("VAT_SIM_COUNT");
	const char *only = getenv("VAT_SIM_ONLY");
	static bool skip[STEPS];
	uint64_t first = seed ? strtoull(seed, NULL, 0) : 1;
	uint64_t n = count ? strtoull(count, NULL, 0) : seed ? 1 : 3000;
	unsigned long long delivered = 0;
	if (only)
		parse_only(only, skip);
	if (getenv("VAT_SIM_SHRINK")) {
		CHECK(fails(first, skip));
		shrink(first, skip);
		say_steps(first, skip);
		return;
	}
	signal(SIGABRT, say_seed);
	signal(SIGSEGV, say_seed);
	if (__sanitizer_set_death_callback)
		__sanitizer_set_death_callback(on_death);
	for (uint64_t i = 0; i < n; i++)
		delivered += simulate(first + i, skip);
	printf("# %llu schedules, %llu calls delivered\n", (unsigned long long)n, delivered);
	CHECK(seed || delivered > n * 5);
}
