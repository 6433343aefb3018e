/* SPDX-License-Identifier: MIT */
/*
 * Hand-off as recipient: see handoff-internal.h.
 *
 *	vat_run:  connect() --> Accept sent --> returned: the promise is what it returned
 *	              |             |
 *	              '--- no ------'---------> the promise is the vine
 *
 * The promise keeps calls made meanwhile, so that none is lost whichever way it goes.  When the
 * introducer is lost before Accept has returned, the promise breaks: the Accept might wait for ever
 * for a Provide that was never sent.
 */
#include "vat/conn/handoff-internal.h"

enum { STEMS_MAX = 8 };

struct handoff {
	struct vat *vat; /* referenced */
	struct vat_cap *promise; /* not counted; NULL when nobody wants it any more */
	struct vat_cap *vine;
	struct stem *stems; /* of introductions that led to this one */
	struct hook hook; /* on the vine: the introducer is lost */
	struct task task; /* connect */
	struct outcome *outcome; /* of the Accept; held */
	struct vat_conn *host; /* where it was sent; only compared */
	struct consumer consumer;
	const void *source; /* the question or import that it came in answer to, */
	uint64_t message; /* in the introducer's message of this number */
	bool calling; /* the embedder: not to be freed */
	int fd;
	struct contact contact;
	uint8_t address[];
};

/* ---- vines that are kept ----------------------------------------------------------------------
 */

void stems_free(struct stem *s)
{
	while (s) {
		struct stem *next = s->next;
		vat_cap_unref(s->vine);
		free(s);
		s = next;
	}
}

/* The connection of a vine; NULL once that ended. */
static struct vat_conn *vine_conn(const struct vat_cap *vine)
{
	return vine->kind == CAP_IMPORT ? vine->import.import->conn : NULL;
}

/* Where vines of cap (innermost) are kept; NULL: nowhere. */
static struct stem **stems_of(const struct vat_cap *cap)
{
	if (cap->kind == CAP_IMPORT)
		return &cap->import.import->stems;
	if (cap->kind != CAP_PROMISE)
		return NULL;
	if (cap->promise.import)
		return &cap->promise.import->stems;
	return cap->promise.handoff ? &cap->promise.handoff->stems : NULL;
}

/* One vine of each introducer is enough, and one that is broken is worth nothing. */
static void keep(struct stem **all, struct vat_cap *vine)
{
	unsigned n = 0;
	for (struct stem **at = all, *s; (s = *at);) {
		struct vat_conn *c = vine_conn(s->vine);
		if (c && c == vine_conn(vine))
			return;
		n++;
		if (c) {
			at = &s->next;
			continue;
		}
		*at = s->next;
		s->next = NULL;
		stems_free(s);
		n--;
	}
	struct stem *s = vine_conn(vine) && n < STEMS_MAX ? malloc(sizeof(*s)) : NULL;
	if (!s)
		return; /* it is let go; we only cannot name it any more */
	*s = (struct stem){.next = *all, .vine = vat_cap_ref(vine)};
	*all = s;
}

/* Whether cap (innermost) has just come over c, and was not here before. */
static bool is_new(const struct vat_cap *cap, const struct vat_conn *c)
{
	const struct import *i = NULL;
	if (cap->kind == CAP_IMPORT)
		i = cap->import.import;
	else if (cap->kind == CAP_PROMISE && cap->promise.import)
		i = cap->promise.import;
	else if (cap->kind == CAP_PROMISE && cap->promise.handoff)
		return vine_conn(cap->promise.handoff->vine) == c;
	return i && i->conn == c && i->remote_refs == 1;
}

/*
 * The vines are kept with what came from the host.  A vine keeps the introducer's import, and that
 * perhaps a vine elsewhere: lest they go round in a circle and keep each other for ever, only what
 * is new here keeps a vine, which is always of something older.
 */
static void keep_all(struct handoff *h, struct vat_cap *cap)
{
	struct vat_cap *inner = cap_inner(cap);
	struct stem **all = inner ? stems_of(inner) : NULL;
	if (!all || !h->host || inner == h->vine || !is_new(inner, h->host))
		return;
	keep(all, h->vine);
	for (struct stem *s = h->stems; s; s = s->next)
		keep(all, s->vine);
}

