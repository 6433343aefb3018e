/* SPDX-License-Identifier: MIT */
/*
 * The real worker, confined as in use, in a process of its own: what it may do, what it refuses,
 * and every request with every field at its worst.
 */
#include "svc/fs/server/9p-control.h"
#include "svc/fs/server/test-9p.h"

#include <linux/capability.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

struct worker {
	struct peer p;
	pid_t pid;
	int control; /* the service's end */
};

static void worker_start(struct worker *w, const char *const *options)
{
	char *argv[8] = {(char *)"9p server", (char *)"--role=9p-server"};
	int argc = 2, s[2], control[2];
	while (*options)
		argv[argc++] = (char *)*options++;
	CHECK(!socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, s));
	CHECK(!socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, control));
	w->p = (struct peer){.fd = s[0], .buf = malloc(P9_MAX_MSIZE)};
	w->control = control[0];
	w->pid = fork();
	CHECK(w->pid >= 0);
	if (!w->pid) {
		int sock = fcntl(s[1], F_DUPFD, 20), tree_fd = fcntl(tree_dir, F_DUPFD, 20);
		int ctl = fcntl(control[1], F_DUPFD, 20);
		int journal = memfd_create("journal", 0);
		journal = fcntl(journal, F_DUPFD, 20);
		dup2(sock, 3);
		dup2(tree_fd, 4);
		dup2(ctl, 5);
		dup2(journal, 6);
		_exit(role_9p_server(argc, argv));
	}
	close(s[1]);
	close(control[1]);
}

#define START(w, ...) worker_start(w, (const char *const[]){__VA_ARGS__ __VA_OPT__(, ) NULL})

/* It must have ended by itself, and not because of something it did. */
static void worker_stop(struct worker *w)
{
	int status;
	close(w->p.fd);
	CHECK_INT(waitpid(w->pid, &status, 0), w->pid);
	close(w->control);
	if (status)
		test_fail(__FILE__, __LINE__, "the worker ended with status %#x", (unsigned)status);
	free(w->p.buf);
}

static void session(struct worker *w)
{
	peer_version(&w->p, P9_MAX_MSIZE);
	CHECK_INT(t_attach(&w->p, 0, "root", 0), 0);
}

static void status_line(pid_t pid, const char *key, char ret[64])
{
	char path[64], line[256];
	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	FILE *f = fopen(path, "re");
	CHECK(f);
	*ret = 0;
	while (fgets(line, sizeof(line), f)) {
		if (!strncmp(line, key, strlen(key)))
			sscanf(line + strlen(key), ": %63[^\n]", ret);
	}
	fclose(f);
}

static void check_confined(pid_t pid, uint64_t caps)
{
	char text[64];
	unsigned n = 0;
	status_line(pid, "CapEff", text);
	CHECK_INT(strtoull(text, NULL, 16), caps);
	status_line(pid, "CapPrm", text);
	CHECK_INT(strtoull(text, NULL, 16), caps);
	status_line(pid, "NoNewPrivs", text);
	CHECK_STR(text, "1");
	status_line(pid, "Seccomp", text);
	CHECK_STR(text, "2");
	char path[64];
	snprintf(path, sizeof(path), "/proc/%d/fd", pid);
	DIR *d = opendir(path);
	CHECK(d);
	for (struct dirent *e; (e = readdir(d));) {
		char to[32] = "";
		bool watches = readlinkat(dirfd(d), e->d_name, to, sizeof(to) - 1) > 0 &&
			       (!strcmp(to, "anon_inode:[fanotify]") ||
				       !strcmp(to, "anon_inode:[eventfd]"));
		n += e->d_name[0] != '.' && atoi(e->d_name) > 2 && !watches;
	}
	closedir(d);
	CHECK_INT(n, 3); /* connection, tree, and the root's own; besides, where it watches, two
			    without a name */
}

#define CAP(x) (1ull << CAP_##x)

