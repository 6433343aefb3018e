/* SPDX-License-Identifier: MIT */
/* metac net interfaces, rename, rm: the interfaces of the node's host themselves. */
#include "cli/net.h"
#include "cli/show.h"
#include "cli/table.h"
#include "cli/uri.h"

#include <stdio.h>

/* ---- interfaces -------------------------------------------------------------------------------
 */

static const struct column columns[] = {
	{"NAME", "name", COLUMN_TEXT},
	{"KIND", "kind", COLUMN_TEXT},
	{"MAC", "mac", COLUMN_TEXT},
	{"MTU", "mtu", COLUMN_NUMBER},
	{"UP", "up", COLUMN_YES},
	{"CARRIER", "carrier", COLUMN_YES},
	{"MASTER", "master", COLUMN_TEXT},
	{"ADDRESSES", "addresses", COLUMN_TEXT},
	{"MADE HERE", "created", COLUMN_YES},
	{"PART", "ours", COLUMN_YES},
	{},
};

static void mac_text(struct vat_data mac, char ret[static 64])
{
	const uint8_t *bytes = mac.p;
	size_t at = 0;
	*ret = 0;
	for (uint32_t i = 0; i < mac.len && i < 20; i++)
		at += (size_t)snprintf(ret + at, 64 - at, "%s%02x", i ? ":" : "", bytes[i]);
}

/* All of them in one column, with spaces between. */
static void add_addresses(struct table *t, struct vat_list_r l)
{
	char text[1024] = "";
	size_t at = 0;
	for (uint32_t i = 0; i < l.count && at + 64 < sizeof(text); i++) {
		struct vat_text s = vat_ptr_text(vat_list_ptr(l, i), NULL);
		at += (size_t)snprintf(text + at, sizeof(text) - at, "%s%.*s", i ? " " : "",
			(int)MIN(s.len, 60U), s.s);
	}
	show_make_plain(text);
	table_text(t, text, at);
}

static void add_interface(struct table *t, struct net_kernel_interface_info_r i)
{
	char mac[64];
	struct vat_text name = net_kernel_interface_info_get_name(i),
			kind = net_kernel_interface_info_get_kind(i),
			master = net_kernel_interface_info_get_master(i);
	mac_text(net_kernel_interface_info_get_mac(i), mac);
	table_row(t);
	table_text(t, name.s, name.len);
	table_text(t, kind.s, kind.len);
	table_string(t, mac);
	table_number(t, net_kernel_interface_info_get_mtu(i));
	table_number(t, net_kernel_interface_info_get_up(i));
	table_number(t, net_kernel_interface_info_get_carrier(i));
	table_text(t, master.s, master.len);
	add_addresses(t, net_kernel_interface_info_get_addresses(i));
	table_number(t, net_kernel_interface_info_get_created(i));
	table_number(t, net_kernel_interface_info_get_ours(i));
}

int cmd_net_interfaces(struct cli *cli)
{
	AUTO(client_close) struct client *c = NULL;
	AUTO(table_free) struct table *t = table_new(columns, cli->opt.json);
	int r = client_open(cli, &c);
	if (r < 0)
		return r;
	struct net_kernel_network_namespace_c ns =
		net_namespace(c, cli->n_args ? cli->args[0] : "");
	struct net_kernel_network_namespace_list_interfaces_req q =
		net_kernel_network_namespace_list_interfaces(c->loop.vat, ns);
	net_kernel_network_namespace_list_interfaces_params_set_all(q.params, cli->opt.all);
	AUTO_REPLY reply = {};
	r = client_call(c, q.call, &reply);
	net_kernel_network_namespace_unref(ns);
	if (r < 0)
		return r;
	struct net_kernel_interface_info_list_r l =
		net_kernel_network_namespace_list_interfaces_results_get_infos(
			net_kernel_network_namespace_list_interfaces_results_from(reply.results));
	for (uint32_t i = 0; i < l.l.count; i++)
		add_interface(t, net_kernel_interface_info_at(l, i));
	return table_print(t, &cli->err);
}

/* ---- rename, rm -------------------------------------------------------------------------------
 */

static int rename_to(struct client *c, struct net_kernel_interface_c k)
{
	struct net_kernel_interface_rename_req q = net_kernel_interface_rename(c->loop.vat, k);
	net_kernel_interface_rename_params_set_newname(q.params, vat_str(c->cli->args[1]));
	AUTO_REPLY reply = {};
	return client_call(c, q.call, &reply);
}

static int destroy(struct client *c, struct net_kernel_interface_c k)
{
	AUTO_REPLY reply = {};
	return client_call(c, net_kernel_interface_destroy(c->loop.vat, k).call, &reply);
}

static int with_interface(
	struct cli *cli, int (*fn)(struct client *c, struct net_kernel_interface_c k))
{
	AUTO(client_close) struct client *c = NULL;
	AUTO_FREE struct net_uri *uri = calloc(1, sizeof(*uri));
	AUTO_FREE char *text = uri_read(cli->args[0], STDIN_FILENO, &cli->err);
	struct net_target t = {};
	if (!text || !uri)
		return text ? err_set(&cli->err, -ENOMEM, "out of memory") : cli->err.code;
	int r = net_uri_parse(text, uri, &cli->err);
	if (r >= 0 && (uri->kind == NET_URI_NEW || net_uri_is_restricted(uri)))
		r = cli_wrong_use(cli, "URI is one that is there: local:DEV or netns:NS:DEV");
	if (r >= 0)
		r = client_open(cli, &c);
	if (r >= 0)
		r = net_target_find_there(c, uri, &t);
	if (r < 0)
		return r;
	/* Who was given a reference to one may use it, and no more: that is told by the answer. */
	r = fn(c, t.kernel.cap ? t.kernel : net_kernel_interface_cast(t.iface.cap));
	if (r < 0)
		err_wrap(&cli->err, r, "%s", t.shown);
	net_target_done(&t);
	return r;
}

int cmd_net_rename(struct cli *cli)
{
	char shown[80];
	const char *why = net_name_wrong(cli->args[1]);
	if (why)
		return err_set(&cli->err, -EINVAL, "`%s': the name of an interface %s",
			show_word(cli->args[1], shown, sizeof(shown)), why);
	return with_interface(cli, rename_to);
}

int cmd_net_rm(struct cli *cli)
{
	return with_interface(cli, destroy);
}
