/* SPDX-License-Identifier: MIT */
/* The pump in a process of its own, as the service has it; the test is the service. */
#include "core/pump-worker.h"
#include "core/pump-control.h"
#include "base/fdpass.h"
#include "base/test.h"

#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>

struct world {
	int control;
	pid_t pid;
};

static void up(struct world *w)
{
	int s[2];
	CHECK_INT(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, s), 0);
	w->pid = fork();
	CHECK(w->pid >= 0);
	if (!w->pid) {
		close(s[0]);
		signal(SIGPIPE, SIG_IGN);
		int r = pump_worker_run(s[1]);
		close(s[1]);
		_exit(-r);
	}
	close(s[1]);
	w->control = s[0];
}

/* How it ended: 0 or an errno value. */
static int ended(struct world *w)
{
	int status;
	CHECK_INT(waitpid(w->pid, &status, 0), w->pid);
	CHECK(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static int down(struct world *w)
{
	close(w->control);
	return ended(w);
}

/* Two sockets of the test, whose other ends the pump has been given as id. */
static void add(struct world *w, uint32_t id, int ret[2])
{
	int a[2], b[2];
	CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, a), 0);
	CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, b), 0);
	struct pump_message m = {.type = PUMP_ADD, .id = id};
	CHECK_INT(pump_message_send(w->control, &m, (int[]){a[1], b[1]}), 0);
	close(a[1]);
	close(b[1]);
	ret[0] = a[0];
	ret[1] = b[0];
}

static void cut(struct world *w, uint32_t id)
{
	CHECK_INT(pump_message_send(w->control, &(struct pump_message){PUMP_CUT, id}, NULL), 0);
}

static struct pump_message told(struct world *w)
{
	struct pump_message m;
	int fds[2];
	struct pollfd p = {.fd = w->control, .events = POLLIN};
	CHECK_INT(poll(&p, 1, 20000), 1);
	CHECK_INT(pump_message_recv(w->control, &m, fds), 1);
	CHECK_INT(m.type, PUMP_ENDED);
	return m;
}

TEST(both_ways_are_piped_until_both_have_ended)
{
	struct world w;
	int s[2];
	char buf[8];
	up(&w);
	add(&w, 3, s);
	CHECK_INT(send(s[0], "hello", 5, 0), 5);
	CHECK_INT(recv(s[1], buf, 5, MSG_WAITALL), 5);
	CHECK_INT(shutdown(s[0], SHUT_WR), 0);
	CHECK_INT(recv(s[1], buf, 1, 0), 0);
	CHECK_INT(send(s[1], "back", 4, 0), 4);
	CHECK_INT(recv(s[0], buf, 4, MSG_WAITALL), 4);
	close(s[1]);
	struct pump_message m = told(&w);
	CHECK(m.id == 3 && m.error == 0 && m.bytes[0] == 5 && m.bytes[1] == 4);
	CHECK_INT(recv(s[0], buf, 1, 0), 0);
	close(s[0]);
	CHECK_INT(down(&w), 0);
}

/* An id that is cut is told of once, and is free again; one that is not there is no offence: it may
 * have ended meanwhile. */
TEST(what_is_cut_is_told_of_once)
{
	struct world w;
	int s[2];
	char c;
	up(&w);
	cut(&w, 9);
	for (int i = 0; i < 2; i++) {
		add(&w, 9, s);
		cut(&w, 9);
		cut(&w, 9);
		CHECK_INT(told(&w).id, 9);
		CHECK_INT(recv(s[0], &c, 1, 0), 0);
		CHECK_INT(recv(s[1], &c, 1, 0), 0);
		fdpass_close(s, 2);
	}
	add(&w, 1, s);
	fdpass_close(s, 2);
	CHECK_INT(told(&w).id, 1);
	CHECK_INT(down(&w), 0);
}

TEST(all_pairs_end_with_the_service)
{
	struct world w;
	int s[2], t[2];
	char c;
	up(&w);
	add(&w, 1, s);
	add(&w, 2, t);
	CHECK_INT(down(&w), 0);
	CHECK_INT(recv(s[0], &c, 1, 0), 0);
	CHECK_INT(recv(t[1], &c, 1, 0), 0);
	fdpass_close(s, 2);
	fdpass_close(t, 2);
}

/* Many end while the service does not read: all are told of in the end, in order. */
TEST(what_the_service_does_not_take_waits)
{
	enum { N = 600 };
	struct world w;
	static int s[N][2];
	up(&w);
	int least = 1;
	CHECK_INT(setsockopt(w.control, SOL_SOCKET, SO_RCVBUF, &least, sizeof(least)), 0);
	for (unsigned i = 0; i < N; i++) {
		struct pollfd p = {.fd = w.control, .events = POLLOUT};
		CHECK_INT(poll(&p, 1, 20000), 1);
		add(&w, i, s[i]);
		fdpass_close(s[i], 2);
	}
	static bool seen[N];
	for (unsigned i = 0; i < N; i++) {
		uint32_t id = told(&w).id;
		CHECK(id < N && !seen[id]);
		seen[id] = true;
	}
	CHECK_INT(down(&w), 0);
}

TEST(a_service_that_talks_nonsense_is_left)
{
	struct world w;
	int s[2], t[2];
	up(&w);
	CHECK_INT(send(w.control, "x", 1, 0), 1);
	CHECK_INT(ended(&w), EPROTO);
	close(w.control);
	up(&w); /* an id that is in use */
	add(&w, 4, s);
	add(&w, 4, t);
	CHECK_INT(ended(&w), EEXIST);
	close(w.control);
	fdpass_close(s, 2);
	fdpass_close(t, 2);
}
