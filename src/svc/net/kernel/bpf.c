/* SPDX-License-Identifier: MIT */
/*
 * Jumps are kept in a list until the program is loaded, when all labels are known. A program is
 * loaded without the verifier's log first; only one that was refused is loaded again to get it,
 * since the log costs more than the check.
 */
#include "svc/net/kernel/bpf.h"

#include <stdio.h>
#include <sys/syscall.h>

enum { LOG_SIZE = 64 * 1024, LOG_SHOWN = 600 };

static int sys_bpf(enum bpf_cmd cmd, union bpf_attr *attr)
{
	int r = (int)syscall(SYS_bpf, cmd, attr, sizeof(*attr)); /* descriptors are CLOEXEC */
	return r < 0 ? -errno : r;
}

static uint64_t pointer(const void *p)
{
	return (uint64_t)(uintptr_t)p;
}

void bpf_put(struct bpf_code *c, struct bpf_insn i)
{
	if (c->n >= BPF_CODE_MAX)
		c->broken = true;
	else
		c->insn[c->n++] = i;
}

void bpf_put_map(struct bpf_code *c, unsigned reg, int map)
{
	bpf_put(c, BPF_INSN(BPF_LD | BPF_DW | BPF_IMM, reg & 15, BPF_PSEUDO_MAP_FD, 0, map));
	bpf_put(c, BPF_INSN(0, 0, 0, 0, 0));
}

static void put_jump(struct bpf_code *c, struct bpf_insn i, unsigned label)
{
	if (c->n_jumps >= BPF_CODE_JUMPS || label >= BPF_CODE_LABELS) {
		c->broken = true;
		return;
	}
	c->jump[c->n_jumps].at = c->n;
	c->jump[c->n_jumps++].label = label;
	bpf_put(c, i);
}

void bpf_jump(struct bpf_code *c, unsigned op, unsigned reg, int32_t imm, unsigned label)
{
	put_jump(c, BPF_INSN((BPF_JMP | op | BPF_K) & 255, reg & 15, 0, 0, imm), label);
}

void bpf_jump32(struct bpf_code *c, unsigned op, unsigned reg, uint32_t imm, unsigned label)
{
	put_jump(c, BPF_INSN((BPF_JMP32 | op | BPF_K) & 255, reg & 15, 0, 0, (int32_t)imm), label);
}

void bpf_jump_r(struct bpf_code *c, unsigned op, unsigned reg, unsigned other, unsigned label)
{
	put_jump(c, BPF_INSN((BPF_JMP | op | BPF_X) & 255, reg & 15, other & 15, 0, 0), label);
}

void bpf_label(struct bpf_code *c, unsigned label)
{
	if (label >= BPF_CODE_LABELS || c->label[label])
		c->broken = true;
	else
		c->label[label] = c->n + 1;
}

/* Offsets count from the instruction after the jump. */
static bool resolve(struct bpf_code *c)
{
	for (unsigned i = 0; i < c->n_jumps && !c->broken; i++) {
		unsigned at = c->jump[i].at, to = c->label[c->jump[i].label];
		if (!to || at >= c->n)
			c->broken = true;
		else
			c->insn[at].off = (int16_t)((int)to - 1 - (int)at - 1);
	}
	return !c->broken;
}

/* The verifier's reason is at the end of what it writes, before a line with statistics. */
static const char *last_words(char *log)
{
	size_t n = strlen(log);
	const char *statistics = strstr(log, "\nprocessed ");
	if (statistics)
		n = (size_t)(statistics - log);
	log[n] = '\0';
	return n > LOG_SHOWN ? log + n - LOG_SHOWN : log;
}

int bpf_load(struct bpf_code *c, const char *name, int *ret, struct err *e)
{
	if (!resolve(c))
		return err_set(e, -E2BIG, "BPF program %s is not well-formed", name);
	union bpf_attr attr;
	memset(&attr, 0, sizeof(attr));
	attr.prog_type = BPF_PROG_TYPE_SCHED_CLS;
	attr.insn_cnt = c->n;
	attr.insns = pointer(c->insn);
	attr.license = pointer("MIT");
	snprintf(attr.prog_name, sizeof(attr.prog_name), "%s", name);
	int r = sys_bpf(BPF_PROG_LOAD, &attr);
	if (r >= 0) {
		*ret = r;
		return 0;
	}
	if (r == -EPERM)
		return err_set(e, r, "BPF program %s: CAP_BPF and CAP_NET_ADMIN are needed", name);
	AUTO_FREE char *log = calloc(1, LOG_SIZE);
	if (!log)
		return err_errno(e, r, "BPF program %s", name);
	attr.log_buf = pointer(log);
	attr.log_size = LOG_SIZE;
	attr.log_level = 1;
	int again = sys_bpf(BPF_PROG_LOAD, &attr);
	fd_close(again);
	return err_errno(e, r, "BPF program %s: %s", name, last_words(log));
}

static int map_new(enum bpf_map_type type, const char *name, unsigned key_size, unsigned value_size,
	unsigned entries, int *ret, struct err *e)
{
	union bpf_attr attr;
	memset(&attr, 0, sizeof(attr));
	attr.map_type = type;
	attr.key_size = key_size;
	attr.value_size = value_size;
	attr.max_entries = entries;
	snprintf(attr.map_name, sizeof(attr.map_name), "%s", name);
	int r = sys_bpf(BPF_MAP_CREATE, &attr);
	if (r < 0)
		return err_errno(e, r, "BPF map %s", name);
	*ret = r;
	return 0;
}

int bpf_map_lru(const char *name, unsigned key_size, unsigned value_size, unsigned entries,
	int *ret, struct err *e)
{
	return map_new(BPF_MAP_TYPE_LRU_HASH, name, key_size, value_size, entries, ret, e);
}

int bpf_map_array(const char *name, unsigned value_size, unsigned entries, int *ret, struct err *e)
{
	return map_new(BPF_MAP_TYPE_ARRAY, name, sizeof(uint32_t), value_size, entries, ret, e);
}

int bpf_map_get(int map, const void *key, void *ret_value)
{
	union bpf_attr attr;
	memset(&attr, 0, sizeof(attr));
	attr.map_fd = (uint32_t)map;
	attr.key = pointer(key);
	attr.value = pointer(ret_value);
	return sys_bpf(BPF_MAP_LOOKUP_ELEM, &attr);
}

int bpf_map_set(int map, const void *key, const void *value)
{
	union bpf_attr attr;
	memset(&attr, 0, sizeof(attr));
	attr.map_fd = (uint32_t)map;
	attr.key = pointer(key);
	attr.value = pointer(value);
	return sys_bpf(BPF_MAP_UPDATE_ELEM, &attr);
}

int bpf_map_next(int map, const void *key, void *ret_key)
{
	union bpf_attr attr;
	memset(&attr, 0, sizeof(attr));
	attr.map_fd = (uint32_t)map;
	attr.key = pointer(key);
	attr.next_key = pointer(ret_key);
	return sys_bpf(BPF_MAP_GET_NEXT_KEY, &attr);
}
