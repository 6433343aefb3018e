/* SPDX-License-Identifier: MIT */
/*
 * The programs of a splice, written instruction by instruction.
 *
 * Registers: 6 the frame (struct __sk_buff), 7 whether the source was new at its place, 8 the time
 * in the map's unit, 9 scratch that survives calls. The stack has the Ethernet header (DST, SRC,
 * TYPE), a value for the map, and the inner headers when they are looked at.
 *
 * A frame whose source was not known (any more) where it is goes to the leg whatever its
 * destination: so that the bridge behind the leg learns as well, and the copies are few: one for an
 * address in half a minute.
 */
#include "svc/net/splice-code.h"

#include <linux/pkt_cls.h>

enum { /* on the stack, below register 10 */
	DST = -16,
	SRC = -10,
	TYPE = -4,
	VALUE = -24,
	INNER = -88, /* 56 bytes */
};

enum {
	L_PASS,
	L_CLEAR, /* ours has come by: take the mark off, pass */
	L_DROP,
	L_GROUP,
	L_UNKNOWN,
	L_KNOWN,
	L_TO_LEG,
	L_COPY,
	L_TO_HOST,
	L_TO_WIRE,
	L_BOTH,
	L_TMP, /* and more, for use inside of one function that puts code once */
	L_TMP2,
	L_LEARNED,
	L_LEARN_NEW,
	L_OUTER,
	L_NOT_OUTER,
	L_SHORT,
	L_DECIDED,
};

enum { AGE_UNITS = 9, INNER_SIZE_4 = 36, INNER_SIZE_6 = 56 };

#define SKB(field) ((int16_t)offsetof(struct __sk_buff, field))

static void put_call(struct bpf_code *c, int function)
{
	bpf_put(c, BPF_CALL_F(function));
}

/* The frame into register 6, its Ethernet header onto the stack. */
static void put_start(struct bpf_code *c, unsigned too_short)
{
	bpf_put(c, BPF_MOV_R(6, 1));
	bpf_put(c, BPF_MOV_I(2, 0));
	bpf_put(c, BPF_MOV_R(3, 10));
	bpf_put(c, BPF_ALU_I(BPF_ADD, 3, DST));
	bpf_put(c, BPF_MOV_I(4, 14));
	put_call(c, BPF_FUNC_skb_load_bytes);
	bpf_jump(c, BPF_JNE, 0, 0, too_short);
}

/* Frames with our mark have been looked at: go to L_CLEAR. */
static void put_marked(struct bpf_code *c, uint32_t mark)
{
	bpf_put(c, BPF_GET(BPF_W, 1, 6, SKB(mark)));
	bpf_jump32(c, BPF_JEQ, 1, mark, L_CLEAR);
}

static void put_mark(struct bpf_code *c, uint32_t mark)
{
	bpf_put(c, BPF_MOV32_I(1, mark));
	bpf_put(c, BPF_SET_R(BPF_W, 6, SKB(mark), 1));
}

static void put_time(struct bpf_code *c)
{
	put_call(c, BPF_FUNC_ktime_get_coarse_ns);
	bpf_put(c, BPF_MOV_R(8, 0));
	bpf_put(c, BPF_ALU_I(BPF_RSH, 8, SPLICE_UNIT_SHIFT));
	bpf_put(c, BPF_MOV_I(7, 0));
}

static void put_lookup(struct bpf_code *c, int map, int16_t key)
{
	bpf_put_map(c, 1, map);
	bpf_put(c, BPF_MOV_R(2, 10));
	bpf_put(c, BPF_ALU_I(BPF_ADD, 2, key));
	put_call(c, BPF_FUNC_map_lookup_elem);
}

