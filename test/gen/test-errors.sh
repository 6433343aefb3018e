#!/bin/sh
# SPDX-License-Identifier: MIT
# What capnpc-vat refuses: always with one line on standard error, status 1 and nothing written.
# shellcheck source=test/gen/lib.sh
. "$(dirname "$0")/lib.sh"
cd "$out" || exit 1

# refused NAME TEXT: the schema on standard input fails, and the one line of reason holds TEXT.
refused() {
	{
		echo '@0xf00dfacefeedbeef; using Vat = import "/vat.capnp";'
		cat
	} >case.capnp
	"$CAPNP" compile -o- -I"$root/schema" case.capnp >request || echo "# not a schema"
	rm -rf made && mkdir made
	(cd made && "$CAPNPC_VAT" <../request >../stdout 2>../stderr)
	status=$?
	sed 's/^/# /' stderr
	[ $status -eq 1 ] && [ "$(wc -l <stderr)" -eq 1 ] && grep -qF -- "$2" stderr &&
		[ ! -s stdout ] && [ -z "$(ls made)" ]
	result $? "$1"
}

refused "two declarations of one C name" "case.capnp:FooBar and case.capnp:Foo" <<'S'
struct FooBar { x @0 :UInt8; }
struct Foo { struct Bar { x @0 :UInt8; } }
S
refused "a group and a nested struct of one name" 'case.capnp:Foo.bar and case.capnp:Foo.Bar' <<'S'
struct Foo { bar :group { x @0 :UInt8; } struct Bar {} }
S
refused "a method that takes a helper's name" 'two of its members become the C name case_foo_ref' <<'S'
interface Foo { ref @0 (); }
S
refused "two methods that become one member" 'struct case_foo_impl.bar' <<'S'
interface Foo extends (Bar) { bar @0 (); }
interface Bar {}
S
refused "two enumerants of one name" 'CASE_COLOR_RED' <<'S'
enum Color { red @0; r @1 $Vat.name("red"); }
S
refused "an annotation that is no name" 'is not a C name' <<'S'
struct Foo { x @0 :UInt8 $Vat.name("Not A Name"); }
S
refused "a prefix that is no name" '$Vat.prefix("9lives") is not a C name' <<'S'
$Vat.prefix("9lives");
S
refused "an empty prefix" '$Vat.prefix("") names nothing; leave it out to have the file' <<'S'
$Vat.prefix("");
S
refused "an empty name" '$Vat.name("") names nothing' <<'S'
struct Foo { x @0 :UInt8 $Vat.name(""); }
S
refused "two brands of one name" 'two brands of it become the C name case_pair_of_text_foo_bar' <<'S'
struct Pair(A, B) { a @0 :A; b @1 :B; }
struct TextFoo {}
struct Bar {}
struct FooBar {}
struct Use { a @0 :Pair(TextFoo, Bar); b @1 :Pair(Text, FooBar); }
S
refused "the library's own prefix" 'the prefix vat is the library' <<'S'
$Vat.prefix("vat");
S
refused "a name without end" 'not a name' <<S
struct A$(printf '%0300d' 0) {}
S

refused_bytes() { # name, text; the request on standard input
	cat >request
	rm -rf made && mkdir made
	(cd made && "$CAPNPC_VAT" <../request >../stdout 2>../stderr)
	status=$?
	sed 's/^/# /' stderr
	[ $status -eq 1 ] && [ "$(wc -l <stderr)" -eq 1 ] && grep -qF -- "$2" stderr &&
		[ ! -s stdout ] && [ -z "$(ls made)" ]
	result $? "$1"
}
refused_bytes "nothing at all" "is not a CodeGeneratorRequest" </dev/null
echo "this is not a message of Cap'n Proto" >hold
refused_bytes "text on standard input" "is not a CodeGeneratorRequest" <hold

