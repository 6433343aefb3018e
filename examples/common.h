/* SPDX-License-Identifier: MIT */
#pragma once
/* What the examples have in common: a program that gives up at the first failure. */
#include <vat/loop.h>

/* A loop that SIGINT and SIGTERM stop. */
struct vat_loop *example_loop(void);
/* Serves bootstrap (takes the reference) at address until stopped; frees the loop. For main. */
int example_serve(struct vat_loop *loop, const char *address, struct vat_cap *takes_bootstrap);
/* Connects; returns the server's bootstrap object (a reference). */
struct vat_cap *example_connect(struct vat_loop *loop, const char *address);
/* Sends the call and waits ten seconds for its results, which are valid until it is freed. */
struct vat_ptr_r example_call(struct vat_loop *loop, struct vat_call *call);
/* Prints and exits. */
__attribute__((noreturn, format(printf, 1, 2))) void die(const char *fmt, ...);
