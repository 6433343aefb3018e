/* SPDX-License-Identifier: MIT */
/* Every option, as it should be and as it should not. */
#include "wire/nbd/nbd-server-fixture.h"

enum {
	ALL_FLAGS = NBD_FLAG_SEND_FLUSH | NBD_FLAG_SEND_FUA | NBD_FLAG_SEND_TRIM |
		    NBD_FLAG_SEND_WRITE_ZEROES | NBD_FLAG_SEND_DF | NBD_FLAG_CAN_MULTI_CONN |
		    NBD_FLAG_SEND_CACHE | NBD_FLAG_SEND_FAST_ZERO | NBD_FLAG_BLOCK_STATUS_PAYLOAD,
};

static const struct nbd_server_config disk = {
	.size = 1 << 20,
	.flags = ALL_FLAGS,
	.name = "disk",
	.description = "a disk",
};
static struct talk talk;
static struct answer answer;

static void begin(void)
{
	say_flags(&talk, NBD_FLAG_FIXED_NEWSTYLE);
}

static void hear(void)
{
	answer_to(&disk, &talk, &answer);
}

static void at_end(enum nbd_server_state state)
{
	CHECK_INT(answer.at, answer.n);
	CHECK_INT(answer.state, state);
}

/* One reply and nothing else. */
static void hear_one(uint32_t option, uint32_t type)
{
	hear();
	expect_reply(&answer, option, type);
	at_end(NBD_SERVER_NEGOTIATING);
}

TEST(unknown_options_are_unsupported)
{
	static const uint32_t unknown[] = {0, 4, 12, 99, UINT32_MAX};
	for (size_t i = 0; i < ARRAY_SIZE(unknown); i++) {
		begin();
		say_option(&talk, unknown[i], "12345", 5);
		say_option(&talk, NBD_OPT_STRUCTURED_REPLY, NULL, 0);
		hear();
		expect_reply(&answer, unknown[i], NBD_REP_ERR_UNSUP);
		expect_reply(&answer, NBD_OPT_STRUCTURED_REPLY, NBD_REP_ACK);
		at_end(NBD_SERVER_NEGOTIATING);
	}
}

TEST(there_is_no_tls)
{
	begin();
	say_option(&talk, NBD_OPT_STARTTLS, NULL, 0);
	hear_one(NBD_OPT_STARTTLS, NBD_REP_ERR_UNSUP);
}

TEST(an_abort_is_acknowledged_whatever_comes_with_it)
{
	begin();
	say_option(&talk, NBD_OPT_ABORT, "because", 7);
	hear();
	expect_reply(&answer, NBD_OPT_ABORT, NBD_REP_ACK);
	at_end(NBD_SERVER_OVER);
}

TEST(the_list_names_one_export)
{
	begin();
	say_option(&talk, NBD_OPT_LIST, NULL, 0);
	hear();
	struct option_reply o = next_reply(&answer);
	CHECK_INT(o.type, NBD_REP_SERVER);
	CHECK_INT(o.len, 4 + 4 + 6);
	CHECK_INT(nbd_get32(o.p), 4);
	CHECK(!memcmp(o.p + 4, "diska disk", 10));
	expect_reply(&answer, NBD_OPT_LIST, NBD_REP_ACK);
	at_end(NBD_SERVER_NEGOTIATING);
}

TEST(options_without_data_refuse_data)
{
	static const uint32_t options[] = {
		NBD_OPT_LIST, NBD_OPT_STRUCTURED_REPLY, NBD_OPT_EXTENDED_HEADERS};
	for (size_t i = 0; i < ARRAY_SIZE(options); i++) {
		begin();
		say_option(&talk, options[i], "x", 1);
		hear_one(options[i], NBD_REP_ERR_INVALID);
		CHECK(!answer.structured && !answer.extended);
	}
}