/* The source was seen at that side now. */
static void put_learn(struct bpf_code *c, int map, enum splice_side side)
{
	bpf_put(c, BPF_GET(BPF_B, 1, 10, SRC));
	bpf_jump(c, BPF_JSET, 1, 1, L_LEARNED);
	put_lookup(c, map, SRC);
	bpf_put(c, BPF_MOV_R(1, 8));
	bpf_put(c, BPF_ALU_I(BPF_LSH, 1, 2));
	bpf_put(c, BPF_ALU_I(BPF_OR, 1, side));
	bpf_jump(c, BPF_JEQ, 0, 0, L_LEARN_NEW);
	bpf_put(c, BPF_GET(BPF_DW, 2, 0, 0));
	bpf_jump_r(c, BPF_JEQ, 2, 1, L_LEARNED);
	bpf_put(c, BPF_SET_R(BPF_DW, 0, 0, 1));
	bpf_put(c, BPF_MOV_I(7, 1));
	bpf_jump(c, BPF_JA, 0, 0, L_LEARNED);

	bpf_label(c, L_LEARN_NEW);
	bpf_put(c, BPF_SET_R(BPF_DW, 10, VALUE, 1));
	bpf_put_map(c, 1, map);
	bpf_put(c, BPF_MOV_R(2, 10));
	bpf_put(c, BPF_ALU_I(BPF_ADD, 2, SRC));
	bpf_put(c, BPF_MOV_R(3, 10));
	bpf_put(c, BPF_ALU_I(BPF_ADD, 3, VALUE));
	bpf_put(c, BPF_MOV_I(4, BPF_ANY));
	put_call(c, BPF_FUNC_map_update_elem);
	bpf_put(c, BPF_MOV_I(7, 1));
	bpf_label(c, L_LEARNED);
}

/* Register 1: the side where the destination is, or to the label when that is not known. */
static void put_where(struct bpf_code *c, int map, unsigned unknown)
{
	put_lookup(c, map, DST);
	bpf_jump(c, BPF_JEQ, 0, 0, unknown);
	bpf_put(c, BPF_GET(BPF_DW, 1, 0, 0));
	bpf_put(c, BPF_MOV_R(2, 1));
	bpf_put(c, BPF_ALU_I(BPF_RSH, 2, 2));
	bpf_put(c, BPF_MOV_R(3, 8));
	bpf_put(c, BPF_ALU_R(BPF_SUB, 3, 2));
	bpf_jump(
		c, BPF_JGT, 3, AGE_UNITS, unknown); /* unsigned: also if set by one that is ahead */
	bpf_put(c, BPF_ALU_I(BPF_AND, 1, 3));
}

/* Falls through if the source is that MAC; aligned as the verifier wants it. */
static void put_source_is(struct bpf_code *c, const uint8_t mac[static RTNL_MAC_SIZE], unsigned no)
{
	uint16_t first;
	uint32_t rest;
	memcpy(&first, mac, 2);
	memcpy(&rest, mac + 2, 4);
	bpf_put(c, BPF_GET(BPF_H, 1, 10, SRC));
	bpf_jump32(c, BPF_JNE, 1, first, no);
	bpf_put(c, BPF_GET(BPF_W, 1, 10, SRC + 2));
	bpf_jump32(c, BPF_JNE, 1, rest, no);
}

static void put_destination_is(
	struct bpf_code *c, const uint8_t mac[static RTNL_MAC_SIZE], unsigned no)
{
	uint32_t first;
	uint16_t rest;
	memcpy(&first, mac, 4);
	memcpy(&rest, mac + 4, 2);
	bpf_put(c, BPF_GET(BPF_W, 1, 10, DST));
	bpf_jump32(c, BPF_JNE, 1, first, no);
	bpf_put(c, BPF_GET(BPF_H, 1, 10, DST + 4));
	bpf_jump32(c, BPF_JNE, 1, rest, no);
}

/* At L_GROUP: those that no bridge lets through go to the label (all but STP's own, which has to
 * find loops over us). */
