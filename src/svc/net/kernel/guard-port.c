/* SPDX-License-Identifier: MIT */
/*
 * Packets: who may send to, and from, the UDP ports of tunnels.
 *
 * The table is of the family of the node's address alone, since its tunnels are: a program that
 * uses a port of the same number in the other family is not in anybody's way.
 *
 * Ordinary packets meet
 *
 *	prerouting   is it from us, and yet from outside?        (one comparison for most)
 *	input        UDP to a port of ours?                      (one look-up, of UDP)
 *	forward      UDP to the other end of a tunnel of ours?   (one look-up, of UDP)
 *	output       not from our address: UDP from a port of ours? (one look-up, of UDP)
 *	postrouting  UDP from a port of ours?                    (one look-up, of UDP)
 *
 * input: IPv4 packets are whole there; IPv6 fragments are not, but the kernel refuses a first
 * fragment that does not reach as far as the UDP header (RFC 8200, 4.5).  Whatever the lower layers
 * did to addresses (NAT) has been done.  Packets from this host to itself are refused, too: with
 * IPV6_FREEBIND any user may send from any address, as long as the packet need not leave.
 *
 * output: nobody but the tunnel's link has the port, and who owns the namespace that the link is in
 * can have it send from any address.
 *
 * postrouting for the rest: there the packets of a tunnel are seen with the link they came from,
 * and those of all sockets, raw ones too, without ("iif 0").  (The owner of the socket does not
 * help: it is that of the program inside the tunnel.)
 */
#include "svc/net/kernel/guard-private.h"

#include <arpa/inet.h>
#include <linux/netfilter.h>

static struct guard_port *find(const struct guard *g, uint16_t port)
{
	list_for_each (it, &g->ports) {
		struct guard_port *p = list_entry(it, struct guard_port, link);
		if (p->port == port)
			return p;
	}
	return NULL;
}

/* Does another tunnel send to the same port of the same host? The other side decides that. */
static bool remote_is_shared(const struct guard *g, const struct guard_port *p)
{
	list_for_each (it, &g->ports) {
		const struct guard_port *o = list_entry(it, struct guard_port, link);
		if (o != p && o->remote_port == p->remote_port &&
			rtnl_ip_equal(&o->remote, &p->remote))
			return true;
	}
	return false;
}

static void write_base(const struct guard *g, FILE *f)
{
	const char *fam = g->f, *t = g->table;
	const char *type = g->family == AF_INET ? "ipv4_addr" : "ipv6_addr";
	/* whatever an earlier process left */
	fprintf(f, "add table %s %s\ndelete table %s %s\nadd table %s %s\n", fam, t, fam, t, fam,
		t);
	fprintf(f, "add set %s %s ports { type inet_service; }\n", fam, t);
	fprintf(f, "add map %s %s foreign { type inet_service : counter; }\n", fam, t);
	fprintf(f, "add set %s %s inbound { type %s . inet_service . inet_service; }\n", fam, t,
		type);
	fprintf(f, "add set %s %s outbound { type inet_service . %s . inet_service; }\n", fam, t,
		type);
	fprintf(f, "add set %s %s remotes { type %s . inet_service; }\n", fam, t, type);

	/* Multicast of our own comes back by the link it went out by: only what is sent to this
	 * host alone (pkttype) is meant. */
	fprintf(f, "add chain %s %s spoofed { type filter hook prerouting priority -310; }\n", fam,
		t);
	fprintf(f,
		"add rule %s %s spoofed %s saddr %s meta pkttype host iifname != \"lo\" counter "
		"drop\n",
		fam, t, fam, g->node);

	fprintf(f, "add chain %s %s tunnel-in\n", fam, t);
	fprintf(f,
		"add rule %s %s tunnel-in iifname != \"lo\" %s daddr %s "
		"%s saddr . udp sport . udp dport @inbound accept\n",
		fam, t, fam, g->node, fam);
	fprintf(f, "add rule %s %s tunnel-in counter name udp dport map @foreign drop\n", fam, t);
	fprintf(f, "add rule %s %s tunnel-in drop\n", fam, t);
	fprintf(f, "add chain %s %s in { type filter hook input priority 200; }\n", fam, t);
	fprintf(f, "add rule %s %s in udp dport @ports goto tunnel-in\n", fam, t);

	fprintf(f, "add chain %s %s forward { type filter hook forward priority 200; }\n", fam, t);
	fprintf(f, "add rule %s %s forward %s daddr . udp dport @remotes counter drop\n", fam, t,
		fam);

	fprintf(f, "add chain %s %s own { type filter hook output priority 200; }\n", fam, t);
	fprintf(f, "add rule %s %s own %s saddr != %s udp sport @ports counter drop\n", fam, t, fam,
		g->node);

	fprintf(f, "add chain %s %s tunnel-out\n", fam, t);
	fprintf(f, "add rule %s %s tunnel-out iif 0 counter drop\n", fam, t);
	fprintf(f, "add rule %s %s tunnel-out udp sport . %s daddr . udp dport @outbound accept\n",
		fam, t, fam);
	fprintf(f, "add rule %s %s tunnel-out counter drop\n", fam, t);
	fprintf(f, "add chain %s %s out { type filter hook postrouting priority 200; }\n", fam, t);
	fprintf(f, "add rule %s %s out udp sport @ports %s saddr %s goto tunnel-out\n", fam, t, fam,
		g->node);
}

