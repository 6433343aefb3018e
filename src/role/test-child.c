/* SPDX-License-Identifier: MIT */
/* The roles supervised here are this program itself, behaving as its role's name says. */
#include "role/child.h"
#include "base/test.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>

static const struct child_times times = {
	.back_off_min_us = 20 * 1000,
	.back_off_max_us = 100 * 1000,
	.start_us = 300 * 1000,
	.proven_us = 5 * 1000 * 1000,
	.ping_every_us = 30 * 1000,
	.hung_us = 100 * 1000,
	.close_grace_us = 100 * 1000,
};

/* ---- the roles ----------------------------------------------------------------------------- */

static void answer_pings(unsigned pongs_before_exit)
{
	for (unsigned n = 0; n < pongs_before_exit; n++) {
		struct pollfd p = {.fd = CONTROL_FD, .events = POLLIN};
		struct control_message m;
		int fd;
		poll(&p, 1, -1);
		if (control_recv(CONTROL_FD, &m, &fd) <= 0)
			_exit(0);
		if (m.type == CONTROL_SERVICE_LINK) { /* the proof goes back through the link */
			ssize_t r = write(fd, m.name, strlen(m.name));
			(void)r;
		}
		control_send(CONTROL_FD, CONTROL_PONG, NULL, -EBADF);
	}
}

__attribute__((constructor)) static void role_main(int argc, char **argv)
{
	const char *role = argc > 1 && !strncmp(argv[1], "--role=", 7) ? argv[1] + 7 : NULL;
	if (!role)
		return;
	if (!strcmp(role, "dies"))
		_exit(argc == 3 && !strcmp(argv[2], "--option") ? 7 : 8);
	if (!strcmp(role, "stubborn"))
		signal(SIGTERM, SIG_IGN);
	if (strcmp(role, "never-ready"))
		control_send(CONTROL_FD, CONTROL_READY, role, -EBADF);
	if (!strcmp(role, "good"))
		answer_pings(UINT32_MAX);
	if (!strcmp(role, "four-pongs"))
		answer_pings(4);
	else if (!strcmp(role, "closes"))
		close(CONTROL_FD);
	for (;;)
		pause();
}

/* ---- the supervisor's side ----------------------------------------------------------------- */

struct world {
	sd_event *event;
	struct child_events events;
	struct role role;
	struct child child;
	unsigned ready, ended, planned, due;
};

static void on_ready(void *user, struct child *c)
{
	((struct world *)user)->ready++;
}

static void on_ended(void *user, struct child *c, bool planned)
{
	struct world *w = user;
	CHECK(c->state == CHILD_DOWN && c->process.pidfd < 0 && c->control < 0);
	w->ended++;
	w->planned += planned;
}

static void on_due(void *user, struct child *c)
{
	((struct world *)user)->due++;
}

static void open_world(struct world *w, const char *role)
{
	*w = (struct world){.role = {.name = role, .title = "test role"}};
	w->events = (struct child_events){
		.ready = on_ready, .ended = on_ended, .due = on_due, .user = w};
	CHECK_INT(sd_event_new(&w->event), 0);
	child_init(&w->child, &w->role, &times, w->event, &w->events);
}

static void start(struct world *w)
{
	CHECK_INT(child_start(&w->child, (const char *[]){"--option", NULL}, NULL, 0), 0);
}

static void wait_for(struct world *w, const unsigned *counter, unsigned want)
{
	while (*counter < want)
		CHECK(sd_event_run(w->event, 10 * 1000 * 1000) > 0);
}

static void close_world(struct world *w)
{
	child_done(&w->child);
	sd_event_unref(w->event);
}

static void wait_ended(const char *role)
{
	struct world w;
	open_world(&w, role);
	start(&w);
	wait_for(&w, &w.ended, 1);
	CHECK_INT(w.planned, 0);
	close_world(&w);
}

TEST(good_role_gets_ready_answers_and_stops)
{
	struct world w;
	open_world(&w, "good");
	start(&w);
	wait_for(&w, &w.ready, 1);
	CHECK_INT(w.child.state, CHILD_READY);
	for (int i = 0; i < 20; i++) /* several rounds of pings */
		sd_event_run(w.event, 20 * 1000);
	CHECK_INT(w.ended, 0);
	child_stop(&w.child, 5 * 1000 * 1000);
	wait_for(&w, &w.ended, 1);
	CHECK_INT(w.planned, 1);
	close_world(&w);
}

TEST(back_off_doubles_up_to_its_limit)
{
	struct world w;
	open_world(&w, "dies");
	for (unsigned i = 1; i <= 4; i++) {
		start(&w);
		wait_for(&w, &w.ended, i);
		CHECK_INT(w.child.back_off_us,
			MIN(times.back_off_min_us << (i - 1), times.back_off_max_us));
		child_restart_later(&w.child);
		wait_for(&w, &w.due, i);
	}
	close_world(&w);
}

TEST(role_that_does_not_answer_is_killed)
{
	wait_ended("deaf");
}

TEST(role_that_stops_answering_is_killed)
{
	wait_ended("four-pongs");
}

TEST(role_that_never_gets_ready_is_killed)
{
	wait_ended("never-ready");
}

TEST(role_that_closes_its_control_socket_is_killed)
{
	wait_ended("closes");
}

TEST(role_that_ignores_sigterm_is_killed_after_its_grace)
{
	struct world w;
	open_world(&w, "stubborn");
	start(&w);
	wait_for(&w, &w.ready, 1);
	child_stop(&w.child, 20 * 1000);
	wait_for(&w, &w.ended, 1);
	CHECK_INT(w.planned, 1);
	close_world(&w);
}

TEST(done_kills_without_a_word)
{
	struct world w;
	open_world(&w, "stubborn");
	start(&w);
	close_world(&w);
	CHECK_INT(w.ended, 0);
}

TEST(link_reaches_the_node)
{
	struct world w;
	int p[2];
	char buf[8] = "";
	open_world(&w, "good");
	CHECK_INT(child_send_link(&w.child, "fs", 0), -ENOTCONN);
	start(&w);
	CHECK_INT(pipe2(p, O_CLOEXEC), 0);
	CHECK_INT(child_send_link(&w.child, "fs", p[1]), 0);
	close(p[1]);
	CHECK_INT(read(p[0], buf, 2), 2);
	CHECK_STR(buf, "fs");
	close(p[0]);
	close_world(&w);
}
