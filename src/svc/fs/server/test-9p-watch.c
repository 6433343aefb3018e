/* SPDX-License-Identifier: MIT */
/*
 * Watches on a real tree.  What happens is done by child processes, since what this one does itself
 * makes no events.
 */
#include "svc/fs/server/9p-watch.h"
#include "svc/fs/server/test-9p.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

static struct p9_watch *w;
static uint8_t taken[65536];
static size_t n_taken;

static uint64_t number(const void *ctx, dev_t dev, ino_t ino)
{
	(void)ctx, (void)dev;
	return ino;
}

static void begin(size_t max_marks)
{
	tree_make();
	if (p9_watch_new(number, NULL, max_marks, &w) < 0) {
		tree_remove();
		test_skip("no fanotify for us here");
	}
}

static void finish(void)
{
	p9_watch_free(w);
	tree_remove();
}

/* Runs a shell command in the tree, as somebody else. */
static void other(const char *command)
{
	int status;
	pid_t pid = fork();
	if (!pid) {
		CHECK(!fchdir(tree_dir) || !chdir(tree));
		execl("/bin/sh", "sh", "-c", command, (char *)NULL);
		_exit(127);
	}
	CHECK(waitpid(pid, &status, 0) == pid);
	CHECK_INT(status, 0);
}

static int at(const char *name)
{
	int fd = openat(tree_dir, *name ? name : ".", O_PATH | O_NOFOLLOW | O_CLOEXEC);
	CHECK(fd >= 0);
	return fd;
}

static bool watch_name(const char *name)
{
	int fd = at(name);
	bool ok = p9_watch_fd(w, fd, NULL);
	close(fd);
	return ok;
}

static ino_t ino_of(const char *name)
{
	struct stat st;
	CHECK(!fstatat(tree_dir, *name ? name : ".", &st, AT_SYMLINK_NOFOLLOW));
	return st.st_ino;
}

/* Reads what the kernel has by now: events are there when what made them is over. */
static void take_all(void)
{
	n_taken = 0;
	while (p9_watch_wait(w, 0)) {
		size_t n = p9_watch_take(w, taken + n_taken, sizeof(taken) - n_taken);
		if (!n)
			break;
		n_taken += n;
	}
}

/* How many events of that kind were among those taken. */
static int count(uint8_t type, ino_t ino, const char *name)
{
	struct p9_event e;
	int hits = 0, n;
	for (size_t i = 0; (n = p9_event_decode(taken + i, n_taken - i, &e)) > 0; i += (size_t)n)
		hits += e.type == type && e.path == ino && p9_str_eq(e.name, name);
	CHECK(n == 0);
	return hits;
}

static enum p9_covered entry(const char *name)
{
	struct statx sx;
	CHECK(!statx(tree_dir, name, AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS, &sx));
	return p9_watch_entry(w, tree_dir, name, &sx);
}

TEST(names_and_contents_are_told)
{
	begin(0);
	other("echo old > file; mkdir dir; echo a > gone; ln -s x link");
	CHECK(watch_name(""));
	ino_t root = ino_of("");
	other("echo new > fresh");
	take_all();
	CHECK_INT(count(P9_EVENT_ENTRY, root, "fresh"), 1);
	other("echo new >> file; chmod 600 file; rm gone; mv fresh moved; mkdir sub; ln -sf y "
	      "link");
	take_all();
	CHECK_INT(count(P9_EVENT_CHANGED, root, "file"), 1);
	CHECK_INT(count(P9_EVENT_ENTRY, root, "gone"), 1);
	CHECK_INT(count(P9_EVENT_ENTRY, root, "fresh"), 1);
	CHECK_INT(count(P9_EVENT_ENTRY, root, "moved"), 1);
	CHECK_INT(count(P9_EVENT_ENTRY, root, "sub"), 1);
	CHECK_INT(count(P9_EVENT_ENTRY, root, "link"), 1);
	CHECK_INT(count(P9_EVENT_ALL, 0, ""), 0);
	other("chmod 755 .; truncate -s 100 file");
	take_all();
	CHECK_INT(count(P9_EVENT_SELF, root, ""), 1);
	CHECK_INT(count(P9_EVENT_CHANGED, root, "file"), 1);
	finish();
}

