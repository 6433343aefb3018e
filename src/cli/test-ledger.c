/* SPDX-License-Identifier: MIT */
#include "cli/ledger.h"
#include "base/test.h"

/* A list of references with the ids given, and what looking for `wanted` in it says. */
static int find(const char *const *ids, uint32_t n, const char *wanted, char *ret, struct err *err)
{
	struct cli cli = {};
	struct client c = {.cli = &cli};
	struct vat_message *m = vat_message_new(0, 0);
	CHECK(m);
	struct persistence_persistence_service_admin_list_references_results_b b =
		persistence_persistence_service_admin_list_references_results_init_root(m);
	struct persistence_reference_info_list_b l =
		persistence_persistence_service_admin_list_references_results_init_references(b, n);
	for (uint32_t i = 0; i < n; i++)
		persistence_reference_info_set_id(
			persistence_reference_info_at_b(l, i), vat_str(ids[i]));
	struct persistence_reference_info_r found;
	int r = ledger_find_reference(&c,
		persistence_persistence_service_admin_list_references_results_get_references(
			persistence_persistence_service_admin_list_references_results_root(m)),
		wanted, &found);
	if (r >= 0)
		snprintf(ret, 64, "%s", persistence_reference_info_get_id(found).s);
	*err = cli.err;
	vat_message_free(m);
	return r;
}

static const char *const ids[] = {"51d0aa", "51d0ab", "51", "9f00cc"};

TEST(a_beginning_is_enough_when_it_is_the_only_one)
{
	char id[64];
	struct err e;
	CHECK_INT(find(ids, 4, "9f", id, &e), 0);
	CHECK_STR(id, "9f00cc");
	CHECK_INT(find(ids, 4, "51d0ab", id, &e), 0);
	CHECK_STR(id, "51d0ab");
}

TEST(the_whole_id_wins)
{
	char id[64];
	struct err e;
	CHECK_INT(find(ids, 4, "51", id, &e), 0);
	CHECK_STR(id, "51");
}

TEST(too_short_unknown_and_ambiguous_beginnings_are_refused)
{
	char id[64];
	struct err e;
	CHECK_INT(find(ids, 4, "51d", id, &e), -EINVAL);
	CHECK_STR(e.msg, "51d: 2 references begin so; give more of the id");
	CHECK_INT(find(ids, 4, "9", id, &e), -ENOENT);
	CHECK_INT(find(ids, 4, "9f00ccd", id, &e), -ENOENT);
	CHECK_STR(e.msg, "9f00ccd: there is no such reference (see `metac ref ls')");
	CHECK_INT(find(ids, 0, "51", id, &e), -ENOENT);
}
