/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What a routed network tells who binds it (RoutedConfig of net.capnp), read and checked: it comes
 * from another host, which must not get more than the network it offers.  Its prefixes are for
 * private use (or of documentation), and do not overlap; address and gateway are hosts of the
 * prefix that they are for, and not the same; MAC addresses are of single stations.
 */
#include "schema/net.capnp.h"
#include "svc/net/leases.h"

struct routed_part { /* of one prefix */
	struct rtnl_address address; /* a single one */
	struct rtnl_ip gateway;
	struct rtnl_address route;
};

struct routed_config {
	struct routed_part parts[LEASES_PREFIXES_MAX];
	unsigned n;
	uint8_t mac[RTNL_MAC_SIZE], gateway_mac[RTNL_MAC_SIZE];
};

/* Would another host take a route to it? */
bool routed_is_private(const struct rtnl_address *network);
/* -EINVAL with e set. */
int routed_config_read(struct net_routed_config_r c, struct routed_config *ret, struct err *e);
bool routed_config_equal(const struct routed_config *a, const struct routed_config *b);
