/* SPDX-License-Identifier: MIT */
/*
 * Theory of operation: opening.  rows.c has the rest.
 *
 * A new database is built whole under another name and renamed into place, so a file of the right
 * name is always a complete database: one that is empty or cut short is damaged, never "new".
 * Checks come before anything that writes (switching to WAL, migrating), and until they have passed
 * sqlite is told not to checkpoint on closing: a bad file is left as it was found, for whoever
 * repairs it.  The lock is exclusive for the life of the process: a second one is refused, and
 * sqlite needs no shared memory file.
 */
#include "store/store-internal.h"

#include "base/log.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>

#define FILE_NAME "persistence.db"
#define NEW_NAME "persistence.db.new"

enum {
	APPLICATION_ID = 0x6d746163, /* "mtac" */
	BUSY_TIMEOUT_MS = 2000,
};

/* Element i brings user_version from i to i + 1. Entries are never changed once released. */
static const char *const migrations[] = {
	"CREATE TABLE objects("
	" service TEXT NOT NULL,"
	" runtime_id TEXT NOT NULL,"
	" category TEXT NOT NULL,"
	" summary TEXT NOT NULL,"
	" description BLOB NOT NULL,"
	" created INTEGER NOT NULL,"
	" waits INTEGER NOT NULL CHECK(waits IN (0, 1)),"
	" PRIMARY KEY(service, runtime_id)"
	") STRICT;"
	"CREATE TABLE refs("
	" hash BLOB NOT NULL PRIMARY KEY CHECK(length(hash) = 32),"
	" service TEXT NOT NULL,"
	" runtime_id TEXT,"
	" parent BLOB REFERENCES refs(hash) ON DELETE CASCADE CHECK(parent <> hash),"
	" created INTEGER NOT NULL,"
	" expires INTEGER NOT NULL,"
	" FOREIGN KEY(service, runtime_id) REFERENCES objects(service, runtime_id)"
	"  ON DELETE CASCADE"
	") STRICT;"
	"CREATE INDEX refs_by_object ON refs(service, runtime_id);"
	"CREATE INDEX refs_by_parent ON refs(parent);",
};

int store_errno(sqlite3 *db, int rc)
{
	switch (rc & 0xff) {
	case SQLITE_OK:
	case SQLITE_DONE:
	case SQLITE_ROW:
		return 0;
	case SQLITE_FULL:
		return -ENOSPC;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
	case SQLITE_FORMAT:
		return -EUCLEAN;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return -EBUSY;
	case SQLITE_READONLY:
		return -EROFS;
	case SQLITE_NOMEM:
		return -ENOMEM;
	case SQLITE_CONSTRAINT:
		return -EINVAL;
	case SQLITE_TOOBIG:
		return -EFBIG;
	case SQLITE_PERM:
	case SQLITE_AUTH:
		return -EACCES;
	case SQLITE_IOERR:
	case SQLITE_CANTOPEN: {
		int saved = db ? sqlite3_system_errno(db) : 0;
		return saved > 0 ? -saved : -EIO;
	}
	default:
		return -EIO;
	}
}

static int exec(sqlite3 *db, const char *sql)
{
	return store_errno(db, sqlite3_exec(db, sql, NULL, NULL, NULL));
}

