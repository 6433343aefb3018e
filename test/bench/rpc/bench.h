/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * libvat's side of the RPC benchmark, on test/interop/bench.capnp; cxx.c++ is the C++ library's,
 * with the same command line:
 *
 *	rpc-bench server PATH			serves until killed; prints "ready PID"
 *	rpc-bench client PATH MODE N ARG	does N operations, prints "seconds S", or what else
 *						MODE measures: see modes[] in client.c, churn.c
 */
#include "interop/bench.capnp.h"
#include "vat/loop.h"

int bench_serve(const char *path);
int bench_client(const char *path, const char *mode, unsigned long n, unsigned long arg);
/* Builds, flattens and reads a record of 1 KB n times. */
int bench_ser(unsigned long n);
/* n calls, window of them under way, with random cancels and drops: see churn.c. */
int bench_churn(const char *address, unsigned long n, unsigned long window);
double bench_now(void);
