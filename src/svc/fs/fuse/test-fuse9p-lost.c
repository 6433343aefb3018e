/* SPDX-License-Identifier: MIT */
/*
 * What the loss of a connection does that programs do notice: files and locks that cannot be had
 * again, and those who do not wait for another connection.
 */
#include "svc/fs/fuse/test-fuse9p.h"

#define ROOT FUSE_ROOT_ID

/* ---- what cannot be found again ---- */

/* Loses the connection; what `meanwhile` does is done before there is another. */
static void lose(struct world *w, void (*meanwhile)(struct world *w))
{
	w->meanwhile = meanwhile;
	world_cut(w);
	world_turn(w, 0);
	wait_for(w, &w->recovered);
	w->meanwhile = NULL;
}

static void remove_a(struct world *w)
{
	CHECK_INT(unlink(in_tree(w, "a")), 0);
}

static void replace_a(struct world *w)
{
	put(w, "new", "other");
	CHECK_INT(rename(in_tree(w, "new"), in_tree(w, "a")), 0);
}

static void move_a(struct world *w)
{
	CHECK_INT(rename(in_tree(w, "a"), in_tree(w, "elsewhere")), 0);
}

static void expect_stale(void (*meanwhile)(struct world *w))
{
	struct world *w = world_new(false);
	put(w, "a", "content");
	put(w, "b", "content");
	uint64_t n = k_lookup(w, ROOT, "a"), m = k_lookup(w, ROOT, "b");
	uint64_t fh = k_open(w, n, O_RDWR), other = k_open(w, m, O_RDWR);
	struct fuse_getattr_in in = {.getattr_flags = FUSE_GETATTR_FH, .fh = fh};
	struct fuse_fsync_in sync = {.fh = fh};
	struct fuse_lk_in lk = {.fh = fh, .owner = 7, .lk = {.end = 1, .type = F_WRLCK}};
	lose(w, meanwhile);
	CHECK_INT(w->refused, 0);
	CHECK_INT(k_read_at(w, n, fh, 0, 10)->error, -ESTALE);
	CHECK_INT(k_write(w, n, fh, O_RDWR, 0, "x", 1)->error, -ESTALE);
	CHECK_INT(K_DO(w, FUSE_GETATTR, n, in, NULL, 0)->error, -ESTALE);
	CHECK_INT(K_DO(w, FUSE_FSYNC, n, sync, NULL, 0)->error, -ESTALE);
	CHECK_INT(K_DO(w, FUSE_SETLK, n, lk, NULL, 0)->error, -ESTALE);
	k_close(w, n, fh);
	/* The others do not suffer from it. */
	CHECK_INT(k_write(w, m, other, O_RDWR, 0, "C", 1)->error, 0);
	CHECK_INT(k_close(w, m, other)->error, 0);
	world_end(w);
	CHECK(strstr(w->log, "b 100644 0:0 links 1 size 7 \"Content\""));
	world_free(w);
}

TEST(an_open_file_that_was_removed_meanwhile_is_stale)
{
	expect_stale(remove_a);
}

TEST(an_open_file_that_was_replaced_meanwhile_is_stale)
{
	expect_stale(replace_a);
}

TEST(an_open_file_that_somebody_else_renamed_is_stale)
{
	expect_stale(move_a);
}

TEST(an_open_file_without_a_name_is_stale_after_a_loss)
{
	struct world *w = world_new(false);
	put(w, "a", "content");
	uint64_t n = k_lookup(w, ROOT, "a");
	uint64_t fh = k_open(w, n, O_RDWR);
	CHECK_INT(K_NAME(w, FUSE_UNLINK, ROOT, "a")->error, 0);
	CHECK_INT(k_read_at(w, n, fh, 0, 10)->error, 0);
	lose(w, NULL);
	CHECK_INT(k_read_at(w, n, fh, 2, 10)->error, -ESTALE);
	k_close(w, n, fh);
	world_end(w);
	world_free(w);
}

