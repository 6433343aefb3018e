/* SPDX-License-Identifier: MIT */
/* Whatever alias a link has: what is taken for a mark of ours is exactly one. */
#include "svc/net/net-service.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct net_service ns = {.address_text = "fd00::1"};
	char alias[RTNL_ALIAS_MAX + 1], again[RTNL_ALIAS_MAX + 1], what[16], id[33];
	size_t n = MIN(size, sizeof(alias) - 1);
	memcpy(alias, data, n);
	alias[n] = 0;
	if (!net_mark_is_ours(&ns, alias, what, id))
		return 0;
	assert(net_mark_is_any(alias));
	assert(*what && *id && !strchr(what, ' ') && !strchr(id, ' '));
	net_mark(&ns, what, id, again);
	assert(!strcmp(alias, again));
	return 0;
}
