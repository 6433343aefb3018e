/* SPDX-License-Identifier: MIT */
#pragma once
/* What the rest of the RPC half has to know of membranes: see membrane.c. */
#include "vat/cap/cap.h"

/* A call on a capability of kind CAP_MEMBRANE; takes ctx. */
void membrane_call(struct vat_cap *c, struct vat_ctx *ctx);
/* Lets go of what the wrapper holds. */
void membrane_clear(struct vat_cap *c);
