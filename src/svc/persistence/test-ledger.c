/* SPDX-License-Identifier: MIT */
#include "svc/persistence/ledger.h"

#include "base/test.h"

static struct ledger_object *add_object(struct ledger *g, const char *id)
{
	struct ledger_object_spec spec = {.service = "fs",
		.runtime_id = id,
		.category = "c",
		.summary = "s",
		.created = 1,
		.state = LEDGER_ALIVE};
	struct ledger_object *o = NULL;
	CHECK_INT(ledger_object_add(g, &spec, &o), 0);
	return o;
}

/* A reference named by its hash's letter. */
static struct ledger_ref *add_ref(struct ledger *g, char name, struct ledger_object *o,
	struct ledger_ref *parent, int64_t expires)
{
	uint8_t hash[SECRET_HASH_SIZE];
	memset(hash, name, sizeof(hash));
	struct ledger_ref_spec spec = {
		.hash = hash, .object = o, .parent = parent, .created = 2, .expires = expires};
	struct ledger_ref *r = NULL;
	CHECK_INT(ledger_ref_add(g, &spec, &r), 0);
	return r;
}

static struct ledger_ref *find(struct ledger *g, char name)
{
	uint8_t hash[SECRET_HASH_SIZE];
	memset(hash, name, sizeof(hash));
	return ledger_ref_find(g, hash);
}

/* Frees what was removed; names as text, references then objects: "xy fs1". */
static const char *names(struct ledger_removed *removed)
{
	static char text[200];
	size_t n = 0;
	struct list *i;
	while ((i = list_pop(&removed->refs))) {
		struct ledger_ref *r = list_entry(i, struct ledger_ref, all);
		text[n++] = (char)r->hash[0];
		ledger_ref_free(r);
	}
	text[n] = 0;
	while ((i = list_pop(&removed->objects))) {
		struct ledger_object *o = list_entry(i, struct ledger_object, all);
		n += (size_t)snprintf(text + n, sizeof(text) - n, " %s", o->runtime_id);
		ledger_object_free(o);
	}
	return text;
}

TEST(objects_are_found_by_service_and_id)
{
	AUTO(ledger_free) struct ledger *g = ledger_new(NULL);
	struct ledger_object *o = add_object(g, "1");
	CHECK(ledger_object_find(g, "fs", "1") == o);
	CHECK(!ledger_object_find(g, "fs", "2"));
	CHECK(!ledger_object_find(g, "net", "1"));
	/* The two parts of the key are kept apart. */
	CHECK(!ledger_object_find(g, "fs1", ""));
	struct ledger_object_spec spec = {
		.service = "fs", .runtime_id = "1", .category = "", .summary = ""};
	CHECK_INT(ledger_object_add(g, &spec, &o), -EEXIST);
}

TEST(last_reference_takes_the_object_along)
{
	AUTO(ledger_free) struct ledger *g = ledger_new(NULL);
	struct ledger_object *o = add_object(g, "1");
	add_ref(g, 'x', o, NULL, 0);
	add_ref(g, 'y', o, NULL, 0);
	CHECK_INT(o->n_refs, 2);
	struct ledger_removed gone = LEDGER_REMOVED_INIT(gone);
	ledger_ref_remove(g, find(g, 'x'), &gone);
	CHECK_STR(names(&gone), "x");
	CHECK(ledger_object_find(g, "fs", "1") == o);
	ledger_ref_remove(g, find(g, 'y'), &gone);
	CHECK_STR(names(&gone), "y 1");
	CHECK(!ledger_object_find(g, "fs", "1"));
	CHECK(!find(g, 'x') && !find(g, 'y'));
}

TEST(revoking_a_parent_revokes_all_below)
{
	AUTO(ledger_free) struct ledger *g = ledger_new(NULL);
	struct ledger_object *a = add_object(g, "a"), *b = add_object(g, "b");
	struct ledger_ref *x = add_ref(g, 'x', a, NULL, 0);
	struct ledger_ref *y = add_ref(g, 'y', b, x, 0);
	add_ref(g, 'z', b, y, 0);
	add_ref(g, 'w', b, x, 0);
	add_ref(g, 'k', a, NULL, 0);
	struct ledger_removed gone = LEDGER_REMOVED_INIT(gone);
	ledger_ref_remove(g, x, &gone);
	CHECK_STR(names(&gone), "xywz b");
	CHECK(find(g, 'k') != NULL);
	CHECK_INT(a->n_refs, 1);
}

TEST(removing_an_object_removes_what_was_made_through_it)
{
	AUTO(ledger_free) struct ledger *g = ledger_new(NULL);
	struct ledger_object *a = add_object(g, "a"), *b = add_object(g, "b");
	struct ledger_ref *x = add_ref(g, 'x', a, NULL, 0);
	add_ref(g, 'y', b, x, 0);
	add_ref(g, 'z', a, x, 0);
	add_ref(g, 'k', b, NULL, 0);
	struct ledger_removed gone = LEDGER_REMOVED_INIT(gone);
	ledger_object_remove(g, a, &gone);
	CHECK_STR(names(&gone), "xyz a");
	CHECK_INT(b->n_refs, 1);
	struct ledger_object *lonely = add_object(g, "c");
	ledger_object_remove(g, lonely, &gone);
	CHECK_STR(names(&gone), " c");
}

