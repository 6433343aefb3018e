/* SPDX-License-Identifier: MIT */
/*
 * Restrictions as whoever holds a reference may send them: the input is what is in the lists.  What
 * is taken is within limits, and is the same when it is written and read again; and no restriction
 * that was sent is lost.
 */
#include "svc/net/iface.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(struct net_restrictions_r sent, const struct guard_restrictions *r)
{
	struct guard_restrictions again;
	char text[64];
	assert(!r->rate || (r->rate >= GUARD_RATE_MIN && r->rate <= GUARD_RATE_MAX));
	assert(r->n_macs <= GUARD_MACS_MAX && r->protocols < 1u << 9);
	assert(!r->routed);
	assert(r->rate == net_restrictions_get_rate(sent));
	assert(!net_restrictions_get_allow(sent).count == !r->protocols);
	assert(net_restrictions_get_macs(sent).count == r->n_macs);
	struct vat_message *m = vat_message_new(0, 0);
	if (!m)
		return;
	restrictions_write(r, net_restrictions_init_root(m));
	assert(restrictions_read(net_restrictions_root(m), &again, NULL) == 0);
	assert(!memcmp(r, &again, sizeof(again)));
	vat_message_free(m);
	restrictions_text(r, text, sizeof(text));
	assert((text[0] == '\0') == restrictions_are_any(r));
}

/* A rate (8 bytes), how many protocols (1), those (2 each), and addresses: their lengths (1), and
 * bytes. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err e = {};
	struct guard_restrictions r;
	uint64_t rate;
	if (size < 9)
		return 0;
	struct vat_message *m = vat_message_new(0, 0);
	if (!m)
		return 0;
	struct net_restrictions_b b = net_restrictions_init_root(m);
	memcpy(&rate, data, 8);
	net_restrictions_set_rate(b, rate);
	size_t at = 9, n = MIN(data[8], (size - at) / 2);
	struct vat_list_b allow = net_restrictions_init_allow(b, (uint32_t)n);
	for (uint32_t i = 0; i < n; i++, at += 2)
		vat_list_set_u16(allow, i, (uint16_t)(data[at] | data[at + 1] << 8));
	size_t ends[256], n_macs = 0;
	for (size_t p = at; p < size && n_macs < ARRAY_SIZE(ends); n_macs++) {
		p += 1 + (size_t)(data[p] & 15);
		ends[n_macs] = MIN(p, size);
	}
	struct vat_list_b macs = net_restrictions_init_macs(b, (uint32_t)n_macs);
	for (uint32_t i = 0; i < n_macs; at = ends[i++])
		vat_set_data(vat_list_ptr_b(macs, i),
			(struct vat_data){data + at + 1, (uint32_t)(ends[i] - at - 1)});
	if (restrictions_read(net_restrictions_root(m), &r, &e) == 0)
		check(net_restrictions_root(m), &r);
	else
		assert(e.code < 0 && e.msg[0]);
	vat_message_free(m);
	return 0;
}
