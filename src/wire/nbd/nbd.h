/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The Network Block Device protocol: numbers of the wire, and its limits as we set them.
 *
 * Source: doc/proto.md of the NetworkBlockDevice project (fixed newstyle negotiation, structured
 * replies, block status, extended headers).  All integers are big-endian.
 *
 *	greeting     server NBDMAGIC IHAVEOPT flags:16, client flags:32
 *	option	     client IHAVEOPT option:32 length:32 data
 *	option reply server NBD_OPT_REPLY_MAGIC option:32 reply:32 length:32 data
 *	request	     client NBD_REQUEST_MAGIC flags:16 type:16 cookie:64 offset:64 length:32
 *		     extended: NBD_EXTENDED_REQUEST_MAGIC flags type cookie offset length:64
 *	reply	     simple: NBD_SIMPLE_REPLY_MAGIC error:32 cookie:64, data
 *		     chunk: NBD_STRUCTURED_REPLY_MAGIC flags:16 type:16 cookie:64 length:32, payload
 *		     extended: NBD_EXTENDED_REPLY_MAGIC flags type cookie offset:64 length:64,
 *			       payload
 */
#include "base/macro.h"

#define NBD_MAGIC UINT64_C(0x4e42444d41474943) /* "NBDMAGIC" */
#define NBD_OPT_MAGIC UINT64_C(0x49484156454f5054) /* "IHAVEOPT" */
#define NBD_OPT_REPLY_MAGIC UINT64_C(0x0003e889045565a9)
#define NBD_REQUEST_MAGIC UINT32_C(0x25609513)
#define NBD_EXTENDED_REQUEST_MAGIC UINT32_C(0x21e41c71)
#define NBD_SIMPLE_REPLY_MAGIC UINT32_C(0x67446698)
#define NBD_STRUCTURED_REPLY_MAGIC UINT32_C(0x668e33ef)
#define NBD_EXTENDED_REPLY_MAGIC UINT32_C(0x6e8a278c)

enum { /* greeting flags, the same bits in both directions */
	NBD_FLAG_FIXED_NEWSTYLE = 1 << 0,
	NBD_FLAG_NO_ZEROES = 1 << 1,
};

enum { /* transmission flags, 16 bit */
	NBD_FLAG_HAS_FLAGS = 1 << 0,
	NBD_FLAG_READ_ONLY = 1 << 1,
	NBD_FLAG_SEND_FLUSH = 1 << 2,
	NBD_FLAG_SEND_FUA = 1 << 3,
	NBD_FLAG_ROTATIONAL = 1 << 4,
	NBD_FLAG_SEND_TRIM = 1 << 5,
	NBD_FLAG_SEND_WRITE_ZEROES = 1 << 6,
	NBD_FLAG_SEND_DF = 1 << 7,
	NBD_FLAG_CAN_MULTI_CONN = 1 << 8,
	NBD_FLAG_SEND_RESIZE = 1 << 9,
	NBD_FLAG_SEND_CACHE = 1 << 10,
	NBD_FLAG_SEND_FAST_ZERO = 1 << 11,
	NBD_FLAG_BLOCK_STATUS_PAYLOAD = 1 << 12,
};

enum nbd_option {
	NBD_OPT_EXPORT_NAME = 1,
	NBD_OPT_ABORT = 2,
	NBD_OPT_LIST = 3,
	NBD_OPT_STARTTLS = 5,
	NBD_OPT_INFO = 6,
	NBD_OPT_GO = 7,
	NBD_OPT_STRUCTURED_REPLY = 8,
	NBD_OPT_LIST_META_CONTEXT = 9,
	NBD_OPT_SET_META_CONTEXT = 10,
	NBD_OPT_EXTENDED_HEADERS = 11,
};

