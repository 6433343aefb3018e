/* SPDX-License-Identifier: MIT */
/*
 * Attacks on a tunnel's port, with packets written by hand.  Each is tried without the guard first,
 * where it succeeds unless the kernel alone prevents it: so it is the guard that is tested.
 *
 *	C (container) --c0-- H (guarded: node, port P) --h0 x0-- X (remote: port Q, and others)
 */
#include "base/test.h"
#include "svc/net/kernel/guard-fixture.h"

#include <linux/in6.h>
#include <netinet/ip6.h>
#include <sys/stat.h>

enum { P = 20001, Q = 30001, MARK = 9 };

static const uint8_t mac_h[] = {2, 0, 0, 0, 0, 1}, mac_x[] = {2, 0, 0, 0, 0, 2},
		     mac_c0[] = {2, 0, 0, 0, 0, 3}, mac_c[] = {2, 0, 0, 0, 0, 4};

struct addresses {
	int family;
	const char *node, *also, *remote, *other, *container, *container_gateway, *any;
};

static const struct addresses families[] = {
	{AF_INET6, "fd00::1", "fd00::11", "fd00::2", "fd00::3", "fd00:c::2", "fd00:c::1", "::"},
	{AF_INET, "10.7.0.1", "10.7.0.11", "10.7.0.2", "10.7.0.3", "10.8.0.2", "10.8.0.1",
		"0.0.0.0"},
};

struct scene {
	const struct addresses *a;
	int h, x, c; /* namespaces */
	struct rtnl *rh, *rx, *rc;
	struct guard *g;
	int at_p, at_mark; /* H's sockets */
	int wire, container; /* frames to H, from X and from C */
};

static socklen_t name(struct sockaddr_storage *s, const char *address, unsigned port)
{
	struct rtnl_ip a = ip(address);
	*s = (struct sockaddr_storage){.ss_family = (sa_family_t)a.family};
	struct sockaddr_in *v4 = (struct sockaddr_in *)s;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)s;
	if (a.family == AF_INET) {
		v4->sin_addr = a.v4;
		v4->sin_port = htons((uint16_t)port);
		return sizeof *v4;
	}
	v6->sin6_addr = a.v6;
	v6->sin6_port = htons((uint16_t)port);
	return sizeof *v6;
}

/* With that address and port, in the namespace we are in. */
static int udp(const char *address, unsigned port)
{
	struct sockaddr_storage s;
	socklen_t n = name(&s, address, port);
	int fd = socket(s.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0), one = 1;
	CHECK(fd >= 0);
	if (s.ss_family == AF_INET6) {
		CHECK_INT(setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof one), 0);
		CHECK_INT(setsockopt(fd, IPPROTO_IPV6, IPV6_FREEBIND, &one, sizeof one), 0);
	}
	CHECK_INT(bind(fd, (struct sockaddr *)&s, n), 0);
	return fd;
}

static void say(int fd, const char *address, unsigned port, const char *text)
{
	struct sockaddr_storage s;
	socklen_t n = name(&s, address, port);
	(void)!sendto(fd, text, strlen(text), 0, (struct sockaddr *)&s, n);
}

static void sysctl_set(const char *path, const char *value)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		test_skip("%s cannot be set", path);
	CHECK_INT(write(fd, value, strlen(value)), (long long)strlen(value));
	fd_close(fd);
}

static void neighbour(struct rtnl *n, const char *link, const char *address_, const uint8_t *mac)
{
	struct err e = {};
	struct rtnl_ip a = ip(address_);
	ok(rtnl_neighbour_add(n, index_of(n, link), &a, mac, &e), &e);
}

static void route_all(struct rtnl *n, const char *link, const char *gateway)
{
	struct err e = {};
	struct rtnl_ip gw = ip(gateway);
	struct rtnl_address all = {.index = index_of(n, link), .ip = {.family = gw.family}};
	ok(rtnl_route_add(n, &all, &gw, &e), &e);
}

static void address_with(struct rtnl *n, const char *link, const char *a)
{
	char text[64];
	snprintf(text, sizeof text, "%s/%d", a, strchr(a, ':') ? 64 : 24);
	address(n, link, text);
}

