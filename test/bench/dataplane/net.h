/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What the load clients, the minimal servers and the bare pump share: sockets by a text, times, and
 * a result in one line of JSON.  A failure ends the program: a benchmark has nothing to recover.
 */
#include "base/macro.h"

#include <sys/types.h>

/* "/path" is a Unix socket, "HOST:PORT" TCP with TCP_NODELAY on an IPv4 address. */
int net_listen(const char *address);
int net_dial(const char *address);
int net_accept(int listener);

/* All of it, or the end of the program. */
void net_read(int fd, void *buf, size_t n);
void net_write(int fd, const void *buf, size_t n);

double now_s(void);
/* Reproducible; never 0. */
uint64_t next_random(void);

__attribute__((noreturn)) void die(const char *what);

/* Latencies, as many as fit; the rest is not kept. */
struct samples {
	float *us;
	size_t n;
};
void samples_init(struct samples *s);
void samples_add(struct samples *s, double seconds);
/* 0 <= share <= 1; sorts. */
double samples_at(struct samples *s, double share);
