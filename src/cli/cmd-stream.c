/* SPDX-License-Identifier: MIT */
/* metac stream: byte streams by reference. */
#include "cli/client.h"
#include "cli/copy.h"
#include "cli/uri.h"
#include "sys/spawn.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>

static int restore_stream(struct client *c, const char *word, struct stream_stream_c *ret)
{
	struct vat_cap *cap = NULL;
	AUTO_FREE char *uri = uri_read(word, STDIN_FILENO, &c->cli->err);
	if (!uri)
		return c->cli->err.code;
	int r = client_restore(c, uri, &cap);
	*ret = stream_stream_cast(cap);
	return r;
}

/* Connects to the node and opens the stream that the first argument names. */
static int open_stream(
	struct cli *cli, struct client **ret, int *ret_fd, struct stream_connection_c *ret_end)
{
	struct stream_stream_c s = {};
	int r = client_open(cli, ret);
	if (r >= 0)
		r = restore_stream(*ret, cli->args[0], &s);
	if (r >= 0)
		r = client_open_stream(*ret, s.cap, ret_fd, ret_end);
	stream_stream_unref(s);
	return r;
}

/* ---- cat ----------------------------------------------------------------------------------- */

int cmd_stream_cat(struct cli *cli)
{
	AUTO(client_close) struct client *c = NULL;
	AUTO_CLOSE int fd = -EBADF;
	struct stream_connection_c end = {};
	int r = open_stream(cli, &c, &fd, &end);
	if (r < 0)
		return r;
	struct copy copy = {
		.in = STDIN_FILENO,
		.out = STDOUT_FILENO,
		.stream = fd,
		/* A person need not press ^D after the other side has hung up. */
		.end_with_stream = isatty(STDIN_FILENO),
	};
	client_default_signals();
	r = copy_run_command(&copy);
	fd = fd_close(fd);
	if (r < 0)
		err_errno(&cli->err, r, "%s", copy.who);
	else
		r = client_outcome(c, end);
	stream_connection_unref(end);
	return r;
}

/* ---- bind ---------------------------------------------------------------------------------- */

static bool is_own(struct client *c, const char *uri)
{
	AUTO(ref_free) struct ref *ref = NULL;
	return !ref_parse(uri, &ref, NULL) && !strcmp(ref->node, c->address);
}

static int wait_for_binding(struct client *c, struct stream_binding_c binding)
{
	AUTO_REPLY reply = {};
	int r = client_call_for_ever(c,
		metac_waitable_wait(c->loop.vat,
			stream_connection_as_waitable(stream_binding_as_connection(binding)))
			.call,
		&reply);
	if (r == -EINTR) /* that is how one ends it */
		return 128 + c->cli->signal;
	return r;
}

/* Of the call that makes it. */
static int keep_binding(struct client *c, struct vat_cap *holder)
{
	struct stream_binding_c binding = stream_binding_cast(holder);
	if (c->cli->opt.persistent)
		return client_export(c, binding.cap);
	return wait_for_binding(c, binding);
}

/* All passes through this node's host. */
static int join_streams(struct client *c, struct stream_stream_c a, struct stream_stream_c b)
{
	struct metac_service_admin_c admin = client_service(c, "fs");
	struct fs_filesystem_service_admin_join_streams_req q =
		fs_filesystem_service_admin_join_streams(
			c->loop.vat, fs_filesystem_service_admin_cast(admin.cap));
	fs_filesystem_service_admin_join_streams_params_set_one(q.params, a);
	fs_filesystem_service_admin_join_streams_params_set_other(q.params, b);
	AUTO_REPLY reply = {};
	int r = client_call(c, q.call, &reply);
	metac_service_admin_unref(admin);
	if (r < 0)
		return r;
	return keep_binding(
		c, fs_filesystem_service_admin_join_streams_results_get_holder(
			   fs_filesystem_service_admin_join_streams_results_from(reply.results))
			   .cap);
}

