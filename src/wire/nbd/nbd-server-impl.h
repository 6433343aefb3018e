/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What the parts of the server's half share: nbd-server.c (bytes in, bytes out),
 * nbd-server-options.c (what an option does), nbd-server-transmission.c (requests and replies).
 */
#include "wire/nbd/nbd-bytes.h"
#include "wire/nbd/nbd-server.h"

enum {
	/* What the answer to one option takes at most: every piece of information once, of which
	   two are strings; or an entry of LIST with both. */
	NBD_SERVER_OUTPUT_MAX = 3 * NBD_STRING_MAX,
	NBD_OPTION_HEADER_SIZE = 16,
	NBD_CONTEXT_ALLOCATION = 1, /* the ID that we give to base:allocation */
};

enum nbd_negotiation_phase {
	NBD_PHASE_FLAGS, /* the client's flags, 4 bytes */
	NBD_PHASE_OPTION, /* the header of an option */
	NBD_PHASE_DATA, /* what comes with it */
	NBD_PHASE_SKIP, /* the same, of an option that is not going to be looked at */
};

/* Only while negotiating. */
struct nbd_negotiation {
	enum nbd_negotiation_phase phase;
	unsigned options; /* how many there have been */
	bool fixed, no_zeroes; /* what the client says it knows */
	bool sizes_asked;
	uint32_t option, length; /* the one being taken in, and of its data */
	uint32_t need; /* bytes of this phase that have not come yet */
	size_t in_len, out_len, out_done;
	char name[NBD_STRING_MAX], description[NBD_STRING_MAX];
	size_t name_len, description_len;
	uint8_t in[NBD_SERVER_OPTION_MAX];
	uint8_t out[NBD_SERVER_OUTPUT_MAX];
};

struct nbd_server {
	enum nbd_server_state state;
	uint64_t size;
	uint32_t block_min, block_preferred, payload_max;
	uint16_t flags; /* what the caller can do; since TRANSMISSION: what was offered */
	bool structured, extended, status;
	struct nbd_negotiation *n; /* NULL when there is nothing more to negotiate or to send */
};

/* The transmission flags as the client gets them, given what has been agreed on by now. */
uint16_t nbd_server_offered(const struct nbd_server *s);

/* How an option is taken in: known and short enough to be looked at, or just skipped. */
bool nbd_option_wanted(uint32_t option, uint32_t length);
/* Does what the option asks for and puts the answer into the output. p, n: its data. */
void nbd_option_run(struct nbd_server *s, const uint8_t *p, size_t n);
/* Answers an option whose data has been skipped. */
void nbd_option_skipped(struct nbd_server *s);
