/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The Ethernet that an interface of this host belongs to, and how others' frames get there.  One
 * for each interface that is exported or bound, whoever by; ports come and go.
 *
 *	how      when                                       what
 *	BRIDGE   it is a bridge, or a port of one that      ports are put into that bridge
 *	         does not filter VLANs
 *	ENSLAVE  it has no address of this host, and        a bridge of ours, with it and the
 *	         nothing is on top of it                    ports in it
 *	SPLICE   this host uses it itself, or its master    it stays as it is; BPF programs at it
 *	         is something else                          join it to a bridge of ours (splice.h),
 *	                                                    which has the ports
 *	OWN      a created interface, one port              it is the port's device itself
 *
 * With the last port gone all is as it was: the interface out of the bridge, programs, veths and
 * bridge removed, and down again if it had to be brought up.  When the host's addresses on it come
 * or go, ENSLAVE and SPLICE change places.  Nothing here touches its addresses or its MTU.
 *
 *	wire/host <--> interface <--> [ bridge of ours "mcb..." ] <--> port "mcx..." = tunnel
 *	                                  |                   `------> port "mcx..." = another
 *	                                  learns, no STP; loops are found by loop.h
 *
 * Refused: the loopback interface; what carries no Ethernet; parts of a bond or team (the bond can
 * be used); macvlan and ipvlan links, which get no frames for others.
 */
#include "svc/net/place.h"

enum segment_how { SEGMENT_NONE, SEGMENT_BRIDGE, SEGMENT_ENSLAVE, SEGMENT_SPLICE, SEGMENT_OWN };

struct segment;

/* The segment of that interface; -ENODEV if there is none, -EINVAL if it carries no Ethernet,
 * -EBUSY if it cannot be used (it is the loopback interface, or a part of a tunnel). The reference
 * is the caller's. */
int segment_get(struct place *p, const char *name, struct segment **ret, struct err *e);
struct segment *segment_ref(struct segment *s);
void segment_unref(struct segment *s); /* NULL is accepted */

struct place *segment_place(const struct segment *s);
int segment_index(const struct segment *s); /* of the interface; 0: it has gone */
const char *segment_name(const struct segment *s); /* follows renaming */
enum segment_how segment_how(const struct segment *s);
const char *segment_how_name(enum segment_how how); /* as L2Info.how has it */
unsigned segment_ports(const struct segment *s);
uint32_t segment_mtu(const struct segment *s); /* of the interface now */
/* The interface carries the node's own address: frames to that have to get in, while none that come
 * by others claim to be from there (guard.h). */
bool segment_is_backplane(const struct segment *s);

/* What is told to whoever has a port in it. */
struct segment_port {
	struct list link;
	int index; /* the device, in the segment's place */
	char name[IFNAMSIZ];
	bool isolated; /* of a routed network: reaches the interface, and no other port */
	bool doomed; /* gets deleted right after it leaves (reaper.h): may stay in the bridge */
	void (*gone)(void *user, const char *why); /* the interface, or the port, has gone */
	void *user;
};

/* Makes a device (which is there, in the segment's place; p->index, name are filled in) a port of
 * it, and brings it up. Its MTU is set to that of the bridge that it gets into, so that no bridge
 * is lowered. p is the caller's and in the list until segment_leave(). */
int segment_join(struct segment *s, struct segment_port *p, struct err *e);
/* The device stays (the caller deletes it), without a master. Nothing is done if gone() was called.
 */
void segment_leave(struct segment *s, struct segment_port *p);

/* What a killed process left at interfaces that are not ours is undone; before the links that are
 * (net_mark) are deleted. */
int segment_clean(struct place *p, struct err *e);

/* The interface itself is a tunnel's end (created.h): the one port it can have without a bridge. */
int segment_join_own(struct segment *s, struct segment_port *p, struct err *e);
