/* SPDX-License-Identifier: MIT */
/* Names: every kind of object met by every call that takes a path, renaming, links, directories. */
#include "posix.h"

#include <dirent.h>
#include <limits.h>
#include <sys/sysmacros.h>

static char text[512];

#define TEXT(...) (snprintf(text, sizeof(text), __VA_ARGS__), text)

/* --- opening --- */

static const struct {
	int flags;
	const char *name;
} open_ways[] = {
	{O_RDONLY | O_NONBLOCK, "rdonly"},
	{O_WRONLY | O_NONBLOCK, "wronly"},
	{O_RDWR | O_NONBLOCK, "rdwr"},
	{O_RDONLY | O_CREAT | O_NONBLOCK, "rdonly,creat"},
	{O_RDWR | O_CREAT | O_EXCL | O_NONBLOCK, "rdwr,creat,excl"},
	{O_RDWR | O_CREAT | O_TRUNC | O_NONBLOCK, "rdwr,creat,trunc"},
	{O_RDONLY | O_TRUNC | O_NONBLOCK, "rdonly,trunc"},
	{O_WRONLY | O_APPEND | O_NONBLOCK, "wronly,append"},
	{O_RDONLY | O_DIRECTORY, "directory"},
	{O_RDWR | O_DIRECTORY, "rdwr,directory"},
	{O_RDONLY | O_NOFOLLOW | O_NONBLOCK, "nofollow"},
	{O_RDONLY | O_DIRECTORY | O_NOFOLLOW, "directory,nofollow"},
	{O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK, "rdwr,creat,nofollow"},
	{O_PATH, "path"},
	{O_PATH | O_NOFOLLOW, "path,nofollow"},
	{O_ACCMODE | O_NONBLOCK, "accmode 3"},
	{O_RDONLY | O_NOATIME | O_NONBLOCK, "noatime"},
	{O_RDWR | O_SYNC | O_NONBLOCK, "sync"},
};

static void open_kinds(void)
{
	for (enum kind k = 0; k < N_KINDS; k++) {
		for (size_t i = 0; i < ARRAY_SIZE(open_ways); i++) {
			make(k, "x");
			errno = 0;
			int fd = open("x", open_ways[i].flags | O_CLOEXEC, 0640);
			say_ok(TEXT("%s of %s", open_ways[i].name, kind_names[k]), fd);
			if (fd >= 0) {
				struct stat st;
				MUST(fstat(fd, &st));
				say_text(TEXT("%s of %s leaves", open_ways[i].name, kind_names[k]),
					"%s %o %lld", look("x"), st.st_mode & 07777,
					S_ISREG(st.st_mode) ? (long long)st.st_size : 0);
				close(fd);
			}
			wipe("x");
			wipe("no-such-name");
			wipe("target");
			wipe("targetdir");
		}
	}
}

/* --- calls with one path --- */

