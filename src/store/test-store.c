/* SPDX-License-Identifier: MIT */
/* Opening: what is made, what is refused, and that nothing refused is touched. */
#include "store/store.h"
#include "store/test-dir.h"

#include <sched.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/mount.h>
#include <sys/wait.h>

static struct store *must_open(const struct test_dir *d)
{
	struct err e = {0};
	struct store *s = NULL;
	if (store_open(d->path, &e, &s) < 0)
		test_fail(__FILE__, __LINE__, "%s", e.msg);
	return s;
}

/* Opening fails with this code, these words, and the file stays byte for byte. */
static void check_refused(const struct test_dir *d, int code, const char *words)
{
	size_t before_size, after_size;
	AUTO_FREE char *before = test_dir_read(d, "persistence.db", &before_size);
	struct err e = {0};
	struct store *s = NULL;
	CHECK_INT(store_open(d->path, &e, &s), code);
	CHECK(!s);
	if (!strstr(e.msg, words) || !strstr(e.msg, d->path))
		test_fail(__FILE__, __LINE__, "message: %s", e.msg);
	AUTO_FREE char *after = test_dir_read(d, "persistence.db", &after_size);
	CHECK_INT(before_size, after_size);
	CHECK(!memcmp(before, after, before_size));
}

static struct store_object object(const char *id)
{
	return (struct store_object){.service = "fs",
		.runtime_id = id,
		.category = "fs:localfs",
		.summary = "directory",
		.description = "d",
		.description_size = 1,
		.created = 1};
}

static struct store_ref ref_of(const char *id, uint8_t n)
{
	struct store_ref r = {.service = "fs", .runtime_id = id, .created = 2};
	memset(r.hash, n, sizeof(r.hash));
	return r;
}

