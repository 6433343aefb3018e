/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What of a link is set below /proc/sys/net only (networking/ip-sysctl of the kernel).
 */
#include "svc/net/kernel/rtnl.h"

/* net.FAMILY.conf.LINK.KEY in the network namespace (as for rtnl_new()); family: AF_INET or
 * AF_INET6. -ENOENT: the kernel has no such setting, or no such link. */
int netconf_set(int netns, int family, const char *link, const char *key, int value, struct err *e);
int netconf_get(int netns, int family, const char *link, const char *key, int *ret, struct err *e);
