// SPDX-License-Identifier: MIT
//
// capnp-rpc (Rust) in the interop test: server and client of bench.capnp.
//
//	rust-peer server ADDR           serves until killed
//	rust-peer client ADDR           prints "ok NAME" or "not ok NAME: why" per feature
//
// ADDR: unix:PATH or tcp:PORT on loopback; a server with port 0 prints the port it got.
//
// Debian has the library but not its code generator, so the first part is what would be generated: the
// layout of bench.capnp's parameters and results, by hand.  A vat runs on one thread; two more move
// its bytes, since the library wants asynchronous streams and nothing here but sockets has them.
use capnp::any_pointer;
use capnp::capability::{Client, FromClientHook, FromServer, Params, Promise, Results};
use capnp::private::capability::ClientHook;
use capnp::private::layout::{PointerBuilder, PointerReader, StructBuilder, StructReader, StructSize};
use capnp::traits::{FromPointerBuilder, FromPointerReader};
use capnp::{Error, ErrorKind, Word};
use capnp_rpc::{rpc_twoparty_capnp::Side, twoparty::VatNetwork, RpcSystem};
use futures::channel::mpsc;
use futures::executor::LocalPool;
use futures::stream::TryStreamExt;
use futures::task::LocalSpawnExt;
use std::cell::Cell;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::ops::{Deref, DerefMut};
use std::os::unix::net::{UnixListener, UnixStream};
use std::rc::Rc;

// ---- bench.capnp ------------------------------------------------------------------------------

const BENCH: u64 = 0x94e1df523834e34a;
const PING: u16 = 0;
const ADD: u16 = 1;
const BLOB: u16 = 2;
const COUNTER_METHOD: u16 = 3;
const FD: u16 = 4;
const SINK: u16 = 5;
const DONE: u16 = 6;
const CALL_BACK: u16 = 7;
const FAIL: u16 = 8;
const NEVER: u16 = 10;
const CANCELED: u16 = 11;
const ECHO_CAP: u16 = 12;
const FORWARD: u16 = 13;

const COUNTER: u64 = 0xc5547d40dbb02aec;
const NEXT: u16 = 0;

const HOLDER: u64 = 0xa2a1df45af9d9c99;
const NAME: u16 = 0;

const KINDS: [(&str, ErrorKind); 4] = [
    ("failed", ErrorKind::Failed),
    ("overloaded", ErrorKind::Overloaded),
    ("disconnected", ErrorKind::Disconnected),
    ("unimplemented", ErrorKind::Unimplemented),
];

/// A struct being read, of whatever size.
struct In<'a>(StructReader<'a>);

impl<'a> FromPointerReader<'a> for In<'a> {
    fn get_from_pointer(p: &PointerReader<'a>, default: Option<&'a [Word]>) -> capnp::Result<Self> {
        Ok(In(p.get_struct(default)?))
    }
}

impl<'a> In<'a> {
    fn u64(&self, i: usize) -> u64 {
        self.0.get_data_field(i)
    }
    fn u16(&self, i: usize) -> u16 {
        self.0.get_data_field(i)
    }
    fn data(&self) -> capnp::Result<&'a [u8]> {
        self.0.get_pointer_field(0).get_data(None)
    }
    fn text(&self) -> capnp::Result<&'a str> {
        self.0.get_pointer_field(0).get_text(None)
    }
    fn cap(&self) -> capnp::Result<Cap> {
        Ok(FromClientHook::new(self.0.get_pointer_field(0).get_capability()?))
    }
}

/// A struct being built, of D data words and P pointers.
struct Out<'a, const D: u16, const P: u16>(StructBuilder<'a>);

impl<'a, const D: u16, const P: u16> FromPointerBuilder<'a> for Out<'a, D, P> {
    fn init_pointer(p: PointerBuilder<'a>, _: u32) -> Self {
        Out(p.init_struct(StructSize { data: D, pointers: P }))
    }
    fn get_from_pointer(p: PointerBuilder<'a>, d: Option<&'a [Word]>) -> capnp::Result<Self> {
        Ok(Out(p.get_struct(StructSize { data: D, pointers: P }, d)?))
    }
}

type OutU64<'a> = Out<'a, 1, 0>;
type OutPtr<'a> = Out<'a, 0, 1>;

