/* SPDX-License-Identifier: MIT */
/* Rows: what is put comes back, cascades, tidying, transactions. */
#include "store/store.h"
#include "store/test-dir.h"

static struct store *must_open(const struct test_dir *d)
{
	struct err e = {0};
	struct store *s = NULL;
	if (store_open(d->path, &e, &s) < 0)
		test_fail(__FILE__, __LINE__, "%s", e.msg);
	return s;
}

static void put_object(struct store *s, const char *id)
{
	struct store_object o = {.service = "fs",
		.runtime_id = id,
		.category = "fs:localfs",
		.summary = "directory /srv",
		.description = "\0content",
		.description_size = 8,
		.created = 1234567,
		.waits = true};
	CHECK_INT(store_object_put(s, &o), 0);
}

/* A reference named by one letter, of an object (NULL = none), made through another (0 = none). */
static int put_ref(struct store *s, char name, const char *id, char parent)
{
	struct store_ref r = {.service = "fs",
		.runtime_id = id,
		.has_parent = parent != 0,
		.created = 99,
		.expires = 100};
	memset(r.hash, name, sizeof(r.hash));
	memset(r.parent, parent, sizeof(r.parent));
	return store_ref_put(s, &r);
}

static int remove_ref(struct store *s, char name)
{
	uint8_t hash[STORE_HASH_SIZE];
	memset(hash, name, sizeof(hash));
	return store_ref_remove(s, hash);
}

struct seen {
	char text[200];
};

static int see_ref(void *user, const struct store_ref *r)
{
	struct seen *seen = user;
	size_t n = strlen(seen->text);
	(void)snprintf(seen->text + n, sizeof(seen->text) - n, "%c%s", r->hash[0],
		r->runtime_id ? r->runtime_id : "-");
	return 0;
}

static int see_object(void *user, const struct store_object *o)
{
	struct seen *seen = user;
	size_t n = strlen(seen->text);
	(void)snprintf(
		seen->text + n, sizeof(seen->text) - n, "%s%s", o->runtime_id, o->waits ? "!" : "");
	return 0;
}

static void check_refs(struct store *s, const char *want)
{
	struct seen seen = {0};
	CHECK_INT(store_ref_each(s, see_ref, &seen), 0);
	CHECK_STR(seen.text, want);
}

static void check_objects(struct store *s, const char *want)
{
	struct seen seen = {0};
	CHECK_INT(store_object_each(s, see_object, &seen), 0);
	CHECK_STR(seen.text, want);
}

TEST(rows_come_back_after_reopening)
{
	struct test_dir d = test_dir_make();
	struct store *s = must_open(&d);
	put_object(s, "a");
	CHECK_INT(put_ref(s, 'x', "a", 0), 0);
	store_free(s);
	s = must_open(&d);
	check_objects(s, "a!");
	check_refs(s, "xa");
	void *p = NULL;
	size_t size = 0;
	CHECK_INT(store_object_description(s, "fs", "a", &p, &size), 0);
	CHECK_INT(size, 8);
	CHECK(!memcmp(p, "\0content", 8));
	free(p);
	CHECK_INT(store_object_description(s, "fs", "b", &p, &size), -ENOENT);
	CHECK_INT(store_object_description(s, "net", "a", &p, &size), -ENOENT);
	store_free(s);
	test_dir_remove(&d);
}

TEST(second_put_changes_nothing)
{
	struct test_dir d = test_dir_make();
	struct store *s = must_open(&d);
	put_object(s, "a");
	put_object(s, "b");
	CHECK_INT(store_object_set_waits(s, "fs", "a", false), 0);
	put_object(s, "a");
	check_objects(s, "ab!");
	CHECK_INT(put_ref(s, 'x', "a", 0), 0);
	CHECK_INT(put_ref(s, 'x', "b", 0), 0);
	check_refs(s, "xa");
	store_free(s);
	test_dir_remove(&d);
}

TEST(ref_needs_its_object_and_parent)
{
	struct test_dir d = test_dir_make();
	struct store *s = must_open(&d);
	CHECK_INT(put_ref(s, 'x', "a", 0), -EINVAL);
	put_object(s, "a");
	CHECK_INT(put_ref(s, 'x', "a", 'p'), -EINVAL);
	CHECK_INT(put_ref(s, 'x', "a", 'x'), -EINVAL);
	CHECK_INT(put_ref(s, 'p', NULL, 0), 0);
	CHECK_INT(put_ref(s, 'x', "a", 'p'), 0);
	store_free(s);
	test_dir_remove(&d);
}

