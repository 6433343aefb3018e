/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The node's introductions from the other side: for services and the command.  What the node
 * introduces us to is called over a connection of its own, a way; see core/broker.h.
 *
 * Ways carry no bootstrap.  Only the node may open them: who is at the other end of one cannot lead
 * us further.  What comes over a way and is passed on to the node is handed off in turn: the node
 * gets it from its host, and it does not end with this process.
 */
#include "loop/link.h"

enum { WAYS_MAX = 256 };

struct ways;

/* node: the link to the node, which must be freed after the ways. Sets the network of the loop's
 * vat, unless METAC_HANDOFF=no is in the environment. NULL when memory is out. */
struct ways *ways_new(struct loop *l, struct link *node);
/* Ends them all; NULL is accepted. */
void ways_free(struct ways *w);
