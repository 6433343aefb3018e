/* SPDX-License-Identifier: MIT */
/*
 * The connection is lost before every message of every operation, in each direction, half a message
 * having passed; the server is killed, another takes its place.  What programs are told and what
 * is in the tree afterwards must be what it is without a loss.
 */
#include "svc/fs/fuse/test-fuse9p.h"

#include <sys/file.h>

#define ROOT FUSE_ROOT_ID

/*
 * What is done.  A server that has forgotten what it did is looked at instead: what is there counts
 * as made, what is not as removed.  So with one (!w->remembers) nothing is done here that would
 * have failed because of what was done just before.
 */

static void do_lookup(struct world *w)
{
	put(w, "a", "x");
	world_arm(w);
	K_NAME(w, FUSE_LOOKUP, ROOT, "a");
	K_NAME(w, FUSE_LOOKUP, ROOT, "none");
}

static void do_getattr(struct world *w)
{
	struct fuse_getattr_in in = {};
	put(w, "a", "hello");
	uint64_t n = k_lookup(w, ROOT, "a");
	world_arm(w);
	K_DO(w, FUSE_GETATTR, n, in, NULL, 0);
	K_DO(w, FUSE_GETATTR, ROOT, in, NULL, 0);
}

static void do_setattr(struct world *w)
{
	struct fuse_setattr_in in = {.valid = FATTR_MODE | FATTR_SIZE | FATTR_MTIME | FATTR_UID,
		.mode = 0640,
		.size = 3,
		.uid = 1000,
		.mtime = 1234567,
		.mtimensec = 42};
	put(w, "a", "hello");
	uint64_t n = k_lookup(w, ROOT, "a");
	world_arm(w);
	K_DO(w, FUSE_SETATTR, n, in, NULL, 0);
}

static void do_make(struct world *w)
{
	struct fuse_mkdir_in mk = {.mode = 0755};
	struct fuse_mknod_in nod = {.mode = S_IFIFO | 0600};
	struct fuse_mknod_in file = {.mode = S_IFREG | 0644};
	world_arm(w);
	K_DO(w, FUSE_MKDIR, ROOT, mk, "d", 2);
	if (w->remembers)
		K_DO(w, FUSE_MKDIR, ROOT, mk, "d", 2);
	K_DO(w, FUSE_MKNOD, ROOT, nod, "p", 2);
	K_DO(w, FUSE_MKNOD, ROOT, file, "f", 2);
	k_end(w, k_begin(w, FUSE_SYMLINK, ROOT, "s\0target", 9, NULL, 0));
	K_NAME(w, FUSE_READLINK, k_lookup(w, ROOT, "s"), "");
}

static void do_make_below(struct world *w)
{
	struct fuse_mkdir_in mk = {.mode = 0700};
	CHECK_INT(mkdir(in_tree(w, "d"), 0755), 0);
	CHECK_INT(mkdir(in_tree(w, "d/e"), 0755), 0);
	uint64_t e = k_lookup(w, k_lookup(w, ROOT, "d"), "e");
	world_arm(w);
	K_DO(w, FUSE_MKDIR, e, mk, "f", 2);
	K_DO(w, FUSE_MKDIR, e, mk, "g", 2);
	K_NAME(w, FUSE_RMDIR, e, "f");
}

static void do_link(struct world *w)
{
	put(w, "a", "x");
	struct fuse_link_in in = {.oldnodeid = k_lookup(w, ROOT, "a")};
	world_arm(w);
	K_DO(w, FUSE_LINK, ROOT, in, "b", 2);
	if (w->remembers)
		K_DO(w, FUSE_LINK, ROOT, in, "b", 2);
}

static void do_unlink(struct world *w)
{
	put(w, "a", "x");
	put(w, "b", "x");
	CHECK_INT(mkdir(in_tree(w, "d"), 0755), 0);
	k_lookup(w, ROOT, "a");
	world_arm(w);
	K_NAME(w, FUSE_UNLINK, ROOT, "a");
	if (w->remembers)
		K_NAME(w, FUSE_UNLINK, ROOT, "a");
	K_NAME(w, FUSE_UNLINK, ROOT, "d");
	K_NAME(w, FUSE_RMDIR, ROOT, "d");
	K_NAME(w, FUSE_RMDIR, ROOT, "b");
}

