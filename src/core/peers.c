/* SPDX-License-Identifier: MIT */
/*
 * Theory of operation: peers.h.
 *
 *	(none) --get--> DIALING --connected--> LINKED --closed or idle--> (none)
 *	                   +------failed---> (none), the waiting calls fail
 *
 * While a link is verified, it is pinged; without an answer within a second another one is dialled,
 * and whichever works first serves those who wait.
 */
#include "core/peers.h"
#include "base/list.h"
#include "base/log.h"
#include "core/broker.h"

#include <stdio.h>

enum { PEER_WAITERS_MAX = 256 };

struct peers {
	struct loop *loop;
	const char *own;
	struct broker *broker;
	struct list all; /* struct peer */
	unsigned n;
	sd_event_source *idle_timer;
};

struct peer {
	struct peers *peers;
	struct list link;
	char address[64];
	struct dial *dial; /* while dialling */
	struct link *connection; /* while linked */
	struct metac_node_c node; /* its bootstrap */
	struct vat_call *ping; /* while the link is verified */
	sd_event_source *ping_timer;
	unsigned idle_ticks;
	struct vat_ctx *waiters[PEER_WAITERS_MAX];
	unsigned n_waiters;
};

static void stop_ping(struct peer *p)
{
	vat_call_free(TAKE_PTR(p->ping));
	p->ping_timer = sd_event_source_disable_unref(p->ping_timer);
}

static void drop_connection(struct peer *p)
{
	stop_ping(p);
	metac_node_unref(p->node);
	p->node.cap = NULL;
	if (p->peers->broker)
		broker_forget(p->peers->broker, p->connection);
	link_free(TAKE_PTR(p->connection));
}

static void peer_free(struct peer *p)
{
	list_unlink(&p->link);
	p->peers->n--;
	dial_free(p->dial);
	drop_connection(p);
	while (p->n_waiters)
		vat_ctx_fail(p->waiters[--p->n_waiters], VAT_DISCONNECTED, "the node is ending");
	free(p);
}

/* A link is idle when nothing is outstanding but our own reference to the bootstrap. */
static bool peer_is_idle(struct peer *p)
{
	struct vat_conn_counts n;
	if (!p->connection)
		return false;
	vat_conn_counts(link_conn(p->connection), &n);
	return !n.questions && !n.answers && !n.exports && n.imports <= 1;
}

static int on_idle_timer(sd_event_source *source, uint64_t usec, void *user)
{
	struct peers *ps = user;
	list_for_each_safe (it, &ps->all) {
		struct peer *p = list_entry(it, struct peer, link);
		p->idle_ticks = peer_is_idle(p) ? p->idle_ticks + 1 : 0;
		if (p->idle_ticks > 2)
			peer_free(p);
	}
	(void)sd_event_source_set_time_relative(source, PEER_IDLE_SECONDS * 1000000ULL / 2);
	return sd_event_source_set_enabled(source, ps->n ? SD_EVENT_ONESHOT : SD_EVENT_OFF);
}

struct peers *peers_new(struct loop *l, const char *own, struct broker *broker)
{
	struct peers *ps = calloc(1, sizeof(*ps));
	if (!ps)
		return NULL;
	ps->loop = l;
	ps->own = own;
	ps->broker = broker;
	list_init(&ps->all);
	if (sd_event_add_time_relative(l->event, &ps->idle_timer, CLOCK_MONOTONIC, 0, 1000000,
		    on_idle_timer, ps) < 0) {
		free(ps);
		return NULL;
	}
	return ps;
}

void peers_free(struct peers *ps)
{
	if (!ps)
		return;
	list_for_each_safe (it, &ps->all)
		peer_free(list_entry(it, struct peer, link));
	sd_event_source_disable_unref(ps->idle_timer);
	free(ps);
}

void peers_each(struct peers *ps, void (*fn)(void *user, const char *address, struct link *link),
	void *user)
{
	list_for_each (it, &ps->all) {
		struct peer *p = list_entry(it, struct peer, link);
		if (p->connection)
			fn(user, p->address, p->connection);
	}
}

static void answer(struct peer *p, struct vat_ctx *ctx)
{
	struct metac_node_admin_get_node_ctx cx = {ctx};
	metac_node_admin_get_node_results_set_node(metac_node_admin_get_node_results(cx), p->node);
	vat_ctx_return(ctx);
}

static void answer_all(struct peer *p)
{
	while (p->n_waiters)
		answer(p, p->waiters[--p->n_waiters]);
}

static void dial_for_waiters(struct peer *p);

static void on_closed(void *user, struct link *link, const struct vat_error *err)
{
	struct peer *p = user;
	log_peer(LOG_INFO, "link to [%s] ended%s%s", p->address, err ? ": " : "",
		err ? err->text : "");
	drop_connection(p);
	if (p->n_waiters)
		dial_for_waiters(p);
	else
		peer_free(p);
}

