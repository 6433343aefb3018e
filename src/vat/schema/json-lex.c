/* SPDX-License-Identifier: MIT */
/*
 * The words of JSON (RFC 8259), read where they stand: nothing is kept but the place.
 *
 * What is skipped is checked as far as its brackets and strings go.
 */
#include "vat/schema/json-internal.h"

#include <stdarg.h>
#include <stdio.h>

enum { MAX_DEPTH = 64 };

bool vat_json_fail(struct json_in *in, int error, const char *fmt, ...)
{
	if (in->error)
		return false;
	in->error = error;
	if (in->detail) {
		va_list ap;
		va_start(ap, fmt);
		vsnprintf(in->detail->text, sizeof(in->detail->text), fmt, ap);
		va_end(ap);
		in->detail->offset = in->at;
	}
	return false;
}

char vat_json_peek(struct json_in *in)
{
	while (!in->error && in->at < in->size && in->s[in->at] && strchr(" \t\r\n", in->s[in->at]))
		in->at++;
	return !in->error && in->at < in->size ? in->s[in->at] : '\0';
}

bool vat_json_take(struct json_in *in, char c)
{
	if (vat_json_peek(in) != c)
		return false;
	in->at++;
	return true;
}

bool vat_json_expect(struct json_in *in, char c)
{
	return vat_json_take(in, c) || vat_json_fail(in, -EBADMSG, "'%c' expected", c);
}

bool vat_json_enter(struct json_in *in)
{
	if (in->depth >= MAX_DEPTH)
		return vat_json_fail(in, -ELOOP, "nested too deeply");
	in->depth++;
	return true;
}

void vat_json_leave(struct json_in *in)
{
	in->depth--;
}

/* ---- strings -------------------------------------------------------------------------------- */

/* Past a string; *ret_len: how long it is between its quotes. */
static bool skip_string(struct json_in *in, size_t *ret_len)
{
	if (!vat_json_expect(in, '"'))
		return false;
	size_t begin = in->at;
	while (in->at < in->size && in->s[in->at] != '"') {
		if ((unsigned char)in->s[in->at] < 0x20)
			return vat_json_fail(in, -EBADMSG, "control character in a string");
		in->at += in->s[in->at] == '\\' ? 2 : 1;
	}
	if (in->at >= in->size) {
		in->at = in->size;
		return vat_json_fail(in, -EBADMSG, "unfinished string");
	}
	*ret_len = in->at - begin;
	in->at++;
	return true;
}

static bool hex4(const char *s, size_t n, uint32_t *ret)
{
	if (n < 4)
		return false;
	*ret = 0;
	for (int i = 0; i < 4; i++) {
		const char *digits = "0123456789abcdef", *at;
		char c = s[i] >= 'A' && s[i] <= 'F' ? (char)(s[i] + 32) : s[i];
		at = c ? strchr(digits, c) : NULL;
		if (!at)
			return false;
		*ret = *ret << 4 | (uint32_t)(at - digits);
	}
	return true;
}

static char *put_utf8(char *to, uint32_t c)
{
	if (c < 0x80) {
		*to++ = (char)c;
		return to;
	}
	if (c < 0x800) {
		*to++ = (char)(0xc0 | c >> 6);
	} else {
		if (c < 0x10000) {
			*to++ = (char)(0xe0 | c >> 12);
		} else {
			*to++ = (char)(0xf0 | c >> 18);
			*to++ = (char)(0x80 | (c >> 12 & 63));
		}
		*to++ = (char)(0x80 | (c >> 6 & 63));
	}
	*to++ = (char)(0x80 | (c & 63));
	return to;
}

/* \uXXXX at s, maybe two for one character; returns what was used, 0 if it is none. */
static size_t unescape_unicode(const char *s, size_t n, char **to)
{
	uint32_t c, low;
	if (!hex4(s, n, &c) || (c >= 0xdc00 && c < 0xe000))
		return 0;
	if (c < 0xd800 || c >= 0xe000) {
		*to = put_utf8(*to, c);
		return 4;
	}
	if (n < 10 || s[4] != '\\' || s[5] != 'u' || !hex4(s + 6, n - 6, &low) || low < 0xdc00 ||
		low >= 0xe000)
		return 0;
	*to = put_utf8(*to, 0x10000 + ((c & 0x3ff) << 10 | (low & 0x3ff)));
	return 10;
}

