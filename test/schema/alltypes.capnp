# SPDX-License-Identifier: MIT
@0xe1a3f0c2b7d95846;
# Every kind of field, for comparing implementations: test/interop/message.py makes random values of
# this type, test/interop/message-tool.c knows its layout.

enum Color {
  red @0;
  green @1;
  blue @2;
}

struct Inner {
  id @0 :UInt32;
  name @1 :Text;
  flag @2 :Bool = true;
  next @3 :Inner;
  level @4 :Int16 = -7;
}

struct AllTypes {
  void @0 :Void;
  bool @1 :Bool;
  int8 @2 :Int8;
  int16 @3 :Int16;
  int32 @4 :Int32;
  int64 @5 :Int64;
  uint8 @6 :UInt8;
  uint16 @7 :UInt16;
  uint32 @8 :UInt32;
  uint64 @9 :UInt64;
  float32 @10 :Float32;
  float64 @11 :Float64;
  text @12 :Text;
  data @13 :Data;
  inner @14 :Inner;
  color @15 :Color;

  voidList @16 :List(Void);
  boolList @17 :List(Bool);
  int8List @18 :List(Int8);
  int16List @19 :List(Int16);
  int32List @20 :List(Int32);
  int64List @21 :List(Int64);
  uint8List @22 :List(UInt8);
  uint16List @23 :List(UInt16);
  uint32List @24 :List(UInt32);
  uint64List @25 :List(UInt64);
  float32List @26 :List(Float32);
  float64List @27 :List(Float64);
  textList @28 :List(Text);
  dataList @29 :List(Data);
  innerList @30 :List(Inner);
  colorList @31 :List(Color);
  listList @32 :List(List(UInt16));

  group :group {
    a @33 :Int32;
    b @34 :Text;
    c @35 :Bool;
  }

  union {
    none @36 :Void;
    number @37 :UInt32;
    string @38 :Text;
    struct @39 :Inner;
    pair :group {
      x @40 :Bool;
      y @41 :Float64;
    }
  }

  named :union {
    off @42 :Void;
    on @43 :UInt8;
    many @44 :List(UInt32);
  }

  defBool @45 :Bool = true;
  defInt8 @46 :Int8 = -128;
  defInt16 @47 :Int16 = 12345;
  defInt32 @48 :Int32 = -12345678;
  defInt64 @49 :Int64 = 123456789012345;
  defUint8 @50 :UInt8 = 255;
  defUint16 @51 :UInt16 = 45678;
  defUint32 @52 :UInt32 = 3456789012;
  defUint64 @53 :UInt64 = 12345678901234567890;
  defFloat32 @54 :Float32 = 1234.5;
  defFloat64 @55 :Float64 = -1.25e30;
  defText @56 :Text = "default";
  defData @57 :Data = 0x"00 01 02 ff";
  defInner @58 :Inner = (id = 9, name = "nine", flag = false, next = (id = 10));
  defColor @59 :Color = blue;
  defList @60 :List(Int32) = [1, -2, 3];
  defInnerList @61 :List(Inner) = [(id = 1), (id = 2, name = "two")];
}
