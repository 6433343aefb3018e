/* SPDX-License-Identifier: MIT */
/*
 * See remote.h.  The connection consists of three things that live and die together: the connection
 * to the node with the capabilities (struct client), the stream's socket, and the 9P client core.
 * While it is being made anew, nothing else goes on: there is nothing else to do.
 */
#include "cli/remote.h"
#include "cli/uri.h"

#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <time.h>

enum { TICK_MS = 100, RETRY_FIRST_MS = 100, RETRY_MAX_MS = 2000, HANDSHAKE_SECONDS = 20 };

struct remote {
	struct cli *cli;
	struct fibers *fibers;
	char *uri; /* NULL: adopted */
	char path[CLIENT_PATH_MAX];

	struct client *client;
	struct stream_connection_c end;
	int fd;
	struct p9_client *p9;
	uint64_t epoch;
	uint32_t root;
	bool down; /* no connection right now */
	bool stopped; /* nothing is wanted any more */
	bool given_up;
	unsigned n_patient; /* requests that may take for ever: Tevents */
	int64_t heard_ms; /* when the other side last did something */
	struct fiber_gate changed; /* output was taken, or the connection came back */
};

static int64_t now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* ---- bytes --------------------------------------------------------------------------------- */

static bool output_waits(const struct remote *r)
{
	const void *p;
	size_t n;
	p9_client_output(r->p9, &p, &n);
	return n > 0;
}