#define NBD_REP_ERROR(n) (UINT32_C(1) << 31 | (n))
#define NBD_REP_ACK UINT32_C(1)
#define NBD_REP_SERVER UINT32_C(2)
#define NBD_REP_INFO UINT32_C(3)
#define NBD_REP_META_CONTEXT UINT32_C(4)
#define NBD_REP_ERR_UNSUP NBD_REP_ERROR(1)
#define NBD_REP_ERR_POLICY NBD_REP_ERROR(2)
#define NBD_REP_ERR_INVALID NBD_REP_ERROR(3)
#define NBD_REP_ERR_PLATFORM NBD_REP_ERROR(4)
#define NBD_REP_ERR_TLS_REQD NBD_REP_ERROR(5)
#define NBD_REP_ERR_UNKNOWN NBD_REP_ERROR(6)
#define NBD_REP_ERR_SHUTDOWN NBD_REP_ERROR(7)
#define NBD_REP_ERR_BLOCK_SIZE_REQD NBD_REP_ERROR(8)
#define NBD_REP_ERR_TOO_BIG NBD_REP_ERROR(9)
#define NBD_REP_ERR_EXT_HEADER_REQD NBD_REP_ERROR(10)

enum nbd_info { NBD_INFO_EXPORT, NBD_INFO_NAME, NBD_INFO_DESCRIPTION, NBD_INFO_BLOCK_SIZE };

enum nbd_command {
	NBD_CMD_READ,
	NBD_CMD_WRITE,
	NBD_CMD_DISC,
	NBD_CMD_FLUSH,
	NBD_CMD_TRIM,
	NBD_CMD_CACHE,
	NBD_CMD_WRITE_ZEROES,
	NBD_CMD_BLOCK_STATUS,
};

enum { /* of requests */
	NBD_CMD_FLAG_FUA = 1 << 0,
	NBD_CMD_FLAG_NO_HOLE = 1 << 1,
	NBD_CMD_FLAG_DF = 1 << 2,
	NBD_CMD_FLAG_REQ_ONE = 1 << 3,
	NBD_CMD_FLAG_FAST_ZERO = 1 << 4,
	NBD_CMD_FLAG_PAYLOAD_LEN = 1 << 5,
};

enum { NBD_REPLY_FLAG_DONE = 1 << 0 };

#define NBD_REPLY_TYPE_ERROR_BIT (1U << 15)
enum nbd_reply_type {
	NBD_REPLY_TYPE_NONE = 0,
	NBD_REPLY_TYPE_OFFSET_DATA = 1,
	NBD_REPLY_TYPE_OFFSET_HOLE = 2,
	NBD_REPLY_TYPE_BLOCK_STATUS = 5,
	NBD_REPLY_TYPE_BLOCK_STATUS_EXT = 6,
	NBD_REPLY_TYPE_ERROR = 1 << 15 | 1,
	NBD_REPLY_TYPE_ERROR_OFFSET = 1 << 15 | 2,
};

enum { /* base:allocation */
	NBD_STATE_HOLE = 1 << 0,
	NBD_STATE_ZERO = 1 << 1,
};
#define NBD_BASE_ALLOCATION "base:allocation"

enum nbd_error { /* the protocol's numbers, which happen to be Linux's */
	NBD_EPERM = 1,
	NBD_EIO = 5,
	NBD_ENOMEM = 12,
	NBD_EINVAL = 22,
	NBD_ENOSPC = 28,
	NBD_EOVERFLOW = 75,
	NBD_ENOTSUP = 95,
	NBD_ESHUTDOWN = 108,
};

enum {
	NBD_REQUEST_SIZE = 28,
	NBD_EXTENDED_REQUEST_SIZE = 32,
	NBD_SIMPLE_REPLY_SIZE = 16,
	NBD_CHUNK_SIZE = 20,
	NBD_EXTENDED_CHUNK_SIZE = 32,
	NBD_STRING_MAX = 4096, /* the protocol's limit of names and descriptions */
	NBD_BLOCK_MIN = 512, /* what our server says of itself by default */
	NBD_BLOCK_PREFERRED = 4096,
	NBD_PAYLOAD_MAX = 32 << 20, /* of one read or write, either side */
};

/* The protocol's number for an errno value (positive), and the other way round (a number that is
 * not in the protocol is EIO). 0 is 0. */
uint32_t nbd_error_from_errno(int err);
int nbd_error_to_errno(uint32_t error);
/* For people: "read", "write zeroes", ... */
const char *nbd_command_name(unsigned type);
