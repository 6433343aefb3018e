/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Whose rights a 9P request has.
 *
 * A server that runs as root gives each thread, for the length of one request, the file system
 * identity of the user who attached (setfsuid and friends: the kernel then checks permissions and
 * sets owners as for that user's own processes, and takes the capabilities over files away).
 *
 * Who attaches is a number (n_uname); its primary group and further groups are those that this
 * machine's /etc/passwd and /etc/group give it, read once before the worker locks itself in.  A
 * number unknown here has the group "nogroup" only.  A client of 9P2000.L.metac may say itself what
 * groups its user has (Tattachx): it could attach as anybody who has them anyway.  Requests that
 * create something carry a group of their own, which is used instead, as the client's kernel has
 * chosen it.  Without a number (~0) the name counts: one that is known here, "root" too; any other
 * is "nobody" (65534).
 *
 * A server that does not run as root, or was told to be one user for everybody (fixed), never
 * switches: whoever attaches is that user.
 */
#include "base/macro.h"
#include "wire/9p/9p-codec.h"

#include <pthread.h>
#include <sys/types.h>

enum { P9_CREDS_MAX = 1024, P9_USER_GROUPS_MAX = 64, P9_USERS_MAX = 4096, P9_NOBODY = 65534 };

struct p9_cred {
	uid_t uid;
	gid_t gid;
	bool told; /* the groups are those a client told, in ascending order */
	size_t n_groups;
	gid_t groups[];
};

struct p9_cred_db {
	bool fixed;
	pthread_mutex_t lock;
	size_t n_creds;
	struct p9_cred *creds[P9_CREDS_MAX]; /* made when first used, kept to the end */
	struct p9_user *users; /* from passwd and group */
	size_t n_users;
};

/* Reads the databases unless fixed. */
int p9_cred_db_init(struct p9_cred_db *db, bool fixed);
void p9_cred_db_done(struct p9_cred_db *db);

/* Who an attach is: never fails for want of a name, -ENOMEM, -EUSERS when there are too many. */
int p9_cred_find(
	struct p9_cred_db *db, uint32_t n_uname, struct p9_str uname, const struct p9_cred **ret);

/* The same for who says what groups he has, 4 bytes each. -EINVAL: more than P9_MAX_GROUPS, or half
 * a group. */
int p9_cred_find_groups(struct p9_cred_db *db, uint32_t n_uname, uint32_t gid,
	struct p9_data groups, const struct p9_cred **ret);

/* How many different users there have been. */
uint32_t p9_cred_users(struct p9_cred_db *db);

/* Gives this thread the identity; gid != (gid_t)-1 replaces the primary group. 0 or -EPERM. */
int p9_cred_enter(const struct p9_cred_db *db, const struct p9_cred *c, gid_t gid);

/* Gives this thread the process's own identity back. */
void p9_cred_leave(const struct p9_cred_db *db);
