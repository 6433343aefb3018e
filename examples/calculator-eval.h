/* SPDX-License-Identifier: MIT */
#pragma once
/* Works out an expression of calculator.capnp, in which values and functions may live anywhere. */
#include "calculator.capnp.h"

/* Calls answer(ctx, value), or fails ctx; later, as a rule. params: what the parameters in the
 * expression stand for; both are not needed any more when this returns. */
void evaluate(struct vat *vat, struct calc_calculator_expression_r e, struct vat_list_r params,
	void (*answer)(struct vat_ctx *ctx, double value), struct vat_ctx *ctx);