static void do_rename(struct world *w)
{
	struct fuse_rename_in in = {.newdir = ROOT};
	put(w, "a", "aa");
	put(w, "b", "bb");
	CHECK_INT(mkdir(in_tree(w, "d"), 0755), 0);
	k_lookup(w, ROOT, "a");
	struct fuse_rename_in below = {.newdir = k_lookup(w, ROOT, "d")};
	world_arm(w);
	K_DO(w, FUSE_RENAME, ROOT, in, "a\0c", 4);
	K_DO(w, FUSE_RENAME, ROOT, in, "a\0e", 4);
	K_DO(w, FUSE_RENAME, ROOT, in, "c\0b", 4);
	K_DO(w, FUSE_RENAME, ROOT, below, "b\0b", 4);
	K_DO(w, FUSE_RENAME, ROOT, below, "d\0d", 4);
}

static void do_rename2(struct world *w)
{
	struct fuse_rename2_in no = {.newdir = ROOT, .flags = P9_RENAME_NOREPLACE};
	struct fuse_rename2_in swap = {.newdir = ROOT, .flags = P9_RENAME_EXCHANGE};
	put(w, "a", "aa");
	put(w, "b", "bb");
	k_lookup(w, ROOT, "a");
	world_arm(w);
	K_DO(w, FUSE_RENAME2, ROOT, no, "a\0b", 4);
	K_DO(w, FUSE_RENAME2, ROOT, no, "a\0c", 4);
	K_DO(w, FUSE_RENAME2, ROOT, swap, "c\0b", 4);
}

static void do_create(struct world *w)
{
	uint64_t n, fh;
	world_arm(w);
	fh = k_create(w, ROOT, "a", O_RDWR | O_EXCL, 0644, &n);
	CHECK(fh);
	k_write(w, n, fh, O_RDWR, 0, "one", 3);
	k_write(w, n, fh, O_RDWR, 3, "two", 3);
	k_read_at(w, n, fh, 0, 100);
	k_close(w, n, fh);
	if (w->remembers)
		CHECK(!k_create(w, ROOT, "a", O_RDWR | O_EXCL, 0644, &n));
	fh = k_create(w, ROOT, "a", O_WRONLY, 0644, &n);
	CHECK(fh);
	k_write(w, n, fh, O_WRONLY, 6, "three", 5);
	k_close(w, n, fh);
}

static void do_open(struct world *w)
{
	put(w, "a", "content");
	put(w, "b", "content");
	uint64_t n = k_lookup(w, ROOT, "a"), m = k_lookup(w, ROOT, "b");
	world_arm(w);
	uint64_t fh = k_open(w, n, O_RDONLY);
	CHECK(fh);
	k_read_at(w, n, fh, 0, 100);
	k_read_at(w, n, fh, 3, 100);
	k_close(w, n, fh);
	fh = k_open(w, m, O_RDWR | O_TRUNC);
	CHECK(fh);
	k_write(w, m, fh, O_RDWR, 0, "new", 3);
	k_close(w, m, fh);
}

/* What is open stays so, whatever goes on meanwhile; what has no name any more is lost. */
static void do_open_over(struct world *w)
{
	put(w, "a", "content");
	uint64_t n = k_lookup(w, ROOT, "a");
	uint64_t fh = k_open(w, n, O_RDWR), ro = k_open(w, n, O_RDONLY);
	struct fuse_rename_in in = {.newdir = ROOT};
	world_arm(w);
	k_write(w, n, fh, O_RDWR, 2, "XX", 2);
	K_DO(w, FUSE_RENAME, ROOT, in, "a\0b", 4);
	k_read_at(w, n, ro, 0, 100);
	k_write(w, n, fh, O_RDWR, 7, "YY", 2);
	k_close(w, n, fh);
	k_read_at(w, n, ro, 0, 100);
	k_close(w, n, ro);
}

static void do_append(struct world *w)
{
	put(w, "log", "");
	uint64_t n = k_lookup(w, ROOT, "log");
	uint64_t fh = k_open(w, n, O_WRONLY | O_APPEND);
	world_arm(w);
	k_write(w, n, fh, O_WRONLY | O_APPEND, 0, "first\n", 6);
	k_write(w, n, fh, O_WRONLY | O_APPEND, 6, "second\n", 7);
	k_write(w, n, fh, O_WRONLY | O_APPEND, 13, "third\n", 6);
	k_close(w, n, fh);
}