TEST(what_this_process_does_is_not_told)
{
	begin(0);
	CHECK(watch_name(""));
	put_file("mine", "text");
	CHECK(!renameat(tree_dir, "mine", tree_dir, "yours"));
	take_all();
	CHECK_INT(n_taken, 0);
	finish();
}

TEST(a_directory_is_watched_once_it_was_asked_for)
{
	begin(0);
	other("mkdir a b; echo 1 > a/f; echo 1 > b/f");
	CHECK(watch_name("a"));
	other("echo 2 > a/f; echo 2 > b/f; rm b/f");
	take_all();
	CHECK_INT(count(P9_EVENT_CHANGED, ino_of("a"), "f"), 1);
	CHECK_INT(count(P9_EVENT_CHANGED, ino_of("b"), "f"), 0);
	CHECK_INT(count(P9_EVENT_ENTRY, ino_of("b"), "f"), 0);
	CHECK_INT(p9_watch_marks(w), 1);
	CHECK(watch_name("a"));
	CHECK_INT(p9_watch_marks(w), 1);
	finish();
}

TEST(a_memo_is_good_until_the_mark_goes)
{
	atomic_uint memo = 0;
	begin(1);
	other("mkdir a b; echo 1 > a/f");
	int fd = at("a");
	CHECK(p9_watch_fd(w, fd, &memo));
	CHECK(memo != 0);
	CHECK(watch_name("b")); /* takes a's place */
	take_all();
	CHECK_INT(count(P9_EVENT_UNWATCHED, ino_of("a"), ""), 1);
	other("echo 2 > a/f; echo 2 > b/f");
	take_all();
	CHECK_INT(count(P9_EVENT_CHANGED, ino_of("a"), "f"), 0);
	CHECK_INT(count(P9_EVENT_ENTRY, ino_of("b"), "f"), 1);
	unsigned before = memo;
	CHECK(p9_watch_fd(w, fd, &memo));
	CHECK(memo != before);
	take_all();
	other("echo 3 > a/f");
	take_all();
	CHECK_INT(count(P9_EVENT_CHANGED, ino_of("a"), "f"), 1);
	close(fd);
	finish();
}

TEST(too_many_marks_left_behind_start_everything_over)
{
	char name[16];
	begin(4);
	for (int i = 0; i < 12; i++) {
		snprintf(name, sizeof(name), "d%d", i);
		CHECK(!mkdirat(tree_dir, name, 0777));
		CHECK(watch_name(name));
		CHECK(p9_watch_marks(w) <= 4);
	}
	take_all();
	CHECK_INT(count(P9_EVENT_ALL, 0, ""), 1);
	finish();
}

TEST(a_file_with_several_names_is_watched_itself)
{
	begin(0);
	other("mkdir seen unseen; echo 1 > seen/a; ln seen/a unseen/b; echo 1 > seen/single");
	CHECK(watch_name("seen"));
	CHECK_INT(entry("seen/single"), P9_COVERED);
	CHECK_INT(entry("seen/a"), P9_COVERED_NOW);
	CHECK_INT(entry("seen/a"), P9_COVERED);
	other("echo 2 >> unseen/b");
	take_all();
	CHECK_INT(count(P9_EVENT_SELF, ino_of("seen/a"), ""), 1);
	other("chmod 600 seen/a");
	take_all();
	CHECK_INT(count(P9_EVENT_SELF, ino_of("seen/a"), ""), 1);
	CHECK_INT(count(P9_EVENT_CHANGED, ino_of("seen"), "a"), 1);
	other("rm unseen/b");
	take_all();
	CHECK_INT(count(P9_EVENT_SELF, ino_of("seen/a"), ""), 1);
	finish();
}

