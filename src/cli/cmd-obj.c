/* SPDX-License-Identifier: MIT */
/* metac obj: the objects that the node keeps because references to them exist. */
#include "cli/ledger.h"
#include "cli/show.h"
#include "cli/table.h"
#include "cli/uri.h"

#include <stdio.h>

static const char *state_name(uint16_t state)
{
	static const char *const names[] = {"stored", "alive", "restoring", "broken"};
	return state < ARRAY_SIZE(names) ? names[state] : "unknown";
}

static const struct column object_columns[] = {
	{"ID", "id", COLUMN_TEXT},
	{"SERVICE", "service", COLUMN_TEXT},
	{NULL, "category", COLUMN_TEXT},
	{"STATE", "state", COLUMN_TEXT},
	{"PERSISTENT", "persistent", COLUMN_YES},
	{"REFS", "references", COLUMN_NUMBER},
	{"SUMMARY", "summary", COLUMN_TEXT},
	{NULL, "error", COLUMN_TEXT},
	{},
};

static void add_text(struct table *t, struct vat_text s)
{
	table_text(t, s.s, s.len);
}

int cmd_obj_ls(struct cli *cli)
{
	AUTO(client_close) struct client *c = NULL;
	AUTO(table_free) struct table *t = table_new(object_columns, cli->opt.json);
	struct persistence_object_info_list_r list;
	int r = client_open(cli, &c);
	if (r < 0)
		return r;
	AUTO_REPLY reply = {};
	r = ledger_objects(c, &reply, &list);
	if (r < 0)
		return r;
	for (uint32_t i = 0; i < list.l.count; i++) {
		struct persistence_object_info_r o = persistence_object_info_at(list, i);
		table_row(t);
		add_text(t, persistence_object_info_get_runtime_id(o));
		add_text(t, persistence_object_info_get_service(o));
		add_text(t, persistence_object_info_get_category(o));
		table_string(t, state_name(persistence_object_info_get_state(o)));
		table_number(t, persistence_object_info_get_persistent(o));
		table_number(t, persistence_object_info_get_references(o));
		add_text(t, persistence_object_info_get_summary(o));
		add_text(t, persistence_object_info_get_error(o));
	}
	return table_print(t, &cli->err);
}

/* ---- show ---------------------------------------------------------------------------------- */

static int set_text(json_t *j, const char *key, struct vat_text s)
{
	return show_json_set(j, key, s.s, s.len);
}

static json_t *reference_ids(struct persistence_reference_info_list_r list)
{
	json_t *a = json_array();
	for (uint32_t i = 0; a && i < list.l.count; i++) {
		struct vat_text id =
			persistence_reference_info_get_id(persistence_reference_info_at(list, i));
		if (json_array_append_new(a, show_json(id.s, id.len)) < 0) {
			json_decref(a);
			return NULL;
		}
	}
	return a;
}

static json_t *object_json(
	struct persistence_object_info_r o, struct persistence_reference_info_list_r refs)
{
	json_t *j = json_object();
	if (!j)
		return NULL;
	if (set_text(j, "id", persistence_object_info_get_runtime_id(o)) < 0 ||
		set_text(j, "service", persistence_object_info_get_service(o)) < 0 ||
		set_text(j, "category", persistence_object_info_get_category(o)) < 0 ||
		set_text(j, "summary", persistence_object_info_get_summary(o)) < 0 ||
		set_text(j, "error", persistence_object_info_get_error(o)) < 0 ||
		json_object_set_new(j, "state",
			json_string(state_name(persistence_object_info_get_state(o)))) < 0 ||
		json_object_set_new(j, "persistent",
			json_boolean(persistence_object_info_get_persistent(o))) < 0 ||
		json_object_set_new(j, "references", reference_ids(refs)) < 0) {
		json_decref(j);
		return NULL;
	}
	return j;
}