TEST(options_that_are_too_long_are_skipped)
{
	static const uint8_t zeroes[NBD_SERVER_OPTION_MAX + 1];
	static const uint32_t options[] = {NBD_OPT_LIST, NBD_OPT_INFO, NBD_OPT_GO,
		NBD_OPT_STRUCTURED_REPLY, NBD_OPT_LIST_META_CONTEXT, NBD_OPT_SET_META_CONTEXT,
		NBD_OPT_EXTENDED_HEADERS};
	for (size_t i = 0; i < ARRAY_SIZE(options); i++) {
		begin();
		say_option(&talk, options[i], zeroes, sizeof(zeroes));
		hear_one(options[i], NBD_REP_ERR_TOO_BIG);
	}
	begin();
	say_option(&talk, NBD_OPT_EXPORT_NAME, zeroes, sizeof(zeroes));
	hear();
	at_end(NBD_SERVER_OVER);
}

/* --- EXPORT_NAME --- */

static void hear_export(size_t expected, uint16_t flags)
{
	hear();
	CHECK_INT(answer.state, NBD_SERVER_TRANSMISSION);
	CHECK_INT(answer.n - answer.at, expected);
	CHECK_INT(nbd_get64(answer.out + answer.at), 1 << 20);
	CHECK_INT(nbd_get16(answer.out + answer.at + 8), flags);
	for (size_t i = answer.at + 10; i < answer.n; i++)
		CHECK_INT(answer.out[i], 0);
}

enum { PLAIN_FLAGS = ALL_FLAGS & ~NBD_FLAG_SEND_DF & ~NBD_FLAG_BLOCK_STATUS_PAYLOAD };

TEST(export_name_is_answered_with_zeroes_or_without)
{
	say_flags(&talk, NBD_FLAG_FIXED_NEWSTYLE);
	say_option(&talk, NBD_OPT_EXPORT_NAME, "disk", 4);
	hear_export(134, PLAIN_FLAGS | NBD_FLAG_HAS_FLAGS);
	say_flags(&talk, NBD_FLAG_FIXED_NEWSTYLE | NBD_FLAG_NO_ZEROES);
	say_option(&talk, NBD_OPT_EXPORT_NAME, NULL, 0);
	hear_export(10, PLAIN_FLAGS | NBD_FLAG_HAS_FLAGS);
}

TEST(a_wrong_export_name_ends_the_connection)
{
	static const char *const names[] = {"disc", "dis", "disks", "x"};
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		begin();
		say_option(&talk, NBD_OPT_EXPORT_NAME, names[i], strlen(names[i]));
		hear();
		at_end(NBD_SERVER_OVER);
	}
}

TEST(export_name_and_extended_headers_exclude_each_other)
{
	begin();
	say_option(&talk, NBD_OPT_EXTENDED_HEADERS, NULL, 0);
	say_option(&talk, NBD_OPT_EXPORT_NAME, "disk", 4);
	hear();
	expect_reply(&answer, NBD_OPT_EXTENDED_HEADERS, NBD_REP_ACK);
	at_end(NBD_SERVER_OVER);
}

/* --- INFO, GO --- */

static struct option_reply hear_info(uint32_t option, uint16_t info)
{
	struct option_reply o = next_reply(&answer);
	CHECK_INT(o.option, option);
	CHECK_INT(o.type, NBD_REP_INFO);
	CHECK(o.len >= 2);
	CHECK_INT(nbd_get16(o.p), info);
	return o;
}

static void hear_sizes(uint32_t option, uint32_t min, uint32_t preferred, uint32_t max)
{
	struct option_reply o = hear_info(option, NBD_INFO_BLOCK_SIZE);
	CHECK_INT(o.len, 14);
	CHECK_INT(nbd_get32(o.p + 2), min);
	CHECK_INT(nbd_get32(o.p + 6), preferred);
	CHECK_INT(nbd_get32(o.p + 10), max);
}

static void hear_size(uint32_t option, uint16_t flags)
{
	struct option_reply o = hear_info(option, NBD_INFO_EXPORT);
	CHECK_INT(o.len, 12);
	CHECK_INT(nbd_get64(o.p + 2), 1 << 20);
	CHECK_INT(nbd_get16(o.p + 10), flags);
}

