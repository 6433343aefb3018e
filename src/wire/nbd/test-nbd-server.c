/* SPDX-License-Identifier: MIT */
/* Negotiation as bytes: greeting, pieces of any size, and handshakes that are broken anywhere. */
#include "wire/nbd/nbd-server-fixture.h"

static const struct nbd_server_config plain = {
	.size = 1 << 20,
	.flags = NBD_FLAG_SEND_FLUSH | NBD_FLAG_SEND_FUA | NBD_FLAG_SEND_DF,
	.name = "disk",
	.description = "a disk",
};

/* A conversation in which everything occurs. */
static void say_everything(struct talk *t)
{
	say_flags(t, NBD_FLAG_FIXED_NEWSTYLE | NBD_FLAG_NO_ZEROES);
	say_option(t, NBD_OPT_STARTTLS, NULL, 0);
	say_option(t, 77, "unknown", 7);
	say_option(t, NBD_OPT_STRUCTURED_REPLY, NULL, 0);
	say_option(t, NBD_OPT_LIST, NULL, 0);
	say_option(t, NBD_OPT_EXTENDED_HEADERS, NULL, 0);
	say_context(t, NBD_OPT_LIST_META_CONTEXT, "disk", "base:");
	say_context(t, NBD_OPT_SET_META_CONTEXT, "disk", "base:allocation");
	say_go(t, NBD_OPT_INFO, "disk", NBD_INFO_NAME);
	say_go(t, NBD_OPT_GO, "disk", NBD_INFO_BLOCK_SIZE);
}

static void say_old(struct talk *t)
{
	say_flags(t, 0);
	say_option(t, NBD_OPT_EXPORT_NAME, "disk", 4);
}

static void say_goodbye(struct talk *t)
{
	say_flags(t, NBD_FLAG_FIXED_NEWSTYLE);
	say_option(t, NBD_OPT_LIST, NULL, 0);
	say_option(t, NBD_OPT_ABORT, "why", 3);
}

static void (*const talks[])(struct talk *) = {say_everything, say_old, say_goodbye};

/* Any answer is a greeting, well-formed replies, and perhaps what comes after EXPORT_NAME. */
static void check_well_formed(struct answer *a)
{
	CHECK(a->n >= 18);
	a->at = 18;
	while (a->n - a->at >= 8 && nbd_get64(a->out + a->at) == NBD_OPT_REPLY_MAGIC)
		next_reply(a);
	size_t rest = a->n - a->at;
	CHECK(!rest || (a->state == NBD_SERVER_TRANSMISSION && (rest == 10 || rest == 134) &&
			       nbd_get64(a->out + a->at) == plain.size));
}

static void converse_new(const struct talk *t, size_t step, struct answer *ret)
{
	AUTO(nbd_server_free) struct nbd_server *s = NULL;
	CHECK_INT(nbd_server_new(&plain, &s), 0);
	converse(s, t, step, ret);
	check_well_formed(ret);
}

static void check_same_in_pieces(const struct talk *t)
{
	static const size_t steps[] = {1, 3, 17};
	static struct answer whole, pieces;
	converse_new(t, ALL_AT_ONCE, &whole);
	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		converse_new(t, steps[i], &pieces);
		CHECK_INT(pieces.state, whole.state);
		CHECK_INT(pieces.used, whole.used);
		CHECK_INT(pieces.structured, whole.structured);
		CHECK_INT(pieces.extended, whole.extended);
		CHECK_INT(pieces.status, whole.status);
		CHECK_INT(pieces.n, whole.n);
		CHECK(!memcmp(pieces.out, whole.out, whole.n));
	}
}

TEST(the_greeting_is_there_from_the_start)
{
	AUTO(nbd_server_free) struct nbd_server *s = NULL;
	CHECK_INT(nbd_server_new(&plain, &s), 0);
	CHECK_INT(nbd_server_state(s), NBD_SERVER_NEGOTIATING);
	const void *p;
	size_t n;
	nbd_server_output(s, &p, &n);
	CHECK_INT(n, 18);
	struct nbd_reader r = {.p = p, .left = n};
	CHECK(nbd_take64(&r) == NBD_MAGIC);
	CHECK(nbd_take64(&r) == NBD_OPT_MAGIC);
	CHECK_INT(nbd_take16(&r), NBD_FLAG_FIXED_NEWSTYLE | NBD_FLAG_NO_ZEROES);
}

