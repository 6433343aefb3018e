/* SPDX-License-Identifier: MIT */
/* Extended attributes and access lists. */
#include "posix.h"

#include <sys/xattr.h>

static int try_open(const char *name, int flags)
{
	int fd = open(name, flags | O_CLOEXEC, 0644);
	return fd < 0 ? fd : close(fd);
}

/* --- extended attributes --- */

/* By those who may read the file, and by its owner. */
static void xattrs_of_users(void)
{
	static char buf[70000];
	MUST(chmod("f", 0644));
	MUST(chown("f", UID_ALICE, GID_ALICE));
	be(BOB);
	N(getxattr("f", "user.one", buf, sizeof(buf)));
	DO(setxattr("f", "user.one", "x", 1, 0));
	DO(removexattr("f", "user.one"));
	DO(setxattr("f", "trusted.x", "x", 1, 0));
	N(getxattr("f", "trusted.x", buf, sizeof(buf)));
	DO(setxattr("f", "security.x", "x", 1, 0));
	be(ALICE);
	DO(setxattr("f", "user.one", "x", 1, 0));
	DO(setxattr("f", "security.x", "x", 1, 0));
	DO(setxattr("f", "security.capability", "x", 1, 0));
	be(ROOT);
	MUST(chmod("f", 0600));
	be(BOB);
	N(getxattr("f", "user.one", buf, sizeof(buf)));
	N(listxattr("f", buf, sizeof(buf)) > 0);
	DO(rename("f", "g"));
	be(ROOT);
	DO(rename("f", "g"));
	N(getxattr("g", "user.one", buf, sizeof(buf)));
}

static void xattrs(void)
{
	static char big[70000], buf[70000];
	memset(big, 'b', sizeof(big));
	put("f", "x");
	MUST(mkdir("d", 0755));
	MUST(symlink("f", "l"));
	MUST(mkfifo("p", 0666));
	N(listxattr("f", buf, sizeof(buf)));
	DO(setxattr("f", "user.one", "1", 1, 0));
	DO(setxattr("f", "user.one", "22", 2, XATTR_CREATE));
	DO(setxattr("f", "user.two", "22", 2, XATTR_REPLACE));
	DO(setxattr("f", "user.two", "22", 2, XATTR_CREATE));
	DO(setxattr("f", "user.two", "22", 2, 77));
	DO(setxattr("f", "user.empty", "", 0, 0));
	DO(setxattr("f", "user.odd \xff\n", "\0\1\2", 3, 0));
	N(getxattr("f", "user.one", buf, sizeof(buf)));
	N(getxattr("f", "user.two", buf, 0));
	N(getxattr("f", "user.two", buf, 1));
	N(getxattr("f", "user.two", buf, 2));
	N(getxattr("f", "user.empty", buf, sizeof(buf)));
	N(getxattr("f", "user.odd \xff\n", buf, sizeof(buf)));
	N(getxattr("f", "user.none", buf, sizeof(buf)));
	N(listxattr("f", buf, sizeof(buf)));
	N(listxattr("f", buf, 0));
	N(listxattr("f", buf, 5));
	DO(removexattr("f", "user.two"));
	DO(removexattr("f", "user.two"));
	N(listxattr("f", buf, sizeof(buf)));
	DO(setxattr("f", "user.", "x", 1, 0));
	DO(setxattr("f", "nonsense", "x", 1, 0));
	DO(setxattr("f", "nonsense.x", "x", 1, 0));
	DO(setxattr("f", "", "x", 1, 0));
	N(getxattr("f", "nonsense.x", buf, sizeof(buf)));
	DO(setxattr("f", "user.big", big, 3000, 0));
	N(getxattr("f", "user.big", buf, sizeof(buf)));
	N(memcmp(buf, big, 3000));
	DO(setxattr("f", "user.bigger", big, 65537, 0));
	char name[300] = "user.";
	memset(name + 5, 'n', 250);
	DO(setxattr("f", name, "x", 1, 0));
	name[255] = 'n';
	DO(setxattr("f", name, "x", 1, 0));
	DO(setxattr("d", "user.dir", "x", 1, 0));
	N(getxattr("d", "user.dir", buf, sizeof(buf)));
	DO(lsetxattr("l", "user.link", "x", 1, 0));
	N(llistxattr("l", buf, sizeof(buf)));
	N(lgetxattr("l", "user.one", buf, sizeof(buf)));
	DO(setxattr("p", "user.fifo", "x", 1, 0));
	DO(setxattr("f", "security.test", "x", 1, 0));
	N(getxattr("f", "security.test", buf, sizeof(buf)));
	DO(removexattr("f", "security.test"));
	DO(setxattr("f", "trusted.test", "x", 1, 0));
	N(getxattr("f", "trusted.test", buf, sizeof(buf)));
	DO(removexattr("f", "trusted.test"));
	N(getxattr("f", "security.capability", buf, sizeof(buf)));
	int fd = open("f", O_RDONLY | O_CLOEXEC);
	DO(fsetxattr(fd, "user.fd", "x", 1, 0));
	N(fgetxattr(fd, "user.fd", buf, sizeof(buf)));
	DO(fremovexattr(fd, "user.fd"));
	close(fd);
	xattrs_of_users();
}

