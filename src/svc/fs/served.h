/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The 9P servers that run for this service, and the journals of the sessions they serve.
 *
 * A client that names a session (Filesystem.v9fsStream) comes back after its connection was lost.
 * What its requests came to is in a journal (docs/9p2000.L.metac.md, "Not twice"), a file named
 * after a hash of the directory with its rights and the session's id, so that nobody comes by
 * another's.  There is one server for a session at a time: the one before is killed first, so that
 * its locks and its hold of the journal have gone when the next one starts.
 *
 *	RUNTIME/sessions/HASH   0600; removed when the client says so, a day after its last use, or
 *				when there are too many and its client was away longest
 */
#include "svc/fs/view.h"
#include "sys/spawn.h"

#include <systemd/sd-event.h>

struct fs_service;

enum {
	SERVED_SESSION_MIN = 16, /* bytes of a session's id */
	SERVED_SESSION_MAX = 64,
	SERVED_CLIENT_MAX = 64, /* bytes of what the client calls itself */
	SERVED_JOURNALS_MAX = 4096,
	SERVED_JOURNAL_SECONDS = 24 * 3600,
	SERVED_AWAY_SECONDS = 300, /* after which one goes to make room for another */
	SERVED_KILL_MS = 1000, /* for a killed server to be gone */
	SERVED_NAME_SIZE = 65,
};

/* What a 9P stream is opened with. */
struct served_session {
	char name[SERVED_NAME_SIZE]; /* of the journal; "" = no session */
	char client[SERVED_CLIENT_MAX + 1];
};

/* 0, or -EINVAL: an id of a length that is not allowed. */
int served_session_set(struct served_session *s, const struct view *v, struct fs_session_r from);
int served_session_id(struct served_session *s, const struct view *v, struct vat_data id);

struct served *served_new(struct fs_service *fs); /* NULL: out of memory */
/* The servers themselves belong to their streams. NULL is accepted. */
void served_free(struct served *sv);

/* Starts a server of the view on the connection conn (borrowed). 0 or negative errno with e set:
 * -EAGAIN the server before does not go away. */
int served_start(struct served *sv, const struct view *v, const struct served_session *s, int conn,
	struct spawn_child *ret, struct err *e);
/* The session's client is not coming back. */
void served_end_session(struct served *sv, const struct served_session *s);

/* Answers FilesystemServiceAdmin.sessions, when all servers have been asked. */
void served_list(struct served *sv, struct fs_filesystem_service_admin_sessions_ctx cx);