TEST(each_talk_comes_to_its_end)
{
	static const enum nbd_server_state ends[] = {
		NBD_SERVER_TRANSMISSION, NBD_SERVER_TRANSMISSION, NBD_SERVER_OVER};
	for (size_t i = 0; i < ARRAY_SIZE(talks); i++) {
		struct talk t;
		static struct answer a;
		talks[i](&t);
		converse_new(&t, ALL_AT_ONCE, &a);
		CHECK_INT(a.state, ends[i]);
		CHECK_INT(a.used, t.n);
	}
}

TEST(the_size_of_the_pieces_does_not_matter)
{
	for (size_t i = 0; i < ARRAY_SIZE(talks); i++) {
		struct talk t;
		talks[i](&t);
		say(&t, "the transmission's", 18);
		check_same_in_pieces(&t);
	}
}

TEST(what_follows_the_negotiation_is_left_to_the_caller)
{
	struct talk t;
	static struct answer a;
	say_everything(&t);
	size_t n = t.n;
	say(&t, "the transmission's", 18);
	converse_new(&t, ALL_AT_ONCE, &a);
	CHECK_INT(a.state, NBD_SERVER_TRANSMISSION);
	CHECK_INT(a.used, n);
}

TEST(a_talk_that_is_cut_off_anywhere_goes_on_negotiating)
{
	for (size_t i = 0; i < ARRAY_SIZE(talks); i++) {
		struct talk t;
		static struct answer a;
		talks[i](&t);
		for (size_t n = t.n; n > 0; n--) {
			t.n = n - 1;
			converse_new(&t, ALL_AT_ONCE, &a);
			CHECK_INT(a.state, NBD_SERVER_NEGOTIATING);
			CHECK_INT(a.used, t.n);
		}
	}
}

TEST(a_talk_with_any_bit_flipped_is_answered_by_the_rules)
{
	for (size_t i = 0; i < ARRAY_SIZE(talks); i++) {
		struct talk t;
		talks[i](&t);
		for (size_t bit = 0; bit < t.n * 8; bit++) {
			t.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
			check_same_in_pieces(&t);
			t.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		}
	}
}

TEST(a_talk_with_any_byte_missing_is_answered_by_the_rules)
{
	for (size_t i = 0; i < ARRAY_SIZE(talks); i++) {
		struct talk t, shorter;
		talks[i](&t);
		for (size_t missing = 0; missing < t.n; missing++) {
			shorter = t;
			memmove(shorter.bytes + missing, shorter.bytes + missing + 1,
				t.n - missing - 1);
			shorter.n = t.n - 1;
			check_same_in_pieces(&shorter);
		}
	}
}

TEST(nothing_is_taken_in_while_an_answer_waits)
{
	AUTO(nbd_server_free) struct nbd_server *s = NULL;
	CHECK_INT(nbd_server_new(&plain, &s), 0);
	struct talk t;
	say_flags(&t, NBD_FLAG_FIXED_NEWSTYLE);
	size_t first = t.n;
	say_option(&t, NBD_OPT_LIST, NULL, 0);
	size_t second = t.n;
	say_option(&t, NBD_OPT_LIST, NULL, 0);
	CHECK_INT(nbd_server_negotiate(s, t.bytes, t.n), first);
	CHECK_INT(nbd_server_negotiate(s, t.bytes + first, t.n - first), 0);
	nbd_server_output_done(s, 18);
	CHECK_INT(nbd_server_negotiate(s, t.bytes + first, t.n - first), second - first);
	const void *p;
	size_t n, again;
	nbd_server_output(s, &p, &n);
	CHECK(n > 20);
	nbd_server_output_done(s, 20);
	CHECK_INT(nbd_server_negotiate(s, t.bytes + second, t.n - second), 0);
	nbd_server_output(s, &p, &again);
	CHECK_INT(again, n - 20);
	nbd_server_output_done(s, again);
	CHECK_INT(nbd_server_negotiate(s, t.bytes + second, t.n - second), t.n - second);
}

TEST(unknown_client_flags_end_the_connection)
{
	for (int bit = 2; bit < 32; bit++) {
		struct talk t;
		static struct answer a;
		say_flags(&t, UINT32_C(1) << bit | NBD_FLAG_FIXED_NEWSTYLE);
		answer_to(&plain, &t, &a);
		CHECK_INT(a.state, NBD_SERVER_OVER);
		CHECK_INT(a.n, 18);
	}
}

