/* SPDX-License-Identifier: MIT */
/*
 * A client that sends well-formed nonsense: every message of 9P2000.L.metac with fields drawn from
 * what is there, what is not, and what should not be.  Each has to be answered, whatever with, and
 * nothing outside the tree may be touched.
 */
#include "svc/fs/server/test-9p.h"

enum { ROUNDS = 4, MESSAGES = 4000, FIDS = 12 };

static uint32_t state;

static uint32_t choose(uint32_t n)
{
	state = state * 1664525 + 1013904223;
	return (uint32_t)(((uint64_t)state * n) >> 32);
}

#define PICK(...)                                              \
	({                                                     \
		static const uint64_t from_[] = {__VA_ARGS__}; \
		from_[choose(ARRAY_SIZE(from_))];              \
	})

static struct p9_str any_name(void)
{
	static char longest[300];
	static const char *const names[] = {"f", "d", "l", "out", "new", "g", "p", "f", "d", "out",
		"", ".", "..", "a/b", "/etc/passwd", "\xff\n"};
	memset(longest, 'x', sizeof(longest));
	if (!choose(20))
		return (struct p9_str){longest, (uint16_t)(254 + choose(3))};
	if (!choose(30))
		return (struct p9_str){"a\0b", 3};
	return p9_str(names[choose(ARRAY_SIZE(names))]);
}

static uint32_t fid(void)
{
	return choose(30) ? choose(FIDS) : (uint32_t)PICK(P9_NOFID, 4711);
}

static uint32_t newfid(void)
{
	return choose(4) ? 1 + choose(FIDS - 1) : (uint32_t)PICK(P9_NOFID, 0);
}

static uint64_t place(void)
{
	return PICK(
		0, 1, 4095, 4096, 65536, 1 << 20, INT64_MAX - 1, INT64_MAX, UINT64_MAX, 1ull << 63);
}

static uint64_t amount(void)
{
	return PICK(0, 1, 7, 4096, 70000, 1 << 20, INT64_MAX, UINT64_MAX);
}

static uint32_t count(void)
{
	return (uint32_t)PICK(
		0, 1, 100, 300, 4096, 65536, P9_MAX_MSIZE - 200, P9_MAX_MSIZE, UINT32_MAX);
}

static uint32_t open_flags(void)
{
	return choose(8) ? (uint32_t)PICK(0, 1, 2, P9_O_APPEND | 1, P9_O_TRUNC | 2, P9_O_EXCL | 2,
				   P9_O_DIRECTORY, P9_O_DSYNC | 1)
			 : choose(UINT32_MAX);
}

static uint32_t mode(void)
{
	return (uint32_t)PICK(0644, S_IFDIR | 0755, S_IFLNK | 0777, S_IFIFO | 0600, S_IFREG | 06777,
		S_IFSOCK | 0700, S_IFMT | 07777, UINT32_MAX, S_IFDIR | 07777);
}

static uint64_t mask(void)
{
	return PICK(0, P9_GETATTR_BASIC, P9_GETATTR_ALL, P9_GETATTR_GEN, UINT64_MAX);
}

static uint32_t gid(void)
{
	return (uint32_t)PICK(UINT32_MAX, 0, 1000, UINT32_MAX - 1);
}

static uint32_t flags(void)
{
	return choose(4) ? choose(4) : choose(UINT32_MAX);
}

static struct p9_data bytes(void)
{
	static uint8_t junk[70000];
	junk[choose(sizeof(junk))] = (uint8_t)choose(256);
	return (struct p9_data){junk, (uint32_t)PICK(0, 1, 3, 8, 100, 4096, 65536, 65537, 70000)};
}

static const uint8_t types[] = {P9_Twalk, P9_Tlopen, P9_Tlcreate, P9_Tread, P9_Twrite, P9_Tclunk,
	P9_Treaddir, P9_Tgetattr, P9_Tlookup, P9_Topenat, P9_Tcreateat, P9_Tmakeat, P9_Tlinkat,
	P9_Treaddirplus, P9_Trenameat2, P9_Tfallocate, P9_Tseek, P9_Tcopyrange, P9_Ttmpfile,
	P9_Tgetxattr, P9_Tlistxattr, P9_Tsetxattr, P9_Tremovexattr, P9_Tsetattrx, P9_Tattachx,
	P9_Tlock, P9_Tgetlock, P9_Tunlinkat, P9_Tremove, P9_Txattrwalk, P9_Txattrcreate,
	P9_Treadlink, P9_Tfsync, P9_Tstatfs, P9_Trename};

