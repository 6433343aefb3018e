# The other half of constructs.capnp: the two import each other, and this one has no prefix.
@0xe7d0b3a5c2914f66;
using Con = import "constructs.capnp";

struct Foreign {
  number @0 :Int32;
  back @1 :Con.Scalars;
  base @2 :Con.Base;
  color @3 :Con.Color;
}

interface Foreigner {
  visit @0 (who :Con.Holding) -> (back :Con.Diamond);
}

interface Twin {
  there @0 ();
}

# Each file has an interface that extends one of the other's.
interface Ping extends (Con.Pong) {
  ping @0 ();
}
interface Bottom {
  bottom @0 ();
}

struct Pair(First, Second) {
  first @0 :First;
  second @1 :Second;
}
