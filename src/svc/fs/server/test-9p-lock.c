/* SPDX-License-Identifier: MIT */
/* Locks between fids, client processes, connections and this machine's own. */
#include "svc/fs/server/test-9p.h"

#include <sys/file.h>

static struct p9_msg lock_msg(
	uint32_t fid, uint8_t type, uint64_t start, uint64_t length, uint32_t pid, uint32_t flags)
{
	return (struct p9_msg){.type = P9_Tlock,
		.tag = 1,
		.tlock = {fid, type, flags, start, length, pid, p9_str("host")}};
}

/* The status, or negative errno. */
static int lock(
	struct peer *p, uint32_t fid, uint8_t type, uint64_t start, uint64_t length, uint32_t pid)
{
	int r = call(p, lock_msg(fid, type, start, length, pid, 0));
	return r ? r : p->r.rlock.status;
}

static int getlock(
	struct peer *p, uint32_t fid, uint8_t type, uint64_t start, uint64_t length, uint32_t pid)
{
	int r = CALL(p, P9_Tgetlock, .tgetlock = {fid, type, start, length, pid, p9_str("host")});
	return r ? r : p->r.rgetlock.type;
}

static void two_peers(struct peer *a, struct peer *b)
{
	tree_make();
	put_file("f", "0123456789");
	peer_start(a, (struct p9_options){});
	peer_start(b, (struct p9_options){});
	CHECK_INT(t_open_path(a, 1, "f", P9_O_RDWR), 0);
	CHECK_INT(t_open_path(b, 1, "f", P9_O_RDWR), 0);
}

static void end_peers(struct peer *a, struct peer *b)
{
	peer_stop(a);
	peer_stop(b);
	tree_remove();
}

TEST(locks_of_two_clients_conflict)
{
	struct peer a, b;
	two_peers(&a, &b);
	CHECK_INT(lock(&a, 1, P9_LOCK_WRLCK, 0, 5, 7), P9_LOCK_SUCCESS);
	CHECK_INT(lock(&b, 1, P9_LOCK_WRLCK, 4, 1, 7), P9_LOCK_BLOCKED);
	CHECK_INT(lock(&b, 1, P9_LOCK_RDLCK, 0, 0, 7), P9_LOCK_BLOCKED);
	CHECK_INT(lock(&b, 1, P9_LOCK_WRLCK, 5, 0, 7), P9_LOCK_SUCCESS);
	CHECK_INT(getlock(&b, 1, P9_LOCK_WRLCK, 0, 0, 7), P9_LOCK_WRLCK);
	CHECK_INT(b.r.rgetlock.start, 0);
	CHECK_INT(b.r.rgetlock.length, 5);
	CHECK_INT(getlock(&b, 1, P9_LOCK_UNLCK, 0, 1, 7), P9_LOCK_WRLCK); /* as v9fs asks */
	CHECK_INT(getlock(&a, 1, P9_LOCK_WRLCK, 0, 5, 7), P9_LOCK_UNLCK);
	CHECK_INT(lock(&a, 1, P9_LOCK_UNLCK, 0, 5, 7), P9_LOCK_SUCCESS);
	CHECK_INT(lock(&b, 1, P9_LOCK_WRLCK, 0, 5, 7), P9_LOCK_SUCCESS);
	end_peers(&a, &b);
}

TEST(locks_of_two_processes_of_a_client_conflict_and_of_one_do_not)
{
	struct peer a, b;
	two_peers(&a, &b);
	CHECK_INT(t_open_path(&a, 2, "f", P9_O_RDWR), 0);
	CHECK_INT(lock(&a, 1, P9_LOCK_WRLCK, 0, 5, 7), P9_LOCK_SUCCESS);
	CHECK_INT(lock(&a, 2, P9_LOCK_WRLCK, 0, 10, 7),
		P9_LOCK_SUCCESS); /* through another open file */
	CHECK_INT(lock(&a, 2, P9_LOCK_WRLCK, 0, 5, 8), P9_LOCK_BLOCKED);
	/* unlocking through either */
	CHECK_INT(lock(&a, 2, P9_LOCK_UNLCK, 0, 0, 7), P9_LOCK_SUCCESS);
	CHECK_INT(lock(&a, 1, P9_LOCK_WRLCK, 0, 5, 8), P9_LOCK_SUCCESS);
	CHECK_INT(lock(&a, 1, P9_LOCK_UNLCK, 0, 0, 99), P9_LOCK_SUCCESS); /* nobody's */
	end_peers(&a, &b);
}

