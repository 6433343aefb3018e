/* SPDX-License-Identifier: MIT */
/*
 * Theory of operation: from a secret to a capability.  The secret's hash finds the reference; its
 * object is taken as it is or restored; what comes back goes through the reference's membrane.
 * Whatever is wrong with the secret, the answer is one and the same.
 */
#include "svc/persistence/internal.h"

struct ledger_ref *entry_find(struct persistence *p, struct vat_ptr_r object_info)
{
	uint8_t hash[SECRET_HASH_SIZE];
	struct vat_data d = {};
	if (vat_ptr_kind(object_info) == VAT_PTR_LIST)
		d = vat_ptr_data(object_info, NULL);
	secret_hash(d.p, d.len, hash);
	return entry_find_hash(p, hash);
}

struct ledger_ref *entry_find_hash(struct persistence *p, const uint8_t *hash)
{
	struct ledger_ref *r = ledger_ref_find(p->ledger, hash);
	/* The timer may be late. */
	if (!r || !r->object || (r->expires && r->expires <= now_us()))
		return NULL;
	return r;
}

static void end(struct entry *en)
{
	list_unlink(&en->waiter.link);
	list_unlink(&en->link);
	if (en->active) {
		en->gate->p->n_entries--;
		en->gate->n_entries--;
	}
	en->active = false;
}

static void finish(struct entry *en, struct vat_cap *inside, const struct err *e)
{
	struct gate *g = en->gate;
	end(en);
	struct err oom = {};
	struct vat_cap *cap = inside && g->ref ? vat_membrane_wrap(g->membrane, inside) : NULL;
	if (!cap && !e)
		e = (err_errno(&oom, -ENOMEM, "restore"), &oom);
	en->gate = NULL;
	en->done(en, cap, cap ? NULL : e);
	gate_unref(g);
}

static void on_live(struct live_waiter *w, struct vat_cap *cap, const struct err *e)
{
	finish(container_of(w, struct entry, waiter), cap, e);
}

void entry_revoked(struct entry *en)
{
	struct err e = {};
	err_set(&e, -ENOENT, NO_SUCH_REFERENCE);
	finish(en, NULL, &e);
}

void entry_start(struct entry *en, struct persistence *p, struct ledger_ref *r)
{
	struct err e = {};
	list_init(&en->link);
	list_init(&en->waiter.link);
	en->gate = NULL;
	en->active = false;
	if (!r)
		err_set(&e, -ENOENT, NO_SUCH_REFERENCE);
	else if (p->n_entries >= ENTRIES_MAX)
		err_set(&e, -EDQUOT, "too many references are being restored; try again");
	else if (!gate_of(p, r))
		err_errno(&e, -ENOMEM, "restore");
	else if (((struct gate *)r->gate)->n_entries >= GATE_ENTRIES_MAX)
		err_set(&e, -EDQUOT, "this reference is being restored too often; try again");
	if (e.code) {
		en->done(en, NULL, &e);
		return;
	}
	en->gate = gate_ref(r->gate);
	en->active = true;
	en->gate->n_entries++;
	p->n_entries++;
	en->waiter.done = on_live;
	list_append(&en->gate->entries, &en->link);
	live_get(r->object->live, &en->waiter);
}

void entry_cancel(struct entry *en)
{
	if (!en->active)
		return;
	end(en);
	gate_unref(TAKE_PTR(en->gate));
}
