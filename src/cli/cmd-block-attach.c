/* SPDX-License-Identifier: MIT */
/*
 * metac block attach, detach, ls.  The node's block service holds the attachments; here they are
 * asked for, named and told.
 */
#include "cli/block.h"
#include "cli/show.h"
#include "cli/table.h"
#include "cli/uri.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

static struct block_block_service_admin_c service(struct client *c)
{
	return block_block_service_admin_cast(client_service(c, "block").cap);
}

/* ---- attaching ------------------------------------------------------------------------------ */

static void fill_attach(
	struct client *c, const struct block_target *t, struct block_attach_options_b b)
{
	const struct options *o = &c->cli->opt;
	block_attach_options_set_read_only(b, o->read_only);
	block_attach_options_set_transport(b, vat_str(o->transport ?: ""));
	block_attach_options_set_source(b, vat_str(t->source));
	block_attach_options_set_timeout(b, (uint32_t)MIN(o->timeout_s, (uint64_t)UINT32_MAX));
	block_attach_options_set_name(b, vat_str(o->name ?: ""));
	if (!t->ref)
		return;
	ref_to_sturdy(t->ref, block_attach_options_init_reference(b));
	block_attach_options_set_file(b, t->file);
	block_attach_options_set_subtree(b, vat_str(t->path));
	if (t->file)
		block_options_fill(o, block_attach_options_init_open(b));
}

static int attach_call(struct client *c, const struct block_target *t, struct reply *reply)
{
	struct block_block_service_admin_c s = service(c);
	struct block_block_service_admin_attach_req q =
		block_block_service_admin_attach(c->loop.vat, s);
	block_block_service_admin_attach_params_set_device(q.params, t->device);
	fill_attach(c, t, block_block_service_admin_attach_params_init_options(q.params));
	int r = client_call(c, q.call, reply);
	block_block_service_admin_unref(s);
	return r < 0 ? err_wrap(&c->cli->err, r, "%s", t->source) : 0;
}

static int print_attachment(struct client *c, struct block_attachment_c a)
{
	AUTO_REPLY reply = {};
	int r = client_call(c, block_attachment_info(c->loop.vat, a).call, &reply);
	if (r < 0)
		return r;
	struct block_attachment_info_r i = block_attachment_info_results_get_info(
		block_attachment_info_results_from(reply.results));
	struct vat_text device = block_attachment_info_get_device(i),
			id = block_attachment_info_get_id(i),
			transport = block_attachment_info_get_transport(i);
	if (!c->cli->opt.json) {
		if (printf("%s\n", device.s) < 0 || fflush(stdout))
			return err_errno(&c->cli->err, -errno, "standard output");
		return 0;
	}
	return json_print(
		json_pack("{so so so sI sb}", "device", show_json(device.s, device.len), "name",
			show_json(id.s, id.len), "transport", show_json(transport.s, transport.len),
			"size", (json_int_t)block_attachment_info_get_size(i), "readOnly",
			block_attachment_info_get_read_only(i)),
		&c->cli->err);
}

/* Attaches, and makes a reference to the attachment: that is what keeps it when this command ends.
 */
static int attach_and_keep(struct client *c, const struct block_target *t)
{
	AUTO_REPLY reply = {};
	int r = attach_call(c, t, &reply);
	if (r < 0)
		return r;
	c->cli->opt.timeout_s = 0; /* was for the device's requests: the device itself stays */
	struct block_attachment_c a = block_block_service_admin_attach_results_get_attachment(
		block_block_service_admin_attach_results_from(reply.results));
	r = client_keep(c, a.cap);
	if (r < 0)
		return err_wrap(&c->cli->err, r, "%s: keep it attached", t->source);
	return print_attachment(c, a);
}

int cmd_block_attach(struct cli *cli)
{
	AUTO(client_close) struct client *c = NULL;
	struct block_target t = {};
	AUTO_FREE char *uri = uri_read(cli->args[0], STDIN_FILENO, &cli->err);
	if (!uri)
		return cli->err.code;
	int r = client_open(cli, &c);
	if (r >= 0)
		r = block_target_find(c, uri, &t);
	if (r >= 0)
		r = attach_and_keep(c, &t);
	block_target_done(&t);
	return r;
}

