// SPDX-License-Identifier: MIT
//
// The C++ library's side of the interop test: server and client of bench.capnp.
//
//	cxx-peer server ADDR            serves until killed
//	cxx-peer client ADDR [WITHOUT]...   prints "ok NAME" or "not ok NAME: why" per feature,
//	                                    except those named
//
// ADDR: unix:PATH or tcp:PORT on loopback; a server with port 0 prints the port it got.
#include "bench.capnp.h"

#include <capnp/rpc-twoparty.h>
#include <kj/async-io.h>
#include <kj/debug.h>
#include <kj/io.h>

#include <cstdio>
#include <functional>
#include <set>
#include <string>
#include <sys/mman.h>
#include <unistd.h>
#include <vector>

namespace {

uint64_t neverCanceled = 0;

struct CounterServer final : public Counter::Server {
	uint64_t n = 0;

	kj::Promise<void> next(NextContext cx) override
	{
		cx.getResults().setN(++n);
		return kj::READY_NOW;
	}
};

struct HolderServer final : public Holder::Server {
	kj::AutoCloseFd fd;

	explicit HolderServer(int fd) : fd(fd) {}
	kj::Maybe<int> getFd() override { return fd.get(); }
	kj::Promise<void> name(NameContext cx) override
	{
		cx.getResults().setName("holder");
		return kj::READY_NOW;
	}
};

struct BenchServer final : public Bench::Server {
	uint64_t bytes = 0;

	kj::Promise<void> ping(PingContext) override { return kj::READY_NOW; }

	kj::Promise<void> add(AddContext cx) override
	{
		cx.getResults().setSum(cx.getParams().getA() + cx.getParams().getB());
		return kj::READY_NOW;
	}

	kj::Promise<void> blob(BlobContext cx) override
	{
		cx.getResults().setData(cx.getParams().getData());
		return kj::READY_NOW;
	}

	kj::Promise<void> counter(CounterContext cx) override
	{
		cx.getResults().setC(kj::heap<CounterServer>());
		return kj::READY_NOW;
	}

	kj::Promise<void> fd(FdContext cx) override
	{
		int f = memfd_create("interop", MFD_CLOEXEC);
		KJ_REQUIRE(f >= 0 && write(f, "hello-fd", 8) == 8);
		cx.getResults().setH(kj::heap<HolderServer>(f));
		return kj::READY_NOW;
	}

	kj::Promise<void> sink(SinkContext cx) override
	{
		bytes += cx.getParams().getData().size();
		return kj::READY_NOW;
	}

	kj::Promise<void> done(DoneContext cx) override
	{
		cx.getResults().setBytes(bytes);
		bytes = 0;
		return kj::READY_NOW;
	}

	kj::Promise<void> callBack(CallBackContext cx) override
	{
		return cx.getParams().getC().nextRequest().send().then(
			[cx](auto r) mutable { cx.getResults().setN(r.getN()); });
	}

	kj::Promise<void> fail(FailContext cx) override
	{
		static const char *text[] = {"failed", "overloaded", "disconnected", "unimplemented"};
		unsigned kind = cx.getParams().getKind() & 3;
		return kj::Exception(kj::Exception::Type(kind), __FILE__, __LINE__,
			kj::str(text[kind], " on purpose"));
	}

	kj::Promise<void> never(NeverContext cx) override
	{
		cx.allowCancellation();
		return kj::Promise<void>(kj::NEVER_DONE).attach(kj::defer([]() { neverCanceled++; }));
	}

	kj::Promise<void> canceled(CanceledContext cx) override
	{
		cx.getResults().setN(neverCanceled);
		return kj::READY_NOW;
	}

	kj::Promise<void> echoCap(EchoCapContext cx) override
	{
		cx.getResults().setC(cx.getParams().getC());
		return kj::READY_NOW;
	}

