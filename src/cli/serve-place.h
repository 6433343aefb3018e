/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Where `metac block serve' listens: a socket that it makes, or that systemd has made for it.
 *
 * Whoever reaches the socket has the disk, since NBD asks nobody who he is.  So a Unix socket is
 * made with mode 0600, the one for a command in a directory that only its user may enter, and TCP
 * is for the loopback interface unless the user says that others are meant.
 */
#include "base/err.h"
#include "cli/verb.h"

#include <sys/types.h>

struct serve_place {
	int fd; /* the listening socket; owned */
	char path[108]; /* of the Unix socket, absolute; "": it is no Unix socket */
	char uri[400]; /* as NBD clients take it: nbd+unix:///?socket=PATH, nbd://HOST:PORT */
	/* private */
	char dir[100]; /* made for the socket; "": none */
	bool made; /* the socket's file is to be removed */
	dev_t dev;
	ino_t ino; /* if it still is this one */
};

/* What is wrong with the options; NULL: nothing, as far as they alone tell. */
const char *serve_place_wrong(const struct options *o, bool for_command);
/* As the options say; with for_command and nothing said, in a new directory. Returns 0 or negative
 * errno with err set: -EADDRINUSE if somebody listens there. */
int serve_place_open(
	const struct options *o, bool for_command, struct serve_place *ret, struct err *err);
/* Closes the socket and removes what was made. */
void serve_place_close(struct serve_place *p);
