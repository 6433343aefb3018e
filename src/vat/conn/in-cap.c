/* SPDX-License-Identifier: MIT */
/*
 * The life of capabilities: Resolve, Release, Disembargo.
 *
 * A Disembargo of the peer asks that a mark be sent back along the way that its earlier calls took.
 * Our queues are flushed before hooks fire, so it is enough to wait until the target has settled.
 */
#include "vat/conn/handoff-internal.h"

/* A Resolve for an import that we do not have any more: its replacement is given back. */
static int resolve_nothing(struct in *in, struct vat_struct_r s)
{
	struct vat_cap *cap;
	int r = in_descriptor(in, s, &cap);
	vat_cap_unref(cap);
	return r;
}

static int resolve_cap(struct in *in, struct import *i, struct vat_struct_r s)
{
	struct vat_conn *c = in->c;
	struct vat_cap *cap;
	uint16_t tag = vat_r_u16(s, 0, 0);
	if (tag == DESC_NONE)
		return conn_abort(c, "Resolve: no capability");
	if (!i)
		return resolve_nothing(in, s);
	in->source = i;
	int r = in_descriptor(in, s, &cap);
	if (r < 0)
		return r;
	if (c->imports.n > c->limits.imports) {
		vat_cap_unref(cap);
		cap_reject(i->cap, failure_new(VAT_OVERLOADED, "too many capabilities imported"));
	} else {
		cap_resolve(i->cap, cap);
	}
	return 0;
}

int in_resolve(struct in *in)
{
	struct vat_conn *c = in->c;
	uint32_t id = vat_r_u32(in->body, 0, 0);
	uint16_t tag = vat_r_u16(in->body, 2, 0);
	struct import *i = idmap_get(&c->imports, id);
	struct vat_struct_r s = vat_ptr_struct(vat_ptr_at(in->body, 0), NULL);
	if (vat_message_error(in->p->msg))
		return in_malformed(in);
	if (i && i->vine && tag == RESOLVE_EXCEPTION) {
		if (i->cap)
			handoff_failed(i->cap);
		return 0;
	}
	if (i && !i->promise)
		return conn_abort(c, "Resolve: import %u is not a promise", id);
	struct vat_cap *cap = i ? i->cap : NULL;
	if (cap && (cap->kind != CAP_PROMISE || cap->state != PROMISE_WAITING))
		return conn_abort(c, "Resolve: promise %u is resolved already", id);
	/* Only pins are left of it: as good as unknown. */
	if (!cap)
		i = NULL;
	if (tag == RESOLVE_CAP)
		return resolve_cap(in, i, s);
	if (tag != RESOLVE_EXCEPTION)
		return in_echo(in);
	struct vat_text text;
	enum vat_error_kind kind = read_exception(s, &text);
	if (i)
		cap_reject(cap, failure_new_text(kind, text.s, text.len));
	return 0;
}

int in_release_message(struct in *in)
{
	struct vat_conn *c = in->c;
	uint32_t id = vat_r_u32(in->body, 0, 0), n = vat_r_u32(in->body, 1, 0);
	struct exported *e = idtab_get(&c->exports, id);
	if (!e || n > e->refs)
		return conn_abort(c, "Release: export %u is not held so often", id);
	if (n)
		export_release(e, n);
	return 0;
}

static void put_loopback(struct vat_conn *c, struct vat_cap *cap, uint32_t id)
{
	struct address a = {0};
	if (cap)
		cap_address(cap, &a);
	struct target t = {.promised = a.question && !a.import,
		.id = a.import     ? a.import->id
		      : a.question ? a.question->id
				   : 0,
		.path = a.path,
		.n_path = a.n_path};
	uint64_t w[WIRE_WORDS];
	conn_put(c, w, wire_disembargo(w, &t, true, id));
}

enum loopback { LOOPBACK_SENT, LOOPBACK_LATER, LOOPBACK_WRONG };

/* Answers if cap leads back now. Something broken cannot keep an order: it is answered too, so that
 * the peer does not wait for ever. */