static void scene_links(struct scene *s)
{
	struct err e = {};
	ok(rtnl_veth_add(s->rh, "h0", "x0", "test", NULL, s->x, &e), &e);
	ok(rtnl_veth_add(s->rh, "c0", "c1", "test", NULL, s->c, &e), &e);
	up(s->rh, "lo", NULL, 0);
	up(s->rh, "h0", mac_h, 0);
	up(s->rh, "c0", mac_c0, 0);
	up(s->rx, "x0", mac_x, 0);
	up(s->rc, "c1", mac_c, 0);
	address_with(s->rh, "h0", s->a->node);
	address_with(s->rh, "h0", s->a->also);
	address_with(s->rh, "c0", s->a->container_gateway);
	address_with(s->rx, "x0", s->a->remote);
	address_with(s->rc, "c1", s->a->container);
	route_all(s->rx, "x0", s->a->node);
	route_all(s->rc, "c1", s->a->container_gateway);
	neighbour(s->rh, "h0", s->a->remote, mac_x);
	neighbour(s->rh, "h0", s->a->other, mac_x);
	neighbour(s->rh, "c0", s->a->container, mac_c);
	neighbour(s->rx, "x0", s->a->node, mac_h);
	neighbour(s->rc, "c1", s->a->container_gateway, mac_c0);
}

static bool arrived(int fd)
{
	char buf[2000];
	bool has = false;
	while (recv(fd, buf, sizeof buf, MSG_DONTWAIT) > 0)
		has = true;
	return has;
}

/* A link that has just come up gets its routes some time later, in both namespaces. */
static void wait_for_way(struct scene *s, int from, const char *address_)
{
	int there, here = udp(s->a->any, 4), tries = 0;
	namespace_enter(from);
	there = udp(address_, 4);
	do {
		CHECK(tries++ < 1000);
		namespace_enter(from);
		say(there, s->a->node, MARK, "hello");
		namespace_enter(s->h);
		say(here, address_, 4, "hello");
	} while (!readable(s->at_mark, 10) || !readable(there, 10));
	fd_close(here);
	fd_close(there);
}

static void scene_start(struct scene *s, const struct addresses *a)
{
	struct err e = {};
	*s = (struct scene){.a = a};
	stay_on_this_processor();
	s->c = namespace_new();
	s->x = namespace_new();
	s->h = namespace_new();
	ok(rtnl_new(s->h, &s->rh, &e), &e);
	ok(rtnl_new(s->x, &s->rx, &e), &e);
	ok(rtnl_new(s->c, &s->rc, &e), &e);
	scene_links(s);
	sysctl_set("/proc/sys/net/ipv4/ip_forward", "1");
	sysctl_set("/proc/sys/net/ipv6/conf/all/forwarding", "1");
	s->g = guard_here(a->node);
	s->at_p = udp(a->any, P);
	s->at_mark = udp(a->any, MARK);
	namespace_enter(s->x);
	s->wire = packet_socket(s->rx, "x0", 0);
	namespace_enter(s->c);
	s->container = packet_socket(s->rc, "c1", 0);
	namespace_enter(s->h);
	wait_for_way(s, s->x, s->a->remote);
	wait_for_way(s, s->c, s->a->container);
	arrived(s->at_mark);
}

static void scene_end(struct scene *s)
{
	int fds[] = {s->h, s->x, s->c, s->at_p, s->at_mark, s->wire, s->container};
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
		fd_close(fds[i]);
	rtnl_free(s->rh);
	rtnl_free(s->rx);
	rtnl_free(s->rc);
	guard_free(s->g);
}

static void guard_up(struct scene *s)
{
	struct err e = {};
	struct rtnl_ip a = ip(s->a->remote);
	ok(guard_port_add(s->g, P, &e), &e);
	ok(guard_port_remote(s->g, P, &a, Q, &e), &e);
}

/* ---- from the wire ------------------------------------------------------------------------- */

static void simple(struct scene *s, const char *from, unsigned port, const char *to)
{
	struct frame f;
	frame_start(&f, mac_h, mac_x, 0);
	frame_ip(&f, from, to, 17);
	frame_udp(&f, port, P, "attack");
	frame_end(&f);
	frame_send(s->wire, &f);
}

static void agreed(struct scene *s)
{
	simple(s, s->a->remote, Q, s->a->node);
}

static void wrong_port(struct scene *s)
{
	simple(s, s->a->remote, Q + 1, s->a->node);
}

static void wrong_host(struct scene *s)
{
	simple(s, s->a->other, Q, s->a->node);
}

static void to_another_address(struct scene *s)
{
	simple(s, s->a->remote, Q, s->a->also);
}

static void from_the_node(struct scene *s)
{
	simple(s, s->a->node, Q, s->a->node);
}

