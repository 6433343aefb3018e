/* SPDX-License-Identifier: MIT */
/*
 * Theory of operation: the clsact qdisc of a link has two places for filters, before what it
 * receives and after what it sends.  A filter of kind "bpf" in direct action mode is a program
 * whose result says what becomes of the packet, and all that it does.  Ours have handle 1 in their
 * priority, so that a new one takes the place of the old without a moment between.
 */
#include "svc/net/kernel/rtnl-priv.h"

#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>

enum { HANDLE = 1 };

static struct nlmsghdr *begin_tc(
	struct rtnl_request *req, uint16_t type, uint16_t flags, int index, uint32_t parent)
{
	struct nlmsghdr *h = rtnl_begin(req, type, flags, sizeof(struct tcmsg));
	struct tcmsg *t = mnl_nlmsg_get_payload(h);
	t->tcm_family = AF_UNSPEC;
	t->tcm_ifindex = index;
	t->tcm_parent = parent;
	return h;
}

static uint32_t place_of(bool ingress)
{
	return TC_H_MAKE(TC_H_CLSACT, ingress ? TC_H_MIN_INGRESS : TC_H_MIN_EGRESS);
}

static struct nlmsghdr *begin_filter(struct rtnl_request *req, uint16_t type, uint16_t flags,
	int index, bool ingress, uint16_t priority)
{
	struct nlmsghdr *h = begin_tc(req, type, flags, index, place_of(ingress));
	struct tcmsg *t = mnl_nlmsg_get_payload(h);
	t->tcm_handle = HANDLE;
	t->tcm_info = TC_H_MAKE((uint32_t)priority << 16, htons(ETH_P_ALL));
	mnl_attr_put_strz(h, TCA_KIND, "bpf");
	return h;
}

static int add_clsact(struct rtnl *n, int index, struct err *e)
{
	struct rtnl_request req;
	struct err why = {};
	struct nlmsghdr *h =
		begin_tc(&req, RTM_NEWQDISC, NLM_F_CREATE | NLM_F_EXCL, index, TC_H_CLSACT);
	struct tcmsg *t = mnl_nlmsg_get_payload(h);
	t->tcm_handle = TC_H_MAKE(TC_H_CLSACT, 0);
	mnl_attr_put_strz(h, TCA_KIND, "clsact");
	int r = rtnl_talk(n, h, NULL, NULL, &why);
	if (r == -EEXIST)
		return 0;
	return r < 0 ? err_set(e, r, "make a clsact qdisc: %s", why.msg) : 0;
}

int rtnl_bpf_attach(struct rtnl *n, int index, bool ingress, uint16_t priority, int program,
	const char *name, struct err *e)
{
	struct rtnl_request req;
	int r = add_clsact(n, index, e);
	if (r < 0)
		return r;
	struct nlmsghdr *h =
		begin_filter(&req, RTM_NEWTFILTER, NLM_F_CREATE, index, ingress, priority);
	struct nlattr *options = mnl_attr_nest_start(h, TCA_OPTIONS);
	mnl_attr_put_u32(h, TCA_BPF_FD, (uint32_t)program);
	mnl_attr_put_strz(h, TCA_BPF_NAME, name);
	mnl_attr_put_u32(h, TCA_BPF_FLAGS, TCA_BPF_FLAG_ACT_DIRECT);
	mnl_attr_nest_end(h, options);
	return rtnl_say(rtnl_talk(n, h, NULL, NULL, e), e, "attach the program", name);
}

static int on_filter(const struct nlmsghdr *h, void *user)
{
	*(unsigned *)user += h->nlmsg_type == RTM_NEWTFILTER;
	return MNL_CB_OK;
}

/* True if there may be any. */
static bool has_filters(struct rtnl *n, int index, bool ingress)
{
	struct rtnl_request req;
	unsigned count = 0;
	struct nlmsghdr *h = begin_tc(&req, RTM_GETTFILTER, NLM_F_DUMP, index, place_of(ingress));
	return rtnl_talk(n, h, on_filter, &count, NULL) < 0 || count > 0;
}

int rtnl_bpf_detach(struct rtnl *n, int index, bool ingress, uint16_t priority, struct err *e)
{
	struct rtnl_request req;
	struct nlmsghdr *h = begin_filter(&req, RTM_DELTFILTER, 0, index, ingress, priority);
	int r = rtnl_talk(n, h, NULL, NULL, e);
	if (r < 0)
		return rtnl_say(r, e, "detach a program", NULL);
	if (has_filters(n, index, true) || has_filters(n, index, false))
		return 0;
	h = begin_tc(&req, RTM_DELQDISC, 0, index, TC_H_CLSACT);
	struct tcmsg *t = mnl_nlmsg_get_payload(h);
	t->tcm_handle = TC_H_MAKE(TC_H_CLSACT, 0);
	(void)rtnl_talk(n, h, NULL, NULL, NULL);
	return 0;
}
