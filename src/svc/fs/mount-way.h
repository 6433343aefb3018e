/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What is particular to the way (core/way.h) to what a mount shows: it leads to a 9P connection of
 * one session, or to the directory itself if that is on this host; and what the reference stands
 * for is narrowed to the part that is mounted.
 */
#include "core/way.h"
#include "schema/fs.capnp.h"

struct fs_service;
struct mount_way;

struct mount_way_config {
	struct fs_service *fs;
	struct fs_filesystem_c tree; /* borrowed; null: only by the reference */
	struct ref *ref; /* taken; may be NULL */
	const char *subtree; /* below what ref stands for; copied */
	bool read_only; /* ask for the read-only view of what ref stands for */
	/* As those of struct way_config; a detached mount is what comes as a descriptor. */
	void (*opened)(void *user, int takes_fd, struct vat_cap *takes_end);
	void (*missed)(void *user, enum way_miss miss, const struct err *e);
	void *user;
};

/* Takes cfg->ref, also on failure. NULL: out of memory. */
struct mount_way *mount_way_new(const struct mount_way_config *cfg);
/* To open, to stop; of what it leads to, use only the functions below. */
struct way *mount_way(const struct mount_way *w);
struct fs_filesystem_c mount_way_tree(const struct mount_way *w); /* borrowed; may be null */
/* From now on by that one (taken), which stands for the very directory that is mounted. */
void mount_way_set_ref(struct mount_way *w, struct ref *takes);
const char *mount_way_subtree(const struct mount_way *w);
/* A new client: what is kept of the session is of no use to the next connection. */
void mount_way_new_session(struct mount_way *w);
/* Tells the other side that nobody comes back. NULL is accepted. */
void mount_way_free(struct mount_way *w);
