/* SPDX-License-Identifier: MIT */
/* See show.h.  File names are bytes; a terminal and JSON want text, so both get a faithful
 * stand-in. */
#include "cli/show.h"

#include <stdio.h>
#include <sys/stat.h>
#include <time.h>

const char *show_word(const char *word, char *buf, size_t size)
{
	assert(size >= 8);
	const char *ref = strstr(word, "ref:");
	int n = ref ? (int)(ref - word) + 4 : (int)strlen(word);
	/* All up to the slash that ends the address is public. */
	const char *end = ref && ref[4] == '/' ? strstr(ref, "]/") : NULL;
	if (end)
		n = (int)(end - word) + 2;
	if ((size_t)snprintf(buf, size, "%.*s%s", n, word, ref ? "..." : "") >= size)
		memcpy(buf + size - 4, "...", 4);
	for (char *p = buf; *p; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			*p = '?';
	return buf;
}

/* Length of the UTF-8 character at s (at most n bytes), 0 if there is none. Overlong forms,
 * surrogates and what lies above U+10FFFF are none. *ret is the code point. */
static size_t utf8_char(const unsigned char *s, size_t n, uint32_t *ret)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	if (!n)
		return 0;
	if (s[0] < 0x80) {
		*ret = s[0];
		return 1;
	}
	size_t len = s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : 2;
	if (s[0] < 0xc2 || s[0] > 0xf4 || len > n)
		return 0;
	uint32_t c = s[0] & (0x7fu >> len);
	for (size_t i = 1; i < len; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (s[i] & 0x3f);
	}
	if (c < least[len] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
		return 0;
	*ret = c;
	return len;
}

static bool is_control(uint32_t c)
{
	/* C0, DEL, C1; line and paragraph separators; marks that turn the writing direction */
	return c < 0x20 || (c >= 0x7f && c < 0xa0) || (c >= 0x2028 && c <= 0x202e) ||
	       (c >= 0x2066 && c <= 0x2069);
}

bool show_is_plain(const char *s, size_t n)
{
	for (size_t i = 0, len; i < n; i += len) {
		uint32_t c = 0;
		len = utf8_char((const unsigned char *)s + i, n - i, &c);
		if (!len || is_control(c))
			return false;
	}
	return true;
}

void show_make_plain(char *s)
{
	char *out = s;
	for (size_t n = strlen(s), i = 0, len; i < n; i += MAX(len, (size_t)1)) {
		uint32_t c = 0;
		len = utf8_char((const unsigned char *)s + i, n - i, &c);
		if (len && (!is_control(c) || c == '\n')) {
			memmove(out, s + i, len);
			out += len;
		} else {
			*out++ = '?';
		}
	}
	*out = 0;
}

static char *quote_byte(char *out, unsigned char b)
{
	static const char from[] = "\n\t\r\a\b\f\v\033\\'", to[] = "ntrabfve\\'";
	const char *p = b ? strchr(from, b) : NULL;
	*out++ = '\\';
	if (p) {
		*out++ = to[p - from];
		return out;
	}
	return out + sprintf(out, "%03o", b);
}

char *show_quoted(const char *s, size_t n)
{
	if (show_is_plain(s, n))
		return strndup(s, n);
	char *ret = malloc(4 * n + 4), *out = ret;
	if (!ret)
		return NULL;
	out = stpcpy(out, "$'");
	for (size_t i = 0; i < n;) {
		uint32_t c = 0;
		size_t len = utf8_char((const unsigned char *)s + i, n - i, &c);
		if (len && !is_control(c) && c != '\\' && c != '\'') {
			out = mempcpy(out, s + i, len);
			i += len;
			continue;
		}
		for (size_t k = MAX(len, (size_t)1); k; k--)
			out = quote_byte(out, (unsigned char)s[i++]);
	}
	stpcpy(out, "'");
	return ret;
}

/* s with each byte that is no UTF-8 replaced; *ret_bad tells whether there was any. */
static char *to_utf8(const char *s, size_t n, size_t *ret_len, bool *ret_bad)
{
	char *ret = malloc(3 * n + 1), *out = ret;
	*ret_bad = false;
	if (!ret)
		return NULL;
	for (size_t i = 0; i < n;) {
		uint32_t c = 0;
		size_t len = utf8_char((const unsigned char *)s + i, n - i, &c);
		if (len) {
			out = mempcpy(out, s + i, len);
			i += len;
			continue;
		}
		out = mempcpy(out, "\xef\xbf\xbd", 3);
		*ret_bad = true;
		i++;
	}
	*ret_len = (size_t)(out - ret);
	return ret;
}

json_t *show_json(const char *s, size_t n)
{
	size_t len = 0;
	bool bad;
	AUTO_FREE char *text = to_utf8(s, n, &len, &bad);
	return text ? json_stringn(text, len) : NULL;
}

int show_json_set(json_t *obj, const char *key, const char *s, size_t n)
{
	size_t len = 0;
	bool bad = false;
	AUTO_FREE char *text = to_utf8(s, n, &len, &bad);
	if (!text || json_object_set_new(obj, key, json_stringn(text, len)) < 0)
		return -ENOMEM;
	if (!bad)
		return 0;
	char key_hex[64];
	(void)snprintf(key_hex, sizeof(key_hex), "%sHex", key);
	AUTO_FREE char *hex = malloc(2 * n + 1);
	if (!hex)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		(void)sprintf(hex + 2 * i, "%02x", (unsigned char)s[i]);
	return json_object_set_new(obj, key_hex, json_string(hex)) < 0 ? -ENOMEM : 0;
}

void show_size(uint64_t n, char *buf, size_t size)
{
	static const char units[] = "KMGTPE";
	if (n < 1024) {
		(void)snprintf(buf, size, "%u", (unsigned)n);
		return;
	}
	double v = (double)n / 1024;
	size_t u = 0;
	while (v >= 999.5 && units[u + 1]) {
		v /= 1024;
		u++;
	}
	(void)snprintf(buf, size, v < 9.95 ? "%.1f%c" : "%.0f%c", v, units[u]);
}

void show_time(int64_t t, char *buf, size_t size)
{
	time_t when = (time_t)t;
	struct tm tm;
	if (!t)
		(void)snprintf(buf, size, "never");
	else if (!localtime_r(&when, &tm) || !strftime(buf, size, "%Y-%m-%d %H:%M:%S", &tm))
		(void)snprintf(buf, size, "@%lld", (long long)t);
}

static char type_letter(unsigned mode)
{
	switch (mode & S_IFMT) {
	case S_IFDIR:
		return 'd';
	case S_IFLNK:
		return 'l';
	case S_IFCHR:
		return 'c';
	case S_IFBLK:
		return 'b';
	case S_IFIFO:
		return 'p';
	case S_IFSOCK:
		return 's';
	default:
		return '-';
	}
}

void show_mode(unsigned mode, char ret[static 11])
{
	static const char rwx[] = "rwxrwxrwx";
	ret[0] = type_letter(mode);
	for (int i = 0; i < 9; i++)
		ret[i + 1] = mode & (0400u >> i) ? rwx[i] : '-';
	if (mode & S_ISUID)
		ret[3] = mode & S_IXUSR ? 's' : 'S';
	if (mode & S_ISGID)
		ret[6] = mode & S_IXGRP ? 's' : 'S';
	if (mode & S_ISVTX)
		ret[9] = mode & S_IXOTH ? 't' : 'T';
	ret[10] = 0;
}
