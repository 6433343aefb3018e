/* SPDX-License-Identifier: MIT */
/*
 * See user-mount.h.  The command forks: the child mounts, tells its parent how that went, and
 *stays. It is written like the command, as if calls blocked; while it waits for the other host it
 *looks after each attempt whether the worker is still there.
 *
 *	first connection --> worker attached --> parent told --> run:
 *	    LOST, REFUSED --> connect again, with back-off --> CONNECTION
 *	    "no such reference" --> OVER: all that is asked of the mount answers EIO
 *	    the worker has ended (unmounted) --> end
 */
#include "cli/user-mount.h"
#include "cli/background.h"
#include "core/mount-control.h"
#include "sys/spawn.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sodium.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>

enum { SESSION_SIZE = 32, ATTACH_SECONDS = 20, BACKOFF_FIRST_MS = 100, BACKOFF_MAX_MS = 2000 };

struct keeper {
	struct cli *cli;
	const char *uri;
	struct user_mount mount;
	uint8_t session[SESSION_SIZE];
	struct client *client;
	struct stream_connection_c end;
	struct spawn_child worker;
	int control, state_fd;
	bool mounted; /* and somebody has to unmount it */
	bool ended; /* the worker has */
};

/* ---- telling -------------------------------------------------------------------------------- */

static void set_state(struct keeper *k, const char *state, const char *error)
{
	const size_t room = sizeof(k->mount.error) - 1;
	(void)snprintf(k->mount.state, sizeof(k->mount.state), "%s", state);
	(void)snprintf(k->mount.error, room + 1, "%.*s", (int)room, error ?: "");
	k->mount.since = time(NULL);
	(void)user_state_write(k->state_fd, &k->mount);
}

/* ---- connecting ----------------------------------------------------------------------------- */

static void disconnect(struct keeper *k)
{
	stream_connection_unref(k->end);
	k->end = (struct stream_connection_c){};
	client_close(TAKE_PTR(k->client));
}

static int open_stream(struct keeper *k, struct fs_filesystem_c fs, int *ret_fd)
{
	struct client *c = k->client;
	struct fs_filesystem_v9fs_stream_req q = fs_filesystem_v9fs_stream(c->loop.vat, fs);
	struct fs_session_b s = fs_filesystem_v9fs_stream_params_init_session(q.params);
	fs_session_set_id(s, (struct vat_data){k->session, sizeof(k->session)});
	struct stream_stream_c stream = fs_filesystem_v9fs_stream_pipe_stream(q.call);
	client_pipeline(q.call);
	int r = client_open_stream(c, stream.cap, ret_fd, &k->end);
	stream_stream_unref(stream);
	return r;
}

/* A connection of the same session; *ret_fd is the caller's. */
static int connect_once(struct keeper *k, int *ret_fd)
{
	struct fs_filesystem_c fs = {};
	disconnect(k);
	k->cli->err = (struct err){};
	int r = client_open(k->cli, &k->client);
	if (r >= 0)
		r = client_filesystem(k->client, k->uri, &fs);
	if (r >= 0)
		r = open_stream(k, fs, ret_fd);
	fs_filesystem_unref(fs);
	return r;
}

/* What every service answers to a reference that is void: see metac.capnp. */
static bool is_revoked(const struct err *e)
{
	return strstr(e->msg, "no such reference") != NULL;
}

/* True when the worker has ended within that time. */
static bool worker_ends(struct keeper *k, int timeout_ms)
{
	struct pollfd p = {.fd = k->worker.pidfd, .events = POLLIN};
	k->ended |= poll(&p, 1, timeout_ms) > 0;
	return k->ended;
}

/* Questions that must not wait for the connection. */
static void answer_questions(struct keeper *k)
{
	struct mount_message m = {};
	int fd = -EBADF;
	while (mount_message_recv(k->control, &m, &fd) == 1) {
		fd_close(fd);
		if (m.type == MOUNT_KILLED)
			(void)mount_killed_answer(k->control, &m);
	}
}

/* The worker has lost its connection: gets it another. */
static void connect_again(struct keeper *k, const char *why)
{
	int delay = BACKOFF_FIRST_MS, fd = -EBADF;
	set_state(k, "waiting", why);
	while (!k->cli->signal && !worker_ends(k, 0)) {
		if (connect_once(k, &fd) >= 0) {
			(void)mount_connection_send(k->control, fd);
			fd_close(fd);
			return;
		}
		if (is_revoked(&k->cli->err)) {
			set_state(k, "revoked", k->cli->err.msg);
			(void)mount_word_send(k->control, MOUNT_OVER, EIO, k->cli->err.msg);
			return;
		}
		set_state(k, "waiting", k->cli->err.msg);
		answer_questions(k);
		if (worker_ends(k, delay))
			return;
		answer_questions(k);
		delay = MIN(2 * delay, (int)BACKOFF_MAX_MS);
	}
}

/* ---- the worker ----------------------------------------------------------------------------- */

static const char *map_word(char buf[static 64], const char *what, const struct id_map *m)
{
	(void)snprintf(buf, 64, "--map-%s=%u:%u:%u", what, m->local, m->remote, m->count);
	return buf;
}