static void write_port(const struct guard *g, const struct guard_port *p, FILE *f)
{
	fprintf(f, "add counter %s %s port-%u\n", g->f, g->table, p->port);
	fprintf(f, "add element %s %s ports { %u }\n", g->f, g->table, p->port);
}

/* Not before there is a remote: it is the first to know of both ports, and what it sends until this
 * side knows as well is nobody's attack. */
static void write_counting(const struct guard *g, const struct guard_port *p, FILE *f)
{
	fprintf(f, "add element %s %s foreign { %u : \"port-%u\" }\n", g->f, g->table, p->port,
		p->port);
}

static void write_port_removal(const struct guard *g, const struct guard_port *p, FILE *f)
{
	fprintf(f, "delete element %s %s ports { %u }\n", g->f, g->table, p->port);
	if (p->counts)
		fprintf(f, "delete element %s %s foreign { %u }\n", g->f, g->table, p->port);
	fprintf(f, "delete counter %s %s port-%u\n", g->f, g->table, p->port);
}

/* how: "add" or "delete"; that of p->remote. */
static void write_remote(
	const struct guard *g, const struct guard_port *p, const char *how, bool shared, FILE *f)
{
	if (!p->remote.family)
		return;
	char a[INET6_ADDRSTRLEN];
	inet_ntop(p->remote.family, &p->remote.v6, a, sizeof a);
	fprintf(f, "%s element %s %s inbound { %s . %u . %u }\n", how, g->f, g->table, a,
		p->remote_port, p->port);
	fprintf(f, "%s element %s %s outbound { %u . %s . %u }\n", how, g->f, g->table, p->port, a,
		p->remote_port);
	if (!shared)
		fprintf(f, "%s element %s %s remotes { %s . %u }\n", how, g->f, g->table, a,
			p->remote_port);
}

static void write_all(const struct guard *g, FILE *f)
{
	if (list_empty(&g->ports)) {
		fprintf(f, "add table %s %s\ndelete table %s %s\n", g->f, g->table, g->f, g->table);
		return;
	}
	write_base(g, f);
	list_for_each (it, &g->ports) {
		const struct guard_port *p = list_entry(it, struct guard_port, link);
		write_port(g, p, f);
		if (p->counts)
			write_counting(g, p, f);
		write_remote(g, p, "add", false, f);
	}
}

