/* SPDX-License-Identifier: MIT */
/*
 * Theory of operation: 9p-cred.h.  The C library's setgroups() would change all threads (POSIX
 * wants that), so the raw system calls are used.  A thread remembers who it is and calls the kernel
 * only for a change; in the usual case, root all the time, that is never.
 */
#include "svc/fs/server/9p-cred.h"

#include <endian.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <sys/fsuid.h>
#include <sys/syscall.h>

struct p9_user {
	uid_t uid;
	gid_t gid;
	size_t n_groups;
	gid_t groups[P9_USER_GROUPS_MAX];
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
		u->uid = pw->pw_uid;
		u->gid = pw->pw_gid;
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
			if (u && u->n_groups < P9_USER_GROUPS_MAX)
				u->groups[u->n_groups++] = gr->gr_gid;
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

/* Who is looked for: in `told` groups of his own, else with those that this machine gives him. */
struct wanted {
	uid_t uid;
	gid_t gid;
	bool told;
	size_t n_groups;
	const gid_t *groups;
};

static struct wanted describe(const struct p9_cred_db *db, uid_t uid)
{
	if (!uid || db->fixed)
		return (struct wanted){.uid = uid};
	for (size_t i = 0; i < db->n_users; i++) {
		const struct p9_user *u = &db->users[i];
		if (u->uid == uid)
			return (struct wanted){.uid = uid,
				.gid = u->gid,
				.n_groups = u->n_groups,
				.groups = u->groups};
	}
	return (struct wanted){.uid = uid, .gid = P9_NOBODY};
}

static bool is_it(const struct p9_cred *c, const struct wanted *w)
{
	if (c->uid != w->uid || c->told != w->told)
		return false;
	if (!w->told)
		return true;
	return c->gid == w->gid && c->n_groups == w->n_groups &&
	       (!w->n_groups || !memcmp(c->groups, w->groups, w->n_groups * sizeof(gid_t)));
}

static int add(struct p9_cred_db *db, const struct wanted *w, const struct p9_cred **ret)
{
	if (db->n_creds == P9_CREDS_MAX)
		return -EUSERS;
	struct p9_cred *c = malloc(sizeof(*c) + w->n_groups * sizeof(gid_t));
	if (!c)
		return -ENOMEM;
	*c = (struct p9_cred){
		.uid = w->uid, .gid = w->gid, .told = w->told, .n_groups = w->n_groups};
	if (w->n_groups)
		memcpy(c->groups, w->groups, w->n_groups * sizeof(gid_t));
	db->creds[db->n_creds++] = c;
	*ret = c;
	return 0;
}

static int find_or_add(struct p9_cred_db *db, const struct wanted *w, const struct p9_cred **ret)
{
	int r = 0;
	pthread_mutex_lock(&db->lock);
	size_t i = 0;
	while (i < db->n_creds && !is_it(db->creds[i], w))
		i++;
	if (i < db->n_creds)
		*ret = db->creds[i];
	else
		r = add(db, w, ret);
	pthread_mutex_unlock(&db->lock);
	return r;
}

int p9_cred_find(
	struct p9_cred_db *db, uint32_t n_uname, struct p9_str uname, const struct p9_cred **ret)
{
	uid_t uid = n_uname;
	if (db->fixed) {
		uid = geteuid();
	} else if (n_uname == P9_NONUNAME) {
		const struct p9_user *u = user_by_name(db, uname.s, uname.len);
		uid = u ? u->uid : P9_NOBODY;
		if (p9_str_eq(uname, "root"))
			uid = 0;
	}
	struct wanted w = describe(db, uid);
	return find_or_add(db, &w, ret);
}

static int by_number(const void *a, const void *b)
{
	gid_t x = *(const gid_t *)a, y = *(const gid_t *)b;
	return (x > y) - (x < y);
}

int p9_cred_find_groups(struct p9_cred_db *db, uint32_t n_uname, uint32_t gid,
	struct p9_data groups, const struct p9_cred **ret)
{
	gid_t sorted[P9_MAX_GROUPS];
	size_t n = groups.len / sizeof(uint32_t);
	if (groups.len % sizeof(uint32_t) || n > P9_MAX_GROUPS)
		return -EINVAL;
	if (n_uname == P9_NONUNAME || gid == UINT32_MAX)
		return -EINVAL;
	if (db->fixed)
		return p9_cred_find(db, n_uname, p9_str(""), ret);
	for (size_t i = 0; i < n; i++) {
		uint32_t le;
		memcpy(&le, (const char *)groups.p + i * sizeof(le), sizeof(le));
		sorted[i] = le32toh(le);
		if (sorted[i] == (gid_t)-1)
			return -EINVAL;
	}
	qsort(sorted, n, sizeof(*sorted), by_number);
	struct wanted w = {
		.uid = n_uname, .gid = gid, .told = true, .n_groups = n, .groups = sorted};
	return find_or_add(db, &w, ret);
}

uint32_t p9_cred_users(struct p9_cred_db *db)
{
	pthread_mutex_lock(&db->lock);
	uint32_t n = (uint32_t)db->n_creds;
	pthread_mutex_unlock(&db->lock);
	return n;
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