TEST(removing_a_parent_removes_descendants)
{
	struct test_dir d = test_dir_make();
	struct store *s = must_open(&d);
	put_object(s, "a");
	put_object(s, "b");
	CHECK_INT(put_ref(s, 'p', NULL, 0), 0);
	CHECK_INT(put_ref(s, 'q', "a", 'p'), 0);
	CHECK_INT(put_ref(s, 'r', "b", 'q'), 0);
	CHECK_INT(put_ref(s, 's', "b", 0), 0);
	CHECK_INT(remove_ref(s, 'p'), 0);
	CHECK_INT(store_tidy(s), 0);
	check_refs(s, "sb");
	check_objects(s, "b!");
	CHECK_INT(remove_ref(s, 'p'), 0);
	store_free(s);
	test_dir_remove(&d);
}

TEST(childless_parents_without_object_are_tidied)
{
	struct test_dir d = test_dir_make();
	struct store *s = must_open(&d);
	put_object(s, "a");
	CHECK_INT(put_ref(s, 'p', NULL, 0), 0);
	CHECK_INT(put_ref(s, 'q', NULL, 'p'), 0);
	CHECK_INT(put_ref(s, 'x', "a", 'q'), 0);
	CHECK_INT(store_tidy(s), 0);
	check_refs(s, "p-q-xa");
	CHECK_INT(remove_ref(s, 'x'), 0);
	CHECK_INT(store_tidy(s), 0);
	check_refs(s, "");
	check_objects(s, "");
	store_free(s);
	test_dir_remove(&d);
}

TEST(parent_can_be_set_later)
{
	struct test_dir d = test_dir_make();
	struct store *s = must_open(&d);
	put_object(s, "a");
	CHECK_INT(put_ref(s, 'p', NULL, 0), 0);
	CHECK_INT(put_ref(s, 'x', "a", 0), 0);
	uint8_t x[STORE_HASH_SIZE], p[STORE_HASH_SIZE];
	memset(x, 'x', sizeof(x));
	memset(p, 'p', sizeof(p));
	CHECK_INT(store_ref_set_parent(s, x, p), 0);
	CHECK_INT(remove_ref(s, 'p'), 0);
	check_refs(s, "");
	store_free(s);
	test_dir_remove(&d);
}

TEST(rollback_undoes_all)
{
	struct test_dir d = test_dir_make();
	struct store *s = must_open(&d);
	store_rollback(s);
	CHECK_INT(store_begin(s), 0);
	put_object(s, "a");
	CHECK_INT(put_ref(s, 'x', "a", 0), 0);
	store_rollback(s);
	check_objects(s, "");
	CHECK_INT(store_begin(s), 0);
	put_object(s, "a");
	CHECK_INT(put_ref(s, 'x', "a", 0), 0);
	CHECK_INT(store_commit(s), 0);
	check_refs(s, "xa");
	store_free(s);
	test_dir_remove(&d);
}

static int stop(void *user, const struct store_object *o)
{
	return 7;
}

TEST(iteration_stops_when_told)
{
	struct test_dir d = test_dir_make();
	struct store *s = must_open(&d);
	put_object(s, "a");
	CHECK_INT(store_object_each(s, stop, NULL), 7);
	put_object(s, "b"); /* the statement was reset: writing works */
	store_free(s);
	test_dir_remove(&d);
}

static int see_orphan(void *user, const struct store_object *o)
{
	struct seen *seen = user;
	CHECK_INT(o->description_size, 8);
	CHECK(!memcmp(o->description, "\0content", 8));
	return see_object(seen, o);
}

TEST(orphans_are_told_before_they_are_tidied)
{
	struct test_dir d = test_dir_make();
	struct store *s = must_open(&d);
	put_object(s, "a");
	put_object(s, "b");
	CHECK_INT(put_ref(s, 'x', "a", 0), 0);
	struct seen seen = {0};
	CHECK_INT(store_orphan_each(s, see_orphan, &seen), 0);
	CHECK_STR(seen.text, "b!");
	CHECK_INT(store_tidy(s), 0);
	memset(&seen, 0, sizeof(seen));
	CHECK_INT(store_orphan_each(s, see_orphan, &seen), 0);
	CHECK_STR(seen.text, "");
	store_free(s);
	test_dir_remove(&d);
}
