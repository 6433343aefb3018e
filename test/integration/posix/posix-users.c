/* SPDX-License-Identifier: MIT */
/* Who may do what: permissions, sticky and set-gid directories, owners, set-id bits, times, by root
 * and three users. */
#include "posix.h"

#include <sys/sysmacros.h>
#include <sys/xattr.h>

static char text[256];

#define TEXT(...) (snprintf(text, sizeof(text), __VA_ARGS__), text)

static int try_open(const char *name, int flags)
{
	int fd = open(name, flags | O_CLOEXEC, 0644);
	return fd < 0 ? fd : close(fd);
}

/* Who owns it, and whose group. */
static const char *owner(const char *name)
{
	static char buf[2][64];
	static unsigned turn;
	struct stat st;
	MUST(lstat(name, &st));
	char *b = buf[turn++ % 2];
	snprintf(b, sizeof(buf[0]), "%u:%u %o", st.st_uid, st.st_gid, st.st_mode & 07777);
	return b;
}

/* --- permissions --- */

static void file_modes(void)
{
	static const mode_t modes[] = {0, 0400, 0200, 0100, 0600, 0040, 0020, 0060, 0004, 0002,
		0006, 0604, 0640, 0644, 0666, 0077, 0707, 0770};
	put("f", "x");
	MUST(chown("f", UID_ALICE, GID_BOTH));
	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
		be(ROOT);
		MUST(chmod("f", modes[i]));
		for (enum user u = ROOT; u <= EVE; u++) {
			be(u);
			int r = !try_open("f", O_RDONLY), w = !try_open("f", O_WRONLY);
			int a = !access("f", R_OK) << 2 | !access("f", W_OK) << 1 |
				!access("f", X_OK);
			int e = !faccessat(AT_FDCWD, "f", R_OK | W_OK, AT_EACCESS);
			int t = !truncate("f", 1);
			say_text(TEXT("file %03o by %s", modes[i], user_names[u]),
				"read %d write %d access %d both %d truncate %d", r, w, a, e, t);
		}
	}
}

static void dir_modes(void)
{
	static const mode_t modes[] = {0, 0400, 0200, 0100, 0500, 0300, 0700, 0070, 0050, 0030,
		0007, 0005, 0003, 0755, 0777};
	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
		be(ROOT);
		MUST(mkdir("d", 0777));
		MUST(mkdir("d/sub", 0777));
		put("d/f", "x");
		MUST(chmod("d/f", 0666));
		MUST(chown("d", UID_ALICE, GID_BOTH));
		MUST(chmod("d", modes[i]));
		for (enum user u = ROOT; u <= EVE; u++) {
			struct stat st;
			be(u);
			int list = !try_open("d", O_RDONLY | O_DIRECTORY);
			int reach = !stat("d/f", &st), open_f = !try_open("d/f", O_RDWR);
			int make_ = !try_open("d/new", O_RDWR | O_CREAT | O_EXCL);
			int mk = !mkdir("d/dir", 0700), ln = !link("d/f", "d/ln"),
			    sy = !symlink("x", "d/sy");
			int mv = !rename("d/new", "d/moved"), rm = !unlink("d/moved"),
			    rd = !rmdir("d/dir");
			say_text(TEXT("dir %03o by %s", modes[i], user_names[u]),
				"list %d reach %d open %d create %d mkdir %d link %d symlink %d "
				"rename %d unlink %d rmdir %d",
				list, reach, open_f, make_, mk, ln, sy, mv, rm, rd);
			be(ROOT);
			unlink("d/ln");
			unlink("d/sy");
			unlink("d/new");
			rmdir("d/dir");
		}
		be(ROOT);
		wipe("d");
	}
}