static void do_write_much(struct world *w)
{
	enum { PIECE = 300000 };
	static uint8_t data[PIECE];
	put(w, "big", "");
	uint64_t n = k_lookup(w, ROOT, "big");
	uint64_t fh = k_open(w, n, O_RDWR);
	struct fuse_fsync_in sync = {.fh = fh};
	world_arm(w);
	for (unsigned i = 0; i < 6; i++) {
		memset(data, 'a' + (int)i, sizeof(data));
		k_write(w, n, fh, O_RDWR, (uint64_t)i * (PIECE - 1000), data, PIECE);
	}
	K_DO(w, FUSE_FSYNC, n, sync, NULL, 0);
	k_write(w, n, fh, O_RDWR | O_DIRECT, 4096, data, 8192);
	k_read_at(w, n, fh, 4000, 20000);
	k_close(w, n, fh);
}

static void do_space(struct world *w)
{
	put(w, "a", "0123456789");
	put(w, "b", "");
	uint64_t n = k_lookup(w, ROOT, "a"), m = k_lookup(w, ROOT, "b");
	uint64_t fh = k_open(w, n, O_RDWR), to = k_open(w, m, O_RDWR);
	struct fuse_fallocate_in more = {.fh = fh, .offset = 4096, .length = 4096};
	struct fuse_fallocate_in hole = {.fh = fh, .length = 4096, .mode = 3};
	struct fuse_lseek_in seek = {.fh = fh, .offset = 0, .whence = SEEK_DATA};
	struct fuse_copy_file_range_in copy = {.fh_in = fh,
		.off_in = 4096,
		.nodeid_out = m,
		.fh_out = to,
		.off_out = 1,
		.len = 1000};
	world_arm(w);
	K_DO(w, FUSE_FALLOCATE, n, more, NULL, 0);
	k_write(w, n, fh, O_RDWR, 4096, "data", 4);
	K_DO(w, FUSE_FALLOCATE, n, hole, NULL, 0);
	K_DO(w, FUSE_LSEEK, n, seek, NULL, 0);
	K_DO(w, FUSE_COPY_FILE_RANGE, n, copy, NULL, 0);
	k_close(w, n, fh);
	k_close(w, m, to);
}

static void do_list(struct world *w)
{
	CHECK_INT(mkdir(in_tree(w, "d"), 0755), 0);
	for (int i = 0; i < 20; i++) {
		char name[16];
		(void)snprintf(name, sizeof(name), "d/file%d", i);
		put(w, name, "x");
	}
	uint64_t d = k_lookup(w, ROOT, "d");
	struct fuse_open_in in = {};
	world_arm(w);
	struct w_reply *r = K_DO(w, FUSE_OPENDIR, d, in, NULL, 0);
	struct fuse_read_in rd = {
		.fh = ((struct fuse_open_out *)(void *)r->body)->fh, .size = 65536};
	struct fuse_release_in re = {.fh = rd.fh};
	r = K_DO(w, FUSE_READDIRPLUS, d, rd, NULL, 0);
	/* On from the last of them: the end. */
	for (size_t at = 0; at < r->n;) {
		const struct fuse_direntplus *e = (const void *)(r->body + at);
		rd.offset = e->dirent.off;
		at += FUSE_DIRENTPLUS_SIZE(e);
	}
	K_DO(w, FUSE_READDIRPLUS, d, rd, NULL, 0);
	K_DO(w, FUSE_RELEASEDIR, d, re, NULL, 0);
}

static void do_xattr(struct world *w)
{
	put(w, "a", "x");
	uint64_t n = k_lookup(w, ROOT, "a");
	struct fuse_setxattr_in set = {.size = 3, .flags = XATTR_CREATE};
	struct fuse_getxattr_in get = {.size = 100}, size = {};
	world_arm(w);
	k_end(w, k_begin(w, FUSE_SETXATTR, n, &set, FUSE_COMPAT_SETXATTR_IN_SIZE, "user.x\0abc",
			 10));
	K_DO(w, FUSE_GETXATTR, n, get, "user.x", 7);
	K_DO(w, FUSE_GETXATTR, n, size, "user.x", 7);
	K_DO(w, FUSE_LISTXATTR, n, get, NULL, 0);
	K_NAME(w, FUSE_REMOVEXATTR, n, "user.x");
	if (w->remembers)
		K_NAME(w, FUSE_REMOVEXATTR, n, "user.x");
}

/* Somebody else on the exporting host asks for the lock. */
static void log_locked(struct world *w, bool flocked)
{
	struct flock l = {.l_type = F_WRLCK, .l_start = 10, .l_len = 10};
	int fd = open(in_tree(w, "a"), O_RDWR | O_CLOEXEC);
	CHECK(fd >= 0);
	if (flocked)
		w_log(w, "flock: %d\n", flock(fd, LOCK_EX | LOCK_NB) < 0 ? errno : 0);
	else
		w_log(w, "fcntl: %d\n", fcntl(fd, F_OFD_SETLK, &l) < 0 ? errno : 0);
	close(fd);
}