static void fill_names(struct p9_msg *m)
{
	switch (m->type) {
	case P9_Tlookup:
		m->tlookup = (typeof(m->tlookup)){fid(), newfid(), any_name(), mask(), flags()};
		break;
	case P9_Topenat:
		m->topenat = (typeof(m->topenat)){
			fid(), newfid(), any_name(), open_flags(), mask(), flags(), count()};
		break;
	case P9_Tcreateat:
		m->tcreateat = (typeof(m->tcreateat)){
			fid(), newfid(), any_name(), open_flags(), mode(), gid(), mask()};
		break;
	case P9_Tmakeat:
		m->tmakeat = (typeof(m->tmakeat)){fid(), newfid(), any_name(), mode(), choose(3),
			choose(300), gid(), any_name(), mask()};
		break;
	case P9_Tlinkat:
		m->tlinkat = (typeof(m->tlinkat)){fid(), fid(), any_name(), mask()};
		break;
	case P9_Trenameat2:
		m->trenameat2 =
			(typeof(m->trenameat2)){fid(), any_name(), fid(), any_name(), flags()};
		break;
	case P9_Trename:
		m->trename = (typeof(m->trename)){fid(), fid(), any_name()};
		break;
	case P9_Tunlinkat:
		m->tunlinkat = (typeof(m->tunlinkat)){
			fid(), any_name(), choose(2) ? (uint32_t)P9_AT_REMOVEDIR : flags()};
		break;
	case P9_Tlcreate:
		m->tlcreate = (typeof(m->tlcreate)){fid(), any_name(), open_flags(), mode(), gid()};
		break;
	case P9_Twalk:
		m->twalk.fid = fid();
		m->twalk.newfid = newfid();
		m->twalk.nwname = (uint16_t)choose(4);
		for (int i = 0; i < m->twalk.nwname; i++)
			m->twalk.wname[i] = any_name();
		break;
	}
}

static void fill_data(struct p9_msg *m)
{
	switch (m->type) {
	case P9_Tread:
	case P9_Treaddir:
		m->tread = (typeof(m->tread)){fid(), place(), count()};
		break;
	case P9_Treaddirplus:
		m->treaddirplus = (typeof(m->treaddirplus)){
			fid(), choose(3) ? 0 : place(), count(), mask(), flags()};
		break;
	case P9_Twrite:
		m->twrite = (typeof(m->twrite)){fid(), place(), bytes()};
		break;
	case P9_Tfallocate:
		m->tfallocate = (typeof(m->tfallocate)){
			fid(), choose(128), PICK(0, 4096, UINT64_MAX), amount()};
		/* A disk filled in earnest takes its time. */
		if (m->tfallocate.length > 1 << 20)
			m->tfallocate.length |= 1ull << 63;
		break;
	case P9_Tseek:
		m->tseek = (typeof(m->tseek)){fid(), choose(6), place()};
		break;
	case P9_Tcopyrange:
		m->tcopyrange = (typeof(m->tcopyrange)){fid(), place(), fid(), place(),
			PICK(0, 1, 4096, 70000, 1 << 20, UINT64_MAX)};
		break;
	case P9_Ttmpfile:
		m->ttmpfile =
			(typeof(m->ttmpfile)){fid(), newfid(), open_flags(), mode(), gid(), mask()};
		break;
	case P9_Tgetxattr:
		m->tgetxattr = (typeof(m->tgetxattr)){
			fid(), choose(2) ? p9_str("user.a") : any_name(), count()};
		break;
	case P9_Tlistxattr:
		m->tlistxattr = (typeof(m->tlistxattr)){fid(), count()};
		break;
	case P9_Tsetxattr:
		m->tsetxattr = (typeof(m->tsetxattr)){
			fid(), choose(2) ? p9_str("user.a") : any_name(), flags(), bytes()};
		break;
	case P9_Tremovexattr:
		m->tremovexattr =
			(typeof(m->tremovexattr)){fid(), choose(2) ? p9_str("user.a") : any_name()};
		break;
	}
}