static bool address_of(const struct vat_cap *vine, const struct vat_conn *c, struct address *ret)
{
	if (vine_conn(vine) != c)
		return false;
	*ret = (struct address){.conn = vine->import.import->conn, .import = vine->import.import};
	return true;
}

bool handoff_address(const struct vat_cap *cap, const struct vat_conn *c, struct address *ret)
{
	struct stem **all = c->over ? NULL : stems_of(cap);
	if (!all)
		return false;
	if (cap->kind == CAP_PROMISE && cap->promise.handoff &&
		address_of(cap->promise.handoff->vine, c, ret))
		return true;
	for (struct stem *s = *all; s; s = s->next)
		if (address_of(s->vine, c, ret))
			return true;
	return false;
}

struct vat_cap *handoff_fd_owner(const struct vat_cap *cap)
{
	struct stem **all = stems_of(cap);
	if (!all)
		return NULL;
	if (cap->kind == CAP_PROMISE && cap->promise.handoff && cap->promise.handoff->vine->fd >= 0)
		return cap->promise.handoff->vine;
	for (struct stem *s = *all; s; s = s->next)
		if (s->vine->fd >= 0)
			return s->vine;
	return NULL;
}

/* ---- the end ----------------------------------------------------------------------------------
 */

static void handoff_free(struct handoff *h)
{
	struct vat *v = h->vat;
	task_cancel(&h->task);
	list_unlink(&h->hook.link);
	fd_close(h->fd);
	vat_cap_unref(h->vine);
	stems_free(h->stems);
	free(h);
	vat_unref(v);
}

static void drop_accept(struct handoff *h)
{
	list_unlink(&h->consumer.link);
	if (h->outcome)
		outcome_drop(TAKE_PTR(h->outcome));
}

void handoff_leave(struct handoff *h)
{
	h->promise = NULL;
	drop_accept(h);
	/* A way that leads to the host serves other hand-offs too: the embedder gets it. */
	if (!h->calling && h->fd < 0)
		handoff_free(h);
}

/* Resolves the promise. h is gone, unless the embedder is being called. */
static void finish(struct handoff *h, struct vat_cap *takes_target)
{
	struct vat *v = vat_ref(h->vat);
	vat_enter(v);
	struct vat_cap *promise = TAKE_PTR(h->promise);
	drop_accept(h);
	list_unlink(&h->hook.link);
	if (promise) {
		struct vat_cap *inner = cap_inner(takes_target);
		keep_all(h, takes_target);
		/* Calls are on their way by the vine, perhaps to where this comes to next. */
		if (inner && inner->kind == CAP_PROMISE)
			inner->received_call |= promise->received_call;
		promise->promise.handoff = NULL;
		cap_resolve(promise, takes_target);
	} else {
		vat_cap_unref(takes_target);
	}
	if (!h->calling)
		handoff_free(h);
	vat_leave(v);
	vat_unref(v);
}

static void fall_back(struct handoff *h)
{
	struct vat_conn *introducer = vine_conn(h->vine);
	if (introducer && h->promise && introducer->third)
		introducer->third->counts.fell_back++;
	finish(h, vat_cap_ref(h->vine));
}

static void on_introducer_lost(struct hook *hook)
{
	struct handoff *h = container_of(hook, struct handoff, hook);
	finish(h, vat_cap_ref(h->vine));
}

void handoff_failed(struct vat_cap *vine)
{
	list_for_each_safe (l, &vine->hooks) {
		struct hook *hook = list_entry(l, struct hook, link);
		if (hook->fn == on_introducer_lost)
			fall_back(container_of(hook, struct handoff, hook));
	}
}

/* ---- Accept -----------------------------------------------------------------------------------
 */

static void on_accepted(struct consumer *consumer, struct outcome *o)
{
	struct handoff *h = container_of(consumer, struct handoff, consumer);
	struct vat_conn *introducer = vine_conn(h->vine);
	struct vat_cap *cap = NULL;
	if (o->state == OUTCOME_RETURNED)
		cap = parcel_cap_at(o->results, NULL, 0);
	if (!cap) {
		fall_back(h);
		return;
	}
	if (introducer && introducer->third)
		introducer->third->counts.accepted++;
	finish(h, vat_cap_ref(cap));
}

