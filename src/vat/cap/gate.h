/* SPDX-License-Identifier: MIT */
#pragma once
/* Where calls wait for a streaming call that their object is handling: see gate.c. */
#include "vat/cap/cap.h"

/* True if ctx, to be handed to its target (a local object), was taken: it waits, or has failed. */
bool gate_holds(struct vat_ctx *ctx);
/* ctx is handled now; what comes later has to wait for its outcome. 0 or -ENOMEM. */
int gate_close(struct vat_ctx *ctx);
/* With its object; NULL is accepted. */
void gate_free(struct gate *g);