/* What is between the quotes; never longer than it was. */
static bool unescape(const char *s, size_t n, char *to, size_t *ret_len)
{
	static const char from[] = "\"\\/bfnrt", as[] = "\"\\/\b\f\n\r\t";
	char *begin = to;
	for (size_t i = 0; i < n; i++) {
		if (s[i] != '\\') {
			*to++ = s[i];
			continue;
		}
		i++; /* there is one more: the quote at the end is not part of an escape */
		const char *at = s[i] ? strchr(from, s[i]) : NULL;
		if (at) {
			*to++ = as[at - from];
			continue;
		}
		size_t used = s[i] == 'u' ? unescape_unicode(s + i + 1, n - i - 1, &to) : 0;
		if (!used)
			return false;
		i += used;
	}
	*to = '\0';
	*ret_len = (size_t)(to - begin);
	return true;
}

bool vat_json_string(struct json_in *in, char **ret, size_t *ret_len)
{
	size_t len;
	if (!skip_string(in, &len))
		return false;
	const char *s = in->s + in->at - 1 - len;
	char *text = malloc(len + 1);
	if (!text)
		return vat_json_fail(in, -ENOMEM, "out of memory");
	if (!unescape(s, len, text, ret_len)) {
		free(text);
		return vat_json_fail(in, -EBADMSG, "unknown escape in a string");
	}
	*ret = text;
	return true;
}

/* ---- other values --------------------------------------------------------------------------- */

static bool is_word_char(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       c == '+' || c == '-' || c == '.';
}

bool vat_json_word(struct json_in *in, char buf[64])
{
	size_t len = 0;
	if (vat_json_peek(in) == '"') {
		char *s;
		if (!vat_json_string(in, &s, &len))
			return false;
		if (len < 64)
			memcpy(buf, s, len + 1);
		free(s);
		return len < 64 || vat_json_fail(in, -EBADMSG, "too long for a number");
	}
	while (in->at < in->size && is_word_char(in->s[in->at])) {
		if (len == 63)
			return vat_json_fail(in, -EBADMSG, "too long for a number");
		buf[len++] = in->s[in->at++];
	}
	buf[len] = '\0';
	return len ? true : vat_json_fail(in, -EBADMSG, "a value expected");
}

static bool skip_list(struct json_in *in, char end, bool named)
{
	size_t len;
	if (!vat_json_enter(in))
		return false;
	in->at++;
	if (!vat_json_take(in, end)) {
		do {
			if (named && (!skip_string(in, &len) || !vat_json_expect(in, ':')))
				return false;
			if (!vat_json_skip(in)) /* as deep as vat_json_enter() allows */
				return false;
		} while (vat_json_take(in, ','));
		if (!vat_json_expect(in, end))
			return false;
	}
	vat_json_leave(in);
	return true;
}

bool vat_json_skip(struct json_in *in)
{
	char word[64];
	size_t len;
	switch (vat_json_peek(in)) {
	case '[':
		return skip_list(in, ']', false);
	case '{':
		return skip_list(in, '}', true);
	case '"':
		return skip_string(in, &len);
	default:
		return vat_json_word(in, word);
	}
}

bool vat_json_count(struct json_in *in, uint32_t *ret)
{
	struct json_in ahead = *in;
	*ret = 0;
	bool ok = vat_json_expect(&ahead, '[');
	if (ok && !vat_json_take(&ahead, ']')) {
		do {
			ok = vat_json_skip(&ahead);
			++*ret;
		} while (ok && vat_json_take(&ahead, ','));
		ok = ok && vat_json_expect(&ahead, ']');
	}
	if (!ok)
		in->error = ahead.error;
	return ok;
}
