/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Splice: an interface that the host uses itself is joined to a "leg", a link beside it, without
 * being changed: programs at its clsact hooks, and at the leg's, are a switch with three ports.
 *
 *	             wire
 *	              |
 *	  ingress [ interface ] egress
 *	   |   \      |       /    |          ports:  WIRE, HOST, LEG
 *	   |    `-- host ----'     |          the host has the interface as before
 *	    `------ leg ----------'           (a bridge of ours, or a veth into it)
 *
 * The switch learns: a map of MAC addresses says where each was last seen, for five minutes. Frames
 * between the host and the wire therefore pass with a look into the map, and only those to groups
 * and to addresses not seen yet are copied to the leg; frames for an address behind the leg go
 * there, and not to the wire.
 *
 *	program at         frame to              goes to
 *	interface ingress  group, not known      host, leg
 *	(from WIRE)        behind the leg        leg
 *	                   host, wire            host
 *	interface egress   group, not known      wire, leg
 *	(from HOST)        behind the leg        leg
 *	                   host, wire            wire
 *	leg ingress        group, not known      host, wire
 *	(from LEG)         host                  host
 *	                   wire                  wire
 *	                   behind the leg        nowhere: it is there already
 *
 * What comes from the leg passes the interface's hooks again on its way to the host or the wire: it
 * has a 32-bit random number as skb->mark then, which the programs there take off, so that nobody
 * else sees it. What goes to the leg has mark 0: marks are the host's own business (an outer packet
 * of VXLAN would be routed by it).
 *
 * Not copied: link-local groups (01:80:c2:00:00:01 to 0f, IEEE 802.1D 7.12.6); packets of VXLAN
 * that the node itself sends (a tunnel would get into itself). Not taken from the leg: frames from
 * the host's own MAC, and those larger than the interface's MTU.
 *
 * All is in the kernel, so frames go on while no process is there. The filters are named after
 * their owner, with what is to be done at the end: splice_clean() of a later process finds them.
 * The programs let frames through to later filters of the host (TC_ACT_UNSPEC). Two nodes of one
 * host can splice the same interface; what one of them delivers to a group then gets to the other's
 * leg twice, since it passes both hooks.
 */
#include "svc/net/kernel/rtnl.h"

enum {
	SPLICE_MACS = 4096, /* known at a time; the one unused for longest is forgotten */
	SPLICE_OWNER_MAX = 80,
};

struct splice;

struct splice_config {
	int iface, leg; /* indices; both are there */
	uint8_t mac[RTNL_MAC_SIZE]; /* of the interface */
	uint32_t mtu; /* of the interface */
	struct rtnl_ip outer; /* VXLAN packets from there are not copied; family 0: none come by */
	const char *owner; /* of the filters, for splice_clean(); copied */
	bool brought_up; /* the interface, by the owner: splice_clean() takes it down */
};

/* On failure nothing is left. n is borrowed, and has to live longer. */
int splice_new(struct rtnl *n, const struct splice_config *cfg, struct splice **ret, struct err *e);
/* The interface has another MAC or MTU. Frames are not lost. On failure all is as it was. */
int splice_change(
	struct splice *s, const uint8_t mac[static RTNL_MAC_SIZE], uint32_t mtu, struct err *e);
/* Another leg takes the place of the one before. On failure all is as it was. */
int splice_move(struct splice *s, int leg, struct err *e);
/* Are all its filters there? Somebody may have deleted the qdisc that they were in. */
bool splice_is_whole(struct splice *s);
/* Removes programs and filters, and the clsact qdisc if splice_new() made it and nobody else has
 * put anything there. NULL is accepted, and that links are gone. */
void splice_free(struct splice *s);
/* Removes what a killed process of that owner left at the link. */
int splice_clean(struct rtnl *n, int index, const char *owner, struct err *e);
