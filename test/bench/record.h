/* SPDX-License-Identifier: MIT */
#pragma once
/* The record of bench.capnp, about a kilobyte, that serialization is measured with: filled with the
 * same that the C++ side has, and read to the last byte. */
#include "interop/bench.capnp.h"

enum { RECORD_ITEMS = 12, RECORD_RATIOS = 16, RECORD_PAYLOAD = 256 };

static void record_fill(struct bench_record_b r)
{
	bench_record_set_id(r, UINT64_C(0x1122334455667788));
	bench_record_set_kind(r, 7);
	bench_record_set_flags(r, 0xdeadbeef);
	bench_record_set_name(r, vat_str("a-name-of-some-resource-26"));
	bench_record_set_owner(r, vat_str("who/owns/the/resource@example"));
	struct bench_item_list_b items = bench_record_init_items(r, RECORD_ITEMS);
	for (uint32_t i = 0; i < RECORD_ITEMS; i++) {
		struct bench_item_b item = bench_item_at_b(items, i);
		bench_item_set_key(item, vat_str("key-of-an-item"));
		bench_item_set_value(item, i * UINT64_C(1000003));
		bench_item_set_weight(item, (float)i / 2);
		bench_item_set_on(item, i & 1);
	}
	memset(bench_record_init_payload(r, RECORD_PAYLOAD), 0x5a, RECORD_PAYLOAD);
	struct vat_list_b ratios = bench_record_init_ratios(r, RECORD_RATIOS);
	for (uint32_t i = 0; i < RECORD_RATIOS; i++)
		vat_list_set_f64(ratios, i, i * 1.25);
}

static uint64_t record_sum(struct bench_record_r r)
{
	uint64_t s = bench_record_get_id(r) + bench_record_get_kind(r) + bench_record_get_flags(r) +
		     bench_record_get_name(r).len + bench_record_get_owner(r).len;
	struct bench_item_list_r items = bench_record_get_items(r);
	for (uint32_t i = 0; i < items.l.count; i++) {
		struct bench_item_r item = bench_item_at(items, i);
		s += bench_item_get_key(item).len + bench_item_get_value(item) +
		     (uint64_t)bench_item_get_weight(item) + bench_item_get_on(item);
	}
	struct vat_data d = bench_record_get_payload(r);
	for (uint32_t i = 0; i < d.len; i++)
		s += ((const uint8_t *)d.p)[i];
	struct vat_list_r ratios = bench_record_get_ratios(r);
	for (uint32_t i = 0; i < ratios.count; i++)
		s += (uint64_t)vat_list_f64(ratios, i);
	return s;
}
