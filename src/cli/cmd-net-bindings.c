/* SPDX-License-Identifier: MIT */
/* metac net ls, stats: what is bound, and what has passed. */
#include "cli/net.h"
#include "cli/show.h"
#include "cli/table.h"

#include <stdio.h>

static void add_text(struct table *t, struct vat_text s)
{
	table_text(t, s.s, s.len);
}

/* "eth0", or "blue:eth0". */
static void add_name(struct table *t, struct net_binding_info_r i)
{
	char name[400];
	struct vat_text ns = net_binding_info_get_namespace(i), dev = net_binding_info_get_name(i);
	int n = snprintf(name, sizeof(name), "%.*s%s%.*s", (int)MIN(ns.len, 300U), ns.s,
		ns.len ? ":" : "", (int)MIN(dev.len, 64U), dev.s);
	table_text(t, name, (size_t)MAX(n, 0));
}

/* ---- ls ---------------------------------------------------------------------------------------
 */

static const struct column columns[] = {
	{"INTERFACE", NULL, COLUMN_TEXT},
	{"ID", NULL, COLUMN_TEXT},
	{"STATE", NULL, COLUMN_TEXT},
	{"SINCE", NULL, COLUMN_TIME},
	{"SOURCE", NULL, COLUMN_TEXT},
	{"TRANSPORT", NULL, COLUMN_TEXT},
	{"MTU", NULL, COLUMN_NUMBER},
	{"RECEIVED", NULL, COLUMN_SIZE},
	{"SENT", NULL, COLUMN_SIZE},
	{"PERSISTENT", NULL, COLUMN_YES},
	{"BY OTHERS", NULL, COLUMN_YES},
	{"ADDRESSES", NULL, COLUMN_TEXT},
	{"ERROR", NULL, COLUMN_TEXT},
	{},
};

/* "10.9.0.2/24,fd09::2/64" */
static void add_addresses(struct table *t, struct vat_list_r l)
{
	char text[200] = "";
	size_t n = 0;
	for (uint32_t i = 0; i < l.count; i++) {
		struct vat_text a = vat_ptr_text(vat_list_ptr(l, i), NULL);
		if (n + a.len + 1 >= sizeof(text))
			break;
		n += (size_t)snprintf(
			text + n, sizeof(text) - n, "%s%.*s", n ? "," : "", (int)a.len, a.s);
	}
	table_text(t, text, n);
}

/* Of others' bindings also where they are: hosts may have one name. */
static void add_source(struct table *t, struct net_binding_info_r i)
{
	char text[256];
	struct vat_text source = net_binding_info_get_source(i),
			remote = net_binding_info_get_remote(i);
	if (!net_binding_info_get_exported(i) || !remote.len) {
		add_text(t, source);
		return;
	}
	int n = snprintf(text, sizeof(text), "%.*s (%.*s)", (int)MIN(source.len, 128U), source.s,
		(int)MIN(remote.len, 64U), remote.s);
	table_text(t, text, (size_t)MAX(n, 0));
}

static void add_binding(struct table *t, struct net_binding_info_r i)
{
	struct net_stats_r s = net_binding_info_get_stats(i);
	table_row(t);
	add_name(t, i);
	add_text(t, net_binding_info_get_id(i));
	table_string(t, net_state_name(net_binding_info_get_state(i)));
	table_number(t, net_binding_info_get_since(i));
	add_source(t, i);
	add_text(t, net_binding_info_get_transport(i));
	table_number(t, net_binding_info_get_mtu(i));
	table_number(t, (int64_t)net_stats_get_received_bytes(s));
	table_number(t, (int64_t)net_stats_get_sent_bytes(s));
	table_number(t, net_binding_info_get_persistent(i));
	table_number(t, net_binding_info_get_exported(i));
	add_addresses(t, net_binding_info_get_addresses(i));
	add_text(t, net_binding_info_get_error(i));
}

/* JSON has what a table has no room for: lists and objects. */
static int print_list(struct client *c, const struct net_bindings *b, uint32_t n)
{
	if (c->cli->opt.json) {
		json_t *a = json_array();
		for (uint32_t i = 0; a && i < n; i++)
			if (json_array_append_new(
				    a, net_binding_json(net_binding_info_at(b->infos, i))) < 0) {
				json_decref(a);
				a = NULL;
			}
		return json_print(a, &c->cli->err);
	}
	AUTO(table_free) struct table *t = table_new(columns, false);
	for (uint32_t i = 0; i < n; i++)
		add_binding(t, net_binding_info_at(b->infos, i));
	return table_print(t, &c->cli->err);
}

int cmd_net_ls(struct cli *cli)
{
	AUTO(client_close) struct client *c = NULL;
	struct net_bindings b = {};
	int r = client_open(cli, &c);
	if (r >= 0)
		r = net_bindings_list(c, &b);
	if (r >= 0)
		r = print_list(
			c, &b, cli->opt.all ? b.infos.l.count : MIN(b.caps.count, b.infos.l.count));
	net_bindings_done(&b);
	return r;
}

/* ---- stats ------------------------------------------------------------------------------------
 */

static const struct column stats_columns[] = {
	{"INTERFACE", NULL, COLUMN_TEXT},
	{"ID", NULL, COLUMN_TEXT},
	{"RECEIVED", NULL, COLUMN_SIZE},
	{"PACKETS", NULL, COLUMN_NUMBER},
	{"DROPPED", NULL, COLUMN_NUMBER},
	{"SENT", NULL, COLUMN_SIZE},
	{"PACKETS", NULL, COLUMN_NUMBER},
	{"DROPPED", NULL, COLUMN_NUMBER},
	{"RESTRICTED", NULL, COLUMN_NUMBER},
	{"FOREIGN", NULL, COLUMN_NUMBER},
	{},
};

