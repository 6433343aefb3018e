/* SPDX-License-Identifier: MIT */
/*
 * Theory of operation: leases.h.  With at most LEASES_MAX leases one of the first LEASES_MAX + 2
 * numbers of a prefix is free, or there are fewer, so a search looks at no more of them, whatever
 * the size of the prefix is.
 */
#include "svc/net/leases.h"

#include <sodium.h>

/* ---- addresses ----------------------------------------------------------------------------- */

static unsigned bits_of(int family)
{
	return family == AF_INET ? 32 : 128;
}

static const uint8_t *bytes_of(const struct rtnl_ip *ip)
{
	return (const uint8_t *)&ip->v6; /* v4 begins where v6 does */
}

static bool same_bits(const struct rtnl_ip *a, const struct rtnl_ip *b, unsigned n)
{
	const uint8_t *p = bytes_of(a), *q = bytes_of(b);
	if (a->family != b->family)
		return false;
	if (memcmp(p, q, n / 8) != 0)
		return false;
	return !(n % 8) || !((p[n / 8] ^ q[n / 8]) >> (8 - n % 8));
}

bool leases_prefix_has(const struct rtnl_address *prefix, const struct rtnl_ip *ip)
{
	return same_bits(&prefix->ip, ip, prefix->prefix);
}

bool leases_overlap(const struct rtnl_address *a, const struct rtnl_address *b)
{
	return same_bits(&a->ip, &b->ip, MIN(a->prefix, b->prefix));
}

struct rtnl_ip leases_network(const struct rtnl_address *prefix)
{
	struct rtnl_ip ip = prefix->ip;
	uint8_t *p = (uint8_t *)&ip.v6;
	for (unsigned i = prefix->prefix; i < bits_of(ip.family); i++)
		p[i / 8] &= (uint8_t) ~(0x80U >> i % 8);
	return ip;
}

bool leases_is_host(const struct rtnl_ip *ip)
{
	uint32_t v4 = ntohl(ip->v4.s_addr);
	if (ip->family == AF_INET6)
		return !IN6_IS_ADDR_MULTICAST(&ip->v6) && !IN6_IS_ADDR_LINKLOCAL(&ip->v6) &&
		       !IN6_IS_ADDR_LOOPBACK(&ip->v6) && !IN6_IS_ADDR_UNSPECIFIED(&ip->v6) &&
		       !IN6_IS_ADDR_V4MAPPED(&ip->v6) && !IN6_IS_ADDR_V4COMPAT(&ip->v6);
	return ip->family == AF_INET && v4 >> 24 != 0 && v4 >> 24 != IN_LOOPBACKNET &&
	       v4 >> 16 != 0xa9fe /* 169.254 */ && v4 < 0xe0000000 /* groups, and behind */;
}

/* The address with that number in its network; number < 2^(bits of hosts). */
static struct rtnl_ip numbered(const struct rtnl_address *prefix, uint32_t number)
{
	struct rtnl_ip ip = leases_network(prefix);
	uint8_t *p = (uint8_t *)&ip.v6 + bits_of(ip.family) / 8;
	for (int i = 1; i <= 4; i++, number >>= 8)
		p[-i] |= (uint8_t)number;
	return ip;
}

/* Numbers that members can have: from *first to *last; none if *first > *last. */
static void numbers(const struct rtnl_address *prefix, uint32_t *first, uint32_t *last)
{
	unsigned hosts = bits_of(prefix->ip.family) - prefix->prefix;
	bool v4 = prefix->ip.family == AF_INET;
	*first = hosts == 1 ? 0 : 1;
	if (!hosts)
		*last = 0;
	else if (hosts == 1)
		*last = 1;
	else if (hosts > 16)
		*last = UINT16_MAX; /* more than there are leases */
	else
		*last = (UINT32_C(1) << hosts) - (v4 ? 2 : 1);
}