static int send_output(struct remote *r)
{
	const void *p;
	size_t n;
	bool progress = false;
	for (p9_client_output(r->p9, &p, &n); n; p9_client_output(r->p9, &p, &n)) {
		ssize_t k = send(r->fd, p, n, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (k < 0 && errno == EAGAIN)
			break;
		if (k < 0 && errno != EINTR)
			return -errno;
		if (k > 0)
			p9_client_output_done(r->p9, (size_t)k);
		progress |= k > 0;
	}
	if (progress) {
		r->heard_ms = now_ms();
		fiber_gate_open(&r->changed);
	}
	return 0;
}

static int receive_input(struct remote *r)
{
	for (int i = 0; i < 8; i++) {
		void *p;
		size_t room;
		p9_client_input_buffer(r->p9, &p, &room);
		ssize_t k = recv(r->fd, p, room, MSG_DONTWAIT);
		if (k < 0 && (errno == EAGAIN || errno == EINTR))
			return 0;
		if (k <= 0)
			return k < 0 ? -errno : -ECONNRESET;
		r->heard_ms = now_ms();
		int e = p9_client_input(r->p9, (size_t)k);
		if (e < 0 || (size_t)k < room)
			return MIN(e, 0);
	}
	return 0;
}

/* ---- connecting ---------------------------------------------------------------------------- */

struct answer {
	bool done;
	int error;
};

static void on_answer(void *user, int error, const struct p9_msg *reply)
{
	struct answer *a = user;
	a->done = true;
	a->error = error;
}

/* Outside fibers, while nothing else uses the connection. */
static int wait_answer(struct remote *r, struct answer *a)
{
	int64_t end = now_ms() + HANDSHAKE_SECONDS * 1000;
	while (!a->done) {
		int e = send_output(r);
		struct pollfd p = {
			.fd = r->fd, .events = (short)(POLLIN | (output_waits(r) ? POLLOUT : 0))};
		int64_t left = end - now_ms();
		if (e >= 0 && left <= 0)
			e = -ETIMEDOUT;
		if (e >= 0 && poll(&p, 1, (int)left) < 0 && errno != EINTR)
			e = -errno;
		if (e >= 0 && p.revents)
			e = receive_input(r);
		if (e < 0) {
			p9_client_fail(r->p9, -ENOTCONN);
			return e;
		}
	}
	return a->error;
}

static int attach(struct remote *r)
{
	struct answer version = {}, attached = {};
	int e = p9_client_new(NULL, &r->p9);
	if (e >= 0)
		e = p9_client_start(r->p9, on_answer, &version);
	if (e >= 0)
		e = wait_answer(r, &version);
	if (e >= 0)
		e = p9_client_fid_new(r->p9, &r->root);
	struct p9_msg m = {.type = P9_Tattach,
		.tattach = {.fid = r->root,
			.afid = P9_NOFID,
			.uname = p9_str("root"),
			.aname = p9_str(""),
			.n_uname = geteuid()}};
	if (e >= 0)
		e = p9_client_request(r->p9, &m, on_answer, &attached);
	if (e >= 0)
		e = wait_answer(r, &attached);
	return e < 0 ? err_errno(&r->cli->err, e, "9P") : 0;
}

static void disconnect(struct remote *r)
{
	if (r->p9)
		p9_client_fail(r->p9, -ENOTCONN);
	r->down = true;
	r->fd = fd_close(r->fd);
	stream_connection_unref(r->end);
	r->end = (struct stream_connection_c){};
	client_close(TAKE_PTR(r->client));
}

static int open_stream(struct remote *r)
{
	struct fs_filesystem_c fs = {};
	int e = client_tree(r->client, r->uri, &fs, r->path);
	if (e < 0)
		return e;
	struct vat_call *q = fs_filesystem_v9fs_stream(r->client->loop.vat, fs).call;
	struct stream_stream_c stream = fs_filesystem_v9fs_stream_pipe_stream(q);
	client_pipeline(q);
	e = client_open_stream(r->client, stream.cap, &r->fd, &r->end);
	stream_stream_unref(stream);
	fs_filesystem_unref(fs);
	return e;
}

static int connect_now(struct remote *r)
{
	p9_client_free(TAKE_PTR(r->p9));
	r->cli->may_dial = ref_is(r->uri);
	int e = client_open(r->cli, &r->client);
	if (e >= 0)
		e = open_stream(r);
	if (e >= 0)
		e = attach(r);
	if (e < 0) {
		disconnect(r);
		return e;
	}
	r->epoch++;
	r->down = false;
	r->heard_ms = now_ms();
	return 0;
}

/* The connection is gone: gets another one, or gives up. */
static void connect_again(struct remote *r)
{
	int64_t end = now_ms() + REMOTE_PATIENCE_SECONDS * 1000;
	struct err before = r->cli->err, last = {};
	int delay = RETRY_FIRST_MS;
	disconnect(r);
	while (r->uri && !r->stopped && !r->cli->signal && connect_now(r) < 0 && now_ms() < end) {
		last = r->cli->err;
		r->cli->err = (struct err){};
		(void)poll(NULL, 0, delay);
		delay = MIN(2 * delay, (int)RETRY_MAX_MS);
	}
	r->cli->err = before;
	r->given_up = r->down;
	if (r->given_up && !before.code && !r->cli->signal)
		err_set(&r->cli->err, last.code ?: -ENOTCONN, "the connection was lost: %s",
			*last.msg ? last.msg : "no answer");
	fiber_gate_open(&r->changed);
}

int remote_open(struct cli *cli, const char *uri, struct fibers *s, struct remote **ret)
{
	struct remote *r = calloc(1, sizeof(*r));
	if (!r || !(r->uri = strdup(uri))) {
		free(r);
		return err_set(&cli->err, -ENOMEM, "out of memory");
	}
	r->cli = cli;
	r->fibers = s;
	r->fd = -EBADF;
	fiber_gate_init(&r->changed);
	int e = connect_now(r);
	if (e < 0) {
		remote_close(r);
		return e;
	}
	*ret = r;
	return 0;
}

int remote_adopt(
	struct cli *cli, int takes_fd, const char *path, struct fibers *s, struct remote **ret)
{
	struct remote *r = calloc(1, sizeof(*r));
	if (!r) {
		fd_close(takes_fd);
		return err_set(&cli->err, -ENOMEM, "out of memory");
	}
	r->cli = cli;
	r->fibers = s;
	r->fd = takes_fd;
	fiber_gate_init(&r->changed);
	(void)snprintf(r->path, sizeof(r->path), "%s", path);
	int e = attach(r);
	if (e < 0) {
		remote_close(r);
		return e;
	}
	r->epoch++;
	r->heard_ms = now_ms();
	*ret = r;
	return 0;
}

void remote_close(struct remote *r)
{
	if (!r)
		return;
	disconnect(r);
	p9_client_free(r->p9);
	if (r->uri)
		explicit_bzero(r->uri, strlen(r->uri));
	free(r->uri);
	free(r);
}

/* ---- requests ------------------------------------------------------------------------------ */

const char *remote_path(const struct remote *r)
{
	return r->path;
}

bool remote_metac(const struct remote *r)
{
	return r->p9 && p9_client_is_metac(r->p9);
}

uint64_t remote_epoch(const struct remote *r)
{
	return r->epoch;
}

uint32_t remote_root(const struct remote *r)
{
	return r->root;
}

uint32_t remote_payload(const struct remote *r)
{
	return r->p9 ? p9_client_payload_max(r->p9) : P9_MIN_MSIZE - P9_IO_HEADER;
}

uint32_t remote_openat_max(const struct remote *r)
{
	return r->p9 ? p9_client_openat_max(r->p9) : 0;
}

struct call {
	struct remote *remote;
	struct fiber *fiber;
	remote_take take;
	void *user;
	bool done;
	int result;
};

static void on_reply(void *user, int error, const struct p9_msg *reply)
{
	struct call *c = user;
	c->done = true;
	if (error)
		c->result = p9_client_failed(c->remote->p9) ? -ESHUTDOWN : error;
	else if (c->take)
		c->result = c->take(c->user, reply);
	fiber_wake(c->fiber);
}

/* 0, or why there will be no answer. Waits while there is no connection. */
static int usable(struct remote *r, uint64_t epoch)
{
	while (r->down && !r->given_up && !r->stopped)
		fiber_gate_wait(r->fibers, &r->changed);
	if (r->stopped)
		return -EINTR;
	return r->given_up ? -ENOTCONN : epoch != r->epoch ? -ESHUTDOWN : 0;
}

int remote_request(
	struct remote *r, uint64_t epoch, const struct p9_msg *m, remote_take take, void *user)
{
	struct call c = {.remote = r, .fiber = fiber_self(r->fibers), .take = take, .user = user};
	int e;
	for (;;) {
		e = usable(r, epoch);
		if (e >= 0 && p9_client_in_flight(r->p9) <= r->n_patient)
			r->heard_ms = now_ms();
		if (e >= 0)
			e = p9_client_request(r->p9, m, on_reply, &c);
		if (e != -EAGAIN || r->given_up)
			break;
		fiber_gate_wait(r->fibers, &r->changed);
	}
	if (e == -ENOTCONN && !r->given_up) { /* lost, but not noticed yet */
		r->down = true;
		return usable(r, epoch);
	}
	if (e < 0)
		return e;
	r->n_patient += m->type == P9_Tevents;
	while (!c.done)
		fiber_park(r->fibers);
	r->n_patient -= m->type == P9_Tevents;
	return c.result == -ESHUTDOWN && r->stopped ? -EINTR : c.result;
}

int remote_fid_new(struct remote *r, uint32_t *ret)
{
	int e = usable(r, r->epoch);
	if (e == -ESHUTDOWN) /* it came back meanwhile */
		e = 0;
	return e < 0 ? e : p9_client_fid_new(r->p9, ret);
}

void remote_fid_drop(struct remote *r, uint64_t epoch, uint32_t fid)
{
	if (epoch == r->epoch && r->p9)
		p9_client_fid_drop(r->p9, fid);
}

void remote_clunk(struct remote *r, uint64_t epoch, uint32_t fid)
{
	if (epoch == r->epoch && !r->down && r->p9 && !p9_client_failed(r->p9))
		p9_client_clunk(r->p9, fid);
}

/* ---- running ------------------------------------------------------------------------------- */

void remote_stop(struct remote *r)
{
	if (r->stopped)
		return;
	r->stopped = true;
	if (r->p9)
		p9_client_fail(r->p9, -ENOTCONN);
	fiber_gate_open(&r->changed);
}

/* What the capabilities' side has to do: signals come this way too. */
static void run_events(struct remote *r)
{
	for (int i = 0; i < 64 && r->client; i++)
		if (sd_event_run(r->client->loop.event, 0) <= 0)
			return;
}

static bool is_silent(const struct remote *r)
{
	return p9_client_in_flight(r->p9) && now_ms() - r->heard_ms > REMOTE_SILENCE_SECONDS * 1000;
}

static void serve(struct remote *r, short revents)
{
	int e = revents ? receive_input(r) : 0;
	if (e < 0 || p9_client_failed(r->p9) || is_silent(r))
		r->down = true;
}

/* Sends what there is, waits for something to happen, and takes it in. */
static void turn(struct remote **remotes, size_t n)
{
	struct pollfd p[8] = {};
	assert(2 * n <= ARRAY_SIZE(p));
	for (size_t i = 0; i < n; i++) {
		struct remote *r = remotes[i];
		p[2 * i].fd = p[2 * i + 1].fd = -1;
		if (r->down || r->stopped)
			continue;
		if (send_output(r) < 0)
			r->down = true;
		p[2 * i] = (struct pollfd){
			.fd = r->fd, .events = (short)(POLLIN | (output_waits(r) ? POLLOUT : 0))};
		if (r->client)
			p[2 * i + 1] = (struct pollfd){
				.fd = sd_event_get_fd(r->client->loop.event), .events = POLLIN};
	}
	if (poll(p, 2 * n, TICK_MS) < 0 && errno != EINTR)
		return;
	for (size_t i = 0; i < n; i++) {
		struct remote *r = remotes[i];
		if (p[2 * i + 1].revents)
			run_events(r);
		if (!r->down && !r->stopped)
			serve(r, p[2 * i].revents);
	}
}

void remotes_run(
	struct fibers *s, struct remote **remotes, size_t n, void (*tick)(void *user), void *user)
{
	while (fibers_run(s)) {
		for (size_t i = 0; i < n; i++) {
			struct remote *r = remotes[i];
			if (r->cli->signal)
				remote_stop(r);
			if (r->down && !r->given_up && !r->stopped)
				connect_again(r);
		}
		if (fibers_run(s))
			turn(remotes, n);
		tick(user);
	}
}