impl<'a> OutPtr<'a> {
    fn set_cap(self, c: &Cap) {
        self.0.get_pointer_field(0).set_capability(c.0.hook.add_ref());
    }
}

// ---- capabilities and objects, of any type ------------------------------------------------------

struct Cap(Client);

impl FromClientHook for Cap {
    fn new(hook: Box<dyn ClientHook>) -> Cap {
        Cap(Client::new(hook))
    }
}

type AnyRequest = capnp::capability::Request<any_pointer::Owned, any_pointer::Owned>;
type AnyParams = Params<any_pointer::Owned>;
type AnyResults = Results<any_pointer::Owned>;

impl Cap {
    fn request(&self, interface: u64, method: u16) -> AnyRequest {
        self.0.new_call(interface, method, None)
    }
    async fn next(&self) -> capnp::Result<u64> {
        let response = self.request(COUNTER, NEXT).send().promise.await?;
        Ok(response.get()?.get_as::<In>()?.u64(0))
    }
}

trait Object {
    fn call(&mut self, call: (u64, u16), params: AnyParams, results: AnyResults)
        -> Promise<(), Error>;
}

struct Dispatch<S>(S);

impl<S> Deref for Dispatch<S> {
    type Target = S;
    fn deref(&self) -> &S {
        &self.0
    }
}

impl<S> DerefMut for Dispatch<S> {
    fn deref_mut(&mut self) -> &mut S {
        &mut self.0
    }
}

impl<S: Object> capnp::capability::Server for Dispatch<S> {
    fn dispatch_call(&mut self, interface: u64, method: u16, params: AnyParams, results: AnyResults)
        -> Promise<(), Error> {
        self.0.call((interface, method), params, results)
    }
}

impl<S: Object + 'static> FromServer<S> for Cap {
    type Dispatch = Dispatch<S>;
    fn from_server(s: S) -> Dispatch<S> {
        Dispatch(s)
    }
}

fn serve_object<S: Object + 'static>(s: S) -> Cap {
    capnp_rpc::new_client(s)
}

fn unknown() -> Promise<(), Error> {
    Promise::err(Error::unimplemented("no such method".to_string()))
}

fn done(result: capnp::Result<()>) -> Promise<(), Error> {
    match result {
        Ok(()) => Promise::ok(()),
        Err(e) => Promise::err(e),
    }
}

// ---- server -------------------------------------------------------------------------------------

#[derive(Default)]
struct CounterObject {
    n: u64,
}

impl Object for CounterObject {
    fn call(&mut self, call: (u64, u16), _: AnyParams, mut results: AnyResults) -> Promise<(), Error> {
        if call != (COUNTER, NEXT) {
            return unknown();
        }
        self.n += 1;
        results.get().init_as::<OutU64>().0.set_data_field(0, self.n);
        Promise::ok(())
    }
}

struct HolderObject;

impl Object for HolderObject {
    fn call(&mut self, call: (u64, u16), _: AnyParams, mut results: AnyResults) -> Promise<(), Error> {
        if call != (HOLDER, NAME) {
            return unknown();
        }
        let out = results.get().init_as::<OutPtr>().0;
        out.get_pointer_field(0).set_text("holder");
        Promise::ok(())
    }
}

#[derive(Default)]
struct BenchObject {
    bytes: u64,
    canceled: Rc<Cell<u64>>,
}

/// Counts when it is dropped, which is how a call learns that it was cancelled.
struct CountDrop(Rc<Cell<u64>>);

impl Drop for CountDrop {
    fn drop(&mut self) {
        self.0.set(self.0.get() + 1);
    }
}

