/* SPDX-License-Identifier: MIT */
/* Theory of operation: worker.h. */
#include "svc/fs/worker.h"
#include "loop/link.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sodium.h>
#include <sys/socket.h>
#include <time.h>

int session_id_set(
	struct session_id *ret, const char *of, struct vat_data id, struct vat_text client)
{
	unsigned char hash[(SESSION_NAME_SIZE - 1) / 2];
	*ret = (struct session_id){};
	/* A stranger's words, shown to administrators. */
	size_t n = MIN(client.len, (uint32_t)SESSION_CLIENT_MAX);
	for (size_t i = 0; i < n; i++)
		ret->client[i] = client.s[i] > ' ' && client.s[i] < 0x7f ? client.s[i] : '?';
	if (!id.len)
		return 0;
	if (id.len < SESSION_ID_MIN || id.len > SESSION_ID_MAX)
		return -EINVAL;
	crypto_generichash_state st;
	crypto_generichash_init(&st, NULL, 0, sizeof(hash));
	crypto_generichash_update(&st, (const unsigned char *)of, strlen(of) + 1);
	crypto_generichash_update(&st, id.p, id.len);
	crypto_generichash_final(&st, hash, sizeof(hash));
	sodium_bin2hex(ret->name, sizeof(ret->name), hash, sizeof(hash));
	return 0;
}

void workers_init(struct workers *ws, sd_event *event)
{
	*ws = (struct workers){.event = event};
	list_init(&ws->list);
}

static void let_go(struct worker *w)
{
	list_unlink(&w->link);
	w->workers->n--;
	w->src = sd_event_source_disable_unref(w->src);
	w->pidfd = fd_close(w->pidfd);
	w->ended(w);
}

void workers_done(struct workers *ws)
{
	while (!list_empty(&ws->list))
		let_go(list_entry(ws->list.next, struct worker, link));
}

static int on_end(sd_event_source *source, int fd, uint32_t revents, void *user)
{
	let_go(user);
	return 0;
}

static void peer_of(int conn, char *ret, size_t size)
{
	struct sockaddr_storage sa = {};
	socklen_t len = sizeof(sa);
	if (getpeername(conn, (struct sockaddr *)&sa, &len) < 0 ||
		addr_format(&sa, ret, size, NULL) < 0)
		*ret = 0;
}

int worker_add(struct workers *ws, struct worker *w, const struct spawn_child *child, int conn)
{
	AUTO_CLOSE int pidfd = fcntl(child->pidfd, F_DUPFD_CLOEXEC, 3);
	if (pidfd < 0)
		return -errno;
	int r = sd_event_add_io(ws->event, &w->src, pidfd, EPOLLIN, on_end, w);
	if (r < 0)
		return r;
	w->workers = ws;
	w->pidfd = TAKE_FD(pidfd);
	w->since = time(NULL);
	peer_of(conn, w->address, sizeof(w->address));
	list_append(&ws->list, &w->link);
	ws->n++;
	return 0;
}

struct worker *worker_find(struct workers *ws, const struct session_id *s)
{
	if (!*s->name)
		return NULL;
	list_for_each (it, &ws->list) {
		struct worker *w = list_entry(it, struct worker, link);
		if (!strcmp(w->session.name, s->name))
			return w;
	}
	return NULL;
}

void worker_kill(struct worker *w)
{
	(void)spawn_kill(&(struct spawn_child){.pidfd = w->pidfd}, SIGKILL);
}

int worker_before(struct workers *ws, const struct session_id *s)
{
	for (struct worker *w; (w = worker_find(ws, s));) {
		struct pollfd p = {.fd = w->pidfd, .events = POLLIN};
		worker_kill(w);
		if (poll(&p, 1, 0) != 1)
			return w->pidfd;
		let_go(w); /* nobody has told us yet */
	}
	return -EBADF;
}
