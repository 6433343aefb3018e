/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * For tests of hand-off: vats of test-net.h that know each other by number.
 *
 * 0 is the introducer, 1 the host, whose object is `obj`; 2 is the recipient, to whom 0 serves
 * `shop`, where the object is held.  The address in an introduction is the number of the host; the
 * recipient joins itself to it when it has no link yet.
 */
#include "vat/conn/test-net.h"

#include "vat/conn/handoff-internal.h"

#include <sys/socket.h>

enum { INTRODUCER, HOST, RECIPIENT, FOURTH };

struct trio;

/* One vat's view. */
struct party {
	struct trio *t;
	unsigned index;
	bool refuses; /* to introduce */
	bool cut_off; /* cannot connect */
	bool with_fds; /* introductions come with a socket pair */
	unsigned introduced, connected, awaited;
	int fd; /* that came last */
};

struct trio {
	struct net n;
	struct party party[NET_VATS];
	struct net_link *to_host, *to_shop; /* side 0: introducer, recipient */
	struct thing obj, shop;
	struct vat_cap *obj_cap; /* the introducer's import */
	struct vat_cap *shop_cap; /* the recipient's import */
	bool shop_gone;
	uint8_t last_token;
};

static int vat_index(const struct trio *t, const struct vat *v)
{
	for (unsigned i = 0; i < t->n.n_vats; i++)
		if (t->n.vat[i] == v)
			return (int)i;
	return -1;
}

/* The number of the vat at the other end. */
static int peer_index(const struct trio *t, const struct vat_conn *c)
{
	for (unsigned i = 0; i < t->n.n_links; i++)
		for (int side = 0; side < 2; side++)
			if (t->n.links[i].conn[side] == c && t->n.links[i].conn[!side])
				return vat_index(t, t->n.links[i].conn[!side]->vat);
	return -1;
}

/* The living link between two vats, if there is one; *ret_side is a's. */
static struct net_link *link_between(struct trio *t, unsigned a, unsigned b, int *ret_side)
{
	for (unsigned i = 0; i < t->n.n_links; i++) {
		struct net_link *l = &t->n.links[i];
		for (int side = 0; side < 2; side++)
			if (l->conn[side] && l->conn[!side] && l->conn[side]->vat == t->n.vat[a] &&
				l->conn[!side]->vat == t->n.vat[b] && !l->conn[side]->over) {
				*ret_side = side;
				return l;
			}
	}
	return NULL;
}

static int party_introduce(
	void *user, struct vat_conn *host, struct vat_conn *recipient, struct vat_introduction *ret)
{
	struct party *p = user;
	int index = peer_index(p->t, host), fds[2];
	if (p->refuses || index < 0)
		return -EOPNOTSUPP;
	memset(ret->token, 0x5a, sizeof(ret->token));
	ret->token[0] = ++p->t->last_token;
	ret->token[1] = (uint8_t)p->index;
	ret->address[0] = (uint8_t)index;
	ret->address_size = 1;
	if (p->with_fds) {
		CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
		ret->recipient_fd = fds[0];
		ret->host_fd = fds[1];
	}
	p->introduced++;
	return 0;
}

static void keep_fd(struct party *p, int fd)
{
	if (fd < 0)
		return;
	fd_close(p->fd);
	p->fd = fd;
}

static struct vat_conn *party_connect(
	void *user, struct vat_conn *introducer, const struct vat_contact *contact, int fd)
{
	struct party *p = user;
	struct net_link *l;
	int side = 0;
	CHECK(vat_index(p->t, introducer->vat) == (int)p->index);
	CHECK_INT(contact->address_size, 1);
	CHECK_INT(contact->token[2], 0x5a);
	keep_fd(p, fd);
	p->connected++;
	if (p->cut_off)
		return NULL;
	l = link_between(p->t, p->index, contact->address[0], &side);
	if (!l)
		l = net_join(&p->t->n, p->index, NULL, contact->address[0], NULL);
	return l->conn[side];
}

