/* SPDX-License-Identifier: MIT */
/* metac block: export and info.  (Attachments: cmd-block-attach.c.) */
#include "cli/block.h"
#include "cli/table.h"
#include "cli/uri.h"

/* Connects to the node and finds the device that the first argument names. */
static int open_target(struct cli *cli, struct client **ret, struct block_target *ret_target)
{
	AUTO_FREE char *uri = uri_read(cli->args[0], STDIN_FILENO, &cli->err);
	if (!uri)
		return cli->err.code;
	cli->may_dial = ref_is(uri);
	int r = client_open(cli, ret);
	return r < 0 ? r : block_target_find(*ret, uri, ret_target);
}

int cmd_block_export(struct cli *cli)
{
	AUTO(client_close) struct client *c = NULL;
	struct block_target t = {};
	int r = open_target(cli, &c, &t);
	if (r >= 0)
		r = client_export(c, t.device.cap);
	block_target_done(&t);
	return r;
}

static const struct column info_columns[] = {
	{"SIZE", "size", COLUMN_SIZE},
	{"FORMAT", "format", COLUMN_TEXT},
	{"ALLOCATED", "allocated", COLUMN_SIZE},
	{"READ-ONLY", "readOnly", COLUMN_YES},
	{"DISK", "device", COLUMN_YES},
	{"MIN-BLOCK", "minimumBlock", COLUMN_NUMBER},
	{"BLOCK", "preferredBlock", COLUMN_NUMBER},
	{"MAX-PAYLOAD", "maximumPayload", COLUMN_SIZE},
	{"CONNECTIONS", "connections", COLUMN_NUMBER},
	{},
};

static int print_info(struct client *c, struct block_block_info_r i)
{
	AUTO(table_free) struct table *t = table_new(info_columns, c->cli->opt.json);
	struct vat_text format = block_block_info_get_format(i);
	table_row(t);
	table_number(t, (int64_t)block_block_info_get_size(i));
	table_text(t, format.s, format.len);
	table_number(t, (int64_t)block_block_info_get_allocated(i));
	table_number(t, block_block_info_get_read_only(i));
	table_number(t, block_block_info_get_device(i));
	table_number(t, block_block_info_get_minimum_block(i));
	table_number(t, block_block_info_get_preferred_block(i));
	table_number(t, block_block_info_get_maximum_payload(i));
	table_number(t, block_block_info_get_connections(i));
	return table_print(t, &c->cli->err);
}

int cmd_block_info(struct cli *cli)
{
	AUTO(client_close) struct client *c = NULL;
	struct block_target t = {};
	int r = open_target(cli, &c, &t);
	if (r < 0)
		return r;
	AUTO_REPLY reply = {};
	r = client_call(c, block_block_device_info(c->loop.vat, t.device).call, &reply);
	if (r >= 0)
		r = print_info(c, block_block_device_info_results_get_info(
					  block_block_device_info_results_from(reply.results)));
	block_target_done(&t);
	return r;
}
