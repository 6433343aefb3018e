/* SPDX-License-Identifier: MIT */
/*
 * Copying from servers that lie.  The server is a child that answers each 9P2000.L request as the
 * test's rule says; what is looked at is what the copy left on disk, and that it came to an end.
 */
#include "cli/cp.h"
#include "base/test.h"
#include "cli/remote.h"

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/wait.h>

enum { MSIZE = 65536, FIDS = 1024 };

/* ---- the server ----------------------------------------------------------------------------- */

enum lie {
	HONEST,
	BAD_NAME, /* an entry called "../outside" */
	DOT_DOT, /* walking leads on whatever the name is, listed is ".." */
	INSIDE_ITSELF, /* a directory that holds itself */
	EVER_DEEPER, /* a directory that holds one more, each time another */
	ROUND_AND_ROUND, /* a listing that begins again */
	LONGER, /* a size far beyond the content */
	HUGE_SIZE, /* beyond what off_t can hold */
	LONG_LINK, /* a target with a NUL in it */
	TOO_MUCH, /* more data than was asked for */
	SAME_FILE, /* all files say that they are one with many names */
};

struct server {
	int fd;
	enum lie lie;
	uint64_t path[FIDS]; /* qid.path by fid; bit 63: a directory */
};

#define DIRECTORY (UINT64_C(1) << 63)

static bool is_dir(const struct server *s, uint32_t fid)
{
	return s->path[fid % FIDS] & DIRECTORY;
}

static struct p9_qid qid_of(const struct server *s, uint32_t fid)
{
	uint64_t p = s->path[fid % FIDS];
	return (struct p9_qid){.type = p & DIRECTORY ? P9_QTDIR : P9_QTFILE, .path = p};
}

static void reply_attr(const struct server *s, uint32_t fid, struct p9_attr *a)
{
	bool link = s->lie == LONG_LINK;
	*a = (struct p9_attr){.valid = P9_GETATTR_BASIC,
		.qid = qid_of(s, fid),
		.mode = is_dir(s, fid) ? S_IFDIR | 0755
			: link         ? S_IFLNK | 0777
				       : S_IFREG | 0644,
		.uid = geteuid(),
		.gid = getegid(),
		.nlink = s->lie == SAME_FILE && !is_dir(s, fid) ? 3 : 1,
		.size = s->lie == LONGER      ? 3 << 20
			: s->lie == HUGE_SIZE ? UINT64_MAX
					      : 5,
		.blocks = 1 << 20,
		.mtime_sec = 1000000000};
}

static void walk_to(struct server *s, uint32_t from, uint32_t to, struct p9_str name)
{
	uint64_t p = s->path[from % FIDS];
	uint64_t next = 2;
	if (p9_str_eq(name, "dir") && s->lie != EVER_DEEPER)
		next = DIRECTORY | (s->lie == INSIDE_ITSELF ? 7 : 2);
	else if (p9_str_eq(name, "dir"))
		next = p + 1;
	else if (s->lie != SAME_FILE && name.len)
		next = 100 + (uint64_t)(uint8_t)name.s[0];
	s->path[to % FIDS] = next;
}

/* What is in every directory. */
static int list(struct server *s, const struct p9_msg *t, uint8_t *buf)
{
	static const char *const honest[] = {"a", "b", "c"};
	static const char *const bad[] = {"a", "../outside", "b"};
	static const char *const up[] = {"a", "..", "."};
	static const char *const deeper[] = {"a", "dir", "b"};
	const char *const *names = s->lie == BAD_NAME                                 ? bad
				   : s->lie == DOT_DOT                                ? up
				   : s->lie == INSIDE_ITSELF || s->lie == EVER_DEEPER ? deeper
										      : honest;
	int n = 0;
	uint64_t at = t->treaddir.offset;
	if (s->lie == ROUND_AND_ROUND)
		at = 0;
	for (uint64_t i = at; i < 3; i++) {
		bool dir = !strcmp(names[i], "dir") || names[i][0] == '.';
		struct p9_dirent d = {.qid = {.path = i + 10},
			.type = dir ? DT_DIR : DT_REG,
			.name = p9_str(names[i])};
		d.offset = s->lie == ROUND_AND_ROUND ? 1 : i + 1;
		n += p9_dirent_encode(&d, buf + n, MSIZE - (size_t)n);
	}
	return n;
}