TEST(locks_end_with_the_last_fid_or_the_connection)
{
	struct peer a, b;
	two_peers(&a, &b);
	CHECK_INT(lock(&a, 1, P9_LOCK_WRLCK, 0, 0, 7), P9_LOCK_SUCCESS);
	CHECK_INT(lock(&b, 1, P9_LOCK_WRLCK, 0, 0, 7), P9_LOCK_BLOCKED);
	CHECK_INT(t_clunk(&a, 1), 0);
	CHECK_INT(lock(&b, 1, P9_LOCK_WRLCK, 0, 0, 7), P9_LOCK_SUCCESS);
	peer_stop(&b);
	peer_start(&b, (struct p9_options){});
	CHECK_INT(t_open_path(&a, 1, "f", P9_O_RDWR), 0);
	CHECK_INT(lock(&a, 1, P9_LOCK_WRLCK, 0, 0, 7), P9_LOCK_SUCCESS);
	end_peers(&a, &b);
}

TEST(local_programs_see_the_locks)
{
	struct peer a, b;
	two_peers(&a, &b);
	int fd = openat(tree_dir, "f", O_RDWR | O_CLOEXEC);
	struct flock fl = {.l_type = F_WRLCK, .l_len = 3};
	CHECK(!fcntl(fd, F_SETLK, &fl));
	CHECK_INT(lock(&a, 1, P9_LOCK_WRLCK, 0, 0, 7), P9_LOCK_BLOCKED);
	CHECK_INT(getlock(&a, 1, P9_LOCK_WRLCK, 0, 0, 7), P9_LOCK_WRLCK);
	CHECK_INT(a.r.rgetlock.proc_id, getpid());
	close(fd);
	CHECK_INT(lock(&a, 1, P9_LOCK_WRLCK, 0, 0, 7), P9_LOCK_SUCCESS);
	end_peers(&a, &b);
}

TEST(a_lock_that_waits_is_granted_when_the_other_ends)
{
	struct peer a, b;
	two_peers(&a, &b);
	CHECK_INT(lock(&a, 1, P9_LOCK_WRLCK, 0, 0, 7), P9_LOCK_SUCCESS);
	struct p9_msg m = lock_msg(1, P9_LOCK_WRLCK, 0, 0, 7, P9_LOCK_BLOCK);
	m.tag = 9;
	send_msg(&b, &m);
	/* others are served meanwhile, which also shows that it has been taken up */
	CHECK_INT(t_getattr(&b, 1), 0);
	CHECK_INT(t_write(&b, 1, 0, "x", 1), 1);
	CHECK_INT(lock(&a, 1, P9_LOCK_UNLCK, 0, 0, 7), P9_LOCK_SUCCESS);
	CHECK(recv_msg(&b));
	CHECK_INT(b.r.tag, 9);
	CHECK_INT(b.r.type, P9_Rlock);
	CHECK_INT(b.r.rlock.status, P9_LOCK_SUCCESS);
	CHECK_INT(lock(&a, 1, P9_LOCK_WRLCK, 0, 0, 7), P9_LOCK_BLOCKED);
	end_peers(&a, &b);
}

TEST(a_lock_that_waits_is_given_up_when_flushed)
{
	struct peer a, b;
	two_peers(&a, &b);
	CHECK_INT(lock(&a, 1, P9_LOCK_WRLCK, 0, 0, 7), P9_LOCK_SUCCESS);
	struct p9_msg m = lock_msg(1, P9_LOCK_WRLCK, 0, 0, 7, P9_LOCK_BLOCK);
	m.tag = 9;
	send_msg(&b, &m);
	/* Rflush comes, and no Rlock before or after it */
	CHECK_INT(CALL(&b, P9_Tflush, .tflush = {9}), 0);
	CHECK_INT(lock(&a, 1, P9_LOCK_UNLCK, 0, 0, 7), P9_LOCK_SUCCESS);
	CHECK_INT(t_getattr(&b, 1), 0);
	CHECK_INT(lock(&a, 1, P9_LOCK_WRLCK, 0, 0, 7), P9_LOCK_SUCCESS);
	end_peers(&a, &b);
}

