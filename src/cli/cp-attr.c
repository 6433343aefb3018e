/* SPDX-License-Identifier: MIT */
/*
 * See cp.h: owner, mode, extended attributes (access control lists are some), times, in this order:
 * a change of owner takes set-user-id bits and capabilities away, and all but the last moves
 * nothing but ctime.
 */
#include "cli/cp.h"

static bool is_refusal(int e)
{
	return e == -EPERM || e == -EACCES || e == -EOPNOTSUPP || e == -ENOSYS || e == -EINVAL;
}

/* Who may not give files away keeps them, without set-user-id bits, which would mean another user
 * then. */
static int set(struct cp *cp, struct node *to, const struct attr *a, unsigned what)
{
	int r = -EPERM;
	struct attr own = *a;
	if (!(what & SET_OWNER))
		return to->side->ops->set(to, a, what);
	if (!cp->owners_lost)
		r = to->side->ops->set(to, a, what);
	if (r != -EPERM && r != -EINVAL)
		return r;
	own.mode &= ~(uint32_t)(S_ISUID | S_ISGID);
	r = to->side->ops->set(to, &own, what & ~(unsigned)SET_OWNER);
	if (r >= 0)
		cp->owners_lost = true;
	return r;
}

static int copy_xattr(
	struct cp *cp, struct node *from, struct node *to, const char *name, void *value)
{
	if (!strcmp(name, "security.selinux")) /* the other host's policy decides */
		return 0;
	ssize_t k = from->side->ops->xattr_get(from, name, value, SIDE_XATTR_MAX);
	if (k == -ENODATA)
		return 0;
	int r = k < 0 ? (int)k : to->side->ops->xattr_set(to, name, value, (size_t)k);
	if (!is_refusal(r))
		return r;
	cp->xattrs_lost = true;
	return 0;
}

static int copy_xattrs(
	struct cp *cp, struct node *from, struct node *to, const char *names, size_t n)
{
	AUTO_FREE char *value = malloc(SIDE_XATTR_MAX);
	int r = value ? 0 : -ENOMEM;
	for (size_t at = 0; r >= 0 && at < n; at += strlen(names + at) + 1)
		r = copy_xattr(cp, from, to, names + at, value);
	return r;
}

/* The names, malloc'ed; none where there are no extended attributes. */
static ssize_t list_xattrs(struct cp *cp, struct node *from, const struct attr *a, char **ret)
{
	if (cp->no_xattrs || !(S_ISREG(a->mode) || S_ISDIR(a->mode)))
		return 0;
	AUTO_FREE char *names = malloc(SIDE_XATTR_MAX);
	if (!names)
		return -ENOMEM;
	ssize_t n = from->side->ops->xattr_list(from, names, SIDE_XATTR_MAX);
	if (n == -EOPNOTSUPP || n == -ENOSYS) {
		cp->no_xattrs = true;
		n = 0;
	}
	if (n > 0 && names[n - 1])
		return -EBADMSG;
	if (n > 0)
		*ret = TAKE_PTR(names);
	return n;
}

int cp_copy_attr(struct cp *cp, struct node *from, struct node *to, const struct attr *a)
{
	AUTO_FREE char *names = NULL;
	ssize_t n = list_xattrs(cp, from, a, &names);
	if (n < 0)
		return (int)n;
	if (!n)
		return set(cp, to, a, SET_OWNER | SET_MODE | SET_TIMES);
	int r = set(cp, to, a, SET_OWNER | SET_MODE);
	if (r >= 0)
		r = copy_xattrs(cp, from, to, names, (size_t)n);
	return r < 0 ? r : set(cp, to, a, SET_TIMES);
}
