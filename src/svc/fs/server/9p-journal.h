/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What became of a session's requests that must not be done twice: a record for each slot of Tonce
 * (docs/9p2000.L.metac.md, "Not twice").
 *
 * It lies in a file that is mapped, so that what a server wrote last is there for the next one,
 * however the first came to its end; not after a reboot, when nothing of the kind can be known. The
 * server locks the file (flock) as long as it lives.  Without a file the journal is in memory, and
 * ends with the connection.
 *
 * Nobody but the service and its servers can write to the file.  All the same, what is not from
 * this boot, this version and this tree, or does not look like a record, counts as nothing.
 */
#include "wire/9p/9p-codec.h"

#include <sys/types.h>

struct p9_journal;

/* An object as it was found by a name. */
struct p9_journal_object {
	uint64_t dev, ino;
	uint64_t born; /* nanoseconds since 1970: tells apart what had the same ino; 0: not known */
	uint32_t mode;
	uint32_t there; /* 0: there was no such name */
};

enum p9_journal_state {
	P9_JOURNAL_NOTHING, /* not begun, or not known to have been */
	P9_JOURNAL_BEGUN, /* `name` to `size` are true, the operation may have been done */
	P9_JOURNAL_DONE, /* and so are `error` to `qid` */
};

/* The order in which members are written and `state` is changed makes a record true at any moment
 * at which the process may be killed: p9_journal_begin and p9_journal_done see to it. */
struct p9_journal_record {
	uint32_t seq;
	uint8_t state; /* enum p9_journal_state */
	uint8_t type; /* of the request */
	uint16_t in_use; /* by a request of this process */
	uint64_t digest; /* of the request, without its fids */

	struct p9_journal_object name, name2; /* before it began */
	uint64_t size; /* of a file before it was appended to */

	int32_t error; /* 0 or negative errno */
	uint32_t count; /* Rwrite */
	struct p9_attr attr;
	struct p9_qid qid; /* answers that have that alone */
};

enum { P9_JOURNAL_LOCK_MS = 10000 }; /* how long a server before us may take to be gone */

/* fd (borrowed; it must stay open): a file for reading and writing, or negative: in memory. root:
 * what the session is about.  *ret_kept: the file has what another server wrote for the same tree
 * since the last boot.  0, -EAGAIN (somebody else holds the lock), other negative errno.  Before
 * the process gives up its rights. */
int p9_journal_open(
	int fd, dev_t root_dev, ino_t root_ino, struct p9_journal **ret, bool *ret_kept);
void p9_journal_close(struct p9_journal *j);
DEFINE_AUTO(struct p9_journal *, p9_journal_close);

/* The slot's record for one request; NULL while another request has it. slot < P9_ONCE_SLOTS. */
struct p9_journal_record *p9_journal_claim(struct p9_journal *j, uint16_t slot);
void p9_journal_release(struct p9_journal_record *r);

/* Another request begins: what r knew is forgotten. `now` has seq, type, digest, and what was found
 * before. */
void p9_journal_begin(struct p9_journal_record *r, const struct p9_journal_record *now);
/* `now` has error, count, attr and qid. */
void p9_journal_done(struct p9_journal_record *r, const struct p9_journal_record *now);
