/* SPDX-License-Identifier: MIT */
/*
 * The connection of `metac block serve' to the other host: made as if calls blocked, first for the
 * command to begin, then each time it was lost, with back-off until one has proved good.
 */
#include "cli/serve.h"

#include <stdio.h>
#include <systemd/sd-daemon.h>
#include <time.h>

enum { HANDED_SECONDS = 20, PROVEN_MS = 5000, BACKOFF_FIRST_MS = 100, BACKOFF_MAX_MS = 2000 };

void serve_disconnect(struct server *s)
{
	vat_call_free(TAKE_PTR(s->sizing));
	s->resized_ms = 0;
	block_connection_close(&s->connection);
	block_target_done(&s->target);
	client_close(TAKE_PTR(s->client));
}

int serve_connect(struct server *s)
{
	serve_disconnect(s);
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

/* Gives the worker what serve_connect() has got. */
void serve_hand_over(struct server *s)
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
	uint64_t size = block_block_device_size_changed_results_get_size(
		block_block_device_size_changed_results_from(results));
	if (size > INT64_MAX)
		return; /* and is not asked any more */
	s->size = size;
	struct block_message m = {.type = BLOCK_RESIZE, .size = s->size};
	(void)block_message_send(s->control, &m, -EBADF);
	s->resized_ms = serve_now_ms();
}

void serve_watch_size(struct server *s)
{
	struct block_block_device_size_changed_req q =
		block_block_device_size_changed(s->client->loop.vat, s->target.device);
	block_block_device_size_changed_params_set_known(q.params, s->size);
	vat_call_free(s->sizing);
	s->sizing = q.call;
	s->resized_ms = 0;
	vat_call_send(s->sizing, on_size, s);
}

/* The client of this session will not come back. Nobody waits long for that. */
void serve_end_session(struct server *s)
{
	struct client *c = s->client;
	if (c && s->target.device.cap)
		block_end_session(c, s->target.device, s->session, sizeof(s->session));
}

int64_t serve_now_ms(void)
{
	struct timespec t;
	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * INT64_C(1000) + t.tv_nsec / 1000000;
}

/* The first attempt follows at once, further ones after longer and longer times, until a connection
 * has proved good. */
void serve_wait_to_connect(struct server *s, const char *why)
{
	int64_t now = serve_now_ms();
	if (s->state == SERVER_CONNECTED && now - s->connected_ms > PROVEN_MS)
		s->delay_ms = 0;
	s->state = SERVER_WAITING;
	s->next_ms = now + s->delay_ms;
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

void serve_connect_again(struct server *s)
{
	if (serve_connect(s) >= 0) {
		s->state = SERVER_HANDED;
		s->next_ms = serve_now_ms() + HANDED_SECONDS * 1000;
		serve_hand_over(s);
	} else if (block_is_revoked(&s->cli->err)) {
		give_up(s);
	} else {
		serve_wait_to_connect(s, s->cli->err.msg);
	}
}
