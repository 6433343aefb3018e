/* SPDX-License-Identifier: MIT */
/* A service process under a pretended supervisor and a real node. */
#include "core/service.h"
#include "core/node.h"
#include "core/test-call.h"
#include "sys/control.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>

struct world {
	struct loop loop;
	struct node *node;
	int control;
	pid_t pid;
};

static void restore(void *self, struct metac_service_restore_ctx cx)
{
	vat_ctx_fail(cx.ctx, VAT_FAILED, "it is me");
}

static const struct metac_service_impl service_impl = {.restore = restore};
static const struct metac_service_admin_impl admin_impl = {};

static struct service *the_service; /* in its process */

static int start(void *self, struct service *s, struct metac_service_c *ret_service,
	struct metac_service_admin_c *ret_admin, struct persistence_restorer_c *ret_restorer)
{
	struct vat *v = service_loop(s)->vat;
	the_service = s;
	*ret_service = metac_service_serve(v, &service_impl, NULL, NULL);
	*ret_admin = metac_service_admin_serve(v, &admin_impl, NULL, NULL);
	return 0;
}

static void stop(void *self)
{
	/* undone its effects */
	ssize_t n = write(*(int *)self, service_was_lost(the_service) ? "l" : "s", 1);
	(void)n;
}

/* What the supervisor does: descriptor 3 is the control socket, 4 the link. */
__attribute__((noreturn)) static void run_service(int control, int link, int told)
{
	AUTO_CLOSE int c = fcntl(control, F_DUPFD, 20), l = fcntl(link, F_DUPFD, 20);
	int t = fcntl(told, F_DUPFD, 20);
	static struct service_config cfg = {
		.name = "album", .address = "127.0.0.1", .start = start, .stop = stop};
	cfg.self = &t;
	dup2(c, CONTROL_FD);
	dup2(l, CONTROL_FD_LINK);
	close_range(CONTROL_FD_LINK + 1, (unsigned)t - 1, 0);
	_exit(service_run(&cfg));
}

static int told_fd;

static void up(struct world *w)
{
	int control[2], link[2], told[2];
	CHECK(!socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, control));
	CHECK(!socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, link));
	CHECK(!pipe2(told, O_CLOEXEC));
	w->pid = fork();
	CHECK(w->pid >= 0);
	if (!w->pid)
		run_service(control[1], link[1], told[1]);
	fd_close(control[1]);
	fd_close(link[1]);
	fd_close(told[1]);
	told_fd = told[0];
	w->control = control[0];
	CHECK_INT(loop_init(&w->loop), 0);
	CHECK_INT(node_new(&w->loop, "127.0.0.1", &w->node), 0);
	CHECK_INT(node_add_service_link(w->node, "album", link[0]), 0);
}

/* Runs the loop until the control socket says something, or ends (0). */
static int next_message(struct world *w, struct control_message *ret)
{
	bool never = false;
	int attached = -EBADF, r = -EAGAIN;
	CHECK(fcntl(w->control, F_SETFL, O_NONBLOCK) == 0);
	for (int i = 0; i < 2000 && r == -EAGAIN; i++) {
		loop_wait(&w->loop, &never, 5000);
		r = control_recv(w->control, ret, &attached);
	}
	return r;
}

static void down(struct world *w, int want_status, char want_told)
{
	int status = -1;
	char c = 0;
	CHECK(waitpid(w->pid, &status, 0) == w->pid);
	CHECK(WIFEXITED(status));
	CHECK_INT(WEXITSTATUS(status), want_status);
	CHECK_INT(read(told_fd, &c, 1), 1);
	CHECK_INT(c, want_told);
	fd_close(told_fd);
	fd_close(w->control);
	node_free(w->node);
	vat_run(w->loop.vat, 0);
	loop_done(&w->loop);
}

static void must_be_ready(struct world *w)
{
	struct control_message m;
	CHECK_INT(next_message(w, &m), 1);
	CHECK_INT(m.type, CONTROL_READY);
	CHECK_STR(m.name, "album");
}

TEST(a_service_registers_says_ready_and_answers_pings)
{
	struct world w = {};
	struct control_message m;
	up(&w);
	must_be_ready(&w);
	struct metac_node_get_service_req q =
		metac_node_get_service(w.loop.vat, node_public(w.node));
	metac_node_get_service_params_set_name(q.params, vat_str("album"));
	metac_node_get_service_send(q, NULL, NULL);
	struct metac_service_c s = metac_node_get_service_pipe_service(q.call);
	struct metac_service_restore_req r = metac_service_restore(w.loop.vat, s);
	struct answer a = CALL(&w.loop, r, metac_service_restore_send);
	CHECK(a.failed && strstr(a.text, "it is me"));
	vat_call_free(r.call);
	metac_service_unref(s);
	vat_call_free(q.call);
	CHECK_INT(control_send(w.control, CONTROL_PING, NULL, -EBADF), 0);
	CHECK_INT(next_message(&w, &m), 1);
	CHECK_INT(m.type, CONTROL_PONG);
	CHECK(!kill(w.pid, SIGTERM));
	down(&w, 0, 's');
}

TEST(a_service_ends_with_its_supervisor)
{
	struct world w = {};
	up(&w);
	must_be_ready(&w);
	w.control = fd_close(w.control);
	down(&w, 0, 'l');
}

TEST(a_service_that_is_told_to_end_for_want_of_a_node_was_lost)
{
	struct world w = {};
	up(&w);
	must_be_ready(&w);
	CHECK(!kill(w.pid, SIGSTOP));
	node_free(TAKE_PTR(w.node));
	CHECK(!kill(w.pid, SIGTERM));
	CHECK(!kill(w.pid, SIGCONT));
	down(&w, 0, 'l');
}

TEST(a_service_ends_with_its_node)
{
	struct world w = {};
	up(&w);
	must_be_ready(&w);
	node_free(TAKE_PTR(w.node));
	down(&w, 0, 'l');
}
