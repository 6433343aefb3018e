/* SPDX-License-Identifier: MIT */
/* metac ref: references, named by themselves or by their ids. */
#include "cli/ledger.h"
#include "cli/show.h"
#include "cli/table.h"
#include "cli/uri.h"

#include <stdio.h>

static const struct column reference_columns[] = {
	{"ID", "id", COLUMN_TEXT},
	{"SERVICE", "service", COLUMN_TEXT},
	{NULL, "object", COLUMN_TEXT},
	{"PERSISTENT", "persistent", COLUMN_YES},
	{"CREATED", "created", COLUMN_TIME},
	{"EXPIRES", "expires", COLUMN_TIME},
	{"MADE THROUGH", "parent", COLUMN_TEXT},
	{"SUMMARY", "summary", COLUMN_TEXT},
	{},
};

static void add_text(struct table *t, struct vat_text s)
{
	table_text(t, s.s, s.len);
}

static void add_reference(struct table *t, struct persistence_reference_info_r i)
{
	table_row(t);
	add_text(t, persistence_reference_info_get_id(i));
	add_text(t, persistence_reference_info_get_service(i));
	add_text(t, persistence_reference_info_get_runtime_id(i));
	table_number(t, persistence_reference_info_get_persistent(i));
	table_number(t, persistence_reference_info_get_created(i));
	table_number(t, persistence_reference_info_get_expires(i));
	add_text(t, persistence_reference_info_get_parent(i));
	add_text(t, persistence_reference_info_get_summary(i));
}

/* The references to the object named on the command line, else all. */
static int list_references(struct client *c, struct reply *objects, struct reply *reply,
	struct persistence_reference_info_list_r *ret)
{
	struct persistence_object_info_list_r list;
	struct persistence_object_info_r o;
	if (!c->cli->n_args)
		return ledger_references(c, vat_str(""), vat_str(""), reply, ret);
	int r = ledger_objects(c, objects, &list);
	if (r >= 0)
		r = ledger_find_object(c, list, c->cli->args[0], &o);
	if (r < 0)
		return r;
	return ledger_references(c, persistence_object_info_get_service(o),
		persistence_object_info_get_runtime_id(o), reply, ret);
}

int cmd_ref_ls(struct cli *cli)
{
	AUTO(client_close) struct client *c = NULL;
	AUTO(table_free) struct table *t = table_new(reference_columns, cli->opt.json);
	struct persistence_reference_info_list_r list;
	int r = client_open(cli, &c);
	if (r < 0)
		return r;
	AUTO_REPLY objects = {};
	AUTO_REPLY reply = {};
	r = list_references(c, &objects, &reply, &list);
	if (r < 0)
		return r;
	for (uint32_t i = 0; i < list.l.count; i++)
		add_reference(t, persistence_reference_info_at(list, i));
	return table_print(t, &cli->err);
}

/* What the word on the command line names: a reference of this node, or an id among those listed.
 */
struct named {
	struct ref *ref; /* NULL: by id */
	struct vat_text id;
	struct reply reply; /* id is in it */
};

static int parse_own_ref(struct client *c, const char *word, struct named *n)
{
	char masked[128];
	int r = ref_parse(word, &n->ref, &c->cli->err);
	if (r < 0)
		return r;
	ref_mask(word, masked, sizeof(masked));
	if (strcmp(n->ref->node, c->address))
		return err_set(&c->cli->err, -EXDEV,
			"%s belongs to node %s: run this on that host, or there with --node %s",
			masked, n->ref->node, n->ref->node);
	if (strcmp(n->ref->service, "persistence"))
		return err_set(&c->cli->err, -EINVAL,
			"%s is kept by service %s, which has its own ways to revoke it", masked,
			n->ref->service);
	return 0;
}

static int named_find(struct client *c, const char *word, struct named *n)
{
	struct persistence_reference_info_list_r list;
	struct persistence_reference_info_r found;
	if (ref_is(word))
		return parse_own_ref(c, word, n);
	int r = ledger_references(c, vat_str(""), vat_str(""), &n->reply, &list);
	if (r >= 0)
		r = ledger_find_reference(c, list, word, &found);
	if (r >= 0)
		n->id = persistence_reference_info_get_id(found);
	return r;
}

static void named_done(struct named *n)
{
	ref_free(n->ref);
	auto_reply_done(&n->reply);
}

/* With the reference's own words in front, its secret masked. */
static int name_error(struct client *c, const char *word, int r)
{
	char shown[128];
	if (r >= 0 || !ref_is(word))
		return r;
	ref_mask(word, shown, sizeof(shown));
	return err_wrap(&c->cli->err, r, "%s", shown);
}

static int remove_reference(struct client *c, const struct named *n)
{
	struct persistence_persistence_service_admin_c admin = ledger_admin(c);
	struct persistence_persistence_service_admin_remove_reference_req q =
		persistence_persistence_service_admin_remove_reference(c->loop.vat, admin);
	if (n->ref)
		vat_set_ptr(
			persistence_persistence_service_admin_remove_reference_params_get_object_info_b(
				q.params),
			vat_root(n->ref->info));
	else
		persistence_persistence_service_admin_remove_reference_params_set_id(
			q.params, n->id);
	AUTO_REPLY reply = {};
	int r = client_call(c, q.call, &reply);
	persistence_persistence_service_admin_unref(admin);
	return r;
}

static int rotate_reference(struct client *c, const struct named *n)
{
	struct persistence_persistence_service_admin_c admin = ledger_admin(c);
	struct persistence_persistence_service_admin_rotate_reference_req q =
		persistence_persistence_service_admin_rotate_reference(c->loop.vat, admin);
	if (n->ref)
		vat_set_ptr(
			persistence_persistence_service_admin_rotate_reference_params_get_object_info_b(
				q.params),
			vat_root(n->ref->info));
	else
		persistence_persistence_service_admin_rotate_reference_params_set_id(
			q.params, n->id);
	AUTO_REPLY reply = {};
	int r = client_call(c, q.call, &reply);
	persistence_persistence_service_admin_unref(admin);
	if (r < 0)
		return r;
	return client_print_ref(
		c, persistence_persistence_service_admin_rotate_reference_results_get_ref(
			   persistence_persistence_service_admin_rotate_reference_results_from(
				   reply.results)));
}

static int with_named(struct cli *cli, int (*fn)(struct client *c, const struct named *n))
{
	AUTO(client_close) struct client *c = NULL;
	AUTO_FREE char *word = uri_read(cli->args[0], STDIN_FILENO, &cli->err);
	struct named n = {};
	if (!word)
		return cli->err.code;
	int r = client_open(cli, &c);
	if (r < 0)
		return r;
	r = named_find(c, word, &n);
	if (r >= 0)
		r = name_error(c, word, fn(c, &n));
	named_done(&n);
	return r;
}

int cmd_ref_rm(struct cli *cli)
{
	return with_named(cli, remove_reference);
}

int cmd_ref_rotate(struct cli *cli)
{
	return with_named(cli, rotate_reference);
}