static void do_lock(struct world *w)
{
	put(w, "a", "0123456789");
	uint64_t n = k_lookup(w, ROOT, "a");
	uint64_t fh = k_open(w, n, O_RDWR);
	struct fuse_lk_in all = {.fh = fh, .owner = 7, .lk = {.end = INT64_MAX, .type = F_WRLCK}};
	struct fuse_lk_in part = {
		.fh = fh, .owner = 7, .lk = {.start = 12, .end = 40, .type = F_UNLCK}};
	struct fuse_lk_in other = {.fh = fh, .owner = 8, .lk = {.end = 100, .type = F_RDLCK}};
	world_arm(w);
	K_DO(w, FUSE_SETLK, n, all, NULL, 0);
	log_locked(w, false);
	K_DO(w, FUSE_SETLK, n, other, NULL, 0);
	K_DO(w, FUSE_SETLK, n, part, NULL, 0);
	log_locked(w, false);
	K_DO(w, FUSE_GETLK, n, other, NULL, 0);
	k_close(w, n, fh);
	log_locked(w, false);
}

static void do_flock(struct world *w)
{
	put(w, "a", "0123456789");
	uint64_t n = k_lookup(w, ROOT, "a");
	uint64_t fh = k_open(w, n, O_RDWR);
	struct fuse_lk_in lk = {.fh = fh,
		.owner = 9,
		.lk = {.end = INT64_MAX, .type = F_WRLCK},
		.lk_flags = FUSE_LK_FLOCK};
	world_arm(w);
	K_DO(w, FUSE_SETLKW, n, lk, NULL, 0);
	if (!w->plain)
		log_locked(w, true);
	k_write(w, n, fh, O_RDWR, 0, "mine", 4);
	lk.lk.type = F_UNLCK;
	K_DO(w, FUSE_SETLKW, n, lk, NULL, 0);
	log_locked(w, true);
	k_close(w, n, fh);
}

static void do_users(struct world *w)
{
	struct fuse_mkdir_in mk = {.mode = 0700};
	uint64_t n;
	CHECK_INT(mkdir(in_tree(w, "d"), 0777), 0);
	CHECK_INT(chmod(in_tree(w, "d"), 0777), 0);
	uint64_t d = k_lookup(w, ROOT, "d");
	world_arm(w);
	w->uid = 1000;
	K_DO(w, FUSE_MKDIR, d, mk, "u", 2);
	/* A server that has forgotten who made it does not let it be opened for writing. */
	uint64_t fh = k_create(w, d, "f", O_WRONLY, w->remembers ? 0444 : 0644, &n);
	CHECK(fh);
	k_write(w, n, fh, O_WRONLY, 0, "user", 4);
	w->uid = 1001;
	CHECK(!k_open(w, n, O_WRONLY));
	w->uid = 1000;
	k_write(w, n, fh, O_WRONLY, 4, " again", 6);
	w->uid = 0;
	k_close(w, n, fh);
}

static void do_statfs(struct world *w)
{
	world_arm(w);
	struct w_reply *r = K_NAME(w, FUSE_STATFS, ROOT, "");
	w_log(w, "names %u\n", ((struct fuse_statfs_out *)(void *)r->body)->st.namelen);
}

/* Many at once: more than there are slots for requests that may not be repeated. */
static void do_many(struct world *w)
{
	enum { N = 80 };
	struct fuse_mkdir_in mk = {.mode = 0755};
	uint64_t u[N];
	world_arm(w);
	for (int i = 0; i < N; i++) {
		char name[16];
		(void)snprintf(name, sizeof(name), "d%d", i);
		u[i] = K_BEGIN(w, FUSE_MKDIR, ROOT, mk, name, strlen(name) + 1);
		w->replies[u[i]].quiet = true;
	}
	int made = 0;
	for (int i = 0; i < N; i++)
		made += k_end(w, u[i])->error == 0;
	w_log(w, "%d made\n", made);
}

/* ---- with and without losses ---- */

enum { SOMETIMES_EIO = 1, NOT_PLAIN = 2, SPARSE = 4 };

