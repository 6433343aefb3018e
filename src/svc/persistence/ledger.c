/* SPDX-License-Identifier: MIT */
/*
 * Theory of operation: ledger.h.  Objects and references hang in fixed hash tables of intrusive
 * lists; a reference's hash is random, so its first bytes choose the bucket.  References that
 * expire are in a list sorted by time (a new one usually belongs near the end, where the search
 * starts).  The removal of a subtree walks with a work list, not by recursion: chains may be long.
 */
#include "svc/persistence/ledger.h"

enum { BUCKETS = 4096, ID_DIGITS_MIN = 4 };

struct ledger {
	struct ledger_limits limits;
	uint32_t n_objects, n_refs;
	struct list objects, refs, expiring;
	struct list object_buckets[BUCKETS], ref_buckets[BUCKETS];
};

struct ledger *ledger_new(const struct ledger_limits *limits)
{
	struct ledger *g = calloc(1, sizeof(*g));
	if (!g)
		return NULL;
	if (limits)
		g->limits = *limits;
	if (!g->limits.objects)
		g->limits.objects = 32768; /* what one answer can list */
	if (!g->limits.refs)
		g->limits.refs = 65536;
	if (!g->limits.refs_within)
		g->limits.refs_within = 4096; /* charged to whoever holds the outermost one */
	if (!g->limits.refs_per_object)
		g->limits.refs_per_object = 4096;
	list_init(&g->objects);
	list_init(&g->refs);
	list_init(&g->expiring);
	for (size_t i = 0; i < BUCKETS; i++) {
		list_init(&g->object_buckets[i]);
		list_init(&g->ref_buckets[i]);
	}
	return g;
}

void ledger_free(struct ledger *g)
{
	if (!g)
		return;
	list_for_each_safe (i, &g->refs)
		ledger_ref_free(list_entry(i, struct ledger_ref, all));
	list_for_each_safe (i, &g->objects)
		ledger_object_free(list_entry(i, struct ledger_object, all));
	free(g);
}

struct list *ledger_objects(struct ledger *g)
{
	return &g->objects;
}

struct list *ledger_refs(struct ledger *g)
{
	return &g->refs;
}

/* ---- objects ------------------------------------------------------------------------------- */

static uint32_t fnv(uint32_t h, const char *s)
{
	do
		h = (h ^ (uint8_t)*s) * 16777619u;
	while (*s++);
	return h;
}

static struct list *object_bucket(struct ledger *g, const char *service, const char *runtime_id)
{
	return &g->object_buckets[fnv(fnv(2166136261u, service), runtime_id) % BUCKETS];
}

struct ledger_object *ledger_object_find(
	struct ledger *g, const char *service, const char *runtime_id)
{
	list_for_each (i, object_bucket(g, service, runtime_id)) {
		struct ledger_object *o = list_entry(i, struct ledger_object, bucket);
		if (!strcmp(o->runtime_id, runtime_id) && !strcmp(o->service, service))
			return o;
	}
	return NULL;
}

void ledger_object_free(struct ledger_object *o)
{
	if (!o)
		return;
	free(o->service);
	free(o->runtime_id);
	free(o->category);
	free(o->summary);
	free(o->error);
	free(o);
}

int ledger_object_add(
	struct ledger *g, const struct ledger_object_spec *spec, struct ledger_object **ret)
{
	if (ledger_object_find(g, spec->service, spec->runtime_id))
		return -EEXIST;
	if (g->n_objects >= g->limits.objects)
		return -EDQUOT;
	struct ledger_object *o = calloc(1, sizeof(*o));
	if (!o)
		return -ENOMEM;
	o->service = strdup(spec->service);
	o->runtime_id = strdup(spec->runtime_id);
	o->category = strdup(spec->category);
	o->summary = strdup(spec->summary);
	if (!o->service || !o->runtime_id || !o->category || !o->summary) {
		ledger_object_free(o);
		return -ENOMEM;
	}
	o->created = spec->created;
	o->persistent = spec->persistent;
	o->state = spec->state;
	list_init(&o->refs);
	list_append(&g->objects, &o->all);
	list_append(object_bucket(g, o->service, o->runtime_id), &o->bucket);
	g->n_objects++;
	*ret = o;
	return 0;
}

int ledger_object_set_summary(struct ledger_object *o, const char *summary)
{
	char *copy = strdup(summary);
	if (!copy)
		return -ENOMEM;
	free(o->summary);
	o->summary = copy;
	return 0;
}

void ledger_object_set_error(struct ledger_object *o, const char *text)
{
	free(o->error);
	o->error = text && *text ? strdup(text) : NULL;
}

static void object_take_out(
	struct ledger *g, struct ledger_object *o, struct ledger_removed *removed)
{
	assert(list_empty(&o->refs));
	list_unlink(&o->bucket);
	list_unlink(&o->all);
	g->n_objects--;
	list_append(&removed->objects, &o->all);
}

void ledger_object_remove(struct ledger *g, struct ledger_object *o, struct ledger_removed *removed)
{
	if (list_empty(&o->refs)) {
		object_take_out(g, o, removed);
		return;
	}
	/* Each removal takes at least one of ours along, the last one the object itself. */
	while (!list_empty(&o->refs))
		ledger_ref_remove(
			g, list_entry(o->refs.next, struct ledger_ref, of_object), removed);
}

/* ---- references ---------------------------------------------------------------------------- */

static struct list *ref_bucket(struct ledger *g, const uint8_t *hash)
{
	return &g->ref_buckets[(hash[0] | (unsigned)hash[1] << 8) % BUCKETS];
}