	kj::Promise<void> forward(ForwardContext cx) override
	{
		// A tail call has to have the same type of results; those of next() have the same layout.
		auto next = cx.getParams().getC().nextRequest();
		Counter::NextParams::Builder params = next;
		capnp::Request<Counter::NextParams, Bench::ForwardResults> request(
			params, capnp::RequestHook::from(kj::mv(next)));
		return cx.tailCall(kj::mv(request));
	}
};

bool isUnix(const std::string &addr) { return addr.compare(0, 5, "unix:") == 0; }

std::string kjAddress(const std::string &addr)
{
	return isUnix(addr) ? addr : "127.0.0.1:" + addr.substr(4);
}

int serve(const std::string &addr)
{
	auto io = kj::setupAsyncIo();
	capnp::TwoPartyServer server(kj::heap<BenchServer>());
	auto listener = io.provider->getNetwork()
				.parseAddress(kjAddress(addr))
				.wait(io.waitScope)
				->listen();
	printf("ready %u\n", isUnix(addr) ? 0 : listener->getPort());
	fflush(stdout);
	if (isUnix(addr))
		server.listenCapStreamReceiver(*listener, 4).wait(io.waitScope);
	else
		server.listen(*listener).wait(io.waitScope);
	return 0;
}

// Runs the checks one by one; an exception fails the one it comes from.
struct Client {
	kj::WaitScope &ws;
	Bench::Client b;
	bool fds;
	std::set<std::string> without;
	int failures = 0;

	void check(const char *name, std::function<void()> f)
	{
		if (without.count(name))
			return;
		auto e = kj::runCatchingExceptions([&]() { f(); });
		KJ_IF_MAYBE (x, e) {
			printf("not ok %s: %s\n", name, x->getDescription().cStr());
			failures++;
		} else {
			printf("ok %s\n", name);
		}
	}

	void calls()
	{
		b.pingRequest().send().wait(ws);
		auto add = b.addRequest();
		add.setA(2);
		add.setB(40);
		KJ_REQUIRE(add.send().wait(ws).getSum() == 42);
	}

	void blob()
	{
		std::vector<kj::byte> data(300000, 0x5a);
		auto r = b.blobRequest();
		r.setData(kj::arrayPtr(data.data(), data.size()));
		auto back = r.send().wait(ws);
		KJ_REQUIRE(back.getData().size() == data.size() && back.getData()[299999] == 0x5a);
	}

	void pipelining()
	{
		auto p = b.counterRequest().send();
		auto c = p.getC();
		{
			auto dropped = kj::mv(p);
		}
		auto n1 = c.nextRequest().send(), n2 = c.nextRequest().send();
		KJ_REQUIRE(n1.wait(ws).getN() == 1 && n2.wait(ws).getN() == 2);
	}

	void callback()
	{
		auto r = b.callBackRequest();
		r.setC(kj::heap<CounterServer>());
		KJ_REQUIRE(r.send().wait(ws).getN() == 1);
	}

	// The server's tail call: to what it has itself, and back to us.
	void forward()
	{
		Counter::Client counters[] = {
			b.counterRequest().send().getC(), kj::heap<CounterServer>()};
		for (auto &c : counters) {
			auto r = b.forwardRequest();
			r.setC(c);
			KJ_REQUIRE(r.send().wait(ws).getN() == 1);
			KJ_REQUIRE(c.nextRequest().send().wait(ws).getN() == 2);
		}
	}

	void exceptions()
	{
		static const char *text[] = {"failed", "overloaded", "disconnected", "unimplemented"};
		for (unsigned kind = 0; kind < 4; kind++) {
			auto r = b.failRequest();
			r.setKind(kind);
			auto e = kj::runCatchingExceptions([&]() { r.send().wait(ws); });
			auto &x = KJ_REQUIRE_NONNULL(e, "no exception");
			KJ_REQUIRE(unsigned(x.getType()) == kind);
			std::string want = std::string("remote exception: ") + text[kind] + " on purpose";
			KJ_REQUIRE(want == x.getDescription().cStr(), x.getDescription());
		}
	}

	void cancel()
	{
		{
			auto never = b.neverRequest().send();
			b.pingRequest().send().wait(ws);
		}
		KJ_REQUIRE(b.canceledRequest().send().wait(ws).getN() >= 1);
	}

