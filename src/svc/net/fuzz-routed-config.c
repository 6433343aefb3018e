/* SPDX-License-Identifier: MIT */
/* Whatever another host says of its network: what is taken of it is one that cannot catch more. */
#include "svc/net/routed-config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct routed_config *c)
{
	assert(c->n > 0 && c->n <= LEASES_PREFIXES_MAX);
	assert(!(c->mac[0] & 1) && !(c->gateway_mac[0] & 1));
	for (unsigned i = 0; i < c->n; i++) {
		const struct routed_part *p = &c->parts[i];
		assert(p->route.prefix >= 7);
		assert(leases_prefix_has(&p->route, &p->gateway));
		assert(leases_prefix_has(&p->route, &p->address.ip));
		assert(leases_is_host(&p->gateway) && leases_is_host(&p->address.ip));
		for (unsigned k = 0; k < i; k++)
			assert(!leases_overlap(&p->route, &c->parts[k].route));
	}
	assert(routed_config_equal(c, c));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct vat_message *m = vat_message_new(0, 512);
	struct err e = {};
	char text[4096];
	/* Lines: addresses, gateways, routes, of as many prefixes as there are; after a NUL the
	 * MACs. */
	size_t n = MIN(size, sizeof(text) - 1);
	if (!m)
		return 0;
	memcpy(text, data, n);
	text[n] = 0;
	size_t used = strlen(text);
	struct net_routed_config_b b = net_routed_config_init_root(m);
	uint32_t lines = 0;
	for (const char *p = text; *p; p++)
		lines += *p == '\n';
	uint32_t count = MIN(lines / 3, UINT32_C(8));
	struct vat_list_b lists[] = {net_routed_config_init_addresses(b, count),
		net_routed_config_init_gateways(b, count), net_routed_config_init_routes(b, count)};
	char *line = text, *end;
	for (uint32_t i = 0; i < 3 * count && (end = strchr(line, '\n')); i++, line = end + 1) {
		*end = 0;
		vat_set_text(vat_list_ptr_b(lists[i % 3], i / 3), vat_str(line));
	}
	const uint8_t *macs = data + MIN(used + 1, n);
	size_t left = (size_t)(data + n - macs);
	net_routed_config_set_mac(b, (struct vat_data){macs, (uint32_t)MIN(left, 6U)});
	if (left > 6)
		net_routed_config_set_gateway_mac(
			b, (struct vat_data){macs + 6, (uint32_t)MIN(left - 6, 8U)});
	struct routed_config c = {};
	if (!vat_message_error(m) && routed_config_read(net_routed_config_root(m), &c, &e) >= 0)
		check(&c);
	vat_message_free(m);
	return 0;
}
