/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * BPF programs for links (bpf(2), Documentation/bpf/standardization/instruction-set.rst), written
 * an instruction a line: no compiler is needed where they run.
 *
 *	struct bpf_code c = {.n = 0};
 *	bpf_put(&c, BPF_MOV_R(6, 1));
 *	bpf_jump(&c, BPF_JEQ, 0, 0, L_NONE);	forwards or backwards, to a label
 *	...
 *	bpf_label(&c, L_NONE);
 *	bpf_put(&c, BPF_EXIT());
 *	r = bpf_load(&c, "name", &fd, e);
 *
 * What does not fit, or jumps to a label that is nowhere, makes bpf_load() fail with -E2BIG.
 */
#include "base/err.h"

#include <linux/bpf.h>

enum {
	BPF_CODE_MAX = 256, /* instructions */
	BPF_CODE_LABELS = 24,
	BPF_CODE_JUMPS = 64,
};

struct bpf_code { /* start with all zero */
	unsigned n, n_jumps;
	bool broken; /* something did not fit */
	struct bpf_insn insn[BPF_CODE_MAX];
	unsigned label[BPF_CODE_LABELS]; /* where it is, + 1; 0: nowhere yet */
	struct {
		unsigned at, label;
	} jump[BPF_CODE_JUMPS];
};

/* ---- instructions: registers 0 to 10, 64 bits unless the name says 32 ---- */

#define BPF_INSN(c, d, s, o, i) \
	((struct bpf_insn){.code = (c), .dst_reg = (d), .src_reg = (s), .off = (o), .imm = (i)})
#define BPF_MOV_R(d, s) BPF_INSN(BPF_ALU64 | BPF_MOV | BPF_X, d, s, 0, 0)
#define BPF_MOV_I(d, imm) BPF_INSN(BPF_ALU64 | BPF_MOV | BPF_K, d, 0, 0, (int32_t)(imm))
#define BPF_MOV32_I(d, imm) BPF_INSN(BPF_ALU | BPF_MOV | BPF_K, d, 0, 0, (int32_t)(imm))
#define BPF_ALU_R(op, d, s) BPF_INSN(BPF_ALU64 | (op) | BPF_X, d, s, 0, 0)
#define BPF_ALU_I(op, d, imm) BPF_INSN(BPF_ALU64 | (op) | BPF_K, d, 0, 0, (int32_t)(imm))
/* size: BPF_B, BPF_H, BPF_W, BPF_DW */
#define BPF_GET(size, d, s, off) BPF_INSN(BPF_LDX | BPF_MEM | (size), d, s, off, 0)
#define BPF_SET_R(size, d, off, s) BPF_INSN(BPF_STX | BPF_MEM | (size), d, s, off, 0)
#define BPF_SET_I(size, d, off, imm) BPF_INSN(BPF_ST | BPF_MEM | (size), d, 0, off, (int32_t)(imm))
#define BPF_CALL_F(function) BPF_INSN(BPF_JMP | BPF_CALL, 0, 0, 0, function)
#define BPF_LEAVE() BPF_INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0)

void bpf_put(struct bpf_code *c, struct bpf_insn i);
/* A map's descriptor into a register. */
void bpf_put_map(struct bpf_code *c, unsigned reg, int map);
/* Jumps to the label if reg OP imm holds (op: BPF_JEQ ...; all 64 bits, imm is sign-extended), the
 * 32-bit form compares the lower half; BPF_JA: always. */
void bpf_jump(struct bpf_code *c, unsigned op, unsigned reg, int32_t imm, unsigned label);
void bpf_jump32(struct bpf_code *c, unsigned op, unsigned reg, uint32_t imm, unsigned label);
void bpf_jump_r(struct bpf_code *c, unsigned op, unsigned reg, unsigned other, unsigned label);
/* The label is here. */
void bpf_label(struct bpf_code *c, unsigned label);

/* ---- the kernel's objects: descriptors, the caller's ---- */

/* A program for tc (BPF_PROG_TYPE_SCHED_CLS); name: at most 15 letters, digits, "_" and ".".
 * -EPERM: CAP_BPF and CAP_NET_ADMIN are needed; when the verifier refuses it e has the end of what
 * that says. */
int bpf_load(struct bpf_code *c, const char *name, int *ret, struct err *e);
/* A hash map that forgets what was not used for longest. */
int bpf_map_lru(const char *name, unsigned key_size, unsigned value_size, unsigned entries,
	int *ret, struct err *e);
/* Of so many entries, all zero; its keys are 32-bit numbers from 0 on. */
int bpf_map_array(const char *name, unsigned value_size, unsigned entries, int *ret, struct err *e);
/* -ENOENT: no such key */
int bpf_map_get(int map, const void *key, void *ret_value);
int bpf_map_set(int map, const void *key, const void *value);
/* key NULL: the first. -ENOENT: that was the last. */
int bpf_map_next(int map, const void *key, void *ret_key);