impl BenchObject {
    /// Methods that answer at once.
    fn now(&mut self, method: u16, params: &AnyParams, mut results: AnyResults) -> capnp::Result<()> {
        let p = params.get()?.get_as::<In>()?;
        let out = results.get();
        match method {
            PING => {}
            ADD => out.init_as::<OutU64>().0.set_data_field(0, p.u64(0) + p.u64(1)),
            BLOB => out.init_as::<OutPtr>().0.get_pointer_field(0).set_data(p.data()?),
            COUNTER_METHOD => out.init_as::<OutPtr>().set_cap(&serve_object(CounterObject::default())),
            FD => out.init_as::<OutPtr>().set_cap(&serve_object(HolderObject)),
            SINK => self.bytes += p.data()?.len() as u64,
            DONE => out.init_as::<OutU64>().0.set_data_field(0, std::mem::take(&mut self.bytes)),
            CANCELED => out.init_as::<OutU64>().0.set_data_field(0, self.canceled.get()),
            ECHO_CAP => out.init_as::<OutPtr>().set_cap(&p.cap()?),
            FAIL => {
                let (text, kind) = KINDS[(p.u16(0) & 3) as usize];
                return Err(Error { kind, description: format!("{} on purpose", text) });
            }
            _ => return Err(Error::unimplemented("no such method".to_string())),
        }
        Ok(())
    }
}

async fn call_back(params: AnyParams, mut results: AnyResults) -> capnp::Result<()> {
    let c = params.get()?.get_as::<In>()?.cap()?;
    let n = c.next().await?;
    results.get().init_as::<OutU64>().0.set_data_field(0, n);
    Ok(())
}

impl Object for BenchObject {
    fn call(&mut self, call: (u64, u16), params: AnyParams, results: AnyResults) -> Promise<(), Error> {
        match call {
            // The one answers what the other does, though not by a tail call.
            (BENCH, CALL_BACK) | (BENCH, FORWARD) => Promise::from_future(call_back(params, results)),
            (BENCH, NEVER) => {
                let counts = CountDrop(self.canceled.clone());
                Promise::from_future(async move {
                    let _held = (counts, params, results);
                    futures::future::pending().await
                })
            }
            (BENCH, method) => done(self.now(method, &params, results)),
            _ => unknown(),
        }
    }
}

// ---- sockets ------------------------------------------------------------------------------------

trait Socket: Read + Write + Send + 'static {
    fn another(&self) -> std::io::Result<Box<dyn Socket>>;
}

impl Socket for TcpStream {
    fn another(&self) -> std::io::Result<Box<dyn Socket>> {
        self.set_nodelay(true)?;
        Ok(Box::new(self.try_clone()?))
    }
}

impl Socket for UnixStream {
    fn another(&self) -> std::io::Result<Box<dyn Socket>> {
        Ok(Box::new(self.try_clone()?))
    }
}

type Chunk = std::io::Result<Vec<u8>>;

/// Reads until the end; what came is taken from the channel.
fn read_all(mut from: Box<dyn Socket>, to: mpsc::UnboundedSender<Chunk>) {
    let mut buf = vec![0; 64 * 1024];
    loop {
        let chunk = from.read(&mut buf).map(|n| buf[..n].to_vec());
        let over = !matches!(&chunk, Ok(c) if !c.is_empty());
        if over && chunk.is_ok() || to.unbounded_send(chunk).is_err() || over {
            return;
        }
    }
}

/// A vat's end of a connection.  The peer reads all we write, so that writing may block.
fn network(socket: Box<dyn Socket>, side: Side) -> std::io::Result<Box<VatNetwork<impl Unpin + futures::AsyncRead>>> {
    let (to, from) = mpsc::unbounded::<Chunk>();
    let reader = socket.another()?;
    std::thread::spawn(move || read_all(reader, to));
    let writer = futures::io::AllowStdIo::new(socket);
    Ok(Box::new(VatNetwork::new(from.into_async_read(), writer, side, Default::default())))
}

fn serve_connection(socket: Box<dyn Socket>) {
    let bench: Cap = serve_object(BenchObject::default());
    let network = network(socket, Side::Server).expect("socket");
    let _ = LocalPool::new().run_until(RpcSystem::new(network, Some(bench.0)));
}

fn serve(addr: &str) -> std::io::Result<()> {
    if let Some(path) = addr.strip_prefix("unix:") {
        let listener = UnixListener::bind(path)?;
        println!("ready 0");
        for socket in listener.incoming() {
            let socket = Box::new(socket?);
            std::thread::spawn(move || serve_connection(socket));
        }
        return Ok(());
    }
    let listener = TcpListener::bind(("127.0.0.1", port(addr)))?;
    println!("ready {}", listener.local_addr()?.port());
    for socket in listener.incoming() {
        let socket = Box::new(socket?);
        std::thread::spawn(move || serve_connection(socket));
    }
    Ok(())
}

