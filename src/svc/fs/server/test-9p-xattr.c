/* SPDX-License-Identifier: MIT */
/* Extended attributes. */
#include "svc/fs/server/test-9p.h"

#include <linux/limits.h>
#include <sys/xattr.h>

static void path_of(const char *name, char ret[128])
{
	snprintf(ret, 128, "%s/%s", tree, name);
}

static void need_xattrs(void)
{
	char path[128];
	put_file("probe", "");
	path_of("probe", path);
	if (setxattr(path, "user.probe", "x", 1, 0) < 0 && errno == EOPNOTSUPP) {
		tree_remove();
		test_skip("no user xattrs in /tmp");
	}
}

/* Through a fid of its own, as clients do. */
static int set(struct peer *p, const char *file, const char *name, const void *value, uint32_t n,
	uint32_t flags)
{
	CHECK_INT(t_walk(p, 0, 5, file), 0);
	int r = CALL(p, P9_Txattrcreate, .txattrcreate = {5, p9_str(name), n, flags});
	if (!r && n)
		CHECK_INT(t_write(p, 5, 0, value, n), (int)n);
	int r2 = t_clunk(p, 5);
	return r ? r : r2;
}

static int get(struct peer *p, const char *file, const char *name, char *buf, uint32_t cap)
{
	CHECK_INT(t_walk(p, 0, 5, file), 0);
	int r = CALL(p, P9_Txattrwalk, .txattrwalk = {5, 6, p9_str(name)});
	if (!r) {
		uint64_t size = p->r.rxattrwalk.size;
		r = t_read(p, 6, 0, buf, cap);
		CHECK_INT(r, (int)MIN(size, cap));
		t_clunk(p, 6);
	}
	t_clunk(p, 5);
	return r;
}

TEST(attributes_are_set_read_listed_and_removed)
{
	struct peer p;
	char buf[256], path[128];
	start(&p);
	need_xattrs();
	put_file("f", "");
	path_of("f", path);
	CHECK_INT(set(&p, "f", "user.one", "value", 5, 0), 0);
	CHECK_INT(getxattr(path, "user.one", buf, sizeof(buf)), 5);
	CHECK_INT(get(&p, "f", "user.one", buf, sizeof(buf)), 5);
	CHECK(!memcmp(buf, "value", 5));
	CHECK_INT(set(&p, "f", "user.two", "", 0, 0), 0); /* an empty value */
	CHECK_INT(getxattr(path, "user.two", buf, sizeof(buf)), 0);
	CHECK_INT(get(&p, "f", "user.two", buf, sizeof(buf)), 0);
	int n = get(&p, "f", "", buf, sizeof(buf));
	CHECK_INT(n, listxattr(path, NULL, 0));
	CHECK(n > 0 && memmem(buf, (size_t)n, "user.one", 9) &&
		memmem(buf, (size_t)n, "user.two", 9));
	CHECK_INT(set(&p, "f", "user.one", "x", 1, XATTR_CREATE), -EEXIST);
	CHECK_INT(set(&p, "f", "user.new", "x", 1, XATTR_REPLACE), -ENODATA);
	CHECK_INT(set(&p, "f", "user.one", "", 0, XATTR_REPLACE), 0); /* removes */
	CHECK_INT(get(&p, "f", "user.one", buf, sizeof(buf)), -ENODATA);
	CHECK_INT(set(&p, "f", "user.one", "", 0, XATTR_REPLACE), -ENODATA);
	CHECK_INT(set(&p, "f", "wrong", "x", 1, 0), -EOPNOTSUPP);
	CHECK_INT(set(&p, "f", "user.x", "x", 1, 8), -EINVAL);
	CHECK_INT(set(&p, "", "user.dir", "d", 1, 0), 0);
	CHECK_INT(get(&p, "", "user.dir", buf, sizeof(buf)), 1);
	stop(&p);
}

