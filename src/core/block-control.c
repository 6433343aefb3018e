/* SPDX-License-Identifier: MIT */
/*
 * Theory of operation: block-control.h.  A message is one fixed-size packet; what else comes is
 * refused and its descriptors are closed.
 */
#include "base/fdpass.h"
#include "core/block-control.h"

int block_message_send(int control, const struct block_message *m, int attached)
{
	return fdpass_packet_send(control, m, sizeof(*m), &attached, attached >= 0);
}

int block_connection_send(int control, int fd, const void *epoch, size_t n)
{
	struct block_message m = {.type = BLOCK_CONNECTION, .epoch_len = (uint32_t)n};
	assert(n <= sizeof(m.epoch));
	if (n)
		memcpy(m.epoch, epoch, n);
	return block_message_send(control, &m, fd);
}

int block_word_send(int control, enum block_message_type type, int error, const char *text)
{
	struct block_message m = {.type = type, .error = error};
	if (text)
		memcpy(m.text, text, strnlen(text, sizeof(m.text) - 1));
	return block_message_send(control, &m, -EBADF);
}

static bool known(const struct block_message *m)
{
	switch (m->type) {
	case BLOCK_CONNECTION:
	case BLOCK_OVER:
	case BLOCK_RESIZE:
	case BLOCK_FLUSH:
	case BLOCK_STATS:
	case BLOCK_ATTACHED:
	case BLOCK_LOST_CONNECTION:
	case BLOCK_RECOVERED:
	case BLOCK_REFUSED:
	case BLOCK_FLUSHED:
		return m->error >= 0 && m->error < 4096 && m->epoch_len <= BLOCK_EPOCH_MAX;
	default:
		return false;
	}
}

int block_message_recv(int control, struct block_message *ret, int *ret_attached)
{
	struct block_message m;
	int got = -EBADF;
	size_t n_fds;
	*ret_attached = -EBADF;
	int r = fdpass_packet_recv(control, &m, sizeof(m), &got, 1, &n_fds);
	if (r <= 0)
		return r;
	if (!known(&m) || (m.type == BLOCK_CONNECTION) != (n_fds == 1)) {
		fdpass_close(&got, n_fds);
		return -EPROTO;
	}
	m.text[sizeof(m.text) - 1] = '\0';
	*ret = m;
	if (n_fds)
		*ret_attached = got;
	return 1;
}
