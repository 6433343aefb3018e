/* SPDX-License-Identifier: MIT */
/*
 * The codec against the protocol's own words: `spec` says what each message looks like on the wire,
 * independently of the codec's table.  Frames made from it must decode, encode to the same bytes,
 * and fail to decode when a byte is missing or too many.
 */
#include "base/test.h"
#include "wire/9p/9p-codec.h"

#include <endian.h>

/* 1 2 4 8: integers, s: string, q: qid, n: names, k: qids, d: payload, a: attributes */
static const struct {
	uint8_t type;
	const char *fields;
} spec[] = {
	{7, "4"},
	{8, "4"},
	{9, "448888884"},
	{12, "44"},
	{13, "q4"},
	{14, "4s444"},
	{15, "q4"},
	{16, "4ss4"},
	{17, "q"},
	{18, "4s4444"},
	{19, "q"},
	{20, "44s"},
	{21, ""},
	{22, "4"},
	{23, "s"},
	{24, "48"},
	{25, "a"},
	{26, "4444488888"},
	{27, ""},
	{30, "44s"},
	{31, "8"},
	{32, "4s84"},
	{33, ""},
	{40, "484"},
	{41, "d"},
	{50, "44"},
	{51, ""},
	{52, "414884s"},
	{53, "1"},
	{54, "41884s"},
	{55, "1884s"},
	{70, "44s"},
	{71, ""},
	{72, "4s44"},
	{73, "q"},
	{74, "4s4s"},
	{75, ""},
	{76, "4s4"},
	{77, ""},
	{100, "4s"},
	{101, "4s"},
	{102, "4ss4"},
	{103, "q"},
	{104, "44ss4"},
	{105, "q"},
	{107, "s"},
	{108, "2"},
	{109, ""},
	{110, "44n"},
	{111, "k"},
	{116, "484"},
	{117, "d"},
	{118, "48d"},
	{119, "4"},
	{120, "4"},
	{121, ""},
	{122, "4"},
	{123, ""},
	{128, "44s84"},
	{129, "a4"},
	{130, "44s4844"},
	{131, "a44d"},
	{132, "44s4448"},
	{133, "a4a"},
	{134, "44s4444s8"},
	{135, "aa"},
	{136, "44s8"},
	{137, "aa"},
	{138, "48484"},
	{139, "4d"},
	{140, "4s4s4"},
	{141, ""},
	{142, "4488"},
	{143, ""},
	{144, "448"},
	{145, "8"},
	{146, "48488"},
	{147, "8"},
	{148, "444448"},
	{149, "a4"},
	{150, "4s4"},
	{151, "4d"},
	{152, "44"},
	{153, "4d"},
	{154, "4s4d"},
	{155, ""},
	{156, "4s"},
	{157, ""},
	{158, "4444488888"},
	{159, "a"},
	{160, "4"},
	{161, "d"},
	{162, "4s44d"},
	{163, "q"},
	{164, ""},
	{165, "4"},
	{168, "4s4"},
	{169, "a"},
};

static uint32_t seed;

static uint8_t next_byte(void)
{
	seed = seed * 1664525 + 1013904223;
	return (uint8_t)(seed >> 24);
}

static size_t put(uint8_t *p, size_t n, uint64_t v)
{
	v = htole64(v);
	memcpy(p, &v, n);
	return n;
}

static size_t put_random(uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		p[i] = next_byte();
	return n;
}

static size_t put_string(uint8_t *p)
{
	size_t len = next_byte() % 12;
	return put(p, 2, len) + put_random(p + 2, len);
}

static size_t put_field(uint8_t *p, char kind)
{
	size_t n, at;
	switch (kind) {
	case 's':
		return put_string(p);
	case 'q':
		return put_random(p, 13);
	case 'n':
		n = next_byte() % (P9_MAX_WALK + 1);
		at = put(p, 2, n);
		while (n--)
			at += put_string(p + at);
		return at;
	case 'k':
		n = next_byte() % (P9_MAX_WALK + 1);
		return put(p, 2, n) + put_random(p + 2, n * 13);
	case 'd':
		n = next_byte();
		return put(p, 4, n) + put_random(p + 4, n);
	case 'a': /* valid qid mode uid gid, 15 numbers */
		return put_random(p, 8 + 13 + 3 * 4 + 15 * 8);
	default:
		return put_random(p, (size_t)(kind - '0'));
	}
}