fn port(addr: &str) -> u16 {
    addr.strip_prefix("tcp:").and_then(|p| p.parse().ok()).expect("unix:PATH or tcp:PORT")
}

fn connect(addr: &str) -> std::io::Result<Box<dyn Socket>> {
    Ok(match addr.strip_prefix("unix:") {
        Some(path) => Box::new(UnixStream::connect(path)?),
        None => Box::new(TcpStream::connect(("127.0.0.1", port(addr)))?),
    })
}

// ---- client -------------------------------------------------------------------------------------

fn require(truth: bool, what: String) -> capnp::Result<()> {
    if truth {
        Ok(())
    } else {
        Err(Error::failed(what))
    }
}

async fn check_add(b: &Cap) -> capnp::Result<()> {
    b.request(BENCH, PING).send().promise.await?;
    let mut r = b.request(BENCH, ADD);
    let p = r.get().init_as::<Out<2, 0>>().0;
    p.set_data_field(0, 2u64);
    p.set_data_field(1, 40u64);
    let sum = r.send().promise.await?.get()?.get_as::<In>()?.u64(0);
    require(sum == 42, format!("sum {}", sum))
}

async fn check_blob(b: &Cap) -> capnp::Result<()> {
    let data = vec![0x5au8; 300000];
    let mut r = b.request(BENCH, BLOB);
    r.get().init_as::<OutPtr>().0.get_pointer_field(0).set_data(&data);
    let response = r.send().promise.await?;
    let back = response.get()?.get_as::<In>()?.data()?;
    require(back == data, format!("{} bytes", back.len()))
}

async fn check_pipelining(b: &Cap) -> capnp::Result<()> {
    let remote = b.request(BENCH, COUNTER_METHOD).send();
    let c: Cap = FromClientHook::new(remote.pipeline.get_pointer_field(0).as_cap());
    let (n1, n2, _) = futures::try_join!(c.next(), c.next(), remote.promise)?;
    require((n1, n2) == (1, 2), format!("{}, {}", n1, n2))
}

async fn check_callback(b: &Cap) -> capnp::Result<()> {
    let mut r = b.request(BENCH, CALL_BACK);
    r.get().init_as::<OutPtr>().set_cap(&serve_object(CounterObject::default()));
    let n = r.send().promise.await?.get()?.get_as::<In>()?.u64(0);
    require(n == 1, format!("n {}", n))
}

// Only to what the server has: see ../rpc.sh of calls that come back.
async fn check_tail_call(b: &Cap) -> capnp::Result<()> {
    let remote = b.request(BENCH, COUNTER_METHOD).send();
    let c: Cap = FromClientHook::new(remote.pipeline.get_pointer_field(0).as_cap());
    let mut r = b.request(BENCH, FORWARD);
    r.get().init_as::<OutPtr>().set_cap(&c);
    let n = r.send().promise.await?.get()?.get_as::<In>()?.u64(0);
    let next = c.next().await?;
    require((n, next) == (1, 2), format!("{}, {}", n, next))
}

async fn check_exceptions(b: &Cap) -> capnp::Result<()> {
    for (i, (text, kind)) in KINDS.iter().enumerate() {
        let mut r = b.request(BENCH, FAIL);
        r.get().init_as::<OutU64>().0.set_data_field(0, i as u16);
        let e = match r.send().promise.await {
            Ok(_) => return Err(Error::failed("did not fail".to_string())),
            Err(e) => e,
        };
        let want = format!("{} on purpose", text);
        require(e.kind == *kind && e.description.contains(&want), format!("{:?}", e))?;
    }
    Ok(())
}

async fn check_cancel(b: &Cap) -> capnp::Result<()> {
    drop(b.request(BENCH, NEVER).send());
    b.request(BENCH, PING).send().promise.await?;
    let n = b.request(BENCH, CANCELED).send().promise.await?.get()?.get_as::<In>()?.u64(0);
    require(n >= 1, format!("{} cancelled", n))
}

