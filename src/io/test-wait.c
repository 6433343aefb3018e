/* SPDX-License-Identifier: MIT */
/*
 * Waiting for one answer: what it returns, and what it costs.  The server is a process of its own
 * where the client's system calls are counted (with ptrace-free means: by wrapping them, see
 * below).
 */
#include "io/test-object.h"

#include <dlfcn.h>
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>

/* ---- system calls counted ------------------------------------------------------------------- */

static struct {
	unsigned sendmsg, recvmsg, epoll_wait;
} count;

ssize_t sendmsg(int fd, const struct msghdr *msg, int flags)
{
	ssize_t (*real)(int, const struct msghdr *, int) = dlsym(RTLD_NEXT, "sendmsg");
	count.sendmsg++;
	return real(fd, msg, flags);
}

ssize_t recvmsg(int fd, struct msghdr *msg, int flags)
{
	ssize_t (*real)(int, struct msghdr *, int) = dlsym(RTLD_NEXT, "recvmsg");
	count.recvmsg++;
	return real(fd, msg, flags);
}

int epoll_wait(int fd, struct epoll_event *events, int n, int timeout)
{
	int (*real)(int, struct epoll_event *, int, int) = dlsym(RTLD_NEXT, "epoll_wait");
	count.epoll_wait++;
	return real(fd, events, n, timeout);
}

/* ---- a server in another process ------------------------------------------------------------ */

struct remote {
	struct vat_loop *loop;
	struct vat_link *link;
	struct vat_cap *object;
	pid_t server;
	int report;
};

static void on_peer_gone(void *user, struct vat_link *link, const struct vat_error *err)
{
	vat_loop_stop(user);
}

/* Serves until the client goes, then reports what it cost. */
static void server(int fd, int report)
{
	struct vat_loop *l;
	CHECK_INT(vat_loop_new(&l), 0);
	struct vat_cap *object = make_object(l);
	struct vat_link_config cfg = {.bootstrap = object, .closed = on_peer_gone, .user = l};
	CHECK_INT(vat_loop_add(l, fd, &cfg, NULL), 0);
	memset(&count, 0, sizeof(count));
	CHECK_INT(vat_loop_run(l), 0);
	CHECK_INT(write(report, &count, sizeof(count)), sizeof(count));
	vat_cap_unref(object);
	vat_loop_free(l);
	close(report);
	_exit(0);
}

static void remote_open(struct remote *r)
{
	int sv[2], pipe_[2];
	CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv), 0);
	CHECK_INT(pipe2(pipe_, O_CLOEXEC), 0);
	r->server = fork();
	CHECK(r->server >= 0);
	if (r->server == 0) {
		close(sv[0]);
		close(pipe_[0]);
		server(sv[1], pipe_[1]);
	}
	close(sv[1]);
	close(pipe_[1]);
	r->report = pipe_[0];
	CHECK_INT(vat_loop_new(&r->loop), 0);
	CHECK_INT(vat_loop_add(r->loop, sv[0], NULL, &r->link), 0);
	r->object = vat_link_bootstrap(r->link);
}

/* Leaves what the server counted in count. */
static void remote_close(struct remote *r)
{
	int status;
	vat_cap_unref(r->object);
	vat_loop_free(r->loop);
	CHECK_INT(read(r->report, &count, sizeof(count)), sizeof(count));
	close(r->report);
	CHECK_INT(waitpid(r->server, &status, 0), r->server);
	CHECK_INT(status, 0);
}

enum { CALLS = 100 };

static void count_calls(uint64_t timeout_us)
{
	struct remote r;
	struct vat_ptr_r results;
	remote_open(&r);
	CHECK_STR(echo(r.loop, r.object, "first"), "first");
	memset(&count, 0, sizeof(count));
	for (int i = 0; i < CALLS; i++) {
		struct vat_call *q = new_call(r.loop, r.object, METHOD_ECHO, "x");
		CHECK_INT(vat_loop_call(r.loop, q, timeout_us, &results, NULL), 0);
		vat_call_free(q);
	}
	CHECK_INT(count.epoll_wait, 0);
	CHECK_INT(count.sendmsg, CALLS);
	CHECK_INT(count.recvmsg, CALLS);
	remote_close(&r);
	/* The server: one of each for a call, and a few for bootstrap and the end. */
	CHECK(count.sendmsg <= CALLS + 4);
	CHECK(count.recvmsg <= CALLS + 6);
	CHECK(count.epoll_wait <= CALLS + 8);
}

TEST(lone_client_writes_once_and_reads_once_for_a_call)
{
	count_calls(0);
}

TEST(deadline_far_away_costs_no_system_call)
{
	count_calls(WAIT_US);
}

TEST(batch_of_calls_is_one_write_and_few_reads)
{
	struct remote r;
	struct burst b;
	remote_open(&r);
	CHECK_STR(echo(r.loop, r.object, "first"), "first");
	memset(&count, 0, sizeof(count));
	burst(&b, r.loop, r.object, 64);
	CHECK_INT(vat_loop_wait(r.loop, &b.done, WAIT_US), 0);
	CHECK(count.sendmsg <= 4); /* the calls; Finish for what is answered */
	CHECK(count.recvmsg <= 8);
	remote_close(&r);
}

/* ---- what it returns ------------------------------------------------------------------------ */

