/* SPDX-License-Identifier: MIT */
/*
 * Theory of operation: priv.h, capabilities(7).
 *
 * The order matters: the bounding set and the securebits need CAP_SETPCAP, which is the first thing
 * to lose; changing the user drops the capabilities unless KEEPCAPS is on, and drops the
 * parent-death signal whatever one does.  System calls instead of libcap: two of them.
 */
#include "sys/priv.h"

#include <ctype.h>
#include <grp.h>
#include <linux/securebits.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

enum { CAPS_MAX = 64 };

struct caps {
	uint64_t effective, permitted, inheritable;
};

static int caps_get(struct caps *ret)
{
	struct __user_cap_header_struct h = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct d[2];
	*ret = (struct caps){0}; /* gcc -O2 does not know that errno is positive */
	if (syscall(SYS_capget, &h, d) < 0)
		return -errno;
	*ret = (struct caps){
		.effective = d[0].effective | (uint64_t)d[1].effective << 32,
		.permitted = d[0].permitted | (uint64_t)d[1].permitted << 32,
		.inheritable = d[0].inheritable | (uint64_t)d[1].inheritable << 32,
	};
	return 0;
}

static int caps_set(const struct caps *c)
{
	struct __user_cap_header_struct h = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct d[2] = {
		{(uint32_t)c->effective, (uint32_t)c->permitted, (uint32_t)c->inheritable},
		{(uint32_t)(c->effective >> 32), (uint32_t)(c->permitted >> 32),
			(uint32_t)(c->inheritable >> 32)},
	};
	return syscall(SYS_capset, &h, d) < 0 ? -errno : 0;
}

int priv_caps_permitted(uint64_t *ret)
{
	struct caps c;
	int r = caps_get(&c);
	if (r >= 0)
		*ret = c.permitted;
	return r;
}

int priv_caps_effective(uint64_t *ret)
{
	struct caps c;
	int r = caps_get(&c);
	if (r >= 0)
		*ret = c.effective;
	return r;
}

int priv_caps_set_effective(uint64_t mask)
{
	struct caps c;
	int r = caps_get(&c);
	if (r < 0)
		return r;
	c.effective = c.permitted & mask;
	return caps_set(&c);
}

/* ---- user names ---------------------------------------------------------------------------- */

static bool parse_id(const char *s, unsigned *ret)
{
	if (!isdigit((unsigned char)s[0]))
		return false;
	char *end;
	errno = 0;
	unsigned long v = strtoul(s, &end, 10);
	if (errno || *end || v >= UINT32_MAX) /* the last one means "no change" to the kernel */
		return false;
	*ret = (unsigned)v;
	return true;
}

static int lookup_group(const char *name, gid_t *ret)
{
	if (parse_id(name, ret))
		return 0;
	errno = 0;
	struct group *g = getgrnam(name);
	if (!g)
		return -ENOENT;
	*ret = g->gr_gid;
	return 0;
}

int priv_user_lookup(const char *text, struct priv_user *ret)
{
	char name[256];
	size_t len = strlen(text);
	if (len == 0 || len >= sizeof(name))
		return -EINVAL;
	memcpy(name, text, len + 1);
	char *group = strchr(name, ':');
	if (group)
		*group++ = '\0';
	struct priv_user u;
	if (parse_id(name, &u.uid)) {
		u.gid = u.uid;
	} else {
		struct passwd *p = getpwnam(name);
		if (!p)
			return -ENOENT;
		u.uid = p->pw_uid;
		u.gid = p->pw_gid;
	}
	int r = group ? lookup_group(group, &u.gid) : 0;
	if (r >= 0)
		*ret = u;
	return r;
}

/* ---- dropping ------------------------------------------------------------------------------ */

/*
 * Bounding set and securebits; a process without CAP_SETPCAP has no_new_privs only.
 *
 * NO_SETUID_FIXUP, inherited from whoever started the daemon, would let a process that takes a
 * user's identity for a moment (setfsuid) keep root's power over files: off with it, or do not go
 * on.
 */