static size_t make_frame(size_t row, uint8_t *p)
{
	size_t n = P9_HEADER;
	p[4] = spec[row].type;
	put_random(p + 5, 2);
	for (const char *f = spec[row].fields; *f; f++)
		n += put_field(p + n, *f);
	put(p, 4, n);
	return n;
}

TEST(every_message_decodes_and_encodes_to_the_same_bytes)
{
	uint8_t frame[4096], again[4096];
	for (uint32_t round = 0; round < 100; round++) {
		seed = round * 977;
		for (size_t i = 0; i < ARRAY_SIZE(spec); i++) {
			struct p9_msg m;
			size_t n = make_frame(i, frame);
			CHECK_INT(p9_decode(frame, n, &m), 0);
			CHECK_INT(m.type, spec[i].type);
			CHECK_INT(m.tag, p9_frame_tag(frame));
			CHECK_INT(p9_encode(&m, again, sizeof(again)), n);
			CHECK(!memcmp(frame, again, n));
		}
	}
}

TEST(every_other_type_is_refused)
{
	for (unsigned type = 0; type < 256; type++) {
		if (type == P9_Tonce)
			continue; /* a prefix, which every_request_goes_inside_tonce() is about */
		uint8_t frame[P9_HEADER] = {P9_HEADER, 0, 0, 0, (uint8_t)type, 0, 0};
		struct p9_msg m = {.type = (uint8_t)type};
		bool known = false;
		for (size_t i = 0; i < ARRAY_SIZE(spec); i++)
			known = known || spec[i].type == type;
		int r = p9_decode(frame, sizeof(frame), &m);
		CHECK((r == -EOPNOTSUPP) == !known);
		CHECK((p9_encode(&m, frame, 0) == -EINVAL) == !known);
		CHECK((*p9_type_name((uint8_t)type) == '?') == !known);
	}
}

/* In heap blocks of the exact size, so that a read too far is seen. */
static int decode_exactly(const uint8_t *frame, size_t n)
{
	struct p9_msg m;
	uint8_t *copy = malloc(n);
	memcpy(copy, frame, n);
	if (n >= 4)
		put(copy, 4, n);
	int r = p9_decode(copy, n, &m);
	free(copy);
	return r;
}

TEST(every_truncation_and_every_extension_is_refused)
{
	uint8_t frame[4096];
	for (uint32_t round = 0; round < 10; round++) {
		seed = round * 1999 + 1;
		for (size_t i = 0; i < ARRAY_SIZE(spec); i++) {
			size_t n = make_frame(i, frame);
			CHECK_INT(decode_exactly(frame, n), 0);
			for (size_t cut = 1; cut < n; cut++)
				CHECK_INT(decode_exactly(frame, cut), -EBADMSG);
			frame[n] = 0;
			CHECK_INT(decode_exactly(frame, n + 1), -EBADMSG);
		}
	}
}

TEST(encoding_into_too_little_room_is_refused)
{
	uint8_t frame[4096];
	seed = 7;
	for (size_t i = 0; i < ARRAY_SIZE(spec); i++) {
		struct p9_msg m;
		size_t n = make_frame(i, frame);
		CHECK_INT(p9_decode(frame, n, &m), 0);
		for (size_t cap = 0; cap < n; cap++) {
			uint8_t *out = malloc(cap ? cap : 1);
			CHECK_INT(p9_encode(&m, out, cap), -EMSGSIZE);
			free(out);
		}
	}
}

/* slot[2] seq[4] type[1] between the tag and the fields. */
static size_t wrap_once(uint8_t *frame, size_t n, uint16_t slot, uint32_t seq)
{
	memmove(frame + P9_HEADER + P9_ONCE_HEADER, frame + P9_HEADER, n - P9_HEADER);
	put(frame + P9_HEADER, 2, slot);
	put(frame + P9_HEADER + 2, 4, seq);
	frame[P9_HEADER + 6] = frame[4];
	frame[4] = 166;
	put(frame, 4, n + P9_ONCE_HEADER);
	return n + P9_ONCE_HEADER;
}