TEST(a_second_name_is_told_of_the_file_that_had_one)
{
	begin(0);
	other("mkdir d; echo 1 > d/a");
	CHECK(watch_name("d"));
	other("ln d/a d/b");
	take_all();
	CHECK_INT(count(P9_EVENT_ENTRY, ino_of("d"), "b"), 1);
	CHECK_INT(count(P9_EVENT_SELF, ino_of("d/a"), ""), 1);
	finish();
}

TEST(a_directory_among_the_entries_is_watched_with_its_names)
{
	begin(0);
	other("mkdir d");
	CHECK(watch_name(""));
	CHECK_INT(entry("d"), P9_COVERED_NOW);
	other("touch d/x");
	take_all();
	CHECK_INT(count(P9_EVENT_ENTRY, ino_of("d"), "x"), 1);
	other("chmod 700 d");
	take_all();
	CHECK_INT(count(P9_EVENT_SELF, ino_of("d"), ""), 1);
	finish();
}

TEST(a_removed_directory_leaves_the_table)
{
	begin(0);
	other("mkdir d");
	CHECK(watch_name("d"));
	other("rmdir d");
	take_all();
	CHECK_INT(p9_watch_marks(w), 0);
	finish();
}

TEST(a_directory_moved_where_nobody_watches_takes_everything_along)
{
	begin(0);
	other("mkdir -p in/deep out; touch in/deep/f");
	CHECK(watch_name("") && watch_name("in") && watch_name("in/deep"));
	other("mv in renamed");
	take_all();
	CHECK_INT(count(P9_EVENT_ALL, 0, ""), 0);
	CHECK_INT(count(P9_EVENT_ENTRY, ino_of(""), "renamed"), 1);
	other("mv renamed out/away");
	take_all();
	CHECK_INT(count(P9_EVENT_ALL, 0, ""), 1);
	CHECK_INT(p9_watch_marks(w), 0);
	other("echo secret > out/away/deep/f");
	take_all();
	CHECK_INT(n_taken, 0);
	finish();
}

TEST(a_move_from_where_nobody_watches_is_noticed_too)
{
	begin(0);
	other("mkdir -p hidden/d out");
	CHECK(watch_name("hidden/d"));
	other("mv hidden/d out/d; touch out/d/f");
	take_all();
	CHECK_INT(count(P9_EVENT_ALL, 0, ""), 1);
	CHECK_INT(p9_watch_marks(w), 0);
	finish();
}

