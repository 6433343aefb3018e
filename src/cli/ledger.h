/* SPDX-License-Identifier: MIT */
#pragma once
/* What `metac obj' and `metac ref' share: the node's objects and references, and finding one by the
 * beginning of its id. */
#include "cli/client.h"

enum { ID_PREFIX_MIN = 2 };

/* The persistence service's admin interface; not waited for, a new reference. */
struct persistence_persistence_service_admin_c ledger_admin(struct client *c);

/* The lists are valid as long as the reply. */
int ledger_objects(
	struct client *c, struct reply *reply, struct persistence_object_info_list_r *ret);
/* Of one object, or of all (both empty). */
int ledger_references(struct client *c, struct vat_text service, struct vat_text runtime_id,
	struct reply *reply, struct persistence_reference_info_list_r *ret);

/* The one whose id is `id`, or begins so when no other does. */
int ledger_find_object(struct client *c, struct persistence_object_info_list_r list, const char *id,
	struct persistence_object_info_r *ret);
int ledger_find_reference(struct client *c, struct persistence_reference_info_list_r list,
	const char *id, struct persistence_reference_info_r *ret);

/* How an id fits what was asked for. */
enum id_match { ID_NO, ID_BEGINS, ID_IS };
enum id_match id_matches(const char *id, size_t id_len, const char *wanted);