/* First column of the first row, as number or as text (truncated to size). */
static int query(sqlite3 *db, const char *sql, int64_t *ret, char *text, size_t size)
{
	sqlite3_stmt *st = NULL;
	int rc = sqlite3_prepare_v2(db, sql, -1, &st, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_step(st);
	int r = rc == SQLITE_ROW ? 0 : rc == SQLITE_DONE ? -ENOENT : store_errno(db, rc);
	if (r == 0 && ret)
		*ret = sqlite3_column_int64(st, 0);
	if (r == 0 && text) {
		const char *t = (const char *)sqlite3_column_text(st, 0);
		(void)snprintf(text, size, "%s", t ? t : "");
	}
	sqlite3_finalize(st);
	return r;
}

static int open_db(const char *path, sqlite3 **ret)
{
	int rc = sqlite3_open_v2(path, ret, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
	if (rc != SQLITE_OK)
		return store_errno(*ret, rc);
	sqlite3 *db = *ret;
	sqlite3_extended_result_codes(db, 1);
	sqlite3_busy_timeout(db, BUSY_TIMEOUT_MS);
	sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	sqlite3_limit(db, SQLITE_LIMIT_LENGTH, 16 << 20);
	sqlite3_limit(db, SQLITE_LIMIT_ATTACHED, 0);
	return exec(db,
		"PRAGMA locking_mode = EXCLUSIVE; PRAGMA temp_store = MEMORY;"
		"PRAGMA cell_size_check = ON; PRAGMA foreign_keys = ON; PRAGMA mmap_size = 0");
}

static int migrate(sqlite3 *db, int64_t from)
{
	for (size_t i = (size_t)from; i < ARRAY_SIZE(migrations); i++) {
		char sql[64];
		(void)snprintf(sql, sizeof(sql), "PRAGMA user_version = %zu; COMMIT", i + 1);
		int r = exec(db, "BEGIN IMMEDIATE");
		if (r == 0)
			r = exec(db, migrations[i]);
		if (r == 0)
			r = exec(db, sql);
		if (r < 0) {
			if (!sqlite3_get_autocommit(db))
				(void)exec(db, "ROLLBACK");
			return r;
		}
	}
	return 0;
}

static int damaged(struct err *e, const char *path, const char *detail)
{
	return err_set(e, -EUCLEAN,
		"%s is damaged (corrupt database: %s). It holds this node's references and was "
		"left untouched. "
		"Stop metacd; then put back a copy, or rescue what is readable with "
		"\"sqlite3 %s .recover\", or move the file away to start without any reference",
		path, detail, path);
}

static int verify(sqlite3 *db, const char *path, struct err *e, int64_t *ret_version)
{
	char text[160];
	int64_t app = 0;
	int r = query(db, "PRAGMA application_id", &app, NULL, 0);
	if (r == 0)
		r = query(db, "PRAGMA user_version", ret_version, NULL, 0);
	if (r == 0 && app != APPLICATION_ID) {
		if (app == 0 && *ret_version == 0)
			return damaged(e, path, "empty");
		return err_set(e, -EMEDIUMTYPE,
			"%s is the database of another program; "
			"move it away or choose another state directory",
			path);
	}
	if (r == 0 && *ret_version > (int64_t)ARRAY_SIZE(migrations))
		return err_set(e, -EPROTONOSUPPORT,
			"%s was written by a newer metac (format %lld, this one knows up to %zu); "
			"use that version, or put back a copy from before",
			path, (long long)*ret_version, ARRAY_SIZE(migrations));
	if (r == 0 && *ret_version < 1)
		return damaged(e, path, "no format number");
	if (r == 0)
		r = query(db, "PRAGMA quick_check(1)", NULL, text, sizeof(text));
	if (r == 0 && strcmp(text, "ok") != 0)
		return damaged(e, path, text);
	if (r == 0)
		return 0;
	if (r == -EUCLEAN)
		return damaged(e, path, sqlite3_errmsg(db));
	if (r == -EBUSY)
		return err_set(e, r, "%s is in use by another process (a second metacd?)", path);
	return err_errno(e, r, "read %s", path);
}

/* What must hold before sqlite touches the file: regular, ours alone. */
static int check_file(int dir_fd, const char *path, struct err *e)
{
	AUTO_CLOSE int fd = openat(dir_fd, FILE_NAME, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0)
		return errno == ENOENT ? -ENOENT : err_errno(e, -errno, "open %s", path);
	struct stat st;
	if (fstat(fd, &st) < 0)
		return err_errno(e, -errno, "look at %s", path);
	if (!S_ISREG(st.st_mode))
		return err_set(e, -EMEDIUMTYPE, "%s is not a regular file", path);
	if (st.st_size == 0)
		return damaged(e, path, "empty");
	if (st.st_mode & 077) {
		log_warning("%s was open to others (mode %03o): now 0600", path,
			(unsigned)st.st_mode & 0777);
		if (fchmod(fd, 0600) < 0)
			return err_errno(e, -errno, "make %s private", path);
	}
	return 0;
}

static int build_new(int dir_fd, const char *new_path)
{
	AUTO_CLOSE int fd =
		openat(dir_fd, NEW_NAME, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -errno;
	sqlite3 *db = NULL;
	char sql[64];
	(void)snprintf(sql, sizeof(sql), "PRAGMA application_id = %d", APPLICATION_ID);
	int r = open_db(new_path, &db);
	if (r == 0)
		r = exec(db, sql);
	if (r == 0)
		r = migrate(db, 0);
	int rc = sqlite3_close(db);
	if (r == 0)
		r = store_errno(NULL, rc);
	if (r == 0 && fsync(fd) < 0)
		r = -errno;
	return r;
}

/* Builds the database under another name and puts it in place. */
static int create_file(int dir_fd, const char *dir, const char *path, struct err *e)
{
	struct stat st;
	/* sqlite would replay an old write-ahead log into the new file. */
	if (fstatat(dir_fd, FILE_NAME "-wal", &st, AT_SYMLINK_NOFOLLOW) == 0)
		return err_set(e, -EUCLEAN,
			"%s is missing, but %s-wal is there: put both back from a copy, or move "
			"%s-wal away to start without any reference",
			path, path, path);
	static const char *const left[] = {NEW_NAME, NEW_NAME "-journal"};
	for (size_t i = 0; i < ARRAY_SIZE(left); i++)
		if (unlinkat(dir_fd, left[i], 0) < 0 && errno != ENOENT)
			return err_errno(e, -errno, "remove %s/%s", dir, left[i]);
	char new_path[PATH_MAX];
	(void)snprintf(new_path, sizeof(new_path), "%s/%s", dir, NEW_NAME);
	int r = build_new(dir_fd, new_path);
	if (r == 0 && renameat(dir_fd, NEW_NAME, dir_fd, FILE_NAME) < 0)
		r = -errno;
	if (r == 0 && fsync(dir_fd) < 0)
		r = -errno;
	if (r < 0) {
		for (size_t i = 0; i < ARRAY_SIZE(left); i++)
			(void)unlinkat(dir_fd, left[i], 0);
		return err_errno(e, r, "create %s", path);
	}
	return 0;
}

/* The checked database: WAL, current format, statements ready. */
static int set_up(struct store *s, int64_t version, const char *path, struct err *e)
{
	char mode[16];
	int r = query(s->db, "PRAGMA journal_mode = WAL", NULL, mode, sizeof(mode));
	if (r == 0 && strcmp(mode, "wal") != 0)
		r = -ENOTSUP;
	if (r == 0)
		r = exec(s->db, "PRAGMA synchronous = FULL; PRAGMA journal_size_limit = 1048576");
	if (r == 0)
		r = migrate(s->db, version);
	if (r == 0)
		r = store_prepare(s);
	if (r == -EUCLEAN)
		return damaged(e, path, sqlite3_errmsg(s->db));
	if (r < 0)
		return err_errno(e, r, "prepare %s", path);
	sqlite3_db_config(s->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, NULL);
	return 0;
}

int store_open(const char *dir, struct err *e, struct store **ret)
{
	assert(dir && e);
	char path[PATH_MAX];
	if (strlen(dir) + sizeof(NEW_NAME "-journal") + 1 > sizeof(path))
		return err_errno(e, -ENAMETOOLONG, "state directory");
	(void)snprintf(path, sizeof(path), "%s/%s", dir, FILE_NAME);
	AUTO_CLOSE int dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir_fd < 0)
		return err_errno(e, -errno, "open state directory %s", dir);
	mode_t mask = umask(077); /* for the files sqlite makes beside ours */
	int r = check_file(dir_fd, path, e);
	if (r == -ENOENT)
		r = create_file(dir_fd, dir, path, e);
	AUTO(store_free) struct store *s = r == 0 ? calloc(1, sizeof(*s)) : NULL;
	if (r == 0 && !s)
		r = err_errno(e, -ENOMEM, "open %s", path);
	int64_t version = 0;
	if (r == 0) {
		r = open_db(path, &s->db);
		if (r == -EUCLEAN)
			damaged(e, path, sqlite3_errmsg(s->db));
		else if (r < 0)
			err_errno(e, r, "open %s", path);
	}
	if (r == 0)
		r = verify(s->db, path, e, &version);
	if (r == 0)
		r = set_up(s, version, path, e);
	umask(mask);
	if (r == 0)
		*ret = TAKE_PTR(s);
	return r;
}

void store_free(struct store *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < STMT_N; i++)
		sqlite3_finalize(s->stmt[i]);
	(void)sqlite3_close(s->db);
	free(s);
}