TEST(every_request_goes_inside_tonce)
{
	uint8_t frame[4096], again[4096];
	for (size_t i = 0; i < ARRAY_SIZE(spec); i++) {
		struct p9_msg m;
		seed = (uint32_t)i;
		size_t n = wrap_once(frame, make_frame(i, frame), 63, 0x12345678);
		if (spec[i].type & 1) {
			CHECK_INT(p9_decode(frame, n, &m), -EBADMSG);
			continue;
		}
		CHECK_INT(p9_decode(frame, n, &m), 0);
		CHECK_INT(m.type, spec[i].type);
		CHECK_INT(m.once.slot, 63);
		CHECK_INT(m.once.seq, 0x12345678);
		CHECK_INT(p9_encode(&m, again, sizeof(again)), n);
		CHECK(!memcmp(frame, again, n));
		for (size_t cut = 1; cut < n; cut++)
			CHECK_INT(decode_exactly(frame, cut), -EBADMSG);
	}
}

TEST(a_tonce_has_a_slot_a_number_and_a_request)
{
	static const struct {
		uint16_t slot;
		uint32_t seq;
		uint8_t type;
		int error;
	} cases[] = {{0, 1, P9_Tclunk, 0}, {63, UINT32_MAX, P9_Tclunk, 0},
		{64, 1, P9_Tclunk, -EBADMSG}, {0xffff, 1, P9_Tclunk, -EBADMSG},
		{0, 0, P9_Tclunk, -EBADMSG}, {0, 1, P9_Rclunk, -EBADMSG},
		{0, 1, P9_Tonce, -EOPNOTSUPP}, {0, 1, 200, -EOPNOTSUPP}};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		uint8_t frame[64] = {0, 0, 0, 0, P9_Tclunk};
		struct p9_msg m;
		put(frame, 4, P9_HEADER + 4);
		size_t n = wrap_once(frame, P9_HEADER + 4, cases[i].slot, cases[i].seq);
		frame[P9_HEADER + 6] = cases[i].type;
		CHECK_INT(p9_decode(frame, n, &m), cases[i].error);
		CHECK_INT(m.tag, 0);
	}
	struct p9_msg m = {.type = P9_Tclunk, .once = {.slot = P9_ONCE_SLOTS, .seq = 1}};
	uint8_t frame[64];
	CHECK_INT(p9_encode(&m, frame, sizeof(frame)), -EINVAL);
	/* Answers are never wrapped. */
	m = (struct p9_msg){.type = P9_Rclunk, .once = {.slot = 1, .seq = 1}};
	CHECK_INT(p9_encode(&m, frame, sizeof(frame)), P9_HEADER);
	CHECK_INT(frame[4], P9_Rclunk);
}

TEST(a_payload_is_found_where_the_frame_has_it)
{
	uint8_t frame[4096];
	seed = 3;
	for (size_t i = 0; i < ARRAY_SIZE(spec); i++) {
		struct p9_msg m;
		size_t n = make_frame(i, frame);
		CHECK_INT(p9_decode(frame, n, &m), 0);
		const struct p9_data *d = p9_payload(&m);
		size_t at = p9_payload_offset(spec[i].type);
		bool fixed = !strchr(spec[i].fields, 's');
		CHECK((d != NULL) == (strchr(spec[i].fields, 'd') != NULL));
		CHECK((at != 0) == (d && fixed));
		if (d)
			CHECK((const uint8_t *)d->p + d->len == frame + n);
		if (at)
			CHECK((const uint8_t *)d->p == frame + at);
	}
	CHECK_INT(p9_payload_offset(P9_Rread), P9_READ_HEADER);
	CHECK_INT(p9_payload_offset(P9_Rreaddir), P9_READ_HEADER);
	CHECK_INT(p9_payload_offset(P9_Revents), P9_READ_HEADER);
	CHECK_INT(p9_payload_offset(P9_Twrite), P9_WRITE_HEADER);
	CHECK_INT(p9_payload_offset(P9_Rreaddirplus), P9_PLUS_HEADER);
	CHECK_INT(p9_payload_offset(P9_Rgetxattr), P9_PLUS_HEADER);
	CHECK_INT(p9_payload_offset(P9_Rlistxattr), P9_PLUS_HEADER);
	CHECK_INT(p9_payload_offset(P9_Ropenat), P9_OPENAT_HEADER);
}

TEST(the_size_field_must_be_the_size)
{
	uint8_t frame[] = {7, 0, 0, 0, P9_Rclunk, 1, 0};
	struct p9_msg m;
	CHECK_INT(p9_decode(frame, 7, &m), 0);
	frame[0] = 8;
	CHECK_INT(p9_decode(frame, 7, &m), -EBADMSG);
	frame[0] = 6;
	CHECK_INT(p9_decode(frame, 7, &m), -EBADMSG);
	CHECK_INT(m.type, P9_Rclunk);
	CHECK_INT(m.tag, 1);
}

