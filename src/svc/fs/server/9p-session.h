/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Requests that must not be done twice (docs/9p2000.L.metac.md, "Not twice"), in a server that may
 * be killed at any moment.
 *
 *	Tonce slot seq --> what was found before, BEGUN --> the operation --> DONE, the answer
 *
 * The same seq again, to this server or the one after it, is answered from the journal.  If it was
 * begun and not done, p9_session_run looks what became of it: at the objects that the names stand
 * for now, and stood for before it began.
 */
#include "svc/fs/server/9p-tree.h"

struct p9_session;

/* journal_fd (borrowed, kept open by the caller): the session's file; 0: there is none, and nothing
 * outlives this server. 0 or negative errno (p9_journal_open). */
int p9_session_new(const struct p9_tree *tree, int journal_fd, struct p9_session **ret);
void p9_session_free(struct p9_session *s);

/* enum p9_session_flags without P9_SESSION_WATCHES. */
uint32_t p9_session_flags(const struct p9_session *s);

/* As p9_tree_run, for a request with once.seq. -EINVAL: a seq that is over, or another request than
 * the one that had it; -EBUSY: the slot has another request under way. */
int p9_session_run(struct p9_session *s, struct p9_job *j);
