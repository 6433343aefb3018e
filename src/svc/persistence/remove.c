/* SPDX-License-Identifier: MIT */
/*
 * Theory of operation: taking back.  In the store one transaction removes the references, by
 * cascade all that was made through them, the objects nothing leads to any more, and the references
 * that these objects' descriptions refer to, as far as they are ours: they were made for that one
 * use.  Then the ledger follows, and gates and objects are let go.
 *
 * If the store does not take it (full disk), what was removed is cut off all the same, the caller
 * is told that it is not durable, and the store is tried again.
 */
#include "svc/persistence/internal.h"

#include "base/log.h"
#include "core/ref.h"

#define STORE_RETRY_US (UINT64_C(2) * 1000000)

int hashes_add(struct hashes *h, const uint8_t *hash)
{
	if (h->n == h->room) {
		size_t room = h->room ? 2 * h->room : 8;
		void *v = reallocarray(h->v, room, sizeof(*h->v));
		if (!v)
			return -ENOMEM;
		h->v = v;
		h->room = room;
	}
	memcpy(h->v[h->n++], hash, sizeof(*h->v));
	return 0;
}

void hashes_clear(struct hashes *h)
{
	free(h->v);
	memset(h, 0, sizeof(*h));
}

bool is_own_address(struct persistence *p, struct vat_text ip)
{
	char canonical[sizeof(p->address)];
	if (vat_text_is(ip, p->address))
		return true;
	return strlen(ip.s) == ip.len &&
	       address_canonical(ip.s, canonical, sizeof(canonical)) == 0 &&
	       !strcmp(canonical, p->address);
}

bool own_hash(
	struct persistence *p, struct metac_metac_sturdy_ref_r r, uint8_t ret[SECRET_HASH_SIZE])
{
	struct vat_ptr_r info = metac_metac_sturdy_ref_get_object_info(r);
	if (!vat_text_is(metac_metac_sturdy_ref_get_service(r), OWN_SERVICE) ||
		!is_own_address(p, metac_node_address_get_ip(metac_metac_sturdy_ref_get_node(r))) ||
		vat_ptr_kind(info) != VAT_PTR_LIST)
		return false;
	struct vat_data d = vat_ptr_data(info, NULL);
	secret_hash(d.p, d.len, ret);
	return true;
}

struct ledger_ref *own_ref(struct persistence *p, struct metac_metac_sturdy_ref_r r)
{
	uint8_t hash[SECRET_HASH_SIZE];
	return own_hash(p, r, hash) ? ledger_ref_find(p->ledger, hash) : NULL;
}

/* ---- the store ----------------------------------------------------------------------------- */

static int gather_parts(void *user, const struct store_object *o)
{
	AUTO(pack_free) struct pack *pack = NULL;
	int r = pack_open(o->description, o->description_size, &pack);
	if (r == -ENOMEM)
		return r;
	for (uint32_t i = 0; r == 0 && i < pack->n_caps; i++) {
		const uint8_t *own = pack_own(pack, i);
		if (own)
			r = hashes_add(user, own);
	}
	return r == -EBADMSG ? 0 : r; /* one that can not be read holds nobody back */
}

/* h grows by what goes along. */
static int remove_stored(struct persistence *p, struct hashes *h)
{
	int r = store_begin(p->store);
	for (size_t i = 0; r == 0 && i < h->n;) {
		for (; r == 0 && i < h->n; i++)
			r = store_ref_remove(p->store, h->v[i]);
		if (r == 0)
			r = store_orphan_each(p->store, gather_parts, h);
		if (r == 0)
			r = store_tidy(p->store);
	}
	if (r == 0)
		r = store_commit(p->store);
	if (r < 0)
		store_rollback(p->store);
	return r;
}

/* ---- the ledger, and effects --------------------------------------------------------------- */

void removed_free(struct ledger_removed *removed, const char *why)
{
	struct list *i;
	/* Objects first: their waiters hear that the reference is gone. */
	while ((i = list_pop(&removed->objects))) {
		struct ledger_object *o = list_entry(i, struct ledger_object, all);
		live_free(o->live);
		ledger_object_free(o);
	}
	while ((i = list_pop(&removed->refs))) {
		struct ledger_ref *r = list_entry(i, struct ledger_ref, all);
		gate_revoke(r->gate, why);
		ledger_ref_free(r);
	}
}

static int on_store_retry(sd_event_source *s, uint64_t usec, void *user)
{
	struct persistence *p = user;
	struct hashes h = p->unsaved;
	memset(&p->unsaved, 0, sizeof(p->unsaved));
	(void)remove_refs(p, &h, "revoked");
	return 0;
}

static void retry_later(struct persistence *p, const struct hashes *h)
{
	int r = 0;
	for (size_t i = 0; r == 0 && i < h->n; i++)
		r = hashes_add(&p->unsaved, h->v[i]);
	if (r == 0)
		r = timer_set(p, &p->removal_retry, STORE_RETRY_US, on_store_retry, p);
	if (r < 0)
		log_error("a removal stays unsaved: %s", strerror(-r));
}

int remove_refs(struct persistence *p, struct hashes *h, const char *why)
{
	struct ledger_removed removed = LEDGER_REMOVED_INIT(removed);
	int r = remove_stored(p, h);
	if (r < 0) {
		log_peer(LOG_ERROR, "store: removing references: %s", strerror(-r));
		retry_later(p, h);
	}
	for (size_t i = 0; i < h->n; i++) {
		struct ledger_ref *ref = ledger_ref_find(p->ledger, h->v[i]);
		if (ref)
			ledger_ref_remove(p->ledger, ref, &removed);
	}
	hashes_clear(h);
	removed_free(&removed, why);
	return r;
}

int remove_ref(struct persistence *p, struct ledger_ref *r, const char *why)
{
	struct hashes h = {};
	int code = hashes_add(&h, r->hash);
	return code < 0 ? code : remove_refs(p, &h, why);
}

int remove_object(struct persistence *p, struct ledger_object *o, const char *why)
{
	struct hashes h = {};
	list_for_each (i, &o->refs) {
		int r = hashes_add(&h, list_entry(i, struct ledger_ref, of_object)->hash);
		if (r < 0) {
			hashes_clear(&h);
			return r;
		}
	}
	return remove_refs(p, &h, why);
}

/* ---- expiry -------------------------------------------------------------------------------- */

static int on_expiry(sd_event_source *s, uint64_t usec, void *user)
{
	remove_expired(user);
	return 0;
}

void remove_expired(struct persistence *p)
{
	struct ledger_ref *r;
	int64_t now = now_us();
	while ((r = ledger_expired(p->ledger, now)))
		if (remove_ref(p, r, "expired") == -ENOMEM)
			break;
	int64_t next = ledger_next_expiry(p->ledger);
	p->expiry = sd_event_source_disable_unref(p->expiry);
	if (!next)
		return;
	/* Wall-clock time: it goes on in suspend, and follows when the clock is set. */
	int code = sd_event_add_time(
		p->loop->event, &p->expiry, CLOCK_REALTIME, (uint64_t)next, 1000, on_expiry, p);
	if (code < 0)
		log_error("expiry of references: %s", strerror(-code));
}
