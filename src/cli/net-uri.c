/* SPDX-License-Identifier: MIT */
/*
 * See net-uri.h.  The text is cut at its commas; the first piece says which interface, each of the
 * others is a key of a table and its value.
 */
#include "cli/net-uri.h"
#include "cli/show.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <strings.h>

#define FORMS "local:DEV, newlocal:DEV, netns:NS:DEV, newnetns:NS:DEV or a reference (ref://...)"

const char *net_name_wrong(const char *name)
{
	size_t n = strlen(name);
	if (!n)
		return "is missing";
	if (n > NET_URI_NAME_MAX)
		return "has at most 15 bytes";
	if (!strcmp(name, ".") || !strcmp(name, ".."))
		return "is not . or ..";
	for (const char *p = name; *p; p++)
		if ((unsigned char)*p <= ' ' || strchr("/:,%\x7f", *p) || *p == '\xa0')
			return "has no space and no / : , % in it";
	return NULL;
}

/* ---- values -----------------------------------------------------------------------------------
 */

static int wrong(struct err *err, const char *key, const char *value, const char *text)
{
	char shown[80];
	return err_set(err, -EINVAL, "`%s%s%s': %s", key ?: "", key ? "=" : "",
		show_word(value, shown, sizeof(shown)), text);
}

/* Digits alone, up to max; -EINVAL. *ret_end is what follows. */
static int parse_number(const char *text, uint64_t max, uint64_t *ret, const char **ret_end)
{
	uint64_t v = 0;
	const char *p = text;
	for (; *p >= '0' && *p <= '9'; p++) {
		v = v * 10 + (uint64_t)(*p - '0');
		if (v > max)
			return -EINVAL;
	}
	*ret = v;
	*ret_end = p;
	return p == text ? -EINVAL : 0;
}

int net_rate_parse(const char *text, uint64_t *ret, struct err *err)
{
	static const struct {
		const char *name;
		uint64_t factor;
	} units[] = {{"", 1}, {"bit", 1}, {"kbit", 1000}, {"mbit", 1000000}, {"gbit", 1000000000}};
	uint64_t v, fraction = 0, scale = 1;
	const char *p;
	int r = parse_number(text, NET_URI_RATE_MAX, &v, &p);
	if (r >= 0 && *p == '.') {
		const char *from = p + 1;
		r = parse_number(from, 999999, &fraction, &p);
		for (; from < p && r >= 0; from++)
			scale *= 10;
	}
	for (size_t i = 0; r >= 0 && i < ARRAY_SIZE(units); i++) {
		uint64_t f = units[i].factor;
		if (strcasecmp(p, units[i].name) != 0)
			continue;
		if (scale > 1000000 || v > NET_URI_RATE_MAX / f)
			break;
		v = v * f + fraction * f / scale;
		if (v < NET_URI_RATE_MIN || v > NET_URI_RATE_MAX)
			break;
		*ret = v;
		return 0;
	}
	return wrong(err, "rate", text,
		"a rate is written as 100mbit (bit, kbit, mbit, gbit), "
		"from 8kbit to 100gbit");
}

static int hex(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *p = c ? strchr(digits, c >= 'A' && c <= 'F' ? c | 0x20 : c) : NULL;
	return p ? (int)(p - digits) : -1;
}

/* A unicast address. */
static int parse_mac(const char *text, struct net_mac *ret)
{
	struct net_mac m;
	unsigned any = 0;
	for (size_t i = 0; i < sizeof(m.b); i++, text += 3) {
		int high = hex(text[0]), low = high < 0 ? -1 : hex(text[1]);
		if (low < 0 || text[2] != (i + 1 < sizeof(m.b) ? ':' : 0))
			return -EINVAL;
		m.b[i] = (uint8_t)(high << 4 | low);
		any |= m.b[i];
	}
	if (!any || (m.b[0] & 1))
		return -EINVAL;
	*ret = m;
	return 0;
}

static int parse_address(const char *text, char ret[NET_URI_ADDRESS_SIZE])
{
	uint8_t bytes[16];
	uint64_t length;
	const char *slash = strchr(text, '/'), *end;
	char ip[NET_URI_ADDRESS_SIZE];
	if (!slash || strlen(text) >= NET_URI_ADDRESS_SIZE)
		return -EINVAL;
	(void)snprintf(ip, sizeof(ip), "%.*s", (int)(slash - text), text);
	int family = strchr(ip, ':') ? AF_INET6 : AF_INET;
	if (inet_pton(family, ip, bytes) != 1 ||
		parse_number(slash + 1, family == AF_INET ? 32 : 128, &length, &end) < 0 || *end)
		return -EINVAL;
	(void)snprintf(ret, NET_URI_ADDRESS_SIZE, "%s", text);
	return 0;
}

static const char address_form[] = "an address is written with the length of its prefix, "
				   "10.1.0.7/24 or fd01::7/64";