static void add_stats(struct table *t, struct net_binding_info_r i)
{
	struct net_stats_r s = net_binding_info_get_stats(i);
	table_row(t);
	add_name(t, i);
	add_text(t, net_binding_info_get_id(i));
	table_number(t, (int64_t)net_stats_get_received_bytes(s));
	table_number(t, (int64_t)net_stats_get_received_packets(s));
	table_number(t, (int64_t)net_stats_get_received_dropped(s));
	table_number(t, (int64_t)net_stats_get_sent_bytes(s));
	table_number(t, (int64_t)net_stats_get_sent_packets(s));
	table_number(t, (int64_t)net_stats_get_sent_dropped(s));
	table_number(t, (int64_t)net_stats_get_restricted(s));
	table_number(t, (int64_t)net_stats_get_foreign(s));
}

static json_t *stats_json(struct net_binding_info_r i)
{
	json_t *j = net_stats_json(net_binding_info_get_stats(i));
	struct vat_text name = net_binding_info_get_name(i), ns = net_binding_info_get_namespace(i),
			id = net_binding_info_get_id(i);
	if (j && (show_json_set(j, "interface", name.s, name.len) < 0 ||
			 show_json_set(j, "namespace", ns.s, ns.len) < 0 ||
			 show_json_set(j, "id", id.s, id.len) < 0)) {
		json_decref(j);
		j = NULL;
	}
	return j;
}

/* Those meant by word, all for NULL; *ret_n: how many. */
static int print_stats(struct client *c, const struct net_bindings *b, const char *word)
{
	bool json = c->cli->opt.json;
	uint32_t only = 0;
	AUTO(table_free) struct table *t = json ? NULL : table_new(stats_columns, false);
	json_t *a = json ? json_array() : NULL;
	int r = word ? net_binding_find(c, b, word, false, &only) : 0;
	for (uint32_t i = 0; r >= 0 && i < b->infos.l.count; i++) {
		struct net_binding_info_r info = net_binding_info_at(b->infos, i);
		if (word && i != only)
			continue;
		if (!json)
			add_stats(t, info);
		else if (json_array_append_new(a, stats_json(info)) < 0)
			r = err_set(&c->cli->err, -ENOMEM, "out of memory");
	}
	if (r < 0 || !json) {
		json_decref(a);
		return r < 0 ? r : table_print(t, &c->cli->err);
	}
	return json_print(a, &c->cli->err);
}

static int stats_once(struct client *c, const char *word)
{
	struct net_bindings b = {};
	int r = net_bindings_list(c, &b);
	if (r >= 0)
		r = print_stats(c, &b, word);
	net_bindings_done(&b);
	return r;
}

/* ---- again and again --------------------------------------------------------------------------
 */

/* Of one binding: what was added since the line before, each second. */
static int print_rates(
	struct client *c, const struct net_stats_r *now, uint64_t last[4], bool first)
{
	uint64_t values[4] = {net_stats_get_received_bytes(*now),
		net_stats_get_received_packets(*now), net_stats_get_sent_bytes(*now),
		net_stats_get_sent_packets(*now)};
	double seconds = (double)c->cli->opt.interval_us / 1e6, rate[4];
	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		/* The other way round they were begun anew meanwhile. */
		rate[i] = values[i] >= last[i] ? (double)(values[i] - last[i]) / seconds : 0;
		last[i] = values[i];
	}
	if (first)
		return 0;
	int n = c->cli->opt.json
			? printf("{\"receivedBitsPerSecond\": %.0f, \"receivedPacketsPerSecond\": "
				 "%.0f, \"sentBitsPerSecond\": %.0f, \"sentPacketsPerSecond\": "
				 "%.0f}\n",
				  8 * rate[0], rate[1], 8 * rate[2], rate[3])
			: printf("%14.3f %14.0f %14.3f %14.0f\n", 8 * rate[0] / 1e6, rate[1],
				  8 * rate[2] / 1e6, rate[3]);
	if (n < 0 || fflush(stdout))
		return err_errno(&c->cli->err, -errno, "standard output");
	return 0;
}

static int one_interval(struct client *c, const char *word, uint64_t last[4], bool first)
{
	struct net_bindings b = {};
	uint32_t i = 0;
	int r = net_bindings_list(c, &b);
	if (r >= 0)
		r = net_binding_find(c, &b, word, false, &i);
	if (r >= 0) {
		struct net_stats_r s = net_binding_info_get_stats(net_binding_info_at(b.infos, i));
		r = print_rates(c, &s, last, first);
	}
	net_bindings_done(&b);
	return r;
}

static int stats_again(struct client *c, const char *word)
{
	uint64_t last[4] = {};
	if (!c->cli->opt.json)
		printf("%14s %14s %14s %14s\n", "RECEIVED-MBIT", "PACKETS/S", "SENT-MBIT",
			"PACKETS/S");
	for (bool first = true;; first = false) {
		const bool never = false;
		int r = one_interval(c, word, last, first);
		if (r >= 0)
			r = client_wait(c, &never, c->cli->opt.interval_us);
		if (r != -ETIMEDOUT)
			return r;
		c->cli->err = (struct err){};
	}
}

int cmd_net_stats(struct cli *cli)
{
	AUTO(client_close) struct client *c = NULL;
	const char *word = cli->n_args ? cli->args[0] : NULL;
	if (cli->opt.interval_us && !word)
		return cli_wrong_use(cli, "--interval needs the name of one interface");
	int r = client_open(cli, &c);
	if (r < 0)
		return r;
	return cli->opt.interval_us ? stats_again(c, word) : stats_once(c, word);
}