/* ---- listing -------------------------------------------------------------------------------- */

static int list_attachments(struct client *c, struct reply *reply, struct vat_list_r *ret)
{
	struct block_block_service_admin_c s = service(c);
	int r = client_call(
		c, block_block_service_admin_list_attachments(c->loop.vat, s).call, reply);
	block_block_service_admin_unref(s);
	if (r >= 0)
		*ret = block_block_service_admin_list_attachments_results_get_attachments(
			block_block_service_admin_list_attachments_results_from(reply->results));
	return r;
}

/* 1, or 0 for one that has gone since it was listed. */
static int ask_info(struct client *c, struct block_attachment_c a, struct reply *reply,
	struct block_attachment_info_r *ret)
{
	int r = client_call(c, block_attachment_info(c->loop.vat, a).call, reply);
	if (r == -ENOTCONN && !c->lost)
		return 0;
	if (r < 0)
		return r;
	*ret = block_attachment_info_results_get_info(
		block_attachment_info_results_from(reply->results));
	return 1;
}

static const struct column columns[] = {
	{"DEVICE", "device", COLUMN_TEXT},
	{"NAME", "name", COLUMN_TEXT},
	{"SIZE", "size", COLUMN_SIZE},
	{"STATE", "state", COLUMN_TEXT},
	{"SINCE", "since", COLUMN_TIME},
	{"SOURCE", "source", COLUMN_TEXT},
	{"TRANSPORT", "transport", COLUMN_TEXT},
	{"READ-ONLY", "readOnly", COLUMN_YES},
	{"PERSISTENT", "persistent", COLUMN_YES},
	{"ERROR", "error", COLUMN_TEXT},
	{},
};

static const char *state_name(struct block_attachment_info_r i)
{
	switch (block_attachment_info_get_state(i)) {
	case BLOCK_ATTACHMENT_INFO_STATE_CONNECTED:
		return "connected";
	case BLOCK_ATTACHMENT_INFO_STATE_WAITING:
		return "waiting";
	default:
		return "gone";
	}
}

static void add_text(struct table *t, struct vat_text s)
{
	table_text(t, s.s, s.len);
}

static void add_attachment(struct table *t, struct block_attachment_info_r i)
{
	table_row(t);
	add_text(t, block_attachment_info_get_device(i));
	add_text(t, block_attachment_info_get_id(i));
	table_number(t, (int64_t)block_attachment_info_get_size(i));
	table_string(t, state_name(i));
	table_number(t, block_attachment_info_get_since(i));
	add_text(t, block_attachment_info_get_source(i));
	add_text(t, block_attachment_info_get_transport(i));
	table_number(t, block_attachment_info_get_read_only(i));
	table_number(t, block_attachment_info_get_persistent(i));
	add_text(t, block_attachment_info_get_error(i));
}

int cmd_block_ls(struct cli *cli)
{
	AUTO(client_close) struct client *c = NULL;
	AUTO(table_free) struct table *t = table_new(columns, cli->opt.json);
	struct vat_list_r list;
	int r = client_open(cli, &c);
	if (r < 0)
		return r;
	AUTO_REPLY reply = {};
	r = list_attachments(c, &reply, &list);
	for (uint32_t i = 0; r >= 0 && i < list.count; i++) {
		AUTO_REPLY one = {};
		struct block_attachment_info_r info;
		r = ask_info(c, block_attachment_list_at(list, i), &one, &info);
		if (r > 0)
			add_attachment(t, info);
	}
	return r < 0 ? r : table_print(t, &cli->err);
}

/* ---- detaching ------------------------------------------------------------------------------ */