TEST(without_fixed_newstyle_there_is_only_export_name)
{
	for (uint32_t option = 0; option < 20; option++) {
		struct talk t;
		static struct answer a;
		say_flags(&t, 0);
		say_option(&t, option, NULL, 0);
		answer_to(&plain, &t, &a);
		CHECK_INT(a.state,
			option == NBD_OPT_EXPORT_NAME ? NBD_SERVER_TRANSMISSION : NBD_SERVER_OVER);
		CHECK_INT(a.n, option == NBD_OPT_EXPORT_NAME ? 18 + 134 : 18);
	}
}

TEST(too_many_options_end_the_connection)
{
	struct talk t;
	static struct answer a;
	say_flags(&t, NBD_FLAG_FIXED_NEWSTYLE);
	for (int i = 0; i < NBD_SERVER_OPTIONS_MAX; i++)
		say_option(&t, NBD_OPT_STRUCTURED_REPLY, NULL, 0);
	answer_to(&plain, &t, &a);
	CHECK_INT(a.state, NBD_SERVER_NEGOTIATING);
	say_option(&t, NBD_OPT_STRUCTURED_REPLY, NULL, 0);
	answer_to(&plain, &t, &a);
	CHECK_INT(a.state, NBD_SERVER_OVER);
}

TEST(an_option_of_four_gigabytes_is_skipped)
{
	AUTO(nbd_server_free) struct nbd_server *s = NULL;
	CHECK_INT(nbd_server_new(&plain, &s), 0);
	nbd_server_output_done(s, 18);
	struct talk t;
	say_flags(&t, NBD_FLAG_FIXED_NEWSTYLE);
	say_option(&t, 77, NULL, 0);
	nbd_put32(t.bytes + t.n - 4, UINT32_MAX);
	CHECK_INT(nbd_server_negotiate(s, t.bytes, t.n), t.n);
	enum { PIECE = 16 << 20 };
	AUTO_FREE uint8_t *zeroes = calloc(1, PIECE);
	for (uint32_t left = UINT32_MAX; left;) {
		uint32_t n = MIN(left, (uint32_t)PIECE);
		CHECK_INT(nbd_server_negotiate(s, zeroes, n), n);
		left -= n;
	}
	static struct answer a;
	take_output(s, &a, ALL_AT_ONCE);
	expect_reply(&a, 77, NBD_REP_ERR_UNSUP);
	CHECK_INT(nbd_server_state(s), NBD_SERVER_NEGOTIATING);
}

static int new_with(struct nbd_server_config c)
{
	AUTO(nbd_server_free) struct nbd_server *s = NULL;
	return nbd_server_new(&c, &s);
}

TEST(a_configuration_that_breaks_the_rules_is_refused)
{
	CHECK_INT(new_with((struct nbd_server_config){0}), 0);
	CHECK_INT(new_with((struct nbd_server_config){.size = INT64_MAX}), 0);
	CHECK_INT(new_with((struct nbd_server_config){.size = 1ULL << 63}), -EINVAL);
	CHECK_INT(new_with((struct nbd_server_config){.block_min = 3}), -EINVAL);
	CHECK_INT(new_with((struct nbd_server_config){.block_min = 1 << 16}), 0);
	CHECK_INT(new_with((struct nbd_server_config){.block_min = 1 << 17}), -EINVAL);
	CHECK_INT(new_with((struct nbd_server_config){.block_preferred = 256}), -EINVAL);
	CHECK_INT(new_with((struct nbd_server_config){.block_preferred = 5000}), -EINVAL);
	CHECK_INT(new_with((struct nbd_server_config){.block_min = 8192, .block_preferred = 4096}),
		-EINVAL);
	CHECK_INT(new_with((struct nbd_server_config){.payload_max = 2048}), -EINVAL);
	CHECK_INT(new_with((struct nbd_server_config){.payload_max = 64 << 20}), -EINVAL);
	CHECK_INT(new_with((struct nbd_server_config){.flags = NBD_FLAG_SEND_RESIZE}), -EINVAL);
	CHECK_INT(new_with((struct nbd_server_config){.flags = 1 << 15}), -EINVAL);
	AUTO_FREE char *longest = malloc(NBD_STRING_MAX + 2);
	memset(longest, 'x', NBD_STRING_MAX + 2);
	longest[NBD_STRING_MAX] = 0;
	CHECK_INT(new_with((struct nbd_server_config){.name = longest, .description = longest}), 0);
	memcpy(longest + NBD_STRING_MAX, "x", 2);
	CHECK_INT(new_with((struct nbd_server_config){.name = longest}), -EINVAL);
	CHECK_INT(new_with((struct nbd_server_config){.description = longest}), -EINVAL);
}

TEST(free_takes_null)
{
	nbd_server_free(NULL);
}