TEST(info_tells_and_go_goes)
{
	static const uint32_t options[] = {NBD_OPT_INFO, NBD_OPT_GO};
	for (size_t i = 0; i < ARRAY_SIZE(options); i++) {
		begin();
		say_go(&talk, options[i], i ? "disk" : "", -1);
		hear();
		hear_sizes(options[i], 512, 4096, NBD_PAYLOAD_MAX);
		hear_size(options[i], PLAIN_FLAGS | NBD_FLAG_HAS_FLAGS);
		expect_reply(&answer, options[i], NBD_REP_ACK);
		at_end(i ? NBD_SERVER_TRANSMISSION : NBD_SERVER_NEGOTIATING);
	}
}

TEST(names_and_descriptions_are_told_who_asks)
{
	begin();
	struct talk data = {.n = 0};
	say_string(&data, "");
	say16(&data, 4);
	say16(&data, NBD_INFO_DESCRIPTION);
	say16(&data, 4711);
	say16(&data, NBD_INFO_NAME);
	say16(&data, NBD_INFO_NAME);
	say_option(&talk, NBD_OPT_INFO, data.bytes, data.n);
	hear();
	hear_info(NBD_OPT_INFO, NBD_INFO_BLOCK_SIZE);
	hear_info(NBD_OPT_INFO, NBD_INFO_EXPORT);
	struct option_reply o = hear_info(NBD_OPT_INFO, NBD_INFO_NAME);
	CHECK(o.len == 6 && !memcmp(o.p + 2, "disk", 4));
	o = hear_info(NBD_OPT_INFO, NBD_INFO_DESCRIPTION);
	CHECK(o.len == 8 && !memcmp(o.p + 2, "a disk", 6));
	expect_reply(&answer, NBD_OPT_INFO, NBD_REP_ACK);
	at_end(NBD_SERVER_NEGOTIATING);
}

TEST(the_longest_strings_have_room)
{
	AUTO_FREE char *longest = malloc(NBD_STRING_MAX + 1);
	memset(longest, 'x', NBD_STRING_MAX);
	longest[NBD_STRING_MAX] = 0;
	struct nbd_server_config c = {.size = 1 << 20, .name = longest, .description = longest};
	begin();
	say_option(&talk, NBD_OPT_LIST, NULL, 0);
	struct talk data = {.n = 0};
	say_string(&data, longest);
	say16(&data, 2);
	say16(&data, NBD_INFO_DESCRIPTION);
	say16(&data, NBD_INFO_NAME);
	say_option(&talk, NBD_OPT_GO, data.bytes, data.n);
	answer_to(&c, &talk, &answer);
	CHECK_INT(next_reply(&answer).len, 4 + 2 * NBD_STRING_MAX);
	expect_reply(&answer, NBD_OPT_LIST, NBD_REP_ACK);
	hear_info(NBD_OPT_GO, NBD_INFO_BLOCK_SIZE);
	hear_info(NBD_OPT_GO, NBD_INFO_EXPORT);
	CHECK_INT(hear_info(NBD_OPT_GO, NBD_INFO_NAME).len, 2 + NBD_STRING_MAX);
	CHECK_INT(hear_info(NBD_OPT_GO, NBD_INFO_DESCRIPTION).len, 2 + NBD_STRING_MAX);
	expect_reply(&answer, NBD_OPT_GO, NBD_REP_ACK);
	at_end(NBD_SERVER_TRANSMISSION);
}

TEST(an_unknown_export_is_unknown)
{
	static const uint32_t options[] = {NBD_OPT_INFO, NBD_OPT_GO};
	for (size_t i = 0; i < ARRAY_SIZE(options); i++) {
		begin();
		say_go(&talk, options[i], "floppy", NBD_INFO_BLOCK_SIZE);
		hear_one(options[i], NBD_REP_ERR_UNKNOWN);
	}
}

static void go_is_invalid(const struct talk *data)
{
	begin();
	say_option(&talk, NBD_OPT_GO, data->bytes, data->n);
	hear_one(NBD_OPT_GO, NBD_REP_ERR_INVALID);
}

TEST(malformed_infos_are_invalid)
{
	struct talk data = {.n = 0};
	go_is_invalid(&data); /* no name */
	say_string(&data, "disk");
	go_is_invalid(&data); /* no number */
	say16(&data, 2);
	say16(&data, 0);
	go_is_invalid(&data); /* one too few */
	say16(&data, 1);
	say16(&data, 2);
	go_is_invalid(&data); /* one too many */
	data.n = 0;
	say32(&data, UINT32_MAX);
	say(&data, "disk\0\0", 6);
	go_is_invalid(&data); /* longer than there is */
	static const char longer[NBD_STRING_MAX + 1];
	data.n = 0;
	say32(&data, sizeof(longer));
	say(&data, longer, sizeof(longer));
	say16(&data, 0);
	go_is_invalid(&data); /* longer than a string may be */
}