/* ---- prefixes ------------------------------------------------------------------------------ */

void leases_init(struct leases *l, const uint8_t mac[static RTNL_MAC_SIZE])
{
	*l = (struct leases){};
	memcpy(l->mac, mac, RTNL_MAC_SIZE);
	list_init(&l->list);
}

void leases_done(struct leases *l)
{
	list_for_each_safe (it, &l->list)
		leases_forget(l, list_entry(it, struct lease, link));
}

static bool is_edge(const struct rtnl_address *prefix)
{
	unsigned hosts = bits_of(prefix->ip.family) - prefix->prefix;
	struct rtnl_ip first = numbered(prefix, 0);
	if (hosts < 2)
		return false;
	if (rtnl_ip_equal(&first, &prefix->ip))
		return true;
	return prefix->ip.family == AF_INET && !(~ntohl(prefix->ip.v4.s_addr) << (32 - hosts));
}

int leases_add_prefix(struct leases *l, const struct rtnl_address *prefix, struct err *e)
{
	char text[RTNL_ADDRESS_TEXT], other[RTNL_ADDRESS_TEXT];
	rtnl_address_format(prefix, text);
	if (l->n_prefixes == LEASES_PREFIXES_MAX)
		return err_set(
			e, -E2BIG, "a routed network has at most %d prefixes", LEASES_PREFIXES_MAX);
	if (!leases_is_host(&prefix->ip) || prefix->prefix < 8)
		return err_set(e, -EINVAL, "%s is not an address for a network of hosts", text);
	if (prefix->prefix > bits_of(prefix->ip.family) - 1)
		return err_set(e, -EINVAL,
			"%s has no room for another host: give the length of the network's "
			"prefix (10.9.0.1/24)",
			text);
	if (is_edge(prefix))
		return err_set(e, -EINVAL,
			"%s is the network's, not a host's address (10.9.0.1/24)", text);
	for (unsigned i = 0; i < l->n_prefixes; i++) {
		rtnl_address_format(&l->prefix[i], other);
		if (leases_overlap(&l->prefix[i], prefix))
			return err_set(e, -EINVAL, "%s and %s overlap", other, text);
	}
	l->prefix[l->n_prefixes++] = *prefix;
	return 0;
}

/* ---- leases -------------------------------------------------------------------------------- */

static struct lease *find(struct leases *l, const void *key, size_t size)
{
	list_for_each (it, &l->list) {
		struct lease *a = list_entry(it, struct lease, link);
		if (a->key_size == size && !memcmp(a->key, key, size))
			return a;
	}
	return NULL;
}

static struct lease *with_address(struct leases *l, unsigned i, const struct rtnl_ip *ip)
{
	list_for_each (it, &l->list) {
		struct lease *a = list_entry(it, struct lease, link);
		if (rtnl_ip_equal(&a->address[i], ip))
			return a;
	}
	return NULL;
}

static bool mac_taken(struct leases *l, const uint8_t *mac)
{
	if (!memcmp(l->mac, mac, RTNL_MAC_SIZE))
		return true;
	list_for_each (it, &l->list)
		if (!memcmp(list_entry(it, struct lease, link)->mac, mac, RTNL_MAC_SIZE))
			return true;
	return false;
}

static void choose_mac(struct leases *l, struct lease *a)
{
	uint8_t hash[crypto_generichash_BYTES_MIN], salt = 0;
	do {
		crypto_generichash(
			hash, sizeof(hash), a->key, a->key_size, &salt, salt ? sizeof(salt) : 0);
		memcpy(a->mac, hash, RTNL_MAC_SIZE);
		a->mac[0] = (uint8_t)((a->mac[0] & ~1) | 2); /* one host's, administered locally */
		salt++;
	} while (mac_taken(l, a->mac) && salt);
}