/* UDP after a header that has to be skipped. */
static void extension(struct scene *s)
{
	struct frame f;
	frame_start(&f, mac_h, mac_x, 0);
	frame_ip(&f, s->a->other, s->a->node, s->a->family == AF_INET ? 17 : 60);
	if (s->a->family == AF_INET) {
		f.b[f.ip] = 0x47; /* two words of options: no operation */
		put(&f, (uint8_t[]){1, 1, 1, 1, 1, 1, 1, 0}, 8);
	} else {
		put(&f, (uint8_t[]){17, 0, 1, 4, 0, 0, 0, 0}, 8); /* destination options: padding */
	}
	f.l4 = f.n;
	f.proto = 17;
	frame_udp(&f, Q, P, "attack");
	frame_end(&f);
	frame_send(s->wire, &f);
}

/* What follows the IP header of f, in two fragments, the first of so many bytes. */
static void fragments(struct scene *s, const struct frame *whole, size_t first, uint8_t next)
{
	for (int part = 0; part < 2; part++) {
		struct frame f = *whole;
		size_t head = f.ip + (f.family == AF_INET ? 20 : 40), from = part ? first : 0;
		size_t n = part ? whole->n - head - first : first;
		unsigned at = (unsigned)from / 8;
		f.n = head;
		if (f.family == AF_INET) {
			set16(&f, f.ip + 6, (part ? 0 : 0x2000) | at);
		} else {
			f.b[f.ip + 6] = 44;
			put(&f, (uint8_t[]){next, 0}, 2);
			put16(&f, at << 3 | (part ? 0 : 1));
			put(&f, "id01", 4);
		}
		put(&f, whole->b + head + from, n);
		frame_lengths(&f);
		frame_send(s->wire, &f);
	}
}

static void fragmented(struct scene *s)
{
	struct frame f;
	frame_start(&f, mac_h, mac_x, 0);
	frame_ip(&f, s->a->other, s->a->node, 17);
	frame_udp(&f, Q, P, "attack in two parts");
	frame_end(&f);
	fragments(s, &f, 8, 17);
}

/* The UDP header in the second fragment. */
static void hidden(struct scene *s)
{
	struct frame f;
	frame_start(&f, mac_h, mac_x, 0);
	frame_ip(&f, s->a->other, s->a->node, 17);
	if (s->a->family == AF_INET6)
		put(&f, (uint8_t[]){17, 0, 1, 4, 0, 0, 0, 0}, 8);
	f.l4 = f.n;
	frame_udp(&f, Q, P, "attack in two parts");
	frame_end(&f);
	fragments(s, &f, 8, 60);
}

static bool gets_in(struct scene *s, void (*attack)(struct scene *s))
{
	struct frame f;
	char buf[100];
	arrived(s->at_p);
	attack(s);
	frame_start(&f, mac_h, mac_x, 0);
	frame_ip(&f, s->a->remote, s->a->node, 17);
	frame_udp(&f, Q, MARK, "mark");
	frame_end(&f);
	frame_send(s->wire, &f);
	CHECK(readable(s->at_mark, 10000));
	CHECK_INT(recv(s->at_mark, buf, sizeof buf, 0), 4);
	return arrived(s->at_p);
}

static const struct {
	const char *what;
	void (*attack)(struct scene *s);
	bool open[2]; /* gets in without the guard: IPv6, IPv4 */
	unsigned counted; /* as foreign */
} attacks[] = {
	{"the remote's port", wrong_port, {true, true}, 1},
	{"the remote's address", wrong_host, {true, true}, 1},
	{"the node's address", to_another_address, {true, true}, 1},
	/* IPv4 knows a martian by itself */
	{"the node as source", from_the_node, {true, false}, 0},
	{"extension headers", extension, {true, true}, 1},
	{"fragments", fragmented, {true, true}, 1},
	/* IPv6: the kernel refuses that (RFC 8200, 4.5) */
	{"the header in the second fragment", hidden, {false, true}, 1},
};