/* --- access lists --- */

struct entry {
	uint16_t tag, perm;
	uint32_t id;
};
struct acl {
	uint32_t version;
	struct entry e[8];
};

enum { U = 1, NU = 2, G = 4, NG = 8, M = 16, O = 32 };

static int set_acl(const char *name, const char *kind, const struct acl *a, size_t n)
{
	return setxattr(name, kind, a, 4 + n * sizeof(struct entry), 0);
}

static void show_acl(const char *what, const char *name, const char *kind)
{
	struct acl a;
	char out[200] = "";
	errno = 0;
	ssize_t n = getxattr(name, kind, &a, sizeof(a));
	if (n < 0) {
		say(what, n);
		return;
	}
	for (size_t i = 0; i < ((size_t)n - 4) / sizeof(struct entry); i++)
		snprintf(out + strlen(out), sizeof(out) - strlen(out), " %u:%d:%u", a.e[i].tag,
			(int)a.e[i].id, a.e[i].perm);
	say_text(what, "%s, mode %o", out, mode_of(name));
}

#define ACCESS "system.posix_acl_access"
#define DEFAULT "system.posix_acl_default"
#define NONE UINT32_MAX

static void access_lists(void)
{
	struct acl a = {2, {{U, 6, NONE}, {NU, 4, UID_BOB}, {G, 0, NONE}, {NG, 6, GID_BOTH},
				   {M, 6, NONE}, {O, 0, NONE}}};
	put("f", "x");
	MUST(chown("f", UID_ALICE, GID_ALICE));
	show_acl("none yet", "f", ACCESS);
	errno = 0;
	int r = set_acl("f", ACCESS, &a, 6);
	say_ok("set", r);
	if (r < 0)
		return;
	show_acl("after", "f", ACCESS);
	for (enum user u = ALICE; u <= EVE; u++) {
		be(u);
		say_text(user_names[u], "read %d write %d access %d", !try_open("f", O_RDONLY),
			!try_open("f", O_WRONLY), !access("f", W_OK));
	}
	be(ALICE);
	DO(chmod("f", 0640)); /* changes the mask */
	show_acl("after chmod", "f", ACCESS);
	be(BOB);
	DO(try_open("f", O_RDONLY));
	DO(try_open("f", O_WRONLY));
	DO(set_acl("f", ACCESS, &a, 6));
	DO(removexattr("f", ACCESS));
	be(ALICE);
	a.e[3].perm = 7;
	DO(set_acl("f", ACCESS, &a, 6));
	show_acl("by the owner", "f", ACCESS);
	DO(set_acl("f", ACCESS, &a, 5)); /* without others: invalid */
	DO(set_acl("f", DEFAULT, &a, 6));
	DO(removexattr("f", ACCESS));
	show_acl("removed", "f", ACCESS);
	be(ROOT);
	struct acl plain = {2, {{U, 6, NONE}, {G, 4, NONE}, {O, 4, NONE}}};
	DO(set_acl("f", ACCESS, &plain, 3));
	show_acl("only a mode", "f", ACCESS);
	/* What is inherited. */
	MUST(mkdir("d", 0777));
	struct acl def = {
		2, {{U, 7, NONE}, {NU, 7, UID_BOB}, {G, 5, NONE}, {M, 7, NONE}, {O, 0, NONE}}};
	DO(set_acl("d", DEFAULT, &def, 5));
	show_acl("default", "d", DEFAULT);
	umask(077);
	put("d/f", "x");
	show_acl("new file", "d/f", ACCESS);
	MUST(mkdir("d/sub", 0777));
	show_acl("new dir", "d/sub", ACCESS);
	show_acl("new dir's default", "d/sub", DEFAULT);
	int fd = open("d/g", O_CREAT | O_RDWR | O_CLOEXEC, 0600);
	close(fd);
	show_acl("new file of mode 600", "d/g", ACCESS);
	MUST(mkfifo("d/p", 0666));
	show_acl("new fifo", "d/p", ACCESS);
	be(BOB);
	DO(try_open("d/f", O_RDWR));
	be(ROOT);
	DO(removexattr("d", DEFAULT));
	put("d/h", "x");
	show_acl("after removing the default", "d/h", ACCESS);
}

const struct posix_group xattr_groups[] = {{"xattrs", xattrs}, {"access-lists", access_lists}, {}};
