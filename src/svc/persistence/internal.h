/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The parts of the persistence service, and how they use one another:
 *
 *	admin.c, handler.c   the methods: what administrators and services ask for
 *	client.c             the services that store here: whether they live
 *	create.c             making a reference; storing what a description refers to first
 *	entry.c              using a reference: from the secret to a capability
 *	gate.c               one membrane for each reference
 *	live.c               what is held of an object, and whether it still lives
 *	restore.c            one restoration: the service, the parts, the restorer
 *	remove.c             taking back: the store first, then all that depends on it
 *	ledger.c, pack.c     bookkeeping, stored descriptions
 */
#include "svc/persistence/ledger.h"
#include "svc/persistence/pack.h"
#include "svc/persistence/persistence.h"

#define NO_SUCH_REFERENCE "no such reference (unknown, expired or revoked)"
#define OWN_SERVICE "persistence"

enum {
	CLIENTS_MAX = 256,
	CREATIONS_MAX = 256,
	ENTRIES_MAX = 1024, /* restores waiting */
	RESTORATIONS_MAX = 256, /* objects being restored */
	PASSES_MAX = 1024,
	GATE_PASSES_MAX = 64, /* through one reference, like the next */
	GATE_ENTRIES_MAX = 64,
	DESTROYS_MAX = 256,
	SERVICE_NAME_MAX = 64,
	RUNTIME_ID_MAX = 512,
	CATEGORY_MAX = 128,
	SUMMARY_MAX = 1024,
};

#define SERVICE_WAIT_US (UINT64_C(30) * 1000000)
#define RESTORE_TIMEOUT_US (UINT64_C(60) * 1000000)
#define CREATE_TIMEOUT_US (UINT64_C(30) * 1000000)

struct hashes { /* of references */
	uint8_t (*v)[SECRET_HASH_SIZE];
	size_t n, room;
};

struct persistence {
	struct loop *loop;
	struct vat *vat;
	struct store *store;
	struct ledger *ledger;
	char address[64];
	struct metac_node_admin_c node;
	struct list clients; /* struct client */
	struct list creations; /* struct creation */
	struct list passes; /* struct pass */
	struct list destroys; /* struct destroy */
	struct hashes unsaved; /* removed, but the store did not take it yet */
	unsigned n_clients, n_creations, n_passes, n_entries, n_restorations, n_destroys;
	sd_event_source *expiry, *removal_retry;
};

int64_t now_us(void);
/* (Re)arms a one-shot timer of CLOCK_BOOTTIME. */
int timer_set(struct persistence *p, sd_event_source **s, uint64_t usec, sd_event_time_handler_t fn,
	void *user);
void fail(struct vat_ctx *ctx, const struct err *e);
/* A text without NUL inside, at most max bytes. */
bool text_ok(struct vat_text t, size_t max);

/* ---- clients: services that store here (client.c) ------------------------------------------ */

struct client {
	struct list link;
	struct persistence *p;
	char name[SERVICE_NAME_MAX + 1];
	struct persistence_restorer_c restorer; /* null: it is not running */
	struct vat_watch *broken;
	struct list waits; /* struct client_wait: its calls of wait */
	unsigned generation; /* counts restorers */
};

struct client *client_find(struct persistence *p, const char *name);
/* -EINVAL (bad name), -EDQUOT, -ENOMEM. */
int client_get(struct persistence *p, const char *name, struct client **ret);
/* The service has (re)started: what waits for it goes on. */
int client_set_restorer(struct client *c, struct persistence_restorer_c restorer);
/* Handles wait: canceled when the service ends. */
void client_wait(struct client *c, struct metac_waitable_wait_ctx cx);
void clients_free(struct persistence *p);

/* ---- live objects (live.c) ----------------------------------------------------------------- */

struct live_waiter {
	struct list link;
	/* Once: cap (borrowed) or err. */
	void (*done)(struct live_waiter *w, struct vat_cap *cap, const struct err *e);
};

struct live { /* ledger_object.live */
	struct persistence *p;
	struct ledger_object *object;
	struct vat_cap *cap; /* while alive */
	struct vat_cap *old; /* the one before, which has failed: kept until it is replaced */
	struct vat_watch *broken;
	struct vat_call *wait; /* Waitable.wait on cap */
	struct vat_call *ping; /* is it still there? */
	struct restoration *restoration; /* while being restored */
	sd_event_source *retry;
	struct list waiters;
	bool waits; /* its liveness matters; true until we know better */
	int64_t since; /* alive since */
	unsigned failures; /* in a row */
};

int live_new(struct persistence *p, struct ledger_object *o);
/* Lets go of everything; waiters get NO_SUCH_REFERENCE. */
void live_free(struct live *l);
/* The object is here: cap (referenced). Nothing happens if one is held already. */
void live_adopt(struct live *l, struct vat_cap *cap);
/* Calls w->done, now or when the object has been restored. Unlink w to cancel. */
void live_get(struct live *l, struct live_waiter *w);
/* Starts restoring at once if its liveness matters. */
void live_wake(struct live *l);
/* What is held of the object is of no use any more. May free l. */
void live_lost(struct live *l, const char *why);
/* From restore.c: how it went. */
void live_restored(struct live *l, struct vat_cap *cap);
void live_failed(struct live *l, const struct err *e);

