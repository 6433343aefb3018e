/* SPDX-License-Identifier: MIT */
/*
 * Input: what a message of the peer does to the tables.
 *
 * A message is handled completely before the next is looked at.  What breaks the protocol ends the
 * connection with an abort; what is wrong with one call alone fails that call.  Here is what all
 * kinds of message share, and the few that belong nowhere else; in-call.c, in-return.c and in-cap.c
 * have the others.
 */
#include "vat/conn/handoff-internal.h"

int in_malformed(struct in *in)
{
	return conn_abort(in->c, "malformed message");
}

/* Sends back what we do not understand: if it needs more room than it came in, its pointers lead to
 * the same things again and again, which no honest peer's do. */
int in_echo(struct in *in)
{
	size_t words = vat_message_words(in->p->msg) + 8;
	struct vat_message *m = vat_message_new(words, words);
	if (!m)
		return conn_oom(in->c);
	struct vat_struct_b root = vat_init_struct(vat_root_b(m), 1, 1);
	vat_set_struct(vat_ptr_at_b(root, 0), in->root);
	size_t size = 0;
	int e = vat_message_error(m);
	AUTO_FREE void *flat = e ? NULL : vat_message_flatten(m, &size);
	vat_message_free(m);
	if (vat_message_error(in->p->msg) > 0 || e == -EMSGSIZE)
		return in_malformed(in);
	if (!flat)
		return conn_oom(in->c);
	conn_put(in->c, flat, size / 8);
	return 0;
}

/* ---- capabilities --------------------------------------------------------------------------- */

/* What an answer's results have at a path, as the Return said or will say; new reference. */
struct vat_cap *in_answer_cap(struct answer *a, const uint16_t *path, size_t n)
{
	struct outcome *o = a->outcome;
	a->called |= !a->returned;
	if (a->provision)
		return cap_broken(o->vat, failure_new(VAT_FAILED, "a Provide has no results"));
	if (a->tail)
		return tail_cap(a, path, n);
	if (!a->returned || a->yourself || a->only_pipelining || o->state == OUTCOME_FAILED)
		return outcome_pipeline(o, path, n);
	struct vat_cap *pipe = outcome_pipe(o, path, n);
	if (pipe)
		return cap_revive(pipe);
	if (!a->results)
		return cap_broken(
			o->vat, failure_new(VAT_FAILED, "the call did not return results"));
	return vat_cap_ref(parcel_cap_at(a->results, path, n));
}

/* Ours, named by the peer. If it leads straight back to the peer it is pinned: what named us has to
 * be reached through us, or calls would overtake those that went through us before. */
static int loop_back(struct vat_conn *c, struct vat_cap *takes, struct vat_cap **ret)
{
	struct address a;
	struct vat_cap *inner = cap_inner(takes);
	*ret = takes;
	if (!inner || inner->kind == CAP_PIN || !cap_address(inner, &a) || a.conn != c)
		return 0;
	*ret = pin_new(c->vat, &a);
	vat_cap_unref(takes);
	return *ret ? 0 : conn_oom(c);
}

/* The capability a descriptor stands for, new reference in *ret (may be NULL). */
static int receive_cap(struct vat_conn *c, const struct descriptor *d, struct vat_cap **ret)
{
	struct exported *e;
	struct answer *a;
	*ret = NULL;
	switch (d->tag) {
	case DESC_SENDER_HOSTED:
	case DESC_SENDER_PROMISE:
	case DESC_THIRD_PARTY_HOSTED: /* the vine */
		*ret = import_get(c, d->id, d->tag == DESC_SENDER_PROMISE);
		return *ret ? 0 : conn_oom(c);
	case DESC_RECEIVER_HOSTED:
		e = idtab_get(&c->exports, d->id);
		if (!e)
			return conn_abort(c, "receiverHosted: no such export %u", d->id);
		return loop_back(c, vat_cap_ref(e->cap), ret);
	case DESC_RECEIVER_ANSWER:
		a = idmap_get(&c->answers, d->id);
		if (a)
			return loop_back(c, in_answer_cap(a, d->path, d->n_path), ret);
		*ret = cap_broken(
			c->vat, failure_new(VAT_FAILED, "receiverAnswer: no such question"));
		return 0;
	case DESC_NONE:
		return 0;
	}
	return 0;
}