TEST(parent_without_object_goes_with_its_last_child)
{
	AUTO(ledger_free) struct ledger *g = ledger_new(NULL);
	struct ledger_object *a = add_object(g, "a");
	struct ledger_ref *p = add_ref(g, 'p', NULL, NULL, 0);
	struct ledger_ref *q = add_ref(g, 'q', NULL, p, 0);
	struct ledger_ref *x = add_ref(g, 'x', a, q, 0), *y = add_ref(g, 'y', a, q, 0);
	struct ledger_removed gone = LEDGER_REMOVED_INIT(gone);
	ledger_ref_remove(g, x, &gone);
	CHECK_STR(names(&gone), "x");
	ledger_ref_remove(g, y, &gone);
	CHECK_STR(names(&gone), "pqy a");
}

TEST(parents_form_no_ring)
{
	AUTO(ledger_free) struct ledger *g = ledger_new(NULL);
	struct ledger_object *a = add_object(g, "a");
	struct ledger_ref *x = add_ref(g, 'x', a, NULL, 0), *y = add_ref(g, 'y', a, x, 0);
	struct ledger_ref *z = add_ref(g, 'z', a, NULL, 0);
	CHECK_INT(ledger_ref_set_parent(g, x, y), -ELOOP);
	CHECK_INT(ledger_ref_set_parent(g, x, x), -ELOOP);
	CHECK_INT(ledger_ref_set_parent(g, y, z), -EEXIST);
	CHECK_INT(ledger_ref_set_parent(g, y, x), 0);
	CHECK_INT(ledger_ref_set_parent(g, x, z), 0);
	CHECK(ledger_ref_is_within(y, z));
	CHECK(!ledger_ref_is_within(z, y));
}

TEST(references_are_found_by_unambiguous_prefix)
{
	AUTO(ledger_free) struct ledger *g = ledger_new(NULL);
	struct ledger_object *a = add_object(g, "a");
	struct ledger_ref *r = NULL;
	uint8_t hash[SECRET_HASH_SIZE] = {0x12, 0x34, 0xab, 0xcd};
	struct ledger_ref_spec spec = {.hash = hash, .object = a};
	CHECK_INT(ledger_ref_add(g, &spec, &r), 0);
	struct ledger_ref *first = r;
	hash[3] = 0xce;
	CHECK_INT(ledger_ref_add(g, &spec, &r), 0);
	CHECK_INT(ledger_ref_find_id(g, "1234abcd", &r), 0);
	CHECK(r == first);
	CHECK_INT(ledger_ref_find_id(g, "1234ABCD0", &r), 0);
	CHECK_INT(ledger_ref_find_id(g, "1234", &r), -ENOTUNIQ);
	CHECK_INT(ledger_ref_find_id(g, "1234abc", &r), -ENOTUNIQ);
	CHECK_INT(ledger_ref_find_id(g, "9999", &r), -ENOENT);
	CHECK_INT(ledger_ref_find_id(g, "123", &r), -EINVAL);
	CHECK_INT(ledger_ref_find_id(g, "", &r), -EINVAL);
	CHECK_INT(ledger_ref_find_id(g, "12zz", &r), -EINVAL);
	char id[SECRET_ID_DIGITS + 1];
	secret_id(first->hash, id);
	CHECK_STR(id, "1234abcd00000000");
	CHECK_INT(ledger_ref_find_id(g, id, &r), 0);
}

TEST(expiry_comes_in_order)
{
	AUTO(ledger_free) struct ledger *g = ledger_new(NULL);
	struct ledger_object *a = add_object(g, "a");
	CHECK_INT(ledger_next_expiry(g), 0);
	add_ref(g, 'n', a, NULL, 0);
	CHECK_INT(ledger_next_expiry(g), 0);
	add_ref(g, 'x', a, NULL, 300);
	add_ref(g, 'y', a, NULL, 100);
	add_ref(g, 'z', a, NULL, 200);
	struct ledger_removed gone = LEDGER_REMOVED_INIT(gone);
	static const char order[] = "yzx";
	for (int i = 0; i < 3; i++) {
		int64_t next = ledger_next_expiry(g);
		CHECK_INT(next, 100 * (i + 1));
		CHECK(!ledger_expired(g, next - 1));
		struct ledger_ref *r = ledger_expired(g, next);
		CHECK_INT(r->hash[0], order[i]);
		ledger_ref_remove(g, r, &gone);
	}
	CHECK_STR(names(&gone), "yzx");
	CHECK(!ledger_expired(g, INT64_MAX));
}

