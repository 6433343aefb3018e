/* SPDX-License-Identifier: MIT */
/* What names an interface comes from command lines and standard input: what is accepted is within
 * its limits, and can be a name for the kernel. */
#include "cli/net-uri.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = strndup((const char *)data, size);
	struct net_uri *u = malloc(sizeof(*u));
	char addresses[4][NET_URI_ADDRESS_SIZE], shown[128];
	uint32_t n;
	uint64_t rate;
	struct err e = {};
	if (text && u && net_uri_parse(text, u, &e) >= 0) {
		assert((u->kind == NET_URI_REF) == !*u->name);
		assert(u->kind == NET_URI_REF || !net_name_wrong(u->name));
		assert(!u->rate || (u->rate >= NET_URI_RATE_MIN && u->rate <= NET_URI_RATE_MAX));
		assert(u->n_macs <= NET_URI_MACS_MAX && u->n_addresses <= NET_URI_ADDRESSES_MAX);
		net_uri_show(u, shown, sizeof(shown));
	} else if (text && u) {
		assert(e.code < 0 && *e.msg && !strchr(e.msg, '\n'));
	}
	if (text) {
		(void)net_addresses_parse(text, addresses, 4, &n, NULL);
		(void)net_rate_parse(text, &rate, NULL);
	}
	free(text);
	free(u);
	return 0;
}