int in_take_fd(struct vat_conn *c, uint32_t index)
{
	return index < c->n_in_fds ? TAKE_FD(c->in_fds[index].fd) : -EBADF;
}

/* Gives an import the descriptor that came with it. */
static void receive_fd(struct vat_conn *c, const struct descriptor *d, struct vat_cap *cap)
{
	if (d->fd >= c->n_in_fds || c->in_fds[d->fd].fd < 0)
		return;
	struct import *i = idmap_get(&c->imports, d->id);
	if (!i || i->cap != cap || cap->kind != CAP_IMPORT || cap->fd >= 0 ||
		c->n_held_fds >= c->limits.pending_fds)
		return;
	cap->fd = TAKE_FD(c->in_fds[d->fd].fd);
	i->has_fd = true;
	c->n_held_fds++;
}

/* What was received is a vine: becomes what goes straight to the host. */
static void receive_contact(struct in *in, struct vat_struct_r s, struct vat_cap **cap)
{
	struct contact contact;
	if (!read_descriptor_contact(s, &contact))
		return;
	*cap = handoff_new(in, *cap, &contact, in_take_fd(in->c, contact.way));
}

int in_descriptor(struct in *in, struct vat_struct_r s, struct vat_cap **ret)
{
	struct descriptor d;
	*ret = NULL;
	if (!read_descriptor(s, &d, in->path)) {
		*ret = cap_broken(in->c->vat,
			failure_new(VAT_UNIMPLEMENTED, "unknown kind of capability descriptor"));
		return 0;
	}
	int r = receive_cap(in->c, &d, ret);
	/* A promise has none: what it resolves to may come with one. */
	if (r == 0 && (d.tag == DESC_SENDER_HOSTED || d.tag == DESC_THIRD_PARTY_HOSTED))
		receive_fd(in->c, &d, *ret);
	if (r == 0 && d.tag == DESC_THIRD_PARTY_HOSTED && in->c->vat->handoffs)
		receive_contact(in, s, ret);
	return r;
}

/* Fills the message's capability table from a Payload, and finds the content. */
int in_payload(struct in *in, struct vat_struct_r payload)
{
	struct vat_conn *c = in->c;
	struct vat_ptr_r table = vat_ptr_at(payload, 1);
	in->p->content = vat_ptr_at(payload, 0);
	if (vat_ptr_is_null(table))
		return vat_message_error(in->p->msg) ? in_malformed(in) : 0;
	struct vat_list_r l = vat_ptr_list(table, VAT_ELEM_STRUCT, NULL);
	if (l.count > MAX(c->limits.imports, c->limits.exports))
		return conn_abort(c, "capability table too large");
	for (uint32_t i = 0; i < l.count; i++) {
		struct vat_cap *cap;
		int r = in_descriptor(in, vat_list_struct(l, i), &cap);
		if (r < 0)
			return r;
		if (vat_message_add_cap(in->p->msg, cap) < 0)
			return conn_oom(c);
	}
	return vat_message_error(in->p->msg) ? in_malformed(in) : 0;
}

/* The capability a call or Disembargo is addressed to, new reference. An unknown question gives a
 * broken one: it may have been refused. */
int in_target(struct in *in, const struct target *t, struct vat_cap **ret)
{
	struct vat_conn *c = in->c;
	if (!t->promised) {
		struct exported *e = idtab_get(&c->exports, t->id);
		if (!e)
			return conn_abort(c, "target: no such export %u", t->id);
		e->called |= e->promise;
		*ret = vat_cap_ref(e->cap);
		return 0;
	}
	struct answer *a = idmap_get(&c->answers, t->id);
	if (a && !a->finished)
		*ret = in_answer_cap(a, t->path, t->n_path);
	else
		*ret = cap_broken(c->vat,
			failure_new(VAT_FAILED, "null capability: question %u has none", t->id));
	return 0;
}

