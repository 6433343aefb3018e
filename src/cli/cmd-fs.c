/* SPDX-License-Identifier: MIT */
/* metac fs: directories.  (fs ls is in cmd-fs-ls.c.) */
#include "cli/client.h"
#include "cli/show.h"
#include "cli/table.h"
#include "cli/uri.h"
#include "cli/user-mount.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>

int cmd_fs_export(struct cli *cli)
{
	AUTO(client_close) struct client *c = NULL;
	struct fs_filesystem_c fs = {};
	int r = client_open(cli, &c);
	if (r < 0)
		return r;
	r = client_filesystem(c, cli->args[0], &fs);
	if (r >= 0)
		r = client_export(c, fs.cap);
	fs_filesystem_unref(fs);
	return r;
}

/* ---- mounting ------------------------------------------------------------------------------ */

/* The namespace this command runs in, where its user looks for the mount. */
static int own_namespace(struct client *c, struct fs_filesystem_namespace_c *ret)
{
	static const struct metac_holder_impl impl = {};
	AUTO_CLOSE int fd = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_errno(&c->cli->err, -errno, "/proc/self/ns/mnt");
	struct metac_holder_c handle = metac_holder_serve(c->loop.vat, &impl, NULL, NULL);
	int r = handle.cap ? vat_cap_attach_fd(handle.cap, TAKE_FD(fd)) : -ENOMEM;
	struct metac_service_admin_c s = client_service(c, "fs");
	struct fs_filesystem_service_admin_namespace_of_req q =
		fs_filesystem_service_admin_namespace_of(
			c->loop.vat, fs_filesystem_service_admin_cast(s.cap));
	fs_filesystem_service_admin_namespace_of_params_set_handle(q.params, handle);
	*ret = fs_filesystem_service_admin_namespace_of_pipe_ns(q.call);
	client_pipeline(q.call);
	metac_service_admin_unref(s);
	metac_holder_unref(handle);
	return r < 0 ? err_errno(&c->cli->err, r, "mount namespace") : 0;
}

/* PATH made absolute by words alone. */
static int join_path(const char *path, char *ret, struct err *err)
{
	char joined[2 * PATH_MAX], cwd[PATH_MAX] = "";
	if (strlen(path) >= PATH_MAX)
		return err_set(err, -ENAMETOOLONG, "the path is too long");
	if (*path != '/' && !getcwd(cwd, sizeof(cwd)))
		return err_errno(err, -errno, "working directory");
	(void)snprintf(joined, sizeof(joined), "%s/%s", cwd, path);
	*ret = '/';
	return path_normalize(joined, ret + 1, PATH_MAX - 1, err);
}

/* PATH as the node will see it: absolute, without symbolic links where it exists. */
static int absolute_path(const char *path, char *ret, struct err *err)
{
	return realpath(path, ret) ? 0 : join_path(path, ret, err);
}

/* Who may not use a node of this host mounts without one: user-mount.h. */
static bool is_ordinary_user(struct cli *cli)
{
	cli->may_dial = geteuid() != 0 || cli->opt.user;
	return client_is_outside(cli);
}

/* What the listing will show as the source: the URI without its secret. */
static void source_text(const char *uri, char *buf, size_t size)
{
	if (ref_is(uri))
		ref_mask(uri, buf, size);
	else
		(void)snprintf(buf, size, "%s", uri);
}

static int mount_call(struct client *c, struct fs_filesystem_c fs, const char *path,
	const char *source, struct reply *reply)
{
	struct fs_filesystem_namespace_c ns = {};
	int r = own_namespace(c, &ns);
	if (r < 0)
		return r;
	struct fs_filesystem_namespace_mount_req q = fs_filesystem_namespace_mount(c->loop.vat, ns);
	fs_filesystem_namespace_mount_params_set_path(q.params, vat_str(path));
	fs_filesystem_namespace_mount_params_set_fs(q.params, fs);
	struct fs_mount_options_b o = fs_filesystem_namespace_mount_params_init_options(q.params);
	fs_mount_options_set_read_only(o, c->cli->opt.read_only);
	fs_mount_options_set_transport(o, vat_str(c->cli->opt.transport ?: ""));
	fs_mount_options_set_source(o, vat_str(source));
	r = client_call(c, q.call, reply);
	fs_filesystem_namespace_unref(ns);
	return r;
}