static void put_group(struct bpf_code *c, unsigned not_bridged)
{
	static const uint8_t prefix[4] = {0x01, 0x80, 0xc2, 0x00};
	uint32_t word;
	memcpy(&word, prefix, 4);
	bpf_label(c, L_GROUP);
	bpf_put(c, BPF_GET(BPF_W, 1, 10, DST));
	bpf_jump32(c, BPF_JNE, 1, word, L_TMP);
	bpf_put(c, BPF_GET(BPF_B, 1, 10, DST + 4));
	bpf_jump(c, BPF_JNE, 1, 0, L_TMP);
	bpf_put(c, BPF_GET(BPF_B, 1, 10, DST + 5));
	bpf_jump(c, BPF_JEQ, 1, 0, L_TMP);
	bpf_jump(c, BPF_JLT, 1, 0x10, not_bridged);
	bpf_label(c, L_TMP);
}

static void put_to_group(struct bpf_code *c)
{
	bpf_put(c, BPF_GET(BPF_B, 1, 10, DST));
	bpf_jump(c, BPF_JSET, 1, 1, L_GROUP);
}

static void put_clone(struct bpf_code *c, int index, unsigned flags)
{
	bpf_put(c, BPF_MOV_R(1, 6));
	bpf_put(c, BPF_MOV_I(2, index));
	bpf_put(c, BPF_MOV_I(3, flags));
	put_call(c, BPF_FUNC_clone_redirect);
}

static void put_redirect(struct bpf_code *c, int index, unsigned flags)
{
	bpf_put(c, BPF_MOV_I(1, index));
	bpf_put(c, BPF_MOV_I(2, flags));
	put_call(c, BPF_FUNC_redirect);
	bpf_put(c, BPF_LEAVE());
}

static void put_return(struct bpf_code *c, int result)
{
	bpf_put(c, BPF_MOV_I(0, result));
	bpf_put(c, BPF_LEAVE());
}

/* The ends of both programs at the interface. */
static void put_ends(struct bpf_code *c, const struct splice_config *cfg)
{
	bpf_label(c, L_COPY);
	bpf_put(c, BPF_GET(BPF_W, 9, 6, SKB(mark)));
	put_mark(c, 0);
	put_clone(c, cfg->leg, 0);
	bpf_put(c, BPF_SET_R(BPF_W, 6, SKB(mark), 9));
	bpf_label(c, L_PASS);
	put_return(c, TC_ACT_UNSPEC);

	bpf_label(c, L_TO_LEG);
	put_mark(c, 0);
	put_redirect(c, cfg->leg, 0);

	bpf_label(c, L_CLEAR);
	put_mark(c, 0);
	put_return(c, TC_ACT_UNSPEC);
}

int splice_load_ingress(const struct splice_programs *p, int *ret, struct err *e)
{
	struct bpf_code c = {.n = 0};
	put_start(&c, L_PASS);
	put_marked(&c, p->mark);
	put_time(&c);
	put_learn(&c, p->map, SPLICE_WIRE);
	put_to_group(&c);
	put_destination_is(&c, p->cfg->mac, L_TMP2);
	bpf_jump(&c, BPF_JA, 0, 0, L_KNOWN);
	bpf_label(&c, L_TMP2);
	put_where(&c, p->map, L_COPY);
	bpf_jump(&c, BPF_JEQ, 1, SPLICE_LEG, L_TO_LEG);
	bpf_label(&c, L_KNOWN);
	bpf_jump(&c, BPF_JNE, 7, 0, L_COPY);
	bpf_jump(&c, BPF_JA, 0, 0, L_PASS);

	put_group(&c, L_PASS);
	put_ends(&c, p->cfg);
	return bpf_load(&c, "metac_ingress", ret, e);
}

static void put_inner(struct bpf_code *c, int size, unsigned too_short)
{
	bpf_put(c, BPF_MOV_R(1, 6));
	bpf_put(c, BPF_MOV_R(2, 9));
	bpf_put(c, BPF_MOV_R(3, 10));
	bpf_put(c, BPF_ALU_I(BPF_ADD, 3, INNER));
	bpf_put(c, BPF_MOV_I(4, size));
	put_call(c, BPF_FUNC_skb_load_bytes);
	bpf_jump(c, BPF_JNE, 0, 0, too_short);
}

