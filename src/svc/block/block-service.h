/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The block service (schema/block.capnp): others' block devices, attached here.  What its objects
 * share, and how they are made.
 *
 *	attach.h         Attachment
 *	front.h          what of the kernel the device is made from
 *	links.c          /dev/metac
 *	users.c          who uses a device
 *	task.c           what may wait for a device
 *	block-service.c  bootstrap objects, restoring stored objects
 *	client/          the worker that puts a remote device behind something of this host
 */
#include "base/list.h"
#include "core/service.h"
#include "schema/block.capnp.h"

enum { BLOCK_ATTACHMENTS_MAX = 256 };

#define BLOCK_ATTACHMENT_CATEGORY "block:attachment" /* of stored descriptions */

struct block_service {
	struct service *service;
	int runtime; /* the node's runtime directory; borrowed */
	struct list attachments; /* struct attachment (attach.h) */
	unsigned n_attachments;
	struct nbdnl *nbd; /* once one is attached by it */
};

struct block_attach_request {
	struct block_block_device_c device;
	struct block_attach_options_r options;
	struct vat_text id; /* runtimeId when restored, else empty */
	bool persistent;
};

/* Attaches and answers ctx with the Attachment as its only result (BlockServiceAdmin.attach and
 * Restorer.restoreFromDescription look alike in this). What q points to is copied. */
void block_service_attach(
	struct block_service *bs, const struct block_attach_request *q, struct vat_ctx *ctx);
/* Answers BlockServiceAdmin.listAttachments. */
void block_service_list(
	struct block_service *bs, struct block_block_service_admin_list_attachments_ctx cx);
/* Flushes and detaches everything: the service ends. */
void block_service_detach_all(struct block_service *bs);
