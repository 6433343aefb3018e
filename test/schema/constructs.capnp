# Every construct of the schema language that capnpc-vat turns into C: its output is compared with
# golden files, compiled by several compilers, and used by the generator's run-time test.
@0xd1c6f4a0b7e35821;
using Vat = import "/vat.capnp";
using Other = import "constructs-other.capnp";
$Vat.prefix("con");

# ---- constants ----

const aVoid :Void = void;
const aBool :Bool = true;
const anInt8 :Int8 = -128;
const anInt16 :Int16 = -32768;
const anInt32 :Int32 = -2147483648;
const anInt64 :Int64 = -9223372036854775808;
const aUInt8 :UInt8 = 255;
const aUInt16 :UInt16 = 65535;
const aUInt32 :UInt32 = 4294967295;
const aUInt64 :UInt64 = 18446744073709551615;
const aFloat :Float32 = 1.5;
const aWholeDouble :Float64 = -3;
const aDouble :Float64 = 1e-300;
const infinite :Float64 = inf;
const notANumber :Float32 = nan;
const aText :Text = "say \"hi\"??/\n\ttäglich\\";
const noText :Text = "";
const aData :Data = 0x"00 01 fe ff 5c 22";
const noData :Data = "";
const aColor :Color = green;
const aScalars :Scalars = (u8 = 7, f64 = 2.5);
const aNumberList :List(Int16) = [-1, 0, 1];
const aTextList :List(Text) = ["one", "two"];
const aStructList :List(Scalars) = [(u8 = 1), (u8 = 2)];
const aMatrix :List(List(UInt8)) = [[1, 2], [], [3]];

# ---- enums ----

enum Color {
  red @0;
  green @1;
  ultraViolet @2;
  default @3 $Vat.name("dflt");
}
enum Nothing {}

# ---- structs ----

struct Empty {}
# Comments go into the header: neither */ nor /* nor ??/
# ends them, and "quotes", \\ and ☃ stay.

struct Scalars {
  void @0 :Void;
  bool @1 :Bool;
  i8 @2 :Int8;
  i16 @3 :Int16;
  i32 @4 :Int32;
  i64 @5 :Int64;
  u8 @6 :UInt8;
  u16 @7 :UInt16;
  u32 @8 :UInt32;
  u64 @9 :UInt64;
  f32 @10 :Float32;
  f64 @11 :Float64;
  color @12 :Color;
}

struct Defaults {
  bool @0 :Bool = true;
  i8 @1 :Int8 = -8;
  i16 @2 :Int16 = -16;
  i32 @3 :Int32 = -32;
  i64 @4 :Int64 = -64;
  u8 @5 :UInt8 = 8;
  u16 @6 :UInt16 = 16;
  u32 @7 :UInt32 = 32;
  u64 @8 :UInt64 = 64;
  f32 @9 :Float32 = 0.5;
  f64 @10 :Float64 = -0.25;
  color @11 :Color = ultraViolet;
  text @12 :Text = "default text";
  data @13 :Data = 0x"de fa 17";
  struct @14 :Defaults.Inner = (number = 9, words = ["a", "b"], color = red);
  numbers @15 :List(UInt32) = [1, 2, 3];
  bits @16 :List(Bool) = [true, false, true];
  structs @17 :List(Inner) = [(number = 1), (number = 2, color = green)];
  inf @18 :Float64 = inf;
  struct Inner {
    number @0 :UInt16 = 3;
    words @1 :List(Text);
    color @2 :Color = green;
  }
}

struct Pointers {
  text @0 :Text;
  data @1 :Data;
  struct @2 :Scalars;
  empty @3 :Empty;
  interface @4 :Base;
  any @5 :AnyPointer;
  anyStruct @6 :AnyStruct;
  anyList @7 :AnyList;
  capability @8 :Capability;
  self @9 :Pointers;
  foreign @10 :Other.Foreign;
}

