/* SPDX-License-Identifier: MIT */
/*
 * chat-client ADDRESS NAME: says what is typed, prints what others say.
 *
 * Standard input is one more descriptor of the loop.  Leaving is dropping the seat.
 */
#include "chat.capnp.h"
#include "common.h"

#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

struct client {
	struct vat_loop *loop;
	struct chat_seat_c seat;
	struct vat_fd *input;
	char line[512];
	size_t len;
};

/* An object of ours that the room calls. */
static void hear(void *self, struct chat_listener_hear_ctx cx)
{
	struct chat_listener_hear_params_r p = chat_listener_hear_params(cx);
	(void)self;
	printf("%s: %s\n", chat_listener_hear_params_get_name(p).s,
		chat_listener_hear_params_get_text(p).s);
	vat_ctx_return(cx.ctx);
}

static void on_said(void *user, const struct vat_error *err, struct vat_ptr_r results)
{
	(void)user;
	(void)results;
	if (err)
		die("the room is gone: %s", err->text);
}

static void say(struct client *c, const char *text, size_t len)
{
	struct chat_seat_say_req req = chat_seat_say(vat_loop_vat(c->loop), c->seat);
	chat_seat_say_params_set_text(req.params, (struct vat_text){text, (uint32_t)len});
	chat_seat_say_send(req, on_said, c);
	vat_call_detach(req.call);
}

/* Says each complete line; a very long one is cut. */
static void on_input(void *user, uint32_t revents)
{
	struct client *c = user;
	char *end;
	(void)revents;
	ssize_t n = read(STDIN_FILENO, c->line + c->len, sizeof(c->line) - c->len);
	if (n <= 0) {
		vat_fd_free(c->input);
		vat_loop_stop(c->loop);
		return;
	}
	c->len += (size_t)n;
	while ((end = memchr(c->line, '\n', c->len)) || c->len == sizeof(c->line)) {
		size_t len = end ? (size_t)(end - c->line) : c->len;
		say(c, c->line, len);
		len += end ? 1 : 0;
		c->len -= len;
		memmove(c->line, c->line + len, c->len);
	}
}

/* What was said last is on its way when the room answers a call made after it. */
static void leave(struct client *c)
{
	struct chat_seat_say_req req = chat_seat_say(vat_loop_vat(c->loop), c->seat);
	chat_seat_say_params_set_text(req.params, vat_str("bye"));
	example_call(c->loop, req.call);
	vat_call_free(req.call);
	chat_seat_unref(c->seat);
}

int main(int argc, char **argv)
{
	static const struct chat_listener_impl impl = {.hear = hear};
	struct client c = {0};
	if (argc != 3)
		die("usage: chat-client ADDRESS NAME");
	c.loop = example_loop();
	struct vat *vat = vat_loop_vat(c.loop);
	struct chat_room_c room = chat_room_cast(example_connect(c.loop, argv[1]));

	struct chat_listener_c listener = chat_listener_serve(vat, &impl, NULL, NULL);
	struct chat_room_join_req req = chat_room_join(vat, room);
	chat_room_join_params_set_name(req.params, vat_str(argv[2]));
	chat_room_join_params_set_listener(req.params, listener);
	chat_listener_unref(listener); /* the room's reference keeps it */
	struct vat_ptr_r results = example_call(c.loop, req.call);
	c.seat = chat_seat_ref(
		chat_room_join_results_get_seat(chat_room_join_results_from(results)));
	vat_call_free(req.call);
	chat_room_unref(room);

	if (vat_loop_add_fd(c.loop, STDIN_FILENO, EPOLLIN, on_input, &c, &c.input) < 0)
		die("standard input cannot be waited for");
	int r = vat_loop_run(c.loop); /* until the end of the input, or a signal */
	if (r < 0)
		die("the connection is lost");
	leave(&c);
	vat_loop_free(c.loop);
	return 0;
}