TEST(the_worker_of_root_keeps_what_a_file_server_needs)
{
	struct worker w;
	need_root();
	tree_make();
	START(&w);
	session(&w);
	check_confined(w.pid, CAP(CHOWN) | CAP(DAC_OVERRIDE) | CAP(DAC_READ_SEARCH) | CAP(FOWNER) |
				      CAP(FSETID) | CAP(MKNOD) | CAP(SETUID) | CAP(SETGID) |
				      CAP(SETFCAP));
	worker_stop(&w);
	tree_remove();
}

TEST(a_limited_worker_is_that_user_for_everybody)
{
	struct worker w;
	struct stat st;
	need_root();
	tree_make();
	put_file("secret", "x");
	CHECK(!fchmodat(tree_dir, "secret", 0600, 0));
	START(&w, "--uid=1234", "--gid=4321");
	session(&w);
	check_confined(w.pid, 0);
	CHECK_INT(t_open_path(&w.p, 1, "secret", P9_O_RDONLY), -EACCES);
	CHECK_INT(t_create(&w.p, 2, "mine", P9_O_RDWR, 0640), 0);
	CHECK(!fstatat(tree_dir, "mine", &st, 0) && st.st_uid == 1234 && st.st_gid == 4321);
	CHECK_INT(
		CALL(&w.p, P9_Tsetattr, .tsetattr = {.fid = 2, .valid = P9_SETATTR_UID, .uid = 0}),
		-EPERM);
	CHECK_INT(t_attach(&w.p, 3, "", 77), 0);
	CHECK_INT(CALL(&w.p, P9_Tmkdir, .tmkdir = {3, p9_str("d"), 0755, 88}), 0);
	CHECK(!fstatat(tree_dir, "d", &st, 0) && st.st_uid == 1234 && st.st_gid == 4321);
	/* what goes through /proc/self/fd works for him too */
	CHECK_INT(t_walk(&w.p, 0, 4, "mine"), 0);
	CHECK_INT(CALL(&w.p, P9_Tlink, .tlink = {0, 4, p9_str("link")}), 0);
	CHECK_INT(CALL(&w.p, P9_Tsetattr,
			  .tsetattr = {.fid = 4, .valid = P9_SETATTR_MODE, .mode = 0600}),
		0);
	CHECK_INT(CALL(&w.p, P9_Trename, .trename = {4, 3, p9_str("renamed")}), 0);
	CHECK_INT(t_open(&w.p, 4, P9_O_RDWR), 0);
	CHECK_INT(t_unlink(&w.p, 0, "secret", 0), 0); /* the directory is everybody's */
	worker_stop(&w);
	tree_remove();
}

TEST(a_confined_worker_keeps_its_journal_and_tells_what_goes_on)
{
	struct worker w;
	struct p9_control_stats stats;
	static struct p9_control_file files[P9_CONTROL_FILES_MAX];
	tree_make();
	START(&w, "--control", "--session");
	peer_say_version(&w.p, P9_MAX_MSIZE, P9_VERSION_METAC);
	CHECK_INT(t_attach(&w.p, 0, "root", 0), 0);
	struct p9_msg m = {.type = P9_Tmakeat, .tag = 1, .once = {3, 1}};
	m.tmakeat.newfid = P9_NOFID;
	m.tmakeat.name = p9_str("d");
	m.tmakeat.mode = S_IFDIR | 0755;
	m.tmakeat.gid = (uint32_t)-1;
	CHECK_INT(call(&w.p, m), 0);
	CHECK_INT(call(&w.p, m), 0);
	CHECK_INT(t_openat(&w.p, 0, 1, "d", P9_O_RDONLY, 0), 0);
	CHECK_INT(p9_control_ask(w.control), 0);
	ssize_t n = recv(w.control, w.p.buf, P9_CONTROL_PACKET_MAX, 0);
	CHECK(n > 0);
	CHECK_INT(p9_control_decode(w.p.buf, (size_t)n, &stats, files), 0);
	CHECK_INT(stats.n_open, 1);
	CHECK(p9_str_eq(files[0].path, "d"));
	worker_stop(&w);
	tree_remove();
}

