/* SPDX-License-Identifier: MIT */
/* metac fs mounts, umount, who: what is mounted, here and from here. */
#include "cli/busy.h"
#include "cli/client.h"
#include "cli/show.h"
#include "cli/table.h"
#include "cli/uri.h"
#include "cli/user-mount.h"

#include <limits.h>
#include <stdio.h>

/* ---- what is mounted ----------------------------------------------------------------------- */

static int list_mounts(struct client *c, struct reply *ret, struct vat_list_r *ret_list)
{
	struct fs_filesystem_namespace_c ns = {};
	int r = client_namespace(c, &ns);
	if (r < 0)
		return r;
	r = client_call(c, fs_filesystem_namespace_list_mounts(c->loop.vat, ns).call, ret);
	fs_filesystem_namespace_unref(ns);
	if (r >= 0)
		*ret_list = fs_filesystem_namespace_list_mounts_results_get_mounts(
			fs_filesystem_namespace_list_mounts_results_from(ret->results));
	return r;
}

static const struct column mount_columns[] = {
	{"PATH", "path", COLUMN_TEXT},
	{"SOURCE", "source", COLUMN_TEXT},
	{"TRANSPORT", "transport", COLUMN_TEXT},
	{NULL, "connected", COLUMN_YES},
	{"STATE", "state", COLUMN_TEXT},
	{"SINCE", "since", COLUMN_TIME},
	{"PERSISTENT", "persistent", COLUMN_YES},
	{"OPEN", "openFiles", COLUMN_NUMBER},
	{NULL, "lostFiles", COLUMN_NUMBER},
	{"ERROR", "error", COLUMN_TEXT},
	{},
};

static const char *state_name(struct fs_mount_info_r i)
{
	switch (fs_mount_info_get_state(i)) {
	case FS_MOUNT_INFO_STATE_CONNECTED:
		return "connected";
	case FS_MOUNT_INFO_STATE_WAITING:
		return "waiting";
	default:
		return "gone";
	}
}

static void add_mount(struct table *t, struct fs_mount_info_r i)
{
	struct vat_text path = fs_mount_info_get_path(i), source = fs_mount_info_get_source(i),
			transport = fs_mount_info_get_transport(i),
			error = fs_mount_info_get_error(i);
	table_row(t);
	table_text(t, path.s, path.len);
	table_text(t, source.s, source.len);
	table_text(t, transport.s, transport.len);
	table_number(t, fs_mount_info_get_connected(i));
	table_string(t, state_name(i));
	table_number(t, fs_mount_info_get_since(i));
	table_number(t, fs_mount_info_get_persistent(i));
	table_number(t, (int64_t)fs_mount_info_get_open_files(i));
	table_number(t, (int64_t)fs_mount_info_get_lost_files(i));
	table_text(t, error.s, error.len);
}

static void add_user_mount(void *user, const struct user_mount *m)
{
	struct table *t = user;
	table_row(t);
	table_string(t, m->path);
	table_string(t, m->source);
	table_string(t, "fuse");
	table_number(t, !strcmp(m->state, "connected"));
	table_string(t, strcmp(m->state, "revoked") ? m->state : "gone");
	table_number(t, m->since);
	table_number(t, false);
	table_number(t, 0);
	table_number(t, 0);
	table_string(t, m->error);
}

int cmd_fs_mounts(struct cli *cli)
{
	AUTO(client_close) struct client *c = NULL;
	AUTO(table_free) struct table *t = table_new(mount_columns, cli->opt.json);
	struct vat_list_r list;
	(void)user_mounts_each(add_user_mount, t);
	if (client_is_ordinary(cli))
		return table_print(t, &cli->err);
	int r = client_open(cli, &c);
	if (r < 0)
		return r;
	AUTO_REPLY reply = {};
	r = list_mounts(c, &reply, &list);
	for (uint32_t i = 0; r >= 0 && i < list.count; i++) {
		AUTO_REPLY one = {};
		struct fs_mount_c m = fs_mount_list_at(list, i);
		r = client_call(c, fs_mount_info(c->loop.vat, m).call, &one);
		/* One that has gone since is left out. */
		if (r == -ENOTCONN && !c->lost)
			r = 0;
		else if (r >= 0)
			add_mount(t, fs_mount_info_results_get_info(
					     fs_mount_info_results_from(one.results)));
	}
	return r < 0 ? r : table_print(t, &cli->err);
}

