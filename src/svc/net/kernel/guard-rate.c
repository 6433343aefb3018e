/* SPDX-License-Identifier: MIT */
/*
 * Rates: a program at each hook of a restricted link (tc-bpf(8)), since nftables' own limit of
 * bytes always lets through what a whole second makes, besides the burst it is given.
 *
 * Each direction has a time (ns), up to which what has passed has used the link.  A frame passes if
 * that is not later than now, and then moves it on by what the frame takes at the rate; the
 * time is never earlier than BURST before now.  So a frame of any size passes some time (64 KiB, as
 * segmentation offload makes them), and what it took too much is missing afterwards.
 *
 * Two processors may do this at the same time: the sum is added atomically, and what else can go
 * wrong is a frame too many.
 */
#include "svc/net/kernel/bpf.h"
#include "svc/net/kernel/guard-private.h"

#include <linux/pkt_cls.h>

enum {
	PRIORITY = 20000, /* after programs that look at frames */
	BURST_MS = 250, /* TCP is silent for 200 ms when all it sent was lost (RTO_MIN) */
	SHIFT = 16, /* of the time that a byte takes */
};

struct direction { /* value of the map, of key 0 (in) and 1 */
	uint64_t until, dropped;
};

enum { L_PASS, L_RECENT, L_DROP };

static void put_constant(struct bpf_code *c, uint8_t reg, uint64_t v)
{
	bpf_put(c, BPF_INSN(BPF_LD | BPF_DW | BPF_IMM, reg & 15, 0, 0, (int32_t)v));
	bpf_put(c, BPF_INSN(0, 0, 0, 0, (int32_t)(v >> 32)));
}

/* *(u64 *)(reg + off) += other */
static void put_add(struct bpf_code *c, uint8_t reg, int16_t off, uint8_t other)
{
	bpf_put(c, BPF_INSN(BPF_STX | BPF_ATOMIC | BPF_DW, reg & 15, other & 15, off, BPF_ADD));
}

/* Registers: 6 the frame, 7 the direction's value, 0 now, 1 until, 2 scratch. */
static void put_program(struct bpf_code *c, int map, uint32_t key, uint64_t rate)
{
	bpf_put(c, BPF_MOV_R(6, 1));
	bpf_put(c, BPF_SET_I(BPF_W, 10, -4, key));
	bpf_put_map(c, 1, map);
	bpf_put(c, BPF_MOV_R(2, 10));
	bpf_put(c, BPF_ALU_I(BPF_ADD, 2, -4));
	bpf_put(c, BPF_CALL_F(BPF_FUNC_map_lookup_elem));
	bpf_jump(c, BPF_JEQ, 0, 0, L_PASS);
	bpf_put(c, BPF_MOV_R(7, 0));
	bpf_put(c, BPF_CALL_F(BPF_FUNC_ktime_get_ns));

	bpf_put(c, BPF_GET(BPF_DW, 1, 7, offsetof(struct direction, until)));
	bpf_put(c, BPF_MOV_R(2, 0));
	bpf_put(c, BPF_ALU_I(BPF_SUB, 2, BURST_MS * 1000000));
	bpf_jump_r(c, BPF_JGE, 1, 2, L_RECENT);
	bpf_put(c, BPF_SET_R(BPF_DW, 7, offsetof(struct direction, until), 2));
	bpf_put(c, BPF_MOV_R(1, 2));
	bpf_label(c, L_RECENT);
	bpf_jump_r(c, BPF_JGT, 1, 0, L_DROP);

	put_constant(c, 2, (UINT64_C(8000000000) << SHIFT) / rate);
	bpf_put(c, BPF_GET(BPF_W, 1, 6, offsetof(struct __sk_buff, len)));
	bpf_put(c, BPF_ALU_R(BPF_MUL, 1, 2));
	bpf_put(c, BPF_ALU_I(BPF_RSH, 1, SHIFT));
	put_add(c, 7, offsetof(struct direction, until), 1);
	bpf_label(c, L_PASS);
	bpf_put(c, BPF_MOV_I(0, TC_ACT_UNSPEC));
	bpf_put(c, BPF_LEAVE());

	bpf_label(c, L_DROP);
	bpf_put(c, BPF_MOV_I(1, 1));
	put_add(c, 7, offsetof(struct direction, dropped), 1);
	bpf_put(c, BPF_MOV_I(0, TC_ACT_SHOT));
	bpf_put(c, BPF_LEAVE());
}

static int attach(struct guard *g, int index, uint32_t key, uint64_t rate, int map, struct err *e)
{
	struct bpf_code c = {.n = 0};
	int fd;
	put_program(&c, map, key, rate);
	int r = bpf_load(&c, "metac_rate", &fd, e);
	if (r < 0)
		return r;
	r = rtnl_bpf_attach(g->rtnl, index, key == 0, PRIORITY, fd, "metac rate", e);
	fd_close(fd);
	return r;
}

int guard_rate_set(struct guard *g, struct guard_device *d, struct err *e)
{
	uint64_t rate = 0;
	for (size_t i = 0; i < d->n_restrictions; i++) {
		uint64_t it = d->restrictions[i].rate;
		if (it && (!rate || it < rate))
			rate = it;
	}
	bool made;
	int map = -EBADF;
	int r = 0;
	if (rate) {
		r = bpf_map_array("metac_rate", sizeof(struct direction), 2, &map, e);
		if (r == 0)
			r = rtnl_clsact_add(g->rtnl, d->index, &made, e);
		for (uint32_t key = 0; key < 2 && r >= 0; key++)
			r = attach(g, d->index, key, rate, map, e);
	} else if (d->rate_map >= 0) {
		guard_rate_clear(g, d);
	}
	if (r < 0) {
		fd_close(map);
		return err_wrap(e, r, "limit the rate of %s", d->name);
	}
	fd_close(d->rate_map);
	d->rate_map = map;
	return 0;
}

void guard_rate_clear(struct guard *g, struct guard_device *d)
{
	for (int in = 0; in < 2; in++)
		(void)rtnl_bpf_detach(g->rtnl, d->index, in, PRIORITY, NULL);
	d->rate_map = fd_close(d->rate_map);
}

uint64_t guard_rate_dropped(const struct guard_device *d)
{
	uint64_t n = 0;
	for (uint32_t key = 0; key < 2 && d->rate_map >= 0; key++) {
		struct direction v;
		if (bpf_map_get(d->rate_map, &key, &v) == 0)
			n += v.dropped;
	}
	return n;
}
