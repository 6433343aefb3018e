/* SPDX-License-Identifier: MIT */
/* See bench.h. */
#include "bench.h"
#include "base/macro.h"

#include <stdio.h>
#include <sys/resource.h>

static int run(int argc, char **argv)
{
	char address[256];
	snprintf(address, sizeof(address), "unix:%s", argc > 2 ? argv[2] : "");
	if (argc == 3 && !strcmp(argv[1], "server")) {
		struct rlimit l = {0};
		getrlimit(RLIMIT_NOFILE, &l);
		l.rlim_cur = l.rlim_max;
		setrlimit(RLIMIT_NOFILE, &l);
		return bench_serve(address);
	}
	if (argc != 6 || strcmp(argv[1], "client"))
		return -EINVAL;
	unsigned long n = strtoul(argv[4], NULL, 10), arg = strtoul(argv[5], NULL, 10);
	if (!strcmp(argv[3], "ser"))
		return bench_ser(n);
	if (!strcmp(argv[3], "churn"))
		return bench_churn(address, n, arg);
	return bench_client(address, argv[3], n, arg);
}

int main(int argc, char **argv)
{
	int r = run(argc, argv);
	if (r < 0)
		fprintf(stderr, "rpc-bench: %s\n", strerror(-r));
	return r < 0;
}