static int p_stat(const char *p)
{
	struct stat st;
	return stat(p, &st);
}
static int p_lstat(const char *p)
{
	struct stat st;
	return lstat(p, &st);
}
static int p_open(const char *p)
{
	int fd = open(p, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	return fd < 0 ? fd : close(fd);
}
static int p_create(const char *p)
{
	int fd = open(p, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	return fd < 0 ? fd : close(fd);
}
static int p_mkdir(const char *p)
{
	return mkdir(p, 0700);
}
static int p_mknod(const char *p)
{
	return mknod(p, S_IFREG | 0600, 0);
}
static int p_mkfifo(const char *p)
{
	return mkfifo(p, 0600);
}
static int p_symlink(const char *p)
{
	return symlink("somewhere", p);
}
static int p_link_from(const char *p)
{
	return link(p, "new");
}
static int p_link_to(const char *p)
{
	return link("other", p);
}
static int p_link_follow(const char *p)
{
	return linkat(AT_FDCWD, p, AT_FDCWD, "new", AT_SYMLINK_FOLLOW);
}
static int p_rename_from(const char *p)
{
	return rename(p, "new");
}
static int p_rename_to(const char *p)
{
	return rename("other", p);
}
static int p_rename_dir_to(const char *p)
{
	return rename("otherdir", p);
}
static int p_readlink(const char *p)
{
	char buf[64];
	return (int)readlink(p, buf, sizeof(buf));
}
static int p_chmod(const char *p)
{
	return chmod(p, 0711);
}
static int p_chown(const char *p)
{
	return chown(p, 1, 2);
}
static int p_lchown(const char *p)
{
	return lchown(p, 1, 2);
}
static int p_truncate(const char *p)
{
	return truncate(p, 3);
}
static int p_utimens(const char *p)
{
	return utimensat(AT_FDCWD, p, NULL, 0);
}
static int p_lutimens(const char *p)
{
	return utimensat(AT_FDCWD, p, NULL, AT_SYMLINK_NOFOLLOW);
}
static int p_access(const char *p)
{
	return access(p, R_OK | W_OK | X_OK);
}
static int p_chdir(const char *p)
{
	int here = open(".", O_PATH | O_CLOEXEC);
	int r = chdir(p), e = errno;
	MUST(fchdir(here));
	close(here);
	errno = e;
	return r;
}
static int p_opendir(const char *p)
{
	DIR *d = opendir(p);
	return d ? closedir(d) : -1;
}

static const struct {
	int (*call)(const char *path);
	const char *name;
} calls[] = {
	{p_stat, "stat"},
	{p_lstat, "lstat"},
	{p_access, "access"},
	{p_open, "open"},
	{p_create, "create"},
	{p_opendir, "opendir"},
	{p_chdir, "chdir"},
	{p_mkdir, "mkdir"},
	{p_mknod, "mknod"},
	{p_mkfifo, "mkfifo"},
	{p_symlink, "symlink"},
	{p_link_from, "link from"},
	{p_link_follow, "link following from"},
	{p_link_to, "link to"},
	{p_rename_from, "rename from"},
	{p_rename_to, "rename to"},
	{p_rename_dir_to, "rename of a directory to"},
	{p_readlink, "readlink"},
	{p_chmod, "chmod"},
	{p_chown, "chown"},
	{p_lchown, "lchown"},
	{p_truncate, "truncate"},
	{p_utimens, "utimensat"},
	{p_lutimens, "utimensat nofollow"},
	{unlink, "unlink"},
	{rmdir, "rmdir"},
	{remove, "remove"},
};

static void clean_all(void)
{
	static const char *const names[] = {"x", "new", "other", "otherdir", "no-such-name",
		"target", "targetdir", "f", "d", "l", "loop", "somewhere"};
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		wipe(names[i]);
}

static void one_call(size_t i, const char *path, const char *what)
{
	put("other", "other file");
	MUST(mkdir("otherdir", 0700));
	errno = 0;
	int r = calls[i].call(path);
	say_ok(TEXT("%s %s", calls[i].name, what), r);
}

static void calls_on_kinds(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(calls); i++) {
		for (enum kind k = 0; k < N_KINDS; k++) {
			make(k, "x");
			one_call(i, "x", kind_names[k]);
			say_text(TEXT("%s %s leaves", calls[i].name, kind_names[k]), "%s, %s",
				look("x"), look("new"));
			clean_all();
		}
	}
}

static void bad_paths(void)
{
	static char longest[NAME_MAX + 1], too_long[NAME_MAX + 2], path[PATH_MAX + 10],
		fits[PATH_MAX];
	memset(longest, 'n', NAME_MAX);
	memset(too_long, 'n', NAME_MAX + 1);
	for (size_t i = 0; i + 2 < sizeof(path); i += 2)
		memcpy(path + i, "./", 3);
	memcpy(fits, path, sizeof(fits) - 1);
	strcpy(fits + sizeof(fits) - 4, "/xx");
	const struct {
		const char *path, *name;
	} paths[] = {{"", "of nothing"}, {"none/x", "below nothing"}, {"f/x", "below a file"},
		{"l/x", "below a link to a file"}, {"loop/x", "below a loop"}, {"d/.", "dot"},
		{"d/..", "dot dot"}, {"d/", "dir with a slash"}, {"f/", "file with a slash"},
		{"new2/", "nothing with a slash"}, {"d/../f", "around"},
		{"d//x", "with two slashes"}, {too_long, "of 256 bytes"},
		{path, "of a path too long"}, {fits, "of the longest path"}, {"/", "root"}};
	for (size_t i = 0; i < ARRAY_SIZE(calls); i++) {
		for (size_t k = 0; k < ARRAY_SIZE(paths); k++) {
			/* What would change things outside. */
			if (!strcmp(paths[k].path, "/") && i > 6)
				continue;
			put("f", "file");
			MUST(mkdir("d", 0755));
			MUST(symlink("f", "l"));
			MUST(symlink("loop", "loop"));
			one_call(i, paths[k].path, paths[k].name);
			clean_all();
			wipe("new2");
			wipe("xx");
		}
	}
	N(mkdir(longest, 0700));
	N(rename(longest, "short"));
	N(rename("short", longest));
	N(rename(longest, too_long));
	N(symlink(too_long, "l"));
	N(link("l", too_long));
	wipe(longest);
	N(pathconf(".", _PC_NAME_MAX));
	N(pathconf(".", _PC_PATH_MAX));
}

/* --- renaming --- */

static void rename_kinds(void)
{
	static const unsigned flags[] = {0, RENAME_NOREPLACE, RENAME_EXCHANGE};
	static const enum kind kinds[] = {
		NOTHING, FILE_, DIR_, FULL, LINK, DIRLINK, DANGLING, FIFO, SOCKET};
	for (size_t f = 0; f < ARRAY_SIZE(flags); f++) {
		for (size_t a = 0; a < ARRAY_SIZE(kinds); a++) {
			for (size_t b = 0; b < ARRAY_SIZE(kinds); b++) {
				make(kinds[a], "a");
				make(kinds[b], "b");
				errno = 0;
				int r = renameat2(AT_FDCWD, "a", AT_FDCWD, "b", flags[f]);
				say_ok(TEXT("rename %s to %s, flags %u", kind_names[kinds[a]],
					       kind_names[kinds[b]], flags[f]),
					r);
				say_text("leaves", "%s, %s", look("a"), look("b"));
				wipe("a");
				wipe("b");
			}
		}
	}
}

static void rename_more(void)
{
	struct stat before, after;
	make(FILE_, "f");
	MUST(link("f", "hard"));
	DO(rename("f", "hard")); /* one file: nothing happens */
	say_text("both", "%s %s", look("f"), look("hard"));
	DO(rename("f", "f"));
	DO(renameat2(AT_FDCWD, "f", AT_FDCWD, "hard", RENAME_NOREPLACE));
	DO(renameat2(AT_FDCWD, "f", AT_FDCWD, "hard", RENAME_EXCHANGE));
	DO(renameat2(AT_FDCWD, "f", AT_FDCWD, "g", RENAME_NOREPLACE | RENAME_EXCHANGE));
	DO(renameat2(AT_FDCWD, "f", AT_FDCWD, "g", 128));
	MUST(mkdir("d", 0755));
	MUST(mkdir("d/e", 0755));
	MUST(mkdir("top", 0755));
	DO(rename("d", "d/e/x"));
	DO(rename("d/e", "d"));
	DO(renameat2(AT_FDCWD, "d", AT_FDCWD, "d/e", RENAME_EXCHANGE));
	DO(rename("d/e/.", "y"));
	DO(rename("d/e/..", "y"));
	DO(rename("d/e", "top/e"));
	MUST(stat("top", &before));
	N(before.st_nlink);
	DO(rename("f", "top/f"));
	int fd = open("top/f", O_RDONLY | O_CLOEXEC);
	put("other", "other");
	DO(rename("other", "top/f"));
	MUST(fstat(fd, &after));
	N(after.st_nlink); /* still has the other name */
	MUST(unlink("hard"));
	MUST(fstat(fd, &after));
	N(after.st_nlink);
	char buf[16];
	N(pread(fd, buf, sizeof(buf), 0));
	close(fd);
	DO(rename("top", "bottom"));
	say_text("moved", "%s %s", look("bottom/f"), look("bottom/e"));
	int dir = open("bottom", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DO(renameat(dir, "f", AT_FDCWD, "back"));
	DO(renameat(dir, "e", dir, "ee"));
	DO(unlinkat(dir, "ee", 0));
	DO(unlinkat(dir, "ee", AT_REMOVEDIR));
	close(dir);
}

/* --- links --- */

static void links(void)
{
	struct stat a, b;
	char buf[5000];
	static char target[PATH_MAX + 1];
	make(FILE_, "f");
	DO(link("f", "g"));
	MUST(stat("f", &a));
	MUST(stat("g", &b));
	N(a.st_nlink);
	N(a.st_ino == b.st_ino);
	put("f", "through one");
	say_text("other", "%s", look("g"));
	DO(unlink("f"));
	MUST(stat("g", &a));
	N(a.st_nlink);
	MUST(mkdir("d", 0755));
	DO(link("g", "d/g"));
	DO(link("d/g", "g"));
	DO(link("g", "none/g"));
	for (size_t n = 1; n <= PATH_MAX; n = n < 64 ? n * 8 : n < 4000 ? n * 4 - 1 : n + 47) {
		memset(target, 0, sizeof(target));
		memset(target, 'a', n);
		errno = 0;
		int r = symlink(target, "l");
		say_ok(TEXT("symlink of %zu bytes", n), r);
		if (!r) {
			struct stat st;
			MUST(lstat("l", &st));
			N(st.st_size);
			N(readlink("l", buf, sizeof(buf)));
			N(readlink("l", buf, 3));
			MUST(unlink("l"));
		}
	}
	memset(target, 'a', PATH_MAX - 1);
	target[PATH_MAX - 1] = 0;
	DO(symlink(target, "l4095"));
	N(readlink("l4095", buf, sizeof(buf)));
	N(memcmp(buf, target, PATH_MAX - 1));
	DO(symlink("", "empty"));
	DO(symlink("odd \xff\n\\ bytes", "l"));
	say_text("odd", "%s", look("l"));
	N(readlink("g", buf, sizeof(buf)));
	N(readlinkat(AT_FDCWD, "l", buf, 0));
	char name[16] = "g", next[16];
	for (int i = 0; i < 45; i++) { /* a chain longer than the kernel follows */
		snprintf(next, sizeof(next), "chain%d", i);
		MUST(symlink(name, next));
		strcpy(name, next);
	}
	DO(p_stat("chain38"));
	DO(p_stat("chain39"));
	DO(p_stat("chain44"));
	MUST(symlink("d", "dl"));
	DO(p_create("dl/new"));
	DO(rmdir("dl"));
	DO(unlink("dl/"));
	DO(p_mkdir("dl"));
}

/* --- odd names --- */

static unsigned hash_names(const char *dir, unsigned *count)
{
	unsigned sum = 0;
	DIR *d = opendir(dir);
	if (!d)
		MUST(-1);
	*count = 0;
	for (struct dirent *e; (e = readdir(d)); ++*count) {
		unsigned h = 2166136261;
		for (const char *p = e->d_name; *p; p++)
			h = (h ^ (unsigned char)*p) * 16777619u;
		sum += h * (e->d_type + 1u);
	}
	closedir(d);
	return sum;
}

static void odd_names(void)
{
	char name[NAME_MAX + 1] = "";
	unsigned n, sum;
	for (int c = 1; c < 256; c++) {
		if (c == '/' || c == '.')
			continue;
		name[0] = (char)c;
		name[1] = 0;
		errno = 0;
		if (p_create(name) < 0)
			say(TEXT("byte %d", c), -1);
	}
	sum = hash_names(".", &n);
	say_text("one byte", "%u %08x", n, sum);
	for (int c = 1; c < 256; c++) {
		if (c == '/' || c == '.')
			continue;
		memset(name, c, NAME_MAX);
		if (p_create(name) < 0 || p_stat(name) < 0)
			say(TEXT("255 of byte %d", c), -1);
	}
	sum = hash_names(".", &n);
	say_text("longest", "%u %08x", n, sum);
	static const char *const odd[] = {"...", "..a", ".hidden", " ", " a ", "a\n", "\\", "*",
		"?", "-rf", "\xff\xfe", "\xc3\xa4", "a\xcc\x88", "CON", "a:b", "UPPER", "upper",
		"a%2fb", "~"};
	for (size_t i = 0; i < ARRAY_SIZE(odd); i++)
		DO(p_create(odd[i]));
	sum = hash_names(".", &n);
	say_text("all", "%u %08x", n, sum);
}

/* --- directories --- */

static void nlinks(void)
{
	struct stat st;
	MUST(mkdir("d", 0755));
	for (int i = 0; i < 5; i++) {
		MUST(mkdir(TEXT("d/%d", i), 0755));
		put(TEXT("d/f%d", i), "");
		MUST(stat("d", &st));
		N(st.st_nlink);
	}
	DO(rename("d/1", "d/2"));
	MUST(stat("d", &st));
	N(st.st_nlink);
	DO(rename("d/2", "outside"));
	MUST(stat("d", &st));
	N(st.st_nlink);
	DO(renameat2(AT_FDCWD, "d/3", AT_FDCWD, "d/f1", RENAME_EXCHANGE));
	DO(renameat2(AT_FDCWD, "d/4", AT_FDCWD, "outside", RENAME_EXCHANGE));
	MUST(stat("d", &st));
	N(st.st_nlink);
	DO(rmdir("d"));
	DO(rmdir("outside"));
	int fd = open("d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DO(fsync(fd));
	DO(fdatasync(fd));
	char c;
	N(read(fd, &c, 1));
	N(write(fd, &c, 1));
	N(ftruncate(fd, 0));
	close(fd);
}

static void big_directory(void)
{
	enum { MANY = 5000 };
	struct stat st, l;
	unsigned n, sum;
	MUST(mkdir("many", 0755));
	for (int i = 0; i < MANY; i++) {
		const char *name =
			TEXT("many/a-name-%d-%s", i, i % 7 ? "short" : "rather longer than it");
		MUST(i % 10 ? p_create(name) : p_mkdir(name));
	}
	sum = hash_names("many", &n);
	say_text("entries", "%u %08x", n, sum);
	/* A position told comes back to the same rest. */
	DIR *d = opendir("many");
	if (!d)
		MUST(-1);
	for (int i = 0; i < MANY / 2; i++)
		MUST(readdir(d) ? 0 : -1);
	long at = telldir(d);
	unsigned rest = 0, again = 0, bad = 0;
	while (readdir(d))
		rest++;
	seekdir(d, at);
	while (readdir(d))
		again++;
	N(rest);
	N(again);
	rewinddir(d);
	MUST(stat("many", &st));
	for (struct dirent *e; (e = readdir(d));) {
		if (fstatat(dirfd(d), e->d_name, &l, AT_SYMLINK_NOFOLLOW) < 0)
			bad++;
		else if (e->d_name[0] != '.' &&
			 (l.st_ino != e->d_ino || IFTODT(l.st_mode) != e->d_type))
			bad++;
	}
	N(bad); /* entries whose number or type is not that of what they stand for */
	rewinddir(d);
	unsigned removed = 0;
	for (struct dirent *e; (e = readdir(d));) { /* removing what one reads */
		if (e->d_name[0] != '.')
			removed += !unlinkat(
				dirfd(d), e->d_name, e->d_type == DT_DIR ? AT_REMOVEDIR : 0);
	}
	N(removed);
	closedir(d);
	DO(rmdir("many"));
}

static void gone_directory(void)
{
	char buf[PATH_MAX];
	struct stat st;
	MUST(mkdir("d", 0755));
	int fd = open("d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	MUST(chdir("d"));
	DO(rmdir("../d"));
	DO(p_create("x"));
	DO(p_mkdir("x"));
	DO(p_symlink("x"));
	DO(p_stat("."));
	MUST(fstat(fd, &st));
	N(st.st_nlink);
	errno = 0;
	say_ok("getcwd", getcwd(buf, sizeof(buf)) ? 0 : -1);
	DIR *d = fdopendir(fd);
	unsigned n = 0;
	while (d && readdir(d))
		n++;
	N(n);
	if (d)
		closedir(d);
}

const struct posix_group names_groups[] = {{"open-kinds", open_kinds},
	{"calls-on-kinds", calls_on_kinds}, {"bad-paths", bad_paths},
	{"rename-kinds", rename_kinds}, {"rename-more", rename_more}, {"links", links},
	{"odd-names", odd_names}, {"nlinks", nlinks}, {"big-directory", big_directory},
	{"gone-directory", gone_directory}, {}};
