/* SPDX-License-Identifier: MIT */
/*
 * Reading one named counter: NFT_MSG_GETOBJ (linux/netfilter/nf_tables.h), and whether a table is
 * there.  Asked through libnftables, the kernel would send everything of the table first.
 */
#include "svc/net/kernel/guard-private.h"

#include <arpa/inet.h>
#include <endian.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

struct found {
	bool is;
	uint64_t packets;
};

static int on_counter(const struct nlattr *a, void *user)
{
	struct found *f = user;
	if (mnl_attr_get_type(a) == NFTA_COUNTER_PACKETS &&
		mnl_attr_validate(a, MNL_TYPE_U64) >= 0) {
		f->packets = be64toh(mnl_attr_get_u64(a));
		f->is = true;
	}
	return MNL_CB_OK;
}

static int on_object(const struct nlattr *a, void *user)
{
	if (mnl_attr_get_type(a) == NFTA_OBJ_DATA)
		return mnl_attr_parse_nested(a, on_counter, user);
	return MNL_CB_OK;
}

static int on_table(const struct nlmsghdr *h, void *user)
{
	struct found *f = user;
	f->is = true;
	return MNL_CB_OK;
}

static int on_message(const struct nlmsghdr *h, void *user)
{
	return mnl_attr_parse(h, sizeof(struct nfgenmsg), on_object, user);
}

static int exchange(struct guard *g, const struct nlmsghdr *request, mnl_cb_t each, struct found *f)
{
	char buf[4096];
	unsigned port = mnl_socket_get_portid(g->nl);
	if (mnl_socket_sendto(g->nl, request, request->nlmsg_len) < 0)
		return -errno;
	for (;;) {
		ssize_t n = mnl_socket_recvfrom(g->nl, buf, sizeof buf);
		if (n < 0)
			return -errno;
		int r = mnl_cb_run(buf, (size_t)n, g->seq, port, each, f);
		/* an answer of an earlier request that was not waited for */
		if (r < 0 && errno == ESRCH)
			continue;
		if (r < 0)
			return -errno;
		if (r == MNL_CB_STOP)
			return 0;
	}
}

static struct nlmsghdr *begin(struct guard *g, char *buf, unsigned type, uint8_t family)
{
	struct nlmsghdr *h = mnl_nlmsg_put_header(buf);
	h->nlmsg_type = (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | type);
	h->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	h->nlmsg_seq = ++g->seq;
	struct nfgenmsg *m = mnl_nlmsg_put_extra_header(h, sizeof *m);
	m->nfgen_family = family;
	m->version = NFNETLINK_V0;
	return h;
}

int guard_counter_read(
	struct guard *g, uint8_t family, const char *name, uint64_t *ret, struct err *e)
{
	char buf[512];
	struct nlmsghdr *h = begin(g, buf, NFT_MSG_GETOBJ, family);
	mnl_attr_put_strz(h, NFTA_OBJ_TABLE, g->table);
	mnl_attr_put_strz(h, NFTA_OBJ_NAME, name);
	mnl_attr_put_u32(h, NFTA_OBJ_TYPE, htonl(NFT_OBJECT_COUNTER));
	struct found f = {0};
	int r = exchange(g, h, on_message, &f);
	if (r == 0 && !f.is)
		r = -ENOENT;
	if (r < 0)
		return err_errno(e, r, "counter %s", name);
	*ret = f.packets;
	return 0;
}

bool guard_table_is_there(struct guard *g, uint8_t family)
{
	char buf[512];
	struct found f = {0};
	struct nlmsghdr *h = begin(g, buf, NFT_MSG_GETTABLE, family);
	mnl_attr_put_strz(h, NFTA_TABLE_NAME, g->table);
	return exchange(g, h, on_table, &f) == 0 && f.is;
}