TEST(a_stream_tells_when_a_frame_is_whole)
{
	uint8_t b[8] = {6};
	CHECK_INT(p9_frame_size(b, 3, 100), 0);
	CHECK_INT(p9_frame_size(b, 4, 100), -EBADMSG);
	b[0] = 7;
	CHECK_INT(p9_frame_size(b, 4, 100), 7);
	b[0] = 100;
	CHECK_INT(p9_frame_size(b, 4, 100), 100);
	b[0] = 101;
	CHECK_INT(p9_frame_size(b, 4, 100), -EMSGSIZE);
	memset(b, 0xff, 4);
	CHECK_INT(p9_frame_size(b, 4, UINT32_MAX), -EMSGSIZE);
}

TEST(a_walk_has_at_most_sixteen_names)
{
	struct p9_msg m = {.type = P9_Twalk, .twalk.nwname = P9_MAX_WALK + 1}, back;
	uint8_t frame[P9_HEADER + 8 + 2 + 17 * 2] = {};
	CHECK_INT(p9_encode(&m, frame, sizeof(frame)), -EINVAL);
	m = (struct p9_msg){.type = P9_Rwalk, .rwalk.nwqid = P9_MAX_WALK + 1};
	CHECK_INT(p9_encode(&m, frame, sizeof(frame)), -EINVAL);
	put(frame, 4, sizeof(frame));
	frame[4] = P9_Twalk;
	frame[P9_HEADER + 8] = 17;
	CHECK_INT(p9_decode(frame, sizeof(frame), &back), -EBADMSG);
	frame[P9_HEADER + 8] = 16;
	put(frame, 4, sizeof(frame) - 2);
	CHECK_INT(p9_decode(frame, sizeof(frame) - 2, &back), 0);
	CHECK_INT(back.twalk.nwname, 16);
}

TEST(fields_are_where_the_protocol_has_them)
{
	static const uint8_t frame[] = {42, 0, 0, 0, 110, 0x34, 0x12, 1, 0, 0, 0, 2, 0, 0, 0, 2, 0,
		3, 0, 'u', 's', 'r', 18, 0, 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k',
		'l', 'm', 'n', 'o', 'p', 'q', 'r'};
	struct p9_msg m;
	CHECK_INT(p9_decode(frame, sizeof(frame), &m), 0);
	CHECK_INT(m.tag, 0x1234);
	CHECK_INT(m.twalk.fid, 1);
	CHECK_INT(m.twalk.newfid, 2);
	CHECK_INT(m.twalk.nwname, 2);
	CHECK(p9_str_eq(m.twalk.wname[0], "usr"));
	CHECK(p9_str_eq(m.twalk.wname[1], "abcdefghijklmnopqr"));
}

TEST(payload_may_lie_elsewhere)
{
	uint8_t frame[64], whole[64];
	struct p9_msg m = {.type = P9_Twrite, .tag = 9}, back;
	m.twrite.fid = 5;
	m.twrite.offset = 1ull << 40;
	m.twrite.data = (struct p9_data){.p = "hello", .len = 5};
	CHECK_INT(p9_encode_head(&m, frame, sizeof(frame)), P9_WRITE_HEADER);
	memcpy(frame + P9_WRITE_HEADER, "hello", 5);
	CHECK_INT(p9_encode(&m, whole, sizeof(whole)), P9_WRITE_HEADER + 5);
	CHECK(!memcmp(frame, whole, P9_WRITE_HEADER + 5));
	CHECK_INT(p9_decode_head(frame, P9_WRITE_HEADER, &back), 0);
	CHECK_INT(back.twrite.data.len, 5);
	CHECK(!back.twrite.data.p);
	CHECK_INT(back.twrite.offset, 1ull << 40);
	frame[0]++;
	CHECK_INT(p9_decode_head(frame, P9_WRITE_HEADER, &back), -EBADMSG);
	CHECK_INT(p9_decode_head(frame, P9_WRITE_HEADER - 1, &back), -EBADMSG);
	m.twrite.data.len = UINT32_MAX;
	CHECK_INT(p9_encode_head(&m, frame, sizeof(frame)), -EMSGSIZE);
}

