/* SPDX-License-Identifier: MIT */
/*
 * Theory of operation: /proc/sys/net shows the network namespace of the thread that opens, so that
 * is entered for the time of open(2).
 */
#include "svc/net/kernel/netconf.h"
#include "svc/net/kernel/rtnl-priv.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

/* A link's name has no "/", and is not "..", so it leads nowhere else. */
static int conf_open(int netns, int family, const char *link, const char *key, int flags, int *ret,
	struct err *e)
{
	char path[128];
	int own;
	if (!rtnl_name_is_valid(link))
		return err_set(e, -EINVAL, "\"%s\" cannot be an interface's name", link);
	int n = snprintf(path, sizeof(path), "/proc/sys/net/%s/conf/%s/%s",
		family == AF_INET ? "ipv4" : "ipv6", link, key);
	assert(n > 0 && (size_t)n < sizeof(path));
	int r = rtnl_enter(netns, &own, e);
	if (r < 0)
		return r;
	int fd = open(path, flags | O_CLOEXEC);
	r = fd < 0 ? -errno : 0;
	rtnl_leave(own);
	if (r < 0)
		return err_errno(e, r, "%s", path + strlen("/proc/sys/"));
	*ret = fd;
	return 0;
}

int netconf_set(int netns, int family, const char *link, const char *key, int value, struct err *e)
{
	char text[16];
	AUTO_CLOSE int fd = -EBADF;
	int r = conf_open(netns, family, link, key, O_WRONLY, &fd, e);
	if (r < 0)
		return r;
	int n = snprintf(text, sizeof(text), "%d", value);
	if (write(fd, text, (size_t)n) != n)
		return err_errno(e, -errno, "%s", key);
	return 0;
}

int netconf_get(int netns, int family, const char *link, const char *key, int *ret, struct err *e)
{
	char text[16] = "";
	AUTO_CLOSE int fd = -EBADF;
	int r = conf_open(netns, family, link, key, O_RDONLY, &fd, e);
	if (r < 0)
		return r;
	if (read(fd, text, sizeof(text) - 1) < 0)
		return err_errno(e, -errno, "%s", key);
	*ret = atoi(text);
	return 0;
}