static void lock_a(struct world *w)
{
	struct flock l = {.l_type = F_WRLCK};
	int fd = open(in_tree(w, "a"), O_RDWR | O_CLOEXEC);
	CHECK(fd >= 0);
	CHECK_INT(fcntl(fd, F_OFD_SETLK, &l), 0);
	w->user_fd = fd;
}

/* Takes the ten seconds for which a lock is tried. */
TEST(whoever_lost_his_lock_to_somebody_else_hears_of_it)
{
	struct world *w = world_new(false);
	put(w, "a", "content");
	uint64_t n = k_lookup(w, ROOT, "a");
	uint64_t fh = k_open(w, n, O_RDWR), without = k_open(w, n, O_RDWR);
	struct fuse_lk_in lk = {.fh = fh, .owner = 7, .lk = {.end = 1, .type = F_WRLCK}};
	CHECK_INT(K_DO(w, FUSE_SETLK, n, lk, NULL, 0)->error, 0);
	lose(w, lock_a);
	close(w->user_fd);
	CHECK_INT(k_write(w, n, fh, O_RDWR, 0, "x", 1)->error, -EIO);
	CHECK_INT(k_read_at(w, n, fh, 0, 10)->error, -EIO);
	CHECK_INT(k_read_at(w, n, without, 0, 10)->error, 0);
	k_close(w, n, fh);
	k_close(w, n, without);
	world_end(w);
	world_free(w);
}

static int other_tree;
static void other_root(struct world *w)
{
	CHECK_INT(mkdir(in_tree(w, "other"), 0755), 0);
	other_tree = w->tree_fd;
	w->tree_fd = open(in_tree(w, "other"), O_PATH | O_DIRECTORY | O_CLOEXEC);
}

TEST(another_directory_is_refused)
{
	struct world *w = world_new(false);
	lose(w, other_root);
	CHECK_INT(w->refused, -ESTALE);
	CHECK(w->fs.down);
	close(w->tree_fd);
	w->tree_fd = other_tree;
	uint64_t u = k_begin(w, FUSE_LOOKUP, ROOT, NULL, 0, "other", 6);
	CHECK(!w->replies[u].done);
	lose(w, NULL);
	CHECK_INT(w->refused, 0);
	CHECK_INT(k_end(w, u)->error, 0);
	world_end(w);
	world_free(w);
}

/* ---- those who do not wait ---- */

TEST(an_interrupted_request_does_not_wait_for_a_connection)
{
	struct world *w = world_new(false);
	struct fuse_mkdir_in mk = {.mode = 0755};
	world_cut(w);
	uint64_t u = K_BEGIN(w, FUSE_MKDIR, ROOT, mk, "d", 2);
	uint64_t v = K_BEGIN(w, FUSE_MKDIR, ROOT, mk, "e", 2);
	CHECK(!w->replies[u].done && !w->replies[v].done);
	struct fuse_interrupt_in in = {.unique = u};
	K_BEGIN(w, FUSE_INTERRUPT, 0, in, NULL, 0);
	CHECK(w->replies[u].done && w->replies[u].error == -EINTR);
	CHECK(!w->replies[v].done);
	CHECK_INT(k_end(w, v)->error, 0);
	world_end(w);
	CHECK(!strstr(w->log, "d 40755") && strstr(w->log, "e 40755"));
	world_free(w);
}

static uint64_t asked_about;
static unsigned n_asked;
static bool ask_killed(struct f9 *fs, uint64_t number, pid_t pid)
{
	CHECK_INT(pid, 4711);
	asked_about = number;
	n_asked++;
	return true;
}

