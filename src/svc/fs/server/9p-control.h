/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What a 9P server tells the service that started it, over its control socket (SOCK_SEQPACKET):
 * how much it has moved, and what its client has open.
 *
 *	service -> server  one byte, P9_CONTROL_ASK
 *	server -> service  one packet, as p9_control_encode() makes it
 *
 * Questions are answered one after the other.  The socket ends with the server.
 *
 * All integers are little-endian: magic[4] bytes_read[8] bytes_written[8] requests[8] users[4]
 * watched[4] n_open[8] n_listed[4], and for each file that is listed mode[1] path[s].  The service
 * believes none of it: a server may have been taken over by its client.
 */
#include "wire/9p/9p-codec.h"

enum {
	P9_CONTROL_ASK = 'S',
	P9_CONTROL_FILES_MAX = 256, /* listed; the rest is only counted */
	P9_CONTROL_PATH_MAX = 1024, /* bytes of a path; more is cut off, at the beginning */
	P9_CONTROL_PACKET_MAX = 65536,
};

/* p9_control_file.mode */
enum { P9_CONTROL_READ = 1, P9_CONTROL_WRITE = 2 };

struct p9_control_stats {
	uint64_t bytes_read, bytes_written; /* of files, by the client */
	uint64_t requests; /* taken in */
	uint32_t users; /* different ones that have attached */
	uint32_t watched; /* directories and files */
	uint64_t n_open; /* open files and directories */
	uint32_t n_listed; /* of them in the packet */
};

/* An open file: its path below the tree, any bytes but NUL; "" is the root itself. One that is cut,
 * or lies elsewhere (deleted, moved away) is told as the kernel tells it. */
struct p9_control_file {
	uint8_t mode; /* P9_CONTROL_READ and _WRITE */
	struct p9_str path;
};

/* Puts the packet together: init, then file for each as long as it returns true, then finish. */
struct p9_control_packet {
	size_t len;
	uint32_t n_listed;
	uint8_t bytes[P9_CONTROL_PACKET_MAX];
};

void p9_control_packet_init(struct p9_control_packet *p);
/* False: no room, it is not listed. */
bool p9_control_packet_file(struct p9_control_packet *p, const struct p9_control_file *f);
/* Writes the head; n_listed is p's own. */
void p9_control_packet_finish(struct p9_control_packet *p, const struct p9_control_stats *s);

/* Takes a packet apart.  files may have P9_CONTROL_FILES_MAX places, their paths point into buf. 0,
 * or -EBADMSG: it is none. */
int p9_control_decode(const void *buf, size_t len, struct p9_control_stats *ret,
	struct p9_control_file files[P9_CONTROL_FILES_MAX]);

/* For the service: asks; 0 or negative errno, never waits. */
int p9_control_ask(int fd);