TEST(waiting_locks_do_not_use_up_the_server)
{
	enum { N = 40 };
	struct peer a, b;
	unsigned blocked = 0;
	two_peers(&a, &b);
	CHECK_INT(lock(&a, 1, P9_LOCK_WRLCK, 0, 0, 7), P9_LOCK_SUCCESS);
	for (uint16_t i = 0; i < N; i++) {
		struct p9_msg m = lock_msg(1, P9_LOCK_WRLCK, i, 1, 100u, P9_LOCK_BLOCK);
		m.tag = (uint16_t)(100 + i);
		send_msg(&b, &m);
	}
	/* those above the limit are told to come again */
	for (uint16_t i = 0; i < N - 8; i++) {
		CHECK(recv_msg(&b));
		CHECK_INT(b.r.type, P9_Rlock);
		blocked += b.r.rlock.status == P9_LOCK_BLOCKED;
	}
	CHECK_INT(blocked, N - 8);
	CHECK_INT(t_getattr(&b, 1), 0);
	/* the connection ends while the others wait */
	end_peers(&b, &a);
}

TEST(a_write_lock_wants_a_file_that_may_be_written)
{
	struct peer a;
	tree_make();
	put_file("f", "x");
	peer_start(&a, (struct p9_options){});
	CHECK_INT(t_open_path(&a, 1, "f", P9_O_RDONLY), 0);
	CHECK_INT(lock(&a, 1, P9_LOCK_RDLCK, 0, 0, 7), P9_LOCK_SUCCESS);
	CHECK_INT(lock(&a, 1, 3, 0, 0, 7), -EINVAL);
	CHECK_INT(lock(&a, 1, P9_LOCK_RDLCK, UINT64_MAX, 1, 7), -EINVAL);
	CHECK_INT(lock(&a, 1, P9_LOCK_RDLCK, INT64_MAX, INT64_MAX, 7), -EOVERFLOW);
	CHECK_INT(lock(&a, 0, P9_LOCK_RDLCK, 0, 0, 7), -EBADF);
	CHECK_INT(getlock(&a, 1, 3, 0, 0, 7), -EINVAL);
	stop(&a);
}

TEST(there_is_a_limit_to_owners)
{
	struct peer a;
	int r = 0;
	uint32_t pid;
	tree_make();
	put_file("f", "x");
	peer_start(&a, (struct p9_options){});
	CHECK_INT(t_open_path(&a, 1, "f", P9_O_RDWR), 0);
	for (pid = 1; pid < 1000 && !r; pid++)
		r = lock(&a, 1, P9_LOCK_RDLCK, 0, 0, pid);
	CHECK_INT(r, -ENOLCK);
	CHECK_INT(lock(&a, 1, P9_LOCK_UNLCK, 0, 0, 1), P9_LOCK_SUCCESS);
	CHECK_INT(lock(&a, 1, P9_LOCK_RDLCK, 0, 0, pid), P9_LOCK_SUCCESS);
	stop(&a);
}

/* Who may only read must not keep others from writing and reading. */
TEST(a_read_only_client_takes_no_write_lock)
{
	struct peer a;
	tree_make();
	put_file("f", "0123456789");
	peer_start(&a, (struct p9_options){.read_only = true});
	CHECK_INT(t_open_path(&a, 1, "f", P9_O_RDONLY), 0);
	CHECK_INT(lock(&a, 1, P9_LOCK_WRLCK, 0, 0, 7), -EBADF);
	CHECK_INT(lock(&a, 1, P9_LOCK_RDLCK, 0, 0, 7), P9_LOCK_SUCCESS);
	peer_stop(&a);
	tree_remove();
}

/* --- flock --- */

static int flock_of(struct peer *p, uint32_t fid, uint8_t type)
{
	int r = call(p, lock_msg(fid, type, 0, 0, 7, P9_LOCK_FLOCK));
	return r ? r : p->r.rlock.status;
}

static void two_metac_peers(struct peer *a, struct peer *b)
{
	tree_make();
	put_file("f", "0123456789");
	peer_start_metac(a, (struct p9_options){});
	peer_start_metac(b, (struct p9_options){});
	CHECK_INT(t_open_path(a, 1, "f", P9_O_RDWR), 0);
	CHECK_INT(t_open_path(b, 1, "f", P9_O_RDONLY), 0);
}

