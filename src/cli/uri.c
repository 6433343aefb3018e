/* SPDX-License-Identifier: MIT */
/* See uri.h. */
#include "cli/uri.h"
#include "cli/show.h"

bool uri_is_local(const char *text)
{
	return !strncmp(text, "local:", 6);
}

static int parse_id(const char *text, size_t len, uint32_t *ret)
{
	uint64_t v = 0;
	if (!len || len > 10)
		return -EINVAL;
	for (size_t i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return -EINVAL;
		v = v * 10 + (uint64_t)(text[i] - '0');
	}
	if (v >= UINT32_MAX) /* the last one means "nobody said" to the kernel */
		return -EINVAL;
	*ret = (uint32_t)v;
	return 0;
}

enum { SEEN_RO = 1, SEEN_UID = 2, SEEN_GID = 4 };

/* One word before a comma. */
static int parse_limit(const char *p, size_t n, struct uri_local *u, unsigned *seen)
{
	unsigned what;
	if (n == 2 && !memcmp(p, "ro", 2)) {
		what = SEEN_RO;
		u->read_only = true;
	} else if (n > 4 && !memcmp(p, "uid=", 4)) {
		what = SEEN_UID;
		if (parse_id(p + 4, n - 4, &u->uid) < 0)
			return -EINVAL;
	} else if (n > 4 && !memcmp(p, "gid=", 4)) {
		what = SEEN_GID;
		if (parse_id(p + 4, n - 4, &u->gid) < 0)
			return -EINVAL;
	} else {
		return -EINVAL;
	}
	if (*seen & what)
		return -EINVAL;
	*seen |= what;
	return 0;
}

int path_normalize(const char *path, char *ret, size_t size, struct err *err)
{
	size_t at = 0;
	while (*path) {
		path += strspn(path, "/");
		size_t n = strcspn(path, "/");
		if (n == 2 && !memcmp(path, "..", 2))
			return err_set(err, -EINVAL, "the path has `..' in it; give it without");
		if (n && !(n == 1 && *path == '.')) {
			if (at + n + 2 > size)
				return err_set(err, -EINVAL, "the path is too long");
			if (at)
				ret[at++] = '/';
			memcpy(ret + at, path, n);
			at += n;
		}
		path += n;
	}
	ret[at] = 0;
	return 0;
}

int uri_parse_local(const char *text, struct uri_local *ret, struct err *err)
{
	char shown[80];
	unsigned seen = 0;
	*ret = (struct uri_local){};
	if (!uri_is_local(text))
		return err_set(err, -EINVAL,
			"`%s' is neither local:/PATH nor a reference (ref://...)",
			show_word(text, shown, sizeof(shown)));
	const char *p = text + 6;
	while (*p && *p != '/') {
		size_t n = strcspn(p, ",/");
		if (p[n] != ',')
			return err_set(err, -EINVAL, "`%s': the path must be absolute (local:/...)",
				show_word(text, shown, sizeof(shown)));
		if (parse_limit(p, n, ret, &seen) < 0)
			return err_set(err, -EINVAL,
				"`%s': only ro, uid=N and gid=N may stand before "
				"the path, each once",
				show_word(text, shown, sizeof(shown)));
		p += n + 1;
	}
	if (!*p)
		return err_set(err, -EINVAL, "`%s': the path is missing (local:/...)",
			show_word(text, shown, sizeof(shown)));
	ret->limited = seen & (SEEN_UID | SEEN_GID);
	if (ret->limited && !((seen & SEEN_UID) && (seen & SEEN_GID)))
		return err_set(err, -EINVAL, "`%s': uid=N and gid=N go together",
			show_word(text, shown, sizeof(shown)));
	return path_normalize(p, ret->path, sizeof(ret->path), err);
}

/* A line into buf, without its newline; negative errno. */
static ssize_t read_line(int fd, char *buf, size_t size)
{
	size_t n = 0;
	for (;;) {
		char c;
		ssize_t r = read(fd, &c, 1);
		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0)
			return -errno;
		if (!r || c == '\n')
			return (ssize_t)n;
		if (n == size)
			return -E2BIG;
		buf[n++] = c;
	}
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

char *uri_read(const char *word, int fd, struct err *err)
{
	char line[URI_LINE_MAX];
	char *ret = NULL;
	if (strcmp(word, "-")) {
		ret = strdup(word);
		if (!ret)
			err_set(err, -ENOMEM, "out of memory");
		return ret;
	}
	ssize_t n = read_line(fd, line, sizeof(line));
	if (n == -E2BIG) {
		err_set(err, -E2BIG, "standard input: the first line is longer than %d bytes",
			URI_LINE_MAX);
		return NULL;
	}
	if (n < 0) {
		err_errno(err, (int)n, "standard input");
		return NULL;
	}
	char *p = line, *end = line + n;
	while (p < end && is_space(*p))
		p++;
	while (end > p && is_space(end[-1]))
		end--;
	if (p == end || memchr(p, 0, (size_t)(end - p))) {
		err_set(err, -EINVAL, "standard input: no reference in its first line");
		return NULL;
	}
	ret = strndup(p, (size_t)(end - p));
	explicit_bzero(line, sizeof(line));
	if (!ret)
		err_set(err, -ENOMEM, "out of memory");
	return ret;
}