/* The network layer's type is that one, behind one 802.1Q tag or none; register 9: where it
 * starts. */
static void put_type_is(struct bpf_code *c, uint16_t type, unsigned no)
{
	bpf_put(c, BPF_MOV_I(9, 14));
	bpf_put(c, BPF_GET(BPF_H, 1, 10, TYPE));
	bpf_jump(c, BPF_JEQ, 1, htons(type), L_TMP2);
	bpf_jump(c, BPF_JNE, 1, htons(0x8100), no);
	bpf_put(c, BPF_MOV_I(9, 16));
	put_inner(c, 2, no);
	bpf_put(c, BPF_GET(BPF_H, 1, 10, INNER));
	bpf_jump(c, BPF_JNE, 1, htons(type), no);
	bpf_put(c, BPF_MOV_I(9, 18));
	bpf_label(c, L_TMP2);
}

static void put_word_is(struct bpf_code *c, int16_t at, const void *word, unsigned no)
{
	uint32_t value;
	memcpy(&value, word, 4);
	bpf_put(c, BPF_GET(BPF_W, 1, 10, (int16_t)(INNER + at)));
	bpf_jump32(c, BPF_JNE, 1, value, no);
}

/* A VXLAN header (RFC 7348, 5): only the I flag, reserved bits 0. */
static void put_vxlan_is(struct bpf_code *c, int16_t at, unsigned no)
{
	static const uint8_t flags[4] = {0x08, 0, 0, 0};
	put_word_is(c, at, flags, no);
	bpf_put(c, BPF_GET(BPF_B, 1, 10, (int16_t)(INNER + at + 7)));
	bpf_jump(c, BPF_JNE, 1, 0, no);
	bpf_jump(c, BPF_JA, 0, 0, L_PASS);
}

/* To L_PASS with packets of tunnels of this node, or later fragments of such. */
static void put_outer_4(struct bpf_code *c, const struct rtnl_ip *outer)
{
	put_type_is(c, 0x0800, L_NOT_OUTER);
	put_inner(c, INNER_SIZE_4, L_NOT_OUTER);
	put_word_is(c, 12, &outer->v4, L_NOT_OUTER);
	bpf_put(c, BPF_GET(BPF_B, 1, 10, INNER + 9));
	bpf_jump(c, BPF_JNE, 1, IPPROTO_UDP, L_NOT_OUTER);
	bpf_put(c, BPF_GET(BPF_H, 1, 10, INNER + 6));
	bpf_jump(c, BPF_JSET, 1, htons(0x1fff), L_PASS);
	bpf_put(c, BPF_GET(BPF_B, 1, 10, INNER));
	bpf_jump(c, BPF_JNE, 1, 0x45, L_NOT_OUTER);
	put_vxlan_is(c, 28, L_NOT_OUTER);
}

static void put_outer_6(struct bpf_code *c, const struct rtnl_ip *outer)
{
	put_type_is(c, 0x86dd, L_NOT_OUTER);
	put_inner(c, INNER_SIZE_6, L_NOT_OUTER);
	for (int16_t i = 0; i < 16; i += 4)
		put_word_is(c, (int16_t)(8 + i), outer->v6.s6_addr + i, L_NOT_OUTER);
	bpf_put(c, BPF_GET(BPF_B, 1, 10, INNER + 6));
	bpf_jump(c, BPF_JEQ, 1, IPPROTO_FRAGMENT, L_PASS);
	bpf_jump(c, BPF_JNE, 1, IPPROTO_UDP, L_NOT_OUTER);
	put_vxlan_is(c, 48, L_NOT_OUTER);
}

