/* SPDX-License-Identifier: MIT */
/*
 * Frames: what may come out of a link that others' frames come from, and get into it.
 *
 * Each link has a chain of its own ("in-INDEX", at ingress, before a bridge or the host sees the
 * frame), with its limits; and one at egress if it has restrictions.  They all call the chain
 * "own", which drops what is to or from the node's own address.
 *
 * That is looked for at the places where the headers are, however many VLAN tags precede them: the
 * host might have VLAN devices on the link, one on another, and be reached through these.  The
 * outermost tag is no longer in the frame at ingress, but beside it.  More than TAGS_MAX tags are
 * not let through.  A frame that is cut into IP fragments has the addresses in each.
 */
#include "svc/net/kernel/guard-private.h"
#include "svc/net/loop-frame.h"

#include <arpa/inet.h>
#include <linux/netfilter.h>

enum { TAGS_MAX = 4 }; /* the one beside the frame included */

static struct guard_device *find(const struct guard *g, const char *name, int index)
{
	list_for_each (it, &g->devices) {
		struct guard_device *d = list_entry(it, struct guard_device, link);
		if (name ? !strcmp(d->name, name) : d->index == index)
			return d;
	}
	return NULL;
}

/* It gets into nft's text between quotation marks; a * at the end would mean many. */
static bool name_is_usable(const char *name)
{
	return rtnl_name_is_valid(name) && !strpbrk(name, "\"\\*");
}

/* The node's address as a number. */
static void format_node(const struct guard *g, char ret[static 40])
{
	struct in6_addr a;
	inet_pton(g->family, g->node, &a);
	size_t n = g->family == AF_INET ? 4 : 16;
	char *at = ret + sprintf(ret, "0x");
	for (size_t i = 0; i < n; i++)
		at += sprintf(at, "%02x", a.s6_addr[i]);
}

/* Drops what has the node's address so many bits after the network header; proto: what the frame
 * has to be (and may be: "") besides. */
static void write_match(const struct guard *g, const char *chain, unsigned tags, const char *proto,
	unsigned at, FILE *f)
{
	char node[40];
	format_node(g, node);
	bool v6 = g->family == AF_INET6;
	fprintf(f, "add rule netdev %s %s-%u %s @nh,%u,%u %s counter drop\n", g->table, chain, tags,
		proto, tags * 32 + at, v6 ? 128 : 32, node);
}

/* One chain of several, for frames with so many VLAN tags in them. dest: also what is to the node;
 * otherwise, only what claims to be from it. */
static void write_depth(const struct guard *g, const char *chain, unsigned tags, bool dest, FILE *f)
{
	bool v6 = g->family == AF_INET6;
	unsigned at = tags * 32;
	char type[32], ip[64], arp[64], nd[128];
	if (tags)
		snprintf(type, sizeof type, "@nh,%u,16", at - 16);
	else
		snprintf(type, sizeof type, "meta protocol");
	snprintf(ip, sizeof ip, "%s %s", type, v6 ? "0x86dd" : "0x0800");
	/* Most frames are of the other family, and are done with here. */
	fprintf(f, "add rule netdev %s %s-%u %s != { %s, 0x8100, 0x88a8 } return\n", g->table,
		chain, tags, type, v6 ? "0x86dd" : "0x0800, 0x0806");
	write_match(g, chain, tags, ip, v6 ? 64 : 96, f);
	if (dest)
		write_match(g, chain, tags, ip, v6 ? 192 : 128, f);
	if (v6) { /* RFC 4861, 4.3 and 4.4: the target */
		snprintf(nd, sizeof nd, "%s @nh,%u,8 58 @nh,%u,8 %s", ip, at + 48, at + 320,
			dest ? "{ 135, 136 }" : "136");
		write_match(g, chain, tags, nd, 384, f);
	} else { /* RFC 826: ar$spa, ar$tpa */
		snprintf(arp, sizeof arp, "%s 0x0806", type);
		write_match(g, chain, tags, arp, 112, f);
		if (dest)
			write_match(g, chain, tags, arp, 192, f);
	}
	fprintf(f, "add rule netdev %s %s-%u %s { 0x8100, 0x88a8 } ", g->table, chain, tags, type);
	if (tags + 1 < TAGS_MAX)
		fprintf(f, "goto %s-%u\n", chain, tags + 1);
	else
		fprintf(f, "counter drop\n");
}