int net_addresses_parse(const char *text, char (*ret)[NET_URI_ADDRESS_SIZE], uint32_t max,
	uint32_t *ret_n, struct err *err)
{
	uint32_t n = 0;
	for (const char *p = text;; p++) {
		char word[NET_URI_ADDRESS_SIZE];
		size_t len = strcspn(p, ",");
		if (n == max)
			return err_set(err, -EINVAL, "at most %u addresses", max);
		if (len >= sizeof(word))
			return wrong(err, NULL, text, address_form);
		(void)snprintf(word, sizeof(word), "%.*s", (int)len, p);
		if (parse_address(word, ret[n]) < 0)
			return wrong(err, NULL, word, address_form);
		n++;
		p += len;
		if (!*p)
			break;
	}
	*ret_n = n;
	return 0;
}

/* ---- options ----------------------------------------------------------------------------------
 */

static int set_rate(struct net_uri *u, const char *value, struct err *err)
{
	return net_rate_parse(value, &u->rate, err);
}

static int set_allow(struct net_uri *u, const char *value, struct err *err)
{
	static const char *const names[] = {[NET_RESTRICTIONS_PROTOCOL_ARP] = "arp",
		[NET_RESTRICTIONS_PROTOCOL_IP4] = "ip4",
		[NET_RESTRICTIONS_PROTOCOL_IP6] = "ip6",
		[NET_RESTRICTIONS_PROTOCOL_DHCP] = "dhcp",
		[NET_RESTRICTIONS_PROTOCOL_ICMP] = "icmp",
		[NET_RESTRICTIONS_PROTOCOL_TCP] = "tcp",
		[NET_RESTRICTIONS_PROTOCOL_UDP] = "udp",
		[NET_RESTRICTIONS_PROTOCOL_DNS] = "dns",
		[NET_RESTRICTIONS_PROTOCOL_VLAN] = "vlan"};
	for (const char *p = value;; p++) {
		size_t len = strcspn(p, "+"), i = 0;
		while (i < ARRAY_SIZE(names) &&
			(strlen(names[i]) != len || memcmp(names[i], p, len) != 0))
			i++;
		if (i == ARRAY_SIZE(names))
			return wrong(err, "allow", value,
				"what can be allowed is arp, ip4, ip6, dhcp, icmp, tcp, udp, dns "
				"and vlan, with + between them");
		u->allow |= UINT32_C(1) << i;
		p += len;
		if (!*p)
			return 0;
	}
}

static const char mac_form[] = "a MAC address of one station is written as 02:00:00:00:00:07";

static int set_mac(struct net_uri *u, const char *value, struct err *err)
{
	if (u->n_macs == NET_URI_MACS_MAX)
		return wrong(err, "mac", value, "that is one more than 64");
	if (parse_mac(value, &u->macs[u->n_macs]) < 0)
		return wrong(err, "mac", value, mac_form);
	u->n_macs++;
	return 0;
}

static int set_kind(struct net_uri *u, const char *value, struct err *err)
{
	if (strcmp(value, "bridge") != 0 && strcmp(value, "tap") != 0)
		return wrong(err, "kind", value, "it can be bridge or tap");
	(void)snprintf(u->made_kind, sizeof(u->made_kind), "%s", value);
	return 0;
}

static int set_mtu(struct net_uri *u, const char *value, struct err *err)
{
	uint64_t v;
	const char *end;
	if (parse_number(value, NET_URI_MTU_MAX, &v, &end) < 0 || *end || v < NET_URI_MTU_MIN)
		return wrong(err, "mtu", value, "an MTU is a number from 576 to 65535");
	u->mtu = (uint32_t)v;
	return 0;
}

static int set_address(struct net_uri *u, const char *value, struct err *err)
{
	if (u->n_addresses == NET_URI_ADDRESSES_MAX)
		return wrong(err, "address", value, "that is one more than 16");
	if (parse_address(value, u->addresses[u->n_addresses]) < 0)
		return wrong(err, "address", value, address_form);
	u->n_addresses++;
	return 0;
}

static int set_hwaddr(struct net_uri *u, const char *value, struct err *err)
{
	if (parse_mac(value, &u->hwaddr) < 0)
		return wrong(err, "hwaddr", value, mac_form);
	u->has_hwaddr = true;
	return 0;
}

static const struct {
	const char *key;
	bool made; /* only of one that is made */
	bool again; /* may be repeated */
	int (*set)(struct net_uri *u, const char *value, struct err *err);
} keys[] = {
	{"rate", false, false, set_rate},
	{"allow", false, true, set_allow},
	{"mac", false, true, set_mac},
	{"kind", true, false, set_kind},
	{"mtu", true, false, set_mtu},
	{"address", true, true, set_address},
	{"hwaddr", true, false, set_hwaddr},
};

