/* SPDX-License-Identifier: MIT */
/* Theory of operation: image-control.h. */
#include "svc/fs/block/image-control.h"

#include <sys/socket.h>

void image_text_set(char ret[IMAGE_TEXT_MAX], const char *text)
{
	size_t i = 0;
	for (; text && text[i] && i < IMAGE_TEXT_MAX - 1; i++)
		ret[i] = text[i] >= ' ' && text[i] < 0x7f ? text[i] : '?';
	ret[i] = 0;
}

int image_message_send(int fd, const struct image_message *m)
{
	ssize_t n = send(fd, m, sizeof(*m), MSG_DONTWAIT | MSG_NOSIGNAL);
	return n < 0 ? -errno : 0;
}

int image_message_recv(int fd, struct image_message *ret)
{
	struct image_message m = {};
	ssize_t n = recv(fd, &m, sizeof(m), MSG_DONTWAIT);
	if (n < 0)
		return errno == EINTR || errno == EAGAIN ? -EAGAIN
		       : errno == ECONNRESET             ? 0
							 : -errno;
	if (!n)
		return 0;
	bool known = m.type == IMAGE_READY || m.type == IMAGE_FAILED || m.type == IMAGE_QUIT;
	if (n != sizeof(m) || !known)
		return -EPROTO;
	m.text[IMAGE_TEXT_MAX - 1] = 0;
	*ret = m;
	image_text_set(ret->text, m.text);
	return 1;
}