static enum loopback try_loopback(struct vat_conn *c, struct vat_cap *cap, uint32_t id)
{
	struct address a;
	cap = cap_inner(cap);
	bool back = cap && cap_address(cap, &a) && a.conn == c;
	if (!back && cap_unsettled(cap))
		return LOOPBACK_LATER;
	if (!back && cap && !cap_failure(cap))
		return LOOPBACK_WRONG;
	put_loopback(c, back ? cap : NULL, id);
	return LOOPBACK_SENT;
}

static void on_waited(struct hook *h)
{
	struct waiter *w = container_of(h, struct waiter, hook);
	struct vat_conn *c = w->conn;
	if (try_loopback(c, w->cap, w->id) == LOOPBACK_LATER) {
		cap_hook(cap_inner(w->cap), &w->hook);
		return;
	}
	list_unlink(&w->link);
	c->n_waiters--;
	vat_cap_unref(w->cap);
	free(w);
}

/* Calls sent to cap have to come out first: waits until it has settled. */
static int wait_loopback(struct vat_conn *c, struct vat_cap *cap, uint32_t id)
{
	if (c->n_waiters >= c->limits.answers)
		return conn_abort(c, "Disembargo: too many of them");
	struct waiter *w = calloc(1, sizeof(*w));
	if (!w)
		return conn_oom(c);
	*w = (struct waiter){
		.conn = c, .cap = vat_cap_ref(cap), .id = id, .hook = {.fn = on_waited}};
	list_append(&c->waiters, &w->link);
	c->n_waiters++;
	cap_hook(cap_inner(cap), &w->hook);
	return 0;
}

static int sender_loopback(struct in *in, uint32_t id)
{
	struct vat_conn *c = in->c;
	struct target t;
	if (!read_target(vat_ptr_struct(vat_ptr_at(in->body, 0), NULL), &t, in->path))
		return in_echo(in);
	if (t.promised && !idmap_get(&c->answers, t.id))
		return conn_abort(c, "Disembargo: no such question %u", t.id);
	AUTO(vat_cap_unref) struct vat_cap *cap = NULL;
	int r = in_target(in, &t, &cap);
	if (r < 0)
		return r;
	switch (try_loopback(c, cap, id)) {
	case LOOPBACK_SENT:
		return 0;
	case LOOPBACK_LATER:
		return wait_loopback(c, cap, id);
	case LOOPBACK_WRONG:
		break;
	}
	return conn_abort(c, "Disembargo: its target does not lead back to the sender");
}

/* A Disembargo that follows calls through a vine of ours, or calls on what the peer provides. */
static int accept_embargo(struct in *in)
{
	struct vat_conn *c = in->c;
	struct target t;
	if (!c->vat->handoffs ||
		!read_target(vat_ptr_struct(vat_ptr_at(in->body, 0), NULL), &t, in->path))
		return in_echo(in);
	struct vat_data id = vat_ptr_data(vat_ptr_at(in->body, 1), NULL);
	if (vat_message_error(in->p->msg))
		return in_malformed(in);
	if (t.promised)
		return provision_disembargo(c, t.id, id);
	struct exported *e = idtab_get(&c->exports, t.id);
	if (!e || !e->vine)
		return conn_abort(c, "Disembargo: export %u is no vine", t.id);
	return vine_disembargo(c, e->vine, id);
}

int in_disembargo(struct in *in)
{
	struct vat_conn *c = in->c;
	uint32_t id = vat_r_u32(in->body, 0, 0);
	switch (vat_r_u16(in->body, 2, 0)) {
	case LOOPBACK_SENDER:
		return sender_loopback(in, id);
	case LOOPBACK_RECEIVER:
		break;
	case DISEMBARGO_ACCEPT:
		return accept_embargo(in);
	default:
		return in_echo(in);
	}
	struct embargo *e = idtab_get(&c->embargoes, id);
	if (!e)
		return conn_abort(c, "Disembargo: no such embargo %u", id);
	idtab_remove(&c->embargoes, id);
	cap_release(e->promise);
	vat_cap_unref(e->promise);
	free(e);
	return 0;
}
