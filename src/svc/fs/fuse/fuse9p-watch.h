/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What the server tells without being asked, and so how long the kernel here, and we, may believe
 * what it answered (docs/9p2000.L.metac.md, "Watching").
 *
 * Time is counted in events: f9_watch_now() is the number of the last one heard.  It is taken when
 * a request is sent (f9_send() does it, into op->asked); an answer is believed for long only if no
 * event since then concerns what it is about, since such an answer may be older than the event.
 *
 *	op->asked = f9_watch_now(fs); send Tlookup; ... Rlookup:
 *	n = f9_node_get(fs, &attr.qid, dir, name);
 *	asked = f9_watch_answer(fs, dir, n, attr, op->asked, rlookup.flags);
 *	e.entry_timeout = f9_entry_timeout(fs, dir, name, n, asked);
 *	e.attr_timeout = f9_attr_timeout(fs, n, attr, asked);
 *
 * Everything here works, and says F9_TIMEOUT, on a connection that watches nothing.
 */
#include "svc/fs/fuse/fuse9p.h"

#define F9_TIMEOUT_WATCHED 3600.0 /* seconds: until an event */

enum {
	F9_EVENTS_WAITING = 2, /* Tevents kept waiting at the server */
	F9_EVENTS_SIZE = 65536, /* bytes one may bring */
	F9_NAMES_TOLD_MAX = 65536, /* names remembered that no node has (negative, second ones) */
	F9_WATCH_LISTENERS = 4,
};

int f9_watch_new(struct f9 *fs);
void f9_watch_free(struct f9 *fs);

/* A connection begins (after Rsession): asks for events if fs->watches, and, when it is not the
 * first, believes nothing any more of what was said on the one before (f9_watch_distrust). */
void f9_watch_begin(struct f9 *fs);
/* Nothing that was answered before is to be believed: it is forgotten at once here, and what the
 * kernel was told for long is taken back, in batches (f9_inval_run), names and attributes.  Data
 * stays cached; the kernel drops it when it sees other attributes, or an open finds it changed. */
void f9_watch_distrust(struct f9 *fs);

/* Goes on with taking things back, and with asking for events (fuse9p-inval.c). */
void f9_watch_run(struct f9 *fs);

/* --- for those who get answers --- */

/* The number of the last event. */
uint64_t f9_watch_now(const struct f9 *fs);

/* An answer with flags came (Rlookup, Ropenat, Rreaddirplus: once for each entry), asked for with
 * P9_WANT_WATCH in dir when f9_watch_now() was `asked`.  n, attr: what the name stands for, NULL if
 * nothing; or if there was no name. Returns what to say as `asked` about this answer from then on:
 * the number of an event up to which it is good. Without P9_GOT_WATCH nothing happens. */
uint64_t f9_watch_answer(struct f9 *fs, struct f9_node *dir, struct f9_node *n,
	const struct p9_attr *attr, uint64_t asked, uint32_t flags);

/* Seconds that the kernel may believe that name in dir stands for n (NULL: for nothing), as an
 * answer to what was asked then says.  The kernel is about to be told: it is remembered, to be
 * taken back. */
double f9_entry_timeout(
	struct f9 *fs, struct f9_node *dir, const char *name, struct f9_node *n, uint64_t asked);
/* The same for n's attributes. Call it after n has got its name (f9_node_get). */
double f9_attr_timeout(
	struct f9 *fs, struct f9_node *n, const struct p9_attr *attr, uint64_t asked);

/* --- for those who keep what was answered --- */

/* Events tell of changes to the object (for a directory: and to names in it). */
bool f9_watched(const struct f9 *fs, const struct f9_node *n);
/* What an answer to something asked then said about n's attributes, content or names is still so:
 * n has been watched since, and nothing was told. */
bool f9_unchanged_since(const struct f9 *fs, const struct f9_node *n, uint64_t asked);

/* How many Tevents were sent so far; and whether one of the first `sent` waits at the server still.
 * A lock asked for when `sent` were, and got while one of them waits, came after all that others
 * changed before: the server tells it first. */
uint64_t f9_watch_sent(const struct f9 *fs);
bool f9_watch_told_all(const struct f9 *fs, uint64_t sent);

/* fn is called for each event about n, before the kernel hears of it; with n NULL when everything
 * may have changed.  It may not free nodes. At most F9_WATCH_LISTENERS. */
typedef void (*f9_changed_fn)(struct f9 *fs, struct f9_node *n);
void f9_watch_listen(struct f9 *fs, f9_changed_fn fn);

/* --- for fuse9p-node.c --- */

/* A node was made; it got its name. */
void f9_watch_node_new(struct f9 *fs, struct f9_node *n);
void f9_watch_named(struct f9 *fs, struct f9_node *n);
/* We gave a node this name ourselves, by what was asked then. */
void f9_watch_moved(struct f9 *fs, struct f9_node *dir, const char *name, uint64_t asked);
/* We removed the name ourselves, and the kernel forgets what it had. */
void f9_watch_removed(struct f9 *fs, struct f9_node *dir, const char *name);
/* It is about to lose the name it has. gone: nothing has this name any more, as the kernel knows.
 */
void f9_watch_unnamed(struct f9 *fs, struct f9_node *n, bool gone);
