/* SPDX-License-Identifier: MIT */
/*
 * metac fs cp: copies without a mount.  What the copying itself does is told in cp.h; here sides
 * are opened for what the arguments name, one source after the other.
 */
#include "cli/cp.h"
#include "cli/meter.h"
#include "cli/remote.h"
#include "cli/show.h"
#include "cli/table.h"
#include "cli/uri.h"

#include <jansson.h>
#include <stdio.h>
#include <sys/resource.h>

struct copying {
	struct cli *cli;
	struct cp cp;
	struct meter meter;
	char *dst_uri;
	struct remote *src_remote, *dst_remote;
	struct side *src, *dst;
};

static bool is_remote(const char *uri)
{
	return ref_is(uri) || uri_is_local(uri);
}

/* Where the path in a reference begins; NULL: no reference. */
static const char *path_in(const char *uri)
{
	AUTO(ref_free) struct ref *ref = NULL;
	const char *path = NULL;
	return ref_is(uri) && ref_parse_within(uri, &ref, &path, NULL) >= 0 ? path : NULL;
}

/* Two references to one object, maybe with different paths in them. */
static bool same_tree(const char *a, const char *b)
{
	const char *pa = path_in(a), *pb = path_in(b);
	if (!pa || !pb)
		return false;
	size_t na = (size_t)(pa - a) - (pa[-1] == '/'), nb = (size_t)(pb - b) - (pb[-1] == '/');
	return na == nb && !memcmp(a, b, na);
}

/* a/b lies in a; so does a. */
static bool lies_in(const char *uri, const char *dir)
{
	size_t n = strlen(dir);
	while (n && dir[n - 1] == '/')
		n--;
	return !strncmp(uri, dir, n) && (!uri[n] || uri[n] == '/');
}

static int open_plain(struct copying *c, const char *path, bool is_dst, struct side **ret)
{
	struct stat st;
	AUTO_FREE char *with_slash = NULL;
	char shown[128];
	/* A destination that is a link to a directory is that directory. */
	if (is_dst && !stat(path, &st) && S_ISDIR(st.st_mode) &&
		asprintf(&with_slash, "%s/", path) < 0)
		return err_set(&c->cli->err, -ENOMEM, "out of memory");
	int r = side_local_open(with_slash ?: path, ret);
	return r < 0 ? err_errno(&c->cli->err, r, "%s", show_word(path, shown, sizeof(shown))) : 0;
}

/* "ref://.../dir/" is what dir holds. */
static bool names_content(const char *uri)
{
	size_t n = strlen(uri);
	return (n && uri[n - 1] == '/') || (n > 1 && !strcmp(uri + n - 2, "/."));
}

static int open_side(struct copying *c, const char *uri, bool is_dst, struct remote **ret_remote,
	struct side **ret)
{
	if (!is_remote(uri))
		return open_plain(c, uri, is_dst, ret);
	int r = remote_open(c->cli, uri, c->cp.fibers, ret_remote);
	if (r < 0)
		return r;
	r = side_remote_open(*ret_remote, remote_path(*ret_remote), ret);
	if (r < 0)
		return err_errno(&c->cli->err, r, "9P");
	(*ret)->content = names_content(uri);
	return 0;
}

/* The source, over the destination's connection if it lies in the same tree. */
static int open_source(struct copying *c, const char *uri)
{
	char path[CLIENT_PATH_MAX];
	if (!c->dst_remote || !same_tree(uri, c->dst_uri))
		return open_side(c, uri, false, &c->src_remote, &c->src);
	int r = path_normalize(path_in(uri), path, sizeof(path), &c->cli->err);
	if (r < 0)
		return r;
	r = side_remote_open(c->dst_remote, path, &c->src);
	if (r < 0)
		return err_errno(&c->cli->err, r, "9P");
	c->src->content = names_content(uri);
	return 0;
}

static void wipe(struct cp *cp)
{
	meter_wipe(&container_of(cp, struct copying, cp)->meter);
}

static void tick(void *user)
{
	struct copying *c = user;
	meter_update(&c->meter, &c->cp.n);
	if (c->cp.stop) {
		if (c->src_remote)
			remote_stop(c->src_remote);
		if (c->dst_remote)
			remote_stop(c->dst_remote);
	}
}

/* For messages: without its secret. */
static const char *name_of(const char *uri, char *buf, size_t size)
{
	if (ref_is(uri))
		ref_mask(uri, buf, size);
	else
		show_word(uri, buf, size);
	return buf;
}

