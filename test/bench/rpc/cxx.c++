// SPDX-License-Identifier: MIT
//
// The C++ library's side of the RPC benchmark; the command line is that of bench.h.
#include "bench.capnp.h"

#include <capnp/message.h>
#include <capnp/rpc-twoparty.h>
#include <capnp/serialize.h>
#include <kj/async-io.h>
#include <kj/debug.h>
#include <kj/io.h>

#include <cstdio>
#include <cstring>
#include <deque>
#include <string>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>
#include <vector>

namespace {

double now()
{
	timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return double(t.tv_sec) + double(t.tv_nsec) * 1e-9;
}

void allDescriptors()
{
	rlimit l;
	if (getrlimit(RLIMIT_NOFILE, &l) == 0) {
		l.rlim_cur = l.rlim_max;
		setrlimit(RLIMIT_NOFILE, &l);
	}
}

// ---- server

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
		auto data = cx.getParams().getData();
		cx.getResults(capnp::MessageSize{data.size() / 8 + 8, 0}).setData(data);
		return kj::READY_NOW;
	}

	kj::Promise<void> counter(CounterContext cx) override
	{
		cx.getResults().setC(kj::heap<CounterServer>());
		return kj::READY_NOW;
	}

	kj::Promise<void> fd(FdContext cx) override
	{
		int f = memfd_create("bench", MFD_CLOEXEC);
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

	kj::Promise<void> stats(StatsContext cx) override
	{
		FILE *f = fopen("/proc/self/smaps_rollup", "re");
		char line[256];
		unsigned long v = 0;
		while (f && !v && fgets(line, sizeof(line), f))
			sscanf(line, "Rss: %lu", &v);
		if (f)
			fclose(f);
		cx.getResults().setRssKb(v);
		return kj::READY_NOW;
	}
};

int serve(const std::string &path)
{
	allDescriptors();
	auto io = kj::setupAsyncIo();
	capnp::TwoPartyServer server(kj::heap<BenchServer>());
	auto listener = io.provider->getNetwork().parseAddress("unix:" + path).wait(io.waitScope)->listen();
	printf("ready %d\n", int(getpid()));
	fflush(stdout);
	server.listenCapStreamReceiver(*listener, 4).wait(io.waitScope);
	return 0;
}

// ---- client

struct Link {
	kj::Own<kj::AsyncCapabilityStream> stream;
	kj::Own<capnp::TwoPartyClient> client;

	Bench::Client bootstrap() { return client->bootstrap().castAs<Bench>(); }
};

struct Client {
	kj::AsyncIoContext io = kj::setupAsyncIo();
	std::string path;
	unsigned long n, arg;

	Link dial()
	{
		Link l;
		auto address = io.provider->getNetwork().parseAddress("unix:" + path).wait(io.waitScope);
		l.stream = address->connect().wait(io.waitScope).downcast<kj::AsyncCapabilityStream>();
		l.client = kj::heap<capnp::TwoPartyClient>(*l.stream, 4u);
		return l;
	}

	template <typename Op> void repeat(Op op)
	{
		op();
		double start = now();
		for (unsigned long i = 0; i < n; i++)
			op();
		printf("seconds %.6f\n", now() - start);
	}

	void ping(Bench::Client &b) { b.pingRequest().send().wait(io.waitScope); }

	void add(Bench::Client &b)
	{
		auto r = b.addRequest();
		r.setA(2);
		r.setB(40);
		r.send().wait(io.waitScope);
	}

	void blob(Bench::Client &b, kj::ArrayPtr<const kj::byte> data)
	{
		auto r = b.blobRequest(capnp::MessageSize{data.size() / 8 + 8, 0});
		r.setData(data);
		r.send().wait(io.waitScope);
	}

	void fd(Bench::Client &b)
	{
		auto h = b.fdRequest().send().wait(io.waitScope).getH();
		KJ_REQUIRE(h.getFd().wait(io.waitScope) != nullptr);
	}

	void window(Bench::Client &b)
	{
		std::deque<kj::Promise<void>> outstanding;
		auto oldest = [&]() {
			outstanding.front().wait(io.waitScope);
			outstanding.pop_front();
		};
		double start = now();
		for (unsigned long i = 0; i < n; i++) {
			if (outstanding.size() >= arg)
				oldest();
			outstanding.push_back(b.pingRequest().send().ignoreResult());
		}
		while (!outstanding.empty())
			oldest();
		printf("seconds %.6f\n", now() - start);
	}

