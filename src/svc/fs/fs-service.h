/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The filesystem service (schema/fs.capnp): what its objects share, and how they are made.
 *
 *	view.c        a path with its restrictions
 *	filesystem.c  Filesystem: a directory; its 9P streams
 *	worker.c      the workers that run, and the sessions they serve
 *	served.c      the 9P servers, their sessions, who they serve
 *	directory.c   a directory as a descriptor
 *	file.c        File: a file; its reading and writing streams
 *	block.c       BlockDevice: a file or a disk as an array of bytes; its NBD streams
 *	mount.c       Mount: somebody's Filesystem mounted here
 *	view-ref.c    sturdy references to objects made from a view
 *	namespace.c   FilesystemNamespace: a mount namespace
 *	fs-service.c  bootstrap objects, restoring stored objects
 *	block/        what BlockDevices are made of, and the worker that serves NBD
 *	server/       the worker that serves 9P
 *	fuse/         the worker that puts a 9P tree under FUSE
 */
#include "base/list.h"
#include "core/service.h"
#include "core/stream.h"
#include "svc/fs/block/target.h"
#include "svc/fs/served.h"
#include "svc/fs/view.h"

enum {
	FS_MOUNTS_MAX = 1024,
	FS_OFFERS_MAX = 1024,
	FS_CARRIERS_MAX = 256, /* descriptors on their way; anybody with a reference may ask */
};

struct fs_service {
	struct service *service;
	int runtime; /* the node's runtime directory; borrowed */
	struct stream_host streams;
	struct list mounts; /* struct mount (mount.c) */
	unsigned n_mounts;
	struct fs_filesystem_namespace_c root_namespace;
	struct served *served;
	struct block_exports *exports;
	struct block_resize *resize;
	struct images *images;
	sd_event_source *table_src; /* the mount table, once something is bound */
	int table_fd;
	unsigned n_offers, n_carriers; /* of directory.c */
};

/* The namespace of ns_fd (taken; -EBADF = our own). Null when memory is out. */
struct fs_filesystem_namespace_c fs_service_namespace(struct fs_service *fs, int takes_ns_fd);

/* New objects; each takes the view (its path). The capability is null when memory is out. */
struct fs_filesystem_c fs_service_filesystem(struct fs_service *fs, struct view takes);
struct fs_file_c fs_service_file(struct fs_service *fs, struct view takes);

struct block_block_device_c fs_service_block(struct fs_service *fs, struct block_target takes);

/* The same, and its NBD stream, from what was stored. Null: out of memory, or damaged. */
struct vat_cap *fs_service_restore_block(struct fs_service *fs, struct block_block_description_r d);
struct vat_cap *fs_service_restore_nbd_stream(
	struct fs_service *fs, struct block_block_description_r d);

/* Answers Filesystem.directory: the view as a descriptor. */
void fs_service_directory(
	struct fs_service *fs, const struct view *v, struct fs_filesystem_directory_ctx cx);

/* How objects made from a view are stored, and what they are called. */
struct view_kind {
	const char *category; /* "fs:localfs" */
	const char *what; /* "directory" */
};

/* Persistable's methods for an object made from a view; cap is the object itself, borrowed. */
void fs_service_view_create_sturdy_ref(struct fs_service *fs, const struct view *v,
	const struct view_kind *kind, struct vat_cap *cap,
	struct persistence_persistable_create_sturdy_ref_ctx cx);
void fs_service_view_summary(const struct view *v, const struct view_kind *kind,
	struct persistence_persistable_summary_ctx cx);

/* Streams made from a view; each takes it. */
/* s: who will open it; NULL: nobody that comes back. */
struct stream_stream_c fs_service_v9fs_stream(
	struct fs_service *fs, struct view takes, const struct session_id *s);
struct stream_stream_c fs_service_read_stream(
	struct fs_service *fs, struct view takes, uint64_t offset);
struct stream_stream_c fs_service_write_stream(
	struct fs_service *fs, struct view takes, bool append);

struct fs_mount_request {
	int ns_fd; /* mount namespace, borrowed; -EBADF = our own */
	struct vat_text path;
	struct fs_filesystem_c tree;
	struct fs_mount_options_r options;
	struct vat_text source; /* for people */
	struct vat_text id; /* runtimeId when restored, else empty */
	bool persistent;
};

/* Mounts and answers ctx with the Mount as its only result (FilesystemNamespace.mount and
 * Restorer.restoreFromDescription look alike in this). What q points to is copied. */
void fs_service_mount(struct fs_service *fs, const struct fs_mount_request *q, struct vat_ctx *ctx);
/* Fills the list of FilesystemNamespace.listMounts. */
void fs_service_list_mounts(
	struct fs_service *fs, struct fs_filesystem_namespace_list_mounts_ctx cx);
/* Unmounts everything: the service ends. */
void fs_service_unmount_all(struct fs_service *fs);
