@0xe3f1a0c9b7d24586;
# What two peers of different make have to be able to do with each other: one method per feature.

interface Bench {
  ping @0 ();
  # trivial method: no params, no results
  add @1 (a :UInt64, b :UInt64) -> (sum :UInt64);
  # small fixed payload both ways
  blob @2 (data :Data) -> (data :Data);
  # echo of a payload
  counter @3 () -> (c :Counter);
  # returns a capability, for pipelining
  fd @4 () -> (h :Holder);
  # returns a capability with a file descriptor attached
  sink @5 (data :Data) -> stream;
  # streaming call
  done @6 () -> (bytes :UInt64);
  # ends the stream
  callBack @7 (c :Counter) -> (n :UInt64);
  # calls c.next() once and returns its number (client hosts the capability)
  fail @8 (kind :UInt16);
  # throws: 0 failed, 1 overloaded, 2 disconnected, 3 unimplemented
  stats @9 () -> (rssKb :UInt64, conns :UInt64, openFds :UInt64);
  # what the server says of itself
  never @10 ();
  # never returns; Finish must cancel it
  canceled @11 () -> (n :UInt64);
  # how many never() calls were cancelled
  echoCap @12 (c :Counter) -> (c :Counter);
  # returns the capability it was given: promise resolves back to the caller (embargo)
  forward @13 (c :Counter) -> (n :UInt64);
  # answers what c.next() answers, by a tail call
}

interface Counter {
  next @0 () -> (n :UInt64);
}

interface Holder {
  name @0 () -> (name :Text);
}

struct Record {
  # ~1 KB message used for the serialization figure
  id @0 :UInt64;
  kind @1 :UInt16;
  flags @2 :UInt32;
  name @3 :Text;
  owner @4 :Text;
  items @5 :List(Item);
  payload @6 :Data;
  ratios @7 :List(Float64);
}
struct Item {
  key @0 :Text;
  value @1 :UInt64;
  weight @2 :Float32;
  on @3 :Bool;
}
