/* SPDX-License-Identifier: MIT */
/*
 * Theory of operation: on a connection that watches nothing an answer is believed for F9_TIMEOUT,
 * and nothing is known to be unchanged.
 */
#include "svc/fs/fuse/fuse9p-watch.h"

void f9_watch_answer(struct f9 *fs, struct f9_node *dir, struct f9_node *n,
	const struct p9_attr *attr, uint64_t asked, uint32_t flags)
{
	(void)fs, (void)dir, (void)n, (void)attr, (void)asked, (void)flags;
}

double f9_entry_timeout(
	struct f9 *fs, struct f9_node *dir, const char *name, struct f9_node *n, uint64_t asked)
{
	(void)fs, (void)dir, (void)name, (void)n, (void)asked;
	return F9_TIMEOUT;
}

double f9_attr_timeout(struct f9 *fs, struct f9_node *n, const struct p9_attr *attr, uint64_t asked)
{
	(void)fs, (void)n, (void)attr, (void)asked;
	return F9_TIMEOUT;
}

bool f9_watched(const struct f9 *fs, const struct f9_node *n)
{
	(void)fs, (void)n;
	return false;
}

bool f9_unchanged_since(const struct f9 *fs, const struct f9_node *n, uint64_t asked)
{
	(void)fs, (void)n, (void)asked;
	return false;
}

void f9_watch_listen(struct f9 *fs, f9_changed_fn fn)
{
	(void)fs, (void)fn;
}
