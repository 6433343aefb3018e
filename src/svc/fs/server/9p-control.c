/* SPDX-License-Identifier: MIT */
/* Theory of operation: 9p-control.h. */
#include "svc/fs/server/9p-control.h"

#include <endian.h>
#include <sys/socket.h>

static const uint8_t magic[4] = {'9', 'P', 'S', '1'};

/* The head, and one file's path aside. */
enum { HEAD = 4 + 8 + 8 + 8 + 4 + 4 + 8 + 4, FILE_HEAD = 1 + 2 };

static void put(uint8_t **p, size_t n, uint64_t v)
{
	v = htole64(v);
	memcpy(*p, &v, n);
	*p += n;
}

static uint64_t get(const uint8_t **p, size_t n)
{
	uint64_t v = 0;
	memcpy(&v, *p, n);
	*p += n;
	return le64toh(v);
}

void p9_control_packet_init(struct p9_control_packet *p)
{
	p->len = HEAD;
	p->n_listed = 0;
}

bool p9_control_packet_file(struct p9_control_packet *p, const struct p9_control_file *f)
{
	struct p9_str path = f->path;
	if (path.len > P9_CONTROL_PATH_MAX) { /* the end says more than the beginning */
		path.s += path.len - P9_CONTROL_PATH_MAX;
		path.len = P9_CONTROL_PATH_MAX;
	}
	size_t n = FILE_HEAD + (size_t)path.len;
	if (p->n_listed == P9_CONTROL_FILES_MAX || sizeof(p->bytes) - p->len < n)
		return false;
	uint8_t *at = p->bytes + p->len;
	put(&at, 1, f->mode);
	put(&at, 2, path.len);
	if (path.len)
		memcpy(at, path.s, path.len);
	p->len += n;
	p->n_listed++;
	return true;
}

void p9_control_packet_finish(struct p9_control_packet *p, const struct p9_control_stats *s)
{
	uint8_t *at = p->bytes;
	memcpy(at, magic, sizeof(magic));
	at += sizeof(magic);
	put(&at, 8, s->bytes_read);
	put(&at, 8, s->bytes_written);
	put(&at, 8, s->requests);
	put(&at, 4, s->users);
	put(&at, 4, s->watched);
	put(&at, 8, s->n_open);
	put(&at, 4, p->n_listed);
	assert(at == p->bytes + HEAD);
}

static int decode_file(const uint8_t **p, const uint8_t *end, struct p9_control_file *ret)
{
	if (end - *p < FILE_HEAD)
		return -EBADMSG;
	ret->mode = (uint8_t)get(p, 1);
	ret->path.len = (uint16_t)get(p, 2);
	ret->path.s = (const char *)*p;
	if (end - *p < ret->path.len || ret->path.len > P9_CONTROL_PATH_MAX ||
		memchr(ret->path.s, 0, ret->path.len) ||
		(ret->mode & ~(P9_CONTROL_READ | P9_CONTROL_WRITE)))
		return -EBADMSG;
	*p += ret->path.len;
	return 0;
}

int p9_control_decode(const void *buf, size_t len, struct p9_control_stats *ret,
	struct p9_control_file files[P9_CONTROL_FILES_MAX])
{
	const uint8_t *p = buf, *end = p + len;
	struct p9_control_stats s;
	if (len < HEAD || memcmp(p, magic, sizeof(magic)))
		return -EBADMSG;
	p += sizeof(magic);
	s.bytes_read = get(&p, 8);
	s.bytes_written = get(&p, 8);
	s.requests = get(&p, 8);
	s.users = (uint32_t)get(&p, 4);
	s.watched = (uint32_t)get(&p, 4);
	s.n_open = get(&p, 8);
	s.n_listed = (uint32_t)get(&p, 4);
	if (s.n_listed > P9_CONTROL_FILES_MAX || s.n_open < s.n_listed)
		return -EBADMSG;
	for (uint32_t i = 0; i < s.n_listed; i++) {
		if (decode_file(&p, end, &files[i]))
			return -EBADMSG;
	}
	if (p != end)
		return -EBADMSG;
	*ret = s;
	return 0;
}

int p9_control_ask(int fd)
{
	static const uint8_t ask = P9_CONTROL_ASK;
	ssize_t n = send(fd, &ask, 1, MSG_DONTWAIT | MSG_NOSIGNAL);
	return n < 0 ? -errno : 0;
}
