/* SPDX-License-Identifier: MIT */
/*
 * Role `image`: the keeper of an image server; image-control.h tells what it is for.
 *
 *	start the daemon --> blockdev-add --> look what it is --> export --> READY
 *	    | anything fails: FAILED, with why                                 |
 *	    v                                                                  v
 *	end <-- the daemon has ended <-- quit <-- QUIT, or the service is gone
 */
#include "base/log.h"
#include "svc/fs/block/image-daemon.h"
#include "svc/fs/block/image-qmp.h"
#include "sys/seccomp.h"

#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>

enum { QUIT_MS = 60 * 1000 }; /* for all that is in memory to be on the disk */

struct keeper {
	const char *format, *driver; /* of the disk in it; of the file */
	bool read_only, direct;
	struct image_daemon daemon;
	struct image_qmp qmp;
};

/* What is left to do is to talk, and to end the daemon. */
static int confine(void)
{
	static const char *const calls[] = {
		"@base", "@loop", "@socket", "wait4", "pidfd_send_signal", NULL};
	return seccomp_confine(calls, SECCOMP_ELSE_KILL);
}

static json_t *file_options(const struct keeper *k)
{
	char name[32];
	(void)snprintf(name, sizeof(name), "/dev/fd/%d", IMAGE_FD_FILE);
	return json_pack("{s:s, s:s, s:s, s:b, s:b, s:{s:b}}", "driver", k->driver, "filename",
		name, "discard", "unmap", "read-only", k->read_only, "auto-read-only", 0, "cache",
		"direct", k->direct);
}

static bool may_have_backing(const char *format)
{
	return !strcmp(format, "qcow2") || !strcmp(format, "vmdk");
}

static int add_image(struct keeper *k)
{
	json_t *args = json_pack("{s:s, s:s, s:s, s:b, s:{s:b}, s:o}", "driver", k->format,
		"node-name", "image", "discard", "unmap", "read-only", k->read_only, "cache",
		"direct", k->direct, "file", file_options(k));
	if (args && may_have_backing(k->format))
		json_object_set_new(args, "backing", json_null());
	return image_qmp_call(&k->qmp, "blockdev-add", args, NULL);
}

static int look(struct keeper *k, uint64_t *ret_size)
{
	json_t *nodes = NULL;
	int r = image_qmp_call(&k->qmp, "query-named-block-nodes", NULL, &nodes);
	if (r >= 0)
		r = image_qmp_node(nodes, "image", ret_size, k->qmp.text);
	json_decref(nodes);
	return r;
}

static int export_image(struct keeper *k)
{
	json_t *args = json_pack("{s:s, s:s, s:s, s:s, s:b}", "type", "nbd", "id", "export",
		"node-name", "image", "name", "", "writable", !k->read_only);
	return image_qmp_call(&k->qmp, "block-export-add", args, NULL);
}

static int begin(struct keeper *k, uint64_t *ret_size)
{
	int r = image_qmp_begin(&k->qmp, k->daemon.qmp);
	if (r >= 0)
		r = add_image(k);
	if (r >= 0)
		r = look(k, ret_size);
	return r < 0 ? r : export_image(k);
}

static int tell_failure(int r, const char *text)
{
	struct image_message m = {.type = IMAGE_FAILED, .error = -r};
	image_text_set(m.text, text);
	(void)image_message_send(IMAGE_FD_CONTROL, &m);
	return 1;
}

/* It could not begin: then it ended before it said a word, with the reason as its status. */
static int give_up(struct keeper *k, int r)
{
	char text[IMAGE_TEXT_MAX];
	image_text_set(text, k->qmp.text);
	if (r != -EPIPE)
		image_daemon_kill(&k->daemon);
	int status = image_daemon_end(&k->daemon);
	if (r == -EPIPE && status > 1 && status < 127)
		(void)snprintf(text, sizeof(text), "start the image server: %s",
			status == ENOSYS ? "this kernel has no Landlock" : strerror(status));
	return tell_failure(r, text);
}

/* Until the service has had enough, or the daemon ends by itself. */
static void wait_for_end(struct keeper *k)
{
	for (;;) {
		struct image_message m;
		struct pollfd p[] = {{.fd = IMAGE_FD_CONTROL, .events = POLLIN},
			{.fd = k->daemon.pidfd, .events = POLLIN},
			{.fd = k->daemon.qmp, .events = POLLIN}};
		if (poll(p, ARRAY_SIZE(p), -1) < 0)
			continue;
		if (p[1].revents || p[0].revents & (POLLHUP | POLLERR))
			return;
		if (p[0].revents && image_message_recv(IMAGE_FD_CONTROL, &m) != -EAGAIN)
			return;
		if (p[2].revents) { /* an event: of no interest */
			char buf[4096];
			if (recv(k->daemon.qmp, buf, sizeof(buf), MSG_DONTWAIT) <= 0)
				return;
		}
	}
}

static int quit(struct keeper *k)
{
	struct pollfd p = {.fd = k->daemon.pidfd, .events = POLLIN};
	static const char text[] = "{\"execute\":\"quit\"}";
	(void)send(k->daemon.qmp, text, strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT);
	if (poll(&p, 1, QUIT_MS) != 1)
		image_daemon_kill(&k->daemon);
	return image_daemon_end(&k->daemon) != 0;
}

static int keep(struct keeper *k)
{
	struct image_message ready = {.type = IMAGE_READY};
	struct stat st;
	k->driver = !fstat(IMAGE_FD_FILE, &st) && S_ISBLK(st.st_mode) ? "host_device" : "file";
	int r = image_daemon_start(k->read_only, &k->daemon);
	if (r < 0)
		return tell_failure(r, r == -ENOENT ? IMAGE_DAEMON_MISSING : strerror(-r));
	fd_close(IMAGE_FD_LISTEN);
	fd_close(IMAGE_FD_FILE);
	r = confine();
	if (r < 0) {
		image_daemon_kill(&k->daemon);
		return tell_failure(r, strerror(-r));
	}
	r = begin(k, &ready.size);
	if (r < 0)
		return give_up(k, r);
	(void)image_message_send(IMAGE_FD_CONTROL, &ready);
	wait_for_end(k);
	return quit(k);
}

int role_image(int argc, char **argv)
{
	static const struct option options[] = {
		{"format", required_argument, NULL, 'f'},
		{"read-only", no_argument, NULL, 'r'},
		{"direct", no_argument, NULL, 'd'},
		{},
	};
	struct keeper k = {};
	optind = 1;
	for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		if (c == 'f')
			k.format = optarg;
		else if (c == 'r')
			k.read_only = true;
		else if (c == 'd')
			k.direct = true;
		else
			return 2;
	}
	if (!k.format)
		return 2;
	signal(SIGPIPE, SIG_IGN);
	json_object_seed(0); /* the first object would open /dev/urandom, which confine() forbids */
	int r = keep(&k);
	image_qmp_done(&k.qmp);
	return r;
}