/* Everything, as it is in the list. */
int guard_ports_restore(struct guard *g, struct err *e)
{
	struct guard_text t;
	if (guard_text_new(&t) < 0)
		return err_errno(e, -ENOMEM, "nftables");
	write_all(g, t.f);
	int r = guard_text_run(g, &t, e);
	g->ports_ready = r == 0 && !list_empty(&g->ports);
	return r;
}

/* The change alone; or everything if that is not possible. The text is freed. */
static int run_change(struct guard *g, struct guard_text *t, struct err *e)
{
	if (g->ports_ready && !list_empty(&g->ports) && guard_text_run(g, t, NULL) == 0)
		return 0;
	guard_text_free(t);
	return guard_ports_restore(g, e);
}

bool guard_port_is_ours(const struct guard *g, uint16_t port)
{
	return find(g, port);
}

int guard_port_add(struct guard *g, uint16_t port, struct err *e)
{
	if (find(g, port))
		return guard_port_remote(g, port, NULL, 0, e);
	struct guard_port *p = calloc(1, sizeof *p);
	struct guard_text t;
	if (!p || guard_text_new(&t) < 0) {
		free(p);
		return err_errno(e, -ENOMEM, "nftables");
	}
	p->port = port;
	list_append(&g->ports, &p->link);
	write_port(g, p, t.f);
	int r = run_change(g, &t, e);
	if (r < 0) {
		list_unlink(&p->link);
		free(p);
	}
	return r;
}

int guard_port_remove(struct guard *g, uint16_t port, struct err *e)
{
	struct guard_port *p = find(g, port);
	if (!p)
		return 0;
	list_unlink(&p->link);
	struct guard_text t;
	int r = guard_text_new(&t);
	if (r == 0) {
		write_remote(g, p, "delete", remote_is_shared(g, p), t.f);
		write_port_removal(g, p, t.f);
		r = run_change(g, &t, e);
	}
	if (r < 0)
		g->ports_ready = false; /* the next request does it */
	free(p);
	return r;
}

int guard_port_remote(struct guard *g, uint16_t port, const struct rtnl_ip *address,
	uint16_t remote_port, struct err *e)
{
	struct guard_port *p = find(g, port);
	if (!p)
		return err_set(e, -ENOENT, "port %u is not guarded", port);
	if (address && (address->family != g->family || !remote_port))
		return err_set(e, -EAFNOSUPPORT, "not an address like %s", g->node);
	struct guard_port old = *p;
	if (address ? rtnl_ip_equal(&old.remote, address) && old.remote_port == remote_port
		    : !old.remote.family)
		return 0;
	struct guard_text t;
	if (guard_text_new(&t) < 0)
		return err_errno(e, -ENOMEM, "nftables");
	write_remote(g, p, "delete", remote_is_shared(g, p), t.f);
	p->remote = address ? *address : (struct rtnl_ip){0};
	p->remote_port = address ? remote_port : 0;
	write_remote(g, p, "add", false, t.f);
	p->counts |= address != NULL;
	if (p->counts && !old.counts)
		write_counting(g, p, t.f);
	int r = run_change(g, &t, e);
	if (r < 0) {
		p->counts = old.counts;
		p->remote = old.remote;
		p->remote_port = old.remote_port;
	}
	return r;
}

bool guard_has_remote(const struct guard *g,
	bool (*is_so)(const struct rtnl_ip *remote, const void *user), const void *user)
{
	list_for_each (it, &g->ports) {
		const struct guard_port *p = list_entry(it, struct guard_port, link);
		if (p->remote.family && is_so(&p->remote, user))
			return true;
	}
	return false;
}

int guard_port_foreign(struct guard *g, uint16_t port, uint64_t *ret, struct err *e)
{
	char name[16];
	if (!find(g, port))
		return err_set(e, -ENOENT, "port %u is not guarded", port);
	snprintf(name, sizeof name, "port-%u", port);
	return guard_counter_read(
		g, g->family == AF_INET ? NFPROTO_IPV4 : NFPROTO_IPV6, name, ret, e);
}
