/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What the parts of the guard share.
 *
 *	guard.c          the object, transactions
 *	guard-port.c     the table of packets: ports, their remotes
 *	guard-link.c     the table of frames: links, storms, the node's own address
 *	guard-allow.c    restrictions as rules
 *	guard-rate.c     rates, which are no rules but programs
 *	guard-counter.c  reading a counter
 *	guard-watch.c    rules that somebody removes
 *
 * The kernel is told of a change only ("add element ..."); what there ought to be is kept here as
 * well, so that a table can be made anew in one transaction when the kernel does not have what we
 * think it has (somebody has flushed the ruleset). A table is there as long as something is in it.
 *
 * Text for nft consists of words written here, numbers, addresses printed by inet_ntop, and names
 * of links that guard_link_add() took.
 */
#include "svc/net/kernel/guard.h"

#include "base/list.h"

#include <stdio.h>

struct nft_ctx;
struct mnl_socket;

enum {
	GUARD_LINKS_MAX = 16384, /* in a namespace; of ports there are not more than 65535 */
	GUARD_RESTRICTIONS_MAX = 16, /* of one link */
};

struct guard_port {
	struct list link;
	uint16_t port;
	struct rtnl_ip remote; /* family 0: none */
	uint16_t remote_port;
	bool counts; /* there has been a remote: what others send is counted */
};

struct guard_device {
	struct list link;
	int index;
	char name[IFNAMSIZ];
	bool tunnel, silent, port, backplane;
	struct guard_restrictions *restrictions; /* malloc'ed */
	size_t n_restrictions;
	int rate_map; /* of the programs that limit the rate; -EBADF: there are none */
};

struct guard {
	int family; /* of the node's address */
	const char *f; /* "ip" or "ip6" */
	char node[INET6_ADDRSTRLEN];
	char table[16]; /* the name of both tables */
	bool backplane;
	struct nft_ctx *nft;
	struct mnl_socket *nl; /* reads counters */
	struct mnl_socket *watch; /* hears of tables that are deleted */
	struct rtnl *rtnl; /* attaches programs */
	uint32_t seq;
	struct list ports, devices;
	unsigned n_devices;
	bool ports_ready, devices_ready; /* the table is there, and is ours */
};

/* ---- guard.c ---- */

/* A growing text: guard_text_run() frees it. */
struct guard_text {
	FILE *f;
	char *text;
	size_t size;
};

int guard_text_new(struct guard_text *t);
/* One transaction; the text is freed. */
int guard_text_run(struct guard *g, struct guard_text *t, struct err *e);
void guard_text_free(struct guard_text *t);

/* ---- guard-port.c, guard-link.c: a whole table, in place of what there is ---- */

int guard_ports_restore(struct guard *g, struct err *e);
int guard_devices_restore(struct guard *g, struct err *e);

/* ---- guard-watch.c ---- */

int guard_watch_open(struct guard *g); /* in the namespace that the thread is in */

/* ---- guard-allow.c ---- */

/* Chains "allow-INDEX-N" for those restrictions that need one. */
void guard_allow_chains(const struct guard *g, const struct guard_device *d, FILE *f);
void guard_allow_chains_remove(const struct guard *g, const struct guard_device *d, FILE *f);
/* The rules of one direction, for the link's chain ("in" or "out"). */
void guard_allow_rules(const struct guard *g, const struct guard_device *d, bool in, FILE *f);

/* ---- guard-rate.c ---- */

/* As d->restrictions say, in place of what there was. */
int guard_rate_set(struct guard *g, struct guard_device *d, struct err *e);
void guard_rate_clear(struct guard *g, struct guard_device *d);
/* Frames that were too many, in both directions. */
uint64_t guard_rate_dropped(const struct guard_device *d);

/* ---- guard-counter.c ---- */

/* Packets of a named counter; -ENOENT. family: NFPROTO_... */
int guard_counter_read(
	struct guard *g, uint8_t family, const char *name, uint64_t *ret, struct err *e);
bool guard_table_is_there(struct guard *g, uint8_t family);
