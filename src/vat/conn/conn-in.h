/* SPDX-License-Identifier: MIT */
#pragma once
/* What the handlers of messages share: see conn-in.c. */
#include "vat/conn/conn.h"

/* A message being handled. */
struct in {
	struct vat_conn *c;
	struct parcel *p;
	struct vat_struct_r root; /* Message */
	struct vat_struct_r body; /* the member of its union */
	uint16_t path[PATH_MAX_OPS];
	/* The question or import that capabilities in the message are the answer to, else NULL. */
	const void *source;
};

/* Handlers return 0 or negative errno, like conn_message(). */
int in_bootstrap(struct in *in);
int in_call(struct in *in);
int in_finish(struct in *in);
int in_return(struct in *in);
int in_resolve(struct in *in);
int in_release_message(struct in *in);
int in_disembargo(struct in *in);
int in_provide(struct in *in);
int in_accept(struct in *in);

/* The answer to a new question; NULL when memory is out. */
struct answer *in_answer_new(struct vat_conn *c, uint32_t id);
/* Its outcome is known one day: sends the Return then. */
void in_answer_consume(struct answer *a);
/* Turns a question down without keeping anything. flags: of wire_return(). */
int in_refuse(struct vat_conn *c, uint32_t id, const char *why, unsigned flags);
/* Aborts. */
int in_malformed(struct in *in);
/* Sends back what we do not understand. */
int in_echo(struct in *in);

/* What an answer's results have at a path, as the Return said or will say; new reference. */
struct vat_cap *in_answer_cap(struct answer *a, const uint16_t *path, size_t n);
/* The capability that a CapDescriptor stands for, with the descriptor attached to it; new
 * reference, may be NULL. */
int in_descriptor(struct in *in, struct vat_struct_r s, struct vat_cap **ret);
/* Fills the message's capability table from a Payload, and finds the content. */
int in_payload(struct in *in, struct vat_struct_r payload);
/* The capability a call or Disembargo is addressed to, new reference. An unknown question gives a
 * broken one: it may have been refused. */
int in_target(struct in *in, const struct target *t, struct vat_cap **ret);
/* Takes a descriptor of the message; -1 if there is none. */
int in_take_fd(struct vat_conn *c, uint32_t index);
/* One reference of each export. */
int in_release(struct vat_conn *c, const struct ids *exports);
/* The question is answered: its outcome is told, and Finish is sent unless something pins it. */
void in_conclude(struct question *q, struct parcel *takes_results, struct failure *takes_failure);