/* References that the peer gives back all at once. */
int in_release(struct vat_conn *c, const struct ids *exports)
{
	const uint32_t *ids = ids_get(exports);
	for (uint32_t i = 0; i < exports->n; i++) {
		struct exported *e = idtab_get(&c->exports, ids[i]);
		if (!e)
			return conn_abort(c, "export %u released twice", ids[i]);
		export_release(e, 1);
	}
	return 0;
}

/* ---- the rest ------------------------------------------------------------------------------- */

static int handle_abort(struct in *in)
{
	struct vat_text text;
	read_exception(in->body, &text);
	conn_discard_output(in->c);
	conn_end(in->c, failure_new(VAT_DISCONNECTED, "aborted by the peer: %s", text.s));
	return 0;
}

/* The peer does not know a message of ours. */
static int handle_unimplemented(struct in *in)
{
	struct vat_conn *c = in->c;
	struct vat_struct_r s = vat_ptr_struct(vat_ptr_at(in->body, 0), NULL);
	struct descriptor d;
	struct question *q;
	int r;
	switch (vat_r_u16(in->body, 0, 0)) {
	case MSG_RESOLVE:
		/* It did not take what the Resolve offered. */
		s = vat_ptr_struct(vat_ptr_at(s, 0), NULL);
		if (read_descriptor(s, &d, in->path) && descriptor_exports(&d))
			return in_release(c, &(struct ids){.n = 1, .few = {d.id}});
		return 0;
	case MSG_PROVIDE:
		introduce_refused(c);
		return 0;
	case MSG_CALL:
	case MSG_BOOTSTRAP:
	case MSG_ACCEPT:
		q = question_get(c, vat_r_u32(s, 0, 0));
		if (!q || q->returned)
			return conn_abort(c, "unimplemented: no such question");
		q->returned = q->finished = true;
		r = in_release(c, &q->param_exports);
		if (r < 0)
			return r;
		if (!q->outcome) {
			/* A pin frees it later. */
			if (!q->refs)
				question_free(q);
			return 0;
		}
		in_conclude(q, NULL, failure_new(VAT_UNIMPLEMENTED, "the peer cannot do that"));
		return 0;
	case MSG_RETURN:
	case MSG_FINISH:
	case MSG_RELEASE:
	case MSG_DISEMBARGO:
	case MSG_ABORT:
		return conn_abort(c, "unimplemented: every vat has to know this message");
	default:
		return 0;
	}
}

int conn_message(struct vat_conn *c, struct parcel *takes)
{
	static int (*const handlers[])(struct in *) = {
		[MSG_UNIMPLEMENTED] = handle_unimplemented,
		[MSG_ABORT] = handle_abort,
		[MSG_CALL] = in_call,
		[MSG_RETURN] = in_return,
		[MSG_FINISH] = in_finish,
		[MSG_RESOLVE] = in_resolve,
		[MSG_RELEASE] = in_release_message,
		[MSG_BOOTSTRAP] = in_bootstrap,
		[MSG_PROVIDE] = in_provide,
		[MSG_ACCEPT] = in_accept,
		[MSG_DISEMBARGO] = in_disembargo,
	};
	struct vat_message *msg = takes->msg;
	struct in in;
	in.c = c; /* the path stays as it is */
	in.p = takes;
	in.root = vat_ptr_struct(vat_root(msg), NULL);
	in.body = vat_ptr_struct(vat_ptr_at(in.root, 0), NULL);
	uint16_t tag = vat_r_u16(in.root, 0, 0);
	int r;
	if (vat_message_error(msg))
		r = in_malformed(&in);
	else if (tag < ARRAY_SIZE(handlers) && handlers[tag])
		r = handlers[tag](&in);
	else
		r = in_echo(&in);
	parcel_unref(in.p);
	return r;
}
