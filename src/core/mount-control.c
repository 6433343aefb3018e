/* SPDX-License-Identifier: MIT */
/*
 * Theory of operation: mount-control.h.  A message is one fixed-size packet; what else comes is
 * refused and its descriptors are closed.
 */
#include "base/fdpass.h"
#include "core/mount-control.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>

int mount_message_send(int control, const struct mount_message *m, int attached)
{
	return fdpass_packet_send(control, m, sizeof(*m), &attached, attached >= 0);
}

int mount_connection_send(int control, int fd)
{
	return mount_message_send(control, &(struct mount_message){.type = MOUNT_CONNECTION}, fd);
}

int mount_word_send(int control, enum mount_message_type type, int error, const char *text)
{
	struct mount_message m = {.type = type, .error = error};
	if (text)
		memcpy(m.text, text, strnlen(text, sizeof(m.text) - 1));
	return mount_message_send(control, &m, -EBADF);
}

static bool known(const struct mount_message *m)
{
	switch (m->type) {
	case MOUNT_CONNECTION:
	case MOUNT_OVER:
	case MOUNT_STATS:
	case MOUNT_ATTACHED:
	case MOUNT_LOST_CONNECTION:
	case MOUNT_RECOVERED:
	case MOUNT_REFUSED:
	case MOUNT_KILLED:
		return m->error >= 0 && m->error < 4096;
	default:
		return false;
	}
}

int mount_message_recv(int control, struct mount_message *ret, int *ret_attached)
{
	struct mount_message m;
	int got = -EBADF;
	size_t n_fds;
	*ret_attached = -EBADF;
	int r = fdpass_packet_recv(control, &m, sizeof(m), &got, 1, &n_fds);
	if (r <= 0)
		return r;
	if (!known(&m) || (m.type == MOUNT_CONNECTION) != (n_fds == 1)) {
		fdpass_close(&got, n_fds);
		return -EPROTO;
	}
	m.text[sizeof(m.text) - 1] = '\0';
	*ret = m;
	if (n_fds)
		*ret_attached = got;
	return 1;
}

/* A signal that kills becomes SIGKILL for every thread at once (signal(7) does not say it). */
static bool about_to_die(int32_t pid)
{
	char path[40], text[4096];
	(void)snprintf(path, sizeof(path), "/proc/%d/status", pid);
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT;
	ssize_t n = read(fd, text, sizeof(text) - 1);
	if (n < 0)
		return errno == ESRCH;
	text[n] = 0;
	static const char *const masks[] = {"\nSigPnd:", "\nShdPnd:"};
	for (size_t i = 0; i < ARRAY_SIZE(masks); i++) {
		const char *p = strstr(text, masks[i]);
		if (p && strtoull(p + 8, NULL, 16) & UINT64_C(1) << (SIGKILL - 1))
			return true;
	}
	return false;
}

int mount_killed_answer(int control, const struct mount_message *m)
{
	struct mount_message a = {.type = MOUNT_KILLED, .who = m->who};
	a.error = about_to_die(m->who.pid) ? 0 : EAGAIN;
	return mount_message_send(control, &a, -EBADF);
}