TEST(a_value_is_written_and_read_in_pieces)
{
	struct peer p;
	char buf[16];
	start(&p);
	need_xattrs();
	put_file("f", "");
	CHECK_INT(t_walk(&p, 0, 5, "f"), 0);
	CHECK_INT(CALL(&p, P9_Txattrcreate, .txattrcreate = {5, p9_str("user.x"), 6, 0}), 0);
	CHECK_INT(t_write(&p, 5, 3, "def", 3), 3);
	CHECK_INT(t_write(&p, 5, 0, "abc", 3), 3);
	CHECK_INT(t_write(&p, 5, 4, "xyz", 3), -ENOSPC);
	CHECK_INT(t_write(&p, 5, UINT64_MAX, "xyz", 3), -ENOSPC);
	CHECK_INT(t_clunk(&p, 5), 0);
	CHECK_INT(t_walk(&p, 0, 5, "f"), 0);
	CHECK_INT(CALL(&p, P9_Txattrwalk, .txattrwalk = {5, 6, p9_str("user.x")}), 0);
	CHECK_INT(p.r.rxattrwalk.size, 6);
	CHECK_INT(t_read(&p, 6, 2, buf, 2), 2);
	CHECK(!memcmp(buf, "cd", 2));
	CHECK_INT(t_read(&p, 6, 4, buf, 16), 2);
	CHECK_INT(t_read(&p, 6, 6, buf, 16), 0);
	CHECK_INT(t_read(&p, 6, UINT64_MAX, buf, 16), 0);
	CHECK_INT(t_write(&p, 6, 0, "x", 1), -EBADF);
	CHECK_INT(t_walk(&p, 6, 7, ""), -EBADF);
	CHECK_INT(CALL(&p, P9_Txattrwalk, .txattrwalk = {6, 7, p9_str("user.x")}), -EBADF);
	/* promised and not delivered */
	CHECK_INT(CALL(&p, P9_Txattrcreate, .txattrcreate = {5, p9_str("user.y"), 6, 0}), 0);
	CHECK_INT(t_write(&p, 5, 0, "abc", 3), 3);
	CHECK_INT(t_clunk(&p, 5), -EINVAL);
	stop(&p);
}

TEST(a_link_is_not_followed)
{
	struct peer p;
	char buf[16];
	start(&p);
	need_xattrs();
	put_file("f", "");
	CHECK(!symlinkat("f", tree_dir, "l"));
	CHECK_INT(set(&p, "f", "user.x", "x", 1, 0), 0);
	CHECK_INT(get(&p, "l", "user.x", buf, sizeof(buf)), -ENODATA);
	CHECK(set(&p, "l", "user.y", "x", 1, 0) < 0);
	CHECK_INT(get(&p, "f", "user.y", buf, sizeof(buf)), -ENODATA);
	stop(&p);
}

TEST(values_held_are_limited)
{
	struct peer p;
	start(&p);
	need_xattrs();
	put_file("f", "");
	CHECK_INT(t_walk(&p, 0, 1, "f"), 0);
	CHECK_INT(
		CALL(&p, P9_Txattrcreate, .txattrcreate = {1, p9_str("user.x"), 65537, 0}), -E2BIG);
	CHECK_INT(CALL(&p, P9_Txattrcreate, .txattrcreate = {1, p9_str("user.x"), UINT64_MAX, 0}),
		-E2BIG);
	int r = 0;
	uint32_t fid;
	for (fid = 100; fid < 1000 && !r; fid++) {
		CHECK_INT(t_walk(&p, 0, fid, "f"), 0);
		r = CALL(&p, P9_Txattrcreate, .txattrcreate = {fid, p9_str("user.x"), 65536, 0});
	}
	CHECK_INT(r, -ENOMEM);
	CHECK_INT(fid, 100 + 256 + 1);
	CHECK_INT(t_clunk(&p, 100), -EINVAL);
	CHECK_INT(CALL(&p, P9_Txattrcreate, .txattrcreate = {1, p9_str("user.x"), 65536, 0}), 0);
	stop(&p);
}