static void party_await(
	void *user, struct vat_conn *introducer, const struct vat_contact *contact, int fd)
{
	struct party *p = user;
	CHECK_INT(contact->address_size, 1);
	CHECK_INT(contact->address[0], (int)p->index);
	keep_fd(p, fd);
	p->awaited++;
}

UNUSED_OK static void trio_network(struct trio *t, unsigned vat)
{
	struct party *p = &t->party[vat];
	*p = (struct party){.t = t, .index = vat, .fd = -EBADF};
	const struct vat_network n = {.introduce = party_introduce,
		.connect = party_connect,
		.await = party_await,
		.user = p};
	CHECK_INT(vat_set_network(t->n.vat[vat], &n), 0);
}

/* The vats 0 to n-1, with networks for those in `with` (a bit each). */
UNUSED_OK static void trio_init(struct trio *t, unsigned n, unsigned with)
{
	memset(t, 0, sizeof(*t));
	net_init(&t->n, n);
	for (unsigned i = 0; i < NET_VATS; i++)
		t->party[i].fd = -EBADF;
	for (unsigned i = 0; i < n; i++)
		if (with >> i & 1)
			trio_network(t, i);
	t->to_host = net_serve(&t->n, INTRODUCER, HOST, thing_serve(t->n.vat[HOST], &t->obj));
	t->to_shop = net_serve(
		&t->n, RECIPIENT, INTRODUCER, thing_serve(t->n.vat[INTRODUCER], &t->shop));
	t->obj_cap = vat_conn_bootstrap(t->to_host->conn[0]);
	t->shop_cap = vat_conn_bootstrap(t->to_shop->conn[0]);
	net_run(&t->n);
	t->shop.held = vat_cap_ref(t->obj_cap);
	t->shop.destroyed = &t->shop_gone;
}

UNUSED_OK static void trio_done(struct trio *t)
{
	vat_cap_unref(t->obj_cap);
	vat_cap_unref(t->shop_cap);
	net_done(&t->n);
	for (unsigned i = 0; i < NET_VATS; i++)
		fd_close(t->party[i].fd);
}

/* Nothing is left but what the test holds: lets go of that, and checks the tables. */
UNUSED_OK static void trio_check_idle(struct trio *t)
{
	t->obj_cap = vat_cap_unref(t->obj_cap);
	t->shop_cap = vat_cap_unref(t->shop_cap);
	if (!t->shop_gone)
		t->shop.held = vat_cap_unref(t->shop.held);
	net_check_idle(&t->n);
	for (unsigned i = 0; i < t->n.n_vats; i++)
		if (t->n.vat[i] && t->n.vat[i]->handoffs)
			CHECK_INT(t->n.vat[i]->handoffs->n_meetings, 0);
}

/* What `give` returns to the recipient, settled. */
UNUSED_OK static struct vat_cap *trio_take(struct trio *t)
{
	struct reply r;
	thing_call(t->n.vat[RECIPIENT], t->shop_cap, THING_GIVE, 0, NULL, &r);
	net_run(&t->n);
	CHECK(r.done && !r.failed);
	struct vat_cap *cap = vat_cap_ref(r.cap);
	reply_free(&r);
	net_run(&t->n);
	return cap;
}

/* Calls that went over the introducer's link to the host. */
UNUSED_OK static uint64_t relayed(struct trio *t)
{
	struct vat_handoff_counts k;
	vat_handoff_counts(t->to_host->conn[0], &k);
	return k.calls_out;
}

UNUSED_OK static struct vat_handoff_counts handoffs(const struct vat_conn *c)
{
	struct vat_handoff_counts k;
	vat_handoff_counts(c, &k);
	return k;
}

UNUSED_OK static void echo(struct trio *t, unsigned from, struct vat_cap *cap, uint64_t n)
{
	struct reply r;
	thing_call(t->n.vat[from], cap, THING_ECHO, n, NULL, &r);
	net_run(&t->n);
	CHECK_REPLY(r, n);
}