static int copy_source(struct copying *c, const char *uri, bool into)
{
	struct remote *remotes[2];
	size_t n = 0;
	char shown[128];
	if (!is_remote(uri) && !is_remote(c->dst_uri))
		return err_set(&c->cli->err, -EINVAL,
			"neither %s nor the destination is a reference or local: (use cp)",
			name_of(uri, shown, sizeof(shown)));
	if (lies_in(c->dst_uri, uri) && c->cli->opt.recursive)
		return err_set(&c->cli->err, -EINVAL, "the destination lies inside the source");
	int r = open_source(c, uri);
	if (r < 0)
		return r;
	if (c->src_remote)
		remotes[n++] = c->src_remote;
	if (c->dst_remote)
		remotes[n++] = c->dst_remote;
	c->cp.src = c->src;
	c->cp.dst = c->dst;
	r = cp_begin(&c->cp, c->cli->opt.recursive, into);
	if (r >= 0)
		remotes_run(c->cp.fibers, remotes, n, tick, c);
	cp_end(&c->cp);
	if (c->cp.fatal.code)
		err_wrap(&c->cp.fatal, c->cp.fatal.code, "%s", name_of(uri, shown, sizeof(shown)));
	return r;
}

static void close_source(struct copying *c)
{
	side_free(TAKE_PTR(c->src));
	remote_close(TAKE_PTR(c->src_remote));
}

/* ---- what is said in the end ---------------------------------------------------------------- */

static int print_summary(struct copying *c)
{
	const struct cp_counts *n = &c->cp.n;
	return json_print(json_pack("{sI sI sI sI sI sI sI sf}", "files", (json_int_t)n->files,
				  "directories", (json_int_t)n->directories, "others",
				  (json_int_t)n->others, "links", (json_int_t)n->links, "skipped",
				  (json_int_t)n->skipped, "bytes", (json_int_t)n->bytes, "errors",
				  (json_int_t)n->errors, "seconds", meter_seconds(&c->meter)),
		&c->cli->err);
}

static int report(struct copying *c, int r)
{
	struct cp *cp = &c->cp;
	meter_wipe(&c->meter);
	if (r >= 0 && c->cli->signal)
		r = err_set(&c->cli->err, -EINTR, "interrupted");
	if (r >= 0 && cp->fatal.code) {
		if (!c->cli->err.code)
			c->cli->err = cp->fatal;
		r = c->cli->err.code;
	}
	if (cp->owners_lost)
		fprintf(stderr, "metac: fs cp: owners were not kept: only root may give files "
				"away\n");
	if (cp->xattrs_lost)
		fprintf(stderr, "metac: fs cp: some extended attributes could not be kept\n");
	if (c->cli->opt.json) {
		struct err before = c->cli->err;
		int e = print_summary(c);
		if (r >= 0)
			r = e;
		else
			c->cli->err = before;
	}
	return r < 0 ? r : cp->n.errors ? 1 : 0;
}

/* Directories that are being walked are open. */
static void raise_limit(void)
{
	struct rlimit l;
	if (!getrlimit(RLIMIT_NOFILE, &l)) {
		l.rlim_cur = l.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &l);
	}
}

static int copy_all(struct copying *c)
{
	struct cli *cli = c->cli;
	int n = cli->n_args - 1;
	c->cp.fibers = fibers_new();
	if (!c->cp.fibers)
		return err_set(&cli->err, -ENOMEM, "out of memory");
	int r = open_side(c, c->dst_uri, true, &c->dst_remote, &c->dst);
	for (int i = 0; i < n && r >= 0 && !c->cp.stop && !cli->signal; i++) {
		AUTO_FREE char *uri = uri_read(cli->args[i], STDIN_FILENO, &cli->err);
		r = uri ? copy_source(c, uri, n > 1) : cli->err.code;
		close_source(c);
	}
	return r;
}

int cmd_fs_cp(struct cli *cli)
{
	struct copying c = {.cli = cli};
	c.cp.cli = cli;
	c.cp.resume = cli->opt.resume;
	c.cp.before_message = wipe;
	c.dst_uri = uri_read(cli->args[cli->n_args - 1], STDIN_FILENO, &cli->err);
	if (!c.dst_uri)
		return cli->err.code;
	raise_limit();
	meter_begin(&c.meter, cli->opt.progress);
	int r = copy_all(&c);
	r = report(&c, r);
	side_free(c.dst);
	remote_close(c.dst_remote);
	fibers_free(c.cp.fibers);
	free(c.dst_uri);
	return r;
}