	void embargo()
	{
		Counter::Client mine = kj::heap<CounterServer>();
		auto r = b.echoCapRequest();
		r.setC(mine);
		auto promise = r.send();
		auto c = promise.getC();
		auto q1 = c.nextRequest().send(), q2 = c.nextRequest().send();
		promise.wait(ws);
		auto q3 = c.nextRequest().send();
		c.whenResolved().wait(ws);
		auto q4 = c.nextRequest().send();
		KJ_REQUIRE(q1.wait(ws).getN() == 1 && q2.wait(ws).getN() == 2);
		KJ_REQUIRE(q3.wait(ws).getN() == 3 && q4.wait(ws).getN() == 4);
	}

	void stream()
	{
		std::vector<kj::byte> data(8192, 1);
		for (unsigned i = 0; i < 200; i++) {
			auto r = b.sinkRequest();
			r.setData(kj::arrayPtr(data.data(), data.size()));
			r.send().wait(ws);
		}
		KJ_REQUIRE(b.doneRequest().send().wait(ws).getBytes() == 200 * 8192);
	}

	// The descriptor comes behind an answer of that size, asked for in one go.
	void descriptor(size_t fill)
	{
		std::vector<kj::byte> data(fill, 2);
		auto blob = b.blobRequest();
		blob.setData(kj::arrayPtr(data.data(), data.size()));
		auto before = blob.send();
		auto h = b.fdRequest().send().wait(ws).getH();
		KJ_REQUIRE(before.wait(ws).getData().size() == fill);
		KJ_REQUIRE(h.nameRequest().send().wait(ws).getName() == "holder");
		auto fd = h.getFd().wait(ws);
		if (!fds) {
			KJ_REQUIRE(fd == nullptr);
			return;
		}
		char buf[9] = "";
		KJ_REQUIRE(pread(KJ_REQUIRE_NONNULL(fd), buf, 8, 0) == 8);
		KJ_REQUIRE(kj::StringPtr(buf) == "hello-fd");
	}

	int run()
	{
		check("add", [this]() { calls(); });
		check("blob", [this]() { blob(); });
		check("pipelining", [this]() { pipelining(); });
		check("callback", [this]() { callback(); });
		check("tail call", [this]() { forward(); });
		check("exceptions", [this]() { exceptions(); });
		check("cancel", [this]() { cancel(); });
		check("embargo order", [this]() { embargo(); });
		check("stream", [this]() { stream(); });
		check("descriptor", [this]() { descriptor(0); });
		check("descriptor after 8 KiB", [this]() { descriptor(8 << 10); });
		check("descriptor after 64 KiB", [this]() { descriptor(64 << 10); });
		check("descriptor after 1 MiB", [this]() { descriptor(1 << 20); });
		check("still there at the end", [this]() { calls(); });
		return failures ? 1 : 0;
	}
};

int client(const std::string &addr, std::set<std::string> without)
{
	auto io = kj::setupAsyncIo();
	auto &ws = io.waitScope;
	auto address = io.provider->getNetwork().parseAddress(kjAddress(addr)).wait(ws);
	auto stream = address->connect().wait(ws);
	kj::Own<kj::AsyncCapabilityStream> caps;
	kj::Own<capnp::TwoPartyClient> c;
	if (isUnix(addr)) {
		caps = stream.downcast<kj::AsyncCapabilityStream>();
		c = kj::heap<capnp::TwoPartyClient>(*caps, 4u);
	} else {
		c = kj::heap<capnp::TwoPartyClient>(*stream);
	}
	Client checks{ws, c->bootstrap().castAs<Bench>(), isUnix(addr), std::move(without)};
	return checks.run();
}

} // namespace

int main(int argc, char **argv)
{
	if (argc == 3 && std::string(argv[1]) == "server")
		return serve(argv[2]);
	if (argc >= 3 && std::string(argv[1]) == "client")
		return client(argv[2], std::set<std::string>(argv + 3, argv + argc));
	fprintf(stderr, "usage: cxx-peer server|client unix:PATH|tcp:PORT\n");
	return 2;
}