static const struct nbd_server_config coarse = {
	.size = 1 << 20, .block_min = 4096, .block_preferred = 65536, .payload_max = 1 << 20};

TEST(go_without_block_sizes_is_refused_only_when_they_are_unusual)
{
	begin();
	say_go(&talk, NBD_OPT_GO, "", -1);
	answer_to(&coarse, &talk, &answer);
	hear_sizes(NBD_OPT_GO, 4096, 65536, 1 << 20);
	hear_size(NBD_OPT_GO, NBD_FLAG_HAS_FLAGS);
	expect_reply(&answer, NBD_OPT_GO, NBD_REP_ERR_BLOCK_SIZE_REQD);
	at_end(NBD_SERVER_NEGOTIATING);

	begin();
	say_go(&talk, NBD_OPT_GO, "", NBD_INFO_BLOCK_SIZE);
	answer_to(&coarse, &talk, &answer);
	CHECK_INT(answer.state, NBD_SERVER_TRANSMISSION);

	begin(); /* they may have been asked for earlier */
	say_go(&talk, NBD_OPT_INFO, "", NBD_INFO_BLOCK_SIZE);
	say_go(&talk, NBD_OPT_GO, "", -1);
	answer_to(&coarse, &talk, &answer);
	CHECK_INT(answer.state, NBD_SERVER_TRANSMISSION);
}

TEST(info_without_block_sizes_is_never_refused)
{
	begin();
	say_go(&talk, NBD_OPT_INFO, "", -1);
	answer_to(&coarse, &talk, &answer);
	hear_sizes(NBD_OPT_INFO, 4096, 65536, 1 << 20);
	hear_size(NBD_OPT_INFO, NBD_FLAG_HAS_FLAGS);
	expect_reply(&answer, NBD_OPT_INFO, NBD_REP_ACK);
	at_end(NBD_SERVER_NEGOTIATING);
}

TEST(export_name_cannot_know_unusual_block_sizes)
{
	begin();
	say_option(&talk, NBD_OPT_EXPORT_NAME, NULL, 0);
	answer_to(&coarse, &talk, &answer);
	at_end(NBD_SERVER_OVER);
}

/* --- the flags that are offered --- */

static uint16_t offered(uint16_t flags, bool structured, bool extended, bool status)
{
	const struct nbd_server_config c = {.size = 1 << 20, .flags = flags};
	begin();
	if (structured)
		say_option(&talk, NBD_OPT_STRUCTURED_REPLY, NULL, 0);
	if (extended)
		say_option(&talk, NBD_OPT_EXTENDED_HEADERS, NULL, 0);
	if (status)
		say_context(&talk, NBD_OPT_SET_META_CONTEXT, "", NBD_BASE_ALLOCATION);
	say_go(&talk, NBD_OPT_GO, "", -1);
	answer_to(&c, &talk, &answer);
	CHECK_INT(answer.state, NBD_SERVER_TRANSMISSION);
	while (answer.at < answer.n) {
		struct option_reply o = next_reply(&answer);
		if (o.type == NBD_REP_INFO && nbd_get16(o.p) == NBD_INFO_EXPORT)
			return nbd_get16(o.p + 10);
	}
	CHECK(false);
}