static int bind_streams(struct client *c, struct stream_stream_c a, struct stream_stream_c b)
{
	struct stream_stream_bind_to_req q = stream_stream_bind_to(c->loop.vat, a);
	stream_stream_bind_to_params_set_other(q.params, b);
	AUTO_REPLY reply = {};
	int r = client_call(c, q.call, &reply);
	if (r < 0)
		return r;
	return keep_binding(c, stream_stream_bind_to_results_get_holder(
				       stream_stream_bind_to_results_from(reply.results))
				       .cap);
}

int cmd_stream_bind(struct cli *cli)
{
	AUTO(client_close) struct client *c = NULL;
	struct stream_stream_c s[2] = {};
	AUTO_FREE char *one = uri_read(cli->args[0], STDIN_FILENO, &cli->err);
	AUTO_FREE char *two = one ? uri_read(cli->args[1], STDIN_FILENO, &cli->err) : NULL;
	if (!two)
		return cli->err.code;
	int r = client_open(cli, &c);
	if (r >= 0)
		r = restore_stream(c, one, &s[0]);
	if (r >= 0)
		r = restore_stream(c, two, &s[1]);
	/* The binding lives where the first stream does: on this node if either does. */
	bool swap = r >= 0 && !is_own(c, one) && is_own(c, two);
	if (r >= 0 && cli->opt.here)
		r = join_streams(c, s[0], s[1]);
	else if (r >= 0)
		r = bind_streams(c, s[swap], s[!swap]);
	stream_stream_unref(s[0]);
	stream_stream_unref(s[1]);
	return r;
}

/* ---- run ----------------------------------------------------------------------------------- */

struct running {
	struct spawn_child child;
	bool ended;
};

static int on_exit_of_child(sd_event_source *source, int fd, uint32_t revents, void *user)
{
	struct running *run = user;
	run->ended = true;
	return sd_event_source_set_enabled(source, SD_EVENT_OFF);
}

/* A SIGTERM meant for us ends the command; SIGINT from a terminal reaches it anyway. */
static int on_signal(sd_event_source *source, const struct signalfd_siginfo *si, void *user)
{
	struct running *run = user;
	if (si->ssi_signo == SIGTERM || si->ssi_pid)
		spawn_kill(&run->child, (int)si->ssi_signo);
	return 0;
}

static int watch_child(struct client *c, struct running *run, sd_event_source **ret)
{
	int r = sd_event_add_io(
		c->loop.event, ret, run->child.pidfd, EPOLLIN, on_exit_of_child, run);
	for (size_t i = 0; r >= 0 && i < ARRAY_SIZE(c->signals); i++) {
		static const int signals[] = {SIGINT, SIGTERM};
		c->signals[i] = sd_event_source_disable_unref(c->signals[i]);
		r = sd_event_add_signal(c->loop.event, &c->signals[i], signals[i], on_signal, run);
	}
	return r;
}

/* Runs the command to its end with fd as its standard input and output; its exit status. */
static int run_command(struct client *c, char **argv, int fd)
{
	struct running run = {.child.pidfd = -EBADF};
	sd_event_source *source = NULL;
	int flags = fcntl(fd, F_GETFL);
	if (flags >= 0)
		(void)fcntl(fd, F_SETFL, flags & ~O_NONBLOCK);
	int r = spawn_program((const char *const *)argv, fd, &run.child);
	if (r < 0)
		return err_errno(&c->cli->err, r, "%s", argv[0]);
	r = watch_child(c, &run, &source);
	if (r < 0)
		err_errno(&c->cli->err, r, "watch %s", argv[0]);
	else
		r = client_wait(c, &run.ended, 0);
	if (r < 0)
		spawn_kill(&run.child, SIGKILL);
	sd_event_source_disable_unref(source);
	int status = spawn_wait(&run.child);
	if (r < 0)
		return r;
	if (status < 0)
		return err_errno(&c->cli->err, status, "wait for %s", argv[0]);
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

int cmd_stream_run(struct cli *cli)
{
	AUTO(client_close) struct client *c = NULL;
	AUTO_CLOSE int fd = -EBADF;
	struct stream_connection_c end = {};
	int r = open_stream(cli, &c, &fd, &end);
	if (r >= 0)
		r = run_command(c, cli->args + 1, fd);
	stream_connection_unref(end);
	return r;
}
