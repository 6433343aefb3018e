/* SPDX-License-Identifier: MIT */
/*
 * chat-server ADDRESS: a room.
 *
 * A seat is an object of the room's, held by a member; a listener is an object of the member's,
 * held by the room.  Nobody has to say goodbye: when a member drops its seat, or its connection is
 * gone, the seat's destructor runs, and with it goes the reference to the listener.
 */
#include "chat.capnp.h"
#include "common.h"

#include <stdio.h>
#include <stdlib.h>

enum { SEATS = 1000, NAME_MAX_ = 32 };

struct seat {
	struct seat *next, **link;
	struct chat_listener_c listener;
	char name[NAME_MAX_ + 1];
};

static struct vat *vat;
static struct seat *seats;
static unsigned n_seats;

/* Tells everybody. Nobody waits for anybody: the calls are sent, and their outcome is ignored. */
static void tell_all(const char *name, struct vat_text text)
{
	for (struct seat *s = seats; s; s = s->next) {
		struct chat_listener_hear_req req = chat_listener_hear(vat, s->listener);
		chat_listener_hear_params_set_name(req.params, vat_str(name));
		chat_listener_hear_params_set_text(req.params, text);
		chat_listener_hear_send(req, NULL, NULL);
		vat_call_detach(req.call);
	}
	printf("%s: %.*s\n", name, (int)text.len, text.s);
}

static void seat_say(void *self, struct chat_seat_say_ctx cx)
{
	struct seat *s = self;
	tell_all(s->name, chat_seat_say_params_get_text(chat_seat_say_params(cx)));
	vat_ctx_return(cx.ctx);
}

static void seat_destroy(void *self)
{
	struct seat *s = self;
	char text[NAME_MAX_ + 16];
	*s->link = s->next;
	if (s->next)
		s->next->link = s->link;
	n_seats--;
	chat_listener_unref(s->listener);
	snprintf(text, sizeof(text), "%s leaves", s->name);
	free(s);
	tell_all("*", vat_str(text));
}

static const struct chat_seat_impl seat_impl = {.say = seat_say};

static void room_join(void *self, struct chat_room_join_ctx cx)
{
	struct chat_room_join_params_r params = chat_room_join_params(cx);
	char text[NAME_MAX_ + 16];
	(void)self;
	struct seat *s = n_seats < SEATS ? calloc(1, sizeof(*s)) : NULL;
	if (!s) {
		vat_ctx_fail(cx.ctx, VAT_OVERLOADED, "the room is full");
		return;
	}
	snprintf(s->name, sizeof(s->name), "%s", chat_room_join_params_get_name(params).s);
	s->listener = chat_listener_ref(chat_room_join_params_get_listener(params));
	s->next = seats;
	s->link = &seats;
	if (seats)
		seats->link = &s->next;
	seats = s;
	n_seats++;
	struct chat_seat_c object = chat_seat_serve(vat, &seat_impl, s, seat_destroy);
	chat_room_join_results_set_seat(chat_room_join_results(cx), object);
	chat_seat_unref(object);
	snprintf(text, sizeof(text), "%s joins", s->name);
	tell_all("*", vat_str(text));
	vat_ctx_return(cx.ctx);
}

int main(int argc, char **argv)
{
	static const struct chat_room_impl impl = {.join = room_join};
	if (argc != 2)
		die("usage: chat-server ADDRESS");
	struct vat_loop *loop = example_loop();
	vat = vat_loop_vat(loop);
	return example_serve(loop, argv[1], chat_room_serve(vat, &impl, NULL, NULL).cap);
}
