// SPDX-License-Identifier: MIT
// What walk.c does, with the reference implementation. See there.
#include <cinttypes>
#include <cstdio>
#include <cstring>
#include <string>

#include <capnp/any.h>
#include <capnp/dynamic.h>
#include <capnp/message.h>
#include <capnp/serialize.h>

#include "alltypes.capnp.h"

namespace {

using capnp::AnyList;
using capnp::AnyPointer;
using capnp::AnyStruct;
using capnp::DynamicList;
using capnp::DynamicStruct;
using capnp::DynamicValue;

constexpr unsigned LIST_LIMIT = 4096;
constexpr size_t MAX_MESSAGE = 1 << 20;

uint64_t mix(uint64_t a, uint64_t b)
{
	uint64_t h = (a ^ (b + 0x9e3779b97f4a7c15)) * 0xff51afd7ed558ccd;
	return h ^ h >> 32;
}

uint64_t hash_bytes(const void *p, size_t n)
{
	uint64_t h = 0xcbf29ce484222325 + n;
	for (size_t i = 0; i < n; i++)
		h = (h ^ static_cast<const uint8_t *>(p)[i]) * 0x100000001b3;
	return h;
}

// ---- whatever the schema says

uint64_t any(AnyPointer::Reader p);

uint64_t any_struct(AnyStruct::Reader s)
{
	auto data = s.getDataSection();
	uint64_t h = mix(1, hash_bytes(data.begin(), data.size()));
	for (auto p : s.getPointerSection())
		h = mix(h, any(p));
	return h;
}

uint64_t any_list(AnyList::Reader l)
{
	unsigned n = std::min(l.size(), LIST_LIMIT);
	auto elem = l.getElementSize();
	uint64_t h = mix(mix(2, static_cast<uint64_t>(elem)), l.size());
	switch (elem) {
	case capnp::ElementSize::BIT: {
		auto bits = l.getRawBytes();
		for (unsigned i = 0; i < n; i++)
			h = mix(h, bits[i / 8] >> (i % 8) & 1);
		break;
	}
	case capnp::ElementSize::POINTER: {
		auto ptrs = l.as<capnp::List<AnyPointer>>();
		for (unsigned i = 0; i < n; i++)
			h = mix(h, any(ptrs[i]));
		break;
	}
	case capnp::ElementSize::INLINE_COMPOSITE: {
		auto structs = l.as<capnp::List<AnyStruct>>();
		for (unsigned i = 0; i < n; i++)
			h = mix(h, any_struct(structs[i]));
		break;
	}
	default: {
		auto bytes = l.getRawBytes();
		h = mix(h, hash_bytes(bytes.begin(), bytes.size()));
	}
	}
	return h;
}

uint64_t any(AnyPointer::Reader p)
{
	switch (p.getPointerType()) {
	case capnp::PointerType::STRUCT:
		return any_struct(p.getAs<AnyStruct>());
	case capnp::PointerType::LIST:
		return any_list(p.getAs<AnyList>());
	case capnp::PointerType::CAPABILITY:
		return 3;
	default:
		return 4;
	}
}

// ---- by the schema

uint64_t values(DynamicStruct::Reader s);

uint64_t bits_of(double v)
{
	uint64_t u;
	memcpy(&u, &v, sizeof(u));
	return v != v ? 0 : u;
}

uint64_t value(DynamicValue::Reader v)
{
	switch (v.getType()) {
	case DynamicValue::BOOL:
		return v.as<bool>();
	case DynamicValue::INT:
		return static_cast<uint64_t>(v.as<int64_t>());
	case DynamicValue::UINT:
		return v.as<uint64_t>();
	case DynamicValue::FLOAT:
		return bits_of(v.as<double>());
	case DynamicValue::ENUM:
		return v.as<capnp::DynamicEnum>().getRaw();
	case DynamicValue::TEXT: {
		auto t = v.as<capnp::Text>();
		return hash_bytes(t.begin(), t.size());
	}
	case DynamicValue::DATA: {
		auto d = v.as<capnp::Data>();
		return hash_bytes(d.begin(), d.size());
	}
	case DynamicValue::STRUCT:
		return values(v.as<DynamicStruct>());
	case DynamicValue::LIST: {
		auto l = v.as<DynamicList>();
		uint64_t h = mix(6, l.size());
		for (unsigned i = 0; i < std::min(l.size(), LIST_LIMIT); i++)
			h = mix(h, value(l[i]));
		return h;
	}
	default:
		return 0;
	}
}

bool same_field(kj::Maybe<capnp::StructSchema::Field> a, capnp::StructSchema::Field b)
{
	KJ_IF_MAYBE(f, a)
		return *f == b;
	return false;
}

uint64_t values(DynamicStruct::Reader s)
{
	uint64_t h = 0;
	auto which = s.which();
	for (auto f : s.getSchema().getFields()) {
		auto proto = f.getProto();
		auto name = proto.getName();
		if (proto.getDiscriminantValue() != capnp::schema::Field::NO_DISCRIMINANT &&
			!same_field(which, f))
			continue;
		// Absent structs are told apart from empty ones, as they may hold their own kind.
		bool absent = proto.isSlot() && f.getType().isStruct() &&
			      !proto.getSlot().getHadExplicitDefault() && !s.has(f);
		h += mix(hash_bytes(name.begin(), name.size()), absent ? 5 : value(s.get(f)));
	}
	return h;
}

// ---- one message

template <typename Look> void print(kj::ArrayPtr<const capnp::word> words, Look look)
{
	uint64_t h = 0;
	auto e = kj::runCatchingExceptions([&]() {
		capnp::FlatArrayMessageReader m(words);
		h = look(m);
	});
	if (e == nullptr)
		printf("%016" PRIx64 " ", h);
	else
		printf("- ");
	if (getenv("WALK_WHY"))
		KJ_IF_MAYBE(x, e)
			fprintf(stderr, "%s\n", kj::str(*x).cStr());
}

void look(kj::ArrayPtr<const capnp::word> words)
{
	print(words, [](capnp::MessageReader &m) { return any(m.getRoot<AnyPointer>()); });
	print(words, [](capnp::MessageReader &m) {
		return values(m.getRoot<AllTypes>());
	});
	print(words, [](capnp::MessageReader &m) -> uint64_t {
		auto root = m.getRoot<AnyPointer>();
		if (!root.isStruct())
			return 0;
		auto c = root.getAs<AnyStruct>().canonicalize();
		return hash_bytes(c.begin(), c.size() * 8);
	});
	print(words,
		[](capnp::MessageReader &m) { return m.getRoot<AnyPointer>().targetSize().wordCount; });
	putchar('\n');
}

} // namespace

int main()
{
	static capnp::word buf[MAX_MESSAGE / 8];
	uint32_t size;
	while (fread(&size, sizeof(size), 1, stdin) == 1) {
		if (size > MAX_MESSAGE || fread(buf, 1, size, stdin) != size)
			return 1;
		look(kj::arrayPtr(buf, size / 8));
	}
	return fflush(stdout) || ferror(stdin);
}