struct Lists {
  voids @0 :List(Void);
  bools @1 :List(Bool);
  i8s @2 :List(Int8);
  i16s @3 :List(Int16);
  i32s @4 :List(Int32);
  i64s @5 :List(Int64);
  u8s @6 :List(UInt8);
  u16s @7 :List(UInt16);
  u32s @8 :List(UInt32);
  u64s @9 :List(UInt64);
  f32s @10 :List(Float32);
  f64s @11 :List(Float64);
  texts @12 :List(Text);
  datas @13 :List(Data);
  colors @14 :List(Color);
  structs @15 :List(Scalars);
  interfaces @16 :List(Base);
  matrix @17 :List(List(UInt32));
  cube @18 :List(List(List(Text)));
  tables @19 :List(List(Scalars));
  foreigns @20 :List(Other.Foreign);
}

struct Unions {
  before @0 :UInt8;
  union {
    nothing @1 :Void;
    number @2 :UInt32 = 77;
    flag @3 :Bool = true;
    text @4 :Text = "unset";
    struct @5 :Scalars;
    list @6 :List(UInt16);
    any @7 :AnyPointer;
    base @8 :Base;
    pair :group {
      left @9 :Text;
      right @10 :UInt32 = 5;
    }
    data @11 :Data;
  }
  named :union {
    a @12 :Void;
    b @13 :UInt16;
    c :group {
      x @14 :Int32;
      union {
        inner @15 :Text;
        other @16 :Bool;
      }
    }
  }
  after @17 :UInt8;
}

struct Groups {
  outer :group {
    a @0 :UInt32 = 1;
    b @1 :Text = "b";
    deeper :group {
      c @2 :Bool;
      d @3 :List(Scalars);
      deepest :group {
        e @4 :Int8;
      }
    }
  }
  plain @5 :UInt64;
}

struct Generic(Key, Value) {
  key @0 :Key;
  value @1 :Value;
  entries @2 :List(Entry);
  struct Entry {
    key @0 :Key;
    next @1 :Entry;
  }
  struct Own(T) {
    own @0 :T;
    outer @1 :Key;
  }
}

struct Branded {
  numbers @0 :Generic(Text, Scalars);
  entry @1 :Generic(Text, Data).Entry;
  list @2 :List(Generic(Text, Base));
  own @3 :Generic(Text, Data).Own(Empty);
}

struct NamesOfC {
  # Words that mean something in C, in C++ or to the preprocessor.
  int @0 :UInt32;
  class @1 :Text;
  default @2 :Bool;
  linux @3 :Void;
  nULL @4 :Void;
  getFTPUrl @5 :Text;
  v9fsStream @6 :Text;
  plainIPv6Address @7 :Text $Vat.name("address");
  struct Struct {
    return @0 :Bool;
  }
  enum Enum {
    for @0;
    while @1;
  }
  const static :UInt8 = 1;
  interface Interface {
    virtual @0 () -> ();
  }
}

struct Outer {
  middle @0 :Middle;
  struct Middle {
    inner @0 :Inner;
    struct Inner {
      deep @0 :Text;
      const depth :UInt8 = 3;
      enum Level { low @0; high @1; }
      level @1 :Level = high;
    }
  }
}

struct Renamed $Vat.name("other_name") {
  field @0 :UInt8 $Vat.name("f");
  g :group $Vat.name("grp") {
    x @1 :UInt8;
  }
}

# ---- interfaces ----

interface Marker {}

interface Base {
  ping @0 (a :UInt32) -> (b :Text, c :Base);
  nothing @1 ();
}

interface Left extends (Base) {
  left @0 ();
}

interface Right extends (Base) {
  right @0 ();
}