static void errors_of_permission(void)
{
	MUST(mkdir("no", 0700));
	put("no/f", "x");
	MUST(mkdir("ro", 0755));
	put("ro/f", "x");
	MUST(symlink("no/f", "l"));
	be(ALICE);
	DO(try_open("no/f", O_RDONLY));
	DO(try_open("no/none", O_RDONLY));
	DO(try_open("l", O_RDONLY));
	DO(try_open("ro/f", O_WRONLY));
	DO(try_open("ro/f", O_RDONLY | O_TRUNC));
	DO(try_open("ro/new", O_WRONLY | O_CREAT));
	DO(try_open("ro/f", O_WRONLY | O_CREAT));
	DO(try_open("ro/f", O_WRONLY | O_CREAT | O_EXCL));
	DO(try_open("ro/f", O_RDONLY | O_NOATIME));
	DO(mkdir("ro/f", 0700));
	DO(mkdir("ro/d", 0700));
	DO(unlink("ro/f"));
	DO(unlink("ro/none"));
	DO(rmdir("ro/f"));
	DO(rename("ro/f", "ro/g"));
	DO(rename("ro/none", "ro/g"));
	DO(link("ro/f", "ro/g"));
	DO(symlink("x", "ro/l"));
	DO(chmod("ro/f", 0777));
	DO(chown("ro/f", UID_ALICE, (gid_t)-1));
	DO(chown("ro/f", (uid_t)-1, (gid_t)-1));
	DO(truncate("ro/f", 0));
	DO(utimensat(AT_FDCWD, "ro/f", NULL, 0));
	DO(mknod("dev", S_IFCHR | 0666, makedev(1, 3)));
	DO(mkfifo("ro/p", 0666));
	DO(chdir("no"));
	DO(chdir("ro"));
	DO(chroot("."));
}

/* --- sticky --- */

static void sticky(void)
{
	static const enum user owners[] = {ROOT, ALICE, BOB};
	static const uid_t uids[] = {0, UID_ALICE, UID_BOB};
	MUST(mkdir("free", 0777));
	for (size_t d = 0; d < ARRAY_SIZE(owners); d++) {
		for (size_t f = 0; f < ARRAY_SIZE(owners); f++) {
			for (enum user u = ALICE; u <= EVE; u++) {
				be(ROOT);
				MUST(mkdir("s", 01777));
				MUST(chown("s", uids[d], 0));
				MUST(chmod("s", 01777));
				put("s/f", "x");
				put("s/g", "x");
				MUST(mkdir("s/dir", 0777));
				MUST(chown("s/f", uids[f], 0) | chown("s/g", uids[f], 0) |
					chown("s/dir", uids[f], 0));
				be(u);
				int mine = open(
					"s/own", O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0644);
				close(mine);
				int over = !rename("s/own", "s/g"), rm = !unlink("s/f");
				int out = !rename("s/dir", "free/dir"), rd = !rmdir("s/dir");
				say_text(TEXT("sticky of %s, file of %s, by %s",
						 user_names[owners[d]], user_names[owners[f]],
						 user_names[u]),
					"create %d replace %d unlink %d move %d rmdir %d",
					mine >= 0, over, rm, out, rd);
				be(ROOT);
				wipe("s");
				wipe("free/dir");
			}
		}
	}
}

/* --- whose is what is made --- */

static void new_owners(void)
{
	static const mode_t parents[] = {0777, 02777};
	for (size_t p = 0; p < ARRAY_SIZE(parents); p++) {
		for (enum user u = ROOT; u <= EVE; u++) {
			be(ROOT);
			MUST(mkdir("d", 0777));
			MUST(chown("d", 0, GID_BOTH));
			MUST(chmod("d", parents[p]));
			be(u);
			DO(try_open("d/f", O_CREAT | O_WRONLY));
			DO(mkdir("d/dir", 0755));
			DO(mkfifo("d/p", 0644));
			DO(symlink("x", "d/l"));
			int fd = open("d/sg", O_CREAT | O_WRONLY | O_CLOEXEC, 02755);
			close(fd);
			DO(mknod("d/sn", S_IFREG | 06755, 0));
			DO(mkdir("d/sdir", 03755));
			be(ROOT);
			static const char *const names[] = {
				"d/f", "d/dir", "d/p", "d/l", "d/sg", "d/sn", "d/sdir"};
			for (size_t i = 0; i < ARRAY_SIZE(names); i++)
				say_text(
					TEXT("%s by %s in %o", names[i], user_names[u], parents[p]),
					"%s", owner(names[i]));
			wipe("d");
		}
	}
	umask(027);
	put("masked", "");
	MUST(mkdir("maskeddir", 0777));
	say_text("masked", "%s %s", owner("masked"), owner("maskeddir"));
}

