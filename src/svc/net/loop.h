/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Loops: the same two Ethernets joined twice, or a ring of hosts (A to B, B to C, C to A).  Each
 * frame to a group would run round in it for ever.
 *
 * A port in a bridge sends a small frame now and then (loop-frame.h), at short intervals after it
 * was added.  If one comes back to that same bridge, or an interface spliced to it, there is a loop
 *through the port.  Then, after a moment, the newest of the ports that are in it is blocked (by the
 *bridge: nothing gets in or out, but for our frames, which are sent at the port itself).  It is
 *opened again when these no longer come back; each time that turns out to have been too early,
 *later.
 *
 *	QUIET --came back--> SUSPECT --still does, and is the newest--> BLOCKED
 *	  ^---------no longer--/  ^--comes back after it was opened--\    | no longer comes back
 *	  ^-----------------------------------------------------------<--/
 *
 * Every host in a ring finds it, and it is enough that one opens it: the moment is random, shorter
 * for a new port, and longer (passive) for one whose other side asked for the tunnel, as that one
 * can tell its user. Who finds the loop gone meanwhile does nothing.  Should two do it at the same
 * time, the first that opens its port finds no loop, and the other one still does.
 *
 * A bridge whose spanning tree the kernel runs (STP) blocks ports itself, and does not let us.
 */
#include "svc/net/place.h"

struct loop_port {
	int index; /* the device, in that place */
	/* That it is in, borrowed: what comes in by a spliced interface gets there as well, and
	 * need not pass the bridge's own link. May be NULL. */
	const struct segment *segment;
	bool passive;
	/* From the event loop: it was blocked, or it is open again. May free the port. */
	void (*on_block)(void *user, bool blocked);
	void *user;
	struct loop_watch *watch; /* NULL: it is not watched; the rest is loop.c's */
	struct list link;
	uint64_t id;
	enum { LOOP_QUIET, LOOP_SUSPECT, LOOP_BLOCKED } state;
	int master; /* the bridge that it is in; 0: none */
	uint64_t since_ms; /* when it was added, or opened again */
	uint64_t blocked_ms;
	uint64_t next_ms, step_ms; /* of its next frame, and how long after that the one after */
	uint64_t deadline_ms; /* SUSPECT: decided then, if */
	unsigned n_back; /* enough came back since it is one */
	/* The last that came back: when, and when it was sent (older ones are not heard); how long
	 * one took. */
	uint64_t back_ms, back_sent_ms, rtt_ms;
	uint64_t quiet_ms; /* BLOCKED: opened when none came back for so long */
};

/* Watches a device, which is a port of a bridge, or may become one. Zeroed but for the first
 * members, the caller's until it is removed. */
int loop_add(struct place *p, struct loop_port *port, struct err *e);
/* Not watched: nothing happens. A port that stays in a bridge is opened. */
void loop_remove(struct loop_port *port);
/* It is blocked now, since there is a loop. */
bool loop_is_blocked(const struct loop_port *port);