TEST(a_store_into_a_mapping_is_told_when_the_file_is_closed)
{
	begin(0);
	put_file("mapped", "0123456789");
	CHECK(watch_name(""));
	pid_t pid = fork();
	if (!pid) {
		int fd = openat(tree_dir, "mapped", O_RDWR | O_CLOEXEC);
		char *p = mmap(NULL, 10, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		p[3] = 'x';
		munmap(p, 10);
		close(fd);
		_exit(0);
	}
	CHECK(waitpid(pid, NULL, 0) == pid);
	take_all();
	CHECK_INT(count(P9_EVENT_CHANGED, ino_of(""), "mapped"), 1);
	finish();
}

TEST(many_events_in_a_small_room_come_one_after_the_other)
{
	uint8_t room[P9_EVENT_MIN + 4];
	struct p9_event e;
	begin(0);
	CHECK(watch_name(""));
	other("touch aaaa bbbb cccc");
	CHECK(p9_watch_wait(w, -1));
	const char *names[] = {"aaaa", "bbbb", "cccc"};
	uint64_t seen = 0;
	for (size_t n; (n = p9_watch_take(w, room, sizeof(room)));) {
		CHECK_INT(p9_event_decode(room, n, &e), n);
		for (int i = 0; i < 3; i++)
			seen |= (uint64_t)p9_str_eq(e.name, names[i]) << i;
	}
	CHECK_INT(seen, 7);
	CHECK_INT(p9_watch_take(w, room, sizeof(room)), 0);
	finish();
}

TEST(more_than_the_queue_holds_becomes_one_word)
{
	begin(0);
	CHECK(watch_name(""));
	other("i=0; while [ $i -lt 6000 ]; do : > f$i; : > g$i; : > h$i; i=$((i+1)); done");
	take_all(); /* the kernel's own queue holds 16,384 */
	CHECK_INT(count(P9_EVENT_ALL, 0, ""), 1);
	other("touch after");
	take_all();
	CHECK_INT(count(P9_EVENT_ENTRY, ino_of(""), "after"), 1);
	finish();
}

TEST(a_wait_ends_when_woken)
{
	begin(0);
	p9_watch_wake(w);
	CHECK(!p9_watch_wait(w, -1));
	finish();
}

TEST(what_one_may_not_read_is_not_watched)
{
	need_root();
	begin(0);
	other("mkdir -m 711 closed; mkdir -m 755 opened; touch closed/f");
	pid_t pid = fork();
	if (!pid) {
		CHECK(!setgid(65534) && !setuid(65534));
		struct p9_watch *mine = NULL;
		CHECK(!p9_watch_new(number, NULL, 0, &mine));
		int closed = at("closed"), opened = at("opened");
		CHECK(!p9_watch_fd(mine, closed, NULL));
		CHECK(p9_watch_fd(mine, opened, NULL));
		_exit(0);
	}
	int status;
	CHECK(waitpid(pid, &status, 0) == pid);
	CHECK_INT(status, 0);
	finish();
}

/* As a server that acts for nobody: told by another process through a pipe what to do. */
TEST(a_directory_whose_rights_change_must_be_asked_for_again)
{
	need_root();
	begin(0);
	other("mkdir -m 755 d");
	int go[2], ready[2];
	char c = 0;
	CHECK(!pipe2(go, O_CLOEXEC) && !pipe2(ready, O_CLOEXEC));
	pid_t pid = fork();
	if (!pid) {
		CHECK(!setgid(65534) && !setuid(65534));
		p9_watch_free(w);
		CHECK(!p9_watch_new(number, NULL, 0, &w));
		CHECK(watch_name("d"));
		CHECK(write(ready[1], &c, 1) == 1 && read(go[0], &c, 1) == 1);
		take_all();
		CHECK_INT(count(P9_EVENT_UNWATCHED, ino_of("d"), ""), 1);
		CHECK_INT(p9_watch_marks(w), 0);
		CHECK(!watch_name("d"));
		CHECK(write(ready[1], &c, 1) == 1 && read(go[0], &c, 1) == 1);
		take_all();
		CHECK_INT(n_taken, 0);
		_exit(0);
	}
	CHECK(read(ready[0], &c, 1) == 1);
	other("chmod 711 d");
	CHECK(write(go[1], &c, 1) == 1 && read(ready[0], &c, 1) == 1);
	other("touch d/secret");
	CHECK(write(go[1], &c, 1) == 1);
	int status;
	CHECK(waitpid(pid, &status, 0) == pid);
	CHECK_INT(status, 0);
	for (int i = 0; i < 2; i++) {
		close(go[i]);
		close(ready[i]);
	}
	finish();
}

/* --- through the server --- */

static int lookup(struct peer *p, const char *name, uint32_t flags)
{
	return CALL(p, P9_Tlookup, .tlookup = {0, P9_NOFID, p9_str(name), P9_GETATTR_BASIC, flags});
}

static int events(struct peer *p)
{
	int r = CALL(p, P9_Tevents, .tevents = {sizeof(taken)});
	if (r)
		return r;
	n_taken = p->r.revents.data.len;
	memcpy(taken, p->r.revents.data.p, n_taken);
	return 0;
}

/* An event may be told in several answers, and what it follows takes several events. */
static void hear(struct peer *p, uint8_t type, const char *of, const char *name)
{
	do
		CHECK_INT(events(p), 0);
	while (!count(type, ino_of(of), name));
}

TEST(the_server_tells_what_it_was_asked_to_watch)
{
	struct peer p;
	start_metac(&p);
	other("echo 1 > file; mkdir dir; echo 1 > one; ln one two");
	CHECK_INT(CALL(&p, P9_Tsession, .tversion = {}), 0);
	if (!(p.r.rsession.flags & P9_SESSION_WATCHES)) {
		stop(&p);
		test_skip("no fanotify for us here");
	}
	CHECK_INT(lookup(&p, "file", 0), 0);
	CHECK_INT(p.r.rlookup.flags, 0);
	CHECK_INT(lookup(&p, "nothing", P9_WANT_WATCH), -ENOENT);
	CHECK_INT(lookup(&p, "file", P9_WANT_WATCH), 0);
	CHECK_INT(p.r.rlookup.flags, P9_GOT_WATCH);
	CHECK(!(p.r.rlookup.attr.valid & P9_GETATTR_ASK));
	CHECK_INT(lookup(&p, "one", P9_WANT_WATCH), 0);
	CHECK(!(p.r.rlookup.attr.valid & P9_GETATTR_ASK));
	other("echo 2 > nothing");
	hear(&p, P9_EVENT_ENTRY, "", "nothing");
	other("echo 2 > two");
	hear(&p, P9_EVENT_SELF, "one", "");
	stop(&p);
}

TEST(events_that_wait_are_told_when_asked_for)
{
	struct peer p;
	start_metac(&p);
	CHECK_INT(CALL(&p, P9_Tsession, .tversion = {}), 0);
	if (!(p.r.rsession.flags & P9_SESSION_WATCHES)) {
		stop(&p);
		test_skip("no fanotify for us here");
	}
	CHECK_INT(lookup(&p, "", P9_WANT_WATCH), 0);
	struct p9_msg m = {.type = P9_Tevents, .tag = 7, .tevents = {P9_EVENT_MAX}};
	send_msg(&p, &m);
	other("touch a");
	CHECK(recv_msg(&p));
	CHECK_INT(p.r.type, P9_Revents);
	CHECK_INT(p.r.tag, 7);
	other("touch b; mkdir c");
	CHECK_INT(lookup(&p, "c", P9_WANT_WATCH), 0); /* goes on meanwhile */
	for (int hits = 0; hits < 2;) {
		CHECK_INT(events(&p), 0);
		hits += count(P9_EVENT_ENTRY, ino_of(""), "b") +
			count(P9_EVENT_ENTRY, ino_of(""), "c");
	}
	stop(&p);
}

/* Whoever takes a lock hears of all that happened before he had it. */
TEST(events_come_before_the_lock)
{
	struct peer p;
	start_metac(&p);
	CHECK_INT(CALL(&p, P9_Tsession, .tversion = {}), 0);
	if (!(p.r.rsession.flags & P9_SESSION_WATCHES)) {
		stop(&p);
		test_skip("no fanotify for us here");
	}
	put_file("locked", "x");
	CHECK_INT(lookup(&p, "", P9_WANT_WATCH), 0);
	CHECK_INT(t_open_path(&p, 1, "locked", P9_O_RDWR), 0);
	for (int i = 0; i < 50; i++) {
		struct p9_msg ask = {.type = P9_Tevents, .tag = 7, .tevents = {sizeof(taken)}};
		struct p9_msg m = {.type = P9_Tlock, .tag = 8};
		m.tlock.fid = 1;
		m.tlock.type = P9_LOCK_WRLCK;
		m.tlock.client_id = p9_str("test");
		send_msg(&p, &ask);
		other("echo y > changed");
		send_msg(&p, &m);
		CHECK(recv_msg(&p));
		CHECK_INT(p.r.type, P9_Revents);
		do
			CHECK(recv_msg(&p));
		while (p.r.type != P9_Rlock);
		CHECK_INT(p.r.rlock.status, P9_LOCK_SUCCESS);
	}
	stop(&p);
}
