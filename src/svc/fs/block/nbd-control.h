/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What an NBD server and the service that started it tell each other over the server's control
 * socket (SOCK_SEQPACKET).
 *
 *	service -> server  NBD_CONTROL_ASK, one byte: answered with one packet, as
 *			   nbd_control_encode() makes it
 *	service -> server  NBD_CONTROL_SIZE, one byte: the file may have another size now; requests
 *			   that come from then on are checked against that.  Not answered
 *
 * Questions are answered one after the other.  The socket ends with the server.
 *
 * All integers are little-endian: magic[4] size[8] bytes_read[8] bytes_written[8] requests[8]
 * errors[8].  The service believes none of it: a server may have been taken over by its client.
 */
#include "base/macro.h"

enum {
	NBD_CONTROL_ASK = 'S',
	NBD_CONTROL_SIZE = 'Z',
	NBD_CONTROL_PACKET_SIZE = 4 + 5 * 8,
};

struct nbd_control_stats {
	uint64_t size; /* of the export, as requests are checked against it */
	uint64_t bytes_read, bytes_written; /* of the file, by the client */
	uint64_t requests; /* taken in */
	uint64_t errors; /* requests answered with one */
};

void nbd_control_encode(const struct nbd_control_stats *s, uint8_t ret[NBD_CONTROL_PACKET_SIZE]);
/* 0, or -EBADMSG: it is none. */
int nbd_control_decode(const void *buf, size_t len, struct nbd_control_stats *ret);

/* For the service; 0 or negative errno (-EAGAIN: it does not read), never waits. */
int nbd_control_ask(int fd);
int nbd_control_size(int fd);
