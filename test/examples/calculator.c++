// SPDX-License-Identifier: MIT
//
// The calculator of examples/ with Cap'n Proto for C++: what both understand is the schema.
//
//	cxx-calculator server ADDR      serves until killed
//	cxx-calculator client ADDR      asks what calculator-client asks, and prints the same
#include "calculator.capnp.h"

#include <capnp/ez-rpc.h>
#include <kj/debug.h>

#include <cmath>
#include <cstdio>
#include <cstring>
#include <functional>

namespace {

using Numbers = capnp::List<double>::Reader;

struct ValueServer final : public Calculator::Value::Server {
	double value;

	explicit ValueServer(double value) : value(value) {}
	kj::Promise<void> read(ReadContext cx) override
	{
		cx.getResults().setValue(value);
		return kj::READY_NOW;
	}
};

struct LocalFunction final : public Calculator::Function::Server {
	std::function<double(double, double)> f;

	explicit LocalFunction(std::function<double(double, double)> f) : f(f) {}
	kj::Promise<void> call(CallContext cx) override
	{
		auto p = cx.getParams().getParams();
		KJ_REQUIRE(p.size() == 2, "wrong number of parameters");
		cx.getResults().setValue(f(p[0], p[1]));
		return kj::READY_NOW;
	}
};

kj::Promise<double> work_out(Calculator::Expression::Reader e, kj::ArrayPtr<const double> params)
{
	if (e.isLiteral())
		return e.getLiteral();
	if (e.isParameter()) {
		KJ_REQUIRE(e.getParameter() < params.size(), "no such parameter");
		return params[e.getParameter()];
	}
	if (e.isPreviousResult())
		return e.getPreviousResult().readRequest().send().then(
			[](auto r) { return r.getValue(); });
	auto function = e.getCall().getFunction();
	auto args = kj::heapArrayBuilder<kj::Promise<double>>(e.getCall().getParams().size());
	for (auto arg : e.getCall().getParams())
		args.add(work_out(arg, params));
	return kj::joinPromises(args.finish()).then([function](kj::Array<double> v) mutable {
		auto req = function.callRequest();
		auto list = req.initParams(v.size());
		for (size_t i = 0; i < v.size(); i++)
			list.set(i, v[i]);
		return req.send().then([](auto r) { return r.getValue(); });
	});
}

struct DefinedFunction final : public Calculator::Function::Server {
	capnp::MallocMessageBuilder body;

	explicit DefinedFunction(Calculator::Expression::Reader e) { body.setRoot(e); }
	kj::Promise<void> call(CallContext cx) override
	{
		auto args = kj::heapArrayBuilder<double>(cx.getParams().getParams().size());
		for (double v : cx.getParams().getParams())
			args.add(v);
		auto array = args.finish();
		auto p = work_out(body.getRoot<Calculator::Expression>().asReader(), array);
		return p.attach(kj::mv(array)).then([cx](double v) mutable {
			cx.getResults().setValue(v);
		});
	}
};

struct CalculatorServer final : public Calculator::Server {
	kj::Promise<void> evaluate(EvaluateContext cx) override
	{
		return work_out(cx.getParams().getExpression(), nullptr).then([cx](double v) mutable {
			cx.getResults().setValue(kj::heap<ValueServer>(v));
		});
	}
	kj::Promise<void> defFunction(DefFunctionContext cx) override
	{
		cx.getResults().setFunc(kj::heap<DefinedFunction>(cx.getParams().getBody()));
		return kj::READY_NOW;
	}
	kj::Promise<void> getOperator(GetOperatorContext cx) override
	{
		auto op = cx.getParams().getOp();
		cx.getResults().setFunc(kj::heap<LocalFunction>([op](double a, double b) {
			switch (op) {
			case Calculator::Operator::ADD: return a + b;
			case Calculator::Operator::SUBTRACT: return a - b;
			case Calculator::Operator::MULTIPLY: return a * b;
			default: return a / b;
			}
		}));
		return kj::READY_NOW;
	}
};

void print(const char *what, Calculator::Value::Client value, kj::WaitScope &ws)
{
	printf("%s = %g\n", what, value.readRequest().send().wait(ws).getValue());
}

void client(capnp::EzRpcClient &rpc)
{
	auto &ws = rpc.getWaitScope();
	auto calculator = rpc.getMain<Calculator>();
	auto op = [&](Calculator::Operator o) {
		auto req = calculator.getOperatorRequest();
		req.setOp(o);
		return req.send().getFunc();
	};
	auto add = op(Calculator::Operator::ADD), multiply = op(Calculator::Operator::MULTIPLY);
	auto call = [](Calculator::Expression::Builder e, Calculator::Function::Client f) {
		auto c = e.initCall();
		c.setFunction(f);
		return c.initParams(2);
	};

	auto define = calculator.defFunctionRequest();
	define.setParamCount(2);
	auto sum = call(define.initBody(), add);
	auto product = call(sum[0], multiply);
	product[0].setParameter(0);
	product[1].setLiteral(100);
	sum[1].setParameter(1);
	auto f = define.send().getFunc();

	auto r1 = calculator.evaluateRequest();
	auto args = call(r1.initExpression(), multiply);
	args[0].setLiteral(4);
	args[1].setLiteral(6);
	auto value = r1.send().getValue();

	auto r2 = calculator.evaluateRequest();
	args = call(r2.initExpression(), add);
	args[0].setPreviousResult(value);
	args[1].setLiteral(3);
	print("4 * 6 + 3", r2.send().getValue(), ws);
	print("4 * 6", value, ws);

	auto r3 = calculator.evaluateRequest();
	args = call(r3.initExpression(), f);
	args[0].setLiteral(12);
	args[1].setLiteral(34);
	print("f(12, 34)", r3.send().getValue(), ws);

	auto r4 = calculator.evaluateRequest();
	args = call(r4.initExpression(),
		kj::heap<LocalFunction>([](double a, double b) { return std::pow(a, b); }));
	args[0].setLiteral(2);
	auto inner = call(args[1], add);
	inner[0].setLiteral(4);
	inner[1].setLiteral(5);
	print("pow(2, 4 + 5)", r4.send().getValue(), ws);
}

} // namespace

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "server")) {
		capnp::EzRpcServer server(kj::heap<CalculatorServer>(), argv[2]);
		kj::NEVER_DONE.wait(server.getWaitScope());
	}
	if (argc != 3)
		return 2;
	capnp::EzRpcClient rpc(argv[2]);
	client(rpc);
	return 0;
}