static int limit_gains(const struct priv_drop *d, const struct caps *now)
{
	int bits = prctl(PR_GET_SECUREBITS);
	if (bits < 0)
		return -errno;
	if (!(now->effective & PRIV_CAP(CAP_SETPCAP)))
		return d->keep && (bits & SECBIT_NO_SETUID_FIXUP) ? -EPERM : 0;
	for (unsigned cap = 0; cap < CAPS_MAX; cap++) {
		int has = prctl(PR_CAPBSET_READ, cap, 0, 0, 0);
		if (has < 0)
			break; /* beyond the last one the kernel knows */
		if (has && !(d->keep & PRIV_CAP(cap)) && prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0)
			return -errno;
	}
	bits &= ~SECBIT_NO_SETUID_FIXUP; /* refused when locked */
	bits |= SECBIT_NOROOT | SECBIT_NOROOT_LOCKED;
	if (!d->ambient)
		bits |= SECBIT_NO_CAP_AMBIENT_RAISE | SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED;
	return prctl(PR_SET_SECUREBITS, bits) < 0 ? -errno : 0;
}

static bool is_user(const struct priv_user *u)
{
	uid_t r, e, s;
	gid_t rg, eg, sg;
	if (getresuid(&r, &e, &s) < 0 || getresgid(&rg, &eg, &sg) < 0)
		return false;
	return r == u->uid && e == u->uid && s == u->uid && rg == u->gid && eg == u->gid &&
	       sg == u->gid;
}

static int become(const struct priv_user *u, bool keep_caps)
{
	if (is_user(u))
		return 0;
	if (keep_caps && prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0)
		return -errno;
	if (setresgid(u->gid, u->gid, u->gid) < 0 || setresuid(u->uid, u->uid, u->uid) < 0)
		return -errno;
	if (keep_caps && prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0) < 0)
		return -errno;
	return is_user(u) ? 0 : -EPERM;
}

static int set_caps(uint64_t keep, bool ambient)
{
	struct caps now, c = {keep, keep, ambient ? keep : 0};
	int r = caps_get(&now);
	if (r < 0)
		return r;
	/* Without CAP_SETPCAP the inheritable set cannot grow beyond what is permitted: it does
	 * not. */
	r = caps_set(&c);
	if (r >= 0 && prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0)
		r = -errno;
	for (unsigned cap = 0; ambient && cap < CAPS_MAX && r >= 0; cap++)
		if ((keep & PRIV_CAP(cap)) &&
			prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap, 0, 0) < 0)
			r = -errno;
	if (r < 0)
		return r;
	r = caps_get(&now);
	if (r < 0)
		return r;
	return now.permitted == keep && now.effective == keep ? 0 : -EPERM;
}

/* If the parent died while there was no signal set, nobody will tell: so end here. */
static int rearm_death_signal(int sig, pid_t parent)
{
	if (!sig)
		return 0;
	if (prctl(PR_SET_PDEATHSIG, sig) < 0)
		return -errno;
	if (getppid() != parent)
		raise(sig);
	return 0;
}

int priv_drop(const struct priv_drop *d)
{
	int death_signal = 0;
	pid_t parent = getppid();
	if (prctl(PR_GET_PDEATHSIG, &death_signal) < 0)
		return -errno;
	struct caps now;
	int r = caps_get(&now);
	if (r < 0)
		return r;
	uint64_t keep = d->keep & now.permitted;
	/* What this takes must be effective while it is done, whatever it was made before. */
	now.effective = now.permitted;
	r = caps_set(&now);
	if (r >= 0)
		r = limit_gains(d, &now);
	bool may_set_groups = now.effective & PRIV_CAP(CAP_SETGID);
	bool must_set_groups = d->user && !is_user(d->user);
	if (r >= 0 && (may_set_groups || must_set_groups) && setgroups(0, NULL) < 0)
		r = -errno;
	if (r >= 0 && d->user)
		r = become(d->user, keep != 0);
	if (r >= 0)
		r = set_caps(keep, d->ambient);
	if (r >= 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		r = -errno;
	if (r >= 0)
		r = rearm_death_signal(death_signal, parent);
	return r;
}