static void answer(struct server *s, const struct p9_msg *t, struct p9_msg *r, uint8_t *data)
{
	r->tag = t->tag;
	r->type = (uint8_t)(t->type + 1);
	switch (t->type) {
	case P9_Tversion:
		r->rversion.msize = MSIZE;
		r->rversion.version = p9_str(P9_VERSION);
		break;
	case P9_Tattach:
		s->path[t->tattach.fid % FIDS] = DIRECTORY | 1;
		r->rattach.qid = qid_of(s, t->tattach.fid);
		break;
	case P9_Twalk:
		if (t->twalk.nwname)
			walk_to(s, t->twalk.fid, t->twalk.newfid, t->twalk.wname[0]);
		else
			s->path[t->twalk.newfid % FIDS] = s->path[t->twalk.fid % FIDS];
		r->rwalk.nwqid = t->twalk.nwname;
		r->rwalk.wqid[0] = qid_of(s, t->twalk.newfid);
		break;
	case P9_Tgetattr:
		reply_attr(s, t->tgetattr.fid, &r->rgetattr);
		break;
	case P9_Tlopen:
		r->rlopen.qid = qid_of(s, t->tlopen.fid);
		break;
	case P9_Treaddir:
		r->rreaddir.data = (struct p9_data){data, (uint32_t)list(s, t, data)};
		break;
	case P9_Tread:
		memcpy(data, "hello", 5);
		r->rread.data = (struct p9_data){data, s->lie == TOO_MUCH ? t->tread.count + 1
						       : t->tread.offset  ? 0
									  : 5};
		break;
	case P9_Treadlink:
		r->rreadlink.target = (struct p9_str){"a\0b", 3};
		break;
	case P9_Tclunk:
		break;
	default:
		r->type = P9_Rlerror;
		r->rlerror.ecode = EOPNOTSUPP;
	}
}

static bool read_all(int fd, uint8_t *p, size_t n)
{
	while (n) {
		ssize_t k = read(fd, p, n);
		if (k <= 0)
			return false;
		p += k;
		n -= (size_t)k;
	}
	return true;
}

static void serve(struct server *s)
{
	static uint8_t in[2 * MSIZE], out[4 * MSIZE], data[2 * MSIZE];
	for (;;) {
		struct p9_msg t, r = {};
		if (!read_all(s->fd, in, 4))
			return;
		uint32_t size = in[0] | (uint32_t)in[1] << 8 | (uint32_t)in[2] << 16;
		if (size > sizeof(in) || !read_all(s->fd, in + 4, size - 4) ||
			p9_decode(in, size, &t) < 0)
			return;
		answer(s, &t, &r, data);
		int n = p9_encode(&r, out, sizeof(out));
		if (n < 0 || write(s->fd, out, (size_t)n) != n)
			return;
	}
}

/* ---- copying from it ------------------------------------------------------------------------ */

struct result {
	struct cp_counts n;
	struct err fatal;
	unsigned files, directories; /* found below the destination */
	char top[64]; /* holds dst and nothing else */
};

static struct result *counting;

static int count(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	counting->files += S_ISREG(st->st_mode) || S_ISLNK(st->st_mode);
	counting->directories += S_ISDIR(st->st_mode);
	return 0;
}

static int remove_it(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	return remove(path);
}

static void tick(void *user)
{
}

static void copy(struct cli *cli, int fd, const char *dst, struct result *res)
{
	struct cp cp = {.cli = cli, .fibers = fibers_new()};
	struct remote *remote = NULL;
	if (remote_adopt(cli, fd, "", cp.fibers, &remote) < 0)
		test_fail(__FILE__, __LINE__, "%s", cli->err.msg);
	CHECK(side_remote_open(remote, "", &cp.src) >= 0);
	CHECK(side_local_open(dst, &cp.dst) >= 0);
	CHECK(cp_begin(&cp, true, false) >= 0);
	remotes_run(cp.fibers, &remote, 1, tick, NULL);
	cp_end(&cp);
	res->n = cp.n;
	res->fatal = cp.fatal;
	side_free(cp.src);
	side_free(cp.dst);
	remote_close(remote);
	fibers_free(cp.fibers);
}

