/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * For tests of what starts servers of images, and workers: this very program plays those.  What the
 * image's server does is said by METAC_TEST_IMAGE in the environment.  Time limits that a test
 * wants to pass do so at once.
 */
#include "svc/fs/block/exports.h"
#include "svc/fs/block/image.h"
#include "base/test.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

enum { FAKE_DISK = 12345 * 512 };

/* ---- the processes ------------------------------------------------------------------------- */

static inline void fake_wait(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	(void)poll(&p, 1, -1);
}

__attribute__((noreturn)) static inline void fake_image(void)
{
	const char *how = getenv("METAC_TEST_IMAGE") ?: "";
	struct image_message m = {.type = IMAGE_READY, .size = FAKE_DISK};
	if (!strcmp(how, "dies"))
		_exit(1);
	if (!strcmp(how, "fails")) {
		m.type = IMAGE_FAILED;
		m.error = EINVAL;
		image_text_set(m.text, "not an\nimage");
	}
	if (!strcmp(how, "lies"))
		m.type = 'X';
	if (strcmp(how, "silent") != 0)
		(void)image_message_send(IMAGE_FD_CONTROL, &m);
	if (m.type == IMAGE_FAILED)
		_exit(0);
	fake_wait(IMAGE_FD_CONTROL); /* QUIT, or the service is gone */
	_exit(!strcmp(how, "loses"));
}

/* Descriptor 5 is the control socket of an NBD server: told of another size, it ends. */
__attribute__((noreturn)) static inline void fake_server(bool has_control)
{
	fake_wait(has_control ? 5 : -1);
	_exit(0);
}

__attribute__((constructor(101))) static inline void become_fake(int argc, char **argv)
{
	if (argc < 2)
		return;
	if (!strcmp(argv[1], "--role=image"))
		fake_image();
	if (!strcmp(argv[1], "--role=nbd-server"))
		fake_server(true);
	if (!strcmp(argv[1], "--role=copy"))
		fake_server(false);
}

/* ---- time ---------------------------------------------------------------------------------- */

static uint64_t passes_us; /* a limit of this length passes at once */

int sd_event_add_time_relative(sd_event *e, sd_event_source **ret, clockid_t clock, uint64_t usec,
	uint64_t accuracy, sd_event_time_handler_t handler, void *user)
{
	uint64_t now = 0;
	int r = sd_event_now(e, clock, &now);
	uint64_t wait = usec == passes_us ? 0 : usec;
	return r < 0 ? r : sd_event_add_time(e, ret, clock, now + wait, accuracy, handler, user);
}

/* ---- the service --------------------------------------------------------------------------- */

struct world {
	sd_event *event;
	int runtime;
	struct block_exports *exports;
	struct block_resize *resize;
	struct images *images;
	char top[40], path[80];
};

static inline void up(struct world *w)
{
	sigset_t mask;
	sigemptyset(&mask);
	sigaddset(&mask, SIGCHLD);
	CHECK_INT(sigprocmask(SIG_BLOCK, &mask, NULL), 0);
	strcpy(w->top, "/tmp/metac-image.XXXXXX");
	CHECK(mkdtemp(w->top));
	w->runtime = open(w->top, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CHECK(w->runtime >= 0);
	CHECK_INT(sd_event_new(&w->event), 0);
	spawn_worker_set(open("/proc/self/exe", O_PATH | O_CLOEXEC));
	w->exports = block_exports_new(w->event);
	w->resize = block_resize_new(w->event, w->exports);
	w->images = images_new(w->event, w->runtime, w->resize);
	CHECK(w->exports && w->resize && w->images);
	block_exports_set_images(w->exports, w->images);
}

static inline void down(struct world *w)
{
	char line[100];
	block_resize_free(w->resize);
	block_exports_free(w->exports);
	images_free(w->images);
	sd_event_unref(w->event);
	spawn_worker_set(-EBADF);
	close(w->runtime);
	(void)snprintf(line, sizeof(line), "rm -r %s", w->top);
	CHECK_INT(system(line), 0);
}

/* A file of the name, which is made if it is not there; valid until the next one. */
static inline struct block_target target_of(struct world *w, const char *name, const char *format)
{
	struct block_target t = {.view.path = w->path};
	(void)snprintf(w->path, sizeof(w->path), "%s/%s", w->top, name);
	int fd = open(w->path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	CHECK(fd >= 0);
	CHECK_INT(ftruncate(fd, 8192), 0);
	close(fd);
	strcpy(t.format, format);
	return t;
}

static inline void turn(struct world *w)
{
	CHECK(sd_event_run(w->event, 20 * UINT64_C(1000000)) > 0);
}

static inline struct session_id session(const char *name)
{
	struct session_id s = {};
	(void)snprintf(s.name, sizeof(s.name), "%s", name);
	return s;
}
