// SPDX-License-Identifier: MIT
// A program that knows metac only from schema/: C++ Cap'n Proto against NodeAdmin and Node.
//
//   cxx-node admin SOCKET                      what an administrator's program does
//   cxx-node serve SOCKET NAME                 registers a third-party service, serves until killed
//   cxx-node use ADDRESS:PORT NAME             uses that service from another node
//   cxx-node tree ADDRESS:PORT OWN SECRET-HEX  restores a directory, opens its 9P stream by TCP
//   cxx-node save SOCKET PATH                  saves a directory by Persistent.save, prints the secret
//   cxx-node save-again ADDRESS:PORT SECRET-HEX  restores a directory and saves what it got
//
// Prints what it found, one line each; ends with 0 if all was as it should be.
#include "fs.capnp.h"
#include "metac.capnp.h"
#include "persistence.capnp.h"
#include "stream.capnp.h"

#include <arpa/inet.h>
#include <capnp/ez-rpc.h>
#include <capnp/message.h>
#include <capnp/persistent.capnp.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

namespace {

template <typename F> bool fails(kj::WaitScope &ws, F &&f, const char *what)
{
	auto error = kj::runCatchingExceptions([&]() { f(); });
	KJ_IF_MAYBE (e, error) {
		printf("%s: %s\n", what, e->getDescription().cStr());
		return true;
	}
	printf("%s: did not fail\n", what);
	return false;
}

// ---- a third party's service

class Album final : public Waitable::Server {
	kj::Promise<void> wait(WaitContext) override { return kj::READY_NOW; }
};

class AlbumService final : public Service::Server {
	kj::Promise<void> restore(RestoreContext cx) override
	{
		auto name = cx.getParams().getObjectInfo().getAs<capnp::Text>();
		KJ_REQUIRE(name == "holiday", "no such reference");
		cx.getResults().getObj().setAs<Waitable>(kj::heap<Album>());
		return kj::READY_NOW;
	}
};

class AlbumAdmin final : public ServiceAdmin::Server {};

int serve(const char *socket, const char *name)
{
	capnp::EzRpcClient client(kj::str("unix:", socket));
	auto &ws = client.getWaitScope();
	auto request = client.getMain<NodeAdmin>().registerNamedServiceRequest();
	request.setName(name);
	request.setService(kj::heap<AlbumService>());
	request.setAdminBootstrap(kj::heap<AlbumAdmin>());
	auto holder = request.send().wait(ws).getHolder();
	printf("registered\n");
	fflush(stdout);
	kj::NEVER_DONE.wait(ws);
}

int use(const char *where, const char *name)
{
	capnp::EzRpcClient client(where);
	auto &ws = client.getWaitScope();
	auto node = client.getMain<Node>();
	auto wait = node.waitForServiceRequest();
	wait.setName(name);
	wait.send().wait(ws);
	auto get = node.getServiceRequest();
	get.setName(name);
	auto service = get.send().getService();
	auto restore = service.restoreRequest();
	restore.getObjectInfo().setAs<capnp::Text>("holiday");
	auto album = restore.send().wait(ws).getObj().getAs<Waitable>();
	album.waitRequest().send().wait(ws);
	auto bad = service.restoreRequest();
	bad.getObjectInfo().setAs<capnp::Text>("nonsense");
	return fails(ws, [&]() { bad.send().wait(ws); }, "wrong reference") ? 0 : 1;
}

int admin(const char *socket)
{
	capnp::EzRpcClient client(kj::str("unix:", socket));
	auto &ws = client.getWaitScope();
	auto main = client.getMain<NodeAdmin>();
	auto services = main.listServicesRequest().send().wait(ws);
	for (auto name : services.getNames())
		printf("service %s\n", name.cStr());
	auto address = main.getUnprivilegedNodeRequest().send().getNode().addressRequest().send();
	printf("address %s\n", address.wait(ws).getAddress().getIp().cStr());
	// a whole chain of calls sent before the first answer
	auto fs = main.getServiceAdminRequest();
	fs.setName("fs");
	auto root = fs.send().getService().castAs<FilesystemServiceAdmin>().rootNamespaceRequest();
	auto tree = root.send().getNs().filesystemRequest().send().getFs().getSubtreeRequest();
	tree.setName("usr");
	auto usr = tree.send().getFs();
	auto summary = usr.summaryRequest().send().wait(ws);
	printf("summary %s\n", summary.getInfo().cStr());
	auto missing = main.getServiceAdminRequest();
	missing.setName("no-such-service");
	bool ok = fails(ws, [&]() { missing.send().wait(ws); }, "unknown service");
	auto up = usr.getSubtreeRequest();
	up.setName("../etc");
	ok &= fails(ws, [&]() { up.send().wait(ws); }, "leaving the tree");
	auto taken = main.registerNamedServiceRequest();
	taken.setName("fs");
	taken.setService(kj::heap<AlbumService>());
	ok &= fails(ws, [&]() { taken.send().wait(ws); }, "name taken");
	return ok ? 0 : 1;
}

// ---- a directory by its sturdy reference

kj::Array<kj::byte> unhex(const char *hex)
{
	auto bytes = kj::heapArray<kj::byte>(strlen(hex) / 2);
	for (auto i : kj::indices(bytes))
		sscanf(hex + 2 * i, "%2hhx", &bytes[i]);
	return bytes;
}

// Tversion of 9P2000.L, and the first bytes of the answer.
bool speaks_9p(int fd)
{
	static const unsigned char tversion[] = {21, 0, 0, 0, 100, 0xff, 0xff, 0, 0, 1, 0, 8, 0, '9', 'P',
		'2', '0', '0', '0', '.', 'L'};
	unsigned char answer[64];
	if (write(fd, tversion, sizeof(tversion)) != sizeof(tversion))
		return false;
	ssize_t n = read(fd, answer, sizeof(answer));
	return n >= 21 && answer[4] == 101 && !memcmp(answer + 13, "9P2000.L", 8);
}

// The service of a node that restores its references.
Service::Client persistence(Node::Client node)
{
	auto get = node.getServiceRequest();
	get.setName("persistence");
	return get.send().getService();
}

Filesystem::Client restore(Node::Client node, kj::WaitScope &ws, const char *secret)
{
	auto request = persistence(node).restoreRequest();
	auto bytes = unhex(secret);
	request.getObjectInfo().setAs<capnp::Data>(bytes);
	return request.send().wait(ws).getObj().getAs<Filesystem>();
}

// ---- saving, by the standard interface

typedef capnp::Persistent<MetacSturdyRef, capnp::AnyPointer> Saveable;

int save(capnp::Capability::Client object, kj::WaitScope &ws)
{
	auto saveable = object.castAs<Saveable>();
	auto sealed = saveable.saveRequest();
	sealed.getSealFor().setAs<capnp::Text>("somebody");
	if (!fails(ws, [&]() { sealed.send().wait(ws); }, "sealed"))
		return 1;
	auto saved = saveable.saveRequest().send().wait(ws);
	auto ref = saved.getSturdyRef();
	KJ_REQUIRE(ref.getService() == "persistence");
	printf("node %s\nsecret ", ref.getNode().getIp().cStr());
	for (auto byte : ref.getObjectInfo().getAs<capnp::Data>())
		printf("%02x", byte);
	printf("\n");
	return 0;
}

int save_path(const char *socket, const char *path)
{
	capnp::EzRpcClient client(kj::str("unix:", socket));
	auto &ws = client.getWaitScope();
	auto main = client.getMain<NodeAdmin>();
	auto get = main.getServiceAdminRequest();
	get.setName("fs");
	auto fs = get.send().getService();
	auto root = fs.castAs<FilesystemServiceAdmin>().rootNamespaceRequest();
	auto tree = root.send().getNs().filesystemRequest().send().getFs().getSubtreeRequest();
	tree.setName(path);
	// The service itself cannot be saved, and says so without breaking anything.
	auto service = fs.castAs<Saveable>();
	if (!fails(ws, [&]() { service.saveRequest().send().wait(ws); }, "the service"))
		return 1;
	return save(tree.send().getFs(), ws);
}

int save_again(const char *where, const char *secret)
{
	capnp::EzRpcClient client(where);
	auto &ws = client.getWaitScope();
	return save(restore(client.getMain<Node>(), ws, secret), ws);
}

int tree(const char *where, const char *own, const char *secret)
{
	capnp::EzRpcClient client(where);
	auto &ws = client.getWaitScope();
	auto fs = restore(client.getMain<Node>(), ws, secret);
	auto stream = fs.v9fsStreamRequest().send().wait(ws).getStream();

	int fd = socket(AF_INET6, SOCK_STREAM, 0);
	struct sockaddr_in6 sa = {};
	sa.sin6_family = AF_INET6;
	inet_pton(AF_INET6, own, &sa.sin6_addr);
	socklen_t len = sizeof(sa);
	if (bind(fd, (struct sockaddr *)&sa, len) || getsockname(fd, (struct sockaddr *)&sa, &len))
		return 1;
	auto listen = stream.tcpListenRequest();
	listen.initRemote().setIp(own);
	listen.setRemotePort(ntohs(sa.sin6_port));
	auto there = listen.send().wait(ws);

	struct sockaddr_in6 to = {};
	to.sin6_family = AF_INET6;
	inet_pton(AF_INET6, there.getLocal().getIp().cStr(), &to.sin6_addr);
	to.sin6_port = htons(there.getPort());
	// somebody else, from another port: dropped
	int rival = socket(AF_INET6, SOCK_STREAM, 0);
	char c;
	bool ok = connect(rival, (struct sockaddr *)&to, sizeof(to)) || read(rival, &c, 1) <= 0;
	printf("rival dropped: %d\n", ok);
	ok &= !connect(fd, (struct sockaddr *)&to, sizeof(to)) && speaks_9p(fd);
	printf("9p answered: %d\n", ok);
	int late = socket(AF_INET6, SOCK_STREAM, 0);
	ok &= connect(late, (struct sockaddr *)&to, sizeof(to)) != 0;
	printf("listener gone: %d\n", ok);
	{
		auto drop = there.getHolder();
	}
	return ok ? 0 : 1;
}

} // namespace

static int run(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "admin"))
		return admin(argv[2]);
	if (argc == 4 && !strcmp(argv[1], "serve"))
		return serve(argv[2], argv[3]);
	if (argc == 4 && !strcmp(argv[1], "use"))
		return use(argv[2], argv[3]);
	if (argc == 5 && !strcmp(argv[1], "tree"))
		return tree(argv[2], argv[3], argv[4]);
	if (argc == 4 && !strcmp(argv[1], "save"))
		return save_path(argv[2], argv[3]);
	if (argc == 4 && !strcmp(argv[1], "save-again"))
		return save_again(argv[2], argv[3]);
	fprintf(stderr, "usage: cxx-node admin|serve|use|tree|save|save-again ...\n");
	return 2;
}

int main(int argc, char **argv)
{
	int status = 1;
	auto error = kj::runCatchingExceptions([&]() { status = run(argc, argv); });
	KJ_IF_MAYBE (e, error)
		fprintf(stderr, "cxx-node: %s\n", e->getDescription().cStr());
	return status;
}
