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
#include "cli/block.h"
#include "cli/serve-place.h"
#include "cli/show.h"
#include "cli/table.h"
#include "cli/uri.h"
#include "sys/spawn.h"
#include "wire/nbd/nbd.h"

#include <poll.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <systemd/sd-daemon.h>
#include <time.h>

enum {
	SESSION_SIZE = 32,
	ATTACH_SECONDS = 20,
	FLUSH_SECONDS = 60,
	END_SECONDS = 2,
	BACKOFF_FIRST_MS = 100,
	BACKOFF_MAX_MS = 2000
};

struct server {
	struct cli *cli;
	const char *uri;
	struct serve_place place;
	uint8_t session[SESSION_SIZE];
	struct client *client;
	struct block_target target;
	struct block_connection connection;
	struct vat_call *sizing; /* waits for another size */
	uint64_t size;
	bool resized; /* size has just been told to the worker */
	struct block_export export;
	struct spawn_child worker, command;
	int control, signals;
	enum {
		SERVER_BEGINNING,
		SERVER_CONNECTED, /* as far as the worker has said */
		SERVER_HANDED, /* it has got another connection, and says how that goes */
		SERVER_WAITING, /* until the next attempt, at next_ms */
		SERVER_OVER, /* there will be no other connection */
	} state;
	int delay_ms;
	int64_t next_ms;
	bool ended; /* the worker has */
};

/* ---- the connection ------------------------------------------------------------------------- */

static void disconnect(struct server *s)
{
	vat_call_free(TAKE_PTR(s->sizing));
	block_connection_close(&s->connection);
	block_target_done(&s->target);
	client_close(TAKE_PTR(s->client));
}

static int connect_once(struct server *s)
{
	disconnect(s);
	s->cli->err = (struct err){};
	s->cli->may_dial = ref_is(s->uri);
	int r = client_open(s->cli, &s->client);
	if (r >= 0)
		r = block_target_find(s->client, s->uri, &s->target);
	if (r >= 0)
		r = block_connect(s->client, s->target.device, s->session, sizeof(s->session),
			&s->connection);
	return r;
}

/* Gives the worker what connect_once() has got. */
static void hand_over(struct server *s)
{
	struct block_connection *b = &s->connection;
	(void)block_connection_send(s->control, b->fd, b->epoch, b->epoch_len);
	b->fd = fd_close(b->fd);
}

static void on_size(void *user, const struct vat_error *err, struct vat_ptr_r results)
{
	struct server *s = user;
	if (err)
		return; /* it cannot tell, or is gone: that shows elsewhere */
	s->size = block_block_device_size_changed_results_get_size(
		block_block_device_size_changed_results_from(results));
	struct block_message m = {.type = BLOCK_RESIZE, .size = s->size};
	(void)block_message_send(s->control, &m, -EBADF);
	s->resized = true;
}

static void watch_size(struct server *s)
{
	struct block_block_device_size_changed_req q =
		block_block_device_size_changed(s->client->loop.vat, s->target.device);
	block_block_device_size_changed_params_set_known(q.params, s->size);
	vat_call_free(s->sizing);
	s->sizing = q.call;
	s->resized = false;
	vat_call_send(s->sizing, on_size, s);
}

static void on_session_ended(void *user, const struct vat_error *err, struct vat_ptr_r results)
{
	*(bool *)user = true;
}

/* The client of this session will not come back. Nobody waits long for that. */
static void end_session(struct server *s)
{
	struct client *c = s->client;
	bool done = false;
	if (!c || !s->target.device.cap)
		return;
	struct block_block_device_end_session_req q =
		block_block_device_end_session(c->loop.vat, s->target.device);
	block_block_device_end_session_params_set_id(
		q.params, (struct vat_data){s->session, sizeof(s->session)});
	vat_call_send(q.call, on_session_ended, &done);
	(void)client_wait(c, &done, END_SECONDS * UINT64_C(1000000));
	vat_call_free(q.call);
}

/* What every service answers to a reference that is void: see metac.capnp. */
static bool is_revoked(const struct err *e)
{
	return strstr(e->msg, "no such reference") != NULL;
}

static int64_t now_ms(void)
{
	struct timespec t;
	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * INT64_C(1000) + t.tv_nsec / 1000000;
}

/* The first attempt follows at once, further ones after longer and longer times, until a connection
 * has proved good. */
static void wait_to_connect(struct server *s, const char *why)
{
	s->state = SERVER_WAITING;
	s->next_ms = now_ms() + s->delay_ms;
	s->delay_ms = MIN(MAX(2 * s->delay_ms, (int)BACKOFF_FIRST_MS), (int)BACKOFF_MAX_MS);
	(void)sd_notifyf(0, "STATUS=waiting: %s", why);
}

static void give_up(struct server *s)
{
	s->state = SERVER_OVER;
	(void)block_word_send(s->control, BLOCK_OVER, EIO, s->cli->err.msg);
	if (s->command.pidfd >= 0)
		fprintf(stderr, "metac: block serve: %s: every request fails from now on\n",
			s->cli->err.msg);
}

static void connect_again(struct server *s)
{
	if (connect_once(s) >= 0) {
		s->state = SERVER_HANDED;
		hand_over(s);
	} else if (is_revoked(&s->cli->err)) {
		give_up(s);
	} else {
		wait_to_connect(s, s->cli->err.msg);
	}
}

/* ---- the worker ----------------------------------------------------------------------------- */

