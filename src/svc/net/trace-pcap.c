/* SPDX-License-Identifier: MIT */
/*
 * The pcap format (draft-ietf-opsawg-pcap), in this machine's byte order, which the magic number
 * tells a reader.  The kernel takes VLAN tags off frames and tells of them beside (packet(7),
 * PACKET_AUXDATA, the same in a ring): they are put back, after the two addresses.
 */
#include "svc/net/trace.h"

#include <linux/if_ether.h>

enum { MAGIC_NANOSECONDS = 0xa1b23c4d, LINKTYPE_ETHERNET = 1, ADDRESSES = 2 * ETH_ALEN };

static uint8_t *put(uint8_t *at, const void *p, size_t n)
{
	memcpy(at, p, n);
	return at + n;
}

static uint8_t *put_u32(uint8_t *at, uint32_t v)
{
	return put(at, &v, sizeof(v));
}

static uint8_t *put_be16(uint8_t *at, uint16_t v)
{
	at[0] = (uint8_t)(v >> 8);
	at[1] = (uint8_t)v;
	return at + 2;
}

void trace_put_header(uint8_t ret[static TRACE_HEADER_BYTES], uint32_t snap)
{
	static const uint16_t version[2] = {2, 4};
	uint8_t *at = put_u32(ret, MAGIC_NANOSECONDS);
	at = put(at, version, sizeof(version));
	at = put_u32(at, 0);
	at = put_u32(at, 0);
	at = put_u32(at, snap);
	at = put_u32(at, LINKTYPE_ETHERNET);
	assert(at == ret + TRACE_HEADER_BYTES);
}

size_t trace_put_frame(uint8_t *ret, const struct trace_frame *f, uint32_t snap)
{
	bool tagged = f->tagged && f->kept >= ADDRESSES;
	uint32_t tag = tagged ? TRACE_VLAN_BYTES : 0;
	uint32_t kept = MIN(f->kept + tag, snap);
	uint8_t whole[ADDRESSES + TRACE_VLAN_BYTES];
	uint8_t *at = put_u32(ret, (uint32_t)f->seconds);
	at = put_u32(at, f->nanoseconds);
	at = put_u32(at, kept);
	at = put_u32(at, f->length + tag);
	if (!tagged) {
		at = put(at, f->data, kept);
		return (size_t)(at - ret);
	}
	(void)put_be16(put_be16(put(whole, f->data, ADDRESSES), f->tpid), f->tci);
	at = put(at, whole, MIN(kept, (uint32_t)sizeof(whole)));
	if (kept > sizeof(whole))
		at = put(at, f->data + ADDRESSES, kept - sizeof(whole));
	return (size_t)(at - ret);
}

void trace_read_frame(const struct tpacket3_hdr *h, struct trace_frame *ret)
{
	*ret = (struct trace_frame){
		.seconds = h->tp_sec,
		.nanoseconds = h->tp_nsec,
		.length = h->tp_len,
		.kept = h->tp_snaplen,
		.data = (const uint8_t *)h + h->tp_mac,
		.tagged = h->tp_status & TP_STATUS_VLAN_VALID,
		.tpid = h->tp_status & TP_STATUS_VLAN_TPID_VALID ? h->hv1.tp_vlan_tpid
								 : ETH_P_8021Q,
		.tci = (uint16_t)h->hv1.tp_vlan_tci,
	};
}