static void write_base(const struct guard *g, FILE *f)
{
	static const char *const chains[] = {"own", "self"};
	const char *t = g->table;
	fprintf(f, "add table netdev %s\ndelete table netdev %s\nadd table netdev %s\n", t, t, t);
	for (size_t c = 0; c < ARRAY_SIZE(chains); c++) {
		for (unsigned tags = 0; tags < TAGS_MAX; tags++)
			fprintf(f, "add chain netdev %s %s-%u\n", t, chains[c], tags);
		for (unsigned tags = 0; tags < TAGS_MAX; tags++)
			write_depth(g, chains[c], tags, c == 0, f);
	}
}

/* By these loops are found (svc/net/loop.h): in a storm, and whatever else is allowed. Small and
 * few, they carry nothing else. limit: "" at a bridge of ours, where they come from one of its
 * ports. */
static void write_loop_frames(
	const struct guard *g, const char *chain, int index, const char *limit, FILE *f)
{
	fprintf(f,
		"add rule netdev %s %s-%d ether type 0x%x ether daddr "
		"%02x:%02x:%02x:%02x:%02x:%02x "
		"meta length <= %d %s accept\n",
		g->table, chain, index, LOOP_ETHERTYPE, loop_group[0], loop_group[1], loop_group[2],
		loop_group[3], loop_group[4], loop_group[5], LOOP_FRAME_SIZE, limit);
}

/* What a bridge does not forward it leaves to the port, where it is received like a frame to this
 * host: any IP packet, a router's advertisement say. Of the bridges' own group (STP) only what is
 * LLC, as STP is, which bridges without STP forward. A tag beside the frame is a type as well. */
static void write_reserved(const struct guard *g, int index, FILE *f)
{
	fprintf(f,
		"add rule netdev %s in-%d ether daddr 01:80:c2:00:00:01-01:80:c2:00:00:0f counter "
		"drop\n",
		g->table, index);
	fprintf(f,
		"add rule netdev %s in-%d ether daddr 01:80:c2:00:00:00 @ll,96,16 0x0600-0xffff "
		"counter drop\n",
		g->table, index);
}

static void write_device(const struct guard *g, const struct guard_device *d, FILE *f)
{
	const char *t = g->table;
	int n = d->index;
	char limit[64];
	snprintf(limit, sizeof limit, "limit rate %d/second burst %d packets", GUARD_LOOP_FRAMES,
		GUARD_LOOP_FRAMES / 4);
	fprintf(f, "add counter netdev %s link-%d\n", t, n);
	guard_allow_chains(g, d, f);
	fprintf(f,
		"add chain netdev %s in-%d { type filter hook ingress device \"%s\" priority -400; "
		"}\n",
		t, n, d->name);
	write_loop_frames(g, "in", n, d->silent ? "" : limit, f);
	if (d->silent)
		fprintf(f, "add rule netdev %s in-%d counter drop\n", t, n);
	if (d->port)
		write_reserved(g, n, f);
	fprintf(f, "add rule netdev %s in-%d jump %s-0\n", t, n, d->backplane ? "self" : "own");
	if (d->tunnel)
		fprintf(f,
			"add rule netdev %s in-%d @ll,7,1 1 limit rate over %u/second burst %u "
			"packets "
			"counter name \"link-%d\" drop\n",
			t, n, GUARD_STORM_FRAMES, GUARD_STORM_FRAMES / 5, n);
	guard_allow_rules(g, d, true, f);
	if (!d->n_restrictions)
		return;
	fprintf(f,
		"add chain netdev %s out-%d { type filter hook egress device \"%s\" priority 400; "
		"}\n",
		t, n, d->name);
	write_loop_frames(g, "out", n, limit, f);
	guard_allow_rules(g, d, false, f);
}

/* A chain goes with its device, or not, depending on the kernel: adding it again as a plain one
 * makes deleting succeed. */
static void write_chain_removal(const struct guard *g, const char *chain, int index, FILE *f)
{
	for (int i = 0; i < 3; i++) {
		static const char *const verbs[] = {"add", "flush", "delete"};
		fprintf(f, "%s chain netdev %s %s-%d\n", verbs[i], g->table, chain, index);
	}
}

static void write_device_removal(
	const struct guard *g, const struct guard_device *d, bool counter, FILE *f)
{
	write_chain_removal(g, "in", d->index, f);
	if (d->n_restrictions)
		write_chain_removal(g, "out", d->index, f);
	guard_allow_chains_remove(g, d, f);
	if (counter)
		fprintf(f, "delete counter netdev %s link-%d\n", g->table, d->index);
}

static void write_all(const struct guard *g, FILE *f)
{
	if (list_empty(&g->devices)) {
		fprintf(f, "add table netdev %s\ndelete table netdev %s\n", g->table, g->table);
		return;
	}
	write_base(g, f);
	list_for_each (it, &g->devices) {
		const struct guard_device *d = list_entry(it, struct guard_device, link);
		struct rtnl_link l;
		/* One that has just gone, or has another name, would spoil it for all. */
		if (rtnl_link_by_index(g->rtnl, d->index, &l, NULL) == 0 &&
			!strcmp(l.name, d->name))
			write_device(g, d, f);
	}
}

