/* SPDX-License-Identifier: MIT */
/*
 * Restrictions as rules of a link's chains "in-INDEX" and "out-INDEX", each of which drops what it
 * does not let through.  Protocols need a chain of their own, "allow-INDEX-N", for both directions:
 * what matches a rule there returns, the end drops.
 *
 * Rates are not among them (guard-rate.c).
 *
 * Matches are at offsets (@ll, @nh) where nft would otherwise ask for the kind of the link that the
 * frame came in by, which there is none of at egress.  A VLAN tag beside the frame is seen by @ll
 * as if it were in it.
 */
#include "svc/net/kernel/guard-private.h"
#include "schema/net.capnp.h"

#include <arpa/inet.h>
#include <stdarg.h>

#define P(name) (1u << NET_RESTRICTIONS_PROTOCOL_##name)
/* All that is carried by IP and of no use to who cannot find his neighbours. */
#define OVER_IP (P(DHCP) | P(ICMP) | P(TCP) | P(UDP) | P(DNS))

static const struct {
	unsigned protocols; /* any of these */
	const char *match;
} terms[] = {
	{P(VLAN), "@ll,96,16 { 0x8100, 0x88a8 }"},
	{P(ARP) | P(IP4) | OVER_IP, "@ll,96,16 0x0806"},
	{P(IP4), "@ll,96,16 0x0800"},
	{P(IP6), "@ll,96,16 0x86dd"},
	{P(DHCP), "@ll,96,16 0x0800 udp dport { 67, 68 }"},
	{P(DHCP), "@ll,96,16 0x86dd udp dport { 546, 547 }"},
	{P(DHCP), "@ll,96,16 0x86dd icmpv6 type 133-136"},
	{OVER_IP, "@ll,96,16 0x86dd icmpv6 type 135-136"},
	{P(ICMP), "@ll,96,16 0x0800 meta l4proto 1"},
	{P(ICMP), "@ll,96,16 0x86dd meta l4proto 58"},
	{P(TCP), "@ll,96,16 { 0x0800, 0x86dd } meta l4proto 6"},
	{P(UDP), "@ll,96,16 { 0x0800, 0x86dd } meta l4proto 17"},
	{P(DNS), "@ll,96,16 { 0x0800, 0x86dd } meta l4proto { 6, 17 } th dport 53"},
	{P(DNS), "@ll,96,16 { 0x0800, 0x86dd } meta l4proto { 6, 17 } th sport 53"},
	/* the rest of large answers, which has no port in it */
	{P(DNS), "@ll,96,16 0x0800 ip frag-off & 0x1fff != 0 meta l4proto { 6, 17 }"},
	{P(DNS), "@ll,96,16 0x86dd frag frag-off != 0 meta l4proto { 6, 17 }"},
};

/* A rule or a chain of the link's. */
struct where {
	const struct guard *g;
	int index;
	const char *chain; /* "in", "out" */
	FILE *f;
};

PRINTF(2, 3) static void drop(const struct where *w, const char *fmt, ...)
{
	va_list ap;
	fprintf(w->f, "add rule netdev %s %s-%d ", w->g->table, w->chain, w->index);
	va_start(ap, fmt);
	vfprintf(w->f, fmt, ap);
	va_end(ap);
	fprintf(w->f, " counter name \"link-%d\" drop\n", w->index);
}

void guard_allow_chains(const struct guard *g, const struct guard_device *d, FILE *f)
{
	for (size_t i = 0; i < d->n_restrictions; i++) {
		unsigned protocols = d->restrictions[i].protocols;
		if (!protocols)
			continue;
		char chain[64];
		snprintf(chain, sizeof chain, "netdev %s allow-%d-%zu", g->table, d->index, i);
		fprintf(f, "add chain %s\n", chain);
		for (size_t t = 0; t < ARRAY_SIZE(terms); t++)
			if (protocols & terms[t].protocols)
				fprintf(f, "add rule %s %s return\n", chain, terms[t].match);
		fprintf(f, "add rule %s counter name \"link-%d\" drop\n", chain, d->index);
	}
}

void guard_allow_chains_remove(const struct guard *g, const struct guard_device *d, FILE *f)
{
	for (size_t i = 0; i < d->n_restrictions; i++)
		if (d->restrictions[i].protocols)
			fprintf(f, "delete chain netdev %s allow-%d-%zu\n", g->table, d->index, i);
}

/* In: from one of them. Out: to one of them or to a group. */
static void write_macs(const struct where *w, const struct guard_restrictions *r, bool in)
{
	char list[GUARD_MACS_MAX * 18 + 1];
	char *at = list;
	for (unsigned i = 0; i < MIN(r->n_macs, GUARD_MACS_MAX); i++) {
		const uint8_t *m = r->macs[i];
		at += sprintf(at, "%s0x%02x%02x%02x%02x%02x%02x", i ? ", " : "", m[0], m[1], m[2],
			m[3], m[4], m[5]);
	}
	if (in)
		drop(w, "@ll,48,48 != { %s }", list);
	else
		drop(w, "@ll,7,1 0 @ll,0,48 != { %s }", list);
}

enum { NETWORKS_MAX = 4 };

/* field: "saddr" or "daddr", which has to be in one of them. */
static void write_networks(const struct where *w, const struct rtnl_address *networks, unsigned n,
	int family, const char *field)
{
	char list[NETWORKS_MAX * RTNL_ADDRESS_TEXT], a[INET6_ADDRSTRLEN];
	char *at = list;
	for (unsigned i = 0; i < MIN(n, (unsigned)NETWORKS_MAX); i++) {
		const struct rtnl_address *s = &networks[i];
		if (s->ip.family != family)
			continue;
		inet_ntop(family, &s->ip.v6, a, sizeof a);
		at += sprintf(at, "%s%s/%u", at == list ? "" : ", ", a, s->prefix);
	}
	const char *word = family == AF_INET ? "ip" : "ip6";
	if (at == list)
		drop(w, "meta protocol %s", word);
	else
		drop(w, "%s %s != { %s }", word, field, list);
}

static void write_routed(const struct where *w, const struct guard_restrictions *r, bool in)
{
	drop(w, "@ll,96,16 != { 0x0800, 0x86dd }");
	drop(w, "@ll,7,1 1");
	write_networks(w, r->sources, r->n_sources, AF_INET, in ? "saddr" : "daddr");
	write_networks(w, r->sources, r->n_sources, AF_INET6, in ? "saddr" : "daddr");
	if (in && r->n_reach) {
		write_networks(w, r->reach, r->n_reach, AF_INET, "daddr");
		write_networks(w, r->reach, r->n_reach, AF_INET6, "daddr");
	}
	drop(w, "icmpv6 type 133-137");
	drop(w, "icmp type 5");
}

void guard_allow_rules(const struct guard *g, const struct guard_device *d, bool in, FILE *f)
{
	struct where w = {g, d->index, in ? "in" : "out", f};
	for (size_t i = 0; i < d->n_restrictions; i++) {
		const struct guard_restrictions *r = &d->restrictions[i];
		if (r->n_macs)
			write_macs(&w, r, in);
		if (r->routed)
			write_routed(&w, r, in);
		if (r->protocols)
			fprintf(f, "add rule netdev %s %s-%d jump allow-%d-%zu\n", g->table,
				w.chain, d->index, d->index, i);
	}
}