static int look(struct worker *w, uint32_t dir, const char *name)
{
	int r = CALL(&w->p, P9_Tlookup,
		.tlookup = {dir, P9_NOFID, p9_str(name), P9_GETATTR_BASIC, P9_WANT_WATCH});
	return r ? r : (int)w->p.r.rlookup.flags;
}

static void expect_entry(struct worker *w, const char *name)
{
	struct p9_event e = {};
	CHECK_INT(CALL(&w->p, P9_Tevents, .tevents = {4096}), 0);
	CHECK(p9_event_decode(w->p.r.revents.data.p, w->p.r.revents.data.len, &e) > 0);
	CHECK_INT(e.type, P9_EVENT_ENTRY);
	CHECK(p9_str_eq(e.name, name));
}

static void watched_by(struct worker *w, bool limited)
{
	peer_say_version(&w->p, P9_MAX_MSIZE, P9_VERSION_METAC);
	CHECK_INT(t_attach(&w->p, 0, "root", 0), 0);
	CHECK_INT(CALL(&w->p, P9_Tsession, .tversion = {}), 0);
	if (!(w->p.r.rsession.flags & P9_SESSION_WATCHES)) {
		worker_stop(w);
		tree_remove();
		test_skip("no fanotify for us here");
	}
	CHECK_INT(look(w, 0, "file"), P9_GOT_WATCH);
	put_file("made", "x");
	expect_entry(w, "made");
	CHECK_INT(t_walk(&w->p, 0, 1, "closed"), 0);
	CHECK_INT(look(w, 1, "known"), limited ? 0 : P9_GOT_WATCH);
	CHECK_INT(look(w, 0, "closed"), P9_GOT_WATCH);
	CHECK_INT(!!(w->p.r.rlookup.attr.valid & P9_GETATTR_ASK), limited);
}

/* Watching takes system calls of its own, and no more rights than looking. */
TEST(a_confined_worker_watches_what_it_may_read)
{
	struct worker w;
	need_root();
	for (int limited = 0; limited < 2; limited++) {
		tree_make();
		put_file("file", "x");
		CHECK(!mkdirat(tree_dir, "closed", 0711));
		put_file("closed/known", "x");
		if (limited)
			START(&w, "--uid=1234", "--gid=4321");
		else
			START(&w);
		watched_by(&w, limited);
		worker_stop(&w);
		tree_remove();
	}
}

TEST(a_read_only_worker_changes_nothing)
{
	struct worker w;
	char buf[8];
	tree_make();
	put_file("f", "text");
	START(&w, "--read-only");
	session(&w);
	CHECK_INT(t_open_path(&w.p, 1, "f", P9_O_RDONLY), 0);
	CHECK_INT(t_read(&w.p, 1, 0, buf, 8), 4);
	CHECK_INT(t_open_path(&w.p, 2, "f", P9_O_RDWR), -EROFS);
	CHECK_INT(t_open_path(&w.p, 2, "f", P9_O_TRUNC), -EROFS);
	CHECK_INT(t_create(&w.p, 3, "g", P9_O_RDWR, 0600), -EROFS);
	CHECK_INT(t_unlink(&w.p, 0, "f", 0), -EROFS);
	CHECK_INT(CALL(&w.p, P9_Tlock, .tlock = {1, P9_LOCK_RDLCK, 0, 0, 0, 1, p9_str("c")}), 0);
	CHECK_INT(w.p.r.rlock.status, P9_LOCK_SUCCESS);
	CHECK_INT(
		CALL(&w.p, P9_Tlock, .tlock = {1, P9_LOCK_WRLCK, 0, 0, 0, 1, p9_str("c")}), -EBADF);
	worker_stop(&w);
	tree_remove();
}