interface Diamond extends (Left, Right, Marker, Other.Foreigner) {
  named @0 Scalars -> Pointers;
  # Parameters and results that are structs with a name.
  foreign @1 Other.Foreign -> Other.Foreign;
  push @2 (bytes :Data) -> stream;
  default @3 (class :Text) -> (new :Base);
  # Words of C.
  holder @4 () -> (info :Holding, plain :UInt32, any :AnyPointer, cap :Capability);
  # Capabilities one struct deep.
  renamedMethod @5 (renamedParam :Text $Vat.name("text")) -> () $Vat.name("method_six");
}

interface SameName extends (Other.Twin, Twin) {}
interface Twin {
  here @0 ();
}

struct Holding {
  base @0 :Base;
  in :group {
    right @1 :Right;
    foreigner @2 :Other.Foreigner;
  }
  union {
    maybe @3 :Base;
    not @4 :Void;
  }
  deeper @5 :Holding;
}

interface Store(T) {
  get @0 (key :Text) -> (value :T);
  put @1 [Extra] (value :T, extra :Extra) -> ();
  sub @2 () -> (store :Store(T));
}
interface TextStore extends (Store(Text)) {}

interface Pong extends (Other.Bottom) {
  pong @0 ();
}

# ---- generics ----

struct Tree(T) {
  union {
    leaf @0 :T;
    branch :group {
      left @1 :Tree(T);
      right @2 :Tree(T);
      label @3 :T;
    }
  }
  all @4 :List(Tree(T));
  pair @5 :Other.Pair(Text, T);
}

struct Brands {
  texts @0 :Tree(Text);
  scalars @1 :Tree(Scalars);
  lists @2 :Tree(List(UInt16));
  caps @3 :Tree(Base);
  foreign @4 :Tree(Other.Foreign);
  pairs @5 :List(Other.Pair(Scalars, Tree(Data)));
  anything @6 :Other.Pair(AnyPointer, AnyPointer);
  half @7 :Other.Pair(Text, AnyPointer);
  unbound @8 :Tree;
  tower @9 :Tower(Text);
}

struct Tower(T) {
  # Each floor has another brand: the generator must stop somewhere.
  top @0 :T;
  next @1 :Tower(Tree(T));
}

interface Cell(T) {
  read @0 () -> (value :T, hint :Tree(T));
  write @1 (value :T);
  swap @2 [U] (with :U, cell :Cell(T)) -> (old :T, echo :U);
  named @3 Other.Pair(Text, T) -> Tree(T);
}
interface CellBase extends (Cell(Base)) {}
interface CellUser {
  cell @0 () -> (cell :Cell(Scalars));
}

# ---- pipelining through structs ----

struct Deep {
  one :group {
    next @0 :Deep;
    base @1 :Base;
  }
  union {
    either @2 :Base;
    or @3 :Deep;
    number @4 :UInt8;
  }
  plain @5 :Scalars;
  any @6 :AnyPointer;
}
interface Dive {
  dive @0 () -> (deep :Deep);
}

struct AnyLists {
  lists @0 :List(AnyList);
  caps @1 :List(Capability);
}

const greenConst :Color = green;
const nanDouble :Float64 = nan;
struct NanDefaults {
  f32 @0 :Float32 = nan;
  f64 @1 :Float64 = nan;
  minus @2 :Float32 = -inf;
}

annotation note @0xa4c1b95a6f0e23d7 (*) :Text;
annotation weight @0xb3d0f4aa9e8c1752 (*) :Scalars;
struct Annotated $note("a struct") $weight(u8 = 3) {
  field @0 :UInt8 $note("a field");
}

struct Thing {
  # Things whose names are those of list types.
  list :group {
    of @0 :List(Thing);
    also @1 :UInt8;
  }
  all @2 :ThingList;
  root @3 :Thing;
}
struct ThingList {
  things @0 :List(Thing);
}
interface Saver {
  save @0 SaveParams -> SaveResults;
  struct SaveParams {
    x @0 :UInt8;
  }
  struct SaveResults {
    y @0 :UInt8;
  }
}
