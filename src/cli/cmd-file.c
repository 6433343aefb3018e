/* SPDX-License-Identifier: MIT */
/* metac file: single files, as streams. */
#include "cli/client.h"
#include "cli/copy.h"
#include "cli/progress.h"
#include "cli/table.h"
#include "cli/uri.h"

#include <stdio.h>

/* Connects to the node and finds the file that the first argument names. */
static int open_file(struct cli *cli, struct client **ret, struct fs_file_c *ret_file)
{
	AUTO_FREE char *uri = uri_read(cli->args[0], STDIN_FILENO, &cli->err);
	if (!uri)
		return cli->err.code;
	cli->may_dial = ref_is(uri);
	int r = client_open(cli, ret);
	return r < 0 ? r : client_file(*ret, uri, ret_file);
}

/* Of a reference only an answer tells; nothing is opened before the stream is. */
static int check_is_file(struct client *c, struct fs_file_c file)
{
	AUTO_REPLY reply = {};
	return client_call(c, fs_file_open_as_stream(c->loop.vat, file).call, &reply);
}

int cmd_file_export(struct cli *cli)
{
	AUTO(client_close) struct client *c = NULL;
	struct fs_file_c file = {};
	int r = open_file(cli, &c, &file);
	if (r >= 0)
		r = check_is_file(c, file);
	if (r >= 0)
		r = client_export(c, file.cap);
	fs_file_unref(file);
	return r;
}

/* The stream that reads or writes the file; not waited for. */
static struct stream_stream_c file_stream(struct client *c, struct fs_file_c file, bool writing)
{
	struct stream_stream_c s;
	if (!writing) {
		struct fs_file_open_as_stream_req r = fs_file_open_as_stream(c->loop.vat, file);
		fs_file_open_as_stream_params_set_offset(r.params, c->cli->opt.offset);
		s = fs_file_open_as_stream_pipe_stream(r.call);
		client_pipeline(r.call);
		return s;
	}
	struct fs_file_open_for_writing_req q = fs_file_open_for_writing(c->loop.vat, file);
	fs_file_open_for_writing_params_set_append(q.params, c->cli->opt.append);
	s = fs_file_open_for_writing_pipe_stream(q.call);
	client_pipeline(q.call);
	return s;
}

int cmd_file_open(struct cli *cli)
{
	AUTO(client_close) struct client *c = NULL;
	struct fs_file_c file = {};
	int r = open_file(cli, &c, &file);
	if (r < 0)
		return r;
	struct stream_stream_c s = file_stream(c, file, cli->opt.write);
	r = client_settle(c, s.cap);
	if (r >= 0)
		r = client_export(c, s.cap);
	stream_stream_unref(s);
	fs_file_unref(file);
	return r;
}

static int transfer(struct client *c, int fd, struct stream_connection_c end, bool writing)
{
	struct progress progress;
	struct copy copy = {
		.in = writing ? STDIN_FILENO : -1,
		.out = writing ? -1 : STDOUT_FILENO,
		.stream = fd,
		.end_with_stream = true,
		.limit = writing ? 0 : c->cli->opt.length,
		.progress = &progress,
	};
	progress_begin(&progress);
	client_default_signals();
	int r = copy_run_command(&copy);
	if (r < 0)
		return err_errno(&c->cli->err, r, "%s", copy.who);
	if (copy.limit && copy.received == copy.limit)
		return 0;
	r = client_outcome(c, end);
	if (r >= 0 && copy.cut)
		return err_set(&c->cli->err, -ECONNRESET, "the connection broke off");
	return r;
}

static int copy_file(struct cli *cli, bool writing)
{
	AUTO(client_close) struct client *c = NULL;
	AUTO_CLOSE int fd = -EBADF;
	struct fs_file_c file = {};
	struct stream_connection_c end = {};
	int r = open_file(cli, &c, &file);
	if (r < 0)
		return r;
	struct stream_stream_c s = file_stream(c, file, writing);
	r = client_open_stream(c, s.cap, &fd, &end);
	if (r >= 0)
		r = transfer(c, fd, end, writing);
	stream_connection_unref(end);
	stream_stream_unref(s);
	fs_file_unref(file);
	return r;
}

static const struct column stat_columns[] = {
	{"MODE", "mode", COLUMN_MODE},
	{"LINKS", "links", COLUMN_NUMBER},
	{"UID", "uid", COLUMN_NUMBER},
	{"GID", "gid", COLUMN_NUMBER},
	{"SIZE", "size", COLUMN_SIZE},
	{"MODIFIED", "modified", COLUMN_TIME},
	{},
};

int cmd_file_stat(struct cli *cli)
{
	AUTO(client_close) struct client *c = NULL;
	struct fs_file_c file = {};
	int r = open_file(cli, &c, &file);
	if (r < 0)
		return r;
	AUTO(table_free) struct table *t = table_new(stat_columns, cli->opt.json);
	AUTO_REPLY reply = {};
	r = client_call(c, fs_file_info(c->loop.vat, file).call, &reply);
	if (r >= 0) {
		struct fs_file_info_r i =
			fs_file_info_results_get_info(fs_file_info_results_from(reply.results));
		table_row(t);
		table_number(t, fs_file_info_get_mode(i));
		table_number(t, (int64_t)fs_file_info_get_links(i));
		table_number(t, fs_file_info_get_uid(i));
		table_number(t, fs_file_info_get_gid(i));
		table_number(t, (int64_t)fs_file_info_get_size(i));
		table_number(t, fs_file_info_get_modified(i));
		r = table_print(t, &cli->err);
	}
	fs_file_unref(file);
	return r;
}

int cmd_file_cat(struct cli *cli)
{
	return copy_file(cli, false);
}

int cmd_file_write(struct cli *cli)
{
	return copy_file(cli, true);
}
