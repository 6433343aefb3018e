/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Sturdy references as text: ref://[NODE-ADDRESS]/SERVICE/OBJECT, SERVICE/ left out when it is
 * "persistence".  OBJECT is the URL-safe base64, without padding, of the packed Cap'n Proto
 * encoding of objectInfo (one segment, no segment table).  (MetaContainer paper, chapter 6)
 *
 * A path may follow, ref://[NODE-ADDRESS]/OBJECT/sub/dir: something inside the directory that
 * OBJECT is.  The reference itself ends where the path begins.
 *
 * A reference is a secret: it is not logged, and errors show it shortened (ref_mask).
 */
#include "base/err.h"
#include "schema/metac.capnp.h"

enum {
	REF_NODE_MAX = 63,
	REF_SERVICE_MAX = 64, /* as registerNamedService allows */
	REF_OBJECT_MAX = 2048, /* bytes of objectInfo, unpacked */
	REF_TEXT_MAX = 3200,
};

struct ref {
	char node[REF_NODE_MAX + 1]; /* canonical text of the address, no brackets */
	char service[REF_SERVICE_MAX + 1];
	struct vat_message *info; /* owned; its root is objectInfo, without capabilities */
};

/* True if text looks like a reference at all ("ref:"). */
bool ref_is(const char *text);

/* Returns 0, -EINVAL (malformed; e tells what is wrong, without giving the secret away), -ENOMEM.
 */
int ref_parse(const char *text, struct ref **ret, struct err *e);
/* The same where a path may follow: *ret_path is what comes after OBJECT and its slash, as it
 * stands in text (borrowed, not checked); "" if there is none. */
int ref_parse_within(const char *text, struct ref **ret, const char **ret_path, struct err *e);

/* From a message; what it holds is copied. -EINVAL as above. */
int ref_from_sturdy(struct metac_metac_sturdy_ref_r r, struct ref **ret, struct err *e);
void ref_to_sturdy(const struct ref *r, struct metac_metac_sturdy_ref_b b);

/* The text, malloc'ed; NULL when memory is out. */
char *ref_format(const struct ref *r);

/* "ref://[fd00::1]/MQEa.../sub/dir" for errors: at most four characters of the object. */
void ref_mask(const char *text, char *ret, size_t size);

void ref_free(struct ref *r);
DEFINE_AUTO(struct ref *, ref_free);

/* A service's name: 1 to 64 of [a-z0-9-]. */
bool service_name_valid(struct vat_text name);

/* Brings an address into canonical text form; -EINVAL if it is none. */
int address_canonical(const char *text, char *ret, size_t size);
