/* SPDX-License-Identifier: MIT */
/*
 * Theory of operation: the keeper's words are taken in one by one, and obeyed.  What it is told
 * goes out at once or, if it does not read, not at all: it hears of the next thing that happens.
 */
#include "base/log.h"
#include "svc/block/client/client.h"

#include <sys/epoll.h>

void client_words_say(struct client *c, enum block_message_type type, int error, const char *text)
{
	if (c->control.fd < 0)
		return;
	int r = block_word_send(c->control.fd, type, error, text);
	if (r < 0)
		log_debug("control: %s", strerror(-r));
}

void client_words_say_export(struct client *c, enum block_message_type type)
{
	struct block_message m = {.type = type, .export = client_export(c)};
	m.size = m.export.size;
	if (c->control.fd < 0)
		return;
	int r = block_message_send(c->control.fd, &m, -EBADF);
	if (r < 0)
		log_debug("control: %s", strerror(-r));
}

static void say_stats(struct client *c)
{
	struct block_message m = {.type = BLOCK_STATS, .stats = c->stats};
	m.stats.waiting = nbd_client_pending(c->core);
	m.stats.retained = nbd_client_retained(c->core);
	if (c->front && c->front->ops->clients)
		m.stats.clients = c->front->ops->clients(c->front);
	(void)block_message_send(c->control.fd, &m, -EBADF);
}

/* ---- FLUSH ---- */

static void flush(struct client *c);

static void on_flushed(struct nbd_op *op, int error)
{
	struct client *c = op->user;
	bool again = c->flush_again, told = c->flush_told;
	c->flushing = c->flush_again = c->flush_told = false;
	/* A server may tell of what it could not write once, and whoever wrote it has not heard. */
	if (error)
		c->flush_error = error;
	if (told)
		client_words_say(c, BLOCK_FLUSHED, -error, error ? strerror(-error) : NULL);
	if (again)
		flush(c);
}

/* 0: it is under way. */
static int begin_flush(struct client *c, bool told)
{
	c->flush_told = told;
	c->flush = (struct nbd_op){.type = NBD_CMD_FLUSH, .done = on_flushed, .user = c};
	int r = client_submit(c, &c->flush);
	c->flushing = r == 0;
	return r;
}

/* Whoever asks while one is under way gets the next: the one under way may have begun before what
 * he means was written. */
static void flush(struct client *c)
{
	if (c->flushing) {
		c->flush_again = true;
		return;
	}
	int r = begin_flush(c, true);
	/* A server without it has nothing that could be flushed. */
	if (r == -EOPNOTSUPP || r == -EROFS)
		client_words_say(c, BLOCK_FLUSHED, 0, NULL);
	else if (r < 0)
		client_words_say(c, BLOCK_FLUSHED, -r, strerror(-r));
}

bool client_words_flush(struct client *c)
{
	return !c->flushing && nbd_client_is_ready(c->core) && begin_flush(c, false) == 0;
}

/* ---- taking in ---- */

static void keeper_is_gone(struct client *c, int r)
{
	log_debug("control: %s", r ? strerror(-r) : "the keeper is gone");
	int fd = c->control.fd;
	watch_remove(&c->control);
	fd_close(fd);
	if (!c->front || c->front->ops->ends_with_keeper)
		client_end(c, 0); /* --negotiate, --listen: for nobody any more */
	else if (c->conn.fd < 0)
		client_link_over(c, -EIO);
}

static void handle(struct client *c, const struct block_message *m, int takes_fd)
{
	switch ((enum block_message_type)m->type) {
	case BLOCK_CONNECTION:
		client_link_connect(c, takes_fd, m->epoch, m->epoch_len);
		return;
	case BLOCK_OVER:
		client_link_over(c, m->error ? -m->error : -EIO);
		break;
	case BLOCK_RESIZE:
		client_link_resize(c, m->size);
		break;
	case BLOCK_FLUSH:
		flush(c);
		break;
	case BLOCK_STATS:
		say_stats(c);
		break;
	case BLOCK_ATTACHED:
	case BLOCK_LOST_CONNECTION:
	case BLOCK_RECOVERED:
	case BLOCK_REFUSED:
	case BLOCK_FLUSHED:
		break; /* not for the keeper to say */
	}
	fd_close(takes_fd);
}

static void on_control(struct watch *w, uint32_t revents)
{
	struct client *c = container_of(w, struct client, control);
	struct block_message m;
	while (!c->ended && w->fd >= 0) {
		int fd, r = block_message_recv(w->fd, &m, &fd);
		if (r == -EAGAIN)
			return;
		if (r <= 0) {
			keeper_is_gone(c, r);
			return;
		}
		handle(c, &m, fd);
	}
}

int client_words_init(struct client *c)
{
	return watch_add(&c->loop, &c->control, BLOCK_FD_CONTROL, EPOLLIN, on_control);
}
