/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * For tests of want of memory: a scenario on a struct net is played again and again, failing at the
 * first allocation of the library, the second, and so on (and, the other way, at one alone), until
 * it comes through without any failure.
 *
 * A scenario brackets its own use of the library with begin() and end(); play() does so for what is
 * delivered and run.  The test's own memory is never refused, nor is there any that the library
 * kept from before: every use of memory is one that can fail.
 */
#include "vat/conn/test-net.h"
#include "vat/cap/test-alloc.h"

static long fail_at; /* the allocation that fails */
static bool fail_once; /* it alone; else all after it while the library works */

/* The library's turn: memory may run out. */
static void begin(void)
{
	if (!fail_once || alloc_count < fail_at)
		alloc_fail_at = fail_at;
}

static void end(void)
{
	alloc_fail_at = 0;
}

/* Nothing is kept for next time. */
static void strip(struct vat *v)
{
	free(TAKE_PTR(v->spare));
	v->pool.keep = 0;
	v->arenas.max_bytes = 0;
}

static void feed(struct net_link *l, int side, struct net_message *m)
{
	struct vat_conn *c = l->conn[!side];
	void *to;
	size_t room, at = 0;
	net_heard(l, side, m);
	strip(c->vat);
	begin();
	while (at < m->size) {
		int r = vat_conn_input(c, &to, &room);
		if (r < 0) {
			vat_conn_eof(c, r);
			break;
		}
		size_t n = MIN(room, m->size - at);
		memcpy(to, m->data + at, n);
		vat_conn_received(c, n, m->fds, m->n_fds);
		m->n_fds = 0;
		at += n;
	}
	end();
	net_drop(m);
}

static bool play_link(struct net_link *l, int side)
{
	if (!l->conn[side] || !l->conn[!side])
		return false;
	net_collect(l, side);
	struct list *m = list_pop(&l->queue[side]);
	if (m)
		feed(l, side, list_entry(m, struct net_message, link));
	else if (vat_conn_is_over(l->conn[side]) && !l->conn[!side]->over)
		vat_conn_eof(l->conn[!side], 0);
	return m;
}

/* Delivers and works until all is quiet. A connection that ended closes its other end too. */
static void play(struct net *n)
{
	for (bool any = true; any;) {
		any = false;
		for (unsigned i = 0; i < n->n_vats; i++) {
			strip(n->vat[i]);
			begin();
			any |= !list_empty(&n->vat[i]->tasks);
			vat_run(n->vat[i], 0);
			end();
		}
		for (unsigned i = 0; i < 2 * n->n_links; i++)
			any |= play_link(&n->links[i / 2], (int)(i % 2));
	}
}

static void every_allocation(void (*scenario)(void), bool once)
{
	fail_once = once;
	for (fail_at = 1;; fail_at++) {
		alloc_count = 0;
		scenario();
		if (alloc_count < fail_at)
			break;
		CHECK(fail_at < 5000);
	}
	printf("# %ld allocations\n", fail_at - 1);
	CHECK(fail_at > 30);
}