TEST(directory_entries_round_trip_and_every_truncation_fails)
{
	uint8_t b[64];
	struct p9_dirent d = {.qid = {P9_QTDIR, 7, 1234567890123}, .offset = 99, .type = 4}, back;
	d.name = p9_str("name");
	int n = p9_dirent_encode(&d, b, sizeof(b));
	CHECK_INT(n, 13 + 8 + 1 + 2 + 4);
	CHECK_INT(p9_dirent_decode(b, (size_t)n, &back), n);
	CHECK_INT(back.qid.path, 1234567890123);
	CHECK_INT(back.offset, 99);
	CHECK(p9_str_eq(back.name, "name"));
	for (size_t i = 1; i < (size_t)n; i++) {
		CHECK_INT(p9_dirent_decode(b, i, &back), -EBADMSG);
		CHECK_INT(p9_dirent_encode(&d, b, i), -EMSGSIZE);
	}
	CHECK_INT(p9_dirent_decode(b, 0, &back), 0);
}

TEST(entries_with_attributes_round_trip_and_every_truncation_fails)
{
	uint8_t b[256], again[256];
	struct p9_direntplus d, back;
	seed = 11;
	put_random(b, sizeof(b));
	put(b + 9, 2, 5);
	int n = P9_DIRENTPLUS_MIN + 5;
	CHECK_INT(p9_direntplus_decode(b, sizeof(b), &d), n);
	CHECK(d.name.s == (const char *)b + 11 && d.name.len == 5);
	CHECK_INT(p9_direntplus_encode(&d, again, sizeof(again)), n);
	CHECK(!memcmp(b, again, (size_t)n));
	for (size_t i = 1; i < (size_t)n; i++) {
		CHECK_INT(p9_direntplus_decode(b, i, &back), -EBADMSG);
		CHECK_INT(p9_direntplus_encode(&d, again, i), -EMSGSIZE);
	}
	CHECK_INT(p9_direntplus_decode(b, 0, &back), 0);
}

TEST(events_round_trip_and_every_truncation_fails)
{
	uint8_t b[P9_EVENT_MAX];
	char longest[P9_MAX_NAME];
	memset(longest, 'x', sizeof(longest));
	struct p9_event back, events[] = {{P9_EVENT_ENTRY, 1ull << 63, {longest, P9_MAX_NAME}},
				      {P9_EVENT_CHANGED, 7, p9_str("a")}, {P9_EVENT_SELF, 7, {}},
				      {P9_EVENT_UNWATCHED, 8, {}}, {P9_EVENT_ALL, 0, {}}};
	for (size_t i = 0; i < ARRAY_SIZE(events); i++) {
		int n = p9_event_encode(&events[i], b, sizeof(b));
		CHECK_INT(n, P9_EVENT_MIN + events[i].name.len);
		CHECK_INT(p9_event_decode(b, (size_t)n, &back), n);
		CHECK_INT(back.type, events[i].type);
		CHECK(back.path == events[i].path);
		CHECK_INT(back.name.len, events[i].name.len);
		for (size_t cut = 1; cut < (size_t)n; cut++) {
			CHECK_INT(p9_event_decode(b, cut, &back), -EBADMSG);
			CHECK_INT(p9_event_encode(&events[i], b, cut), -EMSGSIZE);
		}
	}
	CHECK_INT(p9_event_decode(b, 0, &back), 0);
	b[0] = 0;
	CHECK_INT(p9_event_decode(b, sizeof(b), &back), -EBADMSG);
	b[0] = P9_EVENT_ALL + 1;
	CHECK_INT(p9_event_decode(b, sizeof(b), &back), -EBADMSG);
}

TEST(a_name_is_one_component)
{
	static const struct {
		const char *s;
		uint16_t len;
		bool valid;
	} names[] = {{"a", 1, true}, {"...", 3, true}, {".a", 2, true}, {"..a", 3, true},
		{"", 0, false}, {".", 1, false}, {"..", 2, false}, {"a/b", 3, false},
		{"/", 1, false}, {"a\0b", 3, false}, {"\xff\n\x01 ", 4, true}};
	char longest[P9_MAX_NAME + 2];
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		CHECK(p9_name_valid((struct p9_str){names[i].s, names[i].len}) == names[i].valid);
	memset(longest, 'x', sizeof(longest));
	CHECK(p9_name_valid((struct p9_str){longest, P9_MAX_NAME}));
	CHECK(!p9_name_valid((struct p9_str){longest, P9_MAX_NAME + 1}));
}
