// SPDX-License-Identifier: MIT
//
// capnp-es (npm) in the interop test: server and client of bench.capnp.
//
//	node peer.mjs server ADDR           serves until killed
//	node peer.mjs client ADDR           prints "ok NAME" or "not ok NAME: why" per feature
//
// ADDR: unix:PATH or tcp:PORT on loopback; a server with port 0 prints the port it got.
//
// capnp-es leaves out much of level 1, so some features are not asked of it; ../rpc.sh names them,
// with the reasons.
import * as capnp from "capnp-es";
import { Message as RpcMessage } from "capnp-es/capnp/rpc";
import net from "node:net";
import { Bench, Counter, Holder } from "./bench.js";

// ---- transport ----------------------------------------------------------------------------------

// Bytes of the first message in buf, header included; undefined if its header is not whole.
function messageSize(buf) {
  if (buf.length < 4) return undefined;
  const segments = buf.readUInt32LE(0) + 1;
  const header = (4 + segments * 4 + 7) & ~7;
  if (buf.length < header) return undefined;
  let size = header;
  for (let i = 0; i < segments; i++) size += buf.readUInt32LE(4 + i * 4) * 8;
  return size;
}

// Messages on a socket. Each is handed over in a turn of the event loop of its own: what a handler
// answered is then there for the next, while capnp-es never delivers calls that it had to queue on
// an answer still to come.
class SocketTransport {
  constructor(socket) {
    this.socket = socket;
    this.chunks = Buffer.alloc(0);
    this.messages = [];
    this.closed = false;
    socket.on("data", (chunk) => this.received(chunk));
    socket.on("error", () => this.close());
    socket.on("close", () => this.close());
  }

  received(chunk) {
    this.chunks = Buffer.concat([this.chunks, chunk]);
    for (;;) {
      const size = messageSize(this.chunks);
      if (size === undefined || this.chunks.length < size) break;
      this.messages.push(Uint8Array.from(this.chunks.subarray(0, size)).buffer);
      this.chunks = this.chunks.subarray(size);
    }
    this.wake();
  }

  wake() {
    const waiting = this.waiting;
    if (!waiting || (!this.closed && this.messages.length === 0)) return;
    this.waiting = undefined;
    if (this.messages.length === 0) {
      waiting.reject(undefined); // how capnp-es is told of an end
      return;
    }
    const bytes = this.messages.shift();
    setImmediate(() => waiting.resolve(new capnp.Message(bytes, false).getRoot(RpcMessage)));
  }

  recvMessage() {
    return new Promise((resolve, reject) => {
      this.waiting = { resolve, reject };
      this.wake();
    });
  }

  sendMessage(root) {
    if (!this.closed) this.socket.write(Buffer.from(root.segment.message.toArrayBuffer()));
  }

  close() {
    this.closed = true;
    this.socket.destroy();
    this.wake();
  }
}

function socketAddress(addr) {
  if (addr.startsWith("unix:")) return { path: addr.slice(5) };
  return { host: "127.0.0.1", port: Number(addr.slice(4)) };
}

// ---- server -------------------------------------------------------------------------------------

class CounterServer {
  n = 0n;
  async next(params, results) {
    results.n = ++this.n;
  }
}

class HolderServer {
  async name(params, results) {
    results.name = "holder";
  }
}

const newCounter = () => new Counter.Server(new CounterServer()).client();

class BenchServer {
  bytes = 0n;
  async ping() {}
  async add(params, results) {
    results.sum = params.a + params.b;
  }
  async blob(params, results) {
    const data = params.data;
    results._initData(data.length).copyBuffer(data.toUint8Array());
  }
  async counter(params, results) {
    results.c = newCounter();
  }
  async fd(params, results) {
    results.h = new Holder.Server(new HolderServer()).client();
  }
  async sink(params) {
    this.bytes += BigInt(params.data.length);
  }
  async done(params, results) {
    results.bytes = this.bytes;
    this.bytes = 0n;
  }
  async callBack(params, results) {
    results.n = (await params.c.next().promise()).n;
  }
  // Not a tail call: capnp-es has none.
  async forward(params, results) {
    results.n = (await params.c.next().promise()).n;
  }
  async fail(params) {
    const text = ["failed", "overloaded", "disconnected", "unimplemented"];
    throw new Error(`${text[params.kind & 3]} on purpose`);
  }
  async stats() {}
  async never() {
    await new Promise(() => {});
  }
  async canceled() {}
  async echoCap(params, results) {
    results.c = params.c;
  }
}

