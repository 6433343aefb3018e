/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Persistent.save (level 2 of Cap'n Proto RPC) in terms of sturdy references: for programs that
 * know the standard interface rather than ours.
 *
 * Persistent(MetacSturdyRef, AnyPointer).save on a capability is createSturdyRef on it, persistent
 * and without an end; sturdyRef is what that returns as id. Sealing is refused: a reference here is
 * for whoever knows it, and nobody proves who they are when restoring.
 */
#include "vat/persistent.h"

/* Lets every object of the vat that has Persistable.createSturdyRef answer save(). */
void save_for_all(struct vat *v);

/* Looks at what save() asks for. False: it cannot be done, and ctx was answered. */
bool save_may_begin(struct vat_ctx *ctx);