int splice_load_egress(const struct splice_programs *p, int *ret, struct err *e)
{
	const struct rtnl_ip *outer = &p->cfg->outer;
	struct bpf_code c = {.n = 0};
	put_start(&c, L_PASS);
	put_marked(&c, p->mark);
	put_time(&c);
	put_source_is(&c, p->cfg->mac, L_UNKNOWN);
	bpf_jump(&c, BPF_JA, 0, 0, L_LEARNED);
	bpf_label(&c, L_UNKNOWN); /* of a macvlan on top of it, say */
	put_learn(&c, p->map, SPLICE_HOST);
	put_to_group(&c);

	bpf_put(&c, BPF_SET_I(BPF_DW, 10, VALUE, 0)); /* not known */
	put_where(&c, p->map, L_OUTER);
	bpf_put(&c, BPF_SET_R(BPF_DW, 10, VALUE, 1));
	bpf_jump(&c, BPF_JEQ, 1, SPLICE_LEG, L_OUTER);
	bpf_jump(&c, BPF_JEQ, 7, 0, L_PASS);
	bpf_label(&c, L_OUTER);
	if (outer->family == AF_INET)
		put_outer_4(&c, outer);
	else if (outer->family == AF_INET6)
		put_outer_6(&c, outer);
	bpf_label(&c, L_NOT_OUTER);
	bpf_put(&c, BPF_GET(BPF_DW, 1, 10, VALUE));
	bpf_jump(&c, BPF_JEQ, 1, SPLICE_LEG, L_TO_LEG);
	bpf_jump(&c, BPF_JA, 0, 0, L_COPY);

	put_group(&c, L_PASS);
	put_ends(&c, p->cfg);
	return bpf_load(&c, "metac_egress", ret, e);
}

/* What is too large for the wire: a network card may do anything with that. A tag (4 bytes) may be
 * inside of the frame. */
static void put_size(struct bpf_code *c, uint32_t mtu)
{
	bpf_put(c, BPF_GET(BPF_W, 1, 6, SKB(gso_size)));
	bpf_jump(c, BPF_JNE, 1, 0, L_SHORT); /* is cut into pieces of that size */
	bpf_put(c, BPF_GET(BPF_W, 1, 6, SKB(len)));
	bpf_jump(c, BPF_JGT, 1, (int32_t)MIN(mtu, 1u << 20) + 18, L_DROP);
	bpf_label(c, L_SHORT);
}

int splice_load_leg(const struct splice_programs *p, int *ret, struct err *e)
{
	const struct splice_config *cfg = p->cfg;
	struct bpf_code c = {.n = 0};
	put_start(&c, L_DROP);
	put_size(&c, cfg->mtu);
	put_source_is(&c, cfg->mac, L_TMP2);
	bpf_jump(&c, BPF_JA, 0, 0, L_DROP);
	bpf_label(&c, L_TMP2);
	put_time(&c);
	put_learn(&c, p->map, SPLICE_LEG);
	put_mark(&c, p->mark);
	put_to_group(&c);
	put_destination_is(&c, cfg->mac, L_UNKNOWN);
	bpf_jump(&c, BPF_JA, 0, 0, L_TO_HOST);
	bpf_label(&c, L_UNKNOWN);
	put_where(&c, p->map, L_BOTH);
	bpf_jump(&c, BPF_JEQ, 1, SPLICE_HOST, L_TO_HOST);
	bpf_jump(&c, BPF_JEQ, 1, SPLICE_WIRE, L_TO_WIRE);
	bpf_jump(&c, BPF_JA, 0, 0, L_DROP);

	put_group(&c, L_DROP);
	bpf_label(&c, L_BOTH);
	put_clone(&c, cfg->iface, BPF_F_INGRESS);
	bpf_label(&c, L_TO_WIRE);
	put_redirect(&c, cfg->iface, 0);
	bpf_label(&c, L_TO_HOST);
	put_redirect(&c, cfg->iface, BPF_F_INGRESS);
	bpf_label(&c, L_DROP);
	put_return(&c, TC_ACT_SHOT);
	return bpf_load(&c, "metac_leg", ret, e);
}
