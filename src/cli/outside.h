/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * For a command that may not use its host's node, or has none: what NodeAdmin.getNode does is done
 * in the command itself, by dialling the other node as any stranger may.  All else that a NodeAdmin
 * offers is not there.
 */
#include "loop/link.h"
#include "schema/metac.capnp.h"

struct outside;

/* NULL: no memory. */
struct outside *outside_new(struct loop *l);
/* Ends the links. NULL is accepted. */
void outside_free(struct outside *o);
/* A NodeAdmin; the caller's reference. */
struct metac_node_admin_c outside_admin(struct outside *o);
/* Own address, of which the first link was made; "" before. Where streams are opened from. */
const char *outside_address(const struct outside *o);
