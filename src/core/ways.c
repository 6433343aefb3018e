/* SPDX-License-Identifier: MIT */
/* Theory of operation: ways.h. */
#include "core/ways.h"
#include "base/list.h"
#include "base/log.h"
#include "core/broker.h"

#include <sodium.h>

struct ways {
	struct loop *loop;
	struct link *node;
	struct list all; /* struct way */
	unsigned n;
};

struct way {
	struct ways *ways;
	struct list link;
	struct link *connection;
	uint64_t number;
};

static void way_free(struct way *w)
{
	list_unlink(&w->link);
	w->ways->n--;
	link_free(w->connection);
	free(w);
}

static void on_closed(void *user, struct link *link, const struct vat_error *err)
{
	way_free(user);
}

static struct way *way_find(struct ways *ws, uint64_t number)
{
	list_for_each (it, &ws->all) {
		struct way *w = list_entry(it, struct way, link);
		if (w->number == number)
			return w;
	}
	return NULL;
}

/* Takes fd. */
static struct way *way_new(struct ways *ws, uint64_t number, int fd)
{
	struct way *w = ws->n < WAYS_MAX ? calloc(1, sizeof(*w)) : NULL;
	if (!w) {
		fd_close(fd);
		return NULL;
	}
	w->ways = ws;
	w->number = number;
	struct link_config cfg = {.closed = on_closed, .user = w};
	int r = link_new(ws->loop, fd, &cfg, &w->connection);
	if (r < 0) {
		log_debug("a connection that the node introduced us by: %s", strerror(-r));
		free(w);
		return NULL;
	}
	list_append(&ws->all, &w->link);
	ws->n++;
	return w;
}

/* The way that the contact means; takes fd (-1: it is there already). */
static struct way *way_get(
	struct ways *ws, struct vat_conn *introducer, const struct vat_contact *contact, int fd)
{
	uint64_t number;
	if (introducer != link_conn(ws->node) || contact->address_size != sizeof(number)) {
		fd_close(fd);
		return NULL;
	}
	memcpy(&number, contact->address, sizeof(number));
	struct way *w = way_find(ws, number);
	if (w || fd < 0) {
		fd_close(fd);
		return w;
	}
	return way_new(ws, number, fd);
}

static struct vat_conn *on_connect(
	void *user, struct vat_conn *introducer, const struct vat_contact *contact, int fd)
{
	struct way *w = way_get(user, introducer, contact, fd);
	return w ? link_conn(w->connection) : NULL;
}

static void on_await(
	void *user, struct vat_conn *introducer, const struct vat_contact *contact, int fd)
{
	(void)way_get(user, introducer, contact, fd);
}

/* What lies at the end of a way, for the node: it knows of the way, having made it. */
static int introduce(
	void *user, struct vat_conn *host, struct vat_conn *recipient, struct vat_introduction *ret)
{
	struct ways *ws = user;
	if (recipient != link_conn(ws->node))
		return -EOPNOTSUPP;
	list_for_each (it, &ws->all) {
		struct way *w = list_entry(it, struct way, link);
		if (link_conn(w->connection) != host)
			continue;
		broker_fill(ret, w->number);
		return 0;
	}
	return -EOPNOTSUPP;
}

struct ways *ways_new(struct loop *l, struct link *node)
{
	struct ways *ws = calloc(1, sizeof(*ws));
	if (!ws)
		return NULL;
	ws->loop = l;
	ws->node = node;
	list_init(&ws->all);
	const struct vat_network n = {
		.introduce = introduce, .connect = on_connect, .await = on_await, .user = ws};
	if (handoff_wanted() && (sodium_init() < 0 || vat_set_network(l->vat, &n) < 0)) {
		free(ws);
		return NULL;
	}
	return ws;
}

void ways_free(struct ways *ws)
{
	if (!ws)
		return;
	(void)vat_set_network(ws->loop->vat, NULL);
	list_for_each_safe (it, &ws->all)
		way_free(list_entry(it, struct way, link));
	free(ws);
}
