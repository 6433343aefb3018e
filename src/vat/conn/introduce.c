/* SPDX-License-Identifier: MIT */
/*
 * Hand-off as introducer: see handoff-internal.h.
 *
 * A vine is an export of its own, never shared, whose capability is our import: what is called or
 * named through it is that import.  With it goes a Provide at the host, finished when the vine is
 * released.
 *
 * A host answers a Provide with nothing, and one that does not know Provide with `unimplemented`;
 * of those, some end the connection when they are told to finish it or sent a Disembargo for it. So
 * the first Provide on a connection is followed by a harmless question (Bootstrap).  Until that is
 * answered, everything that refers to a Provide is held back; if `unimplemented` came before, it is
 * dropped, and this peer is not asked again.
 */
#include "vat/conn/handoff-internal.h"

enum {
	HELD_MAX = 4096,
	EMBARGOES_MAX = 16, /* of one vine: one Accept has one. The host stands more than that. */
};

/* A message that waits until we know whether the host understands it. */
struct held {
	struct list link; /* in third->held */
	struct question *provide;
	bool finish; /* the vine is gone; else a Disembargo: */
	uint8_t size;
	uint8_t id[EMBARGO_MAX];
};

/* ---- what is known of a peer ----------------------------------------------------------------- */

struct third *third_get(struct vat_conn *c)
{
	if (c->third || c->over)
		return c->third;
	c->third = calloc(1, sizeof(*c->third));
	if (c->third) {
		c->third->conn = c;
		list_init(&c->third->held);
		list_init(&c->third->accepts);
		list_init(&c->third->arrivals);
		list_init(&c->third->probe_consumer.link);
	}
	return c->third;
}

void third_end(struct vat_conn *c)
{
	struct third *t = c->third;
	struct list *l;
	if (!t)
		return;
	while ((l = list_pop(&t->held)))
		free(list_entry(l, struct held, link));
	t->n_held = 0;
	accepts_end(t);
	arrivals_end(t);
}

static void put_disembargo(struct question *provide, const void *id, size_t size)
{
	struct target t = {.promised = true, .id = provide->id};
	uint64_t w[WIRE_WORDS];
	conn_put(provide->conn, w, wire_disembargo_accept(w, &t, id, size));
}

/* Sends what was held back, or forgets it. */
static void flush(struct vat_conn *host)
{
	struct third *t = host->third;
	struct list *l;
	bool refuses = t->state == THIRD_REFUSES;
	while ((l = list_pop(&t->held))) {
		struct held *h = list_entry(l, struct held, link);
		t->n_held--;
		if (h->finish) {
			h->provide->finished = refuses;
			question_unref(h->provide);
		} else if (!refuses) {
			put_disembargo(h->provide, h->id, h->size);
		}
		free(h);
	}
}

static void on_probed(struct consumer *consumer, struct outcome *o)
{
	struct third *t = container_of(consumer, struct third, probe_consumer);
	struct vat_conn *host = t->conn;
	t->probe = NULL;
	if (!host->over && t->state == THIRD_ASKED) {
		t->state = THIRD_HOST;
		flush(host);
	}
	outcome_drop(o);
}

/* Asks something whose answer comes after what the peer says to our first Provide. */
static void probe(struct vat_conn *host)
{
	struct third *t = host->third;
	uint64_t w[WIRE_WORDS];
	struct outcome *o = outcome_new(host->vat);
	struct question *q = o ? question_new(host, o) : NULL;
	if (!q) {
		outcome_unref(o);
		conn_oom(host);
		return;
	}
	t->state = THIRD_ASKED;
	t->probe = o;
	conn_put(host, w, wire_bootstrap(w, q->id));
	outcome_hold(o);
	outcome_consume(o, &t->probe_consumer, on_probed);
	question_start(q);
	outcome_unref(o);
}

void introduce_refused(struct vat_conn *c)
{
	/* A peer may say so of a Provide that it was never sent; to its own disadvantage. */
	struct third *t = third_get(c);
	if (!t)
		return;
	t->state = THIRD_REFUSES;
	flush(c);
}

void introduce_understood(struct vat_conn *c)
{
	struct third *t = third_get(c);
	if (!t || t->state == THIRD_HOST || t->state == THIRD_REFUSES)
		return;
	t->state = THIRD_HOST;
	flush(c);
}

/* True if it was held back or cannot be sent at all; else it can be sent now. */
static bool hold(struct question *provide, bool finish, struct vat_data id)
{
	struct vat_conn *host = provide->conn;
	struct third *t = host->third;
	if (t->state == THIRD_HOST)
		return false;
	struct held *h = t->n_held < HELD_MAX || finish ? calloc(1, sizeof(*h)) : NULL;
	if (!h) {
		conn_oom(host);
		return true;
	}
	h->provide = provide;
	h->finish = finish;
	h->size = (uint8_t)id.len;
	if (id.len)
		memcpy(h->id, id.p, id.len);
	list_append(&t->held, &h->link);
	t->n_held++;
	return true;
}

/* ---- vines ----------------------------------------------------------------------------------- */

static void provide_done(struct question *q)
{
	struct third *t = q->conn->third;
	q->vine = NULL;
	t->counts.introductions--;
	if (t->state == THIRD_REFUSES)
		q->finished = true;
	else if (hold(q, true, (struct vat_data){0}))
		return;
	question_unref(q);
}

struct vat_cap *vine_way(struct vat_conn *c, uint32_t id)
{
	struct exported *e = idtab_get(&c->exports, id);
	return e->vine->way;
}

void vine_sent(struct vine *v)
{
	vat_cap_unref(TAKE_PTR(v->way));
}