/* ---- one restoration (restore.c) ----------------------------------------------------------- */

struct restoration;
int restoration_new(struct live *l, struct restoration **ret);
void restoration_free(struct restoration *r);
/* The service has come. */
void restoration_go_on(struct restoration *r);

/* ---- gates: one membrane for each reference (gate.c) --------------------------------------- */

struct gate { /* ledger_ref.gate */
	unsigned n_refs;
	struct persistence *p;
	struct ledger_ref *ref; /* NULL: revoked */
	struct vat_membrane *membrane;
	struct vat_cap *denied; /* for when there is no memory to do better */
	struct list entries; /* struct entry: not through yet */
	unsigned n_entries, n_passes;
};

/* Made when first wanted; borrowed; NULL: out of memory. */
struct gate *gate_of(struct persistence *p, struct ledger_ref *r);
struct gate *gate_ref(struct gate *g);
void gate_unref(struct gate *g);
/* Cuts off everything that went through; drops the reference's hold. */
void gate_revoke(struct gate *g, const char *why);
void passes_free(struct persistence *p);

/* ---- entries: using a reference (entry.c) -------------------------------------------------- */

struct entry {
	struct live_waiter waiter;
	struct list link; /* gate.entries */
	struct gate *gate;
	/* Once: cap (a new reference, inside the reference's membrane) or e. */
	void (*done)(struct entry *en, struct vat_cap *takes, const struct err *e);
	bool active;
};

/* The reference whose secret this is, or that has this hash; NULL if none can be used. */
struct ledger_ref *entry_find(struct persistence *p, struct vat_ptr_r object_info);
struct ledger_ref *entry_find_hash(struct persistence *p, const uint8_t *hash);
/* Calls en->done, now or later. r NULL: says that there is none. */
void entry_start(struct entry *en, struct persistence *p, struct ledger_ref *r);
void entry_cancel(struct entry *en);
/* From gate.c: the reference has been revoked. */
void entry_revoked(struct entry *en);

/* ---- making references (create.c) ---------------------------------------------------------- */

struct new_ref {
	const char *service, *runtime_id, *category, *summary;
	bool persistent;
	int64_t expires; /* 0 = never */
	struct vat_cap *cap; /* NULL: the object is not here now */
	struct ledger_ref *parent; /* may be NULL */
	const void *stored; /* the packed description, if persistent and the object is not yet */
	size_t stored_size;
};

/* When something made now with that timeout (seconds, 0 = none) expires. -ERANGE. */
int expiry_after(uint64_t timeout, int64_t *ret, struct err *e);
/* At once and durably; secret is filled in. */
int create_now(
	struct persistence *p, const struct new_ref *n, uint8_t secret[SECRET_SIZE], struct err *e);
/* Stores the parents of a reference that is (to be) in the store, outermost first. */
int create_store_parents(struct persistence *p, struct ledger_ref *parent);
void write_sturdy_ref(
	struct persistence *p, const uint8_t *secret, struct metac_metac_sturdy_ref_b b);
/* The reference of ours that r names, NULL if it is not ours. */
struct ledger_ref *own_ref(struct persistence *p, struct metac_metac_sturdy_ref_r r);
bool is_own_address(struct persistence *p, struct vat_text ip);
/* Notes in a description being stored that part i is restored from r. */
int store_part(struct persistence *p, struct pack *pack, uint32_t i,
	struct metac_metac_sturdy_ref_r r, struct err *e);
/* Handles ServicePersistenceHandler.createSturdyRef. */
void create_start(
	struct client *c, struct persistence_service_persistence_handler_create_sturdy_ref_ctx cx);
/* The object's stored description and summary, if it is stored, are those from now on. -EINVAL,
 * -ENOMEM or what the store says, with e set. */
int create_describe_again(struct client *c, struct persistence_cap_description_r d, struct err *e);
void creations_free(struct persistence *p);

/* ---- taking back (remove.c) ---------------------------------------------------------------- */

/* Both cut off at once whatever happens; negative errno if the store did not take it (it is tried
 * again until it does). why: "revoked", "expired" ... (core/way.c knows both). */
int remove_ref(struct persistence *p, struct ledger_ref *r, const char *why);
int remove_object(struct persistence *p, struct ledger_object *o, const char *why);
/* Removes those references that exist; takes what is in h. */
int remove_refs(struct persistence *p, struct hashes *h, const char *why);
int hashes_add(struct hashes *h, const uint8_t *hash);
void hashes_clear(struct hashes *h);
/* If r is a reference of this service: its hash. */
bool own_hash(
	struct persistence *p, struct metac_metac_sturdy_ref_r r, uint8_t ret[SECRET_HASH_SIZE]);
/* Removes what has expired and waits for the next. */
void remove_expired(struct persistence *p);
/* Effects of a removal from the ledger. */
void removed_free(struct ledger_removed *removed, const char *why);

/* ---- methods ------------------------------------------------------------------------------- */

extern const struct persistence_persistence_service_admin_impl persistence_admin_impl;
extern const struct persistence_service_persistence_handler_impl persistence_handler_impl;
extern const struct metac_service_impl persistence_service_impl;
void destroys_free(struct persistence *p);
/* The restorer of our own objects: references passed on (gate.c). */
struct persistence_restorer_c forward_restorer(struct persistence *p);
