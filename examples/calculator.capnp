# A calculator whose operators and functions are objects: a client can hand in functions of its own, and
# the server calls back.  The ids, names and ordinals are those of the sample that comes with Cap'n Proto
# for C++, so that clients and servers of both understand each other.
@0x85150b117366d14b;

using Vat = import "/vat.capnp";
$Vat.prefix("calc");

interface Calculator {
  evaluate @0 (expression :Expression) -> (value :Value);
  # Works out an expression. The result is an object, so that a next expression can use it before
  # anybody knows the number.

  struct Expression {
    union {
      literal @0 :Float64;
      previousResult @1 :Value;
      # What an earlier evaluate() returned, or anything else that can be read.
      parameter @2 :UInt32;
      # In the body of a function: the argument of this number.
      call :group {
        function @3 :Function;
        params @4 :List(Expression);
      }
    }
  }

  interface Value {
    read @0 () -> (value :Float64);
  }

  defFunction @1 (paramCount :Int32, body :Expression) -> (func :Function);
  # A function made of an expression.

  interface Function {
    call @0 (params :List(Float64)) -> (value :Float64);
  }

  getOperator @2 (op :Operator) -> (func :Function);

  enum Operator {
    add @0;
    subtract @1;
    multiply @2;
    divide @3;
  }
}
