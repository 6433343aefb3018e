/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * For the tests of what must not be done twice: servers of one session, one after the other.
 */
#include "svc/fs/server/9p-journal.h"
#include "svc/fs/server/test-9p.h"

#include <sys/mman.h>

enum { SLOT = 5 };

static int journal;

UNUSED static void journal_make(void)
{
	journal = memfd_create("journal", MFD_CLOEXEC);
	CHECK(journal > 0);
}

UNUSED static uint32_t session_flags(struct peer *p)
{
	CHECK_INT(CALL(p, P9_Tsession), 0);
	return p->r.rsession.flags;
}

UNUSED static void begin_session(struct peer *p)
{
	tree_make();
	journal_make();
	peer_start_metac(p, (struct p9_options){.session_fd = journal});
	CHECK_INT(session_flags(p) & P9_SESSION_KEPT, 0);
}

/* The next server of the session. */
UNUSED static void next_server(struct peer *p)
{
	peer_stop(p);
	peer_start_metac(p, (struct p9_options){.session_fd = journal});
	CHECK_INT(session_flags(p) & P9_SESSION_KEPT, P9_SESSION_KEPT);
}

UNUSED static void end_session(struct peer *p)
{
	stop(p);
	close(journal);
}

/* The next server, which finds the slot's request begun. */
/* What the test has removed and made again so that it was never removed: set by the test. */
UNUSED static const char *remade;

static void note_remade(struct p9_journal_object *o)
{
	struct statx sx;
	CHECK(!statx(tree_dir, remade, AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS | STATX_BTIME, &sx));
	o->ino = sx.stx_ino;
	o->born = (uint64_t)sx.stx_btime.tv_sec * 1000000000 + sx.stx_btime.tv_nsec;
}

UNUSED static void next_server_after_kill(struct peer *p)
{
	struct p9_journal *j;
	struct stat st;
	bool kept;
	peer_stop(p);
	CHECK(!fstat(tree_dir, &st));
	CHECK_INT(p9_journal_open(journal, st.st_dev, st.st_ino, &j, &kept), 0);
	CHECK(kept);
	struct p9_journal_record *r = p9_journal_claim(j, SLOT);
	CHECK(r && r->state == P9_JOURNAL_DONE);
	r->state = P9_JOURNAL_BEGUN;
	if (remade)
		note_remade(&r->name);
	p9_journal_release(r);
	p9_journal_close(j);
	peer_start_metac(p, (struct p9_options){.session_fd = journal});
}

UNUSED static int once(struct peer *p, uint32_t seq, struct p9_msg m)
{
	m.tag = 1;
	m.once = (struct p9_once){.slot = SLOT, .seq = seq};
	return call(p, m);
}

UNUSED static bool there(const char *name)
{
	struct stat st;
	return !fstatat(tree_dir, name, &st, AT_SYMLINK_NOFOLLOW);
}

UNUSED static uint64_t inode(const char *name)
{
	struct stat st;
	CHECK(!fstatat(tree_dir, name, &st, AT_SYMLINK_NOFOLLOW));
	return st.st_ino;
}

UNUSED static void check_content(const char *name, const char *text)
{
	char buf[256];
	int fd = openat(tree_dir, name, O_RDONLY | O_CLOEXEC);
	CHECK(fd >= 0);
	ssize_t n = read(fd, buf, sizeof(buf) - 1);
	CHECK(n >= 0);
	buf[n] = 0;
	close(fd);
	CHECK_STR(buf, text);
}

/* Fids: 0 the tree, 9 the file "f", 10 the same open for appending. */
UNUSED static void walk_to_files(struct peer *p)
{
	CHECK_INT(t_walk(p, 0, 9, "f"), 0);
	CHECK_INT(t_openat(p, 0, 10, "f", P9_O_WRONLY | P9_O_APPEND, 0), 0);
}

UNUSED static struct p9_msg makeat(const char *name, uint32_t mode, const char *target)
{
	struct p9_msg m = {.type = P9_Tmakeat};
	m.tmakeat.newfid = P9_NOFID;
	m.tmakeat.name = p9_str(name);
	m.tmakeat.mode = mode;
	m.tmakeat.target = p9_str(target);
	m.tmakeat.gid = (uint32_t)-1;
	m.tmakeat.request_mask = P9_GETATTR_BASIC;
	return m;
}

UNUSED static struct p9_msg createat(uint32_t newfid, const char *name, uint32_t flags)
{
	struct p9_msg m = {.type = P9_Tcreateat};
	m.tcreateat.newfid = newfid;
	m.tcreateat.name = p9_str(name);
	m.tcreateat.open_flags = flags;
	m.tcreateat.mode = 0444;
	m.tcreateat.gid = (uint32_t)-1;
	m.tcreateat.request_mask = P9_GETATTR_BASIC;
	return m;
}

UNUSED static struct p9_msg append(const char *text)
{
	return (struct p9_msg){
		.type = P9_Twrite, .twrite = {10, 0, {text, (uint32_t)strlen(text)}}};
}
