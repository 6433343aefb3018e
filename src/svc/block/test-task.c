/* SPDX-License-Identifier: MIT */
#include "svc/block/task.h"
#include "base/test.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>

struct seen {
	sd_event *event;
	struct task *task;
	int code, fd;
	uint32_t len;
	char text[300], first;
	bool freed_early;
};

static void on_done(void *user, struct task_result *result)
{
	struct seen *s = user;
	s->code = result->code;
	s->len = result->len;
	s->first = (char)result->data[0];
	memcpy(s->text, result->text, sizeof(s->text));
	s->fd = result->fd;
	result->fd = -EBADF;
	task_free(TAKE_PTR(s->task));
	(void)sd_event_exit(s->event, 0);
}

static void set_up(struct seen *s)
{
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	*s = (struct seen){.code = 12345, .fd = -EBADF};
	CHECK(sd_event_new(&s->event) >= 0);
}

static struct task_config config(
	struct seen *s, int (*run)(const void *, const int *, struct task_result *))
{
	return (struct task_config){
		.event = s->event,
		.run = run,
		.timeout_us = 20 * 1000000,
		.done = on_done,
		.user = s,
	};
}

static void run(struct seen *s, const struct task_config *cfg)
{
	CHECK(task_new(cfg, &s->task) == 0);
	CHECK(sd_event_loop(s->event) == 0);
	sd_event_unref(s->event);
}

static int say(const void *arg, const int *fds, struct task_result *ret)
{
	const char *what = arg;
	ret->data[0] = (uint8_t)what[0];
	ret->len = TASK_DATA_MAX;
	return 7;
}

TEST(what_a_task_finds_out_comes_back)
{
	struct seen s;
	set_up(&s);
	struct task_config cfg = config(&s, say);
	cfg.arg = "hello";
	run(&s, &cfg);
	CHECK(s.code == 7 && s.len == TASK_DATA_MAX && s.first == 'h');
}

static int fail(const void *arg, const int *fds, struct task_result *ret)
{
	return task_failed(ret, -ENOSPC, "write it");
}

TEST(a_failure_comes_with_its_words)
{
	struct seen s;
	set_up(&s);
	struct task_config cfg = config(&s, fail);
	run(&s, &cfg);
	CHECK(s.code == -ENOSPC);
	CHECK(!strcmp(s.text, "write it: No space left on device"));
}

static int count_fds(const void *arg, const int *fds, struct task_result *ret)
{
	int n = 0;
	for (int fd = 3; fd < 1024; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	struct stat st;
	return fstat(fds[0], &st) == 0 && S_ISCHR(st.st_mode) ? n : -EBADF;
}

TEST(a_task_has_its_descriptors_and_no_others)
{
	struct seen s;
	set_up(&s);
	int other = open("/dev/zero", O_RDONLY | O_CLOEXEC);
	int given = open("/dev/null", O_RDONLY | O_CLOEXEC);
	struct task_config cfg = config(&s, count_fds);
	cfg.fds[cfg.n_fds++] = given;
	run(&s, &cfg);
	CHECK(s.code == 2); /* and the one for its result */
	fd_close(other);
	fd_close(given);
}

static int write_and_go(const void *arg, const int *fds, struct task_result *ret)
{
	return write(fds[0], "x", 1) == 1 ? 1 : -EIO;
}

TEST(a_descriptor_that_is_taken_is_the_tasks_alone)
{
	struct seen s;
	int pipes[2];
	char c;
	set_up(&s);
	CHECK(pipe2(pipes, O_CLOEXEC) == 0);
	struct task_config cfg = config(&s, write_and_go);
	cfg.fds[cfg.n_fds++] = pipes[1];
	cfg.takes_fds = true;
	run(&s, &cfg);
	CHECK(s.code == 1);
	CHECK(read(pipes[0], &c, 1) == 1);
	CHECK(read(pipes[0], &c, 1) == 0); /* nobody else has it */
	fd_close(pipes[0]);
}

static int give(const void *arg, const int *fds, struct task_result *ret)
{
	ret->fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	return 0;
}

TEST(a_task_can_give_a_descriptor_back)
{
	struct seen s;
	struct stat st;
	set_up(&s);
	struct task_config cfg = config(&s, give);
	run(&s, &cfg);
	CHECK(s.code == 0 && s.fd >= 0 && fstat(s.fd, &st) == 0 && S_ISCHR(st.st_mode));
	fd_close(s.fd);
}

static int hang(const void *arg, const int *fds, struct task_result *ret)
{
	(void)pause();
	return 0;
}

TEST(a_task_that_takes_too_long_is_killed)
{
	struct seen s;
	set_up(&s);
	struct task_config cfg = config(&s, hang);
	cfg.timeout_us = 1000;
	run(&s, &cfg);
	(void)wait(NULL); /* a service would go on turning its loop */
	CHECK(s.code == -ETIMEDOUT && strstr(s.text, "in time"));
}

static int die(const void *arg, const int *fds, struct task_result *ret)
{
	(void)raise(SIGKILL);
	return 0;
}

TEST(a_task_that_dies_has_failed)
{
	struct seen s;
	set_up(&s);
	struct task_config cfg = config(&s, die);
	run(&s, &cfg);
	CHECK(s.code == -EIO);
}

TEST(a_task_that_is_given_up_is_killed)
{
	struct seen s;
	int pipes[2];
	char c;
	set_up(&s);
	CHECK(pipe2(pipes, O_CLOEXEC) == 0);
	struct task_config cfg = config(&s, hang);
	cfg.fds[cfg.n_fds++] = pipes[1];
	cfg.takes_fds = true;
	CHECK(task_new(&cfg, &s.task) == 0);
	task_free(s.task);
	CHECK(read(pipes[0], &c, 1) == 0); /* its descriptor went with it */
	CHECK(sd_event_run(s.event, 10 * 1000000) >= 0); /* reaps it */
	CHECK(s.code == 12345);
	fd_close(pipes[0]);
	sd_event_unref(s.event);
}
