/* SPDX-License-Identifier: MIT */
/*
 * metac block serve: a block device of another host as an NBD server of this one, for programs.
 *
 * The bytes go through a worker (metacd-worker --role=nbd-client --listen), which survives the loss
 * of its connection: the command stays, and gets it another one of the same session, as the block
 * service does for attachments (core/block-control.h is what they say).
 *
 *	socket made, connected, worker attached --> ready (URI, READY=1, COMMAND) --> run:
 *	    LOST, REFUSED --> connect again, with back-off --> CONNECTION --> RECOVERED
 *	    "no such reference" --> OVER, and an error
 *	    signal, COMMAND has ended --> FLUSH --> end
 */
#include "cli/background.h"
#include "cli/serve.h"
#include "cli/show.h"
#include "cli/table.h"
#include "cli/uri.h"
#include "wire/nbd/nbd.h"

#include <poll.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <systemd/sd-daemon.h>

enum { RESIZE_MS = 100 };

/* ---- ready ---------------------------------------------------------------------------------- */

/* The word with each {} replaced; malloc'ed. */
static char *fill_word(const char *word, const char *uri)
{
	size_t n = 0, len = strlen(uri);
	for (const char *p = word; (p = strstr(p, "{}")); p += 2)
		n++;
	char *ret = malloc(strlen(word) + n * len + 1), *at = ret;
	for (const char *p = word; ret && *p;) {
		bool here = p[0] == '{' && p[1] == '}';
		if (here)
			at = mempcpy(at, uri, len);
		else
			*at++ = *p;
		p += here ? 2 : 1;
	}
	if (ret)
		*at = 0;
	return ret;
}

static int start_command(struct server *s)
{
	size_t n = (size_t)s->cli->n_args - 1;
	char **argv = calloc(n + 1, sizeof(*argv));
	int r = argv ? 0 : -ENOMEM;
	for (size_t i = 0; i < n && r >= 0; i++) {
		argv[i] = fill_word(s->cli->args[i + 1], s->place.uri);
		r = argv[i] ? 0 : -ENOMEM;
	}
	if (r >= 0 &&
		(setenv("uri", s->place.uri, 1) < 0 || setenv("unixsocket", s->place.path, 1) < 0))
		r = -errno;
	if (r >= 0)
		r = spawn_program((const char *const *)argv, -EBADF, &s->command);
	for (size_t i = 0; argv && i < n; i++)
		free(argv[i]);
	free(argv);
	return r < 0 ? err_errno(&s->cli->err, r, "%s", s->cli->args[1]) : 0;
}

static int print_ready(struct server *s)
{
	struct cli *cli = s->cli;
	json_t *j;
	if (!cli->opt.json) {
		if (puts(s->place.uri) < 0 || fflush(stdout))
			return err_errno(&cli->err, -errno, "standard output");
		return 0;
	}
	j = json_pack("{ss sI sb si}", "uri", s->place.uri, "size", (json_int_t)s->size, "readOnly",
		(s->export.flags & NBD_FLAG_READ_ONLY) != 0, "pid", (int)getpid());
	if (j && *s->place.path && show_json_set(j, "socket", s->place.path, strlen(s->place.path)))
		j = NULL;
	int r = json_print(j, &cli->err);
	return r >= 0 && fflush(stdout) ? err_errno(&cli->err, -errno, "standard output") : r;
}

static int watch_signals(struct server *s)
{
	struct sigaction hup = {};
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	if (!sigaction(SIGHUP, NULL, &hup) && hup.sa_handler != SIG_IGN) /* nohup(1) */
		sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	s->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return s->signals < 0 ? err_errno(&s->cli->err, -errno, "signalfd") : 0;
}

static int begin(struct server *s)
{
	int r = watch_signals(s);
	if (r >= 0)
		r = serve_place_open(&s->cli->opt, s->cli->n_args > 1, &s->place, &s->cli->err);
	if (r >= 0)
		r = serve_connect(s);
	if (r >= 0)
		r = serve_start_worker(s);
	if (r < 0)
		return r;
	serve_hand_over(s);
	r = serve_wait_attached(s);
	if (r < 0)
		return r;
	serve_watch_size(s);
	(void)sd_notify(0, "READY=1\nSTATUS=connected");
	return s->cli->n_args > 1 ? start_command(s) : print_ready(s);
}

/* ---- running -------------------------------------------------------------------------------- */

static void run_events(struct server *s)
{
	for (int i = 0; i < 64 && s->client; i++)
		if (sd_event_run(s->client->loop.event, 0) <= 0)
			break;
}

static bool is_waiting(const struct server *s)
{
	return s->state == SERVER_WAITING || s->state == SERVER_HANDED;
}

/* When something is to be done even if nothing happens; INT64_MAX: never. Who answers that the size
 * is another one without end does not keep us busy with that. */