static const struct deed {
	const char *name;
	void (*fn)(struct world *w);
	int flags;
} deeds[] = {
	{"lookup", do_lookup, 0},
	{"getattr", do_getattr, 0},
	{"setattr", do_setattr, 0},
	{"make", do_make, 0},
	{"make below", do_make_below, 0},
	{"link", do_link, 0},
	{"unlink", do_unlink, 0},
	{"rename", do_rename, 0},
	{"rename2", do_rename2, NOT_PLAIN},
	{"create", do_create, 0},
	{"open", do_open, 0},
	{"open over", do_open_over, 0},
	{"append", do_append, SOMETIMES_EIO},
	{"write much", do_write_much, 0},
	{"space", do_space, NOT_PLAIN},
	{"list", do_list, 0},
	{"xattr", do_xattr, 0},
	{"lock", do_lock, 0},
	{"flock", do_flock, 0},
	{"users", do_users, 0},
	{"statfs", do_statfs, 0},
	{"many", do_many, SPARSE},
};

struct cut {
	unsigned at, again;
	bool remembers, plain;
};

/* What was told and what is there; *ret_events: how many messages passed. */
static char *run(const struct deed *d, const struct cut *c, unsigned *ret_events, bool *ret_cut)
{
	struct world *w = world_new(c->plain);
	w->remembers = c->remembers;
	w->cut_at = c->at;
	w->cut_again = c->again;
	d->fn(w);
	world_end(w);
	*ret_events = w->n_events;
	*ret_cut = w->n_cuts > 0;
	char *log = TAKE_PTR(w->log);
	world_free(w);
	return log;
}

static bool verbose(void)
{
	return getenv("METAC_TEST_VERBOSE") != NULL;
}

/* Runs d with the connection lost before each of its messages in turn. */
static void cut_everywhere(const struct deed *d, struct cut c, const char *how)
{
	unsigned events, n = 0, step = d->flags & SPARSE ? 17 : 1;
	bool cut;
	char *right =
		run(d, &(struct cut){.plain = c.plain, .remembers = c.remembers}, &events, &cut);
	unsigned wrong = 0;
	for (c.at = 1, cut = true; cut; c.at += step) {
		char *log = run(d, &c, &events, &cut);
		n += cut;
		if (strcmp(log, right)) {
			if (wrong++ == 0 || verbose())
				printf("# %s, %s, lost before message %u:\n%s\n# instead of\n%s\n",
					d->name, how, c.at, log, right);
		}
		free(log);
	}
	free(right);
	printf("# %s, %s: lost at %u messages, %u wrong\n", d->name, how, n, wrong);
	CHECK(n > 0 || c.plain);
	CHECK_INT(wrong, 0);
}

static void cut_all(const struct cut *c, const char *how, int without)
{
	const char *only = getenv("METAC_TEST_ONLY");
	for (size_t i = 0; i < ARRAY_SIZE(deeds); i++)
		if (!(deeds[i].flags & without) && (!only || !strcmp(only, deeds[i].name)))
			cut_everywhere(&deeds[i], *c, how);
}

TEST(nothing_shows_when_the_server_remembers)
{
	cut_all(&(struct cut){.remembers = true}, "journal kept", 0);
}

TEST(nothing_shows_when_the_server_has_forgotten)
{
	cut_all(&(struct cut){}, "journal lost", SOMETIMES_EIO);
}

TEST(nothing_shows_with_a_foreign_server)
{
	cut_all(&(struct cut){.plain = true}, "9P2000.L", SOMETIMES_EIO | NOT_PLAIN);
}

/* Lost once more while what was lost is being found. */
TEST(a_second_loss_in_the_middle_begins_anew)
{
	static void (*const some[])(struct world *) = {do_open_over, do_rename, do_lock, do_append};
	for (size_t i = 0; i < ARRAY_SIZE(some); i++) {
		const struct deed d = {.fn = some[i]};
		unsigned events, wrong = 0;
		bool cut;
		char *right = run(&d, &(struct cut){.remembers = true}, &events, &cut);
		unsigned most = events;
		for (unsigned at = 2; at <= most; at += 4) {
			for (unsigned more = 1; more <= 13; more += 4) {
				struct cut c = {.at = at, .again = at + more, .remembers = true};
				char *log = run(&d, &c, &events, &cut);
				if (strcmp(log, right) && wrong++ == 0)
					printf("# deed %zu lost at %u and %u:\n%s\n# not\n%s\n", i,
						at, at + more, log, right);
				free(log);
			}
		}
		free(right);
		CHECK_INT(wrong, 0);
	}
}