TEST(one_file_is_served_confined)
{
	struct worker w;
	char buf[8];
	tree_make();
	put_file("f", "text");
	int dir = tree_dir;
	tree_dir = openat(dir, "f", O_PATH | O_CLOEXEC);
	START(&w);
	session(&w);
	CHECK_INT(t_open_path(&w.p, 1, "", P9_O_RDWR), 0);
	CHECK_INT(t_read(&w.p, 1, 0, buf, 8), 4);
	CHECK_INT(t_write(&w.p, 1, 0, "T", 1), 1);
	CHECK_INT(t_walk(&w.p, 0, 2, ""), 0);
	CHECK_INT(CALL(&w.p, P9_Tsetattr,
			  .tsetattr = {.fid = 2, .valid = P9_SETATTR_SIZE, .size = 2}),
		0);
	CHECK_INT(CALL(&w.p, P9_Tremove, .tremove = {2}), -ENOENT);
	worker_stop(&w);
	close(tree_dir);
	tree_dir = dir;
	tree_remove();
}

TEST(wrong_options_are_refused)
{
	static const char *const wrong[][3] = {{"--uid=1"}, {"--gid=1"}, {"--uid=x", "--gid=1"},
		{"--uid=-1", "--gid=1"}, {"--msize=1"}, {"--msize=99999999"}, {"--what"}, {"more"},
		{"--uid=4294967295", "--gid=1"}};
	tree_make();
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC), err = dup(2);
	dup2(null, 2);
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		struct worker w;
		int status;
		worker_start(&w, (const char *const[]){wrong[i][0], wrong[i][1], NULL});
		CHECK_INT(waitpid(w.pid, &status, 0), w.pid);
		CHECK_INT(WEXITSTATUS(status), 2);
		close(w.p.fd);
		close(w.control);
		free(w.p.buf);
	}
	dup2(err, 2);
	close(err);
	close(null);
	tree_remove();
}

/* --- every request at its worst --- */

/* As in test-9p-codec.c; 4 stands for fids too. */
static const struct {
	uint8_t type;
	const char *fields;
} spec[] = {{P9_Tstatfs, "4"}, {P9_Tlopen, "44"}, {P9_Tlcreate, "4s444"}, {P9_Tsymlink, "4ss4"},
	{P9_Tmknod, "4s4444"}, {P9_Trename, "44s"}, {P9_Treadlink, "4"}, {P9_Tgetattr, "48"},
	{P9_Tsetattr, "4444488888"}, {P9_Txattrwalk, "44s"}, {P9_Txattrcreate, "4s84"},
	{P9_Treaddir, "484"}, {P9_Tfsync, "44"}, {P9_Tlock, "414884s"}, {P9_Tgetlock, "41884s"},
	{P9_Tlink, "44s"}, {P9_Tmkdir, "4s44"}, {P9_Trenameat, "4s4s"}, {P9_Tunlinkat, "4s4"},
	{P9_Tversion, "4s"}, {P9_Tauth, "4ss4"}, {P9_Tattach, "44ss4"}, {P9_Tflush, "2"},
	{P9_Twalk, "44n"}, {P9_Tread, "484"}, {P9_Twrite, "48d"}, {P9_Tclunk, "4"},
	{P9_Tremove, "4"},
	/* 9P2000.L.metac, but for Tevents, which is not answered */
	{P9_Tlookup, "44s84"}, {P9_Topenat, "44s4844"}, {P9_Tcreateat, "44s4448"},
	{P9_Tmakeat, "44s4444s8"}, {P9_Tlinkat, "44s8"}, {P9_Treaddirplus, "48484"},
	{P9_Trenameat2, "4s4s4"}, {P9_Tfallocate, "4488"}, {P9_Tseek, "448"},
	{P9_Tcopyrange, "48488"}, {P9_Ttmpfile, "444448"}, {P9_Tgetxattr, "4s4"},
	{P9_Tlistxattr, "44"}, {P9_Tsetxattr, "4s4d"}, {P9_Tremovexattr, "4s"},
	{P9_Tsetattrx, "4444488888"}, {P9_Tattachx, "4s44d"}, {P9_Tsession, ""},
	{P9_Tunlinkatx, "4s4"}};