/* Given a device, its link, or either without the directory. */
static bool is_meant(struct block_attachment_info_r i, const char *word)
{
	char path[PATH_MAX];
	struct vat_text device = block_attachment_info_get_device(i);
	static const char links[] = "/dev/metac/";
	if (vat_text_is(device, word) || vat_text_is(block_attachment_info_get_id(i), word))
		return true;
	if (!strncmp(device.s, "/dev/", 5) && !strcmp(device.s + 5, word))
		return true;
	if (!strncmp(word, links, strlen(links)) &&
		vat_text_is(block_attachment_info_get_id(i), word + strlen(links)))
		return true;
	return strchr(word, '/') && realpath(word, path) && vat_text_is(device, path);
}

static int find_attachment(
	struct client *c, struct vat_list_r list, const char *word, struct block_attachment_c *ret)
{
	char shown[128];
	for (uint32_t i = 0; i < list.count; i++) {
		AUTO_REPLY reply = {};
		struct block_attachment_info_r info;
		struct block_attachment_c a = block_attachment_list_at(list, i);
		int r = ask_info(c, a, &reply, &info);
		if (r < 0)
			return r;
		if (r > 0 && is_meant(info, word)) {
			*ret = a;
			return 0;
		}
	}
	return err_set(&c->cli->err, -ENOENT, "%s is not attached (see `metac block ls')",
		show_word(word, shown, sizeof(shown)));
}

static size_t add_user(struct block_device_user_r u, bool first, char *buf, size_t size)
{
	char name[64];
	show_word(block_device_user_get_name(u).s, name, sizeof(name));
	const char *sep = first ? " by " : ", ";
	int pid = block_device_user_get_pid(u), n;
	switch (block_device_user_get_kind(u)) {
	case BLOCK_DEVICE_USER_KIND_PROCESS:
		n = snprintf(buf, size, "%s%s (process %d, has it open)", sep, name, pid);
		break;
	case BLOCK_DEVICE_USER_KIND_MOUNT:
		n = snprintf(buf, size, "%sthe mount on %s", sep, name);
		break;
	case BLOCK_DEVICE_USER_KIND_SWAP:
		n = snprintf(buf, size, "%sthe system, which swaps to it", sep);
		break;
	default:
		n = snprintf(buf, size, "%sthe device %s", sep, name);
		break;
	}
	return MIN((size_t)MAX(n, 0), size - 1);
}

static int explain_busy(const char *word, struct block_device_user_list_r users, struct err *err)
{
	char list[700] = "", shown[128];
	size_t at = 0;
	uint32_t i = 0;
	for (; i < users.l.count && at + 160 < sizeof(list); i++)
		at += add_user(block_device_user_at(users, i), !i, list + at, sizeof(list) - at);
	if (i < users.l.count)
		(void)snprintf(list + at, sizeof(list) - at, " and %u more", users.l.count - i);
	return err_set(err, -EBUSY, "%s is in use%s; see --force",
		show_word(word, shown, sizeof(shown)), list);
}

static int detach(struct client *c, const char *word)
{
	struct vat_list_r list;
	struct block_attachment_c a = {};
	AUTO_REPLY listed = {};
	AUTO_REPLY reply = {};
	int r = list_attachments(c, &listed, &list);
	if (r >= 0)
		r = find_attachment(c, list, word, &a);
	if (r < 0)
		return r;
	struct block_attachment_detach_req q = block_attachment_detach(c->loop.vat, a);
	block_attachment_detach_params_set_force(q.params, c->cli->opt.force);
	/* What was written is flushed to the other host first, however much that is. */
	r = client_call_for_ever(c, q.call, &reply);
	if (r < 0)
		return err_wrap(&c->cli->err, r, "%s", word);
	struct block_device_user_list_r users = block_attachment_detach_results_get_users(
		block_attachment_detach_results_from(reply.results));
	return users.l.count ? explain_busy(word, users, &c->cli->err) : 0;
}

int cmd_block_detach(struct cli *cli)
{
	AUTO(client_close) struct client *c = NULL;
	int r = client_open(cli, &c);
	return r < 0 ? r : detach(c, cli->args[0]);
}
