/* SPDX-License-Identifier: MIT */
/* metac node: the nodes of this host. */
#include "cli/client.h"
#include "cli/table.h"

#include <stdio.h>

int cmd_node_ls(struct cli *cli)
{
	static const struct column columns[] = {
		{"ADDRESS", "address", COLUMN_TEXT},
		{"RUNS", "running", COLUMN_YES},
		{"PID", "pid", COLUMN_NUMBER},
		{},
	};
	AUTO_FREE struct node_entry *nodes = calloc(NODES_MAX, sizeof(*nodes));
	AUTO(table_free) struct table *t = table_new(columns, cli->opt.json);
	if (!nodes)
		return err_set(&cli->err, -ENOMEM, "out of memory");
	int n = nodes_list(nodes, NODES_MAX, &cli->err);
	for (int i = 0; i < n; i++) {
		table_row(t);
		table_string(t, nodes[i].address);
		/* One that may not be used by us runs nevertheless. */
		table_number(t, !nodes[i].error || nodes[i].error == -EACCES);
		table_number(t, nodes[i].pid);
	}
	return n < 0 ? n : table_print(t, &cli->err);
}

int cmd_node_address(struct cli *cli)
{
	AUTO(client_close) struct client *c = NULL;
	int r = client_open(cli, &c);
	if (r < 0)
		return r;
	struct vat_call *q = metac_node_admin_get_unprivileged_node(c->loop.vat, c->admin).call;
	struct metac_node_c node = metac_node_admin_get_unprivileged_node_pipe_node(q);
	client_pipeline(q);
	AUTO_REPLY reply = {};
	r = client_call(c, metac_node_address(c->loop.vat, node).call, &reply);
	metac_node_unref(node);
	if (r < 0)
		return r;
	struct vat_text ip = metac_node_address_get_ip(metac_node_address_results_get_address(
		metac_node_address_results_from(reply.results)));
	printf("%.*s\n", (int)ip.len, ip.s);
	return 0;
}

int cmd_node_services(struct cli *cli)
{
	static const struct column columns[] = {{"NAME", "name", COLUMN_TEXT}, {}};
	AUTO(client_close) struct client *c = NULL;
	AUTO(table_free) struct table *t = table_new(columns, cli->opt.json);
	int r = client_open(cli, &c);
	if (r < 0)
		return r;
	AUTO_REPLY reply = {};
	r = client_call(c, metac_node_admin_list_services(c->loop.vat, c->admin).call, &reply);
	if (r < 0)
		return r;
	struct vat_list_r l = metac_node_admin_list_services_results_get_names(
		metac_node_admin_list_services_results_from(reply.results));
	for (uint32_t i = 0; i < l.count; i++) {
		struct vat_text name = vat_ptr_text(vat_list_ptr(l, i), NULL);
		table_row(t);
		table_text(t, name.s, name.len);
	}
	return table_print(t, &cli->err);
}

int cmd_node_links(struct cli *cli)
{
	static const struct column columns[] = {
		{"KIND", "kind", COLUMN_TEXT},
		{"NAME", "name", COLUMN_TEXT},
		{"CALLS IN", "callsIn", COLUMN_NUMBER},
		{"CALLS OUT", "callsOut", COLUMN_NUMBER},
		{"INTRODUCED", "introduced", COLUMN_NUMBER},
		{NULL, "messagesIn", COLUMN_NUMBER},
		{NULL, "messagesOut", COLUMN_NUMBER},
		{},
	};
	static const char *const kinds[] = {"service", "administrator", "stranger", "node"};
	AUTO(client_close) struct client *c = NULL;
	AUTO(table_free) struct table *t = table_new(columns, cli->opt.json);
	int r = client_open(cli, &c);
	if (r < 0)
		return r;
	AUTO_REPLY reply = {};
	r = client_call(c, metac_node_admin_list_links(c->loop.vat, c->admin).call, &reply);
	if (r < 0)
		return r;
	struct metac_link_list_r l = metac_node_admin_list_links_results_get_links(
		metac_node_admin_list_links_results_from(reply.results));
	for (uint32_t i = 0; i < l.l.count; i++) {
		struct metac_link_r k = metac_link_at(l, i);
		struct vat_text name = metac_link_get_name(k);
		uint16_t kind = metac_link_get_kind(k);
		table_row(t);
		table_string(t, kind < ARRAY_SIZE(kinds) ? kinds[kind] : "other");
		table_text(t, name.s, name.len);
		table_number(t, (int64_t)metac_link_get_calls_in(k));
		table_number(t, (int64_t)metac_link_get_calls_out(k));
		table_number(t, (int64_t)metac_link_get_introduced(k));
		table_number(t, (int64_t)metac_link_get_messages_in(k));
		table_number(t, (int64_t)metac_link_get_messages_out(k));
	}
	return table_print(t, &cli->err);
}
