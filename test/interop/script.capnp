@0xb3b1f4de0c55a7e1;
# Two vats that play scripts with each other: see script.c.

struct Args {
  n @0 :UInt64;
  c @1 :Player;
}

interface Player {
  log @0 Args -> Args;
  # n is noted, and returned
  giveBack @1 Args -> Args;
  tail @2 Args -> Args;
  # answers what c.log(n) answers, by a tail call
  promise @3 Args -> Args;
  # a promise, the n-th
  resolve @4 Args -> Args;
  # the n-th promise becomes c
  reject @5 Args -> Args;
  wait @6 Args -> Args;
  # is answered by go(), or cancelled
  go @7 Args -> Args;
  make @8 Args -> Args;
  # a new object
  count @9 Args -> Args;
  # n = 0: objects destroyed, 1: calls of wait() cancelled, 2: waiting now
  sum @10 Args -> Args;
  # how many log() there were here, 0 if n did not always grow
  embargo @11 Args -> Args;
  # gives c an object to give back, and calls it meanwhile; its sum
  askTail @12 Args -> Args;
  # what c.tail(n, an own object) answers
  quit @13 Args -> Args;
}
