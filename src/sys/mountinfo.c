/* SPDX-License-Identifier: MIT */
/*
 * Theory of operation: mountinfo.h.  The table is read whole before it is parsed: the kernel gives
 * a consistent picture only within one read, and the callback may mount and unmount.
 *
 *	36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue
 *	id parent dev root target options optional... - fstype source super_options
 */
#include "sys/mountinfo.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/sysmacros.h>

enum { TABLE_MAX = 64 << 20 };

static bool is_octal(char c)
{
	return c >= '0' && c <= '7';
}

/* In place; a backslash that starts no octal number stands for itself. */
static void unescape(char *s)
{
	char *to = s;
	while (*s) {
		if (s[0] == '\\' && s[1] >= '0' && s[1] <= '3' && is_octal(s[2]) &&
			is_octal(s[3])) {
			*to++ = (char)((s[1] - '0') << 6 | (s[2] - '0') << 3 | (s[3] - '0'));
			s += 4;
		} else {
			*to++ = *s++;
		}
	}
	*to = '\0';
}

static char *field(char **at)
{
	if (!*at)
		return NULL;
	char *f = strsep(at, " ");
	return f;
}

static bool parse_number(const char *s, unsigned *ret)
{
	char *end;
	if (!s || *s < '0' || *s > '9')
		return false;
	errno = 0;
	unsigned long v = strtoul(s, &end, 10);
	if (errno || *end || v > INT32_MAX)
		return false;
	*ret = (unsigned)v;
	return true;
}

static bool parse_dev(char *s, dev_t *ret)
{
	unsigned major_no, minor_no;
	char *colon = s ? strchr(s, ':') : NULL;
	if (!colon)
		return false;
	*colon = '\0';
	if (!parse_number(s, &major_no) || !parse_number(colon + 1, &minor_no))
		return false;
	*ret = makedev(major_no, minor_no);
	return true;
}

static bool parse_line(char *line, struct mountinfo *m)
{
	unsigned id, parent;
	if (!parse_number(field(&line), &id) || !parse_number(field(&line), &parent) ||
		!parse_dev(field(&line), &m->dev))
		return false;
	char *root = field(&line), *target = field(&line), *options = field(&line), *skip;
	do
		skip = field(&line); /* propagation: shared:N master:N ... */
	while (skip && strcmp(skip, "-"));
	char *fstype = field(&line), *source = field(&line), *super = field(&line);
	if (!source)
		return false;
	char *texts[] = {root, target, options, fstype, source, super};
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		if (texts[i])
			unescape(texts[i]);
	m->id = (int)id;
	m->parent = (int)parent;
	m->root = root;
	m->target = target;
	m->options = options;
	m->fstype = fstype;
	m->source = source;
	m->super_options = super ? super : "";
	return true;
}

int mountinfo_parse(char *text, mountinfo_fn fn, void *user)
{
	char *line;
	while ((line = strsep(&text, "\n"))) {
		struct mountinfo m = {0};
		if (!parse_line(line, &m))
			continue;
		int r = fn(user, &m);
		if (r)
			return r;
	}
	return 0;
}

/* The whole table, NUL-terminated. */
static int read_table(char **ret)
{
	AUTO_CLOSE int fd = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	size_t size = 64 << 10, len = 0;
	AUTO_FREE char *buf = malloc(size);
	for (;;) {
		if (!buf)
			return -ENOMEM;
		ssize_t n = read(fd, buf + len, size - len - 1);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		len += (size_t)n;
		if (size - len > 4096)
			continue;
		if (size >= TABLE_MAX)
			return -E2BIG;
		char *bigger = realloc(buf, size *= 2);
		if (!bigger)
			return -ENOMEM;
		buf = bigger;
	}
	buf[len] = '\0';
	*ret = TAKE_PTR(buf);
	return 0;
}

int mountinfo_each(mountinfo_fn fn, void *user)
{
	AUTO_FREE char *table = NULL;
	int r = read_table(&table);
	return r < 0 ? r : mountinfo_parse(table, fn, user);
}

static int is_target(void *user, const struct mountinfo *m)
{
	return !strcmp(m->target, user);
}

int mountinfo_is_mount_point(const char *path)
{
	if (path[0] != '/')
		return -EINVAL;
	return mountinfo_each(is_target, (void *)(uintptr_t)path);
}
