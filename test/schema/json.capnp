# SPDX-License-Identifier: MIT
@0xc5b1a7e03f9d2468;
# Annotations that shape JSON: needs the schemas that come with Cap'n Proto.
using J = import "/capnp/compat/json.capnp";

enum Shade {
  light @0 $J.name("LIGHT");
  dark @1;
}

struct Point {
  x @0 :Int32;
  y @1 :Int32 $J.name("why \"y\"");
  union {
    flat @2 :Void;
    height @3 :Float32;
  }
}

struct Json {
  shade @0 :Shade $J.name("sha\tde");
  bytes @1 :Data $J.base64;
  key @2 :Data $J.hex;
  raw @3 :Data;
  point @4 :Point $J.flatten(prefix = "p_");
  group :group $J.flatten(prefix = "g.") {
    a @5 :Text;
    inner :group $J.flatten(prefix = "i.") {
      b @6 :Text;
    }
  }
  plain :group {
    c @7 :Text;
  }
  kind :union $J.flatten() $J.discriminator(name = "kind") {
    none @8 :Void;
    number @9 :UInt8 $J.name("num");
    both :group $J.flatten() {
      left @10 :Text;
      right @11 :Text;
    }
  }
  named :union $J.discriminator(name = "tag", valueName = "value") {
    one @12 :Text;
    two @13 :Float64;
    three @14 :Void;
  }
  own :union $J.flatten() $J.discriminator(valueName = "owned") {
    first @15 :UInt16;
    second @16 :List(Point);
  }
  next @17 :Tagged;
}

struct Tagged $J.discriminator(name = "type") {
  common @0 :Text;
  union {
    circle @1 :Float64;
    square :group $J.flatten() {
      side @2 :Int64;
    }
    point @3 :Point $J.flatten();
  }
}
