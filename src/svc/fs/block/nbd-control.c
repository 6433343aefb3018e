/* SPDX-License-Identifier: MIT */
/* Theory of operation: nbd-control.h. */
#include "svc/fs/block/nbd-control.h"

#include <endian.h>
#include <sys/socket.h>

static const uint8_t magic[4] = {'N', 'B', 'S', '1'};

static uint8_t *put(uint8_t *p, uint64_t v)
{
	v = htole64(v);
	memcpy(p, &v, sizeof(v));
	return p + sizeof(v);
}

static const uint8_t *get(const uint8_t *p, uint64_t *ret)
{
	memcpy(ret, p, sizeof(*ret));
	*ret = le64toh(*ret);
	return p + sizeof(*ret);
}

void nbd_control_encode(const struct nbd_control_stats *s, uint8_t ret[NBD_CONTROL_PACKET_SIZE])
{
	uint8_t *p = ret + sizeof(magic);
	memcpy(ret, magic, sizeof(magic));
	p = put(p, s->size);
	p = put(p, s->bytes_read);
	p = put(p, s->bytes_written);
	p = put(p, s->requests);
	p = put(p, s->errors);
	assert(p == ret + NBD_CONTROL_PACKET_SIZE);
}

int nbd_control_decode(const void *buf, size_t len, struct nbd_control_stats *ret)
{
	const uint8_t *p = buf;
	if (len != NBD_CONTROL_PACKET_SIZE || memcmp(p, magic, sizeof(magic)))
		return -EBADMSG;
	p = get(p + sizeof(magic), &ret->size);
	p = get(p, &ret->bytes_read);
	p = get(p, &ret->bytes_written);
	p = get(p, &ret->requests);
	get(p, &ret->errors);
	return 0;
}

static int say(int fd, uint8_t word)
{
	return send(fd, &word, 1, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 ? -errno : 0;
}

int nbd_control_ask(int fd)
{
	return say(fd, NBD_CONTROL_ASK);
}

int nbd_control_size(int fd)
{
	return say(fd, NBD_CONTROL_SIZE);
}