/* One "key=value"; seen has a bit for each key. */
static int parse_option(struct net_uri *u, char *word, unsigned *seen, struct err *err)
{
	char *equals = strchr(word, '=');
	if (!equals)
		return wrong(err, NULL, word, "after a comma comes an option like rate=100mbit");
	*equals = 0;
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		if (strcmp(word, keys[i].key) != 0)
			continue;
		if (keys[i].made && u->kind != NET_URI_NEW)
			return wrong(err, NULL, word,
				"that is for an interface which is made (newlocal:, newnetns:)");
		if ((*seen & 1U << i) && !keys[i].again)
			return wrong(err, NULL, word, "it is there twice");
		*seen |= 1U << i;
		return keys[i].set(u, equals + 1, err);
	}
	return wrong(err, NULL, word,
		u->kind == NET_URI_NEW
			? "the options are rate, allow, mac, kind, mtu, address and hwaddr"
			: "the options are rate, allow and mac");
}

/* ---- which one --------------------------------------------------------------------------------
 */

static int parse_name(struct net_uri *u, const char *name, const char *whole, struct err *err)
{
	char shown[80];
	const char *why = net_name_wrong(name);
	if (why)
		return err_set(err, -EINVAL, "`%s': the name of an interface %s",
			show_word(whole, shown, sizeof(shown)), why);
	(void)snprintf(u->name, sizeof(u->name), "%s", name);
	return 0;
}

/* NS:DEV; NS may be a path. */
static int parse_in_namespace(
	struct net_uri *u, const char *text, const char *whole, struct err *err)
{
	char shown[80];
	const char *colon = strchr(text, ':');
	size_t n = colon ? (size_t)(colon - text) : 0;
	bool path = *text == '/';
	(void)show_word(whole, shown, sizeof(shown));
	if (!n || n > NET_URI_NAMESPACE_MAX)
		return err_set(err, -EINVAL,
			"`%s': write it as netns:NS:DEV, where NS is a name that `ip netns' lists "
			"or a path such as /proc/123/ns/net",
			shown);
	memcpy(u->namespace, text, n);
	u->namespace[n] = 0;
	if (!path && (strchr(u->namespace, '/') || !strcmp(u->namespace, ".") ||
			     !strcmp(u->namespace, "..")))
		return err_set(err, -EINVAL,
			"`%s': a namespace is a name that `ip netns' lists, or an absolute path",
			shown);
	return parse_name(u, colon + 1, whole, err);
}

static int parse_place(struct net_uri *u, const char *word, struct err *err)
{
	static const struct {
		const char *prefix;
		bool made, namespace;
	} forms[] = {{"local:", false, false}, {"newlocal:", true, false}, {"netns:", false, true},
		{"newnetns:", true, true}};
	char shown[80];
	if (ref_is(word)) {
		u->kind = NET_URI_REF;
		if (strlen(word) > REF_TEXT_MAX)
			return err_set(err, -EINVAL, "the reference is too long to be one");
		(void)snprintf(u->ref, sizeof(u->ref), "%s", word);
		AUTO(ref_free) struct ref *ref = NULL;
		return ref_parse(word, &ref, err);
	}
	for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
		size_t n = strlen(forms[i].prefix);
		if (strncmp(word, forms[i].prefix, n) != 0)
			continue;
		u->kind = forms[i].made ? NET_URI_NEW : NET_URI_LOCAL;
		return forms[i].namespace ? parse_in_namespace(u, word + n, word, err)
					  : parse_name(u, word + n, word, err);
	}
	(void)show_word(word, shown, sizeof(shown));
	if (!net_name_wrong(word))
		return err_set(err, -EINVAL,
			"`%s': an interface of this host is written as local:%s, one to be made as "
			"newlocal:%s",
			shown, shown, shown);
	return err_set(err, -EINVAL, "`%s' is none of " FORMS, shown);
}

int net_uri_parse(const char *text, struct net_uri *ret, struct err *err)
{
	AUTO_FREE char *copy = strdup(text);
	unsigned seen = 0;
	*ret = (struct net_uri){};
	if (!copy)
		return err_set(err, -ENOMEM, "out of memory");
	char *rest = copy, *word = strsep(&rest, ",");
	int r = parse_place(ret, word, err);
	while (r >= 0 && (word = strsep(&rest, ",")))
		r = parse_option(ret, word, &seen, err);
	explicit_bzero(copy, strlen(copy));
	return r;
}

void net_uri_show(const struct net_uri *u, char *ret, size_t size)
{
	if (u->kind == NET_URI_REF)
		ref_mask(u->ref, ret, size);
	else
		(void)snprintf(ret, size, "%s%s:%s%s%s", u->kind == NET_URI_NEW ? "new" : "",
			*u->namespace ? "netns" : "local", u->namespace, *u->namespace ? ":" : "",
			u->name);
}

bool net_uri_is_restricted(const struct net_uri *u)
{
	return u->rate || u->allow || u->n_macs;
}