static int64_t next_due(const struct server *s)
{
	int64_t due = is_waiting(s) ? s->next_ms : INT64_MAX;
	return s->resized_ms ? MIN(due, s->resized_ms + RESIZE_MS) : due;
}

static void run_due(struct server *s)
{
	int64_t now = serve_now_ms();
	if (s->resized_ms && now >= s->resized_ms + RESIZE_MS)
		serve_watch_size(s);
	if (is_waiting(s) && now >= s->next_ms && !s->cli->signal)
		serve_connect_again(s);
}

static void on_signal(struct server *s)
{
	struct signalfd_siginfo si;
	if (read(s->signals, &si, sizeof(si)) != (ssize_t)sizeof(si))
		return;
	if (s->command.pidfd < 0) {
		s->cli->signal = (int)si.ssi_signo;
		return;
	}
	/* It is the command's end that is waited for. What comes from the terminal reaches that
	 * anyway. */
	if (si.ssi_pid || si.ssi_signo == SIGTERM)
		(void)spawn_kill(&s->command, (int)si.ssi_signo);
}

/* Until it is told to end, or the worker or the command has ended. */
static void run(struct server *s)
{
	while (!s->ended && !s->cli->signal && (s->state != SERVER_OVER || s->command.pidfd >= 0)) {
		int64_t due = next_due(s), left = MAX(due - serve_now_ms(), (int64_t)0);
		struct pollfd p[] = {
			{.fd = s->control, .events = POLLIN},
			{.fd = s->signals, .events = POLLIN},
			{.fd = s->client ? sd_event_get_fd(s->client->loop.event) : -1,
				.events = POLLIN},
			{.fd = s->command.pidfd, .events = POLLIN},
		};
		if (poll(p, ARRAY_SIZE(p), due < INT64_MAX ? (int)left : -1) < 0 && errno != EINTR)
			return;
		if (p[3].revents)
			return;
		if (p[1].revents)
			on_signal(s);
		if (p[0].revents)
			serve_on_message(s);
		if (p[2].revents)
			run_events(s);
		run_due(s);
	}
}

/* The exit status of the command, which has ended or is told to. */
static int end_command(struct server *s)
{
	if (s->cli->signal)
		(void)spawn_kill(&s->command, s->cli->signal);
	int status = spawn_wait(&s->command);
	if (status < 0)
		return err_errno(&s->cli->err, status, "wait for %s", s->cli->args[1]);
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* How it ended. */
static int outcome(struct server *s)
{
	struct err why = s->cli->err;
	int status = s->command.pidfd >= 0 ? end_command(s) : 0;
	if (s->state == SERVER_OVER) {
		s->cli->err = why;
		return why.code;
	}
	if (s->ended)
		return err_set(&s->cli->err, -EIO, "the NBD worker has ended");
	int r = serve_flush(s);
	return r < 0 ? r : status;
}

static void finish(struct server *s)
{
	struct err why = s->cli->err;
	(void)sd_notify(0, "STOPPING=1");
	serve_place_close(&s->place);
	fd_close(s->control);
	if (s->worker.pidfd >= 0) {
		(void)spawn_kill(&s->worker, SIGTERM);
		(void)spawn_wait(&s->worker);
	}
	if (s->state == SERVER_CONNECTED)
		serve_end_session(s);
	serve_disconnect(s);
	fd_close(s->signals);
	s->cli->err = why;
}

/* As --fork of qemu-nbd(8): returns when it is ready. */
static int serve_in_background(struct server *s)
{
	int report = -EBADF;
	int r = background_fork(&report, &s->cli->err);
	if (r)
		return MIN(r, 0);
	r = begin(s);
	struct err said = r < 0 ? s->cli->err : (struct err){};
	if (background_report(report, &said) < 0)
		r = -EPIPE;
	if (r >= 0) {
		run(s);
		r = outcome(s);
	}
	finish(s);
	_exit(r < 0);
}

int cmd_block_serve(struct cli *cli)
{
	struct server s = {.cli = cli,
		.place.fd = -EBADF,
		.control = -EBADF,
		.signals = -EBADF,
		.worker.pidfd = -EBADF,
		.command.pidfd = -EBADF};
	const char *wrong = serve_place_wrong(&cli->opt, cli->n_args > 1);
	if (cli->opt.fork && cli->n_args > 1)
		wrong = "either --fork or a command";
	if (wrong)
		return cli_wrong_use(cli, wrong);
	AUTO_FREE char *uri = uri_read(cli->args[0], STDIN_FILENO, &cli->err);
	if (!uri)
		return cli->err.code;
	s.uri = uri;
	randombytes_buf(s.session, sizeof(s.session));
	if (cli->opt.fork)
		return serve_in_background(&s);
	int r = begin(&s);
	if (r >= 0) {
		run(&s);
		r = outcome(&s);
	}
	finish(&s);
	return r;
}