TEST(flags_depend_on_what_was_agreed_on)
{
	CHECK_INT(offered(0, false, false, false), NBD_FLAG_HAS_FLAGS);
	uint16_t all = ALL_FLAGS | NBD_FLAG_HAS_FLAGS;
	CHECK_INT(offered(ALL_FLAGS, false, false, false), PLAIN_FLAGS | NBD_FLAG_HAS_FLAGS);
	CHECK_INT(offered(ALL_FLAGS, true, false, true), all & ~NBD_FLAG_BLOCK_STATUS_PAYLOAD);
	CHECK_INT(offered(ALL_FLAGS, false, true, false), all & ~NBD_FLAG_BLOCK_STATUS_PAYLOAD);
	CHECK_INT(offered(ALL_FLAGS, true, true, true), all);
	CHECK_INT(offered(ALL_FLAGS & ~NBD_FLAG_SEND_WRITE_ZEROES, false, true, true),
		all & ~NBD_FLAG_SEND_WRITE_ZEROES & ~NBD_FLAG_SEND_FAST_ZERO);
	CHECK_INT(offered(ALL_FLAGS | NBD_FLAG_READ_ONLY, false, true, true),
		(all | NBD_FLAG_READ_ONLY) & ~NBD_FLAG_SEND_TRIM & ~NBD_FLAG_SEND_WRITE_ZEROES &
			~NBD_FLAG_SEND_FAST_ZERO);
}

/* --- STRUCTURED_REPLY, EXTENDED_HEADERS --- */

TEST(extended_headers_take_precedence)
{
	begin();
	say_option(&talk, NBD_OPT_STRUCTURED_REPLY, NULL, 0);
	say_option(&talk, NBD_OPT_STRUCTURED_REPLY, NULL, 0);
	hear();
	expect_reply(&answer, NBD_OPT_STRUCTURED_REPLY, NBD_REP_ACK);
	expect_reply(&answer, NBD_OPT_STRUCTURED_REPLY, NBD_REP_ACK);
	at_end(NBD_SERVER_NEGOTIATING);
	CHECK(answer.structured && !answer.extended);
	begin();
	say_option(&talk, NBD_OPT_EXTENDED_HEADERS, NULL, 0);
	say_option(&talk, NBD_OPT_STRUCTURED_REPLY, NULL, 0);
	hear();
	expect_reply(&answer, NBD_OPT_EXTENDED_HEADERS, NBD_REP_ACK);
	expect_reply(&answer, NBD_OPT_STRUCTURED_REPLY, NBD_REP_ERR_EXT_HEADER_REQD);
	at_end(NBD_SERVER_NEGOTIATING);
	CHECK(answer.structured && answer.extended);
}

/* --- metadata contexts --- */

/* The answer to one of these, after structured replies were agreed on. */
static void hear_contexts(uint32_t option, int id)
{
	hear();
	expect_reply(&answer, NBD_OPT_STRUCTURED_REPLY, NBD_REP_ACK);
	if (id >= 0) {
		struct option_reply o = next_reply(&answer);
		CHECK_INT(o.type, NBD_REP_META_CONTEXT);
		CHECK_INT(nbd_get32(o.p), id);
		CHECK_INT(o.len, 4 + strlen(NBD_BASE_ALLOCATION));
		CHECK(!memcmp(o.p + 4, NBD_BASE_ALLOCATION, strlen(NBD_BASE_ALLOCATION)));
	}
	expect_reply(&answer, option, NBD_REP_ACK);
	at_end(NBD_SERVER_NEGOTIATING);
}

static void begin_structured(void)
{
	begin();
	say_option(&talk, NBD_OPT_STRUCTURED_REPLY, NULL, 0);
}

TEST(contexts_are_listed_and_selected)
{
	static const struct {
		const char *query;
		int list, set; /* -1: no context */
	} cases[] = {
		{"base:allocation", 0, 1},
		{"base:", 0, -1},
		{NULL, 0, -1},
		{"base:allocatio", -1, -1},
		{"base:allocations", -1, -1},
		{"qemu:dirty-bitmap", -1, -1},
		{"x-:", -1, -1},
		{":", -1, -1},
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		begin_structured();
		say_context(&talk, NBD_OPT_LIST_META_CONTEXT, "disk", cases[i].query);
		hear_contexts(NBD_OPT_LIST_META_CONTEXT, cases[i].list);
		CHECK(!answer.status);
		begin_structured();
		say_context(&talk, NBD_OPT_SET_META_CONTEXT, "", cases[i].query);
		hear_contexts(NBD_OPT_SET_META_CONTEXT, cases[i].set);
		CHECK_INT(answer.status, cases[i].set >= 0);
	}
}