# Requests that the compiler would never make, from their text form.
forged() { # name, text of the error; nodes on standard input
	printf '(nodes = [(id = 1, displayName = "x.capnp", nestedNodes = [(id = 2)], file = void), %s],
		requestedFiles = [(id = 1, filename = "%s")])' "$(cat)" "${3-x.capnp}" |
		"$CAPNP" encode /usr/include/capnp/schema.capnp CodeGeneratorRequest >hold
	refused_bytes "$1" "$2" <hold
}
node='id = 2, scopeId = 1, displayName = "x.capnp:Foo", displayNamePrefixLength = 8'
forged "a file outside the source folder" "not below the source folder" ../x.capnp <<S
S
forged "an absolute file" "not below the source folder" /x.capnp <<S
S
forged "a field outside its struct" "outside the struct" <<S
($node, struct = (dataWordCount = 1, fields = [(name = "a", slot = (offset = 2,
	type = (uint32 = void), defaultValue = (uint32 = 0)))]))
S
forged "a pointer outside its struct" "outside the struct" <<S
($node, struct = (pointerCount = 1, fields = [(name = "a", slot = (offset = 1,
	type = (text = void), defaultValue = (text = "")))]))
S
forged "a union tag outside its struct" "outside the struct" <<S
($node, struct = (dataWordCount = 1, discriminantCount = 2, discriminantOffset = 4))
S
forged "a union member without union" "union that is not there" <<S
($node, struct = (fields = [(name = "a", discriminantValue = 0, slot = (
	type = (void = void), defaultValue = (void = void)))]))
S
forged "a default of another type" "of another type" <<S
($node, struct = (dataWordCount = 1, fields = [(name = "a", slot = (
	type = (uint32 = void), defaultValue = (text = "x")))]))
S
forged "a type that is not there" "does not hold the declaration @0x0000000000000063" <<S
($node, struct = (pointerCount = 1, fields = [(name = "a", slot = (
	type = (interface = (typeId = 99)), defaultValue = (interface = void)))]))
S
forged "a struct that is an enum" "of another kind" <<S
($node, struct = (pointerCount = 1, fields = [(name = "a", slot = (
	type = (interface = (typeId = 2)), defaultValue = (interface = void)))]))
S
forged "a group that is its own struct" "not a group of this struct" <<S
($node, struct = (fields = [(name = "a", group = (typeId = 2))]))
S
forged "a group of two fields" "not a group of this struct" <<S
($node, struct = (fields = [(name = "a", group = (typeId = 3)), (name = "b", group = (typeId = 3))])),
(id = 3, scopeId = 2, displayName = "x.capnp:Foo.a", struct = (isGroup = true))
S
forged "an interface that extends itself" "inherits from itself" <<S
($node, interface = (superclasses = [(id = 2)]))
S
forged "two interfaces that extend each other, twice" "inherits from itself" <<S
($node, interface = (superclasses = [(id = 3), (id = 3)])),
(id = 3, scopeId = 1, displayName = "x.capnp:Bar", displayNamePrefixLength = 8,
	interface = (superclasses = [(id = 2), (id = 2)]))
S
forged "parameters that two methods share" "parameters of two methods" <<S
($node, interface = (methods = [(name = "a", paramStructType = 3, resultStructType = 3)])),
(id = 3, struct = (dataWordCount = 0))
S
forged "parameters that are no struct" "no struct" <<S
($node, interface = (methods = [(name = "a", paramStructType = 2, resultStructType = 2)]))
S
forged "scopes in a circle" "nested too deeply" <<S
(id = 3, scopeId = 4, displayName = "A", struct = (dataWordCount = 0)),
(id = 4, scopeId = 3, displayName = "B", struct = (dataWordCount = 0))
S
forged "one id twice" "have the same id" <<S
($node, struct = (dataWordCount = 0)), ($node, enum = (enumerants = []))
S
forged "a name that is C code" "not a name" <<S
($node, struct = (dataWordCount = 1, fields = [(name = "a; b", slot = (
	type = (uint32 = void), defaultValue = (uint32 = 0)))]))
S
# Folders in file names are made.
mkdir -p src/deep/er made2
echo '@0xf00dfacefeedbeef; struct Foo {}' >src/deep/er/x.capnp
"$CAPNP" compile -o"$CAPNPC_VAT:made2" --src-prefix=src src/deep/er/x.capnp &&
	[ -s made2/deep/er/x.capnp.h ] && [ -s made2/deep/er/x.capnp.c ]
result $? "output folders are made as needed"
"$CAPNPC_VAT" --version | grep -q '^capnpc-vat [0-9]'
result $? "--version"

finish
