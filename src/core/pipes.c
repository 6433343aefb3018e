/* SPDX-License-Identifier: MIT */
/*
 * Theory of operation: pipes.h.
 *
 *	           sent            ENDED
 *	QUEUED ----------> RUNNING ----------> ENDED   (the owner is told)
 *	   |                  | freed
 *	   | freed            v      ENDED
 *	   +--> gone       CUTTING ----------> gone
 *
 * What the pump does not take at once waits in `queue`, in order.  A pair keeps its number until
 *the pump says that it has ended, also after its owner has let go of it.
 */
#include "core/pipes.h"
#include "base/list.h"
#include "base/log.h"
#include "core/pump-control.h"
#include "sys/spawn.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>

enum state { QUEUED, RUNNING, CUTTING, ENDED };

struct pipe_pair {
	struct pipes *pipes;
	struct list link; /* in queue: something is to be said */
	uint32_t id;
	enum state state;
	int fds[2]; /* copies, while queued */
	pipe_ended ended;
	void *user;
};

struct pipes {
	sd_event *event;
	int control; /* -EBADF: there is no pump */
	sd_event_source *control_src, *child_src;
	struct pipe_pair **pairs; /* by id */
	uint32_t n_slots, n_pairs, max;
	uint32_t next; /* where to look for a free id */
	struct list queue;
};

struct pipes *pipes_new(sd_event *event)
{
	struct rlimit limit;
	struct pipes *p = calloc(1, sizeof(*p));
	if (!p)
		return NULL;
	*p = (struct pipes){.event = event, .control = -EBADF, .max = PIPES_MAX};
	if (!getrlimit(RLIMIT_NOFILE, &limit) &&
		limit.rlim_max < 2 * PIPES_MAX + PIPES_FDS_RESERVED)
		p->max = (uint32_t)(MAX(limit.rlim_max, (rlim_t)PIPES_FDS_RESERVED + 2) -
				    PIPES_FDS_RESERVED) /
			 2;
	list_init(&p->queue);
	return p;
}

unsigned pipes_count(const struct pipes *p)
{
	return p->n_pairs;
}

/* ---- pairs --------------------------------------------------------------------------------- */

/* It has no number any more. */
static void unnumber(struct pipe_pair *pair)
{
	struct pipes *p = pair->pipes;
	list_unlink(&pair->link);
	pair->fds[0] = fd_close(pair->fds[0]);
	pair->fds[1] = fd_close(pair->fds[1]);
	p->pairs[pair->id] = NULL;
	p->n_pairs--;
	p->next = MIN(p->next, pair->id);
}

static void pair_ended(struct pipe_pair *pair, const struct err *e)
{
	bool owned = pair->state != CUTTING;
	unnumber(pair);
	pair->state = ENDED;
	if (owned)
		pair->ended(pair->user, e);
	else
		free(pair);
}

static int number(struct pipes *p, struct pipe_pair *pair)
{
	if (p->n_pairs >= p->max)
		return -EDQUOT;
	while (p->next < p->n_slots && p->pairs[p->next])
		p->next++;
	if (p->next == p->n_slots) {
		uint32_t n = MAX(2 * p->n_slots, 64U);
		struct pipe_pair **grown = reallocarray(p->pairs, n, sizeof(pair));
		if (!grown)
			return -ENOMEM;
		memset(grown + p->n_slots, 0, (n - p->n_slots) * sizeof(pair));
		p->pairs = grown;
		p->n_slots = n;
	}
	pair->id = p->next++;
	p->pairs[pair->id] = pair;
	p->n_pairs++;
	return 0;
}

/* ---- the pump ------------------------------------------------------------------------------ */

/* It has died, or said what it never says: all its pairs have ended. */
static void drop_pump(struct pipes *p, const char *why)
{
	struct err e = {};
	struct list over;
	err_set(&e, -EIO, "the pump %s", why);
	log_error("%s: %u pairs with it", e.msg, p->n_pairs);
	p->control_src = sd_event_source_disable_unref(p->control_src);
	p->child_src = sd_event_source_disable_unref(p->child_src); /* kills and reaps */
	p->control = fd_close(p->control);
	/* First all, then their owners are told, who may begin something new. */
	list_init(&over);
	for (uint32_t i = 0; i < p->n_slots; i++) {
		struct pipe_pair *pair = p->pairs[i];
		if (!pair)
			continue;
		unnumber(pair);
		if (pair->state == CUTTING) {
			free(pair);
			continue;
		}
		pair->state = ENDED;
		list_append(&over, &pair->link);
	}
	for (struct list *it; (it = list_pop(&over));) {
		struct pipe_pair *pair = list_entry(it, struct pipe_pair, link);
		pair->ended(pair->user, &e);
	}
}

/* As much of the queue as it takes. */
static int say(struct pipes *p)
{
	int r = 0;
	while (!list_empty(&p->queue)) {
		struct pipe_pair *pair = list_entry(p->queue.next, struct pipe_pair, link);
		bool adds = pair->state == QUEUED;
		const struct pump_message m = {.type = adds ? PUMP_ADD : PUMP_CUT, .id = pair->id};
		r = pump_message_send(p->control, &m, adds ? pair->fds : NULL);
		if (r < 0)
			break;
		list_unlink(&pair->link);
		pair->fds[0] = fd_close(pair->fds[0]);
		pair->fds[1] = fd_close(pair->fds[1]);
		if (adds)
			pair->state = RUNNING;
	}
	(void)sd_event_source_set_io_events(
		p->control_src, EPOLLIN | (list_empty(&p->queue) ? 0 : EPOLLOUT));
	/* -ETOOMANYREFS: so many descriptors are on their way */
	return r == -EAGAIN || r == -ETOOMANYREFS || r == -EINTR ? 0 : r;
}