TEST(capabilities_are_for_root)
{
	static const uint8_t caps[20] = {0, 0, 0, 2, 1};
	struct peer p;
	need_root();
	start(&p);
	put_file("f", "");
	CHECK(!fchownat(tree_dir, "f", 1234, 1234, 0));
	CHECK_INT(t_attach(&p, 10, "", 1234), 0);
	CHECK_INT(t_walk(&p, 10, 1, "f"), 0);
	CHECK_INT(CALL(&p, P9_Txattrcreate,
			  .txattrcreate = {1, p9_str("security.capability"), 20, 0}),
		-EPERM);
	int r = set(&p, "f", "security.capability", caps, 20, 0);
	CHECK(!r || r == -EOPNOTSUPP);
	stop(&p);
}

/* --- 9P2000.L.metac: one message each --- */

static int mget(struct peer *p, uint32_t fid, const char *name, uint32_t count)
{
	return CALL(p, P9_Tgetxattr, .tgetxattr = {fid, p9_str(name), count});
}

static int mset(struct peer *p, uint32_t fid, const char *name, const char *value, uint32_t flags)
{
	return CALL(p, P9_Tsetxattr,
		.tsetxattr = {fid, p9_str(name), flags, {value, (uint32_t)strlen(value)}});
}

static int mremove(struct peer *p, uint32_t fid, const char *name)
{
	return CALL(p, P9_Tremovexattr, .tremovexattr = {fid, p9_str(name)});
}

static bool value_is(const struct peer *p, const char *want)
{
	const struct p9_data *d = &p->r.rgetxattr.data;
	return p->r.rgetxattr.size == d->len && d->len == strlen(want) &&
	       (!d->len || !memcmp(d->p, want, d->len));
}

TEST(one_message_gets_sets_lists_and_removes)
{
	struct peer p;
	start_metac(&p);
	need_xattrs();
	put_file("f", "");
	CHECK_INT(t_lookup(&p, 0, 1, "f"), 0);
	CHECK_INT(mget(&p, 1, "user.a", 100), -ENODATA);
	CHECK_INT(mset(&p, 1, "user.a", "value", 0), 0);
	CHECK_INT(mset(&p, 1, "user.a", "value", XATTR_CREATE), -EEXIST);
	CHECK_INT(mset(&p, 1, "user.b", "value", XATTR_REPLACE), -ENODATA);
	CHECK_INT(mset(&p, 1, "user.empty", "", 0), 0);
	CHECK_INT(mget(&p, 1, "user.a", 100), 0);
	CHECK(value_is(&p, "value"));
	CHECK_INT(mget(&p, 1, "user.a", 5), 0);
	CHECK(value_is(&p, "value"));
	CHECK_INT(mget(&p, 1, "user.a", 4), -ERANGE);
	CHECK_INT(mget(&p, 1, "user.a", 0), 0);
	CHECK_INT(p.r.rgetxattr.size, 5);
	CHECK_INT(p.r.rgetxattr.data.len, 0);
	CHECK_INT(mget(&p, 1, "user.empty", 10), 0);
	CHECK(value_is(&p, ""));
	CHECK_INT(CALL(&p, P9_Tlistxattr, .tlistxattr = {1, 0}), 0);
	uint32_t size = p.r.rlistxattr.size;
	CHECK(size >= sizeof("user.a") + sizeof("user.empty"));
	CHECK_INT(CALL(&p, P9_Tlistxattr, .tlistxattr = {1, size}), 0);
	CHECK_INT(p.r.rlistxattr.data.len, size);
	CHECK(memmem(p.r.rlistxattr.data.p, size, "user.empty", 11));
	CHECK_INT(CALL(&p, P9_Tlistxattr, .tlistxattr = {1, size - 1}), -ERANGE);
	CHECK_INT(mremove(&p, 1, "user.a"), 0);
	CHECK_INT(mremove(&p, 1, "user.a"), -ENODATA);
	/* Through an open file as well. */
	CHECK_INT(t_openat(&p, 0, 2, "f", P9_O_RDONLY, 0), 0);
	CHECK_INT(mset(&p, 2, "user.c", "3", 0), 0);
	CHECK_INT(mget(&p, 1, "user.c", 10), 0);
	stop(&p);
}