enum { BIG = 70000, TRIES = 80 };

static const uint64_t numbers[] = {0, 1, 2, 3, 4, 5, 6, 077, 0777, 0100644, 0020666, 0x7fffffff,
	0x80000000, 0xffffffff, 0xfffffffe, 0x7fffffffffffffff, 0x8000000000000000, UINT64_MAX,
	UINT64_MAX - 1, 0x200, 01101, 4096, 1 << 20};
static char longest[65536];
static const struct {
	const char *s;
	uint16_t len;
} strings[] = {{"", 0}, {".", 1}, {"..", 2}, {"/", 1}, {"a/b", 3}, {"a\0b", 3}, {"f", 1}, {"d", 1},
	{"l", 1}, {"new", 3}, {longest, 255}, {longest, 256}, {longest, 4096}, {longest, 65535},
	{"user.x", 6}, {"security.capability", 19}, {"system.posix_acl_access", 23},
	{"9P2000.L", 8}, {"\xff", 1}};

static uint32_t seed = 1;

static uint32_t choose(uint32_t n)
{
	seed = seed * 1664525 + 1013904223;
	return (seed >> 10) % n;
}

static size_t put_int(uint8_t *p, size_t n, uint64_t v)
{
	for (size_t i = 0; i < n; i++)
		p[i] = (uint8_t)(v >> (8 * i));
	return n;
}

static size_t put_string(uint8_t *p)
{
	size_t i = choose(ARRAY_SIZE(strings));
	put_int(p, 2, strings[i].len);
	memcpy(p + 2, strings[i].s, strings[i].len);
	return 2u + strings[i].len;
}

static size_t put_field(uint8_t *p, char kind)
{
	size_t at, n;
	switch (kind) {
	case 's':
		return put_string(p);
	case 'n':
		n = choose(P9_MAX_WALK + 1);
		at = put_int(p, 2, n);
		for (; n; n--) {
			size_t i = choose(11);
			at += put_int(p + at, 2, strings[i].len);
			memcpy(p + at, strings[i].s, strings[i].len);
			at += strings[i].len;
		}
		return at;
	case 'd':
		n = choose(3) * 1000;
		memset(p + 4, 'x', n);
		return put_int(p, 4, n) + n;
	default:
		return put_int(p, (size_t)(kind - '0'), numbers[choose(ARRAY_SIZE(numbers))]);
	}
}

static size_t worst_frame(size_t row, uint8_t *p)
{
	size_t n = P9_HEADER;
	p[4] = spec[row].type;
	put_int(p + 5, 2, choose(4) ? 9 : P9_NOTAG);
	if (!choose(4)) { /* inside Tonce; sometimes one that is not allowed there */
		p[4] = P9_Tonce;
		n += put_int(p + n, 2, choose(P9_ONCE_SLOTS + 1));
		n += put_int(p + n, 4, choose(30));
		p[n++] = spec[row].type;
	}
	for (const char *f = spec[row].fields; *f; f++)
		n += put_field(p + n, *f);
	return put_int(p, 4, n), n;
}

