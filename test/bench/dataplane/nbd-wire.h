/* SPDX-License-Identifier: MIT */
#pragma once
/* As much of NBD as load and limit need (proto.md): fixed newstyle, one export, simple replies. */
#include <endian.h>
#include <stdint.h>

#define NBD_MAGIC UINT64_C(0x4e42444d41474943) /* "NBDMAGIC" */
#define NBD_OPTION UINT64_C(0x49484156454f5054) /* "IHAVEOPT" */
#define NBD_OPTION_REPLY UINT64_C(0x3e889045565a9)

enum {
	NBD_FIXED_NEWSTYLE = 1,
	NBD_NO_ZEROES = 2,
	NBD_OPT_GO = 7,
	NBD_REP_ACK = 1,
	NBD_REP_INFO = 3,
	NBD_HAS_FLAGS = 1,
	NBD_SEND_FLUSH = 4,
	NBD_READ = 0,
	NBD_WRITE = 1,
	NBD_DISCONNECT = 2,
};
#define NBD_REP_ERROR 0x80000000U
#define NBD_REP_UNSUPPORTED 0x80000001U
#define NBD_REQUEST_MAGIC 0x25609513U
#define NBD_REPLY_MAGIC 0x67446698U

struct nbd_greeting {
	uint64_t magic, option;
	uint16_t flags;
} __attribute__((packed));

struct nbd_option {
	uint64_t magic;
	uint32_t option, len;
} __attribute__((packed));

struct nbd_option_reply {
	uint64_t magic;
	uint32_t option, type, len;
} __attribute__((packed));

struct nbd_info_export {
	uint16_t type; /* 0 */
	uint64_t size;
	uint16_t flags;
} __attribute__((packed));

struct nbd_request {
	uint32_t magic;
	uint16_t flags, type;
	uint64_t handle, offset;
	uint32_t len;
} __attribute__((packed));

struct nbd_reply {
	uint32_t magic, error;
	uint64_t handle;
} __attribute__((packed));