struct ledger_ref *ledger_ref_find(struct ledger *g, const uint8_t *hash)
{
	struct ledger_ref *found = NULL;
	list_for_each (i, ref_bucket(g, hash)) {
		struct ledger_ref *r = list_entry(i, struct ledger_ref, bucket);
		if (secret_hash_equal(r->hash, hash))
			found = r;
	}
	return found;
}

static int digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

static bool has_prefix(const uint8_t *hash, const char *digits, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (digit_value(digits[i]) != (i % 2 ? hash[i / 2] & 15 : hash[i / 2] >> 4))
			return false;
	return true;
}

int ledger_ref_find_id(struct ledger *g, const char *digits, struct ledger_ref **ret)
{
	size_t n = strlen(digits);
	if (n < ID_DIGITS_MIN || n > 2 * SECRET_HASH_SIZE)
		return -EINVAL;
	for (size_t i = 0; i < n; i++)
		if (digit_value(digits[i]) < 0)
			return -EINVAL;
	struct ledger_ref *found = NULL;
	list_for_each (i, &g->refs) {
		struct ledger_ref *r = list_entry(i, struct ledger_ref, all);
		if (!has_prefix(r->hash, digits, n))
			continue;
		if (found)
			return -ENOTUNIQ;
		found = r;
	}
	if (!found)
		return -ENOENT;
	*ret = found;
	return 0;
}

static void link_expiry(struct ledger *g, struct ledger_ref *r)
{
	struct list *at = &g->expiring;
	while (at->prev != &g->expiring &&
		list_entry(at->prev, struct ledger_ref, by_expiry)->expires > r->expires)
		at = at->prev;
	list_insert_before(at, &r->by_expiry);
}

static struct ledger_ref *outermost(struct ledger_ref *r)
{
	while (r->parent)
		r = r->parent;
	return r;
}

int ledger_ref_add(struct ledger *g, const struct ledger_ref_spec *spec, struct ledger_ref **ret)
{
	if (ledger_ref_find(g, spec->hash))
		return -EEXIST;
	if (g->n_refs >= g->limits.refs ||
		(spec->object && spec->object->n_refs >= g->limits.refs_per_object))
		return -EDQUOT;
	if (spec->parent && outermost(spec->parent)->n_within >= g->limits.refs_within)
		return -EDQUOT;
	struct ledger_ref *r = calloc(1, sizeof(*r));
	if (!r)
		return -ENOMEM;
	memcpy(r->hash, spec->hash, sizeof(r->hash));
	r->persistent = spec->persistent;
	r->created = spec->created;
	r->expires = spec->expires;
	list_init(&r->of_object);
	list_init(&r->children);
	list_init(&r->sibling);
	list_init(&r->by_expiry);
	if (spec->object) {
		r->object = spec->object;
		r->object->n_refs++;
		list_append(&r->object->refs, &r->of_object);
	}
	if (spec->parent) {
		r->parent = spec->parent;
		list_append(&r->parent->children, &r->sibling);
		outermost(r)->n_within++;
	}
	if (r->expires)
		link_expiry(g, r);
	list_append(&g->refs, &r->all);
	list_append(ref_bucket(g, r->hash), &r->bucket);
	g->n_refs++;
	*ret = r;
	return 0;
}

bool ledger_ref_is_within(const struct ledger_ref *r, const struct ledger_ref *other)
{
	while (r && r != other)
		r = r->parent;
	return r != NULL;
}

int ledger_ref_set_parent(struct ledger *g, struct ledger_ref *r, struct ledger_ref *parent)
{
	if (r->parent == parent)
		return 0;
	if (r->parent)
		return -EEXIST;
	if (ledger_ref_is_within(parent, r))
		return -ELOOP;
	struct ledger_ref *top = outermost(parent);
	if (top->n_within + 1 + r->n_within > g->limits.refs_within)
		return -EDQUOT;
	top->n_within += 1 + r->n_within;
	r->n_within = 0;
	r->parent = parent;
	list_append(&parent->children, &r->sibling);
	return 0;
}

static void ref_take_out(struct ledger *g, struct ledger_ref *r, struct ledger_removed *removed)
{
	struct ledger_object *o = r->object;
	list_unlink(&r->bucket);
	list_unlink(&r->all);
	list_unlink(&r->by_expiry);
	list_unlink(&r->sibling);
	list_unlink(&r->of_object);
	r->object = NULL;
	r->parent = NULL;
	g->n_refs--;
	list_append(&removed->refs, &r->all);
	if (o && --o->n_refs == 0)
		object_take_out(g, o, removed);
}

void ledger_ref_remove(struct ledger *g, struct ledger_ref *r, struct ledger_removed *removed)
{
	/* A parent that is only kept for its children goes with the last of them. */
	while (r->parent && !r->parent->object && r->parent->children.next == &r->sibling &&
		r->parent->children.prev == &r->sibling)
		r = r->parent;
	struct ledger_ref *top = outermost(r);
	uint32_t before = g->n_refs;
	struct list work = LIST_INIT(work);
	list_unlink(&r->sibling);
	list_append(&work, &r->sibling);
	struct list *i;
	bool all = r == top;
	while ((i = list_pop(&work))) {
		r = list_entry(i, struct ledger_ref, sibling);
		list_splice(&work, &r->children);
		ref_take_out(g, r, removed);
	}
	if (!all)
		top->n_within -= before - g->n_refs;
}

void ledger_ref_free(struct ledger_ref *r)
{
	free(r);
}

int64_t ledger_next_expiry(const struct ledger *g)
{
	if (list_empty(&g->expiring))
		return 0;
	return list_entry(g->expiring.next, struct ledger_ref, by_expiry)->expires;
}

struct ledger_ref *ledger_expired(struct ledger *g, int64_t now)
{
	int64_t next = ledger_next_expiry(g);
	if (!next || next > now)
		return NULL;
	return list_entry(g->expiring.next, struct ledger_ref, by_expiry);
}