static void changing_owners(void)
{
	static const struct {
		uid_t uid;
		gid_t gid;
	} to[] = {{(uid_t)-1, (gid_t)-1}, {UID_ALICE, (gid_t)-1}, {(uid_t)-1, GID_ALICE},
		{(uid_t)-1, GID_BOTH}, {(uid_t)-1, GID_BOBS}, {UID_BOB, (gid_t)-1}, {0, 0},
		{UID_ALICE, GID_BOTH}};
	static const mode_t modes[] = {06755, 06644, 02711, 02701};
	for (size_t i = 0; i < ARRAY_SIZE(to); i++) {
		for (size_t m = 0; m < ARRAY_SIZE(modes); m++) {
			for (enum user u = ROOT; u <= BOB; u++) {
				be(ROOT);
				put("f", "x");
				MUST(chown("f", UID_ALICE, GID_ALICE));
				MUST(chmod("f", modes[m]));
				be(u);
				errno = 0;
				int r = chown("f", to[i].uid, to[i].gid);
				say_ok(TEXT("chown %d:%d of alice's %o by %s", (int)to[i].uid,
					       (int)to[i].gid, modes[m], user_names[u]),
					r);
				be(ROOT);
				say_text("leaves", "%s", owner("f"));
				wipe("f");
			}
		}
	}
	MUST(mkdir("d", 0755));
	MUST(chown("d", UID_ALICE, GID_ALICE));
	MUST(chmod("d", 07755));
	be(ALICE);
	DO(chown("d", (uid_t)-1, GID_BOTH));
	say_text("set-id of a directory stays", "%s", owner("d"));
}

static void set_id_bits(void)
{
	for (enum user u = ROOT; u <= EVE; u++) {
		be(ROOT);
		put("f", "12345");
		MUST(chown("f", UID_ALICE, GID_BOTH));
		static const mode_t modes[] = {06777, 06767, 02767};
		for (size_t m = 0; m < ARRAY_SIZE(modes); m++) {
			be(ROOT);
			MUST(chmod("f", modes[m]));
			be(u);
			int fd = open("f", O_RDWR | O_CLOEXEC);
			MUST(write(fd, "x", 1));
			say_text(TEXT("%o written by %s", modes[m], user_names[u]), "%s",
				owner("f"));
			be(ROOT);
			MUST(fchmod(fd, modes[m]));
			be(u);
			MUST(ftruncate(fd, 3));
			say_text(TEXT("%o cut by %s", modes[m], user_names[u]), "%s", owner("f"));
			be(ROOT);
			MUST(fchmod(fd, modes[m]));
			be(u);
			MUST(truncate("f", 2));
			say_text(TEXT("%o truncated by %s", modes[m], user_names[u]), "%s",
				owner("f"));
			be(ROOT);
			MUST(fchmod(fd, modes[m]));
			be(u);
			MUST(fallocate(fd, 0, 0, 10));
			say_text(TEXT("%o enlarged by %s", modes[m], user_names[u]), "%s",
				owner("f"));
			be(ROOT);
			MUST(fchmod(fd, modes[m]));
			be(u);
			MUST(try_open("f", O_WRONLY | O_TRUNC));
			say_text(TEXT("%o opened to nothing by %s", modes[m], user_names[u]), "%s",
				owner("f"));
			close(fd);
		}
		be(ROOT);
		wipe("f");
	}
	/* A set-gid bit is for members. */
	static const mode_t want[] = {02755, 04755, 06755, 01755, 02745, 0755};
	for (size_t i = 0; i < ARRAY_SIZE(want); i++) {
		put("f", "");
		MUST(chown("f", UID_ALICE, GID_BOBS));
		be(ALICE);
		DO(chmod("f", want[i]));
		say_text(TEXT("chmod %o by alice, group not hers", want[i]), "%s", owner("f"));
		be(ROOT);
		MUST(chown("f", UID_ALICE, GID_BOTH));
		be(ALICE);
		DO(chmod("f", want[i]));
		say_text(TEXT("chmod %o by alice, group hers", want[i]), "%s", owner("f"));
		be(ROOT);
		wipe("f");
	}
}

static void open_rights_stay(void)
{
	char c;
	put("f", "x");
	MUST(chown("f", UID_ALICE, GID_ALICE));
	be(ALICE);
	int rw = open("f", O_RDWR | O_CLOEXEC), ro = open("f", O_RDONLY | O_CLOEXEC);
	DO(fchmod(rw, 0));
	N(pread(ro, &c, 1, 0));
	N(pwrite(rw, "y", 1, 0));
	DO(ftruncate(rw, 5));
	DO(ftruncate(ro, 5));
	DO(try_open("f", O_RDONLY));
	DO(truncate("f", 0));
	DO(fallocate(rw, 0, 0, 100));
	be(ROOT);
	MUST(chown("f", UID_BOB, GID_BOB));
	be(ALICE);
	N(pread(ro, &c, 1, 0));
	N(pwrite(rw, "y", 1, 0));
	DO(ftruncate(rw, 6));
	DO(fchmod(rw, 0644));
	be(EVE);
	N(pwrite(rw, "z", 1, 0)); /* a descriptor is a right */
	DO(ftruncate(rw, 7));
	DO(fsync(rw));
	be(ROOT);
	struct stat st;
	MUST(fstat(rw, &st));
	N(st.st_size);
	close(rw);
	close(ro);
	/* Created with a mode that would not let one in again. */
	MUST(chmod(".", 0777));
	be(ALICE);
	int fd = open("new", O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0);
	say_ok("created with mode 0", fd);
	N(write(fd, "x", 1));
	close(fd);
	DO(try_open("new", O_RDWR));
	fd = open("wo", O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0444);
	N(write(fd, "x", 1));
	close(fd);
	DO(try_open("wo", O_RDWR | O_CREAT));
}