TEST(single_messages_refuse_what_they_should)
{
	struct peer p;
	char *big = calloc(1, XATTR_SIZE_MAX + 2);
	start_metac(&p);
	need_xattrs();
	put_file("f", "");
	CHECK_INT(t_lookup(&p, 0, 1, "f"), 0);
	memset(big, 'x', XATTR_SIZE_MAX + 1);
	CHECK_INT(mset(&p, 1, "user.big", big, 0), -E2BIG);
	CHECK_INT(mset(&p, 1, "", "x", 0), -EINVAL);
	CHECK_INT(mget(&p, 1, "", 10), -EINVAL);
	CHECK_INT(mremove(&p, 1, ""), -EINVAL);
	CHECK_INT(mset(&p, 1, "user.a", "x", 8), -EINVAL);
	CHECK_INT(mset(&p, 1, "nonsense", "x", 0), -EOPNOTSUPP);
	big[256] = 0;
	CHECK_INT(mset(&p, 1, big, "x", 0), -ERANGE);
	CHECK_INT(CALL(&p, P9_Tgetxattr, .tgetxattr = {1, {"user.\0a", 7}, 10}), -EINVAL);
	CHECK_INT(CALL(&p, P9_Txattrwalk, .txattrwalk = {1, 9, p9_str("")}), 0);
	CHECK_INT(mget(&p, 9, "user.a", 10), -EBADF);
	CHECK_INT(mset(&p, 9, "user.a", "x", 0), -EBADF);
	if (!geteuid()) {
		CHECK_INT(t_attach(&p, 2, "", 1234), 0);
		CHECK(!fchownat(tree_dir, "f", 1234, 1234, 0));
		CHECK_INT(t_lookup(&p, 2, 3, "f"), 0);
		CHECK_INT(mset(&p, 3, "user.his", "x", 0), 0);
		CHECK_INT(mset(&p, 3, "security.capability", "x", 0), -EPERM);
		CHECK_INT(mremove(&p, 3, "security.capability"), -EPERM);
	}
	free(big);
	stop(&p);
}

TEST(access_lists_are_obeyed_and_follow_the_mode)
{
	/* user::rw- user:1234:r-- group::--- mask::r-- other::--- */
	static const uint8_t acl[] = {2, 0, 0, 0, 1, 0, 6, 0, 0xff, 0xff, 0xff, 0xff, 2, 0, 4, 0,
		0xd2, 4, 0, 0, 4, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0x10, 0, 4, 0, 0xff, 0xff, 0xff,
		0xff, 0x20, 0, 0, 0, 0xff, 0xff, 0xff, 0xff};
	struct peer p;
	need_root();
	start_metac(&p);
	put_file("f", "x");
	CHECK_INT(t_lookup(&p, 0, 1, "f"), 0);
	int r = CALL(&p, P9_Tsetxattr,
		.tsetxattr = {1, p9_str("system.posix_acl_access"), 0, {acl, sizeof(acl)}});
	if (r == -EOPNOTSUPP) {
		stop(&p);
		test_skip("no access lists in /tmp");
	}
	CHECK_INT(r, 0);
	CHECK_INT(t_attach(&p, 2, "", 1234), 0);
	CHECK_INT(t_attach(&p, 3, "", 1235), 0);
	CHECK_INT(t_openat(&p, 2, 4, "f", P9_O_RDONLY, 0), 0);
	CHECK_INT(t_openat(&p, 2, 5, "f", P9_O_RDWR, 0), -EACCES);
	CHECK_INT(t_openat(&p, 3, 5, "f", P9_O_RDONLY, 0), -EACCES);
	/* The mask is the group's part of the mode. */
	CHECK_INT(CALL(&p, P9_Tsetattrx,
			  .tsetattrx = {.fid = 1, .valid = P9_SETATTR_MODE, .mode = 0600}),
		0);
	CHECK_INT(t_openat(&p, 2, 5, "f", P9_O_RDONLY, 0), -EACCES);
	CHECK_INT(mget(&p, 1, "system.posix_acl_access", 100), 0);
	CHECK_INT(p.r.rgetxattr.size, sizeof(acl));
	stop(&p);
}