TEST(limits_are_kept)
{
	struct ledger_limits limits = {.objects = 2, .refs = 4, .refs_per_object = 3};
	AUTO(ledger_free) struct ledger *g = ledger_new(&limits);
	struct ledger_object *a = add_object(g, "a"), *b = add_object(g, "b"), *c = NULL;
	struct ledger_object_spec spec = {
		.service = "fs", .runtime_id = "c", .category = "", .summary = ""};
	CHECK_INT(ledger_object_add(g, &spec, &c), -EDQUOT);
	for (char n = '1'; n <= '3'; n++)
		add_ref(g, n, a, NULL, 0);
	uint8_t hash[SECRET_HASH_SIZE] = {0};
	struct ledger_ref_spec rs = {.hash = hash, .object = a};
	struct ledger_ref *r = NULL;
	CHECK_INT(ledger_ref_add(g, &rs, &r), -EDQUOT);
	add_ref(g, '4', b, NULL, 0);
	rs.object = b;
	CHECK_INT(ledger_ref_add(g, &rs, &r), -EDQUOT);
	struct ledger_removed gone = LEDGER_REMOVED_INIT(gone);
	ledger_ref_remove(g, find(g, '1'), &gone);
	names(&gone);
	CHECK_INT(ledger_ref_add(g, &rs, &r), 0);
	memset(hash, '2', sizeof(hash));
	CHECK_INT(ledger_ref_add(g, &rs, &r), -EEXIST);
}

TEST(long_chains_are_removed_without_recursion)
{
	AUTO(ledger_free)
	struct ledger *g = ledger_new(
		&(struct ledger_limits){.refs_per_object = 200000, .refs_within = 200000});
	struct ledger_object *a = add_object(g, "a");
	struct ledger_ref *parent = NULL, *top = NULL;
	for (uint32_t i = 0; i < 5000; i++) {
		uint8_t hash[SECRET_HASH_SIZE];
		secret_hash(&i, sizeof(i), hash);
		struct ledger_ref_spec spec = {.hash = hash, .object = a, .parent = parent};
		CHECK_INT(ledger_ref_add(g, &spec, &parent), 0);
		if (!top)
			top = parent;
	}
	struct ledger_removed gone = LEDGER_REMOVED_INIT(gone);
	ledger_ref_remove(g, top, &gone);
	unsigned n = 0;
	list_for_each_safe (i, &gone.refs) {
		ledger_ref_free(list_entry(i, struct ledger_ref, all));
		n++;
	}
	CHECK_INT(n, 5000);
	list_init(&gone.refs);
	CHECK_STR(names(&gone), " a");
}

TEST(secrets_differ_and_hash_the_same)
{
	CHECK_INT(secret_init(), 0);
	uint8_t a[SECRET_SIZE], b[SECRET_SIZE], ha[SECRET_HASH_SIZE], hb[SECRET_HASH_SIZE];
	secret_make(a);
	secret_make(b);
	CHECK(memcmp(a, b, sizeof(a)) != 0);
	secret_hash(a, sizeof(a), ha);
	secret_hash(a, sizeof(a), hb);
	CHECK(secret_hash_equal(ha, hb));
	secret_hash(b, sizeof(b), hb);
	CHECK(!secret_hash_equal(ha, hb));
	secret_hash(a, sizeof(a) - 1, hb);
	CHECK(!secret_hash_equal(ha, hb));
	secret_hash(NULL, 0, hb);
	secret_wipe(a, sizeof(a));
	for (size_t i = 0; i < sizeof(a); i++)
		CHECK_INT(a[i], 0);
}

TEST(one_reference_can_not_multiply_without_end)
{
	struct ledger_limits limits = {.refs_within = 3};
	AUTO(ledger_free) struct ledger *g = ledger_new(&limits);
	struct ledger_object *a = add_object(g, "a");
	struct ledger_ref *top = add_ref(g, 't', a, NULL, 0), *r = NULL;
	struct ledger_ref *x = add_ref(g, 'x', a, top, 0);
	add_ref(g, 'y', a, x, 0);
	struct ledger_ref *other = add_ref(g, 'o', a, NULL, 0),
			  *late = add_ref(g, 'l', a, other, 0);
	CHECK_INT(other->n_within, 1);
	/* other and what was made through it are two: one too many. */
	CHECK_INT(ledger_ref_set_parent(g, other, top), -EDQUOT);
	struct ledger_removed gone = LEDGER_REMOVED_INIT(gone);
	ledger_ref_remove(g, late, &gone);
	CHECK_STR(names(&gone), "l");
	CHECK_INT(ledger_ref_set_parent(g, other, top), 0);
	CHECK_INT(top->n_within, 3);
	uint8_t hash[SECRET_HASH_SIZE] = {1};
	struct ledger_ref_spec spec = {.hash = hash, .object = a, .parent = other};
	CHECK_INT(ledger_ref_add(g, &spec, &r), -EDQUOT);
	ledger_ref_remove(g, x, &gone);
	CHECK_STR(names(&gone), "xy");
	CHECK_INT(top->n_within, 1);
	CHECK_INT(ledger_ref_add(g, &spec, &r), 0);
}