int guard_devices_restore(struct guard *g, struct err *e)
{
	struct guard_text t;
	if (guard_text_new(&t) < 0)
		return err_errno(e, -ENOMEM, "nftables");
	write_all(g, t.f);
	int r = guard_text_run(g, &t, e);
	g->devices_ready = r == 0 && !list_empty(&g->devices);
	return r;
}

/* In place of old (which is no longer in the list, and whose index is the same), now (which is);
 * either may be NULL. The change alone; or everything if that is not possible. */
static int replace(struct guard *g, const struct guard_device *old, const struct guard_device *now,
	struct err *e)
{
	if (g->devices_ready && !list_empty(&g->devices)) {
		struct guard_text t;
		if (guard_text_new(&t) < 0)
			return err_errno(e, -ENOMEM, "nftables");
		if (old)
			write_device_removal(g, old, !now, t.f);
		if (now)
			write_device(g, now, t.f);
		if (guard_text_run(g, &t, NULL) == 0)
			return 0;
	}
	return guard_devices_restore(g, e);
}

static void device_free(struct guard_device *d)
{
	free(d->restrictions);
	fd_close(d->rate_map);
	free(d);
}

int guard_link_add(struct guard *g, const struct guard_link *l, struct err *e)
{
	if (l->index <= 0 || !name_is_usable(l->name))
		return err_set(e, -EINVAL, "\"%s\": not a name that rules can have", l->name);
	struct guard_device *old = find(g, NULL, l->index);
	if (!old && g->n_devices >= GUARD_LINKS_MAX)
		return err_set(e, -EDQUOT, "too many links (limit %d)", GUARD_LINKS_MAX);
	struct guard_device *d = calloc(1, sizeof *d);
	if (!d)
		return err_errno(e, -ENOMEM, "nftables");
	d->rate_map = -EBADF;
	d->index = l->index;
	d->tunnel = l->tunnel;
	d->silent = l->silent;
	d->port = l->port;
	d->backplane = l->backplane;
	snprintf(d->name, sizeof d->name, "%s", l->name);
	if (old)
		list_unlink(&old->link);
	list_append(&g->devices, &d->link);
	int r = replace(g, old, d, e);
	if (r < 0) {
		list_unlink(&d->link);
		if (old)
			list_append(&g->devices, &old->link);
		device_free(d);
		return r;
	}
	/* also that of an earlier process */
	guard_rate_clear(g, d);
	g->n_devices += !old;
	if (old)
		device_free(old);
	return 0;
}

int guard_link_remove(struct guard *g, const char *name, struct err *e)
{
	struct guard_device *d = find(g, name, 0);
	if (!d)
		return 0;
	list_unlink(&d->link);
	g->n_devices--;
	int r = replace(g, d, NULL, e);
	if (d->rate_map >= 0)
		guard_rate_clear(g, d);
	device_free(d);
	return r;
}

int guard_link_restrict(struct guard *g, const char *name, const struct guard_restrictions *list,
	size_t count, struct err *e)
{
	struct guard_device *d = find(g, name, 0);
	if (!d)
		return err_set(e, -ENOENT, "%s is not guarded", name);
	if (count > GUARD_RESTRICTIONS_MAX)
		return err_set(e, -E2BIG, "%s: too many restrictions", name);
	if (!count && !d->n_restrictions)
		return 0;
	struct guard_device old = *d;
	struct guard_restrictions *copy = NULL;
	if (count) {
		copy = malloc(count * sizeof *copy);
		if (!copy)
			return err_errno(e, -ENOMEM, "nftables");
		memcpy(copy, list, count * sizeof *copy);
	}
	d->restrictions = copy;
	d->n_restrictions = count;
	int r = replace(g, &old, d, e);
	if (r < 0) {
		d->restrictions = old.restrictions;
		d->n_restrictions = old.n_restrictions;
		free(copy);
		return r;
	}
	free(old.restrictions);
	return guard_rate_set(g, d, e);
}

int guard_link_dropped(struct guard *g, const char *name, uint64_t *ret, struct err *e)
{
	struct guard_device *d = find(g, name, 0);
	if (!d)
		return err_set(e, -ENOENT, "%s is not guarded", name);
	char counter[32];
	snprintf(counter, sizeof counter, "link-%d", d->index);
	int r = guard_counter_read(g, NFPROTO_NETDEV, counter, ret, e);
	if (r == 0)
		*ret += guard_rate_dropped(d);
	return r;
}