static int start_worker(struct keeper *k, int fuse_fd)
{
	int pair[2];
	char timeout[32];
	(void)snprintf(timeout, sizeof(timeout), "--timeout=%llu",
		(unsigned long long)k->cli->opt.timeout_s);
	const struct options *opt = &k->cli->opt;
	char maps[2 * OPT_MAPS_MAX][64];
	const char *argv[2 * OPT_MAPS_MAX + 5] = {"metacd: mount", "--role=9p-mount", timeout};
	size_t n = 3, n_maps = 0;
	if (opt->read_only)
		argv[n++] = "--read-only";
	for (size_t i = 0; i < opt->n_map_users; i++)
		argv[n++] = map_word(maps[n_maps++], "user", &opt->map_users[i]);
	for (size_t i = 0; i < opt->n_map_groups; i++)
		argv[n++] = map_word(maps[n_maps++], "group", &opt->map_groups[i]);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return err_errno(&k->cli->err, -errno, "socket");
	const int fds[] = {pair[1], fuse_fd};
	int r = spawn_worker(argv, fds, ARRAY_SIZE(fds), &k->worker);
	fd_close(pair[1]);
	k->control = pair[0];
	return r < 0 ? err_errno(&k->cli->err, r, "start metacd-worker") : 0;
}

/* Its first word: that it has attached, or that it could not. */
static int wait_attached(struct keeper *k)
{
	struct mount_message m = {};
	int fd = -EBADF;
	struct pollfd p = {.fd = k->control, .events = POLLIN};
	if (poll(&p, 1, ATTACH_SECONDS * 1000) <= 0)
		return err_set(&k->cli->err, -ETIMEDOUT, "no answer to the 9P session within %d s",
			ATTACH_SECONDS);
	int r = mount_message_recv(k->control, &m, &fd);
	fd_close(fd);
	if (r == 1 && m.type == MOUNT_ATTACHED)
		return 0;
	if (r == 1 && *m.text)
		return err_set(&k->cli->err, -EIO, "%s", m.text);
	return err_set(&k->cli->err, -EIO, "the mount worker did not start");
}

static int begin(struct keeper *k)
{
	AUTO_CLOSE int conn = -EBADF;
	AUTO_CLOSE int fuse = -EBADF;
	int r = connect_once(k, &conn);
	if (r < 0)
		return r;
	fuse = user_fuse_mount(k->mount.path, "metac", k->cli->opt.read_only, &k->cli->err);
	if (fuse < 0)
		return err_wrap(&k->cli->err, fuse, "mount %s", k->mount.path);
	k->mounted = true;
	r = start_worker(k, fuse);
	fuse = fd_close(fuse);
	if (r >= 0)
		r = mount_connection_send(k->control, conn);
	if (r >= 0)
		r = wait_attached(k);
	return r;
}

/* ---- keeping -------------------------------------------------------------------------------- */

static void on_message(struct keeper *k)
{
	struct mount_message m = {};
	int fd = -EBADF;
	int r = mount_message_recv(k->control, &m, &fd);
	fd_close(fd);
	if (r == 0 || (r < 0 && r != -EAGAIN)) {
		k->ended = true;
		return;
	}
	if (r != 1)
		return;
	switch (m.type) {
	case MOUNT_KILLED:
		(void)mount_killed_answer(k->control, &m);
		break;
	case MOUNT_LOST_CONNECTION:
	case MOUNT_REFUSED:
		connect_again(k, m.text);
		break;
	case MOUNT_RECOVERED:
		set_state(k, "connected", NULL);
		break;
	default:
		break;
	}
}

static void run_events(struct keeper *k)
{
	for (int i = 0; i < 64 && k->client; i++)
		if (sd_event_run(k->client->loop.event, 0) <= 0)
			return;
}

static void keep(struct keeper *k)
{
	while (!k->ended && !k->cli->signal) {
		struct pollfd p[] = {
			{.fd = k->worker.pidfd, .events = POLLIN},
			{.fd = k->control, .events = POLLIN},
			{.fd = k->client ? sd_event_get_fd(k->client->loop.event) : -1,
				.events = POLLIN},
		};
		if (poll(p, ARRAY_SIZE(p), -1) < 0 && errno != EINTR)
			return;
		if (p[1].revents)
			on_message(k);
		if (p[2].revents)
			run_events(k);
		k->ended |= p[0].revents != 0;
	}
}

static void finish(struct keeper *k)
{
	struct err e = {};
	if (k->mounted && !k->ended) /* told to end, or not begun well */
		(void)user_fuse_umount(k->mount.path, true, &e);
	user_state_remove(k->mount.path);
	disconnect(k);
	fd_close(k->control);
	if (k->worker.pidfd >= 0) {
		(void)spawn_kill(&k->worker, SIGTERM);
		(void)spawn_wait(&k->worker);
	}
}

__attribute__((noreturn)) static void run_keeper(struct keeper *k, int report)
{
	int r = begin(k);
	struct err said = r < 0 ? k->cli->err : (struct err){};
	if (r >= 0)
		set_state(k, "connected", NULL);
	if (background_report(report, &said) < 0)
		r = -EPIPE;
	if (r >= 0)
		keep(k);
	finish(k);
	_exit(r < 0);
}

int user_mount(struct cli *cli, const char *uri, const char *path)
{
	struct keeper k = {.cli = cli, .uri = uri, .control = -EBADF, .worker.pidfd = -EBADF};
	int report = -EBADF;
	if (!ref_is(uri))
		return err_set(&cli->err, -EINVAL,
			"local: needs a node that this user may use (see mount --bind)");
	(void)snprintf(k.mount.path, sizeof(k.mount.path), "%s", path);
	ref_mask(uri, k.mount.source, sizeof(k.mount.source));
	randombytes_buf(k.session, sizeof(k.session));
	k.state_fd = user_state_open(path, &cli->err);
	if (k.state_fd < 0)
		return k.state_fd;
	int r = background_fork(&report, &cli->err);
	if (!r) {
		k.mount.pid = getpid();
		run_keeper(&k, report);
	}
	fd_close(k.state_fd);
	return MIN(r, 0);
}