/* The mount at path among those listed; a null capability if there is none. */
static int find_mount(
	struct client *c, struct vat_list_r list, const char *path, struct fs_mount_c *ret)
{
	*ret = (struct fs_mount_c){};
	for (uint32_t i = 0; i < list.count; i++) {
		AUTO_REPLY reply = {};
		struct fs_mount_c m = fs_mount_list_at(list, i);
		int r = client_call(c, fs_mount_info(c->loop.vat, m).call, &reply);
		if (r == -ENOTCONN && !c->lost)
			continue;
		if (r < 0)
			return r;
		struct fs_mount_info_r info =
			fs_mount_info_results_get_info(fs_mount_info_results_from(reply.results));
		if (vat_text_is(fs_mount_info_get_path(info), path)) {
			*ret = m;
			return 0;
		}
	}
	return 0;
}

/* The path with symbolic links resolved in all but the last component: a mount that answers no more
 * is not touched. */
static int mount_point_path(const char *path, char *ret, struct err *err)
{
	char plain[PATH_MAX], parent[PATH_MAX];
	int r = path_absolute(path, plain, err);
	if (r < 0)
		return r;
	char *slash = strrchr(plain, '/');
	*slash = 0;
	if (!realpath(*plain ? plain : "/", parent))
		(void)snprintf(parent, sizeof(parent), "%s", plain);
	if ((size_t)snprintf(ret, PATH_MAX, "%s/%s", strcmp(parent, "/") ? parent : "",
		    slash + 1) >= PATH_MAX)
		return err_set(err, -ENAMETOOLONG, "the path is too long");
	return 0;
}

/* An older node knows only how to take it off at once. */
static int destroy(struct client *c, struct fs_mount_c m)
{
	AUTO_REPLY reply = {};
	return client_call(
		c, metac_destroyable_destroy(c->loop.vat, fs_mount_as_destroyable(m)).call, &reply);
}

static int unmount_as(struct client *c, struct fs_mount_c m, uint16_t how, bool *ret_busy)
{
	struct fs_mount_unmount_req q = fs_mount_unmount(c->loop.vat, m);
	fs_mount_unmount_params_set_how(q.params, how);
	AUTO_REPLY reply = {};
	int r = client_call(c, q.call, &reply);
	if (r == -ENOSYS)
		return destroy(c, m);
	if (r >= 0)
		*ret_busy = fs_mount_unmount_results_get_busy(
			fs_mount_unmount_results_from(reply.results));
	return r;
}

static int unmount_mount(struct client *c, struct fs_mount_c m, const char *path)
{
	const struct options *o = &c->cli->opt;
	struct busy_user users[BUSY_LISTED_MAX];
	bool careful = !o->force && !o->lazy, busy = false;
	int n = careful ? busy_find(path, users) : 0;
	if (n > 0)
		return busy_explain(path, users, n, &c->cli->err);
	uint16_t how = o->lazy   ? FS_MOUNT_HOW_LAZY
		       : careful ? FS_MOUNT_HOW_IF_UNUSED
				 : FS_MOUNT_HOW_FORCE;
	int r = unmount_as(c, m, how, &busy);
	if (r < 0)
		return err_wrap(&c->cli->err, r, "%s", path);
	if (!busy)
		return 0;
	n = busy_find(path, users); /* somebody came meanwhile, or is harder to be seen */
	if (n <= 0)
		n = busy_find_waiting(users);
	return busy_explain(path, users, MAX(n, 0), &c->cli->err);
}

static int unmount(struct client *c, const char *path)
{
	struct vat_list_r list;
	struct fs_mount_c m = {};
	AUTO_REPLY reply = {};
	int r = list_mounts(c, &reply, &list);
	if (r >= 0)
		r = find_mount(c, list, path, &m);
	if (r < 0)
		return r;
	if (!m.cap)
		return err_set(&c->cli->err, -EINVAL,
			"%s: this node has mounted nothing there (see `metac fs mounts')", path);
	return unmount_mount(c, m, path);
}

int cmd_fs_umount(struct cli *cli)
{
	AUTO(client_close) struct client *c = NULL;
	char path[PATH_MAX];
	if (cli->opt.force && cli->opt.lazy)
		return err_set(&cli->err, -EINVAL, "either --force or --lazy");
	int r = mount_point_path(cli->args[0], path, &cli->err);
	if (r >= 0)
		r = user_umount(path, cli->opt.lazy || cli->opt.force, &cli->err);
	if (r)
		return MIN(r, 0);
	if (client_is_ordinary(cli))
		return err_set(&cli->err, -EINVAL,
			"%s: you have mounted nothing there (see `metac fs mounts')", path);
	r = client_open(cli, &c);
	return r < 0 ? r : unmount(c, path);
}

/* ---- who has mounted what is here ---------------------------------------------------------- */

static const struct column who_columns[] = {
	{"DIRECTORY", "tree", COLUMN_TEXT},
	{"CLIENT", "client", COLUMN_TEXT},
	{"ADDRESS", "address", COLUMN_TEXT},
	{"SINCE", "since", COLUMN_TIME},
	{"USERS", "users", COLUMN_NUMBER},
	{"READ", "bytesRead", COLUMN_SIZE},
	{"WRITTEN", "bytesWritten", COLUMN_SIZE},
	{"REQUESTS", "requests", COLUMN_NUMBER},
	{"OPEN", "openFiles", COLUMN_NUMBER},
	{},
};

