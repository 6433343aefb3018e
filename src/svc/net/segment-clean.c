/* SPDX-License-Identifier: MIT */
/*
 * What a killed process left at interfaces that are not ours: programs of splices, and interfaces
 * that it had brought up.  Its own links are removed by whoever calls this, afterwards: their marks
 * are needed here.
 */
#include "svc/net/segment-priv.h"

#include <stdio.h>

static bool is_what(const struct net_service *ns, const struct rtnl_link *l, const char *what)
{
	char mine[16], id[33];
	return net_mark_is_ours(ns, l->alias, mine, id) && (!what || !strcmp(mine, what));
}

/* A port of a bridge of ours that is not ours: out of it, and down if it was. */
static int clean_port(
	struct place *p, const struct rtnl_link *l, const struct rtnl_link *bridge, struct err *e)
{
	bool plain = is_what(p->ns, bridge, "bridge"), up = is_what(p->ns, bridge, "bridge-up");
	struct rtnl_change c = {.what = RTNL_SET_MASTER | (up ? RTNL_SET_UP : 0)};
	if ((!plain && !up) || is_what(p->ns, l, NULL))
		return 0;
	return rtnl_link_set(p->rtnl, l->index, &c, e);
}

static int clean(struct place *p, const struct rtnl_link *list, size_t count, size_t i,
	const char *owner, struct err *e)
{
	int r = splice_clean(p->rtnl, list[i].index, owner, e);
	for (size_t k = 0; k < count && r >= 0 && list[i].master; k++)
		if (list[k].index == list[i].master)
			r = clean_port(p, &list[i], &list[k], e);
	return r;
}

int segment_clean(struct place *p, struct err *e)
{
	AUTO_FREE struct rtnl_link *list = NULL;
	size_t count = 0;
	char owner[SPLICE_OWNER_MAX + 1];
	int first = 0;
	(void)snprintf(owner, sizeof(owner), "metac %s", p->ns->address_text);
	int r = rtnl_link_list(p->rtnl, &list, &count, e);
	if (r < 0)
		return r;
	for (size_t i = 0; i < count; i++) {
		struct err why = {};
		r = clean(p, list, count, i, owner, &why);
		if (r < 0 && r != -ENODEV && first >= 0)
			first = err_set(e, r, "%s: %s", list[i].name, why.msg);
	}
	return first;
}