	void stream(Bench::Client &b, kj::ArrayPtr<const kj::byte> data)
	{
		double start = now();
		for (unsigned long i = 0; i < n; i++) {
			auto r = b.sinkRequest(capnp::MessageSize{data.size() / 8 + 8, 0});
			r.setData(data);
			r.send().wait(io.waitScope);
		}
		KJ_REQUIRE(b.doneRequest().send().wait(io.waitScope).getBytes() == n * arg);
		printf("seconds %.6f\n", now() - start);
	}

	void connections()
	{
		double start = now();
		for (unsigned long i = 0; i < n; i++) {
			auto l = dial();
			auto b = l.bootstrap();
			ping(b);
		}
		printf("seconds %.6f\n", now() - start);
	}

	void idle(Bench::Client &b)
	{
		auto rss = [&]() { return b.statsRequest().send().wait(io.waitScope).getRssKb(); };
		uint64_t before = rss();
		std::vector<Link> links;
		std::vector<Bench::Client> caps;
		for (unsigned long i = 0; i < n; i++) {
			links.push_back(dial());
			caps.push_back(links.back().bootstrap());
			ping(caps.back());
		}
		printf("bytes %.1f\n", double(rss() - before) * 1024 / double(n));
		caps.clear();
	}

	int run(const std::string &mode)
	{
		auto l = dial();
		auto b = l.bootstrap();
		std::vector<kj::byte> data(arg, 0x5a);
		auto view = kj::arrayPtr(const_cast<const kj::byte *>(data.data()), data.size());
		ping(b);
		if (mode == "seq")
			repeat([&]() { ping(b); });
		else if (mode == "add")
			repeat([&]() { add(b); });
		else if (mode == "blob")
			repeat([&]() { blob(b, view); });
		else if (mode == "capret")
			repeat([&]() { b.counterRequest().send().wait(io.waitScope); });
		else if (mode == "fd")
			repeat([&]() { fd(b); });
		else if (mode == "win")
			window(b);
		else if (mode == "stream")
			stream(b, view);
		else if (mode == "conn")
			connections();
		else if (mode == "idle")
			idle(b);
		else
			return 2;
		return 0;
	}
};

// ---- serialization

void fill(Record::Builder r)
{
	r.setId(0x1122334455667788ull);
	r.setKind(7);
	r.setFlags(0xdeadbeef);
	r.setName("a-name-of-some-resource-26");
	r.setOwner("who/owns/the/resource@example");
	auto items = r.initItems(12);
	for (unsigned i = 0; i < items.size(); i++) {
		items[i].setKey("key-of-an-item");
		items[i].setValue(i * 1000003ull);
		items[i].setWeight(float(i) / 2);
		items[i].setOn(i & 1);
	}
	memset(r.initPayload(256).begin(), 0x5a, 256);
	auto ratios = r.initRatios(16);
	for (unsigned i = 0; i < ratios.size(); i++)
		ratios.set(i, i * 1.25);
}

uint64_t sum(Record::Reader r)
{
	uint64_t s = r.getId() + r.getKind() + r.getFlags() + r.getName().size() + r.getOwner().size();
	for (auto i : r.getItems())
		s += i.getKey().size() + i.getValue() + uint64_t(i.getWeight()) + i.getOn();
	for (auto b : r.getPayload())
		s += b;
	for (auto f : r.getRatios())
		s += uint64_t(f);
	return s;
}

int serialization(unsigned long n)
{
	uint64_t total = 0;
	size_t used = 256;
	capnp::word scratch[256];
	double start = now();
	for (unsigned long i = 0; i < n; i++) {
		memset(scratch, 0, used * sizeof(capnp::word));
		capnp::MallocMessageBuilder m(kj::arrayPtr(scratch, 256));
		fill(m.initRoot<Record>());
		used = m.sizeInWords();
		auto flat = capnp::messageToFlatArray(m);
		capnp::FlatArrayMessageReader reader(flat);
		total += sum(reader.getRoot<Record>());
	}
	printf("seconds %.6f %llu\n", now() - start, (unsigned long long)total);
	return 0;
}

} // namespace

int main(int argc, char **argv)
{
	std::vector<std::string> a(argv, argv + argc);
	if (a.size() == 3 && a[1] == "server")
		return serve(a[2]);
	if (a.size() != 6 || a[1] != "client")
		return 2;
	if (a[3] == "ser")
		return serialization(std::stoul(a[4]));
	allDescriptors();
	Client c;
	c.path = a[2];
	c.n = std::stoul(a[4]);
	c.arg = std::stoul(a[5]);
	return c.run(a[3]);
}
