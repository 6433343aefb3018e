/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The 9P servers that run for this service, and the journals of the sessions they serve.
 *
 * A client that names a session (Filesystem.v9fsStream) comes back after its connection was lost.
 * What its requests came to is in a journal (docs/9p2000.L.metac.md, "Not twice"), a file named
 * after a hash of the directory with its rights and the session's id, so that nobody comes by
 * another's.  There is one server for a session at a time (worker.h): the one before is gone, and
 * its locks and its hold of the journal have gone when the next one starts.
 *
 *	RUNTIME/sessions/HASH   0600; removed when the client says so, a day after its last use, or
 *				when there are too many and its client was away longest
 */
#include "svc/fs/view.h"
#include "svc/fs/worker.h"

struct fs_service;

enum {
	SERVED_JOURNALS_MAX = 4096,
	SERVED_JOURNAL_SECONDS = 24 * 3600,
	SERVED_AWAY_SECONDS = 300, /* after which one goes to make room for another */
};

struct served *served_new(struct fs_service *fs); /* NULL: out of memory */
/* The servers themselves belong to their streams. NULL is accepted. */
void served_free(struct served *sv);

/* For stream_source.after: see worker_before(). */
int served_before(struct served *sv, const struct session_id *s);
/* Starts a server of the view on the connection conn (borrowed), the server before being gone. 0
 * or negative errno with e set. */
int served_start(struct served *sv, const struct view *v, const struct session_id *s, int conn,
	struct spawn_child *ret, struct err *e);
/* The session's client is not coming back. */
void served_end_session(struct served *sv, const struct session_id *s);

/* Answers FilesystemServiceAdmin.sessions, when all servers have been asked. */
void served_list(struct served *sv, struct fs_filesystem_service_admin_sessions_ctx cx);