static bool accept(struct handoff *h, struct vat_conn *host, const void *embargo, size_t n)
{
	uint64_t w[WIRE_WORDS];
	struct contact provision = h->contact;
	if (host->over || host->oom || host->questions.n >= host->limits.questions)
		return false;
	struct outcome *o = outcome_new(h->vat);
	struct question *q = o ? question_new(host, o) : NULL;
	if (!q) {
		outcome_unref(o);
		return false;
	}
	provision.way = NO_FD;
	provision.address_size = 0;
	conn_put(host, w, wire_accept(w, q->id, &provision, embargo, n));
	h->outcome = o;
	h->host = host;
	outcome_hold(o);
	outcome_consume(o, &h->consumer, on_accepted);
	question_start(q);
	outcome_unref(o);
	return true;
}

/* Asks for the capability at its host. False: that cannot be done. */
static bool ask_host(struct handoff *h, struct vat_conn *host)
{
	uint64_t w[WIRE_WORDS];
	uint64_t id = ++h->vat->handoffs->last_embargo;
	/* No calls went ahead: nothing to wait for. */
	size_t n = h->promise->received_call ? sizeof(id) : 0;
	if (!accept(h, host, &id, n))
		return false;
	struct target t = {.id = h->vine->import.import->id};
	if (vine_conn(h->vine))
		conn_put(vine_conn(h->vine), w, wire_disembargo_accept(w, &t, &id, n));
	return true;
}

static struct vat_conn *call_connect(struct handoff *h)
{
	const struct vat_network *n = &h->vat->handoffs->network;
	struct vat_contact contact = {.token = h->contact.token,
		.address = h->contact.address,
		.address_size = h->contact.address_size};
	struct vat_conn *introducer = vine_conn(h->vine);
	if (!introducer || !n->connect)
		return NULL;
	h->calling = true;
	struct vat_conn *host = n->connect(n->user, introducer, &contact, TAKE_FD(h->fd));
	h->calling = false;
	return host;
}

static void run_connect(struct task *t)
{
	struct handoff *h = container_of(t, struct handoff, task);
	struct vat *v = vat_ref(h->vat);
	struct vat_conn *host = v->freed ? NULL : call_connect(h);
	vat_enter(v);
	assert(!host || host->vat == v);
	if (!h->promise)
		handoff_free(h);
	else if (!host || !ask_host(h, host))
		fall_back(h);
	vat_leave(v);
	vat_unref(v);
}

static struct handoff *new_handoff(
	struct vat *v, struct vat_cap *vine, const struct contact *contact, int fd)
{
	struct handoff *h = calloc(1, sizeof(*h) + contact->address_size);
	struct vat_cap *promise = h ? cap_promise(v, PROMISE_HANDOFF) : NULL;
	if (!promise) {
		free(h);
		return NULL;
	}
	h->vat = vat_ref(v);
	h->promise = promise;
	h->vine = vine;
	h->fd = fd;
	h->contact = *contact;
	h->contact.address = h->address;
	if (contact->address_size)
		memcpy(h->address, contact->address, contact->address_size);
	h->hook.fn = on_introducer_lost;
	list_init(&h->consumer.link);
	task_init(&h->task, run_connect);
	vine->import.import->vine = true;
	promise->promise.handoff = h;
	cap_hook(vine, &h->hook);
	return h;
}

struct vat_cap *handoff_new(
	struct in *in, struct vat_cap *takes_vine, const struct contact *contact, int fd)
{
	struct vat *v = in->c->vat;
	struct handoff *h = NULL;
	struct third *t = third_get(in->c);
	if (t && takes_vine->kind == CAP_IMPORT && v->handoffs && v->handoffs->network.connect)
		h = new_handoff(v, takes_vine, contact, fd);
	if (!h) {
		fd_close(fd);
		return takes_vine;
	}
	h->source = in->source;
	h->message = in->c->messages_in;
	task_queue(v, &h->task);
	return h->promise;
}

bool handoff_keeps_order(const struct address *from, const struct vat_cap *target)
{
	const struct handoff *h = NULL;
	if (target->kind == CAP_PROMISE && target->state == PROMISE_WAITING)
		h = target->promise.handoff;
	const void *source = from->import ? (const void *)from->import : from->question;
	return h && source == h->source && vine_conn(h->vine) == from->conn &&
	       h->message == from->conn->messages_in;
}
