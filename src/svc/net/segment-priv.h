/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What the modules of segment.h share.
 *
 *	segment.c        segments and their ports
 *	segment-how.c    how an interface is joined, from what the kernel says of it
 *	segment-shape.c  bridges, legs, splices: made, changed, and removed
 *	segment-watch.c  what happens to the interface meanwhile
 *	segment-clean.c  what a killed process left
 */
#include "svc/net/net-service.h"
#include "svc/net/segment.h"
#include "svc/net/splice.h"

enum { SEGMENT_PORTS_MAX = 1000 }; /* a bridge of Linux has 1023 */

struct segment {
	struct list link; /* in place.segments */
	unsigned refs;
	struct place *place;
	struct rtnl_link iface; /* as last heard of; index 0: it has gone */
	enum segment_how how; /* of its ports; NONE: it has none. Never OWN */
	struct list ports;
	unsigned n_ports;
	struct segment_port *own; /* OWN: the one that is the interface itself */
	struct place_watcher watcher;

	int bridge; /* that the ports are in */
	int our_bridge, leg; /* of ours: the bridge; a splice's leg into it. 0: none */
	char bridge_name[IFNAMSIZ], leg_name[IFNAMSIZ];
	int leg_port; /* the leg's other end, a port of our bridge */
	struct splice *splice;
	int promiscuous; /* descriptor; -EBADF */
	bool brought_up; /* to be taken down at the end */
	bool guarded;
	bool crowded; /* ENSLAVE was refused, since something is on top of the interface */
};

/* How it is to be joined: *ret and, for BRIDGE, *ret_bridge. -EBUSY, -EOPNOTSUPP with e set: it
 * cannot be. l: the interface as it is now. */
int segment_choose(struct segment *s, const struct rtnl_link *l, enum segment_how *ret,
	int *ret_bridge, struct err *e);
/* Can such an interface ever be joined? -EINVAL, -EBUSY */
int segment_check(struct place *p, const struct rtnl_link *l, struct err *e);
/* Does the event change what segment_choose() would say? */
bool segment_event_matters(const struct segment *s, const struct rtnl_event *event);

/* Looks at the interface as it is now; rules follow its name. */
int segment_refresh(struct segment *s, struct err *e);
/* Makes or changes what joins the interface and the ports, for the interface as it is now; ports
 * are moved along. On failure all that is not as it was before is undone; without ports, nothing
 * is left. */
int segment_settle(struct segment *s, struct err *e);
/* The bridge that the ports are in, one of the host, has changed. */
void segment_bridge_changed(struct segment *s, const struct rtnl_link *bridge);
/* Before a second port is put in. */
int segment_widen(struct segment *s, struct err *e);
/* Somebody has deleted ours; or the leg of a splice, or its filters. */
void segment_bridge_lost(struct segment *s);
void segment_splice_lost(struct segment *s);
/* The port's device into the bridge. */
int segment_put_port(struct segment *s, struct segment_port *p, struct err *e);
/* All as it was. Ports that are still there lose their bridge if it is ours. */
void segment_dissolve(struct segment *s);

void segment_watch(struct segment *s);
/* The segment has none any more, and whoever had them knows. */
void segment_drop_ports(struct segment *s, const char *why);