static void attack_port(const struct addresses *a)
{
	struct err e = {};
	struct scene s;
	scene_start(&s, a);
	bool v4 = a->family == AF_INET;
	uint64_t before, after;
	CHECK(gets_in(&s, agreed));
	for (size_t i = 0; i < ARRAY_SIZE(attacks); i++)
		if (gets_in(&s, attacks[i].attack) != attacks[i].open[v4])
			test_fail(__FILE__, __LINE__, "not as expected: %s", attacks[i].what);
	ok(guard_port_add(s.g, P, &e), &e);
	CHECK(!gets_in(&s, agreed));
	ok(guard_port_foreign(s.g, P, &before, &e), &e);
	CHECK_INT(before, 0); /* it may be the remote, before this side has heard of it */
	guard_up(&s);
	for (size_t i = 0; i < ARRAY_SIZE(attacks); i++) {
		CHECK(gets_in(&s, agreed));
		ok(guard_port_foreign(s.g, P, &before, &e), &e);
		if (gets_in(&s, attacks[i].attack))
			test_fail(__FILE__, __LINE__, "got in: %s", attacks[i].what);
		ok(guard_port_foreign(s.g, P, &after, &e), &e);
		if (attacks[i].open[v4] && after - before != attacks[i].counted)
			test_fail(__FILE__, __LINE__, "counted %d: %s", (int)(after - before),
				attacks[i].what);
	}
	struct rtnl_ip other = ip(a->other);
	ok(guard_port_remote(s.g, P, &other, Q, &e), &e);
	CHECK(!gets_in(&s, agreed));
	CHECK(gets_in(&s, wrong_host));
	ok(guard_port_remote(s.g, P, NULL, 0, &e), &e);
	CHECK(!gets_in(&s, wrong_host));
	ok(guard_port_remove(s.g, P, &e), &e);
	CHECK(gets_in(&s, agreed));
	scene_end(&s);
}

TEST(only_the_agreed_remote_gets_in_by_ipv6)
{
	attack_port(&families[0]);
}

TEST(only_the_agreed_remote_gets_in_by_ipv4)
{
	attack_port(&families[1]);
}

/* ---- from this host ------------------------------------------------------------------------ */

TEST(a_local_user_with_the_remotes_address_does_not_get_in)
{
	struct scene s;
	scene_start(&s, &families[0]);
	CHECK_INT(seteuid(65534), 0);
	int user = udp(s.a->remote, Q);
	CHECK_INT(seteuid(0), 0);
	say(user, s.a->node, P, "attack");
	CHECK(readable(s.at_p, 10000));
	CHECK(arrived(s.at_p));
	guard_up(&s);
	say(user, s.a->node, P, "attack");
	say(user, s.a->node, MARK, "mark");
	CHECK(readable(s.at_mark, 10000));
	CHECK(!arrived(s.at_p));
	fd_close(user);
	scene_end(&s);
}

/* A raw socket, as only root's programs have one. */
static void send_raw(const struct addresses *a)
{
	struct sockaddr_storage s;
	struct frame f = {.family = a->family, .proto = 17};
	frame_start(&f, mac_x, mac_h, 0);
	frame_ip(&f, a->node, a->remote, 17);
	frame_udp(&f, P, Q, "attack");
	frame_end(&f);
	int fd = socket(a->family, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_UDP);
	CHECK(fd >= 0);
	socklen_t n = name(&s, a->node, 0);
	CHECK_INT(bind(fd, (struct sockaddr *)&s, n), 0);
	n = name(&s, a->remote, 0);
	/* the sender hears of a rule */
	CHECK(sendto(fd, f.b + f.l4, f.n - f.l4, 0, (struct sockaddr *)&s, n) > 0 ||
		errno == EPERM);
	fd_close(fd);
}

/* What the remote got, up to a mark that another socket here sends: that, from the port that is
 * ours? */
static bool remote_hears(const struct addresses *a, int at_q, int marker, const char *text)
{
	char buf[2000];
	bool heard = false;
	say(marker, a->remote, Q, "mark");
	for (;;) {
		struct sockaddr_storage s;
		socklen_t n = sizeof s;
		CHECK(readable(at_q, 10000));
		ssize_t len = recvfrom(at_q, buf, sizeof buf, 0, (struct sockaddr *)&s, &n);
		CHECK(len > 0);
		if (len == 4 && !memcmp(buf, "mark", 4))
			return heard;
		in_port_t port = s.ss_family == AF_INET ? ((struct sockaddr_in *)&s)->sin_port
							: ((struct sockaddr_in6 *)&s)->sin6_port;
		heard = heard || (ntohs(port) == P && memmem(buf, (size_t)len, text, strlen(text)));
	}
}

