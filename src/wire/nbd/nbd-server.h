/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The server's half of an NBD connection without I/O and, once negotiated, without memory: the
 * caller moves bytes, does what requests ask for in any order, and puts the headers made here
 * before its data.
 *
 * NEGOTIATING: the caller feeds what comes to nbd_server_negotiate() and sends what
 * nbd_server_output() has, until the state is another one:
 *
 *	NEGOTIATING --NBD_OPT_GO, EXPORT_NAME--> TRANSMISSION
 *	     `--NBD_OPT_ABORT, a violation--> OVER   (send what there is, then close)
 *
 * TRANSMISSION: nbd_server_request() reads one header from the bytes that have come.  What it
 * returns has been checked against what was agreed on and against the export's size: if
 * request.error is set, the request is answered with that by nbd_server_reply(), after
 * request.payload bytes have been read and thrown away.  Every request but DISC gets exactly one
 * nbd_server_reply(), or data and holes up to one with `done`, or one nbd_server_status().
 * Offered: one export, under the name "" and under the configuration's; LIST, INFO, GO,
 * EXPORT_NAME, ABORT, STRUCTURED_REPLY, EXTENDED_HEADERS, LIST_ and SET_META_CONTEXT with
 * base:allocation.  Everything else is answered UNSUP, and skipped.
 *
 * Block sizes are told to everybody.  A client that does not ask for them is let in all the same if
 * block_min is at most 512, which is what the protocol tells such clients to keep to; with more, GO
 * is answered BLOCK_SIZE_REQD, and EXPORT_NAME (which cannot be answered) ends the connection.
 * Requests are checked against them in any case.  If the size is not a multiple of block_min, no
 * request can reach what is behind the last whole block.
 *
 * What the client sends is not trusted.  Limits: NBD_SERVER_OPTIONS_MAX options, of at most
 * NBD_SERVER_OPTION_MAX bytes each; output waits for the caller, and no more input is taken
 * meanwhile.
 *
 * Threads: in TRANSMISSION several may call what takes a const server at once; _set_size() only
 * while no other is in nbd_server_request() or nbd_server_status_payload().
 */
#include "wire/nbd/nbd.h"

enum {
	NBD_SERVER_OPTIONS_MAX = 256, /* then the connection is over */
	NBD_SERVER_OPTION_MAX = 16 << 10, /* longer ones are skipped, and answered TOO_BIG */
	NBD_SERVER_EXTENTS_MAX = 1024, /* in one reply */
	NBD_SERVER_STATUS_PAYLOAD_MAX = 12, /* of a BLOCK_STATUS request without error */
	NBD_SERVER_HEADER_MAX = 64, /* bytes that any of the reply functions writes, but for ... */
	NBD_SERVER_ERROR_TEXT_MAX = 128, /* ... the text of an error, and extents */
};

struct nbd_server_config {
	uint64_t size; /* bytes, at most INT64_MAX */
	/* Transmission flags: what the caller can do. HAS_FLAGS is implied; what cannot be offered
	   in the end is taken away here: with READ_ONLY those that write, DF without structured
	   replies, BLOCK_STATUS_PAYLOAD without extended headers and base:allocation. */
	uint16_t flags;
	/* Powers of two; 0: the defaults of nbd.h. min <= preferred <= payload_max; min <= 64 KiB;
	   preferred >= 512; payload_max <= NBD_PAYLOAD_MAX. */
	uint32_t block_min, block_preferred, payload_max;
	const char *name, *description; /* copied; NULL: ""; at most NBD_STRING_MAX bytes */
};

struct nbd_server;

enum nbd_server_state { NBD_SERVER_NEGOTIATING, NBD_SERVER_TRANSMISSION, NBD_SERVER_OVER };

/* 0, -EINVAL (the configuration), -ENOMEM. The greeting is in the output already. */
int nbd_server_new(const struct nbd_server_config *config, struct nbd_server **ret);
void nbd_server_free(struct nbd_server *s); /* NULL is fine */
DEFINE_AUTO(struct nbd_server *, nbd_server_free);

enum nbd_server_state nbd_server_state(const struct nbd_server *s);

/* Takes in bytes while NEGOTIATING. Returns how many of the n were used: the rest, if any, is of
 * the transmission, or is to be given again after the output has been taken. Never negative: a
 * violation makes the state OVER. */
size_t nbd_server_negotiate(struct nbd_server *s, const void *p, size_t n);
void nbd_server_output(const struct nbd_server *s, const void **ret_p, size_t *ret_n);
void nbd_server_output_done(struct nbd_server *s, size_t n);

/* What was agreed on. */
bool nbd_server_is_structured(const struct nbd_server *s); /* true with extended headers too */
bool nbd_server_is_extended(const struct nbd_server *s);
bool nbd_server_has_status(const struct nbd_server *s); /* base:allocation was selected */

/* The export has another size from now on (at most INT64_MAX): requests are checked against that.
 */
void nbd_server_set_size(struct nbd_server *s, uint64_t size);
uint64_t nbd_server_size(const struct nbd_server *s);

struct nbd_request {
	uint64_t cookie, offset, length;
	uint64_t payload; /* bytes on the wire behind the header: the data of a WRITE; of a
			     BLOCK_STATUS with payload: which contexts; 0 else, if all is
			     well. At most NBD_PAYLOAD_MAX */
	uint16_t type; /* enum nbd_command, or unknown (then error is set) */
	uint16_t flags; /* NBD_CMD_FLAG_*: only those that are allowed with this type and matter
			   to it (FUA: only to those that write; never PAYLOAD_LEN) */
	uint16_t contexts; /* for nbd_server_status() */
	uint32_t error; /* 0, or what to answer: NBD_EINVAL (past the end, a size, a flag, a type, a
			   WRITE longer than payload_max), NBD_ENOSPC (WRITE or WRITE_ZEROES past
			   the end), NBD_EPERM (read-only), NBD_EOVERFLOW (a READ longer than
			   payload_max). Never set for DISC */
};

/* Reads the header of one request from the n bytes at p. Returns its length; 0: more bytes are
 * needed; -EPROTO: close the connection (a wrong magic; a payload longer than NBD_PAYLOAD_MAX,
 * which nobody is going to read to its end; with extended headers, a WRITE that does not say that
 * it has a payload). Writes *ret only if > 0. */
int nbd_server_request(
	const struct nbd_server *s, const void *p, size_t n, struct nbd_request *ret);

/* Takes the payload of a BLOCK_STATUS request without error (q->payload bytes at p, not 0, at most
 * NBD_SERVER_STATUS_PAYLOAD_MAX) and sets q->length from it; only then q can be worked on. False:
 * it does not ask for what there is, and is to be answered NBD_EINVAL. */
bool nbd_server_status_payload(const struct nbd_server *s, struct nbd_request *q, const void *p);

/* Each of the following writes at out and returns how many bytes. */

/* The whole of the answer (or, in structured replies, its last part): error 0 or an enum nbd_error.
 * text: for people, at most NBD_SERVER_ERROR_TEXT_MAX bytes go along in structured replies; may be
 * NULL. Not for a READ that has succeeded without structured replies: nbd_server_data(). out:
 * NBD_SERVER_HEADER_MAX + NBD_SERVER_ERROR_TEXT_MAX. */
size_t nbd_server_reply(const struct nbd_server *s, const struct nbd_request *q, uint32_t error,
	const char *text, void *out);
/* The same for a structured READ that failed at that offset, after some data. */
size_t nbd_server_error_at(const struct nbd_server *s, const struct nbd_request *q, uint32_t error,
	uint64_t offset, void *out);

/* What goes before length bytes of data of a READ, which the caller sends. Without structured
 * replies it must be all of the request's. done: nothing else comes for this request. With DF it
 * must be all, too. */
size_t nbd_server_data(const struct nbd_server *s, const struct nbd_request *q, uint64_t offset,
	uint64_t length, bool done, void *out);
/* The part of a READ which is zero; structured replies only, not with DF; length below 4 GiB. */
size_t nbd_server_hole(const struct nbd_server *s, const struct nbd_request *q, uint64_t offset,
	uint64_t length, bool done, void *out);

struct nbd_extent {
	uint64_t length;
	uint32_t state; /* NBD_STATE_* */
};

/* Answers a BLOCK_STATUS; n extents (1 .. NBD_SERVER_EXTENTS_MAX) from q->offset on; how far they
 * reach (less than asked is fine, REQ_ONE: one) is cut to what the protocol allows; neighbours in
 * the same state become one, empty ones are left out. out has room for NBD_SERVER_HEADER_MAX + 16 *
 * n. */
size_t nbd_server_status(const struct nbd_server *s, const struct nbd_request *q,
	const struct nbd_extent *extents, size_t n, void *out);
