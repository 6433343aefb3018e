/* SPDX-License-Identifier: MIT */
/*
 * An expression may contain values and functions that live at the client or elsewhere, so working
 * one out means waiting.  Each call in it is a struct job, which waits for its arguments, then
 * calls its function, and gives the number to the job above.  The topmost answers.
 */
#include "calculator-eval.h"

#include <stdio.h>
#include <stdlib.h>

struct job {
	struct vat *vat;
	struct job *parent, *top;
	double *to; /* where the result goes: an argument of the parent */
	unsigned waits; /* for so many arguments, and for whoever begins it */
	struct calc_calculator_function_c function; /* NULL in the topmost */
	uint32_t n;
	double *args; /* behind it */
};

struct top {
	struct vat_ctx *ctx;
	void (*answer)(struct vat_ctx *ctx, double value);
	double value;
	char error[200]; /* the first */
	struct job job;
};

static void fail(struct job *j, const char *text)
{
	struct top *t = (struct top *)(void *)((char *)j->top - offsetof(struct top, job));
	if (!t->error[0])
		snprintf(t->error, sizeof(t->error), "%s", text);
}

static struct job *job_new(struct job *parent, double *to, uint32_t n)
{
	struct job *j = calloc(1, sizeof(*j) + n * sizeof(double));
	if (!j) {
		fail(parent, "out of memory");
		return NULL;
	}
	*j = (struct job){parent->vat, parent, parent->top, to, 1, {NULL}, n, (double *)(j + 1)};
	parent->waits++;
	return j;
}

static void step(struct job *j);

static void on_result(void *user, const struct vat_error *err, struct vat_ptr_r p)
{
	struct job *j = user, *parent = j->parent;
	if (err)
		fail(j, err->text);
	else /* Value.read() and Function.call() answer alike */
		*j->to = calc_calculator_value_read_results_get_value(
			calc_calculator_value_read_results_from(p));
	calc_calculator_function_unref(j->function);
	free(j);
	step(parent);
}

static void call_function(struct job *j)
{
	struct calc_calculator_function_call_req req =
		calc_calculator_function_call(j->vat, j->function);
	struct vat_list_b list = calc_calculator_function_call_params_init_params(req.params, j->n);
	for (uint32_t i = 0; i < j->n; i++)
		vat_list_set_f64(list, i, j->args[i]);
	calc_calculator_function_call_send(req, on_result, j);
	vat_call_detach(req.call); /* it is not going to be canceled */
	if (!req.call) /* nor is on_result going to be called */
		on_result(j, &(struct vat_error){VAT_OVERLOADED, "out of memory"},
			(struct vat_ptr_r){0});
}

/* One thing less to wait for. */
static void step(struct job *j)
{
	if (--j->waits)
		return;
	if (j->parent) {
		call_function(j);
		return;
	}
	struct top *t = (struct top *)(void *)((char *)j - offsetof(struct top, job));
	if (t->error[0])
		vat_ctx_fail(t->ctx, VAT_FAILED, "%s", t->error);
	else
		t->answer(t->ctx, t->value);
	free(t);
}

static void read_value(struct calc_calculator_value_c value, struct job *up, double *to)
{
	struct job *j = job_new(up, to, 0);
	if (!j)
		return;
	struct calc_calculator_value_read_req req = calc_calculator_value_read(j->vat, value);
	calc_calculator_value_read_send(req, on_result, j);
	vat_call_detach(req.call);
	if (!req.call)
		on_result(j, &(struct vat_error){VAT_OVERLOADED, "out of memory"},
			(struct vat_ptr_r){0});
}

static void begin(
	struct calc_calculator_expression_r e, struct vat_list_r params, struct job *up, double *to)
{
	if (calc_calculator_expression_which(e) == CALC_CALCULATOR_EXPRESSION_WHICH_LITERAL) {
		*to = calc_calculator_expression_get_literal(e);
	} else if (calc_calculator_expression_which(e) ==
		   CALC_CALCULATOR_EXPRESSION_WHICH_PARAMETER) {
		uint32_t i = calc_calculator_expression_get_parameter(e);
		if (i >= params.count)
			fail(up, "no such parameter");
		*to = vat_list_f64(params, i);
	} else if (calc_calculator_expression_which(e) ==
		   CALC_CALCULATOR_EXPRESSION_WHICH_PREVIOUS_RESULT) {
		read_value(calc_calculator_expression_get_previous_result(e), up, to);
	} else {
		struct calc_calculator_expression_call_r c = calc_calculator_expression_get_call(e);
		struct calc_calculator_expression_list_r args =
			calc_calculator_expression_call_get_params(c);
		struct job *j = job_new(up, to, args.l.count);
		if (!j)
			return;
		j->function = calc_calculator_function_ref(
			calc_calculator_expression_call_get_function(c));
		for (uint32_t i = 0; i < args.l.count; i++)
			begin(calc_calculator_expression_at(args, i), params, j, &j->args[i]);
		step(j);
	}
}

void evaluate(struct vat *vat, struct calc_calculator_expression_r e, struct vat_list_r params,
	void (*answer)(struct vat_ctx *ctx, double value), struct vat_ctx *ctx)
{
	struct top *t = calloc(1, sizeof(*t));
	if (!t) {
		vat_ctx_fail(ctx, VAT_OVERLOADED, "out of memory");
		return;
	}
	*t = (struct top){ctx, answer, 0, "", {.vat = vat, .waits = 1}};
	t->job.top = &t->job;
	begin(e, params, &t->job, &t->value);
	step(&t->job);
}
