/* SPDX-License-Identifier: MIT */
/* metac fs ls: looks into a directory over its 9P stream, without mounting it. */
#include "cli/client.h"
#include "cli/show.h"
#include "cli/table.h"
#include "cli/tree.h"
#include "cli/uri.h"

#include <dirent.h>
#include <stdio.h>

static const char *type_name(uint8_t type)
{
	switch (type) {
	case DT_DIR:
		return "directory";
	case DT_LNK:
		return "link";
	case DT_REG:
		return "file";
	case DT_CHR:
	case DT_BLK:
		return "device";
	case DT_FIFO:
		return "fifo";
	case DT_SOCK:
		return "socket";
	default:
		return "unknown";
	}
}

static const struct column long_columns[] = {
	{NULL, "type", COLUMN_TEXT},
	{"MODE", "mode", COLUMN_MODE},
	{"LINKS", "links", COLUMN_NUMBER},
	{"UID", "uid", COLUMN_NUMBER},
	{"GID", "gid", COLUMN_NUMBER},
	{"SIZE", "size", COLUMN_SIZE},
	{"MODIFIED", "modified", COLUMN_TIME},
	{"NAME", "name", COLUMN_TEXT},
	{NULL, "target", COLUMN_TEXT},
	{},
};

static const struct column short_columns[] = {
	{NULL, "type", COLUMN_TEXT},
	{NULL, "name", COLUMN_TEXT},
	{},
};

static void add_long(struct table *t, const struct tree_entry *e)
{
	table_row(t);
	table_string(t, type_name(e->type));
	table_number(t, e->mode);
	table_number(t, (int64_t)e->nlink);
	table_number(t, e->uid);
	table_number(t, e->gid);
	table_number(t, (int64_t)e->size);
	table_number(t, e->mtime);
	table_string(t, e->name);
	table_string(t, e->target ?: "");
}

static int print_table(const struct tree_list *l, const struct options *opt, struct err *err)
{
	AUTO(table_free)
	struct table *t = table_new(opt->long_ ? long_columns : short_columns, opt->json);
	for (size_t i = 0; i < l->n; i++) {
		if (opt->long_) {
			add_long(t, &l->entries[i]);
			continue;
		}
		table_row(t);
		table_string(t, type_name(l->entries[i].type));
		table_string(t, l->entries[i].name);
	}
	return table_print(t, err);
}

/* Names as they are; at a terminal, where they could do mischief, as a shell would quote them. */
static int print_names(const struct tree_list *l, struct err *err)
{
	bool quote = isatty(STDOUT_FILENO);
	int failed = 0;
	for (size_t i = 0; i < l->n && !failed; i++) {
		const char *name = l->entries[i].name;
		AUTO_FREE char *quoted = quote ? show_quoted(name, strlen(name)) : NULL;
		if (puts(quoted ? quoted : quote ? "?" : name) < 0)
			failed = errno;
	}
	if (!failed && fflush(stdout))
		failed = errno;
	return failed ? err_errno(err, -failed, "standard output") : 0;
}

static int list(struct client *c, int fd, const char *path)
{
	AUTO(tree_close) struct tree *t = NULL;
	struct tree_list l;
	struct cli *cli = c->cli;
	int r = tree_open(fd, &t, &cli->err);
	if (r >= 0)
		r = tree_list(t, path, cli->opt.long_, &l, &cli->err);
	if (r < 0)
		return r;
	r = cli->opt.long_ || cli->opt.json ? print_table(&l, &cli->opt, &cli->err)
					    : print_names(&l, &cli->err);
	tree_list_done(&l);
	return r;
}

/* The 9P stream of a directory in which the URI leads to `path`. */
static int open_stream(struct client *c, const char *uri, char *path, int *ret_fd,
	struct stream_connection_c *ret_end)
{
	struct fs_filesystem_c fs = {};
	int r = client_tree(c, uri, &fs, path);
	if (r < 0)
		return r;
	struct vat_call *q = fs_filesystem_v9fs_stream(c->loop.vat, fs).call;
	struct stream_stream_c stream = fs_filesystem_v9fs_stream_pipe_stream(q);
	client_pipeline(q);
	r = client_open_stream(c, stream.cap, ret_fd, ret_end);
	stream_stream_unref(stream);
	fs_filesystem_unref(fs);
	return r;
}

/* Where to look: the path of the URI and the one given besides. */
static int join(const char *path, const char *more, char *ret, struct err *err)
{
	char both[2 * CLIENT_PATH_MAX];
	if ((size_t)snprintf(both, sizeof(both), "%s/%s", path, more) >= sizeof(both))
		return err_set(err, -ENAMETOOLONG, "the path is too long");
	return path_normalize(both, ret, CLIENT_PATH_MAX, err);
}

int cmd_fs_ls(struct cli *cli)
{
	AUTO(client_close) struct client *c = NULL;
	AUTO_FREE char *uri = uri_read(cli->args[0], STDIN_FILENO, &cli->err);
	AUTO_CLOSE int fd = -EBADF;
	struct stream_connection_c end = {};
	char above[CLIENT_PATH_MAX], path[CLIENT_PATH_MAX], shown[128];
	cli->may_dial = uri && ref_is(uri);
	int r = uri ? client_open(cli, &c) : cli->err.code;
	if (r >= 0)
		r = open_stream(c, uri, above, &fd, &end);
	if (r >= 0)
		r = join(above, cli->n_args > 1 ? cli->args[1] : "", path, &cli->err);
	if (r >= 0) {
		client_default_signals();
		r = list(c, fd, path);
		if (r < 0 && r != -EPIPE && strcmp(cli->args[0], "-"))
			err_wrap(&cli->err, r, "%s", show_word(cli->args[0], shown, sizeof(shown)));
	}
	stream_connection_unref(end);
	return r;
}
