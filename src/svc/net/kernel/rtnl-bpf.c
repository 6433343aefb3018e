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
#include <stdio.h>

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

static struct nlmsghdr *begin_clsact(
	struct rtnl_request *req, uint16_t type, uint16_t flags, int index)
{
	struct nlmsghdr *h = begin_tc(req, type, flags, index, TC_H_CLSACT);
	struct tcmsg *t = mnl_nlmsg_get_payload(h);
	t->tcm_handle = TC_H_MAKE(TC_H_CLSACT, 0);
	return h;
}

int rtnl_clsact_add(struct rtnl *n, int index, bool *ret_made, struct err *e)
{
	struct rtnl_request req;
	struct err why = {};
	struct nlmsghdr *h = begin_clsact(&req, RTM_NEWQDISC, NLM_F_CREATE | NLM_F_EXCL, index);
	mnl_attr_put_strz(h, TCA_KIND, "clsact");
	int r = rtnl_talk(n, h, NULL, NULL, &why);
	if (r < 0 && r != -EEXIST)
		return err_set(e, r, "make a clsact qdisc: %s", why.msg);
	*ret_made = r >= 0;
	return 0;
}

int rtnl_bpf_attach(struct rtnl *n, int index, bool ingress, uint16_t priority, int program,
	const char *name, struct err *e)
{
	struct rtnl_request req;
	struct nlmsghdr *h =
		begin_filter(&req, RTM_NEWTFILTER, NLM_F_CREATE, index, ingress, priority);
	struct nlattr *options = mnl_attr_nest_start(h, TCA_OPTIONS);
	mnl_attr_put_u32(h, TCA_BPF_FD, (uint32_t)program);
	mnl_attr_put_strz(h, TCA_BPF_NAME, name);
	mnl_attr_put_u32(h, TCA_BPF_FLAGS, TCA_BPF_FLAG_ACT_DIRECT);
	mnl_attr_nest_end(h, options);
	return rtnl_say(rtnl_talk(n, h, NULL, NULL, e), e, "attach the program", name);
}

int rtnl_bpf_detach(struct rtnl *n, int index, bool ingress, uint16_t priority, struct err *e)
{
	struct rtnl_request req;
	struct nlmsghdr *h = begin_filter(&req, RTM_DELTFILTER, 0, index, ingress, priority);
	return rtnl_say(rtnl_talk(n, h, NULL, NULL, e), e, "detach a program", NULL);
}

struct filters {
	struct rtnl_filter *list;
	size_t count, max;
};

/* The kernel lists a priority and, if there is one, each filter in it. */
static int on_filter(const struct nlmsghdr *h, void *user)
{
	struct filters *f = user;
	const struct tcmsg *m = mnl_nlmsg_get_payload(h);
	const struct nlattr *t[TCA_MAX + 1], *b[TCA_BPF_MAX + 1];
	if (h->nlmsg_type != RTM_NEWTFILTER || mnl_nlmsg_get_payload_len(h) < sizeof(*m) ||
		f->count >= f->max)
		return MNL_CB_OK;
	struct rtnl_filter *ret = &f->list[f->count++];
	ret->priority = (uint16_t)(TC_H_MAJ(m->tcm_info) >> 16);
	ret->name[0] = 0;
	rtnl_attrs(h, sizeof(*m), t, TCA_MAX);
	if (!t[TCA_KIND] || mnl_attr_validate(t[TCA_KIND], MNL_TYPE_NUL_STRING) < 0 ||
		strcmp(mnl_attr_get_str(t[TCA_KIND]), "bpf") || !t[TCA_OPTIONS])
		return MNL_CB_OK;
	rtnl_attrs_nested(t[TCA_OPTIONS], b, TCA_BPF_MAX);
	if (b[TCA_BPF_NAME] && mnl_attr_validate(b[TCA_BPF_NAME], MNL_TYPE_NUL_STRING) >= 0)
		(void)snprintf(
			ret->name, sizeof(ret->name), "%s", mnl_attr_get_str(b[TCA_BPF_NAME]));
	return MNL_CB_OK;
}

int rtnl_filter_list(
	struct rtnl *n, int index, bool ingress, struct rtnl_filter *ret, size_t max, struct err *e)
{
	struct rtnl_request req;
	struct filters f = {.list = ret, .max = max};
	struct nlmsghdr *h = begin_tc(&req, RTM_GETTFILTER, NLM_F_DUMP, index, place_of(ingress));
	int r = rtnl_talk(n, h, on_filter, &f, e);
	return r < 0 ? rtnl_say(r, e, "list programs", NULL) : (int)f.count;
}

int rtnl_clsact_delete(struct rtnl *n, int index, struct err *e)
{
	struct rtnl_request req;
	struct rtnl_filter one;
	int r = rtnl_filter_list(n, index, true, &one, 1, e);
	if (r == 0)
		r = rtnl_filter_list(n, index, false, &one, 1, e);
	if (r != 0)
		return MIN(r, 0);
	struct nlmsghdr *h = begin_clsact(&req, RTM_DELQDISC, 0, index);
	return rtnl_say(rtnl_talk(n, h, NULL, NULL, e), e, "delete the clsact qdisc", NULL);
}
