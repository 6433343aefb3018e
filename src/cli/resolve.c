/* SPDX-License-Identifier: MIT */
/*
 * From a URI to the capability it names.  What is local is walked to from the root directory of the
 * fs service in one burst of pipelined calls; only the last one is waited for.
 */
#include "cli/client.h"
#include "cli/uri.h"

#include <stdio.h>

static struct fs_filesystem_c root_directory(struct client *c)
{
	struct metac_service_admin_c s = client_service(c, "fs");
	struct fs_filesystem_service_admin_root_namespace_req q =
		fs_filesystem_service_admin_root_namespace(
			c->loop.vat, fs_filesystem_service_admin_cast(s.cap));
	struct fs_filesystem_namespace_c ns =
		fs_filesystem_service_admin_root_namespace_pipe_ns(q.call);
	client_pipeline(q.call);
	struct fs_filesystem_namespace_filesystem_req f =
		fs_filesystem_namespace_filesystem(c->loop.vat, ns);
	struct fs_filesystem_c root = fs_filesystem_namespace_filesystem_pipe_fs(f.call);
	client_pipeline(f.call);
	fs_filesystem_namespace_unref(ns);
	metac_service_admin_unref(s);
	return root;
}

/* The following take a reference and return the next one. */

static struct fs_filesystem_c subtree(
	struct client *c, struct fs_filesystem_c takes, const char *path, size_t len)
{
	if (!len)
		return takes;
	struct fs_filesystem_get_subtree_req q = fs_filesystem_get_subtree(c->loop.vat, takes);
	fs_filesystem_get_subtree_params_set_name(q.params, (struct vat_text){path, (uint32_t)len});
	struct fs_filesystem_c next = fs_filesystem_get_subtree_pipe_fs(q.call);
	client_pipeline(q.call);
	fs_filesystem_unref(takes);
	return next;
}

static struct fs_filesystem_c user(
	struct client *c, struct fs_filesystem_c takes, uint32_t uid, uint32_t gid)
{
	struct fs_filesystem_user_fs_req q = fs_filesystem_user_fs(c->loop.vat, takes);
	fs_filesystem_user_fs_params_set_uid(q.params, uid);
	fs_filesystem_user_fs_params_set_gid(q.params, gid);
	struct fs_filesystem_c next = fs_filesystem_user_fs_pipe_fs(q.call);
	client_pipeline(q.call);
	fs_filesystem_unref(takes);
	return next;
}

static struct fs_filesystem_c read_only(struct client *c, struct fs_filesystem_c takes)
{
	struct fs_filesystem_readonly_fs_req q = fs_filesystem_readonly_fs(c->loop.vat, takes);
	struct fs_filesystem_c next = fs_filesystem_readonly_fs_pipe_fs(q.call);
	client_pipeline(q.call);
	fs_filesystem_unref(takes);
	return next;
}

/* The directory of the first len bytes of the path, with the URI's limits. */
static struct fs_filesystem_c local_directory(
	struct client *c, const struct uri_local *u, size_t len)
{
	struct fs_filesystem_c fs = subtree(c, root_directory(c), u->path, len);
	if (u->limited)
		fs = user(c, fs, u->uid, u->gid);
	if (u->read_only)
		fs = read_only(c, fs);
	return fs;
}

static int local_filesystem(struct client *c, const char *uri, struct fs_filesystem_c *ret)
{
	struct uri_local u;
	int r = uri_parse_local(uri, &u, &c->cli->err);
	if (r < 0)
		return r;
	*ret = local_directory(c, &u, strlen(u.path));
	return 0;
}

static int restored_filesystem(struct client *c, const char *uri, struct fs_filesystem_c *ret)
{
	struct vat_cap *cap = NULL;
	char path[CLIENT_PATH_MAX];
	int r = client_restore_within(c, uri, &cap, path, sizeof(path));
	if (r >= 0)
		*ret = subtree(c, fs_filesystem_cast(cap), path, strlen(path));
	return r;
}

