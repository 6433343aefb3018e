// SPDX-License-Identifier: MIT
//
// The C++ library's part in script.c: plays what it is told on the socket with descriptor argv[1].
#include "script.capnp.h"

#include <capnp/rpc-twoparty.h>
#include <kj/async-io.h>
#include <kj/debug.h>

#include <cstdlib>
#include <map>
#include <unistd.h>

namespace
{

uint64_t destroyed, canceled, waiting;
std::map<uint64_t, kj::Own<kj::PromiseFulfiller<Player::Client>>> promised;
kj::Own<kj::PromiseFulfiller<void>> release;

struct PlayerServer final : public Player::Server {
	uint64_t last = 0, logged = 0;
	bool disorder = false;

	~PlayerServer() noexcept(false)
	{
		destroyed++;
	}

	uint64_t total() const
	{
		return disorder ? 0 : logged;
	}

	kj::Promise<void> log(LogContext cx) override
	{
		uint64_t n = cx.getParams().getN();
		disorder |= n <= last;
		last = n;
		logged++;
		cx.getResults().setN(n);
		return kj::READY_NOW;
	}

	kj::Promise<void> giveBack(GiveBackContext cx) override
	{
		cx.getResults().setC(cx.getParams().getC());
		return kj::READY_NOW;
	}

	kj::Promise<void> tail(TailContext cx) override
	{
		auto r = cx.getParams().getC().logRequest();
		r.setN(cx.getParams().getN());
		return cx.tailCall(kj::mv(r));
	}

	kj::Promise<void> promise(PromiseContext cx) override
	{
		auto paf = kj::newPromiseAndFulfiller<Player::Client>();
		promised[cx.getParams().getN()] = kj::mv(paf.fulfiller);
		cx.getResults().setC(kj::mv(paf.promise));
		return kj::READY_NOW;
	}

	kj::Promise<void> resolve(ResolveContext cx) override
	{
		promised[cx.getParams().getN()]->fulfill(cx.getParams().getC());
		return kj::READY_NOW;
	}

	kj::Promise<void> reject(RejectContext cx) override
	{
		promised[cx.getParams().getN()]->reject(KJ_EXCEPTION(FAILED, "rejected"));
		return kj::READY_NOW;
	}

	kj::Promise<void> wait(WaitContext cx) override
	{
		auto paf = kj::newPromiseAndFulfiller<void>();
		auto answered = kj::heap<bool>(false);
		bool &flag = *answered;
		release = kj::mv(paf.fulfiller);
		cx.allowCancellation();
		waiting++;
		return paf.promise.then([&flag]() { flag = true; })
			.attach(kj::defer([answered = kj::mv(answered)]() {
				waiting--;
				canceled += !*answered;
			}));
	}

	kj::Promise<void> go(GoContext) override
	{
		release->fulfill();
		return kj::READY_NOW;
	}

	kj::Promise<void> make(MakeContext cx) override
	{
		cx.getResults().setC(kj::heap<PlayerServer>());
		return kj::READY_NOW;
	}

	kj::Promise<void> count(CountContext cx) override
	{
		uint64_t counts[] = {destroyed, canceled, waiting};
		cx.getResults().setN(counts[cx.getParams().getN() % 3]);
		return kj::READY_NOW;
	}

	kj::Promise<void> sum(SumContext cx) override
	{
		cx.getResults().setN(total());
		return kj::READY_NOW;
	}

	static kj::Promise<uint64_t> send(Player::Client to, uint64_t n)
	{
		auto r = to.logRequest();
		r.setN(n);
		return r.send().then([](auto results) { return results.getN(); });
	}

	kj::Promise<void> embargo(EmbargoContext cx) override
	{
		Player::Client mine = kj::heap<PlayerServer>();
		auto r = cx.getParams().getC().giveBackRequest();
		r.setC(mine);
		auto sent = r.send();
		Player::Client back = sent.getC();
		auto early = kj::heapArrayBuilder<kj::Promise<uint64_t>>(2);
		early.add(send(back, 1));
		early.add(send(back, 2));
		return sent.then([back](auto) mutable { return send(back, 3); })
			.then([back](uint64_t) mutable { return back.whenResolved(); })
			.then([back]() mutable { return send(back, 4); })
			.then([early = kj::joinPromises(early.finish())](
				      uint64_t) mutable { return kj::mv(early); })
			.then([mine](auto) mutable { return mine.sumRequest().send(); })
			.then([cx](auto results) mutable { cx.getResults().setN(results.getN()); });
	}

	kj::Promise<void> askTail(AskTailContext cx) override
	{
		auto r = cx.getParams().getC().tailRequest();
		r.setN(cx.getParams().getN());
		r.setC(kj::heap<PlayerServer>());
		return r.send().then(
			[cx](auto results) mutable { cx.getResults().setN(results.getN()); });
	}

	kj::Promise<void> quit(QuitContext) override
	{
		_exit(0);
	}
};

} // namespace

int main(int argc, char **argv)
{
	if (argc != 2)
		return 2;
	auto io = kj::setupAsyncIo();
	auto stream = io.lowLevelProvider->wrapSocketFd(
		atoi(argv[1]), kj::LowLevelAsyncIoProvider::TAKE_OWNERSHIP);
	capnp::TwoPartyVatNetwork network(*stream, capnp::rpc::twoparty::Side::SERVER);
	auto rpc = capnp::makeRpcServer(network, kj::heap<PlayerServer>());
	network.onDisconnect().wait(io.waitScope);
	return 0;
}