static int start_worker(struct server *s)
{
	int pair[2];
	char timeout[32];
	const struct options *o = &s->cli->opt;
	(void)snprintf(
		timeout, sizeof(timeout), "--timeout=%llu", (unsigned long long)o->timeout_s);
	const char *argv[] = {"metacd: nbd client", "--role=nbd-client", "--listen", timeout,
		o->read_only ? "--read-only" : NULL, NULL};
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return err_errno(&s->cli->err, -errno, "socket");
	const int fds[] = {pair[1], s->place.fd};
	int r = spawn_worker(argv, fds, ARRAY_SIZE(fds), &s->worker);
	fd_close(pair[1]);
	s->control = pair[0];
	return r < 0 ? err_errno(&s->cli->err, r, "start metacd-worker") : 0;
}

/* Until a message of that type, or one of a connection's end, comes (1), the worker has ended (0),
 * or the time is over. */
static int wait_for(
	struct server *s, enum block_message_type type, int seconds, struct block_message *ret)
{
	int attached = -EBADF;
	const time_t end = time(NULL) + seconds;
	for (;;) {
		struct pollfd p = {.fd = s->control, .events = POLLIN};
		int left = (int)MAX(end - time(NULL), (time_t)0);
		if (poll(&p, 1, left * 1000) <= 0)
			return -ETIMEDOUT;
		int r = block_message_recv(s->control, ret, &attached);
		fd_close(attached);
		if (r == 0 || (r < 0 && r != -EAGAIN))
			return 0;
		if (r == 1 && (ret->type == type || ret->type == BLOCK_REFUSED ||
				      ret->type == BLOCK_LOST_CONNECTION))
			return 1;
	}
}

static int wait_attached(struct server *s)
{
	struct err *err = &s->cli->err;
	struct block_message m = {};
	int r = wait_for(s, BLOCK_ATTACHED, ATTACH_SECONDS, &m);
	if (r < 0)
		return err_set(err, r, "no answer of the NBD server within %d s", ATTACH_SECONDS);
	if (r == 0)
		return err_set(err, -EIO, "the NBD worker did not start");
	if (m.type != BLOCK_ATTACHED)
		return err_set(err, -EIO, "%s", *m.text ? m.text : "the connection broke off");
	s->export = m.export;
	s->size = m.export.size;
	s->state = SERVER_CONNECTED;
	return 0;
}

/* What programs wrote is on the other host's disk when this says so. */
static int flush(struct server *s)
{
	struct block_message m = {};
	if (s->ended || block_word_send(s->control, BLOCK_FLUSH, 0, NULL) < 0)
		return 0;
	bool connected = s->state == SERVER_CONNECTED;
	int r = wait_for(s, BLOCK_FLUSHED, connected ? FLUSH_SECONDS : 1, &m);
	bool answered = r == 1 && m.type == BLOCK_FLUSHED;
	if (answered && !m.error)
		return 0;
	return err_set(&s->cli->err, -EIO,
		"what was written last may not be on the other host's disk: %s",
		answered ? strerror(m.error) : "the connection is lost");
}

static void on_message(struct server *s)
{
	struct block_message m = {};
	int attached = -EBADF;
	int r = block_message_recv(s->control, &m, &attached);
	fd_close(attached);
	if (r == 0 || (r < 0 && r != -EAGAIN)) {
		s->ended = true;
		return;
	}
	if (r != 1)
		return;
	switch (m.type) {
	case BLOCK_LOST_CONNECTION:
	case BLOCK_REFUSED:
		if (s->state != SERVER_OVER)
			wait_to_connect(s, m.text);
		break;
	case BLOCK_RECOVERED:
		s->state = SERVER_CONNECTED;
		s->delay_ms = 0;
		s->size = m.export.size;
		watch_size(s);
		(void)sd_notify(0, "STATUS=connected");
		break;
	default:
		break;
	}
}

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
		r = connect_once(s);
	if (r >= 0)
		r = start_worker(s);
	if (r < 0)
		return r;
	hand_over(s);
	r = wait_attached(s);
	if (r < 0)
		return r;
	watch_size(s);
	(void)sd_notify(0, "READY=1\nSTATUS=connected");
	return s->cli->n_args > 1 ? start_command(s) : print_ready(s);
}

/* ---- running -------------------------------------------------------------------------------- */

static void run_events(struct server *s)
{
	for (int i = 0; i < 64 && s->client; i++)
		if (sd_event_run(s->client->loop.event, 0) <= 0)
			break;
	if (s->resized && s->client)
		watch_size(s);
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
		int64_t left = MAX(s->next_ms - now_ms(), (int64_t)0);
		struct pollfd p[] = {
			{.fd = s->control, .events = POLLIN},
			{.fd = s->signals, .events = POLLIN},
			{.fd = s->client ? sd_event_get_fd(s->client->loop.event) : -1,
				.events = POLLIN},
			{.fd = s->command.pidfd, .events = POLLIN},
		};
		bool waiting = s->state == SERVER_WAITING;
		if (poll(p, ARRAY_SIZE(p), waiting ? (int)left : -1) < 0 && errno != EINTR)
			return;
		if (p[3].revents)
			return;
		if (p[1].revents)
			on_signal(s);
		if (p[0].revents)
			on_message(s);
		if (p[2].revents)
			run_events(s);
		if (s->state == SERVER_WAITING && now_ms() >= s->next_ms && !s->cli->signal)
			connect_again(s);
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
	int r = flush(s);
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
		end_session(s);
	disconnect(s);
	fd_close(s->signals);
	s->cli->err = why;
}

/* As --fork of qemu-nbd(8): returns when it is ready. */
static int serve_in_background(struct server *s)
{
	int report = -EBADF;
	if (s->cli->n_args > 1)
		return err_set(&s->cli->err, -EINVAL, "either --fork or a command");
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