/* --- times --- */

static const struct timespec OLD[2] = {{1000000000, 1}, {1000000001, 2}};

static char *stamps(const char *name, const struct stat *was)
{
	static char buf[3][16];
	static unsigned turn;
	struct stat st;
	char *b = buf[turn++ % 3];
	strcpy(b, "-");
	if (stat(name, &st) < 0)
		return b;
	snprintf(b, sizeof(buf[0]), "%s%s",
		st.st_mtim.tv_sec != was->st_mtim.tv_sec ||
				st.st_mtim.tv_nsec != was->st_mtim.tv_nsec
			? "m"
			: "",
		st.st_ctim.tv_sec != was->st_ctim.tv_sec ||
				st.st_ctim.tv_nsec != was->st_ctim.tv_nsec
			? "c"
			: "");
	return b;
}

static struct stat was_f, was_d, was_e;

static void before(void)
{
	wipe("d");
	wipe("e");
	MUST(mkdir("d", 0755));
	MUST(mkdir("e", 0755));
	put("d/f", "contents");
	put("d/g", "contents");
	MUST(symlink("f", "d/l"));
	MUST(mkdir("d/dir", 0755));
	MUST(utimensat(AT_FDCWD, "d/f", OLD, 0));
	MUST(utimensat(AT_FDCWD, "d", OLD, 0));
	MUST(utimensat(AT_FDCWD, "e", OLD, 0));
	MUST(stat("d/f", &was_f) | stat("d", &was_d) | stat("e", &was_e));
	tick();
}

/* What the call changes of the file d/f, of its directory, and of another. */
#define TIMES(expr)                                                                             \
	do {                                                                                    \
		before();                                                                       \
		errno = 0;                                                                      \
		int r_ = (int)(expr);                                                           \
		say_text(#expr, "%s: f %s, d %s, e %s", r_ < 0 ? strerrorname_np(errno) : "ok", \
			stamps("d/f", &was_f), stamps("d", &was_d), stamps("e", &was_e));       \
	} while (0)

static int with_file(int flags, int (*fn)(int fd))
{
	int fd = open("d/f", flags | O_CLOEXEC);
	MUST(fd);
	int r = fn(fd);
	close(fd);
	return r;
}

static int write_one(int fd)
{
	return (int)write(fd, "x", 1);
}
static int write_none(int fd)
{
	return (int)write(fd, "", 0);
}
static int cut_same(int fd)
{
	return ftruncate(fd, 8);
}
static int cut(int fd)
{
	return ftruncate(fd, 2);
}
static int reserve(int fd)
{
	return fallocate(fd, 0, 0, 100);
}
static int nothing(int fd)
{
	(void)fd;
	return 0;
}