TEST(flock_is_between_open_files_of_everybody)
{
	struct peer a, b;
	two_metac_peers(&a, &b);
	int fd = openat(tree_dir, "f", O_RDONLY | O_CLOEXEC);
	CHECK_INT(flock_of(&a, 1, P9_LOCK_RDLCK), P9_LOCK_SUCCESS);
	CHECK_INT(flock_of(&b, 1, P9_LOCK_RDLCK), P9_LOCK_SUCCESS);
	CHECK_INT(flock_of(&b, 1, P9_LOCK_WRLCK), P9_LOCK_BLOCKED);
	CHECK(flock(fd, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK);
	CHECK_INT(flock_of(&a, 1, P9_LOCK_UNLCK), P9_LOCK_SUCCESS);
	CHECK_INT(flock_of(&b, 1, P9_LOCK_WRLCK), P9_LOCK_SUCCESS); /* though not open to write */
	CHECK_INT(flock_of(&a, 1, P9_LOCK_RDLCK), P9_LOCK_BLOCKED);
	CHECK_INT(t_clunk(&b, 1), 0);
	CHECK(!flock(fd, LOCK_EX | LOCK_NB));
	CHECK_INT(flock_of(&a, 1, P9_LOCK_RDLCK), P9_LOCK_BLOCKED);
	/* Another open file of the same client is another holder; fcntl locks are another matter.
	 */
	CHECK(!flock(fd, LOCK_UN));
	CHECK_INT(t_openat(&a, 1, 2, "", P9_O_RDWR, 0), 0);
	CHECK_INT(flock_of(&a, 1, P9_LOCK_WRLCK), P9_LOCK_SUCCESS);
	CHECK_INT(flock_of(&a, 2, P9_LOCK_WRLCK), P9_LOCK_BLOCKED);
	CHECK_INT(lock(&a, 2, P9_LOCK_WRLCK, 0, 0, 8), P9_LOCK_SUCCESS);
	close(fd);
	end_peers(&a, &b);
}

TEST(flock_waits_and_is_flushed_like_the_others)
{
	struct peer a, b;
	two_metac_peers(&a, &b);
	CHECK_INT(flock_of(&a, 1, P9_LOCK_WRLCK), P9_LOCK_SUCCESS);
	struct p9_msg m = lock_msg(1, P9_LOCK_WRLCK, 0, 0, 7, P9_LOCK_BLOCK | P9_LOCK_FLOCK);
	m.tag = 9;
	send_msg(&b, &m);
	CHECK_INT(t_getattr(&b, 1), 0);
	CHECK_INT(flock_of(&a, 1, P9_LOCK_UNLCK), P9_LOCK_SUCCESS);
	CHECK(recv_msg(&b));
	CHECK_INT(b.r.tag, 9);
	CHECK_INT(b.r.rlock.status, P9_LOCK_SUCCESS);
	m.tlock.fid = 1;
	send_msg(&a, &m);
	CHECK_INT(CALL(&a, P9_Tflush, .tflush = {9}), 0);
	CHECK_INT(flock_of(&b, 1, P9_LOCK_UNLCK), P9_LOCK_SUCCESS);
	CHECK_INT(flock_of(&b, 1, P9_LOCK_WRLCK), P9_LOCK_SUCCESS);
	end_peers(&a, &b);
}

TEST(flock_knows_what_it_can_lock)
{
	struct peer a;
	tree_make();
	put_file("f", "x");
	peer_start_metac(&a, (struct p9_options){});
	CHECK_INT(flock_of(&a, 0, P9_LOCK_RDLCK), -EBADF);
	CHECK_INT(t_openat(&a, 0, 1, "", P9_O_RDONLY, 0), 0);
	CHECK_INT(flock_of(&a, 1, P9_LOCK_WRLCK), P9_LOCK_SUCCESS); /* a directory */
	CHECK_INT(flock_of(&a, 1, 3), -EINVAL);
	CHECK_INT(call(&a, lock_msg(1, P9_LOCK_RDLCK, 1, 0, 7, P9_LOCK_FLOCK)), -EINVAL);
	peer_stop(&a);
	peer_start_metac(&a, (struct p9_options){.read_only = true});
	CHECK_INT(t_openat(&a, 0, 1, "f", P9_O_RDONLY, 0), 0);
	CHECK_INT(flock_of(&a, 1, P9_LOCK_WRLCK), -EBADF);
	CHECK_INT(flock_of(&a, 1, P9_LOCK_RDLCK), P9_LOCK_SUCCESS);
	stop(&a);
}