void vine_free(struct vine *v)
{
	if (!v)
		return;
	if (v->provide)
		provide_done(v->provide);
	vine_sent(v);
	free(v);
}

static void tell_failure(struct vine *v)
{
	static const struct vat_error e = {
		.kind = VAT_DISCONNECTED, .text = "the introducer has lost the host"};
	uint64_t w[WIRE_WORDS];
	conn_put(v->e->conn, w, wire_resolve_exception(w, v->e->id, &e));
}

void vine_orphan(struct vine *v)
{
	if (!v)
		return;
	v->provide->conn->third->counts.introductions--;
	v->provide = NULL;
	if (v->accepting)
		tell_failure(v);
}

int vine_disembargo(struct vat_conn *c, struct vine *v, struct vat_data id)
{
	struct question *q = v->provide;
	if (id.len > EMBARGO_MAX)
		return conn_abort(c, "Disembargo: too long an embargo");
	if (!q && !v->accepting)
		tell_failure(v);
	v->accepting = true;
	/* Nobody waits at a host that is gone or knows no Provide. */
	if (!q || !id.len || q->conn->third->state == THIRD_REFUSES)
		return 0;
	if (v->n_embargoes++ >= EMBARGOES_MAX || q->conn->third->n_held >= HELD_MAX)
		return conn_abort(c, "Disembargo: too many of them");
	if (!hold(q, false, id))
		put_disembargo(q, id.p, id.len);
	return 0;
}

struct vat_cap *fd_holder(struct vat *v, int fd)
{
	struct vat_cap *c = cap_new(v, CAP_BROKEN);
	if (!c) {
		fd_close(fd);
		return NULL;
	}
	c->broken.failure = NULL;
	c->fd = fd;
	return c;
}

/* ---- introducing ------------------------------------------------------------------------------
 */

/* Whether cap's host and c may be asked for. */
static bool possible(struct vat_conn *c, struct vat_conn *host)
{
	const struct handoffs *all = c->vat->handoffs;
	if (!all || !all->network.introduce || c->over || c->oom || host->over || host->oom ||
		host->questions.n >= host->limits.questions ||
		host->out_bytes > host->limits.output_bytes)
		return false;
	uint32_t max = all->network.max_introductions;
	const struct third *t = third_get(host);
	if (!third_get(c) || !t || t->state == THIRD_REFUSES)
		return false;
	/* The host counts those that are over until it hears of that. */
	return t->counts.introductions < max && t->n_held < max - t->counts.introductions;
}

/* What the embedder decided; its descriptors in holders (NULL: none). False: no. */
static bool ask(struct vat_conn *c, struct vat_conn *host, struct vat_introduction *in,
	struct vat_cap *ways[2])
{
	const struct vat_network *n = &c->vat->handoffs->network;
	memset(in, 0, sizeof(*in));
	in->recipient_fd = in->host_fd = -1;
	int r = n->introduce(n->user, host, c, in);
	bool ok = r == 0 && (in->recipient_fd < 0 || c->fds) && (in->host_fd < 0 || host->fds);
	const int fds[] = {in->recipient_fd, in->host_fd};
	for (int i = 0; i < 2; i++) {
		ways[i] = fds[i] >= 0 ? fd_holder(c->vat, fds[i]) : NULL;
		ok &= fds[i] < 0 || ways[i];
	}
	return ok;
}

static struct vine *vine_new(struct vat_conn *c, struct vat_cap *cap,
	const struct vat_introduction *in, struct vat_conn *host)
{
	struct vine *v = calloc(1, sizeof(*v) + in->address_size);
	struct exported *e = NULL;
	if (!v || export_new(c, cap, &e) < 0) {
		free(v);
		return NULL;
	}
	v->provide = question_new(host, NULL);
	if (!v->provide) {
		export_free(e);
		free(v);
		return NULL;
	}
	v->e = e;
	memcpy(v->contact.token, in->token, sizeof(v->contact.token));
	memcpy(v->address, in->address, in->address_size);
	v->contact.way = NO_FD;
	v->contact.address = v->address;
	v->contact.address_size = in->address_size;
	v->provide->vine = v;
	v->provide->returned = true; /* there will be no Return */
	e->vine = v;
	e->refs = 1;
	list_append(&c->late, &e->link);
	return v;
}

static void provide(struct vine *v, struct import *i, struct vat_cap *way)
{
	struct vat_conn *host = i->conn;
	struct contact recipient = v->contact;
	struct target t = {.id = i->id};
	uint64_t w[WIRE_WORDS];
	if (way)
		recipient.way = 0;
	conn_put_fds(host, w, wire_provide(w, v->provide->id, &t, &recipient), &way, !!way);
	host->third->counts.introductions++;
	if (host->third->state == THIRD_UNKNOWN)
		probe(host);
}

bool introduce(struct vat_conn *c, struct vat_cap *cap, struct descriptor *d)
{
	struct import *i = cap->import.import;
	struct vat_introduction in;
	struct vat_cap *ways[2];
	if (!possible(c, i->conn))
		return false;
	struct vine *v = NULL;
	if (ask(c, i->conn, &in, ways))
		v = vine_new(c, cap, &in, i->conn);
	if (v) {
		v->way = TAKE_PTR(ways[0]);
		provide(v, i, ways[1]);
		c->third->counts.introduced++;
		d->tag = DESC_THIRD_PARTY_HOSTED;
		d->id = v->e->id;
		d->contact = &v->contact;
	}
	vat_cap_unref(ways[0]);
	vat_cap_unref(ways[1]);
	return v;
}
