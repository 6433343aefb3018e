/* SPDX-License-Identifier: MIT */
/*
 * calculator-client ADDRESS: references go into expressions as soon as the calls that return them
 * are made; only the number at the end is waited for.
 */
#include "calculator.capnp.h"
#include "common.h"

#include <math.h>
#include <stdio.h>

typedef struct calc_calculator_expression_b expr; /* short, for once: they are nested below */
typedef struct calc_calculator_function_c func;
typedef struct calc_calculator_value_c value;

static struct vat_loop *loop;
static struct vat *vat;
static struct calc_calculator_c calculator;

static void literal(expr e, double v)
{
	calc_calculator_expression_set_literal(e, v);
}

/* Makes e a call; its n arguments are to be filled in. */
static struct calc_calculator_expression_list_b call(expr e, func f, uint32_t n)
{
	struct calc_calculator_expression_call_b c = calc_calculator_expression_init_call(e);
	calc_calculator_expression_call_set_function(c, f);
	return calc_calculator_expression_call_init_params(c, n);
}

static expr arg(struct calc_calculator_expression_list_b args, uint32_t i)
{
	return calc_calculator_expression_at_b(args, i);
}

static func get_operator(uint16_t op)
{
	struct calc_calculator_get_operator_req req = calc_calculator_get_operator(vat, calculator);
	calc_calculator_get_operator_params_set_op(req.params, op);
	calc_calculator_get_operator_send(req, NULL, NULL);
	func f = calc_calculator_get_operator_pipe_func(req.call);
	vat_call_free(req.call);
	return f;
}

/* Sends what was filled in; the value can be used at once. */
static value evaluate(struct calc_calculator_evaluate_req req)
{
	calc_calculator_evaluate_send(req, NULL, NULL);
	value v = calc_calculator_evaluate_pipe_value(req.call);
	vat_call_free(req.call);
	return v;
}

static expr expression(struct calc_calculator_evaluate_req req)
{
	return calc_calculator_evaluate_params_init_expression(req.params);
}

/* Waits for the number, prints it, drops the value. */
static void print(const char *what, value v)
{
	struct calc_calculator_value_read_req req = calc_calculator_value_read(vat, v);
	struct vat_ptr_r p = example_call(loop, req.call);
	printf("%s = %g\n", what,
		calc_calculator_value_read_results_get_value(
			calc_calculator_value_read_results_from(p)));
	vat_call_free(req.call);
	calc_calculator_value_unref(v);
}

/* A function of ours, that the server calls. */
static void power(void *self, struct calc_calculator_function_call_ctx cx)
{
	struct vat_list_r p = calc_calculator_function_call_params_get_params(
		calc_calculator_function_call_params(cx));
	(void)self;
	calc_calculator_function_call_results_set_value(calc_calculator_function_call_results(cx),
		pow(vat_list_f64(p, 0), vat_list_f64(p, 1)));
	vat_ctx_return(cx.ctx);
}

/* f(x, y) = x * 100 + y, which the server keeps. */
static func define(func add, func multiply)
{
	struct calc_calculator_def_function_req req = calc_calculator_def_function(vat, calculator);
	calc_calculator_def_function_params_set_param_count(req.params, 2);
	struct calc_calculator_expression_list_b sum, product;
	sum = call(calc_calculator_def_function_params_init_body(req.params), add, 2);
	product = call(arg(sum, 0), multiply, 2);
	calc_calculator_expression_set_parameter(arg(product, 0), 0);
	literal(arg(product, 1), 100);
	calc_calculator_expression_set_parameter(arg(sum, 1), 1);
	calc_calculator_def_function_send(req, NULL, NULL);
	func f = calc_calculator_def_function_pipe_func(req.call);
	vat_call_free(req.call);
	return f;
}

int main(int argc, char **argv)
{
	static const struct calc_calculator_function_impl power_impl = {.call = power};
	struct calc_calculator_expression_list_b args, inner;
	if (argc != 2)
		die("usage: calculator-client ADDRESS");
	loop = example_loop();
	vat = vat_loop_vat(loop);
	calculator = calc_calculator_cast(example_connect(loop, argv[1]));
	func add = get_operator(CALC_CALCULATOR_OPERATOR_ADD);
	func multiply = get_operator(CALC_CALCULATOR_OPERATOR_MULTIPLY);
	func f = define(add, multiply);
	func pow_ = calc_calculator_function_serve(vat, &power_impl, NULL, NULL);

	struct calc_calculator_evaluate_req req = calc_calculator_evaluate(vat, calculator);
	args = call(expression(req), multiply, 2);
	literal(arg(args, 0), 4);
	literal(arg(args, 1), 6);
	value product = evaluate(req);

	req = calc_calculator_evaluate(vat, calculator);
	args = call(expression(req), add, 2);
	calc_calculator_expression_set_previous_result(arg(args, 0), product);
	literal(arg(args, 1), 3);
	print("4 * 6 + 3", evaluate(req));
	print("4 * 6", product);

	req = calc_calculator_evaluate(vat, calculator);
	args = call(expression(req), f, 2);
	literal(arg(args, 0), 12);
	literal(arg(args, 1), 34);
	print("f(12, 34)", evaluate(req));

	req = calc_calculator_evaluate(vat, calculator);
	args = call(expression(req), pow_, 2);
	literal(arg(args, 0), 2);
	inner = call(arg(args, 1), add, 2);
	literal(arg(inner, 0), 4);
	literal(arg(inner, 1), 5);
	print("pow(2, 4 + 5)", evaluate(req));

	calc_calculator_function_unref(pow_);
	calc_calculator_function_unref(f);
	calc_calculator_function_unref(multiply);
	calc_calculator_function_unref(add);
	calc_calculator_unref(calculator);
	vat_loop_free(loop);
	return 0;
}
