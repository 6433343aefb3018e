/* SPDX-License-Identifier: MIT */
#pragma once
/* What both halves of routed networks share. See routed.h. */
#include "svc/net/leases.h"
#include "svc/net/place.h"

/* -EADDRINUSE with e set, if a network would have addresses in common with what the host has, or
 * reaches, by any other link than the one of that index. */
int routed_check_free(
	struct place *p, int index, const struct rtnl_address *network, struct err *e);
