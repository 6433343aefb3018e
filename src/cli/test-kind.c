/* SPDX-License-Identifier: MIT */
#include "cli/kind.h"
#include "base/test.h"

static const char *explained(const char *text)
{
	static struct err e;
	err_set(&e, -EREMOTEIO, "%s", text);
	kind_explain(&e);
	return e.msg;
}

TEST(kinds_are_told_in_words)
{
	CHECK_STR(explained("fs.capnp:File does not implement interface 0x8b1a548f451d937e"),
		"this is a file, not a directory");
	CHECK_STR(explained("mount /x: tcpListen: stream.capnp:Stream does not implement interface "
			    "0x8b1a548f451d937e"),
		"mount /x: this is a stream, not a directory");
	CHECK_STR(explained("block.capnp:BlockDevice does not implement interface "
			    "0xcc1e327edea18961"),
		"this is a block device, not a file");
	CHECK_STR(explained("fs.capnp:Filesystem does not implement interface 0x9b0aa441d1f660d8"),
		"this is a directory, not a stream");
	CHECK_STR(explained("net.capnp:L2Interface does not implement interface "
			    "0x8b1a548f451d937e"),
		"this is a network interface, not a directory");
}

TEST(other_errors_stay_what_they_are)
{
	static const char *const texts[] = {"", "No such file or directory",
		" does not implement interface 0x8b1a548f451d937e",
		"x.capnp:Y does not implement interface 0x8b1a548f451d937e",
		"fs.capnp:File does not implement interface 0x1",
		"fs.capnp:File does not implement interface 0x"};
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		CHECK_STR(explained(texts[i]), texts[i]);
}