async fn check_own_back(b: &Cap) -> capnp::Result<()> {
    let mut r = b.request(BENCH, ECHO_CAP);
    r.get().init_as::<OutPtr>().set_cap(&serve_object(CounterObject::default()));
    let response = r.send().promise.await?;
    let c = response.get()?.get_as::<In>()?.cap()?;
    let n = c.next().await?;
    require(n == 1, format!("n {}", n))
}

/// The server gives back our own object while calls on the promise for it are under way.
async fn check_embargo(b: &Cap) -> capnp::Result<()> {
    let mut r = b.request(BENCH, ECHO_CAP);
    r.get().init_as::<OutPtr>().set_cap(&serve_object(CounterObject::default()));
    let remote = r.send();
    let c: Cap = FromClientHook::new(remote.pipeline.get_pointer_field(0).as_cap());
    let (q1, q2) = (c.next(), c.next());
    let early = async { futures::try_join!(q1, q2) };
    let rest = async {
        remote.promise.await?;
        let q3 = c.next().await?;
        c.0.when_resolved().await?;
        Ok((q3, c.next().await?))
    };
    let (early, rest) = futures::try_join!(early, rest)?;
    require((early, rest) == ((1, 2), (3, 4)), format!("{:?}, {:?}", early, rest))
}

async fn check_stream(b: &Cap) -> capnp::Result<()> {
    let calls = (0..200).map(|_| {
        let mut r = b.request(BENCH, SINK);
        r.get().init_as::<OutPtr>().0.get_pointer_field(0).set_data(&[1; 8192]);
        r.send().promise
    });
    futures::future::try_join_all(calls.collect::<Vec<_>>()).await?;
    let n = b.request(BENCH, DONE).send().promise.await?.get()?.get_as::<In>()?.u64(0);
    require(n == 200 * 8192, format!("{} bytes", n))
}

/// The library knows no descriptors; the capability has to work all the same.
async fn check_descriptor(b: &Cap) -> capnp::Result<()> {
    let remote = b.request(BENCH, FD).send();
    let h: Cap = FromClientHook::new(remote.pipeline.get_pointer_field(0).as_cap());
    let response = h.request(HOLDER, NAME).send().promise.await?;
    let name = response.get()?.get_as::<In>()?.text()?;
    require(name == "holder", name.to_string())
}

async fn check_all(b: &Cap, without: &[String]) -> bool {
    let mut good = true;
    macro_rules! check {
        ($name:expr, $f:expr) => {
            if !without.iter().any(|w| w == $name) {
                match $f(b).await {
                    Ok(()) => println!("ok {}", $name),
                    Err(e) => {
                        good = false;
                        println!("not ok {}: {}", $name, e)
                    }
                }
            }
        };
    }
    check!("add", check_add);
    check!("blob", check_blob);
    check!("pipelining", check_pipelining);
    check!("callback", check_callback);
    check!("tail call", check_tail_call);
    check!("exceptions", check_exceptions);
    check!("cancel", check_cancel);
    check!("own object back", check_own_back);
    check!("embargo order", check_embargo);
    check!("stream", check_stream);
    check!("descriptor", check_descriptor);
    check!("still there at the end", check_add);
    good
}

fn client(addr: &str, without: &[String]) -> std::io::Result<bool> {
    let mut system = RpcSystem::new(network(connect(addr)?, Side::Client)?, None);
    let bench: Cap = system.bootstrap(Side::Server);
    let mut pool = LocalPool::new();
    let spawned = pool.spawner().spawn_local(async move {
        let _ = system.await;
    });
    spawned.expect("a pool takes tasks");
    Ok(pool.run_until(check_all(&bench, without)))
}

fn main() {
    let args: Vec<String> = std::env::args().collect();
    let result = match args.get(1).map(|s| s.as_str()) {
        Some("server") if args.len() == 3 => serve(&args[2]).map(|_| true),
        Some("client") if args.len() >= 3 => client(&args[2], &args[3..]),
        _ => {
            eprintln!("usage: rust-peer server ADDR | client ADDR [WITHOUT]...");
            std::process::exit(2)
        }
    };
    match result {
        Ok(good) => std::process::exit(if good { 0 } else { 1 }),
        Err(e) => {
            eprintln!("rust-peer: {}", e);
            std::process::exit(1)
        }
    }
}