// capnp-es 0.0.16 answers Bootstrap with a null pointer: its own client never looks at the answer, since
// it goes on addressing the question.  Everybody else needs the capability that belongs there.
class Conn extends capnp.Conn {
  handleBootstrapMessage(message) {
    const answer = this.insertAnswer(message.bootstrap.questionId);
    const holder = new capnp.Message();
    const segment = holder.getSegment(0);
    segment.allocate(8);
    segment.setUint32(0, 3); // a capability pointer
    segment.setUint32(4, holder.addCap(this.main));
    answer.fulfill(new capnp.Interface(segment, 0));
  }
}

function serve(addr) {
  // capnp-es rejects a promise nobody waits for whenever a call fails; Node would end for that.
  process.on("unhandledRejection", () => {});
  const server = net.createServer((socket) => {
    socket.setNoDelay(true);
    const conn = new Conn(new SocketTransport(socket));
    conn.onError = (e) => console.error(e);
    conn.initMain(Bench, new BenchServer());
  });
  server.listen(socketAddress(addr), () => {
    const at = server.address();
    console.log(`ready ${typeof at === "string" ? 0 : at.port}`);
  });
}

// ---- client -------------------------------------------------------------------------------------

function require(what, truth) {
  if (!truth) throw new Error(what);
}

const checks = {
  async add(bench) {
    await bench.ping().promise();
    const r = await bench.add((p) => { p.a = 2n; p.b = 40n; }).promise();
    require(`sum ${r.sum}`, r.sum === 42n);
  },

  async blob(bench) {
    const size = 300000;
    const r = await bench
      .blob((p) => p._initData(size).copyBuffer(new Uint8Array(size).fill(0x5a)))
      .promise();
    const back = r.data.toUint8Array();
    require(`${back.length} bytes`, back.length === size && back[size - 1] === 0x5a);
  },

  async pipelining(bench) {
    const c = bench.counter().getC();
    const answers = [c.next().promise(), c.next().promise()];
    const [n1, n2] = (await Promise.all(answers)).map((r) => r.n);
    require(`${n1}, ${n2}`, n1 === 1n && n2 === 2n);
  },

  async callback(bench) {
    const r = await bench.callBack((p) => { p.c = newCounter(); }).promise();
    require(`n ${r.n}`, r.n === 1n);
  },

  // Only to what the server has: see ../rpc.sh of calls that come back.
  async "tail call"(bench) {
    const { c } = await bench.counter().promise();
    const r = await bench.forward((p) => { p.c = c; }).promise();
    const n = await c.next().promise();
    require(`${r.n}, ${n.n}`, r.n === 1n && n.n === 2n);
  },

  async exceptions(bench) {
    const text = ["failed", "overloaded", "disconnected", "unimplemented"];
    for (const [kind, word] of text.entries()) {
      let said = "nothing";
      try {
        await bench.fail((p) => { p.kind = kind; }).promise();
      } catch (e) {
        said = e.message;
      }
      require(said, said.includes(`${word} on purpose`));
    }
  },

  async "own object back"(bench) {
    const mine = new CounterServer();
    const r = await bench
      .echoCap((p) => { p.c = new Counter.Server(mine).client(); })
      .promise();
    const first = await r.c.next().promise();
    require(`n ${first.n}, ${mine.n} here`, first.n === 1n && mine.n === 1n);
  },

  async stream(bench) {
    const calls = [];
    for (let i = 0; i < 200; i++)
      calls.push(bench.sink((p) => p._initData(8192)).promise());
    await Promise.all(calls);
    const r = await bench.done().promise();
    require(`${r.bytes} bytes`, r.bytes === 200n * 8192n);
  },

  // Node's sockets drop descriptors; the capability it came with has to work all the same.
  async descriptor(bench) {
    const r = await bench.fd().getH().name().promise();
    require(r.name, r.name === "holder");
  },
};

async function client(addr) {
  const socket = net.connect(socketAddress(addr));
  await new Promise((resolve, reject) => socket.once("connect", resolve).once("error", reject));
  socket.setNoDelay(true);
  const transport = new SocketTransport(socket);
  const bench = new capnp.Conn(transport).bootstrap(Bench);
  let failures = 0;
  const check = async (name, f) => {
    try {
      await f(bench);
      console.log(`ok ${name}`);
    } catch (e) {
      console.log(`not ok ${name}: ${e.message}`);
      failures++;
    }
  };
  for (const [name, f] of Object.entries(checks)) await check(name, f);
  await check("still there at the end", checks.add);
  transport.close();
  process.exitCode = failures ? 1 : 0;
}

const [role, addr] = process.argv.slice(2);
if (role === "server") serve(addr);
else if (role === "client") await client(addr);
else {
  console.error("usage: peer.mjs server|client unix:PATH|tcp:PORT");
  process.exitCode = 2;
}