TEST(failed_call_is_told_with_its_error)
{
	struct pair p;
	struct vat_error err;
	pair_open(&p);
	struct vat_call *q = new_call(p.loop, p.remote, METHOD_FAIL, "");
	CHECK_INT(vat_loop_call(p.loop, q, WAIT_US, NULL, &err), -EREMOTEIO);
	CHECK_INT(err.kind, VAT_OVERLOADED);
	CHECK(strstr(err.text, "not today"));
	vat_call_free(q);
	CHECK_INT(vat_loop_call(p.loop, NULL, 0, NULL, NULL), -ENOMEM);
	pair_close(&p);
}

TEST(call_that_takes_too_long_goes_on_until_freed)
{
	struct remote r;
	remote_open(&r);
	struct vat_call *q = new_call(r.loop, r.object, METHOD_NEVER, "");
	CHECK_INT(vat_loop_call(r.loop, q, 30 * 1000, NULL, NULL), -ETIMEDOUT);
	CHECK_STR(echo(r.loop, r.object, "meanwhile"), "meanwhile");
	vat_call_free(q);
	CHECK_STR(echo(r.loop, r.object, "after"), "after");
	remote_close(&r);
}

TEST(answer_after_the_time_out_harms_nobody)
{
	struct remote r;
	remote_open(&r);
	CHECK_STR(echo(r.loop, r.object, "first"), "first");
	CHECK_INT(kill(r.server, SIGSTOP), 0);
	struct vat_call *q = new_call(r.loop, r.object, METHOD_ECHO, "late");
	CHECK_INT(vat_loop_call(r.loop, q, 1000, NULL, NULL), -ETIMEDOUT);
	CHECK_INT(kill(r.server, SIGCONT), 0);
	CHECK_STR(echo(r.loop, r.object, "next"), "next"); /* the late one comes before it */
	vat_call_free(q);
	remote_close(&r);
}

TEST(server_that_dies_fails_the_call)
{
	struct remote r;
	struct vat_error err;
	remote_open(&r);
	CHECK_STR(echo(r.loop, r.object, "first"), "first");
	CHECK_INT(kill(r.server, SIGKILL), 0);
	struct vat_call *q = new_call(r.loop, r.object, METHOD_NEVER, "");
	CHECK_INT(vat_loop_call(r.loop, q, WAIT_US, NULL, &err), -EREMOTEIO);
	CHECK_INT(err.kind, VAT_DISCONNECTED);
	vat_call_free(q);
	vat_cap_unref(r.object);
	vat_loop_free(r.loop);
	close(r.report);
	CHECK_INT(waitpid(r.server, NULL, 0), r.server);
}

static void *stop_soon(void *user)
{
	vat_loop_stop(user);
	return NULL;
}

TEST(stop_from_a_thread_ends_a_wait)
{
	struct remote r;
	pthread_t t;
	remote_open(&r);
	struct vat_call *q = new_call(r.loop, r.object, METHOD_NEVER, "");
	CHECK_INT(pthread_create(&t, NULL, stop_soon, r.loop), 0);
	CHECK_INT(vat_loop_call(r.loop, q, 0, NULL, NULL), -ECANCELED);
	CHECK_INT(pthread_join(t, NULL), 0);
	vat_call_free(q);
	remote_close(&r);
}

TEST(nonblocking_socket_is_waited_for_too)
{
	struct remote r;
	remote_open(&r);
	CHECK_INT(fcntl(vat_link_fd(r.link), F_SETFL, O_RDWR | O_NONBLOCK), 0);
	memset(&count, 0, sizeof(count));
	CHECK_STR(echo(r.loop, r.object, "hello"), "hello");
	CHECK_STR(echo(r.loop, r.object, "again"), "again");
	CHECK(count.epoll_wait > 0 && count.epoll_wait <= 8);
	remote_close(&r);
}

TEST(promise_is_waited_for)
{
	struct pair p;
	struct vat_error err;
	struct vat_resolver *resolver;
	struct vat_cap *promise;
	pair_open(&p);
	CHECK_INT(vat_loop_settle(p.loop, p.remote, WAIT_US, &err), 0);
	CHECK_INT(vat_loop_settle(p.loop, NULL, WAIT_US, &err), 0);
	CHECK_INT(vat_promise(vat_loop_vat(p.loop), &promise, &resolver), 0);
	CHECK_INT(vat_loop_settle(p.loop, promise, 1000, &err), -ETIMEDOUT);
	vat_reject(resolver, VAT_FAILED, "no such thing");
	CHECK_INT(vat_loop_settle(p.loop, promise, WAIT_US, &err), -EREMOTEIO);
	CHECK_STR(err.text, "no such thing");
	vat_cap_unref(promise);
	pair_close(&p);
}

TEST(what_a_wait_returned_is_told_in_words)
{
	struct vat_error err = {VAT_FAILED, "said the peer"};
	CHECK_STR(vat_loop_strerror(-EREMOTEIO, &err), "said the peer");
	CHECK_STR(vat_loop_strerror(-EREMOTEIO, NULL), "the call failed");
	CHECK_STR(vat_loop_strerror(-EDEADLK, NULL), "no connection is left that could answer");
	CHECK_STR(vat_loop_strerror(-ETIMEDOUT, &err), "no answer in time");
	CHECK_STR(vat_loop_strerror(-ECONNREFUSED, &err), strerror(ECONNREFUSED));
}