static void times(void)
{
	TIMES(0);
	TIMES(chmod("d/f", 0600));
	TIMES(chmod("d/f", 0644));
	TIMES(chown("d/f", 1, 1));
	TIMES(chown("d/f", (uid_t)-1, (gid_t)-1));
	TIMES(with_file(O_WRONLY, write_one));
	TIMES(with_file(O_WRONLY, write_none));
	TIMES(with_file(O_WRONLY | O_APPEND, write_one));
	TIMES(with_file(O_WRONLY, cut));
	TIMES(with_file(O_WRONLY, cut_same));
	TIMES(with_file(O_WRONLY, reserve));
	TIMES(with_file(O_WRONLY | O_TRUNC, nothing));
	TIMES(with_file(O_RDWR, nothing));
	TIMES(truncate("d/f", 2));
	TIMES(truncate("d/f", 8));
	TIMES(truncate("d/f", 20));
	TIMES(link("d/f", "d/new"));
	TIMES(link("d/f", "e/new"));
	TIMES(link("d/f", "d/g"));
	TIMES(unlink("d/g"));
	TIMES(unlink("d/none"));
	TIMES(rename("d/f", "d/h"));
	TIMES(rename("d/g", "d/f"));
	TIMES(rename("d/g", "e/g"));
	TIMES(rename("d/f", "d/f"));
	TIMES(renameat2(AT_FDCWD, "d/f", AT_FDCWD, "d/g", RENAME_EXCHANGE));
	TIMES(mkdir("d/new", 0755));
	TIMES(rmdir("d/dir"));
	TIMES(rename("d/dir", "e/dir"));
	TIMES(symlink("x", "d/new"));
	TIMES(mkfifo("d/new", 0644));
	TIMES(try_open("d/new", O_WRONLY | O_CREAT));
	TIMES(try_open("d/f", O_WRONLY | O_CREAT));
	TIMES(setxattr("d/f", "user.x", "1", 1, 0));
	TIMES(removexattr("d/f", "user.none"));
	TIMES(utimensat(AT_FDCWD, "d/f", NULL, 0));
	TIMES(utimensat(AT_FDCWD, "d/f", OLD, 0));
	TIMES(chmod("d", 0700));
}

static void say_times(const char *what, const char *name)
{
	struct stat st;
	time_t now = time(NULL);
	MUST(lstat(name, &st));
	say_text(what, "%s%lld.%09ld %s%lld.%09ld", "",
		labs(st.st_atime - now) < 100 ? 0LL : (long long)st.st_atime,
		labs(st.st_atime - now) < 100 ? 0 : st.st_atim.tv_nsec, "",
		labs(st.st_mtime - now) < 100 ? 0LL : (long long)st.st_mtime,
		labs(st.st_mtime - now) < 100 ? 0 : st.st_mtim.tv_nsec);
}

static void setting_times(void)
{
	static const struct {
		struct timespec ts[2];
		const char *name;
	} ways[] = {{{{5, 6}, {7, 8}}, "both"}, {{{0, UTIME_NOW}, {0, UTIME_NOW}}, "now"},
		{{{0, UTIME_OMIT}, {0, UTIME_OMIT}}, "neither"},
		{{{0, UTIME_NOW}, {0, UTIME_OMIT}}, "atime now"},
		{{{0, UTIME_OMIT}, {0, UTIME_NOW}}, "mtime now"},
		{{{9, 10}, {0, UTIME_OMIT}}, "atime"},
		{{{0, UTIME_OMIT}, {11, 999999999}}, "mtime"},
		{{{1, 1000000000}, {0, 0}}, "too many ns"}, {{{1, 0}, {0, -1}}, "negative ns"},
		{{{-5, 3}, {-1000000, 4}}, "before 1970"},
		{{{4000000000LL, 1}, {5000000000LL, 2}}, "after 2038"}};
	be(ROOT);
	for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
		for (enum user u = ROOT; u <= EVE; u++) {
			be(ROOT);
			put("f", "x");
			MUST(chown("f", UID_ALICE, GID_BOTH));
			MUST(chmod("f", 0664));
			MUST(utimensat(AT_FDCWD, "f", OLD, 0));
			be(u);
			errno = 0;
			int r = utimensat(AT_FDCWD, "f", ways[i].ts, 0);
			say_ok(TEXT("%s by %s", ways[i].name, user_names[u]), r);
			say_times("leaves", "f");
			be(ROOT);
			wipe("f");
		}
	}
	put("f", "x");
	MUST(symlink("f", "l"));
	DO(utimensat(AT_FDCWD, "l", OLD, AT_SYMLINK_NOFOLLOW));
	say_times("link", "l");
	DO(utimensat(AT_FDCWD, "l", OLD, 0));
	say_times("file", "f");
	MUST(mkdir("d", 0755));
	DO(utimensat(AT_FDCWD, "d", OLD, 0));
	say_times("dir", "d");
	int fd = open("f", O_RDONLY | O_CLOEXEC);
	DO(futimens(fd, (struct timespec[2]){{77, 1}, {88, 2}}));
	say_times("by descriptor", "f");
	close(fd);
}

const struct posix_group users_groups[] = {{"file-modes", file_modes}, {"dir-modes", dir_modes},
	{"errors-of-permission", errors_of_permission}, {"sticky", sticky},
	{"new-owners", new_owners}, {"changing-owners", changing_owners},
	{"set-id-bits", set_id_bits}, {"open-rights-stay", open_rights_stay}, {"times", times},
	{"setting-times", setting_times}, {}};