TEST(a_context_asked_for_twice_is_there_once)
{
	begin_structured();
	struct talk data = {.n = 0};
	say_string(&data, "disk");
	say32(&data, 3);
	say_string(&data, "base:allocation");
	say_string(&data, "other:thing");
	say_string(&data, "base:allocation");
	say_option(&talk, NBD_OPT_SET_META_CONTEXT, data.bytes, data.n);
	hear_contexts(NBD_OPT_SET_META_CONTEXT, 1);
	CHECK(answer.status);
}

static const uint32_t context_options[] = {NBD_OPT_LIST_META_CONTEXT, NBD_OPT_SET_META_CONTEXT};

TEST(contexts_need_structured_replies)
{
	for (size_t i = 0; i < ARRAY_SIZE(context_options); i++) {
		begin();
		say_context(&talk, context_options[i], "disk", NBD_BASE_ALLOCATION);
		hear_one(context_options[i], NBD_REP_ERR_INVALID);
		CHECK(!answer.status);
	}
}

/* The option fails, and if it is SET, what was selected before no longer is. */
static void contexts_fail(const struct talk *data, uint32_t type)
{
	for (size_t i = 0; i < ARRAY_SIZE(context_options); i++) {
		begin_structured();
		say_context(&talk, NBD_OPT_SET_META_CONTEXT, "disk", NBD_BASE_ALLOCATION);
		say_option(&talk, context_options[i], data->bytes, data->n);
		hear();
		expect_reply(&answer, NBD_OPT_STRUCTURED_REPLY, NBD_REP_ACK);
		next_reply(&answer);
		expect_reply(&answer, NBD_OPT_SET_META_CONTEXT, NBD_REP_ACK);
		expect_reply(&answer, context_options[i], type);
		at_end(NBD_SERVER_NEGOTIATING);
		CHECK_INT(answer.status, context_options[i] == NBD_OPT_LIST_META_CONTEXT);
	}
}

TEST(contexts_of_other_exports_are_unknown)
{
	struct talk data = {.n = 0};
	say_string(&data, "floppy");
	say32(&data, 1);
	say_string(&data, NBD_BASE_ALLOCATION);
	contexts_fail(&data, NBD_REP_ERR_UNKNOWN);
}

TEST(malformed_queries_are_invalid)
{
	struct talk data = {.n = 0};
	contexts_fail(&data, NBD_REP_ERR_INVALID);
	say_string(&data, "disk");
	contexts_fail(&data, NBD_REP_ERR_INVALID); /* no number */
	size_t head = data.n;
	say32(&data, 2);
	say_string(&data, NBD_BASE_ALLOCATION);
	contexts_fail(&data, NBD_REP_ERR_INVALID); /* one too few */
	data.n = head;
	say32(&data, 0);
	say_string(&data, NBD_BASE_ALLOCATION);
	contexts_fail(&data, NBD_REP_ERR_INVALID); /* one too many */
	data.n = head;
	say32(&data, 1);
	say_string(&data, "base");
	contexts_fail(&data, NBD_REP_ERR_INVALID); /* no colon */
	data.n = head;
	say32(&data, 1);
	say_string(&data, "");
	contexts_fail(&data, NBD_REP_ERR_INVALID);
	data.n = head;
	say32(&data, 1);
	say32(&data, 100);
	say(&data, "base:", 5);
	contexts_fail(&data, NBD_REP_ERR_INVALID); /* longer than there is */
	data.n = head;
	say32(&data, UINT32_MAX);
	contexts_fail(&data, NBD_REP_ERR_INVALID);
}

TEST(selecting_again_replaces)
{
	begin_structured();
	say_context(&talk, NBD_OPT_SET_META_CONTEXT, "disk", NBD_BASE_ALLOCATION);
	say_context(&talk, NBD_OPT_SET_META_CONTEXT, "disk", NULL);
	hear();
	CHECK(!answer.status);
	static const uint8_t zeroes[NBD_SERVER_OPTION_MAX + 1];
	begin_structured();
	say_context(&talk, NBD_OPT_SET_META_CONTEXT, "disk", NBD_BASE_ALLOCATION);
	say_option(&talk, NBD_OPT_SET_META_CONTEXT, zeroes, sizeof(zeroes));
	hear();
	CHECK(!answer.status);
}