static void check_output(const struct addresses *a, bool target)
{
	struct err e = {};
	struct scene s;
	scene_start(&s, a);
	namespace_enter(s.x);
	int at_q = udp(a->remote, Q);
	namespace_enter(s.h);
	int marker = udp(a->node, 5);
	send_raw(a);
	CHECK(remote_hears(a, at_q, marker, "attack"));
	guard_up(&s);
	send_raw(a);
	CHECK(!remote_hears(a, at_q, marker, "attack"));
	s.at_p = fd_close(s.at_p);

	/* The tunnel's own packets leave, also those of a link that is in another namespace. */
	struct rtnl *n = target ? s.rc : s.rh;
	struct rtnl_vxlan v = {.name = "mcx0",
		.vni = 7,
		.port = P,
		.local = ip(a->node),
		.target = target ? s.c : -EBADF};
	struct rtnl_remote to = {.address = ip(a->remote), .port = Q, .vni = 7};
	struct frame f;
	ok(rtnl_vxlan_add(s.rh, &v, &e), &e);
	up(n, "mcx0", NULL, 0);
	ok(rtnl_vxlan_remote(n, index_of(n, "mcx0"), NULL, &to, &e), &e);
	if (target)
		namespace_enter(s.c);
	int out = packet_socket(n, "mcx0", 0);
	namespace_enter(s.h);
	frame_start(&f, mac_x, mac_c, 0);
	put(&f, "\x88\xb5some frame", 12);
	frame_send(out, &f);
	CHECK(remote_hears(a, at_q, marker, "some frame"));
	send_raw(a);
	CHECK(!remote_hears(a, at_q, marker, "attack"));
	/* Who owns the link's namespace has it send as another host. */
	struct rtnl_vxlan other = v;
	other.name = "mcx1";
	other.vni = 8;
	other.local = ip(a->other);
	ok(rtnl_vxlan_add(s.rh, &other, &e), &e);
	up(n, "mcx1", NULL, 0);
	ok(rtnl_vxlan_remote(n, index_of(n, "mcx1"), NULL, &to, &e), &e);
	if (target)
		namespace_enter(s.c);
	int spoof = packet_socket(n, "mcx1", 0);
	namespace_enter(s.h);
	frame_send(spoof, &f);
	CHECK(!remote_hears(a, at_q, marker, "some frame"));
	fd_close(spoof);
	/* cut: the link sends nothing either */
	ok(guard_port_remote(s.g, P, NULL, 0, &e), &e);
	(void)!send(out, f.b, f.n, 0);
	CHECK(!remote_hears(a, at_q, marker, "some frame"));
	fd_close(out);
	fd_close(at_q);
	fd_close(marker);
	scene_end(&s);
}

TEST(only_the_tunnel_sends_from_its_port_by_ipv6)
{
	check_output(&families[0], false);
}

TEST(only_the_tunnel_sends_from_its_port_by_ipv4)
{
	check_output(&families[1], false);
}

TEST(a_tunnel_whose_link_is_in_another_namespace_sends)
{
	check_output(&families[0], true);
}

/* ---- through this host --------------------------------------------------------------------- */

static void check_forward(const struct addresses *a, bool masquerade)
{
	struct scene s;
	scene_start(&s, a);
	char rules[300];
	snprintf(rules, sizeof rules,
		"add table inet nat\nadd chain inet nat p { type nat hook postrouting priority "
		"100; }\n"
		"add rule inet nat p oifname \"h0\" iifname \"c0\" masquerade");
	if (masquerade)
		CHECK_INT(nft(rules), 0);
	namespace_enter(s.x);
	int at_q = udp(a->remote, Q);
	namespace_enter(s.c);
	int container = udp(a->container, P);
	namespace_enter(s.h);
	int marker = udp(a->node, 5);
	struct frame spoof;
	frame_start(&spoof, mac_c0, mac_c, 0);
	frame_ip(&spoof, a->node, a->remote, 17);
	frame_udp(&spoof, P, Q, "attack");
	frame_end(&spoof);

	say(container, a->remote, Q, "attack");
	CHECK(remote_hears(a, at_q, marker, "attack"));
	if (!masquerade) {
		frame_send(s.container, &spoof);
		CHECK_INT(remote_hears(a, at_q, marker, "attack"), a->family == AF_INET6);
	}
	s.at_p = fd_close(s.at_p);
	guard_up(&s);
	say(container, a->remote, Q, "attack");
	CHECK(!remote_hears(a, at_q, marker, "attack"));
	frame_send(s.container, &spoof);
	CHECK(!remote_hears(a, at_q, marker, "attack"));
	/* elsewhere it may send as before */
	namespace_enter(s.x);
	int at_q1 = udp(a->remote, Q + 1);
	namespace_enter(s.c);
	int innocent = udp(a->container, P + 1);
	namespace_enter(s.h);
	say(innocent, a->remote, Q + 1, "ordinary");
	CHECK(readable(at_q1, 10000));
	int fds[] = {at_q, at_q1, container, innocent, marker};
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
		fd_close(fds[i]);
	scene_end(&s);
}

TEST(a_container_cannot_send_to_the_remote_by_ipv6)
{
	check_forward(&families[0], false);
}

TEST(a_container_cannot_send_to_the_remote_by_ipv4)
{
	check_forward(&families[1], false);
}

TEST(a_container_behind_address_translation_cannot_either)
{
	check_forward(&families[1], true);
}