static int print_mount(struct client *c, struct fs_mount_c mount)
{
	AUTO_REPLY reply = {};
	int r = client_call(c, fs_mount_info(c->loop.vat, mount).call, &reply);
	if (r < 0)
		return r;
	struct fs_mount_info_r i =
		fs_mount_info_results_get_info(fs_mount_info_results_from(reply.results));
	struct vat_text path = fs_mount_info_get_path(i), t = fs_mount_info_get_transport(i);
	json_t *j = json_object();
	if (!j || show_json_set(j, "path", path.s, path.len) < 0 ||
		show_json_set(j, "transport", t.s, t.len) < 0) {
		json_decref(j);
		j = NULL;
	}
	return json_print(j, &c->cli->err);
}

/* Mounts, and makes a reference to the mount: that is what keeps it when this command ends. */
static int mount_and_keep(
	struct client *c, struct fs_filesystem_c fs, const char *path, const char *source)
{
	AUTO_REPLY reply = {};
	int r = mount_call(c, fs, path, source, &reply);
	if (r < 0)
		return r;
	struct fs_mount_c mount = fs_filesystem_namespace_mount_results_get_mount(
		fs_filesystem_namespace_mount_results_from(reply.results));
	r = client_keep(c, mount.cap);
	if (r < 0)
		return err_wrap(&c->cli->err, r, "%s: keep the mount", path);
	return c->cli->opt.json ? print_mount(c, mount) : 0;
}

int cmd_fs_mount(struct cli *cli)
{
	AUTO(client_close) struct client *c = NULL;
	AUTO_FREE char *uri = NULL;
	struct fs_filesystem_c fs = {};
	char path[PATH_MAX], source[512];
	int r = absolute_path(cli->args[1], path, &cli->err);
	if (r < 0)
		return r;
	uri = uri_read(cli->args[0], STDIN_FILENO, &cli->err);
	if (!uri)
		return cli->err.code;
	if (is_ordinary_user(cli))
		return user_mount(cli, uri, path);
	source_text(uri, source, sizeof(source));
	r = client_open(cli, &c);
	if (r < 0)
		return r;
	r = client_filesystem(c, uri, &fs);
	if (r >= 0)
		r = mount_and_keep(c, fs, path, source);
	fs_filesystem_unref(fs);
	return r;
}

/* ---- what is mounted ----------------------------------------------------------------------- */

static int list_mounts(struct client *c, struct reply *ret, struct vat_list_r *ret_list)
{
	struct fs_filesystem_namespace_c ns = {};
	int r = own_namespace(c, &ns);
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
	{"CONNECTED", "connected", COLUMN_YES},
	{"PERSISTENT", "persistent", COLUMN_YES},
	{},
};

static void add_mount(struct table *t, struct fs_mount_info_r i)
{
	struct vat_text path = fs_mount_info_get_path(i), source = fs_mount_info_get_source(i),
			transport = fs_mount_info_get_transport(i);
	table_row(t);
	table_text(t, path.s, path.len);
	table_text(t, source.s, source.len);
	table_text(t, transport.s, transport.len);
	table_number(t, fs_mount_info_get_connected(i));
	table_number(t, fs_mount_info_get_persistent(i));
}

static void add_user_mount(void *user, const struct user_mount *m)
{
	struct table *t = user;
	table_row(t);
	table_string(t, m->path);
	table_string(t, m->source);
	table_string(t, "fuse");
	table_number(t, !strcmp(m->state, "connected"));
	table_number(t, false);
}

int cmd_fs_mounts(struct cli *cli)
{
	AUTO(client_close) struct client *c = NULL;
	AUTO(table_free) struct table *t = table_new(mount_columns, cli->opt.json);
	struct vat_list_r list;
	(void)user_mounts_each(add_user_mount, t);
	if (is_ordinary_user(cli))
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
	int r = join_path(path, plain, err);
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
	AUTO_REPLY done = {};
	r = client_call(
		c, metac_destroyable_destroy(c->loop.vat, fs_mount_as_destroyable(m)).call, &done);
	return r < 0 ? err_wrap(&c->cli->err, r, "%s", path) : 0;
}

int cmd_fs_umount(struct cli *cli)
{
	AUTO(client_close) struct client *c = NULL;
	char path[PATH_MAX];
	int r = mount_point_path(cli->args[0], path, &cli->err);
	if (r >= 0)
		r = user_umount(path, false, &cli->err);
	if (r)
		return MIN(r, 0);
	r = client_open(cli, &c);
	return r < 0 ? r : unmount(c, path);
}