int client_filesystem(struct client *c, const char *word, struct fs_filesystem_c *ret)
{
	struct fs_filesystem_c fs = {};
	AUTO_FREE char *uri = uri_read(word, STDIN_FILENO, &c->cli->err);
	if (!uri)
		return c->cli->err.code;
	int r = ref_is(uri) ? restored_filesystem(c, uri, &fs) : local_filesystem(c, uri, &fs);
	if (r < 0)
		return r;
	if (c->cli->opt.read_only)
		fs = read_only(c, fs);
	r = client_settle(c, fs.cap);
	if (r < 0)
		fs_filesystem_unref(fs);
	else
		*ret = fs;
	return r;
}

/* The directory above what local: names, so that this may be anything. */
static int local_tree(
	struct client *c, const char *uri, struct fs_filesystem_c *ret, char *ret_path)
{
	struct uri_local u;
	int r = uri_parse_local(uri, &u, &c->cli->err);
	if (r < 0)
		return r;
	const char *slash = strrchr(u.path, '/');
	strcpy(ret_path, slash ? slash + 1 : u.path);
	*ret = local_directory(c, &u, slash ? (size_t)(slash - u.path) : 0);
	return 0;
}

static int restored_tree(
	struct client *c, const char *uri, struct fs_filesystem_c *ret, char *ret_path)
{
	struct vat_cap *cap = NULL;
	int r = client_restore_within(c, uri, &cap, ret_path, CLIENT_PATH_MAX);
	if (r >= 0)
		*ret = fs_filesystem_cast(cap);
	return r;
}

int client_tree(struct client *c, const char *uri, struct fs_filesystem_c *ret, char *ret_path)
{
	struct fs_filesystem_c fs = {};
	int r = ref_is(uri) ? restored_tree(c, uri, &fs, ret_path)
			    : local_tree(c, uri, &fs, ret_path);
	if (r < 0)
		return r;
	r = client_settle(c, fs.cap);
	if (r < 0)
		fs_filesystem_unref(fs);
	else
		*ret = fs;
	return r;
}

/* The file at path below dir (taken): path is not empty. */
static struct fs_file_c file_below(struct client *c, struct fs_filesystem_c takes, const char *path)
{
	struct fs_filesystem_get_file_req q = fs_filesystem_get_file(c->loop.vat, takes);
	fs_filesystem_get_file_params_set_name(q.params, vat_str(path));
	struct fs_file_c file = fs_filesystem_get_file_pipe_file(q.call);
	client_pipeline(q.call);
	fs_filesystem_unref(takes);
	return file;
}

static int local_file(struct client *c, const char *uri, struct fs_file_c *ret)
{
	struct uri_local u;
	int r = uri_parse_local(uri, &u, &c->cli->err);
	if (r < 0)
		return r;
	if (!*u.path)
		return err_set(&c->cli->err, -EISDIR, "local:/ is a directory");
	const char *slash = strrchr(u.path, '/');
	const char *name = slash ? slash + 1 : u.path;
	*ret = file_below(c, local_directory(c, &u, slash ? (size_t)(slash - u.path) : 0), name);
	return 0;
}

/* A reference to the file, or to a directory with the path in it. */
static int restored_file(struct client *c, const char *uri, struct fs_file_c *ret)
{
	struct vat_cap *cap = NULL;
	char path[CLIENT_PATH_MAX];
	int r = client_restore_within(c, uri, &cap, path, sizeof(path));
	if (r < 0)
		return r;
	if (!*path) {
		*ret = fs_file_cast(cap);
		return 0;
	}
	char *slash = strrchr(path, '/');
	struct fs_filesystem_c dir =
		subtree(c, fs_filesystem_cast(cap), path, slash ? (size_t)(slash - path) : 0);
	*ret = file_below(c, dir, slash ? slash + 1 : path);
	return 0;
}

int client_file(struct client *c, const char *word, struct fs_file_c *ret)
{
	struct fs_file_c file = {};
	AUTO_FREE char *uri = uri_read(word, STDIN_FILENO, &c->cli->err);
	if (!uri)
		return c->cli->err.code;
	int r = ref_is(uri) ? restored_file(c, uri, &file) : local_file(c, uri, &file);
	if (r < 0)
		return r;
	r = client_settle(c, file.cap);
	if (r < 0)
		fs_file_unref(file);
	else
		*ret = file;
	return r;
}
