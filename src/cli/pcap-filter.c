/* SPDX-License-Identifier: MIT */
/*
 * Theory of operation: pcap-filter.h.  The few functions used here are declared as pcap(3PCAP) has
 * them; libpcap's interface has had one version, 0.8 in Debian and 1 elsewhere, for twenty years.
 *
 * A frame's VLAN tag is not in the frame when the kernel filters it, but beside it. libpcap knows
 * that of a handle for a live capture only, so one for the loopback interface is made where that is
 * allowed; without it "vlan" finds nothing.
 */
#include "cli/pcap-filter.h"

#include <dlfcn.h>
#include <stdio.h>

enum { LINKTYPE_ETHERNET = 1, ERROR_SIZE = 256, SNAP_DEFAULT = 262144 };

struct instruction { /* struct bpf_insn */
	uint16_t code;
	uint8_t jt, jf;
	uint32_t k;
};

struct program { /* struct bpf_program */
	unsigned len;
	struct instruction *code;
};

struct library {
	void *handle;
	void *(*open_live)(const char *device, int snap, int promiscuous, int ms, char *error);
	void *(*open_dead)(int link_type, int snap);
	int (*compile)(
		void *pcap, struct program *ret, const char *text, int optimize, uint32_t netmask);
	char *(*geterr)(void *pcap);
	void (*freecode)(struct program *p);
	void (*close)(void *pcap);
};

static bool find(struct library *l, const char *name, void *function)
{
	void *p = dlsym(l->handle, name);
	memcpy(function, &p, sizeof(p)); /* a pointer to a function is no pointer to data in C */
	return p;
}

static int load(struct library *l, struct err *e)
{
	static const char *const names[] = {"libpcap.so.0.8", "libpcap.so.1"};
	*l = (struct library){};
	for (size_t i = 0; i < ARRAY_SIZE(names) && !l->handle; i++)
		l->handle = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
	if (!l->handle)
		return err_set(e, -ENOENT,
			"a filter needs libpcap, which is not installed (package libpcap0.8)");
	if (find(l, "pcap_open_live", &l->open_live) && find(l, "pcap_open_dead", &l->open_dead) &&
		find(l, "pcap_compile", &l->compile) && find(l, "pcap_geterr", &l->geterr) &&
		find(l, "pcap_freecode", &l->freecode) && find(l, "pcap_close", &l->close))
		return 0;
	(void)dlclose(l->handle);
	return err_set(e, -ENOENT, "libpcap is another one than expected");
}

static int take(const struct program *p, uint64_t *ret, uint32_t *ret_n, struct err *e)
{
	if (p->len > PCAP_FILTER_MAX)
		return err_set(e, -E2BIG, "the filter has %u instructions, of at most %d", p->len,
			PCAP_FILTER_MAX);
	for (unsigned i = 0; i < p->len; i++) {
		const struct instruction *o = &p->code[i];
		ret[i] = (uint64_t)o->code | (uint64_t)o->jt << 16 | (uint64_t)o->jf << 24 |
			 (uint64_t)o->k << 32;
	}
	*ret_n = p->len;
	return 0;
}

int pcap_filter_compile(
	const char *text, uint32_t snap, uint64_t *ret, uint32_t *ret_n, struct err *e)
{
	static const uint32_t no_netmask = 0xffffffff;
	struct library l;
	struct program p = {};
	char error[ERROR_SIZE];
	int r = load(&l, e);
	snap = snap ? snap : SNAP_DEFAULT;
	if (r < 0)
		return r;
	void *pcap = l.open_live("lo", (int)snap, 0, 1, error);
	if (!pcap)
		pcap = l.open_dead(LINKTYPE_ETHERNET, (int)snap);
	if (!pcap) {
		r = err_errno(e, -ENOMEM, "filter");
	} else if (l.compile(pcap, &p, text, 1, no_netmask) < 0) {
		r = err_set(e, -EINVAL, "filter \"%.200s\": %.200s", text, l.geterr(pcap));
	} else {
		r = take(&p, ret, ret_n, e);
		l.freecode(&p);
	}
	if (pcap)
		l.close(pcap);
	(void)dlclose(l.handle);
	return r;
}
