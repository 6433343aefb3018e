/* SPDX-License-Identifier: MIT */
/*
 * Theory of operation: kind.h.  Of what was wanted, a failed call tells the number of the
 * interface; of what was given, its name in the schema.  Texts of other implementations are left as
 * they are.
 */
#include "cli/kind.h"
#include "schema/fs.capnp.h"
#include "schema/net.capnp.h"
#include "schema/stream.capnp.h"

static const char *kind_by_id(uint64_t interface)
{
	switch (interface) {
	case FS_FILESYSTEM_ID:
		return "a directory";
	case FS_FILE_ID:
		return "a file";
	case BLOCK_BLOCK_DEVICE_ID:
		return "a block device";
	case STREAM_STREAM_ID:
		return "a stream";
	case NET_L2_INTERFACE_ID:
		return "a network interface";
	case NET_KERNEL_INTERFACE_ID:
		return "one that may be renamed or removed";
	case NET_BINDING_ID:
		return "a binding";
	default:
		return NULL;
	}
}

static const char *kind_by_name(const char *text, const char *end, const char **ret_begin)
{
	static const char *const names[][2] = {{"fs.capnp:Filesystem", "a directory"},
		{"fs.capnp:File", "a file"}, {"fs.capnp:Mount", "a mount"},
		{"block.capnp:BlockDevice", "a block device"},
		{"block.capnp:Attachment", "an attached block device"},
		{"stream.capnp:Stream", "a stream"},
		{"net.capnp:L2Interface", "a network interface"},
		{"net.capnp:KernelInterface", "a network interface"},
		{"net.capnp:Binding", "a binding of network interfaces"}};
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		size_t len = strlen(names[i][0]);
		if ((size_t)(end - text) < len || memcmp(end - len, names[i][0], len) != 0)
			continue;
		*ret_begin = end - len;
		return names[i][1];
	}
	return NULL;
}

void kind_explain(struct err *e)
{
	static const char phrase[] = " does not implement interface 0x";
	const char *p = strstr(e->msg, phrase), *begin;
	const char *wanted = p ? kind_by_id(strtoull(p + strlen(phrase), NULL, 16)) : NULL;
	const char *given = wanted ? kind_by_name(e->msg, p, &begin) : NULL;
	if (!given)
		return;
	static const char step[] = "tcpListen: "; /* where it came out is of no interest */
	size_t n = (size_t)(begin - e->msg), skip = strlen(step);
	if (n >= skip && !memcmp(begin - skip, step, skip))
		n -= skip;
	const struct err was = *e;
	err_set(e, was.code, "%.*sthis is %s, not %s", (int)n, was.msg, given, wanted);
}
