/* SPDX-License-Identifier: MIT */
#pragma once
/* For the tests of streams: streams of real programs, opened. */
#include "core/stream.h"
#include "core/test-call.h"

#include <fcntl.h>
#include <signal.h>

struct world {
	struct loop loop;
	struct stream_host host;
	unsigned destroyed;
	struct spawn_child children[64];
	size_t n_children;
};

struct program {
	struct world *world;
	const char *const *argv;
};

static inline int program_spawn(void *self, int fd, struct spawn_child *ret, struct err *e)
{
	struct program *p = self;
	if (!p->argv)
		return err_errno(e, -ENOENT, "/no/such/file");
	return spawn_program(p->argv, fd, ret);
}

static inline void program_summary(void *self, char *ret, size_t size)
{
	(void)snprintf(ret, size, "a program");
}

static inline void program_describe(void *self, struct vat_ptr_b description)
{
}

static inline void program_destroy(void *self)
{
	struct program *p = self;
	p->world->destroyed++;
	free(p);
}

static const struct stream_source program_source = {
	.spawn = program_spawn,
	.describe = program_describe,
	.summary = program_summary,
	.destroy = program_destroy,
	.category = "test:program",
};

static inline void up(struct world *w)
{
	CHECK_INT(loop_init(&w->loop), 0);
	w->host = (struct stream_host){.loop = &w->loop, .address = "127.0.0.1"};
}

static inline void down(struct world *w)
{
	bool never = false;
	for (int i = 0; w->host.n_sessions && i < 200; i++) /* destructors run from the loop */
		loop_wait(&w->loop, &never, 10000);
	CHECK_INT(w->host.n_sessions, 0);
	for (int i = 0; w->host.n_piped && i < 200; i++)
		loop_wait(&w->loop, &never, 10000);
	CHECK_INT(w->host.n_piped, 0);
	stream_host_done(&w->host);
	spawn_worker_set(-EBADF);
	for (size_t i = 0; i < w->n_children; i++)
		spawn_wait(&w->children[i]);
	loop_done(&w->loop);
}

static inline struct stream_stream_c new_stream_of(
	struct world *w, const struct stream_source *source, const char *const *argv)
{
	struct program *p = calloc(1, sizeof(*p));
	CHECK(p);
	*p = (struct program){w, argv};
	struct stream_stream_c s = stream_serve(&w->host, source, p);
	CHECK(s.cap);
	return s;
}

static inline struct stream_stream_c new_stream(struct world *w, const char *const *argv)
{
	return new_stream_of(w, &program_source, argv);
}

struct opened {
	bool done;
	int fd;
	struct vat_cap *end;
	char text[1000];
};

static inline void on_opened(void *user, int fd, struct vat_cap *end, const struct err *e)
{
	struct opened *o = user;
	o->done = true;
	o->fd = fd;
	o->end = end;
	if (fd < 0)
		(void)snprintf(o->text, sizeof(o->text), "%s", e->msg);
}

static inline struct opened open_stream(struct world *w, struct vat_cap *stream)
{
	struct opened o = {.fd = -EBADF};
	struct stream_opening *opening = NULL;
	CHECK_INT(stream_open(&w->loop, stream, "127.0.0.1", on_opened, &o, &opening), 0);
	CHECK_INT(loop_wait(&w->loop, &o.done, 20000000), 0);
	stream_opening_free(opening);
	return o;
}

/* What comes until the end of the stream. */
static inline size_t read_all(int fd, char *buf, size_t size)
{
	size_t at = 0;
	for (ssize_t n; at < size - 1 && (n = read(fd, buf + at, size - 1 - at)) > 0;)
		at += (size_t)n;
	buf[at] = 0;
	return at;
}

static inline void check_echo(int fd)
{
	char buf[64];
	CHECK_INT(write(fd, "there and back", 14), 14);
	CHECK(!shutdown(fd, SHUT_WR));
	read_all(fd, buf, sizeof(buf));
	CHECK_STR(buf, "there and back");
}
