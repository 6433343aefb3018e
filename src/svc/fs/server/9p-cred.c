/* SPDX-License-Identifier: MIT */
/*
 * Theory of operation: 9p-cred.h.  The C library's setgroups() would change all threads (POSIX
 * wants that), so the raw system calls are used.  A thread remembers who it is and calls the kernel
 * only for a change; in the usual case, root all the time, that is never.
 */
#include "svc/fs/server/9p-cred.h"

#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <sys/fsuid.h>
#include <sys/syscall.h>

struct p9_user {
	struct p9_cred cred;
	char name[33];
};

/* What the kernel thinks this thread is; zero is root, as every thread starts. */
static __thread struct {
	const struct p9_cred *cred; /* groups are those of this one */
	uid_t uid;
	gid_t gid;
} now;

static struct p9_user *user_by_name(struct p9_cred_db *db, const char *name, size_t len)
{
	for (size_t i = 0; i < db->n_users; i++) {
		const char *n = db->users[i].name;
		if (strlen(n) == len && !memcmp(n, name, len))
			return &db->users[i];
	}
	return NULL;
}

static int read_users(struct p9_cred_db *db)
{
	FILE *f = fopen("/etc/passwd", "re");
	if (!f)
		return 0;
	db->users = calloc(P9_USERS_MAX, sizeof(*db->users));
	struct passwd *pw;
	while (db->users && db->n_users < P9_USERS_MAX && (pw = fgetpwent(f))) {
		struct p9_user *u = &db->users[db->n_users];
		if (strlen(pw->pw_name) >= sizeof(u->name))
			continue;
		strcpy(u->name, pw->pw_name);
		u->cred.uid = pw->pw_uid;
		u->cred.gid = pw->pw_gid;
		db->n_users++;
	}
	fclose(f);
	return db->users ? 0 : -ENOMEM;
}

static void read_groups(struct p9_cred_db *db)
{
	FILE *f = fopen("/etc/group", "re");
	if (!f)
		return;
	struct group *gr;
	while ((gr = fgetgrent(f))) {
		for (char **m = gr->gr_mem; *m; m++) {
			struct p9_user *u = user_by_name(db, *m, strlen(*m));
			if (u && u->cred.n_groups < P9_CRED_GROUPS_MAX)
				u->cred.groups[u->cred.n_groups++] = gr->gr_gid;
		}
	}
	fclose(f);
}

int p9_cred_db_init(struct p9_cred_db *db, bool fixed)
{
	*db = (struct p9_cred_db){.fixed = fixed};
	pthread_mutex_init(&db->lock, NULL);
	if (fixed)
		return 0;
	int r = read_users(db);
	if (!r)
		read_groups(db);
	return r;
}

void p9_cred_db_done(struct p9_cred_db *db)
{
	for (size_t i = 0; i < db->n_creds; i++)
		free(db->creds[i]);
	free(db->users);
	pthread_mutex_destroy(&db->lock);
}

static struct p9_cred describe(const struct p9_cred_db *db, uid_t uid)
{
	struct p9_cred c = {.uid = uid, .gid = P9_NOBODY};
	if (!uid || db->fixed)
		return (struct p9_cred){.uid = uid};
	for (size_t i = 0; i < db->n_users; i++) {
		if (db->users[i].cred.uid == uid)
			return db->users[i].cred;
	}
	return c;
}

static int find_or_add(struct p9_cred_db *db, uid_t uid, const struct p9_cred **ret)
{
	for (size_t i = 0; i < db->n_creds; i++) {
		if (db->creds[i]->uid == uid) {
			*ret = db->creds[i];
			return 0;
		}
	}
	if (db->n_creds == P9_CREDS_MAX)
		return -EUSERS;
	struct p9_cred *c = malloc(sizeof(*c));
	if (!c)
		return -ENOMEM;
	*c = describe(db, uid);
	db->creds[db->n_creds++] = c;
	*ret = c;
	return 0;
}

int p9_cred_find(
	struct p9_cred_db *db, uint32_t n_uname, struct p9_str uname, const struct p9_cred **ret)
{
	uid_t uid = n_uname;
	if (db->fixed) {
		uid = geteuid();
	} else if (n_uname == P9_NONUNAME) {
		const struct p9_user *u = user_by_name(db, uname.s, uname.len);
		uid = u ? u->cred.uid : P9_NOBODY;
		if (p9_str_eq(uname, "root"))
			uid = 0;
	}
	pthread_mutex_lock(&db->lock);
	int r = find_or_add(db, uid, ret);
	pthread_mutex_unlock(&db->lock);
	return r;
}

/* While the thread is not root its groups can still be changed: CAP_SETGID is none of the
 * capabilities that setfsuid takes away. */
static int change(const struct p9_cred *c, gid_t gid)
{
	if (now.cred != c) {
		const struct p9_cred *old = now.cred;
		if ((c->n_groups || (old && old->n_groups)) &&
			syscall(SYS_setgroups, c->n_groups, c->groups) < 0)
			return -EPERM;
		now.cred = c;
	}
	if (now.gid != gid) {
		syscall(SYS_setfsgid, gid);
		if ((gid_t)syscall(SYS_setfsgid, -1) != gid)
			return -EPERM;
		now.gid = gid;
	}
	if (now.uid != c->uid) {
		syscall(SYS_setfsuid, c->uid);
		if ((uid_t)syscall(SYS_setfsuid, -1) != c->uid)
			return -EPERM;
		now.uid = c->uid;
	}
	return 0;
}

int p9_cred_enter(const struct p9_cred_db *db, const struct p9_cred *c, gid_t gid)
{
	if (db->fixed)
		return 0;
	return change(c, gid == (gid_t)-1 ? c->gid : gid);
}

void p9_cred_leave(const struct p9_cred_db *db)
{
	static const struct p9_cred root;
	if (!db->fixed && now.cred)
		(void)change(&root, 0);
}
