# SPDX-License-Identifier: MIT
# What test-encoding.c and test-lists.c build and read, besides alltypes.capnp.
@0xb8ad5e1f6c0927a4;
using Vat = import "/vat.capnp";
using All = import "/alltypes.capnp";
$Vat.prefix("enc");

struct Any {
  any @0 :AnyPointer;
}

# ---- unions and groups ----

struct Unions {
  first :union {
    void @0 :Void;
    bit @1 :Bool;
    byte @2 :UInt8;
    two @3 :UInt16;
    four @4 :UInt32;
    eight @5 :UInt64;
    text @6 :Text;
    otherVoid @7 :Void;
    otherFour @8 :UInt32;
    otherText @9 :Text;
  }
  between @10 :Bool;
  second :union {
    bit @11 :Bool;
    byte @12 :UInt8;
    two @13 :UInt16;
    four @14 :UInt32;
    eight @15 :UInt64;
    text @16 :Text;
  }
}

struct Unnamed {
  before @0 :Text;
  union {
    foo @1 :UInt16;
    bar @3 :UInt32;
  }
  middle @2 :UInt16;
  after @4 :Text;
}

struct Groups {
  union {
    red :group {
      number @0 :Int32;
      large @2 :Int64;
      name @8 :Text;
    }
    green :group {
      number @3 :Int32;
      name @4 :Text;
      large @5 :Int64;
    }
    blue :group {
      number @1 :Int32;
      name @6 :Text;
      other @7 :Text;
    }
  }
}

struct Interleaved {
  left :group {
    number @0 :UInt32;
    large @2 :UInt64;
    union {
      short @4 :UInt16;
      text @6 :Text;
      inner :group {
        short @8 :UInt16;
        text @10 :Text;
      }
    }
  }
  right :group {
    number @1 :UInt32;
    large @3 :UInt64;
    union {
      short @5 :UInt16;
      text @7 :Text;
      inner :group {
        short @9 :UInt16;
        text @11 :Text;
      }
    }
  }
}

struct UnionDefaults {
  two @0 :Unions = (first = (two = 321), second = (byte = 12));
  text @1 :Unions = (first = (text = "foo"), between = true, second = (text = "bar"));
  unnamed @2 :Unnamed = (before = "front", bar = 123, middle = 7);
}

# ---- lists ----

struct Struct0 { f @0 :Void; }
struct Struct1 { f @0 :Bool; }
struct Struct8 { f @0 :UInt8; }
struct Struct16 { f @0 :UInt16; }
struct Struct32 { f @0 :UInt32; }
struct Struct64 { f @0 :UInt64; }
struct StructP { f @0 :Text; }
struct Struct1c { f @0 :Bool; pad @1 :Text; }
struct Struct32c { f @0 :UInt32; pad @1 :Text; }
struct StructPc { f @0 :Text; pad @1 :UInt64; }

struct Lists {
  list0 @0 :List(Struct0);
  list1 @1 :List(Struct1);
  list8 @2 :List(Struct8);
  list16 @3 :List(Struct16);
  list32 @4 :List(Struct32);
  list64 @5 :List(Struct64);
  listP @6 :List(StructP);
  int32ListList @7 :List(List(Int32));
  textListList @8 :List(List(Text));
  structListList @9 :List(List(All.AllTypes));
}

struct ListDefaults {
  lists @0 :Lists = (
    list1 = [(f = true), (f = false), (f = true), (f = true)],
    list8 = [(f = 123), (f = 45)],
    list16 = [(f = 12345), (f = 6789)],
    list32 = [(f = 123456789), (f = 234567890)],
    list64 = [(f = 1234567890123456), (f = 2345678901234567)],
    listP = [(f = "foo"), (f = "bar")],
    int32ListList = [[1, 2, 3], [4, 5], [12341234]],
    textListList = [["foo", "bar"], ["baz"], ["qux", "corge"]],
    structListList = [[(int32 = 123), (int32 = 456)], [(int32 = 789)]]);
  numbers @1 :List(UInt16) = [5, 4, 3];
}

# ---- two versions of one thing ----

struct Old {
  number @0 :Int64;
  text @1 :Text;
  old @2 :Old;
}

struct New {
  number @0 :Int64;
  text @1 :Text;
  new @2 :New;
  added @3 :Int64 = 987;
  addedText @4 :Text = "baz";
}

struct OldUnion {
  union {
    a @0 :Int32;
    b :group {
      x @1 :UInt16;
    }
  }
}

struct NewUnion {
  union {
    a @0 :Int32;
    b :group {
      x @1 :UInt16;
      y @2 :UInt64;
    }
    c @3 :Text;
  }
}

# ---- the rest ----

struct Floats {
  nanF @0 :Float32 = nan;
  nanD @1 :Float64 = nan;
  infinite @2 :Float64 = -inf;
  whole @3 :Float32 = 123;
  large @4 :Float64 = 2e30;
}
const wholeFloat :Float32 = 456;
const largeFloat :Float64 = 4e30;

struct Box(T) {
  value @0 :T;
}

struct Boxed {
  unset @0 :Box(All.AllTypes);
  text @1 :Box(Text) = (value = "boxed");
}

struct HasEmpty {
  empty @0 :Struct0;
  emptyList @1 :List(Int32);
  emptyStructs @2 :List(Struct0);
}

struct Nested {
  enum Outer { foo @0; bar @1; }
  struct Inner {
    enum Deep { qux @0; quux @1; }
    outer @0 :Nested.Outer = bar;
    deep @1 :Deep = quux;
  }
  inner @0 :Inner;
  foreign @1 :All.Inner;
  color @2 :All.Color = blue;
}

const number :Int32 = 12345;
const list :List(UInt16) = [11, 22, 33];
const everything :All.AllTypes = (bool = true, int32 = -12345678, text = "const",
  innerList = [(id = 1, name = "one"), (id = 2)], boolList = [true, false, true]);