static struct result copy_from(enum lie lie)
{
	struct result res = {.top = "/tmp/metac-cp-XXXXXX"};
	struct cli cli = {};
	char dst[96];
	int s[2], status;
	CHECK(mkdtemp(res.top));
	(void)snprintf(dst, sizeof(dst), "%s/dst/", res.top);
	CHECK(!mkdir(dst, 0755));
	CHECK(!socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, s));
	pid_t pid = fork();
	if (!pid) {
		close(s[0]);
		serve(&(struct server){.fd = s[1], .lie = lie});
		_exit(0);
	}
	close(s[1]);
	/* What is said of errors is not the test's output. */
	int saved = dup(STDERR_FILENO), null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	dup2(null, STDERR_FILENO);
	copy(&cli, s[0], dst, &res);
	dup2(saved, STDERR_FILENO);
	close(saved);
	close(null);
	CHECK(waitpid(pid, &status, 0) == pid && status == 0);
	counting = &res;
	CHECK(!nftw(dst, count, 50, FTW_PHYS));
	CHECK(!nftw(dst, remove_it, 50, FTW_PHYS | FTW_DEPTH));
	CHECK(!rmdir(res.top)); /* nothing was written beside it */
	return res;
}

TEST(an_honest_tree_is_copied)
{
	struct result r = copy_from(HONEST);
	CHECK_INT(r.n.errors, 0);
	CHECK_INT(r.n.files, 3);
	CHECK_INT(r.n.bytes, 15);
	CHECK_INT(r.files, 3);
}

TEST(a_name_that_leads_outside_ends_the_listing)
{
	struct result r = copy_from(BAD_NAME);
	CHECK_INT(r.n.errors, 1);
	CHECK_INT(r.files, 1); /* what came before it */
}

TEST(dots_are_no_names)
{
	struct result r = copy_from(DOT_DOT);
	CHECK_INT(r.n.errors, 0);
	CHECK_INT(r.files, 1);
	CHECK_INT(r.directories, 1);
}

TEST(a_directory_inside_itself_is_noticed)
{
	struct result r = copy_from(INSIDE_ITSELF);
	CHECK_INT(r.n.errors, 1);
	CHECK(r.directories <= 3);
}

TEST(directories_do_not_go_on_for_ever)
{
	struct result r = copy_from(EVER_DEEPER);
	CHECK(r.n.errors >= 1);
	CHECK(r.directories <= CP_DEPTH_MAX + 2);
}

TEST(a_listing_that_begins_again_ends)
{
	struct result r = copy_from(ROUND_AND_ROUND);
	CHECK_INT(r.n.errors, 1);
	CHECK(r.files <= 3);
}

TEST(a_file_shorter_than_its_size_is_not_made_up)
{
	struct result r = copy_from(LONGER);
	CHECK_INT(r.files, r.n.files);
	CHECK(r.n.bytes <= 3 * 5 * 2);
}

TEST(a_size_beyond_all_bounds_is_refused)
{
	struct result r = copy_from(HUGE_SIZE);
	CHECK(r.n.errors || r.fatal.code);
	CHECK_INT(r.files, 0);
}

TEST(a_target_with_a_nul_is_refused)
{
	struct result r = copy_from(LONG_LINK);
	CHECK_INT(r.n.errors, 3);
	CHECK_INT(r.files, 0);
}

TEST(more_data_than_asked_for_ends_the_connection)
{
	struct result r = copy_from(TOO_MUCH);
	CHECK(r.n.errors || r.fatal.code);
	CHECK_INT(r.files, 0);
}

TEST(files_that_claim_to_be_one_become_links)
{
	struct result r = copy_from(SAME_FILE);
	CHECK_INT(r.n.errors, 0);
	CHECK_INT(r.n.files, 1);
	CHECK_INT(r.n.links, 2);
}
