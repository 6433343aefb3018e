/* SPDX-License-Identifier: MIT */
/* The packet both ways; what a hostile server may send instead. */
#include "svc/fs/server/9p-control.h"
#include "base/test.h"

static const struct p9_control_stats stats = {.bytes_read = 1ull << 40,
	.bytes_written = 7,
	.requests = 12345678901,
	.users = 3,
	.watched = 65536,
	.n_open = 1000};

static struct p9_control_packet *packet(unsigned n_files, uint16_t path_len)
{
	static char path[UINT16_MAX];
	struct p9_control_packet *p = malloc(sizeof(*p));
	memset(path, 'x', sizeof(path));
	path[0] = 'y';
	p9_control_packet_init(p);
	for (unsigned i = 0; i < n_files; i++) {
		struct p9_control_file f = {(uint8_t)(1 + i % 3), {path, path_len}};
		if (!p9_control_packet_file(p, &f))
			break;
	}
	p9_control_packet_finish(p, &stats);
	return p;
}

/* In a block of the exact size, so that a read too far is seen. */
static int decode(const void *buf, size_t len, struct p9_control_stats *s)
{
	struct p9_control_file files[P9_CONTROL_FILES_MAX];
	void *copy = malloc(len ? len : 1);
	memcpy(copy, buf, len);
	int r = p9_control_decode(copy, len, s, files);
	free(copy);
	return r;
}

TEST(what_is_told_is_heard)
{
	struct p9_control_packet *p = packet(3, 5);
	struct p9_control_stats s;
	struct p9_control_file files[P9_CONTROL_FILES_MAX];
	CHECK_INT(p9_control_decode(p->bytes, p->len, &s, files), 0);
	CHECK(s.bytes_read == stats.bytes_read && s.bytes_written == 7);
	CHECK(s.requests == stats.requests && s.n_open == 1000);
	CHECK_INT(s.users, 3);
	CHECK_INT(s.watched, 65536);
	CHECK_INT(s.n_listed, 3);
	for (uint8_t i = 0; i < 3; i++) {
		CHECK_INT(files[i].mode, 1 + i);
		CHECK(p9_str_eq(files[i].path, "yxxxx"));
	}
	free(p);
}

TEST(a_long_path_loses_its_beginning)
{
	struct p9_control_packet *p = packet(1, P9_CONTROL_PATH_MAX + 1);
	struct p9_control_stats s;
	struct p9_control_file files[P9_CONTROL_FILES_MAX];
	CHECK_INT(p9_control_decode(p->bytes, p->len, &s, files), 0);
	CHECK_INT(files[0].path.len, P9_CONTROL_PATH_MAX);
	CHECK_INT(files[0].path.s[0], 'x');
	free(p);
}

TEST(as_many_are_listed_as_there_is_room_for)
{
	struct p9_control_stats s;
	struct p9_control_packet *p = packet(1000, 20);
	CHECK_INT(decode(p->bytes, p->len, &s), 0);
	CHECK_INT(s.n_listed, P9_CONTROL_FILES_MAX);
	free(p);
	p = packet(1000, P9_CONTROL_PATH_MAX);
	CHECK_INT(decode(p->bytes, p->len, &s), 0);
	CHECK(s.n_listed > 50 && s.n_listed < P9_CONTROL_FILES_MAX);
	free(p);
}

TEST(no_part_of_a_packet_is_a_packet)
{
	struct p9_control_packet *p = packet(3, 5);
	struct p9_control_stats s;
	for (size_t n = 0; n < p->len; n++)
		CHECK_INT(decode(p->bytes, n, &s), -EBADMSG);
	p->bytes[p->len] = 0;
	CHECK_INT(decode(p->bytes, p->len + 1, &s), -EBADMSG);
	free(p);
}

TEST(lies_are_refused)
{
	static const struct {
		size_t at;
		uint8_t byte;
	} lies[] = {{0, '8'}, {3, '2'}, /* magic */
		{44, 4}, {47, 0xff}, /* more listed than there are */
		{48, 4}, {48, 0xff}, /* an access mode that is none */
		{50, 0xff}, {53, 0}}; /* a length, a NUL */
	struct p9_control_stats s;
	for (size_t i = 0; i < ARRAY_SIZE(lies); i++) {
		struct p9_control_packet *p = packet(3, 5);
		CHECK_INT(decode(p->bytes, p->len, &s), 0);
		p->bytes[lies[i].at] = lies[i].byte;
		CHECK_INT(decode(p->bytes, p->len, &s), -EBADMSG);
		free(p);
	}
	struct p9_control_packet *p = packet(3, 5);
	memset(p->bytes + 36, 0, 8); /* fewer open than listed */
	CHECK_INT(decode(p->bytes, p->len, &s), -EBADMSG);
	free(p);
}