static bool find_address(struct leases *l, unsigned i, struct rtnl_ip *ret)
{
	uint32_t n, last;
	numbers(&l->prefix[i], &n, &last);
	for (; n <= last; n++) {
		*ret = numbered(&l->prefix[i], n);
		if (!rtnl_ip_equal(ret, &l->prefix[i].ip) && !with_address(l, i, ret))
			return true;
	}
	return false;
}

/* Makes room for a newcomer. */
static bool forget_oldest(struct leases *l)
{
	list_for_each (it, &l->list) {
		struct lease *a = list_entry(it, struct lease, link);
		if (a->user)
			continue;
		leases_forget(l, a);
		return true;
	}
	return false;
}

static int choose_addresses(struct leases *l, struct lease *a, struct err *e)
{
	char text[RTNL_ADDRESS_TEXT];
	for (unsigned i = 0; i < l->n_prefixes; i++) {
		bool found = find_address(l, i, &a->address[i]);
		while (!found && forget_oldest(l))
			found = find_address(l, i, &a->address[i]);
		if (found)
			continue;
		rtnl_address_format(&l->prefix[i], text);
		return err_set(e, -EADDRNOTAVAIL, "all addresses of %s are in use", text);
	}
	return 0;
}

static struct lease *lease_new(const void *key, size_t size)
{
	struct lease *a = calloc(1, sizeof(*a));
	if (!a)
		return NULL;
	list_init(&a->link);
	memcpy(a->key, key, size);
	a->key_size = size;
	return a;
}

static void lease_add(struct leases *l, struct lease *a)
{
	choose_mac(l, a);
	list_append(&l->list, &a->link);
	l->n++;
}

int leases_take(struct leases *l, const void *key, size_t size, struct lease **ret, bool *ret_new,
	struct err *e)
{
	if (size < LEASES_KEY_MIN || size > LEASES_KEY_MAX)
		return err_set(e, -EINVAL,
			"this is a routed network: who binds it has to say who he is, in %d to %d "
			"bytes",
			LEASES_KEY_MIN, LEASES_KEY_MAX);
	struct lease *a = find(l, key, size);
	*ret_new = !a;
	if (!a) {
		if (l->n >= LEASES_MAX && !forget_oldest(l))
			return err_set(e, -EADDRNOTAVAIL, "a routed network has at most %d members",
				LEASES_MAX);
		a = lease_new(key, size);
		int r = a ? choose_addresses(l, a, e) : err_errno(e, -ENOMEM, "a lease");
		if (r < 0) {
			free(a);
			return r;
		}
		lease_add(l, a);
	}
	*ret = a;
	return 0;
}

void leases_release(struct leases *l, struct lease *a)
{
	a->user = NULL;
	list_unlink(&a->link);
	list_append(&l->list, &a->link);
}

void leases_forget(struct leases *l, struct lease *a)
{
	list_unlink(&a->link);
	l->n--;
	free(a);
}

/* Is that an address that could have been given? */
static bool fits(struct leases *l, unsigned i, const struct rtnl_ip *ip)
{
	const struct rtnl_address given = {.ip = *ip, .prefix = l->prefix[i].prefix};
	return leases_prefix_has(&l->prefix[i], ip) && !rtnl_ip_equal(ip, &l->prefix[i].ip) &&
	       !is_edge(&given) && !with_address(l, i, ip);
}

bool leases_restore(struct leases *l, const void *key, size_t size, const struct rtnl_ip *address,
	unsigned n_addresses)
{
	if (size < LEASES_KEY_MIN || size > LEASES_KEY_MAX || l->n >= LEASES_MAX ||
		n_addresses != l->n_prefixes || find(l, key, size))
		return false;
	for (unsigned i = 0; i < n_addresses; i++)
		if (!fits(l, i, &address[i]))
			return false;
	struct lease *a = lease_new(key, size);
	if (!a)
		return false;
	memcpy(a->address, address, n_addresses * sizeof(*address));
	lease_add(l, a);
	return true;
}
