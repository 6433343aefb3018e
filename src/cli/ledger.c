/* SPDX-License-Identifier: MIT */
/* See ledger.h. */
#include "cli/ledger.h"
#include "cli/show.h"

struct persistence_persistence_service_admin_c ledger_admin(struct client *c)
{
	return persistence_persistence_service_admin_cast(client_service(c, "persistence").cap);
}

int ledger_objects(
	struct client *c, struct reply *reply, struct persistence_object_info_list_r *ret)
{
	struct persistence_persistence_service_admin_c admin = ledger_admin(c);
	int r = client_call(c,
		persistence_persistence_service_admin_list_objects(c->loop.vat, admin).call, reply);
	persistence_persistence_service_admin_unref(admin);
	if (r >= 0)
		*ret = persistence_persistence_service_admin_list_objects_results_get_objects(
			persistence_persistence_service_admin_list_objects_results_from(
				reply->results));
	return r;
}

int ledger_references(struct client *c, struct vat_text service, struct vat_text runtime_id,
	struct reply *reply, struct persistence_reference_info_list_r *ret)
{
	struct persistence_persistence_service_admin_c admin = ledger_admin(c);
	struct persistence_persistence_service_admin_list_references_req q =
		persistence_persistence_service_admin_list_references(c->loop.vat, admin);
	persistence_persistence_service_admin_list_references_params_set_service(q.params, service);
	persistence_persistence_service_admin_list_references_params_set_runtime_id(
		q.params, runtime_id);
	int r = client_call(c, q.call, reply);
	persistence_persistence_service_admin_unref(admin);
	if (r >= 0)
		*ret = persistence_persistence_service_admin_list_references_results_get_references(
			persistence_persistence_service_admin_list_references_results_from(
				reply->results));
	return r;
}

enum id_match id_matches(const char *id, size_t id_len, const char *wanted)
{
	size_t n = strlen(wanted);
	if (id_len == n && !memcmp(id, wanted, n))
		return ID_IS;
	return n >= ID_PREFIX_MIN && id_len > n && !memcmp(id, wanted, n) ? ID_BEGINS : ID_NO;
}

/* Keeps the best match so far; two that only begin so are one too many. */
struct search {
	const char *wanted;
	uint32_t found;
	unsigned n;
	bool exact;
};

static void search_look(struct search *s, uint32_t i, struct vat_text id)
{
	enum id_match m = s->exact ? ID_NO : id_matches(id.s, id.len, s->wanted);
	if (m == ID_NO)
		return;
	s->exact = m == ID_IS;
	s->n = s->exact ? 1 : s->n + 1;
	s->found = i;
}

static int search_result(const struct search *s, const char *what, struct err *err)
{
	char shown[80];
	if (s->n == 1)
		return 0;
	show_word(s->wanted, shown, sizeof(shown));
	if (s->n)
		return err_set(err, -EINVAL, "%s: %u %ss begin so; give more of the id", shown,
			s->n, what);
	return err_set(err, -ENOENT, "%s: there is no such %s (see `metac %s ls')", shown, what,
		strcmp(what, "object") ? "ref" : "obj");
}

int ledger_find_object(struct client *c, struct persistence_object_info_list_r list, const char *id,
	struct persistence_object_info_r *ret)
{
	struct search s = {.wanted = id};
	for (uint32_t i = 0; i < list.l.count; i++)
		search_look(&s, i,
			persistence_object_info_get_runtime_id(
				persistence_object_info_at(list, i)));
	int r = search_result(&s, "object", &c->cli->err);
	if (r >= 0)
		*ret = persistence_object_info_at(list, s.found);
	return r;
}

int ledger_find_reference(struct client *c, struct persistence_reference_info_list_r list,
	const char *id, struct persistence_reference_info_r *ret)
{
	struct search s = {.wanted = id};
	for (uint32_t i = 0; i < list.l.count; i++)
		search_look(&s, i,
			persistence_reference_info_get_id(persistence_reference_info_at(list, i)));
	int r = search_result(&s, "reference", &c->cli->err);
	if (r >= 0)
		*ret = persistence_reference_info_at(list, s.found);
	return r;
}