static int hear(struct pipes *p)
{
	struct pump_message m;
	int fds[2];
	int r;
	while ((r = pump_message_recv(p->control, &m, fds)) == 1) {
		struct pipe_pair *pair = m.id < p->n_slots ? p->pairs[m.id] : NULL;
		struct err e = {};
		if (m.type != PUMP_ENDED || !pair || pair->state == QUEUED) {
			fd_close(fds[0]);
			fd_close(fds[1]);
			return -EPROTO;
		}
		if (m.error)
			err_set(&e, -m.error, "%s", strerror(m.error));
		pair_ended(pair, &e);
	}
	return r == -EAGAIN ? 0 : -EPIPE;
}

static int on_control(sd_event_source *source, int fd, uint32_t revents, void *user)
{
	struct pipes *p = user;
	int r = hear(p);
	if (r >= 0)
		r = say(p);
	if (r < 0)
		drop_pump(p, r == -EPROTO ? "talks nonsense" : "has ended");
	return 0;
}

/* Its end is told by its control socket. */
static int on_exit_(sd_event_source *source, const siginfo_t *si, void *user)
{
	return 0;
}

static int start_pump(struct pipes *p)
{
	static const char *const argv[] = {"metacd: pump", "--role=pump", NULL};
	struct spawn_child child = {.pidfd = -EBADF};
	int pair[2];
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) < 0)
		return -errno;
	AUTO_CLOSE int ours = pair[0];
	int r = spawn_worker(argv, &pair[1], 1, &child);
	fd_close(pair[1]);
	if (r < 0)
		return r;
	r = sd_event_add_child_pidfd(p->event, &p->child_src, child.pidfd, WEXITED, on_exit_, p);
	if (r < 0) {
		spawn_kill(&child, SIGKILL);
		spawn_wait(&child);
		return r;
	}
	sd_event_source_set_child_pidfd_own(p->child_src, true);
	sd_event_source_set_child_process_own(p->child_src, true);
	r = sd_event_add_io(p->event, &p->control_src, ours, EPOLLIN, on_control, p);
	if (r < 0)
		p->child_src = sd_event_source_disable_unref(p->child_src);
	else
		p->control = TAKE_FD(ours);
	return r < 0 ? r : 0;
}

/* ---- what owners do ------------------------------------------------------------------------ */

static int add(struct pipes *p, struct pipe_pair *pair, int a, int b)
{
	pair->fds[0] = fcntl(a, F_DUPFD_CLOEXEC, 3);
	pair->fds[1] = fcntl(b, F_DUPFD_CLOEXEC, 3);
	int r = pair->fds[0] < 0 || pair->fds[1] < 0 ? -errno : 0;
	if (r >= 0 && p->control < 0)
		r = start_pump(p);
	if (r >= 0)
		r = number(p, pair);
	if (r < 0)
		return r;
	list_append(&p->queue, &pair->link);
	r = say(p);
	if (r < 0) {
		/* Others are told from the event loop, which hears of it too. */
		unnumber(pair);
		return r;
	}
	return 0;
}

int pipes_add(struct pipes *p, int a, int b, pipe_ended ended, void *user, struct pipe_pair **ret,
	struct err *e)
{
	struct pipe_pair *pair = calloc(1, sizeof(*pair));
	if (!pair)
		return err_errno(e, -ENOMEM, "pipe");
	*pair = (struct pipe_pair){
		.pipes = p, .fds = {-EBADF, -EBADF}, .ended = ended, .user = user};
	list_init(&pair->link);
	int r = add(p, pair, a, b);
	if (r < 0) {
		fd_close(pair->fds[0]);
		fd_close(pair->fds[1]);
		free(pair);
		return r == -EDQUOT ? err_set(e, r, "too many pipes (limit %u)", p->max)
				    : err_errno(e, r, "pipe");
	}
	*ret = pair;
	return 0;
}

void pipe_pair_free(struct pipe_pair *pair)
{
	if (!pair)
		return;
	list_unlink(&pair->link);
	if (pair->state == QUEUED)
		unnumber(pair);
	if (pair->state != RUNNING) {
		free(pair);
		return;
	}
	pair->state = CUTTING;
	list_append(&pair->pipes->queue, &pair->link);
	(void)say(pair->pipes); /* a failure is heard by the event loop */
}

void pipes_free(struct pipes *p)
{
	if (!p)
		return;
	sd_event_source_disable_unref(p->control_src);
	sd_event_source_disable_unref(p->child_src);
	fd_close(p->control);
	for (uint32_t i = 0; i < p->n_slots; i++) {
		if (!p->pairs[i])
			continue;
		assert(p->pairs[i]->state == CUTTING);
		free(p->pairs[i]);
	}
	free(p->pairs);
	free(p);
}