static void fill_rest(struct p9_msg *m)
{
	switch (m->type) {
	case P9_Tsetattrx:
		m->tsetattrx = (typeof(m->tsetattrx)){fid(), choose(512), mode(), gid(), gid(),
			place(), place(), choose(1100000000), place(), choose(1100000000)};
		break;
	case P9_Tattachx:
		m->tattachx = (typeof(m->tattachx)){
			newfid(), p9_str(choose(5) ? "" : "x"), gid(), gid(), bytes()};
		break;
	case P9_Tlock: /* without waiting: nobody would let go */
		m->tlock = (typeof(m->tlock)){fid(), (uint8_t)choose(4),
			flags() & ~(uint32_t)P9_LOCK_BLOCK, place(), place(), choose(3),
			any_name()};
		break;
	case P9_Tgetlock:
		m->tgetlock = (typeof(m->tgetlock)){
			fid(), (uint8_t)choose(4), place(), place(), choose(3), any_name()};
		break;
	case P9_Txattrwalk:
		m->txattrwalk = (typeof(m->txattrwalk)){
			fid(), newfid(), choose(2) ? p9_str("user.a") : any_name()};
		break;
	case P9_Txattrcreate:
		m->txattrcreate =
			(typeof(m->txattrcreate)){fid(), p9_str("user.a"), amount(), flags()};
		break;
	case P9_Tlopen:
		m->tlopen = (typeof(m->tlopen)){fid(), open_flags()};
		break;
	case P9_Tgetattr:
		m->tgetattr = (typeof(m->tgetattr)){fid(), mask()};
		break;
	case P9_Tfsync:
		m->tfsync = (typeof(m->tfsync)){fid(), choose(2)};
		break;
	case P9_Tclunk:
	case P9_Tremove:
	case P9_Tstatfs:
	case P9_Treadlink:
		m->tclunk.fid = 1 + choose(FIDS - 1); /* 0 stays */
		break;
	}
}

static void lay_out(const char *outside)
{
	char path[128];
	snprintf(path, sizeof(path), "%s/secret", outside);
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	CHECK_INT(write(fd, "secret", 6), 6);
	close(fd);
	put_file("f", "contents");
	mkdirat(tree_dir, "d", 0777);
	put_file("d/f", "more");
	CHECK(!symlinkat("f", tree_dir, "l"));
	CHECK(!symlinkat(outside, tree_dir, "out"));
	CHECK(!symlinkat(outside, tree_dir, "d/out"));
}

static void check_untouched(const char *outside)
{
	char path[128];
	struct stat st;
	unsigned n = 0;
	DIR *d = opendir(outside);
	while (readdir(d))
		n++;
	closedir(d);
	CHECK_INT(n, 3);
	snprintf(path, sizeof(path), "%s/secret", outside);
	CHECK(!lstat(path, &st));
	CHECK_INT(st.st_size, 6);
	CHECK_INT(st.st_nlink, 1);
	CHECK_INT(st.st_mode, S_IFREG | 0600);
	CHECK_INT(st.st_uid, geteuid());
	unlink(path);
	CHECK(!rmdir(outside));
}

static void play(struct p9_options options)
{
	char outside[] = "/tmp/metac-9p-XXXXXX";
	struct peer p;
	tree_make();
	CHECK(mkdtemp(outside));
	lay_out(outside);
	peer_start_metac(&p, options);
	for (int i = 0; i < MESSAGES; i++) {
		struct p9_msg m = {
			.type = types[choose(ARRAY_SIZE(types))], .tag = (uint16_t)choose(100)};
		fill_names(&m);
		fill_data(&m);
		fill_rest(&m);
		send_msg(&p, &m);
		CHECK(recv_msg(&p));
		CHECK_INT(p.r.tag, m.tag);
		CHECK(p.r.type == P9_Rlerror || p.r.type == m.type + 1);
	}
	peer_stop(&p);
	check_untouched(outside);
	tree_remove();
}

TEST(nonsense_is_answered_and_leads_nowhere)
{
	for (uint32_t i = 0; i < ROUNDS; i++) {
		state = 1000 + i;
		play((struct p9_options){});
	}
}

TEST(nonsense_changes_nothing_where_nothing_may_be_changed)
{
	for (uint32_t i = 0; i < ROUNDS; i++) {
		state = 2000 + i;
		play((struct p9_options){.read_only = true});
	}
}