/* Fids of each kind; whatever earlier requests have made of the tree, most of it works. */
static void lay_out(struct worker *w)
{
	struct peer *p = &w->p;
	int fd = openat(
		tree_dir, "f", O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0666);
	if (fd >= 0 && write(fd, "text", 4) < 0)
		perror("f");
	fd_close(fd);
	(void)mkdirat(tree_dir, "d", 0777);
	(void)!symlinkat("f", tree_dir, "l");
	peer_say_version(p, P9_MAX_MSIZE, P9_VERSION_METAC);
	CHECK_INT(t_attach(p, 0, "root", 0), 0);
	t_open_path(p, 1, "f", P9_O_RDWR | (choose(2) ? P9_O_APPEND : 0));
	t_open_path(p, 2, "d", P9_O_DIRECTORY);
	t_walk(p, 0, 3, "l");
	t_walk(p, 0, 4, "f");
	if (!t_walk(p, 0, 5, "f"))
		CALL(p, P9_Txattrcreate, .txattrcreate = {5, p9_str("user.x"), 10, 0});
	CALL(p, P9_Txattrwalk, .txattrwalk = {4, 6, p9_str("")});
}

/* One answer, and with the same tag. */
static void ask(struct worker *w, const uint8_t *frame, size_t n)
{
	send_bytes(&w->p, frame, n);
	if (!recv_msg(&w->p))
		test_fail(__FILE__, __LINE__, "closed after a %s", p9_type_name(frame[4]));
	CHECK_INT(w->p.r.tag, p9_frame_tag(frame));
	uint8_t type = frame[4] == P9_Tonce ? frame[P9_HEADER + 6] : frame[4];
	CHECK(w->p.r.type == P9_Rlerror || w->p.r.type == type + 1);
}

TEST(every_request_with_every_field_wrong_is_answered)
{
	struct worker w;
	uint8_t *frame = malloc(16 * BIG);
	memset(longest, 'n', sizeof(longest));
	tree_make();
	START(&w, "--control", "--session");
	for (size_t row = 0; row < ARRAY_SIZE(spec); row++) {
		for (int i = 0; i < TRIES; i++) {
			lay_out(&w);
			ask(&w, frame, worst_frame(row, frame));
		}
	}
	lay_out(&w);
	worker_stop(&w);
	free(frame);
	tree_remove();
}

TEST(every_request_cut_short_is_answered)
{
	struct worker w;
	uint8_t *frame = malloc(16 * BIG);
	tree_make();
	START(&w, "--control", "--session");
	lay_out(&w);
	for (size_t row = 0; row < ARRAY_SIZE(spec); row++) {
		size_t n = worst_frame(row, frame);
		for (size_t cut = P9_HEADER; cut < MIN(n, 100); cut++) {
			put_int(frame, 4, cut);
			ask(&w, frame, cut);
			CHECK_INT(w.p.r.type, P9_Rlerror);
		}
	}
	for (unsigned type = 0; type < 256; type++) {
		uint8_t empty[P9_HEADER] = {P9_HEADER, 0, 0, 0, (uint8_t)type, 3, 0};
		send_bytes(&w.p, empty, sizeof(empty));
		CHECK(recv_msg(&w.p));
		CHECK_INT(w.p.r.type, type == P9_Tsession ? P9_Rsession : P9_Rlerror);
	}
	worker_stop(&w);
	free(frame);
	tree_remove();
}

TEST(noise_never_crashes_the_worker)
{
	uint8_t noise[4096];
	tree_make();
	for (int i = 0; i < 30; i++) {
		struct worker w;
		START(&w, "--control", "--session");
		lay_out(&w);
		for (size_t k = 0; k < sizeof(noise); k++)
			noise[k] = (uint8_t)choose(256);
		size_t end = 0, n;
		for (; end + 64 < sizeof(noise); end += n) {
			n = P9_HEADER + choose(34);
			put_int(noise + end, 4, n);
			noise[end + 4] = spec[choose(ARRAY_SIZE(spec))].type;
			put_int(noise + end + 7, 4, choose(8)); /* a fid that exists, mostly */
		}
		send_bytes(&w.p, noise, i & 1 ? end : sizeof(noise));
		shutdown(w.p.fd, SHUT_WR);
		while (recv(w.p.fd, w.p.buf, P9_MAX_MSIZE, 0) > 0)
			;
		worker_stop(&w);
	}
	tree_remove();
}
