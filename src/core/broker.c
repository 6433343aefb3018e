/* SPDX-License-Identifier: MIT */
/*
 * Theory of operation: broker.h.
 *
 * A pair is noted when its two are given a connection.  If one of them could not make use of it,
 * the introductions that name it later fail at the recipient, which then goes by way of the node:
 * the state before there was hand-off, never worse.
 */
#include "core/broker.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sodium.h>

struct pair {
	struct list link;
	struct link *a, *b;
	uint64_t number;
};

bool handoff_wanted(void)
{
	const char *v = getenv("METAC_HANDOFF");
	return !v || strcmp(v, "no");
}

static void pair_free(struct broker *b, struct pair *p)
{
	list_unlink(&p->link);
	b->n_pairs--;
	free(p);
}

void broker_forget(struct broker *b, const struct link *link)
{
	if (!link)
		return;
	list_for_each_safe (it, &b->pairs) {
		struct pair *p = list_entry(it, struct pair, link);
		if (p->a == link || p->b == link)
			pair_free(b, p);
	}
}

static struct pair *pair_find(struct broker *b, const struct link *x, const struct link *y)
{
	list_for_each (it, &b->pairs) {
		struct pair *p = list_entry(it, struct pair, link);
		if ((p->a == x && p->b == y) || (p->a == y && p->b == x))
			return p;
	}
	return NULL;
}

static unsigned count_of(struct broker *b, const struct link *link)
{
	unsigned n = 0;
	list_for_each (it, &b->pairs) {
		struct pair *p = list_entry(it, struct pair, link);
		n += p->a == link || p->b == link;
	}
	return n;
}

/* A connection to the node at the other end of `link`, begun as the link itself was. What the
 * recipient calls meanwhile waits for it, so one that is not answered fails soon (after 3 s, Linux
 * asks twice), and the way through us is taken. */
static int dial_again(const struct link *link)
{
	static const int again = 1;
	struct sockaddr_storage from, to;
	socklen_t from_len = sizeof(from), to_len = sizeof(to);
	int fd;
	if (getsockname(link_fd(link), (struct sockaddr *)&from, &from_len) < 0 ||
		getpeername(link_fd(link), (struct sockaddr *)&to, &to_len) < 0)
		return -errno;
	addr_set_port(&from, 0);
	int r = dial_start(&from, &to, to_len, &fd);
	if (r == -EINPROGRESS)
		r = setsockopt(fd, IPPROTO_TCP, TCP_SYNCNT, &again, sizeof(again)) < 0 ? -errno : 0;
	if (r < 0) {
		fd_close(fd);
		return r;
	}
	return fd;
}

/* Ways to each other for two that have none yet. */
static int make_way(struct broker *b, const struct link *host, const struct link *recipient,
	struct vat_introduction *ret)
{
	int fds[2];
	if (link_kind(host) == BROKER_SERVICE) {
		if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds) < 0)
			return -errno;
		ret->host_fd = fds[0];
		ret->recipient_fd = fds[1];
		return 0;
	}
	if (count_of(b, host) >= BROKER_DIALS_MAX)
		return -EDQUOT;
	ret->recipient_fd = dial_again(host);
	return MIN(ret->recipient_fd, 0);
}

static struct pair *pair_new(
	struct broker *b, struct link *host, struct link *recipient, struct vat_introduction *ret)
{
	struct pair *p = calloc(1, sizeof(*p));
	if (!p || make_way(b, host, recipient, ret) < 0) {
		free(p);
		return NULL;
	}
	if (b->n_pairs == BROKER_PAIRS_MAX)
		pair_free(b, list_entry(b->pairs.next, struct pair, link));
	*p = (struct pair){.a = host, .b = recipient, .number = ++b->last};
	list_append(&b->pairs, &p->link);
	b->n_pairs++;
	return p;
}

static bool allowed(const struct link *host, const struct link *recipient)
{
	switch (link_kind(host)) {
	case BROKER_SERVICE:
		return link_kind(recipient) == BROKER_SERVICE;
	case BROKER_NODE:
		return link_kind(recipient) == BROKER_ADMIN;
	default:
		return false;
	}
}

static int introduce(
	void *user, struct vat_conn *host, struct vat_conn *recipient, struct vat_introduction *ret)
{
	struct broker *b = user;
	struct link *h = link_of(host), *r = link_of(recipient);
	if (!allowed(h, r))
		return -EOPNOTSUPP;
	struct pair *p = pair_find(b, h, r);
	if (!p)
		p = pair_new(b, h, r, ret);
	if (!p)
		return -EOPNOTSUPP;
	broker_fill(ret, p->number);
	return 0;
}

void broker_fill(struct vat_introduction *ret, uint64_t number)
{
	randombytes_buf(ret->token, sizeof(ret->token));
	memcpy(ret->address, &number, sizeof(number));
	ret->address_size = sizeof(number);
}

/* One of a pair passes on what it got from the other: who is reached over our own link. */
static struct vat_conn *on_connect(
	void *user, struct vat_conn *introducer, const struct vat_contact *contact, int fd)
{
	struct broker *b = user;
	const struct link *from = link_of(introducer);
	uint64_t number;
	fd_close(fd);
	if (contact->address_size != sizeof(number))
		return NULL;
	memcpy(&number, contact->address, sizeof(number));
	list_for_each (it, &b->pairs) {
		struct pair *p = list_entry(it, struct pair, link);
		if (p->number == number && (p->a == from || p->b == from))
			return link_conn(p->a == from ? p->b : p->a);
	}
	return NULL;
}

int broker_init(struct broker *b, struct loop *l)
{
	*b = (struct broker){0};
	list_init(&b->pairs);
	if (!handoff_wanted())
		return 0;
	if (sodium_init() < 0)
		return -EIO;
	const struct vat_network n = {.introduce = introduce, .connect = on_connect, .user = b};
	return vat_set_network(l->vat, &n);
}

void broker_done(struct broker *b)
{
	list_for_each_safe (it, &b->pairs)
		pair_free(b, list_entry(it, struct pair, link));
}