/* Fails all that wait and forgets the peer, unless there is a link all the same: the next who asks
 * dials again. */
static void dial_failed(struct peer *p, int error)
{
	const char *why = strerror(-error);
	if (error == -EAFNOSUPPORT) /* of one's own address and of no other one dials from */
		why = strchr(p->address, ':') ? "this node has an IPv4 address, that one IPv6"
					      : "this node has an IPv6 address, that one IPv4";
	while (p->n_waiters)
		vat_ctx_fail(p->waiters[--p->n_waiters], VAT_DISCONNECTED, "connect [%s]:%d: %s",
			p->address, NODE_PORT, why);
	dial_free(TAKE_PTR(p->dial));
	stop_ping(p);
	if (!p->connection)
		peer_free(p);
}

static void on_dialled(void *user, int fd)
{
	struct peer *p = user;
	if (fd < 0) {
		dial_failed(p, fd);
		return;
	}
	if (p->connection)
		log_peer(LOG_INFO, "link to [%s] is silent; dialled anew", p->address);
	drop_connection(p);
	struct link_config cfg = {.kind = BROKER_NODE, .closed = on_closed, .user = p};
	int r = link_new(p->peers->loop, fd, &cfg, &p->connection);
	if (r < 0) {
		dial_failed(p, r);
		return;
	}
	dial_free(TAKE_PTR(p->dial));
	p->node = metac_node_cast(vat_conn_bootstrap(link_conn(p->connection)));
	answer_all(p);
	(void)sd_event_source_set_time_relative(
		p->peers->idle_timer, PEER_IDLE_SECONDS * 1000000ULL / 2);
	(void)sd_event_source_set_enabled(p->peers->idle_timer, SD_EVENT_ONESHOT);
}

static int dial_peer(struct peer *p)
{
	struct sockaddr_storage from, to;
	socklen_t from_len, to_len;
	int r = addr_parse(p->peers->own, 0, &from, &from_len);
	if (r >= 0)
		r = addr_parse(p->address, NODE_PORT, &to, &to_len);
	if (r >= 0 && from.ss_family != to.ss_family)
		r = -EAFNOSUPPORT;
	if (r < 0)
		return r;
	return dial_new(p->peers->loop, &from, &to, to_len, PEER_DIAL_SECONDS * 1000000ULL,
		on_dialled, p, &p->dial);
}

static void dial_for_waiters(struct peer *p)
{
	int r = p->dial ? 0 : dial_peer(p);
	if (r < 0)
		dial_failed(p, r);
}

/* ---- verifying ----------------------------------------------------------------------------- */

static void on_pong(void *user, const struct vat_error *err, struct vat_ptr_r results)
{
	struct peer *p = user;
	if (err && err->kind == VAT_DISCONNECTED)
		return; /* the end of the link follows */
	stop_ping(p);
	dial_free(TAKE_PTR(p->dial));
	answer_all(p);
}

static int on_silence(sd_event_source *source, uint64_t usec, void *user)
{
	dial_for_waiters(user);
	return 0;
}

static void verify_link(struct peer *p)
{
	if (p->ping)
		return;
	struct metac_node_address_req q = metac_node_address(p->peers->loop->vat, p->node);
	p->ping = q.call;
	metac_node_address_send(q, on_pong, p);
	int r = sd_event_add_time_relative(p->peers->loop->event, &p->ping_timer, CLOCK_MONOTONIC,
		PEER_PING_US, 0, on_silence, p);
	if (!q.call || r < 0)
		dial_failed(p, -ENOMEM);
}

/* ---- asking -------------------------------------------------------------------------------- */

static struct peer *peer_get(struct peers *ps, const char *address)
{
	list_for_each (it, &ps->all) {
		struct peer *p = list_entry(it, struct peer, link);
		if (!strcmp(p->address, address))
			return p;
	}
	struct peer *p = ps->n < PEERS_MAX ? calloc(1, sizeof(*p)) : NULL;
	if (!p)
		return NULL;
	p->peers = ps;
	(void)snprintf(p->address, sizeof(p->address), "%s", address);
	list_append(&ps->all, &p->link);
	ps->n++;
	return p;
}

void peers_get_node(
	struct peers *ps, const char *address, bool verify, struct metac_node_admin_get_node_ctx cx)
{
	struct peer *p = peer_get(ps, address);
	if (!p || p->n_waiters == PEER_WAITERS_MAX) {
		vat_ctx_fail(cx.ctx, VAT_OVERLOADED, "too many links to other nodes");
		return;
	}
	p->idle_ticks = 0;
	if (p->connection && !verify) {
		answer(p, cx.ctx);
		return;
	}
	p->waiters[p->n_waiters++] = cx.ctx;
	if (p->connection)
		verify_link(p);
	else
		dial_for_waiters(p);
}