TEST(a_signal_ends_a_request_only_if_it_kills)
{
	struct world *w = world_new(false);
	struct fuse_mkdir_in mk = {.mode = 0755};
	put(w, "a", "x");
	uint64_t n = k_lookup(w, ROOT, "a");
	uint64_t fh = k_open(w, n, O_RDWR);
	struct fuse_lk_in lk = {.fh = fh, .owner = 7, .lk = {.end = 1, .type = F_WRLCK}};
	w->fs.ask_killed = ask_killed;
	world_cut(w);
	uint64_t u = K_BEGIN(w, FUSE_MKDIR, ROOT, mk, "d", 2);
	uint64_t v = K_BEGIN(w, FUSE_SETLKW, n, lk, NULL, 0);
	struct fuse_interrupt_in in = {.unique = u}, in2 = {.unique = v};
	K_BEGIN(w, FUSE_INTERRUPT, 0, in, NULL, 0);
	CHECK(!w->replies[u].done);
	CHECK_INT(n_asked, 1);
	/* Who waits for a lock is interrupted by any signal, as fcntl(2) says. */
	K_BEGIN(w, FUSE_INTERRUPT, 0, in2, NULL, 0);
	CHECK_INT(w->replies[v].error, -EINTR);
	CHECK_INT(n_asked, 1);
	/* Of what comes later nobody tells: it is asked again. */
	for (int ms; n_asked < 3; poll(NULL, 0, ms))
		CHECK((ms = f9_signalled_run(&w->fs)) >= 0);
	CHECK(!w->replies[u].done);
	f9_interrupt(&w->fs, asked_about);
	CHECK_INT(w->replies[u].error, -EINTR);
	CHECK_INT(f9_signalled_run(&w->fs), -1);
	k_close(w, n, fh);
	world_end(w);
	world_free(w);
}

TEST(with_a_timeout_requests_end_and_come_back_with_the_connection)
{
	struct world *w = world_new(false);
	w->fs.timeout_ms = 30;
	world_cut(w);
	uint64_t u = k_begin(w, FUSE_LOOKUP, ROOT, NULL, 0, "x", 2);
	CHECK(!w->replies[u].done);
	int ms;
	while ((ms = f9_parked_run(&w->fs)) >= 0)
		poll(NULL, 0, ms);
	CHECK(w->replies[u].done);
	CHECK_INT(w->replies[u].error, -ETIMEDOUT);
	u = k_begin(w, FUSE_LOOKUP, ROOT, NULL, 0, "x", 2);
	CHECK(w->replies[u].done && w->replies[u].error == -ETIMEDOUT);
	lose(w, NULL);
	CHECK_INT(K_NAME(w, FUSE_UNLINK, ROOT, "x")->error, -ENOENT);
	world_end(w);
	world_free(w);
}

TEST(when_it_is_over_everything_says_so_and_closing_works)
{
	struct world *w = world_new(false);
	put(w, "a", "content");
	uint64_t n = k_lookup(w, ROOT, "a");
	uint64_t fh = k_open(w, n, O_RDWR);
	server_kill(w);
	f9_park_all(&w->fs);
	uint64_t u = k_begin(w, FUSE_LOOKUP, ROOT, NULL, 0, "x", 2);
	CHECK(!w->replies[u].done);
	f9_over(&w->fs, -EKEYREVOKED);
	CHECK_INT(w->replies[u].error, -EKEYREVOKED);
	struct fuse_read_in rd = {.fh = fh, .size = 10};
	struct fuse_write_in wr = {.fh = fh, .size = 1};
	struct fuse_flush_in fl = {.fh = fh};
	struct fuse_release_in re = {.fh = fh};
	u = K_BEGIN(w, FUSE_READ, n, rd, NULL, 0);
	CHECK_INT(w->replies[u].error, -EKEYREVOKED);
	u = K_BEGIN(w, FUSE_WRITE, n, wr, "x", 1);
	CHECK_INT(w->replies[u].error, -EKEYREVOKED);
	K_BEGIN(w, FUSE_FLUSH, n, fl, NULL, 0);
	u = K_BEGIN(w, FUSE_RELEASE, n, re, NULL, 0);
	CHECK(w->replies[u].done);
	CHECK_INT(w->fs.n_ops, 0);
	world_free(w);
}