static void sql(const struct test_dir *d, const char *text)
{
	sqlite3 *db = NULL;
	CHECK_INT(sqlite3_open(test_dir_file(d, "persistence.db"), &db), SQLITE_OK);
	CHECK_INT(sqlite3_exec(db, text, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

TEST(new_database_is_private_and_empty)
{
	struct test_dir d = test_dir_make();
	mode_t mask = umask(0);
	struct store *s = must_open(&d);
	struct store_object o = object("a");
	CHECK_INT(store_object_put(s, &o), 0);
	struct stat st;
	CHECK_INT(stat(test_dir_file(&d, "persistence.db"), &st), 0);
	CHECK_INT(st.st_mode & 07777, 0600);
	CHECK_INT(stat(test_dir_file(&d, "persistence.db-wal"), &st), 0);
	CHECK_INT(st.st_mode & 07777, 0600);
	CHECK(stat(test_dir_file(&d, "persistence.db-shm"), &st) < 0);
	CHECK_INT(umask(mask), 0);
	store_free(s);
	test_dir_remove(&d);
}

TEST(wide_mode_is_tightened)
{
	struct test_dir d = test_dir_make();
	store_free(must_open(&d));
	CHECK_INT(chmod(test_dir_file(&d, "persistence.db"), 0644), 0);
	store_free(must_open(&d));
	struct stat st;
	CHECK_INT(stat(test_dir_file(&d, "persistence.db"), &st), 0);
	CHECK_INT(st.st_mode & 07777, 0600);
	test_dir_remove(&d);
}

TEST(missing_directory_is_named)
{
	struct err e = {0};
	struct store *s = NULL;
	CHECK_INT(store_open("/nonexistent/state", &e, &s), -ENOENT);
	CHECK(strstr(e.msg, "/nonexistent/state"));
}

TEST(garbage_is_refused_and_kept)
{
	struct test_dir d = test_dir_make();
	char junk[5000];
	memset(junk, 'x', sizeof(junk));
	test_dir_write(&d, "persistence.db", 0, junk, sizeof(junk));
	check_refused(&d, -EUCLEAN, "damaged");
	test_dir_remove(&d);
}

TEST(empty_file_is_refused)
{
	struct test_dir d = test_dir_make();
	test_dir_write(&d, "persistence.db", 0, "", 0);
	check_refused(&d, -EUCLEAN, "empty");
	test_dir_remove(&d);
}

TEST(truncated_file_is_refused)
{
	struct test_dir d = test_dir_make();
	store_free(must_open(&d));
	CHECK_INT(truncate(test_dir_file(&d, "persistence.db"), 4096 + 100), 0);
	check_refused(&d, -EUCLEAN, "damaged");
	test_dir_remove(&d);
}

TEST(damaged_page_is_refused)
{
	struct test_dir d = test_dir_make();
	struct store *s = must_open(&d);
	struct store_object o = object("a");
	CHECK_INT(store_object_put(s, &o), 0);
	store_free(s);
	char junk[300];
	memset(junk, 0xff, sizeof(junk));
	test_dir_write(&d, "persistence.db", 4096, junk, sizeof(junk));
	check_refused(&d, -EUCLEAN, "damaged");
	test_dir_remove(&d);
}

TEST(damaged_database_keeps_its_log)
{
	struct test_dir d = test_dir_make();
	/* A log left by a killed process, over a file that got damaged. */
	pid_t pid = fork();
	if (pid == 0) {
		struct store *s = must_open(&d);
		struct store_object o = object("a");
		_exit(store_object_put(s, &o) == 0 ? 0 : 1);
	}
	int status;
	CHECK_INT(waitpid(pid, &status, 0), pid);
	CHECK_INT(status, 0);
	char junk[100];
	memset(junk, 0xff, sizeof(junk));
	test_dir_write(&d, "persistence.db", 0, junk, sizeof(junk));
	size_t before_size, after_size;
	AUTO_FREE char *before = test_dir_read(&d, "persistence.db-wal", &before_size);
	CHECK(before_size > 0);
	struct err e = {0};
	struct store *s = NULL;
	int r = store_open(d.path, &e, &s);
	if (r == 0) { /* the log held the first page whole: nothing was lost */
		store_free(s);
	} else {
		CHECK_INT(r, -EUCLEAN);
		AUTO_FREE char *after = test_dir_read(&d, "persistence.db-wal", &after_size);
		CHECK_INT(before_size, after_size);
		CHECK(!memcmp(before, after, before_size));
	}
	test_dir_remove(&d);
}

TEST(lost_database_with_its_log_is_not_recreated)
{
	struct test_dir d = test_dir_make();
	test_dir_write(&d, "persistence.db-wal", 0, "old", 3);
	struct err e = {0};
	struct store *s = NULL;
	CHECK_INT(store_open(d.path, &e, &s), -EUCLEAN);
	CHECK(strstr(e.msg, "is missing"));
	CHECK(access(test_dir_file(&d, "persistence.db"), F_OK) < 0);
	test_dir_remove(&d);
}

TEST(foreign_database_is_refused)
{
	struct test_dir d = test_dir_make();
	sql(&d, "CREATE TABLE t(a); PRAGMA application_id = 77");
	check_refused(&d, -EMEDIUMTYPE, "another program");
	test_dir_remove(&d);
}

TEST(newer_database_is_refused)
{
	struct test_dir d = test_dir_make();
	store_free(must_open(&d));
	sql(&d, "PRAGMA user_version = 99");
	check_refused(&d, -EPROTONOSUPPORT, "newer");
	test_dir_remove(&d);
}

TEST(symbolic_link_is_refused)
{
	struct test_dir d = test_dir_make();
	CHECK_INT(symlink("/etc/passwd", test_dir_file(&d, "persistence.db")), 0);
	struct err e = {0};
	struct store *s = NULL;
	CHECK(store_open(d.path, &e, &s) < 0);
	test_dir_remove(&d);
}

TEST(leftover_of_an_interrupted_creation_is_replaced)
{
	struct test_dir d = test_dir_make();
	test_dir_write(&d, "persistence.db.new", 0, "half", 4);
	store_free(must_open(&d));
	CHECK(access(test_dir_file(&d, "persistence.db.new"), F_OK) < 0);
	test_dir_remove(&d);
}

TEST(second_process_is_refused)
{
	struct test_dir d = test_dir_make();
	struct store *s = must_open(&d);
	pid_t pid = fork();
	if (pid == 0) {
		struct err e = {0};
		struct store *other = NULL;
		int r = store_open(d.path, &e, &other);
		_exit(r == -EBUSY && strstr(e.msg, "in use") ? 0 : 1);
	}
	int status;
	CHECK_INT(waitpid(pid, &status, 0), pid);
	CHECK_INT(status, 0);
	store_free(s);
	test_dir_remove(&d);
}

/* A full disk, on a tmpfs of our own. */
static int fill_disk(const struct test_dir *d)
{
	static const char map[] = "0 0 1";
	if (unshare(CLONE_NEWNS) < 0) {
		if (unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0)
			return 77;
		AUTO_CLOSE int fd = open("/proc/self/uid_map", O_WRONLY | O_CLOEXEC);
		(void)!write(fd, map, sizeof(map) - 1);
	}
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
		mount("tmpfs", d->path, "tmpfs", 0, "size=256k") < 0)
		return 77;
	struct store *s = must_open(d);
	AUTO_FREE char *big = malloc(60000);
	memset(big, 'b', 60000);
	int r = 0;
	unsigned n = 0;
	for (; r == 0 && n < 100; n++) {
		char id[16];
		(void)snprintf(id, sizeof(id), "o%u", n);
		struct store_object o = object(id);
		o.description = big;
		o.description_size = 60000;
		struct store_ref ref = ref_of(id, (uint8_t)(n + 1));
		CHECK_INT(store_begin(s), 0);
		r = store_object_put(s, &o);
		if (r == 0)
			r = store_ref_put(s, &ref);
		if (r == 0)
			r = store_commit(s);
		if (r < 0)
			store_rollback(s);
	}
	CHECK_INT(r, -ENOSPC);
	CHECK(n > 1);
	/* What was promised is there, the failed one is not; reading and removing still work. */
	void *p = NULL;
	size_t size;
	CHECK_INT(store_object_description(s, "fs", "o0", &p, &size), 0);
	CHECK_INT(size, 60000);
	free(p);
	char id[16];
	(void)snprintf(id, sizeof(id), "o%u", n - 1);
	CHECK_INT(store_object_description(s, "fs", id, &p, &size), -ENOENT);
	store_free(s);
	store_free(must_open(d));
	return 0;
}

TEST(full_disk_is_reported_and_leaves_no_half_state)
{
	struct test_dir d = test_dir_make();
	pid_t pid = fork();
	if (pid == 0)
		_exit(fill_disk(&d));
	int status;
	CHECK_INT(waitpid(pid, &status, 0), pid);
	test_dir_remove(&d);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
		test_skip("no private mount namespace here");
	CHECK_INT(status, 0);
}

/* Each round writes pairs (object and reference together) until it is killed. */
static void write_until_killed(const struct test_dir *d, unsigned round, int tell)
{
	struct store *s = must_open(d);
	for (unsigned n = 0;; n++) {
		char id[32];
		(void)snprintf(id, sizeof(id), "r%u-%u", round, n);
		struct store_object o = object(id);
		struct store_ref ref = ref_of(id, 0);
		memcpy(ref.hash, &round, sizeof(round));
		memcpy(ref.hash + 8, &n, sizeof(n));
		if (store_begin(s) < 0 || store_object_put(s, &o) < 0 ||
			store_ref_put(s, &ref) < 0 || store_commit(s) < 0)
			_exit(1);
		(void)!write(tell, &n, sizeof(n)); /* promised */
	}
}

struct pairs {
	unsigned objects, refs, last, round;
};

static int count_object(void *user, const struct store_object *o)
{
	((struct pairs *)user)->objects++;
	return 0;
}

static int count_ref(void *user, const struct store_ref *r)
{
	struct pairs *p = user;
	unsigned round, n;
	memcpy(&round, r->hash, sizeof(round));
	memcpy(&n, r->hash + 8, sizeof(n));
	p->refs++;
	if (round == p->round && n + 1 > p->last)
		p->last = n + 1;
	return 0;
}

TEST(killed_while_writing_keeps_every_promise)
{
	struct test_dir d = test_dir_make();
	for (unsigned round = 0; round < 12; round++) {
		int tell[2];
		CHECK_INT(pipe2(tell, O_CLOEXEC), 0);
		pid_t pid = fork();
		if (pid == 0)
			write_until_killed(&d, round, tell[1]);
		close(tell[1]);
		unsigned n, promised = 0;
		/* Killed at a point that differs from round to round. */
		while (promised < 3 + round * 5 && read(tell[0], &n, sizeof(n)) == sizeof(n))
			promised = n + 1;
		CHECK_INT(kill(pid, SIGKILL), 0);
		int status;
		CHECK_INT(waitpid(pid, &status, 0), pid);
		CHECK(WIFSIGNALED(status));
		while (read(tell[0], &n, sizeof(n)) == sizeof(n))
			promised = n + 1;
		close(tell[0]);
		struct store *s = must_open(&d);
		struct pairs p = {.round = round};
		CHECK_INT(store_object_each(s, count_object, &p), 0);
		CHECK_INT(store_ref_each(s, count_ref, &p), 0);
		CHECK_INT(p.objects, p.refs);
		CHECK(p.last >= promised);
		store_free(s);
	}
	test_dir_remove(&d);
}
