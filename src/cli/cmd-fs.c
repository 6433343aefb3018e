/* SPDX-License-Identifier: MIT */
/* metac fs export, mount.  (What is mounted: cmd-fs-mounts.c; fs ls: cmd-fs-ls.c.) */
#include "cli/client.h"
#include "cli/show.h"
#include "cli/table.h"
#include "cli/uri.h"
#include "cli/user-mount.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>

/* Of a reference only an answer tells; nothing is opened for this one. */
static int check_is_directory(struct client *c, struct fs_filesystem_c fs)
{
	struct vat_call *q = fs_filesystem_readonly_fs(c->loop.vat, fs).call;
	AUTO_REPLY reply = {};
	return client_call(c, q, &reply);
}

int cmd_fs_export(struct cli *cli)
{
	AUTO(client_close) struct client *c = NULL;
	struct fs_filesystem_c fs = {};
	int r = client_open(cli, &c);
	if (r < 0)
		return r;
	r = client_filesystem(c, cli->args[0], &fs);
	if (r >= 0)
		r = check_is_directory(c, fs);
	if (r >= 0)
		r = client_export(c, fs.cap);
	fs_filesystem_unref(fs);
	return r;
}

/* ---- mounting ------------------------------------------------------------------------------ */

int client_namespace(struct client *c, struct fs_filesystem_namespace_c *ret)
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

int path_absolute(const char *path, char *ret, struct err *err)
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
	return realpath(path, ret) ? 0 : path_absolute(path, ret, err);
}

bool client_is_ordinary(struct cli *cli)
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

/* The node finds its way back by the reference when the connection was lost. */
static int set_reference(struct client *c, struct fs_mount_options_b o, const char *uri)
{
	AUTO(ref_free) struct ref *ref = NULL;
	const char *within = NULL;
	char path[CLIENT_PATH_MAX];
	if (!ref_is(uri))
		return 0;
	int r = ref_parse_within(uri, &ref, &within, &c->cli->err);
	if (r >= 0)
		r = path_normalize(within, path, sizeof(path), &c->cli->err);
	if (r < 0)
		return r;
	ref_to_sturdy(ref, fs_mount_options_init_reference(o));
	fs_mount_options_set_subtree(o, vat_str(path));
	return 0;
}

static void set_maps(const struct id_map *maps, size_t n, struct fs_id_map_list_b l)
{
	for (size_t i = 0; i < n; i++) {
		struct fs_id_map_b b = fs_id_map_at_b(l, (uint32_t)i);
		fs_id_map_set_local(b, maps[i].local);
		fs_id_map_set_remote(b, maps[i].remote);
		fs_id_map_set_count(b, maps[i].count);
	}
}

static int mount_call(struct client *c, struct fs_filesystem_c fs, const char *path,
	const char *uri, struct reply *reply)
{
	const struct options *opt = &c->cli->opt;
	char source[512];
	struct fs_filesystem_namespace_c ns = {};
	int r = client_namespace(c, &ns);
	if (r < 0)
		return r;
	struct fs_filesystem_namespace_mount_req q = fs_filesystem_namespace_mount(c->loop.vat, ns);
	fs_filesystem_namespace_mount_params_set_path(q.params, vat_str(path));
	fs_filesystem_namespace_mount_params_set_fs(q.params, fs);
	struct fs_mount_options_b o = fs_filesystem_namespace_mount_params_init_options(q.params);
	fs_mount_options_set_read_only(o, opt->read_only);
	fs_mount_options_set_transport(o, vat_str(opt->transport ?: ""));
	source_text(uri, source, sizeof(source));
	fs_mount_options_set_source(o, vat_str(source));
	fs_mount_options_set_timeout(o, (uint32_t)MIN(opt->timeout_s, (uint64_t)UINT32_MAX));
	set_maps(opt->map_users, opt->n_map_users,
		fs_mount_options_init_map_users(o, (uint32_t)opt->n_map_users));
	set_maps(opt->map_groups, opt->n_map_groups,
		fs_mount_options_init_map_groups(o, (uint32_t)opt->n_map_groups));
	r = set_reference(c, o, uri);
	if (r < 0)
		vat_call_free(q.call);
	else
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
	struct client *c, struct fs_filesystem_c fs, const char *path, const char *uri)
{
	AUTO_REPLY reply = {};
	int r = mount_call(c, fs, path, uri, &reply);
	if (r < 0)
		return r;
	c->cli->opt.timeout_s = 0; /* was for the mount's requests: the mount itself stays */
	struct fs_mount_c mount = fs_filesystem_namespace_mount_results_get_mount(
		fs_filesystem_namespace_mount_results_from(reply.results));
	r = client_keep(c, mount.cap);
	if (r < 0)
		return err_wrap(&c->cli->err, r, "%s: keep the mount", path);
	return c->cli->opt.json ? print_mount(c, mount) : 0;
}

/* Without a node: what only a node can do is refused, not passed over. */
static int mount_as_user(struct cli *cli, const char *uri, const char *path)
{
	const char *transport = cli->opt.transport;
	if (cli->opt.persistent)
		return err_set(&cli->err, -EINVAL,
			"--persistent needs a node: a mount of one's own ends with the session");
	if (transport && strcmp(transport, "fuse"))
		return err_set(&cli->err, -EINVAL, "--transport %s needs a node", transport);
	return user_mount(cli, uri, path);
}

int cmd_fs_mount(struct cli *cli)
{
	AUTO(client_close) struct client *c = NULL;
	AUTO_FREE char *uri = NULL;
	struct fs_filesystem_c fs = {};
	char path[PATH_MAX];
	int r = absolute_path(cli->args[1], path, &cli->err);
	if (r < 0)
		return r;
	uri = uri_read(cli->args[0], STDIN_FILENO, &cli->err);
	if (!uri)
		return cli->err.code;
	if (client_is_ordinary(cli))
		return mount_as_user(cli, uri, path);
	r = client_open(cli, &c);
	if (r < 0)
		return r;
	r = client_filesystem(c, uri, &fs);
	if (r >= 0)
		r = mount_and_keep(c, fs, path, uri);
	fs_filesystem_unref(fs);
	return r;
}
