/* SPDX-License-Identifier: MIT */
#pragma once
/* What loop.c and link.c share: the links of a loop. */
#include "base/list.h"
#include "loop/link.h"

struct links {
	struct list all; /* struct link.list: living ones, and those whose end was told */
	struct list dirty; /* struct link.queue: to be looked at when the turn ends */
	struct list ended; /* struct link.queue: their user has still to be told */
	sd_event_source *post;
	bool woken;
};

/* There is work for the vat, or for the links: makes sure a turn comes. */
void loop_wake(struct loop *l);
/* Writes what the connections have to say; tells users of links that have ended. */
void links_flush(struct loop *l);
void links_free_all(struct loop *l);
