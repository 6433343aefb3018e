/* SPDX-License-Identifier: MIT */
/*
 * calculator-server ADDRESS: values, functions and operators as objects.  What an expression
 * amounts to is found out in calculator-eval.c.
 */
#include "calculator-eval.h"
#include "common.h"

#include <stdlib.h>

static struct vat *vat;

/* A value: a number that was worked out. */
static void value_read(void *self, struct calc_calculator_value_read_ctx cx)
{
	calc_calculator_value_read_results_set_value(
		calc_calculator_value_read_results(cx), *(double *)self);
	vat_ctx_return(cx.ctx);
}

static const struct calc_calculator_value_impl value_impl = {.read = value_read};

static void answer_number(struct vat_ctx *ctx, double value)
{
	struct calc_calculator_function_call_ctx cx = {ctx};
	calc_calculator_function_call_results_set_value(
		calc_calculator_function_call_results(cx), value);
	vat_ctx_return(ctx);
}

/* An operator: a function known to the server. */
static void operator_call(void *self, struct calc_calculator_function_call_ctx cx)
{
	struct vat_list_r params = calc_calculator_function_call_params_get_params(
		calc_calculator_function_call_params(cx));
	double a = vat_list_f64(params, 0), b = vat_list_f64(params, 1);
	if (params.count != 2) {
		vat_ctx_fail(cx.ctx, VAT_FAILED, "wrong number of parameters");
		return;
	}
	switch (*(const uint16_t *)self) {
	case CALC_CALCULATOR_OPERATOR_ADD:
		answer_number(cx.ctx, a + b);
		break;
	case CALC_CALCULATOR_OPERATOR_SUBTRACT:
		answer_number(cx.ctx, a - b);
		break;
	case CALC_CALCULATOR_OPERATOR_MULTIPLY:
		answer_number(cx.ctx, a * b);
		break;
	default:
		answer_number(cx.ctx, a / b);
	}
}

static const struct calc_calculator_function_impl operator_impl = {.call = operator_call};

/* A function that a client defined: a copy of what it said. */
static void function_call(void *self, struct calc_calculator_function_call_ctx cx)
{
	struct vat_message *m = self;
	struct calc_calculator_def_function_params_r def =
		calc_calculator_def_function_params_root(m);
	struct vat_list_r params = calc_calculator_function_call_params_get_params(
		calc_calculator_function_call_params(cx));
	if ((int32_t)params.count != calc_calculator_def_function_params_get_param_count(def))
		vat_ctx_fail(cx.ctx, VAT_FAILED, "wrong number of parameters");
	else
		evaluate(vat, calc_calculator_def_function_params_get_body(def), params,
			answer_number, cx.ctx);
}

static void function_destroy(void *self)
{
	vat_message_free(self); /* and the references in it */
}

static const struct calc_calculator_function_impl function_impl = {.call = function_call};

static void answer_value(struct vat_ctx *ctx, double value)
{
	struct calc_calculator_evaluate_ctx cx = {ctx};
	double *self = malloc(sizeof(*self));
	if (!self) {
		vat_ctx_fail(ctx, VAT_OVERLOADED, "out of memory");
		return;
	}
	*self = value;
	struct calc_calculator_value_c object =
		calc_calculator_value_serve(vat, &value_impl, self, free);
	calc_calculator_evaluate_results_set_value(calc_calculator_evaluate_results(cx), object);
	calc_calculator_value_unref(object);
	vat_ctx_return(ctx);
}

static void calculator_evaluate(void *self, struct calc_calculator_evaluate_ctx cx)
{
	evaluate(vat,
		calc_calculator_evaluate_params_get_expression(calc_calculator_evaluate_params(cx)),
		(struct vat_list_r){0}, answer_value, cx.ctx);
}

static void calculator_def_function(void *self, struct calc_calculator_def_function_ctx cx)
{
	struct vat_message *m = vat_message_new(0, 0);
	if (m)
		calc_calculator_def_function_params_set_root(
			m, calc_calculator_def_function_params(cx));
	if (!m || vat_message_error(m)) {
		vat_message_free(m);
		vat_ctx_fail(cx.ctx, VAT_OVERLOADED, "out of memory");
		return;
	}
	struct calc_calculator_function_c object =
		calc_calculator_function_serve(vat, &function_impl, m, function_destroy);
	calc_calculator_def_function_results_set_func(
		calc_calculator_def_function_results(cx), object);
	calc_calculator_function_unref(object);
	vat_ctx_return(cx.ctx);
}

static void calculator_get_operator(void *self, struct calc_calculator_get_operator_ctx cx)
{
	static uint16_t operators[] = {0, 1, 2, 3};
	uint16_t op =
		calc_calculator_get_operator_params_get_op(calc_calculator_get_operator_params(cx));
	if (op >= sizeof(operators) / sizeof(operators[0])) {
		vat_ctx_fail(cx.ctx, VAT_FAILED, "no such operator");
		return;
	}
	struct calc_calculator_function_c object =
		calc_calculator_function_serve(vat, &operator_impl, &operators[op], NULL);
	calc_calculator_get_operator_results_set_func(
		calc_calculator_get_operator_results(cx), object);
	calc_calculator_function_unref(object);
	vat_ctx_return(cx.ctx);
}

int main(int argc, char **argv)
{
	static const struct calc_calculator_impl impl = {.evaluate = calculator_evaluate,
		.def_function = calculator_def_function,
		.get_operator = calculator_get_operator};
	if (argc != 2)
		die("usage: calculator-server ADDRESS");
	struct vat_loop *loop = example_loop();
	vat = vat_loop_vat(loop);
	return example_serve(loop, argv[1], calc_calculator_serve(vat, &impl, NULL, NULL).cap);
}
