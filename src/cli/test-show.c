/* SPDX-License-Identifier: MIT */
#include "cli/show.h"
#include "base/test.h"

#include <sys/stat.h>

static void check_quoted(const char *s, size_t n, const char *want)
{
	AUTO_FREE char *q = show_quoted(s, n);
	CHECK_STR(q, want);
}

TEST(plain_names_stay_as_they_are)
{
	check_quoted("a b'c\\d", 7, "a b'c\\d");
	check_quoted("ein schöner Tag ☀ 𝄞", strlen("ein schöner Tag ☀ 𝄞"), "ein schöner Tag ☀ 𝄞");
	check_quoted("", 0, "");
}

TEST(other_names_become_shell_words)
{
	check_quoted("a\nb", 3, "$'a\\nb'");
	check_quoted("it's\t\\", 6, "$'it\\'s\\t\\\\'");
	check_quoted("\033[31m", 5, "$'\\e[31m'");
	check_quoted("\xff\xfe", 2, "$'\\377\\376'");
	check_quoted("ö\xc3", 3, "$'ö\\303'");
	check_quoted("\xc2\x9bm", 3, "$'\\302\\233m'"); /* C1 control */
	check_quoted("x\xe2\x80\xae", 4, "$'x\\342\\200\\256'"); /* turns the writing direction */
	check_quoted("\xe0\x80\xaf", 3, "$'\\340\\200\\257'"); /* overlong */
	check_quoted("\xed\xa0\x80", 3, "$'\\355\\240\\200'"); /* surrogate */
	check_quoted("\xf4\x90\x80\x80", 4, "$'\\364\\220\\200\\200'"); /* above U+10FFFF */
}

TEST(what_a_peer_says_does_not_talk_to_the_terminal)
{
	char text[] = "a\xc3\xa4\nb\033[31m\xc2\x9b"
		      "2J\xe2\x80\xae\xff.";
	show_make_plain(text);
	CHECK_STR(text, "a\xc3\xa4\nb?[31m?2J??.");
}

TEST(references_lose_their_secret)
{
	char buf[80], small[8];
	CHECK_STR(show_word("ref://[fd00::1]/MQEaAftm", buf, sizeof(buf)), "ref://[fd00::1]/...");
	CHECK_STR(show_word("ref://10.0.0.1/MQEaAftm", buf, sizeof(buf)), "ref:...");
	CHECK_STR(show_word("ref:secret", buf, sizeof(buf)), "ref:...");
	CHECK_STR(show_word("ref:secret]", buf, sizeof(buf)), "ref:...");
	CHECK_STR(show_word("--uri=ref://[fd00::1]/MQEa", buf, sizeof(buf)),
		"--uri=ref://[fd00::1]/...");
	CHECK_STR(show_word("plain", buf, sizeof(buf)), "plain");
	CHECK_STR(show_word("a\nb\033", buf, sizeof(buf)), "a?b?");
	CHECK_STR(show_word("abcdefghij", small, sizeof(small)), "abcd...");
}

TEST(json_names_keep_their_bytes)
{
	json_t *o = json_object();
	CHECK_INT(show_json_set(o, "name", "a\nö", 4), 0);
	CHECK_STR(json_string_value(json_object_get(o, "name")), "a\nö");
	CHECK(!json_object_get(o, "nameHex"));
	CHECK_INT(show_json_set(o, "name", "a\xff", 2), 0);
	CHECK_STR(json_string_value(json_object_get(o, "name")), "a\xef\xbf\xbd");
	CHECK_STR(json_string_value(json_object_get(o, "nameHex")), "61ff");
	json_decref(o);
}

TEST(sizes_times_and_modes)
{
	char b[32];
	show_size(0, b, sizeof(b));
	CHECK_STR(b, "0");
	show_size(1023, b, sizeof(b));
	CHECK_STR(b, "1023");
	show_size(4096, b, sizeof(b));
	CHECK_STR(b, "4.0K");
	show_size(1024 * 1024 - 1, b, sizeof(b));
	CHECK_STR(b, "1.0M");
	show_size(UINT64_MAX, b, sizeof(b));
	CHECK_STR(b, "16E");
	setenv("TZ", "UTC", 1);
	show_time(1, b, sizeof(b));
	CHECK_STR(b, "1970-01-01 00:00:01");
	show_time(0, b, sizeof(b));
	CHECK_STR(b, "never");
	show_mode(S_IFDIR | 01777, b);
	CHECK_STR(b, "drwxrwxrwt");
	show_mode(S_IFREG | 06644, b);
	CHECK_STR(b, "-rwSr-Sr--");
}