static void print_line(const char *title, struct vat_text s)
{
	AUTO_FREE char *text = show_quoted(s.s, s.len);
	if (s.len)
		printf("%-12s %s\n", title, text ? text : "?");
}

static int print_object(struct persistence_object_info_r o,
	struct persistence_reference_info_list_r refs, struct err *err)
{
	print_line("id", persistence_object_info_get_runtime_id(o));
	print_line("service", persistence_object_info_get_service(o));
	print_line("category", persistence_object_info_get_category(o));
	print_line("summary", persistence_object_info_get_summary(o));
	print_line("state", vat_str(state_name(persistence_object_info_get_state(o))));
	print_line("error", persistence_object_info_get_error(o));
	print_line("persistent", vat_str(persistence_object_info_get_persistent(o) ? "yes" : "no"));
	for (uint32_t i = 0; i < refs.l.count; i++)
		print_line("reference",
			persistence_reference_info_get_id(persistence_reference_info_at(refs, i)));
	return fflush(stdout) ? err_errno(err, -errno, "standard output") : 0;
}

int cmd_obj_show(struct cli *cli)
{
	AUTO(client_close) struct client *c = NULL;
	struct persistence_object_info_list_r list;
	struct persistence_reference_info_list_r refs;
	struct persistence_object_info_r o;
	int r = client_open(cli, &c);
	if (r < 0)
		return r;
	AUTO_REPLY reply = {};
	AUTO_REPLY ref_reply = {};
	r = ledger_objects(c, &reply, &list);
	if (r >= 0)
		r = ledger_find_object(c, list, cli->args[0], &o);
	if (r >= 0)
		r = ledger_references(c, persistence_object_info_get_service(o),
			persistence_object_info_get_runtime_id(o), &ref_reply, &refs);
	if (r < 0)
		return r;
	return cli->opt.json ? json_print(object_json(o, refs), &cli->err)
			     : print_object(o, refs, &cli->err);
}

/* ---- rm ------------------------------------------------------------------------------------ */

/* Ends the object behind a reference; on its own node that is made to forget it, too. */
static int destroy(struct client *c, const char *uri)
{
	struct vat_cap *cap = NULL;
	int r = client_restore(c, uri, &cap);
	if (r < 0)
		return r;
	AUTO_REPLY reply = {};
	r = client_call(c, metac_destroyable_destroy(c->loop.vat, metac_destroyable_cast(cap)).call,
		&reply);
	vat_cap_unref(cap);
	if (r == -ENOSYS)
		return err_set(&c->cli->err, r,
			"this kind of object cannot be destroyed; revoke its references instead");
	return r;
}

static int forget(struct client *c, const char *id)
{
	struct persistence_object_info_list_r list;
	struct persistence_object_info_r o;
	AUTO_REPLY reply = {};
	int r = ledger_objects(c, &reply, &list);
	if (r >= 0)
		r = ledger_find_object(c, list, id, &o);
	if (r < 0)
		return r;
	struct persistence_persistence_service_admin_c admin = ledger_admin(c);
	struct persistence_persistence_service_admin_forget_object_req q =
		persistence_persistence_service_admin_forget_object(c->loop.vat, admin);
	persistence_persistence_service_admin_forget_object_params_set_service(
		q.params, persistence_object_info_get_service(o));
	persistence_persistence_service_admin_forget_object_params_set_runtime_id(
		q.params, persistence_object_info_get_runtime_id(o));
	AUTO_REPLY done = {};
	r = client_call(c, q.call, &done);
	persistence_persistence_service_admin_unref(admin);
	return r;
}

int cmd_obj_rm(struct cli *cli)
{
	AUTO(client_close) struct client *c = NULL;
	AUTO_FREE char *word = uri_read(cli->args[0], STDIN_FILENO, &cli->err);
	if (!word)
		return cli->err.code;
	int r = client_open(cli, &c);
	if (r < 0)
		return r;
	return ref_is(word) ? destroy(c, word) : forget(c, word);
}