static const struct column open_columns[] = {
	{"DIRECTORY", "tree", COLUMN_TEXT},
	{"CLIENT", "client", COLUMN_TEXT},
	{"ADDRESS", "address", COLUMN_TEXT},
	{"MODE", "mode", COLUMN_TEXT},
	{"FILE", "path", COLUMN_TEXT},
	{},
};

static void add_who(struct table *t, struct fs_session_info_r i)
{
	struct vat_text tree = fs_session_info_get_tree(i), client = fs_session_info_get_client(i),
			address = fs_session_info_get_address(i);
	table_text(t, tree.s, tree.len);
	table_text(t, client.s, client.len);
	table_text(t, address.s, address.len);
}

static void add_session(struct table *t, struct fs_session_info_r i)
{
	table_row(t);
	add_who(t, i);
	table_number(t, fs_session_info_get_since(i));
	table_number(t, fs_session_info_get_users(i));
	table_number(t, (int64_t)fs_session_info_get_bytes_read(i));
	table_number(t, (int64_t)fs_session_info_get_bytes_written(i));
	table_number(t, (int64_t)fs_session_info_get_requests(i));
	table_number(t, (int64_t)fs_session_info_get_n_open_files(i));
}

static void add_open_files(struct table *t, struct fs_session_info_r i)
{
	struct fs_open_file_list_r l = fs_session_info_get_open_files(i);
	for (uint32_t k = 0; k < l.l.count; k++) {
		struct fs_open_file_r f = fs_open_file_at(l, k);
		struct vat_text mode = fs_open_file_get_mode(f), path = fs_open_file_get_path(f);
		table_row(t);
		add_who(t, i);
		table_text(t, mode.s, mode.len);
		table_text(t, path.len ? path.s : ".", path.len ?: 1);
	}
}

/* What the directory that the URI names is called in the list. */
static int summary_of(struct client *c, const char *uri, char *ret, size_t size)
{
	struct fs_filesystem_c fs = {};
	int r = client_filesystem(c, uri, &fs);
	if (r < 0)
		return r;
	AUTO_REPLY reply = {};
	r = client_call(c,
		persistence_persistable_summary(c->loop.vat, fs_filesystem_as_persistable(fs)).call,
		&reply);
	if (r >= 0)
		(void)snprintf(ret, size, "%s",
			persistence_persistable_summary_results_get_info(
				persistence_persistable_summary_results_from(reply.results))
				.s);
	fs_filesystem_unref(fs);
	return r;
}

static int ask_sessions(struct client *c, struct reply *reply)
{
	struct metac_service_admin_c s = client_service(c, "fs");
	int r = client_call(c,
		fs_filesystem_service_admin_sessions(
			c->loop.vat, fs_filesystem_service_admin_cast(s.cap))
			.call,
		reply);
	metac_service_admin_unref(s);
	return r;
}

/* Who uses what another node has, only that node can tell. */
static int check_is_here(struct client *c, const char *uri)
{
	AUTO(ref_free) struct ref *ref = NULL;
	const char *path;
	if (!ref_is(uri))
		return 0;
	int r = ref_parse_within(uri, &ref, &path, &c->cli->err);
	if (r >= 0 && strcmp(ref->node, c->address))
		r = err_set(&c->cli->err, -EINVAL,
			"what the reference stands for is on the node %s: ask there", ref->node);
	return r;
}

int cmd_fs_who(struct cli *cli)
{
	AUTO(client_close) struct client *c = NULL;
	bool files = cli->opt.long_;
	AUTO(table_free)
	struct table *t = table_new(files ? open_columns : who_columns, cli->opt.json);
	char wanted[1024] = "";
	int r = client_open(cli, &c);
	if (r >= 0 && cli->n_args)
		r = check_is_here(c, cli->args[0]);
	if (r >= 0 && cli->n_args)
		r = summary_of(c, cli->args[0], wanted, sizeof(wanted));
	if (r < 0)
		return r;
	AUTO_REPLY reply = {};
	r = ask_sessions(c, &reply);
	if (r < 0)
		return r;
	struct fs_session_info_list_r l = fs_filesystem_service_admin_sessions_results_get_sessions(
		fs_filesystem_service_admin_sessions_results_from(reply.results));
	for (uint32_t i = 0; i < l.l.count; i++) {
		struct fs_session_info_r s = fs_session_info_at(l, i);
		if (*wanted && !vat_text_is(fs_session_info_get_tree(s), wanted))
			continue;
		if (files)
			add_open_files(t, s);
		else
			add_session(t, s);
	}
	return table_print(t, &cli->err);
}
